// Package zone knows the resolved landing zone: the one value that stacks,
// reports and checks read. It is computed from a valid configuration, is the
// same whatever the order of keys and list items in the file, and refers to
// accounts and OUs by name and path only, because ids exist after deployment.
package zone

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// GlobalRegion is where global services (IAM, Organizations, root sign-in) record their events
// (EventBridge user guide, "AWS service events delivered via AWS CloudTrail").
const GlobalRegion = "us-east-1"

// SignInRegions are where console sign-ins of IAM users are recorded besides GlobalRegion, whatever Region the user
// works in, when the sign-in page of an account alias or a Region's own page serves them
// (CloudTrail user guide, "AWS Management Console sign-in events").
func SignInRegions() []string { return []string{"ap-southeast-2", "eu-north-1", "us-east-2"} }

// Zone is a resolved landing zone. Every slice is sorted by its natural key; OUs come parents first.
type Zone struct {
	Name   string
	Prefix string
	// HomeRegion holds the stacks and the log archive.
	HomeRegion string
	// GovernedRegions receive the baseline; HomeRegion is one of them.
	GovernedRegions []string
	// RetiredRegions were governed once; their baseline may be removed.
	RetiredRegions []string
	// AlertRegions are the governed Regions, GlobalRegion and SignInRegions.
	AlertRegions []string
	// Recipients are the e-mail addresses that receive alerts.
	Recipients []string
	// Alerts has what the file changes about alerts, its lists sorted; Recipients are the ones of every tier.
	Alerts config.Alerts
	// Contacts are the alternate contacts of every account, the management account included.
	Contacts   config.Contacts
	OUs        []OU
	LogArchive Account
	Audit      Account
	// Accounts are the workload accounts.
	Accounts []Account
	// Shards distribute Accounts over stacks; every account is in exactly one.
	Shards []Shard
	Trail  config.Trail
	Logs   config.Logs
	// Services are the detection services, their lists sorted.
	Services config.Services
	// Guardrails says which guardrails are on, where and for whom.
	Guardrails config.Guardrails
	// IdentityCenter says who has access to what; package identity resolves it.
	IdentityCenter config.IdentityCenter
	Tags           map[string]string
}

// OU is an organizational unit, identified by its path from the root, as in Workloads/Prod.
type OU struct {
	Path string
}

// Name is the last segment of the path, the OU's name in AWS Organizations.
func (o OU) Name() string { return path.Base(o.Path) }

// Parent is the path of the parent OU, or "" when the parent is the root.
func (o OU) Parent() string {
	if i := strings.LastIndex(o.Path, "/"); i >= 0 {
		return o.Path[:i]
	}
	return ""
}

// Account is a member account.
type Account struct {
	Name  string
	Email string
	// ID is set only when the file names an existing account.
	ID string
	// OU is the path of the OU that holds the account: Suspended for a suspended account, whatever the file's `ou` says.
	OU        string
	Suspended bool
	// Tags include the zone's tags.
	Tags map[string]string
	// Key is the place of the account in the user's file, for error messages.
	Key string
}

// State is the word of the file for the account's state: active or suspended.
func (a Account) State() string {
	if a.Suspended {
		return config.StateSuspended
	}
	return config.StateActive
}

// Resolve computes the zone of a valid configuration. It does not check: config.Load has done so.
func Resolve(c *config.LandingZone) *Zone {
	z := &Zone{
		Name:            c.Zone,
		Prefix:          c.Prefix,
		HomeRegion:      c.Regions.Home,
		GovernedRegions: sorted(c.Regions.Governed),
		RetiredRegions:  sorted(c.Regions.Retired),
		Recipients:      sorted(c.Alerts.Recipients),
		Alerts:          alerts(c.Alerts),
		Contacts:        c.Contacts,
		Trail:           c.Trail,
		Logs:            c.Logs,
		Services:        services(c.Services),
		Guardrails:      c.Guardrails,
		IdentityCenter:  identityCenter(c.IdentityCenter),
		Tags:            maps.Clone(c.Tags),
	}
	z.AlertRegions = sorted(slices.Concat(z.GovernedRegions, []string{GlobalRegion}, SignInRegions()))
	for _, p := range config.OUPaths(c.OrganizationalUnits) {
		z.OUs = append(z.OUs, OU{Path: p})
	}
	z.LogArchive = securityAccount(c, c.Security.LogArchive, "security.logArchive")
	z.Audit = securityAccount(c, c.Security.Audit, "security.audit")
	for _, a := range c.Accounts {
		z.Accounts = append(z.Accounts, workloadAccount(c, a))
	}
	slices.SortFunc(z.Accounts, func(a, b Account) int { return strings.Compare(a.Name, b.Name) })
	z.Shards = shards(z.Accounts)
	return z
}

// ResourceTags are the tags of every resource of the zone: its own, and one that says that the resource belongs to
// the zone, by which guardrails know resources whose names are not the zone's.
func (z *Zone) ResourceTags() map[string]string {
	tags := map[string]string{z.Prefix + ":zone": z.Name}
	maps.Copy(tags, z.Tags)
	return tags
}

