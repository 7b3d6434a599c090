package eventpattern

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Event is a well-formed event. It never changes, so several goroutines may match it at once.
type Event struct {
	text []byte
}

// ParseEvent checks an event, which is one JSON object in UTF-8, and keeps a copy. Of a key given twice both values
// count, as in Event Ruler.
func ParseEvent(event []byte) (*Event, error) {
	if _, err := read(event, nil, 0); err != nil {
		return nil, err
	}
	return &Event{bytes.Clone(event)}, nil
}

// fieldNode is where the keys from the root of an event lead to, among the fields that patterns name.
type fieldNode struct {
	children map[string]*fieldNode // by the part of a key between dots
	field    int                   // the number of the field that ends here, or noField
}

const noField = -1

// add returns the node of a path below n.
func (n *fieldNode) add(path string) *fieldNode {
	for part := range strings.SplitSeq(path, ".") {
		child := n.children[part]
		if child == nil {
			child = newFieldNode()
			n.children[part] = child
		}
		n = child
	}
	return n
}

func newFieldNode() *fieldNode { return &fieldNode{make(map[string]*fieldNode), noField} }

// child returns the node below a key, which may have dots, or nil when no field lies there.
func (n *fieldNode) child(key string) *fieldNode {
	if child, ok := n.children[key]; ok {
		return child
	}
	part, rest, dotted := strings.Cut(key, ".")
	if !dotted || n.children[part] == nil {
		return nil
	}
	return n.children[part].child(rest)
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

// spareValues is for how many fields an eventReader makes room at once.
const spareValues = 16

// eventReader reads an event once and keeps the values of the fields that it knows.
type eventReader struct {
	scanner
	values [][]fieldValue // by the number of the field
	spare  []fieldValue   // room for the first values of fields, which are the only ones of most
	arrays int            // how many have been opened
	at     []place        // the array elements around the scanner
}

// read returns the values of the fields below root, by their numbers, which are less than fields. It fails when the
// event is not one JSON object in UTF-8.
func read(event []byte, root *fieldNode, fields int) ([][]fieldValue, error) {
	r := eventReader{scanner: newScanner(event), values: make([][]fieldValue, fields)}
	isObject := r.peek() == '{'
	r.value(root)
	if !r.ended() {
		return nil, fmt.Errorf("event: %w", malformed(event))
	}
	if !isObject {
		return nil, errors.New("event: must be a JSON object")
	}
	return r.values, nil
}

// value reads the value at a node.
func (r *eventReader) value(n *fieldNode) {
	if n == nil {
		r.skip()
		return
	}
	switch r.peek() {
	case '{':
		for r.open(); r.more('}'); {
			r.value(n.child(r.key()))
		}
	case '[':
		array := r.arrays
		r.arrays++
		r.open()
		for index := 0; r.more(']'); index++ {
			r.element(n, place{array, index})
		}
	default:
		if n.field == noField {
			r.skip()
			return
		}
		r.keep(n.field, fieldValue{r.scalar(), slices.Clone(r.at)})
	}
}

func (r *eventReader) keep(field int, v fieldValue) {
	if r.values[field] == nil {
		if len(r.spare) == 0 {
			r.spare = make([]fieldValue, spareValues)
		}
		r.values[field], r.spare = r.spare[:0:1], r.spare[1:]
	}
	r.values[field] = append(r.values[field], v)
}

// element reads an element of an array at a node. The scalars of an array are not told apart by their places.
func (r *eventReader) element(n *fieldNode, p place) {
	if c := r.peek(); c != '{' && c != '[' {
		r.value(n)
		return
	}
	r.at = append(r.at, p)
	r.value(n)
	r.at = r.at[:len(r.at)-1]
}
