package eventruler_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/eventpattern"
)

// seed starts the generator. Other seeds look at other pairs.
var seed = flag.Uint64("seed", 20261125, "seed of the generated pairs")

const (
	pairsPerOperator = 220
	// leastShare is the share of each outcome in percent below which the pairs of an operator show too little.
	leastShare = 10
	// repetitions is how often a question is put again to see whether Event Ruler wavers.
	repetitions = 60
	// mostWavering is the least number of pairs among which Event Ruler may waver on one.
	mostWavering = 500
	// shownDifferences bounds the report of a failed comparison.
	shownDifferences = 25
)

// pair is a question about one operator or structure.
type pair struct {
	group string
	question
}

// ours answers a question with internal/eventpattern.
func ours(q question) answer {
	p, err := eventpattern.Parse([]byte(q.Pattern))
	if err != nil {
		return answer{Outcome: "bad pattern", Reason: err.Error()}
	}
	matched, err := p.Match([]byte(q.Event))
	switch {
	case err != nil:
		return answer{Outcome: "bad event", Reason: err.Error()}
	case matched:
		return answer{Outcome: "match"}
	default:
		return answer{Outcome: "no match"}
	}
}

// compare asks Event Ruler about all pairs, fails for every pair on which internal/eventpattern differs without
// allowed agreeing, and prints how often each group had each outcome.
func compare(t *testing.T, pairs []pair, allowed func(p pair, ours, theirs answer) bool) map[string]map[string]int {
	t.Helper()
	questions := make([]question, len(pairs))
	for i, p := range pairs {
		questions[i] = p.question
	}
	answers := ask(t, questions)
	counts := make(map[string]map[string]int)
	var groups []string
	var differing []int
	for i, p := range pairs {
		mine, theirs := ours(p.question), answers[i]
		if counts[p.group] == nil {
			counts[p.group] = make(map[string]int)
			groups = append(groups, p.group)
		}
		counts[p.group][theirs.Outcome]++
		switch {
		case mine.Outcome == theirs.Outcome:
		case allowed(p, mine, theirs):
			counts[p.group]["stricter"]++
		default:
			differing = append(differing, i)
		}
	}
	differences := 0
	for i, undecided := range wavers(t, questions, differing) {
		p, mine, theirs := pairs[differing[i]], ours(questions[differing[i]]), answers[differing[i]]
		if undecided {
			t.Logf("Event Ruler wavers on %s against %s", p.Pattern, p.Event)
			counts[p.group]["wavering"]++
			continue
		}
		if differences++; differences <= shownDifferences {
			t.Errorf("%s:\n pattern %s\n event   %s\n ours        %s %s\n Event Ruler %s %s",
				p.group, p.Pattern, p.Event, mine.Outcome, mine.Reason, theirs.Outcome, theirs.Reason)
		}
	}
	assert.LessOrEqual(t, len(differing)-differences, len(pairs)/mostWavering, "Event Ruler must rarely waver")
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\t match\t no match\t bad pattern\t bad event\t stricter here\t wavering")
	for _, group := range groups {
		c := counts[group]
		fmt.Fprintf(w, "%s\t %d\t %d\t %d\t %d\t %d\t %d\n",
			group, c["match"], c["no match"], c["bad pattern"], c["bad event"], c["stricter"], c["wavering"])
	}
	require.NoError(t, w.Flush())
	t.Logf("%d pairs, %d differences\n%s", len(pairs), differences, table.String())
	return counts
}

// wavers tells for each of the given questions whether Event Ruler answers it now one way and now the other: what it
// builds of some patterns depends on the identity hashes of Java objects.
func wavers(t *testing.T, questions []question, indices []int) []bool {
	t.Helper()
	undecided := make([]bool, len(indices))
	if len(indices) == 0 {
		return undecided
	}
	var repeated []question
	for _, i := range indices {
		for range repetitions {
			repeated = append(repeated, questions[i])
		}
	}
	answers := ask(t, repeated)
	for i := range indices {
		for _, a := range answers[i*repetitions : (i+1)*repetitions] {
			undecided[i] = undecided[i] || a.Outcome != answers[i*repetitions].Outcome
		}
	}
	return undecided
}

