package guardrail

// QuotasAsOf is the day on which the quotas below were last compared with their source: AWS Organizations
// user guide, "Quotas and service limits for AWS Organizations". All of them are hard limits.
const QuotasAsOf = "2026-11-23"

// Quotas of AWS Organizations. Sizes are in characters of the policy document, white space included;
// slots are policies attached directly to one root, OU or account. Inherited policies do not count.
const (
	// SCPSize and SCPSlots hold since May 2026. FullAWSAccess takes one slot of every target.
	SCPSize  = 10240
	SCPSlots = 10
	// OldSCPSize and OldSCPSlots held until then.
	OldSCPSize  = 5120
	OldSCPSlots = 5
	// RCPSize and RCPSlots: RCPFullAWSAccess takes one slot of every target and cannot be detached.
	RCPSize  = 5120
	RCPSlots = 5
	// DeclarativeSize and DeclarativeSlots are those of declarative, tag and backup policies.
	DeclarativeSize  = 10000
	DeclarativeSlots = 10
	// AIOptOutSize and AIOptOutSlots are those of AI services opt-out policies.
	AIOptOutSize  = 2500
	AIOptOutSlots = 5
	// PolicyNameLength is the longest name of a policy (CreatePolicy, parameter Name).
	PolicyNameLength = 128
	// PolicyDescriptionLength is the longest description (CreatePolicy, parameter Description).
	PolicyDescriptionLength = 512
)

// FillPercent is how full a document may be packed. The rest is room for a zone with a longer prefix or
// more Regions and for the next version of a guardrail, so that neither moves guardrails between documents.
const FillPercent = 85

// Profile is a set of quotas to pack for.
type Profile struct {
	// SCPSize is in characters, SCPSlots counts attached service control policies, those of AWS included.
	SCPSize, SCPSlots int
	// Compact gives up names of statements, fixed documents and room to grow, and merges statements of several guardrails.
	Compact bool
}

// Today is the profile of the present quotas.
func Today() Profile { return Profile{SCPSize: SCPSize, SCPSlots: SCPSlots} }

// ControlTowerSlots are left to AWS Control Tower on every target: it attaches its mandatory guardrails in up to three
// policies to each registered OU (names start with aws-guardrails-), a Region deny policy, and adds to them as controls are enabled.
const ControlTowerSlots = 5

// BesideControlTower is the profile of the present quotas in an organization that AWS Control Tower governs too.
func BesideControlTower() Profile {
	return Profile{SCPSize: SCPSize, SCPSlots: SCPSlots - ControlTowerSlots}
}

// Compatible is the profile of the quotas before May 2026, for organizations whose tools still enforce them.
func Compatible() Profile { return Profile{SCPSize: OldSCPSize, SCPSlots: OldSCPSlots, Compact: true} }

func (p Profile) size(policyType string) int {
	switch policyType {
	case TypeSCP:
		return p.SCPSize
	case TypeRCP:
		return RCPSize
	case TypeAIOptOut:
		return AIOptOutSize
	}
	return DeclarativeSize
}

// slots returns how many policies Landfall may attach to a target; one is left to the policy that AWS attaches itself.
func (p Profile) slots(policyType string) int {
	switch policyType {
	case TypeSCP:
		return p.SCPSlots - 1
	case TypeRCP:
		return RCPSlots - 1
	case TypeAIOptOut:
		return AIOptOutSlots
	}
	return DeclarativeSlots
}
