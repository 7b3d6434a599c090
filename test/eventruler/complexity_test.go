package eventruler_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

// mostComplex is the greatest complexity of a pattern's wildcards with which EventBridge takes a rule. AWS publishes that
// there is a limit but not which (EventBridge user guide, "Wildcard matching considerations"). Rules that others report
// as taken have 9 (three patterns *:stack/NAME/*), and as refused with "Rule is too complex" 12 (four of them).
const mostComplex = 9

// complexityOf asks Event Ruler how complex patterns are, in their order.
func complexityOf(t *testing.T, patterns []string) []int {
	t.Helper()
	questions := make([]question, len(patterns))
	for i, p := range patterns {
		questions[i] = question{Pattern: p}
	}
	var out []int
	for _, a := range ask(t, questions) {
		require.Equal(t, "complexity", a.Outcome, a.Reason)
		out = append(out, a.Complexity)
	}
	return out
}

func TestTheComplexityOfRulesThatOthersReportIsWhereTheLimitIsTakenToBe(t *testing.T) {
	stacks := func(names ...string) string {
		pattern := `{"detail":{"stack-id":[`
		for i, name := range names {
			if i > 0 {
				pattern += ","
			}
			pattern += `{"wildcard":"*:stack/` + name + `/*"}`
		}
		return pattern + "]}}"
	}
	assert.Equal(t, []int{9, 12}, complexityOf(t, []string{stacks("NetworkStack", "AppStack", "DataStack"), stacks("NetworkStack", "AppStack", "DataStack", "MonitoringStack")}))
}

// suppressions are the most that alert.Check lets through for one alert: its principals need four wildcards.
func suppressions() []string {
	const more = `, reason: it is known and harmless, expires: "2099-12-31"}`
	return []string{
		`{alert: ALERT, principals: [role/deploy, role/release]` + more,
		`{alert: ALERT, principals: [role/deploy-*]` + more,
		`{alert: ALERT, principals: ["user/ci-*", user/ci]` + more,
		`{alert: ALERT, principals: [user/a, user/b, user/c, user/d]` + more,
		`{alert: ALERT, accounts: [orders-prod, orders-dev], principals: [role/deploy, role/release]` + more,
		`{alert: ALERT, accounts: [orders-prod]` + more + `, {alert: ALERT, principals: [role/deploy, role/release]` + more,
	}
}

func TestEventBridgeTakesEveryRuleOfAZone(t *testing.T) {
	text, err := os.ReadFile("../../config/landing-zone.yaml")
	require.NoError(t, err)
	alerts, err := alert.Load(controls.Alerts())
	require.NoError(t, err)
	var names, patterns []string
	// Every alert listens, also those that are off by default.
	var on []string
	for _, a := range alerts.Alerts {
		if a.Tier == alert.Off {
			on = append(on, "{id: "+a.ID+", tier: page}")
		}
	}
	require.NotEmpty(t, on)
	zoneWith := func(suppressions string) *zone.Zone {
		const recipient = "    - security@example.com\n"
		more := "  changes: [" + strings.Join(on, ", ") + "]\n  suppressions: [" + suppressions + "]\n"
		c, problems := config.Parse("zone.yaml", []byte(strings.Replace(string(text), recipient, recipient+more, 1)))
		require.Empty(t, problems)
		return zone.Resolve(c)
	}
	add := func(z *zone.Zone, wanted func(id string) bool, with string) {
		for _, a := range alert.For(z, alerts) {
			if !wanted(a.ID) {
				continue
			}
			pattern, err := a.WithAccountIDs(func(string) string { return "444455556666" }).BusPattern(func(alert.Accounts) string { return "111122223333" })
			require.NoError(t, err)
			names, patterns = append(names, a.RuleName+with), append(patterns, string(pattern))
		}
	}
	z := zoneWith("")
	add(z, func(string) bool { return true }, "")
	forwards, err := alert.Forwards(z, alert.For(z, alerts))
	require.NoError(t, err)
	for _, f := range forwards {
		names, patterns = append(names, f.Name), append(patterns, string(f.Pattern))
	}
	suppressed := 0
	for _, a := range alerts.Alerts {
		for _, s := range suppressions() {
			z := zoneWith(strings.ReplaceAll(s, "ALERT", a.ID))
			if len(alert.Check(z, alerts, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC))) > 0 {
				continue // the alert's events name no principal, or it listens in one account
			}
			suppressed++
			add(z, func(id string) bool { return id == a.ID }, " with "+s)
		}
	}
	require.Greater(t, suppressed, 100)
	most := 0
	for i, complexity := range complexityOf(t, patterns) {
		most = max(most, complexity)
		assert.LessOrEqual(t, complexity, mostComplex, "%s: %s", names[i], patterns[i])
	}
	fmt.Printf("complexity of %d rules, %d of them with the most suppressions: at most %d\n", len(patterns), suppressed, most)
}
