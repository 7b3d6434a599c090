package cost_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/cost"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/zone"
)

var update = flag.Bool("update", false, "write golden files anew")

// basis has the built-in prices and a catalogue of its own, so that numbers do not move with the catalogue: eight
// regional and two global rules, and five metric filters of which one is off.
func basis(t require.TestingT) cost.Basis {
	prices, err := cost.BuiltIn()
	require.NoError(t, err)
	b := cost.Basis{Prices: prices}
	for i := range 10 {
		where := detective.Regional
		if i >= 8 {
			where = detective.Global
		}
		b.Rules = append(b.Rules, detective.Rule{ID: fmt.Sprint("rule-", i), Where: where})
	}
	for _, tier := range []alert.Tier{alert.Page, alert.Notify, alert.Digest, alert.Digest, alert.Off} {
		b.Filters = append(b.Filters, alert.MetricFilter{Tier: tier})
	}
	return b
}

func resolve(t require.TestingT, content string) *zone.Zone {
	c, problems := config.Parse("zone.yaml", []byte(content))
	require.NoError(t, problems.Err())
	return zone.Resolve(c)
}

const oneAccount = `
zone: example
regions: {home: us-east-1, governed: [us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [a@example.com]}
accounts: [{name: orders, ou: Sandbox}]
`

// everything turns on all that can cost.
const everything = `
zone: example
regions: {home: eu-central-1, governed: [eu-central-1, ap-northeast-1, us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [a@example.com, b@example.com], pageRecipients: [c@example.com]}
accounts: [{name: orders, ou: Sandbox}, {name: old, ou: Sandbox, state: suspended}, {name: stock, ou: Workloads/Prod}]
trail: {queries: true, dataEvents: {s3: all, lambda: all, dynamodb: all}}
services:
  guardDuty: {plans: {s3: true, eks: true, malware: true, rds: true, lambda: true, runtime: true}}
  securityHub: {cis: true}
  accessAnalyzer: {unusedAccess: true}
  inspector: {enabled: true, scan: [ec2, ecr, lambda, lambdaCode]}
  macie: {enabled: true}
  detective: {enabled: true}
`

// usd is an amount in dollars.
func usd(dollars float64) cost.USD { return cost.USD(dollars*1e6 + 0.5) }

func service(t *testing.T, e cost.Estimate, id string) cost.ServiceCost {
	t.Helper()
	i := slices.IndexFunc(e.Services, func(s cost.ServiceCost) bool { return s.ID == id })
	require.GreaterOrEqual(t, i, 0, "%s is in the estimate", id)
	return e.Services[i]
}

func driver(t *testing.T, e cost.Estimate, price string) cost.Driver {
	t.Helper()
	i := slices.IndexFunc(e.Drivers, func(d cost.Driver) bool { return d.Price == price })
	require.GreaterOrEqual(t, i, 0, "%s is in the estimate", price)
	return e.Drivers[i]
}

