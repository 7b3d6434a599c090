//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/landfall-aws/landfall/internal/fakeaws"
)

// managementAccount is the account in which everything starts.
const managementAccount = fakeaws.ManagementAccountID

// call is one request that went through the front.
type call struct {
	Service   string
	Operation string
	Account   string
	// Caller is "cloudformation" for what resources of a stack do, "handler" for the handler's
	// executable, "" for everybody else.
	Caller   string
	Mutating bool
	Status   int
	// Fake is true when the in-repository fake answered.
	Fake bool
	At   time.Time
}

// Name is "service:Operation".
func (c call) Name() string { return c.Service + ":" + c.Operation }

// front stands before the emulator: it logs every request, lets the in-repository fake answer
// what the emulator lacks, and sends a request about another account's key to that account.
type front struct {
	URL string

	emulator *url.URL
	proxy    *httputil.ReverseProxy
	fake     *fakeSide
	server   *http.Server
	log      io.Writer

	mu       sync.Mutex
	calls    []call
	accounts map[string]string // access key id -> account id
	handlers map[string]bool   // access keys that act for the handler
}

// handlerKey is the access key of the handler's processes, handKey that of what is prepared by hand.
const (
	handlerKey = "handler"
	handKey    = "management"
)

// startFront listens on a free port of this machine and passes requests on to the emulator.
func startFront(emulator string, log io.Writer) (*front, error) {
	target, err := url.Parse(emulator)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening a port for the front: %w", err)
	}
	f := &front{
		// The CDK CLI addresses buckets by path only when the host is called localhost.
		URL:      fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port),
		emulator: target,
		log:      log,
		accounts: map[string]string{handlerKey: managementAccount, handKey: managementAccount},
		handlers: map[string]bool{handlerKey: true},
	}
	f.fake = newFakeSide(func(ctx context.Context, service, target, body string) ([]byte, error) {
		return post(ctx, emulator, handKey, service, "application/x-amz-json-1.1", target, body)
	})
	f.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ErrorLog: nil,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, "the emulator did not answer: "+err.Error(), http.StatusBadGateway)
		},
	}
	f.server = &http.Server{Handler: f, ReadHeaderTimeout: time.Minute}
	go func() { _ = f.server.Serve(listener) }()
	return f, nil
}

func (f *front) close() {
	_ = f.server.Close()
	f.fake.server.Close()
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := call{At: time.Now()}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	key := f.identify(&c, r, body)
	c.Mutating = mutates(c.Operation)
	recorder := &recorder{ResponseWriter: w, status: http.StatusOK, keep: c.Service == "organizations" || c.Operation == "AssumeRole"}
	switch {
	case f.fake.serves(c):
		c.Fake = true
		f.fake.serve(recorder, r, c, key, body)
		if c.Operation == "ActivateOrganizationsAccess" && recorder.status == http.StatusOK {
			err = f.enableServiceAccess(r.Context(), "member.org.stacksets.cloudformation.amazonaws.com")
		}
	case c.Name() == "cloudtrail:LookupEvents":
		// The CDK CLI looks here for the cause of a failure; moto has no events, and no answer that says so.
		recorder.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(recorder, `{"Events":[]}`)
	case c.Name() == "kms:DescribeKey":
		// moto looks for keys in the caller's account only; the owner's key policy is not asked.
		if owner := keyOwner(body); owner != "" && owner != c.Account {
			r.Header.Set(accountHeader, owner)
		}
		f.proxy.ServeHTTP(recorder, r)
	default:
		f.proxy.ServeHTTP(recorder, r)
	}
	if recorder.status == http.StatusOK && !c.Fake {
		err = f.learn(r.Context(), c, body, recorder.body.Bytes())
	}
	c.Status = recorder.status
	f.mu.Lock()
	f.calls = append(f.calls, c)
	fmt.Fprintf(f.log, "%s %d %-14s %s %s%s%s\n", c.At.Format("15:04:05.000"), c.Status, c.Caller, c.Account, c.Name(),
		map[bool]string{true: " (mutating)"}[c.Mutating], map[bool]string{true: " (fake)"}[c.Fake])
	if err != nil {
		fmt.Fprintf(f.log, "the front itself failed: %v\n", err)
	}
	f.mu.Unlock()
}

// learn notes what an answer says about keys, and tells the fake what changed in the organization.
func (f *front) learn(ctx context.Context, c call, request, answer []byte) error {
	switch {
	case c.Service == "organizations", c.Operation == "CreateServiceLinkedRole":
		return f.fake.observe(ctx, c, request, answer)
	case c.Operation == "AssumeRole" && c.Caller == "handler":
		key, err := accessKey(answer)
		f.mu.Lock()
		f.handlers[key] = true
		f.mu.Unlock()
		return err
	}
	return nil
}

