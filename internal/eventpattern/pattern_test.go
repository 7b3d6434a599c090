package eventpattern_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/eventpattern"
)

type alert struct {
	ID, Title string
	Pattern   json.RawMessage
}

func readAlerts(tb testing.TB) []alert {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "alerts.json"))
	require.NoError(tb, err)
	var alerts []alert
	require.NoError(tb, json.Unmarshal(text, &alerts))
	require.NotEmpty(tb, alerts)
	return alerts
}

func readEvent(tb testing.TB) []byte {
	tb.Helper()
	event, err := os.ReadFile(filepath.Join("testdata", "security-group-event.json"))
	require.NoError(tb, err)
	return event
}

func TestMatch(t *testing.T) {
	const match, noMatch = true, false
	tests := map[string][]struct {
		name, pattern, event string
		want                 bool
	}{
		"values": {
			{"a listed string matches", `{"a":["x","y"]}`, `{"a":"y"}`, match},
			{"a string that is not listed does not match", `{"a":["x","y"]}`, `{"a":"z"}`, noMatch},
			{"values are case-sensitive", `{"a":["x"]}`, `{"a":"X"}`, noMatch},
			{"keys are case-sensitive", `{"a":["x"]}`, `{"A":"x"}`, noMatch},
			{"the empty string matches itself", `{"a":[""]}`, `{"a":""}`, match},
			{"the empty string does not match null", `{"a":[""]}`, `{"a":null}`, noMatch},
			{"null matches null", `{"a":[null]}`, `{"a":null}`, match},
			{"null does not match a missing field", `{"a":[null]}`, `{"b":1}`, noMatch},
			{"booleans match themselves", `{"a":[true]}`, `{"a":true}`, match},
			{"a boolean is not the string of the same letters", `{"a":[true]}`, `{"a":"true"}`, noMatch},
			{"a number is not the string of the same digits", `{"a":[1]}`, `{"a":"1"}`, noMatch},
			{"a string of digits is not a number", `{"a":["1"]}`, `{"a":1}`, noMatch},
			{"escapes in the pattern and the event are resolved", `{"a":["\u0041\n"]}`, `{"\u0061":"A\u000a"}`, match},
			{"a field that is an object has no value", `{"a":["x"]}`, `{"a":{"b":"x"}}`, noMatch},
			{"all fields must match", `{"a":["x"],"b":["y"]}`, `{"a":"x","b":"z"}`, noMatch},
			{"fields the pattern does not name are ignored", `{"a":["x"]}`, `{"a":"x","b":"z"}`, match},
			{"dots in keys join paths as nesting does", `{"a":{"b":["x"]}}`, `{"a.b":"x"}`, match},
			{"both values of a key given twice count", `{"a":[1]}`, `{"a":1,"a":2}`, match},
			{"exactly matches the string", `{"a":[{"exactly":"x"}]}`, `{"a":"x"}`, match},
		},
		"numbers": {
			{"1 and 1.0 are one number", `{"a":[1]}`, `{"a":1.0}`, match},
			{"100 and 1e2 are one number", `{"a":[100]}`, `{"a":1e2}`, match},
			{"0 and -0.0 are one number", `{"a":[0]}`, `{"a":-0.0}`, match},
			{"an account id without quotes matches itself", `{"a":[111122223333]}`, `{"a":111122223333}`, match},
			{"a number too long for a double matches its own digits", `{"a":[12345678901234567890]}`, `{"a":12345678901234567890}`, match},
			{"a number too long for a double matches no other digits", `{"a":[12345678901234567890]}`, `{"a":12345678901234567891}`, noMatch},
			{"numbers that a double holds alike stay apart", `{"a":[0.1]}`, `{"a":0.10000000000000001}`, noMatch},
			{"a number too large for a double matches its own text", `{"a":[1e400]}`, `{"a":1e400}`, match},
			{"a number too large for a double has one spelling", `{"a":[1e400]}`, `{"a":1.0e400}`, noMatch},
		},
		"numeric": {
			{"equality compares values", `{"a":[{"numeric":["=",3.018e2]}]}`, `{"a":301.8}`, match},
			{"an open lower bound leaves itself out", `{"a":[{"numeric":[">",0]}]}`, `{"a":0}`, noMatch},
			{"a closed lower bound takes itself in", `{"a":[{"numeric":[">=",0]}]}`, `{"a":0}`, match},
			{"an open upper bound leaves itself out", `{"a":[{"numeric":["<",5]}]}`, `{"a":5}`, noMatch},
			{"a closed upper bound takes itself in", `{"a":[{"numeric":["<=",5]}]}`, `{"a":5}`, match},
			{"a range needs both bounds", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":6}`, noMatch},
			{"a range matches within", `{"a":[{"numeric":[">",0,"<=",5]}]}`, `{"a":0.000001}`, match},
			{"the largest operand is allowed", `{"a":[{"numeric":["<=",5000000000]}]}`, `{"a":5e9}`, match},
			{"a string is in no range", `{"a":[{"numeric":[">",0]}]}`, `{"a":"1"}`, noMatch},
			{"null is in no range", `{"a":[{"numeric":["<",1]}]}`, `{"a":null}`, noMatch},
		},
		"prefix and suffix": {
			{"a prefix matches the start", `{"a":[{"prefix":"ab"}]}`, `{"a":"abc"}`, match},
			{"a prefix does not match elsewhere", `{"a":[{"prefix":"bc"}]}`, `{"a":"abc"}`, noMatch},
			{"the empty prefix matches any string", `{"a":[{"prefix":""}]}`, `{"a":""}`, match},
			{"the empty prefix does not match a number", `{"a":[{"prefix":""}]}`, `{"a":5}`, noMatch},
			{"a suffix matches the end", `{"a":[{"suffix":"bc"}]}`, `{"a":"abc"}`, match},
			{"a suffix does not match elsewhere", `{"a":[{"suffix":"ab"}]}`, `{"a":"abc"}`, noMatch},
			{"a prefix can ignore case", `{"a":[{"prefix":{"equals-ignore-case":"AB"}}]}`, `{"a":"aBc"}`, match},
			{"a suffix can ignore case", `{"a":[{"suffix":{"equals-ignore-case":"bC"}}]}`, `{"a":"ABc"}`, match},
			{"a suffix that ignores case still has to match", `{"a":[{"suffix":{"equals-ignore-case":"bC"}}]}`, `{"a":"bcd"}`, noMatch},
		},
		"equals-ignore-case": {
			{"letters match in either case", `{"a":[{"equals-ignore-case":"Alice"}]}`, `{"a":"aLICE"}`, match},
			{"letters beyond ASCII match in either case", `{"a":[{"equals-ignore-case":"É"}]}`, `{"a":"é"}`, match},
			{"a letter matches its upper case of two letters", `{"a":[{"equals-ignore-case":"straße"}]}`, `{"a":"STRASSE"}`, match},
			{"only the case of the pattern's letters counts", `{"a":[{"equals-ignore-case":"SS"}]}`, `{"a":"ß"}`, noMatch},
			{"a longer string does not match", `{"a":[{"equals-ignore-case":"x"}]}`, `{"a":"xy"}`, noMatch},
			{"numbers do not match", `{"a":[{"equals-ignore-case":"5"}]}`, `{"a":5}`, noMatch},
		},
		"wildcard": {
			{"an asterisk matches any letters", `{"a":[{"wildcard":"a*c"}]}`, `{"a":"abbc"}`, match},
			{"an asterisk matches no letter", `{"a":[{"wildcard":"a*c"}]}`, `{"a":"ac"}`, match},
			{"the text around asterisks does not overlap", `{"a":[{"wildcard":"ab*bc"}]}`, `{"a":"abc"}`, noMatch},
			{"text between asterisks keeps its order", `{"a":[{"wildcard":"*b*a*"}]}`, `{"a":"ab"}`, noMatch},
			{"the end takes the last occurrence", `{"a":[{"wildcard":"*a"}]}`, `{"a":"aaa"}`, match},
			{"an escaped asterisk is itself", `{"a":[{"wildcard":"a\\*"}]}`, `{"a":"a*"}`, match},
			{"an escaped asterisk is no wildcard", `{"a":[{"wildcard":"a\\*"}]}`, `{"a":"ab"}`, noMatch},
			{"an escaped backslash may precede a wildcard", `{"a":[{"wildcard":"a\\\\*"}]}`, `{"a":"a\\b"}`, match},
			{"an escaped asterisk may follow a wildcard", `{"a":[{"wildcard":"*\\*"}]}`, `{"a":"a*"}`, match},
			{"no asterisk means equality", `{"a":[{"wildcard":"ab"}]}`, `{"a":"abc"}`, noMatch},
			{"numbers do not match", `{"a":[{"wildcard":"*"}]}`, `{"a":5}`, noMatch},
		},
		"anything-but": {
			{"another string matches", `{"a":[{"anything-but":"x"}]}`, `{"a":"y"}`, match},
			{"the string does not match", `{"a":[{"anything-but":"x"}]}`, `{"a":"x"}`, noMatch},
			{"a missing field does not match", `{"a":[{"anything-but":"x"}]}`, `{"b":1}`, noMatch},
			{"null matches", `{"a":[{"anything-but":"x"}]}`, `{"a":null}`, match},
			{"one other element of an array is enough", `{"a":[{"anything-but":"x"}]}`, `{"a":["x","y"]}`, match},
			{"no string of the list matches", `{"a":[{"anything-but":["x","y"]}]}`, `{"a":"y"}`, noMatch},
			{"an equal number does not match", `{"a":[{"anything-but":[5,6]}]}`, `{"a":5.0}`, noMatch},
			{"the string of the number's digits matches", `{"a":[{"anything-but":5}]}`, `{"a":"5"}`, match},
			{"a prefix is excluded", `{"a":[{"anything-but":{"prefix":"x"}}]}`, `{"a":"xy"}`, noMatch},
			{"each prefix of a list is excluded", `{"a":[{"anything-but":{"prefix":["x","y"]}}]}`, `{"a":"yz"}`, noMatch},
			{"a number has no prefix", `{"a":[{"anything-but":{"prefix":"5"}}]}`, `{"a":5}`, match},
			{"a suffix is excluded", `{"a":[{"anything-but":{"suffix":["y","z"]}}]}`, `{"a":"xy"}`, noMatch},
			{"case can be ignored", `{"a":[{"anything-but":{"equals-ignore-case":["x","y"]}}]}`, `{"a":"Y"}`, noMatch},
			{"a wildcard is excluded", `{"a":[{"anything-but":{"wildcard":"*/lib/*"}}]}`, `{"a":"/a/lib/b"}`, noMatch},
			{"what no wildcard of a list matches is left", `{"a":[{"anything-but":{"wildcard":["*/lib/*","*/bin/*"]}}]}`, `{"a":"/a/b"}`, match},
		},
		"cidr": {
			{"an address in the block matches", `{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"10.255.0.1"}`, match},
			{"an address outside does not", `{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"11.0.0.0"}`, noMatch},
			{"host bits of the block are ignored", `{"a":[{"cidr":"10.1.2.3/8"}]}`, `{"a":"10.0.0.0"}`, match},
			{"blocks may end within a byte", `{"a":[{"cidr":"192.0.2.16/28"}]}`, `{"a":"192.0.2.32"}`, noMatch},
			{"IPv6 blocks match", `{"a":[{"cidr":"2001:db8::/32"}]}`, `{"a":"2001:DB8:1::5"}`, match},
			{"text that is no address does not match", `{"a":[{"cidr":"0.0.0.0/0"}]}`, `{"a":"AWS Internal"}`, noMatch},
			{"an IPv4 address at the bound of an IPv6 block does not match", `{"a":[{"cidr":"a00::/8"}]}`, `{"a":"10.0.0.0"}`, noMatch},
			{"an IPv4 address between the bounds of an IPv6 block matches", `{"a":[{"cidr":"a00::/8"}]}`, `{"a":"10.1.0.0"}`, match},
			{"an IPv6 address matches an IPv4 block by its first four bytes", `{"a":[{"cidr":"10.0.0.0/8"}]}`, `{"a":"a01::1"}`, match},
			{"a listed address matches its other spellings", `{"a":["2001:db8::1"]}`, `{"a":"2001:0db8:0:0:0:0:0:1"}`, match},
			{"an octet above 255 makes no address", `{"a":[{"cidr":"0.0.0.0/0"}]}`, `{"a":"10.0.0.256"}`, noMatch},
		},
		"exists": {
			{"a present field exists", `{"a":[{"exists":true}]}`, `{"a":"x"}`, match},
			{"null exists", `{"a":[{"exists":true}]}`, `{"a":null}`, match},
			{"a missing field does not exist", `{"a":[{"exists":true}]}`, `{}`, noMatch},
			{"an object is no leaf and does not exist", `{"a":[{"exists":true}]}`, `{"a":{"b":1}}`, noMatch},
			{"an empty array does not exist", `{"a":[{"exists":true}]}`, `{"a":[]}`, noMatch},
			{"absence matches a missing field", `{"a":[{"exists":false}]}`, `{}`, match},
			{"absence does not match a present field", `{"a":[{"exists":false}]}`, `{"a":1}`, noMatch},
			{"absence and a value are alternatives", `{"a":[{"exists":false},"x"]}`, `{"a":"x"}`, match},
			{"absence and a value exclude other values", `{"a":[{"exists":false},"x"]}`, `{"a":"y"}`, noMatch},
		},
		"$or": {
			{"one branch is enough", `{"$or":[{"a":[1]},{"b":[1]}]}`, `{"b":1}`, match},
			{"no branch is too few", `{"$or":[{"a":[1]},{"b":[1]}]}`, `{"c":1}`, noMatch},
			{"all fields of a branch must match", `{"$or":[{"a":[1],"b":[1]},{"c":[1]}]}`, `{"a":1}`, noMatch},
			{"fields beside it must match too", `{"x":[1],"$or":[{"a":[1]},{"b":[1]}]}`, `{"a":1}`, noMatch},
			{"it may stand below the root", `{"x":{"$or":[{"a":[1]},{"b":[1]}]}}`, `{"x":{"b":1}}`, match},
			{"it may be nested", `{"$or":[{"a":[1]},{"b":[1],"$or":[{"c":[1]},{"d":[1]}]}]}`, `{"b":1,"d":1}`, match},
			{"a nested one must match as well", `{"$or":[{"a":[1]},{"b":[1],"$or":[{"c":[1]},{"d":[1]}]}]}`, `{"b":1}`, noMatch},
			{"two of them must both match", `{"$or":[{"a":[1]},{"b":[1]}],"x":{"$or":[{"c":[1]},{"d":[1]}]}}`, `{"a":1,"x":{"e":1}}`, noMatch},
			{"two of them match together", `{"$or":[{"a":[1]},{"b":[1]}],"x":{"$or":[{"c":[1]},{"d":[1]}]}}`, `{"a":1,"x":{"d":1}}`, match},
		},
		"arrays": {
			{"one element in common is enough", `{"a":["x","y"]}`, `{"a":["z","y"]}`, match},
			{"nested arrays are transparent", `{"a":{"b":["x"]}}`, `{"a":[[{"b":"x"}]]}`, match},
			{"fields of one element match together", `{"a":{"b":[1],"c":[2]}}`, `{"a":[{"b":0,"c":2},{"b":1,"c":2}]}`, match},
			{"fields of different elements do not match together", `{"a":{"b":[1],"c":[2]}}`, `{"a":[{"b":1,"c":0},{"b":0,"c":2}]}`, noMatch},
			{"elements of different arrays match together", `{"a":{"b":[1]},"c":{"d":[2]}}`, `{"a":[{"b":0},{"b":1}],"c":[{"d":2},{"d":0}]}`, match},
			{"consistency holds on every level", `{"a":{"b":{"c":[1],"d":[2]}}}`, `{"a":[{"b":[{"c":1},{"d":2}]},{"b":[{"c":1}]}]}`, noMatch},
			{"scalars of one array are not bound to each other's elements", `{"a":["x"],"b":["y"]}`, `{"a":["x","z"],"b":["w","y"]}`, match},
			{"absence is judged within the chosen element", `{"a":{"b":[1],"c":[{"exists":false}]}}`, `{"a":[{"b":1},{"c":2}]}`, match},
			{"absence before the choice looks at every element", `{"a":{"b":[{"exists":false}],"c":[2]}}`, `{"a":[{"b":1},{"c":2}]}`, noMatch},
		},
	}
	for operator, cases := range tests {
		t.Run(operator, func(t *testing.T) {
			for _, test := range cases {
				t.Run(test.name, func(t *testing.T) {
					p, err := eventpattern.Parse([]byte(test.pattern))
					require.NoError(t, err)
					got, err := p.Match([]byte(test.event))
					require.NoError(t, err)
					assert.Equal(t, test.want, got, "%s against %s", test.pattern, test.event)
				})
			}
		})
	}
}

func TestParseRefusesMalformedPatterns(t *testing.T) {
	tests := []struct{ name, pattern, path, reason string }{
		{"no JSON", `{"a":[1]`, "", "not valid JSON at byte 8"},
		{"text after the object", `{"a":[1]} x`, "", "after top-level value"},
		{"text that is not UTF-8", "{\"a\":[\"\xff\"]}", "", "not valid UTF-8"},
		{"no object", `[1]`, "", "must be a JSON object, not an array"},
		{"an empty pattern", `{}`, "", "empty objects are not allowed"},
		{"an empty object", `{"a":{"b":{}}}`, "a.b", "empty objects are not allowed"},
		{"an empty array", `{"a":{"b":[]}}`, "a.b", "empty arrays are not allowed"},
		{"an empty key", `{"a":{"":[1]}}`, "a", "empty keys"},
		{"a value outside an array", `{"a":{"b":"x"}}`, "a.b", `write ["x"]`},
		{"an array in an array", `{"a":[[1]]}`, "a[0]", "not an array"},
		{"an unknown operator", `{"a":["x",{"starts-with":"y"}]}`, "a[1].starts-with", `unknown operator "starts-with"`},
		{"an operator object of no key", `{"a":[{}]}`, "a[0]", "exactly one key, not 0"},
		{"an operator object of two keys", `{"a":[{"prefix":"x","suffix":"y"}]}`, "a[0]", "exactly one key, not 2"},
		{"a key given twice", `{"a":["x"],"a":["y"]}`, "a", "given twice"},
		{"a path given twice by a dotted key", `{"a.b":["x"],"a":{"b":["y"]}}`, "a", "path a.b is given more than once"},
		{"a path given outside and inside $or", `{"a":["x"],"$or":[{"a":["y"]},{"b":["z"]}]}`, "$or", "path a is given more than once"},
		{"$or of one branch", `{"$or":[{"a":[1]}]}`, "$or", "at least two"},
		{"$or that is an object", `{"d":{"$or":{"a":[1]}}}`, "d.$or", "needs an array"},
		{"$or of values", `{"$or":["x","y"]}`, "$or[0]", `not the string "x"`},
		{"an empty branch", `{"$or":[{"a":[1]},{}]}`, "$or[1]", "empty objects"},
		{"an operator as a branch", `{"$or":[{"prefix":["x"]},{"a":[1]}]}`, "$or[0].prefix", "reserved"},
		{"an operator deep in a branch", `{"$or":[{"a":{"numeric":["<",1]}},{"b":[1]}]}`, "$or[0].a.numeric", "reserved"},
		{"too many alternatives", manyAlternatives(), "f10", "more than 1000 alternatives"},
		{"a prefix that is a number", `{"a":[{"prefix":5}]}`, "a[0].prefix", "must be a string, not the number 5"},
		{"a prefix of another operator", `{"a":[{"prefix":{"suffix":"x"}}]}`, "a[0].prefix.suffix", "equals-ignore-case"},
		{"consecutive wildcards", `{"a":[{"wildcard":"x**"}]}`, "a[0].wildcard", "consecutive wildcards at byte 2"},
		{"an unknown escape", `{"a":[{"wildcard":"x\\n"}]}`, "a[0].wildcard", "invalid escape at byte 1"},
		{"an unfinished escape", `{"a":[{"anything-but":{"wildcard":["*","x\\"]}}]}`, "a[0].anything-but.wildcard[1]", "invalid escape at byte 1"},
		{"exists of a string", `{"a":[{"exists":"true"}]}`, "a[0].exists", "true or false"},
		{"exists of null", `{"a":[{"exists":null}]}`, "a[0].exists", "true or false"},
		{"numeric outside an array", `{"a":[{"numeric":5}]}`, "a[0].numeric", "must be an array"},
		{"numeric of nothing", `{"a":[{"numeric":[]}]}`, "a[0].numeric", "0 items"},
		{"numeric without an operand", `{"a":[{"numeric":[">"]}]}`, "a[0].numeric", "1 items"},
		{"numeric with a string operand", `{"a":[{"numeric":[">","1"]}]}`, "a[0].numeric[1]", `not the string "1"`},
		{"numeric with an unknown comparison", `{"a":[{"numeric":["!=",1]}]}`, "a[0].numeric[0]", `"!=" is not allowed here`},
		{"numeric with the upper bound first", `{"a":[{"numeric":["<",5,">",1]}]}`, "a[0].numeric[0]", "lower bound"},
		{"numeric with two lower bounds", `{"a":[{"numeric":[">",1,">",2]}]}`, "a[0].numeric[2]", "upper bound"},
		{"numeric with equality in a range", `{"a":[{"numeric":["=",1,"<",2]}]}`, "a[0].numeric[0]", "not allowed here"},
		{"an empty range", `{"a":[{"numeric":[">=",1,"<=",1]}]}`, "a[0].numeric", "less than the upper bound"},
		{"an operand out of range", `{"a":[{"numeric":[">",5000000000.1]}]}`, "a[0].numeric[1]", "from -5e9 to 5e9"},
		{"an operand of seven decimals", `{"a":[{"numeric":[">",0.0000001]}]}`, "a[0].numeric[1]", "at most 6 decimals"},
		{"anything-but of nothing", `{"a":[{"anything-but":[]}]}`, "a[0].anything-but", "empty lists"},
		{"anything-but of strings and numbers", `{"a":[{"anything-but":["x",1]}]}`, "a[0].anything-but", "not both"},
		{"anything-but of a boolean", `{"a":[{"anything-but":true}]}`, "a[0].anything-but", "not true"},
		{"anything-but of null", `{"a":[{"anything-but":["x",null]}]}`, "a[0].anything-but[1]", "not null"},
		{"anything-but of an empty prefix", `{"a":[{"anything-but":{"prefix":""}}]}`, "a[0].anything-but.prefix", "exclude every string"},
		{"anything-but of a block", `{"a":[{"anything-but":{"cidr":"10.0.0.0/8"}}]}`, "a[0].anything-but.cidr", "takes no operator"},
		{"anything-but of a number too large", `{"a":[{"anything-but":6000000000}]}`, "a[0].anything-but", "from -5e9 to 5e9"},
		{"a block without a mask", `{"a":[{"cidr":"10.0.0.0"}]}`, "a[0].cidr", "no mask"},
		{"a block of no address", `{"a":[{"cidr":"10.0.0/8"}]}`, "a[0].cidr", "not an IP address"},
		{"an IPv4 block of one address", `{"a":[{"cidr":"10.0.0.0/32"}]}`, "a[0].cidr", "from 0 to 31"},
		{"an IPv6 block of one address", `{"a":[{"cidr":"::1/128"}]}`, "a[0].cidr", "from 0 to 127"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, err := eventpattern.Parse([]byte(test.pattern))
			assert.Nil(t, p)
			var refused *eventpattern.PatternError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, test.path, refused.Path)
			assert.Contains(t, refused.Reason, test.reason)
			assert.Contains(t, err.Error(), refused.Path)
			assert.Nil(t, eventpattern.Mutants([]byte(test.pattern)))
		})
	}
}

