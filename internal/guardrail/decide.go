package guardrail

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Decider answers requests as the packed policies of a zone do. It is safe for use by several goroutines.
type Decider struct {
	z        *zone.Zone
	c        *Catalogue
	policies []Policy
	values   Values
	compiled map[string]*policy.Compiled // by Policy.ID
	full     *policy.Compiled
}

// NewDecider plans the zone's policies and prepares them.
func NewDecider(z *zone.Zone, c *Catalogue) (*Decider, error) {
	c, err := c.For(z)
	if err != nil {
		return nil, err
	}
	policies, err := Plan(z, c)
	if err != nil {
		return nil, err
	}
	d := &Decider{z: z, c: c, values: c.ZoneValues(z), compiled: map[string]*policy.Compiled{}}
	if d.full, err = policy.Compile(policy.SCP, fullAccess()); err != nil {
		return nil, err
	}
	for _, p := range policies {
		kind, ok := map[string]policy.Kind{TypeSCP: policy.SCP, TypeRCP: policy.RCP}[p.Type]
		if !ok {
			continue
		}
		doc, err := policy.Parse(p.Content)
		if err != nil {
			return nil, fmt.Errorf("policy %s: %w", p.Name, err)
		}
		if d.compiled[p.ID], err = policy.Compile(kind, doc); err != nil {
			return nil, fmt.Errorf("policy %s: %w", p.Name, err)
		}
		d.policies = append(d.policies, p)
	}
	return d, nil
}

// Path is what one account or OU inherits: the policies of each level, the root first.
type Path struct {
	decider *Decider
	// Levels names the levels: root, OU Workloads, OU Workloads/Prod, account orders-prod.
	Levels     []Target
	scps, rcps policy.Levels
	scpSources [][]*Policy // nil stands for FullAWSAccess
	rcpSources [][]*Policy
}

// Account returns the path of the account with the given name.
func (d *Decider) Account(name string) (*Path, error) {
	var names []string
	for _, a := range d.z.Members() {
		if a.Name == name {
			return d.path(append(ouLevels(a.OU), Target{Account: name})), nil
		}
		names = append(names, a.Name)
	}
	if strings.EqualFold(name, "management") {
		return nil, fmt.Errorf("the zone has no account %q, and of the management account there is nothing to decide: "+
			"service and resource control policies do not bind it", name)
	}
	return nil, fmt.Errorf("the zone has no account %s%s", shown(name), others(name, names))
}

// OU returns the path of the OU with the given path, as in Workloads/Prod; "root" is the root.
func (d *Decider) OU(path string) (*Path, error) {
	var paths []string
	for _, o := range d.z.OUs {
		if o.Path == path {
			return d.path(ouLevels(path)), nil
		}
		paths = append(paths, o.Path)
	}
	if strings.EqualFold(path, Target{Root: true}.String()) {
		return d.path([]Target{{Root: true}}), nil
	}
	return nil, fmt.Errorf("the zone has no OU %s%s", shown(path), others(strings.Trim(path, "/"), paths))
}

// maxShown is how many bytes of a name, and how many names, an error repeats.
const maxShown = 60

// shown is a name in quotes, shortened where it is long.
func shown(name string) string {
	if len(name) > maxShown {
		name = strings.ToValidUTF8(name[:maxShown], "") + "…"
	}
	return strconv.Quote(name)
}

