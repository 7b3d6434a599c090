// Package config knows the file that users edit, config/landing-zone.yaml: its
// keys, their defaults and limits, how to load it and how to say what is wrong
// with it. It knows nothing of CloudFormation or the CDK.
package config

//go:generate go run ./internal/reference

// The comments of the fields below are the text of docs/configuration.md and of landing-zone.schema.json.
// A comment first says what the key is; a sentence that starts with "Default:" gives a default that is
// derived rather than fixed; one that starts with "Consequence:" says what follows from the choice.
// Allowed values and fixed defaults are not repeated here: they come from Rules and Default.

// LandingZone is the whole file.
type LandingZone struct {
	// Zone names the landing zone in descriptions, tags and reports.
	// Consequence: a new name changes descriptions and tags, and replaces nothing.
	Zone string `yaml:"zone"`
	// Prefix is the reserved prefix of every resource that the zone owns.
	// Consequence: guardrails protect every name that starts with it, so nobody else may use it; it can never change after the first deploy.
	Prefix string `yaml:"prefix"`
	// Regions says where the zone lives and which Regions it governs.
	// Consequence: workloads can use the governed Regions only.
	Regions Regions `yaml:"regions"`
	// Email is the pattern of the accounts' root e-mail addresses and contains {account}, which becomes the account's name in lower case, as in aws+{account}@example.com.
	// Consequence: AWS accepts an address once only, so the pattern must lead to an address of its own, in a mailbox that you read, for each account. Accounts that exist keep their address when the pattern changes; give them an `email` of their own first.
	Email string `yaml:"email"`
	// Alerts says who is told when something matters.
	// Consequence: nobody else hears of an alert.
	Alerts Alerts `yaml:"alerts"`
	// Security holds the two accounts that every zone has, log-archive and audit, in the OU Security.
	// Consequence: set it only to adopt accounts that exist, or to name the two differently before the first deploy.
	Security Security `yaml:"security"`
	// OrganizationalUnits lists OUs beyond the ones that every zone has, as paths such as Workloads/Staging; parents are implied.
	// Consequence: each listed OU is created or adopted by its name and parent. An OU whose line is removed stays in the organization.
	OrganizationalUnits []string `yaml:"organizationalUnits"`
	// Accounts lists the workload accounts; it may be an empty list.
	// Consequence: each account is created, or adopted when the organization has it. An account whose line is removed is never closed.
	Accounts []Account `yaml:"accounts"`
	// Trail configures the organization's CloudTrail trail.
	// Consequence: management events of every account and Region are always recorded; the keys below add to that.
	Trail Trail `yaml:"trail"`
	// Logs configures how the log archive keeps what it receives.
	// Consequence: it decides what the logs cost over time and how long an investigation can look back.
	Logs Logs `yaml:"logs"`
	// Tags are put on every resource and account of the zone.
	// Consequence: they appear in cost reports and in policies that read tags. At most 50 tags reach one account, its own included.
	Tags map[string]string `yaml:"tags"`
}

// Regions names the Regions of the zone by their codes, as in eu-west-1.
type Regions struct {
	// Home holds the zone's stacks and the log archive. It must be governed, and a Region that is enabled in every new account.
	// Consequence: logs and findings are stored there, which may matter to your regulator; it can never change after the first deploy.
	Home string `yaml:"home"`
	// Governed lists the Regions that receive the baseline.
	// Consequence: each Region has its running cost per account. us-east-1 is watched for alerts even when it is not listed, because global services record their events there. An opt-in Region must be enabled in every account, the management account included, before it is listed.
	Governed []string `yaml:"governed"`
	// Retired lists Regions that were governed once.
	// Consequence: the baseline of these Regions may be removed. A Region that leaves `governed` without being listed here stops the deployment.
	Retired []string `yaml:"retired"`
}

// Alerts configures who receives alerts.
type Alerts struct {
	// Recipients are e-mail addresses.
	// Consequence: each address receives one mail from AWS with a link to confirm, and no alert before that.
	Recipients []string `yaml:"recipients"`
}

// Security configures the log-archive and audit accounts. Their OU is always Security.
type Security struct {
	// LogArchive keeps the organization's logs.
	// Consequence: nothing else should run in this account.
	LogArchive SecurityAccount `yaml:"logArchive"`
	// Audit receives alerts and administers the security services for the organization.
	// Consequence: it is their delegated administrator, and whoever may enter it sees every account's findings.
	Audit SecurityAccount `yaml:"audit"`
}

// SecurityAccount is an account whose OU and purpose are fixed.
type SecurityAccount struct {
	// Name is the account's name in the organization.
	// Consequence: the default e-mail address follows from it; another name means another account.
	Name string `yaml:"name"`
	// Email is the root e-mail address of the account.
	// Default: the pattern `email` with the account's name.
	// Consequence: an account of the organization that has this address is adopted; otherwise one is created.
	Email string `yaml:"email"`
	// ID is the 12-digit id of an account that is already a member of the organization. Quote it, or YAML reads a number and drops leading zeros.
	// Default: none; the account is found by its e-mail address.
	// Consequence: the account with this id is adopted, and none is ever created.
	ID string `yaml:"id"`
}

