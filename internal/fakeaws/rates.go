package fakeaws

import "time"

// rate is a token bucket: tokens per second and the largest burst.
type rate struct{ perSecond, burst float64 }

// rates of AWS Organizations (User Guide, "Quotas and service limits", throttle limits,
// November 2026) and of Account Management (Reference Guide, "Quotas", November 2026). Calls
// that the guide does not name get defaultRate.
var rates = map[string]rate{
	"CreatePolicy":       {2, 3},
	"UpdatePolicy":       {2, 3},
	"DeletePolicy":       {2, 3},
	"AttachPolicy":       {2, 3},
	"DetachPolicy":       {2, 3},
	"EnablePolicyType":   {1, 1},
	"DisablePolicyType":  {1, 1},
	"CreateOrganization": {1, 1},

	"GetAlternateContact": {10, 15},
	"PutAlternateContact": {5, 8},
}

var defaultRate = rate{10, 20}

type bucket struct {
	tokens float64
	filled time.Time
}

// admit takes a token for one request and tells whether there was one.
func (s *Server) admit(service, operation string) bool {
	if service != "organizations" && service != "account" {
		return true
	}
	limit, ok := rates[operation]
	if !ok {
		limit = defaultRate
	}
	b := s.buckets[operation]
	if b == nil {
		b = &bucket{tokens: limit.burst, filled: s.now}
		s.buckets[operation] = b
	}
	b.tokens = min(limit.burst, b.tokens+limit.perSecond*s.now.Sub(b.filled).Seconds())
	b.filled = s.now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
