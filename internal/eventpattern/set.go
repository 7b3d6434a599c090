package eventpattern

import "slices"

// Set is patterns that are matched together: an event is read once for all of them, what none of them names is skipped,
// and of most patterns nothing but the value of one field is looked at. A Set never changes, so several goroutines may
// use it at once.
type Set struct {
	root         *fieldNode
	alternatives []alternative
	// byText lists, by the number of a field and the text of a value, the alternatives that ask for that value. Each
	// alternative that can be found so is listed for one field; the others are in untold.
	byText []map[string][]int
	untold []int
}

// alternative is a conjunction as a Set tries it.
type alternative struct {
	conjunction
	fields  []int // the number of each condition's field
	pattern int
}

// NewSet prepares patterns to be matched together.
func NewSet(patterns ...*Pattern) *Set {
	s := &Set{root: newFieldNode()}
	fields := 0
	for i, p := range patterns {
		for _, c := range p.alternatives {
			a := alternative{conjunction: c, pattern: i}
			for _, condition := range c {
				n := s.root.add(condition.path)
				if n.field == noField {
					n.field = fields
					fields++
				}
				a.fields = append(a.fields, n.field)
			}
			s.alternatives = append(s.alternatives, a)
		}
	}
	s.index(fields)
	return s
}

// index fills byText and untold. An alternative is listed under the condition whose values the fewest others ask for, so
// that an event that has one of them is likely to match.
func (s *Set) index(fields int) {
	askers := make([]map[string]int, fields)
	s.byText = make([]map[string][]int, fields)
	for f := range fields {
		askers[f] = make(map[string]int)
		s.byText[f] = make(map[string][]int)
	}
	for _, a := range s.alternatives {
		for i, c := range a.conjunction {
			for text := range c.exact {
				askers[a.fields[i]][text]++
			}
		}
	}
	for number, a := range s.alternatives {
		best, fewest := -1, len(s.alternatives)+1
		for i, c := range a.conjunction {
			if c.absent || len(c.values) > 0 {
				continue // other texts than the exact ones may match
			}
			most := 0
			for text := range c.exact {
				most = max(most, askers[a.fields[i]][text])
			}
			if most < fewest {
				best, fewest = i, most
			}
		}
		if best < 0 {
			s.untold = append(s.untold, number)
			continue
		}
		byText := s.byText[a.fields[best]]
		for text := range a.conjunction[best].exact {
			byText[text] = append(byText[text], number)
		}
	}
}

// Match returns the numbers of the patterns that the event, a JSON object in UTF-8, matches, in the order in which NewSet
// got them. It fails when the event is malformed.
func (s *Set) Match(event []byte) ([]int, error) {
	values, err := read(event, s.root, len(s.byText))
	if err != nil {
		return nil, err
	}
	var matched []int
	tried := make([]bool, len(s.alternatives))
	try := func(numbers []int) {
		for _, number := range numbers {
			a := &s.alternatives[number]
			if !tried[number] && a.match(values) {
				matched = append(matched, a.pattern)
			}
			tried[number] = true
		}
	}
	try(s.untold)
	for field, ofField := range values {
		for _, v := range ofField {
			try(s.byText[field][v.text])
		}
	}
	slices.Sort(matched)
	return slices.Compact(matched), nil
}
