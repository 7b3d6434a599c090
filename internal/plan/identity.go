package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/zone"
)

// IdentityPlan is what the zone does in IAM Identity Center.
type IdentityPlan struct {
	// Source says whether missing groups are created (directory) or must exist (external).
	Source         string       `json:"source"`
	Groups         []string     `json:"groups"`
	PermissionSets []string     `json:"permissionSets"`
	Access         []AccessPlan `json:"access"`
}

// AccessPlan is one permission set of one group.
type AccessPlan struct {
	Group         string   `json:"group"`
	PermissionSet string   `json:"permissionSet"`
	Accounts      []string `json:"accounts"`
	BreakGlass    bool     `json:"breakGlass"`
	Reason        string   `json:"reason,omitempty"`
}

// identityPlan describes the access of a zone; nil while Identity Center is off.
func identityPlan(z *Zone) *IdentityPlan {
	if !z.IdentityCenter.Enabled {
		return nil
	}
	p := &IdentityPlan{Source: z.IdentityCenter.Source, Groups: []string{}, PermissionSets: []string{}, Access: []AccessPlan{}}
	for _, g := range z.Access.Groups {
		p.Groups = append(p.Groups, g.Name)
	}
	for _, s := range z.Access.PermissionSets {
		p.PermissionSets = append(p.PermissionSets, s.Name)
	}
	byPair := grantsByPair(z.Access)
	for _, pair := range sortedUnion(byPair, nil) {
		grants := byPair[pair]
		a := AccessPlan{Group: grants[0].Group, PermissionSet: grants[0].PermissionSet, BreakGlass: grants[0].BreakGlass, Reason: grants[0].Reason}
		for _, g := range grants {
			a.Accounts = append(a.Accounts, g.AccountName())
		}
		p.Access = append(p.Access, a)
	}
	return p
}

// grantsByPair collects grants by the key of their assignment, as in assignments[platform][ViewOnly].
func grantsByPair(a identity.Access) map[string][]identity.Grant {
	out := map[string][]identity.Grant{}
	for _, g := range a.Grants {
		key := "identityCenter.assignments[" + g.Group + "][" + g.PermissionSet + "]"
		out[key] = append(out[key], g)
	}
	return out
}

// Labels of what the identity stacks hold.
func groupLabel(name string) string         { return "identityCenter.groups[" + name + "]" }
func permissionSetLabel(name string) string { return "permission set " + name }
func grantLabel(g identity.Grant) string {
	return fmt.Sprintf("access of %s to %s as %s", g.Group, g.AccountName(), g.PermissionSet)
}

// grantTargets are the look-ups of the accounts of grants.
func grantTargets(z *Zone, grants []identity.Grant) []string {
	var out []string
	for _, g := range grants {
		if looksUp(z, g) {
			out = append(out, "target "+g.Account.Key)
		}
	}
	return out
}

// looksUp says whether the account of a grant is looked up, as those of workloads are.
func looksUp(z *Zone, g identity.Grant) bool {
	return !g.Management() && g.Account.Key != z.LogArchive.Key && g.Account.Key != z.Audit.Key
}

// identityCenter compares who has access to what.
func (c *comparison) identityCenter() {
	a, b := c.before.IdentityCenter, c.after.IdentityCenter
	const enabled = "identityCenter.enabled"
	switch {
	case !a.Enabled && !b.Enabled:
		return
	case !a.Enabled:
		c.add(Change{Kind: Create, What: enabled, Before: "false", After: "true", Touches: []string{enabled},
			Consequence: "groups, permission sets and assignments are deployed in the home Region " + c.after.HomeRegion + "; the deployment stops when IAM Identity Center is not enabled there, or has a permission set of the same name or one of the assignments already",
			Instead:     "enable the organization instance by hand first; docs/identity.md has the steps"})
	case !b.Enabled:
		var touches []string
		for _, g := range c.before.Access.Groups {
			touches = append(touches, groupLabel(g.Name))
		}
		for _, s := range c.before.Access.PermissionSets {
			touches = append(touches, permissionSetLabel(s.Name))
		}
		for _, g := range c.before.Access.Grants {
			touches = append(touches, grantLabel(g))
		}
		c.add(Change{Kind: Forget, What: enabled, Before: "true", After: "false", Touches: append(append(touches, enabled), grantTargets(c.before, c.before.Access.Grants)...),
			Consequence: fmt.Sprintf("nobody loses access: the stacks whose names begin with %s stay with all permission sets and assignments, and no later edit changes them", c.before.Resource("identity")),
			Instead:     "to take the access away, remove the assignments, deploy, and turn it off afterwards"})
		return
	}
	c.identityGroups()
	c.permissionSets()
	c.grants()
	if a.Enabled {
		c.identityStacks()
	}
}

