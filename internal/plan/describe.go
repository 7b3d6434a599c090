package plan

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/zone"
)

// editGuard is the label of the resource that refuses dangerous edits.
const editGuard = "edit guard"

// Names of the StackSets without the zone's prefix.
const (
	logArchive         = "log-archive"
	audit              = "audit"
	baselineGlobal     = "baseline-global"
	baselineRegional   = "baseline-regional"
	managementGlobal   = "management-global"
	managementRegional = "management-regional"
)

// stackSet is one StackSet of a zone.
type stackSet struct {
	name, holds, where string
	regions            []string
}

// stackSets lists the StackSets of a zone in the order in which they are deployed.
func (z *Zone) stackSets() []stackSet {
	home := []string{z.HomeRegion}
	out := []stackSet{
		{logArchive, "buckets and key of the log archive", "account " + z.LogArchive.Name, home},
		{audit, "alert bus, rules and topics", "account " + z.Audit.Name, home},
	}
	return append(out,
		stackSet{baselineGlobal, "what every account has once", "every member account", home},
		stackSet{baselineRegional, "what every account has in each Region", "every member account", z.AlertRegions},
		stackSet{managementGlobal, "what the management account has once", "the management account", home},
		stackSet{managementRegional, "what the management account has in each Region", "the management account", z.AlertRegions},
	)
}

func stackSetLabel(z *Zone, name string) string { return "StackSet " + z.Resource(name) }

func (z *Zone) stackSetLabels() []string {
	var out []string
	for _, s := range z.stackSets() {
		out = append(out, stackSetLabel(z, s.name))
	}
	return out
}

// Description is what a first deployment of a file makes, in the order of the stacks.
type Description struct {
	Zone       string   `json:"zone"`
	Prefix     string   `json:"prefix"`
	HomeRegion string   `json:"homeRegion"`
	Governed   []string `json:"governedRegions"`
	// Watched are the Regions where alerts listen.
	Watched  []string      `json:"alertRegions"`
	OUs      []string      `json:"ous"`
	Accounts []AccountPlan `json:"accounts"`
	// Contacts are set in every account and in the management account.
	Contacts  []ContactPlan  `json:"contacts,omitempty"`
	StackSets []StackSetPlan `json:"stackSets"`
	Trail     TrailPlan      `json:"trail"`
	Policies  []PolicyPlan   `json:"policies"`
	// Weakened are the mandatory guardrails that the file turns off or makes weaker.
	Weakened []WeakenedPlan `json:"weakened,omitempty"`
	Alerts   map[string]int `json:"alerts"`
	// Mailed are the addresses by tier.
	Mailed map[string][]string `json:"recipients"`
	// AccountNames says whether mails name the account; Chat has the tiers of each chat channel, by its ids.
	AccountNames bool                `json:"accountNames"`
	Chat         map[string][]string `json:"chat,omitempty"`
	// Runbooks is where the alerts' links to runbooks begin.
	Runbooks string        `json:"runbooks"`
	Services []ServicePlan `json:"services"`
	// IdentityCenter is what people get access to; nil when the zone gives none.
	IdentityCenter *IdentityPlan     `json:"identityCenter,omitempty"`
	Tags           map[string]string `json:"tags"`
}

// AccountPlan is one member account.
type AccountPlan struct {
	Name  string `json:"name"`
	Email string `json:"email"`
	OU    string `json:"ou"`
	// ID is the id of an account that is adopted; without it the account is found by its address, else created.
	ID    string `json:"id,omitempty"`
	State string `json:"state"`
}

// StackSetPlan is one StackSet.
type StackSetPlan struct {
	Name    string   `json:"name"`
	Holds   string   `json:"holds"`
	Where   string   `json:"where"`
	Regions []string `json:"regions"`
}

// TrailPlan is the organization trail and its archive.
type TrailPlan struct {
	Name string `json:"name"`
	// LogGroup is "" when the trail writes to the log archive only.
	LogGroup         string `json:"logGroup,omitempty"`
	LockMode         string `json:"lockMode"`
	LockDays         int    `json:"lockDays"`
	ExpireAfterDays  int    `json:"expireAfterDays"`
	ArchiveAfterDays int    `json:"archiveAfterDays"`
}

