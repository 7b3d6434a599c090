package guardrail_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/authdata"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/zone"
)

func defaultZone(t testing.TB) *zone.Zone {
	t.Helper()
	file, problems := config.Load("../../config/landing-zone.yaml")
	require.Empty(t, problems)
	return zone.Resolve(file)
}

func TestOrdinaryWorkIsPossibleInEveryWorkloadOUOfTheDefaultZone(t *testing.T) {
	work, err := guardrail.LoadOrdinary(controls.Guardrails())
	require.NoError(t, err)
	c := catalogue(t)
	d, err := guardrail.NewDecider(defaultZone(t), c)
	require.NoError(t, err)
	requests, cases, services := 0, 0, map[string]bool{}
	for _, o := range work {
		t.Run(o.Title, func(t *testing.T) {
			for _, r := range o.Requests {
				requests += len(r.Action)
				for _, k := range c.Everyday(r) {
					cases++
					require.True(t, authdata.Exists(k.Request.Action), "%s: there is no action %s", o.File, k.Request.Action)
					service, _, _ := strings.Cut(k.Request.Action, ":")
					services[service] = true
					for _, ou := range []string{"Infrastructure", "Workloads", "Workloads/Prod", "Workloads/NonProd"} {
						path, err := d.OU(ou)
						require.NoError(t, err)
						decision, err := path.Decide(k.Request)
						require.NoError(t, err, k.Name)
						if decision.Denied() {
							t.Errorf("%s, in %s: %s is stopped by %s", o.File, ou, k.Name, decision.Reasons[0].Guardrail.ID)
						}
					}
				}
			}
		})
	}
	t.Logf("%d requests in %d combinations over %d services", requests, cases, len(services))
	assert.GreaterOrEqual(t, requests, 300)
	assert.GreaterOrEqual(t, len(services), 40)
}

func TestOrdinaryWorkNoticesGuardrailsThatBreakTeams(t *testing.T) {
	work, err := guardrail.LoadOrdinary(controls.Guardrails())
	require.NoError(t, err)
	c := catalogue(t)
	for _, id := range []string{"isolate-from-internet", "deny-network-changes", "require-permissions-boundary", "deny-writes-outside-organization"} {
		z := exampleZone(config.GuardrailChange{ID: id, State: config.StateOn})
		d, err := guardrail.NewDecider(z, c)
		require.NoError(t, err)
		path, err := d.OU("Workloads/Prod")
		require.NoError(t, err)
		denied := 0
		for _, o := range work {
			for _, r := range o.Requests {
				for _, k := range c.Everyday(r) {
					decision, err := path.Decide(k.Request)
					require.NoError(t, err)
					if decision.Denied() {
						denied++
					}
				}
			}
		}
		if id == "deny-writes-outside-organization" {
			assert.Zero(t, denied, "%s is elective for the sake of partners, not of everyday work", id)
			continue
		}
		assert.NotZero(t, denied, id)
	}
}
