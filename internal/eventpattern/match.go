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
	var s search
	for i, condition := range a.conjunction {
		ofField := values[a.fields[i]]
		met := slices.ContainsFunc(ofField, func(v fieldValue) bool { return condition.matches(v.text) })
		if !met && !condition.absent {
			return false
		}
		// Values that lie in no array are consistent with all others, so only the conditions on the rest need a search.
		if slices.ContainsFunc(ofField, func(v fieldValue) bool { return len(v.at) > 0 }) {
			s.conditions = append(s.conditions, openCondition{condition, ofField})
		} else if !met && len(ofField) > 0 {
			return false
		}
	}
	return s.from(0, nil)
}

// search looks for one value per condition such that no two values lie in different elements of one array.
type search struct {
	conditions []openCondition
	failed     map[string]struct{} // keys of the states from which the conditions left cannot be met
}

// openCondition is a condition and the values of its field, at least one of which lies in an array.
type openCondition struct {
	*condition
	ofField []fieldValue
}

// from tells whether the conditions from the i-th on can be met when the ones before chose the array elements in at.
func (s *search) from(i int, at []place) bool {
	if i == len(s.conditions) {
		return true
	}
	condition := s.conditions[i]
	if condition.absent {
		consistent := func(v fieldValue) bool { _, ok := merge(at, v.at); return ok }
		if !slices.ContainsFunc(condition.ofField, consistent) && s.from(i+1, at) {
			return true
		}
	}
	for _, value := range condition.ofField {
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
	for _, condition := range s.conditions[i:] {
		for _, value := range condition.ofField {
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
