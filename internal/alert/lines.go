package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/landfall-aws/landfall/internal/jsonlines"
)

// MatchLines answers JSON Lines in the order in which they come. A line in:
//
//	{"id", "event": {…}}
//
// with an EventBridge envelope as event. A line out is one of
//
//	{"id", "alerts": [{"alert", "severity", "tier", "runbook", "drill"?}, …]}
//	{"id", "error"}
//
// The id is repeated as it came; null when there is none. Every line gets an answer, blank ones an error.
func MatchLines(ctx context.Context, r io.Reader, w io.Writer, m *Matcher) (jsonlines.Summary, error) {
	return jsonlines.Process(ctx, r, w, func() jsonlines.Answer { return m.answer })
}

func (m *Matcher) answer(out, text []byte) ([]byte, bool) {
	id, raised, err := m.line(text)
	if id == nil {
		id = json.RawMessage("null")
	}
	var answer any = struct {
		ID     json.RawMessage `json:"id"`
		Alerts []Raised        `json:"alerts"`
	}{id, raised}
	if err != nil {
		answer = struct {
			ID    json.RawMessage `json:"id"`
			Error string          `json:"error"`
		}{id, err.Error()}
	}
	line, failed := compact(answer)
	if failed != nil { // only an id that is no JSON could do that, and line refuses those
		return fmt.Appendf(out, `{"id":null,"error":%q}`, failed.Error()), false
	}
	return append(out, line...), err == nil
}

// line matches one line. It returns the id also with an error, when there is one.
func (m *Matcher) line(text []byte) (json.RawMessage, []Raised, error) {
	id, raised, ok := m.plainLine(text)
	if !ok {
		var err error
		if id, raised, err = m.anyLine(text); err != nil {
			return id, nil, err
		}
	}
	if raised == nil {
		raised = []Raised{}
	}
	return id, raised, nil
}

// plainLine matches a line that has the form of nearly all: the id, which has no comma, and then the event.
// Such a line is taken apart without reading the event, which Match reads anyway. It reports false for every other
// line, malformed ones included.
func (m *Matcher) plainLine(text []byte) (json.RawMessage, []Raised, bool) {
	rest, ok := cutTokens(text, "{", `"id"`, ":")
	if !ok {
		return nil, nil, false
	}
	end := bytes.IndexByte(rest, ',')
	if end < 0 {
		return nil, nil, false
	}
	id, rest := bytes.TrimRight(rest[:end], jsonSpace), rest[end:]
	if len(id) == 0 || id[0] == '{' || id[0] == '[' || !json.Valid(id) {
		return nil, nil, false
	}
	if rest, ok = cutTokens(rest, ",", `"event"`, ":"); !ok {
		return nil, nil, false
	}
	event, ok := bytes.CutSuffix(bytes.TrimRight(rest, jsonSpace), []byte("}"))
	if !ok {
		return nil, nil, false
	}
	raised, err := m.Match(event)
	return json.RawMessage(id), raised, err == nil
}

// jsonSpace is the white space of JSON.
const jsonSpace = " \t\r\n"

// cutTokens takes tokens of JSON, and the white space around them, away from the start of text.
func cutTokens(text []byte, tokens ...string) ([]byte, bool) {
	for _, token := range tokens {
		var ok bool
		if text, ok = bytes.CutPrefix(bytes.TrimLeft(text, jsonSpace), []byte(token)); !ok {
			return nil, false
		}
	}
	return bytes.TrimLeft(text, jsonSpace), true
}

// anyLine matches a line of any form.
func (m *Matcher) anyLine(text []byte) (json.RawMessage, []Raised, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil, errors.New("the line is empty")
	}
	var in struct {
		ID    json.RawMessage `json:"id"`
		Event json.RawMessage `json:"event"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return in.ID, nil, fmt.Errorf("want one object with id and event: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) { // More takes a closing bracket for the end
		return in.ID, nil, errors.New("there is text after the object; want one object per line")
	}
	if len(in.ID) > 0 && (in.ID[0] == '{' || in.ID[0] == '[') {
		return nil, nil, errors.New("id: want a string or a number")
	}
	if in.Event == nil || bytes.Equal(in.Event, []byte("null")) {
		return in.ID, nil, errors.New("event is missing; want an EventBridge envelope with source, detail-type, account, region and detail")
	}
	raised, err := m.Match(in.Event)
	if err != nil {
		return in.ID, nil, fmt.Errorf("event: %w", err)
	}
	return in.ID, raised, nil
}
