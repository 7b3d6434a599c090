package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runAlerts runs `landfall alerts match` on a zone's file.
func runAlerts(config, stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errors bytes.Buffer
	code = run(context.Background(), append([]string{"alerts", "match", "--config", config}, args...), strings.NewReader(stdin), &out, &errors)
	return code, out.String(), errors.String()
}

const (
	defaultZone = "../../config/landing-zone.yaml"
	leaving     = `{"id":"a","event":{"account":"111122223333","region":"us-east-1","source":"aws.organizations","detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"LeaveOrganization","errorCode":"AccessDenied","userIdentity":{"type":"IAMUser"}}}}`
)

func TestAlertsMatch(t *testing.T) {
	for name, test := range map[string]struct {
		line string
		code int
		want string
	}{
		"an attempt that a guardrail denied": {leaving, exitGood, `{"id":"a","alerts":[{"alert":"organization-guardrail-changed","severity":"critical","tier":"page","runbook":"organization-guardrail-changed"}]}`},
		"ordinary work":                      {strings.Replace(leaving, "LeaveOrganization", "ListAccounts", 1), exitGood, `{"id":"a","alerts":[]}`},
		"a Region that nobody watches":       {strings.Replace(leaving, "us-east-1", "eu-west-1", 1), exitGood, `{"id":"a","alerts":[]}`},
		"a drill": {`{"id":1,"event":{"account":"111122223333","region":"us-west-2","source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":8,"service":{"additionalInfo":{"sample":true}}}}}`, exitGood,
			`{"id":1,"alerts":[{"alert":"guardduty-finding-high","severity":"high","tier":"page","runbook":"guardduty-finding","drill":true}]}`},
		"a CloudTrail record without its envelope": {`{"id":1,"event":{"eventName":"LeaveOrganization"}}`, exitInput,
			`{"id":1,"error":"event: no EventBridge envelope: it needs source, detail-type, account and region around detail; a CloudTrail record alone is only the detail"}`},
		"no JSON": {"x", exitInput, `{"id":null,"error":"want one object with id and event: invalid character 'x' looking for beginning of value"}`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := runAlerts(defaultZone, test.line+"\n")
			assert.Equal(t, test.want+"\n", stdout)
			assert.Equal(t, test.code, code)
			if test.code == exitInput {
				assert.Equal(t, "landfall: 1 of 1 line could not be matched; each has its own error\n", stderr)
			}
		})
	}
	t.Run("no zone", func(t *testing.T) {
		code, _, stderr := runAlerts("missing.yaml", leaving)
		assert.Equal(t, exitInput, code)
		assert.Contains(t, stderr, "missing.yaml")
	})
	t.Run("no such input", func(t *testing.T) {
		code, _, stderr := runAlerts(defaultZone, "", "missing.jsonl")
		assert.Equal(t, exitInput, code)
		assert.Contains(t, stderr, "missing.jsonl")
	})
}

func TestAlertsMatchWithSuppressions(t *testing.T) {
	zone, err := os.ReadFile(defaultZone)
	require.NoError(t, err)
	write := func(expires string) string {
		file := filepath.Join(t.TempDir(), "zone.yaml")
		text := strings.Replace(string(zone), "alerts:\n", "alerts:\n  suppressions:\n    - {alert: organization-guardrail-changed, principals: [user/ana], reason: she tests the guardrail, expires: \""+expires+"\"}\n", 1)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	ana := strings.Replace(leaving, `"type":"IAMUser"`, `"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/ana"`, 1)
	t.Run("what is suppressed raises nothing", func(t *testing.T) {
		code, stdout, _ := runAlerts(write("2099-12-31"), ana+"\n"+leaving+"\n")
		assert.Equal(t, exitGood, code)
		assert.True(t, strings.HasPrefix(stdout, `{"id":"a","alerts":[]}`+"\n"+`{"id":"a","alerts":[{`), stdout)
	})
	t.Run("an expired suppression is a problem of the file", func(t *testing.T) {
		code, stdout, stderr := runAlerts(write("2020-01-01"), ana)
		assert.Equal(t, exitNo, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "alerts.suppressions[organization-guardrail-changed].expires: the suppression has expired")
	})
}
