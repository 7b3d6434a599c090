package cost_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/cost"
)

func TestAUsageFileSaysWhatDiffers(t *testing.T) {
	z := resolve(t, everything)
	u, problems := cost.ReadUsage(z, cost.Input{File: "usage.yaml", Data: []byte(`
# What we measured in October.
size: busy
activeRegions: [eu-central-1, us-east-1]
active: {managementEvents: 800000, rolesAndUsers: 2.5e2}
quiet:
  securityChecks: 2000
organization: {queriedGB: 200}
accounts:
  orders:
    size: small
    activeRegions: all
    active: {buckets: 40}
  stock:
    active: {buckets: 50}
month: 24
freeTier: true
`)})
	require.Empty(t, problems)
	assert.Equal(t, cost.Busy, u.Size)
	assert.Equal(t, []string{"eu-central-1", "us-east-1"}, u.ActiveRegions)
	busy, small := cost.Default(cost.Busy).Active, cost.Default(cost.Small).Active
	assert.Equal(t, 800_000.0, u.Active[cost.ManagementEvents])
	assert.Equal(t, 250.0, u.Active[cost.RolesAndUsers])
	assert.Equal(t, busy[cost.ConfigItems], u.Active[cost.ConfigItems], "what is not named stays")
	assert.Equal(t, 2_000.0, u.Quiet[cost.SecurityChecks])
	assert.Equal(t, 200.0, u.Active[cost.QueriedGB])
	orders, stock := u.Accounts["orders"], u.Accounts["stock"]
	assert.True(t, orders.AllRegions)
	assert.Equal(t, 40.0, orders.Active[cost.Buckets])
	assert.Equal(t, small[cost.ManagementEvents], orders.Active[cost.ManagementEvents], "an account with a size begins with it")
	assert.Equal(t, u.ActiveRegions, stock.ActiveRegions)
	assert.Equal(t, 50.0, stock.Active[cost.Buckets])
	assert.Equal(t, busy[cost.Buckets], u.Active[cost.Buckets], "an account's own words are its own")
	assert.Equal(t, 800_000.0, stock.Active[cost.ManagementEvents], "one without begins with what holds for all")
	assert.Equal(t, 24, u.Month)
	assert.True(t, u.FreeTier)
}

func TestSetAndSizeWinOverTheFile(t *testing.T) {
	z := resolve(t, everything)
	u, problems := cost.ReadUsage(z, cost.Input{
		Size: cost.Small, File: "usage.yaml", Data: []byte("size: busy\nactive: {buckets: 7}\nactiveRegions: all\n"),
		Set: []string{"active.buckets=8", "activeRegions=us-east-1,eu-central-1", "accounts.orders.active.buckets=9", "accounts.orders.size=idle", "month=3"},
	})
	require.Empty(t, problems)
	assert.Equal(t, cost.Small, u.Size)
	assert.Equal(t, 8.0, u.Active[cost.Buckets])
	assert.False(t, u.AllRegions)
	assert.Equal(t, []string{"us-east-1", "eu-central-1"}, u.ActiveRegions)
	assert.Equal(t, 9.0, u.Accounts["orders"].Active[cost.Buckets])
	assert.Zero(t, u.Accounts["orders"].Active[cost.Instances])
	assert.Equal(t, 3, u.Month)
}

func TestWithoutWordsTheUsageIsTheDefault(t *testing.T) {
	z := resolve(t, oneAccount)
	for name, in := range map[string]cost.Input{"nothing": {}, "an empty file": {Data: []byte{}}, "comments only": {Data: []byte("# nothing yet\n")}} {
		t.Run(name, func(t *testing.T) {
			u, problems := cost.ReadUsage(z, in)
			require.Empty(t, problems)
			assert.Equal(t, cost.Default(cost.Small), u)
		})
	}
}

