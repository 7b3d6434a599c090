package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/policy"
)

func TestParseReadsEveryElement(t *testing.T) {
	got, err := policy.Parse([]byte(`{
		"Id": "p", "Version": "2012-10-17",
		"Statement": [{
			"Sid": "A", "Effect": "Deny", "Principal": {"AWS": ["111122223333", "*"], "Service": "s3.amazonaws.com",
				"Federated": "accounts.example.com", "CanonicalUser": "79a5"},
			"NotAction": ["s3:*", "iam:*"], "NotResource": "arn:aws:s3:::a",
			"Condition": {"Bool": {"a:b": true}, "NumericLessThan": {"a:c": [1, 2.5, "3"]}, "Null": {}}
		}, {"Effect": "Allow", "NotPrincipal": "*", "Action": "s3:\u0047etObject"}]
	}`))
	require.NoError(t, err)
	want := policy.Document{Version: policy.Version2012, ID: "p", Statements: []policy.Statement{
		{
			Sid: "A", Effect: policy.Deny,
			Principal: &policy.Principal{AWS: []string{"111122223333", "*"}, Service: []string{"s3.amazonaws.com"},
				Federated: []string{"accounts.example.com"}, CanonicalUser: []string{"79a5"}},
			NotAction: []string{"s3:*", "iam:*"}, NotResource: []string{"arn:aws:s3:::a"},
			Condition: policy.Conditions{"Bool": {"a:b": {"true"}}, "NumericLessThan": {"a:c": {"1", "2.5", "3"}}, "Null": {}},
		},
		{Effect: policy.Allow, NotPrincipal: &policy.Principal{Everyone: true}, Action: []string{"s3:GetObject"}},
	}}
	require.Empty(t, cmp.Diff(want, got))
}

func TestParseTakesOneStatementWithoutAList(t *testing.T) {
	got, err := policy.Parse([]byte(`{"Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}`))
	require.NoError(t, err)
	require.Len(t, got.Statements, 1)
}

