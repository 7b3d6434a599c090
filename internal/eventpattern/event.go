package eventpattern

import (
	"errors"
	"fmt"
)

// Event is an event prepared for matching against any number of patterns. It never changes, so several goroutines may
// match it at once.
type Event struct {
	fields map[string][]fieldValue // by path
}

// fieldValue is one value of a field.
type fieldValue struct {
	text string // a string with its quotes, a number or literal as written
	at   []place
}

// place is an element of one array of the event. The elements that a value lies in are listed by ascending array.
type place struct {
	array, index int
}

// ParseEvent prepares an event, which is one JSON object in UTF-8. Of a key given twice both values count, as in Event
// Ruler.
func ParseEvent(event []byte) (*Event, error) {
	if err := checkJSON(event); err != nil {
		return nil, fmt.Errorf("event: %w", err)
	}
	s := scanner{text: string(event)}
	if s.peek() != '{' {
		return nil, errors.New("event: must be a JSON object")
	}
	r := eventReader{scanner: s, fields: make(map[string][]fieldValue)}
	r.value(nil, false)
	return &Event{fields: r.fields}, nil
}

type eventReader struct {
	scanner
	fields map[string][]fieldValue
	path   []byte
	arrays int
}

// value reads the value at the current path, which lies in the given array elements. named tells whether the path
// has a key, since the path of an empty key at the root looks like no path at all.
func (r *eventReader) value(at []place, named bool) {
	switch r.peek() {
	case '{':
		for r.pos++; r.more('}'); {
			length := len(r.path)
			if named {
				r.path = append(r.path, '.')
			}
			r.path = append(r.path, r.key()...)
			r.value(at, true)
			r.path = r.path[:length]
		}
	case '[':
		array, index := r.arrays, 0
		r.arrays++
		for r.pos++; r.more(']'); index++ {
			elementAt := at
			if c := r.peek(); c == '{' || c == '[' {
				elementAt = append(at[:len(at):len(at)], place{array, index})
			}
			r.value(elementAt, named)
		}
	default:
		r.fields[string(r.path)] = append(r.fields[string(r.path)], fieldValue{r.scalar(), at})
	}
}
