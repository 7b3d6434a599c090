package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// cursor walks JSON text member by member. encoding/json cannot be asked to
// refuse repeated keys, and reading a million lines through its tokens would
// cost more than deciding them.
//
// A cursor finds the extent of a nested value without checking its inside:
// whoever takes a raw value checks it, with checked or a typed reader.
type cursor struct {
	text []byte
	at   int
}

var errTruncated = errors.New("the JSON text ends too early")

// checked returns a cursor over text after checking that it is one well-formed
// JSON value in UTF-8.
func checked(text []byte) (*cursor, error) {
	if !utf8.Valid(text) {
		return nil, errors.New("the text is not UTF-8")
	}
	if !json.Valid(text) {
		var any any
		err := json.Unmarshal(text, &any)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("not JSON: %w (at byte %d)", err, syntax.Offset)
		}
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	return &cursor{text: text}, nil
}

func (c *cursor) space() {
	for c.at < len(c.text) {
		switch c.text[c.at] {
		case ' ', '\t', '\r', '\n':
			c.at++
		default:
			return
		}
	}
}

// peek returns the first byte of the next value, 0 at the end.
func (c *cursor) peek() byte {
	c.space()
	if c.at == len(c.text) {
		return 0
	}
	return c.text[c.at]
}

func (c *cursor) take(want byte) bool {
	if c.peek() != want {
		return false
	}
	c.at++
	return true
}

// end reports trailing text.
func (c *cursor) end() error {
	if c.peek() != 0 || c.at < len(c.text) {
		return fmt.Errorf("unexpected text after the JSON value, at byte %d", c.at+1)
	}
	return nil
}

// nesting are the bytes that matter inside a nested value.
var nesting = [256]bool{'"': true, '{': true, '}': true, '[': true, ']': true}

// raw returns the text of the next value.
func (c *cursor) raw() ([]byte, error) {
	c.space()
	start, depth := c.at, 0
	for c.at < len(c.text) {
		if depth > 0 {
			for c.at < len(c.text) && !nesting[c.text[c.at]] {
				c.at++
			}
			if c.at == len(c.text) {
				break
			}
		}
		switch c.text[c.at] {
		case '"':
			if !c.skipString() {
				return nil, errTruncated
			}
			if depth == 0 {
				return c.text[start:c.at], nil
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return c.scalar(start)
			}
			depth--
			if depth == 0 {
				c.at++
				return c.text[start:c.at], nil
			}
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return c.scalar(start)
			}
		}
		c.at++
	}
	if depth > 0 {
		return nil, errTruncated
	}
	return c.scalar(start)
}

func (c *cursor) scalar(start int) ([]byte, error) {
	if c.at == start {
		if c.at == len(c.text) {
			return nil, errTruncated
		}
		return nil, fmt.Errorf("expected a value at byte %d", c.at+1)
	}
	return c.text[start:c.at], nil
}

// skipString moves past the string that starts here.
func (c *cursor) skipString() bool {
	from := c.at + 1
	for {
		n := bytes.IndexByte(c.text[from:], '"')
		if n < 0 {
			c.at = len(c.text)
			return false
		}
		end := from + n
		if c.text[end-1] != '\\' {
			c.at = end + 1
			return true
		}
		backslashes := 0
		for i := end - 1; i > c.at && c.text[i] == '\\'; i-- {
			backslashes++
		}
		from = end + 1
		if backslashes%2 == 0 {
			c.at = from
			return true
		}
	}
}

// str reads a string.
func (c *cursor) str() (string, error) {
	if c.peek() != '"' {
		return "", c.unexpected("a string")
	}
	raw, err := c.raw()
	if err != nil {
		return "", err
	}
	plain := true
	for _, b := range raw {
		if b == '\\' || b < ' ' {
			plain = false
			break
		}
	}
	if plain {
		return string(raw[1 : len(raw)-1]), nil
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fmt.Errorf("not a JSON string: %w", err)
	}
	return s, nil
}

// object calls visit at each member's value, which visit must consume. A key
// that comes twice is an error.
func (c *cursor) object(visit func(key string) error) error {
	if !c.take('{') {
		return c.unexpected("an object")
	}
	if c.take('}') {
		return nil
	}
	var small [8]string
	seen := small[:0]
	var many map[string]bool
	for {
		key, err := c.str()
		if err != nil {
			return err
		}
		// A map pays only for objects with many members.
		repeated := many[key]
		if many == nil {
			for _, s := range seen {
				repeated = repeated || s == key
			}
		}
		if repeated {
			return fmt.Errorf("the key %q comes twice", key)
		}
		seen = append(seen, key)
		switch {
		case many != nil:
			many[key] = true
		case len(seen) > 16:
			many = make(map[string]bool, 2*len(seen))
			for _, s := range seen {
				many[s] = true
			}
		}
		if !c.take(':') {
			return c.unexpected("a colon")
		}
		if err := visit(key); err != nil {
			return err
		}
		if c.take(',') {
			continue
		}
		if c.take('}') {
			return nil
		}
		return c.unexpected("a comma or the end of the object")
	}
}

// array calls visit at each element, which visit must consume.
func (c *cursor) array(visit func(index int) error) error {
	if !c.take('[') {
		return c.unexpected("a list")
	}
	if c.take(']') {
		return nil
	}
	for i := 0; ; i++ {
		if err := visit(i); err != nil {
			return err
		}
		if c.take(',') {
			continue
		}
		if c.take(']') {
			return nil
		}
		return c.unexpected("a comma or the end of the list")
	}
}

// null consumes a null, if that is what comes.
func (c *cursor) null() bool {
	if c.peek() == 'n' && bytes.HasPrefix(c.text[c.at:], []byte("null")) {
		c.at += len("null")
		return true
	}
	return false
}

func (c *cursor) unexpected(wanted string) error {
	got := "the end of the text"
	switch b := c.peek(); {
	case b == 0 && c.at == len(c.text):
		return errTruncated
	case b == '"':
		got = "a string"
	case b == '{':
		got = "an object"
	case b == '[':
		got = "a list"
	case b == 't', b == 'f':
		got = "a boolean"
	case b == 'n':
		got = "null"
	case b == '-', b >= '0' && b <= '9':
		got = "a number"
	default:
		got = fmt.Sprintf("%q", b)
	}
	return fmt.Errorf("expected %s, got %s", wanted, got)
}

// closest returns the name of known that differs from name in letter case or
// by a plural "s" only, "" when there is none.
func closest(name string, known []string) string {
	for _, k := range known {
		if strings.EqualFold(name, k) || strings.EqualFold(name, k+"s") || strings.EqualFold(name+"s", k) {
			return k
		}
	}
	return ""
}
