//go:build unix

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/test/rehearsal/conformance"
)

// report is what a rehearsal did and saw.
type report struct {
	Steps       []step   `json:"steps"`
	Rows        []row    `json:"table"`
	Corrections []string `json:"corrections"`
	Missing     []string `json:"missing,omitempty"`
	Failures    []string `json:"failures,omitempty"`
	Seconds     float64  `json:"seconds"`
	// Conformance is what came of the conformance suite on moto.
	Conformance conformance.Results `json:"conformance,omitempty"`
	// Skipped says which comparisons did not run, and why.
	Skipped []string `json:"skipped,omitempty"`

	mu    sync.Mutex
	outer map[string]int // resources of a type read in stacks of the management account
	inner map[string]int // the same in stack instances
	// templates holds every type of every template that was synthesized: outer, inner.
	templates map[string][2]int
	started   time.Time
}

// step is a timed part of the rehearsal.
type step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Failed  bool    `json:"failed,omitempty"`
}

// row is a line of the table.
type row struct {
	Kind   string `json:"kind"` // "resource type", "handler operation", "handler request"
	Name   string `json:"name"`
	Status string `json:"status"` // "rehearsed", "on our fake", "not rehearsed"
	On     string `json:"on,omitempty"`
	Count  int    `json:"count,omitempty"`
	Note   string `json:"note,omitempty"`
}

// Statuses of a row.
const (
	rehearsed    = "rehearsed"
	onFake       = "on our fake"
	notRehearsed = "not rehearsed"
)

// Names of what answered.
const (
	moto     = "moto 5.2.5"
	fakeName = "internal/fakeaws"
)

func newReport() *report {
	return &report{outer: map[string]int{}, inner: map[string]int{}, templates: map[string][2]int{}, started: time.Now()}
}

