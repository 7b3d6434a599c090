package test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/security"
)

const everyService = `
zone: everything
regions: {home: eu-central-1, governed: [eu-central-1, us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts: []
services:
  guardDuty: {plans: {s3: true, malware: true}}
  securityHub: {cis: true, disabledControls: [{id: EC2.10, reason: no VPC needs the endpoint}]}
  accessAnalyzer: {unusedAccess: true}
  inspector: {enabled: true, scan: [ec2, lambdaCode]}
  macie: {enabled: true}
  detective: {enabled: true}
`

const noService = `
zone: nothing
regions: {home: eu-central-1, governed: [eu-central-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts: []
services:
  guardDuty: {enabled: false}
  securityHub: {enabled: false}
  accessAnalyzer: {enabled: false}
  config: {enabled: false}
  rootAccess: {central: false}
`

// The handler refuses what it does not understand only when the zone is deployed; this finds it earlier.
func TestTheSecurityStackSpeaksTheHandlersLanguage(t *testing.T) {
	stack := assemblyOf(t, everyService).stacks["Security"]
	for _, kind := range resourcetype.SecurityTypes() {
		r := stack.only(t, kind, nil)
		if kind != resourcetype.RootAccess {
			require.Equal(t, "eu-central-1", r.properties["HomeRegion"], kind)
			require.Equal(t, []any{"eu-central-1", "us-east-1"}, r.properties["Regions"], kind)
			require.Equal(t, "landfall-security-administration", r.properties["RoleName"], kind)
		}
	}
	for name := range stack.only(t, resourcetype.GuardDuty, nil).properties["Features"].(map[string]any) {
		require.Contains(t, security.GuardDutyFeatures(), name)
	}
	for _, scan := range stack.only(t, resourcetype.Inspector, nil).properties["Types"].([]any) {
		require.Contains(t, security.InspectorTypes(), scan)
	}
	hub := stack.only(t, resourcetype.SecurityHub, nil).properties
	for control, text := range hub["CustomParameters"].(map[string]any) {
		_, err := security.ParseParameters(text.(string))
		require.NoError(t, err, control)
	}
	require.Len(t, hub["Standards"], 2)
	require.Equal(t, []any{"EC2.10"}, hub["DisabledControls"])
}

func TestEveryServiceIsTrustedBeforeItIsSetUp(t *testing.T) {
	trusted := func(text string) []any {
		var out []any
		for _, r := range assemblyOf(t, text).stacks["Organization"].resources("Custom::LandfallTrustedAccess") {
			out = append(out, r.properties["ServicePrincipal"])
		}
		return out
	}
	always := []any{"cloudtrail.amazonaws.com", "member.org.stacksets.cloudformation.amazonaws.com"}
	require.ElementsMatch(t, always, trusted(noService))
	require.ElementsMatch(t, append(always, "access-analyzer.amazonaws.com", "config.amazonaws.com", "guardduty.amazonaws.com",
		"malware-protection.guardduty.amazonaws.com", "securityhub.amazonaws.com", "inspector2.amazonaws.com", "macie.amazonaws.com",
		"detective.amazonaws.com", "iam.amazonaws.com"), trusted(everyService))
}

func TestAZoneWithoutServicesIsComplete(t *testing.T) {
	a := assemblyOf(t, noService)
	require.Empty(t, a.members["baseline-regional"].resources("AWS::Config::ConfigurationRecorder"))
	for id, template := range a.stacks {
		require.NotEmpty(t, template.resources(""), "CloudFormation refuses a stack without resources: %s", id)
	}
}