// Account states.
const (
	StateActive    = "active"
	StateSuspended = "suspended"
)

// Account is one workload account.
type Account struct {
	// Name identifies the account in this file and names it in the organization.
	// Consequence: another name means another account; the one with the former name stays as it is.
	Name string `yaml:"name"`
	// OU is the path of the account's OU, as in Workloads/Prod.
	// Consequence: the OU decides which guardrails apply; a new path moves the account.
	OU string `yaml:"ou"`
	// Email is the root e-mail address of the account.
	// Default: the pattern `email` with the account's name.
	// Consequence: an account of the organization that has this address is adopted; otherwise one is created.
	Email string `yaml:"email"`
	// ID is the 12-digit id of an account that is already a member of the organization. Quote it, or YAML reads a number and drops leading zeros.
	// Default: none; the account is found by its e-mail address.
	// Consequence: the account with this id is adopted, and none is ever created.
	ID string `yaml:"id"`
	// State says whether the account is in use.
	// Consequence: a suspended account is moved to the OU Suspended, where guardrails deny nearly everything; it is never closed. Keep its `ou`: it returns there when it is active again.
	State string `yaml:"state"`
	// Tags are put on the account, beyond the zone's.
	// Consequence: where the zone has the same key, the account's value wins.
	Tags map[string]string `yaml:"tags"`
}

// Trail configures the organization trail.
type Trail struct {
	// CloudWatchLogs configures the trail's log group in the management account.
	// Consequence: it is a second, searchable copy beside the log archive.
	CloudWatchLogs CloudWatchLogs `yaml:"cloudWatchLogs"`
	// DataEvents adds data events to the trail.
	// Consequence: CloudTrail charges for each data event, and busy buckets, functions and tables produce many.
	DataEvents DataEvents `yaml:"dataEvents"`
}

// CloudWatchLogs configures the trail's log group.
type CloudWatchLogs struct {
	// Enabled sends the trail to CloudWatch Logs too.
	// Consequence: metric filters and Logs Insights need it; CloudWatch Logs charges for every GB that it takes in.
	Enabled bool `yaml:"enabled"`
	// RetentionDays is how many days the log group keeps events.
	// Consequence: older events are in the log archive only. A smaller number deletes what is older.
	RetentionDays int `yaml:"retentionDays"`
}

// DataEvents values.
const (
	DataEventsNone  = "none"
	DataEventsWrite = "write"
	DataEventsAll   = "all"
)

// DataEvents chooses data events by service.
type DataEvents struct {
	// S3 records object-level calls on every bucket except the log archive's own.
	// Consequence: with `all`, reads are recorded too, which shows what an intruder took and costs the most.
	S3 string `yaml:"s3"`
	// Lambda records function invocations.
	// Consequence: every invocation of every function is one charged event.
	Lambda string `yaml:"lambda"`
	// DynamoDB records item-level calls.
	// Consequence: with `all`, reads are recorded too.
	DynamoDB string `yaml:"dynamodb"`
}

// Logs configures the log archive's buckets.
type Logs struct {
	// ObjectLock makes log files immutable for a time.
	// Consequence: a locked file cannot be deleted or overwritten, by mistake or by an intruder.
	ObjectLock ObjectLock `yaml:"objectLock"`
	// ArchiveAfterDays is the age in days at which log files move to S3 Glacier Instant Retrieval; 0 never moves them.
	// Consequence: archived files cost less to keep and more to read, and each is charged for at least 90 days.
	ArchiveAfterDays int `yaml:"archiveAfterDays"`
	// ExpireAfterDays is the age in days at which log files are deleted; 0 keeps them for ever. It is not less than the Object Lock's days, and more than `archiveAfterDays`.
	// Consequence: deleted log files cannot be restored.
	ExpireAfterDays int `yaml:"expireAfterDays"`
}

// Object Lock modes.
const (
	LockGovernance = "governance"
	LockCompliance = "compliance"
)

// ObjectLock is the default retention of the trail bucket.
type ObjectLock struct {
	// Mode says who can shorten the lock: in governance mode a principal with s3:BypassGovernanceRetention, which guardrails deny; in compliance mode nobody, not even AWS.
	// Consequence: compliance is irreversible: every file written under it is stored, and paid for, until its lock ends.
	Mode string `yaml:"mode"`
	// Days is how many days each log file is locked.
	// Consequence: a new number holds for new files only.
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

// DefaultAccount returns a workload account with every default filled in and every required key empty.
func DefaultAccount() Account {
	return Account{State: StateActive}
}
