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
	// Contacts are the alternate contacts of every account of the zone, the management account included: whom AWS itself writes to, besides the root e-mail address.
	// Default: none; the contacts that accounts have are left as they are.
	// Consequence: AWS sends notices of abuse and of exposed keys to the security contact of the account. A contact that is removed here stays in AWS, and one that somebody changes in AWS is put back by a deployment with the context landfall:verify (docs/edits.md).
	Contacts Contacts `yaml:"contacts"`
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
	// Services configures the detection services.
	// Consequence: the audit account runs them for every account, today's and tomorrow's, in every governed Region; most have a running cost.
	Services Services `yaml:"services"`
	// Guardrails chooses which guardrails are on, where, and for whom.
	// Consequence: mandatory and recommended guardrails are on unless this says otherwise. Guardrails of your own lie in the directory guardrails beside this file.
	Guardrails Guardrails `yaml:"guardrails"`
	// IdentityCenter gives people access to accounts through IAM Identity Center: groups, permission sets and assignments.
	// Consequence: nobody gets access through the zone while it is off. Users are never created by the zone; docs/identity.md says what to do by hand.
	IdentityCenter IdentityCenter `yaml:"identityCenter"`
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
	// PageRecipients are further e-mail addresses for alerts of the tier page, which need an answer at once.
	// Consequence: each address receives one mail from AWS with a link to confirm, and no alert before that.
	PageRecipients []string `yaml:"pageRecipients"`
	// NotifyRecipients are further e-mail addresses for alerts of the tier notify.
	// Consequence: each address receives one mail from AWS with a link to confirm, and no alert before that.
	NotifyRecipients []string `yaml:"notifyRecipients"`
	// HTTPSEndpoints are addresses of your own systems, such as an incident manager, that receive alerts of the tiers page and notify.
	// Consequence: each must confirm its subscription, by visiting the link in the first request that AWS sends to it.
	HTTPSEndpoints []string `yaml:"httpsEndpoints"`
	// AccountNames puts the account's name, which events lack, into the text and the subject of each mail. A Step Functions state machine in the audit account looks it up and sends the mail; without it the rules send the mail themselves.
	// Consequence: mails have a subject of their own, and their lines no quotation marks. It is off by default, so that as little as possible stands between an event and a person: the fewer parts, the fewer can break unseen. A look-up that fails loses no alert, and alarms watch the state machine; each alert costs a fraction of a cent.
	AccountNames bool `yaml:"accountNames"`
	// Chat lists channels of Slack and Microsoft Teams that receive alerts besides the mails, through Amazon Q Developer in chat applications.
	// Consequence: somebody must first authorize the workspace or team in the console of the audit account, or the deployment of the audit account fails; private channels must invite the app. The state machine of `accountNames` sends the messages, which name the account; the mails stay as they are.
	Chat []ChatChannel `yaml:"chat"`
	// Changes gives single alerts another tier.
	// Consequence: alerts without a change keep the tier of the catalogue.
	Changes []AlertChange `yaml:"changes"`
	// Suppressions leave out events that somebody knows about, for a time.
	// Consequence: the rules in AWS do not match these events, so nobody is told and the digest does not have them.
	Suppressions []AlertSuppression `yaml:"suppressions"`
	// Runbooks is where the links to runbooks begin, in front of RUNBOOK.md.
	// Consequence: every alert's mail links there; a fork writes the address of its own docs/runbooks, so that people under pressure read its version.
	Runbooks string `yaml:"runbooks"`
}

// DefaultRunbooks is where the runbooks of this repository are published.
const DefaultRunbooks = "https://github.com/landfall-aws/landfall/blob/main/docs/runbooks/"

// ChatChannel is one channel that receives alerts.
type ChatChannel struct {
	// Slack names a channel of Slack by its ids.
	// Default: none; either this or `teams`.
	// Consequence: whoever is in the channel reads the alerts, and can run no command in AWS from there.
	Slack SlackChannel `yaml:"slack"`
	// Teams names a channel of Microsoft Teams by its ids.
	// Default: none; either this or `slack`.
	// Consequence: whoever is in the channel reads the alerts, and can run no command in AWS from there.
	Teams TeamsChannel `yaml:"teams"`
	// Tiers are the tiers of alerts that the channel receives.
	// Default: page and notify.
	// Consequence: alerts of other tiers do not reach the channel.
	Tiers []string `yaml:"tiers"`
}

