package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runGuardrails runs a verb of `landfall guardrails` on the default zone.
func runGuardrails(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errors bytes.Buffer
	code = run(context.Background(), append([]string{"guardrails", "--config", "../../config/landing-zone.yaml"}, args...), strings.NewReader(stdin), &out, &errors)
	return code, out.String(), errors.String()
}

const leave = `{"id":"a","account":"orders-prod","request":{"action":"organizations:LeaveOrganization","resource":"*","principal":"arn:aws:iam::111122223333:role/admin"}}`

func TestGuardrailsEval(t *testing.T) {
	for name, test := range map[string]struct {
		line string
		code int
		want string
	}{
		"a denial names the guardrail": {leave, exitGood,
			`{"id":"a","decision":"ExplicitlyDenied","by":[{"kind":"scp","level":0,"policy":1,"statement":0,"guardrail":"deny-leaving-organization","title":"Accounts stay in the organization","file":"controls/guardrails/deny-leaving-organization.yaml","sid":"StayInOrganization","policyName":"landfall-root-1","attachedTo":"root"}]}`},
		"an OU instead of an account": {`{"id":2,"ou":"Workloads/Prod","request":{"action":"kms:DisableKey","resource":"arn:aws:kms:us-east-1:111122223333:key/k","principal":"arn:aws:iam::111122223333:role/admin","context":{"aws:RequestedRegion":"us-east-1"}}}`, exitGood,
			`{"id":2,"decision":"ExplicitlyDenied","by":[{"kind":"scp","level":2,"policy":1,"statement":0,"guardrail":"keep-production-data-recoverable","title":"Production keys and backups are not destroyed","file":"controls/guardrails/keep-production-data-recoverable.yaml","sid":"ProductionKeys","policyName":"landfall-ou-Workloads.Prod-1","attachedTo":"OU Workloads/Prod"}]}`},
		"what is let through": {`{"id":3,"account":"orders-dev","request":{"action":"s3:GetObject","resource":"arn:aws:s3:::orders/x","principal":"arn:aws:iam::111122223333:role/admin","context":{"aws:RequestedRegion":"us-east-1"}}}`, exitGood,
			`{"id":3,"decision":"Allowed","by":[{"kind":"scp","level":0,"policy":0,"statement":0},{"kind":"scp","level":1,"policy":0,"statement":0},{"kind":"scp","level":2,"policy":0,"statement":0},{"kind":"scp","level":3,"policy":0,"statement":0}]}`},
		"an unknown account": {strings.Replace(leave, "orders-prod", "orders", 1), exitInput,
			`{"id":"a","error":"the zone has no account \"orders\"; it has log-archive, audit, orders-dev, orders-prod, shared-network"}`},
		"neither account nor OU": {strings.Replace(leave, `"account":"orders-prod",`, "", 1), exitInput, `{"id":"a","error":"name an account or an OU"}`},
		"no request":             {`{"id":"a","account":"orders-prod"}`, exitInput, `{"id":"a","error":"request: missing"}`},
		"a misspelled member": {strings.Replace(leave, `"account"`, `"acount"`, 1), exitInput,
			`{"id":"a","error":"acount: unknown field; allowed are id, account, ou, request"}`},
		"a malformed request": {strings.Replace(leave, "organizations:LeaveOrganization", "organizations:*", 1), exitInput,
			`{"id":"a","error":"request.action: \"organizations:*\" is not one action; write \"service:Name\" without wildcards"}`},
		"no JSON":                 {"x", exitInput, `{"id":null,"error":"expected an object with id, account, ou, request, got 'x'"}`},
		"an id that is an object": {strings.Replace(leave, `"a"`, `{}`, 1), exitInput, `{"id":null,"error":"id: expected a string or a number"}`},
		"two objects":             {leave + leave, exitInput, `{"id":"a","error":"unexpected text after the JSON value, at byte 156"}`},
		"a bracket too many":      {leave + "}", exitInput, `{"id":"a","error":"unexpected text after the JSON value, at byte 156"}`},
		"the root": {strings.Replace(leave, `"account":"orders-prod"`, `"ou":"root"`, 1), exitGood,
			`{"id":"a","decision":"ExplicitlyDenied","by":[{"kind":"scp","level":0,"policy":1,"statement":0,"guardrail":"deny-leaving-organization","title":"Accounts stay in the organization","file":"controls/guardrails/deny-leaving-organization.yaml","sid":"StayInOrganization","policyName":"landfall-root-1","attachedTo":"root"}]}`},
		"the management account": {strings.Replace(leave, "orders-prod", "management", 1), exitInput,
			`{"id":"a","error":"the zone has no account \"management\", and of the management account there is nothing to decide: service and resource control policies do not bind it"}`},
		"an account in another case": {strings.Replace(leave, "orders-prod", "Orders-Prod", 1), exitInput,
			`{"id":"a","error":"the zone has no account \"Orders-Prod\"; did you mean \"orders-prod\"?"}`},
		"an OU with a slash too many": {strings.Replace(leave, `"account":"orders-prod"`, `"ou":"/workloads/prod/"`, 1), exitInput,
			`{"id":"a","error":"the zone has no OU \"/workloads/prod/\"; did you mean \"Workloads/Prod\"?"}`},
		"an account that is a number": {strings.Replace(leave, `"orders-prod"`, `7`, 1), exitInput, `{"id":"a","error":"account: expected a string"}`},
		"a member in another case":    {strings.Replace(leave, `"account"`, `"Account"`, 1), exitInput, `{"id":"a","error":"Account: unknown field; allowed are id, account, ou, request"}`},
		"text that is not UTF-8":      {strings.Replace(leave, "orders-prod", "orders\xff", 1), exitInput, `{"id":null,"error":"the line is not UTF-8"}`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := runGuardrails(test.line+"\n", "eval")
			assert.Equal(t, test.want+"\n", stdout)
			assert.Equal(t, test.code, code)
			if test.code == exitInput {
				assert.Equal(t, "landfall: 1 of 1 line could not be evaluated; each has its own error\n", stderr)
			}
		})
	}
	t.Run("a request that stands there twice decides nothing", func(t *testing.T) {
		twice := strings.Replace(leave, `"request":`, `"request":{"action":"s3:GetObject","resource":"*","principal":"arn:aws:iam::111122223333:role/a"},"request":`, 1)
		code, stdout, _ := runGuardrails(twice+"\n", "eval")
		assert.Equal(t, exitInput, code)
		assert.Contains(t, stdout, `"error"`)
		assert.Contains(t, stdout, "request")
		assert.NotContains(t, stdout, "decision")
	})
	t.Run("a long name is not repeated whole", func(t *testing.T) {
		_, stdout, _ := runGuardrails(strings.Replace(leave, "orders-prod", strings.Repeat("x", 1<<20), 1)+"\n", "eval")
		assert.Less(t, len(stdout), 500)
	})
	t.Run("the answers come in the order of the lines", func(t *testing.T) {
		var in strings.Builder
		for i := range 5000 {
			fmt.Fprintln(&in, strings.Replace(leave, `"a"`, fmt.Sprint(i), 1))
		}
		code, stdout, _ := runGuardrails(in.String(), "eval", "-")
		require.Equal(t, exitGood, code)
		for i, line := range strings.Split(strings.TrimSpace(stdout), "\n") {
			require.True(t, strings.HasPrefix(line, fmt.Sprintf(`{"id":%d,`, i)), line)
		}
	})
}

