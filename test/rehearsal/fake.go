//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/landfall-aws/landfall/internal/fakeaws"
)

// fakeServices are the services of which moto 5.2.5 lacks what an organization needs; package fakeaws answers for all of
// each, so that nobody sees two states of one service.
var fakeServices = []string{"guardduty", "securityhub", "access-analyzer", "inspector2", "macie2", "detective"}

// fakeOperations are single operations that moto 5.2.5 answers with HTTP 500; package fakeaws answers them.
var fakeOperations = []string{
	"cloudformation:DescribeOrganizationsAccess",
	"cloudformation:ActivateOrganizationsAccess",
	"iam:ListOrganizationsFeatures",
	"iam:EnableOrganizationsRootCredentialsManagement",
	"iam:EnableOrganizationsRootSessions",
}

// fakeSide is the in-repository fake behind the front. The organization lives in the emulator; the fake is told of each
// account and each grant of trust there, and knows accounts and the root by ids of its own, which are translated.
type fakeSide struct {
	server *fakeaws.Server
	// ask sends a request to the emulator as the management account.
	ask func(ctx context.Context, service, target, body string) ([]byte, error)

	mu    sync.Mutex
	ids   map[string]string // id in the emulator -> id in the fake, and e-mail addresses with quotes
	keys  map[string]string // account in the emulator -> access key that the fake issued
	known bool              // the ids that no request tells are learned
}

// fakeRoot is the root of every organization of package fakeaws.
const fakeRoot = "r-ex01"

func newFakeSide(ask func(ctx context.Context, service, target, body string) ([]byte, error)) *fakeSide {
	return &fakeSide{server: fakeaws.New(fakeaws.Options{FeatureSet: "ALL"}), ask: ask, ids: map[string]string{}, keys: map[string]string{}}
}

// serves tells whether the fake answers a request.
func (s *fakeSide) serves(c call) bool {
	return slices.Contains(fakeServices, c.Service) || slices.Contains(fakeOperations, c.Name())
}

// writes are the mutating requests that came for the fake, without those that only tell it of the emulator, as "service:Operation".
func (s *fakeSide) writes() []string {
	var names []string
	for _, c := range s.server.Mutations() {
		if s.serves(call{Service: c.Service, Operation: c.Operation}) {
			names = append(names, c.Name())
		}
	}
	return names
}

// calls counts the requests that the fake answered itself.
func (s *fakeSide) calls() map[string]int {
	counts := map[string]int{}
	for _, c := range s.server.Calls() {
		if s.serves(call{Service: c.Service, Operation: c.Operation}) {
			counts[c.Name()]++
		}
	}
	return counts
}

// observe tells the fake what a request changed in the emulator's organization.
func (s *fakeSide) observe(ctx context.Context, c call, request, answer []byte) error {
	switch c.Operation {
	case "CreateAccount":
		var in struct{ AccountName, Email string }
		var out struct{ CreateAccountStatus struct{ AccountId string } } //nolint:revive // name of the API
		if err := json.Unmarshal(request, &in); err != nil {
			return err
		}
		if err := json.Unmarshal(answer, &out); err != nil {
			return err
		}
		id := s.server.AddAccount(in.AccountName, in.Email)
		s.mu.Lock()
		s.ids[out.CreateAccountStatus.AccountId] = id
		s.mu.Unlock()
	case "EnableAWSServiceAccess", "RegisterDelegatedAdministrator":
		_, err := s.post(ctx, "organizations", "application/x-amz-json-1.1", "AWSOrganizationsV20161128."+c.Operation, s.toFake().Replace(string(request)))
		return err
	case "CreateServiceLinkedRole":
		_, err := s.post(ctx, "iam", "application/x-www-form-urlencoded", "", string(request))
		return err
	}
	return nil
}

// toFake translates ids of the emulator; fromFake translates back.
func (s *fakeSide) toFake() *strings.Replacer   { return s.replacer(false) }
func (s *fakeSide) fromFake() *strings.Replacer { return s.replacer(true) }

