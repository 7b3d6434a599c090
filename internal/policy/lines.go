package policy

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/landfall-aws/landfall/internal/jsonlines"
)

// EvaluateLines answers JSON Lines in the order in which they come. A line in:
//
//	{"id", "scps": [[policy, …], …], "rcps": [[policy, …], …], "request": {…}}
//
// with one list per level, the root first. A missing (or null) scps or rcps
// means that the policy type is not enabled. The request is read as
// Request.UnmarshalJSON reads it. A line out is one of
//
//	{"id", "decision", "by": [{"kind", "level", "policy", "statement"}, …]}
//	{"id", "error"}
//
// with decision and by as [Result] describes them; policy and statement are -1
// for a level without Allow. The id, a string or number, is repeated as it
// came; null when there is none. Every line gets an answer, blank ones an error.
//
// The format cannot say which account is the management account: for a
// principal of that account leave scps out, for a resource of it rcps.
func EvaluateLines(ctx context.Context, r io.Reader, w io.Writer) (jsonlines.Summary, error) {
	budget := cachedBytes / runtime.GOMAXPROCS(0)
	return jsonlines.Process(ctx, r, w, func() jsonlines.Answer {
		return newLineEvaluator(budget).answer
	})
}

// Bounds of what the workers keep compiled. A document takes about this many
// times its text, as measured on documents of Organizations' size.
const (
	cachedEntries  = 4096     // per worker
	cachedBytes    = 48 << 20 // of all workers together
	compiledWeight = 12
)

// lineEvaluator answers lines one after the other and keeps compiled policies
// by their text. Lines often repeat all levels, and else single policies.
type lineEvaluator struct {
	cache  map[cacheKey]*list.Element
	recent *list.List // of *cacheEntry, the most recently used first
	bytes  int        // that the entries take, about
	budget int        // of bytes
}

// cacheKey is the text of one policy, or of all levels of one line.
type cacheKey struct {
	kind   Kind
	levels bool
	text   string
}

type cacheEntry struct {
	key    cacheKey
	policy *Compiled
	levels Levels
	err    error
}

func newLineEvaluator(budget int) *lineEvaluator {
	return &lineEvaluator{cache: map[cacheKey]*list.Element{}, recent: list.New(), budget: budget}
}

// size is about what the entry takes, in bytes. Levels count in full too, since
// they keep policies alive whose own entries are gone.
func (e *cacheEntry) size() int { return (1 + compiledWeight) * len(e.key.text) }

// line is the text of the members of one line.
type line struct {
	id, scps, rcps, request []byte
}

var lineFields = []string{"id", "scps", "rcps", "request"}

func (e *lineEvaluator) answer(out, text []byte) ([]byte, bool) {
	var l line
	result, err := e.evaluate(text, &l)
	id := l.id
	if len(id) == 0 {
		id = []byte("null")
	}
	out = append(out, `{"id":`...)
	out = append(out, id...)
	if err != nil {
		out = append(out, `,"error":`...)
		var message bytes.Buffer
		writeString(&message, err.Error())
		out = append(out, message.Bytes()...)
		return append(out, '}'), false
	}
	out = append(out, `,"decision":"`...)
	out = append(out, result.Decision...)
	out = append(out, `","by":[`...)
	for i, by := range result.By {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, `{"kind":"`...)
		out = append(out, by.Kind...)
		out = append(out, `","level":`...)
		out = strconv.AppendInt(out, int64(by.Level), 10)
		out = append(out, `,"policy":`...)
		out = strconv.AppendInt(out, int64(by.Policy), 10)
		out = append(out, `,"statement":`...)
		out = strconv.AppendInt(out, int64(by.Statement), 10)
		out = append(out, '}')
	}
	return append(out, "]}"...), true
}

// evaluate decides one line. It leaves the id in l when there is a valid one,
// also with an error.
func (e *lineEvaluator) evaluate(text []byte, l *line) (Result, error) {
	if err := l.split(text); err != nil {
		return Result{}, err
	}
	scps, err := e.levels(SCP, "scps", l.scps)
	if err != nil {
		return Result{}, err
	}
	if scps != nil && len(scps) == 0 {
		return Result{}, errors.New("scps: no level; an account has at least the level of the root. Leave scps out when SCPs are not enabled")
	}
	rcps, err := e.levels(RCP, "rcps", l.rcps)
	if err != nil {
		return Result{}, err
	}
	if l.request == nil {
		return Result{}, errors.New("request: missing")
	}
	c := &cursor{text: l.request}
	request, err := parseRequest(c)
	if err == nil {
		err = c.end()
	}
	if err != nil {
		return Result{}, err
	}
	return Evaluate(scps, rcps, request)
}