// SlackChannel is a channel of Slack.
type SlackChannel struct {
	// Workspace is the id of the workspace, which the console shows once the workspace is authorized.
	// Consequence: another workspace must be authorized first.
	Workspace string `yaml:"workspace"`
	// Channel is the id of the channel, the last part of the link that "Copy link" in Slack's menu of the channel copies.
	// Consequence: a channel keeps its id when it is renamed.
	Channel string `yaml:"channel"`
}

// TeamsChannel is a channel of Microsoft Teams. All three ids are in the link that "Get link to channel" copies.
type TeamsChannel struct {
	// Team is the id of the team, which the link has as groupId.
	// Consequence: another team must be authorized first.
	Team string `yaml:"team"`
	// Tenant is the id of the tenant in Microsoft Entra, which the link has as tenantId.
	// Consequence: another tenant must be authorized first.
	Tenant string `yaml:"tenant"`
	// Channel is the id of the channel with %3A and %40, as the link has it behind /channel/.
	// Consequence: a channel keeps its id when it is renamed.
	Channel string `yaml:"channel"`
}

// Tiers of alerts.
const (
	TierPage   = "page"
	TierNotify = "notify"
	TierDigest = "digest"
	TierOff    = "off"
)

// AlertChange changes one alert.
type AlertChange struct {
	// ID is the alert's id, the name of its file in controls/alerts without .yaml.
	// Consequence: only this alert is changed.
	ID string `yaml:"id"`
	// Tier says how the alert reaches people: page at once, notify at once on the other topic, digest in the log group that somebody reads daily, off not at all. Quote "off".
	// Consequence: with off nothing listens for the alert's events.
	Tier string `yaml:"tier"`
	// Reason says why; a critical alert that becomes off or digest needs one.
	// Default: none.
	// Consequence: it is what an auditor reads.
	Reason string `yaml:"reason"`
}

// AlertSuppression leaves out some events of one alert.
type AlertSuppression struct {
	// Alert is the alert's id, the name of its file in controls/alerts without .yaml.
	// Consequence: other alerts are raised by the same events as before.
	Alert string `yaml:"alert"`
	// Accounts lists names of accounts whose events are left out.
	// Default: every account, which needs `principals`.
	// Consequence: with `principals` only events of both are left out.
	Accounts []string `yaml:"accounts"`
	// Principals lists callers whose events are left out, as role/NAME or user/NAME; * stands for any characters. One alert takes two roles, or one role with a *, or four users, because EventBridge refuses rules with more wildcards.
	// Default: every caller, which needs `accounts`.
	// Consequence: whoever can assume or create such a role or user is not seen by this alert.
	Principals []string `yaml:"principals"`
	// Reason says why the events are no alarm.
	// Consequence: it is what an auditor reads.
	Reason string `yaml:"reason"`
	// Expires is the last day on which the suppression holds, as "2027-01-31".
	// Consequence: after that day check, synthesis and deployment fail until the suppression is renewed or removed.
	Expires string `yaml:"expires"`
}

// Contacts are the alternate contacts of the zone's accounts.
type Contacts struct {
	// Security is whom AWS writes to about abuse, exposed keys and other matters of security.
	// Default: none; the security contact that an account has is left as it is.
	// Consequence: every account gets this contact in the place of its own.
	Security Contact `yaml:"security"`
	// Operations is whom AWS writes to about the availability of services.
	// Default: none; the operations contact that an account has is left as it is.
	// Consequence: every account gets this contact in the place of its own.
	Operations Contact `yaml:"operations"`
	// Billing is whom AWS writes to about invoices and payment.
	// Default: none; the billing contact that an account has is left as it is.
	// Consequence: every account gets this contact in the place of its own.
	Billing Contact `yaml:"billing"`
}

