package alert

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/eventpattern"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Raised is an alert that an event raises.
type Raised struct {
	Alert    string   `json:"alert"`
	Severity Severity `json:"severity"`
	Tier     Tier     `json:"tier"`
	Runbook  string   `json:"runbook"`
	// Drill says that an exercise made the event.
	Drill bool `json:"drill,omitempty"`
}

// Matcher decides which alerts of a zone an event raises. It may be used by several goroutines at once.
type Matcher struct {
	envelope *eventpattern.Pattern
	// members matches the events of the member accounts whose ids the file names; nil without any.
	members *eventpattern.Pattern
	groups  []group
}

// group is the alerts of one event source; one group has those that name none.
type group struct {
	source *eventpattern.Pattern
	alerts []compiled
}

// compiled is an alert as the matcher tries it.
type compiled struct {
	raised Raised
	// where matches the accounts and Regions in which the alert listens.
	where *eventpattern.Pattern
	// pattern is the alert's; inMember is it for events of accounts that are known not to be the management account.
	pattern, inMember *eventpattern.Pattern
	drill             *eventpattern.Pattern
}

// Stand-ins for the management account's id when nobody told it: any id, and one that no account has.
const (
	anyAccount = "*"
	noAccount  = "000000000000"
)

// EnvelopeError says that an event lacks what EventBridge puts around every event.
type EnvelopeError struct{}

func (EnvelopeError) Error() string {
	return "no EventBridge envelope: it needs source, detail-type, account and region around detail; a CloudTrail record alone is only the detail"
}

// NewMatcher compiles the alerts of a zone. managementAccount is the id of the management account, or "" when nobody
// told it: then every account that the file does not name by id may be it. An alert that listens in one account only
// counts in every account when the id of that one is not known.
func NewMatcher(z *zone.Zone, routed []Routed, managementAccount string) (*Matcher, error) {
	ids := map[Accounts]string{ManagementAccount: managementAccount, AuditAccount: z.Audit.ID, LogArchiveAccount: z.LogArchive.ID}
	names := map[string]string{}
	var known []any
	for _, a := range z.Members() {
		if names[a.Name] = a.ID; a.ID != "" {
			known = append(known, a.ID)
		}
	}
	c := compiler{}
	m := &Matcher{}
	exists := []any{map[string]any{"exists": true}}
	m.envelope = c.pattern(map[string]any{"source": exists, "detail-type": exists, "account": exists, "region": exists})
	if len(known) > 0 {
		m.members = c.pattern(map[string]any{"account": known})
	}
	bySource := map[string]int{}
	for _, r := range routed {
		r = r.WithAccountIDs(func(name string) string { return names[name] })
		a := compiled{
			raised:   Raised{Alert: r.ID, Severity: r.Severity, Tier: r.Tier, Runbook: r.Runbook},
			where:    c.pattern(where(r, ids[r.Listen.Accounts])),
			pattern:  c.text(filledManagement(r.Pattern, managementAccount, anyAccount)),
			inMember: c.text(filledManagement(r.Pattern, managementAccount, noAccount)),
		}
		if r.drill != nil {
			a.drill = c.text(r.drill)
		}
		if c.err != nil {
			return nil, fmt.Errorf("alert %s: %w", r.ID, c.err)
		}
		for _, s := range sourcesOf(r.Pattern) {
			i, ok := bySource[s]
			if !ok {
				i = len(m.groups)
				bySource[s] = i
				g := group{source: c.pattern(map[string]any{"source": exists})}
				if s != "" {
					g.source = c.pattern(map[string]any{"source": []any{s}})
				}
				m.groups = append(m.groups, g)
			}
			m.groups[i].alerts = append(m.groups[i].alerts, a)
		}
	}
	return m, c.err
}

// compiler keeps the first error.
type compiler struct{ err error }

func (c *compiler) pattern(p map[string]any) *eventpattern.Pattern {
	text, err := compact(p)
	if err != nil && c.err == nil {
		c.err = err
	}
	return c.text(text)
}

func (c *compiler) text(text []byte) *eventpattern.Pattern {
	p, err := eventpattern.Parse(text)
	if err != nil && c.err == nil {
		c.err = err
	}
	return p
}

// where is a pattern for the places in which an alert listens. The Region "global" of AWS Health stands for us-east-1.
func where(r Routed, account string) map[string]any {
	var regions []any
	for _, region := range r.Regions {
		regions = append(regions, region)
		if region == zone.GlobalRegion {
			regions = append(regions, "global")
		}
	}
	p := map[string]any{"region": regions}
	if account != "" {
		p["account"] = []any{account}
	}
	return p
}

func filledManagement(pattern json.RawMessage, id, unknown string) json.RawMessage {
	if id == "" {
		id = unknown
	}
	return json.RawMessage(strings.ReplaceAll(string(pattern), managementAccount, id))
}

// sourcesOf are the sources that a pattern names, or one empty one.
func sourcesOf(pattern json.RawMessage) []string {
	var p struct {
		Source []string `json:"source"`
	}
	if err := json.Unmarshal(pattern, &p); err != nil || len(p.Source) == 0 {
		return []string{""}
	}
	return p.Source
}

// Match returns the alerts that an EventBridge event raises where it happens, sorted by id. An event of a Region in
// which an alert does not listen does not raise it. The error says why the text is no event; it is an EnvelopeError
// when only the envelope is missing.
func (m *Matcher) Match(event []byte) ([]Raised, error) {
	e, err := eventpattern.ParseEvent(event)
	if err != nil {
		return nil, err
	}
	if !m.envelope.MatchEvent(e) {
		return nil, EnvelopeError{}
	}
	inMember := m.members != nil && m.members.MatchEvent(e)
	var out []Raised
	for _, g := range m.groups {
		if !g.source.MatchEvent(e) {
			continue
		}
		for _, a := range g.alerts {
			pattern := a.pattern
			if inMember {
				pattern = a.inMember
			}
			if !pattern.MatchEvent(e) || !a.where.MatchEvent(e) {
				continue
			}
			r := a.raised
			r.Drill = a.drill != nil && a.drill.MatchEvent(e)
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Raised) int { return strings.Compare(a.Alert, b.Alert) })
	return out, nil
}
