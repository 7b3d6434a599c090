package customresource_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/customresource"
	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/organization"
)

const (
	// pollInterval is how often the provider framework calls is-complete here.
	pollInterval = 15 * time.Second
	stackID      = "arn:aws:cloudformation:eu-central-1:111122223333:stack/landfall-organization/1"
)

// provider plays the provider framework: it calls the handler of the real client, which
// talks to the fake over HTTP, and passes everything through JSON as Lambda does.
type provider struct {
	t       *testing.T
	server  *fakeaws.Server
	handler *customresource.Handler
	// kill ends the goroutine of an invocation after the request with this number, as a
	// Lambda function that is stopped in the middle; 0 is never.
	kill      atomic.Int64
	requests  atomic.Int64
	kills     int
	transport *http.Transport
	// giveUp makes the request that waits time out, so that no test waits for a clock.
	giveUp chan struct{}
}

// timedOut is what a client reports that has waited long enough.
type timedOut struct{}

func (timedOut) Error() string   { return "Client.Timeout exceeded while awaiting headers" }
func (timedOut) Timeout() bool   { return true }
func (timedOut) Temporary() bool { return true }

func newProvider(t *testing.T, options fakeaws.Options) *provider {
	t.Helper()
	p := &provider{t: t, server: fakeaws.New(options), giveUp: make(chan struct{}, 1), transport: &http.Transport{}}
	t.Cleanup(p.close)
	p.handler = customresource.New(newClient(p.server, p), newSecurityClient(p.server, p), p.server.Now, slog.New(slog.DiscardHandler))
	return p
}

func (p *provider) close() {
	p.transport.CloseIdleConnections()
	p.server.Close()
}

func newClient(server *fakeaws.Server, transport http.RoundTripper) *organization.Client {
	return organization.New(aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(server.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
		HTTPClient:   &http.Client{Transport: transport},
	}, organization.WithClock(server.Now), organization.WithBackoff(func(int) time.Duration { return time.Millisecond }))
}

// RoundTrip sends a request and, when it is the one to be killed at, never returns.
func (p *provider) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(request.Context())
	defer cancel()
	response := make(chan *http.Response, 1)
	failure := make(chan error, 1)
	go func() {
		got, err := p.transport.RoundTrip(request.WithContext(ctx))
		if err == nil {
			var body []byte
			body, err = io.ReadAll(got.Body)
			_ = got.Body.Close()
			got.Body = io.NopCloser(bytes.NewReader(body))
			response <- got
		}
		failure <- err
	}()
	var err error
	select {
	case err = <-failure:
	case <-p.giveUp:
		cancel()
		<-failure
		err = timedOut{}
	}
	if number := p.requests.Add(1); number == p.kill.Load() {
		p.kills++
		runtime.Goexit()
	}
	if err != nil {
		return nil, err
	}
	return <-response, nil
}

// killed is the outcome of an invocation that ended without an answer.
type killed struct{}

func (killed) Error() string { return "the function was stopped" }

// invoke runs a handler function as Lambda does: JSON in, JSON out, in its own goroutine.
func invoke[In, Out any](ctx context.Context, function func(context.Context, In) (Out, error), event map[string]any) (map[string]any, error) {
	raw, err := json.Marshal(event)
	if err != nil {
		return nil, err
	}
	var in In
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, err
	}
	var out Out
	err = killed{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		out, err = function(ctx, in)
	}()
	<-done
	if err != nil {
		return nil, err
	}
	if raw, err = json.Marshal(out); err != nil {
		return nil, err
	}
	var answer map[string]any
	return answer, json.Unmarshal(raw, &answer)
}

type properties = map[string]any

// event makes an event for a resource.
func event(requestType, resourceType string, new, old properties) map[string]any {
	e := map[string]any{"RequestType": requestType, "ResourceType": resourceType, "LogicalResourceId": "Resource",
		"StackId": stackID, "RequestId": "1", "ServiceToken": "arn:aws:lambda:eu-central-1:111122223333:function:f"}
	if new != nil {
		e["ResourceProperties"] = new
	}
	if old != nil {
		e["OldResourceProperties"] = old
	}
	return e
}

func create(resourceType string, new properties) map[string]any {
	return event("Create", resourceType, new, nil)
}

func update(id, resourceType string, new, old properties) map[string]any {
	e := event("Update", resourceType, new, old)
	e["PhysicalResourceId"] = id
	return e
}

// result is what CloudFormation gets in the end.
type result struct {
	id         string
	attributes map[string]any
	err        error
}

// handle runs an event to its end: on-event, then is-complete every 15 seconds of virtual
// time for at most one hour. A function that is stopped is called again with the same event.
func (p *provider) handle(e map[string]any) result {
	ctx := context.Background()
	answer, err := invoke(ctx, p.handler.OnEvent, e)
	for err == (killed{}) {
		answer, err = invoke(ctx, p.handler.OnEvent, e)
	}
	if err != nil {
		return result{err: err}
	}
	id, _ := answer["PhysicalResourceId"].(string)
	merged := map[string]any{}
	for _, part := range []map[string]any{e, answer} {
		for key, value := range part {
			merged[key] = value
		}
	}
	for deadline := p.server.Now().Add(time.Hour); p.server.Now().Before(deadline); p.server.Advance(pollInterval) {
		answer, err := invoke(ctx, p.handler.IsComplete, merged)
		if err == (killed{}) {
			continue
		}
		if err != nil {
			return result{id: id, err: err}
		}
		if complete, _ := answer["IsComplete"].(bool); !complete {
			if answer["Data"] != nil {
				return result{err: fmt.Errorf("the framework refuses data of an incomplete operation: %v", answer)}
			}
			continue
		}
		attributes := map[string]any{}
		for _, part := range []any{merged["Data"], answer["Data"]} {
			if data, ok := part.(map[string]any); ok {
				for key, value := range data {
					attributes[key] = value
				}
			}
		}
		return result{id: id, attributes: attributes}
	}
	return result{err: fmt.Errorf("CloudFormation would have given up on %v", e)}
}

// ok handles an event that must succeed.
func (p *provider) ok(e map[string]any) result {
	p.t.Helper()
	r := p.handle(e)
	require.NoError(p.t, r.err)
	return r
}

// refused handles an event that must fail and checks that the message contains the parts.
func (p *provider) refused(e map[string]any, parts ...string) {
	p.t.Helper()
	r := p.handle(e)
	require.Error(p.t, r.err)
	for _, part := range parts {
		require.Contains(p.t, r.err.Error(), part)
	}
}

// names lists the calls as "service:Operation".
func names(calls []fakeaws.Call) []string {
	list := make([]string, len(calls))
	for i, call := range calls {
		list[i] = call.Name()
	}
	return list
}

func count(calls []fakeaws.Call, operation string) int {
	n := 0
	for _, call := range calls {
		if strings.EqualFold(call.Operation, operation) {
			n++
		}
	}
	return n
}

// newClientOfMember acts in a member account with keys from AssumeRole.
func newClientOfMember(t *testing.T, server *fakeaws.Server, accountID string) *organization.Client {
	t.Helper()
	client := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")})
	assumed, err := client.AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + accountID + ":role/OrganizationAccountAccessRole"), RoleSessionName: aws.String("test")})
	require.NoError(t, err)
	return organization.New(aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider(aws.ToString(assumed.Credentials.AccessKeyId),
			aws.ToString(assumed.Credentials.SecretAccessKey), aws.ToString(assumed.Credentials.SessionToken)),
	}, organization.WithBackoff(func(int) time.Duration { return time.Millisecond }), organization.WithClock(server.Now))
}
