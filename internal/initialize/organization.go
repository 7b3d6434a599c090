package initialize

import "slices"

// Organization describes an organization of AWS as it is.
type Organization struct {
	ID                  string // "o-…"
	ManagementAccountID string
	// AllFeatures is false where the organization has consolidated billing only.
	AllFeatures bool
	// PolicyTypes are the ones enabled at the root, in the words of the API: SERVICE_CONTROL_POLICY.
	PolicyTypes []string
	// RootPolicies counts the service control policies that are attached to the root, those of AWS included.
	RootPolicies int
	Units        []Unit
	Accounts     []Account
	// TrustedAccess lists the service principals that may act in the organization.
	TrustedAccess []string
	// Delegated lists the ids of the accounts that administer a service, by service principal.
	Delegated map[string][]string
}

// Unit is one OU.
type Unit struct {
	ID string
	// ParentID is "" directly below the root.
	ParentID string
	Name     string
}

// Account is one account.
type Account struct {
	ID, Name, Email string
	// State is a word of the API: ACTIVE, PENDING_ACTIVATION, SUSPENDED, PENDING_CLOSURE or CLOSED
	// (Organizations API reference, type Account, member State).
	State string
	// UnitID is the OU that holds the account; "" is the root.
	UnitID string
	Tags   map[string]string
}

// stateActive is the state of an account that is in use.
const stateActive = "ACTIVE"

// Principals of services that leave traces (AWS Organizations user guide, "AWS services that you can use with AWS Organizations").
const (
	controlTowerPrincipal = "controltower.amazonaws.com"
	configPrincipal       = "config.amazonaws.com"
	cloudTrailPrincipal   = "cloudtrail.amazonaws.com"
)

func (o *Organization) trusts(principal string) bool {
	return slices.Contains(o.TrustedAccess, principal)
}
