package report

// Digest is how the page's policy names its style and script.
var Digest = digest
