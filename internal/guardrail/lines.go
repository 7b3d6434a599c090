package guardrail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/landfall-aws/landfall/internal/jsonlines"
	"github.com/landfall-aws/landfall/internal/policy"
)

// DecideLines answers JSON Lines in the order in which they come. A line in names an account by its name or an OU
// by its path:
//
//	{"id", "account", "request": {"action", "resource", "principal", "resourceAccount"?, "context"?}}
//	{"id", "ou", "request": {…}}
//
// A line out is one of
//
//	{"id", "decision", "by": [{"kind", "level", "policy", "statement", "guardrail", "title", "file", "sid", "policyName", "attachedTo"}, …]}
//	{"id", "error"}
//
// where level, policy and statement count from 0 as in [policy.EvaluateLines], FullAWSAccess being policy 0 of every
// level of service control policies; the members from guardrail on are missing for FullAWSAccess.
func (d *Decider) DecideLines(ctx context.Context, r io.Reader, w io.Writer) (jsonlines.Summary, error) {
	return jsonlines.Process(ctx, r, w, func() jsonlines.Answer {
		paths := map[lineTarget]*Path{}
		return func(out, text []byte) ([]byte, bool) { return d.answer(paths, out, text) }
	})
}

type lineTarget struct{ account, ou string }

var lineFields = []string{"id", "account", "ou", "request"}

type lineOut struct {
	ID       json.RawMessage `json:"id"`
	Decision policy.Decision `json:"decision"`
	By       []ReasonJSON    `json:"by"`
}

type lineError struct {
	ID    json.RawMessage `json:"id"`
	Error string          `json:"error"`
}

// ReasonJSON is a reason as the command line prints it.
type ReasonJSON struct {
	Kind       policy.Kind `json:"kind"`
	Level      int         `json:"level"`
	Policy     int         `json:"policy"`
	Statement  int         `json:"statement"`
	Guardrail  string      `json:"guardrail,omitempty"`
	Title      string      `json:"title,omitempty"`
	File       string      `json:"file,omitempty"`
	Sid        string      `json:"sid,omitempty"`
	PolicyName string      `json:"policyName,omitempty"`
	AttachedTo string      `json:"attachedTo,omitempty"`
}

// JSON returns the reason as the command line prints it.
func (r Reason) JSON() ReasonJSON {
	out := ReasonJSON{Kind: r.Kind, Level: r.Decider.Level, Policy: r.Decider.Policy, Statement: r.Statement}
	if r.Guardrail != nil {
		out.Guardrail, out.Title, out.File, out.Sid = r.Guardrail.ID, r.Guardrail.Title, r.Guardrail.Place(), r.Sid
		out.PolicyName, out.AttachedTo = r.Policy.Name, r.Level.String()
	}
	return out
}

// Place is the path of the guardrail's file in the repository.
func (g *Guardrail) Place() string {
	if g.own {
		return g.File
	}
	return "controls/" + g.File
}

func (d *Decider) answer(paths map[lineTarget]*Path, out, text []byte) ([]byte, bool) {
	id, decision, err := d.decideLine(paths, text)
	if id == nil {
		id = json.RawMessage("null")
	}
	var answer any = lineError{ID: id}
	if err != nil {
		answer = lineError{ID: id, Error: err.Error()}
	} else {
		o := lineOut{ID: id, Decision: decision.Decision, By: []ReasonJSON{}}
		for _, r := range decision.Reasons {
			o.By = append(o.By, r.JSON())
		}
		answer = o
	}
	b, encodeErr := minify(answer)
	if encodeErr != nil {
		// Only an invalid id could do this, and decideLine has checked it.
		return append(out, `{"id":null,"error":"the answer cannot be written"}`...), false
	}
	return append(out, b...), err == nil
}

func (d *Decider) decideLine(paths map[lineTarget]*Path, text []byte) (json.RawMessage, Decision, error) {
	var values [4][]byte
	id, err := policy.SplitLine(text, lineFields, values[:])
	if err != nil {
		return id, Decision{}, err
	}
	account, err := lineString("account", values[1])
	if err != nil {
		return id, Decision{}, err
	}
	ou, err := lineString("ou", values[2])
	if err != nil {
		return id, Decision{}, err
	}
	if values[3] == nil {
		return id, Decision{}, errors.New("request: missing")
	}
	var request policy.Request
	if err := request.UnmarshalJSON(values[3]); err != nil {
		return id, Decision{}, err
	}
	p, err := d.target(paths, lineTarget{account, ou})
	if err != nil {
		return id, Decision{}, err
	}
	decision, err := p.Decide(request)
	return id, decision, err
}

func (d *Decider) target(paths map[lineTarget]*Path, t lineTarget) (*Path, error) {
	if p, ok := paths[t]; ok {
		return p, nil
	}
	p, err := d.Target(t.account, t.ou)
	if err == nil {
		paths[t] = p
	}
	return p, err
}

// Target returns the path of an account, by name, or of an OU, by path; exactly one must be given.
func (d *Decider) Target(account, ou string) (*Path, error) {
	switch {
	case account != "" && ou != "":
		return nil, errors.New("name an account or an OU, not both")
	case account != "":
		return d.Account(account)
	case ou != "":
		return d.OU(ou)
	}
	return nil, errors.New("name an account or an OU")
}

// lineString reads a text field of a line; a missing one and null are empty.
func lineString(field string, raw []byte) (string, error) {
	if raw == nil || string(raw) == "null" {
		return "", nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fmt.Errorf("%s: expected a string", field)
	}
	return text, nil
}