func never(pair, answer, answer) bool { return false }

func TestMatchingAgreesWithEventRuler(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(*seed, 1))}
	var pairs []pair
	add := func(group, pattern, event string) {
		pairs = append(pairs, pair{group, question{pattern, event}})
	}
	all := operators()
	for _, operator := range all {
		for range pairsPerOperator {
			fields := g.fields(1+g.IntN(2), operator.make)
			add(operator.name, g.pattern(fields, false), g.event(fields, pick(g, []int{20, 60, 90}), g.chance(30)))
		}
	}
	for range 4 * pairsPerOperator {
		fields := g.fields(2+g.IntN(4), pick(g, all).make)
		add("$or", g.pattern(fields, true), g.event(fields, pick(g, []int{20, 50, 80}), g.chance(30)))
		fields = g.fields(2+g.IntN(4), pick(g, all).make)
		add("arrays", g.pattern(fields, false), g.event(fields, 92, true))
		fields = g.fields(3+g.IntN(4), pick(g, all).make)
		add("$or and arrays", g.pattern(fields, true), g.event(fields, 70, true))
	}
	absence := all[0].make
	for _, operator := range all {
		if operator.name == "exists false" {
			absence = operator.make
		}
	}
	for range 2 * pairsPerOperator {
		fields := g.fields(2+g.IntN(4), absence)
		add("absence in arrays", g.pattern(fields, false), g.event(fields, 85, true))
	}
	require.GreaterOrEqual(t, len(pairs), 5000)
	counts := compare(t, pairs, never)
	for group, c := range counts {
		total := c["match"] + c["no match"]
		assert.GreaterOrEqual(t, 100*c["match"], leastShare*total, "%s must match often", group)
		assert.GreaterOrEqual(t, 100*c["no match"], leastShare*total, "%s must often not match", group)
		assert.Zero(t, c["bad pattern"], "%s: the generator must make valid patterns", group)
	}
}

// malformedFields are members of a pattern that make it malformed.
var malformedFields = []string{
	`"q":[]`, `"q":{}`, `"q":"x"`, `"q":1`, `"q":null`, `"q":true`, `"q":[[1]]`, `"q":[{}]`, `"q":{"r":{}}`, `"q":{"r":"x"}`,
	`"q":[{"starts-with":"x"}]`, `"q":[{"prefix":"x","suffix":"y"}]`, `"q":[{"prefix":1}]`, `"q":[{"prefix":["x"]}]`,
	`"q":[{"prefix":{"suffix":"x"}}]`, `"q":[{"prefix":{"equals-ignore-case":1}}]`, `"q":[{"suffix":null}]`,
	`"q":[{"suffix":{"equals-ignore-case":"x","prefix":"y"}}]`, `"q":[{"equals-ignore-case":["x"]}]`, `"q":[{"exactly":1}]`,
	`"q":[{"wildcard":"x**"}]`, `"q":[{"wildcard":"**"}]`, `"q":[{"wildcard":"x\\y"}]`, `"q":[{"wildcard":"x\\"}]`, `"q":[{"wildcard":1}]`,
	`"q":[{"exists":"true"}]`, `"q":[{"exists":null}]`, `"q":[{"exists":1}]`, `"q":[{"exists":[true]}]`,
	`"q":[{"numeric":5}]`, `"q":[{"numeric":[]}]`, `"q":[{"numeric":["<"]}]`, `"q":[{"numeric":["<","1"]}]`, `"q":[{"numeric":["!=",1]}]`,
	`"q":[{"numeric":[1,"<"]}]`, `"q":[{"numeric":["<",5,">",1]}]`, `"q":[{"numeric":[">",1,">",2]}]`, `"q":[{"numeric":[">",1,"<"]}]`,
	`"q":[{"numeric":["=",1,"<",2]}]`, `"q":[{"numeric":[">=",1,"<=",1]}]`, `"q":[{"numeric":[">",1,"<",2,"<",3]}]`, `"q":[{"numeric":[">",5,"<",1]}]`,
	`"q":[{"anything-but":[]}]`, `"q":[{"anything-but":["x",1]}]`, `"q":[{"anything-but":true}]`, `"q":[{"anything-but":null}]`,
	`"q":[{"anything-but":["x",null]}]`, `"q":[{"anything-but":{}}]`, `"q":[{"anything-but":{"prefix":""}}]`, `"q":[{"anything-but":{"suffix":["x",""]}}]`,
	`"q":[{"anything-but":{"prefix":1}}]`, `"q":[{"anything-but":{"prefix":[]}}]`, `"q":[{"anything-but":{"wildcard":"**"}}]`,
	`"q":[{"anything-but":{"wildcard":["x","y\\z"]}}]`, `"q":[{"anything-but":{"cidr":"10.0.0.0/8"}}]`, `"q":[{"anything-but":{"equals-ignore-case":[1]}}]`,
	`"q":[{"anything-but":{"prefix":{"equals-ignore-case":"x"}}}]`, `"q":[{"anything-but":[["x"]]}]`,
	`"q":[{"cidr":"10.0.0.0"}]`, `"q":[{"cidr":"10.0.0/8"}]`, `"q":[{"cidr":"10.0.0.0/32"}]`, `"q":[{"cidr":"10.0.0.0/-1"}]`, `"q":[{"cidr":"10.0.0.0/x"}]`,
	`"q":[{"cidr":"::1/128"}]`, `"q":[{"cidr":"x::/8"}]`, `"q":[{"cidr":8}]`, `"q":[{"cidr":"::ffff:a00:0/104"}]`,
	`"$or":[{"q":[1]}]`, `"$or":[]`, `"$or":{"q":[1]}`, `"$or":["x","y"]`, `"$or":[{"q":[1]},{}]`, `"$or":[{"q":[1]},{"prefix":["x"]}]`,
	`"$or":[{"q":[1]},{"r":{"numeric":["<",1]}}]`, `"$or":[{"q":[1]},{"q":"x"}]`, `"$or":[{"q":[1]},{"r":[]}]`, `"$or":"x"`,
	`"q":[1],"q":[2]`, `"q":{"r":[1]},"q.r":[2]`, `"q":[1],"$or":[{"q":[1]},{"r":[1]}]`, `"q":[01]`, `"q":[1,]`, `"q":[nope]`, `"q":["x]`, `"q":[1]]`, `"q"`,
}

