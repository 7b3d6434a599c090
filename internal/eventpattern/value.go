package eventpattern

import (
	"slices"
	"strings"
)

// valueMatcher decides on one value of a field, whose text is a string with its quotes, or a number or literal as
// written. The quotes take part in the comparison with prefixes and suffixes as they do in Event Ruler, so no number
// or literal has a prefix, and {"prefix": "a\""} matches the string "a".
type valueMatcher interface {
	match(text string) bool
}

type (
	present      struct{}
	prefix       string // with the opening quote
	suffix       string // with the closing quote
	equalFold    struct{ fold }
	prefixFold   struct{ fold }
	suffixFold   struct{ fold }
	equalNumber  float64
	equalText    map[string]struct{}
	noneOf       []valueMatcher
	wildcard     []string // the texts around and between the asterisks
	numericRange struct {
		bottom, top         float64
		openBottom, openTop bool
	}
)

func (present) match(string) bool { return true }

func (p prefix) match(text string) bool { return strings.HasPrefix(text, string(p)) }

func (s suffix) match(text string) bool { return strings.HasSuffix(text, string(s)) }

func (f equalFold) match(text string) bool {
	return text[0] == '"' && f.equal(text[1:len(text)-1])
}

func (f prefixFold) match(text string) bool {
	if text[0] != '"' {
		return false
	}
	_, ok := f.cutPrefix(text[1:])
	return ok
}

func (f suffixFold) match(text string) bool {
	return text[0] == '"' && f.isSuffixOf(text[:len(text)-1])
}

func (n equalNumber) match(text string) bool {
	value, ok := comparableNumber(text)
	return ok && value == float64(n)
}

func (t equalText) match(text string) bool {
	_, ok := t[text]
	return ok
}

func (n noneOf) match(text string) bool {
	return !slices.ContainsFunc(n, func(v valueMatcher) bool { return v.match(text) })
}

func (r numericRange) match(text string) bool {
	value, ok := comparableNumber(text)
	return ok &&
		(value > r.bottom || value == r.bottom && !r.openBottom) &&
		(value < r.top || value == r.top && !r.openTop)
}

func (w wildcard) match(text string) bool {
	if text[0] != '"' {
		return false
	}
	rest, ok := strings.CutPrefix(text[1:len(text)-1], w[0])
	if !ok || len(w) == 1 {
		return ok && rest == ""
	}
	last := len(w) - 1
	for _, part := range w[1:last] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, w[last])
}