// PolicyPlan is one organization policy.
type PolicyPlan struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	Targets    []string `json:"targets"`
	Guardrails []string `json:"guardrails"`
	// Size and Limit are in characters.
	Size  int `json:"size"`
	Limit int `json:"limit"`
	// Slot is the number of the policy among the zone's of this type on its target, from 1. Slots is how many can be
	// attached there; AWS takes one for the policy that it attaches itself, except for declarative policies.
	Slot  int `json:"slot"`
	Slots int `json:"slots"`
}

// WeakenedPlan is one mandatory guardrail that the file turns off or makes weaker.
type WeakenedPlan struct {
	Guardrail string `json:"guardrail"`
	// What is a sentence without a full stop.
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// ServicePlan is one detection service.
type ServicePlan struct {
	Key   string `json:"key"`
	Name  string `json:"name"`
	On    bool   `json:"on"`
	Costs bool   `json:"costs"`
}

// Describe says what a first deployment of the zone makes, from the file alone. What exists already is adopted instead.
func Describe(z *Zone) Description {
	d := Description{Zone: z.Name, Prefix: z.Prefix, HomeRegion: z.HomeRegion, Governed: z.GovernedRegions, Watched: z.AlertRegions,
		OUs: unitPaths(z), Alerts: map[string]int{}, Mailed: map[string][]string{}, AccountNames: z.Alerts.AccountNames, Chat: channels(z), Contacts: contacts(z), Runbooks: z.Alerts.Runbooks, IdentityCenter: identityPlan(z), Tags: z.Tags}
	for _, a := range z.Members() {
		d.Accounts = append(d.Accounts, AccountPlan{a.Name, a.Email, a.OU, a.ID, a.State()})
	}
	for _, s := range z.stackSets() {
		d.StackSets = append(d.StackSets, StackSetPlan{z.Resource(s.name), s.holds, s.where, s.regions})
	}
	lock := z.Logs.ObjectLock
	d.Trail = TrailPlan{Name: z.Resource("organization"), LockMode: lock.Mode, LockDays: lock.Days,
		ExpireAfterDays: z.Logs.ExpireAfterDays, ArchiveAfterDays: z.Logs.ArchiveAfterDays}
	if z.Trail.CloudWatchLogs.Enabled {
		d.Trail.LogGroup = z.Resource("trail")
	}
	used := map[string]int{}
	for _, p := range z.Policies {
		at := p.Type + targetsText(p)
		used[at]++
		d.Policies = append(d.Policies, PolicyPlan{Name: p.Name, Type: p.Type, Targets: targetNames(p), Guardrails: guardrailIDs(p),
			Size: p.Size, Limit: p.Limit, Slot: used[at], Slots: slots(z.Zone, p.Type)})
	}
	for _, w := range z.Weakened {
		d.Weakened = append(d.Weakened, WeakenedPlan{w.Guardrail.ID, w.String(), w.Change.Reason})
	}
	for _, t := range alert.Tiers() {
		d.Alerts[string(t)] = 0
	}
	delete(d.Alerts, string(alert.Off))
	for _, a := range z.Routed {
		d.Alerts[string(a.Tier)]++
	}
	for _, t := range alert.Tiers() {
		if mailed := alert.Recipients(z.Zone, t); len(mailed) > 0 {
			d.Mailed[string(t)] = mailed
		}
	}
	values := map[string]string{}
	for _, l := range leaves(reflect.ValueOf(z.Services), "") {
		values[l.path] = l.value
	}
	for _, s := range services {
		d.Services = append(d.Services, ServicePlan{"services." + s.key, s.name, values[s.key] == "true", s.costs})
	}
	for _, path := range slices.Sorted(maps.Keys(values)) {
		if plan, is := strings.CutPrefix(path, "guardDuty.plans."); is && values[path] == "true" {
			d.Services = append(d.Services, ServicePlan{"services." + path, "GuardDuty protection plan " + plan, true, true})
		}
	}
	return d
}

func targetNames(p guardrail.Policy) []string {
	var out []string
	for _, t := range p.Targets {
		out = append(out, t.String())
	}
	return out
}

// slots is how many policies of a type can be attached to one target, those of AWS included.
func slots(z *zone.Zone, policyType string) int {
	switch policyType {
	case guardrail.TypeSCP:
		if z.Guardrails.Quotas == config.QuotasCompatible {
			return guardrail.OldSCPSlots
		}
		return guardrail.SCPSlots
	case guardrail.TypeRCP:
		return guardrail.RCPSlots
	case guardrail.TypeAIOptOut:
		return guardrail.AIOptOutSlots
	}
	return guardrail.DeclarativeSlots
}
