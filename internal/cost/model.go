package cost

import (
	"slices"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/zone"
)

// priceIDs are the prices that the model uses; a table has exactly these.
func priceIDs() []string {
	return []string{
		priceGuardDutyEvents, priceGuardDutyLogs, priceGuardDutyS3, priceGuardDutyEKS, priceGuardDutyMalware, priceGuardDutyRDS,
		priceGuardDutyLambda, priceGuardDutyRuntime,
		priceHubChecks, priceHubFindings,
		priceConfigItems, priceConfigDaily, priceConfigEvaluations,
		priceUnusedAccess,
		priceInspectorEC2, priceInspectorImages, priceInspectorRescans, priceInspectorLambda, priceInspectorCode,
		priceMacieBuckets, priceMacieObjects, priceMacieGB,
		priceDetectiveGB,
		priceTrailData,
		priceLogsIngest, priceLogsStorage, priceAlarms, priceMetrics,
		priceS3Standard, priceS3Archive, priceS3Puts, priceS3Transitions,
		priceKeys, priceForwarding, priceMails, priceQueries,
	}
}

// The prices, by their ids in the table.
const (
	priceGuardDutyEvents   = "guardduty-management-events"
	priceGuardDutyLogs     = "guardduty-flow-and-dns-logs"
	priceGuardDutyS3       = "guardduty-s3-events"
	priceGuardDutyEKS      = "guardduty-eks-audit-events"
	priceGuardDutyMalware  = "guardduty-malware-scans"
	priceGuardDutyRDS      = "guardduty-databases"
	priceGuardDutyLambda   = "guardduty-lambda-logs"
	priceGuardDutyRuntime  = "guardduty-runtime"
	priceHubChecks         = "securityhub-checks"
	priceHubFindings       = "securityhub-findings"
	priceConfigItems       = "config-items"
	priceConfigDaily       = "config-daily-items"
	priceConfigEvaluations = "config-rule-evaluations"
	priceUnusedAccess      = "accessanalyzer-unused-access"
	priceInspectorEC2      = "inspector-instances"
	priceInspectorImages   = "inspector-images"
	priceInspectorRescans  = "inspector-image-rescans"
	priceInspectorLambda   = "inspector-functions"
	priceInspectorCode     = "inspector-function-code"
	priceMacieBuckets      = "macie-buckets"
	priceMacieObjects      = "macie-objects"
	priceMacieGB           = "macie-discovery"
	priceDetectiveGB       = "detective-data"
	priceTrailData         = "cloudtrail-data-events"
	priceLogsIngest        = "logs-ingestion"
	priceLogsStorage       = "logs-storage"
	priceAlarms            = "cloudwatch-alarms"
	priceMetrics           = "cloudwatch-metrics"
	priceS3Standard        = "s3-standard"
	priceS3Archive         = "s3-glacier-instant-retrieval"
	priceS3Puts            = "s3-puts"
	priceS3Transitions     = "s3-transitions"
	priceKeys              = "kms-keys"
	priceForwarding        = "eventbridge-events"
	priceMails             = "sns-mails"
	priceQueries           = "athena-queries"
)

// Facts of AWS and of the zone that quantities follow from.
const (
	// heartbeatsPerMonth are the heartbeats of one Region, one every ten minutes of 730 hours.
	heartbeatsPerMonth = 6 * 730
	// digestFiles are the digest files that log file validation adds in an account and Region, one an hour (CloudTrail
	// user guide, "CloudTrail digest file structure", 2026-11).
	digestFiles = 730
	// configFiles are the files that AWS Config delivers for an account and Region: history every six hours, a snapshot a day.
	configFiles = 5 * daysOfMonth
	// minArchivedFile is the smallest file, in bytes, that S3 Lifecycle moves to another class by default (S3 user guide,
	// "Constraints and considerations for transitions", 2026-11).
	minArchivedFile = 128 << 10
	// storedLogPart is what is left of a GB of logs after CloudWatch Logs compressed it (CloudWatch pricing page, examples).
	storedLogPart = 0.15
	// gigabyte is a GB of the price list, in bytes.
	gigabyte = 1e9
	// hubControls is about how many controls of Security Hub are on, for the part that disabled ones save.
	hubControls = 200
	// trailKeys and alertKeys are the customer keys of the log archive and of the audit account.
	trailKeys, alertKeys = 2, 1
	// paidRotations is for how many rotations a key costs more; one comes each year (AWS KMS pricing page).
	paidRotations = 2
)

