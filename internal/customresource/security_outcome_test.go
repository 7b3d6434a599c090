package customresource_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/customresource"
	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/security"
)

// delegating are the services that the management account delegates in each Region.
var delegating = []struct {
	service, resourceType, name string
	properties                  func(properties) properties
}{
	{"guardduty", resourcetype.GuardDuty, "GuardDuty", guardDutyOf},
	{"securityhub", resourcetype.SecurityHub, "Security Hub", securityHubOf},
	{"inspector2", resourcetype.Inspector, "Inspector", inspectorOf},
	{"macie2", resourcetype.Macie, "Macie", zoneOf},
	{"detective", resourcetype.Detective, "Detective", zoneOf},
}

func TestAServiceOfAnotherAdministratorIsLeftAloneInAllRegions(t *testing.T) {
	for _, c := range delegating {
		t.Run(c.service, func(t *testing.T) {
			p := newSecured(t, fakeaws.SecurityOptions{})
			other := p.server.AddAccount("other", "aws+other@example.com")
			p.server.SetAdministrator(c.service, "eu-west-1", other)
			before := p.server.Snapshot()
			p.refused(create(c.resourceType, c.properties(properties{"ConfigKey": "security.services"})),
				"security.services: ", "account "+auditID+" cannot become the delegated administrator of "+c.name,
				"account "+other+" administers it in eu-west-1", "Nothing was changed in any Region",
				"name account "+other+" as the audit account", "--region eu-west-1")
			assert.Equal(t, before, p.server.Snapshot())
			assert.Empty(t, p.server.Mutations())
		})
	}
}

func TestAnAdministratorThatIsBeingRemovedIsWaitedFor(t *testing.T) {
	for _, c := range delegating[:3] {
		t.Run(c.service, func(t *testing.T) {
			p := newSecured(t, fakeaws.SecurityOptions{})
			p.server.SetAdministrator(c.service, "us-east-1", p.server.AddAccount("other", "aws+other@example.com"))
			p.server.RemoveAdministrator(c.service, "us-east-1", 3*time.Minute)
			started := p.server.Now()
			p.ok(create(c.resourceType, c.properties(nil)))
			for _, call := range p.server.Mutations() {
				assert.GreaterOrEqual(t, call.At.Sub(started), 3*time.Minute, "%s in %s", call.Operation, call.Region)
			}
			assert.Contains(t, p.server.Snapshot(), "administrator of "+c.service+" in us-east-1 is "+auditID)
		})
	}
}

func TestAServiceWithoutTrustedAccessIsWaitedForAndThenExplained(t *testing.T) {
	for _, c := range delegating[:2] {
		t.Run(c.service, func(t *testing.T) {
			p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
			p.server.AddAccount("audit", "aws+audit@example.com")
			started := p.server.Now()
			p.refused(create(c.resourceType, c.properties(nil)), "trusted access of the service is not enabled")
			assert.InDelta(t, 20, p.server.Now().Sub(started).Minutes(), 1)

			p.server.AddTrustedAccess(c.service + ".amazonaws.com")
			p.ok(create(c.resourceType, c.properties(nil)))
		})
	}
}

// It is not documented for all services whether the management account can read who
// administers them before it has enabled them, so both must work.
func TestAManagementAccountThatMustEnableAServiceFirstDoesSo(t *testing.T) {
	for _, c := range delegating {
		t.Run(c.service, func(t *testing.T) {
			p := newSecured(t, fakeaws.SecurityOptions{ManagementFirst: true, Delay: 20 * time.Second})
			p.ok(create(c.resourceType, c.properties(nil)))
			assert.Len(t, linesWith(p.server.Snapshot(), "administrator of "+c.service), 3)

			p = newSecured(t, fakeaws.SecurityOptions{ManagementFirst: true})
			other := p.server.AddAccount("other", "aws+other@example.com")
			p.server.SetAdministrator(c.service, home, other)
			p.refused(create(c.resourceType, c.properties(nil)), "account "+other+" administers it in eu-central-1")
			assert.Contains(t, p.server.Snapshot(), "administrator of "+c.service+" in eu-central-1 is "+other)
		})
	}
}