func (c *comparison) identityGroups() {
	before, after := groupsByName(c.before), groupsByName(c.after)
	source := c.after.IdentityCenter.Source
	for _, name := range sortedUnion(before, after) {
		a, had := before[name]
		b, has := after[name]
		change := Change{What: "identityCenter.groups[" + name + "]", Touches: []string{groupLabel(name)}}
		switch {
		case !had && source == config.SourceExternal:
			change.Kind, change.Consequence = Adopt, "the group is found by its name; the deployment stops when the identity provider has not provisioned it"
		case !had:
			change.Kind, change.Consequence = Create, "the group is found by its name, or created without members; put people into it in IAM Identity Center"
		case !has:
			change.Kind, change.Consequence = Forget, "the group stays in IAM Identity Center with its members, without access that the zone gives"
		case a != b:
			change.Kind, change.Before, change.After = Update, a.Description, b.Description
			change.Consequence = "nothing changes in AWS: a description is given to a group only when the zone creates it"
		default:
			continue
		}
		c.add(change)
	}
	if x, y := c.before.IdentityCenter.Source, source; x != y && c.before.IdentityCenter.Enabled {
		var touches []string
		for _, g := range c.after.Access.Groups {
			touches = append(touches, groupLabel(g.Name))
		}
		c.add(Change{Kind: Update, What: "identityCenter.source", Before: x, After: y, Touches: touches,
			Consequence: "each group is looked for again by its name; to change the identity source itself in IAM Identity Center deletes groups that the new source does not have, with the access that they give, and the zone does not see it"})
	}
}

func groupsByName(z *Zone) map[string]config.IdentityGroup {
	out := map[string]config.IdentityGroup{}
	if z.IdentityCenter.Enabled {
		for _, g := range z.Access.Groups {
			out[g.Name] = g
		}
	}
	return out
}

func setsByName(z *Zone) map[string]identity.PermissionSet {
	out := map[string]identity.PermissionSet{}
	if z.IdentityCenter.Enabled {
		for _, s := range z.Access.PermissionSets {
			out[s.Name] = s
		}
	}
	return out
}

func (c *comparison) permissionSets() {
	before, after := setsByName(c.before), setsByName(c.after)
	for _, name := range sortedUnion(before, after) {
		a, had := before[name]
		b, has := after[name]
		change := Change{What: "identityCenter.permissionSets[" + name + "]", Touches: []string{permissionSetLabel(name)}}
		switch {
		case !had:
			change.Kind, change.After, change.Consequence = Create, setText(b), "the permission set is created; it gives access with an assignment only"
		case !has:
			change.Kind, change.Before, change.Consequence = Remove, setText(a), "the permission set is deleted, and with it its role in every account"
			if c.importedFrom(name) {
				change.Kind, change.Verdict = Refuse, Refused
				change.Consequence = "the deployment stops at the stack " + c.before.Resource("identity") + ": CloudFormation deletes no permission set while stacks with its assignments, which are deployed later, still import it"
				change.Instead = "deploy twice: remove its assignments first and keep the set in identityCenter.permissionSets (its name alone, when it is built in), then remove it"
			}
		case setText(a) != setText(b) || a.InlinePolicy != b.InlinePolicy || a.Description != b.Description:
			change.Kind, change.Before, change.After = Update, setText(a), setText(b)
			change.Consequence = "the permission set changes at once in every account in which it is assigned"
			if setText(a) == setText(b) && a.InlinePolicy == b.InlinePolicy {
				change.Before, change.After = a.Description, b.Description
				change.Consequence = "only the description changes"
			}
			if b.Administers && !a.Administers {
				change.Consequence += "; whoever has it can administer IAM from then on"
			}
		default:
			continue
		}
		c.add(change)
	}
}

// importedFrom says whether a stack beyond the first had assignments of a permission set.
func (c *comparison) importedFrom(set string) bool {
	return slices.ContainsFunc(c.before.Access.Stacks(c.before.Zone), func(s identity.Stack) bool {
		return s.Name != "" && slices.ContainsFunc(s.Grants, func(g identity.Grant) bool { return g.PermissionSet == set })
	})
}

// setText is what a permission set allows, in one line.
func setText(s identity.PermissionSet) string {
	parts := slices.Clone(s.ManagedPolicies)
	if s.InlinePolicy != "" {
		parts = append(parts, "a policy of its own")
	}
	return fmt.Sprintf("%s; sessions of %d h", strings.Join(parts, ", "), s.SessionHours)
}

