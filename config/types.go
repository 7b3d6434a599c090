// Package config knows the file that users edit, config/landing-zone.yaml: its
// keys, their defaults and limits, how to load it and how to say what is wrong
// with it. It knows nothing of CloudFormation or the CDK.
package config

// LandingZone is the whole file. Keys without a default must be present.
type LandingZone struct {
	// Zone names the landing zone in descriptions, tags and reports.
	// 1 to 32 lower-case letters, digits and hyphens, starting with a letter. No default.
	Zone string `yaml:"zone"`
	// Prefix is the reserved prefix of every resource that the zone owns; guardrails protect names that start with it.
	// 2 to 16 lower-case letters and digits, starting with a letter. Default "landfall". It can never change after the first deploy.
	Prefix string `yaml:"prefix"`
	// Regions says where the zone lives and which Regions it governs. No default.
	Regions Regions `yaml:"regions"`
	// Email is the pattern of account root e-mail addresses and must contain {account}, as in aws+{account}@example.com. No default.
	Email string `yaml:"email"`
	// Alerts says who is told. No default.
	Alerts Alerts `yaml:"alerts"`
	// Security holds the two accounts that every zone has. Default: log-archive and audit in the OU Security.
	Security Security `yaml:"security"`
	// OrganizationalUnits lists OUs beyond the default ones, as paths such as Workloads/Staging; parents are implied. Default none.
	OrganizationalUnits []string `yaml:"organizationalUnits"`
	// Accounts lists the workload accounts. No default; may be an empty list.
	Accounts []Account `yaml:"accounts"`
	// Trail configures the organization's CloudTrail trail.
	Trail Trail `yaml:"trail"`
	// Logs configures how the log archive keeps what it receives.
	Logs Logs `yaml:"logs"`
	// Tags are put on every resource and account of the zone. Default none.
	Tags map[string]string `yaml:"tags"`
}

// Regions names the Regions of the zone by their codes, as in eu-west-1.
type Regions struct {
	// Home holds the zone's stacks and the log archive. Must be enabled by default in new accounts and be governed. No default. It can never change after the first deploy.
	Home string `yaml:"home"`
	// Governed lists the Regions that receive the baseline. No default. us-east-1 is always added to the alerts, because global services record their events there.
	Governed []string `yaml:"governed"`
	// Retired lists Regions that were governed once and whose baseline may now be removed. A Region that leaves `governed` without being listed here stops the deployment. Default none.
	Retired []string `yaml:"retired"`
}

// Alerts configures who receives alerts.
type Alerts struct {
	// Recipients are e-mail addresses; each must confirm its subscription once. No default, at least one.
	Recipients []string `yaml:"recipients"`
}

// Security configures the log-archive and audit accounts. Their OU is always Security.
type Security struct {
	// LogArchive keeps the organization's logs. Default name log-archive.
	LogArchive SecurityAccount `yaml:"logArchive"`
	// Audit receives alerts and administers the security services. Default name audit.
	Audit SecurityAccount `yaml:"audit"`
}

// SecurityAccount is an account whose OU and purpose are fixed.
type SecurityAccount struct {
	// Name is the account's name in the organization, 1 to 50 characters.
	Name string `yaml:"name"`
	// Email is the root e-mail address. Default: the pattern `email` with the account's name.
	Email string `yaml:"email"`
	// ID is the 12-digit id when the account is already a member; it is then adopted by id instead of by e-mail. Quote it. Default: none.
	ID string `yaml:"id"`
}

// Account states.
const (
	StateActive    = "active"
	StateSuspended = "suspended"
)

