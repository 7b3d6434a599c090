package identity

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/authdata"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/zone"
)

// administratorPolicies are the AWS managed policies that allow to give permissions to any role of an account, directly or
// through CloudFormation ("AWS managed policy reference guide", 2026-11-25).
var administratorPolicies = []string{"AdministratorAccess", "AdministratorAccess-Amplify", "AWSMcpServiceActionsFullAccess", "IAMFullAccess"}

// grantingActions give permissions to identities of IAM: whoever may do one of them can have every permission of the
// account ("Permissions management" in the service authorization reference of IAM, with what lets others in).
var grantingActions = []string{
	"iam:AddUserToGroup", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:AttachUserPolicy", "iam:CreateAccessKey",
	"iam:CreateLoginProfile", "iam:CreatePolicyVersion", "iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary",
	"iam:PutGroupPolicy", "iam:PutRolePolicy", "iam:PutUserPolicy", "iam:SetDefaultPolicyVersion", "iam:UpdateAssumeRolePolicy",
	"iam:UpdateLoginProfile",
}

// Administers says whether a permission set lets its holder give permissions to IAM identities, through a policy of AWS
// or one of its own. Resources and conditions of a statement do not matter: to tell which of them bind well enough takes
// a person. A policy that cannot be read allows nothing here; Check reports it.
func Administers(s config.PermissionSet) bool {
	if slices.ContainsFunc(s.ManagedPolicies, func(p string) bool { return slices.Contains(administratorPolicies, p) }) {
		return true
	}
	if s.InlinePolicy == "" {
		return false
	}
	document, err := policy.Parse([]byte(s.InlinePolicy))
	return err == nil && slices.ContainsFunc(document.Statements, func(st policy.Statement) bool {
		return st.Effect == policy.Allow && slices.ContainsFunc(grantingActions, func(action string) bool { return covers(st, action) })
	})
}

// covers says whether a statement is about an action.
func covers(s policy.Statement, action string) bool {
	in := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			return p == "*" || slices.ContainsFunc(matching(p), func(a authdata.Action) bool { return strings.EqualFold(a.String(), action) })
		})
	}
	if len(s.NotAction) > 0 {
		return !in(s.NotAction)
	}
	return in(s.Action)
}

// matching are the actions that a pattern covers. A pattern whose service has wildcards too covers those of all services.
func matching(pattern string) []authdata.Action {
	service, name, found := strings.Cut(pattern, ":")
	if !found || !strings.ContainsAny(service, "*?") {
		return authdata.Match(pattern)
	}
	var out []authdata.Action
	for _, s := range authdata.Services() {
		if like(service, s) {
			out = append(out, authdata.Match(s+":"+name)...)
		}
	}
	return out
}

// like matches a word with a pattern with * and ?.
func like(pattern, word string) bool {
	switch {
	case pattern == "":
		return word == ""
	case pattern[0] == '*':
		return like(pattern[1:], word) || word != "" && like(pattern, word[1:])
	}
	return word != "" && (pattern[0] == '?' || pattern[0] == word[0]) && like(pattern[1:], word[1:])
}

// Check says what is wrong with the access of a zone beyond the form of its file: policies that AWS would refuse or that
// name actions which do not exist, permission sets that allow nothing, access to production that nobody called
// break-glass, sessions that are too long, and more than stacks hold. Problems have the path in the file, without the
// line.
func Check(z *zone.Zone) config.Problems {
	k := checker{zone: z, access: Resolve(z)}
	for _, s := range k.access.PermissionSets {
		if !s.BuiltIn {
			k.permissionSet(s)
		}
	}
	for _, a := range z.IdentityCenter.Assignments {
		k.assignment(a)
	}
	k.quotas()
	return k.problems
}

// checker collects what Check finds.
type checker struct {
	zone     *zone.Zone
	access   Access
	problems config.Problems
}

func (k *checker) report(path, value, message, fix string) {
	k.problems = append(k.problems, config.Problem{Path: path, Value: value, Message: message, Fix: fix})
}

func (k *checker) permissionSet(s PermissionSet) {
	path := "identityCenter.permissionSets[" + s.Name + "]"
	if len(s.ManagedPolicies) == 0 && s.InlinePolicy == "" {
		k.report(path, s.Name, "the permission set has no policy, so it would allow nothing", "add managedPolicies or an inlinePolicy")
	}
	if s.Administers && s.SessionHours > 1 && s.Reason == "" {
		k.report(path+".sessionHours", fmt.Sprint(s.SessionHours), "the permission set administers IAM, and sessions of such a set last one hour at most", "write 1, or add a reason")
	}
	if s.InlinePolicy != "" {
		k.inlinePolicy(path+".inlinePolicy", s.InlinePolicy)
	}
}

