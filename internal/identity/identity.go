// Package identity knows who may do what where: it resolves the groups, permission sets and assignments of a zone's
// file to single grants of a permission set to a group in an account, says what is wrong with them beyond their form,
// and spreads them over stacks.
package identity

import (
	"cmp"
	"hash/fnv"
	"math/bits"
	"net/url"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Management is how texts call the management account, which the file does not name.
const Management = "the management account"

// Access is who may do what where in a zone, as the file says. Its lists are sorted by name.
type Access struct {
	// Groups are the groups of the file.
	Groups []config.IdentityGroup
	// PermissionSets are those of the file and the built-in ones that an assignment names, with every key filled in.
	PermissionSets []PermissionSet
	// Grants has each group's permission sets in each account once, sorted by account, group and permission set.
	Grants []Grant
}

// PermissionSet is a permission set with every key filled in.
type PermissionSet struct {
	config.PermissionSet
	// BuiltIn says that the file does not define it.
	BuiltIn bool
	// Administers says that its holder can give permissions to IAM identities, and so to themself; see Administers.
	Administers bool
}

// Grant is one permission set of one group in one account.
type Grant struct {
	// Account is a member account; its zero value is the management account.
	Account       zone.Account
	Group         string
	PermissionSet string
	// BreakGlass and Reason are those of the assignment.
	BreakGlass bool
	Reason     string
}

// Management says whether the account is the management account.
func (g Grant) Management() bool { return g.Account.Key == "" }

// AccountName is the account's name in the file, or Management.
func (g Grant) AccountName() string {
	if g.Management() {
		return Management
	}
	return g.Account.Name
}

// ID identifies the grant by its names: no two grants have the same, and none holds a /. It is part of logical ids and
// must never change.
func (g Grant) ID() string {
	account := ID(g.Account.Name)
	if g.Management() {
		account = ""
	}
	return account + "|" + ID(g.Group) + "|" + ID(g.PermissionSet)
}

// ID is a name without / and |, different for different names.
func ID(name string) string {
	return strings.NewReplacer("%", "%25", "/", url.PathEscape("/"), "|", url.PathEscape("|")).Replace(name)
}

// Resolve computes the access of a zone. With identityCenter.enabled false it is what would be deployed.
func Resolve(z *zone.Zone) Access {
	c := z.IdentityCenter
	a := Access{Groups: c.Groups}
	used := map[string]bool{}
	for _, as := range c.Assignments {
		used[as.PermissionSet] = true
	}
	defined := map[string]bool{}
	for _, s := range c.PermissionSets {
		defined[s.Name] = true
		a.PermissionSets = append(a.PermissionSets, resolved(s))
	}
	for _, s := range config.BuiltInPermissionSets() {
		if used[s.Name] && !defined[s.Name] {
			set := resolved(s)
			set.BuiltIn = true
			a.PermissionSets = append(a.PermissionSets, set)
		}
	}
	slices.SortFunc(a.PermissionSets, func(x, y PermissionSet) int { return strings.Compare(x.Name, y.Name) })
	for _, as := range c.Assignments {
		for _, account := range accounts(z, as) {
			a.Grants = append(a.Grants, Grant{account, as.Group, as.PermissionSet, as.BreakGlass, as.Reason})
		}
	}
	slices.SortFunc(a.Grants, func(x, y Grant) int {
		return cmp.Or(strings.Compare(x.Account.Name, y.Account.Name), strings.Compare(x.Group, y.Group), strings.Compare(x.PermissionSet, y.PermissionSet))
	})
	return a
}

// resolved fills in what the file leaves to the built-in set of the same name, or to the defaults.
func resolved(s config.PermissionSet) PermissionSet {
	builtIn := config.BuiltInPermissionSets()
	if at := slices.IndexFunc(builtIn, func(b config.PermissionSet) bool { return b.Name == s.Name }); at >= 0 {
		b := builtIn[at]
		s.Description = cmp.Or(s.Description, b.Description)
		s.InlinePolicy = cmp.Or(s.InlinePolicy, b.InlinePolicy)
		s.SessionHours = cmp.Or(s.SessionHours, b.SessionHours)
		if len(s.ManagedPolicies) == 0 {
			s.ManagedPolicies = slices.Sorted(slices.Values(b.ManagedPolicies))
		}
	}
	s.SessionHours = cmp.Or(s.SessionHours, DefaultSessionHours)
	return PermissionSet{PermissionSet: s, Administers: Administers(s)}
}

// DefaultSessionHours is the length of sessions of permission sets that say none, in hours; AWS has the same default.
const DefaultSessionHours = 1

// accounts are the accounts of an assignment, each once; the zero account is the management account.
func accounts(z *zone.Zone, a config.Assignment) []zone.Account {
	var out []zone.Account
	if a.Management {
		out = append(out, zone.Account{})
	}
	for _, m := range z.Members() {
		if slices.Contains(a.Accounts, m.Name) || slices.ContainsFunc(a.OUs, func(ou string) bool { return Within(m.OU, ou) }) {
			out = append(out, m)
		}
	}
	return out
}

// Within says whether an OU is another one or below it.
func Within(ou, top string) bool { return ou == top || strings.HasPrefix(ou, top+"/") }

// Production says whether an account is one where permission sets that administer IAM need a break-glass assignment.
func Production(z *zone.Zone, g Grant) bool {
	return g.Management() || slices.ContainsFunc(z.IdentityCenter.ProductionOUs, func(ou string) bool { return Within(g.Account.OU, ou) })
}

// PermissionSet finds a permission set by its name.
func (a Access) PermissionSet(name string) PermissionSet {
	at := slices.IndexFunc(a.PermissionSets, func(s PermissionSet) bool { return s.Name == name })
	if at < 0 {
		return PermissionSet{}
	}
	return a.PermissionSets[at]
}

// StackCapacity is how many resources a stack may hold. CloudFormation's quota is 500 (CloudFormation quotas,
// 2026-11-25); the margin is for what later versions add per stack.
const StackCapacity = 450

// Stack is what one stack holds of a zone's grants.
type Stack struct {
	// Name is "" for the stack that holds the groups and permission sets too; others are strings of 0 and 1 that end in 1.
	Name   string
	Grants []Grant
	// Resources counts the resources of the stack.
	Resources int
}

// Groups are those of the given groups that the stack's grants name.
func (s Stack) Groups(of []config.IdentityGroup) []config.IdentityGroup {
	var out []config.IdentityGroup
	for _, g := range of {
		if slices.ContainsFunc(s.Grants, func(grant Grant) bool { return grant.Group == g.Name }) {
			out = append(out, g)
		}
	}
	return out
}

// Stacks spreads grants over as many stacks as identityCenter.stacks says, which is a power of two, by the leading bits
// of a hash of the account's name. All grants of an account are in one stack. A stack whose grants are spread over two
// keeps its name and about half of them, because a name drops the trailing zeros of its bits; so stacks come in an order
// in which each loses grants before another gets them.
func (a Access) Stacks(z *zone.Zone) []Stack {
	return a.spread(z.IdentityCenter.Stacks)
}

func (a Access) spread(count int) []Stack {
	depth := bits.TrailingZeros(uint(count))
	at := map[string]*Stack{}
	var names []string
	for n := range count {
		name := strings.TrimRight(binary(uint64(n), depth), "0")
		at[name] = &Stack{Name: name}
		names = append(names, name)
	}
	slices.Sort(names)
	for _, g := range a.Grants {
		name := strings.TrimRight(binary(hash(g.AccountName())>>(64-depth), depth), "0")
		at[name].Grants = append(at[name].Grants, g)
	}
	var out []Stack
	for _, name := range names {
		s := at[name]
		s.Resources = a.resources(*s)
		out = append(out, *s)
	}
	return out
}

// resources counts the resources of a stack: each grant, and the look-ups of the accounts and groups that they name.
func (a Access) resources(s Stack) int {
	lookups, groups := map[string]bool{}, map[string]bool{}
	for _, g := range s.Grants {
		groups[g.Group] = true
		if !g.Management() && g.Account.OU != config.OUSecurity {
			lookups[g.Account.Name] = true
		}
	}
	n := len(s.Grants) + len(lookups)
	if s.Name == "" {
		return n + 1 + len(a.Groups) + len(a.PermissionSets)
	}
	return n + len(groups)
}

// binary writes a number in so many binary digits.
func binary(n uint64, digits int) string {
	b := make([]byte, digits)
	for i := range b {
		b[i] = '0' + byte(n>>(digits-1-i)&1)
	}
	return string(b)
}

// hash spreads names evenly.
func hash(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	// FNV's high bits hardly change between short names; the multiplication spreads them.
	return h.Sum64() * 0x9e3779b97f4a7c15
}

// Lanes is how many assignments of a stack CloudFormation makes at the same time. IAM Identity Center takes at most 10
// that are in progress ("Quotas and limits in IAM Identity Center", CreateAccountAssignment, 2026-11-25); the rest is for
// people.
const Lanes = 8

// Lane is the lane of a grant, from 0 to Lanes-1. It depends on the grant alone, so that an edit keeps the others where they are.
func (g Grant) Lane() int { return int(hash(g.ID()) >> 32 % Lanes) }
