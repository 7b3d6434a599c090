package customresource_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/landfall-aws/landfall/internal/authdata"
	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

func securityCases() []operationCase {
	slow := fakeaws.SecurityOptions{Delay: 10 * time.Second}
	// Every further Region repeats the same requests, so one case has two of them.
	one, two := properties{"Regions": []any{home}}, properties{"Regions": []any{home, "us-east-1"}}
	var cases []operationCase
	add := func(name string, options fakeaws.SecurityOptions, prepare func(s *fakeaws.Server), event map[string]any) {
		o, base := secured(options)
		cases = append(cases, operationCase{name: name, options: o, event: event, prepare: func(s *fakeaws.Server) {
			base(s)
			if prepare != nil {
				prepare(s)
			}
			// Trusted access took effect long ago.
			s.Advance(time.Hour)
		}})
	}
	administered := func(service string) func(s *fakeaws.Server) {
		return func(s *fakeaws.Server) { s.SetAdministrator(service, home, auditID) }
	}
	add("GuardDuty in two Regions", slow, nil, create(resourcetype.GuardDuty, guardDutyOf(two)))
	add("GuardDuty to adopt", slow, func(s *fakeaws.Server) {
		administered("guardduty")(s)
		s.AddDestination(auditID, home, "arn:aws:s3:::earlier", "arn:aws:kms:eu-central-1:444455556667:key/k-0")
	}, create(resourcetype.GuardDuty, guardDutyOf(one)))
	add("GuardDuty without features of a Region", fakeaws.SecurityOptions{RejectedFeatures: map[string][]string{home: {"RUNTIME_MONITORING"}}},
		nil, create(resourcetype.GuardDuty, guardDutyOf(one)))
	add("GuardDuty whose detector was deleted", fakeaws.SecurityOptions{HideService: true}, nil, create(resourcetype.GuardDuty, guardDutyOf(one)))
	add("Security Hub", slow, nil, create(resourcetype.SecurityHub, securityHubOf(one)))
	add("Security Hub to adopt", slow, func(s *fakeaws.Server) {
		administered("securityhub")(s)
		s.AddFindingAggregator(auditID, home, "SPECIFIED_REGIONS", "eu-west-3")
		s.AddConfigurationPolicy("landfall-baseline", true)
	}, create(resourcetype.SecurityHub, securityHubOf(two)))
	add("Security Hub that was disabled", fakeaws.SecurityOptions{HideService: true}, nil, create(resourcetype.SecurityHub, securityHubOf(one)))
	add("Access Analyzer", slow, nil, create(resourcetype.AccessAnalyzer, analyzerOf(one)))
	add("Inspector", slow, nil, create(resourcetype.Inspector, inspectorOf(one)))
	add("Macie", slow, nil, create(resourcetype.Macie, zoneOf(one)))
	add("Macie that was disabled", fakeaws.SecurityOptions{HideService: true}, nil, create(resourcetype.Macie, zoneOf(one)))
	add("Detective", slow, nil, create(resourcetype.Detective, zoneOf(one)))
	add("root access", slow, nil, create(resourcetype.RootAccess, properties{}))
	return cases
}

func TestEveryRequestOfASecurityServiceSurvivesEveryFault(t *testing.T) {
	cases := securityCases()
	report := injectFaults(t, cases)
	for resourceType, calls := range resourcetype.SecurityRequests() {
		var management, audit []string
		for call := range report.seen[resourceType] {
			switch call.accountID {
			case fakeaws.ManagementAccountID:
				management = append(management, call.name)
			case auditID:
				audit = append(audit, call.name)
			default:
				t.Errorf("%s was called in account %s", call.name, call.accountID)
			}
		}
		assert.ElementsMatch(t, calls.Management, management, "requests of %s in the management account", resourceType)
		assert.ElementsMatch(t, calls.Audit, audit, "requests of %s in the audit account", resourceType)
	}
	report.assertComplete(t, len(cases))
}

// Both roles are built from these lists.
func TestThePermissionsOfBothRolesAreActionsAndHoldEveryRequest(t *testing.T) {
	management, audit := resourcetype.SecurityPermissions(), resourcetype.AuditPermissions()
	for _, calls := range resourcetype.SecurityRequests() {
		for _, call := range calls.Management {
			// The one action with another name than its call.
			assert.Contains(t, management, strings.Replace(call, "detective:ListOrganizationAdminAccounts", "detective:ListOrganizationAdminAccount", 1))
		}
		assert.Subset(t, audit, calls.Audit)
	}
	for _, actions := range [][]string{management, audit} {
		assert.True(t, slices.IsSorted(actions))
		for _, action := range actions {
			assert.True(t, authdata.Exists(action), "%s is no IAM action; the nearest is %s", action, authdata.Nearest(action))
		}
	}
	assert.Equal(t, slices.Sorted(slices.Values(resourcetype.SecurityTypes())), slices.Sorted(maps.Keys(resourcetype.SecurityRequests())))
}
