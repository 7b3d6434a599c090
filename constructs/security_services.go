package constructs

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/zone"
)

// SecurityServices adds the detection services of a zone, each a resource of the organization handler.
type SecurityServices struct {
	Handler           Handler
	Zone              *zone.Zone
	AuditAccountID    *string
	RootID            *string
	FindingsBucketARN *string
}

// resource adds one service with the properties that all share and its own.
func (s *SecurityServices) resource(scope constructs.Construct, id, resourceType, configKey string, own map[string]any) awscdk.CustomResource {
	properties := map[string]any{
		"ConfigKey":      configKey,
		"AuditAccountId": s.AuditAccountID,
		"RoleName":       s.Zone.SecurityAdministrationRoleName(),
		"HomeRegion":     s.Zone.HomeRegion,
		"Regions":        s.Zone.GovernedRegions,
	}
	for key, value := range own {
		properties[key] = value
	}
	return newCustomResource(scope, id, s.Handler, resourceType, properties)
}

// NewGuardDuty adds GuardDuty. Every plan is named, on or off, so that none follows a default of AWS.
func (s *SecurityServices) NewGuardDuty(scope constructs.Construct, id string, keyARN *string) awscdk.CustomResource {
	word := func(on bool) string {
		if on {
			return "ALL"
		}
		return "NONE"
	}
	plans := s.Zone.Services.GuardDuty.Plans
	return s.resource(scope, id, resourcetype.GuardDuty, "services.guardDuty", map[string]any{
		"Features": map[string]string{
			"S3_DATA_EVENTS":         word(plans.S3),
			"EKS_AUDIT_LOGS":         word(plans.EKS),
			"EBS_MALWARE_PROTECTION": word(plans.Malware),
			"RDS_LOGIN_EVENTS":       word(plans.RDS),
			"LAMBDA_NETWORK_LOGS":    word(plans.Lambda),
			"RUNTIME_MONITORING":     word(plans.Runtime),
		},
		"PublishingFrequency":  "FIFTEEN_MINUTES",
		"DestinationBucketArn": s.FindingsBucketARN,
		"DestinationKeyArn":    keyARN,
	})
}

// Standards of Security Hub CSPM (Security Hub user guide, "Standards reference").
const (
	fsbpStandard = "aws-foundational-security-best-practices/v/1.0.0"
	cisStandard  = "cis-aws-foundations-benchmark/v/5.0.0"
)

// NewSecurityHub adds Security Hub CSPM under central configuration.
func (s *SecurityServices) NewSecurityHub(scope constructs.Construct, id string) awscdk.CustomResource {
	hub := s.Zone.Services.SecurityHub
	standard := func(name string) any { return arn("securityhub:" + s.Zone.HomeRegion + "::standards/" + name) }
	standards := []any{standard(fsbpStandard)}
	if hub.CIS {
		standards = append(standards, standard(cisStandard))
	}
	disabled := []string{}
	for _, control := range hub.DisabledControls {
		disabled = append(disabled, control.ID)
	}
	own := map[string]any{
		"RootId":           s.RootID,
		"PolicyName":       s.Zone.Resource("baseline"),
		"Standards":        standards,
		"DisabledControls": disabled,
	}
	if s.Zone.Services.Config.Enabled {
		// The zone's recorders use a role of their own, which this control would report in every account.
		own["CustomParameters"] = map[string]string{"Config.1": `{"includeConfigServiceLinkedRoleCheck":{"valueType":"CUSTOM","value":{"Boolean":false}}}`}
	}
	return s.resource(scope, id, resourcetype.SecurityHub, "services.securityHub", own)
}

// NewAccessAnalyzer adds the organization's analyzers.
func (s *SecurityServices) NewAccessAnalyzer(scope constructs.Construct, id string) awscdk.CustomResource {
	analyzer := s.Zone.Services.AccessAnalyzer
	return s.resource(scope, id, resourcetype.AccessAnalyzer, "services.accessAnalyzer", map[string]any{
		"NamePrefix":       s.Zone.Prefix,
		"UnusedAccess":     fmt.Sprint(analyzer.UnusedAccess),
		"UnusedAccessDays": strconv.Itoa(analyzer.UnusedAccessDays),
	})
}

// NewInspector adds Amazon Inspector.
func (s *SecurityServices) NewInspector(scope constructs.Construct, id string) awscdk.CustomResource {
	return s.resource(scope, id, resourcetype.Inspector, "services.inspector", map[string]any{"Types": s.Zone.Services.Inspector.Scan})
}

// NewMacie adds Amazon Macie.
func (s *SecurityServices) NewMacie(scope constructs.Construct, id string) awscdk.CustomResource {
	return s.resource(scope, id, resourcetype.Macie, "services.macie", nil)
}

// NewDetective adds Amazon Detective.
func (s *SecurityServices) NewDetective(scope constructs.Construct, id string) awscdk.CustomResource {
	return s.resource(scope, id, resourcetype.Detective, "services.detective", nil)
}

// NewRootAccess adds centralized root access.
func (s *SecurityServices) NewRootAccess(scope constructs.Construct, id string) awscdk.CustomResource {
	return newCustomResource(scope, id, s.Handler, resourcetype.RootAccess, map[string]any{"ConfigKey": "services.rootAccess"})
}