func TestProblemsOfAUsageSayWhereAndWhatIsAllowed(t *testing.T) {
	z := resolve(t, everything)
	for name, c := range map[string]struct {
		file string
		set  []string
		want []string
	}{
		"all at once, in the order of lines": {"sise: busy\nactive:\n  managmentEvents: 5\n  buckets: many\nmonth: 0\n", nil, []string{
			`usage.yaml:1:7: sise: there is no key "sise" here; did you mean "size"?; allowed: size, activeRegions, active, quiet, organization, accounts, month, freeTier`,
			`usage.yaml:3:20: active.managmentEvents: there is no key "managmentEvents" here; did you mean "managementEvents"?`,
			`usage.yaml:4:12: active.buckets: buckets must be a number from 0 to 100000; got "many"`,
			`usage.yaml:5:8: month: it must be the number of a month of the zone's life, from 1 to 120; got "0"`,
		}},
		"a size":                         {"size: samll\n", nil, []string{`usage.yaml:1:7: size: there is no such size; got "samll"; did you mean "small"?; allowed: idle, small, busy`}},
		"an account":                     {"accounts:\n  order: {size: idle}\n", nil, []string{`the zone's file has no workload account "order"; did you mean "orders"?; allowed: old, orders, stock`}},
		"a size of an account":           {"accounts: {orders: {size: big}}\n", nil, []string{`accounts.orders.size: there is no such size; got "big"`}},
		"a Region that is not governed":  {"activeRegions: [us-east-1, us-east-2]\n", nil, []string{`activeRegions: the zone does not govern this Region, so its workloads cannot work there; got "us-east-2"`}},
		"a word for Regions":             {"activeRegions: every\n", nil, []string{`it must be a list of governed Regions, or the word all; got "every"`}},
		"a negative number":              {"active: {buckets: -1}\n", nil, []string{`buckets must be a number from 0 to 100000; got "-1"`}},
		"a number without end":           {"active: {buckets: .inf}\n", nil, []string{`buckets must be a number from 0 to 100000`}},
		"a share above one":              {"active: {ruleShare: 2}\n", nil, []string{`ruleShare must be a number from 0 to 1; got "2"`}},
		"a quantity of the organization": {"active: {queriedGB: 2}\n", nil, []string{`there is no key "queriedGB" here`}},
		"a list in place of a number":    {"active: {buckets: [1]}\n", nil, []string{`active.buckets: it must be one value, not a list`}},
		"a mapping in place of a number": {"active: {buckets: {a: 1}}\n", nil, []string{`nothing can stand below active.buckets`}},
		"a number in place of a mapping": {"active: 5\n", nil, []string{`it must be a mapping of quantities, such as managementEvents; got "5"`}},
		"accounts that are a list":       {"accounts: [orders]\n", nil, []string{`accounts: it must be a mapping of account names`}},
		"an account without words":       {"accounts: {orders: idle}\n", nil, []string{`it must be a mapping of account names, each with size, activeRegions or active; got "idle"`}},
		"a key without value":            {"size:\n", nil, []string{`size: nothing stands after the colon`}},
		"an alias":                       {"active: &a {buckets: 1}\nquiet: *a\n", nil, []string{`usage.yaml:1:9: active: anchors, aliases and YAML tags are not read here`, `usage.yaml:2:8: quiet: anchors`}},
		"no mapping":                     {"busy\n", nil, []string{"usage.yaml:1:1: the file must be a mapping such as `size: busy`"}},
		"no YAML":                        {"size: [busy\n", nil, []string{"usage.yaml:1:7: this is no YAML: "}},
		"a key twice":                    {"size: busy\nsize: idle\n", nil, []string{"usage.yaml:2:1: this is no YAML: mapping key \"size\" already defined"}},
		"two documents":                  {"size: busy\n---\nsize: idle\n", nil, []string{"the file has 2 YAML documents; it must have one"}},
		"freeTier":                       {"freeTier: yes\n", nil, []string{`freeTier: it must be true or false; got "yes"; allowed: true, false`}},
		"--set without a value":          {"", []string{"active.buckets"}, []string{"--set active.buckets: it must be a path and a value, as in --set active.managementEvents=2000000"}},
		"--set with a wrong key":         {"", []string{"active.bucket=3"}, []string{`--set active.bucket=3: active.bucket: there is no key "bucket" here; did you mean "buckets"?`}},
		"--set of a strange account":     {"", []string{"accounts.a.b.size=idle"}, []string{`the zone's file has no workload account "a.b"`}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := cost.ReadUsage(z, cost.Input{File: "usage.yaml", Data: []byte(c.file), Set: c.set})
			require.NotEmpty(t, problems)
			lines := strings.Split(problems.Error(), "\n")
			require.Len(t, lines, len(c.want), "%s", problems.Error())
			for i, want := range c.want {
				assert.Contains(t, lines[i], want)
			}
		})
	}
}