func (s *fakeSide) replacer(back bool) *strings.Replacer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pairs []string
	for emulator, fake := range s.ids {
		if back {
			pairs = append(pairs, fake, emulator)
		} else {
			pairs = append(pairs, emulator, fake)
		}
	}
	return strings.NewReplacer(pairs...)
}

// learn asks the emulator once for the id of the root and the e-mail address of the management account, which the services
// that invite accounts compare.
func (s *fakeSide) learn(ctx context.Context) {
	s.mu.Lock()
	known := s.known
	s.mu.Unlock()
	if known {
		return
	}
	answer, err := s.ask(ctx, "organizations", "AWSOrganizationsV20161128.ListRoots", "{}")
	var out struct{ Roots []struct{ Id string } } //nolint:revive // name of the API
	if err != nil || json.Unmarshal(answer, &out) != nil || len(out.Roots) != 1 {
		return
	}
	const describe = "AWSOrganizationsV20161128.DescribeOrganization"
	theirs, err := managementEmail(s.ask(ctx, "organizations", describe, "{}"))
	if err != nil {
		return
	}
	ours, err := managementEmail(s.post(ctx, "organizations", "application/x-amz-json-1.1", describe, "{}"))
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ids[out.Roots[0].Id], s.known = fakeRoot, true
	// With quotes, for an address may be the end of another one.
	s.ids[strconv.Quote(theirs)] = strconv.Quote(ours)
}

// managementEmail is the address in an answer of DescribeOrganization.
func managementEmail(answer []byte, err error) (string, error) {
	if err != nil {
		return "", err
	}
	var out struct {
		Organization struct{ MasterAccountEmail string }
	} //nolint:revive // name of the API
	if err := json.Unmarshal(answer, &out); err != nil || out.Organization.MasterAccountEmail == "" {
		return "", fmt.Errorf("no e-mail address in %s", answer)
	}
	return out.Organization.MasterAccountEmail, nil
}

// serve answers a request of an account.
func (s *fakeSide) serve(w http.ResponseWriter, r *http.Request, c call, key string, body []byte) {
	s.learn(r.Context())
	own, err := s.key(r.Context(), c.Account)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	to := s.toFake()
	request, err := http.NewRequestWithContext(r.Context(), r.Method, s.server.URL+to.Replace(r.URL.RequestURI()), strings.NewReader(to.Replace(string(body))))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, name := range []string{"Content-Type", "X-Amz-Target"} {
		request.Header[name] = r.Header[name]
	}
	request.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "Credential="+key+"/", "Credential="+own+"/", 1))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	for name, values := range response.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, bytes.NewReader([]byte(s.fromFake().Replace(string(answer)))))
}

// key is an access key with which the fake sees an account of the emulator.
func (s *fakeSide) key(ctx context.Context, account string) (string, error) {
	if account == managementAccount {
		return "management", nil
	}
	s.mu.Lock()
	key, id := s.keys[account], s.ids[account]
	s.mu.Unlock()
	if key != "" {
		return key, nil
	}
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {"arn:aws:iam::" + id + ":role/front"}, "RoleSessionName": {"front"}}
	answer, err := s.post(ctx, "sts", "application/x-www-form-urlencoded", "", form.Encode())
	if err != nil {
		return "", err
	}
	key, err = accessKey(answer)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[account] = key
	return key, nil
}

// accessKey is the access key in an answer of AssumeRole.
func accessKey(answer []byte) (string, error) {
	var out struct {
		Key string `xml:"AssumeRoleResult>Credentials>AccessKeyId"`
	}
	if err := xml.Unmarshal(answer, &out); err != nil || out.Key == "" {
		return "", fmt.Errorf("no access key in %s", answer)
	}
	return out.Key, nil
}

// post sends a request of the management account to the fake.
func (s *fakeSide) post(ctx context.Context, service, contentType, target, body string) ([]byte, error) {
	return post(ctx, s.server.URL, "management", service, contentType, target, body)
}
