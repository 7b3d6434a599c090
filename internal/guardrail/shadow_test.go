package guardrail_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/policy"
)

type strs = guardrail.Strings

func TestAStatementIsShadowedOnlyByOneThatDeniesEverythingThatItDenies(t *testing.T) {
	when := func(op, key string, values ...string) map[string]map[string]strs {
		return map[string]map[string]strs{op: {key: values}}
	}
	all := strs{"*"}
	for name, test := range map[string]struct {
		wide, narrow guardrail.Statement
		want         bool
	}{
		"the same action": {
			guardrail.Statement{Action: strs{"s3:PutObject"}, Resource: all}, guardrail.Statement{Action: strs{"S3:putobject"}, Resource: all}, true},
		"a pattern holds an action": {
			guardrail.Statement{Action: strs{"s3:Put*"}, Resource: all}, guardrail.Statement{Action: strs{"s3:PutObject", "s3:PutBucketAcl"}, Resource: all}, true},
		"an action does not hold a pattern, though there is no other action of that name today": {
			guardrail.Statement{Action: strs{"s3:PutObjectTagging"}, Resource: all}, guardrail.Statement{Action: strs{"s3:PutObjectTag*"}, Resource: all}, false},
		"a question mark holds one character": {
			guardrail.Statement{Action: strs{"s3:Put?bject"}, Resource: all}, guardrail.Statement{Action: strs{"s3:PutObject"}, Resource: all}, true},
		"a star holds a question mark and not the other way round": {
			guardrail.Statement{Action: strs{"s3:Put?"}, Resource: all}, guardrail.Statement{Action: strs{"s3:Put*"}, Resource: all}, false},
		"everything but some actions holds another action": {
			guardrail.Statement{NotAction: strs{"iam:*"}, Resource: all}, guardrail.Statement{Action: strs{"s3:Get*"}, Resource: all}, true},
		"everything but some actions does not hold a pattern that meets them": {
			guardrail.Statement{NotAction: strs{"s3:*Acl"}, Resource: all}, guardrail.Statement{Action: strs{"s3:Get*"}, Resource: all}, false},
		"fewer excepted actions hold more": {
			guardrail.Statement{NotAction: strs{"iam:Get*"}, Resource: all}, guardrail.Statement{NotAction: strs{"iam:*", "sts:*"}, Resource: all}, true},
		"more excepted actions hold less": {
			guardrail.Statement{NotAction: strs{"iam:*", "sts:*"}, Resource: all}, guardrail.Statement{NotAction: strs{"iam:Get*"}, Resource: all}, false},
		"every action holds everything but some": {
			guardrail.Statement{Action: strs{"*:*"}, Resource: all}, guardrail.Statement{NotAction: strs{"iam:*"}, Resource: all}, true},
		"all objects of a bucket hold some of them": {
			guardrail.Statement{Action: all, Resource: strs{"arn:*:s3:::logs*"}}, guardrail.Statement{Action: all, Resource: strs{"arn:*:s3:::logs/a/*"}}, true},
		"a resource does not hold every resource": {
			guardrail.Statement{Action: all, Resource: strs{"arn:*:s3:::*"}}, guardrail.Statement{Action: all, Resource: all}, false},
		"a star inside a part of an ARN stays in it": {
			guardrail.Statement{Action: all, Resource: strs{"arn:aws:s*3:::logs"}}, guardrail.Statement{Action: all, Resource: strs{"arn:aws:s:x:3:::logs"}}, false},
		"everything but some resources holds others": {
			guardrail.Statement{Action: all, NotResource: strs{"arn:aws:s3:::logs/*"}}, guardrail.Statement{Action: all, Resource: strs{"arn:aws:s3:::data/*"}}, true},
		"everything but some resources does not hold what meets them": {
			guardrail.Statement{Action: all, NotResource: strs{"arn:*:s3:::logs/*"}}, guardrail.Statement{Action: all, Resource: strs{"arn:*:s3:::l*"}}, false},
		"everything but a placeholder may not hold a name": {
			guardrail.Statement{Action: all, NotResource: strs{"arn:*:s3:::{{prefix}}-x"}}, guardrail.Statement{Action: all, Resource: strs{"arn:*:s3:::landfall-x"}}, false},
		"without a condition it holds what has one": {
			guardrail.Statement{Action: all, Resource: all}, guardrail.Statement{Action: all, Resource: all, Condition: when("Bool", "aws:SecureTransport", "false")}, true},
		"a condition that the other lacks": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("Bool", "aws:SecureTransport", "false")}, guardrail.Statement{Action: all, Resource: all}, false},
		"more values of a condition": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEquals", "aws:RequestedRegion", "us-east-1", "us-east-2")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEquals", "aws:requestedregion", "us-east-2")}, true},
		"a pattern among the values": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringLike", "aws:RequestedRegion", "us-*")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringLike", "aws:RequestedRegion", "us-east-?")}, true},
		"a star is text where the operator has no patterns": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEquals", "aws:RequestedRegion", "us-*")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEquals", "aws:RequestedRegion", "us-east-1")}, false},
		"fewer exempt principals": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("ArnNotLike", "aws:PrincipalArn", "arn:*:iam::*:role/a-*")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("ArnNotEquals", "aws:PrincipalArn", "arn:*:iam::*:role/*", "arn:*:iam::*:user/x")}, true},
		"more exempt principals": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("ArnNotLike", "aws:PrincipalArn", "arn:*:iam::*:role/a-*", "arn:*:iam::*:user/x")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("ArnNotLike", "aws:PrincipalArn", "arn:*:iam::*:role/a-*")}, false},
		"the same condition with IfExists": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEqualsIfExists", "aws:RequestedRegion", "us-east-1")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEquals", "aws:RequestedRegion", "us-east-1")}, true},
		"the same condition without IfExists": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEquals", "aws:RequestedRegion", "us-east-1")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("StringEqualsIfExists", "aws:RequestedRegion", "us-east-1")}, false},
		"another operator": {
			guardrail.Statement{Action: all, Resource: all, Condition: when("ForAnyValue:StringEquals", "aws:TagKeys", "a")},
			guardrail.Statement{Action: all, Resource: all, Condition: when("ForAllValues:StringEquals", "aws:TagKeys", "a")}, false},
		"a policy variable holds nothing but itself": {
			guardrail.Statement{Action: all, Resource: strs{"arn:*:s3:::${aws:PrincipalTag/team}*"}}, guardrail.Statement{Action: all, Resource: strs{"arn:*:s3:::${aws:PrincipalTag/team}-x"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, guardrail.DeniesToo(test.wide, test.narrow))
		})
	}
}