func TestASmallAccountInOneRegionIsAddedUpByHand(t *testing.T) {
	e := cost.For(resolve(t, oneAccount), basis(t), cost.Default(cost.Small))

	// Checks: 15,000 of orders and 3,000 of each of the three other accounts, at $0.001. Findings stay in the free 10,000.
	hub := service(t, e, "securityHub")
	assert.Equal(t, usd(24), hub.Monthly)
	assert.Equal(t, usd(15), hub.EachWorkload)
	assert.Equal(t, usd(9), hub.Others)
	assert.Equal(t, usd(0), hub.FirstMonth, "the trial is free")

	// orders: 3,000 items at $0.003 and 3,000 x 10 rules x 0.15 evaluations at $0.001: 9 + 4.5.
	// Each other: 200 items and 300 evaluations: 0.6 + 0.3.
	c := service(t, e, "config")
	assert.Equal(t, usd(13.5+3*0.9), c.Monthly)
	// First month: 300 and 60 resources more: 3,300 x (0.003 + 1.5 x 0.001) + 3 x 260 x (0.003 + 1.5 x 0.001).
	assert.Equal(t, usd(14.85+3.51), c.FirstMonth)

	// orders: half a million events at $4 and 5 GB at $1; each other 50,000 events and 0.1 GB.
	assert.Equal(t, usd(7+3*0.3), service(t, e, "guardDuty").Monthly)

	// Alarms: one in each of four accounts, four filters, one for undelivered alerts and one heartbeat in each of
	// us-east-1, us-east-2, eu-north-1 and ap-southeast-2: 13 at $0.10.
	assert.Equal(t, usd(1.3), driver(t, e, "cloudwatch-alarms").Monthly)
	// Metrics: four filters in 0.3 of the hours at $0.30.
	assert.Equal(t, usd(0.36), driver(t, e, "cloudwatch-metrics").Monthly)
	// Logs: 650,000 events of 1,500 bytes are 0.975 GB, at $0.50; 12 months of it, 0.15 after compression, at $0.03.
	assert.Equal(t, usd(0.4875), driver(t, e, "logs-ingestion").Monthly)
	assert.Equal(t, usd(0.05265), driver(t, e, "logs-storage").Monthly)

	// Files: 8,760 + 3 x 5,000 of the trail, and 730 digests and 150 files of AWS Config in each of four accounts.
	assert.Equal(t, usd(27_280*0.005/1000), driver(t, e, "s3-puts").Monthly)
	// 650,000 events of 300 bytes, 12 months at $0.023: the files are too small to be archived.
	assert.Equal(t, usd(0.195*12*0.023), driver(t, e, "s3-standard").Monthly)

	assert.Equal(t, usd(3), service(t, e, "kms").Monthly)
	// 1,000 events of orders, 50 of each other, and 4,380 heartbeats of each of four Regions.
	assert.Equal(t, usd(18_670*1e-6), service(t, e, "eventBridge").Monthly)
	// 16 alerts to one address.
	assert.Equal(t, usd(0.00032), service(t, e, "sns").Monthly)

	assert.Equal(t, usd(24+16.2+7.9+1.3+0.36+0.4875+0.05265+0.1364+0.05382+3+0.01867+0.00032), e.Monthly)
	assert.Equal(t, "$53.51", e.Monthly.String())
}

func TestTiersTrialsAndRegionPricesAreAddedUpByHand(t *testing.T) {
	z := resolve(t, everything)
	u, problems := cost.ReadUsage(z, cost.Input{Size: cost.Busy, Set: []string{
		"activeRegions=ap-northeast-1",
		"active.securityChecks=600000", "active.flowAndDNSLogGB=3000", "active.runtimeVCPUs=600", "active.findings=15000",
	}})
	require.Empty(t, problems)
	e := cost.For(z, basis(t), u)

	// orders and stock work in ap-northeast-1. All six accounts (three shared, one suspended) are quiet in the two other
	// Regions and four of them in ap-northeast-1: 6 x 2 + 4 = 16 quiet places.
	// Checks: 610,000 with CIS are 100,000 x 0.001 + 400,000 x 0.0008 + 110,000 x 0.0005 = 475; quiet: 3,300 x 0.001.
	assert.Equal(t, usd(2*475+16*3.3), driver(t, e, "securityhub-checks").Monthly)
	// Findings: 5,000 above the free 10,000 at $0.00003.
	assert.Equal(t, usd(2*0.15), driver(t, e, "securityhub-findings").Monthly)
	// Events: 5 million at Tokyo's $4.72; quiet: 50,000, four places in Tokyo, six in Frankfurt and six in Virginia at $4.
	assert.Equal(t, usd(2*5*4.72+0.05*(4*4.72+12*4)), driver(t, e, "guardduty-management-events").Monthly)
	// Logs: only us-east-1's tiers are known: 500 x 1 + 2,000 x 0.5 + 500 x 0.25 = 1,625; quiet 0.1 x 1.
	assert.Equal(t, usd(2*1625+16*0.1), driver(t, e, "guardduty-flow-and-dns-logs").Monthly)
	// Runtime: 500 x 1.5 + 100 x 0.75.
	assert.Equal(t, usd(2*825), driver(t, e, "guardduty-runtime").Monthly)
	// Inspector has a trial of half a month: 100 instances at $1.2576 each.
	assert.Equal(t, usd(2*125.76), driver(t, e, "inspector-instances").Monthly)
	assert.Equal(t, usd(125.76), driver(t, e, "inspector-instances").FirstMonth)
	// Data events: 20 million writes and 100 million reads of S3, the same of DynamoDB, 50 million invocations, at $0.10 per 100,000.
	assert.Equal(t, usd(2*290), driver(t, e, "cloudtrail-data-events").Monthly)
	// The log archive and the log group are in Frankfurt. Busy places write 295 million events of 300 bytes, 88.5 GB a month, in
	// 17,520 files of more than 128 KB: 3 months are in Standard, 9 in Glacier; quiet places have 0.015 GB a month in small files.
	assert.Equal(t, usd((2*88.5*3+16*0.015*12)*0.023), driver(t, e, "s3-standard").Monthly)
	assert.Equal(t, usd(2*88.5*9*0.004), driver(t, e, "s3-glacier-instant-retrieval").Monthly)
	assert.Equal(t, usd(2*17_520*0.02/1000), driver(t, e, "s3-transitions").Monthly)
	assert.Equal(t, usd(0), driver(t, e, "s3-transitions").FirstMonth, "nothing is three months old yet")
	// 295 million events of 1,500 bytes are 442.5 GB, at Frankfurt's $0.63; quiet: 0.075 GB.
	assert.Equal(t, usd((2*442.5+16*0.075)*0.63), driver(t, e, "logs-ingestion").Monthly)
	// 300 roles of each workload account and 15 of the four others, at $0.20.
	assert.Equal(t, usd((2*300+4*15)*0.2), driver(t, e, "accessanalyzer-unused-access").Monthly)
	// Detective: 3,000 GB and 5 million events of 1,500 bytes: 1,000 x 2 + 2,007.5 x 1; quiet: 0.1 GB and 0.075 GB at $2.
	assert.Equal(t, usd(2*4007.5+16*0.175*2), driver(t, e, "detective-data").Monthly)
	// 200 alerts of the workloads and 2 of each of the others, to three addresses.
	assert.Equal(t, usd((200+8)*3*0.00002), driver(t, e, "sns-mails").Monthly)
	assert.Equal(t, usd(5), driver(t, e, "athena-queries").Monthly)

	assert.Contains(t, e.AssumedRegions, "eu-central-1")
	assert.NotContains(t, e.AssumedRegions, "us-east-1")
	assert.Positive(t, e.AssumedMonthly)
	assert.Less(t, e.AssumedMonthly, e.Monthly)
}