func (k *checker) inlinePolicy(path, text string) {
	dense := len(text)
	for _, r := range text {
		if unicode.IsSpace(r) {
			dense -= len(string(r))
		}
	}
	if dense > config.MaxInlinePolicyCharacters {
		k.report(path, "", fmt.Sprintf("the policy has %d bytes without whitespace, and at most %d are allowed", dense, config.MaxInlinePolicyCharacters), "use policies that AWS manages, or wildcards")
	}
	document, err := policy.Parse([]byte(text))
	if err != nil {
		k.report(path, "", "the policy cannot be read: "+err.Error(), "for example {\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"s3:ListAllMyBuckets\", \"Resource\": \"*\"}]}")
		return
	}
	// What a service control policy must be, a policy of an identity must be too: no principal, a resource, the current version.
	for _, wrong := range policy.Validate(policy.SCP, document) {
		k.report(path, "", "AWS would refuse the policy, or it could never take effect: "+wrong.Error(), "")
	}
	for i, s := range document.Statements {
		for _, pattern := range slices.Concat(s.Action, s.NotAction) {
			if pattern == "*" || len(matching(pattern)) > 0 {
				continue
			}
			problem := config.Problem{Path: path, Value: pattern, Nearest: authdata.Nearest(pattern),
				Message: fmt.Sprintf("statement %d names an action that no service has", i)}
			k.problems = append(k.problems, problem)
		}
	}
}

func (k *checker) assignment(a config.Assignment) {
	set := k.access.PermissionSet(a.PermissionSet)
	if !set.Administers || a.BreakGlass {
		return
	}
	var production []string
	for _, account := range accounts(k.zone, a) {
		if g := (Grant{Account: account}); Production(k.zone, g) {
			production = append(production, g.AccountName())
		}
	}
	if len(production) == 0 {
		return
	}
	named := strings.Join(production, ", ")
	if len(production) > 3 {
		named = fmt.Sprintf("%s and %d more", strings.Join(production[:3], ", "), len(production)-3)
	}
	k.report("identityCenter.assignments["+a.Group+"]["+a.PermissionSet+"]", a.PermissionSet,
		fmt.Sprintf("the permission set administers IAM, and the group %s would have it in production at all times (%s); people should change production through pipelines", a.Group, named),
		"assign a set that does not administer IAM; or, for emergencies, make an assignment of its own with breakGlass: true and a reason; see identityCenter.productionOUs")
}

// quotas reports accounts with too many permission sets, and stacks with too many resources.
func (k *checker) quotas() {
	sets := map[string]map[string]bool{}
	for _, g := range k.access.Grants {
		if sets[g.AccountName()] == nil {
			sets[g.AccountName()] = map[string]bool{}
		}
		sets[g.AccountName()][g.PermissionSet] = true
	}
	for _, name := range slices.Sorted(maps.Keys(sets)) {
		if n := len(sets[name]); n > config.MaxAccountPermissionSets {
			k.report("identityCenter.assignments", name, fmt.Sprintf("the account has %d permission sets, and at most %d are allowed", n, config.MaxAccountPermissionSets), "")
		}
	}
	if fits(k.access.Stacks(k.zone)) {
		return
	}
	path := "identityCenter.stacks"
	count := fmt.Sprintf("%s (each a group's permission set in an account), %s and %s", plural(len(k.access.Grants), "grant"), plural(len(k.access.Groups), "group"), plural(len(k.access.PermissionSets), "permission set"))
	for n := k.zone.IdentityCenter.Stacks * 2; n <= MaxStacks; n *= 2 {
		if fits(k.access.spread(n)) {
			k.report(path, fmt.Sprint(k.zone.IdentityCenter.Stacks), fmt.Sprintf("%s with the look-ups of their accounts do not fit: each stack holds %d resources, and the fullest one would have %d", count, StackCapacity, fullest(k.access.Stacks(k.zone))), fmt.Sprintf("write stacks: %d", n))
			return
		}
	}
	k.report(path, fmt.Sprint(k.zone.IdentityCenter.Stacks), fmt.Sprintf("%s do not fit into the %d stacks that there can be, each with %d resources; with all of them the fullest one would have %d", count, MaxStacks, StackCapacity, fullest(k.access.spread(MaxStacks))), "join groups, or assign fewer permission sets")
}

// MaxStacks is the largest value of identityCenter.stacks.
const MaxStacks = config.MaxIdentityStacks

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func fits(stacks []Stack) bool { return fullest(stacks) <= StackCapacity }

func fullest(stacks []Stack) int {
	most := 0
	for _, s := range stacks {
		most = max(most, s.Resources)
	}
	return most
}
