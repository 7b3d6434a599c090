package cost

import (
	"fmt"
	"strings"
)

// Size names a set of assumptions about how much a workload account is used.
type Size string

// Sizes of workload accounts.
const (
	// Idle accounts hold next to nothing.
	Idle Size = "idle"
	// Small accounts run one ordinary application.
	Small Size = "small"
	// Busy accounts run much, and change often.
	Busy Size = "busy"
)

// Sizes are the sizes from small to large.
func Sizes() []Size { return []Size{Idle, Small, Busy} }

// Quantity names something that is counted, in a month unless it says otherwise.
type Quantity string

// Activity has a value for every quantity.
type Activity map[Quantity]float64

// Usage is how much the accounts of a zone are used. Default makes one.
type Usage struct {
	// Size is what Active began with.
	Size Size
	// Active is a workload account in a Region where it works.
	Active Activity
	// Quiet is an account in another governed Region, and management, log archive, audit and suspended accounts everywhere.
	Quiet Activity
	// ActiveRegions are the Regions where workload accounts work; nil stands for the home Region.
	ActiveRegions []string
	// AllRegions says that workload accounts work in every governed Region.
	AllRegions bool
	// Accounts are the workload accounts that differ, by name.
	Accounts map[string]AccountUsage
	// Month is the month of the zone's life to estimate: logs of so many months are stored.
	Month int
	// FreeTier takes off the amounts that are free to an organization each month. Workloads usually use them up.
	FreeTier bool
}

// AccountUsage is the use of one workload account.
type AccountUsage struct {
	Active        Activity
	ActiveRegions []string
	AllRegions    bool
}

// Default is the usage of a zone whose workload accounts all have this size.
func Default(size Size) Usage {
	return Usage{Size: size, Active: activity(size), Quiet: activity(Idle), Accounts: map[string]AccountUsage{}, Month: 12, FreeTier: size == Idle}
}

// activity has the assumptions of a size.
func activity(size Size) Activity {
	a := Activity{}
	for _, q := range quantities() {
		switch size {
		case Idle:
			a[q.Key] = q.Idle
		case Busy:
			a[q.Key] = q.Busy
		default:
			a[q.Key] = q.Small
		}
	}
	return a
}

// What a quantity is counted for.
const (
	PerRegion       = "account and Region"
	PerAccount      = "account"
	PerOrganization = "organization"
)

// The quantities.
const (
	ManagementEvents Quantity = "managementEvents"
	FlowAndDNSGB     Quantity = "flowAndDNSLogGB"
	ConfigItems      Quantity = "configItems"
	ConfigResources  Quantity = "configResources"
	ChangesPerDay    Quantity = "changesPerResourceDay"
	RuleShare        Quantity = "ruleShare"
	SecurityChecks   Quantity = "securityChecks"
	CISChecks        Quantity = "cisChecks"
	Findings         Quantity = "findings"
	ForwardedEvents  Quantity = "forwardedEvents"
	LogFiles         Quantity = "logFiles"
	S3Writes         Quantity = "s3Writes"
	S3Reads          Quantity = "s3Reads"
	Invocations      Quantity = "lambdaInvocations"
	DynamoDBWrites   Quantity = "dynamoDBWrites"
	DynamoDBReads    Quantity = "dynamoDBReads"
	EKSAuditEvents   Quantity = "eksAuditEvents"
	MalwareGB        Quantity = "malwareScannedGB"
	DatabaseVCPUs    Quantity = "databaseVCPUs"
	LambdaNetworkGB  Quantity = "lambdaNetworkGB"
	RuntimeVCPUs     Quantity = "runtimeVCPUs"
	Instances        Quantity = "instances"
	Images           Quantity = "images"
	ImageRescans     Quantity = "imageRescans"
	Functions        Quantity = "functions"
	Buckets          Quantity = "buckets"
	Objects          Quantity = "objects"
	DiscoveryGB      Quantity = "discoveryGB"
	RolesAndUsers    Quantity = "rolesAndUsers"
	Alerts           Quantity = "alerts"
	QueriedGB        Quantity = "queriedGB"
	MetricHours      Quantity = "trailMetricHours"
	EventBytes       Quantity = "bytesPerEvent"
	ArchivedBytes    Quantity = "archivedBytesPerEvent"
)

// quantity is what a quantity means, and the assumption of each size.
type quantity struct {
	Key             Quantity
	What, Unit, Per string
	Idle            float64
	Small           float64
	Busy            float64
}

