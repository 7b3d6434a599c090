//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// functions runs the handler's executable as AWS Lambda does: one process per function, which takes
// its events from the Runtime API (Lambda developer guide, "Using the Lambda runtime API for custom runtimes").
type functions struct {
	URL string // takes what provider.py posts

	executable string
	endpoint   string // AWS_ENDPOINT_URL of the processes
	logs       string // folder
	processes  *processes
	server     *http.Server

	mu         sync.Mutex
	running    map[string]*function // by function name
	operations map[operation]int
	repeated   map[operation]int
	past       []invocation // the calls of is-complete that ended an operation
}

// operation is what the handler was asked to do.
type operation struct{ ResourceType, Request string }

// invocation is what provider.py asks for.
type invocation struct {
	FunctionName string
	Handler      string
	Timeout      int // seconds
	Environment  map[string]string
	Event        json.RawMessage
}

// outcome is what a function answered: its payload or its error document.
type outcome struct {
	Payload json.RawMessage `json:",omitempty"`
	Error   json.RawMessage `json:",omitempty"`
}

func startFunctions(executable, endpoint, logs string, processes *processes) (*functions, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for invocations: %w", err)
	}
	f := &functions{URL: "http://" + listener.Addr().String(), executable: executable, endpoint: endpoint, logs: logs,
		processes: processes, running: map[string]*function{}, operations: map[operation]int{}, repeated: map[operation]int{}}
	f.server = &http.Server{Handler: http.HandlerFunc(f.serve), ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

func (f *functions) close() {
	_ = f.server.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, function := range f.running {
		function.close()
	}
}

func (f *functions) serve(w http.ResponseWriter, r *http.Request) {
	var in invocation
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	f.count(in)
	result, err := f.invoke(r.Context(), in)
	f.remember(in, result)
	if err != nil {
		text, _ := json.Marshal(map[string]string{"errorType": "Runtime", "errorMessage": err.Error()})
		result = outcome{Error: text}
	}
	_ = json.NewEncoder(w).Encode(result)
}

func (f *functions) count(in invocation) {
	var event struct{ ResourceType, RequestType string }
	if in.Handler == "on-event" && json.Unmarshal(in.Event, &event) == nil {
		f.mu.Lock()
		f.operations[operation{event.ResourceType, event.RequestType}]++
		f.mu.Unlock()
	}
}

// remember keeps the calls that ended an operation well.
func (f *functions) remember(in invocation, result outcome) {
	var answer struct{ IsComplete bool }
	if in.Handler == "is-complete" && result.Payload != nil && json.Unmarshal(result.Payload, &answer) == nil && answer.IsComplete {
		f.mu.Lock()
		f.past = append(f.past, in)
		f.mu.Unlock()
	}
}

func (f *functions) invoke(ctx context.Context, in invocation) (outcome, error) {
	f.mu.Lock()
	running := f.running[in.FunctionName]
	if running == nil {
		var err error
		if running, err = f.start(in); err != nil {
			f.mu.Unlock()
			return outcome{}, err
		}
		f.running[in.FunctionName] = running
	}
	f.mu.Unlock()
	result, err := running.invoke(ctx, in)
	if err != nil {
		// The next event gets a new process, as on Lambda.
		f.mu.Lock()
		running.close()
		delete(f.running, in.FunctionName)
		f.mu.Unlock()
	}
	return result, err
}

// function is a process with the Runtime API that serves it.
type function struct {
	server *http.Server
	stop   func()
	exited <-chan struct{}
	turn   sync.Mutex // one event at a time
	events chan event
}

type event struct {
	id       string
	deadline time.Time
	body     []byte
	answer   chan outcome
}

func (f *functions) start(in invocation) (*function, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	fn := &function{events: make(chan event)}
	fn.server = &http.Server{Handler: fn.runtimeAPI(), ReadHeaderTimeout: time.Minute}
	go func() { _ = fn.server.Serve(listener) }()
	log, err := os.OpenFile(filepath.Join(f.logs, in.FunctionName+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(f.executable)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = []string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "_HANDLER=" + in.Handler,
		"AWS_LAMBDA_FUNCTION_NAME=" + in.FunctionName, "AWS_REGION=" + homeRegion, "AWS_ENDPOINT_URL=" + f.endpoint,
		"AWS_ACCESS_KEY_ID=" + handlerKey, "AWS_SECRET_ACCESS_KEY=" + handlerKey, "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + os.DevNull, "AWS_SHARED_CREDENTIALS_FILE=" + os.DevNull, "HOME=" + f.logs,
	}
	for name, value := range in.Environment {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if fn.stop, fn.exited, err = f.processes.start(cmd); err != nil {
		return nil, fmt.Errorf("starting the handler: %w", err)
	}
	return fn, nil
}

func (fn *function) close() {
	_ = fn.server.Close()
	fn.stop()
}

func (fn *function) invoke(ctx context.Context, in invocation) (outcome, error) {
	fn.turn.Lock()
	defer fn.turn.Unlock()
	timeout := time.Duration(in.Timeout) * time.Second
	e := event{id: strconv.FormatInt(time.Now().UnixNano(), 36), deadline: time.Now().Add(timeout), body: in.Event, answer: make(chan outcome, 1)}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case fn.events <- e:
	case <-fn.exited:
		return outcome{}, fmt.Errorf("RequestId: %s Error: Runtime exited before it took the event", e.id)
	case <-timer.C:
		return outcome{}, fmt.Errorf("%s Task timed out after %d seconds", e.id, in.Timeout)
	case <-ctx.Done():
		return outcome{}, ctx.Err()
	}
	select {
	case result := <-e.answer:
		return result, nil
	case <-fn.exited:
		return outcome{}, fmt.Errorf("RequestId: %s Error: Runtime exited without an answer", e.id)
	case <-timer.C:
		return outcome{}, fmt.Errorf("%s Task timed out after %d seconds", e.id, in.Timeout)
	case <-ctx.Done():
		return outcome{}, ctx.Err()
	}
}

// runtimeAPI serves the three routes that a runtime needs.
func (fn *function) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	var mu sync.Mutex
	open := map[string]event{}
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case e := <-fn.events:
			mu.Lock()
			open[e.id] = e
			mu.Unlock()
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", e.id)
			w.Header().Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.deadline.UnixMilli(), 10))
			w.Header().Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+homeRegion+":"+managementAccount+":function:rehearsal")
			_, _ = w.Write(e.body)
		case <-r.Context().Done():
		}
	})
	answer := func(w http.ResponseWriter, r *http.Request, make func([]byte) outcome) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		mu.Lock()
		e, known := open[r.PathValue("id")]
		delete(open, r.PathValue("id"))
		mu.Unlock()
		if !known {
			http.Error(w, "no such request", http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		e.answer <- make(bytes.Clone(body))
	}
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(b []byte) outcome { return outcome{Payload: b} })
	})
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		answer(w, r, func(b []byte) outcome { return outcome{Error: b} })
	})
	return mux
}