// account is an account of the model.
type account struct {
	name, ou, kind string
	use            AccountUsage
}

// works says whether the account works in a Region.
func (a account) works(z *zone.Zone, region string) bool {
	if a.kind != KindWorkload {
		return false
	}
	if a.use.AllRegions {
		return true
	}
	if a.use.ActiveRegions == nil {
		return region == z.HomeRegion
	}
	return slices.Contains(a.use.ActiveRegions, region)
}

// model turns a zone and its use into quantities of prices.
type model struct {
	zone     *zone.Zone
	basis    Basis
	usage    Usage
	accounts []account
	items    []*item
	// at finds the item of a price in an account and Region, because tiers go by their sum.
	at map[place]*item
	// prices are those of the table by id, read notes the quantities that were used.
	prices map[string]*Price
	read   map[Quantity]bool
}

// Places of the accounts that every zone has, in the list of accounts.
const (
	atManagement = iota
	atLogArchive
	atAudit
)

// fill computes the items.
func (m *model) fill() {
	z := m.zone
	m.prices = map[string]*Price{}
	for _, id := range priceIDs() {
		m.prices[id] = m.basis.Prices.price(id)
	}
	m.accounts = []account{
		{name: "management", kind: KindManagement},
		{name: z.LogArchive.Name, ou: z.LogArchive.OU, kind: KindLogArchive},
		{name: z.Audit.Name, ou: z.Audit.OU, kind: KindAudit},
	}
	for _, a := range z.Accounts {
		use, differs := m.usage.Accounts[a.Name]
		if !differs {
			use = AccountUsage{Active: m.usage.Active, ActiveRegions: m.usage.ActiveRegions, AllRegions: m.usage.AllRegions}
		}
		kind := KindWorkload
		if a.Suspended {
			kind = KindSuspended
		}
		m.accounts = append(m.accounts, account{a.Name, a.OU, kind, use})
	}
	for i, a := range m.accounts {
		of := m.usage.Quiet
		if a.kind == KindWorkload {
			of = a.use.Active
		}
		m.account(i, of)
		for _, region := range z.GovernedRegions {
			in := m.usage.Quiet
			if a.works(z, region) {
				in = a.use.Active
			}
			m.detection(i, region, in)
			m.recording(i, region, in)
			m.trail(i, region, in)
			m.add(priceForwarding, i, region, m.of(in, ForwardedEvents))
		}
	}
	m.alarms()
	m.shared()
}

// of reads a quantity and notes that it was used.
func (m *model) of(a Activity, q Quantity) float64 {
	m.read[q] = true
	return a[q]
}

// organization reads a quantity of the organization.
func (m *model) organization(q Quantity) float64 { return m.of(m.usage.Active, q) }

// add adds a quantity that is the same in every month.
func (m *model) add(price string, account int, region string, quantity float64) {
	m.addFirst(price, account, region, quantity, quantity)
}

// addFirst adds a quantity whose first month differs. The price must be one of priceIDs.
func (m *model) addFirst(price string, account int, region string, first, monthly float64) {
	if first == 0 && monthly == 0 {
		return
	}
	p := place{m.prices[price], account, region}
	if m.at[p] == nil {
		m.at[p] = &item{place: p}
		m.items = append(m.items, m.at[p])
	}
	m.at[p].first += first
	m.at[p].monthly += monthly
}

// account adds what an account has once.
func (m *model) account(i int, a Activity) {
	z := m.zone
	if s := z.Services.AccessAnalyzer; s.Enabled && s.UnusedAccess {
		m.add(priceUnusedAccess, i, z.HomeRegion, m.of(a, RolesAndUsers))
	}
	// One mail goes to each address of a tier; the longer list stands for both.
	recipients := max(len(alert.Recipients(z, alert.Page)), len(alert.Recipients(z, alert.Notify)))
	m.add(priceMails, atAudit, z.HomeRegion, m.of(a, Alerts)*float64(recipients))
}

