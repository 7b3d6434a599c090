package policy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/jsonlines"
	"github.com/landfall-aws/landfall/internal/policy"
)

func answerLines(t testing.TB, in string) ([]string, jsonlines.Summary) {
	t.Helper()
	var out bytes.Buffer
	sum, err := policy.EvaluateLines(context.Background(), strings.NewReader(in), &out)
	require.NoError(t, err)
	if out.Len() == 0 {
		return nil, sum
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), sum
}

func TestLines(t *testing.T) {
	const request = `"request":{"action":"s3:GetObject","resource":"arn:aws:s3:::logs/a","principal":"arn:aws:iam::111122223333:user/ana","context":{"aws:SourceIp":"10.0.0.1","aws:TagKeys":["a","b"]}}`
	const denyIP = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`
	const denyRCP = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}]}`
	for name, test := range map[string]struct{ in, want string }{
		"allowed at each level": {
			`{"id":"a","scps":[[` + fullAccess + `],[` + fullAccess + `]],` + request + `}`,
			`{"id":"a","decision":"Allowed","by":[{"kind":"scp","level":0,"policy":0,"statement":0},{"kind":"scp","level":1,"policy":0,"statement":0}]}`},
		"denied by an SCP": {
			`{"id":1,"scps":[[` + fullAccess + `],[` + fullAccess + `,` + denyIP + `]],` + request + `}`,
			`{"id":1,"decision":"ExplicitlyDenied","by":[{"kind":"scp","level":1,"policy":1,"statement":0}]}`},
		"denied by an RCP": {
			`{"id":1.50,"scps":[[` + fullAccess + `]],"rcps":[[],[` + denyRCP + `]],` + request + `}`,
			`{"id":1.50,"decision":"ExplicitlyDenied","by":[{"kind":"rcp","level":1,"policy":0,"statement":0}]}`},
		"denied by a level without Allow": {
			`{"id":"a","scps":[[` + fullAccess + `],[]],` + request + `}`,
			`{"id":"a","decision":"ImplicitlyDenied","by":[{"kind":"scp","level":1,"policy":-1,"statement":-1}]}`},
		"neither type is enabled":  {`{"id":"a",` + request + `}`, `{"id":"a","decision":"Allowed","by":[]}`},
		"null is missing":          {`{"id":"a","scps":null,"rcps":null,` + request + `}`, `{"id":"a","decision":"Allowed","by":[]}`},
		"SCPs without levels":      {`{"id":"a","scps":[],` + request + `}`, `{"id":"a","decision":"Allowed","by":[]}`},
		"RCPs without levels":      {`{"id":"a","rcps":[],` + request + `}`, `{"id":"a","decision":"Allowed","by":[]}`},
		"an id with escapes":       {`{"id":"\u00e9\"\n",` + request + `}`, `{"id":"\u00e9\"\n","decision":"Allowed","by":[]}`},
		"no id":                    {`{` + request + `}`, `{"id":null,"decision":"Allowed","by":[]}`},
		"whitespace and any order": {"  { " + request + " ,\t\"id\" : \"a\" } \r", `{"id":"a","decision":"Allowed","by":[]}`},
		"optional fields that are null": {`{"id":"a","request":{"action":"s3:GetObject","resource":"*","principal":"arn:aws:iam::111122223333:root","resourceAccount":null,"context":null}}`,
			`{"id":"a","decision":"Allowed","by":[]}`},
		"no context": {`{"id":"a","request":{"action":"s3:GetObject","resource":"*","principal":"arn:aws:iam::111122223333:root","resourceAccount":"111122223333"}}`,
			`{"id":"a","decision":"Allowed","by":[]}`},

		"an empty line":              {``, `{"id":null,"error":"the line is empty"}`},
		"a line that is no JSON":     {`no`, `{"id":null,"error":"expected an object with id, scps, rcps, request, got null"}`},
		"a line that ends too early": {`{"id":"a","scps":[[`, `{"id":"a","error":"scps: the JSON text ends too early"}`},
		"text after the object":      {`{"id":"a",` + request + `}{}`, `{"id":"a","error":"unexpected text after the JSON value, at byte `},
		"an unknown field":           {`{"scp":[],"id":"a",` + request + `}`, `{"id":"a","error":"scp: unknown field; allowed are id, scps, rcps, request"}`},
		"a repeated field":           {`{"id":"a","id":"b",` + request + `}`, `{"id":"a","error":"the key \"id\" comes twice"}`},
		"an id that is an object":    {`{"id":{},` + request + `}`, `{"id":null,"error":"id: expected a string or a number"}`},
		"an id that is no JSON":      {`{"id":01,` + request + `}`, `{"id":null,"error":"id: expected a string or a number"}`},
		"no request":                 {`{"id":"a"}`, `{"id":"a","error":"request: missing"}`},
		"levels that are no list":    {`{"id":"a","scps":{},` + request + `}`, `{"id":"a","error":"scps: expected a list, got an object"}`},
		"policies not in levels":     {`{"id":"a","scps":[` + fullAccess + `],` + request + `}`, `{"id":"a","error":"scps[0]: expected a list, got an object"}`},
		"a policy that is a string":  {`{"id":"a","rcps":[[],["x"]],` + request + `}`, `{"id":"a","error":"rcps[1][0]: expected a policy document, an object, got a string"}`},
		"a policy with a fault": {`{"id":"a","scps":[[` + fullAccess + `],[` + fullAccess + `,` + strings.Replace(denyIP, "IpAddress", "IpAdress", 1) + `]],` + request + `}`,
			`{"id":"a","error":"scps[1][1]: statement 0: Condition.IpAdress: \"IpAdress\" is no condition operator"}`},
		"a policy with brackets that do not pair": {`{"id":"a","scps":[[{"Version":["2012-10-17"}}]],` + request + `}`, `{"id":"a","error":"scps[0][0]: not JSON: `},
		"an SCP with a principal":                 {`{"id":"a","scps":[[` + denyRCP + `]],` + request + `}`, `{"id":"a","error":"scps[0][0]: statement 0: Principal: SCPs have no Principal`},
		"an unknown field of request":             {`{"id":"a","request":{"acton":"x"}}`, `{"id":"a","error":"request.acton: unknown field; allowed are action, resource, principal, resourceAccount, context"}`},
		"a request that is a list":                {`{"id":"a","request":[]}`, `{"id":"a","error":"request: expected an object, got a list"}`},
		"a number in the context":                 {strings.Replace(`{"id":"a",`+request+`}`, `"10.0.0.1"`, `5`, 1), `{"id":"a","error":"request.context: aws:SourceIp: expected a string or a list of strings, got a number; put it in quotes"}`},
		"a null in the context":                   {strings.Replace(`{"id":"a",`+request+`}`, `"10.0.0.1"`, `null`, 1), `{"id":"a","error":"request.context: aws:SourceIp: expected a string or a list of strings, got null"}`},
		"an action of two colons":                 {`{"id":"a","request":{"action":"s3:Get:Object","resource":"*","principal":"s3.amazonaws.com"}}`, `{"id":"a","error":"request.action: \"s3:Get:Object\" is not one action`},
		"a missing principal":                     {`{"id":"a","request":{"action":"a:b","resource":"*"}}`, `{"id":"a","error":"request.principal: `},
		"bytes that are not UTF-8":                {"{\"id\":\"\xff\"}", `{"id":null,"error":"the line is not UTF-8"}`},
		"a control character in a string":         {"{\"id\":\"a\",\"request\":{\"action\":\"s3:\x01\"}}", `{"id":"a","error":"request.action: not a JSON string: `},
	} {
		t.Run(name, func(t *testing.T) {
			got, sum := answerLines(t, test.in+"\n")
			require.Len(t, got, 1)
			require.Equal(t, 1, sum.Lines)
			require.True(t, json.Valid([]byte(got[0])), "%s", got[0])
			if failed := strings.Contains(test.want, `"error"`); failed {
				require.Equal(t, 1, sum.Failed)
				require.True(t, strings.HasPrefix(got[0], test.want) || got[0] == test.want, "want %s\ngot  %s", test.want, got[0])
				return
			}
			require.Zero(t, sum.Failed)
			require.Equal(t, test.want, got[0])
		})
	}
}

