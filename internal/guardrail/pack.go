package guardrail

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/landfall-aws/landfall/internal/policy"
)

// minify writes JSON without white space and without the escapes for HTML, which would count as characters.
func minify(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func pack(policyType string, s Statement) policy.Statement {
	p := policy.Statement{
		Sid: s.Sid, Effect: policy.Effect(s.Effect),
		Action: s.Action, NotAction: s.NotAction, Resource: s.Resource, NotResource: s.NotResource,
	}
	if policyType == TypeRCP {
		p.Principal = &policy.Principal{Everyone: true}
	}
	for op, keys := range s.Condition {
		if p.Condition == nil {
			p.Condition = policy.Conditions{}
		}
		p.Condition[op] = map[string][]string{}
		for key, values := range keys {
			p.Condition[op][key] = values
		}
	}
	return p
}

// Document returns the policy document that holds the guardrail alone, with placeholders and exemptions resolved.
func (c *Catalogue) Document(g *Guardrail, v Values) (json.RawMessage, error) {
	if !hasStatements(g.Type) {
		content, err := v.expandContent(g.Content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.File, err)
		}
		return minify(content)
	}
	d := policy.Document{Version: policy.Version2012}
	statements, err := c.statements(g, v)
	if err != nil {
		return nil, err
	}
	for _, s := range statements {
		d.Statements = append(d.Statements, pack(g.Type, s))
	}
	return json.RawMessage(d.JSON()), nil
}

// bin is a document that is being filled.
type bin struct {
	number  int // the number that its guardrails name
	part    int // 0 for the first document of that number, 1 for its overflow, ...
	doc     policy.Document
	sources []Source
}

// packStatements fills documents in a fixed order. The number in each guardrail's file chooses its document; only when a
// document is too full does the first-fit rule open an overflow part, in which case a guardrail stays whole if it can.
func (c *Catalogue) packStatements(g group, v Values, p Profile) ([]Policy, error) {
	order := slices.Clone(g.guardrails)
	slices.SortStableFunc(order, func(a, b *Guardrail) int {
		if a.own != b.own {
			if a.own {
				return 1
			}
			return -1
		}
		if a.Document != b.Document {
			return a.Document - b.Document
		}
		return compare(a.ID, b.ID)
	})
	limit := p.size(g.policyType)
	if p.Compact && g.policyType == TypeSCP {
		return c.packCompactly(order, v, limit)
	}
	var bins []*bin
	for _, rail := range order {
		resolved, err := c.statements(rail, v)
		if err != nil {
			return nil, err
		}
		if len(resolved) == 0 {
			continue
		}
		statements := make([]policy.Statement, len(resolved))
		for i, s := range resolved {
			statements[i] = pack(rail.Type, s)
		}
		bins, err = fit(bins, rail, statements, limit)
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(bins, func(a, b *bin) int {
		if a.number != b.number {
			return a.number - b.number
		}
		return a.part - b.part
	})
	return policiesOf(bins, limit), nil
}

func policiesOf(bins []*bin, limit int) []Policy {
	policies := make([]Policy, 0, len(bins))
	for _, b := range bins {
		id := "-" + strconv.Itoa(b.number)
		if b.part > 0 {
			id += "." + strconv.Itoa(b.part)
		}
		policies = append(policies, Policy{
			ID: id, Content: json.RawMessage(b.doc.JSON()), Size: b.doc.Size(), Limit: limit, Statements: b.sources,
		})
	}
	return policies
}

// merged is a statement that several guardrails share.
type merged struct {
	statement policy.Statement
	sources   []Source
}

// packCompactly fills as few documents as it can. Deny statements that differ in their actions only are one
// statement with the actions of both; NotAction is left alone, because there the union would deny less.
func (c *Catalogue) packCompactly(order []*Guardrail, v Values, limit int) ([]Policy, error) {
	var all []*merged
	byRest := map[string]*merged{}
	for _, rail := range order {
		resolved, err := c.statements(rail, v)
		if err != nil {
			return nil, err
		}
		for _, s := range resolved {
			p := pack(rail.Type, s)
			p.Sid = ""
			source := Source{Sid: s.Sid, GuardrailID: rail.ID, File: rail.File}
			rest := p.Clone()
			rest.Action = nil
			key := rest.JSON()
			if m, ok := byRest[key]; ok && len(p.Action) > 0 {
				together := m.statement.Clone()
				together.Action = union(m.statement.Action, p.Action)
				// Statements that fill much of a document leave gaps behind them.
				if utf8.RuneCountInString(together.JSON()) <= limit/3 {
					m.statement = together
					m.sources = append(m.sources, source)
					continue
				}
			}
			m := &merged{statement: p, sources: []Source{source}}
			all = append(all, m)
			if len(p.Action) > 0 {
				byRest[key] = m
			}
		}
	}
	var bins []*bin
	for _, m := range all {
		var into *bin
		for _, b := range bins {
			if b.sizeWith([]policy.Statement{m.statement}) <= limit {
				into = b
				break
			}
		}
		if into == nil {
			into = &bin{number: len(bins) + 1, doc: policy.Document{Version: policy.Version2012}}
			if size := into.sizeWith([]policy.Statement{m.statement}); size > limit {
				return nil, fmt.Errorf("%s: statement %s needs a document of %d characters, the quota is %d: split the statement", m.sources[0].File, m.sources[0].Sid, size, limit)
			}
			bins = append(bins, into)
		}
		for _, s := range m.sources {
			s.Index = len(into.doc.Statements)
			into.sources = append(into.sources, s)
		}
		into.doc.Statements = append(into.doc.Statements, m.statement)
	}
	return policiesOf(bins, limit), nil
}

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}

