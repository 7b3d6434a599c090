package organization

import (
	"maps"
	"slices"
	"strings"
)

// Custom-resource types. Property values arrive as strings, or lists and maps of
// strings; attributes (Fn::GetAtt) are strings. Every type also takes ConfigKey: the
// key of the user's file that the resource stands for, used in messages.
const (
	// TypeOrganization has no properties and returns Id, Arn, RootId, ManagementAccountId.
	TypeOrganization = "Custom::LandfallOrganization"
	// TypePolicyTypes takes PolicyTypes (list) and returns RootId.
	TypePolicyTypes = "Custom::LandfallPolicyTypes"
	// TypeTrustedAccess takes ServicePrincipal and returns ServicePrincipal.
	TypeTrustedAccess = "Custom::LandfallTrustedAccess"
	// TypeOrganizationalUnit takes Path ("Workloads/Prod") and Tags (map) and returns Id, Arn.
	TypeOrganizationalUnit = "Custom::LandfallOrganizationalUnit"
	// TypeAccount takes Name, Email, OrganizationalUnitPath, AccountId (optional), Tags (map)
	// and State ("active" or "suspended"), and returns AccountId, Arn, Email, Name.
	TypeAccount = "Custom::LandfallAccount"
	// TypeDelegatedAdministrator takes AccountId and ServicePrincipal and returns both.
	TypeDelegatedAdministrator = "Custom::LandfallDelegatedAdministrator"
	// TypePolicyTarget takes one of OrganizationalUnitPath, AccountEmail, AccountId and returns Id.
	TypePolicyTarget = "Custom::LandfallPolicyTarget"
	// TypeKey takes AliasArn, which may name another account, and returns KeyArn.
	TypeKey = "Custom::LandfallKey"
	// TypeEditGuard takes RetiredRegions, AlertRegions, GovernedRegions (lists), HomeRegion
	// and Prefix, and returns nothing.
	TypeEditGuard = "Custom::LandfallEditGuard"
)

// Types lists the custom-resource types in the order in which a zone needs them.
func Types() []string {
	return []string{TypeOrganization, TypePolicyTypes, TypeTrustedAccess, TypeOrganizationalUnit, TypeAccount,
		TypeDelegatedAdministrator, TypePolicyTarget, TypeKey, TypeEditGuard}
}

// Requests maps each custom-resource type to the API calls that it can make, as
// "service:Operation", sorted. For all of them the IAM action has the name of the call.
// After an update that failed, each type can also call cloudformation:DescribeStacks, which
// tells an edit from a roll-back.
func Requests() map[string][]string {
	path := []string{"organizations:ListRoots", "organizations:ListOrganizationalUnitsForParent"}
	tags := []string{"organizations:ListTagsForResource", "organizations:TagResource", "organizations:UntagResource"}
	requests := map[string][]string{
		TypeOrganization: {"organizations:DescribeOrganization", "organizations:CreateOrganization",
			"organizations:ListRoots", "sts:GetCallerIdentity"},
		TypePolicyTypes: {"organizations:ListRoots", "organizations:EnablePolicyType"},
		TypeTrustedAccess: {"organizations:ListAWSServiceAccessForOrganization", "organizations:EnableAWSServiceAccess",
			"cloudformation:DescribeOrganizationsAccess", "cloudformation:ActivateOrganizationsAccess"},
		TypeOrganizationalUnit: slices.Concat(path, tags, []string{"organizations:CreateOrganizationalUnit"}),
		TypeAccount: slices.Concat(path, tags, []string{"organizations:DescribeOrganization", "organizations:ListAccounts",
			"organizations:DescribeAccount", "organizations:ListCreateAccountStatus", "organizations:CreateAccount",
			"organizations:ListParents", "organizations:MoveAccount"}),
		TypeDelegatedAdministrator: {"organizations:ListDelegatedAdministrators",
			"organizations:RegisterDelegatedAdministrator"},
		TypePolicyTarget: slices.Concat(path, []string{"organizations:ListAccounts", "organizations:DescribeAccount"}),
		TypeKey:          {"kms:DescribeKey"},
		TypeEditGuard: {"cloudformation:DescribeStacks", "cloudformation:ListStacks", "cloudtrail:DescribeTrails",
			"cloudtrail:ListTags"},
	}
	for _, calls := range requests {
		slices.Sort(calls)
	}
	return requests
}

// Permissions lists, sorted, the IAM actions that the handler's role needs: the calls of
// [Requests] and the actions that AWS checks on the caller behind some of them.
//
//   - CreateOrganization and EnableAWSServiceAccess create service-linked roles: allow
//     iam:CreateServiceLinkedRole for the names of [ServiceLinkedRoleServices] only (AWS
//     Organizations User Guide, "AWS Organizations and service-linked roles").
//   - ActivateOrganizationsAccess checks organizations:EnableAWSServiceAccess and
//     organizations:DescribeOrganization (CloudFormation User Guide, "Activate trusted
//     access for stack sets with AWS Organizations").
//   - sts:GetCallerIdentity needs no permission (STS API Reference) and is left out.
func Permissions() []string {
	actions := map[string]bool{
		"iam:CreateServiceLinkedRole":          true,
		"organizations:DescribeOrganization":   true,
		"organizations:EnableAWSServiceAccess": true,
	}
	for _, calls := range Requests() {
		for _, call := range calls {
			if !strings.HasPrefix(call, "sts:") {
				actions[call] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(actions))
}

// ServiceLinkedRoleServices lists the values of iam:AWSServiceName for which the role may
// create service-linked roles, sorted.
func ServiceLinkedRoleServices() []string {
	return []string{"member.org.stacksets.cloudformation.amazonaws.com", "organizations.amazonaws.com",
		"stacksets.cloudformation.amazonaws.com"}
}
