package config

import (
	"fmt"
	"slices"
	"strings"
)

// Sources of groups.
const (
	// SourceDirectory is the directory of IAM Identity Center itself, or an identity provider whose groups are not provisioned.
	SourceDirectory = "directory"
	// SourceExternal is an identity provider that provisions its groups (SCIM), or Active Directory.
	SourceExternal = "external"
)

// JobFunctionPolicies are the AWS managed policies whose names have the path job-function/ ("AWS managed policies for
// job functions" in the IAM user guide, 2026-11-25).
func JobFunctionPolicies() []string {
	return []string{"Billing", "DatabaseAdministrator", "DataScientist", "NetworkAdministrator", "SupportUser", "SystemAdministrator", "ViewOnlyAccess"}
}

// approveAutomations lets its holder approve or refuse a step of an Automation that waits for a person, and see what it did.
const approveAutomations = `{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "ApproveAutomations",
      "Effect": "Allow",
      "Action": ["ssm:SendAutomationSignal", "ssm:GetAutomationExecution", "ssm:DescribeAutomationExecutions", "ssm:DescribeAutomationStepExecutions"],
      "Resource": "*"
    }
  ]
}`

// BuiltInPermissionSets are the permission sets by job function that assignments can name without defining them,
// sorted by name.
func BuiltInPermissionSets() []PermissionSet {
	return []PermissionSet{
		{Name: "Administrator", Description: "Everything, IAM included. For break-glass and for accounts without production.",
			ManagedPolicies: []string{"AdministratorAccess"}, SessionHours: 1},
		{Name: "Billing", Description: "Bills, budgets and cost reports.",
			ManagedPolicies: []string{"job-function/Billing"}, SessionHours: 4},
		{Name: "Developer", Description: "Every service except users, roles and policies of IAM, and the organization.",
			ManagedPolicies: []string{"PowerUserAccess"}, SessionHours: 4},
		{Name: "IncidentResponder", Description: "Looks into everything but data, and approves steps of response automations; changes nothing else.",
			ManagedPolicies: []string{"SecurityAudit", "job-function/ViewOnlyAccess"}, InlinePolicy: approveAutomations, SessionHours: 4},
		{Name: "ReadOnly", Description: "Reads everything, the content of data stores included.",
			ManagedPolicies: []string{"ReadOnlyAccess"}, SessionHours: 4},
		{Name: "SecurityAudit", Description: "Reads security settings and findings, without the content of data stores.",
			ManagedPolicies: []string{"SecurityAudit", "job-function/ViewOnlyAccess"}, SessionHours: 8},
		{Name: "Support", Description: "Opens and follows cases of AWS Support.",
			ManagedPolicies: []string{"AWSSupportAccess"}, SessionHours: 4},
		{Name: "ViewOnly", Description: "Sees which resources there are, without the content of data stores.",
			ManagedPolicies: []string{"job-function/ViewOnlyAccess"}, SessionHours: 8},
	}
}

// checkIdentity checks that names of identityCenter lead somewhere and are there once.
func (c *checker) checkIdentity(z *LandingZone, members []member, ous []string) {
	const top = "identityCenter"
	if c.spoiled[top] {
		return
	}
	groups := c.checkIdentityGroups(z)
	sets := c.checkPermissionSets(z)
	var accounts []string
	for _, m := range members {
		if m.name != "" {
			accounts = append(accounts, m.name)
		}
	}
	for i := range z.IdentityCenter.ProductionOUs {
		c.known(index(top+".productionOUs", i), z.IdentityCenter.ProductionOUs[i], "OU", ous, "to have it made, add it to organizationalUnits")
	}
	list := top + ".assignments"
	first := map[string]string{}
	for i, a := range z.IdentityCenter.Assignments {
		path := index(list, i)
		if c.spoiled[path] {
			continue
		}
		// A name with a problem of its own is probably the one that is meant.
		if !slices.Contains(groups, "") {
			c.known(path+".group", a.Group, "group in this file", groups, "add it to identityCenter.groups")
		}
		if !slices.Contains(sets, "") {
			c.known(path+".permissionSet", a.PermissionSet, "permission set, built in or in this file", sets, "define it in identityCenter.permissionSets")
		}
		for n, name := range a.Accounts {
			fix := "write the name of an account of this file"
			if strings.EqualFold(name, "management") {
				fix = "the management account is named by `management: true`"
			}
			c.known(index(path+".accounts", n), name, "account in this file", accounts, fix)
		}
		for n, ou := range a.OUs {
			c.known(index(path+".ous", n), ou, "OU", ous, "to have it made, add it to organizationalUnits")
		}
		if len(a.Accounts) == 0 && len(a.OUs) == 0 && !a.Management && !c.spoiled[path+".accounts"] && !c.spoiled[path+".ous"] && !c.spoiled[path+".management"] {
			c.report(c.where(path), path, Problem{Message: "the assignment names no account, so nobody would get access", Fix: "add accounts, ous, or management: true"})
			continue
		}
		if a.BreakGlass && a.Reason == "" && !c.spoiled[path+".reason"] {
			c.report(c.where(path), path+".reason", Problem{Message: "the key is missing, and a break-glass assignment needs it", Fix: "say who uses it and when, for example reason: \"used when pipelines fail; each use is reviewed\""})
		}
		same := a.Group + "\x00" + a.PermissionSet
		if before, twice := first[same]; twice && a.Group != "" && a.PermissionSet != "" {
			c.report(c.where(path), path, Problem{Message: fmt.Sprintf("the list has this group with this permission set twice, first at %s on line %d", before, c.line(before)), Fix: "put the accounts and OUs of both into one assignment"})
			continue
		}
		first[same] = path
	}
}