// stricterFields are members of a pattern that Event Ruler takes and internal/eventpattern refuses, by the words of the
// refusal.
var stricterFields = map[string]string{
	`"q":{"r":[1]},"q":{"s":[1]}`:                                   "given twice",
	`"":[1]`:                                                        "empty keys",
	`"q":[{"numeric":["<",5000000000.5]}]`:                          "out of range",
	`"q":[{"numeric":["=",0.1234567]}]`:                             "out of range",
	`"q":[{"anything-but":6000000000}]`:                             "out of range",
	`"q":[{"cidr":"10.0.0.0/+8"}]`:                                  "mask",
	`"q":{"$or":[{"r":[1]},{"s":[1]}],"$or":[{"t":[1]},{"u":[1]}]}`: "given twice",
	`"q":[1]} {"r":[2]`:                                             "after top-level value",
}

func TestMalformedPatternsAreRefusedAsByEventRuler(t *testing.T) {
	g := generator{rand.New(rand.NewPCG(*seed, 2))}
	all := operators()
	var pairs []pair
	for _, member := range malformedFields {
		for range 4 {
			valid := g.pattern(g.fields(1+g.IntN(2), pick(g, all).make), false)
			pairs = append(pairs, pair{"malformed", question{insert(g, valid, member), `{"q":1}`}})
		}
	}
	for member := range stricterFields {
		valid := g.pattern(g.fields(1, pick(g, all).make), false)
		pairs = append(pairs, pair{"stricter here", question{strings.TrimSuffix(valid, "}") + "," + member + "}", `{"q":1}`}})
	}
	for range 1500 {
		fields := g.fields(1+g.IntN(2), pick(g, all).make)
		pairs = append(pairs, pair{"damaged text", question{damage(g, g.pattern(fields, false)), g.event(fields, 80, false)}})
		pairs = append(pairs, pair{"damaged event", question{g.pattern(fields, false), damage(g, g.event(fields, 80, false))}})
	}
	counts := compare(t, pairs, func(p pair, mine, theirs answer) bool {
		return strings.HasPrefix(mine.Outcome, "bad") && !strings.HasPrefix(theirs.Outcome, "bad") && (p.group != "malformed") && known(mine.Reason)
	})
	assert.Equal(t, len(malformedFields)*4, counts["malformed"]["bad pattern"])
	assert.Equal(t, len(stricterFields), counts["stricter here"]["stricter"])
	assert.NotZero(t, counts["damaged text"]["bad pattern"])
	assert.NotZero(t, counts["damaged event"]["bad event"])
}

