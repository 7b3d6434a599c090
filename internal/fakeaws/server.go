package fakeaws

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// ManagementAccountID is the account of every access key that AssumeRole did not issue.
const ManagementAccountID = "111122223333"

// Options configure a server. The zero value is a management account without an
// organization in which everything is immediately consistent and nothing is throttled.
type Options struct {
	// FeatureSet, when set, makes the organization exist from the start ("ALL" or "CONSOLIDATED_BILLING").
	FeatureSet string
	// Start is the virtual time at which the server begins; 1 January 2026 when zero.
	Start time.Time
	// Tick is how far the virtual clock moves with each request; 50 ms when zero.
	Tick time.Duration
	// Clock, when set, replaces the virtual clock, for a server that other processes use.
	Clock func() time.Time
	// Finalizing is how long after its creation the organization refuses CreateAccount.
	Finalizing time.Duration
	// AccountCreation is how long an account creation stays IN_PROGRESS; one second when zero.
	AccountCreation time.Duration
	// PolicyTypeChange is how long a policy type stays PENDING_ENABLE.
	PolicyTypeChange time.Duration
	// AccountQuota counts the management account; 10 when zero (AWS Organizations User Guide,
	// "Quotas and service limits", November 2026).
	AccountQuota int
	// StaleReads is how many reads of a list after a write still answer the state before it.
	StaleReads int
	// PageSize bounds every page; 20 when zero, which is also the largest page of ListAccounts.
	PageSize int
	// EmptyFirstPage makes every list begin with an empty page that carries a NextToken, as
	// the API Reference allows.
	EmptyFirstPage bool
	// RateLimits applies the documented request rates on the virtual clock.
	RateLimits bool
	// AllowOverlappingCreations accepts CreateAccount while another creation is in progress;
	// otherwise it answers ConcurrentModificationException.
	AllowOverlappingCreations bool
	// Security configures the security services.
	Security SecurityOptions
}

// Call is one request that the server received.
type Call struct {
	Service   string // "organizations", "cloudformation", "kms", "sts", "guardduty", "sso", …
	Operation string // API name, for example "CreateAccount"
	Mutating  bool   // whether the operation can change state
	AccountID string // account of the caller
	Region    string // Region that the request was signed for
	At        time.Time
	Error     string // error code of the answer, "" when it succeeded
	Fault     Fault  // fault that was injected
}

// Name is "service:Operation", which for all calls served here is the IAM action.
func (c Call) Name() string { return c.Service + ":" + c.Operation }

// Fault is a disturbance of one request.
type Fault int

// Faults of a request. LostResponse executes the operation and drops the connection;
// Timeout does not execute it and answers nothing until the client gives up. Denied and
// Rejected are answers that repeating does not change: AccessDeniedException and
// BadRequestException.
const (
	NoFault Fault = iota
	Throttle
	InternalError
	LostResponse
	Timeout
	Denied
	Rejected
)

func (f Fault) String() string {
	return [...]string{"no fault", "throttle", "internal error", "lost response", "time-out", "denial", "rejection"}[f]
}

// Server is the fake. Its methods may be called from several goroutines.
type Server struct {
	// URL is the endpoint for all services; empty for a server made by [Handler].
	URL string

	options Options
	http    *httptest.Server

	mu      sync.Mutex
	now     time.Time
	calls   []Call
	fault   func(Call) Fault
	keys    map[string]string // access key id -> account id
	buckets map[string]*bucket
	serial  int
	state   state
	stale   map[string]*staleView
	closed  chan struct{}
	once    sync.Once
}

// New starts a server on a local port. Close it when done.
func New(options Options) *Server {
	s := newServer(options)
	s.http = httptest.NewServer(s)
	s.URL = s.http.URL
	return s
}

// Handler returns a new fake as a handler, to be served on its own or behind a front.
func Handler(options Options) http.Handler { return newServer(options) }

func newServer(options Options) *Server {
	if options.Clock != nil {
		options.Start = options.Clock()
	}
	if options.Start.IsZero() {
		options.Start = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	if options.Tick == 0 {
		options.Tick = 50 * time.Millisecond
	}
	if options.AccountCreation == 0 {
		options.AccountCreation = time.Second
	}
	if options.AccountQuota == 0 {
		options.AccountQuota = 10
	}
	if options.PageSize == 0 {
		options.PageSize = 20
	}
	s := &Server{options: options, now: options.Start, keys: map[string]string{}, buckets: map[string]*bucket{},
		stale: map[string]*staleView{}, state: newState(), closed: make(chan struct{})}
	if options.FeatureSet != "" {
		s.state.createOrganization(options.FeatureSet, s.now.Add(-365*24*time.Hour))
	}
	return s
}

// Close stops the server and releases requests that a Timeout fault holds.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.closed)
		if s.http != nil {
			s.http.CloseClientConnections()
			s.http.Close()
		}
	})
}

