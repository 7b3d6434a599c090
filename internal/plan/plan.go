// Package plan says what an edit of a zone's file does before it is deployed: what it creates, moves,
// changes and leaves behind, what of that cannot be undone, and what will be refused. It knows the
// zone's file and the policies and alerts that follow from it, and nothing of the account: what
// somebody changed by hand in AWS is not seen.
package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Kind is what a change does in AWS.
type Kind string

// Kinds of changes.
const (
	Create  Kind = "create"
	Adopt   Kind = "adopt"   // an account or OU that exists comes under the zone, or under another key
	Move    Kind = "move"    // an account goes to another OU
	Suspend Kind = "suspend" // an account goes to the OU Suspended
	Resume  Kind = "resume"  // an account returns from it
	Forget  Kind = "forget"  // it stays in AWS, and the zone no longer governs it
	Tag     Kind = "tag"
	Attach  Kind = "attach" // a policy
	Detach  Kind = "detach" // a policy leaves the file; it stays in AWS as it is
	Update  Kind = "update"
	Remove  Kind = "remove" // it is deleted in AWS
	Refuse  Kind = "refuse" // the deployment stops, or must not be started
)

// Verdict says whether a later edit can undo a change.
type Verdict string

// Verdicts.
const (
	// Irreversible changes create what cannot be deleted, or lose what cannot be had back.
	Irreversible Verdict = "irreversible"
	// Refused changes do not take place: the deployment stops at them, or it would make a second zone.
	Refused Verdict = "refused"
	// Reversible changes are undone by undoing the edit, except where Consequence says what remains.
	Reversible Verdict = "reversible"
)

// Change is one thing that an edit of the file does.
type Change struct {
	Kind Kind `json:"kind"`
	// What is the key of the file, as in accounts[orders-prod].ou or regions.governed[eu-west-1].
	What string `json:"what"`
	// Before and After are the values; "" where there is none.
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	// Consequence says what happens in AWS.
	Consequence string  `json:"consequence"`
	Verdict     Verdict `json:"verdict"`
	// Costs says that AWS charges more after the change.
	Costs bool `json:"costs,omitempty"`
	// Instead says what to do when this is not what was meant.
	Instead string `json:"instead,omitempty"`
	// Touches names what changes in the zone's stacks, as in "account orders-prod" or "StackSet landfall-audit".
	Touches []string `json:"touches,omitempty"`
}

// No says that the answer to an edit is no: something of it is irreversible or refused.
func No(changes []Change) bool {
	return slices.ContainsFunc(changes, func(c Change) bool { return c.Verdict != Reversible })
}

// Zone is a resolved zone with what follows from its file.
type Zone struct {
	*zone.Zone
	// Policies are the packed organization policies.
	Policies []guardrail.Policy
	// Weakened are the mandatory guardrails that the file turns off or makes weaker.
	Weakened []guardrail.Weakened
	// Routed are the alerts that the zone listens for.
	Routed []alert.Routed
	// Access is who has access to what through IAM Identity Center; it is deployed when identityCenter.enabled says so.
	Access identity.Access

	// byKey, byID and byEmail find members: by their place in the file, their id, their address in lower case.
	byKey, byID, byEmail map[string]zone.Account
	// shard is the name of the shard that holds an account, by the account's name.
	shard map[string]string
}

// New applies the catalogue to a zone. The error says which guardrails cannot be packed or placed.
func New(z *zone.Zone, guardrails *guardrail.Catalogue, alerts *alert.Catalogue) (*Zone, error) {
	policies, err := guardrail.Plan(z, guardrails)
	if err != nil {
		return nil, fmt.Errorf("packing the guardrails: %w", err)
	}
	out := &Zone{Zone: z, Policies: policies, Weakened: guardrails.Weakened(z), Routed: alert.For(z, alerts), Access: identity.Resolve(z),
		byKey: map[string]zone.Account{}, byID: map[string]zone.Account{}, byEmail: map[string]zone.Account{}, shard: map[string]string{}}
	for _, a := range z.Members() {
		out.byKey[a.Key], out.byEmail[strings.ToLower(a.Email)] = a, a
		if a.ID != "" {
			out.byID[a.ID] = a
		}
	}
	for _, s := range z.Shards {
		for _, a := range s.Accounts {
			out.shard[a.Name] = s.Name
		}
	}
	return out, nil
}

