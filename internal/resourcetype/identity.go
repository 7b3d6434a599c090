package resourcetype

import (
	"maps"
	"slices"
)

// Custom-resource types of IAM Identity Center. Both work in the Region of the handler.
const (
	// IdentityCenter takes nothing, finds the organization's instance and returns InstanceArn and IdentityStoreId.
	IdentityCenter = "Custom::LandfallIdentityCenter"
	// IdentityGroup takes IdentityStoreId, DisplayName, Description (optional) and Source ("directory", where a group that
	// is missing is created, or "external", where it must exist), and returns GroupId.
	IdentityGroup = "Custom::LandfallIdentityGroup"
)

// IdentityCenterPrincipal is the service principal that has trusted access exactly while the organization has an
// instance of IAM Identity Center (AWS Organizations User Guide, "AWS IAM Identity Center and AWS Organizations").
const IdentityCenterPrincipal = "sso.amazonaws.com"

// IdentityTypes lists the custom-resource types.
func IdentityTypes() []string { return []string{IdentityCenter, IdentityGroup} }

// IdentityRequests maps each custom-resource type to the API calls that it can make, as "service:Operation", sorted.
// For all of them the IAM action has the name of the call.
func IdentityRequests() map[string][]string {
	return map[string][]string{
		IdentityCenter: {"organizations:DescribeOrganization", "organizations:ListAWSServiceAccessForOrganization", "sso:ListInstances"},
		IdentityGroup:  {"identitystore:CreateGroup", "identitystore:GetGroupId"},
	}
}

// IdentityPermissions lists, sorted, the IAM actions that the handler's role needs for them. They change no membership
// and no group that exists, and give nobody access.
func IdentityPermissions() []string {
	actions := map[string]bool{}
	for _, calls := range IdentityRequests() {
		for _, call := range calls {
			actions[call] = true
		}
	}
	return slices.Sorted(maps.Keys(actions))
}
