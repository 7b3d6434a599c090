package report

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/guardrail"
)

// States of a guardrail in a zone.
const (
	// On guardrails are attached somewhere.
	On = "on"
	// Off guardrails are attached nowhere: their level is off, or the file turns them off.
	Off = "off"
)

// Guardrail is one guardrail in the zone.
type Guardrail struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Intent string `json:"intent"`
	// Level is the zone's; CatalogueLevel is that of the guardrail's file.
	Level          guardrail.Level `json:"level"`
	CatalogueLevel guardrail.Level `json:"catalogueLevel"`
	// Type is the policy type by its name in the Organizations API.
	Type string `json:"type"`
	// Own says that it is the zone owner's.
	Own   bool   `json:"own"`
	State string `json:"state"`
	// AttachedTo are the targets, from the root down.
	AttachedTo []string `json:"attachedTo"`
	// Reaches are the member accounts that it binds, Of is how many the zone has.
	Reaches  []string `json:"reaches"`
	Of       int      `json:"of"`
	Policies []string `json:"policies"`
	// Spares are the principals that statements do not bind.
	Spares []Spared `json:"spares"`
	// Attack are MITRE ATT&CK techniques; Frameworks the controls that it serves, by framework.
	Attack     []string            `json:"attack"`
	Frameworks map[string][]string `json:"frameworks"`
	Cost       string              `json:"cost"`
	Instead    string              `json:"instead"`
}

// Spared are statements with the principals that they do not bind.
type Spared struct {
	Statements []string `json:"statements"`
	Principals []string `json:"principals"`
}

// Policy is one organization policy.
type Policy struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Targets are where it is attached.
	Targets []string `json:"targets"`
	// Size and Limit are in characters.
	Size  int `json:"size"`
	Limit int `json:"limit"`
	// Slot is its number among the policies of its type on the target, from 1; Slots is how many can be attached there.
	Slot  int `json:"slot"`
	Slots int `json:"slots"`
	// Statements say from which guardrail each statement of Document comes.
	Statements []Statement `json:"statements"`
	// Document is what is attached.
	Document json.RawMessage `json:"document"`
}

// Statement is one statement of a policy; or the whole of one that has no statements.
type Statement struct {
	// Number counts from 1; 0 for a policy without statements.
	Number int `json:"number"`
	// From are the guardrails that it comes from; a compact packing merges some.
	From []Source `json:"from"`
	// Text is the statement; nil for a policy without statements.
	Text json.RawMessage `json:"text,omitempty"`
}

// Source is a statement of a guardrail's file.
type Source struct {
	Guardrail string `json:"guardrail"`
	// Sid is the statement's name in the file; "" for a guardrail without statements.
	Sid string `json:"sid,omitempty"`
}

// Exemption is a pattern of principals with the guardrails that spare them.
type Exemption struct {
	Principal  string   `json:"principal"`
	Guardrails []string `json:"guardrails"`
}

// Change is what the file changes about one guardrail.
type Change struct {
	Guardrail string `json:"guardrail"`
	Title     string `json:"title"`
	// CatalogueLevel is the level of the guardrail's file.
	CatalogueLevel guardrail.Level `json:"catalogueLevel"`
	State          string          `json:"state,omitempty"`
	OUs            []string        `json:"ous"`
	Accounts       []string        `json:"accounts"`
	Level          string          `json:"level,omitempty"`
	Exempt         []string        `json:"exempt"`
	Reason         string          `json:"reason,omitempty"`
}