// known reports a word that is none of those that exist.
func (c *checker) known(path, value, what string, words []string, fix string) {
	if !c.good(path) || slices.Contains(words, value) {
		return
	}
	allowed := words
	if len(allowed) > maxListed {
		allowed = nil
	}
	near := ""
	if c.lookups < maxLookups {
		c.lookups++
		near = Nearest(value, words)
	}
	c.report(c.where(path), path, Problem{Value: value, Message: "there is no such " + what, Allowed: allowed, Nearest: near, Fix: fix})
}

// checkIdentityGroups returns the names of the groups, "" for one that has a problem.
func (c *checker) checkIdentityGroups(z *LandingZone) []string {
	var names []string
	for i, g := range z.IdentityCenter.Groups {
		path := index("identityCenter.groups", i) + ".name"
		names = append(names, c.right(path, g.Name))
		c.once(path, g.Name, "group", names[:i])
	}
	return names
}

// right is a value, or "" when it has a problem.
func (c *checker) right(path, value string) string {
	if !c.good(path) {
		return ""
	}
	return value
}

// checkPermissionSets returns the names of the permission sets, the built-in ones included, "" for one that has a problem.
func (c *checker) checkPermissionSets(z *LandingZone) []string {
	var names []string
	for i, s := range z.IdentityCenter.PermissionSets {
		path := index("identityCenter.permissionSets", i)
		names = append(names, c.right(path+".name", s.Name))
		c.once(path+".name", s.Name, "permission set", names[:i])
		c.bareNames(path+".managedPolicies", s.ManagedPolicies)
	}
	for _, s := range BuiltInPermissionSets() {
		at := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, s.Name) })
		if at < 0 {
			names = append(names, s.Name)
			continue
		}
		if path := index("identityCenter.permissionSets", at) + ".name"; names[at] != s.Name && c.good(path) {
			c.report(c.where(path), path, Problem{Value: names[at], Message: "the name differs from that of a built-in permission set in upper and lower case only", Nearest: s.Name, Fix: "write it the same to change the built-in one, or choose another name"})
		}
	}
	return names
}

// bareNames reports job-function policies without their path, which AWS would not find.
func (c *checker) bareNames(path string, policies []string) {
	for i, p := range policies {
		if at := index(path, i); c.good(at) && slices.Contains(JobFunctionPolicies(), p) {
			c.report(c.where(at), at, Problem{Value: p, Message: "the policy has a path, which belongs to its name", Nearest: "job-function/" + p})
		}
	}
}

// once reports a name that an earlier item of a list has too.
func (c *checker) once(path, name, what string, before []string) {
	at := slices.IndexFunc(before, func(b string) bool { return b != "" && strings.EqualFold(b, name) })
	if at < 0 || !c.good(path) {
		return
	}
	list := path[:strings.LastIndex(path, "[")]
	other := index(list, at) + ".name"
	c.report(c.where(path), path, Problem{Value: name, Message: fmt.Sprintf("another %s has this name (%s, line %d); names must differ in more than upper and lower case", what, index(list, at), c.line(other)), Fix: "keep one of the two, or give one another name"})
}

// explainManagedPolicy says what a word is that is no name of an AWS managed policy.
func explainManagedPolicy(s string) (Problem, bool) {
	if rest, is := strings.CutPrefix(s, "arn:aws:iam::aws:policy/"); is {
		return Problem{Message: "this is the policy's ARN, and the key takes its name", Nearest: rest}, true
	}
	if strings.HasPrefix(s, "arn:") {
		return Problem{Message: "this is an ARN, and the key takes names of policies that AWS manages", Fix: "write the statements of a policy of your own into inlinePolicy"}, true
	}
	return Problem{}, false
}

// explainGroup says why a group cannot have a name (Identity Store API reference, CreateGroup, DisplayName, 2026-11-25).
func explainGroup(s string) (Problem, bool) {
	if s == "Administrator" || s == "AWSAdministrators" {
		return Problem{Message: "AWS keeps this name for itself", Fix: "choose another, for example platform-administrators"}, true
	}
	return Problem{}, false
}
