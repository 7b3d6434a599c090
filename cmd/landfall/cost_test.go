package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// costAnswer is what the tests read of the command's JSON.
type costAnswer struct {
	File     string
	OK       bool
	Estimate struct {
		Size                string
		FirstMonth, Monthly float64
		Services            []struct {
			Name    string
			Monthly float64
		}
		Accounts []struct {
			Name, Kind string
			Monthly    float64
			Lines      []struct{ Price string }
		}
		Assumptions []struct {
			Key    string
			Active float64
		}
	}
	Problems []struct {
		File, Path, Message string
		Line                int
	}
}

// costJSON runs the command with --json.
func costJSON(t *testing.T, args ...string) (int, costAnswer) {
	t.Helper()
	code, stdout, stderr := execute(t, append([]string{"cost", "--json", "--config", defaultFile}, args...)...)
	require.Empty(t, stderr)
	var answer costAnswer
	require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
	return code, answer
}

func TestCostListsServicesWithTheirSum(t *testing.T) {
	code, stdout, stderr := execute(t, "cost", "--config", defaultFile)
	assert.Equal(t, exitGood, code)
	assert.Empty(t, stderr)
	for _, want := range []string{
		"an estimate of what zone example adds to the AWS bill",
		"3 workload accounts of size small and 3 other accounts in 2 governed Regions, month 12\nlist prices of 2026-",
		"  AWS Security Hub CSPM ", "  Amazon GuardDuty ", "  AWS KMS ", "  Total ",
		"One more workload account adds $",
		"services.securityHub.disabledControls: disable controls",
		"in us-west-2, is by the prices of us-east-1",
		"  managementEvents       500,000  50,000  management events",
		"\nFree\n", "\nNot in the estimate\n  what your workloads cost: ", "  taxes, support plans, discounts and credits: ", "  data transfer: ",
	} {
		assert.Contains(t, stdout, want)
	}
	_, again, _ := execute(t, "cost", "--config", defaultFile)
	assert.Equal(t, stdout, again)
	// The order is that of the sum.
	assert.Less(t, strings.Index(stdout, "AWS Security Hub CSPM"), strings.Index(stdout, "Amazon GuardDuty"))
	assert.Less(t, strings.Index(stdout, "Amazon GuardDuty"), strings.Index(stdout, "AWS KMS"))
}

func TestCostListsAccounts(t *testing.T) {
	_, stdout, _ := execute(t, "cost", "--config", defaultFile, "--by", "account")
	at := -1
	for _, want := range []string{"management (root) ", "log-archive (Security) ", "audit (Security) ", "orders-dev (Workloads/NonProd) ", "orders-prod (Workloads/Prod) ", "shared-network (Infrastructure) ", "  Total "} {
		next := strings.Index(stdout, want)
		assert.Greater(t, next, at, want)
		at = next
	}
}

func TestCostAsJSONHasEveryLineOfEveryAccount(t *testing.T) {
	code, answer := costJSON(t)
	assert.Equal(t, exitGood, code)
	assert.True(t, answer.OK)
	assert.Equal(t, defaultFile, answer.File)
	require.Len(t, answer.Estimate.Accounts, 6)
	sum := 0.0
	for _, a := range answer.Estimate.Accounts {
		sum += a.Monthly
		assert.NotEmpty(t, a.Lines, a.Name)
	}
	assert.InDelta(t, answer.Estimate.Monthly, sum, 1e-6)
	assert.Less(t, answer.Estimate.FirstMonth, answer.Estimate.Monthly)
}

func TestUsageOfAFileAndOfFlagsChangesTheEstimate(t *testing.T) {
	_, small := costJSON(t)
	_, idle := costJSON(t, "--size", "idle")
	_, set := costJSON(t, "--set", "active.managementEvents=1000000")
	usage := filepath.Join(t.TempDir(), "usage.yaml")
	require.NoError(t, os.WriteFile(usage, []byte("size: busy\naccounts: {orders-dev: {size: idle}}\n"), 0o600))
	_, file := costJSON(t, "--usage", usage)
	_, both := costJSON(t, "--usage", usage, "--size", "small")

	assert.Less(t, idle.Estimate.Monthly, small.Estimate.Monthly)
	assert.Greater(t, set.Estimate.Monthly, small.Estimate.Monthly)
	assert.Equal(t, "busy", file.Estimate.Size)
	assert.Less(t, file.Estimate.Accounts[3].Monthly, file.Estimate.Accounts[4].Monthly, "orders-dev is idle, orders-prod busy")
	assert.Equal(t, "small", both.Estimate.Size)
	assert.Less(t, both.Estimate.Monthly, file.Estimate.Monthly)
}

