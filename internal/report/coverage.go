package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
)

// Names of frameworks as the report prints them.
const (
	cis    = "CIS AWS Foundations Benchmark 7.0"
	fsbp   = "AWS Foundational Security Best Practices"
	ssb    = "AWS Startup Security Baseline"
	attack = "MITRE ATT&CK"
)

// frameworkNames are the names by the keys that the catalogue's files use.
var frameworkNames = map[string]string{"cis": cis, "cis 7.0.0": cis, "fsbp": fsbp, "ssb": ssb}

// named replaces the keys of a file's frameworks by their names; a key that has none stays as it is.
func named(frameworks map[string][]string) map[string][]string {
	out := map[string][]string{}
	for key, controls := range frameworks {
		name, known := frameworkNames[strings.ToLower(key)]
		if !known {
			name = key
		}
		out[name] = append(out[name], controls...)
	}
	return out
}

// Framework is a framework with the controls that something of the catalogue serves. The catalogue does not know a
// framework's whole list of controls.
type Framework struct {
	Name     string    `json:"name"`
	Controls []Control `json:"controls"`
	// Gaps counts the controls that nothing serves that is on in this zone.
	Gaps int `json:"gaps"`
}

// Control is one control or technique.
type Control struct {
	ID string `json:"id"`
	// ServedBy is on in this zone, OffHere serves it too and is off.
	ServedBy []Served `json:"servedBy"`
	OffHere  []Served `json:"offHere"`
}

// Kinds of what serves a control.
const (
	KindGuardrail = "guardrail"
	KindAlert     = "alert"
	KindFilter    = "metric filter"
	KindDetective = "detective rule"
)

// Served is what serves a control.
type Served struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// Partly says where a guardrail is on that does not bind every member account, "" when it binds all.
	Partly string `json:"partly,omitempty"`
}

// frameworks turns the frameworks of everything around: by framework and control.
func frameworks(r Report) []Framework {
	type entry struct {
		served Served
		on     bool
	}
	by := map[string]map[string][]entry{}
	add := func(frameworks map[string][]string, e entry) {
		for name, controls := range frameworks {
			if by[name] == nil {
				by[name] = map[string][]entry{}
			}
			for _, c := range controls {
				by[name][c] = append(by[name][c], e)
			}
		}
	}
	for _, g := range r.Guardrails {
		e := entry{Served{Kind: KindGuardrail, ID: g.ID}, g.State == On}
		if e.on && len(g.Reaches) < g.Of {
			e.served.Partly = fmt.Sprintf("in %d of %d accounts", len(g.Reaches), g.Of)
		}
		add(g.Frameworks, e)
		add(map[string][]string{attack: g.Attack}, e)
	}
	for _, a := range r.Alerts.List {
		add(a.Frameworks, entry{Served{Kind: KindAlert, ID: a.ID}, a.Tier != alert.Off})
	}
	for _, f := range r.Alerts.Filters {
		add(f.Frameworks, entry{Served{Kind: KindFilter, ID: f.ID}, r.Alerts.FiltersOn})
	}
	for _, d := range r.Detective {
		add(d.Frameworks, entry{Served{Kind: KindDetective, ID: d.ID}, r.DetectiveOn})
	}
	out := []Framework{}
	for _, name := range sortedKeys(by) {
		f := Framework{Name: name}
		for _, id := range slices.SortedFunc(maps.Keys(by[name]), naturally) {
			c := Control{ID: id, ServedBy: []Served{}, OffHere: []Served{}}
			for _, e := range by[name][id] {
				if e.on {
					c.ServedBy = append(c.ServedBy, e.served)
				} else {
					c.OffHere = append(c.OffHere, e.served)
				}
			}
			if len(c.ServedBy) == 0 {
				f.Gaps++
			}
			f.Controls = append(f.Controls, c)
		}
		out = append(out, f)
	}
	return out
}

// naturally orders 2.9 before 2.10 and EC2.7 before EC2.14.
func naturally(a, b string) int {
	for a != "" && b != "" {
		x, restA := head(a)
		y, restB := head(b)
		m, errA := strconv.Atoi(x)
		n, errB := strconv.Atoi(y)
		c := strings.Compare(x, y)
		if errA == nil && errB == nil {
			c = cmp.Compare(m, n)
		}
		if c != 0 {
			return c
		}
		a, b = restA, restB
	}
	return strings.Compare(a, b)
}

// head cuts the digits, or the other characters, that a text starts with.
func head(s string) (first, rest string) {
	digit := func(i int) bool { return s[i] >= '0' && s[i] <= '9' }
	n := 1
	for n < len(s) && digit(n) == digit(0) {
		n++
	}
	return s[:n], s[n:]
}

// quotas says how much of each quota the zone uses where it uses most. AWS's own policies take a slot too, except of
// declarative ones.
func (b *builder) quotas(r Report) ([]Quota, error) {
	out := []Quota{
		{"workload accounts", "the zone's file", len(b.Zone.Accounts), config.MaxAccounts},
		{"levels of OUs", "below the root", depth(r.Root), config.MaxOUDepth},
	}
	largest, slots := map[string]Quota{}, map[string]Quota{}
	for _, p := range r.Policies {
		if p.Size > largest[p.Type].Used {
			largest[p.Type] = Quota{"characters of the largest policy of type " + p.Type, p.Name, p.Size, p.Limit}
		}
		used := p.Slot
		if p.Type == guardrail.TypeSCP || p.Type == guardrail.TypeRCP {
			used++ // FullAWSAccess and RCPFullAWSAccess are attached to every target
		}
		if used > slots[p.Type].Used {
			slots[p.Type] = Quota{"policies of type " + p.Type + " on one target", p.Targets[0], used, p.Slots}
		}
	}
	for _, t := range sortedKeys(largest) {
		out = append(out, slots[t], largest[t])
	}
	pattern := Quota{"characters of the largest event pattern", "", 0, alert.MaxPattern}
	for _, a := range b.planned.Routed {
		// Every account id has 12 digits.
		const id = "111122223333"
		text, err := a.WithAccountIDs(func(string) string { return id }).BusPattern(func(alert.Accounts) string { return id })
		if err != nil {
			return nil, fmt.Errorf("measuring the patterns of alerts: %w", err)
		}
		if n := utf8.RuneCount(text); n > pattern.Used {
			pattern.Where, pattern.Used = a.RuleName, n
		}
	}
	return append(out, pattern), nil
}

func depth(u Unit) int {
	deepest := 0
	for _, child := range u.Units {
		deepest = max(deepest, 1+depth(child))
	}
	return deepest
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
