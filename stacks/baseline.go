package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/constructs"
)

// The baseline of an account once, and in every alert Region; the management account has a regional one of its own.
const (
	baselineGlobalTemplate     = "baseline-global"
	baselineRegionalTemplate   = "baseline-regional"
	managementRegionalTemplate = "management-regional"
)

// baselineTolerance is the percentage of accounts per Region that may fail before a baseline
// operation stops; failed instances raise an alert of their own.
const baselineTolerance = 10

// newBaselineStack deploys the baseline to every account, today's and tomorrow's, and to the
// management account, which service-managed StackSets never reach.
func newBaselineStack(app awscdk.App, p *Props, organization *organizationStack, templates map[string]constructs.MemberTemplate) awscdk.Stack {
	z := p.Zone
	stack := newStack(app, p, "Baseline", "baseline", "baseline of every account")
	parameters := map[string]*string{"AuditAccountId": organization.auditID, "LogArchiveAccountId": organization.logArchiveID}
	global := constructs.NewStackSet(stack, "Global", &constructs.StackSetProps{
		Name:                       z.Resource("baseline-global"),
		Description:                "What every account has once",
		Template:                   templates[baselineGlobalTemplate],
		Parameters:                 parameters,
		Target:                     constructs.WholeOrganization(organization.rootID),
		Regions:                    []string{z.HomeRegion},
		FailureTolerancePercentage: baselineTolerance,
		Zone:                       z,
	})
	regional := constructs.NewStackSet(stack, "Regional", &constructs.StackSetProps{
		Name:                       z.Resource("baseline-regional"),
		Description:                "What every account has in each Region",
		Template:                   templates[baselineRegionalTemplate],
		Parameters:                 parameters,
		Target:                     constructs.WholeOrganization(organization.rootID),
		Regions:                    z.AlertRegions,
		FailureTolerancePercentage: baselineTolerance,
		AutoDeployAfter:            []*string{stackSetARN(global)},
		Zone:                       z,
	})
	regional.AddResourceDependency(global, nil)

	managementGlobal := constructs.NewStackSet(stack, "ManagementGlobal", &constructs.StackSetProps{
		Name:        z.Resource("management-global"),
		Description: "What the management account has once",
		Template:    templates[baselineGlobalTemplate],
		Parameters:  parameters,
		Target:      constructs.ManagementAccount(organization.roles),
		Regions:     []string{z.HomeRegion},
		Zone:        z,
	})
	managementRegional := constructs.NewStackSet(stack, "ManagementRegional", &constructs.StackSetProps{
		Name:        z.Resource("management-regional"),
		Description: "What the management account has in each Region",
		Template:    templates[managementRegionalTemplate],
		Parameters:  parameters,
		Target:      constructs.ManagementAccount(organization.roles),
		Regions:     z.AlertRegions,
		Zone:        z,
	})
	managementRegional.AddResourceDependency(managementGlobal, nil)
	return stack
}

// stackSetARN is the ARN of a StackSet, whose Ref is its id (name and random suffix).
func stackSetARN(set awscdk.CfnStackSet) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{
		jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":cloudformation:"), awscdk.Aws_REGION(), jsii.String(":"),
		awscdk.Aws_ACCOUNT_ID(), jsii.String(":stackset/"), set.Ref(),
	})
}
