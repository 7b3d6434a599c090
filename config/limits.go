package config

// Limits of the file itself.
const (
	// MaxFileBytes bounds the file, in bytes. A zone of MaxAccounts accounts, each with a few keys, stays below it.
	MaxFileBytes = 1 << 20
	// MaxNesting bounds how deep lists and mappings may nest, in levels. The types need six.
	MaxNesting = 32
	// MaxKeys bounds how many keys one mapping may have. The types need MaxTags; the YAML parser's time grows with the square.
	MaxKeys = 1000
	// MaxListItems bounds how many items with a hyphen the file may have in all, for the same reason. A zone of MaxAccounts and MaxOUs needs 7,000.
	MaxListItems = 50_000
)

// Limits of AWS Organizations ("Quotas and service limits for AWS Organizations" and the API
// reference of CreateAccount and CreateOrganizationalUnit, 2026-11-23).
const (
	// MaxAccounts is the largest number of workload accounts of a zone: half of what Organizations
	// grants on request (10,000), the largest zone that the account stacks are tested with.
	MaxAccounts = 5000
	// MaxOUs is how many OUs an organization can hold.
	MaxOUs = 2000
	// MaxOUDepth is how many levels of OUs can nest under the root.
	MaxOUDepth = 5
	// MaxOUNameLength is the length of an OU's name, in characters.
	MaxOUNameLength = 128
	// MaxAccountNameLength is the length of an account's name, in characters.
	MaxAccountNameLength = 50
	// MinEmailLength and MaxEmailLength bound a root e-mail address, in characters.
	MinEmailLength = 6
	MaxEmailLength = 64
	// AccountIDLength is the length of an account id, in digits.
	AccountIDLength = 12
)

// Limits of tags ("Tag naming limits and requirements" in the user guide "Tagging AWS resources", 2026-11-23).
const (
	// MaxTags is how many tags one account or resource can carry.
	MaxTags = 50
	// MaxTagKeyLength and MaxTagValueLength are in characters.
	MaxTagKeyLength   = 128
	MaxTagValueLength = 256
)

// Limits of Amazon S3 (PutObjectLockConfiguration, 2026-11-23: at most 100 years).
const (
	// MaxLockDays is the longest default retention, in days.
	MaxLockDays = 36500
	// MaxLifecycleDays bounds lifecycle rules, in days. S3 takes more; this is the age that a lock can have.
	MaxLifecycleDays = MaxLockDays
)

// MaxAlertEmailLength is the length of an address that receives alerts, in characters (RFC 5321, section 4.5.3.1: a path of 256 octets with its brackets).
const MaxAlertEmailLength = 254

// Limits of an alternate contact, in characters (Account Management API reference, PutAlternateContact, 2026-11-27).
const (
	MaxContactNameLength  = 64
	MaxContactTitleLength = 50
	MaxContactEmailLength = 254
	MaxContactPhoneLength = 25
)

// MaxChatChannels bounds how many chat channels the file may list; each is a resource of the audit account.
const MaxChatChannels = 20

// MaxRunbooksLength is the length of the address before the name of a runbook, in characters: with it, every mail of the
// catalogue stays within what EventBridge allows for an input template (8,192 characters; API_InputTransformer.html, 2026-11-25).
const MaxRunbooksLength = 200

// retentionDays are the values that CloudWatch Logs takes (API reference of PutRetentionPolicy, 2026-11-23).
func retentionDays() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

// Limits of IAM Identity Center ("Quotas and limits in IAM Identity Center" in its user guide, API reference of
// CreatePermissionSet, and Identity Store API reference of CreateGroup, 2026-11-25).
const (
	// MaxPermissionSetNameLength is the length of a permission set's name, in characters.
	MaxPermissionSetNameLength = 32
	// MaxPermissionSetDescriptionLength is in characters.
	MaxPermissionSetDescriptionLength = 700
	// MaxSessionHours is the longest session ("Set session duration for AWS accounts").
	MaxSessionHours = 12
	// MaxManagedPolicies is how many managed policies a permission set can have; IAM allows 10 by default.
	MaxManagedPolicies = 20
	// MaxInlinePolicyBytes bounds an inline policy, MaxInlinePolicyCharacters what is left of it without whitespace, both in bytes.
	MaxInlinePolicyBytes      = 32_768
	MaxInlinePolicyCharacters = 10_240
	// MaxGroupNameLength is the length of a group's name and of its description, in characters.
	MaxGroupNameLength = 1024
	// MaxAccountPermissionSets is how many permission sets can be provisioned in one account.
	MaxAccountPermissionSets = 500
)

// Limits of what the file lists for IAM Identity Center: groups and permission sets are all in one stack, which holds 500 resources.
const (
	MaxIdentityGroups = 300
	MaxPermissionSets = 100
	MaxAssignments    = 2000
	// MaxIdentityStacks is over how many stacks assignments can be spread: enough for some 100,000.
	MaxIdentityStacks = 256
)