// detection adds the detection services of an account in a governed Region.
func (m *model) detection(i int, region string, a Activity) {
	s := m.zone.Services
	if g := s.GuardDuty; g.Enabled {
		m.add(priceGuardDutyEvents, i, region, m.of(a, ManagementEvents))
		m.add(priceGuardDutyLogs, i, region, m.of(a, FlowAndDNSGB))
		if g.Plans.S3 {
			m.add(priceGuardDutyS3, i, region, m.of(a, S3Writes)+m.of(a, S3Reads))
		}
		if g.Plans.EKS {
			m.add(priceGuardDutyEKS, i, region, m.of(a, EKSAuditEvents))
		}
		if g.Plans.Malware {
			m.add(priceGuardDutyMalware, i, region, m.of(a, MalwareGB))
		}
		if g.Plans.RDS {
			m.add(priceGuardDutyRDS, i, region, m.of(a, DatabaseVCPUs))
		}
		if g.Plans.Lambda {
			m.add(priceGuardDutyLambda, i, region, m.of(a, LambdaNetworkGB))
		}
		if g.Plans.Runtime {
			m.add(priceGuardDutyRuntime, i, region, m.of(a, RuntimeVCPUs))
		}
	}
	if h := s.SecurityHub; h.Enabled {
		checks := m.of(a, SecurityChecks)
		if h.CIS {
			checks += m.of(a, CISChecks)
		}
		m.add(priceHubChecks, i, region, checks*max(0, 1-float64(len(h.DisabledControls))/hubControls))
		m.add(priceHubFindings, i, region, m.of(a, Findings))
	}
	if n := s.Inspector; n.Enabled {
		scans := func(what string) bool { return slices.Contains(n.Scan, what) }
		if scans("ec2") {
			m.add(priceInspectorEC2, i, region, m.of(a, Instances))
		}
		if scans("ecr") {
			m.add(priceInspectorImages, i, region, m.of(a, Images))
			m.add(priceInspectorRescans, i, region, m.of(a, ImageRescans))
		}
		if scans("lambda") {
			m.add(priceInspectorLambda, i, region, m.of(a, Functions))
		}
		if scans("lambdaCode") {
			m.add(priceInspectorCode, i, region, m.of(a, Functions))
		}
	}
	if s.Macie.Enabled {
		m.add(priceMacieBuckets, i, region, m.of(a, Buckets))
		m.add(priceMacieObjects, i, region, m.of(a, Objects))
		m.add(priceMacieGB, i, region, m.of(a, DiscoveryGB))
	}
	if s.Detective.Enabled {
		m.add(priceDetectiveGB, i, region, m.of(a, FlowAndDNSGB)+m.of(a, ManagementEvents)*m.organization(EventBytes)/gigabyte)
	}
}

// recording adds AWS Config of an account in a governed Region. In the first month every resource is recorded once more.
func (m *model) recording(i int, region string, a Activity) {
	s := m.zone.Services.Config
	if !s.Enabled {
		return
	}
	price, items := priceConfigItems, m.of(a, ConfigItems)
	if s.Recording == config.RecordDaily {
		price, items = priceConfigDaily, items/max(1, m.of(a, ChangesPerDay))
	}
	start := m.of(a, ConfigResources)
	m.addFirst(price, i, region, items+start, items)
	rules := 0
	for _, r := range m.basis.Rules {
		if r.Where == detective.Regional || region == m.zone.HomeRegion {
			rules++
		}
	}
	perItem := float64(rules) * m.of(a, RuleShare)
	m.addFirst(priceConfigEvaluations, i, region, (items+start)*perItem, items*perItem)
}

