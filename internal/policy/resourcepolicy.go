package policy

import "strings"

// EvaluateResourcePolicy decides a request against one resource-based policy,
// compiled as kind Resource. It answers only what this policy says. An Allow
// for an account (its id or root ARN) leaves the choice to that account's own
// policies; it still counts as Allowed here.
//
// By names every matching Deny, or the first matching Allow, at level 0 and
// policy 0. It is empty for ImplicitlyDenied. The error is a *RequestError.
func EvaluateResourcePolicy(p *Compiled, request Request) (Result, error) {
	r, err := request.prepare()
	if err != nil {
		return Result{}, err
	}
	var denies []Decider
	for _, s := range p.denies.candidates(r) {
		if s.appliesTo(r) && s.matches(r) {
			denies = append(denies, Decider{Resource, 0, 0, s.index})
		}
	}
	if len(denies) > 0 {
		return Result{ExplicitlyDenied, denies}, nil
	}
	for _, s := range p.allows.candidates(r) {
		if s.appliesTo(r) && s.matches(r) {
			return Result{Allowed, []Decider{{Resource, 0, 0, s.index}}}, nil
		}
	}
	return Result{ImplicitlyDenied, []Decider{}}, nil
}

func (s *statement) appliesTo(r *prepared) bool {
	return s.principal == nil || s.principal.contains(r) != s.notPrincipal
}

// isEveryone reports whether p covers every caller.
func (p *Principal) isEveryone() bool {
	if p.Everyone {
		return true
	}
	for _, entry := range p.AWS {
		if entry == "*" {
			return true
		}
	}
	return false
}

// principalSet is a Principal element prepared for matching.
type principalSet struct {
	everyone bool
	accounts map[string]bool // ids, of entries that name a whole account
	arns     map[string]bool
	services map[string]bool
	provider map[string]bool
}

func newPrincipalSet(p *Principal) *principalSet {
	set := &principalSet{
		everyone: p.isEveryone(), accounts: map[string]bool{}, arns: map[string]bool{},
		services: map[string]bool{}, provider: map[string]bool{},
	}
	for _, entry := range p.AWS {
		segments, isARN := splitARN(entry)
		switch {
		case isAccountID(entry):
			set.accounts[entry] = true
		case isARN && segments[2] == "iam" && segments[5] == "root":
			set.accounts[segments[4]] = true
		default:
			set.arns[entry] = true
		}
	}
	for _, entry := range p.Service {
		set.services[strings.ToLower(entry)] = true
	}
	for _, entry := range p.Federated {
		set.provider[entry] = true
	}
	return set
}

// contains reports whether the caller is in the set. A role covers its
// sessions, an account everyone in it (IAM User Guide,
// reference_policies_elements_principal). Canonical users are never matched:
// their ids do not tell the account.
func (p *principalSet) contains(r *prepared) bool {
	if p.everyone {
		return true
	}
	switch c := r.principal; c.kind {
	case service:
		return p.services[c.text]
	case provider:
		return p.provider[c.text]
	case anonymous:
		return false
	default:
		return p.accounts[c.account] || p.arns[c.text] || p.arns[r.principalARN()]
	}
}
