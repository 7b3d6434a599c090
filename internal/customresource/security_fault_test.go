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
	"github.com/landfall-aws/landfall/internal/security"
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
	add("GuardDuty in two Regions", slow, nil, create(security.TypeGuardDuty, guardDutyOf(two)))
	add("GuardDuty to adopt", slow, func(s *fakeaws.Server) {
		administered("guardduty")(s)
		s.AddDestination(auditID, home, "arn:aws:s3:::earlier", "arn:aws:kms:eu-central-1:444455556667:key/k-0")
	}, create(security.TypeGuardDuty, guardDutyOf(one)))
	add("GuardDuty without features of a Region", fakeaws.SecurityOptions{RejectedFeatures: map[string][]string{home: {"RUNTIME_MONITORING"}}},
		nil, create(security.TypeGuardDuty, guardDutyOf(one)))
	add("GuardDuty whose detector was deleted", fakeaws.SecurityOptions{HideService: true}, nil, create(security.TypeGuardDuty, guardDutyOf(one)))
	add("Security Hub", slow, nil, create(security.TypeSecurityHub, securityHubOf(one)))
	add("Security Hub to adopt", slow, func(s *fakeaws.Server) {
		administered("securityhub")(s)
		s.AddFindingAggregator(auditID, home, "SPECIFIED_REGIONS", "eu-west-3")
		s.AddConfigurationPolicy("landfall-baseline", true)
	}, create(security.TypeSecurityHub, securityHubOf(two)))
	add("Security Hub that was disabled", fakeaws.SecurityOptions{HideService: true}, nil, create(security.TypeSecurityHub, securityHubOf(one)))
	add("Access Analyzer", slow, nil, create(security.TypeAccessAnalyzer, analyzerOf(one)))
	add("Inspector", slow, nil, create(security.TypeInspector, inspectorOf(one)))
	add("Macie", slow, nil, create(security.TypeMacie, zoneOf(one)))
	add("Macie that was disabled", fakeaws.SecurityOptions{HideService: true}, nil, create(security.TypeMacie, zoneOf(one)))
	add("Detective", slow, nil, create(security.TypeDetective, zoneOf(one)))
	add("root access", slow, nil, create(security.TypeRootAccess, properties{}))
	return cases
}

func TestEveryRequestOfASecurityServiceSurvivesEveryFault(t *testing.T) {
	cases := securityCases()
	report := injectFaults(t, cases)
	for resourceType, calls := range security.Requests() {
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
	management, audit := security.Permissions(), security.AuditPermissions()
	for _, calls := range security.Requests() {
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
	assert.Equal(t, slices.Sorted(slices.Values(security.Types())), slices.Sorted(maps.Keys(security.Requests())))
}
