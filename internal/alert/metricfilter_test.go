package alert_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
)

func metricFilters(t testing.TB) []alert.MetricFilter {
	t.Helper()
	filters, err := alert.MetricFilters(controls.MetricFilters())
	require.NoError(t, err)
	return filters
}

func TestThePackCoversEveryMonitoringItemOfTheBenchmark(t *testing.T) {
	var items []string
	for _, f := range metricFilters(t) {
		items = append(items, f.Frameworks["CIS 7.0.0"]...)
		assert.Regexp(t, `^[A-Z][A-Za-z]+$`, f.Metric())
	}
	slices.Sort(items)
	assert.Equal(t, []string{"5.1", "5.10", "5.11", "5.12", "5.13", "5.14", "5.15", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7", "5.8", "5.9"}, items)
}

// Scanners recognize a filter by the order of its words.
func TestTheWordsOfAFilterStandInTheBenchmarksOrder(t *testing.T) {
	patterns := map[string]string{}
	for _, f := range metricFilters(t) {
		patterns[f.ID] = f.Pattern
	}
	for id, order := range map[string]string{
		"unauthorized-calls":  `errorCode\s*=\s*.?\*UnauthorizedOperation.+errorCode\s*=\s*.?AccessDenied\*`,
		"sign-in-without-mfa": `eventName\s*=\s*.?ConsoleLogin.+MFAUsed\s*!=\s*.?Yes`,
		"root-usage":          `userIdentity\.type\s*=\s*.?Root.+invokedBy NOT EXISTS.+eventType\s*!=\s*.?AwsServiceEvent`,
		"sign-in-failures":    `eventName\s*=\s*.?ConsoleLogin.+errorMessage\s*=\s*.?Failed authentication`,
		"kms-key-deletions":   `eventSource\s*=\s*.?kms.amazonaws.com.+DisableKey.+ScheduleKeyDeletion`,
		"route-table-changes": `CreateRoute\b.+CreateRouteTable\b.+ReplaceRoute\b.+ReplaceRouteTableAssociation\b.+DeleteRouteTable\b.+DeleteRoute\b.+DisassociateRouteTable\b`,
	} {
		assert.Regexp(t, regexp.MustCompile(order), patterns[id], id)
	}
}