func TestWhatComesBeforeAServiceIsNamedWhenItIsMissing(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
	p.server.AddAccount("audit", "aws+audit@example.com")
	p.refused(create(resourcetype.AccessAnalyzer, analyzerOf(nil)), "is not the delegated administrator of IAM Access Analyzer", resourcetype.AccessAnalyzerPrincipal)
	p.refused(create(resourcetype.RootAccess, properties{}), "trusted access of iam.amazonaws.com is not enabled")
	p.refused(create(resourcetype.Macie, zoneOf(nil)), "making account "+auditID+" the delegated administrator of Macie in eu-central-1", "trusted access")
}

func TestScansThatAreNoLongerWishedStay(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	before, after := inspectorOf(properties{"Types": []any{"ecr"}}), inspectorOf(properties{"Types": []any{"ec2"}})
	p.ok(create(resourcetype.Inspector, before))
	p.ok(update("inspector", resourcetype.Inspector, after, before))
	state := p.server.Snapshot()
	assert.Contains(t, state, "inspector organization in us-east-1 ecr true")
	assert.Contains(t, state, "inspector organization in us-east-1 ec2 true")
	assert.Contains(t, state, "inspector of "+auditID+" in us-east-1 scans [ec2 ecr]")
}

func TestTheFirstDelegationTakesEffectBeforeAnotherRegionAsks(t *testing.T) {
	for _, c := range delegating {
		t.Run(c.service, func(t *testing.T) {
			p := newSecured(t, fakeaws.SecurityOptions{Delay: 2 * time.Minute})
			p.server.Advance(time.Hour)
			p.ok(create(c.resourceType, c.properties(nil)))
			for _, call := range p.server.Calls() {
				if call.Operation == "EnableOrganizationAdminAccount" || call.Operation == "EnableDelegatedAdminAccount" {
					assert.Empty(t, call.Error, "%s in %s", call.Operation, call.Region)
				}
			}
		})
	}
}

func TestARoleThatCannotBeAssumedIsNamed(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	p.refused(create(resourcetype.AccessAnalyzer, analyzerOf(properties{"AuditAccountId": "999999999999"})),
		"cannot assume the role arn:aws:iam::999999999999:role/landfall-audit", "does not trust the handler's role")
}

func TestTheRoleIsAssumedOnceInAStep(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
	assert.Equal(t, 1, count(p.server.Calls(), "AssumeRole"))
}

// logged runs an event with a handler that keeps its log, in several Regions at a time.
func logged(p *provider) *bytes.Buffer {
	var log bytes.Buffer
	client := security.New(clientConfig(p.server, http.DefaultTransport), slog.New(slog.NewTextHandler(&log, nil)),
		security.WithParallelRegions(6), security.WithBackoff(func(int) time.Duration { return time.Millisecond }))
	p.handler = customresource.New(newClient(p.server, p), client, p.server.Now, slog.New(slog.DiscardHandler))
	return &log
}

func TestAFeatureThatARegionLacksIsLeftOutThereAndLogged(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{RejectedFeatures: map[string][]string{"eu-west-1": {"RUNTIME_MONITORING"}}})
	log := logged(p)
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
	state := p.server.Snapshot()
	assert.Contains(t, state, "guardduty organization in eu-west-1 feature S3_DATA_EVENTS ALL")
	assert.Contains(t, state, "guardduty organization in us-east-1 feature RUNTIME_MONITORING ALL")
	assert.Empty(t, linesWith(state, "guardduty organization in eu-west-1 feature RUNTIME_MONITORING"))
	assert.Contains(t, log.String(), "region=eu-west-1 feature=RUNTIME_MONITORING")
}

// A new detector has the plans of the file, not those that AWS gives to new ones.
func TestANewDetectorGetsOnlyTheWishedPlans(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{RejectedFeatures: map[string][]string{home: {"RUNTIME_MONITORING"}}})
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(properties{"Features": properties{"S3_DATA_EVENTS": "NONE", "RUNTIME_MONITORING": "ALL"}})))
	assert.Contains(t, p.server.Snapshot(), "guardduty detector of "+fakeaws.ManagementAccountID+" in eu-central-1 feature S3_DATA_EVENTS DISABLED")
}

func TestGuardDutyWithoutAnyPlanIsSetUp(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	none := guardDutyOf(properties{"Features": properties{"S3_DATA_EVENTS": "NONE", "RUNTIME_MONITORING": "NONE"}})
	p.ok(create(resourcetype.GuardDuty, none))
	assert.Contains(t, p.server.Snapshot(), "guardduty organization in us-east-1 auto-enables ALL")
	assert.Contains(t, p.server.Snapshot(), "guardduty detector of "+auditID+" in us-east-1 feature RUNTIME_MONITORING DISABLED")
	p.server.ForgetCalls()
	p.ok(create(resourcetype.GuardDuty, none))
	assert.Empty(t, p.server.Mutations())
}