func TestDailyRecordingCountsDaysAndCostsFourTimesAsMuchEach(t *testing.T) {
	z := resolve(t, oneAccount+"services: {config: {recording: daily}}\n")
	e := cost.For(z, basis(t), cost.Default(cost.Small))
	// Two changes a day become one item: 1,500 and three times 100, at $0.012.
	assert.Equal(t, usd(1_800*0.012), driver(t, e, "config-daily-items").Monthly)
	assert.Equal(t, usd(1_800*1.5*0.001), driver(t, e, "config-rule-evaluations").Monthly)
}

func TestFreeAmountsAreTakenOffOnceForTheOrganization(t *testing.T) {
	z := resolve(t, oneAccount)
	u := cost.Default(cost.Idle)
	require.True(t, u.FreeTier)
	e := cost.For(z, basis(t), u)
	// 13 alarms, ten of them free; 0.2 metrics and 0.3 GB are below what is free.
	assert.InDelta(t, float64(usd(0.3)), float64(driver(t, e, "cloudwatch-alarms").Monthly), 10)
	assert.Zero(t, driver(t, e, "cloudwatch-metrics").Monthly)
	assert.Zero(t, driver(t, e, "logs-ingestion").Monthly)
	u.FreeTier = false
	assert.Equal(t, usd(1.3), driver(t, cost.For(z, basis(t), u), "cloudwatch-alarms").Monthly)
}

func TestTheFirstTwoRotationsOfAKeyCost(t *testing.T) {
	z := resolve(t, oneAccount)
	for month, want := range map[int]float64{1: 3, 12: 3, 13: 6, 25: 9, 60: 9} {
		u := cost.Default(cost.Small)
		u.Month = month
		assert.Equal(t, usd(want), service(t, cost.For(z, basis(t), u), "kms").Monthly, "month %d", month)
	}
}