// ownDocuments is added to the document numbers of the zone owner's guardrails, so that they never share a document with Landfall's.
const ownDocuments = 100

func fit(bins []*bin, rail *Guardrail, statements []policy.Statement, limit int) ([]*bin, error) {
	number := rail.Document
	if rail.own {
		number += ownDocuments
	}
	fill := limit * FillPercent / 100
	parts := 0
	for _, b := range bins {
		if b.number != number {
			continue
		}
		parts++
		if b.sizeWith(statements) <= fill {
			b.add(rail, statements)
			return bins, nil
		}
	}
	b := &bin{number: number, part: parts, doc: policy.Document{Version: policy.Version2012}}
	if size := b.sizeWith(statements); size > limit {
		if len(statements) > 1 {
			half := len(statements) / 2
			bins, err := fit(bins, rail, statements[:half], limit)
			if err != nil {
				return nil, err
			}
			return fit(bins, rail, statements[half:], limit)
		}
		return nil, fmt.Errorf("%s: statement %s needs a document of %d characters, the quota is %d: split the statement", rail.File, statements[0].Sid, size, limit)
	}
	b.add(rail, statements)
	return append(bins, b), nil
}

func (b *bin) sizeWith(statements []policy.Statement) int {
	d := policy.Document{Version: b.doc.Version, Statements: append(slices.Clone(b.doc.Statements), statements...)}
	return d.Size()
}

func (b *bin) add(rail *Guardrail, statements []policy.Statement) {
	for _, s := range statements {
		sid := s.Sid
		for n := 2; slices.ContainsFunc(b.doc.Statements, func(o policy.Statement) bool { return o.Sid == s.Sid }); n++ {
			s.Sid = sid + strconv.Itoa(n)
		}
		b.sources = append(b.sources, Source{Index: len(b.doc.Statements), Sid: sid, GuardrailID: rail.ID, File: rail.File})
		b.doc.Statements = append(b.doc.Statements, s)
	}
}

// mergeContents joins the bodies of declarative policies of one target into one document.
func mergeContents(g group, v Values, p Profile) ([]Policy, error) {
	merged := map[string]any{}
	out := Policy{Limit: p.size(g.policyType)}
	for _, rail := range g.guardrails {
		content, err := v.expandContent(rail.Content)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", rail.File, err)
		}
		if err := merge(merged, content.(map[string]any), ""); err != nil {
			return nil, fmt.Errorf("%s: %w", rail.File, err)
		}
		out.Statements = append(out.Statements, Source{Index: -1, GuardrailID: rail.ID, File: rail.File})
	}
	content, err := minify(merged)
	if err != nil {
		return nil, err
	}
	out.Content, out.Size = content, utf8.RuneCount(content)
	if out.Size > out.Limit {
		return nil, fmt.Errorf("the policy of type %s for %s needs %d characters, the quota is %d", g.policyType, g.target, out.Size, out.Limit)
	}
	return []Policy{out}, nil
}

func merge(into, from map[string]any, at string) error {
	for k, v := range from {
		old, exists := into[k]
		a, oldIsMap := old.(map[string]any)
		b, newIsMap := v.(map[string]any)
		switch {
		case !exists:
			into[k] = v
		case oldIsMap && newIsMap:
			if err := merge(a, b, at+"."+k); err != nil {
				return err
			}
		case !reflect.DeepEqual(old, v):
			return fmt.Errorf("%s is set to another value by a guardrail of the same target", (at + "." + k)[1:])
		}
	}
	return nil
}

// shorten cuts a name that is too long and keeps it unique by a digest of the whole.
func shorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("%s-%x", s[:limit-9], sum[:4])
}
