package alert_test

import (
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
)

// loaded keeps the catalogue, which no test changes.
var loaded = sync.OnceValues(func() (*alert.Catalogue, error) { return alert.LoadWithProofs(controls.Alerts()) })

func catalogue(t testing.TB) *alert.Catalogue {
	t.Helper()
	c, err := loaded()
	require.NoError(t, err)
	return c
}

const goodAlert = `id: x
title: X
severity: high
tier: page
listen: {accounts: all, regions: all}
pattern: {source: [aws.ec2], detail-type: [T]}
message: {kind: config, what: something}
why: because
steps: [a, b, c]
runbook: r
proof: {raises: [], ignores: []}
`

func TestWhatIsWrongWithAFileIsSaidWithItsLine(t *testing.T) {
	_, err := alert.LoadWithProofs(fstest.MapFS{"x.yaml": {Data: []byte(goodAlert)}})
	require.NoError(t, err)
	for name, test := range map[string]struct{ old, new, want string }{
		"a key that does not exist":         {"why: because", "reason: because", `x.yaml:8: unknown field "reason"`},
		"broken YAML":                       {"title: X", "title: [X", "x.yaml:"},
		"an id that is not the file's name": {"id: x", "id: y", `x.yaml:1: id is "y"; it must be the file's name without .yaml, in kebab-case: "x"`},
		"a severity that does not exist":    {"severity: high", "severity: huge", `x.yaml:3: severity is "huge"; allowed are [critical high medium low]`},
		"a tier that does not exist":        {"tier: page", "tier: shout", `x.yaml:4: tier is "shout"; allowed are [page notify digest off]`},
		"an account scope":                  {"accounts: all", "accounts: some", `x.yaml:5: listen.accounts is "some"`},
		"a Region scope":                    {"regions: all", "regions: some", `x.yaml:5: listen.regions is "some"`},
		"no title":                          {"title: X", "title: ''", "x.yaml:2: title is missing"},
		"a title with quotes":               {"title: X", "title: X \"Y\"", `x.yaml:2: title is "X \"Y\""`},
		"no reason":                         {"why: because", "why: ''", "x.yaml:8: why is missing"},
		"two steps":                         {"[a, b, c]", "[a, b]", "x.yaml:9: there are 2 steps"},
		"no runbook":                        {"runbook: r", "runbook: ''", "x.yaml:10: runbook is \"\""},
		"no pattern":                        {"pattern: {source: [aws.ec2], detail-type: [T]}", "parts: []", "x.yaml: pattern is missing"},
		"a pattern that is none":            {"source: [aws.ec2]", "source: aws.ec2", "x.yaml:6: the pattern is wrong: "},
		"a part that does not exist":        {"pattern:", "parts: [none]\npattern:", `x.yaml:6: there is no pattern part "none"`},
		"a kind of message":                 {"kind: config", "kind: mail", `x.yaml:7: message.kind is "mail"`},
		"a variable that does not exist":    {"what: something", "what: <nothing>", "x.yaml:7: the mail uses <nothing>"},
		"a variable that no line uses":      {"what: something", "what: something, paths: {spare: $.detail.x}", `x.yaml:7: message.paths names "spare"`},
		"a path that is none":               {"what: something", "what: <spare>, paths: {spare: detail.x}", `x.yaml:7: message.paths.spare is "detail.x"`},
		"a name that EventBridge refuses":   {"what: something", "what: <sp_are>, paths: {sp_are: $.detail.x}", `x.yaml:7: message.paths names "sp_are"`},
		"a base event that does not exist":  {"raises: []", "raises: [{name: n, base: none}]", "x.yaml:11: there is no base event events/none.yaml"},
		"a case without a name":             {"raises: []", "raises: [{set: {a: b}}]", "x.yaml:11: proof.raises[0] has the name \"\""},
		"a path to drop that is not there":  {"raises: []", "raises: [{name: n, drop: [a.b]}]", `x.yaml:11: drop names "a.b"`},
		"a pattern that is too long":        {"[aws.ec2]", "[" + strings.Repeat("aws.ec2, ", 300) + "aws.ec2]", "x.yaml:6: the pattern has "},
		"a drill pattern that is none":      {"why: because", "why: because\ndrill: {source: x}", "x.yaml:9: the drill pattern is wrong: "},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, goodAlert, test.old)
			bad := strings.Replace(goodAlert, test.old, test.new, 1)
			_, err := alert.LoadWithProofs(fstest.MapFS{"x.yaml": {Data: []byte(bad)}})
			var problems alert.Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, err.Error(), test.want)
		})
	}
}

func TestEventsThatBuildOnEachOtherInACircleAreRefused(t *testing.T) {
	_, err := alert.LoadWithProofs(fstest.MapFS{
		"x.yaml":        {Data: []byte(strings.Replace(goodAlert, "raises: []", "raises: [{name: n, base: a}]", 1))},
		"events/a.yaml": {Data: []byte("base: b\n")},
		"events/b.yaml": {Data: []byte("base: a\n")},
	})
	require.ErrorContains(t, err, "a -> b -> a")
}

func TestTheLimitsOfEventBridgeHoldForTheLongestPrefix(t *testing.T) {
	z := testZone()
	z.Prefix = "abcdefghijklmnop"
	routed := alert.For(z, catalogue(t))
	for _, r := range routed {
		p, err := r.BusPattern(func(alert.Accounts) string { return "111122223333" })
		require.NoError(t, err)
		assert.LessOrEqual(t, len(p), alert.MaxPattern, r.ID)
		assert.LessOrEqual(t, len(r.RuleName), alert.MaxRuleName, r.ID)
		assert.LessOrEqual(t, len(r.InputTemplate), alert.MaxInputTemplate, r.ID)
		assert.LessOrEqual(t, len(r.InputPaths), alert.MaxInputPaths, r.ID)
		assert.NotContains(t, string(p), "{{", r.ID)
	}
	forwards, err := alert.Forwards(z, routed)
	require.NoError(t, err)
	for _, f := range forwards {
		assert.LessOrEqual(t, len(f.Name), alert.MaxRuleName, f.Name)
	}
}
