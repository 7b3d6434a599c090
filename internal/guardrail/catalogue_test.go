package guardrail_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/guardrail"
)

var loaded = sync.OnceValues(func() (*guardrail.Catalogue, error) { return guardrail.LoadWithProofs(controls.Guardrails()) })

// catalogue is the whole catalogue with its proofs; a test may append to its list.
func catalogue(t testing.TB) *guardrail.Catalogue {
	t.Helper()
	c, err := loaded()
	require.NoError(t, err)
	return &guardrail.Catalogue{Guardrails: slices.Clone(c.Guardrails), Exemptions: c.Exemptions}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := guardrail.Load(controls.Guardrails()); err != nil {
			b.Fatal(err)
		}
	}
}

func TestEveryProofHolds(t *testing.T) {
	c, values := catalogue(t), guardrail.ExampleValues()
	cases := 0
	for i := range c.Guardrails {
		g := &c.Guardrails[i]
		t.Run(g.ID, func(t *testing.T) {
			failures, err := c.Prove(g, values)
			require.NoError(t, err)
			for _, f := range failures {
				t.Error(f)
			}
			for _, r := range append(append([]guardrail.Request{}, g.Proof.Denies...), g.Proof.Allows...) {
				cases += len(c.Cases(r))
			}
		})
	}
	t.Logf("%d guardrails, %d requests", len(c.Guardrails), cases)
}

func TestEveryActionAndConditionKeyExists(t *testing.T) {
	for _, p := range catalogue(t).Lint() {
		t.Error(p)
	}
}

func TestEveryMutationFailsAProof(t *testing.T) {
	c, values := catalogue(t), guardrail.ExampleValues()
	all, equivalent, alive := 0, 0, 0
	for i := range c.Guardrails {
		g := &c.Guardrails[i]
		if g.Type != guardrail.TypeSCP && g.Type != guardrail.TypeRCP {
			continue
		}
		t.Run(g.ID, func(t *testing.T) {
			survivors, n, err := c.Survivors(g, values)
			require.NoError(t, err)
			for _, m := range survivors {
				t.Errorf("no proof notices: %s", m.Mutation)
			}
			all += n
			equivalent += len(g.Proof.Equivalent)
			alive += len(survivors)
		})
	}
	require.NotZero(t, all)
	t.Logf("mutation score: %d of %d mutants fail a proof, %d are declared equivalent (%.1f %%)",
		all-equivalent-alive, all, equivalent, 100*float64(equivalent)/float64(all))
	assert.LessOrEqual(t, equivalent*100, all*3, "at most 3 % of the mutants may be declared equivalent")
}

func TestEveryStatementHasAtLeastTwoDenialsAndTwoPermissions(t *testing.T) {
	c := catalogue(t)
	for i := range c.Guardrails {
		g := c.Guardrails[i]
		var allows int
		for _, r := range g.Proof.Allows {
			allows += len(c.Cases(r))
		}
		for j, s := range g.Statements {
			alone := g
			alone.Statements = g.Statements[j : j+1]
			judge, err := c.Judge(&alone, guardrail.ExampleValues())
			require.NoError(t, err)
			denies := 0
			for _, r := range g.Proof.Denies {
				for _, k := range c.Cases(r) {
					denied, err := judge(k.Request)
					require.NoError(t, err)
					if denied {
						denies++
					}
				}
			}
			assert.GreaterOrEqual(t, denies, 2, "%s: statement %s", g.ID, s.Sid)
			assert.GreaterOrEqual(t, allows, 2, "%s: statement %s", g.ID, s.Sid)
		}
	}
}
