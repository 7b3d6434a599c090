// Package resourcetype knows the types of the custom resources that the organization handler serves: what they are
// called, which properties they take, which requests they make and therefore which permissions the handler needs. It
// imports no SDK, so that the stacks can name types and permissions without compiling one.
package resourcetype

import (
	"maps"
	"slices"
	"strings"
)

// Custom-resource types. Property values arrive as strings, or lists and maps of
// strings; attributes (Fn::GetAtt) are strings. Every type also takes ConfigKey: the
// key of the user's file that the resource stands for, used in messages.
const (
	// Organization has no properties and returns Id, Arn, RootId, ManagementAccountId.
	Organization = "Custom::LandfallOrganization"
	// PolicyTypes takes PolicyTypes (list) and returns RootId.
	PolicyTypes = "Custom::LandfallPolicyTypes"
	// TrustedAccess takes ServicePrincipal and returns ServicePrincipal.
	TrustedAccess = "Custom::LandfallTrustedAccess"
	// OrganizationalUnit takes Path ("Workloads/Prod") and Tags (map) and returns Id, Arn.
	OrganizationalUnit = "Custom::LandfallOrganizationalUnit"
	// Account takes Name, Email, OrganizationalUnitPath, AccountId (optional), Tags (map),
	// State ("active" or "suspended") and the contacts of ManagementContacts, and returns
	// AccountId, Arn, Email, Name.
	Account = "Custom::LandfallAccount"
	// ManagementContacts takes SecurityContact, OperationsContact and BillingContact, each
	// optional and a map with Name, Title, Email and Phone, and returns nothing.
	ManagementContacts = "Custom::LandfallManagementContacts"
	// DelegatedAdministrator takes AccountId and ServicePrincipal and returns both.
	DelegatedAdministrator = "Custom::LandfallDelegatedAdministrator"
	// PolicyTarget takes one of OrganizationalUnitPath, AccountEmail, AccountId and returns Id.
	PolicyTarget = "Custom::LandfallPolicyTarget"
	// Key takes AliasArn, which may name another account, and returns KeyArn.
	Key = "Custom::LandfallKey"
	// EditGuard takes RetiredRegions, AlertRegions, GovernedRegions (lists), HomeRegion
	// and Prefix, and returns nothing.
	EditGuard = "Custom::LandfallEditGuard"
)

// StackSetsPrincipal is the service principal of service-managed StackSets. Its trusted
// access is switched through CloudFormation (CloudFormation User Guide, "Activate trusted
// access for stack sets with AWS Organizations").
const StackSetsPrincipal = "member.org.stacksets.cloudformation.amazonaws.com"

// ContactsPrincipal is the service principal of AWS Account Management, which sets the
// contacts of members once it has trusted access (Account Management Reference Guide,
// "Enable trusted access for AWS Account Management").
const ContactsPrincipal = "account.amazonaws.com"

// OrganizationTypes lists the custom-resource types in the order in which a zone needs them.
func OrganizationTypes() []string {
	return []string{Organization, PolicyTypes, TrustedAccess, OrganizationalUnit, Account,
		ManagementContacts, DelegatedAdministrator, PolicyTarget, Key, EditGuard}
}

// OrganizationRequests maps each custom-resource type to the API calls that it can make, as
// "service:Operation", sorted. For all of them the IAM action has the name of the call.
// After an update that failed, each type can also call cloudformation:DescribeStacks, which
// tells an edit from a roll-back.
func OrganizationRequests() map[string][]string {
	path := []string{"organizations:ListRoots", "organizations:ListOrganizationalUnitsForParent"}
	tags := []string{"organizations:ListTagsForResource", "organizations:TagResource", "organizations:UntagResource"}
	contacts := []string{"account:GetAlternateContact", "account:PutAlternateContact"}
	requests := map[string][]string{
		Organization: {"organizations:DescribeOrganization", "organizations:CreateOrganization",
			"organizations:ListRoots", "sts:GetCallerIdentity"},
		PolicyTypes: {"organizations:ListRoots", "organizations:EnablePolicyType"},
		TrustedAccess: {"organizations:ListAWSServiceAccessForOrganization", "organizations:EnableAWSServiceAccess",
			"cloudformation:DescribeOrganizationsAccess", "cloudformation:ActivateOrganizationsAccess"},
		OrganizationalUnit: slices.Concat(path, tags, []string{"organizations:CreateOrganizationalUnit"}),
		Account: slices.Concat(path, tags, contacts, []string{"organizations:DescribeOrganization", "organizations:ListAccounts",
			"organizations:DescribeAccount", "organizations:ListCreateAccountStatus", "organizations:CreateAccount",
			"organizations:ListParents", "organizations:MoveAccount"}),
		ManagementContacts: slices.Clone(contacts),
		DelegatedAdministrator: {"organizations:ListDelegatedAdministrators",
			"organizations:RegisterDelegatedAdministrator"},
		PolicyTarget: slices.Concat(path, []string{"organizations:ListAccounts", "organizations:DescribeAccount"}),
		Key:          {"kms:DescribeKey"},
		EditGuard: {"cloudformation:DescribeStacks", "cloudformation:ListStacks", "cloudtrail:DescribeTrails",
			"cloudtrail:ListTags"},
	}
	for _, calls := range requests {
		slices.Sort(calls)
	}
	return requests
}

// OrganizationPermissions lists, sorted, the IAM actions that the handler's role needs: the calls of
// [OrganizationRequests] and the actions that AWS checks on the caller behind some of them.
//
//   - CreateOrganization and EnableAWSServiceAccess create service-linked roles: allow
//     iam:CreateServiceLinkedRole for the names of [OrganizationServiceLinkedRoles] only (AWS
//     Organizations User Guide, "AWS Organizations and service-linked roles").
//   - ActivateOrganizationsAccess checks organizations:EnableAWSServiceAccess and
//     organizations:DescribeOrganization (CloudFormation User Guide, "Activate trusted
//     access for stack sets with AWS Organizations").
//   - sts:GetCallerIdentity needs no permission (STS API Reference) and is left out.
func OrganizationPermissions() []string {
	actions := map[string]bool{
		"iam:CreateServiceLinkedRole":          true,
		"organizations:DescribeOrganization":   true,
		"organizations:EnableAWSServiceAccess": true,
	}
	for _, calls := range OrganizationRequests() {
		for _, call := range calls {
			if !strings.HasPrefix(call, "sts:") {
				actions[call] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(actions))
}

// OrganizationServiceLinkedRoles lists the values of iam:AWSServiceName for which the role may
// create service-linked roles, sorted.
func OrganizationServiceLinkedRoles() []string {
	return []string{"member.org.stacksets.cloudformation.amazonaws.com", "organizations.amazonaws.com",
		"stacksets.cloudformation.amazonaws.com"}
}