// Now is the virtual time.
func (s *Server) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Advance moves the virtual clock.
func (s *Server) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	s.settle()
}

// Fault installs the function that decides on a fault for each request; nil removes it.
func (s *Server) Fault(decide func(Call) Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = decide
}

// Calls returns the requests received so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Mutations returns the requests received so far that can change state.
func (s *Server) Mutations() []Call {
	return slices.DeleteFunc(s.Calls(), func(c Call) bool { return !c.Mutating })
}

// ForgetCalls empties the request log.
func (s *Server) ForgetCalls() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = nil
}

// apiError is an error answer of a service.
type apiError struct {
	code    string
	message string
	reason  string // Reason member of ConstraintViolationException and InvalidInputException
	status  int    // 400 when zero
}

func fail(code, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...)}
}

func constraint(reason, format string, args ...any) *apiError {
	return &apiError{code: "ConstraintViolationException", reason: reason, message: fmt.Sprintf(format, args...)}
}

func invalid(reason, format string, args ...any) *apiError {
	return &apiError{code: "InvalidInputException", reason: reason, message: fmt.Sprintf(format, args...)}
}

// input holds the members of a request. A missing member is an empty value.
type input map[string]any

func (in input) str(name string) string {
	value, _ := in[name].(string)
	return value
}

func (in input) list(name string) []any {
	value, _ := in[name].([]any)
	return value
}

func (in input) strings(name string) []string {
	var values []string
	for _, item := range in.list(name) {
		if value, ok := item.(string); ok {
			values = append(values, value)
		}
	}
	return values
}

type output = map[string]any

// operation is one API call. Its function runs with the server's lock held.
type operation struct {
	mutating bool
	// anyMember: every account of the organization may call it, not only management.
	anyMember bool
	run       func(s *Server, caller string, in input) (output, *apiError)
}

// credentialKey finds the access key, the Region and the signing name of a request.
var credentialKey = regexp.MustCompile(`Credential=([^/,\s]+)/\d+/([^/]+)/([^/]+)/`)

// ServeHTTP answers one request of an SDK.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	service, name, in, err := decode(r, body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	op, known := operations()[service+":"+name]

	s.mu.Lock()
	if s.now = s.now.Add(s.options.Tick); s.options.Clock != nil {
		s.now = s.options.Clock()
	}
	s.settle()
	caller, region := ManagementAccountID, ""
	if key := credentialKey.FindStringSubmatch(r.Header.Get("Authorization")); key != nil {
		region = key[2]
		if s.keys[key[1]] != "" {
			caller = s.keys[key[1]]
		}
	}
	in[regionMember] = region
	call := Call{Service: service, Operation: name, Mutating: op.mutating, AccountID: caller, Region: region, At: s.now}
	decide := s.fault
	s.mu.Unlock()

	// The hook may call the server's methods, so it runs without the lock.
	if decide != nil {
		call.Fault = decide(call)
	}

	s.mu.Lock()
	var out output
	var failure *apiError
	switch {
	case call.Fault == Throttle:
		failure = throttled()
	case call.Fault == InternalError:
		failure = &apiError{code: "ServiceException", message: "internal failure", status: http.StatusInternalServerError}
	case call.Fault == Denied:
		failure = fail("AccessDeniedException", "not authorized to perform %s", call.Name())
	case call.Fault == Rejected:
		failure = fail("BadRequestException", "The request is rejected.")
	case call.Fault == Timeout:
	case !known:
		failure = fail("UnknownOperationException", "%s:%s is not served here", service, name)
	case s.options.RateLimits && !s.admit(service, name):
		failure = throttled()
	case service == "organizations" && caller != ManagementAccountID && !op.anyMember && !s.delegateMay(caller, op):
		failure = fail("AccessDeniedException", "account %s is not the management account", caller)
	default:
		out, failure = op.run(s, caller, in)
	}
	if failure != nil {
		call.Error = failure.code
	}
	s.calls = append(s.calls, call)
	s.mu.Unlock()

	switch call.Fault {
	case Timeout:
		select {
		case <-r.Context().Done():
		case <-s.closed:
		}
		drop(w)
	case LostResponse:
		drop(w)
	default:
		respond(w, service, name, out, failure)
	}
}