// Account is one workload account.
type Account struct {
	// Name identifies the account in this file and names it in the organization; 1 to 50 characters. No default. Renaming it here means another account.
	Name string `yaml:"name"`
	// OU is the path of the account's OU, as in Workloads/Prod. No default.
	OU string `yaml:"ou"`
	// Email is the root e-mail address, at most 64 characters. Default: the pattern `email` with the account's name.
	Email string `yaml:"email"`
	// ID is the 12-digit id when the account is already a member. Quote it. Default: none.
	ID string `yaml:"id"`
	// State is active or suspended; a suspended account is moved to the OU Suspended and is never closed. Default active.
	State string `yaml:"state"`
	// Tags are put on the account, beyond the zone's. Default none.
	Tags map[string]string `yaml:"tags"`
}

// Trail configures the organization trail.
type Trail struct {
	// CloudWatchLogs configures the trail's log group in the management account.
	CloudWatchLogs CloudWatchLogs `yaml:"cloudWatchLogs"`
	// DataEvents adds data events, which cost per event. Default none.
	DataEvents DataEvents `yaml:"dataEvents"`
}

// CloudWatchLogs configures the trail's log group.
type CloudWatchLogs struct {
	// Enabled sends the trail to CloudWatch Logs too, where metric filters and Logs Insights read it. Default true.
	Enabled bool `yaml:"enabled"`
	// RetentionDays is how long the log group keeps events; one of the values that CloudWatch Logs allows. Default 365.
	RetentionDays int `yaml:"retentionDays"`
}

// DataEvents values.
const (
	DataEventsNone  = "none"
	DataEventsWrite = "write"
	DataEventsAll   = "all"
)

// DataEvents chooses data events by service: none, write or all.
type DataEvents struct {
	// S3 records object-level calls on every bucket except the log archive's own. Default none.
	S3 string `yaml:"s3"`
	// Lambda records function invocations: none or all. Default none.
	Lambda string `yaml:"lambda"`
	// DynamoDB records item-level calls. Default none.
	DynamoDB string `yaml:"dynamodb"`
}

// Logs configures the log archive's buckets.
type Logs struct {
	// ObjectLock makes log files immutable for a time.
	ObjectLock ObjectLock `yaml:"objectLock"`
	// ArchiveAfterDays moves log files to S3 Glacier Instant Retrieval after this many days; 0 never. Default 90.
	ArchiveAfterDays int `yaml:"archiveAfterDays"`
	// ExpireAfterDays deletes log files after this many days; 0 keeps them for ever. Must not be less than the Object Lock's days. Default 0.
	ExpireAfterDays int `yaml:"expireAfterDays"`
}

// Object Lock modes.
const (
	LockGovernance = "governance"
	LockCompliance = "compliance"
)

// ObjectLock is the default retention of the trail bucket.
type ObjectLock struct {
	// Mode is governance (a principal with s3:BypassGovernanceRetention can shorten it; guardrails deny that) or compliance (nobody can, not even AWS). Default governance.
	Mode string `yaml:"mode"`
	// Days is how long each log file is locked, 1 to 36500. Default 365.
	Days int `yaml:"days"`
}

// DefaultOUs are the OUs of every zone, parents before children.
// The OU Security holds the log-archive and audit accounts only; Suspended holds suspended accounts only.
func DefaultOUs() []string {
	return []string{"Security", "Infrastructure", "Workloads", "Workloads/Prod", "Workloads/NonProd", "Sandbox", "Suspended"}
}

// Names of the OUs that have a fixed meaning.
const (
	OUSecurity  = "Security"
	OUSuspended = "Suspended"
)

// Default returns a file with every default filled in and every required key empty.
func Default() *LandingZone {
	return &LandingZone{
		Prefix: "landfall",
		Security: Security{
			LogArchive: SecurityAccount{Name: "log-archive"},
			Audit:      SecurityAccount{Name: "audit"},
		},
		Trail: Trail{
			CloudWatchLogs: CloudWatchLogs{Enabled: true, RetentionDays: 365},
			DataEvents:     DataEvents{S3: DataEventsNone, Lambda: DataEventsNone, DynamoDB: DataEventsNone},
		},
		Logs: Logs{
			ObjectLock:       ObjectLock{Mode: LockGovernance, Days: 365},
			ArchiveAfterDays: 90,
		},
	}
}
