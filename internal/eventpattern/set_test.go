package eventpattern_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/internal/eventpattern"
)

func parseAll(t require.TestingT, texts ...string) []*eventpattern.Pattern {
	patterns := make([]*eventpattern.Pattern, len(texts))
	for i, text := range texts {
		p, err := eventpattern.Parse([]byte(text))
		require.NoError(t, err, text)
		patterns[i] = p
	}
	return patterns
}

// requireSameAlone requires that a Set of the patterns matches what each of them matches alone.
func requireSameAlone(t require.TestingT, patterns []*eventpattern.Pattern, event []byte) {
	var want []int
	var wantError string
	for i, p := range patterns {
		matches, err := p.Match(event)
		if err != nil {
			wantError = err.Error()
		}
		if matches {
			want = append(want, i)
		}
	}
	got, err := eventpattern.NewSet(patterns...).Match(event)
	if wantError != "" {
		require.EqualError(t, err, wantError)
	} else {
		require.NoError(t, err)
	}
	require.Equal(t, want, got, "%s", event)
}

func TestSet(t *testing.T) {
	for name, test := range map[string]struct {
		patterns []string
		event    string
		want     []int
	}{
		"the numbers are in the order of the patterns":     {[]string{`{"a":["z"]}`, `{"b":["y"]}`, `{"a":["x"]}`}, `{"a":"x","b":"y"}`, []int{1, 2}},
		"a pattern counts once, whatever branches match":   {[]string{`{"$or":[{"a":["x"]},{"b":["y"]}]}`}, `{"a":"x","b":"y"}`, []int{0}},
		"the same pattern may be there twice":              {[]string{`{"a":["x"]}`, `{"a":["x"]}`}, `{"a":"x"}`, []int{0, 1}},
		"a field may lie below another":                    {[]string{`{"a":["x"]}`, `{"a":{"b":["y"]}}`}, `{"a":["x",{"b":"y"}]}`, []int{0, 1}},
		"a value of a number or an operator is found too":  {[]string{`{"a":["x",1]}`, `{"a":["x",{"prefix":"y"}]}`, `{"a":["x",{"exists":false}]}`}, `{"a":[1.0,"yz"]}`, []int{0, 1}},
		"absence is found in an event of no field":         {[]string{`{"a":[{"exists":false}]}`, `{"a":["x"]}`}, `{}`, []int{0}},
		"an address is found in another spelling":          {[]string{`{"a":["::1","x"]}`}, `{"a":"0::1"}`, []int{0}},
		"keys with dots lead where nested ones do":         {[]string{`{"a":{"b":{"c":["x"]}}}`, `{"a.b":{"c":["x"]}}`, `{"a":{"b.c":["x"]}}`}, `{"a":{"b.c":"x"}}`, []int{0, 1, 2}},
		"keys may begin, end and consist of dots":          {[]string{`{".a":["x"]}`, `{"a.":["x"]}`, `{".":["x"]}`, `{"a":["x"]}`}, `{"":{"a":"x","":"x"},"a":{"":"x"}}`, []int{0, 1, 2}},
		"keys that only begin like a field are not it":     {[]string{`{"a":{"b":["x"]}}`}, `{"a.b.c":"x","a.bc":"x","a.":{"b":"x"},"a":{"c":{"b":"x"}}}`, nil},
		"escapes in keys and values are resolved":          {[]string{`{"a":["x\""]}`}, `{"b":"\\","\u0061":"\u0078\""}`, []int{0}},
		"consistency of arrays spans what other ones skip": {[]string{`{"a":{"b":[1],"c":[2]}}`, `{"a":{"c":[2],"d":[3]}}`}, `{"z":[[{}]],"a":[{"b":1,"c":2},{"d":3}]}`, []int{0}},
		"no pattern matches nothing":                       {nil, `{"a":1}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			patterns := parseAll(t, test.patterns...)
			got, err := eventpattern.NewSet(patterns...).Match([]byte(test.event))
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			requireSameAlone(t, patterns, []byte(test.event))
		})
	}
}

// generated values and operators share letters, so that they often match.
var (
	askedValues = []string{`"x"`, `"y"`, `"xy"`, `1`, `2e0`, `12345678901234567890`, `true`, `null`, `"10.0.0.1"`,
		`{"prefix":"x"}`, `{"suffix":"y"}`, `{"equals-ignore-case":"XY"}`, `{"wildcard":"x*"}`, `{"anything-but":"x"}`,
		`{"anything-but":[1,2]}`, `{"numeric":[">",0,"<=",1]}`, `{"cidr":"10.0.0.0/8"}`, `{"exists":true}`, `{"exists":false}`}
	givenValues = []string{`"x"`, `"y"`, `"xy"`, `"\u0078"`, `1`, `1.0`, `2`, `12345678901234567890`, `true`, `null`, `"10.0.0.1"`, `"10.00.0.1"`, `[]`, `{}`}
	keys        = []string{"a", "b", "c", "a.b"}
)

// drawPattern draws an object of a pattern. Some are refused, since a path may be there twice.
func drawPattern(t *rapid.T, depth int) string {
	var fields []string
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom(append(keys, "$or")), 1, 3, rapid.ID).Draw(t, "keys") {
		value := ""
		switch {
		case key == "$or" && depth > 0:
			value = fmt.Sprintf("[%s,%s]", drawPattern(t, depth-1), drawPattern(t, depth-1))
		case key != "$or" && depth > 0 && rapid.Bool().Draw(t, "nested"):
			value = drawPattern(t, depth-1)
		case key == "$or":
			continue
		default:
			value = "[" + strings.Join(rapid.SliceOfN(rapid.SampledFrom(askedValues), 1, 2).Draw(t, "values"), ",") + "]"
		}
		fields = append(fields, fmt.Sprintf("%q:%s", key, value))
	}
	if len(fields) == 0 {
		return `{"a":["x"]}`
	}
	return "{" + strings.Join(fields, ",") + "}"
}

// drawEvent draws an object of an event.
func drawEvent(t *rapid.T, depth int) string {
	var members []string
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		members = append(members, fmt.Sprintf("%q:%s", rapid.SampledFrom(keys).Draw(t, "key"), drawValue(t, depth)))
	}
	return "{" + strings.Join(members, ", ") + "}"
}

func drawValue(t *rapid.T, depth int) string {
	switch kind := rapid.IntRange(0, 4).Draw(t, "kind"); {
	case kind == 0 && depth > 0:
		return drawEvent(t, depth-1)
	case kind == 1 && depth > 0:
		var elements []string
		for range rapid.IntRange(0, 3).Draw(t, "elements") {
			elements = append(elements, drawValue(t, depth-1))
		}
		return "[ " + strings.Join(elements, ",") + "]"
	default:
		return rapid.SampledFrom(givenValues).Draw(t, "value")
	}
}

func setMatchesLikeEachPattern(t *rapid.T) {
	var patterns []*eventpattern.Pattern
	for range rapid.IntRange(1, 12).Draw(t, "patterns") {
		if p, err := eventpattern.Parse([]byte(drawPattern(t, 2))); err == nil {
			patterns = append(patterns, p)
		}
	}
	for range 5 {
		requireSameAlone(t, patterns, []byte(drawEvent(t, 3)))
	}
}

func TestASetMatchesWhatEachPatternMatches(t *testing.T) { rapid.Check(t, setMatchesLikeEachPattern) }

func FuzzASetMatchesWhatEachPatternMatches(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(setMatchesLikeEachPattern))
}

func TestASetOfAlertPatternsMatchesWhatEachPatternMatches(t *testing.T) {
	var patterns []*eventpattern.Pattern
	for _, a := range readAlerts(t) {
		patterns = append(patterns, parseAll(t, string(a.Pattern))...)
	}
	requireSameAlone(t, patterns, readEvent(t))
}

// FuzzEventsAreTakenAsByEncodingJSON compares what counts as a well-formed event.
func FuzzEventsAreTakenAsByEncodingJSON(f *testing.F) {
	for _, event := range malformedEvents() {
		f.Add([]byte(event))
	}
	for _, event := range wellFormedEvents() {
		f.Add([]byte(event))
	}
	f.Add(readEvent(f))
	set := eventpattern.NewSet(parseAll(f, `{"a":["x"],"b":{"c":[1]}}`)...)
	f.Fuzz(func(t *testing.T, event []byte) {
		var object map[string]json.RawMessage
		err := json.Unmarshal(event, &object)
		want := err == nil && object != nil && utf8.Valid(event)
		_, err = set.Match(event)
		require.Equal(t, want, err == nil, "%q: %v", event, err)
	})
}

func malformedEvents() []string {
	events := []string{
		`{`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,}`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{1:1}`, `{"a":1}}`, `{"a":1]`, `{"a"::1}`,
		"{} {}", "{}x", "{}\x00", "\ufeff{}", `[]`, `null`, `"a"`, `1`, ``, ` `, "\v{}", "{\"a\":\x00}",
	}
	for _, value := range []string{
		`[`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `[1]]`, `01`, `1.`, `.1`, `1e`, `1e+`, `+1`, `-`, `--1`, `-a`, `1.e1`, `0x1`, `1_0`, `1a`,
		`tru`, `truex`, `True`, `nul`, `nulll`, `fals`, `NaN`, `Infinity`, `'x'`, `"`, `"x`, `"\`, `"\"`, `"\x"`, `"\u"`, `"\u00"`, `"\u00g0"`,
		`"\u 000"`, `"\U0000"`, "\"\x01\"", "\"\n\"", "\"\xff\"", "\"\xed\xa0\x80\"", `,`, `:`,
	} {
		events = append(events, `{"a":`+value+`}`, `{"skipped":{"b":[`+value+`]}}`)
	}
	return append(events, `{"a":`+strings.Repeat("[", 10000)+strings.Repeat("]", 10000)+`}`, `{"a":`+strings.Repeat("[", 20000))
}

func wellFormedEvents() []string {
	events := []string{` {} `, "\r\n\t {}", `{"":{"":""}}`, `{"a":1,"a":1}`}
	for _, value := range []string{
		`0`, `-0`, `10.05E-07`, `1e400`, `-1.5e+3`, `[]`, `[ [ ] , { } ]`, `"\"\\\/\b\f\n\r\t\u00Ff"`, `"\ud800"`, "\"\u2028\x7f\"", ` true `, `false`, `null`,
	} {
		events = append(events, `{"a":`+value+`}`, `{"skipped":{"b":[`+value+`]}}`)
	}
	return append(events, `{"a":`+strings.Repeat("[", 9999)+strings.Repeat("]", 9999)+`}`)
}

func TestMalformedEventsAreRefusedEverywhere(t *testing.T) {
	set := eventpattern.NewSet(parseAll(t, `{"a":["x"]}`)...)
	for _, event := range malformedEvents() {
		_, err := set.Match([]byte(event))
		require.ErrorContains(t, err, "event: ", "%.100q", event)
	}
	for _, event := range wellFormedEvents() {
		_, err := set.Match([]byte(event))
		require.NoError(t, err, "%.100q", event)
	}
}