// Compare says what a deployment of after does to a zone that was deployed from before. The changes
// come in a fixed order: irreversible ones first, then refused ones, then by key.
func Compare(before, after *Zone) []Change {
	c := &comparison{before: before, after: after}
	c.zone()
	c.tags()
	c.units()
	c.accounts()
	c.shards()
	c.regions()
	c.logs()
	c.trail()
	c.recipients()
	c.endpoints()
	c.runbooks()
	c.accountNames()
	c.chat()
	c.contacts()
	c.services()
	c.identityCenter()
	if before.Prefix == after.Prefix {
		// With another prefix each of them is another one, which would drown the one thing to say.
		c.alerts()
		c.weakened()
		c.policies()
	}
	slices.SortStableFunc(c.changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(a.Verdict), rank(b.Verdict)), strings.Compare(a.What, b.What), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	return c.changes
}

func rank(v Verdict) int { return slices.Index([]Verdict{Irreversible, Refused, Reversible}, v) }

// comparison collects the changes between two zones.
type comparison struct {
	before, after *Zone
	changes       []Change
}

func (c *comparison) add(change Change) {
	if change.Verdict == "" {
		change.Verdict = Reversible
	}
	// Callers share the list among changes.
	change.Touches = slices.Compact(slices.Sorted(slices.Values(change.Touches)))
	c.changes = append(c.changes, change)
}

// zone compares what names everything.
func (c *comparison) zone() {
	a, b := c.before, c.after
	if a.Prefix != b.Prefix {
		c.add(Change{Kind: Refuse, What: "prefix", Before: a.Prefix, After: b.Prefix, Verdict: Refused,
			Consequence: fmt.Sprintf("the prefix can never change after the first deploy: every name would be new, so that a second set of stacks, logs, keys and policies would be made beside %s-…, which nobody would govern any longer; the edit guard stops the deployment", a.Prefix),
			Instead:     "set the prefix back to " + a.Prefix})
	}
	if a.HomeRegion != b.HomeRegion {
		c.add(Change{Kind: Refuse, What: "regions.home", Before: a.HomeRegion, After: b.HomeRegion, Verdict: Refused,
			Consequence: "the home Region can never change after the first deploy: stacks, trail, logs and StackSets live there and do not move, and new ones of the same names would stand beside them; the deployment is stopped, by the edit guard at the latest",
			Instead:     "set the home Region back to " + a.HomeRegion + "; govern the other Region by listing it under regions.governed"})
	}
	if a.Name != b.Name {
		c.add(Change{Kind: Update, What: "zone", Before: a.Name, After: b.Name,
			Consequence: "descriptions, the tag with the zone's name and the display names of the alert topics change; nothing is replaced",
			Touches:     b.stackSetLabels()})
	}
}

// recipients compares who is mailed, for each tier that mails.
func (c *comparison) recipients() {
	touches := []string{stackSetLabel(c.after, audit)}
	before, after := map[string][]string{}, map[string][]string{}
	for _, t := range alert.Tiers() {
		for _, r := range alert.Recipients(c.before.Zone, t) {
			before[r] = append(before[r], string(t))
		}
		for _, r := range alert.Recipients(c.after.Zone, t) {
			after[r] = append(after[r], string(t))
		}
	}
	for _, r := range sortedUnion(before, after) {
		change := Change{What: c.recipientList(r) + "[" + r + "]", Before: strings.Join(before[r], ", "), After: strings.Join(after[r], ", "), Touches: touches}
		if more := minus(after[r], before[r]); len(more) > 0 {
			change.Kind = Create
			change.Consequence = "AWS sends a mail with a link to confirm for each new tier; no alert comes before that"
			c.add(change)
		}
		if less := minus(before[r], after[r]); len(less) > 0 {
			change.Kind = Remove
			change.Consequence = fmt.Sprintf("the address is unsubscribed and hears of no alert of the tier %s; to come back it must confirm again", strings.Join(less, ", "))
			c.add(change)
		}
	}
}

