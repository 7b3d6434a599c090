package customresource

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"
	"unicode/utf8"

	"github.com/landfall-aws/landfall/internal/organization"
	"github.com/landfall-aws/landfall/internal/security"
)

const (
	// giveUp is when is-complete fails by itself. CloudFormation waits for a custom resource
	// at most one hour (property ServiceTimeout), and what it says then helps nobody.
	giveUp = 55 * time.Minute
	// answerMargin is kept before the deadline of a Lambda invocation, so that the answer
	// gets out.
	answerMargin = 5 * time.Second
	// messageLimit in bytes: CloudFormation takes a response of 4,096 bytes at most
	// ("Custom resource response objects"), and the framework adds to the message.
	messageLimit = 1800
	// startedAt is the entry of Data that carries the start of the operation from on-event
	// to each is-complete, in RFC 3339 with milliseconds.
	startedAt = "StartedAt"
	timeForm  = "2006-01-02T15:04:05.000Z07:00"
)

// Handler answers events.
type Handler struct {
	client   *organization.Client
	security *security.Client
	now      func() time.Time
	log      *slog.Logger
}

// New makes a handler that works with the given clients and clock.
func New(client *organization.Client, security *security.Client, now func() time.Time, log *slog.Logger) *Handler {
	return &Handler{client: client, security: security, now: now, log: log}
}

// OnEvent validates the properties and returns the physical id. It calls nothing, so that
// an event which arrives twice does no harm. Its error is what CloudFormation shows.
func (h *Handler) OnEvent(_ context.Context, event Event) (response OnEventResponse, err error) {
	defer func() { err = h.answer(event, recover(), err) }()
	id := event.PhysicalResourceId
	if event.RequestType == "Delete" {
		return OnEventResponse{PhysicalResourceId: id}, nil
	}
	kind, err := kindOf(event)
	if err != nil {
		return OnEventResponse{}, err
	}
	r := &reader{properties: event.ResourceProperties}
	resource := kind(r)
	if len(r.problems) > 0 {
		return OnEventResponse{}, invalidProperties(r.problems)
	}
	switch event.RequestType {
	case "Create":
		id = resource.id
	case "Update":
		// Another id would make CloudFormation delete what the old one names.
	default:
		return OnEventResponse{}, &organization.Failure{What: fmt.Sprintf("the request type %q is unknown", event.RequestType)}
	}
	return OnEventResponse{PhysicalResourceId: id, Data: map[string]string{startedAt: h.now().UTC().Format(timeForm)}}, nil
}

// IsComplete makes one step towards the wished state. An error ends the operation with a
// message for the user; whatever passes by itself is "not complete".
func (h *Handler) IsComplete(ctx context.Context, event Event) (response IsCompleteResponse, err error) {
	defer func() {
		if err = h.answer(event, recover(), err); err != nil {
			response = IsCompleteResponse{}
		}
	}()
	if event.RequestType == "Delete" {
		return IsCompleteResponse{IsComplete: true}, nil
	}
	kind, err := kindOf(event)
	if err != nil {
		return IsCompleteResponse{}, err
	}
	r := &reader{properties: event.ResourceProperties}
	resource := kind(r)
	if len(r.problems) > 0 {
		return IsCompleteResponse{}, invalidProperties(r.problems)
	}
	started, err := h.started(event)
	if err != nil {
		return IsCompleteResponse{}, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerMargin))
		defer cancel()
	}
	data, err := resource.step(ctx, h.client, operation{
		update: event.RequestType == "Update", old: event.OldResourceProperties, started: started, security: h.security})
	response, err = h.judge(event, started, data, err)
	if err != nil && event.RequestType == "Update" {
		return h.undo(ctx, event, started, data, err)
	}
	return response, err
}

