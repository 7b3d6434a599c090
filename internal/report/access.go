package report

import (
	"encoding/json"
	"slices"

	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/plan"
)

// Access is who may do what where, through IAM Identity Center.
type Access struct {
	// On says whether the zone gives access at all.
	On bool `json:"on"`
	// Source is where groups come from: directory or external.
	Source string `json:"source,omitempty"`
	// Grants has one entry for each group and permission set, sorted by both.
	Grants         []Grant         `json:"grants"`
	PermissionSets []PermissionSet `json:"permissionSets"`
	// Idle are groups without access.
	Idle []string `json:"groupsWithoutAccess"`
}

// Grant is a permission set of a group, with the accounts in which the group has it.
type Grant struct {
	Group         string `json:"group"`
	PermissionSet string `json:"permissionSet"`
	// Accounts are member accounts; Management says whether the management account is one more.
	Accounts   []string `json:"accounts"`
	Management bool     `json:"management"`
	// Administers says that the permission set lets its holder give permissions, Production that an account is one where
	// such a set needs a break-glass assignment.
	Administers bool   `json:"administers"`
	Production  bool   `json:"production"`
	BreakGlass  bool   `json:"breakGlass"`
	Reason      string `json:"reason,omitempty"`
}

// PermissionSet is what a permission set allows.
type PermissionSet struct {
	Name            string          `json:"name"`
	Description     string          `json:"description,omitempty"`
	ManagedPolicies []string        `json:"managedPolicies"`
	InlinePolicy    json.RawMessage `json:"inlinePolicy,omitempty"`
	SessionHours    int             `json:"sessionHours"`
	Administers     bool            `json:"administers"`
	BuiltIn         bool            `json:"builtIn"`
	Reason          string          `json:"reason,omitempty"`
}

// access reads who may do what where from the zone.
func access(z *plan.Zone, described plan.Description) Access {
	out := Access{On: z.IdentityCenter.Enabled, Grants: []Grant{}, PermissionSets: []PermissionSet{}, Idle: []string{}}
	if !out.On {
		return out
	}
	out.Source = z.IdentityCenter.Source
	for _, s := range z.Access.PermissionSets {
		row := PermissionSet{Name: s.Name, Description: s.Description, ManagedPolicies: orEmpty(s.ManagedPolicies), SessionHours: s.SessionHours,
			Administers: s.Administers, BuiltIn: s.BuiltIn, Reason: s.Reason}
		if s.InlinePolicy != "" {
			row.InlinePolicy = json.RawMessage(s.InlinePolicy)
		}
		out.PermissionSets = append(out.PermissionSets, row)
	}
	for _, a := range described.IdentityCenter.Access {
		row := Grant{Group: a.Group, PermissionSet: a.PermissionSet, Accounts: []string{}, BreakGlass: a.BreakGlass, Reason: a.Reason,
			Administers: z.Access.PermissionSet(a.PermissionSet).Administers}
		for _, g := range z.Access.Grants {
			if g.Group != a.Group || g.PermissionSet != a.PermissionSet {
				continue
			}
			row.Production = row.Production || identity.Production(z.Zone, g)
			if g.Management() {
				row.Management = true
			} else {
				row.Accounts = append(row.Accounts, g.Account.Name)
			}
		}
		out.Grants = append(out.Grants, row)
	}
	for _, g := range z.Access.Groups {
		if !slices.ContainsFunc(out.Grants, func(row Grant) bool { return row.Group == g.Name }) {
			out.Idle = append(out.Idle, g.Name)
		}
	}
	return out
}
