package policy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/policy"
)

func TestResourcePolicies(t *testing.T) {
	const iam = "arn:aws:iam::111122223333:"
	const session = "arn:aws:sts::111122223333:assumed-role/Admin/ana"
	const allow = `{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::logs/*",`
	for name, test := range map[string]struct {
		statement, principal string
		want                 policy.Decision
	}{
		"everyone includes roles":                        {allow + `"Principal":"*"}`, iam + "role/Admin", policy.Allowed},
		"everyone includes anonymous callers":            {allow + `"Principal":{"AWS":"*"}}`, policy.Anonymous, policy.Allowed},
		"everyone includes services":                     {allow + `"Principal":"*"}`, "s3.amazonaws.com", policy.Allowed},
		"an account id covers its principals":            {allow + `"Principal":{"AWS":"111122223333"}}`, session, policy.Allowed},
		"an account's root ARN covers its principals":    {allow + `"Principal":{"AWS":"` + iam + `root"}}`, iam + "user/ana", policy.Allowed},
		"an account does not cover another's principals": {allow + `"Principal":{"AWS":"444455556666"}}`, session, policy.ImplicitlyDenied},
		"a role covers its sessions":                     {allow + `"Principal":{"AWS":"` + iam + `role/Admin"}}`, session, policy.Allowed},
		"a role does not cover another role":             {allow + `"Principal":{"AWS":"` + iam + `role/Other"}}`, session, policy.ImplicitlyDenied},
		"a session is covered by its own ARN":            {allow + `"Principal":{"AWS":"` + session + `"}}`, session, policy.Allowed},
		"ARNs of principals have no wildcards":           {allow + `"Principal":{"AWS":"` + iam + `role/*"}}`, iam + "role/Admin", policy.ImplicitlyDenied},
		"a service is covered by its name":               {allow + `"Principal":{"Service":["config.amazonaws.com","cloudtrail.amazonaws.com"]}}`, "cloudtrail.amazonaws.com", policy.Allowed},
		"a service is not covered by another's name":     {allow + `"Principal":{"Service":"config.amazonaws.com"}}`, "cloudtrail.amazonaws.com", policy.ImplicitlyDenied},
		"a service is not covered by an account":         {allow + `"Principal":{"AWS":"111122223333"}}`, "cloudtrail.amazonaws.com", policy.ImplicitlyDenied},
		"an identity provider is covered by its ARN":     {allow + `"Principal":{"Federated":"` + iam + `oidc-provider/token.example.com"}}`, iam + "oidc-provider/token.example.com", policy.Allowed},
		"NotPrincipal is everyone else":                  {`{"Effect":"Deny","NotPrincipal":{"AWS":"` + iam + `role/Admin"},"Action":"*","Resource":"*"}`, iam + "role/Other", policy.ExplicitlyDenied},
		"NotPrincipal spares whom it lists":              {`{"Effect":"Deny","NotPrincipal":{"AWS":"` + iam + `role/Admin"},"Action":"*","Resource":"*"}`, session, policy.ImplicitlyDenied},
		"a condition still counts":                       {allow + `"Principal":"*","Condition":{"StringEquals":{"aws:SourceAccount":"111122223333"}}}`, "cloudtrail.amazonaws.com", policy.ImplicitlyDenied},
		"a trust policy needs no Resource":               {`{"Effect":"Allow","Principal":"*","Action":"s3:PutObject"}`, session, policy.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			request := policy.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::logs/a", Principal: test.principal}
			got, err := policy.EvaluateResourcePolicy(compile(t, policy.Resource, statements(test.statement)), request)
			require.NoError(t, err)
			require.Equal(t, test.want, got.Decision)
		})
	}
	t.Run("a Deny wins and is named", func(t *testing.T) {
		p := compile(t, policy.Resource, statements(allow+`"Principal":"*"},{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`))
		request := policy.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::logs/a", Principal: session}
		got, err := policy.EvaluateResourcePolicy(p, request)
		require.NoError(t, err)
		require.Equal(t, policy.Result{Decision: policy.Allowed, By: []policy.Decider{{Kind: policy.Resource, Statement: 0}}}, got)
		request.Context = map[string]policy.Values{"aws:SecureTransport": {"false"}}
		got, err = policy.EvaluateResourcePolicy(p, request)
		require.NoError(t, err)
		require.Equal(t, policy.Result{Decision: policy.ExplicitlyDenied, By: []policy.Decider{{Kind: policy.Resource, Statement: 1}}}, got)
	})
	t.Run("variables are text in the old version", func(t *testing.T) {
		p := compile(t, policy.Resource, `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::${aws:PrincipalAccount}"}}`)
		request := policy.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::111122223333", Principal: session}
		got, err := policy.EvaluateResourcePolicy(p, request)
		require.NoError(t, err)
		require.Equal(t, policy.ImplicitlyDenied, got.Decision)
	})
}