// accountHeader names the account in which moto acts.
const accountHeader = "x-moto-account-id"

// recorder remembers the status of an answer, and its body when asked to.
type recorder struct {
	http.ResponseWriter
	status int
	keep   bool
	body   bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.keep {
		r.body.Write(b)
	}
	return r.ResponseWriter.Write(b)
}

var credentialScope = regexp.MustCompile(`Credential=([^/,\s]+)/\d{8}/([^/]*)/([^/]+)/aws4_request`)

// identify finds out who calls what, and returns the access key.
func (f *front) identify(c *call, r *http.Request, body []byte) string {
	scope := credentialScope.FindStringSubmatch(r.Header.Get("Authorization"))
	var key string
	if scope != nil {
		key, c.Service = scope[1], scope[3]
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		c.Operation = target[strings.LastIndex(target, ".")+1:]
	case strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		if form, err := url.ParseQuery(string(body)); err == nil {
			c.Operation = form.Get("Action")
		}
	}
	if c.Operation == "" {
		c.Operation = r.Method + " " + r.URL.Path
		if name := strings.TrimPrefix(r.URL.Path, "/"); c.Service == "account" && name != "" {
			// Account Management has a path per operation, all with POST, reads too.
			c.Operation = strings.ToUpper(name[:1]) + name[1:]
		}
	}
	c.Caller = r.Header.Get("x-rehearsal-caller")
	f.mu.Lock()
	if f.handlers[key] {
		c.Caller = "handler"
	}
	f.mu.Unlock()
	if c.Account = r.Header.Get(accountHeader); c.Account == "" {
		c.Account = managementAccount
		if key != "" {
			c.Account = f.account(r.Context(), key)
		}
		r.Header.Set(accountHeader, c.Account)
	}
	return key
}

// account asks the emulator once per access key for the account behind it.
func (f *front) account(ctx context.Context, key string) string {
	f.mu.Lock()
	account, known := f.accounts[key]
	f.mu.Unlock()
	if known {
		return account
	}
	form := url.Values{"Action": {"GetCallerIdentity"}, "Version": {"2011-06-15"}}
	answer, err := post(ctx, f.emulator.String(), key, "sts", "application/x-www-form-urlencoded", "", form.Encode())
	var identity struct {
		Account string `xml:"GetCallerIdentityResult>Account"`
	}
	if err == nil {
		err = xml.Unmarshal(answer, &identity)
	}
	if err != nil || identity.Account == "" {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.accounts[key] = identity.Account
	return identity.Account
}

// enableServiceAccess does in the emulator what ActivateOrganizationsAccess does besides (CloudFormation user guide,
// "Activate trusted access for stack sets with AWS Organizations").
func (f *front) enableServiceAccess(ctx context.Context, principal string) error {
	body, err := json.Marshal(map[string]string{"ServicePrincipal": principal})
	if err != nil {
		return err
	}
	_, err = post(ctx, f.emulator.String(), handKey, "organizations", "application/x-amz-json-1.1",
		"AWSOrganizationsV20161128.EnableAWSServiceAccess", string(body))
	return err
}

// post sends a request to a server that checks no signatures.
func post(ctx context.Context, endpoint, key, service, contentType, target, body string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", contentType)
	if target != "" {
		request.Header.Set("X-Amz-Target", target)
	}
	if key == handKey {
		request.Header.Set(accountHeader, managementAccount)
	}
	request.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=0", key, homeRegion, service))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: HTTP %d: %s", service, target, response.StatusCode, answer)
	}
	return answer, err
}

// keyOwner is the account of the key or alias ARN that a KMS request names, "" when it names no ARN.
func keyOwner(body []byte) string {
	var request struct{ KeyId string } //nolint:revive // name of the API
	if json.Unmarshal(body, &request) != nil {
		return ""
	}
	parts := strings.Split(request.KeyId, ":")
	if len(parts) != 6 || parts[0] != "arn" {
		return ""
	}
	return parts[4]
}

// readPrefixes begin the names of operations that change nothing.
var readPrefixes = []string{"Describe", "List", "Get", "Head", "Lookup", "Validate", "AssumeRole", "Decode", "Simulate", "GET ", "HEAD "}

func mutates(operation string) bool {
	return !slices.ContainsFunc(readPrefixes, func(p string) bool { return strings.HasPrefix(operation, p) })
}

// mark is a position in the request log.
func (f *front) mark() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.calls)
}

// since returns the requests after a mark.
func (f *front) since(mark int) []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls[mark:])
}

// wrote tells whether anybody changed something in an account after a mark.
func (f *front) wrote(account string, mark int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.calls[mark:], func(c call) bool { return c.Mutating && c.Account == account })
}