// The lists are small, so that patterns meet each other and requests.
var (
	shadowActions   = []string{"*", "s3:*", "s3:Get*", "s3:GetObject", "S3:getobject", "s3:*Object", "s3:?etObject", "s?:Put*", "iam:*", "*:Get*", "ec2:RunInstances"}
	shadowResources = []string{"*", "arn:aws:s3:::*", "arn:*:s3:::logs*", "arn:aws:s3:::logs/?", "arn:aws:s3:::logs/*", "arn:aws:*", "arn:aw?:s3:*:*:logs/a", "arn:*", "arn:aws:*3:::logs/a", "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::home/*"}
	shadowOperators = []string{"StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase", "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals", "NumericLessThan", "NumericNotEquals",
		"Bool", "IpAddress", "NotIpAddress", "DateLessThan", "BinaryEquals"}
	shadowKeys     = []string{"aws:PrincipalTag/team", "aws:TagKeys", "aws:PrincipalArn"}
	shadowValues   = []string{"blue", "b*", "b?ue", "*", "10", "9", "true", "10.0.0.0/8", "10.0.0.1", "2026-01-01", "arn:aws:iam::*:role/a*", "arn:aws:iam::*:role/ab", "arn:*:iam::*:*", "${aws:PrincipalTag/team}", "QmluYXJ5"}
	requestValues  = []string{"blue", "blau", "b*", "10", "9", "true", "10.0.0.1", "2025-12-31", "arn:aws:iam::111122223333:role/ab", "arn:aws:iam::111122223333:role/x", "QmluYXJ5"}
	requestActions = []string{"s3:GetObject", "s3:PutObject", "s3:GetBucketAcl", "iam:GetUser", "ec2:RunInstances", "sx:PutIt", "s3:SetObject"}
	requestARNs    = []string{"*", "arn:aws:s3:::logs", "arn:aws:s3:::logs/a", "arn:aws:s3:::logs/a/b", "arn:awx:s3:::logs/a", "arn:aws:s3:::home/x", "arn:aws:s3:::blue/x", "arn:aws:x3:::logs/a", "arn:aws:iam::111122223333:role/ab"}
)

