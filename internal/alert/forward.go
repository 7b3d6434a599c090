package alert

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/zone"
)

// apiCall is the detail-type of API calls (EventBridge user guide, eb-service-event-cloudtrail).
const apiCall = "AWS API Call via CloudTrail"

// Forward is a rule that sends events from where they happen to the zone's bus in the same Region.
type Forward struct {
	// Name names the rule.
	Name string
	// Pattern is compact JSON without placeholders. It may let through more than the alerts want; the rules on the bus decide.
	Pattern json.RawMessage
	// AllManagementEvents asks for the rule state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS.
	AllManagementEvents bool
	// Accounts and Regions are where the rule must exist.
	Accounts Accounts
	Regions  []string
}

// Forwards are the rules that bring a zone's alerts to its bus, sorted by name. In any account and Region an event
// matches at most one of them, so that it arrives, and is mailed, once however many alerts it raises: there is one rule
// per event source, and one for the alerts that name no source, which leaves those sources out.
//
// Suppressed events are forwarded too; the rules on the bus leave them out.
//
// Every alert of a source listens for API calls by name, or for whole kinds of events by detail-type; API calls are
// forwarded from all accounts even when an alert wants them from one only. The error says which pattern is of
// another shape, or which rule would be too large.
func Forwards(z *zone.Zone, routed []Routed) ([]Forward, error) {
	f := forwarder{sources: map[string]*source{}}
	for _, r := range routed {
		if err := f.add(r); err != nil {
			return nil, fmt.Errorf("forwarding the events of alert %s: %w", r.ID, err)
		}
	}
	out, err := f.rules(z)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b Forward) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// forwarder collects what the alerts want from each event source.
type forwarder struct {
	sources map[string]*source
	// anywhere are the alerts that name no source.
	anywhere []wanted
}

// source is what the alerts want from one event source.
type source struct {
	// calls are event names of API calls, as values of a pattern.
	calls map[string]any
	// kinds are whole kinds of events, by detail-type.
	kinds map[string][]wanted
	// callers are the alerts that calls comes from.
	callers []Routed
}

// wanted is an alert with its pattern.
type wanted struct {
	alert   Routed
	pattern map[string]any
}

func (f *forwarder) add(r Routed) error {
	p, err := object(r.unsuppressed)
	if err != nil {
		return fmt.Errorf("reading the pattern: %w", err)
	}
	types, err := texts(p["detail-type"])
	if err != nil {
		return fmt.Errorf("detail-type: %w", err)
	}
	if p["source"] == nil {
		if r.Listen.Accounts != AllAccounts {
			return fmt.Errorf("a pattern without source must listen in all accounts, not in %s", r.Listen.Accounts)
		}
		f.anywhere = append(f.anywhere, wanted{r, p})
		return nil
	}
	names, err := texts(p["source"])
	if err != nil {
		return fmt.Errorf("source: %w", err)
	}
	for _, name := range names {
		s := f.sources[name]
		if s == nil {
			s = &source{calls: map[string]any{}, kinds: map[string][]wanted{}}
			f.sources[name] = s
		}
		for _, t := range types {
			if t != apiCall {
				s.kinds[t] = append(s.kinds[t], wanted{r, p})
				continue
			}
			calls := eventNames(p["detail"])
			if len(calls) == 0 {
				return fmt.Errorf("a pattern for API calls must list detail.eventName, in every branch of $or")
			}
			maps.Copy(s.calls, calls)
			s.callers = append(s.callers, r)
		}
	}
	return nil
}

// texts are the values of a field that lists strings only.
func texts(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, fmt.Errorf("want a list of strings, got %v", v)
	}
	var out []string
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, fmt.Errorf("want strings, got %v", e)
		}
		out = append(out, s)
	}
	return out, nil
}

// eventNames are the values of eventName in a pattern's detail, by their JSON text; none when some events are not
// chosen by name.
func eventNames(detail any) map[string]any {
	m, ok := detail.(map[string]any)
	if !ok {
		return nil
	}
	out := map[string]any{}
	if list, ok := m["eventName"].([]any); ok {
		for _, v := range list {
			text, err := compact(v)
			if err != nil {
				return nil
			}
			out[string(text)] = v
		}
		return out
	}
	branches, _ := m["$or"].([]any)
	for _, b := range branches {
		names := eventNames(b)
		if len(names) == 0 {
			return nil
		}
		maps.Copy(out, names)
	}
	return out
}