// undo lets an update that failed pass when it is part of a roll-back and its attributes
// are known. The deployment has failed already; a second failure would leave the stack in
// UPDATE_ROLLBACK_FAILED, where no further deployment is possible. The next one verifies.
func (h *Handler) undo(ctx context.Context, event Event, started time.Time, data map[string]string, failure error) (IsCompleteResponse, error) {
	for _, value := range data {
		if value == "" {
			return IsCompleteResponse{}, failure
		}
	}
	rollingBack, err := h.client.RollingBack(ctx, event.StackId)
	var pending *organization.Pending
	switch {
	case errors.As(err, &pending) && pending.Otherwise == nil && h.now().Sub(started) < giveUp:
		return IsCompleteResponse{}, nil
	case err != nil || !rollingBack:
		return IsCompleteResponse{}, failure
	}
	h.log.Warn("passed over in a roll-back", "resource", event.LogicalResourceId, "configKey", event.configKey(), "error", failure.Error())
	return IsCompleteResponse{IsComplete: true, Data: data}, nil
}

// judge decides what the result of a step means for an operation of its age.
func (h *Handler) judge(event Event, started time.Time, data map[string]string, err error) (IsCompleteResponse, error) {
	var pending *organization.Pending
	switch age := h.now().Sub(started); {
	case err == nil:
		return IsCompleteResponse{IsComplete: true, Data: data}, nil
	case !errors.As(err, &pending):
		return IsCompleteResponse{}, err
	case pending.Otherwise != nil && age >= pending.Grace:
		return IsCompleteResponse{}, pending.Otherwise
	case age >= giveUp:
		return IsCompleteResponse{}, &organization.Failure{
			What:  fmt.Sprintf("after %d minutes it is still not done: %s", int(age.Minutes()), pending.Reason),
			Why:   "CloudFormation waits one hour at most. Nothing is lost: what exists is found and used again",
			Do:    "Run the same command again; when it stops at the same place, look for the cause in what is waited for",
			Cause: pending.Cause,
		}
	}
	h.log.Info("not complete", "resource", event.LogicalResourceId, "configKey", event.configKey(), "waitsFor", pending.Error())
	return IsCompleteResponse{}, nil
}

// started reads when on-event accepted the operation.
func (h *Handler) started(event Event) (time.Time, error) {
	text, _ := event.Data[startedAt].(string)
	started, err := time.Parse(timeForm, text)
	if err != nil {
		return time.Time{}, &organization.Failure{What: fmt.Sprintf("the event carries no start time (Data.%s is %q)", startedAt, text),
			Why: "is-complete was called without the result of on-event", Do: "Connect both functions to the same provider"}
	}
	return started, nil
}

// answer completes an error with what it is about, and turns a panic into one.
func (h *Handler) answer(event Event, panicked any, err error) error {
	if panicked != nil {
		h.log.Error("panic", "resource", event.LogicalResourceId, "value", fmt.Sprint(panicked), "stack", string(debug.Stack()))
		err = &organization.Failure{What: fmt.Sprintf("the handler failed unexpectedly: %v", panicked),
			Why: "this is a defect of the handler", Do: "Report it with the log of the function"}
	}
	if err == nil {
		return nil
	}
	key := event.configKey()
	if failure := (*organization.Failure)(nil); errors.As(err, &failure) && failure.Key != "" {
		key = failure.Key
	}
	h.log.Error("failed", "resource", event.LogicalResourceId, "configKey", key, "error", err.Error())
	return &Error{ConfigKey: key, ResourceType: event.ResourceType, LogicalID: event.LogicalResourceId, Err: err}
}

// Error is the end of an operation that CloudFormation shows to the user.
type Error struct {
	ConfigKey    string // key of the user's file
	ResourceType string
	LogicalID    string
	Err          error
}

func (e *Error) Error() string {
	return truncate(fmt.Sprintf("%s: %v", e.ConfigKey, e.Err), messageLimit) +
		fmt.Sprintf(" (%s %s)", e.ResourceType, e.LogicalID)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit] + "…"
}
