package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/zone"
)

// notClosed says why a new account is for good (Organizations user guide, "Closing a member account in your
// organization" and CreateAccount: a closed account keeps its address, and is suspended for 90 days; 2026-11-25).
const notClosed = "an account cannot be deleted: closing it takes 90 days, and its e-mail address stays used for ever"

func accountLabel(a zone.Account) string { return "account " + a.Name }

// units compares OUs.
func (c *comparison) units() {
	before, after := unitPaths(c.before), unitPaths(c.after)
	for _, path := range minus(after, before) {
		change := Change{Kind: Create, What: "organizationalUnits[" + path + "]", After: path, Touches: []string{"OU " + path},
			Consequence: "the OU is created, or adopted when the organization has it at this path"}
		if former := c.formerUnit(path); former != "" {
			change.Consequence = fmt.Sprintf("the OU is created and the accounts listed under it move there; %s is not renamed, it stays in AWS as a second OU", former)
			change.Instead = fmt.Sprintf("to rename %s, rename it in AWS Organizations first, then change the file: the OU is found at its new path and keeps its id, accounts and policies", former)
		}
		c.add(change)
	}
	for _, path := range minus(before, after) {
		consequence := "the OU stays in AWS with the accounts in it that no line names"
		if attached := attachedTo(c.before, guardrail.Target{OU: path}); len(attached) > 0 {
			consequence += fmt.Sprintf(", and the policies attached to it (%s) stay attached and no longer follow the file", strings.Join(attached, ", "))
		}
		c.add(Change{Kind: Forget, What: "organizationalUnits[" + path + "]", Before: path, Touches: []string{"OU " + path}, Consequence: consequence,
			Instead: "to be rid of the OU, move its accounts out, deploy, then delete it in AWS Organizations"})
	}
}

// formerUnit is the OU that left the file and whose accounts went to path: probably path under its former name.
func (c *comparison) formerUnit(path string) string {
	gone := minus(unitPaths(c.before), unitPaths(c.after))
	moved := map[string]int{}
	for _, b := range c.after.Accounts {
		if a, ok := named(c.before, b); ok && b.OU == path && slices.Contains(gone, a.OU) {
			moved[a.OU]++
		}
	}
	former := ""
	for _, p := range gone {
		if moved[p] > 0 && (former == "" || moved[p] > moved[former]) {
			former = p
		}
	}
	if former == "" && len(gone) == 1 && (zone.OU{Path: gone[0]}).Parent() == (zone.OU{Path: path}).Parent() {
		return gone[0]
	}
	return former
}

func unitPaths(z *Zone) []string {
	var out []string
	for _, o := range z.OUs {
		out = append(out, o.Path)
	}
	return out
}

// named finds an account of the zone by its place in the file.
func named(z *Zone, like zone.Account) (zone.Account, bool) {
	a, has := z.byKey[like.Key]
	return a, has
}

// holder finds the account that is the same in AWS: by id, else by e-mail address.
func holder(z *Zone, like zone.Account) (zone.Account, bool) {
	if a, has := z.byID[like.ID]; has {
		return a, true
	}
	a, has := z.byEmail[strings.ToLower(like.Email)]
	return a, has
}

// shards compares which stack lists which account.
func (c *comparison) shards() {
	var touches []string
	for _, b := range c.after.Accounts {
		if former, had := c.before.shard[b.Name]; had && former != c.after.shard[b.Name] {
			touches = append(touches, accountLabel(b))
		}
	}
	if len(touches) > 0 {
		c.add(Change{Kind: Update, What: "accounts", Before: fmt.Sprintf("%d stacks", len(c.before.Shards)), After: fmt.Sprintf("%d stacks", len(c.after.Shards)), Touches: touches,
			Consequence: fmt.Sprintf("a stack holds at most %d accounts, so %d accounts are listed in another stack from now on; each is found by its e-mail address or id, and nothing changes for it in AWS", zone.ShardCapacity, len(touches))})
	}
}

