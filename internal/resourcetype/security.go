package resourcetype

import (
	"maps"
	"slices"
)

// Custom-resource types. Property values arrive as strings, or lists and maps of strings.
// All but RootAccess take AuditAccountId, RoleName, HomeRegion and Regions (list).
const (
	// GuardDuty takes Features (map of feature to ALL or NONE), PublishingFrequency, and
	// optionally DestinationBucketArn with DestinationKeyArn.
	GuardDuty = "Custom::LandfallGuardDuty"
	// SecurityHub takes RootId, PolicyName, Standards (list), DisabledControls (list) and
	// CustomParameters (map of control id to JSON).
	SecurityHub = "Custom::LandfallSecurityHub"
	// AccessAnalyzer takes NamePrefix, UnusedAccess ("true" or "false") and UnusedAccessDays.
	AccessAnalyzer = "Custom::LandfallAccessAnalyzer"
	// Inspector takes Types (list of "ec2", "ecr", "lambda", "lambdaCode").
	Inspector = "Custom::LandfallInspector"
	// Macie takes nothing more.
	Macie = "Custom::LandfallMacie"
	// Detective takes nothing more.
	Detective = "Custom::LandfallDetective"
	// RootAccess takes nothing.
	RootAccess = "Custom::LandfallRootAccess"
)

// Service principals whose trusted access the services need.
const (
	GuardDutyPrincipal      = "guardduty.amazonaws.com"
	SecurityHubPrincipal    = "securityhub.amazonaws.com"
	AccessAnalyzerPrincipal = "access-analyzer.amazonaws.com"
	InspectorPrincipal      = "inspector2.amazonaws.com"
	MaciePrincipal          = "macie.amazonaws.com"
	DetectivePrincipal      = "detective.amazonaws.com"
	RootAccessPrincipal     = "iam.amazonaws.com"
)

// SecurityTypes lists the custom-resource types.
func SecurityTypes() []string {
	return []string{GuardDuty, SecurityHub, AccessAnalyzer, Inspector, Macie, Detective, RootAccess}
}

// Calls are API calls as "service:Operation", sorted.
type Calls struct {
	Management []string // with the credentials of the handler
	Audit      []string // with the credentials of the role in the audit account
}

// SecurityRequests maps each custom-resource type to the API calls that it can make.
func SecurityRequests() map[string]Calls {
	requests := map[string]Calls{
		GuardDuty: {
			Management: []string{"sts:AssumeRole", "guardduty:ListOrganizationAdminAccounts", "guardduty:EnableOrganizationAdminAccount",
				"guardduty:ListDetectors", "guardduty:CreateDetector"},
			Audit: []string{"guardduty:ListDetectors", "guardduty:CreateDetector", "guardduty:GetDetector", "guardduty:UpdateDetector",
				"guardduty:DescribeOrganizationConfiguration", "guardduty:UpdateOrganizationConfiguration",
				"guardduty:ListPublishingDestinations", "guardduty:DescribePublishingDestination",
				"guardduty:CreatePublishingDestination", "guardduty:UpdatePublishingDestination"},
		},
		SecurityHub: {
			Management: []string{"sts:AssumeRole", "securityhub:ListOrganizationAdminAccounts", "securityhub:EnableOrganizationAdminAccount",
				"securityhub:DescribeHub", "securityhub:EnableSecurityHub"},
			Audit: []string{"securityhub:DescribeHub", "securityhub:EnableSecurityHub",
				"securityhub:ListFindingAggregators", "securityhub:GetFindingAggregator",
				"securityhub:CreateFindingAggregator", "securityhub:UpdateFindingAggregator",
				"securityhub:DescribeOrganizationConfiguration", "securityhub:UpdateOrganizationConfiguration",
				"securityhub:ListConfigurationPolicies", "securityhub:GetConfigurationPolicy",
				"securityhub:CreateConfigurationPolicy", "securityhub:UpdateConfigurationPolicy",
				"securityhub:StartConfigurationPolicyAssociation", "securityhub:GetConfigurationPolicyAssociation"},
		},
		AccessAnalyzer: {
			Management: []string{"sts:AssumeRole", "iam:GetRole", "iam:CreateServiceLinkedRole"},
			Audit:      []string{"access-analyzer:ListAnalyzers", "access-analyzer:CreateAnalyzer"},
		},
		Inspector: {
			Management: []string{"sts:AssumeRole", "organizations:ListAccounts", "inspector2:ListDelegatedAdminAccounts", "inspector2:EnableDelegatedAdminAccount"},
			Audit: []string{"inspector2:BatchGetAccountStatus", "inspector2:Enable", "inspector2:DescribeOrganizationConfiguration",
				"inspector2:UpdateOrganizationConfiguration", "inspector2:ListMembers", "inspector2:AssociateMember"},
		},
		Macie: {
			Management: []string{"sts:AssumeRole", "organizations:ListAccounts", "macie2:ListOrganizationAdminAccounts",
				"macie2:EnableOrganizationAdminAccount", "macie2:GetMacieSession", "macie2:EnableMacie"},
			Audit: []string{"macie2:GetMacieSession", "macie2:EnableMacie", "macie2:DescribeOrganizationConfiguration",
				"macie2:UpdateOrganizationConfiguration", "macie2:ListMembers", "macie2:CreateMember"},
		},
		Detective: {
			Management: []string{"sts:AssumeRole", "organizations:ListAccounts", "detective:ListOrganizationAdminAccounts", "detective:EnableOrganizationAdminAccount"},
			Audit: []string{"detective:ListGraphs", "detective:DescribeOrganizationConfiguration",
				"detective:UpdateOrganizationConfiguration", "detective:ListMembers", "detective:CreateMembers"},
		},
		RootAccess: {
			Management: []string{"iam:ListOrganizationsFeatures", "iam:EnableOrganizationsRootCredentialsManagement",
				"iam:EnableOrganizationsRootSessions"},
		},
	}
	for _, calls := range requests {
		slices.Sort(calls.Management)
		slices.Sort(calls.Audit)
	}
	return requests
}

