package customresource_test

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/security"
)

func clientConfig(server *fakeaws.Server, transport http.RoundTripper) aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		BaseEndpoint: aws.String(server.URL),
		Credentials:  credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", ""),
		HTTPClient:   &http.Client{Transport: transport},
	}
}

// newSecurityClient works in one Region after the other, so that requests have an order.
func newSecurityClient(server *fakeaws.Server, transport http.RoundTripper, options ...security.Option) *security.Client {
	return security.New(clientConfig(server, transport), slog.New(slog.DiscardHandler), append([]security.Option{security.WithParallelRegions(1),
		security.WithBackoff(func(int) time.Duration { return time.Millisecond })}, options...)...)
}

func sorted(values []string) []string { return slices.Sorted(slices.Values(values)) }

const (
	home    = "eu-central-1"
	auditID = "444455556666" // the first account that the fake adds
)

// secured is an organization with an audit account and trusted access of the services.
func secured(options fakeaws.SecurityOptions) (fakeaws.Options, func(s *fakeaws.Server)) {
	return fakeaws.Options{FeatureSet: "ALL", Security: options}, func(s *fakeaws.Server) {
		s.AddAccount("audit", "aws+audit@example.com")
		for _, principal := range []string{resourcetype.GuardDutyPrincipal, resourcetype.SecurityHubPrincipal, resourcetype.RootAccessPrincipal,
			resourcetype.InspectorPrincipal, resourcetype.MaciePrincipal, resourcetype.DetectivePrincipal} {
			s.AddTrustedAccess(principal)
		}
		s.AddDelegatedAdministrator(auditID, resourcetype.AccessAnalyzerPrincipal)
	}
}

func newSecured(t *testing.T, options fakeaws.SecurityOptions) *provider {
	t.Helper()
	o, prepare := secured(options)
	p := newProvider(t, o)
	prepare(p.server)
	return p
}

// zoneOf are the properties that all services have, and more.
func zoneOf(more properties) properties {
	p := properties{"ConfigKey": "security", "AuditAccountId": auditID, "RoleName": "landfall-audit", "HomeRegion": home,
		"Regions": []any{"eu-central-1", "us-east-1", "eu-west-1"}}
	for key, value := range more {
		p[key] = value
	}
	return p
}

func guardDutyOf(more properties) properties {
	p := zoneOf(properties{"ConfigKey": "security.guardduty", "PublishingFrequency": "FIFTEEN_MINUTES",
		"Features":             properties{"S3_DATA_EVENTS": "ALL", "RUNTIME_MONITORING": "ALL", "LAMBDA_NETWORK_LOGS": "NONE"},
		"DestinationBucketArn": "arn:aws:s3:::landfall-findings", "DestinationKeyArn": "arn:aws:kms:eu-central-1:444455556667:key/k-1"})
	for key, value := range more {
		p[key] = value
	}
	return p
}

// regionsOf lists the Regions of the calls with this operation, each once, in order.
func regionsOf(calls []fakeaws.Call, operation string) []string {
	var regions []string
	for _, call := range calls {
		if call.Operation == operation && !slices.Contains(regions, call.Region) {
			regions = append(regions, call.Region)
		}
	}
	return regions
}

func linesWith(lines []string, part string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, part) })
}

