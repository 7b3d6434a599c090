package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/internal/policy"
)

// The generators draw from small alphabets, so that patterns meet requests.
var (
	actionPatterns = rapid.SampledFrom([]string{"*", "s3:*", "s3:Get*", "s3:GetObject", "S3:getobject", "s3:*Object", "s?:Put*", "iam:*", "ec2:RunInstances", "*:*"})
	resources      = []string{"*", "arn:aws:s3:::logs", "arn:aws:s3:::logs/a/b", "arn:aws:s3:::home/blue/x", "arn:aws:iam::111122223333:role/Admin", "arn:aws:ec2:eu-west-1:111122223333:instance/i-1"}
	patterns       = rapid.SampledFrom([]string{"*", "arn:aws:s3:::*", "arn:aws:s3:::logs*", "arn:aws:s3:::logs/?/b", "arn:aws:s3:::home/${aws:PrincipalTag/Team}/*", "arn:aws:iam::*:role/*", "arn:aws:*", "arn:aws:ec2:eu-*t-1:*:instance/*"})
	keys           = []string{"aws:PrincipalTag/Team", "aws:RequestedRegion", "aws:TagKeys", "aws:SourceIp", "s3:max-keys", "aws:CurrentTime", "aws:PrincipalArn"}
	operatorNames  = rapid.SampledFrom([]string{
		"StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "StringLike", "StringNotLike",
		"ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
		"NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan",
		"DateGreaterThanEquals", "Bool", "BinaryEquals", "IpAddress", "NotIpAddress",
	})
	texts = []string{"", "blue", "BLUE", "b*", "*", "eu-west-1", "10", "9.5", "true", "10.0.0.1", "10.0.0.0/8", "2001:db8::1", "2026-01-01", "1767225600",
		"arn:aws:iam::111122223333:role/Admin", "QmluYXJ5"}
	policyTexts = append([]string{"arn:aws:iam::*:role/Adm*", "${aws:PrincipalTag/Team}", "${aws:PrincipalTag/None, 'blue'}", "b??e"}, texts...)
)

func genOperator(t *rapid.T) string {
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		return "Null"
	}
	prefix := rapid.SampledFrom([]string{"", "", "ForAllValues:", "ForAnyValue:"}).Draw(t, "set")
	suffix := rapid.SampledFrom([]string{"", "", "IfExists"}).Draw(t, "suffix")
	return prefix + operatorNames.Draw(t, "operator") + suffix
}

func genStatement(t *rapid.T, effect policy.Effect) policy.Statement {
	s := policy.Statement{Effect: effect}
	actions := rapid.SliceOfN(actionPatterns, 1, 3).Draw(t, "actions")
	if rapid.Bool().Draw(t, "not action") {
		s.NotAction = actions
	} else {
		s.Action = actions
	}
	entries := rapid.SliceOfN(patterns, 1, 3).Draw(t, "resources")
	if rapid.Bool().Draw(t, "not resource") {
		s.NotResource = entries
	} else {
		s.Resource = entries
	}
	for range rapid.IntRange(0, 2).Draw(t, "conditions") {
		operator := genOperator(t)
		values := rapid.SliceOfN(rapid.SampledFrom(policyTexts), 0, 3).Draw(t, "values")
		if operator == "Null" {
			values = rapid.SliceOfN(rapid.SampledFrom([]string{"true", "false"}), 1, 2).Draw(t, "null values")
		}
		if s.Condition == nil {
			s.Condition = policy.Conditions{}
		}
		if s.Condition[operator] == nil {
			s.Condition[operator] = map[string][]string{}
		}
		s.Condition[operator][rapid.SampledFrom(keys).Draw(t, "key")] = values
	}
	return s
}

func genDocument(t *rapid.T) policy.Document {
	d := policy.Document{Version: policy.Version2012}
	for range rapid.IntRange(1, 4).Draw(t, "statements") {
		d.Statements = append(d.Statements, genStatement(t, rapid.SampledFrom([]policy.Effect{policy.Allow, policy.Deny}).Draw(t, "effect")))
	}
	return d
}

func genLevels(t *rapid.T) [][]policy.Document {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) []policy.Document {
		return rapid.SliceOfN(rapid.Custom(genDocument), 0, 3).Draw(t, "level")
	}), 1, 3).Draw(t, "levels")
}

func genRequest(t *rapid.T) policy.Request {
	r := policy.Request{
		Action:   rapid.SampledFrom([]string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "iam:CreateRole", "ec2:RunInstances"}).Draw(t, "action"),
		Resource: rapid.SampledFrom(resources).Draw(t, "resource"),
		Principal: rapid.SampledFrom([]string{"arn:aws:iam::111122223333:role/Admin", "arn:aws:sts::111122223333:assumed-role/Admin/x",
			"arn:aws:iam::111122223333:root", "cloudtrail.amazonaws.com", policy.Anonymous}).Draw(t, "principal"),
		Context: map[string]policy.Values{},
	}
	for _, key := range keys {
		if rapid.Bool().Draw(t, "has "+key) {
			r.Context[key] = rapid.SliceOfN(rapid.SampledFrom(texts), 0, 3).Draw(t, key)
		}
	}
	return r
}

func compileAll(t require.TestingT, documents [][]policy.Document) policy.Levels {
	all := policy.Levels{}
	for _, level := range documents {
		var policies []*policy.Compiled
		for _, d := range level {
			c, err := policy.Compile(policy.SCP, d)
			require.NoError(t, err)
			policies = append(policies, c)
		}
		all = append(all, policies)
	}
	return all
}

