//go:build unix

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIntrinsicFunctionsHaveTheValuesThatCloudFormationGivesThem(t *testing.T) {
	parsed, err := parseTemplate([]byte(`{
		"Parameters": {"Archive": {}, "Days": {"Default": "7"}},
		"Conditions": {"Home": {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}, "Away": {"Fn::Not": [{"Condition": "Home"}]}},
		"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}, "Elsewhere": {"Type": "AWS::SNS::Topic", "Condition": "Away"}}}`))
	require.NoError(t, err)
	r := &resolver{template: parsed, account: "111122223333", region: "us-east-1", parameters: map[string]string{"Archive": "444455556666"},
		ref:       func(id string, _ definition) (any, error) { return "ref-" + id, nil },
		attribute: func(id string, _ definition, name string) (any, error) { return id + "." + name, nil },
		imported:  func(name string) (any, error) { return "import-" + name, nil }}
	for text, want := range map[string]string{
		`{"Ref": "Archive"}`:               `"444455556666"`,
		`{"Ref": "Days"}`:                  `"7"`,
		`{"Ref": "Topic"}`:                 `"ref-Topic"`,
		`{"Fn::GetAtt": ["Topic", "Arn"]}`: `"Topic.Arn"`,
		`{"Fn::Join": [":", ["a", {"Ref": "AWS::Partition"}]]}`:    `"a:aws"`,
		`{"Fn::Sub": "${AWS::Region}/${Topic.Arn}/${!literal}"}`:   `"us-east-1/Topic.Arn/${literal}"`,
		`{"Fn::Sub": ["${x}-${Archive}", {"x": {"Ref": "Days"}}]}`: `"7-444455556666"`,
		`{"Fn::If": ["Home", "here", "there"]}`:                    `"here"`,
		`[{"Ref": "AWS::NoValue"}, "kept"]`:                        `["kept"]`,
		`{"gone": {"Ref": "AWS::NoValue"}, "kept": 1}`:             `{"kept":1}`,
		`{"Fn::ImportValue": {"Fn::Sub": "x-${AWS::Region}"}}`:     `"import-x-us-east-1"`,
		`{"Fn::Select": [1, {"Fn::Split": ["-", "a-b"]}]}`:         `"b"`,
	} {
		var value any
		require.NoError(t, json.Unmarshal([]byte(text), &value))
		got, err := r.resolve(value)
		require.NoError(t, err, text)
		encoded, err := json.Marshal(got)
		require.NoError(t, err)
		assert.Equal(t, want, string(encoded), text)
	}
	exists, err := r.exists(parsed.Resources["Elsewhere"])
	require.NoError(t, err)
	assert.False(t, exists)
	_, err = r.resolve(map[string]any{"Fn::Unheard": "of"})
	assert.ErrorContains(t, err, "Fn::Unheard")
}

func TestDifferencesOfValueAreFoundAndDifferencesOfFormAreNot(t *testing.T) {
	r := &reading{readback: &readback{}, name: "it"}
	r.equal("same", []any{"s3:*"}, "s3:*")
	r.equal("same", true, "true")
	r.equal("same", float64(1209600), "1209600")
	r.document("same", map[string]any{"Action": []any{"a"}}, `{"Action": "a"}`)
	assert.Empty(t, r.differences)

	r.document("the policy", map[string]any{"Action": []any{"a", "b"}}, `{"Action": ["b", "a"]}`)
	r.document("the policy", map[string]any{"Action": "a"}, `not JSON`)
	r.equal("the bucket", "one", "another")
	assert.Len(t, r.differences, 3)
	assert.Contains(t, r.differences[2], `it: the bucket is "another", but must be "one"`)
}

func TestTheFrontKnowsWhoCallsWhatAndWhetherItWrites(t *testing.T) {
	emulator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); strings.Contains(string(body), "GetCallerIdentity") {
			_, _ = io.WriteString(w, `<R><GetCallerIdentityResult><Account>444455556666</Account></GetCallerIdentityResult></R>`)
			return
		}
		_, _ = io.WriteString(w, "{}"+r.Header.Get(accountHeader))
	}))
	defer emulator.Close()
	f, err := startFront(emulator.URL, io.Discard)
	require.NoError(t, err)
	defer f.close()
	send := func(key, service, target, path string) string {
		request, err := http.NewRequest(http.MethodPost, f.URL+path, strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key+"/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=0")
		if target != "" {
			request.Header.Set("X-Amz-Target", target)
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(text)
	}
	assert.Equal(t, "{}"+managementAccount, send(handlerKey, "kms", "TrentService.ListKeys", ""))
	assert.Equal(t, "{}444455556666", send("ASIAMEMBER", "organizations", "AWSOrganizationsV20161128.MoveAccount", ""))
	send(handlerKey, "account", "", "/getAlternateContact")
	send(handlerKey, "account", "", "/putAlternateContact")

	calls := f.since(0)
	require.Len(t, calls, 4)
	assert.Equal(t, "kms:ListKeys", calls[0].Name())
	assert.Equal(t, "handler", calls[0].Caller)
	assert.False(t, calls[0].Mutating)
	assert.Equal(t, "organizations:MoveAccount", calls[1].Name())
	assert.Equal(t, "444455556666", calls[1].Account)
	assert.True(t, calls[1].Mutating)
	assert.Equal(t, "account:GetAlternateContact", calls[2].Name())
	assert.False(t, calls[2].Mutating)
	assert.Equal(t, "account:PutAlternateContact", calls[3].Name())
	assert.True(t, calls[3].Mutating)
}

func TestNoProcessSurvives(t *testing.T) {
	p := newProcesses()
	cmd := exec.Command("sh", "-c", "trap '' TERM; sleep 60 & sleep 60")
	_, exited, err := p.start(cmd)
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond)
	p.close()
	<-exited
	assert.Eventually(t, func() bool { return syscall.Kill(-cmd.Process.Pid, 0) != nil }, 5*time.Second, 50*time.Millisecond,
		"a process of the group is left")
	_, _, err = p.start(exec.Command("true"))
	assert.ErrorIs(t, err, errEnding)
}

func TestEveryResourceTypeHasAtMostOneFate(t *testing.T) {
	for resourceType := range typesNotRehearsed {
		assert.Nil(t, readerOf(resourceType), resourceType)
	}
	for resourceType := range typeNotes {
		assert.NotNil(t, readerOf(resourceType), resourceType)
	}
}