// accounts compares accounts.
func (c *comparison) accounts() {
	for _, b := range c.after.Members() {
		a, had := named(c.before, b)
		was, known := holder(c.before, b)
		switch {
		case had && sameIdentity(a, b):
			c.changed(a, b)
		case had && (!known || was.Key == b.Key):
			c.refusedIdentity(a, b)
		case known:
			c.rekeyed(was, b)
		default:
			c.added(b)
		}
	}
	for _, a := range c.before.Members() {
		if _, has := named(c.after, a); has {
			continue
		}
		if _, kept := holder(c.after, a); !kept {
			c.add(Change{Kind: Forget, What: a.Key, Before: describeAccount(a), Touches: []string{accountLabel(a)},
				Consequence: fmt.Sprintf("nothing is closed or deleted: the account stays in the OU %s with the guardrails, trail and baseline that it has there, and the zone forgets it", a.OU),
				Instead:     fmt.Sprintf("to put the account out of use, keep its line and add `state: %s`; the same line, written again, adopts it by its e-mail address", config.StateSuspended)})
		}
	}
}

func describeAccount(a zone.Account) string {
	return fmt.Sprintf("%s <%s> in %s", a.Name, a.Email, a.OU)
}

// sameIdentity says that both lines lead to the same account in AWS.
func sameIdentity(a, b zone.Account) bool {
	return strings.EqualFold(a.Email, b.Email) && (a.ID == b.ID || a.ID == "" || b.ID == "")
}

// changed compares an account with itself.
func (c *comparison) changed(a, b zone.Account) {
	touches := append([]string{accountLabel(b)}, c.targetLabels(a, b)...)
	if a.Name != b.Name {
		c.add(Change{Kind: Update, What: b.Key + ".name", Before: a.Name, After: b.Name, Touches: touches,
			Consequence: "the account is found by its e-mail address or id and keeps its name in AWS; only the file's name for it changes"})
	}
	if a.Email != b.Email {
		c.add(Change{Kind: Update, What: b.Key + ".email", Before: a.Email, After: b.Email, Touches: touches,
			Consequence: "upper and lower case do not matter in the address: nothing changes in AWS"})
	}
	if a.ID != b.ID {
		change := Change{Kind: Update, What: b.Key + ".id", Before: a.ID, After: b.ID, Touches: touches,
			Consequence: "the account is found by its e-mail address from now on"}
		if b.ID != "" {
			change.Consequence = "the account is found by its id from now on; the deployment stops when the account with this id has another e-mail address"
		}
		c.add(change)
	}
	c.placed(a, b)
}

// placed compares OU, state and tags of an account.
func (c *comparison) placed(a, b zone.Account) {
	touches := []string{accountLabel(b)}
	switch {
	case a.OU == b.OU:
	case b.Suspended:
		c.add(Change{Kind: Suspend, What: b.Key + ".state", Before: a.State(), After: b.State(), Touches: touches,
			Consequence: fmt.Sprintf("the account moves from %s to %s, where guardrails deny nearly everything; it is not closed, and what runs in it goes on and is paid for; %s", a.OU, b.OU, c.guardrailsOnMove(a, b)),
			Instead:     "stop what runs in the account before; the zone cannot do so afterwards"})
	case a.Suspended:
		c.add(Change{Kind: Resume, What: b.Key + ".state", Before: a.State(), After: b.State(), Touches: touches,
			Consequence: fmt.Sprintf("the account returns from %s to %s; %s; a closed account cannot return, and the deployment stops when it is one", a.OU, b.OU, c.guardrailsOnMove(a, b))})
	default:
		c.add(Change{Kind: Move, What: b.Key + ".ou", Before: a.OU, After: b.OU, Touches: touches,
			Consequence: "the account moves: policies of the old OU cease, those of the new one hold; " + c.guardrailsOnMove(a, b)})
	}
	own, ownBefore := ownTags(c.after, b), ownTags(c.before, a)
	if !maps.Equal(own, ownBefore) && !maps.Equal(a.Tags, b.Tags) {
		c.add(Change{Kind: Tag, What: b.Key + ".tags", Before: describeTags(ownBefore), After: describeTags(own), Touches: touches,
			Consequence: "the tags of the account change; tags that the zone never set stay"})
	}
}