// others completes an error by the likeliest name, or else by what there is.
func others(name string, names []string) string {
	if best := config.Nearest(name, names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if len(names) > maxShown {
		return fmt.Sprintf("; it has %d others", len(names))
	}
	return "; it has " + strings.Join(names, ", ")
}

// ouLevels are the places from the root down to an OU.
func ouLevels(ou string) []Target {
	out := []Target{{Root: true}}
	for i := range ou {
		if ou[i] == '/' {
			out = append(out, Target{OU: ou[:i]})
		}
	}
	return append(out, Target{OU: ou})
}

func (d *Decider) path(levels []Target) *Path {
	p := &Path{decider: d, Levels: levels}
	for _, level := range p.Levels {
		scps, rcps := []*policy.Compiled{d.full}, []*policy.Compiled{}
		scpSources, rcpSources := []*Policy{nil}, []*Policy{}
		for i := range d.policies {
			q := &d.policies[i]
			if !slices.Contains(q.Targets, level) {
				continue
			}
			if q.Type == TypeRCP {
				rcps, rcpSources = append(rcps, d.compiled[q.ID]), append(rcpSources, q)
			} else {
				scps, scpSources = append(scps, d.compiled[q.ID]), append(scpSources, q)
			}
		}
		p.scps, p.rcps = append(p.scps, scps), append(p.rcps, rcps)
		p.scpSources, p.rcpSources = append(p.scpSources, scpSources), append(p.rcpSources, rcpSources)
	}
	return p
}

// Reason is one statement that decided.
type Reason struct {
	policy.Decider
	// Level is where its policy is attached.
	Level Target
	// Policy and Guardrail are nil when FullAWSAccess, which AWS attaches to every level, allows.
	Policy    *Policy
	Guardrail *Guardrail
	// Sid names the statement in the guardrail's file.
	Sid string
}

// Decision is the answer to a request.
type Decision struct {
	Decision policy.Decision
	// Reasons are the statements that deny, or else those that allow, one per level.
	Reasons []Reason
}

// Denied reports whether the request is stopped.
func (d Decision) Denied() bool { return d.Decision != policy.Allowed }

// Decide evaluates a request of a principal in the account, on a resource in the account.
func (p *Path) Decide(r policy.Request) (Decision, error) {
	result, err := policy.Evaluate(p.scps, p.rcps, r)
	if err != nil {
		return Decision{}, err
	}
	out := Decision{Decision: result.Decision}
	for _, by := range result.By {
		sources := p.scpSources
		if by.Kind == policy.RCP {
			sources = p.rcpSources
		}
		reason := Reason{Decider: by, Level: p.Levels[by.Level]}
		if by.Policy >= 0 {
			reason.Policy = sources[by.Level][by.Policy]
		}
		if reason.Policy != nil {
			source, err := p.decider.source(reason.Policy, by.Statement, r)
			if err != nil {
				return Decision{}, err
			}
			reason.Guardrail, _ = p.decider.c.Find(source.GuardrailID)
			reason.Sid = source.Sid
		}
		out.Reasons = append(out.Reasons, reason)
	}
	return out, nil
}

// source finds the guardrail's statement behind a packed one. Where a compact packing has merged several, it is the
// first that stops the request by itself.
func (d *Decider) source(q *Policy, statement int, r policy.Request) (Source, error) {
	var candidates []Source
	for _, s := range q.Statements {
		if s.Index == statement {
			candidates = append(candidates, s)
		}
	}
	if len(candidates) == 0 {
		return Source{}, fmt.Errorf("policy %s: statement %d comes from no guardrail", q.Name, statement)
	}
	for _, s := range candidates[:len(candidates)-1] {
		g, _ := d.c.Find(s.GuardrailID)
		statements, err := d.c.statements(g, d.values)
		if err != nil {
			return Source{}, err
		}
		for _, one := range statements {
			if one.Sid != s.Sid {
				continue
			}
			judge, err := newJudge(g.Type, policy.Document{Version: policy.Version2012, Statements: []policy.Statement{pack(g.Type, one)}})
			if err != nil {
				return Source{}, err
			}
			if denied, err := judge(r); err == nil && denied {
				return s, nil
			}
		}
	}
	return candidates[len(candidates)-1], nil
}

// Exempt returns the principal patterns that the statement does not apply to, with placeholders resolved.
func (d *Decider) Exempt(r Reason) ([]string, error) {
	if r.Guardrail == nil {
		return nil, nil
	}
	for _, s := range r.Guardrail.Statements {
		if s.Sid == r.Sid {
			return d.c.principals(r.Guardrail.Exemptions(s), d.values)
		}
	}
	return nil, nil
}

// HomeRegion is the home Region of the zone.
func (d *Decider) HomeRegion() string { return d.z.HomeRegion }

// Policies are the service and resource control policies that it decides by.
func (d *Decider) Policies() []Policy { return d.policies }
