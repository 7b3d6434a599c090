package policy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/landfall-aws/landfall/internal/policy"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		fullAccess,
		`{"Version":"2012-10-17","Id":"x","Statement":{"Sid":"A","Effect":"Deny","Principal":{"AWS":["*"]},"NotAction":["s3:Get*"],"NotResource":"arn:aws:s3:::${aws:username, 'x'}/*","Condition":{"ForAllValues:StringNotLikeIfExists":{"a:b":["x*",1,true]}}}}`,
		`{"Statement":{"Sid":"","Effect":"Deny","Principal":{"AWS":[""]},"NotAction":[""],"NotResource":"","Condition":{}}}`,
		`{"Statement":[{"Effect":"Allow","Action":"a:b","Action":"c:d"}]}`, `{"a":"\ud800"}`, `[[`, `"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := policy.Parse(text)
		if err != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("read what is not JSON: %q", text)
		}
		again, err := policy.Parse([]byte(d.JSON()))
		if err != nil {
			t.Fatalf("cannot read %s again: %v", d.JSON(), err)
		}
		if diff := cmp.Diff(d, again); diff != "" {
			t.Fatalf("changed by its own text: %s", diff)
		}
		for _, kind := range []policy.Kind{policy.SCP, policy.RCP, policy.Resource} {
			policy.Validate(kind, d)
			c, err := policy.Compile(kind, d)
			if err != nil {
				continue
			}
			if kind == policy.Resource {
				_, err = policy.EvaluateResourcePolicy(c, admin)
			} else {
				_, err = policy.Evaluate(policy.Levels{{c}}, policy.Levels{{c}}, admin)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzLine(f *testing.F) {
	const request = `"request":{"action":"s3:GetObject","resource":"arn:aws:s3:::logs/a","principal":"arn:aws:iam::111122223333:user/ana","context":{"a:b":["c"]}}`
	for _, seed := range []string{
		`{"id":1,"scps":[[` + fullAccess + `],[]],"rcps":[[]],` + request + `}`,
		`{"id":"x",` + request + `}`,
		`{"id":"x","scps":[[{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::?*${a:b}","Condition":{"StringLike":{"a:b":"${a:b}*"}}}}]],` + request + `}`,
		`{"id":null,"scps":null}`, `{"id":"\ud800"}`, `{"scps":[[{]]}}`, `{}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n") {
			return
		}
		var out bytes.Buffer
		sum, err := policy.EvaluateLines(context.Background(), bytes.NewReader(append(line, '\n')), &out)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Decision *string
			Error    *string
		}
		if err := json.Unmarshal(out.Bytes(), &answer); err != nil || strings.Count(out.String(), "\n") != 1 {
			t.Fatalf("%q gives no line of JSON: %q", line, out.String())
		}
		if (answer.Decision == nil) == (answer.Error == nil) || (sum.Failed == 1) != (answer.Error != nil) {
			t.Fatalf("%q gives %q", line, out.String())
		}
		if answer.Error == nil && !json.Valid(line) {
			t.Fatalf("decided what is not JSON: %q", line)
		}
	})
}