func (b *builder) guardrails() ([]Guardrail, error) {
	values := b.changed.ZoneValues(b.Zone)
	out := []Guardrail{}
	for i := range b.changed.Guardrails {
		g := &b.changed.Guardrails[i]
		original, _ := b.Guardrails.Find(g.ID)
		r := Guardrail{
			ID: g.ID, Title: oneLine(g.Title), Intent: oneLine(g.Intent), Level: g.Level, CatalogueLevel: original.Level, Type: g.Type, Own: g.Own(), State: Off,
			AttachedTo: []string{}, Reaches: b.reached(g.ID), Of: len(b.Zone.Members()), Policies: []string{}, Spares: []Spared{},
			Attack: orEmpty(g.Attack), Frameworks: named(g.Frameworks), Cost: oneLine(g.Cost), Instead: oneLine(g.Instead),
		}
		for _, t := range b.on[g.ID] {
			r.State = On
			r.AttachedTo = append(r.AttachedTo, t.String())
		}
		for _, p := range b.planned.Policies {
			if slices.ContainsFunc(p.Statements, func(s guardrail.Source) bool { return s.GuardrailID == g.ID }) {
				r.Policies = append(r.Policies, p.Name)
			}
		}
		for _, s := range g.Statements {
			principals, err := b.changed.Spares(g, s, values)
			if err != nil {
				return nil, fmt.Errorf("the guardrail %s: statement %s: %w", g.ID, s.Sid, err)
			}
			if len(principals) == 0 {
				continue
			}
			at := slices.IndexFunc(r.Spares, func(o Spared) bool { return slices.Equal(o.Principals, principals) })
			if at < 0 {
				at = len(r.Spares)
				r.Spares = append(r.Spares, Spared{Principals: principals})
			}
			r.Spares[at].Statements = append(r.Spares[at].Statements, s.Sid)
		}
		out = append(out, r)
	}
	return out, nil
}

func (b *builder) policies() ([]Policy, error) {
	out := []Policy{}
	for i, p := range b.planned.Policies {
		described := b.described.Policies[i]
		r := Policy{Name: p.Name, Type: p.Type, Targets: described.Targets, Size: p.Size, Limit: p.Limit, Slot: described.Slot, Slots: described.Slots, Document: p.Content}
		var document struct{ Statement []json.RawMessage }
		if err := json.Unmarshal(p.Content, &document); err != nil {
			return nil, fmt.Errorf("the policy %s: %w", p.Name, err)
		}
		for _, s := range p.Statements {
			number := s.Index + 1
			at := slices.IndexFunc(r.Statements, func(o Statement) bool { return o.Number == number && number > 0 })
			if at < 0 {
				at = len(r.Statements)
				statement := Statement{Number: number}
				if number > 0 {
					statement.Text = document.Statement[s.Index]
				}
				r.Statements = append(r.Statements, statement)
			}
			r.Statements[at].From = append(r.Statements[at].From, Source{s.GuardrailID, s.Sid})
		}
		out = append(out, r)
	}
	return out, nil
}

// exemptions turns what guardrails spare around: by principal, in order.
func exemptions(guardrails []Guardrail) []Exemption {
	by := map[string][]string{}
	for _, g := range guardrails {
		if g.State != On {
			continue
		}
		for _, s := range g.Spares {
			for _, p := range s.Principals {
				if !slices.Contains(by[p], g.ID) {
					by[p] = append(by[p], g.ID)
				}
			}
		}
	}
	out := []Exemption{}
	for _, p := range sortedKeys(by) {
		out = append(out, Exemption{p, by[p]})
	}
	return out
}

func (b *builder) changes() []Change {
	out := []Change{}
	for _, c := range b.Zone.Guardrails.Changes {
		g, _ := b.Guardrails.Find(c.ID)
		out = append(out, Change{c.ID, oneLine(g.Title), g.Level, c.State, orEmpty(c.OUs), orEmpty(c.Accounts), c.Level, orEmpty(c.Exempt), c.Reason})
	}
	return out
}

// attention lists what is weaker than the catalogue means it to be.
func (b *builder) attention(r Report) []Attention {
	out := []Attention{}
	explained := map[string]bool{}
	for _, w := range b.Guardrails.Weakened(b.Zone) {
		explained[w.Guardrail.ID] = true
		out = append(out, Attention{What: w.String(), Reason: w.Change.Reason, Guardrail: w.Guardrail.ID})
	}
	for _, g := range r.Guardrails {
		if g.CatalogueLevel == guardrail.Mandatory && g.State == Off && !explained[g.ID] {
			out = append(out, Attention{What: fmt.Sprintf("The mandatory guardrail %s is on nowhere: guardrails.levels leaves its level out, or nothing of it concerns this zone", g.ID), Guardrail: g.ID})
		}
	}
	return append(out, quiet(r.Alerts)...)
}

// oneLine joins the lines of a text.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
