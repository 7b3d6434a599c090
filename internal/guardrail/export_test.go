package guardrail

// DeniesToo is what the rule about shadowed statements rests on.
var DeniesToo = deniesToo
