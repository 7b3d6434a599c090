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
	patterns *eventpattern.Set
	envelope int // the number of the pattern that every event matches
	// members is the number of the pattern for events of the member accounts whose ids the file names; none without any.
	members int
	alerts  []compiled // by id
}

// compiled is an alert as the matcher tries it. All but raised are numbers of patterns.
type compiled struct {
	raised Raised
	// where matches the accounts and Regions in which the alert listens.
	where int
	// pattern is the alert's; inMember is it for events of accounts that are known not to be the management account.
	pattern, inMember int
	drill             int // none when no exercise can raise the alert
}

// none is the number of no pattern.
const none = -1

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
	c := compiler{numbers: map[string]int{}}
	m := &Matcher{members: none}
	exists := []any{map[string]any{"exists": true}}
	m.envelope = c.pattern(map[string]any{"source": exists, "detail-type": exists, "account": exists, "region": exists})
	if len(known) > 0 {
		m.members = c.pattern(map[string]any{"account": known})
	}
	for _, r := range routed {
		r = r.WithAccountIDs(func(name string) string { return names[name] })
		a := compiled{
			raised:   Raised{Alert: r.ID, Severity: r.Severity, Tier: r.Tier, Runbook: r.Runbook},
			where:    c.pattern(where(r, ids[r.Listen.Accounts])),
			pattern:  c.text(filledManagement(r.Pattern, managementAccount, anyAccount)),
			inMember: c.text(filledManagement(r.Pattern, managementAccount, noAccount)),
			drill:    none,
		}
		if r.drill != nil {
			a.drill = c.text(r.drill)
		}
		if c.err != nil {
			return nil, fmt.Errorf("alert %s: %w", r.ID, c.err)
		}
		m.alerts = append(m.alerts, a)
	}
	slices.SortFunc(m.alerts, func(a, b compiled) int { return strings.Compare(a.raised.Alert, b.raised.Alert) })
	m.patterns = eventpattern.NewSet(c.patterns...)
	return m, c.err
}

// compiler numbers the different patterns, and keeps the first error.
type compiler struct {
	patterns []*eventpattern.Pattern
	numbers  map[string]int // by the text of the pattern
	err      error
}

func (c *compiler) pattern(p map[string]any) int {
	text, err := compact(p)
	if err != nil && c.err == nil {
		c.err = err
	}
	return c.text(text)
}

func (c *compiler) text(text []byte) int {
	if number, ok := c.numbers[string(text)]; ok {
		return number
	}
	p, err := eventpattern.Parse(text)
	if err != nil {
		if c.err == nil {
			c.err = err
		}
		return none
	}
	number := len(c.patterns)
	c.numbers[string(text)] = number
	c.patterns = append(c.patterns, p)
	return number
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

// Match returns the alerts that an EventBridge event raises where it happens, sorted by id. An event of a Region in
// which an alert does not listen does not raise it. The error says why the text is no event; it is an EnvelopeError
// when only the envelope is missing.
func (m *Matcher) Match(event []byte) ([]Raised, error) {
	numbers, err := m.patterns.Match(event)
	if err != nil {
		return nil, err
	}
	matched := func(pattern int) bool {
		_, ok := slices.BinarySearch(numbers, pattern)
		return ok
	}
	if !matched(m.envelope) {
		return nil, EnvelopeError{}
	}
	inMember := matched(m.members)
	var out []Raised
	for _, a := range m.alerts {
		pattern := a.pattern
		if inMember {
			pattern = a.inMember
		}
		if matched(pattern) && matched(a.where) {
			r := a.raised
			r.Drill = matched(a.drill)
			out = append(out, r)
		}
	}
	return out, nil
}