func genList(t *rapid.T, from []string, name string) strs {
	return rapid.SliceOfN(rapid.SampledFrom(from), 1, 3).Draw(t, name)
}

func genShadowOperator(t *rapid.T) string {
	if rapid.IntRange(0, 6).Draw(t, "null") == 0 {
		return "Null"
	}
	return rapid.SampledFrom([]string{"", "", "", "ForAllValues:", "ForAnyValue:"}).Draw(t, "set") +
		rapid.SampledFrom(shadowOperators).Draw(t, "operator") + rapid.SampledFrom([]string{"", "", "IfExists"}).Draw(t, "suffix")
}

func genConditionValues(t *rapid.T, operator string) strs {
	if operator == "Null" {
		return genList(t, []string{"true", "false"}, "null values")
	}
	return genList(t, shadowValues, "values")
}

func genShadowStatement(t *rapid.T) guardrail.Statement {
	s := guardrail.Statement{Effect: "Deny"}
	if actions := genList(t, shadowActions, "actions"); rapid.IntRange(0, 3).Draw(t, "not action") == 0 {
		s.NotAction = actions
	} else {
		s.Action = actions
	}
	if resources := genList(t, shadowResources, "resources"); rapid.IntRange(0, 3).Draw(t, "not resource") == 0 {
		s.NotResource = resources
	} else {
		s.Resource = resources
	}
	s.Condition = map[string]map[string]strs{}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		operator := genShadowOperator(t)
		s.Condition[operator] = map[string]strs{rapid.SampledFrom(shadowKeys).Draw(t, "key"): genConditionValues(t, operator)}
	}
	return s
}

// vary changes parts of a statement, so that the two are near each other.
func vary(t *rapid.T, s guardrail.Statement) guardrail.Statement {
	maybe := func(list strs, from []string) strs {
		if len(list) == 0 {
			return nil
		}
		switch rapid.IntRange(0, 3).Draw(t, "vary list") {
		case 0:
			return append(slices.Clone(list), rapid.SampledFrom(from).Draw(t, "more"))
		case 1:
			return genList(t, from, "others")
		}
		return list
	}
	s.Action, s.NotAction = maybe(s.Action, shadowActions), maybe(s.NotAction, shadowActions)
	s.Resource, s.NotResource = maybe(s.Resource, shadowResources), maybe(s.NotResource, shadowResources)
	conditions := map[string]map[string]strs{}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for key, values := range s.Condition[operator] {
			if rapid.IntRange(0, 4).Draw(t, "drop") == 0 {
				continue
			}
			to := operator
			if rapid.IntRange(0, 3).Draw(t, "other operator") == 0 {
				if to = strings.TrimSuffix(operator, "IfExists"); to == operator && operator != "Null" {
					to += "IfExists"
				}
			}
			from := shadowValues
			if operator == "Null" {
				from = []string{"true", "false"}
			}
			conditions[to] = map[string]strs{key: maybe(values, from)}
		}
	}
	s.Condition = conditions
	return s
}

func compiled(t require.TestingT, s guardrail.Statement) *policy.Compiled {
	p := policy.Statement{Effect: policy.Deny, Action: s.Action, NotAction: s.NotAction, Resource: s.Resource, NotResource: s.NotResource, Condition: policy.Conditions{}}
	for operator, keys := range s.Condition {
		p.Condition[operator] = map[string][]string{}
		for key, values := range keys {
			p.Condition[operator][key] = values
		}
	}
	c, err := policy.Compile(policy.SCP, policy.Document{Version: policy.Version2012, Statements: []policy.Statement{p}})
	require.NoError(t, err)
	return c
}

