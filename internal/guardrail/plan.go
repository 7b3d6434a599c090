package guardrail

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Policy is one organization policy, ready to be created and attached.
type Policy struct {
	// ID is stable: it depends on the type, the target and the number of the document, never on other policies. Example: root-1.
	ID string
	// Name is unique in the organization, at most [PolicyNameLength] characters.
	Name string
	// Description is at most [PolicyDescriptionLength] characters.
	Description string
	// Type is the policy type by its name in the Organizations API.
	Type    string
	Targets []Target
	// Content is the minified document, to be given to AWS as an object and not as a string.
	Content json.RawMessage
	// Size is the length of Content in characters, Limit the quota for it.
	Size, Limit int
	// Statements says from which guardrail each statement of Content comes; for policies without statements, each guardrail once.
	Statements []Source
}

// Source maps a packed statement back to the file that it comes from.
type Source struct {
	// Index is the position in the list Statement of the packed document; -1 when the document has none.
	Index int
	// Sid is the statement's name in the guardrail's file.
	Sid         string
	GuardrailID string
	File        string
}

// Target is where a policy is attached; exactly one field is set.
type Target struct {
	Root bool
	// OU is the path of an organizational unit.
	OU string
	// Account is the name of an account.
	Account string
}

func (t Target) String() string {
	switch {
	case t.Root:
		return "root"
	case t.OU != "":
		return "OU " + t.OU
	}
	return "account " + t.Account
}

// compare orders targets from the root down: the root, OUs by path, accounts by name.
func (t Target) compare(o Target) int {
	rank := func(t Target) int {
		switch {
		case t.Root:
			return 0
		case t.OU != "":
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(t), rank(o)), strings.Compare(t.OU, o.OU), strings.Compare(t.Account, o.Account))
}

// id is injective over targets, so that no two targets share policies.
func (t Target) id() string {
	switch {
	case t.Root:
		return "root"
	case t.OU != "":
		return "ou-" + slug(t.OU)
	}
	return "account-" + slug(t.Account)
}

// slug keeps letters, digits and hyphens, writes a slash as a dot, and any other character as its code.
func slug(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			b.WriteRune(r)
		case r == '/':
			b.WriteByte('.')
		default:
			fmt.Fprintf(&b, "_%x_", r)
		}
	}
	return b.String()
}

// Plan returns the policies of a zone, packed for the quotas that the zone chooses, in a fixed order: by type, then from the root down,
// then by document. It fails when a document or a target exceeds a quota, with the arithmetic, or
// when a guardrail names an OU or account that the zone does not have.
func Plan(z *zone.Zone, c *Catalogue) ([]Policy, error) {
	switch z.Guardrails.Quotas {
	case config.QuotasCompatible:
		return PlanFor(z, c, Compatible())
	case config.QuotasControlTower:
		return PlanFor(z, c, BesideControlTower())
	}
	return PlanFor(z, c, Today())
}

// PlanFor is Plan for other quotas.
func PlanFor(z *zone.Zone, c *Catalogue, p Profile) ([]Policy, error) {
	c, err := c.For(z)
	if err != nil {
		return nil, err
	}
	values := c.ZoneValues(z)
	groups, err := place(z, c, values)
	if err != nil {
		return nil, err
	}
	var policies []Policy
	for _, g := range groups {
		var packed []Policy
		if hasStatements(g.policyType) {
			packed, err = c.packStatements(g, values, p)
		} else {
			packed, err = mergeContents(g, values, p)
		}
		if err != nil {
			return nil, err
		}
		if have := p.slots(g.policyType); len(packed) > have {
			return nil, fmt.Errorf("the guardrails of %s need %d policies of type %s, but only %d can be attached beside those that AWS attaches itself: switch off elective guardrails there, or attach them to the OUs that need them",
				g.target, len(packed), g.policyType, have)
		}
		for i := range packed {
			finish(&packed[i], g, z.Prefix)
		}
		// A guardrail whose statements concern nothing in this zone leaves no policy behind.
		policies = append(policies, packed...)
	}
	return shareAccounts(policies), nil
}

// shareAccounts lets accounts that get the same document share one policy, named after the first of them, because a
// guardrail that is off in one account is attached to each of its neighbours.
func shareAccounts(policies []Policy) []Policy {
	type same struct{ policyType, content string }
	first := map[same]int{}
	var out []Policy
	for _, p := range policies {
		key := same{p.Type, string(p.Content)}
		if i, ok := first[key]; ok && p.Targets[0].Account != "" {
			out[i].Targets = append(out[i].Targets, p.Targets...)
			continue
		}
		if p.Targets[0].Account != "" {
			first[key] = len(out)
		}
		out = append(out, p)
	}
	return out
}

// PolicyTypes returns the types of the policies, each once and sorted. The organization must have them enabled.
func PolicyTypes(policies []Policy) []string {
	var types []string
	for _, p := range policies {
		types = append(types, p.Type)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// group is what one target gets of one policy type.
type group struct {
	policyType string
	target     Target
	guardrails []*Guardrail
}

// place decides where each guardrail that is on gets attached, as high as possible.
func place(z *zone.Zone, c *Catalogue, values Values) ([]group, error) {
	var groups []group
	for i := range c.Guardrails {
		g := &c.Guardrails[i]
		on, err := targets(z, g, values)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.File, err)
		}
		for _, t := range on {
			groups = addTo(groups, g, t)
		}
	}
	slices.SortFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(slices.Index(policyTypes, a.policyType), slices.Index(policyTypes, b.policyType)), a.target.compare(b.target))
	})
	return groups, nil
}

func addTo(groups []group, g *Guardrail, t Target) []group {
	for i := range groups {
		if groups[i].policyType == g.Type && groups[i].target == t {
			groups[i].guardrails = append(groups[i].guardrails, g)
			return groups
		}
	}
	return append(groups, group{policyType: g.Type, target: t, guardrails: []*Guardrail{g}})
}

// shortType is the part of a policy's id and name that tells types apart.
func shortType(policyType string) string {
	switch policyType {
	case TypeSCP:
		return ""
	case TypeRCP:
		return "rcp-"
	case TypeEC2:
		return "ec2-"
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(policyType, "_POLICY"), "_", "-")) + "-"
}

func finish(p *Policy, g group, prefix string) {
	p.Type = g.policyType
	p.Targets = []Target{g.target}
	p.ID = shortType(g.policyType) + g.target.id() + p.ID
	p.Name = shorten(prefix+"-"+p.ID, PolicyNameLength)
	var ids []string
	for _, s := range p.Statements {
		if !slices.Contains(ids, s.GuardrailID) {
			ids = append(ids, s.GuardrailID)
		}
	}
	text := "Guardrails: " + strings.Join(ids, ", ")
	if len(text) > PolicyDescriptionLength {
		text = text[:PolicyDescriptionLength-3] + "..."
	}
	p.Description = text
}