// counts is how often the handler was asked for each operation, by stacks and in repetitions.
func (f *functions) counts() (operations, repeated map[operation]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.operations), maps.Clone(f.repeated)
}

// repeat sends every operation of the past again: each event as it was, and each as an update that changes nothing.
// It returns the number of operations.
func (f *functions) repeat(ctx context.Context) (int, error) {
	f.mu.Lock()
	past := slices.Clone(f.past)
	f.mu.Unlock()
	n := 0
	for _, in := range past {
		var event map[string]any
		if err := json.Unmarshal(in.Event, &event); err != nil {
			return n, err
		}
		update := maps.Clone(event)
		update["RequestType"], update["OldResourceProperties"] = "Update", event["ResourceProperties"]
		for _, e := range []map[string]any{event, update} {
			text, err := json.Marshal(e)
			if err != nil {
				return n, err
			}
			again := in
			again.Event = text
			result, err := f.invoke(ctx, again)
			if err != nil {
				return n, err
			}
			var answer struct{ IsComplete bool }
			if result.Error != nil {
				return n, fmt.Errorf("%v %v: %s", e["RequestType"], e["LogicalResourceId"], result.Error)
			}
			if err := json.Unmarshal(result.Payload, &answer); err != nil || !answer.IsComplete {
				return n, fmt.Errorf("%v %v was complete and is not any more: %s", e["RequestType"], e["LogicalResourceId"], result.Payload)
			}
			f.mu.Lock()
			f.repeated[operation{fmt.Sprint(e["ResourceType"]), fmt.Sprint(e["RequestType"])}]++
			f.mu.Unlock()
			n++
		}
	}
	return n, nil
}