func TestPricesOfOnesOwnReplaceTheTable(t *testing.T) {
	table, err := os.ReadFile("../../internal/cost/prices.yaml")
	require.NoError(t, err)
	mine := filepath.Join(t.TempDir(), "prices.yaml")
	// Keys at twice the price.
	require.NoError(t, os.WriteFile(mine, []byte(strings.Replace(string(table), "usd: 1.00\n    everywhere", "usd: 2.00\n    everywhere", 1)), 0o600))
	_, listed := costJSON(t)
	_, own := costJSON(t, "--prices", mine)
	assert.InDelta(t, 3, own.Estimate.Monthly-listed.Estimate.Monthly, 1e-6)

	require.NoError(t, os.WriteFile(mine, []byte("prices: [{id: x}]\n"), 0o600))
	code, _, stderr := execute(t, "cost", "--config", defaultFile, "--prices", mine)
	assert.Equal(t, exitInput, code)
	assert.Contains(t, stderr, mine+`: price "x": date is ""`)
}

func TestBadInputOfCostIsSaid(t *testing.T) {
	wrong := zoneFile(t, t.TempDir(), "zone.yaml", "ou: Workloads/NonProd", "ou: Workloads/NonPord")
	usage := filepath.Join(t.TempDir(), "usage.yaml")
	require.NoError(t, os.WriteFile(usage, []byte("size: busy\nactive:\n  bucket: 5\n"), 0o600))
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"of the zone's file":  {[]string{"--config", wrong}, []string{"zone.yaml:", "accounts[2].ou: ", "Workloads/NonPord", "\n1 problem"}},
		"of the usage file":   {[]string{"--config", defaultFile, "--usage", usage}, []string{usage + `:3:11: active.bucket: there is no key "bucket" here; did you mean "buckets"?`, "\n1 problem"}},
		"of a flag's value":   {[]string{"--config", defaultFile, "--set", "month=soon"}, []string{`--set month=soon: month: it must be the number of a month`, "\n1 problem"}},
		"a file that is away": {[]string{"--config", defaultFile, "--usage", "none.yaml"}, []string{"reading the usage file: open none.yaml"}},
		"a size":              {[]string{"--config", defaultFile, "--size", "big"}, []string{`--size is "big"; allowed are [idle small busy]`}},
		"a grouping":          {[]string{"--config", defaultFile, "--by", "region"}, []string{`--by is "region"; allowed are service and account`}},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"cost"}, c.args...)...)
			assert.Equal(t, exitInput, code)
			assert.Empty(t, stdout)
			for _, want := range c.want {
				assert.Contains(t, stderr, want)
			}
		})
	}
	code, answer := costJSON(t, "--usage", usage)
	assert.Equal(t, exitInput, code)
	assert.False(t, answer.OK)
	require.Len(t, answer.Problems, 1)
	assert.Equal(t, 3, answer.Problems[0].Line)
}

func TestAZoneWithoutWorkloadsHasAnEstimate(t *testing.T) {
	data, err := os.ReadFile(defaultFile)
	require.NoError(t, err)
	head, _, found := strings.Cut(string(data), "\naccounts:\n")
	require.True(t, found)
	path := filepath.Join(t.TempDir(), "zone.yaml")
	require.NoError(t, os.WriteFile(path, []byte(head+"\naccounts: []\n"), 0o600))
	code, stdout, _ := execute(t, "cost", "--config", path)
	assert.Equal(t, exitGood, code)
	assert.Contains(t, stdout, "0 workload accounts")
	assert.Regexp(t, `Total +\$\d+\.\d\d +- +\$\d+\.\d\d +\$\d+\.\d\d`, stdout)
}

func TestTheReadmeSaysWhatTheCommandSays(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	said := regexp.MustCompile(`about \$([0-9,]+) a month with (idle|small|busy)`).FindAllStringSubmatch(string(readme), -1)
	require.Len(t, said, 3)
	for _, s := range said {
		want, err := strconv.ParseFloat(strings.ReplaceAll(s[1], ",", ""), 64)
		require.NoError(t, err)
		_, answer := costJSON(t, "--size", s[2])
		assert.InEpsilon(t, want, answer.Estimate.Monthly, 0.05, s[2])
	}
}