func genShadowRequest(t *rapid.T) policy.Request {
	request := policy.Request{
		Action: rapid.SampledFrom(requestActions).Draw(t, "action"), Resource: rapid.SampledFrom(requestARNs).Draw(t, "resource"),
		Principal: guardrail.ExamplePrincipal, Context: map[string]policy.Values{},
	}
	for _, key := range shadowKeys {
		if rapid.Bool().Draw(t, "has key") {
			request.Context[key] = rapid.SliceOfN(rapid.SampledFrom(requestValues), 0, 2).Draw(t, "values")
		}
	}
	return request
}

func deniedBy(t require.TestingT, p *policy.Compiled, request policy.Request) bool {
	result, err := policy.Evaluate(policy.Levels{{p}}, nil, request)
	require.NoError(t, err)
	return result.Decision == policy.ExplicitlyDenied
}

func TestWhatAShadowedStatementDeniesIsDeniedByItsShadow(t *testing.T) {
	pairs, shadows, denials := 0, 0, 0
	rapid.Check(t, func(r *rapid.T) {
		for range 20 {
			narrow := genShadowStatement(r)
			wide := vary(r, narrow)
			pairs++
			if !guardrail.DeniesToo(wide, narrow) {
				continue
			}
			shadows++
			w, n := compiled(r, wide), compiled(r, narrow)
			for range 10 {
				request := genShadowRequest(r)
				if !deniedBy(r, n, request) {
					continue
				}
				denials++
				require.True(r, deniedBy(r, w, request), "%+v is said to deny everything that %+v denies, and does not deny %+v", wide, narrow, request)
			}
		}
	})
	t.Logf("%d pairs, %d shadows, %d denials compared", pairs, shadows, denials)
	assert.NotZero(t, denials)
}

const shadowHead = `id: ID
title: Title
intent: Intent.
level: LEVEL
type: SERVICE_CONTROL_POLICY
document: 1
cost: None.
instead: Nothing.
applies:
  - PLACE
statements:
`

func shadowFile(id, level, place, statements string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(strings.NewReplacer("ID", id, "LEVEL", level, "PLACE", place).Replace(shadowHead) + statements)}
}

const (
	stopEverything = `  - Sid: Everything
    Effect: Deny
    Action: config:*
    Resource: "*"
`
	stopRecorder = `  - Sid: Recorder
    Effect: Deny
    Action: config:StopConfigurationRecorder
    Resource: "*"
`
)

