package config

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that is wrong with the file.
type Problem struct {
	// File is the path as the caller gave it.
	File string `json:"file"`
	// Line and Column count from 1, Column in characters; both are 0 when the file could not be read.
	Line   int `json:"line"`
	Column int `json:"column"`
	// Path is the YAML path, as in accounts[2].email, with list items counted from 0; "" means the whole file.
	Path string `json:"path"`
	// Value is what the file says, as it is written there; "" when nothing is there.
	Value string `json:"value,omitempty"`
	// Message says what is wrong and why.
	Message string `json:"message"`
	// Allowed lists the words that would be right, when they can be listed.
	Allowed []string `json:"allowed,omitempty"`
	// Nearest is the allowed word that resembles Value most, if one does.
	Nearest string `json:"nearest,omitempty"`
	// Fix says what to do, when Message and Allowed do not say it already.
	Fix string `json:"fix,omitempty"`
	// Unreadable says that the file could not be read as text, so that nothing else was checked.
	Unreadable bool `json:"unreadable,omitempty"`
}

// maxListed is how many allowed words a line of text can carry and still be read.
const maxListed = 24

// String is the problem in one line, in the form that compilers use and editors can jump to:
// file:line:column: path: message; details.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Column > 0 {
		fmt.Fprintf(&b, ":%d", p.Column)
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	if p.Value != "" {
		fmt.Fprintf(&b, "; got %q", p.Value)
	}
	if p.Nearest != "" {
		fmt.Fprintf(&b, "; did you mean %q?", p.Nearest)
	}
	if n := len(p.Allowed); n > 0 && n <= maxListed {
		b.WriteString("; allowed: " + strings.Join(p.Allowed, ", "))
	}
	if p.Fix != "" {
		b.WriteString("; " + p.Fix)
	}
	return b.String()
}

// Problems are all problems of one file, sorted by place. A nil Problems means that there are none;
// use Err to make an error of it.
type Problems []Problem

// Error is the problems as text, one a line, in a stable order.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns ps as an error, or nil when there is no problem.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Unreadable says that the file could not be read as text at all.
func (ps Problems) Unreadable() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Unreadable })
}

// MarshalJSON writes a list, an empty one when there is no problem.
func (ps Problems) MarshalJSON() ([]byte, error) {
	return json.Marshal(append([]Problem{}, ps...))
}

func (ps Problems) sorted() Problems {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Path, b.Path), strings.Compare(a.Message, b.Message))
	})
	return ps
}

// AsProblems finds Problems in an error's chain.
func AsProblems(err error) (Problems, bool) {
	return errors.AsType[Problems](err)
}

// maxShown is how many characters of a value a message repeats.
const maxShown = 120

// shown shortens a value of the file for a message.
func shown(value string) string {
	value = strings.ToValidUTF8(value, "\uFFFD")
	if utf8.RuneCountInString(value) <= maxShown {
		return value
	}
	return string([]rune(value)[:maxShown]) + "…"
}