// known tells whether a refusal is one of those that the package comment of internal/eventpattern lists.
func known(reason string) bool {
	for _, words := range stricterFields {
		if strings.Contains(reason, words) {
			return true
		}
	}
	return false
}

// insert puts a member at the start or end of an object.
func insert(g generator, object, member string) string {
	if g.chance(50) && !strings.HasSuffix(member, "]]") && member != `"q"` {
		return "{" + member + "," + strings.TrimPrefix(object, "{")
	}
	return strings.TrimSuffix(object, "}") + "," + member + "}"
}

// damage removes, doubles or replaces one character.
func damage(g generator, text string) string {
	letters := []rune(text)
	at := g.IntN(len(letters))
	before, letter, after := string(letters[:at]), string(letters[at]), string(letters[at+1:])
	switch g.IntN(3) {
	case 0:
		return before + after
	case 1:
		return before + letter + letter + after
	default:
		return before + pick(g, []string{`"`, "[", "]", "{", "}", ",", ":", "1", "-", "e", " ", `\`, "x"}) + after
	}
}

func TestAlertPatternsMatchAsByEventRuler(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "internal", "eventpattern", "testdata", "alerts.json"))
	require.NoError(t, err)
	var alerts []struct {
		ID      string
		Pattern json.RawMessage
	}
	require.NoError(t, json.Unmarshal(text, &alerts))
	var pairs []pair
	for _, a := range alerts {
		pairs = append(pairs, mutantPairs(t, a.ID, a.Pattern)...)
	}
	compare(t, pairs, never)
}

func TestEventRulerWaversOnSomeLists(t *testing.T) {
	questions := []question{{`{"a":["b",{"numeric":[">=",-399]},{"suffix":"\\bba"}]}`, `{"a":"b"}`}}
	assert.Equal(t, []bool{true}, wavers(t, questions, []int{0}))
	assert.Equal(t, "match", ours(questions[0]).Outcome)
}

// TestKnownDefectsOfEventRuler pins the differences that the package comment of internal/eventpattern tells, and that
// the generator avoids. When a new version of Event Ruler mends one, this test fails and both can go.
func TestKnownDefectsOfEventRuler(t *testing.T) {
	tests := []struct {
		name, pattern, event string
		theirs, ours         string
	}{
		{"an excluded wildcard beside an operator that ignores case matches",
			`{"a":[{"anything-but":{"wildcard":"*.B*"}},{"equals-ignore-case":"q"}]}`, `{"a":"x.Bx"}`, "match", "no match"},
		{"a wildcard beside an operator that ignores case hides another value",
			`{"a":[{"wildcard":"*/*a/éc"},{"anything-but":{"equals-ignore-case":["\"","A","ÉabÉ"]}}]}`, `{"a":"Éab"}`, "no match", "match"},
		{"a wildcard beside a suffix beyond ASCII matches other letters", `{"a":[{"wildcard":"*x*"},{"suffix":"é"}]}`, `{"a":"É"}`, "match", "no match"},
		{"a long number before an address is missed", `{"a":[12345678901234567890,"18.0.0.1"]}`, `{"a":12345678901234567890}`, "no match", "match"},
		{"a number is taken for an address in hexadecimal digits", `{"a":["18.52.86.120"]}`, `{"a":12345678}`, "match", "no match"},
	}
	questions := make([]question, len(tests))
	for i, test := range tests {
		questions[i] = question{test.pattern, test.event}
	}
	answers := ask(t, questions)
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.theirs, answers[i].Outcome)
			assert.Equal(t, test.ours, ours(questions[i]).Outcome)
		})
	}
}