func TestGuardrailsExplain(t *testing.T) {
	t.Run("tells a developer what to do", func(t *testing.T) {
		code, stdout, _ := runGuardrails("", "explain", "--account", "orders-prod", "--action", "iam:CreateUser", "--resource", "arn:aws:iam::111122223333:user/x")
		assert.Equal(t, exitNo, code)
		for _, want := range []string{
			"iam:CreateUser is stopped by the guardrail deny-iam-users (recommended).", "Instead:     People sign in through IAM Identity Center",
			"Statement:   IamUsers in controls/guardrails/deny-iam-users.yaml", "Attached to: root, policy landfall-root-3",
			"Exempt:      arn:*:iam::*:role/stacksets-exec-*, arn:*:iam::*:role/landfall-*",
		} {
			assert.Contains(t, stdout, want)
		}
	})
	t.Run("says that nothing stops a request", func(t *testing.T) {
		code, stdout, _ := runGuardrails("", "explain", "--ou", "Workloads/Prod", "--action", "s3:GetObject", "--resource", "arn:aws:s3:::orders/x")
		assert.Equal(t, exitGood, code)
		assert.Equal(t, "s3:GetObject is let through: no guardrail of this zone stops it. The policies of the account decide.\n", stdout)
	})
	t.Run("takes context keys, several values and keys away", func(t *testing.T) {
		code, stdout, _ := runGuardrails("", "explain", "--account", "orders-prod", "--action", "s3:GetObject", "--resource", "arn:aws:s3:::orders/x", "--json",
			"--context", "aws:requestedregion=eu-west-3", "--context", "aws:TagKeys=a", "--context", "aws:TagKeys=b", "--context", "aws:SourceIp=")
		assert.Equal(t, exitNo, code)
		var got explained
		require.NoError(t, json.Unmarshal([]byte(stdout), &got))
		assert.Equal(t, "deny-other-regions", got.Reasons[0].Guardrail)
		assert.NotEmpty(t, got.Reasons[0].Intent)
		assert.EqualValues(t, []string{"eu-west-3"}, got.Request.Context["aws:requestedregion"])
		assert.EqualValues(t, []string{"a", "b"}, got.Request.Context["aws:TagKeys"])
		assert.NotContains(t, got.Request.Context, "aws:SourceIp")
		assert.NotContains(t, got.Request.Context, "aws:RequestedRegion")
	})
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"without action":            {[]string{"--account", "orders-prod"}, `required flag(s) "action" not set`},
		"without account":           {[]string{"--action", "s3:GetObject"}, "name an account or an OU (--account or --ou)"},
		"with a malformed context":  {[]string{"--account", "orders-prod", "--action", "s3:GetObject", "--context", "Region"}, `--context "Region": must be KEY=VALUE`},
		"with a malformed resource": {[]string{"--account", "orders-prod", "--action", "s3:GetObject", "--resource", "orders"}, "request.resource"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := runGuardrails("", append([]string{"explain"}, test.args...)...)
			assert.Equal(t, exitInput, code)
			assert.Contains(t, stderr, test.want)
		})
	}
}

func TestGuardrailsCheck(t *testing.T) {
	code, stdout, _ := runGuardrails("", "check")
	assert.Equal(t, exitGood, code)
	assert.Contains(t, stdout, "landfall-root-1")
	code, stdout, _ = runGuardrails("", "check", "--json")
	assert.Equal(t, exitGood, code)
	var policies []checkedPolicy
	require.NoError(t, json.Unmarshal([]byte(stdout), &policies))
	assert.Equal(t, "landfall-root-1", policies[0].Name)

	file := filepath.Join(t.TempDir(), "landing-zone.yaml")
	zone, err := os.ReadFile("../../config/landing-zone.yaml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, append(zone, "guardrails:\n  changes:\n    - id: deny-iam-user\n      state: off\n"...), 0o600))
	code, stdout, _ = runGuardrails("", "check", "--config", file)
	assert.Equal(t, exitNo, code)
	assert.Contains(t, stdout, `guardrails.changes[0].id: there is no guardrail "deny-iam-user"; did you mean "deny-iam-users"?`)
}
