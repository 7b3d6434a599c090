package initialize

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// plain matches what every YAML reader takes for a text without quotes, words of notPlain excepted. A digit at the
// start would be a number, and an e-mail pattern may hold braces.
var plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./@+{}-]*( [A-Za-z0-9_./@+][A-Za-z0-9_./@+{}-]*)*$`)

// notPlain are words that some version of YAML takes for a truth value, a number or nothing (YAML 1.1, "Boolean
// Language-Independent Type"; YAML 1.2, core schema).
var notPlain = map[string]bool{"true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
	"null": true, "nan": true, "inf": true}

// scalar writes a text as one YAML scalar, with quotes where it needs them. A JSON string is a YAML string.
func scalar(s string) string {
	if plain.MatchString(s) && !notPlain[strings.ToLower(s)] {
		return s
	}
	return quoted(s)
}

// inFlow is scalar for a mapping in braces, where braces end a text without quotes.
func inFlow(s string) string {
	if strings.ContainsAny(s, "{}") {
		return quoted(s)
	}
	return scalar(s)
}

// quoted writes a text as a YAML scalar in quotes.
func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	// A string can always be encoded.
	_ = e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}

// Spoken writes a text for a comment or a message: as it is when it is easy to read, else with quotes and escapes, so
// that no text of the organization can end a comment.
func Spoken(s string) string {
	odd := s == "" || strings.TrimSpace(s) != s || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == '"' || r == unicode.ReplacementChar })
	if odd {
		return strconv.Quote(s)
	}
	return s
}
