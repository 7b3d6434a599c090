package guardrail

import (
	"regexp"
	"strings"

	"github.com/landfall-aws/landfall/internal/authdata"
)

var arnVariable = regexp.MustCompile(`\$\{[^}]*\}`)

// fitsSome reports whether some resource of some of the actions can match the ARN pattern. Snapshots, for one, have no
// account in their ARN, so a pattern with one never matches.
func fitsSome(pattern string, actions Strings) bool {
	for _, action := range actions {
		if action == "*" {
			return true
		}
		for _, a := range authdata.Match(action) {
			for _, r := range a.Resources {
				if r.ARN == "" || arnsOverlap(pattern, arnVariable.ReplaceAllString(r.ARN, "*")) {
					return true
				}
			}
		}
	}
	return false
}

// arnsOverlap reports whether some ARN matches both patterns, compared part by part.
func arnsOverlap(a, b string) bool {
	as, bs := strings.SplitN(a, ":", 6), strings.SplitN(b, ":", 6)
	if len(as) != 6 || len(bs) != 6 {
		return true
	}
	for i := range as {
		if !overlap(as[i], bs[i]) {
			return false
		}
	}
	return true
}

// overlap reports whether some text matches both patterns, which may have * and ?.
func overlap(a, b string) bool {
	// reach[j] says whether the part of a so far can match what b[:j] matches.
	reach := make([]bool, len(b)+1)
	reach[0] = true
	for j := range len(b) {
		reach[j+1] = reach[j] && b[j] == '*'
	}
	for i := range len(a) {
		next := make([]bool, len(b)+1)
		next[0] = reach[0] && a[i] == '*'
		for j := range len(b) {
			switch {
			case a[i] == '*' || b[j] == '*':
				next[j+1] = reach[j] || reach[j+1] && (a[i] == '*' || b[j] == '*') || next[j]
			default:
				next[j+1] = reach[j] && (a[i] == b[j] || a[i] == '?' || b[j] == '?')
			}
		}
		reach = next
	}
	return reach[len(b)]
}
