package guardrail

import (
	"fmt"
	"strings"

	"github.com/landfall-aws/landfall/internal/policy"
)

// Names in proofs. Accounts are the example accounts of the AWS documentation.
const (
	// ExampleOrg is the organization of every principal and resource that the proof does not place elsewhere.
	ExampleOrg = "o-exampleorgid"
	// ExampleAccount owns what has no account in its ARN.
	ExampleAccount = "111122223333"
	// OutsideAccount and its principals belong to another organization.
	OutsideAccount = "999999999999"
	outsideOrg     = "o-anotherorgid"
	// ExamplePrincipal is an administrator of a workload account.
	ExamplePrincipal = "arn:aws:iam::111122223333:role/orders-admin"
)

// BaseContext returns the condition keys that AWS puts into every request, or into every request of such a principal
// (IAM user guide, "AWS global condition context keys"), so that proofs name only what matters to them:
//
//	aws:CurrentTime, aws:EpochTime, aws:SourceIp, aws:UserAgent  fixed values
//	aws:SecureTransport    true
//	aws:ViaAWSService      false
//	aws:RequestedRegion    the Region of the resource's ARN, else us-east-1
//	aws:ResourceAccount    the account of the resource's ARN, else 111122223333
//	aws:ResourceOrgID      o-exampleorgid
//	aws:PrincipalOrgID     o-exampleorgid, and another for principals of account 999999999999; none for
//	                       service principals and anonymous callers
//
// The evaluator adds aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType, aws:PrincipalIsAWSService and
// aws:PrincipalServiceName, which follow from the principal.
func BaseContext(principal, resource string) map[string]policy.Values {
	c := map[string]policy.Values{
		"aws:CurrentTime":     {"2026-11-23T10:00:00Z"},
		"aws:EpochTime":       {"1795428000"},
		"aws:SourceIp":        {"203.0.113.10"},
		"aws:UserAgent":       {"aws-cli/2.31.0"},
		"aws:SecureTransport": {"true"},
		"aws:ViaAWSService":   {"false"},
		"aws:RequestedRegion": {"us-east-1"},
		"aws:ResourceAccount": {ExampleAccount},
		"aws:ResourceOrgID":   {ExampleOrg},
	}
	if arn := strings.SplitN(resource, ":", 6); len(arn) == 6 {
		if arn[3] != "" {
			c["aws:RequestedRegion"] = policy.Values{arn[3]}
		}
		if arn[4] != "" {
			c["aws:ResourceAccount"] = policy.Values{arn[4]}
		}
	}
	if arn := strings.SplitN(principal, ":", 6); len(arn) == 6 {
		c["aws:PrincipalOrgID"] = policy.Values{ExampleOrg}
		if arn[4] == OutsideAccount {
			c["aws:PrincipalOrgID"] = policy.Values{outsideOrg}
		}
	}
	return c
}

// Case is one combination of a proof's request.
type Case struct {
	// Name is the request's, with what tells the combination from its siblings.
	Name    string
	Request policy.Request
}

// Cases returns all combinations of the request's actions, resources and principals.
func (c *Catalogue) Cases(r Request) []Case {
	resources, principals := r.Resource, c.callers(r.Principal)
	if len(resources) == 0 {
		resources = Strings{"*"}
	}
	if len(principals) == 0 {
		principals = Strings{ExamplePrincipal}
	}
	var out []Case
	for _, action := range r.Action {
		for _, resource := range resources {
			for _, principal := range principals {
				context := BaseContext(principal, resource)
				for key, values := range r.Context {
					for have := range context {
						if strings.EqualFold(have, key) {
							delete(context, have)
						}
					}
					if values != nil {
						context[key] = policy.Values(values)
					}
				}
				out = append(out, Case{
					Name: fmt.Sprintf("%s (%s by %s on %s)", r.Name, action, principal, resource),
					Request: policy.Request{
						Action: action, Resource: resource, Principal: principal,
						ResourceAccount: r.Account, Context: context,
					},
				})
			}
		}
	}
	return out
}

// callers replaces names of exemption sets by the set's examples.
func (c *Catalogue) callers(in Strings) Strings {
	var out Strings
	for _, p := range in {
		if set, ok := c.Exemptions[p]; ok {
			out = append(out, set.Members...)
		} else if set, ok := c.Exemptions[strings.TrimPrefix(p, "not-")]; ok {
			out = append(out, set.Strangers...)
		} else {
			out = append(out, p)
		}
	}
	return out
}

// Failure is a proof that does not hold.
type Failure struct {
	GuardrailID string
	Case        Case
	// WantDenied says what the proof expects.
	WantDenied bool
	// Err is set when the request could not be evaluated.
	Err error
}