// manyAlternatives is a pattern of 2^10 combinations of branches, in as many objects.
func manyAlternatives() string {
	var fields []string
	for _, name := range strings.Fields("f01 f02 f03 f04 f05 f06 f07 f08 f09 f10") {
		fields = append(fields, `"`+name+`":{"$or":[{"a":[1]},{"b":[1]}]}`)
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func TestMatchRefusesMalformedEvents(t *testing.T) {
	p, err := eventpattern.Parse([]byte(`{"a":[{"exists":false}]}`))
	require.NoError(t, err)
	for name, event := range map[string]string{
		"no JSON":            `{"b":nope}`,
		"an unfinished text": `{"b":1`,
		"no object":          `[1]`,
		"nothing":            ``,
		"invalid UTF-8":      "{\"b\":\"\xff\"}",
		"two objects":        `{} {}`,
	} {
		t.Run(name, func(t *testing.T) {
			matched, err := p.Match([]byte(event))
			require.ErrorContains(t, err, "event: ")
			assert.False(t, matched)
		})
	}
}

func TestEventsOfManyElementsAreMatchedInBoundedTime(t *testing.T) {
	element := func(key string) string {
		return `"` + key + `":[` + strings.TrimSuffix(strings.Repeat(`{"v":1,"w":["x","x","x"]},`, 300), ",") + `]`
	}
	event, err := eventpattern.ParseEvent([]byte(`{` + element("a") + `,` + element("b") + `,` + element("c") + `,` + element("d") + `,"e":2}`))
	require.NoError(t, err)
	p, err := eventpattern.Parse([]byte(`{"a":{"v":[1],"w":["x"]},"b":{"v":[1],"w":["x"]},"c":{"v":[1]},"d":{"v":[1]},"e":[{"exists":false},3]}`))
	require.NoError(t, err)
	assert.False(t, p.MatchEvent(event))
}

func TestAlertPatternsParse(t *testing.T) {
	for _, alert := range readAlerts(t) {
		t.Run(alert.ID+" "+alert.Title, func(t *testing.T) {
			_, err := eventpattern.Parse(alert.Pattern)
			require.NoError(t, err)
		})
	}
}

func TestASecurityGroupOpenedToTheInternetMatchesItsAlertOnly(t *testing.T) {
	event, err := eventpattern.ParseEvent(readEvent(t))
	require.NoError(t, err)
	var matched []string
	for _, alert := range readAlerts(t) {
		p, err := eventpattern.Parse(alert.Pattern)
		require.NoError(t, err)
		if p.MatchEvent(event) {
			matched = append(matched, alert.ID)
		}
	}
	assert.Equal(t, []string{"AL10"}, matched)
}

func TestPatternErrorIsDistinguishable(t *testing.T) {
	_, err := eventpattern.Parse([]byte(`{"a":[]}`))
	var refused *eventpattern.PatternError
	require.True(t, errors.As(err, &refused))
	assert.Equal(t, "event pattern: a: empty arrays are not allowed; list a value to match", err.Error())
}

func FuzzMatch(f *testing.F) {
	f.Add([]byte(`{"a":{"b":["x",1,null,{"prefix":"y"}]},"$or":[{"c":[{"exists":false}]},{"d":[{"cidr":"::/8"}]}]}`), []byte(`{"a":[{"b":"x"},{"b":1.0e2}]}`))
	f.Add([]byte(`{"a":[{"wildcard":"a*\\*"},{"anything-but":{"suffix":["x"]}},{"numeric":[">",0,"<=",5]}]}`), []byte(`{"a":["\u0041\"",-0.0,{"":true}]}`))
	f.Add([]byte(`{"a":[{"suffix":{"equals-ignore-case":"ß"}},{"anything-but":[1,2]}]}`), []byte(`{"a":[[["SS"]],{}]} `))
	f.Fuzz(func(t *testing.T, pattern, event []byte) {
		p, err := eventpattern.Parse(pattern)
		if !json.Valid(pattern) && err == nil {
			t.Fatalf("%q was taken, which is no JSON", pattern)
		}
		if err != nil {
			return
		}
		matched, err := p.Match(event)
		if !json.Valid(event) && err == nil {
			t.Fatalf("%q was taken, which is no JSON", event)
		}
		if err != nil && matched {
			t.Fatalf("%q matched and failed", event)
		}
		for _, mutant := range eventpattern.Mutants(pattern) {
			if _, err := eventpattern.Parse(mutant.Pattern); err != nil {
				t.Fatalf("mutant %q of %q: %v", mutant.Pattern, pattern, err)
			}
		}
	})
}

// BenchmarkSet reads an event of an API call and matches it with all alert patterns.
func BenchmarkSet(b *testing.B) {
	var patterns []*eventpattern.Pattern
	for _, alert := range readAlerts(b) {
		p, err := eventpattern.Parse(alert.Pattern)
		require.NoError(b, err)
		patterns = append(patterns, p)
	}
	set, event := eventpattern.NewSet(patterns...), readEvent(b)
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := set.Match(event); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(patterns)), "patterns")
}
