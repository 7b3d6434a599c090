package policy_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/policy"
)

// conditionHolds evaluates one condition by a Deny that has no other limit.
func conditionHolds(t testing.TB, operator, key string, values any, context map[string]policy.Values) bool {
	t.Helper()
	condition, err := json.Marshal(map[string]map[string]any{operator: {key: values}})
	require.NoError(t, err)
	deny := statements(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":` + string(condition) + `}`)
	request := admin
	request.Context = context
	got, err := policy.Evaluate(levels(t, policy.SCP, []string{fullAccess, deny}), nil, request)
	require.NoError(t, err)
	return got.Decision == policy.ExplicitlyDenied
}

type values = policy.Values

func TestOperators(t *testing.T) {
	const key = "test:Key"
	for name, test := range map[string]struct {
		operator string
		policy   any
		request  values // nil: the key is absent
		want     bool
	}{
		"StringEquals holds for the same text":               {"StringEquals", "a", values{"a"}, true},
		"StringEquals is case-sensitive":                     {"StringEquals", "a", values{"A"}, false},
		"StringEquals takes a star literally":                {"StringEquals", "a*", values{"ab"}, false},
		"StringEquals finds a literal star":                  {"StringEquals", "a*", values{"a*"}, true},
		"StringEquals is an OR of its values":                {"StringEquals", []string{"a", "b"}, values{"b"}, true},
		"StringEquals fails without the key":                 {"StringEquals", "a", nil, false},
		"StringEquals accepts a number of the policy":        {"StringEquals", 5, values{"5"}, true},
		"StringEquals accepts a boolean of the policy":       {"StringEquals", true, values{"true"}, true},
		"StringEquals without values never holds":            {"StringEquals", []string{}, values{"a"}, false},
		"StringEqualsIfExists holds without the key":         {"StringEqualsIfExists", "a", nil, true},
		"StringEqualsIfExists compares a present key":        {"StringEqualsIfExists", "a", values{"b"}, false},
		"StringNotEquals holds for another text":             {"StringNotEquals", "a", values{"b"}, true},
		"StringNotEquals is a NOR of its values":             {"StringNotEquals", []string{"a", "b"}, values{"b"}, false},
		"StringNotEquals holds without the key":              {"StringNotEquals", "a", nil, true},
		"StringNotEqualsIfExists holds without the key":      {"StringNotEqualsIfExists", "a", nil, true},
		"StringNotEqualsIfExists compares a present key":     {"StringNotEqualsIfExists", "a", values{"a"}, false},
		"StringEqualsIgnoreCase folds case":                  {"StringEqualsIgnoreCase", "Team-A", values{"tEAM-a"}, true},
		"StringEqualsIgnoreCase fails for another text":      {"StringEqualsIgnoreCase", "a", values{"b"}, false},
		"StringEqualsIgnoreCase fails without the key":       {"StringEqualsIgnoreCase", "a", nil, false},
		"StringNotEqualsIgnoreCase folds case":               {"StringNotEqualsIgnoreCase", "Team-A", values{"tEAM-a"}, false},
		"StringNotEqualsIgnoreCase holds without the key":    {"StringNotEqualsIgnoreCase", "a", nil, true},
		"StringLike expands a star over colons and slashes":  {"StringLike", "a*d", values{"a/b:c/d"}, true},
		"StringLike lets a star match nothing":               {"StringLike", "a*b", values{"ab"}, true},
		"StringLike lets a question mark match one":          {"StringLike", "a?c", values{"abc"}, true},
		"StringLike does not let a question mark match none": {"StringLike", "a?c", values{"ac"}, false},
		"StringLike counts a question mark in characters":    {"StringLike", "?", values{"é"}, true},
		"StringLike is anchored":                             {"StringLike", "b*", values{"ab"}, false},
		"StringLike is case-sensitive":                       {"StringLike", "A*", values{"ab"}, false},
		"StringLike takes brackets, dots and plus literally": {"StringLike", "a.[b]+*", values{"a.[b]+c"}, true},
		"StringLike fails without the key":                   {"StringLike", "*", nil, false},
		"StringNotLike fails for a match":                    {"StringNotLike", "a*", values{"ab"}, false},
		"StringNotLike holds without the key":                {"StringNotLike", "*", nil, true},

		"ArnEquals expands wildcards as ArnLike does": {"ArnEquals", "arn:aws:iam::*:role/Admin*", values{"arn:aws:iam::111122223333:role/Admin1"}, true},
		"ArnLike compares each part":                  {"ArnLike", "arn:aws:iam::111122223333:role/A", values{"arn:aws:iam::111122223333:role/A"}, true},
		"ArnLike does not let a star cross a colon before part six": {
			"ArnLike", "arn:aws:*:role/A", values{"arn:aws:iam::111122223333:role/A"}, false},
		"ArnLike lets a star of part six cross colons":  {"ArnLike", "arn:aws:logs:*:*:log-group:*", values{"arn:aws:logs:eu-west-1:111122223333:log-group:a:b"}, true},
		"ArnLike lets a star of part six cross slashes": {"ArnLike", "arn:aws:iam::*:role/*lz-exec", values{"arn:aws:iam::111122223333:role/evil/lz-exec"}, true},
		"ArnLike is case-sensitive":                     {"ArnLike", "arn:aws:iam::*:role/a", values{"arn:aws:iam::111122223333:role/A"}, false},
		"ArnLike never matches by a malformed pattern":  {"ArnLike", "*", values{"arn:aws:iam::111122223333:role/A"}, false},
		"ArnLike never matches what is no ARN":          {"ArnLike", "arn:*:*:*:*:*", values{"role/A"}, false},
		"ArnLike fails without the key":                 {"ArnLike", "arn:*:*:*:*:*", nil, false},
		"ArnLikeIfExists holds without the key":         {"ArnLikeIfExists", "arn:aws:iam::*:role/A", nil, true},
		"ArnNotLike fails for a match":                  {"ArnNotLike", "arn:aws:iam::*:role/A", values{"arn:aws:iam::111122223333:role/A"}, false},
		"ArnNotLike holds by a malformed pattern":       {"ArnNotLike", "role/A", values{"arn:aws:iam::111122223333:role/A"}, true},
		"ArnNotLike holds without the key":              {"ArnNotLike", "arn:aws:iam::*:role/A", nil, true},
		"ArnNotEquals behaves as ArnNotLike":            {"ArnNotEquals", "arn:aws:iam::*:role/A", values{"arn:aws:iam::111122223333:role/A"}, false},
		"ArnNotEquals holds without the key":            {"ArnNotEquals", "arn:aws:iam::*:role/A", nil, true},

		"ArnLike never matches what does not begin as an ARN": {"ArnLike", "*:*:*:*:*:*", values{"urn:aws:s3:::a"}, false},
		"NumericEquals compares decimals, not text":           {"NumericEquals", "10", values{"10.0"}, true},
		"NumericEquals keeps all digits":                      {"NumericEquals", "12345678901234567890.1", values{"12345678901234567890.2"}, false},
		"NumericEquals knows minus zero":                      {"NumericEquals", "-0", values{"0.00"}, true},
		"NumericEquals never matches what is no number":       {"NumericEquals", "a", values{"a"}, false},
		"NumericEquals fails without the key":                 {"NumericEquals", 1, nil, false},
		"NumericNotEquals fails for the same number":          {"NumericNotEquals", "10", values{"010"}, false},
		"NumericNotEquals holds without the key":              {"NumericNotEquals", "10", nil, true},
		"NumericLessThan compares by value":                   {"NumericLessThan", 10, values{"9"}, true},
		"NumericLessThan knows negative numbers":              {"NumericLessThan", -1, values{"-10"}, true},
		"NumericLessThan excludes the bound":                  {"NumericLessThan", 10, values{"10"}, false},
		"NumericLessThan fails without the key":               {"NumericLessThan", 10, nil, false},
		"NumericLessThanEquals includes the bound":            {"NumericLessThanEquals", "1.50", values{"1.5"}, true},
		"NumericGreaterThan excludes the bound":               {"NumericGreaterThan", "1.5", values{"1.50"}, false},
		"NumericGreaterThan compares fractions":               {"NumericGreaterThan", "1.5", values{"1.51"}, true},
		"NumericGreaterThanEquals includes the bound":         {"NumericGreaterThanEquals", 3600, values{"3600"}, true},
		"NumericGreaterThanIfExists holds without the key":    {"NumericGreaterThanIfExists", 3600, nil, true},
		"NumericLessThanEquals never matches what is no number": {
			"NumericLessThanEquals", 10, values{"9 "}, false},

		"DateEquals compares instants across zones":      {"DateEquals", "2026-01-01T01:00:00+01:00", values{"2026-01-01T00:00:00Z"}, true},
		"DateEquals mixes ISO 8601 and epoch seconds":    {"DateEquals", "1767225600", values{"2026-01-01T00:00:00Z"}, true},
		"DateEquals takes an epoch number of the policy": {"DateEquals", 1767225600, values{"2026-01-01T00:00Z"}, true},
		"DateEquals takes a bare year as its start":      {"DateEquals", "2026", values{"2026-01-01"}, true},
		"DateEquals takes a month as its start":          {"DateEquals", "2026-02", values{"2026-02-01T00:00:00.0Z"}, true},
		"DateEquals never matches what is no date":       {"DateEquals", "today", values{"today"}, false},
		"DateNotEquals holds without the key":            {"DateNotEquals", "2026-01-01", nil, true},
		"DateNotEquals fails for the same instant":       {"DateNotEquals", "2026-01-01", values{"1767225600"}, false},
		"DateLessThan is before":                         {"DateLessThan", "2026-01-01T00:00:00Z", values{"2025-12-31T23:59:59Z"}, true},
		"DateLessThan excludes the bound":                {"DateLessThan", "2026-01-01T00:00:00Z", values{"2026-01-01T00:00:00Z"}, false},
		"DateLessThanEquals includes the bound":          {"DateLessThanEquals", "2026-01-01T00:00:00Z", values{"2026-01-01T00:00:00Z"}, true},
		"DateGreaterThan is after":                       {"DateGreaterThan", "2026-01-01T00:00:00Z", values{"2026-01-01T00:00:00.5Z"}, true},
		"DateGreaterThanEquals includes the bound":       {"DateGreaterThanEquals", "2026-01-01T00:00:00Z", values{"2026-01-01T00:00:00Z"}, true},
		"DateGreaterThan fails without the key":          {"DateGreaterThan", "2026-01-01T00:00:00Z", nil, false},
		"DateLessThanIfExists holds without the key":     {"DateLessThanIfExists", "2026-01-01T00:00:00Z", nil, true},

		"Bool compares truth":                   {"Bool", "true", values{"true"}, true},
		"Bool ignores case":                     {"Bool", "True", values{"TRUE"}, true},
		"Bool accepts a boolean of the policy":  {"Bool", false, values{"false"}, true},
		"Bool fails for the other value":        {"Bool", "true", values{"false"}, false},
		"Bool never matches what is no boolean": {"Bool", "yes", values{"yes"}, false},
		"Bool fails without the key":            {"Bool", "false", nil, false},
		"BoolIfExists holds without the key":    {"BoolIfExists", "false", nil, true},
		"BoolIfExists compares a present key":   {"BoolIfExists", "false", values{"true"}, false},

		"BinaryEquals compares bytes":                  {"BinaryEquals", "QmluYXJ5", values{"QmluYXJ5"}, true},
		"BinaryEquals fails for other bytes":           {"BinaryEquals", "QmluYXJ5", values{"QmluYXJ6"}, false},
		"BinaryEquals never matches what is no base64": {"BinaryEquals", "?", values{"?"}, false},
		"BinaryEquals fails without the key":           {"BinaryEquals", "QmluYXJ5", nil, false},
		"BinaryEqualsIfExists holds without the key":   {"BinaryEqualsIfExists", "QmluYXJ5", nil, true},

		"IpAddress finds an address in a range":                         {"IpAddress", "203.0.113.0/24", values{"203.0.113.9"}, true},
		"IpAddress takes a bare address as one host":                    {"IpAddress", "203.0.113.9", values{"203.0.113.8"}, false},
		"IpAddress ignores host bits of a range":                        {"IpAddress", "203.0.113.77/24", values{"203.0.113.9"}, true},
		"IpAddress knows IPv6 in any spelling":                          {"IpAddress", "2001:DB8:1234:5678::/64", values{"2001:db8:1234:5678:0:0:0:1"}, true},
		"IpAddress does not mix families":                               {"IpAddress", "0.0.0.0/0", values{"2001:db8::1"}, false},
		"IpAddress takes an IPv4 address in IPv6 form as IPv4":          {"IpAddress", "10.0.0.0/8", values{"::ffff:10.0.0.1"}, true},
		"IpAddress takes several ranges as an OR":                       {"IpAddress", []string{"10.0.0.0/8", "2001:db8::/32"}, values{"2001:db8::1"}, true},
		"IpAddress never matches what is no address":                    {"IpAddress", "0.0.0.0/0", values{"localhost"}, false},
		"IpAddress fails without the key":                               {"IpAddress", "0.0.0.0/0", nil, false},
		"NotIpAddress fails for an address in the range":                {"NotIpAddress", "203.0.113.0/24", values{"203.0.113.9"}, false},
		"NotIpAddress holds for an address of the other family":         {"NotIpAddress", "203.0.113.0/24", values{"2001:db8::1"}, true},
		"NotIpAddress holds without the key, as through a VPC endpoint": {"NotIpAddress", "203.0.113.0/24", nil, true},
		"IpAddressIfExists holds without the key":                       {"IpAddressIfExists", "203.0.113.0/24", nil, true},

		"Null true holds without the key":        {"Null", "true", nil, true},
		"Null true fails with the key":           {"Null", true, values{"x"}, false},
		"Null false holds with the key":          {"Null", "false", values{"x"}, true},
		"Null false fails without the key":       {"Null", false, nil, false},
		"Null false holds for an empty text":     {"Null", "false", values{""}, true},
		"Null takes an empty list as absent":     {"Null", "true", values{}, true},
		"Null false holds for a multivalued key": {"Null", "false", values{"a", "b"}, true},

		"operator names are case-insensitive": {"stringNOTequalsIFEXISTS", "a", values{"a"}, false},
		"set prefixes are case-insensitive":   {"foranyvalue:stringequals", "a", values{"b", "a"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			context := map[string]values{}
			if test.request != nil {
				context[key] = test.request
			}
			require.Equal(t, test.want, conditionHolds(t, test.operator, key, test.policy, context))
		})
	}
}

func TestSetOperators(t *testing.T) {
	const key = "aws:TagKeys"
	listed := []string{"a", "b"}
	for name, test := range map[string]struct {
		operator string
		request  values
		want     bool
	}{
		"ForAllValues needs each request value to match":                {"ForAllValues:StringEquals", values{"a", "b"}, true},
		"ForAllValues fails when one request value does not match":      {"ForAllValues:StringEquals", values{"a", "c"}, false},
		"ForAllValues holds without the key":                            {"ForAllValues:StringEquals", nil, true},
		"ForAllValues holds for an empty set":                           {"ForAllValues:StringEquals", values{}, true},
		"ForAnyValue needs one request value to match":                  {"ForAnyValue:StringEquals", values{"c", "b"}, true},
		"ForAnyValue fails when no request value matches":               {"ForAnyValue:StringEquals", values{"c"}, false},
		"ForAnyValue fails without the key":                             {"ForAnyValue:StringEquals", nil, false},
		"ForAnyValue fails for an empty set":                            {"ForAnyValue:StringEquals", values{}, false},
		"ForAnyValue with IfExists holds without the key":               {"ForAnyValue:StringEqualsIfExists", nil, true},
		"ForAllValues negated holds when no request value is listed":    {"ForAllValues:StringNotEquals", values{"c", "d"}, true},
		"ForAllValues negated fails when one request value is listed":   {"ForAllValues:StringNotEquals", values{"c", "a"}, false},
		"ForAllValues negated holds without the key":                    {"ForAllValues:StringNotEquals", nil, true},
		"ForAnyValue negated holds when some request value is unlisted": {"ForAnyValue:StringNotEquals", values{"a", "c"}, true},
		"ForAnyValue negated fails when all request values are listed":  {"ForAnyValue:StringNotEquals", values{"a", "b"}, false},
		"ForAnyValue negated fails without the key":                     {"ForAnyValue:StringNotEquals", nil, false},
		"a set operator takes a single value as a set of one":           {"ForAllValues:StringEquals", values{"a"}, true},
		"a plain operator takes a list of one as a single value":        {"StringEquals", values{"a"}, true},
		"a plain operator never holds for several values":               {"StringEquals", values{"a", "b"}, false},
		"a plain negated operator never holds for several values":       {"StringNotEquals", values{"c", "d"}, false},
		"a plain IfExists operator never holds for several values":      {"StringEqualsIfExists", values{"a", "b"}, false},
		"a plain operator takes an empty list as an absent key":         {"StringNotEquals", values{}, true},
		"set operators work with wildcards":                             {"ForAnyValue:StringLike", values{"zz", "b"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			context := map[string]values{}
			if test.request != nil {
				context[key] = test.request
			}
			require.Equal(t, test.want, conditionHolds(t, test.operator, key, listed, context))
		})
	}
}

func TestConditionBlocksCombine(t *testing.T) {
	deny := func(condition string) policy.Levels {
		return levels(t, policy.SCP, []string{fullAccess, statements(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":` + condition + `}`)})
	}
	for name, test := range map[string]struct {
		condition string
		context   map[string]values
		denied    bool
	}{
		"operators are an AND": {
			`{"StringEquals":{"a:x":"1"},"Bool":{"a:y":"true"}}`, map[string]values{"a:x": {"1"}, "a:y": {"false"}}, false},
		"keys of one operator are an AND": {
			`{"StringEquals":{"a:x":"1","a:y":"1"}}`, map[string]values{"a:x": {"1"}, "a:y": {"2"}}, false},
		"all of them together hold": {
			`{"StringEquals":{"a:x":"1","a:y":"1"},"Null":{"a:z":"true"}}`, map[string]values{"a:x": {"1"}, "a:y": {"1"}}, true},
		"two negated keys under one operator exempt by either one": {
			`{"StringNotEquals":{"aws:SourceVpc":"vpc-1","aws:PrincipalTag/exempt":"yes"}}`,
			map[string]values{"aws:SourceVpc": {"vpc-2"}, "aws:PrincipalTag/exempt": {"yes"}}, false},
		"conditions on two ARNs keep them apart": {
			`{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin","aws:SourceArn":"arn:aws:s3:::logs"},"ArnNotLike":{"aws:PrincipalArn":"arn:aws:s3:::logs"}}`,
			map[string]values{"aws:SourceArn": {"arn:aws:s3:::logs"}}, true},
		"an empty Condition is no condition": {`{}`, nil, true},
		"key names are case-insensitive, tag keys too": {
			`{"StringEquals":{"AWS:principaltag/TEAM":"a"}}`, map[string]values{"aws:PrincipalTag/Team": {"a"}}, true},
		"values are case-sensitive": {
			`{"StringEquals":{"aws:PrincipalTag/Team":"a"}}`, map[string]values{"aws:PrincipalTag/Team": {"A"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			request := admin
			request.Context = test.context
			got, err := policy.Evaluate(deny(test.condition), nil, request)
			require.NoError(t, err)
			require.Equal(t, test.denied, got.Decision == policy.ExplicitlyDenied)
		})
	}
}

func TestVariablesInConditions(t *testing.T) {
	context := map[string]values{
		"aws:PrincipalTag/Team": {"blue"}, "aws:PrincipalTag/Star": {"*"}, "aws:TagKeys": {"a", "b"},
		"aws:PrincipalTag/Account": {"111122223333"}, "aws:PrincipalTag/Arn": {"arn:aws:s3:::blue"}, "aws:Yes": {"TRUE"},
	}
	for name, test := range map[string]struct {
		operator, policy, request string
		want                      bool
	}{
		"a variable takes the request's value":                  {"StringEquals", "team-${aws:PrincipalTag/Team}", "team-blue", true},
		"a variable's key is case-insensitive":                  {"StringEquals", "${AWS:principalTAG/team}", "blue", true},
		"a variable works with StringLike beside wildcards":     {"StringLike", "${aws:PrincipalTag/Team}/*", "blue/x", true},
		"a variable's value is literal under StringLike":        {"StringLike", "${aws:PrincipalTag/Star}", "anything", false},
		"a variable's star matches a star":                      {"StringLike", "${aws:PrincipalTag/Star}", "*", true},
		"a variable works with StringEqualsIgnoreCase":          {"StringEqualsIgnoreCase", "${aws:PrincipalTag/Team}", "BLUE", true},
		"a variable works with ArnLike":                         {"ArnLike", "arn:aws:iam::${aws:PrincipalTag/Account}:role/*", "arn:aws:iam::111122223333:role/a", true},
		"a variable may hold a whole ARN":                       {"ArnEquals", "${aws:PrincipalTag/Arn}", "arn:aws:s3:::blue", true},
		"a variable works with Bool":                            {"Bool", "${aws:Yes}", "true", true},
		"a default stands in for an absent key":                 {"StringEquals", "${aws:PrincipalTag/None, 'company-wide'}", "company-wide", true},
		"a default may hold spaces and braces":                  {"StringEquals", "${aws:PrincipalTag/None, 'a {b} c'}", "a {b} c", true},
		"a default gives way to the request's value":            {"StringEquals", "${aws:PrincipalTag/Team, 'other'}", "blue", true},
		"an unresolved variable fails a positive operator":      {"StringEquals", "${aws:PrincipalTag/None}", "", false},
		"an unresolved variable fails StringLike":               {"StringLike", "*${aws:PrincipalTag/None}*", "x", false},
		"an unresolved variable fails ArnLike":                  {"ArnLike", "arn:aws:iam::${aws:PrincipalTag/None}:role/*", "arn:aws:iam::111122223333:role/a", false},
		"an unresolved variable holds under a negated operator": {"StringNotEquals", "${aws:PrincipalTag/None}", "x", true},
		"an unresolved variable holds under StringNotLike":      {"StringNotLike", "${aws:PrincipalTag/None}*", "x", true},
		"an unresolved variable holds under ArnNotLike":         {"ArnNotLike", "arn:aws:iam::${aws:PrincipalTag/None}:role/*", "arn:aws:iam::111122223333:role/a", true},
		"a multivalued key has no value as a variable":          {"StringEquals", "${aws:TagKeys}", "a", false},
		"a multivalued key does not fall back to the default":   {"StringEquals", "${aws:TagKeys, 'a'}", "a", false},
		"${*} is a literal star":                                {"StringLike", "a${*}", "ab", false},
		"${*} matches a star":                                   {"StringLike", "a${*}", "a*", true},
		"${?} is a literal question mark":                       {"StringLike", "a${?}", "ab", false},
		"${$} is a literal dollar sign":                         {"StringEquals", "${$}{aws:PrincipalTag/Team}", "${aws:PrincipalTag/Team}", true},
		"a dollar sign without a brace is itself":               {"StringEquals", "$5", "$5", true},
		"numeric operators know no variables":                   {"NumericEquals", "${aws:PrincipalTag/Account}", "111122223333", false},
	} {
		t.Run(name, func(t *testing.T) {
			with := map[string]values{"test:Key": {test.request}}
			for key, value := range context {
				with[key] = value
			}
			require.Equal(t, test.want, conditionHolds(t, test.operator, "test:Key", test.policy, with))
		})
	}
}

func TestOperatorsThatDoNotExistAreRefused(t *testing.T) {
	for name, operator := range map[string]string{
		"a misspelled operator":          "StringEqual",
		"a misspelled set prefix":        "ForAllValue:StringEquals",
		"Null with IfExists":             "NullIfExists",
		"Null with a set operator":       "ForAllValues:Null",
		"IfExists alone":                 "IfExists",
		"BinaryNotEquals, which is none": "BinaryNotEquals",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := policy.Parse([]byte(statements(`{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"` + operator + `":{"a:b":"c"}}}`)))
			require.ErrorContains(t, err, "no condition operator")
			require.ErrorContains(t, err, "statement 0: Condition."+operator)
		})
	}
}