func TestAnotherPolicyOfTheRootIsReplacedAndKept(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	for _, region := range []string{"eu-central-1", "us-east-1", "eu-west-1"} {
		p.server.SetAdministrator("securityhub", region, auditID)
	}
	p.server.AddFindingAggregator(auditID, home, "ALL_REGIONS")
	p.server.AddConfigurationPolicy("earlier", true)
	former := linesWith(p.server.Snapshot(), "securityhub policy of r-ex01 is ")
	log := logged(p)
	p.ok(create(resourcetype.SecurityHub, securityHubOf(nil)))
	assert.NotEqual(t, former, linesWith(p.server.Snapshot(), "securityhub policy of r-ex01 is "))
	assert.Len(t, linesWith(p.server.Snapshot(), `securityhub policy "earlier"`), 1)
	assert.Contains(t, log.String(), "the configuration policy of the root is replaced")
}

func TestSeventeenRegionsAreSetUpSeveralAtATime(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Delay: 20 * time.Second})
	logged(p)
	regions := []any{home}
	for i := range 16 {
		regions = append(regions, fmt.Sprintf("xx-test-%d", i))
	}
	for _, c := range delegating {
		p.ok(create(c.resourceType, c.properties(properties{"Regions": regions})))
		assert.Len(t, linesWith(p.server.Snapshot(), "administrator of "+c.service), 17)
	}
	// No Region of a removed line is disabled.
	before := p.server.Snapshot()
	p.server.ForgetCalls()
	for _, c := range delegating {
		p.ok(update(c.service, c.resourceType, c.properties(properties{"Regions": regions[:2]}), c.properties(properties{"Regions": regions})))
	}
	assert.Empty(t, p.server.Mutations())
	assert.Equal(t, before, p.server.Snapshot())
}

func TestGuardDutyOfAnEarlierSetUpIsAdopted(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	for _, region := range []string{"eu-central-1", "us-east-1", "eu-west-1"} {
		p.server.SetAdministrator("guardduty", region, auditID)
		p.server.AddDetector(fakeaws.ManagementAccountID, region)
	}
	p.server.AddDestination(auditID, home, "arn:aws:s3:::earlier", "arn:aws:kms:eu-central-1:444455556667:key/k-0")
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
	state := p.server.Snapshot()
	assert.Zero(t, count(p.server.Calls(), "CreateDetector"))
	assert.Equal(t, []string{"guardduty detector of " + auditID + " in eu-central-1 publishes to arn:aws:s3:::landfall-findings with arn:aws:kms:eu-central-1:444455556667:key/k-1"},
		linesWith(linesWith(state, "eu-central-1 publishes"), "publishes to"))
	assert.Contains(t, state, "guardduty detector of "+fakeaws.ManagementAccountID+" in eu-west-1 feature LAMBDA_NETWORK_LOGS ENABLED", "no plan is taken away")
}

func TestABucketThatGuardDutyCannotWriteToIsAnErrorAndIsTriedAgain(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Delay: 40 * time.Second})
	p.server.SetUnwritable("arn:aws:s3:::landfall-findings", true)
	started := p.server.Now()
	p.refused(create(resourcetype.GuardDuty, guardDutyOf(nil)), "arn:aws:s3:::landfall-findings", "use the key arn:aws:kms:eu-central-1:444455556667:key/k-1", "their policies")
	assert.InDelta(t, 10, p.server.Now().Sub(started).Minutes(), 1)
	p.server.SetUnwritable("arn:aws:s3:::landfall-findings", false)
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
}