func TestLintNamesShadowedStatementsOfTheCatalogue(t *testing.T) {
	for name, test := range map[string]struct {
		files fstest.MapFS
		want  []string
	}{
		"a statement of the same guardrail": {
			fstest.MapFS{"guardrails/a.yaml": shadowFile("a", "mandatory", "root: true", stopRecorder+stopEverything)},
			[]string{"guardrails/a.yaml:12: statements[0]: statement Everything (line 16) denies everything that statement Recorder denies; remove Recorder, " +
				"or write into it what should differ: its actions, resources, conditions or exemptions"},
		},
		"two equal statements, of which one is reported": {
			fstest.MapFS{"guardrails/a.yaml": shadowFile("a", "mandatory", "root: true", stopRecorder+strings.Replace(stopRecorder, "Recorder", "Again", 1))},
			[]string{"guardrails/a.yaml:16: statements[1]: statement Recorder (line 12) denies everything that statement Again denies; remove Again, " +
				"or write into it what should differ: its actions, resources, conditions or exemptions"},
		},
		"a statement of another guardrail that is on in more places": {
			fstest.MapFS{
				"guardrails/a.yaml": shadowFile("a", "recommended", "ou: Workloads/Prod", stopRecorder),
				"guardrails/b.yaml": shadowFile("b", "mandatory", "everyOUBut: [Security]", stopEverything),
			},
			[]string{"guardrails/a.yaml:12: statements[0]: statement Everything of the guardrail b (guardrails/b.yaml:12), which by default is on wherever this one is, " +
				"denies everything that statement Recorder denies; remove Recorder, or write into it what should differ: its actions, resources, conditions or exemptions"},
		},
		"a guardrail that is on in fewer places": {
			fstest.MapFS{
				"guardrails/a.yaml": shadowFile("a", "mandatory", "root: true", stopRecorder),
				"guardrails/b.yaml": shadowFile("b", "mandatory", "ou: Workloads", stopEverything),
			}, nil,
		},
		"a guardrail of a weaker level": {
			fstest.MapFS{
				"guardrails/a.yaml": shadowFile("a", "mandatory", "root: true", stopRecorder),
				"guardrails/b.yaml": shadowFile("b", "recommended", "root: true", stopEverything),
			}, nil,
		},
		"an exemption that the other guardrail has": {
			fstest.MapFS{
				"exemptions.yaml":   {Data: []byte("set: {title: t, why: w, principals: [\"arn:*:iam::*:role/x\"]}\n")},
				"guardrails/a.yaml": shadowFile("a", "mandatory", "root: true", stopRecorder),
				"guardrails/b.yaml": shadowFile("b", "mandatory", "root: true", stopEverything+"    exempt: [set]\n"),
			}, nil,
		},
		"a statement that some zones do not have": {
			fstest.MapFS{"guardrails/a.yaml": shadowFile("a", "mandatory", "root: true",
				stopRecorder+"    Condition:\n      StringNotEquals:\n        aws:RequestedRegion: [\"{{homeRegion}}\", \"{{unwatchedUsEast1}}\"]\n"+
					stopEverything+"    Condition:\n      StringNotEquals:\n        aws:RequestedRegion: \"{{unwatchedUsEast1}}\"\n")},
			nil,
		},
		"dead entries of a list": {
			fstest.MapFS{"guardrails/a.yaml": shadowFile("a", "mandatory", "root: true", `  - Sid: Objects
    Effect: Deny
    Action: [s3:PutObject, s3:Put*, s3:GetObject, S3:GetObject]
    Resource: ["arn:*:s3:::{{prefix}}-*/x", "arn:*:s3:::{{prefix}}-*"]
`)},
			[]string{
				`guardrails/a.yaml:14: statements[0].Action[3]: "S3:GetObject" is covered by "s3:GetObject" of the same list already; remove it`,
				`guardrails/a.yaml:14: statements[0].Action[0]: "s3:PutObject" is covered by "s3:Put*" of the same list already; remove it`,
				`guardrails/a.yaml:15: statements[0].Resource[0]: "arn:*:s3:::{{prefix}}-*/x" is covered by "arn:*:s3:::{{prefix}}-*" of the same list already; remove it`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := guardrail.Load(test.files)
			require.NoError(t, err)
			var got []string
			for _, p := range c.Lint() {
				got = append(got, p.String())
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestAGuardrailOfTheOwnerIsComparedWithWhatIsOnInTheZone(t *testing.T) {
	own := strings.NewReplacer("sagemaker:CreateNotebookInstance", "config:StopConfigurationRecorder", "sagemaker:StopNotebookInstance", "config:DescribeConfigRules",
		"exempt: [data-platform]", "exempt: [landing-zone]").Replace(ownGuardrail)
	files := map[string]string{"guardrails/no-notebooks.yaml": own}
	_, _, dir, err := open(t, zoneText, files)
	var problems guardrail.Problems
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, "guardrails/no-notebooks.yaml:10: statements[0]: statement Recorder of the guardrail protect-config (guardrails/protect-config.yaml:13), "+
		"which is on in this zone wherever this one is, denies everything that statement Notebooks denies; remove Notebooks, "+
		"or write into it what should differ: its actions, resources, conditions or exemptions", strings.ReplaceAll(problems.Error(), dir+"/", ""))

	for name, changes := range map[string]string{
		"the other is off in an account":      "    - {id: protect-config, state: off, accounts: [orders-prod], reason: moves next week}\n",
		"the other exempts more":              "    - {id: protect-config, exempt: [orders-recorder], reason: the team has a recorder}\n",
		"it is off itself":                    "    - {id: no-notebooks, state: off}\n",
		"it is on where the other one is not": "    - {id: protect-config, state: off, ous: [Workloads/Prod], reason: moves next week}\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, _, err := open(t, zoneText+"guardrails:\n  changes:\n"+changes, files)
			require.NoError(t, err)
		})
	}
}