// split finds the members of the line.
func (l *line) split(text []byte) error {
	c := &cursor{text: text}
	switch {
	case c.peek() == 0 && c.at == len(text):
		return errors.New("the line is empty")
	case !utf8.Valid(text):
		return errors.New("the line is not UTF-8")
	case c.peek() != '{':
		return c.unexpected("an object with " + strings.Join(lineFields, ", "))
	}
	var unknown error
	var id []byte
	err := c.object(func(key string) error {
		value, err := c.raw()
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		switch key {
		case "id":
			id = value
			if l.id = validID(value); l.id == nil && unknown == nil {
				unknown = errors.New("id: expected a string or a number")
			}
		case "scps":
			l.scps = value
		case "rcps":
			l.rcps = value
		case "request":
			l.request = value
		default:
			if unknown == nil {
				unknown = fmt.Errorf("%s: unknown field; allowed are %s", key, strings.Join(lineFields, ", "))
			}
		}
		return nil
	})
	if err == nil {
		err = c.end()
	}
	if err != nil {
		if id == nil {
			return fmt.Errorf("not a JSON object: %w", err)
		}
		return err
	}
	return unknown
}

// validID returns the id as it goes into the answer, nil for a wrong one.
func validID(raw []byte) []byte {
	switch b := raw[0]; {
	case b == '"', b == '-', b >= '0' && b <= '9', string(raw) == "null":
		if json.Valid(raw) {
			return raw
		}
	}
	return nil
}

// levels reads scps or rcps; nil for a missing one.
func (e *lineEvaluator) levels(kind Kind, field string, text []byte) (Levels, error) {
	if text == nil {
		return nil, nil
	}
	if entry := e.cached(kind, true, text); entry != nil {
		return entry.levels, entry.err
	}
	entry := &cacheEntry{key: cacheKey{kind, true, string(text)}}
	entry.levels, entry.err = e.parseLevels(kind, field, text)
	e.keep(entry)
	return entry.levels, entry.err
}

func (e *lineEvaluator) parseLevels(kind Kind, field string, text []byte) (Levels, error) {
	c := &cursor{text: text}
	if c.null() {
		return nil, wrapField(field, c.end())
	}
	levels := Levels{}
	err := c.array(func(i int) error {
		var level []*Compiled
		err := c.array(func(j int) error {
			raw, err := c.raw()
			if err == nil {
				var p *Compiled
				p, err = e.policy(kind, raw)
				level = append(level, p)
			}
			if err != nil {
				return &placedError{fmt.Sprintf("%s[%d][%d]", field, i, j), err}
			}
			return nil
		})
		if err != nil {
			return wrapField(fmt.Sprintf("%s[%d]", field, i), err)
		}
		levels = append(levels, level)
		return nil
	})
	if err == nil {
		err = c.end()
	}
	if err != nil {
		return nil, wrapField(field, err)
	}
	return levels, nil
}

// placedError is an error that already says where in the line it is.
type placedError struct {
	place string
	err   error
}

func (e *placedError) Error() string { return e.place + ": " + e.err.Error() }
func (e *placedError) Unwrap() error { return e.err }

func wrapField(field string, err error) error {
	if err == nil {
		return nil
	}
	var placed *placedError
	if errors.As(err, &placed) {
		return err
	}
	return &placedError{field, err}
}

// policy returns the compiled form of the policy, from the cache if it can.
func (e *lineEvaluator) policy(kind Kind, text []byte) (*Compiled, error) {
	if entry := e.cached(kind, false, text); entry != nil {
		return entry.policy, entry.err
	}
	entry := &cacheEntry{key: cacheKey{kind, false, string(text)}}
	var d Document
	if d, entry.err = Parse(text); entry.err == nil {
		entry.policy, entry.err = Compile(kind, d)
	}
	e.keep(entry)
	return entry.policy, entry.err
}

func (e *lineEvaluator) cached(kind Kind, levels bool, text []byte) *cacheEntry {
	// Converted right here, the text is not copied.
	found, ok := e.cache[cacheKey{kind, levels, string(text)}]
	if !ok {
		return nil
	}
	e.recent.MoveToFront(found)
	return found.Value.(*cacheEntry)
}

// keep adds an entry and drops the ones that were not used for the longest time.
func (e *lineEvaluator) keep(entry *cacheEntry) {
	e.cache[entry.key] = e.recent.PushFront(entry)
	e.bytes += entry.size()
	for e.recent.Len() > 1 && (e.recent.Len() > cachedEntries || e.bytes > e.budget) {
		oldest := e.recent.Remove(e.recent.Back()).(*cacheEntry)
		delete(e.cache, oldest.key)
		e.bytes -= oldest.size()
	}
}
