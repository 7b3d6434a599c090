package alert_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/landfall-aws/landfall/internal/alert"
)

func TestEveryProofHolds(t *testing.T) {
	for _, a := range catalogue(t).Alerts {
		t.Run(a.ID, func(t *testing.T) {
			for _, p := range a.Prove() {
				t.Errorf("%s", p)
			}
			assert.GreaterOrEqual(t, written(a.Proof.Raises), 2, "raising events in the file")
			assert.GreaterOrEqual(t, written(a.Proof.Ignores), 3, "ignored events in the file")
		})
	}
}

// written counts the cases that are in the file itself.
func written(cases []alert.Case) int {
	n := 0
	for _, c := range cases {
		if !c.Derived {
			n++
		}
	}
	return n
}

func TestEveryChangeOfAPatternMakesAProofFail(t *testing.T) {
	all, survived, equivalent := 0, 0, 0
	for _, a := range catalogue(t).Alerts {
		survivors, n := a.Survivors()
		all += n
		used := map[string]bool{}
		for _, s := range survivors {
			if s.Reason == "" {
				survived++
				t.Errorf("%s: no event notices: %s\n  %s", a.File, s.Key, s.Mutant.Pattern)
				continue
			}
			equivalent++
			used[s.Reason] = true
			t.Logf("%s: equivalent: %s: %s", a.File, s.Key, s.Reason)
		}
		for key, reason := range a.Proof.Equivalents {
			assert.True(t, used[reason], "%s: equivalents names %q, which a proof does notice", a.File, key)
		}
	}
	t.Logf("mutation score: %d of %d changes noticed, %d equivalent, %d unnoticed", all-survived-equivalent, all, equivalent, survived)
}