// Contact is one alternate contact.
type Contact struct {
	// Name is the name of a person or a team.
	// Consequence: AWS addresses its mails to it.
	Name string `yaml:"name"`
	// Title is the job or role of the contact.
	// Consequence: AWS shows it beside the name.
	Title string `yaml:"title"`
	// Email is the address that AWS writes to. It may be the same for all contacts.
	// Consequence: nobody confirms it, so mails to a wrong address are lost; use a mailbox that several people read.
	Email string `yaml:"email"`
	// Phone is the number that AWS may call. Quote it, or YAML may read a number and drop the +.
	// Consequence: choose a number that somebody answers.
	Phone string `yaml:"phone"`
}

// Set says whether the file has the contact.
func (c Contact) Set() bool { return c != Contact{} }

// Set says whether the file has any contact.
func (c Contacts) Set() bool { return c != Contacts{} }

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
	// Queries adds an Athena table over the trail, with saved queries, to the audit account.
	// Consequence: it is free until somebody runs a query, which costs by what it reads; one query reads 100 GB at most.
	Queries bool `yaml:"queries"`
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

// Services configures the detection services.
type Services struct {
	// GuardDuty finds threats in the accounts' logs.
	// Consequence: it costs per event and per gigabyte; findings go to the audit account and to the log archive.
	GuardDuty GuardDuty `yaml:"guardDuty"`
	// SecurityHub checks every account against standards.
	// Consequence: it costs per check; findings of every Region are collected in the home Region.
	SecurityHub SecurityHub `yaml:"securityHub"`
	// AccessAnalyzer finds access that should not be.
	// Consequence: external access is free to find, unused access is not.
	AccessAnalyzer AccessAnalyzer `yaml:"accessAnalyzer"`
	// Config records how resources change.
	// Consequence: it costs per recorded change; most checks of Security Hub need it.
	Config ConfigRecorder `yaml:"config"`
	// Inspector scans for vulnerabilities.
	// Consequence: it costs per scanned resource.
	Inspector Inspector `yaml:"inspector"`
	// Macie looks for sensitive data in S3.
	// Consequence: it costs per bucket and per gigabyte.
	Macie OptionalService `yaml:"macie"`
	// Detective relates findings and logs in a graph.
	// Consequence: it costs per gigabyte.
	Detective OptionalService `yaml:"detective"`
	// RootAccess configures how the root users of members are governed.
	// Consequence: see its key.
	RootAccess RootAccess `yaml:"rootAccess"`
}

// GuardDuty configures Amazon GuardDuty.
type GuardDuty struct {
	// Enabled turns GuardDuty on in every account.
	// Consequence: setting it to false later leaves it on in AWS; it is only no longer governed.
	Enabled bool `yaml:"enabled"`
	// Plans are the protection plans beyond the foundation.
	// Consequence: each is billed on its own.
	Plans GuardDutyPlans `yaml:"plans"`
}

// GuardDutyPlans chooses protection plans.
type GuardDutyPlans struct {
	// S3 watches data events of S3.
	// Consequence: it costs per million events.
	S3 bool `yaml:"s3"`
	// EKS watches the audit logs of EKS clusters.
	// Consequence: it costs per million events.
	EKS bool `yaml:"eks"`
	// Malware scans the volumes of instances with suspicious findings.
	// Consequence: it costs per gigabyte scanned.
	Malware bool `yaml:"malware"`
	// RDS watches sign-ins to databases.
	// Consequence: it costs per virtual CPU of the databases.
	RDS bool `yaml:"rds"`
	// Lambda watches the network traffic of functions.
	// Consequence: it costs per gigabyte.
	Lambda bool `yaml:"lambda"`
	// Runtime watches processes on EKS, ECS and EC2 with an agent, which it installs.
	// Consequence: it costs per virtual CPU.
	Runtime bool `yaml:"runtime"`
}