func TestGuardDutyWatchesAllAccountsFromTheAuditAccountInEveryRegion(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Delay: 40 * time.Second})
	created := p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
	assert.Equal(t, "guardduty", created.id)
	state := p.server.Snapshot()
	for _, region := range []string{"eu-central-1", "us-east-1", "eu-west-1"} {
		for _, line := range []string{
			"administrator of guardduty in " + region + " is " + auditID,
			"guardduty organization in " + region + " auto-enables ALL",
			"guardduty organization in " + region + " feature S3_DATA_EVENTS ALL",
			"guardduty organization in " + region + " feature RUNTIME_MONITORING ALL",
			"guardduty organization in " + region + " feature RUNTIME_MONITORING/EC2_AGENT_MANAGEMENT ALL",
			"guardduty detector of " + auditID + " in " + region + " enabled true every FIFTEEN_MINUTES",
			"guardduty detector of " + auditID + " in " + region + " feature RUNTIME_MONITORING ENABLED",
			"guardduty detector of " + auditID + " in " + region + " publishes to arn:aws:s3:::landfall-findings with arn:aws:kms:eu-central-1:444455556667:key/k-1",
			"guardduty detector of " + fakeaws.ManagementAccountID + " in " + region + " feature LAMBDA_NETWORK_LOGS DISABLED",
		} {
			assert.Contains(t, state, line)
		}
	}
	assert.Empty(t, linesWith(state, "feature LAMBDA_NETWORK_LOGS ALL"))
	assert.Equal(t, "eu-central-1", regionsOf(p.server.Mutations(), "EnableOrganizationAdminAccount")[0])

	p.server.ForgetCalls()
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
	assert.Empty(t, p.server.Mutations())
}

func TestTheOtherRegionsWaitForTheHomeRegion(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Delay: 40 * time.Second})
	p.ok(create(resourcetype.GuardDuty, guardDutyOf(nil)))
	var homeDone, othersBegan time.Time
	for _, call := range p.server.Mutations() {
		switch {
		case call.Region == home && call.Operation == "CreatePublishingDestination":
			homeDone = call.At
		case call.Region != home && othersBegan.IsZero():
			othersBegan = call.At
		}
	}
	require.False(t, homeDone.IsZero())
	assert.True(t, othersBegan.After(homeDone))
}

func securityHubOf(more properties) properties {
	p := zoneOf(properties{"ConfigKey": "security.securityhub", "RootId": "r-ex01", "PolicyName": "landfall-baseline",
		"Standards":        []any{"aws-foundational-security-best-practices/v/1.0.0", "ruleset/cis-aws-foundations-benchmark/v/1.2.0"},
		"DisabledControls": []any{"IAM.6", "EC2.2"},
		"CustomParameters": properties{"ACM.1": `{"daysToExpiration": {"ValueType": "CUSTOM", "Value": {"Integer": 45}}}`}})
	for key, value := range more {
		p[key] = value
	}
	return p
}

func TestSecurityHubConfiguresAllAccountsByOnePolicyOfTheRoot(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Delay: 40 * time.Second})
	created := p.ok(create(resourcetype.SecurityHub, securityHubOf(nil)))
	assert.Equal(t, "securityhub", created.id)
	state := p.server.Snapshot()
	for _, line := range []string{
		"administrator of securityhub in us-east-1 is " + auditID,
		"securityhub of " + auditID + " in eu-west-1",
		"securityhub of " + fakeaws.ManagementAccountID + " in eu-west-1",
		"securityhub aggregates in eu-central-1 SPECIFIED_REGIONS eu-west-1,us-east-1",
		"securityhub configuration CENTRAL",
	} {
		assert.Contains(t, state, line)
	}
	policy := linesWith(state, "securityhub policy \"landfall-baseline\"")
	require.Len(t, policy, 1)
	for _, part := range []string{"arn:aws:securityhub:eu-central-1::standards/aws-foundational-security-best-practices/v/1.0.0",
		"arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0", `"DisabledSecurityControlIdentifiers":["IAM.6","EC2.2"]`,
		`{"daysToExpiration":{"Value":{"Integer":45},"ValueType":"CUSTOM"}}`, `"ServiceEnabled":true`} {
		assert.Contains(t, policy[0], part)
	}
	assert.Len(t, linesWith(state, "securityhub policy of r-ex01 is "), 1)

	p.server.ForgetCalls()
	p.ok(create(resourcetype.SecurityHub, securityHubOf(nil)))
	assert.Empty(t, p.server.Mutations())

	p.server.ForgetCalls()
	p.ok(update("securityhub", resourcetype.SecurityHub, securityHubOf(properties{"DisabledControls": []any{"EC2.2"}}), securityHubOf(nil)))
	assert.Equal(t, []string{"securityhub:UpdateConfigurationPolicy"}, names(p.server.Mutations()))
}

