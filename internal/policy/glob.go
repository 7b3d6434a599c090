package policy

import (
	"strings"
	"unicode/utf8"
)

// tokenKind is what one token of a pattern matches.
type tokenKind uint8

const (
	literal     tokenKind = iota // its text
	anyRun                       // any run of characters, also none
	anyRunNoSep                  // any run of characters other than colons
	anyOne                       // exactly one character
	anyOneNoSep                  // exactly one character other than a colon
	variable                     // the value of a context key
)

// token is one piece of a pattern.
type token struct {
	kind tokenKind
	// text of a literal; lower-case context key of a variable.
	text string
	// fallback is a variable's default value, hasFallback says whether it has one.
	fallback    string
	hasFallback bool
}

// glob matches whole strings against a pattern without variables.
type glob struct {
	// parts are the literals around anyRun tokens: the first and last are anchored.
	// Used when the pattern has no other wildcard.
	parts []string
	// tokens, with at most one character per literal, when parts cannot express it.
	tokens []token
}

// newGlob prepares tokens, which must hold no variable.
func newGlob(tokens []token) glob {
	simple := true
	for _, t := range tokens {
		simple = simple && (t.kind == literal || t.kind == anyRun)
	}
	if simple {
		parts := []string{""}
		for _, t := range tokens {
			if t.kind == anyRun {
				parts = append(parts, "")
			} else {
				parts[len(parts)-1] += t.text
			}
		}
		return glob{parts: parts}
	}
	var single []token
	for _, t := range tokens {
		if t.kind != literal {
			single = append(single, t)
			continue
		}
		for rest := t.text; rest != ""; {
			_, n := utf8.DecodeRuneInString(rest)
			single = append(single, token{kind: literal, text: rest[:n]})
			rest = rest[n:]
		}
	}
	return glob{tokens: single}
}

// literalGlob matches text alone.
func literalGlob(text string) glob { return glob{parts: []string{text}} }

// exact returns the only string that g matches, if it matches only one.
func (g glob) exact() (string, bool) {
	if len(g.parts) == 1 {
		return g.parts[0], true
	}
	return "", false
}

// everything reports whether g matches every string.
func (g glob) everything() bool {
	for _, part := range g.parts {
		if part != "" {
			return false
		}
	}
	return len(g.parts) > 1
}

// match reports whether g matches the whole of s.
func (g glob) match(s string) bool {
	if g.parts == nil {
		return g.simulate(s)
	}
	last := len(g.parts) - 1
	if last == 0 {
		return s == g.parts[0]
	}
	if !strings.HasPrefix(s, g.parts[0]) {
		return false
	}
	s = s[len(g.parts[0]):]
	for _, part := range g.parts[1:last] {
		n := strings.Index(s, part)
		if n < 0 {
			return false
		}
		s = s[n+len(part):]
	}
	return strings.HasSuffix(s, g.parts[last])
}

// simulate runs the tokens as a nondeterministic automaton, so that its time is
// bounded by the product of the two lengths whatever the pattern.
func (g glob) simulate(s string) bool {
	var buffer [2][128]bool
	now, next := buffer[0][:], buffer[1][:]
	states := len(g.tokens) + 1
	if states > len(now) {
		now, next = make([]bool, states), make([]bool, states)
	}
	now, next = now[:states], next[:states]
	now[0] = true
	g.skipRuns(now)
	for len(s) > 0 {
		_, n := utf8.DecodeRuneInString(s)
		char := s[:n]
		s = s[n:]
		clear(next)
		alive := false
		for i, t := range g.tokens {
			if !now[i] {
				continue
			}
			switch t.kind {
			case literal:
				next[i+1] = next[i+1] || t.text == char
			case anyRun:
				next[i] = true
			case anyRunNoSep:
				next[i] = next[i] || char != ":"
			case anyOne:
				next[i+1] = true
			case anyOneNoSep:
				next[i+1] = next[i+1] || char != ":"
			}
			alive = alive || next[i] || next[i+1]
		}
		if !alive {
			return false
		}
		g.skipRuns(next)
		now, next = next, now
	}
	return now[states-1]
}

// skipRuns adds the states that are reached by letting a run match nothing.
func (g glob) skipRuns(states []bool) {
	for i, t := range g.tokens {
		if states[i] && (t.kind == anyRun || t.kind == anyRunNoSep) {
			states[i+1] = true
		}
	}
}