func TestManyLinesKeepTheirOrder(t *testing.T) {
	var in strings.Builder
	const lines = 20000
	for i := range lines {
		action := "s3:GetObject"
		if i%3 == 0 {
			action = "iam:CreateUser"
		}
		fmt.Fprintf(&in, `{"id":%d,"scps":[[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"x%d:*","Resource":"*"}]}]],"request":{"action":"%s","resource":"*","principal":"arn:aws:iam::111122223333:user/ana"}}`+"\n", i, i%5000, action)
	}
	got, sum := answerLines(t, in.String())
	require.Equal(t, jsonlines.Summary{Lines: lines}, sum)
	require.Len(t, got, lines)
	for i, line := range got {
		want := fmt.Sprintf(`{"id":%d,"decision":"Allowed",`, i)
		if i%3 == 0 {
			want = fmt.Sprintf(`{"id":%d,"decision":"ImplicitlyDenied",`, i)
		}
		require.True(t, strings.HasPrefix(line, want), line)
	}
}

func TestALineOfSeveralMegabytesIsAnswered(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	got, _ := answerLines(t, `{"id":"a","request":{"action":"s3:GetObject","resource":"arn:aws:s3:::`+long+`","principal":"arn:aws:iam::111122223333:user/ana"}}`)
	require.Equal(t, []string{`{"id":"a","decision":"Allowed","by":[]}`}, got)
}

func TestNoLinesGiveNoAnswers(t *testing.T) {
	got, sum := answerLines(t, "")
	require.Empty(t, got)
	require.Zero(t, sum)
}