func TestDocumentsThatCannotBeUsedNameThePlace(t *testing.T) {
	const rest = `"Effect":"Deny","Action":"*","Resource":"*"`
	for name, test := range map[string]struct{ text, want string }{
		"no JSON":                        {`{"Version":`, "not JSON: unexpected end of JSON input (at byte 11)"},
		"text after the document":        {fullAccess + "x", "not JSON: invalid character 'x' after top-level value"},
		"bytes that are not UTF-8":       {"{\"\xff\":1}", "the text is not UTF-8"},
		"a list instead of a document":   {`[]`, "expected a policy document, an object, got a list"},
		"a document as a string":         {`"{}"`, "got a string"},
		"an unknown element":             {`{"Version":"2012-10-17","Comment":"x"}`, `Comment: "Comment" is no element of a policy; allowed are Version, Id, Statement`},
		"an element in the wrong case":   {`{"version":"2012-10-17"}`, `version: "version" is no element of a policy; write "Version", element names are case-sensitive`},
		"a plural":                       {`{"Statements":[]}`, `write "Statement"`},
		"a version that does not exist":  {`{"Version":"2012-10-18"}`, `Version: "2012-10-18" is no version of the policy language; use "2012-10-17"`},
		"a version that is a number":     {`{"Version":2012}`, "Version: expected a string, got a number"},
		"no statement":                   {`{"Version":"2012-10-17"}`, "Statement: a policy needs at least one statement"},
		"an empty list of statements":    {`{"Statement":[]}`, "Statement: a policy needs at least one statement"},
		"a repeated element":             {`{"Version":"2012-10-17","Version":"2012-10-17"}`, `the key "Version" comes twice`},
		"a repeated element, escaped":    {`{"Version":"2012-10-17","\u0056ersion":"2012-10-17"}`, `the key "Version" comes twice`},
		"a repeated Effect":              {statements(`{` + rest + `},{"Sid":"B",` + rest + `,"Effect":"Allow"}`), `statement 1 (Sid "B"): the key "Effect" comes twice`},
		"a repeated condition key":       {statements(`{` + rest + `,"Condition":{"Bool":{"a:b":"true","a:b":"false"}}}`), `statement 0: Condition.Bool: the key "a:b" comes twice`},
		"a repeated Sid":                 {statements(`{"Sid":"A",` + rest + `},{"Sid":"A",` + rest + `}`), `statement 1 (Sid "A"): Sid: statement 0 has the same Sid`},
		"an unknown statement element":   {statements(`{"Sid":"A",` + rest + `,"Resources":"*"}`), `statement 0 (Sid "A"): Resources: "Resources" is no element of a statement; write "Resource"`},
		"an effect in lower case":        {statements(`{"Effect":"deny","Action":"*","Resource":"*"}`), `statement 0: Effect: "deny" is no effect; write "Allow" or "Deny"`},
		"no effect":                      {statements(`{"Action":"*","Resource":"*"}`), "statement 0: Effect: a statement needs Effect"},
		"no action":                      {statements(`{"Effect":"Deny","Resource":"*"}`), "statement 0: Action: a statement needs Action or NotAction"},
		"an empty action list":           {statements(`{"Effect":"Deny","Action":[],"Resource":"*"}`), "statement 0: Action: the list is empty"},
		"an action that is a number":     {statements(`{"Effect":"Deny","Action":["a:b",5],"Resource":"*"}`), "statement 0: Action: expected a string, got a number"},
		"a null action":                  {statements(`{"Effect":"Deny","Action":null,"Resource":"*"}`), "statement 0: Action: expected a string or a list of strings, got null"},
		"Action and NotAction":           {statements(`{` + rest + `,"NotAction":"*"}`), "statement 0: NotAction: a statement has Action or NotAction, not both"},
		"Resource and NotResource":       {statements(`{` + rest + `,"NotResource":"*"}`), "statement 0: NotResource: a statement has Resource or NotResource, not both"},
		"Principal and NotPrincipal":     {statements(`{` + rest + `,"Principal":"*","NotPrincipal":"*"}`), "not both"},
		"a principal that is an ARN":     {statements(`{` + rest + `,"Principal":"arn:aws:iam::111122223333:root"}`), "statement 0: Principal:"},
		"an unknown principal type":      {statements(`{` + rest + `,"Principal":{"aws":"*"}}`), `statement 0: Principal: "aws" is no element of a principal; write "AWS"`},
		"an empty principal":             {statements(`{` + rest + `,"Principal":{}}`), "statement 0: Principal: the principal is empty"},
		"a condition that is a list":     {statements(`{` + rest + `,"Condition":[]}`), "statement 0: Condition: expected an object of condition operators, got a list"},
		"a condition value of null":      {statements(`{` + rest + `,"Condition":{"Bool":{"a:b":null}}}`), "statement 0: Condition.Bool.a:b: expected a string, number or boolean, got null"},
		"a condition value in an object": {statements(`{` + rest + `,"Condition":{"Bool":{"a:b":{}}}}`), "got an object"},
		"a condition key in two cases":   {statements(`{` + rest + `,"Condition":{"Bool":{"aws:SecureTransport":"true","aws:securetransport":"false"}}}`), `statement 0: Condition.Bool.aws:securetransport: "aws:securetransport" is there already as "aws:SecureTransport"; condition keys are case-insensitive`},
		"an operator in two cases":       {statements(`{` + rest + `,"Condition":{"Bool":{"a:b":"true"},"BOOL":{"a:c":"true"}}}`), `statement 0: Condition.BOOL: "BOOL" is there already as "Bool"; condition operators are case-insensitive`},
		"an empty condition key":         {statements(`{` + rest + `,"Condition":{"Bool":{"":"true"}}}`), "the condition key is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse([]byte(test.text))
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestDocumentsWithoutMeaningDoNotCompile(t *testing.T) {
	const rest = `"Effect":"Deny","Action":"s3:*","Resource":"*"`
	for name, test := range map[string]struct {
		kind       policy.Kind
		text, want string
	}{
		"an SCP without version":         {policy.SCP, `{"Statement":{` + rest + `}}`, `Version: must be "2012-10-17", got ""`},
		"an RCP of the old version":      {policy.RCP, `{"Version":"2008-10-17","Statement":{` + rest + `}}`, `Version: must be "2012-10-17", got "2008-10-17"`},
		"an SCP with Principal":          {policy.SCP, statements(`{"Principal":"*",` + rest + `}`), "statement 0: Principal: SCPs have no Principal"},
		"an SCP with NotPrincipal":       {policy.SCP, statements(`{"NotPrincipal":"*",` + rest + `}`), "statement 0: NotPrincipal: SCPs have no NotPrincipal"},
		"an RCP for one principal":       {policy.RCP, statements(`{"Principal":{"AWS":"111122223333"},` + rest + `}`), `statement 0: Principal: the Principal of an RCP must be "*"`},
		"an RCP with NotPrincipal":       {policy.RCP, statements(`{"NotPrincipal":"*",` + rest + `}`), "statement 0: NotPrincipal: RCPs have no NotPrincipal"},
		"an SCP without Resource":        {policy.SCP, statements(`{"Effect":"Deny","Action":"s3:*"}`), "statement 0: Resource: a statement needs Resource or NotResource"},
		"a bucket policy without anyone": {policy.Resource, statements(`{` + rest + `}`), "statement 0: Principal: a statement of a resource-based policy needs Principal"},
		"an action without service":      {policy.SCP, statements(`{"Sid":"A","Effect":"Deny","Action":"s3*","Resource":"*"}`), `statement 0 (Sid "A"): Action: "s3*" is no action`},
		"an action with two colons":      {policy.SCP, statements(`{"Effect":"Deny","Action":"s3:Get:Object","Resource":"*"}`), `statement 0: Action: "s3:Get:Object" is no action`},
		"an action with a variable":      {policy.SCP, statements(`{"Effect":"Deny","NotAction":"s3:${aws:username}","Resource":"*"}`), `statement 0: NotAction: "s3:${aws:username}" has a policy variable; only Resource, NotResource and Condition take variables`},
		"a resource that is no ARN":      {policy.SCP, statements(`{"Effect":"Deny","Action":"*","NotResource":["arn:aws:s3:::a","logs"]}`), `statement 0: NotResource: "logs" is neither "*" nor an ARN`},
		"an ARN that is too short":       {policy.SCP, statements(`{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3::b"}`), `statement 0: Resource: "arn:aws:s3::b" is not an ARN: it has fewer than six colon-separated parts, so it matches no resource`},
		"a star before what is no ARN":   {policy.SCP, statements(`{"Effect":"Deny","Action":"*","Resource":["*logs/a"]}`), `statement 0: Resource: "*logs/a" is neither "*" nor an ARN`},
		"an empty resource":              {policy.SCP, statements(`{"Effect":"Deny","Action":"*","Resource":""}`), `statement 0: Resource: "" is neither "*" nor an ARN`},
		"a variable that is not closed":  {policy.SCP, statements(`{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::${aws:username"}`), "is not closed"},
		"a default without quotes":       {policy.SCP, statements(`{` + rest + `,"Condition":{"StringLike":{"a:b":"${a:c, x}"}}}`), "statement 0: Condition.StringLike.a:b: the default value in ${a:c, x} must stand in single quotes"},
		"a variable without name":        {policy.SCP, statements(`{` + rest + `,"Condition":{"StringLike":{"a:b":"${}"}}}`), "names no context key"},
		"a Null that is neither":         {policy.SCP, statements(`{` + rest + `,"Condition":{"Null":{"a:b":"yes"}}}`), `statement 0: Condition.Null.a:b: "yes" is no value of Null`},
		"a kind that does not exist":     {"scq", statements(`{` + rest + `}`), `unknown policy kind "scq"`},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Parse([]byte(test.text))
			require.NoError(t, err)
			_, err = policy.Compile(test.kind, d)
			require.ErrorContains(t, err, test.want)
		})
	}
	t.Run("ARNs that a star or a variable completes", func(t *testing.T) {
		compile(t, policy.SCP, statements(`{"Effect":"Deny","Action":"*","Resource":["*","?","arn:*","arn:aws:s3:*","*:aws:s3:::b","a?n:aws:s3:::b","arn:aws:s3${a:b}","${a:b}"]}`))
	})
	t.Run("one condition key under two operators", func(t *testing.T) {
		compile(t, policy.SCP, statements(`{`+rest+`,"Condition":{"Null":{"a:B":"false"},"StringEquals":{"A:b":"c"}}}`))
	})
	t.Run("an RCP for everyone, in the form of a list", func(t *testing.T) {
		compile(t, policy.RCP, statements(`{"Principal":{"AWS":"*"},`+rest+`}`))
	})
}

func TestJSONIsSmallAndDeterministic(t *testing.T) {
	d, err := policy.Parse([]byte(`{ "Statement": { "Resource": ["*"], "Action": ["s3:Put*","s3:Get*"], "Effect": "Deny",
		"Condition": {"StringNotEquals": {"b:b": ["<&>"], "a:a": ["1","2"]}, "Bool": {"a:b": [true]}}, "Principal": {"Service":["s3.amazonaws.com"],"AWS":["*"]} },
		"Version": "2012-10-17" }`))
	require.NoError(t, err)
	const want = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"AWS":"*","Service":"s3.amazonaws.com"},` +
		`"Action":["s3:Put*","s3:Get*"],"Resource":"*","Condition":{"Bool":{"a:b":"true"},"StringNotEquals":{"a:a":["1","2"],"b:b":"<&>"}}}]}`
	require.Equal(t, want, d.JSON())
	require.Equal(t, len(want), d.Size())
	text, err := json.Marshal(d)
	require.NoError(t, err)
	require.JSONEq(t, want, string(text))
	var again policy.Document
	require.NoError(t, json.Unmarshal(text, &again))
	require.Empty(t, cmp.Diff(d, again))
	object, err := json.Marshal(d.Object())
	require.NoError(t, err)
	require.JSONEq(t, want, string(object))
}

func TestSizeCountsCharactersNotBytes(t *testing.T) {
	d := policy.Document{Version: policy.Version2012, Statements: []policy.Statement{{Sid: "é", Effect: policy.Deny, Action: []string{"*"}}}}
	require.Equal(t, len(d.JSON())-1, d.Size())
}

func TestCloneSharesNothing(t *testing.T) {
	s := policy.Statement{Effect: policy.Deny, Action: []string{"a:b"}, Principal: &policy.Principal{AWS: []string{"x"}},
		Condition: policy.Conditions{"Bool": {"a:b": {"true"}}}}
	c := s.Clone()
	require.Empty(t, cmp.Diff(s, c))
	c.Action[0], c.Principal.AWS[0], c.Condition["Bool"]["a:b"][0] = "z", "z", "z"
	require.Equal(t, `{"Effect":"Deny","Principal":{"AWS":"x"},"Action":"a:b","Condition":{"Bool":{"a:b":"true"}}}`, s.JSON())
}

func TestValidate(t *testing.T) {
	for name, test := range map[string]struct {
		kind policy.Kind
		text string
		want []string
	}{
		"a sound SCP":      {policy.SCP, statements(`{"Sid":"A1","Effect":"Deny","NotAction":"iam:*","Resource":"*"}`), nil},
		"FullAWSAccess":    {policy.SCP, fullAccess, nil},
		"a sound RCP":      {policy.RCP, statements(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`), nil},
		"RCPFullAWSAccess": {policy.RCP, statements(`{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}`), nil},
		"what does not compile": {policy.SCP, statements(`{"Effect":"Deny","Action":"s3","Resource":"*"}`),
			[]string{`statement 0: Action: "s3" is no action; write "service:Name", with * or ? as wildcards, or "*"`}},
		"a Sid with a hyphen": {policy.SCP, statements(`{"Sid":"a-b","Effect":"Deny","Action":"*","Resource":"*"}`),
			[]string{`statement 0 (Sid "a-b"): Sid: "a-b" has a character other than A-Z, a-z and 0-9`}},
		"an RCP that allows and covers several services": {policy.RCP, statements(`{"Effect":"Allow","Action":["*","s*:Get*"],"Resource":"*"}`), []string{
			"statement 0: Effect: RCPs of your own can only Deny; only RCPFullAWSAccess allows",
			`statement 0: Principal: RCPs need "Principal": "*"`,
			`statement 0: Action: "*" covers more than one service; in RCPs each action names its service, as in s3:*`,
			`statement 0: Action: "s*:Get*" covers more than one service; in RCPs each action names its service, as in s3:*`}},
		"an RCP with NotAction": {policy.RCP, statements(`{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}`),
			[]string{"statement 0: NotAction: RCPs have no NotAction; list the actions in Action"}},
		"a variable in the account of a resource": {policy.SCP, statements(`{"Effect":"Deny","Action":"*","Resource":"arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}"}`),
			[]string{`statement 0: Resource: "arn:aws:iam::${aws:PrincipalAccount}:user/${aws:username}" has a policy variable before its fifth colon; variables are allowed in the last part of an ARN only`}},
		"values that never match": {policy.SCP, statements(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{
			"NumericEquals":{"a:a":["1","one"]},"DateLessThan":{"a:a":"soon"},"Bool":{"a:a":["yes","${a:b}"]},"IpAddress":{"a:a":"10.0.0.0/33"},
			"BinaryEquals":{"a:a":"?"},"ArnLike":{"a:a":["role/x","${a:b}","arn:*:*:*:*:*"]},"StringLike":{"a:a":[]}}}`), []string{
			`statement 0: Condition.ArnLike.a:a: "role/x" is not an ARN with six colon-separated parts, so it never matches`,
			`statement 0: Condition.BinaryEquals.a:a: "?" is not base64, so it never matches`,
			`statement 0: Condition.Bool.a:a: "yes" is not true or false, so it never matches`,
			`statement 0: Condition.DateLessThan.a:a: "soon" is not a date such as 2026-11-23T00:00:00Z, or epoch seconds, so it never matches`,
			`statement 0: Condition.IpAddress.a:a: "10.0.0.0/33" is not an IP address or a CIDR range, so it never matches`,
			`statement 0: Condition.NumericEquals.a:a: "one" is not a decimal number, so it never matches`,
			"statement 0: Condition.StringLike.a:a: the list of values is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := policy.Parse([]byte(test.text))
			require.NoError(t, err)
			var got []string
			for _, found := range policy.Validate(test.kind, d) {
				got = append(got, found.Error())
			}
			require.Equal(t, test.want, got)
		})
	}
}