// trail adds what the trail's events of an account in a Region cost, there and where they are kept.
func (m *model) trail(i int, region string, a Activity) {
	z := m.zone
	data := 0.0
	add := func(wanted string, writes, reads Quantity) {
		if wanted == config.DataEventsWrite || wanted == config.DataEventsAll {
			data += m.of(a, writes)
		}
		if wanted == config.DataEventsAll && reads != "" {
			data += m.of(a, reads)
		}
	}
	add(z.Trail.DataEvents.S3, S3Writes, S3Reads)
	add(z.Trail.DataEvents.DynamoDB, DynamoDBWrites, DynamoDBReads)
	// An invocation is neither a read nor a write; the file has none or all.
	add(z.Trail.DataEvents.Lambda, Invocations, "")
	m.add(priceTrailData, i, region, data)

	events := m.of(a, ManagementEvents) + data
	files := m.of(a, LogFiles)
	puts := files + digestFiles
	if z.Services.Config.Enabled {
		puts += configFiles
	}
	m.add(priceS3Puts, atLogArchive, z.HomeRegion, puts)
	kept := m.months(z.Logs.ExpireAfterDays)
	standard, gb := kept, events*m.organization(ArchivedBytes)/gigabyte
	if after := float64(z.Logs.ArchiveAfterDays) / daysOfMonth; after > 0 && kept > after && gb*gigabyte >= files*minArchivedFile {
		standard = after
		m.addFirst(priceS3Archive, atLogArchive, z.HomeRegion, 0, gb*(kept-after))
		m.addFirst(priceS3Transitions, atLogArchive, z.HomeRegion, 0, files)
	}
	m.addFirst(priceS3Standard, atLogArchive, z.HomeRegion, gb*min(1, standard), gb*standard)

	if logs := z.Trail.CloudWatchLogs; logs.Enabled {
		gb := events * m.organization(EventBytes) / gigabyte
		m.add(priceLogsIngest, atManagement, z.HomeRegion, gb)
		kept := m.months(logs.RetentionDays)
		m.addFirst(priceLogsStorage, atManagement, z.HomeRegion, gb*min(1, kept)*storedLogPart, gb*kept*storedLogPart)
	}
}

// months is for how many months logs are stored that are kept for so many days; 0 days is for ever.
func (m *model) months(days int) float64 {
	if days == 0 {
		return float64(m.usage.Month)
	}
	return min(float64(m.usage.Month), float64(days)/daysOfMonth)
}

// alarms adds CloudWatch alarms and the metrics that only they need.
func (m *model) alarms() {
	z := m.zone
	watched := slices.Clone(z.GovernedRegions)
	if !slices.Contains(watched, zone.GlobalRegion) {
		watched = append(watched, zone.GlobalRegion)
	}
	for i := range m.accounts {
		for _, region := range watched {
			// Undelivered events of the account.
			m.add(priceAlarms, i, region, 1)
		}
	}
	// Undelivered alerts, and the heartbeat of every Region that is watched.
	m.add(priceAlarms, atAudit, z.HomeRegion, float64(1+len(z.AlertRegions)))
	if z.Trail.CloudWatchLogs.Enabled {
		filters := 0
		for _, f := range m.basis.Filters {
			if f.Tier != alert.Off {
				filters++
			}
		}
		m.add(priceAlarms, atManagement, z.HomeRegion, float64(filters))
		m.add(priceMetrics, atManagement, z.HomeRegion, float64(filters)*m.organization(MetricHours))
	}
}

// shared adds what the organization has once.
func (m *model) shared() {
	z := m.zone
	// A key costs more after each of its first yearly rotations.
	versions := 1 + float64(min(paidRotations, (m.usage.Month-1)/12))
	m.addFirst(priceKeys, atLogArchive, z.HomeRegion, trailKeys, trailKeys*versions)
	m.addFirst(priceKeys, atAudit, z.HomeRegion, alertKeys, alertKeys*versions)
	for _, region := range z.AlertRegions {
		m.add(priceForwarding, atManagement, region, heartbeatsPerMonth)
	}
	if z.Trail.Queries {
		m.add(priceQueries, atAudit, z.HomeRegion, m.organization(QueriedGB))
	}
}

// assumptions are the quantities that were used.
func (m *model) assumptions() []Assumption {
	var out []Assumption
	for _, q := range quantities() {
		if !m.read[q.Key] {
			continue
		}
		a := Assumption{Key: q.Key, What: q.What, Unit: q.Unit, Per: q.Per, Active: m.usage.Active[q.Key]}
		if q.Per != PerOrganization {
			quiet := m.usage.Quiet[q.Key]
			a.Quiet = &quiet
		}
		out = append(out, a)
	}
	return out
}
