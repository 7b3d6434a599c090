// Package organization reads and changes one AWS organization: create or adopt,
// never delete. It knows the AWS Organizations API with its asynchronous calls,
// eventual consistency and ambiguous failures, and nothing about CloudFormation
// events, so a command-line tool can use it as the custom-resource handler does.
//
// Every Ensure function makes one reconcile step: read, compare, write, verify.
// It returns a *[Pending] error while AWS still works on something, a *[Failure]
// when only a person can resolve the matter, and nil when the wished state was read back.
//
// The handler serves these custom-resource types; the properties and attributes
// of each are documented at its constant:
//
//	Custom::LandfallOrganization            the organization itself
//	Custom::LandfallPolicyTypes             policy types enabled at the root
//	Custom::LandfallTrustedAccess           trusted access of one service
//	Custom::LandfallOrganizationalUnit      one OU by its path
//	Custom::LandfallAccount                 one member account
//	Custom::LandfallManagementContacts      alternate contacts of the management account
//	Custom::LandfallDelegatedAdministrator  delegated administrator of one service
//	Custom::LandfallPolicyTarget            id of an OU or account, read only
//	Custom::LandfallKey                     ARN of a KMS key behind an alias, read only
//	Custom::LandfallEditGuard               refuses dangerous edits and a second zone, changes nothing
package organization
