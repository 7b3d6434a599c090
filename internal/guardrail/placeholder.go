package guardrail

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/landfall-aws/landfall/internal/zone"
)

var placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// Values are what placeholders stand for, by their name. A value with several strings can only be a list item of its own.
type Values map[string][]string

// ExampleValues are the placeholders of the zone that proofs speak of: prefix landfall, governed Regions eu-central-1
// and eu-west-1.
func ExampleValues() Values {
	return Values{
		"prefix":            {"landfall"},
		"homeRegion":        {"eu-central-1"},
		"governedRegions":   {"eu-central-1", "eu-west-1"},
		"openRegions":       {"eu-central-1", "eu-west-1", "us-east-1"},
		"unwatchedUsEast1":  {"us-east-1"},
		"logArchiveAccount": {"log-archive"},
		"auditAccount":      {"audit"},
		"exemptRoles":       {"arn:*:iam::*:role/exempt-example"},
	}
}

// ZoneValues returns the placeholders that a zone gives:
//
//	{{prefix}}             the reserved prefix of the zone's resources
//	{{homeRegion}}         the home Region
//	{{governedRegions}}    all governed Regions, as list items
//	{{openRegions}}        the governed Regions and us-east-1, as list items
//	{{unwatchedUsEast1}}   us-east-1 unless it is governed, as a list item
//	{{logArchiveAccount}}  name of the log-archive account
//	{{auditAccount}}       name of the audit account
//	{{exemptRoles}}        ARN patterns of the roles that the zone's owner exempts, as list items; mostly none
//
// There are none for ids: accounts may not exist yet when policies are written.
func (c *Catalogue) ZoneValues(z *zone.Zone) Values {
	return Values{
		"exemptRoles":       c.exemptRoles(),
		"prefix":            {z.Prefix},
		"homeRegion":        {z.HomeRegion},
		"governedRegions":   z.GovernedRegions,
		"openRegions":       slices.Sorted(slices.Values(append(unwatched(z), z.GovernedRegions...))),
		"unwatchedUsEast1":  unwatched(z),
		"logArchiveAccount": {z.LogArchive.Name},
		"auditAccount":      {z.Audit.Name},
	}
}

func unwatched(z *zone.Zone) []string {
	if slices.Contains(z.GovernedRegions, zone.GlobalRegion) {
		return nil
	}
	return []string{zone.GlobalRegion}
}

// expand resolves the placeholders of one string, which becomes several strings when one of them has several values.
func (v Values) expand(s string) ([]string, error) {
	m := placeholder.FindStringSubmatchIndex(s)
	if m == nil {
		return []string{s}, nil
	}
	values, ok := v[s[m[2]:m[3]]]
	if !ok {
		return nil, fmt.Errorf("unknown placeholder %s", s[m[0]:m[1]])
	}
	rest, err := v.expand(s[m[1]:])
	if err != nil {
		return nil, err
	}
	var out []string
	for _, value := range values {
		for _, r := range rest {
			out = append(out, s[:m[0]]+value+r)
		}
	}
	return out, nil
}

func (v Values) expandAll(in []string) ([]string, error) {
	var out []string
	for _, s := range in {
		e, err := v.expand(s)
		if err != nil {
			return nil, err
		}
		out = append(out, e...)
	}
	return out, nil
}

// principalKey is the key that exemptions are written on. For a role session it is the ARN of the role.
const (
	principalKey      = "aws:PrincipalArn"
	exemptionOperator = "ArnNotLike"
)

// resolve replaces the placeholders of a statement and adds its exemptions as a condition.
func (c *Catalogue) resolve(g *Guardrail, s Statement, v Values) (Statement, error) {
	out := Statement{Sid: s.Sid, Effect: s.Effect}
	for _, f := range []struct {
		from Strings
		to   *Strings
	}{{s.Action, &out.Action}, {s.NotAction, &out.NotAction}, {s.Resource, &out.Resource}, {s.NotResource, &out.NotResource}} {
		list, err := v.expandAll(f.from)
		if err != nil {
			return out, err
		}
		*f.to = list
	}
	out.Condition = map[string]map[string]Strings{}
	for op, keys := range s.Condition {
		out.Condition[op] = map[string]Strings{}
		for key, values := range keys {
			list, err := v.expandAll(values)
			if err != nil {
				return out, err
			}
			name, err := v.expand(key)
			if err != nil || len(name) != 1 {
				return out, fmt.Errorf("condition key %q: a placeholder in a key must have one value", key)
			}
			out.Condition[op][name[0]] = list
		}
	}
	exempt, err := c.principals(g.Exemptions(s), v)
	if err != nil {
		return out, err
	}
	if len(exempt) > 0 {
		if out.Condition[exemptionOperator] == nil {
			out.Condition[exemptionOperator] = map[string]Strings{}
		}
		// Several values of a negated operator exempt whoever matches any of them.
		list := slices.Concat(out.Condition[exemptionOperator][principalKey], exempt)
		slices.Sort(list)
		out.Condition[exemptionOperator][principalKey] = slices.Compact(list)
	}
	if len(out.Condition) == 0 {
		out.Condition = nil
	}
	return out, nil
}

// statements returns the guardrail's statements with placeholders and exemptions resolved. A statement whose resources,
// or whose values of a condition, are placeholders without any value concerns nothing and is left out.
func (c *Catalogue) statements(g *Guardrail, v Values) ([]Statement, error) {
	var out []Statement
	for _, s := range g.Statements {
		r, err := c.resolve(g, s, v)
		if err != nil {
			return nil, fmt.Errorf("%s: statement %s: %w", g.File, s.Sid, err)
		}
		if !concernsNothing(r) {
			out = append(out, r)
		}
	}
	return out, nil
}

func concernsNothing(s Statement) bool {
	for _, keys := range s.Condition {
		for _, values := range keys {
			if len(values) == 0 {
				return true
			}
		}
	}
	return len(s.Resource)+len(s.NotResource) == 0
}

// principals returns the patterns of the named exemption sets.
func (c *Catalogue) principals(sets []string, v Values) ([]string, error) {
	var out []string
	for _, name := range sets {
		set, ok := c.Exemptions[name]
		if !ok {
			return nil, fmt.Errorf("unknown exemption set %q", name)
		}
		list, err := v.expandAll(set.Principals)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// expandContent resolves placeholders in the body of a declarative policy.
func (v Values) expandContent(in any) (any, error) {
	switch in := in.(type) {
	case string:
		list, err := v.expand(in)
		if err != nil {
			return nil, err
		}
		if len(list) != 1 {
			return nil, fmt.Errorf("%s has %d values and must be a list item", in, len(list))
		}
		return list[0], nil
	case []any:
		out := make([]any, 0, len(in))
		for _, e := range in {
			s, ok := e.(string)
			if !ok {
				r, err := v.expandContent(e)
				if err != nil {
					return nil, err
				}
				out = append(out, r)
				continue
			}
			list, err := v.expand(s)
			if err != nil {
				return nil, err
			}
			for _, x := range list {
				out = append(out, x)
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(in))
		for k, e := range in {
			r, err := v.expandContent(e)
			if err != nil {
				return nil, err
			}
			key, err := v.expand(k)
			if err != nil || len(key) != 1 {
				return nil, fmt.Errorf("key %q: must resolve to one string", k)
			}
			out[key[0]] = r
		}
		return out, nil
	}
	return in, nil
}