// step runs a timed part and prints how long it took.
func (r *report) step(name string, run func() error) error {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s …\n", time.Since(r.started).Seconds(), name)
	start := time.Now()
	err := run()
	s := step{Name: name, Seconds: time.Since(start).Seconds(), Failed: err != nil}
	r.Steps = append(r.Steps, s)
	fmt.Fprintf(os.Stderr, "%6.1fs  %s: %s in %.1f s\n", time.Since(r.started).Seconds(), name, map[bool]string{true: "FAILED", false: "done"}[s.Failed], s.Seconds)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// read counts a resource that was read back.
func (r *report) read(resourceType string, inner bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if inner {
		r.inner[resourceType]++
	} else {
		r.outer[resourceType]++
	}
}

// synthesized notes the resource types of an assembly.
func (r *report) synthesized(a *assembly) error {
	count := func(t *template, at int) {
		for _, d := range t.Resources {
			n := r.templates[d.Type]
			n[at]++
			r.templates[d.Type] = n
		}
	}
	for _, s := range a.stacks {
		count(s.Template, 0)
		for _, d := range s.Template.Resources {
			if d.Type != "AWS::CloudFormation::StackSet" {
				continue
			}
			member, err := a.memberTemplate(d.Properties)
			if err != nil {
				return fmt.Errorf("stack %s: %w", s.Name, err)
			}
			count(member, 1)
		}
	}
	return nil
}

// typeNotes say what the read-back of a type does not prove.
var typeNotes = map[string]string{
	"AWS::S3::BucketPolicy":            "stored and compared; nobody evaluates its conditions",
	"AWS::SNS::TopicPolicy":            "stored and compared; nobody evaluates it",
	"AWS::Events::EventBusPolicy":      "stored and compared; nobody evaluates it",
	"AWS::KMS::Key":                    "with policy and rotation; nobody evaluates the policy",
	"AWS::Events::Rule":                "with pattern and targets; no events are sent",
	"AWS::IAM::Role":                   "with trust and policies; nobody evaluates them",
	"AWS::IAM::Policy":                 "stored and compared; nobody evaluates it",
	"AWS::Organizations::Policy":       "content and targets compared; moto does not enforce it",
	"AWS::Lambda::Function":            "settings compared; the handler's functions run as real processes",
	"AWS::StepFunctions::StateMachine": "definition compared; the adapter polls in its place",
	"AWS::SNS::Subscription":           "nobody confirms or receives mail",
	"AWS::CloudTrail::Trail":           "settings compared; no log files are written",
	resourcetype.EditGuard:             "real handler; refuses and accepts edits, creates nothing",
	resourcetype.PolicyTarget:          "real handler; compared through the policies that use the id",
	resourcetype.IdentityCenter:        "real handler; compared through what uses the ids",
	"AWS::SSO::PermissionSet":          "compared, with the number of its assignments; no role is made of it in accounts",
	"AWS::SSO::Assignment":             "compared; nobody signs in",
	resourcetype.Key:                   "real handler; compared through the trail that uses the key",
}

// typesNotRehearsed are the types that are not read back, with the reason. A type that is neither here nor read back
// fails the rehearsal.
var typesNotRehearsed = map[string]string{
	"AWS::Logs::QueryDefinition":               "moto has no PutQueryDefinition; it is a saved query, on which nothing depends",
	"AWS::CloudFormation::WaitConditionHandle": "a placeholder for a stack without accounts; it makes nothing",
}

// operationsNotRehearsed say why a request of the handler cannot be seen here.
func operationsNotRehearsed(o operation) string {
	if o.Request == "Delete" {
		return "every custom resource is retained, so CloudFormation never sends it; the handler's own tests do"
	}
	return "nothing that ran sends it; the handler's own tests do"
}

// fill makes the table.
func (r *report) fill(all []*emulation) {
	for _, resourceType := range slices.Sorted(maps.Keys(r.templates)) {
		n := r.templates[resourceType]
		read := r.outer[resourceType] + r.inner[resourceType]
		where := fmt.Sprintf("%d in stacks, %d in member templates", n[0], n[1])
		one := row{Kind: "resource type", Name: resourceType, Count: read}
		operated := slices.Contains(resourcetype.SecurityTypes(), resourceType) && n[0] > 0
		switch reason := typesNotRehearsed[resourceType]; {
		case operated:
			one.Status, one.On, one.Count = onFake, fakeName, n[0]
			one.Note = "real handler, which reads back what it wrote; moto lacks the organization's side of the service"
		case read > 0:
			one.Status, one.On = rehearsed, moto
			one.Note = typeNotes[resourceType]
		case reason != "":
			one.Status, one.Note = notRehearsed, reason
		default:
			one.Status, one.Note = notRehearsed, "no reader for it ("+where+")"
			r.Missing = append(r.Missing, resourceType)
		}
		r.Rows = append(r.Rows, one)
	}
	operations, repeated := map[operation]int{}, map[operation]int{}
	requests, faked := map[string]int{}, map[string]int{}
	for _, e := range all {
		asked, again := e.functions.counts()
		for o, n := range asked {
			operations[o] += n
		}
		for o, n := range again {
			repeated[o] += n
		}
		for name, n := range e.front.fake.calls() {
			faked[name] += n
		}
		for _, c := range e.front.since(0) {
			if c.Caller == "handler" && !c.Fake {
				requests[c.Name()]++
			}
		}
	}
	for _, resourceType := range slices.Concat(resourcetype.OrganizationTypes(), resourcetype.SecurityTypes(), resourcetype.IdentityTypes()) {
		for _, request := range []string{"Create", "Update", "Delete"} {
			o := operation{resourceType, request}
			one := row{Kind: "handler operation", Name: resourceType + " " + request, Count: operations[o], Status: rehearsed, On: moto}
			if slices.Contains(resourcetype.SecurityTypes(), resourceType) {
				one.Status, one.On = onFake, fakeName
			}
			switch {
			case one.Count > 0:
			case repeated[o] > 0:
				one.Count, one.Note = repeated[o], "only repetitions that change nothing"
			case r.templates[resourceType] == [2]int{}:
				one.Status, one.On, one.Note = notRehearsed, "", "no rehearsed zone has such a resource; the handler's own tests do"
			default:
				one.Status, one.On, one.Note = notRehearsed, "", operationsNotRehearsed(o)
			}
			r.Rows = append(r.Rows, one)
		}
	}
	known := map[string]bool{}
	for _, requests := range []map[string][]string{resourcetype.OrganizationRequests(), resourcetype.IdentityRequests()} {
		for _, calls := range requests {
			for _, name := range calls {
				known[name] = true
			}
		}
	}
	for _, calls := range resourcetype.SecurityRequests() {
		for _, name := range slices.Concat(calls.Management, calls.Audit) {
			known[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		one := row{Kind: "handler request", Name: name, Status: rehearsed, On: moto, Count: requests[name]}
		switch {
		case faked[name] > 0:
			one.Status, one.On, one.Count = onFake, fakeName, faked[name]
		case name == "kms:DescribeKey" && one.Count > 0:
			one.Note = "sent to the key's account by the front, without asking its key policy"
		case one.Count == 0:
			one.Status, one.On, one.Note = notRehearsed, "", "no scenario needs it; the handler's own tests make it"
		}
		r.Rows = append(r.Rows, one)
	}
	for _, name := range slices.Sorted(maps.Keys(requests)) {
		if !known[name] {
			r.Failures = append(r.Failures, "the handler made a request that package organization does not list: "+name)
		}
	}
}

// print writes the table, the corrections and the times.
func (r *report) print() {
	count := map[string]map[string]int{}
	kind := ""
	for _, one := range r.Rows {
		if one.Kind != kind {
			kind = one.Kind
			count[kind] = map[string]int{}
			fmt.Printf("\n%s\n%s\n", strings.ToUpper(kind[:1])+kind[1:]+"s", strings.Repeat("-", len(kind)+1))
		}
		count[kind][one.Status]++
		status := one.Status
		if one.On != "" {
			status += " (" + one.On + ")"
		}
		note := one.Note
		if one.Count > 0 {
			note = strings.TrimSuffix(fmt.Sprintf("%d×; %s", one.Count, note), "; ")
		}
		fmt.Printf("%-52s %-31s %s\n", one.Name, status, note)
	}
	fmt.Println()
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		var parts []string
		for _, status := range []string{rehearsed, onFake, notRehearsed} {
			parts = append(parts, fmt.Sprintf("%d %s", count[kind][status], status))
		}
		fmt.Printf("%ss: %s\n", kind, strings.Join(parts, ", "))
	}
	fmt.Println("\nWhere moto was corrected to behave as AWS does (test/rehearsal/emulator/differences.py):")
	for _, line := range r.Corrections {
		fmt.Println("-", line)
	}
	if len(r.Conformance) > 0 {
		fmt.Printf("\nThe conformance suite of %s on %s: %s\n", fakeName, moto, r.Conformance)
		for _, c := range r.Conformance {
			if c.Outcome != "pass" {
				fmt.Printf("- %s: %s: %s\n", c.Outcome, c.Name, c.Note)
			}
		}
	}
	for _, line := range r.Skipped {
		fmt.Println("\n" + line)
	}
	fmt.Println("\nTime:")
	steps := slices.Clone(r.Steps)
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(b.Seconds, a.Seconds) })
	for _, s := range steps {
		fmt.Printf("%6.1f s  %s\n", s.Seconds, s.Name)
	}
	fmt.Printf("%6.1f s  all\n", r.Seconds)
}

// save writes the report as JSON.
func (r *report) save(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}