// SecurityPermissions lists, sorted, the IAM actions that the handler's role in the management
// account needs: the calls of [SecurityRequests] and the actions that AWS checks on the caller
// behind them.
//
//   - Delegating a service registers the delegated administrator and switches trusted access
//     on the caller's behalf (GuardDuty User Guide, "Permissions required to designate a
//     delegated GuardDuty administrator account").
//   - Enabling a service creates its service-linked role: allow iam:CreateServiceLinkedRole
//     for the names of [SecurityServiceLinkedRoles] only.
//   - sts:AssumeRole is for the role in the audit account only.
func SecurityPermissions() []string {
	return actions(func(c Calls) []string { return c.Management },
		"iam:CreateServiceLinkedRole",
		"organizations:DescribeAccount",
		"organizations:DescribeOrganization",
		"organizations:DescribeOrganizationalUnit",
		"organizations:EnableAWSServiceAccess",
		"organizations:ListAWSServiceAccessForOrganization",
		"organizations:ListAccounts",
		"organizations:ListDelegatedAdministrators",
		"organizations:RegisterDelegatedAdministrator",
	)
}

// AuditPermissions lists, sorted, the IAM actions that the role in the audit account needs.
// Enabling a service there creates its service-linked role too.
func AuditPermissions() []string {
	return actions(func(c Calls) []string { return c.Audit }, "iam:CreateServiceLinkedRole")
}

// otherActions are the IAM actions that have another name than the call (Service
// Authorization Reference).
var otherActions = map[string]string{"detective:ListOrganizationAdminAccounts": "detective:ListOrganizationAdminAccount"}

func actions(side func(Calls) []string, behind ...string) []string {
	all := map[string]bool{}
	for _, calls := range SecurityRequests() {
		for _, call := range side(calls) {
			if action := otherActions[call]; action != "" {
				call = action
			}
			all[call] = true
		}
	}
	for _, action := range behind {
		all[action] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// SecurityServiceLinkedRoles lists the values of iam:AWSServiceName for which both roles may
// create service-linked roles, sorted.
func SecurityServiceLinkedRoles() []string {
	return []string{"access-analyzer.amazonaws.com", "agentless.inspector2.amazonaws.com", "detective.amazonaws.com", "guardduty.amazonaws.com",
		"inspector2.amazonaws.com", "macie.amazonaws.com", "malware-protection.guardduty.amazonaws.com", "securityhub.amazonaws.com"}
}
