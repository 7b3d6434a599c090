package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/policy"
)

const fullAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

func compile(t testing.TB, kind policy.Kind, text string) *policy.Compiled {
	t.Helper()
	d, err := policy.Parse([]byte(text))
	require.NoError(t, err)
	c, err := policy.Compile(kind, d)
	require.NoError(t, err)
	return c
}

func levels(t testing.TB, kind policy.Kind, texts ...[]string) policy.Levels {
	t.Helper()
	all := policy.Levels{}
	for _, level := range texts {
		var policies []*policy.Compiled
		for _, text := range level {
			policies = append(policies, compile(t, kind, text))
		}
		all = append(all, policies)
	}
	return all
}

func statements(list string) string {
	return `{"Version":"2012-10-17","Statement":[` + list + `]}`
}

var admin = policy.Request{
	Action: "s3:DeleteBucket", Resource: "arn:aws:s3:::logs",
	Principal: "arn:aws:iam::111122223333:role/Admin",
}

func TestStatementsOfAllServicesAreLookedAtBesideThoseOfOne(t *testing.T) {
	mixed := statements(`{"Effect":"Deny","Action":["s3:GetObject","iam:*"],"Resource":"*"},{"Effect":"Deny","NotAction":"iam:*","Resource":"*"},` +
		`{"Effect":"Deny","Action":"s?:Delete*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"s3:DeleteBucket","Resource":"*"}`)
	for action, want := range map[string][]int{
		"s3:DeleteBucket": {1, 2, 3, 4}, "s3:GetObject": {0, 1, 3}, "iam:CreateUser": {0, 3}, "sx:DeleteX": {1, 2, 3}, "sqs:SendMessage": {1, 3},
	} {
		request := admin
		request.Action = action
		got, err := policy.Evaluate(levels(t, policy.SCP, []string{mixed}), nil, request)
		require.NoError(t, err)
		var statements []int
		for _, by := range got.By {
			statements = append(statements, by.Statement)
		}
		require.Equal(t, want, statements, action)
	}
}

func TestEveryLevelMustAllowAndNoStatementMayDeny(t *testing.T) {
	denyDelete := statements(`{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:Delete*","Resource":"*"}`)
	onlyEC2 := statements(`{"Effect":"Allow","Action":"ec2:*","Resource":"*"}`)
	denyAll := statements(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`)
	full, scp, rcp := []string{fullAccess}, policy.SCP, policy.RCP

	for name, test := range map[string]struct {
		scps, rcps [][]string
		want       policy.Result
	}{
		"without SCPs and RCPs nothing restricts": {
			want: policy.Result{Decision: policy.Allowed, By: []policy.Decider{}},
		},
		"full access at each level allows, and the allowing statement of each level is named": {
			scps: [][]string{full, full},
			want: policy.Result{Decision: policy.Allowed, By: []policy.Decider{{scp, 0, 0, 0}, {scp, 1, 0, 0}}},
		},
		"policies of one level are a union": {
			scps: [][]string{full, {onlyEC2, fullAccess}},
			want: policy.Result{Decision: policy.Allowed, By: []policy.Decider{{scp, 0, 0, 0}, {scp, 1, 1, 0}}},
		},
		"levels intersect, and the level without Allow is named": {
			scps: [][]string{full, {onlyEC2}, full},
			want: policy.Result{Decision: policy.ImplicitlyDenied, By: []policy.Decider{{scp, 1, policy.None, policy.None}}},
		},
		"a level without any policy allows nothing": {
			scps: [][]string{full, {}},
			want: policy.Result{Decision: policy.ImplicitlyDenied, By: []policy.Decider{{scp, 1, policy.None, policy.None}}},
		},
		"a Deny at the root wins over Allows below": {
			scps: [][]string{{fullAccess, denyDelete}, full},
			want: policy.Result{Decision: policy.ExplicitlyDenied, By: []policy.Decider{{scp, 0, 1, 1}}},
		},
		"a Deny wins over a level without Allow": {
			scps: [][]string{{onlyEC2}, {denyDelete}},
			want: policy.Result{Decision: policy.ExplicitlyDenied, By: []policy.Decider{{scp, 1, 0, 1}}},
		},
		"every Deny is named, SCPs first": {
			scps: [][]string{{denyDelete}, full}, rcps: [][]string{{}, {denyAll}},
			want: policy.Result{Decision: policy.ExplicitlyDenied, By: []policy.Decider{{scp, 0, 0, 1}, {rcp, 1, 0, 0}}},
		},
		"RCPs need no Allow": {
			scps: [][]string{full}, rcps: [][]string{{}, {}},
			want: policy.Result{Decision: policy.Allowed, By: []policy.Decider{{scp, 0, 0, 0}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var scps, rcps policy.Levels
			if test.scps != nil {
				scps = levels(t, scp, test.scps...)
			}
			if test.rcps != nil {
				rcps = levels(t, rcp, test.rcps...)
			}
			got, err := policy.Evaluate(scps, rcps, admin)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
		})
	}
}
