package eventpattern

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep objects and arrays may nest: the bound of encoding/json, so that both take the same texts.
const maxDepth = 10000

// scanner reads one JSON text and checks it on the way. A text that turns out malformed ends there: peek returns 0, more
// returns false, and what was read before is worth nothing. So only who has read the whole text asks, with ended, whether
// it was well-formed.
type scanner struct {
	text   string
	pos    int
	depth  int
	opened bool // an object or array has been opened and nothing of it has been read
	failed bool
}

func newScanner(data []byte) scanner {
	s := scanner{text: string(data)}
	if !utf8.ValidString(s.text) {
		s.fail()
	}
	return s
}

func (s *scanner) fail() { s.failed, s.pos = true, len(s.text) }

// ended tells whether the text was well-formed and nothing is left of it.
func (s *scanner) ended() bool {
	s.peek()
	return !s.failed && s.pos == len(s.text)
}

// peek skips white space and returns the byte that follows, or 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\t', '\n', '\r':
		default:
			return c
		}
	}
	return 0
}

// open steps into the object or array that peek has seen.
func (s *scanner) open() {
	s.pos++
	s.opened = true
	if s.depth++; s.depth > maxDepth {
		s.fail()
	}
}

// more tells whether an object or array goes on with an item. It steps over the comma before the item, or over the
// closing.
func (s *scanner) more(closing byte) bool {
	first := s.opened
	s.opened = false
	switch c := s.peek(); {
	case c == closing:
		s.pos++
		s.depth--
		return false
	case c == ',' && !first:
		s.pos++
		return true
	case c == 0 || !first:
		s.fail()
		return false
	}
	return true
}

// key reads a member's key, without its quotes and with its escapes resolved, and the colon.
func (s *scanner) key() string {
	quoted := s.quoted()
	s.colon()
	return quoted[1 : len(quoted)-1]
}

func (s *scanner) colon() {
	if s.peek() != ':' {
		s.fail()
		return
	}
	s.pos++
}

// skip reads one value that nobody wants.
func (s *scanner) skip() {
	switch s.peek() {
	case '{':
		for s.open(); s.more('}'); {
			s.rawString()
			s.colon()
			s.skip()
		}
	case '[':
		for s.open(); s.more(']'); {
			s.skip()
		}
	case '"':
		s.rawString()
	default:
		s.scalar()
	}
}

// scalar reads a string, which keeps its quotes and has its escapes resolved, or a number or literal as written.
func (s *scanner) scalar() string {
	start := s.pos
	switch s.peek() {
	case '"':
		return s.quoted()
	case 't':
		s.literal("true")
	case 'f':
		s.literal("false")
	case 'n':
		s.literal("null")
	default:
		s.number()
	}
	return s.text[start:s.pos]
}

func (s *scanner) literal(word string) {
	if !strings.HasPrefix(s.text[s.pos:], word) {
		s.fail()
		return
	}
	s.pos += len(word)
}

func (s *scanner) number() {
	s.accept('-')
	if !s.accept('0') {
		s.digits()
	}
	if s.accept('.') {
		s.digits()
	}
	if s.accept('e') || s.accept('E') {
		_ = s.accept('+') || s.accept('-')
		s.digits()
	}
}

func (s *scanner) accept(c byte) bool {
	if s.pos == len(s.text) || s.text[s.pos] != c {
		return false
	}
	s.pos++
	return true
}

// digits reads one digit or more.
func (s *scanner) digits() {
	start := s.pos
	for s.pos < len(s.text) && '0' <= s.text[s.pos] && s.text[s.pos] <= '9' {
		s.pos++
	}
	if s.pos == start {
		s.fail()
	}
}

// quoted reads a string, which keeps its quotes and has its escapes resolved.
func (s *scanner) quoted() string {
	raw, escaped := s.rawString()
	if !escaped {
		return raw
	}
	var plain string
	_ = json.Unmarshal([]byte(raw), &plain) // rawString has checked it
	return `"` + plain + `"`
}

// rawString reads a string as written, with its quotes, and tells whether it has escapes.
func (s *scanner) rawString() (raw string, escaped bool) {
	if s.peek() != '"' {
		s.fail()
		return `""`, false
	}
	for i := s.pos + 1; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			raw = s.text[s.pos : i+1]
			s.pos = i + 1
			return raw, escaped
		case c == '\\':
			length := escapeLength(s.text[i+1:])
			if length == 0 {
				s.fail()
				return `""`, false
			}
			escaped = true
			i += length
		case c < ' ':
			s.fail()
			return `""`, false
		}
	}
	s.fail()
	return `""`, false
}

// escapeLength is how many bytes of text, which follows a backslash, belong to the escape; 0 when it is none.
func escapeLength(text string) int {
	if text == "" {
		return 0
	}
	switch text[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 1
	case 'u':
		const length = len("u0000")
		if len(text) >= length && strings.Trim(text[1:length], "0123456789abcdefABCDEF") == "" {
			return length
		}
	}
	return 0
}