// rules composes the forwarding rules.
func (f *forwarder) rules(z *zone.Zone) ([]Forward, error) {
	var out []Forward
	names := slices.Sorted(maps.Keys(f.sources))
	for _, name := range names {
		s := f.sources[name]
		everywhere := place{accounts: AllAccounts}
		var branches []any
		if len(s.calls) > 0 {
			branches = append(branches, map[string]any{"detail-type": []any{apiCall}, "detail": map[string]any{"eventName": values(s.calls)}})
			for _, r := range s.callers {
				everywhere.add(r)
			}
		}
		for _, w := range f.anywhere {
			branches = append(branches, w.pattern)
			everywhere.add(w.alert)
		}
		limited := map[Accounts]*limitedKinds{}
		for _, t := range slices.Sorted(maps.Keys(s.kinds)) {
			wants := s.kinds[t]
			accounts := scope(wants)
			if accounts == AllAccounts {
				branches = append(branches, kindBranch(t, wants))
				for _, w := range wants {
					everywhere.add(w.alert)
				}
				continue
			}
			l := limited[accounts]
			if l == nil {
				l = &limitedKinds{place: place{accounts: accounts}}
				limited[accounts] = l
			}
			l.branches = append(l.branches, kindBranch(t, wants))
			for _, w := range wants {
				l.place.add(w.alert)
			}
		}
		short := strings.TrimPrefix(name, "aws.")
		if len(branches) > 0 {
			r, err := rule(z.Resource("forward", short), []any{name}, branches, everywhere)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		for _, accounts := range slices.Sorted(maps.Keys(limited)) {
			l := limited[accounts]
			r, err := rule(z.Resource("forward", short, string(accounts)), []any{name}, l.branches, l.place)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	if len(f.anywhere) > 0 {
		where := place{accounts: AllAccounts}
		var branches []any
		for _, w := range f.anywhere {
			branches = append(branches, w.pattern)
			where.add(w.alert)
		}
		from := []any{map[string]any{"exists": true}}
		if len(names) > 0 {
			from = []any{map[string]any{"anything-but": names}}
		}
		r, err := rule(z.Resource("forward", "other"), from, branches, where)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// limitedKinds are kinds of events that come from one account only.
type limitedKinds struct {
	place    place
	branches []any
}

// place is where a forwarding rule must exist, given the alerts that it serves.
type place struct {
	accounts            Accounts
	regions             []string
	allManagementEvents bool
}

func (p *place) add(r Routed) {
	p.regions = append(p.regions, r.Regions...)
	slices.Sort(p.regions)
	p.regions = slices.Compact(p.regions)
	p.allManagementEvents = p.allManagementEvents || r.AllManagementEvents
}

// scope is the accounts in which some alerts listen: one kind of account if all agree, else all accounts.
func scope(wants []wanted) Accounts {
	out := wants[0].alert.Listen.Accounts
	for _, w := range wants {
		if w.alert.Listen.Accounts != out {
			return AllAccounts
		}
	}
	return out
}

// kindBranch lets a kind of events through: as the alert wants it when it is the only one and asks for nothing that
// only the deployment knows, else all of the kind.
func kindBranch(detailType string, wants []wanted) any {
	branch := map[string]any{"detail-type": []any{detailType}}
	if len(wants) == 1 && wants[0].pattern["detail"] != nil && !strings.Contains(string(wants[0].alert.unsuppressed), "{{") {
		branch["detail"] = wants[0].pattern["detail"]
	}
	return branch
}

// values are the values of a map, in the order of their keys.
func values(m map[string]any) []any {
	var out []any
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, m[k])
	}
	return out
}

func rule(name string, from, branches []any, p place) (Forward, error) {
	pattern := map[string]any{"source": from}
	if len(branches) == 1 {
		for k, v := range branches[0].(map[string]any) {
			pattern[k] = v
		}
	} else {
		pattern["$or"] = branches
	}
	text, err := compact(pattern)
	if err != nil {
		return Forward{}, fmt.Errorf("rule %s: %w", name, err)
	}
	if len(text) > MaxPattern {
		return Forward{}, fmt.Errorf("rule %s would have a pattern of %d characters; EventBridge allows %d by default", name, len(text), MaxPattern)
	}
	return Forward{Name: name, Pattern: text, AllManagementEvents: p.allManagementEvents, Accounts: p.accounts, Regions: p.regions}, nil
}