func TestSecurityHubExplainsWhatFails(t *testing.T) {
	t.Run("central configuration", func(t *testing.T) {
		p := newSecured(t, fakeaws.SecurityOptions{Delay: 20 * time.Second, FailCentral: "The organization is not ready."})
		p.refused(create(resourcetype.SecurityHub, securityHubOf(nil)), "cannot be switched to central configuration", "The organization is not ready.")
	})
	t.Run("the association", func(t *testing.T) {
		p := newSecured(t, fakeaws.SecurityOptions{Delay: 20 * time.Second, FailAssociation: "AWS Config is not enabled."})
		p.refused(create(resourcetype.SecurityHub, securityHubOf(nil)), "cannot be associated with the root", "AWS Config is not enabled.")
	})
	t.Run("an unknown control, at once", func(t *testing.T) {
		p := newSecured(t, fakeaws.SecurityOptions{})
		started := p.server.Now()
		p.refused(create(resourcetype.SecurityHub, securityHubOf(properties{"DisabledControls": []any{"unknown.1"}})),
			`does not accept the configuration policy "landfall-baseline"`, "unknown.1")
		assert.Less(t, p.server.Now().Sub(started), time.Minute)
	})
	t.Run("an aggregator in another Region", func(t *testing.T) {
		p := newSecured(t, fakeaws.SecurityOptions{})
		p.server.AddFindingAggregator(auditID, "eu-west-3", "ALL_REGIONS")
		p.refused(create(resourcetype.SecurityHub, securityHubOf(nil)), "collects its findings in eu-west-3, not in the home Region eu-central-1", "delete-finding-aggregator")
	})
}

func TestTheFindingAggregatorOfAnEarlierSetUpKeepsItsRegions(t *testing.T) {
	for name, c := range map[string]struct {
		mode    string
		regions []string
		wanted  string
	}{
		"all Regions":                {"ALL_REGIONS", nil, "ALL_REGIONS "},
		"no Regions":                 {"NO_REGIONS", nil, "SPECIFIED_REGIONS eu-west-1,us-east-1"},
		"another Region":             {"SPECIFIED_REGIONS", []string{"eu-west-3"}, "SPECIFIED_REGIONS eu-west-1,eu-west-3,us-east-1"},
		"all but one of the zone":    {"ALL_REGIONS_EXCEPT_SPECIFIED", []string{"eu-west-1", "sa-east-1"}, "ALL_REGIONS_EXCEPT_SPECIFIED sa-east-1"},
		"all but those of the zone":  {"ALL_REGIONS_EXCEPT_SPECIFIED", []string{"eu-west-1", "us-east-1"}, "ALL_REGIONS "},
		"all but one that is not in": {"ALL_REGIONS_EXCEPT_SPECIFIED", []string{"sa-east-1"}, "ALL_REGIONS_EXCEPT_SPECIFIED sa-east-1"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newSecured(t, fakeaws.SecurityOptions{})
			p.server.AddFindingAggregator(auditID, home, c.mode, c.regions...)
			p.ok(create(resourcetype.SecurityHub, securityHubOf(nil)))
			assert.Equal(t, []string{"securityhub aggregates in eu-central-1 " + c.wanted}, linesWith(p.server.Snapshot(), "securityhub aggregates"))
		})
	}
}

func TestAZoneOfOneRegionAggregatesNothing(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	p.ok(create(resourcetype.SecurityHub, securityHubOf(properties{"Regions": []any{home}})))
	assert.Contains(t, p.server.Snapshot(), "securityhub aggregates in eu-central-1 NO_REGIONS ")
}

func TestAnAnalyzerOfAnotherNameIsAdoptedAndADisabledOneExplained(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	p.server.AddAnalyzer(auditID, home, "earlier", "ORGANIZATION", 0, "")
	p.server.AddAnalyzer(auditID, home, "earlier-unused", "ORGANIZATION_UNUSED_ACCESS", 30, "")
	log := logged(p)
	p.ok(create(resourcetype.AccessAnalyzer, analyzerOf(nil)))
	assert.Equal(t, []string{"eu-west-1", "us-east-1"}, sorted(regionsOf(p.server.Mutations(), "CreateAnalyzer")))
	assert.Contains(t, log.String(), "days=30 wished=90")

	p = newSecured(t, fakeaws.SecurityOptions{})
	p.server.AddAnalyzer(auditID, "us-east-1", "earlier", "ORGANIZATION", 0, "DELEGATED_ADMINISTRATOR_DEREGISTERED")
	p.refused(create(resourcetype.AccessAnalyzer, analyzerOf(nil)), "earlier is DISABLED (DELEGATED_ADMINISTRATOR_DEREGISTERED)", "us-east-1")
}

func TestAnAccountThatAServiceDoesNotTakeIsNamed(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Unprocessed: []string{"444455556667"}})
	require.Equal(t, "444455556667", p.server.AddAccount("orders", "aws+orders@example.com"))
	p.refused(create(resourcetype.Detective, zoneOf(nil)), "Detective is not enabled in eu-central-1 for 444455556667")
}

