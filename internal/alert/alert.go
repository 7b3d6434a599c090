// Package alert knows the alert catalogue: which events a landing zone listens
// for, where, how loud they are, what the mail says, which runbook it points
// to, and the events that prove each pattern right. It is pure: it reads files
// and computes values, and knows nothing of CloudFormation.
package alert

import (
	"encoding/json"
)

// Limits of Amazon EventBridge.
const (
	// MaxPattern is the size of an event pattern in characters that the default service quota allows
	// ("Event pattern size", adjustable; EventBridge quotas, eb-quota.html, read 2026-11-25).
	// PutRule itself accepts 4,096 (API_PutRule.html, EventPattern).
	MaxPattern = 2048
	// MaxInputTemplate is the size of an input template in characters (API_InputTransformer.html, InputTemplate, read 2026-11-25).
	MaxInputTemplate = 8192
	// MaxInputPaths is the number of variables of an input transformer (API_InputTransformer.html, InputPathsMap, read 2026-11-25).
	MaxInputPaths = 100
	// MaxRuleName is the length of a rule's name in characters (API_PutRule.html, Name, read 2026-11-25).
	MaxRuleName = 64
)

// Severity says how bad it is when the alert is true.
type Severity string

// Severities, the worst first.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
)

// Tier says how an alert reaches people.
type Tier string

// Tiers, the loudest first.
const (
	// Page goes to the urgent topic at once.
	Page Tier = "page"
	// Notify goes to the normal topic at once.
	Notify Tier = "notify"
	// Digest is kept and summarized, never mailed one by one.
	Digest Tier = "digest"
	// Off does not listen at all.
	Off Tier = "off"
)

// Tiers are all tiers, the loudest first.
func Tiers() []Tier { return []Tier{Page, Notify, Digest, Off} }

// Severities are all severities, the worst first.
func Severities() []Severity { return []Severity{Critical, High, Medium, Low} }

// Accounts says in which accounts an alert listens.
type Accounts string

// Account scopes.
const (
	// AllAccounts are the management account and every member account of the organization, today's and tomorrow's.
	AllAccounts Accounts = "all"
	// ManagementAccount is the organization's management account alone.
	ManagementAccount Accounts = "management"
	// AuditAccount is the audit account alone, where the delegated security services send their findings.
	AuditAccount Accounts = "audit"
	// LogArchiveAccount is the log-archive account alone.
	LogArchiveAccount Accounts = "log-archive"
)

// Regions says in which Regions an alert listens.
type Regions string

// Region scopes.
const (
	// AllRegions are the governed Regions and us-east-1.
	AllRegions Regions = "all"
	// GlobalRegion is us-east-1, where global services record their events.
	GlobalRegion Regions = "global"
	// HomeRegion is the zone's home Region.
	HomeRegion Regions = "home"
)

// Listen says where an alert's rule must exist.
type Listen struct {
	Accounts Accounts
	Regions  Regions
}

// Alert is one alert of the catalogue.
type Alert struct {
	// ID is the name of the alert's file, in kebab-case. Names of rules derive from it.
	ID       string
	Title    string
	Severity Severity
	// Tier is the default tier; the user's file can change it.
	Tier Tier
	// Pattern is the EventBridge event pattern as compact JSON. In a Catalogue it may hold placeholders, as in {{prefix}};
	// in a Routed alert it holds none, except account ids that only the deployment knows (see Routed.WithAccountIDs).
	Pattern json.RawMessage
	Listen  Listen
	// AllManagementEvents asks for the rule state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS,
	// without which read-only calls (Get, List, Describe) never reach a rule (EventBridge user guide, eb-service-event-cloudtrail).
	AllManagementEvents bool
	// InputPaths and InputTemplate are the InputTransformer of the rule whose target is a topic:
	// the mail's text, one quoted string per line.
	InputPaths    map[string]string
	InputTemplate string
	// Why says in one or two sentences why a person should care.
	Why string
	// Steps are the first three things to do.
	Steps []string
	// Runbook is the id of the runbook: docs/runbooks/<id>.md.
	Runbook string
	// Frameworks maps a framework (CIS, FSBP) to the controls of it that the alert serves.
	Frameworks map[string][]string
	// File is the alert's file, relative to the catalogue.
	File string
	// Proof shows what the pattern must match and must not match.
	Proof Proof

	message message
	// text is what InputTemplate has, in its parts.
	text parts
	// runbooks is where links to runbooks begin.
	runbooks string
	drill    json.RawMessage
	// unsuppressed is Pattern without the zone's suppressions; set in a Routed alert.
	unsuppressed json.RawMessage
}

// Proof is the evidence for a pattern.
type Proof struct {
	Raises  []Case
	Ignores []Case
	// Equivalents are changes of the pattern that no event can tell apart, by the text of the mutation, with the reason.
	Equivalents map[string]string
}

// Case is an event with the reason why it must or must not raise.
type Case struct {
	Name string
	// Event is a whole EventBridge envelope as JSON.
	Event json.RawMessage
	// Drill marks an event that an exercise made; the alert must raise and be marked as a drill.
	Drill bool
	// Derived marks a case that a pattern part made of another case.
	Derived bool
	// Line is where the case begins in the alert's file.
	Line int
}

// Catalogue is the set of all alerts, sorted by id.
type Catalogue struct {
	Alerts []Alert
}

// Get finds an alert by id.
func (c *Catalogue) Get(id string) (Alert, bool) {
	for _, a := range c.Alerts {
		if a.ID == id {
			return a, true
		}
	}
	return Alert{}, false
}
