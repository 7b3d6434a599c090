package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/fakeaws"
)

// asHandler makes the test binary behave as the command.
const asHandler = "LANDFALL_TEST_AS_HANDLER"

func TestMain(m *testing.M) {
	if os.Getenv(asHandler) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// invocation runs the command against a Lambda Runtime API that has one event, and returns
// which route it answered on ("response" or "error") and what.
func invocation(t *testing.T, handlerName, endpoint string, event map[string]any) (route string, answer map[string]any) {
	t.Helper()
	raw, err := json.Marshal(event)
	require.NoError(t, err)
	type posted struct {
		route string
		body  []byte
	}
	answers := make(chan posted, 1)
	served := make(chan struct{}, 1)
	stop := make(chan struct{})
	runtimeAPI := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/invocation/next") {
			select {
			case served <- struct{}{}:
			default:
				<-stop
				return
			}
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", "1")
			w.Header().Set("Lambda-Runtime-Deadline-Ms", "4102444800000")
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:111122223333:function:f")
			_, _ = w.Write(raw)
			return
		}
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		answers <- posted{r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:], body}
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	command := exec.CommandContext(ctx, os.Args[0])
	command.Env = append(os.Environ(), asHandler+"=1", "_HANDLER="+handlerName,
		"AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(runtimeAPI.URL, "http://"), "AWS_ENDPOINT_URL="+endpoint,
		"AWS_REGION=eu-central-1", "AWS_ACCESS_KEY_ID=AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret")
	command.Stderr = os.Stderr
	require.NoError(t, command.Start())
	defer func() {
		cancel()
		_ = command.Wait()
		close(stop)
		runtimeAPI.Close()
	}()
	select {
	case got := <-answers:
		require.NoError(t, json.Unmarshal(got.body, &answer), string(got.body))
		return got.route, answer
	case <-ctx.Done():
		t.Fatal("the command gave no answer")
		return "", nil
	}
}

func TestTheCommandServesBothFunctionsOfTheProviderFramework(t *testing.T) {
	server := fakeaws.New(fakeaws.Options{})
	defer server.Close()
	event := map[string]any{"RequestType": "Create", "ResourceType": "Custom::LandfallOrganization", "LogicalResourceId": "Organization",
		"ResourceProperties": map[string]any{"ServiceToken": "x", "ConfigKey": "organization"}, "StackId": "s", "RequestId": "1",
		"ResponseURL": "https://example.com"}
	route, answer := invocation(t, "on-event", server.URL, event)
	require.Equal(t, "response", route)
	assert.Equal(t, "organization", answer["PhysicalResourceId"])

	event["Data"], event["PhysicalResourceId"] = answer["Data"], answer["PhysicalResourceId"]
	route, answer = invocation(t, "is-complete", server.URL, event)
	require.Equal(t, "response", route)
	assert.Equal(t, true, answer["IsComplete"])
	assert.Equal(t, "r-ex01", answer["Data"].(map[string]any)["RootId"])

	delete(event, "Data")
	route, answer = invocation(t, "is-complete", server.URL, event)
	require.Equal(t, "error", route)
	assert.Contains(t, answer["errorMessage"], "organization: the event carries no start time")
}

func TestAnUnknownHandlerNameIsRefused(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), "index.handler"), `"index.handler"`)
}