func decide(t require.TestingT, documents [][]policy.Document, r policy.Request) policy.Decision {
	got, err := policy.Evaluate(compileAll(t, documents), nil, r)
	require.NoError(t, err)
	return got.Decision
}

func TestAddingADenyNeverTurnsADenialIntoAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		documents, request := genLevels(t), genRequest(t)
		before := decide(t, documents, request)
		level := rapid.IntRange(0, len(documents)-1).Draw(t, "at")
		deny := policy.Document{Version: policy.Version2012, Statements: []policy.Statement{genStatement(t, policy.Deny)}}
		documents[level] = append(documents[level], deny)
		after := decide(t, documents, request)
		if before != policy.Allowed {
			require.NotEqual(t, policy.Allowed, after)
		}
		if before == policy.ExplicitlyDenied {
			require.Equal(t, policy.ExplicitlyDenied, after)
		}
	})
}

func TestAddingAnAllowNeverTurnsAnAllowIntoADenial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		documents, request := genLevels(t), genRequest(t)
		before := decide(t, documents, request)
		level := rapid.IntRange(0, len(documents)-1).Draw(t, "at")
		allow := policy.Document{Version: policy.Version2012, Statements: []policy.Statement{genStatement(t, policy.Allow)}}
		documents[level] = append(documents[level], allow)
		if before != policy.ImplicitlyDenied {
			require.Equal(t, before, decide(t, documents, request))
		}
	})
}

func TestAddingALevelNeverAllowsMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		documents, request := genLevels(t), genRequest(t)
		before := decide(t, documents, request)
		after := decide(t, append(documents, []policy.Document{genDocument(t)}), request)
		if after == policy.Allowed {
			require.Equal(t, policy.Allowed, before)
		}
	})
}

func TestTheOrderOfStatementsAndPoliciesDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		documents, request := genLevels(t), genRequest(t)
		before := decide(t, documents, request)
		for i, level := range documents {
			documents[i] = rapid.Permutation(level).Draw(t, "policies")
			for j, d := range documents[i] {
				documents[i][j].Statements = rapid.Permutation(d.Statements).Draw(t, "statements")
			}
		}
		require.Equal(t, before, decide(t, documents, request))
	})
}

func TestTheNamedStatementsExplainTheDecision(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		documents, request := genLevels(t), genRequest(t)
		got, err := policy.Evaluate(compileAll(t, documents), nil, request)
		require.NoError(t, err)
		// Only the named statements, each level kept.
		named := make([][]policy.Document, len(documents))
		for _, by := range got.By {
			if by.Policy == policy.None {
				require.Equal(t, policy.ImplicitlyDenied, got.Decision)
				continue
			}
			s := documents[by.Level][by.Policy].Statements[by.Statement]
			require.Equal(t, got.Decision == policy.ExplicitlyDenied, s.Effect == policy.Deny)
			named[by.Level] = append(named[by.Level], policy.Document{Version: policy.Version2012, Statements: []policy.Statement{s}})
		}
		require.Equal(t, got.Decision, decide(t, named, request))
	})
}

func TestADocumentSurvivesItsText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, request := genDocument(t), genRequest(t)
		again, err := policy.Parse([]byte(d.JSON()))
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(d, again))
		require.Equal(t, d.JSON(), again.JSON())
		full, err := policy.Parse([]byte(fullAccess))
		require.NoError(t, err)
		require.Equal(t, decide(t, [][]policy.Document{{full, d}}, request), decide(t, [][]policy.Document{{full, again}}, request))
	})
}

func TestANegatedOperatorIsTheComplementForOneValue(t *testing.T) {
	opposite := map[string]string{"StringEquals": "StringNotEquals", "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase", "StringLike": "StringNotLike",
		"ArnEquals": "ArnNotEquals", "ArnLike": "ArnNotLike", "NumericEquals": "NumericNotEquals", "DateEquals": "DateNotEquals", "IpAddress": "NotIpAddress"}
	names := make([]string, 0, len(opposite))
	for name := range opposite {
		names = append(names, name)
	}
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.SampledFrom(names).Draw(r, "operator")
		list := rapid.SliceOfN(rapid.SampledFrom(policyTexts), 0, 3).Draw(r, "values")
		context := map[string]policy.Values{"test:Key": {rapid.SampledFrom(texts).Draw(r, "value")}}
		require.NotEqual(r, conditionHolds(t, name, "test:Key", list, context), conditionHolds(t, opposite[name], "test:Key", list, context))
		// The two set operators are each other's dual.
		context["test:Key"] = rapid.SliceOfN(rapid.SampledFrom(texts), 1, 3).Draw(r, "set")
		require.NotEqual(r, conditionHolds(t, "ForAllValues:"+name, "test:Key", list, context), conditionHolds(t, "ForAnyValue:"+opposite[name], "test:Key", list, context))
	})
}

func TestAWiderPatternMatchesASuperset(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		pattern := rapid.StringMatching(`[ab*?]{0,8}`).Draw(r, "pattern")
		text := rapid.StringMatching(`[ab]{0,8}`).Draw(r, "text")
		context := map[string]policy.Values{"test:Key": {text}}
		if !conditionHolds(t, "StringLike", "test:Key", pattern, context) {
			return
		}
		at := rapid.IntRange(0, len(pattern)).Draw(r, "at")
		require.True(r, conditionHolds(t, "StringLike", "test:Key", pattern[:at]+"*"+pattern[at:], context), "one more star")
		wider := strings.ReplaceAll(pattern, "?", "*")
		require.True(r, conditionHolds(t, "StringLike", "test:Key", wider, context), "stars for question marks")
		require.True(r, conditionHolds(t, "StringLike", "test:Key", "*", context), "a star alone")
	})
}