func TestDeletingASecurityServiceCallsNothing(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	for _, resourceType := range resourcetype.SecurityTypes() {
		e := event("Delete", resourceType, zoneOf(nil), nil)
		e["PhysicalResourceId"] = "whatever came in"
		assert.Equal(t, "whatever came in", p.ok(e).id)
	}
	assert.Empty(t, p.server.Calls())
}

func TestMalformedPropertiesOfASecurityServiceAreRefusedBeforeAnyCall(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	for _, c := range []struct {
		name, resourceType string
		properties         properties
		message            []string
	}{
		{"no zone", resourcetype.Macie, properties{}, []string{"AuditAccountId is missing", "RoleName is missing", "HomeRegion is missing"}},
		{"no Regions", resourcetype.Detective, zoneOf(properties{"Regions": []any{}}), []string{"Regions is missing"}},
		{"an unknown feature", resourcetype.GuardDuty, guardDutyOf(properties{"Features": properties{"S3_LOGS": "ALL"}}), []string{"Features.S3_LOGS is unknown", "S3_DATA_EVENTS"}},
		{"a feature for new accounts", resourcetype.GuardDuty, guardDutyOf(properties{"Features": properties{"S3_DATA_EVENTS": "NEW"}}), []string{"must be ALL or NONE"}},
		{"an unknown frequency", resourcetype.GuardDuty, guardDutyOf(properties{"PublishingFrequency": "DAILY"}), []string{"FIFTEEN_MINUTES", `"DAILY"`}},
		{"a bucket without a key", resourcetype.GuardDuty, guardDutyOf(properties{"DestinationKeyArn": nil}), []string{"must be given together"}},
		{"no policy name", resourcetype.SecurityHub, securityHubOf(properties{"PolicyName": nil}), []string{"PolicyName is missing"}},
		{"parameters that are no JSON", resourcetype.SecurityHub, securityHubOf(properties{"CustomParameters": properties{"ACM.1": "45"}}), []string{"CustomParameters.ACM.1"}},
		{"a parameter of no type", resourcetype.SecurityHub, securityHubOf(properties{"CustomParameters": properties{"ACM.1": `{"x": {"ValueType": "CUSTOM", "Value": {"Number": 1}}}`}}), []string{`no type "Number"`}},
		{"a parameter without a value", resourcetype.SecurityHub, securityHubOf(properties{"CustomParameters": properties{"ACM.1": `{"x": {"ValueType": "CUSTOM"}}`}}), []string{"one Value"}},
		{"too many days", resourcetype.AccessAnalyzer, analyzerOf(properties{"UnusedAccessDays": "400"}), []string{"1 to 365", `"400"`}},
		{"an unknown scan", resourcetype.Inspector, inspectorOf(properties{"Types": []any{"s3"}}), []string{"ec2, ecr, lambda, lambdaCode", `"s3"`}},
		{"code scans alone", resourcetype.Inspector, inspectorOf(properties{"Types": []any{"lambdaCode"}}), []string{"lambda when it holds lambdaCode"}},
	} {
		t.Run(c.name, func(t *testing.T) { p.refused(create(c.resourceType, c.properties), c.message...) })
	}
	assert.Empty(t, p.server.Calls())
}

// A panic in one Region must not end the process of the function.
func TestAPanicInOneRegionIsAnError(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	transport := roundTripper(func(r *http.Request) (*http.Response, error) {
		if strings.Contains(r.Header.Get("Authorization"), "/us-east-1/inspector2/") {
			panic("broken")
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	client := newSecurityClient(p.server, transport, security.WithParallelRegions(4))
	p.handler = customresource.New(newClient(p.server, p), client, p.server.Now, slog.New(slog.DiscardHandler))
	p.refused(create(resourcetype.Inspector, inspectorOf(nil)), "the handler failed unexpectedly: broken")
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An invocation that is out of time answers, and the next one goes on.
func TestAStepThatIsOutOfTimeIsMadeAgain(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{})
	e := create(resourcetype.GuardDuty, guardDutyOf(nil))
	answer, err := invoke(t.Context(), p.handler.OnEvent, e)
	require.NoError(t, err)
	e["Data"] = answer["Data"]
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	answer, err = invoke(ctx, p.handler.IsComplete, e)
	require.NoError(t, err)
	assert.Equal(t, false, answer["IsComplete"])
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
}