func TestStoredLogsGrowUntilTheyExpire(t *testing.T) {
	z := resolve(t, oneAccount+"logs: {objectLock: {days: 30}, archiveAfterDays: 0, expireAfterDays: 60}\ntrail: {cloudWatchLogs: {retentionDays: 30}}\n")
	at := func(month int) (archive, group float64) {
		u := cost.Default(cost.Small)
		u.Month = month
		e := cost.For(z, basis(t), u)
		return driver(t, e, "s3-standard").Quantity, driver(t, e, "logs-storage").Quantity
	}
	for month, want := range map[int][2]float64{1: {1, 1}, 2: {2, 1}, 3: {2, 1}, 100: {2, 1}} {
		archive, group := at(month)
		assert.InDelta(t, 0.195*want[0], archive, 1e-9, "month %d", month)
		assert.InDelta(t, 0.975*0.15*want[1], group, 1e-9, "month %d", month)
	}
}

func TestDisabledControlsAreNotChecked(t *testing.T) {
	few := resolve(t, oneAccount+"services: {securityHub: {disabledControls: [{id: EC2.10, reason: not needed here}, {id: EC2.2, reason: not needed here}]}}\n")
	// Two of about 200 controls are a hundredth.
	assert.Equal(t, usd(24*0.99), driver(t, cost.For(few, basis(t), cost.Default(cost.Small)), "securityhub-checks").Monthly)
}

// sums fails when a total is not the sum of its parts.
func sums(t require.TestingT, e cost.Estimate) {
	var services, accounts, lines, drivers cost.Amount
	add := func(to *cost.Amount, a cost.Amount) { to.FirstMonth += a.FirstMonth; to.Monthly += a.Monthly }
	for _, s := range e.Services {
		add(&services, s.Amount)
	}
	for _, a := range e.Accounts {
		add(&accounts, a.Amount)
		for _, l := range a.Lines {
			add(&lines, l.Amount)
		}
	}
	for _, d := range e.Drivers {
		add(&drivers, d.Amount)
	}
	for name, part := range map[string]cost.Amount{"services": services, "accounts": accounts, "lines": lines, "drivers": drivers} {
		require.Equal(t, e.Amount, part, name)
	}
	workloads := cost.USD(0)
	for _, a := range e.Accounts {
		if a.Kind == cost.KindWorkload {
			workloads++
		}
	}
	for _, s := range e.Services {
		require.LessOrEqual(t, s.EachWorkload*workloads+s.Others, s.Monthly, s.ID)
		require.Less(t, s.Monthly-s.EachWorkload*workloads-s.Others, max(workloads, 1), s.ID)
	}
}

// anyConfig draws a configuration of which any part can cost.
func anyConfig(t *rapid.T) *config.LandingZone {
	c := config.Default()
	c.Zone, c.Email = "example", "aws+{account}@example.com"
	all := []string{"us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "eu-west-1", "us-east-2"}
	c.Regions.Governed = rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, len(all), rapid.ID[string]).Draw(t, "governed")
	c.Regions.Home = c.Regions.Governed[0]
	on := func(name string) bool { return rapid.Bool().Draw(t, name) }
	for i := range rapid.IntRange(0, 4).Draw(t, "accounts") {
		a := config.DefaultAccount()
		a.Name, a.OU = fmt.Sprint("account-", i), "Sandbox"
		if on("suspended") {
			a.State = config.StateSuspended
		}
		c.Accounts = append(c.Accounts, a)
	}
	c.Alerts.Recipients = []string{"a@example.com", "b@example.com"}[:rapid.IntRange(1, 2).Draw(t, "recipients")]
	words := rapid.SampledFrom([]string{config.DataEventsNone, config.DataEventsWrite, config.DataEventsAll})
	c.Trail.DataEvents = config.DataEvents{S3: words.Draw(t, "s3"), DynamoDB: words.Draw(t, "dynamodb"), Lambda: rapid.SampledFrom([]string{config.DataEventsNone, config.DataEventsAll}).Draw(t, "lambda")}
	c.Trail.CloudWatchLogs.Enabled, c.Trail.Queries = on("logs"), on("queries")
	c.Logs.ArchiveAfterDays = rapid.SampledFrom([]int{0, 30, 90}).Draw(t, "archive")
	c.Logs.ExpireAfterDays = rapid.SampledFrom([]int{0, 365, 2000}).Draw(t, "expire")
	s := &c.Services
	s.GuardDuty.Enabled, s.SecurityHub.Enabled, s.AccessAnalyzer.Enabled, s.Config.Enabled = on("guardDuty"), on("securityHub"), on("accessAnalyzer"), on("config")
	s.GuardDuty.Plans = config.GuardDutyPlans{S3: on("p1"), EKS: on("p2"), Malware: on("p3"), RDS: on("p4"), Lambda: on("p5"), Runtime: on("p6")}
	s.SecurityHub.CIS, s.AccessAnalyzer.UnusedAccess = on("cis"), on("unused")
	if on("daily") {
		s.Config.Recording = config.RecordDaily
	}
	s.Inspector = config.Inspector{Enabled: on("inspector"), Scan: []string{"ec2", "ecr", "lambda", "lambdaCode"}[:rapid.IntRange(1, 4).Draw(t, "scan")]}
	s.Macie.Enabled, s.Detective.Enabled = on("macie"), on("detective")
	return c
}

