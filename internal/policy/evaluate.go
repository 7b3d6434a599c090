package policy

// Decision is the outcome of an evaluation.
type Decision string

// The three outcomes. A Deny wins over everything; without one, a request is
// allowed only if something allows it.
const (
	Allowed          Decision = "Allowed"
	ExplicitlyDenied Decision = "ExplicitlyDenied"
	ImplicitlyDenied Decision = "ImplicitlyDenied"
)

// None in a Decider stands for the absence of a policy or statement.
const None = -1

// Decider is one statement, or one level without any, that led to a decision.
// All numbers are indices from 0; levels count from the root.
type Decider struct {
	Kind      Kind `json:"kind"`
	Level     int  `json:"level"`
	Policy    int  `json:"policy"`
	Statement int  `json:"statement"`
}

// Result is a decision and what led to it:
//
//   - ExplicitlyDenied: every Deny statement that matches, SCPs before RCPs;
//   - ImplicitlyDenied: every SCP level without a matching Allow, with Policy and
//     Statement None;
//   - Allowed: for each SCP level the first Allow statement that matches. Empty
//     when no SCP binds the request.
type Result struct {
	Decision Decision  `json:"decision"`
	By       []Decider `json:"by"`
}

// Levels are the policies that apply to one account: one list per level, the
// root first, then each organizational unit, the account last. nil means that
// the policy type is not enabled.
type Levels [][]*Compiled

// Evaluate decides a request against the SCPs of the principal's account and
// the RCPs of the resource's account. It answers only what these policies say:
// Allowed means that they leave the request to the policies of the account.
//
// SCPs do not bind service-linked roles, service principals, identity
// providers, anonymous callers, and principals of the management account. RCPs
// bind everyone except service-linked roles; they protect no resource of the
// management account and do not apply to kms:RetireGrant
// (orgs_manage_policies_scps, orgs_manage_policies_rcps). Whoever evaluates for
// a principal outside the organization passes nil for scps.
//
// Three things the policies and the request do not tell, and so are not
// considered: whether a KMS key is AWS managed (RCPs do not apply to those),
// whether RCPs cover the service at all, and which few actions AWS performs
// whatever a policy says, sts:GetCallerIdentity among them.
//
// The error is a *RequestError.
func Evaluate(scps, rcps Levels, request Request) (Result, error) {
	r, err := request.prepare()
	if err != nil {
		return Result{}, err
	}
	return evaluate(scps, rcps, request.ManagementAccount, r), nil
}

func evaluate(scps, rcps Levels, managementAccount string, r *prepared) Result {
	if !r.boundBySCPs(managementAccount) {
		scps = nil
	}
	if !r.boundByRCPs(managementAccount) {
		rcps = nil
	}
	denies := appendDenies(nil, SCP, scps, r)
	denies = appendDenies(denies, RCP, rcps, r)
	if len(denies) > 0 {
		return Result{ExplicitlyDenied, denies}
	}
	allows := make([]Decider, 0, len(scps))
	var gaps []Decider
	for level, policies := range scps {
		if allow, ok := firstAllow(level, policies, r); ok {
			allows = append(allows, allow)
		} else {
			gaps = append(gaps, Decider{SCP, level, None, None})
		}
	}
	if len(gaps) > 0 {
		return Result{ImplicitlyDenied, gaps}
	}
	return Result{Allowed, allows}
}

func appendDenies(denies []Decider, kind Kind, levels Levels, r *prepared) []Decider {
	for level, policies := range levels {
		for i, p := range policies {
			for _, s := range p.denies.candidates(r) {
				if s.matches(r) {
					denies = append(denies, Decider{kind, level, i, s.index})
				}
			}
		}
	}
	return denies
}

func firstAllow(level int, policies []*Compiled, r *prepared) (Decider, bool) {
	for i, p := range policies {
		for _, s := range p.allows.candidates(r) {
			if s.matches(r) {
				return Decider{SCP, level, i, s.index}, true
			}
		}
	}
	return Decider{}, false
}

func (p *prepared) boundBySCPs(managementAccount string) bool {
	switch p.principal.kind {
	case service, provider, anonymous:
		return false
	}
	return !p.isServiceLinkedRole() && (managementAccount == "" || p.principal.account != managementAccount)
}

func (p *prepared) boundByRCPs(managementAccount string) bool {
	return !p.isServiceLinkedRole() && p.action != "kms:retiregrant" &&
		(managementAccount == "" || p.resourceAccount != managementAccount)
}
