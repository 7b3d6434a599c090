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

// checkJSON tells why data is not one JSON text in UTF-8, or nil.
func checkJSON(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("not valid UTF-8")
	}
	if json.Valid(data) {
		return nil
	}
	var raw json.RawMessage
	err := json.Unmarshal(data, &raw)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("not valid JSON at byte %d: %w", syntax.Offset, err)
	}
	return fmt.Errorf("not valid JSON: %w", err)
}

// scanner walks a text that checkJSON has accepted.
type scanner struct {
	text string
	pos  int
}

// peek skips white space and returns the byte that follows.
func (s *scanner) peek() byte {
	for {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
}

// more tells whether an object or array, whose opening the scanner has passed, goes on with an item; it steps over the
// comma before the item, or over the closing.
func (s *scanner) more(closing byte) bool {
	switch s.peek() {
	case closing:
		s.pos++
		return false
	case ',':
		s.pos++
	}
	return true
}

// key reads a member's key and the colon.
func (s *scanner) key() string {
	s.peek()
	quoted := s.scalar()
	s.peek()
	s.pos++
	return quoted[1 : len(quoted)-1]
}

// scalar reads a string, which keeps its quotes and has its escapes resolved, or a number or literal as written.
func (s *scanner) scalar() string {
	start := s.pos
	if s.text[start] != '"' {
		for s.pos < len(s.text) && !strings.ContainsRune(" \t\r\n,]}", rune(s.text[s.pos])) {
			s.pos++
		}
		return s.text[start:s.pos]
	}
	escaped := false
	for s.pos++; s.text[s.pos] != '"'; s.pos++ {
		if s.text[s.pos] == '\\' {
			escaped = true
			s.pos++
		}
	}
	s.pos++
	quoted := s.text[start:s.pos]
	if !escaped {
		return quoted
	}
	var plain string
	_ = json.Unmarshal([]byte(quoted), &plain) // checkJSON has accepted it
	return `"` + plain + `"`
}

// node reads one value.
func (s *scanner) node() *node {
	switch c := s.peek(); c {
	case '{':
		n := &node{kind: objectKind}
		for s.pos++; s.more('}'); {
			key := s.key()
			n.members = append(n.members, member{key, s.node()})
		}
		return n
	case '[':
		n := &node{kind: arrayKind}
		for s.pos++; s.more(']'); {
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