func (f Failure) String() string {
	if f.Err != nil {
		return fmt.Sprintf("%s: %s: %v", f.GuardrailID, f.Case.Name, f.Err)
	}
	if f.WantDenied {
		return fmt.Sprintf("%s: must deny, but lets through: %s", f.GuardrailID, f.Case.Name)
	}
	return fmt.Sprintf("%s: must let through, but denies: %s", f.GuardrailID, f.Case.Name)
}

// Prove judges every request of the guardrail's proof against the guardrail alone and returns those that come out wrong.
func (c *Catalogue) Prove(g *Guardrail, v Values) ([]Failure, error) {
	if !hasStatements(g.Type) {
		return c.proveContent(g, v)
	}
	text, err := c.Document(g, v)
	if err != nil {
		return nil, err
	}
	d, err := policy.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, err)
	}
	return c.judge(g, d, false)
}

// Judge returns a function that reports whether the guardrail, attached alone, denies a request.
func (c *Catalogue) Judge(g *Guardrail, v Values) (func(policy.Request) (bool, error), error) {
	statements, err := c.statements(g, v)
	if err != nil {
		return nil, err
	}
	if len(statements) == 0 {
		return func(policy.Request) (bool, error) { return false, nil }, nil
	}
	d := policy.Document{Version: policy.Version2012}
	for _, s := range statements {
		d.Statements = append(d.Statements, pack(g.Type, s))
	}
	judge, err := newJudge(g.Type, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, err)
	}
	return judge, nil
}

// fullAccess is what AWS attaches at every level beside Landfall's policies.
func fullAccess() policy.Document {
	return policy.Document{Version: policy.Version2012, Statements: []policy.Statement{
		{Effect: policy.Allow, Action: []string{"*"}, Resource: []string{"*"}},
	}}
}

// judge evaluates the guardrail's proof against a document, up to the first failure if that is enough.
func (c *Catalogue) judge(g *Guardrail, d policy.Document, first bool) ([]Failure, error) {
	judge, err := newJudge(g.Type, d)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, err)
	}
	var failures []Failure
	for _, part := range []struct {
		requests []Request
		denied   bool
	}{{g.Proof.Denies, true}, {g.Proof.Allows, false}} {
		for _, r := range part.requests {
			for _, k := range c.Cases(r) {
				denied, err := judge(k.Request)
				if err != nil || denied != part.denied {
					failures = append(failures, Failure{g.ID, k, part.denied, err})
					if first {
						return failures, nil
					}
				}
			}
		}
	}
	return failures, nil
}

func newJudge(policyType string, d policy.Document) (func(policy.Request) (bool, error), error) {
	kind := policy.SCP
	if policyType == TypeRCP {
		kind = policy.RCP
	}
	compiled, err := policy.Compile(kind, d)
	if err != nil {
		return nil, err
	}
	var scps, rcps policy.Levels
	if kind == policy.RCP {
		rcps = policy.Levels{{compiled}}
	} else {
		full, err := policy.Compile(policy.SCP, fullAccess())
		if err != nil {
			return nil, err
		}
		scps = policy.Levels{{full, compiled}}
	}
	return func(r policy.Request) (bool, error) {
		result, err := policy.Evaluate(scps, rcps, r)
		return result.Decision != policy.Allowed, err
	}, nil
}

// proveContent looks up the values that a declarative policy must set.
func (c *Catalogue) proveContent(g *Guardrail, v Values) ([]Failure, error) {
	content, err := v.expandContent(g.Content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, err)
	}
	var failures []Failure
	for path, want := range g.Proof.Sets {
		got, ok := lookup(content, strings.Split(path, "."))
		if !ok || fmt.Sprint(got) != fmt.Sprint([]string(want)) {
			failures = append(failures, Failure{GuardrailID: g.ID, Err: fmt.Errorf("%s is %v, must be %v", path, got, want)})
		}
	}
	return failures, nil
}

// lookup follows a path of keys to a value and returns what is assigned or appended there.
func lookup(content any, path []string) ([]string, bool) {
	m, ok := content.(map[string]any)
	if !ok {
		return nil, false
	}
	if len(path) > 0 {
		next, ok := m[path[0]]
		if !ok {
			return nil, false
		}
		return lookup(next, path[1:])
	}
	for _, operator := range []string{"@@assign", "@@append"} {
		switch value := m[operator].(type) {
		case nil:
		case []any:
			var out []string
			for _, e := range value {
				out = append(out, fmt.Sprint(e))
			}
			return out, true
		default:
			return []string{fmt.Sprint(value)}, true
		}
	}
	return nil, false
}