// grants compares single grants, and tells of them by assignment.
func (c *comparison) grants() {
	before, after := map[string][]identity.Grant{}, map[string][]identity.Grant{}
	if c.before.IdentityCenter.Enabled {
		before = grantsByPair(c.before.Access)
	}
	if c.after.IdentityCenter.Enabled {
		after = grantsByPair(c.after.Access)
	}
	for _, pair := range sortedUnion(before, after) {
		old, now := before[pair], after[pair]
		given, taken := grantsBeyond(now, old), grantsBeyond(old, now)
		c.renamedAccounts(pair, taken, given)
		if len(given) > 0 {
			g := given[0]
			set := c.after.Access.PermissionSet(g.PermissionSet)
			consequence := fmt.Sprintf("access is given: members of %s can do what %s allows in %s", g.Group, g.PermissionSet, grantedAccounts(given))
			if set.Administers {
				consequence += ", which includes administering IAM"
			}
			if g.BreakGlass {
				consequence += "; it is marked as break-glass: " + g.Reason
			}
			c.add(Change{Kind: Create, What: pair, After: grantedAccounts(given), Consequence: consequence, Touches: grantTouches(c.after, given)})
		}
		if len(taken) > 0 {
			g := taken[0]
			c.add(Change{Kind: Remove, What: pair, Before: grantedAccounts(taken), Touches: grantTouches(c.before, taken),
				Consequence: fmt.Sprintf("access is removed: members of %s lose %s in %s; who is signed in there keeps it until the session ends, %d h at most", g.Group, g.PermissionSet, grantedAccounts(taken), c.before.Access.PermissionSet(g.PermissionSet).SessionHours)})
		}
		if len(old) > 0 && len(now) > 0 && (old[0].BreakGlass != now[0].BreakGlass || old[0].Reason != now[0].Reason) {
			c.add(Change{Kind: Update, What: pair, Before: reasonText(old[0]), After: reasonText(now[0]), Consequence: "nothing changes in AWS: the report says it from then on"})
		}
	}
}

func reasonText(g identity.Grant) string {
	if g.BreakGlass {
		return "break-glass: " + g.Reason
	}
	return g.Reason
}

// grantsBeyond are the grants of a that b lacks.
func grantsBeyond(a, b []identity.Grant) []identity.Grant {
	return slices.DeleteFunc(slices.Clone(a), func(g identity.Grant) bool {
		return slices.ContainsFunc(b, func(other identity.Grant) bool { return other.ID() == g.ID() })
	})
}

// maxNamedAccounts is how many accounts a text names; of more it says the number.
const maxNamedAccounts = 5

func grantedAccounts(grants []identity.Grant) string {
	var names []string
	for _, g := range grants {
		names = append(names, g.AccountName())
	}
	if len(names) > maxNamedAccounts {
		return fmt.Sprintf("%s and %d more accounts", strings.Join(names[:maxNamedAccounts], ", "), len(names)-maxNamedAccounts)
	}
	return strings.Join(names, ", ")
}

func grantTouches(z *Zone, grants []identity.Grant) []string {
	out := grantTargets(z, grants)
	for _, g := range grants {
		out = append(out, grantLabel(g))
	}
	return out
}

// renamedAccounts refuses to give the same access anew under another name of the account.
func (c *comparison) renamedAccounts(pair string, taken, given []identity.Grant) {
	for _, g := range given {
		if g.Management() {
			continue
		}
		was, known := holder(c.before, g.Account)
		if !known || was.Key == g.Account.Key || !slices.ContainsFunc(taken, func(t identity.Grant) bool { return !t.Management() && t.Account.Key == was.Key }) {
			continue
		}
		c.add(Change{Kind: Refuse, What: pair, Before: was.Name, After: g.Account.Name, Verdict: Refused, Touches: []string{grantLabel(g)},
			Consequence: fmt.Sprintf("the deployment stops at the stack %s: under the new name of the account the assignment is another one, and AWS does not make it while the one under the former name is there", c.after.Resource("identity")),
			Instead:     fmt.Sprintf("keep the name; or deploy twice, the first time without access of %s to %s", g.Group, was.Name)})
	}
}

// identityStacks compares over how many stacks assignments are spread.
func (c *comparison) identityStacks() {
	a, b := c.before.IdentityCenter.Stacks, c.after.IdentityCenter.Stacks
	if a == b {
		return
	}
	where := map[string]string{}
	for _, s := range c.before.Access.Stacks(c.before.Zone) {
		for _, g := range s.Grants {
			where[g.ID()] = s.Name
		}
	}
	var moved []identity.Grant
	for _, s := range c.after.Access.Stacks(c.after.Zone) {
		for _, g := range s.Grants {
			if former, had := where[g.ID()]; had && former != s.Name {
				moved = append(moved, g)
			}
		}
	}
	var groups []string
	for _, g := range c.after.Access.Groups {
		groups = append(groups, groupLabel(g.Name))
	}
	change := Change{Kind: Update, What: "identityCenter.stacks", Before: fmt.Sprint(a), After: fmt.Sprint(b), Touches: append(grantTouches(c.after, moved), groups...),
		Consequence: fmt.Sprintf("%d assignments move to other stacks, each removed in one before another makes it: these people have no access for some minutes of the deployment", len(moved))}
	if b < a {
		change.Kind, change.Verdict = Refuse, Refused
		change.Consequence = "the deployment stops: assignments that move to an earlier stack exist in a later one, which the file no longer has and the CDK does not delete"
		change.Instead = fmt.Sprintf("leave %d; more stacks than needed cost nothing", a)
	}
	c.add(change)
}

// grantedTo says whether a zone's identity stacks look an account up.
func grantedTo(z *Zone, a zone.Account) bool {
	return z.IdentityCenter.Enabled && slices.ContainsFunc(z.Access.Grants, func(g identity.Grant) bool {
		return looksUp(z, g) && g.Account.Key == a.Key
	})
}