// endpoints compares the systems that alerts are sent to.
func (c *comparison) endpoints() {
	touches := []string{stackSetLabel(c.after, audit)}
	for _, e := range minus(c.after.Alerts.HTTPSEndpoints, c.before.Alerts.HTTPSEndpoints) {
		c.add(Change{Kind: Create, What: "alerts.httpsEndpoints[" + e + "]", After: e, Touches: touches,
			Consequence: "AWS sends a request with a link to confirm for each tier that mails; no alert comes before that"})
	}
	for _, e := range minus(c.before.Alerts.HTTPSEndpoints, c.after.Alerts.HTTPSEndpoints) {
		c.add(Change{Kind: Remove, What: "alerts.httpsEndpoints[" + e + "]", Before: e, Touches: touches,
			Consequence: "the endpoint is unsubscribed and receives no alert; to come back it must confirm again"})
	}
}

// runbooks compares where the links of the alerts lead.
func (c *comparison) runbooks() {
	if a, b := c.before.Alerts.Runbooks, c.after.Alerts.Runbooks; a != b {
		c.add(Change{Kind: Update, What: "alerts.runbooks", Before: a, After: b, Touches: []string{stackSetLabel(c.after, audit)},
			Consequence: "the links in the alerts lead there from now on; nothing checks that the runbooks are there",
			Instead:     "open one, for example " + b + alert.GenericRunbook + ".md, as one of the people who are alerted"})
	}
}

// recipientList is the key of the file that lists an address.
func (c *comparison) recipientList(address string) string {
	for _, z := range []*Zone{c.after, c.before} {
		switch {
		case slices.Contains(z.Recipients, address):
			return "alerts.recipients"
		case slices.Contains(z.Alerts.PageRecipients, address):
			return "alerts.pageRecipients"
		case slices.Contains(z.Alerts.NotifyRecipients, address):
			return "alerts.notifyRecipients"
		}
	}
	return "alerts.recipients"
}

// alerts compares what is listened for, and how loud it is.
func (c *comparison) alerts() {
	touches := c.regionLabels()
	before, after := routedByID(c.before), routedByID(c.after)
	for _, id := range sortedUnion(before, after) {
		a, had := before[id]
		b, has := after[id]
		change := Change{Kind: Update, What: "alerts.changes[" + id + "]", Before: string(a.Tier), After: string(b.Tier), Touches: touches}
		switch {
		case !had:
			change.Before = string(alert.Off)
			change.Consequence = "the alert listens from now on"
			c.add(change)
		case !has:
			change.Kind, change.After = Remove, string(alert.Off)
			change.Consequence = "nobody listens for the alert any longer, and its events are not kept for later"
			c.add(change)
		case a.Tier != b.Tier:
			change.Consequence = "the alert reaches people in another way: " + tierMeans[b.Tier]
			c.add(change)
		}
		if had && has && string(a.Pattern) != string(b.Pattern) {
			c.add(Change{Kind: Update, What: "alerts.suppressions[" + id + "]", Touches: touches,
				Consequence: "the alert matches other events from now on; those that are suppressed are told to nobody, and the digest does not have them"})
		}
	}
}

// tierMeans says how the alerts of a tier reach people.
var tierMeans = map[alert.Tier]string{
	alert.Page:   "it is mailed at once on the urgent topic",
	alert.Notify: "it is mailed at once on the normal topic",
	alert.Digest: "it is kept in the log group of the digest and mailed to nobody",
}

func routedByID(z *Zone) map[string]alert.Routed {
	out := map[string]alert.Routed{}
	for _, r := range z.Routed {
		out[r.ID] = r
	}
	return out
}

// minus are the items of a that b lacks, in the order of a.
func minus(a, b []string) []string {
	var out []string
	for _, item := range a {
		if !slices.Contains(b, item) {
			out = append(out, item)
		}
	}
	return out
}
