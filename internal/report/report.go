// Package report knows what a reader of a landing zone asks: what is where, which guardrails apply there and where
// they come from, which policies and alerts follow from the file, what was weakened and why, and which controls of
// frameworks are served. It computes that as one plain value, and renders the value as one self-contained HTML page.
// It reads the zone's file and the catalogue only; what somebody changed by hand in AWS is not seen.
package report

import (
	"fmt"
	"slices"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/cost"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/plan"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Input is what a report is made from.
type Input struct {
	Zone *zone.Zone
	// Guardrails are the catalogue with the guardrails of the zone's owner, from guardrail.Open.
	Guardrails *guardrail.Catalogue
	// Alerts are the catalogue, which alert.Check has found good for the zone.
	Alerts  *alert.Catalogue
	Filters []alert.MetricFilter
	Rules   []detective.Rule
	// Cost is the zone's estimate; without one the report has none.
	Cost *cost.Estimate
}

// Report is everything that the page shows. Two reports of the same input are equal.
type Report struct {
	Zone            string            `json:"zone"`
	Prefix          string            `json:"prefix"`
	HomeRegion      string            `json:"homeRegion"`
	GovernedRegions []string          `json:"governedRegions"`
	RetiredRegions  []string          `json:"retiredRegions"`
	AlertRegions    []string          `json:"alertRegions"`
	Tags            map[string]string `json:"tags"`
	// Attention is what an auditor should read first: what the owner took away from the mandatory and the critical.
	Attention []Attention `json:"attention"`
	// Root is the organization's tree.
	Root Unit `json:"root"`
	// Contacts are the alternate contacts of every account, in the order of the file.
	Contacts []plan.ContactPlan `json:"contacts"`
	// Access is what people may do in the accounts.
	Access Access `json:"access"`
	// Guardrails are all guardrails, on or off, sorted by id.
	Guardrails []Guardrail `json:"guardrails"`
	Policies   []Policy    `json:"policies"`
	// Exemptions are the principals that guardrails spare.
	Exemptions []Exemption `json:"exemptions"`
	// Changes are what the file changes about guardrails, in its order.
	Changes []Change `json:"changes"`
	Alerts  Alerts   `json:"alerts"`
	// Detective are the rules of AWS Config; they run when DetectiveOn.
	Detective   []DetectiveRule     `json:"detective"`
	DetectiveOn bool                `json:"detectiveOn"`
	Services    []plan.ServicePlan  `json:"services"`
	Disabled    []DisabledControl   `json:"disabledControls"`
	StackSets   []plan.StackSetPlan `json:"stackSets"`
	Trail       plan.TrailPlan      `json:"trail"`
	Frameworks  []Framework         `json:"frameworks"`
	// QuotaProfile is the key guardrails.quotas of the file: current, compatible or controlTower.
	QuotaProfile string         `json:"quotaProfile"`
	Quotas       []Quota        `json:"quotas"`
	Cost         *cost.Estimate `json:"cost,omitempty"`
}

// Attention is one thing that is weaker than Landfall means it to be.
type Attention struct {
	// What says it in a sentence without a full stop.
	What string `json:"what"`
	// Reason is the owner's, "" where the file gives none.
	Reason string `json:"reason,omitempty"`
	// Guardrail or Alert is what it is about.
	Guardrail string `json:"guardrail,omitempty"`
	Alert     string `json:"alert,omitempty"`
}

// Unit is the root or an organizational unit.
type Unit struct {
	// Path is the OU's path; "" is the root.
	Path string `json:"path"`
	Name string `json:"name"`
	// Guardrails are all that bind a member account in the unit, those attached to single accounts aside.
	Guardrails []Applied `json:"guardrails"`
	Accounts   []Account `json:"accounts"`
	Units      []Unit    `json:"units"`
}

// Applied is a guardrail with where it comes from.
type Applied struct {
	Guardrail string `json:"guardrail"`
	// From is the target that it is attached to, as in root or OU Workloads.
	From string `json:"from"`
}

// Account is a member account. It is bound by the guardrails of its unit and by its own.
type Account struct {
	Name  string            `json:"name"`
	Email string            `json:"email"`
	ID    string            `json:"id,omitempty"`
	OU    string            `json:"ou"`
	State string            `json:"state"`
	Tags  map[string]string `json:"tags"`
	// Own are the guardrails attached to the account itself.
	Own []Applied `json:"own"`
	// Guardrails counts all that bind the account.
	Guardrails int `json:"guardrailCount"`
}

// Quota is how much of a quota the zone uses where it uses most.
type Quota struct {
	What  string `json:"what"`
	Where string `json:"where"`
	Used  int    `json:"used"`
	Limit int    `json:"limit"`
}

// DisabledControl is a Security Hub control that the zone does not check.
type DisabledControl struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// DetectiveRule is one managed rule of AWS Config.
type DetectiveRule struct {
	ID         string            `json:"id"`
	Title      string            `json:"title"`
	Identifier string            `json:"identifier"`
	Parameters map[string]string `json:"parameters"`
	// Regions are where it runs.
	Regions    []string            `json:"regions"`
	Why        string              `json:"why"`
	Frameworks map[string][]string `json:"frameworks"`
}

// For computes the report. The error says which guardrails cannot be packed, placed or resolved.
func For(in Input) (Report, error) {
	z := in.Zone
	planned, err := plan.New(z, in.Guardrails, in.Alerts)
	if err != nil {
		return Report{}, err
	}
	changed, err := in.Guardrails.For(z)
	if err != nil {
		return Report{}, fmt.Errorf("applying the changes of the guardrails: %w", err)
	}
	b := builder{Input: in, planned: planned, changed: changed, described: plan.Describe(planned)}
	r := Report{
		Zone: z.Name, Prefix: z.Prefix, HomeRegion: z.HomeRegion, GovernedRegions: z.GovernedRegions,
		RetiredRegions: orEmpty(z.RetiredRegions), AlertRegions: z.AlertRegions, Tags: z.Tags,
		Contacts: append([]plan.ContactPlan{}, b.described.Contacts...),
		Services: b.described.Services, StackSets: b.described.StackSets, Trail: b.described.Trail,
		DetectiveOn: z.Services.Config.Enabled, QuotaProfile: z.Guardrails.Quotas, Cost: in.Cost,
	}
	r.Access = access(planned, b.described)
	b.attachments()
	r.Root = b.unit("")
	if r.Guardrails, err = b.guardrails(); err != nil {
		return Report{}, err
	}
	if r.Policies, err = b.policies(); err != nil {
		return Report{}, err
	}
	r.Exemptions = exemptions(r.Guardrails)
	r.Changes = b.changes()
	r.Alerts = b.alerts()
	for _, rule := range in.Rules {
		r.Detective = append(r.Detective, b.detective(rule))
	}
	r.Disabled = []DisabledControl{}
	for _, d := range z.Services.SecurityHub.DisabledControls {
		r.Disabled = append(r.Disabled, DisabledControl{d.ID, d.Reason})
	}
	r.Attention = b.attention(r)
	r.Frameworks = frameworks(r)
	if r.Quotas, err = b.quotas(r); err != nil {
		return Report{}, err
	}
	return r, nil
}

// builder computes the parts of a report.
type builder struct {
	Input
	planned   *plan.Zone
	described plan.Description
	// changed is the catalogue as the zone's owner has changed it.
	changed *guardrail.Catalogue
	// at are the ids of the guardrails that are attached to a target, sorted.
	at map[guardrail.Target][]string
	// on are the targets of each guardrail that is on.
	on map[string][]guardrail.Target
	// members are the accounts that lie in an OU itself.
	members map[string][]zone.Account
}

// attachments reads from the packed policies what is attached where.
func (b *builder) attachments() {
	b.at, b.on = map[guardrail.Target][]string{}, map[string][]guardrail.Target{}
	for _, p := range b.planned.Policies {
		for _, s := range p.Statements {
			for _, t := range p.Targets {
				if !slices.Contains(b.on[s.GuardrailID], t) {
					b.on[s.GuardrailID] = append(b.on[s.GuardrailID], t)
					b.at[t] = append(b.at[t], s.GuardrailID)
				}
			}
		}
	}
	for t := range b.at {
		slices.Sort(b.at[t])
	}
	b.members = map[string][]zone.Account{}
	for _, a := range b.Zone.Members() {
		b.members[a.OU] = append(b.members[a.OU], a)
	}
}

// unit is the tree from a path down.
func (b *builder) unit(path string) Unit {
	u := Unit{Path: path, Name: zone.OU{Path: path}.Name(), Guardrails: []Applied{}, Accounts: []Account{}, Units: []Unit{}}
	if path == "" {
		u.Name = "root"
	}
	for _, t := range above(path) {
		u.Guardrails = append(u.Guardrails, b.applied(t)...)
	}
	bound := map[string]bool{}
	for _, g := range u.Guardrails {
		bound[g.Guardrail] = true
	}
	for _, a := range b.members[path] {
		account := Account{Name: a.Name, Email: a.Email, ID: a.ID, OU: a.OU, State: a.State(), Tags: a.Tags, Own: b.applied(guardrail.Target{Account: a.Name}), Guardrails: len(bound)}
		for _, own := range account.Own {
			if !bound[own.Guardrail] {
				account.Guardrails++
			}
		}
		u.Accounts = append(u.Accounts, account)
	}
	for _, o := range b.Zone.OUs {
		if o.Parent() == path {
			u.Units = append(u.Units, b.unit(o.Path))
		}
	}
	return u
}

// above are the targets whose policies reach an OU, the root first.
func above(path string) []guardrail.Target {
	out := []guardrail.Target{{Root: true}}
	for i := range path {
		if path[i] == '/' {
			out = append(out, guardrail.Target{OU: path[:i]})
		}
	}
	if path != "" {
		out = append(out, guardrail.Target{OU: path})
	}
	return out
}

func (b *builder) applied(t guardrail.Target) []Applied {
	out := []Applied{}
	for _, id := range b.at[t] {
		out = append(out, Applied{id, t.String()})
	}
	return out
}

// reached are the names of the member accounts that a guardrail binds, in the order of the zone.
func (b *builder) reached(id string) []string {
	out := []string{}
	for _, a := range b.Zone.Members() {
		targets := append(above(a.OU), guardrail.Target{Account: a.Name})
		if slices.ContainsFunc(b.on[id], func(t guardrail.Target) bool { return slices.Contains(targets, t) }) {
			out = append(out, a.Name)
		}
	}
	return out
}

func (b *builder) detective(r detective.Rule) DetectiveRule {
	out := DetectiveRule{ID: r.ID, Title: r.Title, Identifier: r.Identifier, Parameters: r.Parameters, Regions: b.Zone.GovernedRegions, Why: r.Why, Frameworks: named(r.Frameworks)}
	if r.Where == detective.Global {
		out.Regions = []string{b.Zone.HomeRegion}
	}
	return out
}

// All is the unit and all units below it, parents first.
func (u Unit) All() []Unit {
	out := []Unit{u}
	for _, child := range u.Units {
		out = append(out, child.All()...)
	}
	return out
}

// Members counts the accounts in the unit and below it.
func (u Unit) Members() int {
	n := len(u.Accounts)
	for _, child := range u.Units {
		n += child.Members()
	}
	return n
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