// Members are all member accounts that the file names, the security accounts first.
func (z *Zone) Members() []Account {
	return append([]Account{z.LogArchive, z.Audit}, z.Accounts...)
}

// Resource is the name of a zone's resource: the prefix, a hyphen and the given words joined by hyphens.
func (z *Zone) Resource(words ...string) string {
	return strings.Join(append([]string{z.Prefix}, words...), "-")
}

func securityAccount(c *config.LandingZone, a config.SecurityAccount, key string) Account {
	return Account{
		Name: a.Name, Email: emailOr(a.Email, c.Email, a.Name), ID: a.ID,
		OU: config.OUSecurity, Tags: maps.Clone(c.Tags), Key: key,
	}
}

func workloadAccount(c *config.LandingZone, a config.Account) Account {
	tags := map[string]string{}
	maps.Copy(tags, c.Tags)
	maps.Copy(tags, a.Tags)
	r := Account{
		Name: a.Name, Email: emailOr(a.Email, c.Email, a.Name), ID: a.ID,
		OU: a.OU, Tags: tags, Key: "accounts[" + a.Name + "]",
	}
	if a.State == config.StateSuspended {
		r.Suspended, r.OU = true, config.OUSuspended
	}
	return r
}

func emailOr(email, pattern, name string) string {
	if email != "" {
		return email
	}
	return config.EmailFor(pattern, name)
}

// alerts returns what the file says of alerts with the lists sorted.
func alerts(a config.Alerts) config.Alerts {
	a.Recipients, a.PageRecipients, a.NotifyRecipients = sorted(a.Recipients), sorted(a.PageRecipients), sorted(a.NotifyRecipients)
	a.HTTPSEndpoints = sorted(a.HTTPSEndpoints)
	a.Changes = slices.SortedStableFunc(slices.Values(a.Changes), func(x, y config.AlertChange) int { return strings.Compare(x.ID, y.ID) })
	var suppressions []config.AlertSuppression
	for _, s := range a.Suppressions {
		s.Accounts, s.Principals = sorted(s.Accounts), sorted(s.Principals)
		suppressions = append(suppressions, s)
	}
	slices.SortStableFunc(suppressions, func(x, y config.AlertSuppression) int {
		return cmp.Or(strings.Compare(x.Alert, y.Alert), slices.Compare(x.Accounts, y.Accounts), slices.Compare(x.Principals, y.Principals), strings.Compare(x.Expires, y.Expires))
	})
	a.Suppressions = suppressions
	a.Chat = chat(a.Chat)
	return a
}

// chat returns the chat channels sorted, each with its tiers.
func chat(channels []config.ChatChannel) []config.ChatChannel {
	var out []config.ChatChannel
	for _, c := range channels {
		if c.Tiers = sorted(c.Tiers); len(c.Tiers) == 0 {
			c.Tiers = []string{config.TierNotify, config.TierPage}
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b config.ChatChannel) int {
		return cmp.Or(strings.Compare(a.Slack.Workspace, b.Slack.Workspace), strings.Compare(a.Slack.Channel, b.Slack.Channel),
			strings.Compare(a.Teams.Tenant, b.Teams.Tenant), strings.Compare(a.Teams.Team, b.Teams.Team), strings.Compare(a.Teams.Channel, b.Teams.Channel))
	})
	return out
}

// services returns the services with their lists sorted.
func services(s config.Services) config.Services {
	s.Inspector.Scan = sorted(s.Inspector.Scan)
	s.SecurityHub.DisabledControls = slices.Clone(s.SecurityHub.DisabledControls)
	slices.SortFunc(s.SecurityHub.DisabledControls, func(a, b config.DisabledControl) int { return strings.Compare(a.ID, b.ID) })
	return s
}

// identityCenter returns what the file says of IAM Identity Center with its lists sorted.
func identityCenter(i config.IdentityCenter) config.IdentityCenter {
	i.ProductionOUs = sorted(i.ProductionOUs)
	i.Groups = slices.SortedFunc(slices.Values(i.Groups), func(a, b config.IdentityGroup) int { return strings.Compare(a.Name, b.Name) })
	var sets []config.PermissionSet
	for _, s := range i.PermissionSets {
		s.ManagedPolicies = sorted(s.ManagedPolicies)
		sets = append(sets, s)
	}
	slices.SortFunc(sets, func(a, b config.PermissionSet) int { return strings.Compare(a.Name, b.Name) })
	var assignments []config.Assignment
	for _, a := range i.Assignments {
		a.Accounts, a.OUs = sorted(a.Accounts), sorted(a.OUs)
		assignments = append(assignments, a)
	}
	slices.SortFunc(assignments, func(a, b config.Assignment) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.PermissionSet, b.PermissionSet))
	})
	i.PermissionSets, i.Assignments = sets, assignments
	return i
}

func sorted(in []string) []string {
	out := slices.Clone(in)
	slices.Sort(out)
	return slices.Compact(out)
}
