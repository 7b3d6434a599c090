package eventpattern

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

type kind int

const (
	objectKind kind = iota
	arrayKind
	stringKind
	numberKind
	literalKind // true, false and null
)

// node is a JSON value that keeps what encoding/json drops: the order of keys, keys given twice, and how a number is
// written.
type node struct {
	kind    kind
	text    string // a string between its quotes, with escapes resolved; a number or literal as written
	members []member
	elems   []*node
}

type member struct {
	key   string
	value *node
}

// unquoted is the content of a string node.
func (n *node) unquoted() string { return n.text[1 : len(n.text)-1] }

// describe names a value the way an error message shows it.
func (n *node) describe() string {
	switch n.kind {
	case objectKind:
		return "an object"
	case arrayKind:
		return "an array"
	case stringKind:
		return "the string " + n.json()
	case numberKind:
		return "the number " + n.text
	default:
		return n.text
	}
}

// json encodes a node, with the order of keys kept.
func (n *node) json() string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *node) write(b *strings.Builder) {
	switch n.kind {
	case objectKind:
		b.WriteByte('{')
		for i, m := range n.members {
			if i > 0 {
				b.WriteByte(',')
			}
			writeString(b, m.key)
			b.WriteByte(':')
			m.value.write(b)
		}
		b.WriteByte('}')
	case arrayKind:
		b.WriteByte('[')
		for i, e := range n.elems {
			if i > 0 {
				b.WriteByte(',')
			}
			e.write(b)
		}
		b.WriteByte(']')
	case stringKind:
		writeString(b, n.unquoted())
	default:
		b.WriteString(n.text)
	}
}

func writeString(b *strings.Builder, s string) {
	encoder := json.NewEncoder(newlineDropper{b})
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always encodes, and a Builder always takes it
}

// newlineDropper takes the line end away that an Encoder adds.
type newlineDropper struct{ b *strings.Builder }

func (d newlineDropper) Write(p []byte) (int, error) {
	d.b.WriteString(strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

// malformed tells why data is not one JSON text in UTF-8. The words are those of encoding/json, which reads data again for
// them.
func malformed(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8")
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not valid JSON at byte %d: %w", syntax.Offset, err)
	}
	return fmt.Errorf("not valid JSON: %w", err)
}

// parseNode reads data, which is one JSON text in UTF-8.
func parseNode(data []byte) (*node, error) {
	s := newScanner(data)
	n := s.node()
	if !s.ended() {
		return nil, malformed(data)
	}
	return n, nil
}

// node reads one value.
func (s *scanner) node() *node {
	switch s.peek() {
	case '{':
		n := &node{kind: objectKind}
		for s.open(); s.more('}'); {
			key := s.key()
			n.members = append(n.members, member{key, s.node()})
		}
		return n
	case '[':
		n := &node{kind: arrayKind}
		for s.open(); s.more(']'); {
			n.elems = append(n.elems, s.node())
		}
		return n
	case '"':
		return &node{kind: stringKind, text: s.scalar()}
	case 't', 'f', 'n':
		return &node{kind: literalKind, text: s.scalar()}
	default:
		return &node{kind: numberKind, text: s.scalar()}
	}
}
