package alert_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/eventpattern"
)

// accountKinds are the kinds of accounts of a zone; the empty one is an ordinary member.
func accountKinds() []alert.Accounts {
	return []alert.Accounts{"", alert.ManagementAccount, alert.AuditAccount, alert.LogArchiveAccount}
}

func exists(rule alert.Accounts, regions []string, account alert.Accounts, region string) bool {
	return (rule == alert.AllAccounts || rule == account) && slices.Contains(regions, region)
}

func parse(t testing.TB, pattern []byte) *eventpattern.Pattern {
	t.Helper()
	p, err := eventpattern.Parse(pattern)
	require.NoError(t, err, "%s", pattern)
	return p
}

func TestAnEventIsForwardedOnceWhereverItRaises(t *testing.T) {
	z := testZone()
	routed := alert.For(z, catalogue(t))
	forwards, err := alert.Forwards(z, routed)
	require.NoError(t, err)
	patterns := map[string]*eventpattern.Pattern{}
	for _, r := range routed {
		bus, err := r.BusPattern(func(alert.Accounts) string { return "111122223333" })
		require.NoError(t, err)
		// The account's id in the event is not the point here, so the pattern without it decides.
		patterns[r.ID] = parse(t, r.ProofPattern())
		require.LessOrEqual(t, len(bus), alert.MaxPattern)
	}
	for _, f := range forwards {
		require.LessOrEqual(t, len(f.Name), alert.MaxRuleName)
		require.LessOrEqual(t, len(f.Pattern), alert.MaxPattern)
		require.NotContains(t, string(f.Pattern), "{{")
		patterns[f.Name] = parse(t, f.Pattern)
	}
	raised := 0
	for _, a := range catalogue(t).Alerts {
		for _, c := range slices.Concat(a.Proof.Raises, a.Proof.Ignores) {
			var e struct{ Region string }
			require.NoError(t, json.Unmarshal(c.Event, &e))
			event, err := eventpattern.ParseEvent(c.Event)
			require.NoError(t, err)
			if e.Region == "global" {
				e.Region = "us-east-1"
			}
			for _, account := range accountKinds() {
				wanted := false
				for _, r := range routed {
					if exists(r.Listen.Accounts, r.Regions, account, e.Region) {
						wanted = wanted || patterns[r.ID].MatchEvent(event)
					}
				}
				var by []string
				for _, f := range forwards {
					if exists(f.Accounts, f.Regions, account, e.Region) && patterns[f.Name].MatchEvent(event) {
						by = append(by, f.Name)
					}
				}
				assert.LessOrEqual(t, len(by), 1, "%s: %s in %q is forwarded by %v", a.File, c.Name, account, by)
				if wanted {
					raised++
					assert.NotEmpty(t, by, "%s: %s in %q is not forwarded", a.File, c.Name, account)
				}
			}
		}
	}
	assert.Greater(t, raised, 500)
	t.Logf("%d rules forward; %d events raise", len(forwards), raised)
}