// guardrailsOnMove says which guardrails an account loses and gains.
func (c *comparison) guardrailsOnMove(a, b zone.Account) string {
	old, now := guardrailsOf(c.before, a), guardrailsOf(c.after, b)
	lost, gained := minus(old, now), minus(now, old)
	var parts []string
	if len(gained) > 0 {
		parts = append(parts, "new for it: "+strings.Join(gained, ", "))
	}
	if len(lost) > 0 {
		parts = append(parts, "no longer: "+strings.Join(lost, ", "))
	}
	if len(parts) == 0 {
		return "the same guardrails hold for it"
	}
	return strings.Join(parts, "; ")
}

// guardrailsOf are the ids of the guardrails that reach an account, sorted.
func guardrailsOf(z *Zone, a zone.Account) []string {
	ids := map[string]bool{}
	for _, p := range z.Policies {
		reaches := slices.ContainsFunc(p.Targets, func(t guardrail.Target) bool {
			return t.Root || t.OU != "" && (t.OU == a.OU || strings.HasPrefix(a.OU, t.OU+"/")) || t.Account != "" && t.Account == a.Name
		})
		for _, s := range p.Statements {
			if reaches {
				ids[s.GuardrailID] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// refusedIdentity explains a line that no longer leads to the account that it stands for.
func (c *comparison) refusedIdentity(a, b zone.Account) {
	touches := append([]string{accountLabel(a), accountLabel(b)}, c.targetLabels(a, b)...)
	what, before, after := b.Key+".email", a.Email, b.Email
	consequence := fmt.Sprintf("the deployment stops: no account of the organization has the address %s, and an edit never creates a second account for a line", b.Email)
	instead := fmt.Sprintf("write %s; to change the root address, change it in the account first, then write the new one here", a.Email)
	switch {
	case strings.EqualFold(a.Email, b.Email):
		what, before, after = b.Key+".id", a.ID, b.ID
		consequence = fmt.Sprintf("the deployment stops: two accounts cannot both have the address %s, so the account with the new id has another one", b.Email)
		instead = fmt.Sprintf("write the id %s again; for another account, write its address too", a.ID)
	case a.ID != "" && a.ID == b.ID:
		consequence = fmt.Sprintf("the deployment stops unless account %s has the address %s already: the id and the address must be of one account", b.ID, b.Email)
	case b.ID != "" && a.ID != b.ID:
		what, before, after = b.Key+".id", cmp.Or(a.ID, a.Email), b.ID
		c.add(Change{Kind: Adopt, What: what, Before: before, After: after, Touches: touches,
			Consequence: fmt.Sprintf("the line stands for another account, %s, which must be a member of the organization and have the address %s; the account with the address %s stays in AWS, and the zone forgets it", b.ID, b.Email, a.Email),
			Instead:     "give the other account a line of its own"})
		c.placed(a, b)
		return
	}
	if a.Name != b.Name {
		consequence += fmt.Sprintf("; the address follows from the name, which changed from %s to %s", a.Name, b.Name)
		instead = fmt.Sprintf("set the name back, or add `email: %s` to the account", a.Email)
	}
	c.add(Change{Kind: Refuse, What: what, Before: before, After: after, Verdict: Refused, Touches: touches, Consequence: consequence, Instead: instead})
	c.placed(a, b)
}

// rekeyed explains an account that goes on under another key of the file.
func (c *comparison) rekeyed(was, b zone.Account) {
	touches := append([]string{accountLabel(was), accountLabel(b)}, c.targetLabels(was, b)...)
	if !strings.EqualFold(was.Email, b.Email) {
		c.add(Change{Kind: Refuse, What: b.Key + ".email", Before: was.Email, After: b.Email, Verdict: Refused, Touches: touches,
			Consequence: fmt.Sprintf("the deployment stops: account %s has the address %s, and the line under its new name says another", b.ID, was.Email),
			Instead:     fmt.Sprintf("add `email: %s` to the account", was.Email)})
		c.placed(was, b)
		return
	}
	change := Change{Kind: Adopt, What: b.Key, Before: describeAccount(was), After: describeAccount(b), Touches: touches,
		Consequence: fmt.Sprintf("the account that was %s is adopted under another key, found by its e-mail address or id; no account is created, and it keeps its name in AWS", was.Key)}
	if a, had := named(c.before, b); had {
		touches = append(touches, accountLabel(a))
		change.Consequence += fmt.Sprintf("; the account <%s>, which the line stood for, stays in AWS as it is", a.Email)
		change.Touches = touches
	}
	c.add(change)
	c.placed(was, b)
}

// added explains an account whose address and id are new to the zone.
func (c *comparison) added(b zone.Account) {
	touches := append([]string{accountLabel(b)}, c.targetLabels(zone.Account{}, b)...)
	if b.ID != "" {
		c.add(Change{Kind: Adopt, What: b.Key, After: describeAccount(b), Touches: touches,
			Consequence: fmt.Sprintf("account %s, which must be a member of the organization and have this address, is adopted: it moves to %s and gets its guardrails and tags; none is created", b.ID, b.OU)})
		return
	}
	change := Change{Kind: Create, What: b.Key, After: describeAccount(b), Verdict: Irreversible, Touches: touches,
		Consequence: "an account is created, unless the organization has one with this address, which is then adopted; " + notClosed}
	if former, likely := c.formerAccount(b); likely {
		change.Consequence = fmt.Sprintf("a second account is created beside the one that was %s, which the zone forgets; %s", former.Key, notClosed)
		change.Instead = fmt.Sprintf("if this is %s under a new name, add `email: %s`: the account is then found and goes on", former.Name, former.Email)
	}
	c.add(change)
}

// formerAccount is an account that left the file and resembles a new one: probably it under its former name.
func (c *comparison) formerAccount(b zone.Account) (zone.Account, bool) {
	var best zone.Account
	found := false
	for _, a := range c.before.Accounts {
		_, named := named(c.after, a)
		_, kept := holder(c.after, a)
		alike := a.OU == b.OU && a.Suspended == b.Suspended && maps.Equal(ownTags(c.before, a), ownTags(c.after, b))
		if !named && !kept && alike && (!found || common(a.Name, b.Name) > common(best.Name, b.Name)) {
			best, found = a, true
		}
	}
	return best, found
}

// common is how many leading characters two names share.
func common(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// targetLabels name the look-ups of an account to which policies are attached or groups have access.
func (c *comparison) targetLabels(accounts ...zone.Account) []string {
	var out []string
	for _, a := range accounts {
		for _, z := range []*Zone{c.before, c.after} {
			if a.Name != "" && (len(attachedTo(z, guardrail.Target{Account: a.Name})) > 0 || grantedTo(z, a)) {
				out = append(out, targetLabel(z, guardrail.Target{Account: a.Name}))
			}
		}
	}
	return out
}

// tags compares the tags of the zone.
func (c *comparison) tags() {
	a, b := c.before, c.after
	if maps.Equal(a.Tags, b.Tags) {
		return
	}
	touches := b.stackSetLabels()
	for _, o := range b.OUs {
		touches = append(touches, "OU "+o.Path)
	}
	for _, m := range b.Members() {
		touches = append(touches, accountLabel(m))
	}
	c.add(Change{Kind: Tag, What: "tags", Before: describeTags(a.Tags), After: describeTags(b.Tags), Touches: touches,
		Consequence: "the tags of every stack, StackSet, OU and account of the zone change; tags that the zone never set stay"})
}

// ownTags are the tags of an account that differ from the zone's.
func ownTags(z *Zone, a zone.Account) map[string]string {
	out := map[string]string{}
	for k, v := range a.Tags {
		if zv, has := z.Tags[k]; !has || zv != v {
			out[k] = v
		}
	}
	return out
}

func describeTags(tags map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, k+"="+tags[k])
	}
	return strings.Join(out, ", ")
}