func anyUsage(t *rapid.T) cost.Usage {
	u := cost.Default(rapid.SampledFrom(cost.Sizes()).Draw(t, "size"))
	u.AllRegions = rapid.Bool().Draw(t, "all Regions")
	u.FreeTier = rapid.Bool().Draw(t, "free tier")
	u.Month = rapid.IntRange(1, 40).Draw(t, "month")
	return u
}

// clone copies a configuration deeply enough to change its Regions, accounts and services.
func clone(c *config.LandingZone) *config.LandingZone {
	d := *c
	d.Regions.Governed, d.Accounts = slices.Clone(c.Regions.Governed), slices.Clone(c.Accounts)
	return &d
}

func TestTotalsAreTheSumsOfTheirParts(t *testing.T) {
	b := basis(t)
	rapid.Check(t, func(t *rapid.T) { sums(t, cost.For(zone.Resolve(anyConfig(t)), b, anyUsage(t))) })
}

func TestMoreAccountsAndRegionsNeverCostLess(t *testing.T) {
	b := basis(t)
	rapid.Check(t, func(t *rapid.T) {
		c, u := anyConfig(t), anyUsage(t)
		before := cost.For(zone.Resolve(c), b, u)

		more := clone(c)
		a := config.DefaultAccount()
		a.Name, a.OU = "one-more", "Sandbox"
		more.Accounts = append(more.Accounts, a)
		after := cost.For(zone.Resolve(more), b, u)
		notLess(t, before, after, "an account")
		require.Equal(t, before.NextAccount, cost.Amount{FirstMonth: after.FirstMonth - before.FirstMonth, Monthly: after.Monthly - before.Monthly})

		for _, region := range []string{"us-east-1", "ca-central-1", "ap-northeast-1"} {
			if !slices.Contains(c.Regions.Governed, region) {
				more := clone(c)
				more.Regions.Governed = append(more.Regions.Governed, region)
				notLess(t, before, cost.For(zone.Resolve(more), b, u), region)
			}
		}
	})
}

func notLess(t require.TestingT, before, after cost.Estimate, what string) {
	require.GreaterOrEqual(t, after.Monthly, before.Monthly, what)
	require.GreaterOrEqual(t, after.FirstMonth, before.FirstMonth, what)
}

func TestTurningSomethingOffNeverCostsMore(t *testing.T) {
	b := basis(t)
	off := map[string]func(*config.LandingZone){
		"guardDuty":        func(c *config.LandingZone) { c.Services.GuardDuty.Enabled = false },
		"a plan":           func(c *config.LandingZone) { c.Services.GuardDuty.Plans.S3 = false },
		"securityHub":      func(c *config.LandingZone) { c.Services.SecurityHub.Enabled = false },
		"cis":              func(c *config.LandingZone) { c.Services.SecurityHub.CIS = false },
		"accessAnalyzer":   func(c *config.LandingZone) { c.Services.AccessAnalyzer.Enabled = false },
		"unusedAccess":     func(c *config.LandingZone) { c.Services.AccessAnalyzer.UnusedAccess = false },
		"config":           func(c *config.LandingZone) { c.Services.Config.Enabled = false },
		"inspector":        func(c *config.LandingZone) { c.Services.Inspector.Enabled = false },
		"macie":            func(c *config.LandingZone) { c.Services.Macie.Enabled = false },
		"detective":        func(c *config.LandingZone) { c.Services.Detective.Enabled = false },
		"the log group":    func(c *config.LandingZone) { c.Trail.CloudWatchLogs.Enabled = false },
		"queries":          func(c *config.LandingZone) { c.Trail.Queries = false },
		"fewer recipients": func(c *config.LandingZone) { c.Alerts.Recipients = c.Alerts.Recipients[:1] },
		"a control": func(c *config.LandingZone) {
			c.Services.SecurityHub.DisabledControls = []config.DisabledControl{{ID: "EC2.10"}}
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		c, u := anyConfig(t), anyUsage(t)
		before := cost.For(zone.Resolve(c), b, u)
		for what, turn := range off {
			less := clone(c)
			turn(less)
			notLess(t, cost.For(zone.Resolve(less), b, u), before, what)
		}
	})
}