// SecurityHub configures AWS Security Hub CSPM.
type SecurityHub struct {
	// Enabled turns Security Hub on in every account under one central configuration, with the Foundational Security Best Practices.
	// Consequence: members can no longer configure it themselves. Setting it to false later leaves it on in AWS; it is only no longer governed.
	Enabled bool `yaml:"enabled"`
	// CIS adds the CIS AWS Foundations Benchmark.
	// Consequence: controls that both standards share are checked and billed once.
	CIS bool `yaml:"cis"`
	// DisabledControls lists controls that are not checked.
	// Consequence: nobody hears when a resource breaks one of them.
	DisabledControls []DisabledControl `yaml:"disabledControls"`
}

// DisabledControl is a Security Hub control that is not checked.
type DisabledControl struct {
	// ID is the control's id.
	// Consequence: the control is off in every account and Region.
	ID string `yaml:"id"`
	// Reason says why.
	// Consequence: it is what an auditor reads.
	Reason string `yaml:"reason"`
}

// AccessAnalyzer configures IAM Access Analyzer.
type AccessAnalyzer struct {
	// Enabled looks for access from outside the organization, in every governed Region.
	// Consequence: it is free. Setting it to false later leaves the analyzers as they are.
	Enabled bool `yaml:"enabled"`
	// UnusedAccess looks for roles, users and permissions that nobody uses.
	// Consequence: it costs per role and user each month.
	UnusedAccess bool `yaml:"unusedAccess"`
	// UnusedAccessDays is for how many days access must be unused to be reported.
	// Consequence: fewer days report more.
	UnusedAccessDays int `yaml:"unusedAccessDays"`
}

// Config recording frequencies.
const (
	RecordContinuous = "continuous"
	RecordDaily      = "daily"
)

// ConfigRecorder configures AWS Config.
type ConfigRecorder struct {
	// Enabled records in every account and governed Region.
	// Consequence: an account that has a recorder of its own must lose it first, because AWS allows one in a Region. Setting it to false removes the zone's recorders; what they recorded stays.
	Enabled bool `yaml:"enabled"`
	// Recording is continuous, each change, or daily, one state a day.
	// Consequence: a daily item costs four times a continuous one, so daily is cheaper only where resources change more than four times a day; alerts on changes come a day late.
	Recording string `yaml:"recording"`
}

// Inspector configures Amazon Inspector.
type Inspector struct {
	// Enabled turns Inspector on in every account.
	// Consequence: setting it to false later leaves it on in AWS; it is only no longer governed.
	Enabled bool `yaml:"enabled"`
	// Scan lists what is scanned.
	// Consequence: each kind is billed on its own.
	Scan []string `yaml:"scan"`
}

// OptionalService turns a service on.
type OptionalService struct {
	// Enabled turns the service on in every account.
	// Consequence: setting it to false later leaves it on in AWS; it is only no longer governed.
	Enabled bool `yaml:"enabled"`
}

