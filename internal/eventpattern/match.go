package eventpattern

import (
	"encoding/binary"
	"slices"
)

// Match tells whether the event, a JSON object in UTF-8, matches the pattern. It fails when the event is malformed. Many
// patterns are matched faster as a Set.
func (p *Pattern) Match(event []byte) (bool, error) {
	matched, err := p.alone.Match(event)
	return len(matched) > 0, err
}

// MatchEvent tells whether the event matches the pattern.
func (p *Pattern) MatchEvent(event *Event) bool {
	matched, _ := p.Match(event.text) // ParseEvent has checked it
	return matched
}

// conjunction is a list of conditions, by ascending path, that must hold together. A pattern without "$or" is one.
type conjunction []*condition

// condition is what a pattern asks of one field.
type condition struct {
	path   string
	exact  map[string]struct{} // texts of field values that match
	values []valueMatcher
	absent bool // {"exists": false} is among the values
}

func (c *condition) matches(text string) bool {
	if _, ok := c.exact[text]; ok {
		return true
	}
	return slices.ContainsFunc(c.values, func(v valueMatcher) bool { return v.match(text) })
}

// match tells whether all conditions can be met together by values of an event, which are listed by field.
func (a *alternative) match(values [][]fieldValue) bool {
	// Most events miss a condition whatever the arrays, or have none around the values. This decides them without a search.
	decided := true
	for i, condition := range a.conjunction {
		ofField := values[a.fields[i]]
		inArrays := slices.ContainsFunc(ofField, func(v fieldValue) bool { return len(v.at) > 0 })
		mayBeAbsent := condition.absent && (len(ofField) == 0 || inArrays)
		if !mayBeAbsent && !slices.ContainsFunc(ofField, func(v fieldValue) bool { return condition.matches(v.text) }) {
			return false
		}
		decided = decided && !inArrays
	}
	if decided {
		return true
	}
	s := search{alternative: a, values: values}
	return s.from(0, nil)
}

// search looks for one value per condition such that no two values lie in different elements of one array.
type search struct {
	*alternative
	values [][]fieldValue      // by field
	failed map[string]struct{} // keys of the states from which the conditions left cannot be met
}

// from tells whether the conditions from the i-th on can be met when the ones before chose the array elements in at.
func (s *search) from(i int, at []place) bool {
	if i == len(s.conjunction) {
		return true
	}
	condition := s.conjunction[i]
	values := s.values[s.fields[i]]
	if condition.absent {
		consistent := func(v fieldValue) bool { _, ok := merge(at, v.at); return ok }
		if !slices.ContainsFunc(values, consistent) && s.from(i+1, at) {
			return true
		}
	}
	for _, value := range values {
		merged, ok := merge(at, value.at)
		if !ok || s.failed != nil && s.hasFailed(i+1, merged) || !condition.matches(value.text) {
			continue
		}
		if s.from(i+1, merged) {
			return true
		}
		if s.failed == nil {
			s.failed = make(map[string]struct{})
		}
		s.failed[s.stateKey(i+1, merged)] = struct{}{}
	}
	return false
}

func (s *search) hasFailed(i int, at []place) bool {
	_, ok := s.failed[s.stateKey(i, at)]
	return ok
}

// stateKey names a state of the search by what can still matter: the chosen elements of arrays that hold values of a
// condition left. That keeps the number of states from growing with the product of independent arrays.
func (s *search) stateKey(i int, at []place) string {
	key := binary.AppendUvarint(nil, uint64(i))
	for _, p := range at {
		if s.matters(i, p.array) {
			key = binary.AppendUvarint(key, uint64(p.array))
			key = binary.AppendUvarint(key, uint64(p.index))
		}
	}
	return string(key)
}

func (s *search) matters(i, array int) bool {
	for _, field := range s.fields[i:] {
		for _, value := range s.values[field] {
			if slices.ContainsFunc(value.at, func(p place) bool { return p.array == array }) {
				return true
			}
		}
	}
	return false
}

// merge unites two lists of chosen array elements, or tells that they choose different elements of one array.
func merge(a, b []place) ([]place, bool) {
	if len(b) == 0 {
		return a, true
	}
	if len(a) == 0 {
		return b, true
	}
	merged := make([]place, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].array < b[0].array:
			merged, a = append(merged, a[0]), a[1:]
		case a[0].array > b[0].array:
			merged, b = append(merged, b[0]), b[1:]
		case a[0].index != b[0].index:
			return nil, false
		default:
			merged, a, b = append(merged, a[0]), a[1:], b[1:]
		}
	}
	return append(append(merged, a...), b...), true
}
