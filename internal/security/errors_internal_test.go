package security

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

func TestOutcomesOfSeveralRegionsBecomeOne(t *testing.T) {
	unlimited := &Pending{Reason: "being made"}
	long := &Pending{Reason: "long", Grace: time.Hour, Otherwise: &Failure{What: "long failed"}}
	short := &Pending{Reason: "short", Grace: time.Minute, Otherwise: &Failure{What: "short failed"}}
	refused := &Failure{What: "refused", Why: "no right."}

	assert.NoError(t, combine(nil))
	assert.NoError(t, combine([]regionOutcome{{"a", nil}, {"b", nil}}))

	var pending *Pending
	err := combine([]regionOutcome{{"b", unlimited}, {"a", long}, {"c", short}, {"d", nil}})
	assert.ErrorAs(t, err, &pending)
	assert.Equal(t, time.Minute, pending.Grace, "whichever wait ends first decides")
	assert.Equal(t, "short failed", pending.Otherwise.What)
	assert.Equal(t, "short (3 Regions wait: a, b, c)", pending.Reason)
	assert.Equal(t, "short", short.Reason, "outcomes are not changed")

	err = combine([]regionOutcome{{"a", long}, {"c", refused}, {"b", refused}})
	var failure *Failure
	assert.ErrorAs(t, err, &failure, "a failure comes before what is pending")
	assert.Equal(t, "no right; it also failed in b", failure.Why)
	assert.Equal(t, "no right.", refused.Why)

	plain := errors.New("plain")
	assert.Equal(t, plain, combine([]regionOutcome{{"a", plain}}))
}

func TestALinkingKeepsTheRegionsThatItHas(t *testing.T) {
	before := linking{allRegionsExcept, []string{"a", "b"}}
	assert.Equal(t, linking{allRegionsExcept, []string{"b"}}, before.including([]string{"a", "c"}))
	assert.Equal(t, []string{"a", "b"}, before.regions)
	assert.Equal(t, linking{mode: noRegions}, linking{}.including(nil))
}

// covers tells whether an aggregator with the linking collects from a Region.
func (l linking) covers(region string) bool {
	switch l.mode {
	case allRegions:
		return true
	case allRegionsExcept:
		return !slices.Contains(l.regions, region)
	}
	return slices.Contains(l.regions, region)
}

func TestALinkingOfAnyKindCoversWhatItDidAndWhatIsWished(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		regions := []string{"a", "b", "c", "d"}
		before := linking{mode: rapid.SampledFrom([]string{"", allRegions, allRegionsExcept, specifiedRegions, noRegions}).Draw(t, "mode")}
		if before.mode == allRegionsExcept || before.mode == specifiedRegions {
			before.regions = slices.Sorted(slices.Values(rapid.SliceOfNDistinct(rapid.SampledFrom(regions), 1, 4, rapid.ID).Draw(t, "regions")))
		}
		wished := rapid.SliceOfDistinct(rapid.SampledFrom(regions), rapid.ID).Draw(t, "wished")
		after := before.including(wished)
		for _, region := range regions {
			if wanted := before.covers(region) || slices.Contains(wished, region); wanted != after.covers(region) {
				t.Fatalf("%v with %v is %v, which covers %s: %t", before, wished, after, region, !wanted)
			}
		}
		if !after.including(wished).equal(after) {
			t.Fatalf("%v changes again", after)
		}
		if needs := after.mode == allRegionsExcept || after.mode == specifiedRegions; needs != (len(after.regions) > 0) {
			t.Fatalf("%v is not accepted by the API", after)
		}
	})
}

func TestStandardsAreNamedByTheirARN(t *testing.T) {
	w := SecurityHub{Zone: Zone{HomeRegion: "cn-north-1"}}
	assert.Equal(t, "arn:aws-cn:securityhub:cn-north-1::standards/a/v/1.0.0", w.standardARN("a/v/1.0.0"))
	assert.Equal(t, "arn:aws-cn:securityhub:cn-north-1::standards/a/v/1.0.0", w.standardARN("standards/a/v/1.0.0"))
	assert.Equal(t, "arn:aws-cn:securityhub:::ruleset/b/v/1.2.0", w.standardARN("ruleset/b/v/1.2.0"))
	assert.Equal(t, "arn:aws:securityhub:x::standards/c", w.standardARN("arn:aws:securityhub:x::standards/c"))
}