// RootAccess configures centralized root access.
type RootAccess struct {
	// Central lets the organization remove the root credentials of members and open short root sessions instead.
	// Consequence: members that are created get no root credentials. It is free, and setting it to false later leaves it on in AWS.
	Central bool `yaml:"central"`
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

// Guardrail levels, in the words of AWS Control Tower.
const (
	LevelMandatory   = "mandatory"
	LevelRecommended = "recommended"
	LevelElective    = "elective"
)

// Values of Guardrails.Quotas.
const (
	QuotasCurrent    = "current"
	QuotasCompatible = "compatible"
	// QuotasControlTower leaves the slots that AWS Control Tower occupies.
	QuotasControlTower = "controlTower"
)

// States of a guardrail.
const (
	StateOn  = "on"
	StateOff = "off"
)

// Guardrails chooses and changes guardrails.
type Guardrails struct {
	// Levels are the levels of guardrails that are on where their files say. mandatory must be among them; changes turn single ones off, with a reason.
	// Consequence: a guardrail of another level is on only where a change turns it on.
	Levels []string `yaml:"levels"`
	// Quotas are the quotas of AWS Organizations to pack policies for: current; compatible with tools that still enforce the quotas before May 2026, half as many characters and policies; or controlTower, which leaves half of the slots to AWS Control Tower.
	// Consequence: compatible policies are shorter and harder to read, and fewer guardrails fit.
	Quotas string `yaml:"quotas"`
	// Changes switches single guardrails on and off, changes their level and exempts roles.
	// Consequence: later changes win over earlier ones.
	Changes []GuardrailChange `yaml:"changes"`
}

// GuardrailChange changes one guardrail.
type GuardrailChange struct {
	// ID is the guardrail's id, the name of its file without .yaml.
	// Consequence: only this guardrail is changed.
	ID string `yaml:"id"`
	// State turns the guardrail on or off in the OUs and accounts below; without any, on means where its file says and off means everywhere.
	// Default: left as it is.
	// Consequence: a policy reaches everything below its target, so a guardrail that is off in one OU is attached to each of the others instead of above them; accounts beside them that this file does not name lose it.
	State string `yaml:"state"`
	// OUs lists paths of OUs in which the state holds.
	// Consequence: OUs and accounts below are included.
	OUs []string `yaml:"ous"`
	// Accounts lists names of accounts in which the state holds.
	// Consequence: an account keeps the state when it is moved.
	Accounts []string `yaml:"accounts"`
	// Level gives the guardrail another level.
	// Default: the level of its file.
	// Consequence: with the level it is on or off by `levels`.
	Level string `yaml:"level"`
	// Exempt lists roles that the guardrail does not bind, by name, with the path before it if there is one; * stands for any characters but cannot be the first.
	// Consequence: nobody but the landing zone can make, change or pass roles of these names, in any account, because whoever could would be exempt.
	Exempt []string `yaml:"exempt"`
	// Reason says why; turning a mandatory guardrail off, giving it another level or sparing roles of it needs one.
	// Default: none.
	// Consequence: it is what an auditor reads.
	Reason string `yaml:"reason"`
}

// IdentityCenter configures IAM Identity Center.
type IdentityCenter struct {
	// Enabled deploys groups, permission sets and assignments.
	// Consequence: enable the organization instance of IAM Identity Center by hand first, in the home Region. Setting it to false later leaves what is deployed as it is, until the stacks named …-identity are deleted.
	Enabled bool `yaml:"enabled"`
	// Source says where groups come from: directory, where the zone creates those that are missing in the directory of Identity Center; or external, where an identity provider provisions them and they must exist before.
	// Consequence: the zone never changes or deletes a group, and never touches its members.
	Source string `yaml:"source"`
	// Groups lists the groups that assignments name.
	// Consequence: a group whose line is removed stays, with its members and without access.
	Groups []IdentityGroup `yaml:"groups"`
	// PermissionSets defines permission sets, beyond the built-in Administrator, Billing, Developer, IncidentResponder, ReadOnly, SecurityAudit, Support and ViewOnly.
	// Consequence: one with the name of a built-in set changes that: keys that it has replace the built-in ones.
	PermissionSets []PermissionSet `yaml:"permissionSets"`
	// Assignments say which group has which permission set in which accounts.
	// Consequence: removing one removes the access in AWS with the next deployment; who is signed in keeps it until the session ends.
	Assignments []Assignment `yaml:"assignments"`
	// ProductionOUs lists OUs, with all below them, where permission sets that administer IAM need a break-glass assignment. The management account always counts as one.
	// Consequence: in other OUs an administrator set can be assigned without a reason.
	ProductionOUs []string `yaml:"productionOUs"`
	// Stacks is over how many stacks assignments are spread, because a stack holds 500 resources: 1 until `landfall check` asks for more.
	// Consequence: with a greater number, half of the assignments or more move to new stacks, and people lose their access for some minutes of that deployment. A smaller number is refused by the plan.
	Stacks int `yaml:"stacks"`
}

// IdentityGroup is a group of people.
type IdentityGroup struct {
	// Name is the group's display name in Identity Center.
	// Consequence: the group is found by it, so a new name here means another group, which begins empty. To rename one, list the new name beside the old with the same assignments, move its members, and remove the old one with a later deployment.
	Name string `yaml:"name"`
	// Description says who belongs to the group.
	// Default: none.
	// Consequence: it is set when the zone creates the group, and never changed.
	Description string `yaml:"description"`
}

// PermissionSet is what people may do in an account.
type PermissionSet struct {
	// Name identifies the permission set, here and in the access portal.
	// Consequence: another name means another permission set. Deployment fails when Identity Center has one of this name that the zone did not make.
	Name string `yaml:"name"`
	// Description says what the permission set is for; people see it in the access portal.
	// Default: that of the built-in set of this name, or none.
	// Consequence: it can change at any time.
	Description string `yaml:"description"`
	// ManagedPolicies are policies that AWS manages, by name with its path, as in ReadOnlyAccess or job-function/ViewOnlyAccess.
	// Default: those of the built-in set of this name, or none.
	// Consequence: AWS changes these policies over time. More than 10 need a higher IAM quota, "Managed policies attached to an IAM role", in every account.
	ManagedPolicies []string `yaml:"managedPolicies"`
	// InlinePolicy is a policy of your own as JSON text.
	// Default: that of the built-in set of this name, or none.
	// Consequence: it is checked as far as can be without AWS: syntax, size, and that its actions exist.
	InlinePolicy string `yaml:"inlinePolicy"`
	// SessionHours is after how many hours people must sign in to the account again.
	// Default: that of the built-in set of this name, or 1.
	// Consequence: removed access lasts until the session ends. A set that administers IAM and has more than one hour needs a reason.
	SessionHours int `yaml:"sessionHours"`
	// Reason says why a permission set that administers IAM has sessions of more than one hour.
	// Default: none.
	// Consequence: it is what an auditor reads.
	Reason string `yaml:"reason"`
}

// Assignment gives a group a permission set in accounts.
type Assignment struct {
	// Group is the name of a group of `groups`.
	// Consequence: whoever is or becomes a member has the access; single people cannot be assigned.
	Group string `yaml:"group"`
	// PermissionSet is the name of a built-in permission set or of one of `permissionSets`.
	// Consequence: AWS makes a role of it in each account.
	PermissionSet string `yaml:"permissionSet"`
	// Accounts lists names of accounts.
	// Default: none.
	// Consequence: the access stays when such an account moves to another OU or is suspended.
	Accounts []string `yaml:"accounts"`
	// OUs lists paths of OUs whose accounts, with those of all OUs below, are meant.
	// Default: none.
	// Consequence: an account gets and loses the access with its place in this file. Accounts that the file does not name are never meant.
	OUs []string `yaml:"ous"`
	// Management includes the management account, which no OU and no name includes.
	// Consequence: it governs every other account and no guardrail binds it; only few people should enter it.
	Management bool `yaml:"management"`
	// BreakGlass marks access that is for emergencies only.
	// Consequence: a set that administers IAM can be assigned in production only so. It needs a reason, and the report lists it.
	BreakGlass bool `yaml:"breakGlass"`
	// Reason says why the access is needed; break-glass assignments need one.
	// Default: none.
	// Consequence: it is what an auditor reads.
	Reason string `yaml:"reason"`
}

// Default returns a file with every default filled in and every required key empty.
func Default() *LandingZone {
	return &LandingZone{
		Prefix: "landfall",
		Alerts: Alerts{Runbooks: DefaultRunbooks},
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
		Services: Services{
			GuardDuty:      GuardDuty{Enabled: true},
			SecurityHub:    SecurityHub{Enabled: true},
			AccessAnalyzer: AccessAnalyzer{Enabled: true, UnusedAccessDays: 90},
			Config:         ConfigRecorder{Enabled: true, Recording: RecordContinuous},
			Inspector:      Inspector{Scan: []string{"ec2", "ecr", "lambda"}},
			RootAccess:     RootAccess{Central: true},
		},
		Guardrails: Guardrails{Levels: []string{LevelMandatory, LevelRecommended}, Quotas: QuotasCurrent},
		IdentityCenter: IdentityCenter{
			Source:        SourceDirectory,
			ProductionOUs: []string{"Infrastructure", OUSecurity, "Workloads/Prod"},
			Stacks:        1,
		},
	}
}

// DefaultAccount returns a workload account with every default filled in and every required key empty.
func DefaultAccount() Account {
	return Account{State: StateActive}
}
