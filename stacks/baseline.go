package stacks

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
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

// addBaselineTemplates adds the baseline's templates.
func addBaselineTemplates(members *constructs.MemberApp, p *Props) {
	z := p.Zone
	global := members.NewStack(baselineGlobalTemplate, "Landing zone "+z.Name+": what an account has once")
	in := baselineParameters(global)
	constructs.NewEventForwarder(global, "EventForwarder", z, in.auditID)
	constructs.NewAuditReadRole(global, "AuditReadRole", z, in.auditID)
	if z.Services.Config.Enabled {
		constructs.NewConfigRecorderRole(global, "ConfigRecorderRole", z, in.logArchiveID)
	}

	regional := members.NewStack(baselineRegionalTemplate, "Landing zone "+z.Name+": what an account has in each Region")
	in = baselineParameters(regional)
	where := newWhere(regional, z)
	addForwardingRules(regional, p, where, in.auditID, map[alert.Accounts]*string{
		alert.AllAccounts:       nil,
		alert.AuditAccount:      in.auditID,
		alert.LogArchiveAccount: in.logArchiveID,
	})
	addConfigRecorder(regional, p, where, in.logArchiveID)

	management := members.NewStack(managementRegionalTemplate, "Landing zone "+z.Name+": what the management account has in each Region")
	in = baselineParameters(management)
	where = newWhere(management, z)
	forwarder := addForwardingRules(management, p, where, in.auditID, map[alert.Accounts]*string{
		alert.AllAccounts:       nil,
		alert.ManagementAccount: nil,
	})
	forwarder.NewHeartbeat(management, "Heartbeat")
	addConfigRecorder(management, p, where, in.logArchiveID)
}

// memberIDs are the parameters of every baseline template.
type memberIDs struct{ auditID, logArchiveID *string }

func baselineParameters(stack awscdk.Stack) memberIDs {
	return memberIDs{
		auditID:      parameter(stack, "AuditAccountId", "The audit account, which receives alert events"),
		logArchiveID: parameter(stack, "LogArchiveAccountId", "The log-archive account, which receives what AWS Config records"),
	}
}

// addConfigRecorder adds the recorder of AWS Config in governed Regions.
func addConfigRecorder(stack awscdk.Stack, p *Props, where *where, logArchiveID *string) {
	z := p.Zone
	if !z.Services.Config.Enabled {
		return
	}
	constructs.NewConfigRecorder(stack, "Config", &constructs.ConfigRecorderProps{
		Zone: z, LogArchiveAccountID: logArchiveID, Rules: p.Detective,
		Governed: where.only(z.GovernedRegions, nil, ""), Home: where.home(),
	})
}

// addForwardingRules adds the rules that listen in the given kinds of accounts; a kind with an account
// id is limited to that account. It returns what they send with.
func addForwardingRules(stack awscdk.Stack, p *Props, where *where, auditAccountID *string, kinds map[alert.Accounts]*string) *constructs.Forwarder {
	// In Regions where users only sign in, an alarm per account would cost more than the heartbeat, which watches them too.
	watched := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(p.Zone.GovernedRegions), zone.GlobalRegion))))
	forwarder := constructs.NewForwarder(stack, "Undelivered", p.Zone, auditAccountID, where.only(watched, nil, ""))
	for _, f := range p.Forwards {
		if accountID, listens := kinds[f.Accounts]; listens {
			forwarder.NewRule(stack, f, where.only(f.Regions, accountID, string(f.Accounts)))
		}
	}
	return forwarder
}