func TestEveryServiceOfTheFileHasAPriceOrIsNamed(t *testing.T) {
	b := basis(t)
	named := func(key string) bool {
		under := func(k string) bool { return k == key || strings.HasPrefix(k, key+".") }
		for _, p := range b.Prices.Prices {
			if under(p.Key) || "services."+p.Service == key {
				return true
			}
		}
		for _, r := range slices.Concat(b.Prices.Free, b.Prices.NotEstimated) {
			if slices.ContainsFunc(r.Keys, under) {
				return true
			}
		}
		return false
	}
	keys := func(prefix string, of any) {
		for f := range reflect.TypeOf(of).Fields() {
			key := prefix + "." + f.Tag.Get("yaml")
			assert.True(t, named(key), "%s has a price, or is named under free or notEstimated of prices.yaml", key)
		}
	}
	keys("services", config.Services{})
	keys("services.guardDuty.plans", config.GuardDutyPlans{})
}

func TestEveryPriceAndQuantityIsUsed(t *testing.T) {
	b := basis(t)
	prices, quantities := map[string]bool{}, map[cost.Quantity]bool{}
	for _, content := range []string{everything, everything + "  config: {recording: daily}\n"} {
		e := cost.For(resolve(t, content), b, cost.Default(cost.Busy))
		for _, d := range e.Drivers {
			prices[d.Price] = true
			if d.Price != "securityhub-findings" { // free up to 10,000
				assert.Positive(t, d.Monthly, d.Price)
			}
		}
		for _, a := range e.Assumptions {
			quantities[a.Key] = true
		}
	}
	for _, p := range b.Prices.Prices {
		assert.True(t, prices[p.ID], "%s is charged in a zone where everything is on", p.ID)
		assert.NotEmpty(t, p.Date, p.ID)
		assert.NotEmpty(t, p.Source, p.ID)
	}
	for q := range cost.Default(cost.Small).Active {
		assert.True(t, quantities[q], "%s is read in a zone where everything is on", q)
	}
}

func TestKeysThatTurnCostsDownAreKeysOfTheFile(t *testing.T) {
	schema, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	for _, p := range basis(t).Prices.Prices {
		if p.Key != "" {
			assert.Contains(t, string(schema), "`"+p.Key+"`", p.ID)
		}
	}
}

func TestTheBusierAnAccountTheMoreItCosts(t *testing.T) {
	z := resolve(t, everything)
	last := cost.USD(0)
	for _, size := range cost.Sizes() {
		u := cost.Default(size)
		u.FreeTier = false
		e := cost.For(z, basis(t), u)
		assert.Greater(t, e.Monthly, last, size)
		last = e.Monthly
	}
}

func TestTheCatalogueIsPartOfTheEstimate(t *testing.T) {
	b, err := cost.LoadBasis(controls.Detective(), controls.MetricFilters())
	require.NoError(t, err)
	z, u := resolve(t, oneAccount), cost.Default(cost.Small)
	before := cost.For(z, b, u)
	b.Rules, b.Filters = b.Rules[1:], b.Filters[1:]
	after := cost.For(z, b, u)
	assert.Less(t, driver(t, after, "config-rule-evaluations").Monthly, driver(t, before, "config-rule-evaluations").Monthly)
	assert.Equal(t, usd(0.1), driver(t, before, "cloudwatch-alarms").Monthly-driver(t, after, "cloudwatch-alarms").Monthly)
}