func analyzerOf(more properties) properties {
	p := zoneOf(properties{"ConfigKey": "security.access_analyzer", "NamePrefix": "landfall", "UnusedAccess": "true", "UnusedAccessDays": "90"})
	for key, value := range more {
		p[key] = value
	}
	return p
}

func TestAccessAnalyzerAnalyzesTheOrganizationInEveryRegionAndUnusedAccessInOne(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Delay: 40 * time.Second})
	p.ok(create(resourcetype.AccessAnalyzer, analyzerOf(nil)))
	assert.ElementsMatch(t, []string{
		"analyzer landfall-external-access of " + auditID + " in eu-central-1 ORGANIZATION 0",
		"analyzer landfall-external-access of " + auditID + " in us-east-1 ORGANIZATION 0",
		"analyzer landfall-external-access of " + auditID + " in eu-west-1 ORGANIZATION 0",
		"analyzer landfall-unused-access of " + auditID + " in eu-central-1 ORGANIZATION_UNUSED_ACCESS 90",
	}, linesWith(p.server.Snapshot(), "analyzer landfall"))
	assert.Contains(t, p.server.Snapshot(), "service-linked role AWSServiceRoleForAccessAnalyzer")

	p.server.ForgetCalls()
	p.ok(update("access-analyzer", resourcetype.AccessAnalyzer, analyzerOf(properties{"UnusedAccessDays": "180"}), analyzerOf(nil)))
	assert.Empty(t, p.server.Mutations())
}

func TestRootAccessIsCentralized(t *testing.T) {
	p := newSecured(t, fakeaws.SecurityOptions{Delay: 40 * time.Second})
	p.ok(create(resourcetype.RootAccess, properties{}))
	assert.Equal(t, []string{"central root access RootCredentialsManagement", "central root access RootSessions"},
		linesWith(p.server.Snapshot(), "central root access"))
	p.server.ForgetCalls()
	p.ok(create(resourcetype.RootAccess, properties{}))
	assert.Empty(t, p.server.Mutations())
}

func inspectorOf(more properties) properties {
	p := zoneOf(properties{"ConfigKey": "security.inspector", "Types": []any{"ec2", "lambda"}})
	for key, value := range more {
		p[key] = value
	}
	return p
}

func TestTheOptionalServicesCoverAllAccountsOfTodayAndTomorrow(t *testing.T) {
	for resourceType, c := range map[string]struct {
		properties properties
		lines      []string // with %A for an account and %R for a Region
	}{
		resourcetype.Inspector: {inspectorOf(nil), []string{"administrator of inspector2 in %R is " + auditID,
			"inspector organization in %R ec2 true", "inspector organization in %R ecr false", "inspector organization in %R lambda true",
			"inspector member %A in %R", "inspector of %A in %R scans [ec2 lambda]"}},
		resourcetype.Macie: {zoneOf(nil), []string{"administrator of macie2 in %R is " + auditID, "macie organization in %R true",
			"macie member %A in %R", "macie of %A in %R"}},
		resourcetype.Detective: {zoneOf(nil), []string{"administrator of detective in %R is " + auditID, "detective organization in %R true",
			"detective member %A in %R"}},
	} {
		t.Run(resourceType, func(t *testing.T) {
			p := newSecured(t, fakeaws.SecurityOptions{Delay: 40 * time.Second})
			member := p.server.AddAccount("orders", "aws+orders@example.com")
			closed := p.server.AddAccount("closed", "aws+closed@example.com")
			p.server.SetAccountState(closed, "SUSPENDED")
			p.ok(create(resourceType, c.properties))
			state := p.server.Snapshot()
			for _, line := range c.lines {
				for _, region := range []string{"eu-central-1", "us-east-1", "eu-west-1"} {
					for _, id := range []string{member, fakeaws.ManagementAccountID} {
						assert.Contains(t, state, strings.NewReplacer("%A", id, "%R", region).Replace(line))
					}
				}
			}
			assert.Empty(t, linesWith(state, "member "+closed))
			p.server.ForgetCalls()
			p.ok(create(resourceType, c.properties))
			assert.Empty(t, p.server.Mutations())
		})
	}
}
