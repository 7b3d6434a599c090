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
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/landfall-aws/landfall/internal/jsonlines"
)

// EvaluateLines answers JSON Lines in the order in which they come. A line in:
//
//	{"id", "scps": [[policy, …], …], "rcps": [[policy, …], …], "request": {…}}
//
// with one list per level, the root first. A missing, null or empty scps or rcps
// means that the policy type is not enabled: where it is, the root is a level. The request is read as
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
	if len(scps) == 0 {
		scps = nil
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
	var values [4][]byte
	id, err := SplitLine(text, lineFields, values[:])
	l.id, l.scps, l.rcps, l.request = id, values[1], values[2], values[3]
	return err
}

// SplitLine splits a line that is one JSON object into the raw values of the fields with the given names, the first of
// which is the line's id. A value stays nil where the field is missing. Text that is not UTF-8 or no object, and
// fields that are unknown or there twice are errors: a misspelled field must not change an answer. The id, nil when it
// is missing or wrong, is returned with an error too where it can be.
func SplitLine(text []byte, names []string, values [][]byte) (id []byte, err error) {
	c := &cursor{text: text}
	switch {
	case c.peek() == 0 && c.at == len(text):
		return nil, errors.New("the line is empty")
	case !utf8.Valid(text):
		return nil, errors.New("the line is not UTF-8")
	case c.peek() != '{':
		return nil, c.unexpected("an object with " + strings.Join(names, ", "))
	}
	var wrong error
	err = c.object(func(key string) error {
		value, err := c.raw()
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		at := slices.Index(names, key)
		switch {
		case at < 0 && wrong == nil:
			wrong = fmt.Errorf("%s: unknown field; allowed are %s", key, strings.Join(names, ", "))
		case at >= 0:
			values[at] = value
		}
		if at == 0 {
			if id = validID(value); id == nil && wrong == nil {
				wrong = fmt.Errorf("%s: expected a string or a number", key)
			}
		}
		return nil
	})
	if err == nil {
		err = c.end()
	}
	if err != nil {
		if values[0] == nil {
			return nil, fmt.Errorf("not a JSON object: %w", err)
		}
		return id, err
	}
	return id, wrong
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