func TestAnEstimateAsJSON(t *testing.T) {
	for name, u := range map[string]cost.Input{"one-account": {}, "everything": {Size: cost.Busy, Set: []string{"accounts.stock.size=small"}}} {
		t.Run(name, func(t *testing.T) {
			content := map[string]string{"one-account": oneAccount, "everything": everything}[name]
			z := resolve(t, content)
			use, problems := cost.ReadUsage(z, u)
			require.Empty(t, problems)
			got, err := json.MarshalIndent(cost.For(z, basis(t), use), "", "  ")
			require.NoError(t, err)
			again, err := json.MarshalIndent(cost.For(z, basis(t), use), "", "  ")
			require.NoError(t, err)
			require.Equal(t, string(got), string(again))
			golden := filepath.Join("testdata", name+".json")
			if *update {
				require.NoError(t, os.WriteFile(golden, append(got, '\n'), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got)+"\n")
			var back cost.Estimate
			require.NoError(t, json.Unmarshal(got, &back))
			sums(t, back)
		})
	}
}

func TestAmountsAreWrittenForPeople(t *testing.T) {
	for amount, want := range map[cost.USD]string{0: "$0.00", 4_999: "$0.00", 5_000: "$0.01", 1_234_567_890: "$1,234.57", 999_995_000: "$1,000.00", 1_000_000_000_000: "$1,000,000.00"} {
		assert.Equal(t, want, amount.String())
	}
	for amount, want := range map[cost.USD]string{0: "0", 1: "0.000001", 24_000_000: "24", 100_500_000: "100.5", 1_200_000_000: "1200"} {
		got, err := json.Marshal(amount)
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}

// large is a zone of many accounts in many Regions.
func large(accounts int) *zone.Zone {
	c := config.Default()
	c.Zone, c.Email = "example", "aws+{account}@example.com"
	c.Regions.Home = "us-east-1"
	c.Regions.Governed = []string{"us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
		"eu-north-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "sa-east-1"}
	c.Alerts.Recipients = []string{"a@example.com"}
	for i := range accounts {
		a := config.DefaultAccount()
		a.Name, a.OU = fmt.Sprintf("account-%04d", i), "Sandbox"
		c.Accounts = append(c.Accounts, a)
	}
	return zone.Resolve(c)
}

func TestAThousandAccountsAddUp(t *testing.T) {
	e := cost.For(large(1000), basis(t), cost.Default(cost.Small))
	sums(t, e)
	assert.Len(t, e.Accounts, 1003)
}

func BenchmarkFor1000AccountsIn17Regions(b *testing.B) {
	z, basis, u := large(1000), basis(b), cost.Default(cost.Small)
	for b.Loop() {
		cost.For(z, basis, u)
	}
}

// howCharged says for every type of resource of a synthesized zone how the estimate has it. A type that is new in a
// snapshot belongs here: with the price that it has in prices.yaml and model.go, or with the reason why it has none.
var howCharged = map[string]string{
	"AWS::CloudWatch::Alarm": "cloudwatch-alarms", "AWS::Logs::MetricFilter": "cloudwatch-metrics", "AWS::KMS::Key": "kms-keys",
	"AWS::Config::ConfigRule": "config-rule-evaluations", "AWS::Config::ConfigurationRecorder": "config-items",
	"AWS::CloudTrail::Trail": "logs-ingestion", "AWS::S3::Bucket": "s3-standard", "AWS::SNS::Topic": "sns-mails", "AWS::SNS::Subscription": "sns-mails",
	"AWS::Events::Rule": "eventbridge-events", "AWS::Events::EventBus": "eventbridge-events", "AWS::Athena::WorkGroup": "athena-queries",
	"Custom::LandfallGuardDuty": "guardduty-management-events", "Custom::LandfallSecurityHub": "securityhub-checks",
	"Custom::LandfallAccessAnalyzer": "accessanalyzer-unused-access", "Custom::LandfallInspector": "inspector-instances",
	"Custom::LandfallMacie": "macie-buckets", "Custom::LandfallDetective": "detective-data",

	"AWS::Lambda::Function": "cents", "AWS::StepFunctions::StateMachine": "cents", "AWS::Logs::LogGroup": "cents", "AWS::SQS::Queue": "cents",
	"AWS::Glue::Database": "free", "AWS::Glue::Table": "free", "AWS::Athena::NamedQuery": "free", "AWS::Logs::QueryDefinition": "free",
	"AWS::Logs::ResourcePolicy": "free", "AWS::SQS::QueuePolicy": "free", "AWS::SNS::TopicPolicy": "free", "AWS::S3::BucketPolicy": "free",
	"AWS::Events::EventBusPolicy": "free", "AWS::KMS::Alias": "free", "AWS::IAM::Role": "free", "AWS::IAM::Policy": "free", "AWS::IAM::ManagedPolicy": "free",
	"AWS::Config::DeliveryChannel": "free", "AWS::Config::ConfigurationAggregator": "free", "AWS::Organizations::Policy": "free",
	"AWS::Chatbot::SlackChannelConfiguration": "free", "AWS::Chatbot::MicrosoftTeamsChannelConfiguration": "free",
	"AWS::CloudFormation::StackSet": "free", "AWS::CloudFormation::WaitConditionHandle": "free",
	"AWS::SSO::PermissionSet": "free", "AWS::SSO::Assignment": "free",
}

// snapshot counts the resources of one synthesized template of the default zone by their types.
func snapshot(t *testing.T, path string) map[string]int {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var template struct {
		Resources map[string]struct{ Type string }
	}
	require.NoError(t, json.Unmarshal(data, &template))
	counts := map[string]int{}
	for _, r := range template.Resources {
		counts[r.Type]++
	}
	return counts
}

func TestEveryResourceOfTheSynthesizedZonesIsPricedOrKnownToBeFree(t *testing.T) {
	prices := basis(t).Prices.Prices
	templates, err := filepath.Glob("../../test/testdata/*/*.json")
	require.NoError(t, err)
	members, err := filepath.Glob("../../test/testdata/*/members/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, members)
	for _, path := range append(templates, members...) {
		for resource := range snapshot(t, path) {
			how, known := howCharged[resource]
			if !known && strings.HasPrefix(resource, "Custom::Landfall") {
				continue // an operation on the organization
			}
			if assert.True(t, known, "%s of %s is new; say in howCharged what it costs", resource, path) && how != "free" && how != "cents" {
				assert.True(t, slices.ContainsFunc(prices, func(p cost.Price) bool { return p.ID == how }), "%s has the price %s", resource, how)
			}
		}
	}
}

func TestAlarmsKeysAndFiltersAreThoseOfTheSynthesizedZone(t *testing.T) {
	c, problems := config.Load("../../config/landing-zone.yaml")
	require.Empty(t, problems)
	b, err := cost.LoadBasis(controls.Detective(), controls.MetricFilters())
	require.NoError(t, err)
	z := zone.Resolve(c)
	u := cost.Default(cost.Small)
	u.Active[cost.MetricHours] = 1
	e := cost.For(z, b, u)

	const dir = "../../test/testdata/default/"
	total := func(resource string) float64 {
		n := snapshot(t, dir+"Trail.json")[resource] + snapshot(t, dir+"members/audit.json")[resource] + snapshot(t, dir+"members/log-archive.json")[resource]
		// The home Region us-east-1 is governed, so what a baseline has under a condition is in each governed Region.
		regional := snapshot(t, dir+"members/baseline-regional.json")[resource]*len(z.Members()) + snapshot(t, dir+"members/management-regional.json")[resource]
		return float64(n + regional*len(z.GovernedRegions))
	}
	assert.InDelta(t, total("AWS::CloudWatch::Alarm"), driver(t, e, "cloudwatch-alarms").Quantity, 1e-9)
	assert.InDelta(t, total("AWS::KMS::Key"), driver(t, e, "kms-keys").Quantity, 1e-9)
	assert.InDelta(t, total("AWS::Logs::MetricFilter"), driver(t, e, "cloudwatch-metrics").Quantity, 1e-9)
	assert.Len(t, b.Rules, snapshot(t, dir+"members/baseline-regional.json")["AWS::Config::ConfigRule"])
}

func TestAlarmsWatchTheGlobalRegionWhereItIsNotGoverned(t *testing.T) {
	z := resolve(t, strings.ReplaceAll(oneAccount, "us-east-1", "eu-west-1"))
	// Two Regions in each of four accounts, four filters, one for undelivered alerts, five heartbeats.
	assert.InDelta(t, 18, driver(t, cost.For(z, basis(t), cost.Default(cost.Small)), "cloudwatch-alarms").Quantity, 1e-9)
}