func FuzzReadUsageNeverPanicsAndAlwaysAnswers(f *testing.F) {
	f.Add("size: busy\nactive: {managementEvents: 5}\n", "month=3")
	f.Add("accounts: {orders: {activeRegions: [us-east-1]}}", "accounts.orders.active.buckets=1")
	f.Add("quiet: &a {buckets: 1}\nactive: *a\n? [x]\n: y", "=")
	f.Add("- !!int 5\n- |\n  text", "activeRegions=,")
	z, b := resolve(f, everything), basis(f)
	f.Fuzz(func(t *testing.T, file, set string) {
		u, problems := cost.ReadUsage(z, cost.Input{File: "usage.yaml", Data: []byte(file), Set: []string{set}})
		if len(problems) > 0 {
			return
		}
		e := cost.For(z, b, u)
		sums(t, e)
		require.GreaterOrEqual(t, e.Monthly, cost.USD(0))
	})
}

func TestATableOfPricesIsReadStrictly(t *testing.T) {
	good, err := os.ReadFile("prices.yaml")
	require.NoError(t, err)
	for name, c := range map[string]struct{ old, new, want string }{
		"an unknown key":              {"    per: 1000000\n", "    pro: 1000000\n", `unknown field "pro"`},
		"a price without a date":      {`    date: "2026-06-13"` + "\n", "", `price "guardduty-management-events": date is ""`},
		"a date that is none":         {"2026-06-13", "June", `date is "June"; it must be a day such as 2026-06-13`},
		"a price without a source":    {"    source: https://aws.amazon.com/kms/pricing/\n", "", `price "kms-keys": what, unit, lower and source must not be empty`},
		"another confidence":          {"confidence: quoted", "confidence: sure", `confidence is "sure"; allowed are stated, quoted and unchecked`},
		"a negative price":            {"usd: 0.80", "usd: -0.80", `price "guardduty-s3-events": usd must be an amount, or tiers`},
		"tiers without an end":        {"{usd: 0.15}]", "{upTo: 99999, usd: 0.15}]", `price "guardduty-flow-and-dns-logs": usd must be`},
		"tiers in another order":      {"{upTo: 500, usd: 1.00}, {upTo: 2500,", "{upTo: 5000, usd: 1.00}, {upTo: 2500,", `price "guardduty-flow-and-dns-logs": usd must be`},
		"a price that nothing has":    {"id: kms-keys", "id: kms-kyes", `price "kms-kyes": nothing in the estimate has this price`},
		"a price that is missing":     {"id: kms-keys", "id: kms-kyes", `price "kms-keys" is missing`},
		"a service that is not there": {"service: kms", "service: kmz", `service is "kmz", which is not under services`},
		"the same price twice":        {"id: sns-mails", "id: kms-keys", `price "kms-keys": each price needs an id of its own`},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, string(good), c.old)
			_, err := cost.LoadPrices("mine.yaml", []byte(strings.Replace(string(good), c.old, c.new, 1)))
			require.Error(t, err)
			assert.Contains(t, err.Error(), "mine.yaml")
			assert.Contains(t, err.Error(), c.want)
		})
	}
}

func TestTheDocumentationListsEveryQuantityAndItsAssumptions(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "cost.md")
	doc, err := os.ReadFile(path)
	require.NoError(t, err)
	const begin, end = "<!-- quantities -->\n", "<!-- end of quantities -->"
	before, rest, found := strings.Cut(string(doc), begin)
	require.True(t, found)
	_, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := before + begin + cost.QuantityTable() + end + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
		return
	}
	assert.Equal(t, want, string(doc), "renew it with -update")
}