// delegateMay tells whether a delegated administrator may make a read.
func (s *Server) delegateMay(caller string, op operation) bool {
	if op.mutating {
		return false
	}
	for _, administrators := range s.state.delegated {
		if _, ok := administrators[caller]; ok {
			return true
		}
	}
	return false
}

func throttled() *apiError {
	return fail("TooManyRequestsException", "too many requests")
}

// drop closes the connection without an answer.
func drop(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if connection, _, err := hijacker.Hijack(); err == nil {
			if tcp, ok := connection.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			_ = connection.Close()
		}
	}
}

// jsonTargets maps the prefix of X-Amz-Target to the service (AWS JSON 1.1 protocol).
var jsonTargets = map[string]string{"AWSOrganizationsV20161128": "organizations", "TrentService": "kms", "CloudTrail_20131101": "cloudtrail",
	"SWBExternalService": "sso", "AWSIdentityStore": "identitystore"}

// queryVersions maps the Version parameter to the service (AWS Query protocol).
var queryVersions = map[string]string{"2010-05-15": "cloudformation", "2011-06-15": "sts", "2010-05-08": "iam"}

func decode(r *http.Request, body []byte) (service, name string, in input, err error) {
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		prefix, operation, _ := strings.Cut(target, ".")
		service, ok := jsonTargets[prefix]
		if !ok {
			return "", "", nil, fmt.Errorf("unknown target %q", target)
		}
		in := input{}
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return "", "", nil, fmt.Errorf("reading the body of %s: %w", target, err)
			}
		}
		return service, operation, in, nil
	}
	if service, name, in, err := decodeREST(r, body); service != "" || err != nil {
		return service, name, in, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return "", "", nil, fmt.Errorf("reading a query request: %w", err)
	}
	service, ok := queryVersions[form.Get("Version")]
	if !ok {
		return "", "", nil, fmt.Errorf("unknown API version %q", form.Get("Version"))
	}
	in = input{}
	for parameter := range form {
		in[parameter] = form.Get(parameter)
	}
	return service, form.Get("Action"), in, nil
}

func respond(w http.ResponseWriter, service, name string, out output, failure *apiError) {
	status := http.StatusOK
	if failure != nil {
		status = failure.status
		if status == 0 {
			status = http.StatusBadRequest
		}
	}
	w.Header().Set("X-Amzn-Requestid", "00000000-0000-0000-0000-000000000000")
	if service == "cloudformation" || service == "sts" || service == "iam" {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		writeXML(w, name, out, failure)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if failure != nil {
		w.Header().Set("X-Amzn-Errortype", failure.code) // where the REST protocol has it
	}
	w.WriteHeader(status)
	if failure != nil {
		out = output{"__type": failure.code, "Message": failure.message, "message": failure.message}
		if failure.reason != "" {
			out["Reason"] = failure.reason
		}
	}
	if out == nil {
		out = output{}
	}
	_ = json.NewEncoder(w).Encode(out)
}

func writeXML(w io.Writer, name string, out output, failure *apiError) {
	if failure != nil {
		fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type>%s%s</Error><RequestId>0</RequestId></ErrorResponse>",
			element("Code", failure.code), element("Message", failure.message))
		return
	}
	fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult>%[2]s</%[1]sResult><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></%[1]sResponse>",
		name, xmlMembers(out))
}

// xmlMembers writes the members of a structure in the form of the AWS Query protocol.
func xmlMembers(out output) string {
	var members strings.Builder
	for _, key := range slices.Sorted(maps.Keys(out)) {
		switch value := out[key].(type) {
		case output:
			members.WriteString("<" + key + ">" + xmlMembers(value) + "</" + key + ">")
		case []string:
			members.WriteString("<" + key + ">")
			for _, item := range value {
				members.WriteString(element("member", item))
			}
			members.WriteString("</" + key + ">")
		case []output:
			members.WriteString("<" + key + ">")
			for _, item := range value {
				members.WriteString("<member>" + xmlMembers(item) + "</member>")
			}
			members.WriteString("</" + key + ">")
		default:
			members.WriteString(element(key, fmt.Sprint(value)))
		}
	}
	return members.String()
}

func element(name, value string) string {
	escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
	return "<" + name + ">" + escaped + "</" + name + ">"
}
