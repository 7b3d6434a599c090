package customresource_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// operationCase is one event on a prepared organization.
type operationCase struct {
	name    string
	options fakeaws.Options
	prepare func(s *fakeaws.Server)
	event   map[string]any
	// still: the wished state exists already, so nothing may change.
	still bool
}

const (
	aliasARN = "arn:aws:kms:eu-central-1:444455556666:alias/landfall-trail"
	keyARN   = "arn:aws:kms:eu-central-1:444455556666:key/k-1"
)

func operationCases() []operationCase {
	inUse := fakeaws.Options{FeatureSet: "ALL"}
	// Overlapping creations are let through, so that nothing but the handler prevents a second one.
	slow := fakeaws.Options{FeatureSet: "ALL", StaleReads: 1, PageSize: 1, EmptyFirstPage: true, AllowOverlappingCreations: true,
		AccountCreation: 20 * time.Second, PolicyTypeChange: 20 * time.Second}
	prod := func(s *fakeaws.Server) { s.AddOrganizationalUnit("Workloads/Prod") }
	orders := func(s *fakeaws.Server) {
		prod(s)
		s.AddOrganizationalUnit("Suspended")
		s.SetTag(s.AddAccount("orders-prod", "aws+orders-prod@example.com"), "foreign", "kept")
	}
	// The id that the first seeded account gets after three seeded OUs.
	const ordersID = "444455556669"
	access := func(principal string) properties { return properties{"ServicePrincipal": principal} }
	unit := func(path string, tags properties) properties { return properties{"Path": path, "Tags": tags} }
	edited := func(regions ...any) properties {
		return properties{"HomeRegion": "eu-central-1", "Prefix": "landfall", "AlertRegions": regions}
	}
	return []operationCase{
		{name: "a new organization", event: create(resourcetype.Organization, properties{})},
		{name: "an organization to adopt", options: inUse, still: true, event: create(resourcetype.Organization, properties{})},
		{name: "policy types", options: slow, event: create(resourcetype.PolicyTypes,
			properties{"PolicyTypes": []any{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"}})},
		{name: "policy types that are enabled", options: inUse, still: true, event: create(resourcetype.PolicyTypes,
			properties{"PolicyTypes": []any{"SERVICE_CONTROL_POLICY"}})},
		{name: "trusted access", options: slow, event: create(resourcetype.TrustedAccess, access("config.amazonaws.com"))},
		{name: "trusted access of StackSets", options: slow, event: create(resourcetype.TrustedAccess, access(resourcetype.StackSetsPrincipal))},
		{name: "a new OU", options: slow, prepare: prod, event: create(resourcetype.OrganizationalUnit,
			unit("Workloads/Test", properties{"a": "1"}))},
		{name: "an OU to adopt", options: slow, prepare: prod, still: true, event: create(resourcetype.OrganizationalUnit,
			unit("Workloads/Prod", nil))},
		{name: "an OU with other tags", options: slow, prepare: func(s *fakeaws.Server) {
			id := s.AddOrganizationalUnit("Workloads/Prod")
			s.SetTag(id, "a", "1")
			s.SetTag(id, "foreign", "kept")
		}, event: update("ou/Workloads/Prod", resourcetype.OrganizationalUnit,
			unit("Workloads/Prod", properties{"b": "2"}), unit("Workloads/Prod", properties{"a": "1"}))},
		{name: "a new account", options: slow, prepare: prod, event: create(resourcetype.Account, account(nil))},
		{name: "an account to adopt by e-mail", options: slow, prepare: orders, event: create(resourcetype.Account, account(nil))},
		{name: "an account to adopt by id", options: slow, prepare: orders, event: create(resourcetype.Account, account(properties{"AccountId": ordersID}))},
		{name: "an account in its place", options: inUse, prepare: orders, still: true,
			event: create(resourcetype.Account, account(properties{"OrganizationalUnitPath": "", "Tags": properties{"foreign": "kept"}}))},
		{name: "an account with another OU and other tags", options: slow, prepare: orders, event: update("account/orders-prod", resourcetype.Account,
			account(properties{"OrganizationalUnitPath": "Suspended", "State": "suspended", "Tags": properties{"team": "x"}}),
			account(properties{"Tags": properties{"foreign": "kept"}}))},
		{name: "a new account with a contact", options: slow, prepare: func(s *fakeaws.Server) {
			prod(s)
			s.AddTrustedAccess(resourcetype.ContactsPrincipal)
		}, event: create(resourcetype.Account, account(properties{"Tags": nil, "SecurityContact": contact("Security Team")}))},
		{name: "an account with other contacts", options: slow, prepare: func(s *fakeaws.Server) {
			orders(s)
			s.AddTrustedAccess(resourcetype.ContactsPrincipal)
			s.SetContact(ordersID, "SECURITY", "Somebody", "Owner", "somebody@example.com", "1")
			s.SetContact(ordersID, "BILLING", "Kept", "Owner", "kept@example.com", "1")
		}, event: update("account/orders-prod", resourcetype.Account,
			account(properties{"Tags": nil, "SecurityContact": contact("Security Team"), "OperationsContact": contact("Operations")}), account(nil))},
		{name: "contacts of the management account", options: slow, prepare: func(s *fakeaws.Server) {
			s.SetContact(fakeaws.ManagementAccountID, "OPERATIONS", "Somebody", "Owner", "somebody@example.com", "1")
		}, event: create(resourcetype.ManagementContacts, properties{"SecurityContact": contact("Security Team"), "OperationsContact": contact("Operations"),
			"BillingContact": contact("Billing")})},
		{name: "contacts in their place", options: inUse, still: true, prepare: func(s *fakeaws.Server) {
			s.SetContact(fakeaws.ManagementAccountID, "SECURITY", "Security Team", "On-call engineer", "contact@example.com", "+49 30 1234567")
		}, event: create(resourcetype.ManagementContacts, properties{"SecurityContact": contact("Security Team")})},
		{name: "a delegated administrator", options: slow, prepare: func(s *fakeaws.Server) {
			orders(s)
			s.AddTrustedAccess("config.amazonaws.com")
		}, event: create(resourcetype.DelegatedAdministrator, properties{"AccountId": ordersID, "ServicePrincipal": "config.amazonaws.com"})},
		{name: "an OU as target", options: slow, prepare: orders, still: true, event: create(resourcetype.PolicyTarget, properties{"OrganizationalUnitPath": "Workloads/Prod"})},
		{name: "an account as target by e-mail", options: slow, prepare: orders, still: true, event: create(resourcetype.PolicyTarget, properties{"AccountEmail": "aws+orders-prod@example.com"})},
		{name: "an account as target by id", options: slow, prepare: orders, still: true, event: create(resourcetype.PolicyTarget, properties{"AccountId": ordersID})},
		{name: "a key", options: inUse, prepare: func(s *fakeaws.Server) { s.AddKeyAlias(aliasARN, keyARN, 1) }, still: true,
			event: create(resourcetype.Key, properties{"AliasArn": aliasARN})},
		{name: "a new zone among others' stacks and trails", options: slow, prepare: othersStacksAndTrails, still: true,
			event: create(resourcetype.EditGuard, edited("us-east-1"))},
		{name: "an edit in a roll-back", options: inUse, prepare: func(s *fakeaws.Server) { s.SetStackStatus(stackID, "UPDATE_ROLLBACK_IN_PROGRESS") }, still: true,
			event: update("edit-guard", resourcetype.EditGuard, edited("us-east-1"), edited("us-east-1", "eu-west-1"))},
	}
}

// outcomeOf is what a case ends with.
type outcomeOf struct {
	before, after []string
	attributes    map[string]any
	calls         []fakeaws.Call
	requests      int
	kills         int
	err           error
}

// runCase runs a case, with a fault or a kill at the request with the given number (0 for none).
func runCase(t *testing.T, c operationCase, at int, fault fakeaws.Fault, kill bool) outcomeOf {
	t.Helper()
	p := newProvider(t, c.options)
	defer p.close()
	if c.prepare != nil {
		c.prepare(p.server)
	}
	o := outcomeOf{before: p.server.Snapshot()}
	switch {
	case kill:
		p.kill.Store(int64(at))
	case at > 0:
		seen := 0
		p.server.Fault(func(fakeaws.Call) fakeaws.Fault {
			if seen++; seen == at {
				if fault == fakeaws.Timeout {
					p.giveUp <- struct{}{}
				}
				return fault
			}
			return fakeaws.NoFault
		})
	}
	r := p.handle(c.event)
	o.err = r.err
	delete(r.attributes, "StartedAt")
	o.after, o.attributes, o.calls, o.requests, o.kills = p.server.Snapshot(), r.attributes, p.server.Calls(), int(p.requests.Load()), p.kills
	return o
}

// effective counts the calls of each operation that changed, or could have changed, something.
func effective(calls []fakeaws.Call) map[string]int {
	counts := map[string]int{}
	for _, call := range calls {
		if call.Mutating && call.Error == "" && call.Fault != fakeaws.Timeout {
			counts[call.Name()]++
		}
	}
	return counts
}

// faultReport is what an injection of faults met.
type faultReport struct {
	// seen are the calls by resource type, each with the account that made it.
	seen map[string]map[madeCall]bool
	// covered are the kinds of fault by call.
	covered map[string]map[string]bool
	// injected counts the faults by kind.
	injected map[string]int
}

type madeCall struct{ name, accountID string }

// names lists the calls of a resource type, each once, in the order of their names.
func (r faultReport) names(resourceType string) []string {
	made := map[string]bool{}
	for call := range r.seen[resourceType] {
		made[call.name] = true
	}
	return slices.Sorted(maps.Keys(made))
}

// assertComplete checks that each call met all kinds of fault, and prints what was done.
func (r faultReport) assertComplete(t *testing.T, cases int) {
	t.Helper()
	total := 0
	for _, n := range r.injected {
		total += n
	}
	assert.Len(t, r.injected, 5)
	for call := range r.covered {
		assert.Len(t, r.covered[call], 5, "kinds of fault that %s met", call)
	}
	for _, kind := range slices.Sorted(maps.Keys(r.injected)) {
		t.Logf("%-16s %d times", kind, r.injected[kind])
	}
	t.Logf("SUMMARY: %d faults of %d kinds injected into %d distinct requests of %d operations", total, len(r.injected), len(r.covered), cases)
}

// Every request of every operation meets every fault: a throttle, an internal error, a
// lost answer, a time-out, and the end of the function, after which the same event is
// handled again. The same state must be reached, with nothing made twice.
func TestEveryRequestSurvivesEveryFault(t *testing.T) {
	cases := operationCases()
	report := injectFaults(t, cases)
	for resourceType, calls := range resourcetype.OrganizationRequests() {
		assert.ElementsMatch(t, calls, report.names(resourceType), "requests of %s", resourceType)
	}
	report.assertComplete(t, len(cases))
}

// injectFaults runs each case once without a fault, and once for each of its requests and
// each kind of fault.
func injectFaults(t *testing.T, cases []operationCase) faultReport {
	t.Helper()
	const killing = "killed function"
	var mu sync.Mutex
	report := faultReport{seen: map[string]map[madeCall]bool{}, covered: map[string]map[string]bool{}, injected: map[string]int{}}
	seen, covered, injected := report.seen, report.covered, report.injected

	t.Run("cases", func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				clean := runCase(t, c, 0, fakeaws.NoFault, false)
				require.NoError(t, clean.err)
				require.Equal(t, len(clean.calls), clean.requests)
				if c.still {
					require.Equal(t, clean.before, clean.after)
					require.Empty(t, effective(clean.calls))
				}
				made := effective(clean.calls)
				check := func(kind string, at int, o outcomeOf) {
					label := fmt.Sprintf("%s at request %d (%s)", kind, at, clean.calls[at-1].Name())
					if !assert.NoError(t, o.err, label) {
						return
					}
					assert.Equal(t, clean.after, o.after, label)
					assert.Equal(t, clean.attributes, o.attributes, label)
					for name, n := range effective(o.calls) {
						allowed := made[name]
						if allowed > 0 && !strings.Contains(name, ":Create") {
							// The repeat of a write that sets a state does no harm.
							allowed++
						}
						assert.LessOrEqual(t, n, allowed, "%s: %s", label, name)
					}
					mu.Lock()
					defer mu.Unlock()
					injected[kind]++
					name := o.calls[at-1].Name()
					if covered[name] == nil {
						covered[name] = map[string]bool{}
					}
					covered[name][kind] = true
					resourceType := c.event["ResourceType"].(string)
					if seen[resourceType] == nil {
						seen[resourceType] = map[madeCall]bool{}
					}
					for _, call := range o.calls {
						seen[resourceType][madeCall{call.Name(), call.AccountID}] = true
					}
				}
				var running errgroup.Group
				running.SetLimit(8)
				for at := 1; at <= clean.requests; at++ {
					for _, fault := range []fakeaws.Fault{fakeaws.Throttle, fakeaws.InternalError, fakeaws.LostResponse, fakeaws.Timeout} {
						running.Go(func() error {
							o := runCase(t, c, at, fault, false)
							assert.Equal(t, fault, o.calls[at-1].Fault)
							check(fault.String(), at, o)
							return nil
						})
					}
					running.Go(func() error {
						o := runCase(t, c, at, fakeaws.NoFault, true)
						assert.Equal(t, 1, o.kills)
						check(killing, at, o)
						return nil
					})
				}
				require.NoError(t, running.Wait())
			})
		}
	})

	return report
}

// The role of the handler is built from this list, so it must neither lack nor add anything.
func TestThePermissionsAreTheRequestsAndWhatAWSChecksBehindThem(t *testing.T) {
	wanted := map[string]bool{"iam:CreateServiceLinkedRole": true}
	for _, calls := range resourcetype.OrganizationRequests() {
		for _, call := range calls {
			if call != "sts:GetCallerIdentity" {
				wanted[call] = true
			}
		}
	}
	permissions := resourcetype.OrganizationPermissions()
	assert.ElementsMatch(t, slices.Collect(maps.Keys(wanted)), permissions)
	assert.True(t, slices.IsSorted(permissions))
	for _, action := range permissions {
		assert.NotContains(t, action, "*")
	}
}