// quantities are all of them, in the order in which they are shown. The values are round numbers for planning, not
// measurements: an idle account has what Landfall and AWS do by themselves, a small one an application that is deployed
// a few times a day, a busy one many of them.
func quantities() []quantity {
	return []quantity{
		{ManagementEvents, "management events that CloudTrail records", "events", PerRegion, 50_000, 500_000, 5_000_000},
		{FlowAndDNSGB, "VPC flow and DNS logs that GuardDuty reads", "GB", PerRegion, 0.1, 5, 100},
		{ConfigItems, "changes of resources that AWS Config records", "items", PerRegion, 200, 3_000, 30_000},
		{ConfigResources, "resources that AWS Config records once when it starts", "resources", PerRegion, 60, 300, 3_000},
		{ChangesPerDay, "changes of a resource on a day on which it changes", "changes", PerRegion, 2, 2, 2},
		{RuleShare, "part of the detective rules that look at a changed resource", "of 1", PerRegion, 0.15, 0.15, 0.15},
		{SecurityChecks, "checks of the Foundational Security Best Practices", "checks", PerRegion, 3_000, 15_000, 100_000},
		{CISChecks, "checks that the CIS benchmark adds", "checks", PerRegion, 300, 1_500, 10_000},
		{Findings, "findings of other services that Security Hub takes in", "findings", PerRegion, 10, 200, 5_000},
		{ForwardedEvents, "events that rules forward to the audit account", "events", PerRegion, 50, 1_000, 10_000},
		{LogFiles, "files that the trail delivers", "files", PerRegion, 5_000, 8_760, 17_520},
		{S3Writes, "object-level writes in S3", "events", PerRegion, 0, 500_000, 20_000_000},
		{S3Reads, "object-level reads in S3", "events", PerRegion, 0, 2_000_000, 100_000_000},
		{Invocations, "invocations of Lambda functions", "events", PerRegion, 0, 1_000_000, 50_000_000},
		{DynamoDBWrites, "item-level writes in DynamoDB", "events", PerRegion, 0, 500_000, 20_000_000},
		{DynamoDBReads, "item-level reads in DynamoDB", "events", PerRegion, 0, 2_000_000, 100_000_000},
		{EKSAuditEvents, "audit events of EKS clusters", "events", PerRegion, 0, 10_000_000, 100_000_000},
		{MalwareGB, "volumes scanned for malware", "GB", PerRegion, 0, 50, 1_000},
		{DatabaseVCPUs, "virtual CPUs of RDS databases", "vCPUs", PerRegion, 0, 4, 64},
		{LambdaNetworkGB, "network logs of Lambda functions", "GB", PerRegion, 0, 1, 20},
		{RuntimeVCPUs, "virtual CPUs with the runtime agent", "vCPUs", PerRegion, 0, 8, 200},
		{Instances, "EC2 instances that run all month", "instances", PerRegion, 0, 5, 100},
		{Images, "container images pushed", "images", PerRegion, 0, 20, 500},
		{ImageRescans, "automatic rescans of container images", "rescans", PerRegion, 0, 100, 5_000},
		{Functions, "Lambda functions", "functions", PerRegion, 0, 20, 500},
		{Buckets, "S3 buckets", "buckets", PerRegion, 2, 10, 100},
		{Objects, "objects in S3", "objects", PerRegion, 10_000, 1_000_000, 50_000_000},
		{DiscoveryGB, "data that Macie samples", "GB", PerRegion, 0, 10, 200},
		{RolesAndUsers, "IAM roles and users", "roles and users", PerAccount, 15, 60, 300},
		{Alerts, "alerts that are mailed", "alerts", PerAccount, 2, 10, 100},
		{QueriedGB, "trail data that Athena queries read", "GB", PerOrganization, 0, 50, 1_000},
		{MetricHours, "part of the hours in which a metric filter of the trail counts something", "of 1", PerOrganization, 0.05, 0.3, 1},
		{EventBytes, "size of an event of the trail", "bytes", PerOrganization, 1_500, 1_500, 1_500},
		{ArchivedBytes, "size of an event in the log archive, compressed", "bytes", PerOrganization, 300, 300, 300},
	}
}

// QuantityTable is the list of quantities for the documentation, in Markdown.
func QuantityTable() string {
	var b strings.Builder
	b.WriteString("| Key | What, in a month | Per | Idle | Small | Busy |\n| --- | --- | --- | ---: | ---: | ---: |\n")
	for _, q := range quantities() {
		fmt.Fprintf(&b, "| `%s` | %s (%s) | %s | %s | %s | %s |\n", q.Key, q.What, q.Unit, q.Per, number(q.Idle), number(q.Small), number(q.Busy))
	}
	return b.String()
}
