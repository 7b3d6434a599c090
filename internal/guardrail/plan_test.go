package guardrail_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/zone"
)

func exampleZone() *zone.Zone {
	c := config.Default()
	c.Zone, c.Email = "example", "aws+{account}@example.com"
	c.Regions = config.Regions{Home: "us-east-1", Governed: []string{"us-east-1", "us-west-2"}}
	c.Accounts = []config.Account{
		{Name: "shared-network", OU: "Infrastructure"},
		{Name: "orders-prod", OU: "Workloads/Prod"},
		{Name: "orders-dev", OU: "Workloads/NonProd"},
	}
	return zone.Resolve(c)
}

func TestTheCatalogueLoadsAndFitsTheDefaultZone(t *testing.T) {
	c, err := guardrail.Load(controls.Guardrails())
	require.NoError(t, err)
	policies, err := guardrail.Plan(exampleZone(), c)
	require.NoError(t, err)
	for _, p := range policies {
		t.Logf("%-28s %-24s %v %5d of %d", p.ID, p.Type, p.Targets, p.Size, p.Limit)
		require.LessOrEqual(t, p.Size, p.Limit*guardrail.FillPercent/100)
	}
}
