package stacks

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
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
	parameters := map[string]*string{"AuditAccountId": organization.auditID}
	global := constructs.NewStackSet(stack, "Global", &constructs.StackSetProps{
		Name:                       z.Resource("baseline-global"),
		Description:                "What every account has once",
		Template:                   templates[baselineGlobalTemplate],
		Parameters:                 parameters,
		Target:                     constructs.WholeOrganization(organization.rootID),
		Regions:                    []string{z.HomeRegion},
		FailureTolerancePercentage: baselineTolerance,
		Tags:                       z.Tags,
	})
	withLogArchive := maps.Clone(parameters)
	withLogArchive["LogArchiveAccountId"] = organization.logArchiveID
	regional := constructs.NewStackSet(stack, "Regional", &constructs.StackSetProps{
		Name:                       z.Resource("baseline-regional"),
		Description:                "What every account has in each Region",
		Template:                   templates[baselineRegionalTemplate],
		Parameters:                 withLogArchive,
		Target:                     constructs.WholeOrganization(organization.rootID),
		Regions:                    z.AlertRegions,
		FailureTolerancePercentage: baselineTolerance,
		AutoDeployAfter:            []*string{stackSetARN(global)},
		Tags:                       z.Tags,
	})
	regional.AddResourceDependency(global, nil)

	managementGlobal := constructs.NewStackSet(stack, "ManagementGlobal", &constructs.StackSetProps{
		Name:        z.Resource("management-global"),
		Description: "What the management account has once",
		Template:    templates[baselineGlobalTemplate],
		Parameters:  parameters,
		Target:      constructs.ManagementAccount(organization.roles),
		Regions:     []string{z.HomeRegion},
		Tags:        z.Tags,
	})
	managementRegional := constructs.NewStackSet(stack, "ManagementRegional", &constructs.StackSetProps{
		Name:        z.Resource("management-regional"),
		Description: "What the management account has in each Region",
		Template:    templates[managementRegionalTemplate],
		Parameters:  parameters,
		Target:      constructs.ManagementAccount(organization.roles),
		Regions:     z.AlertRegions,
		Tags:        z.Tags,
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
	const audit = "The audit account, which receives alert events"
	global := members.NewStack(baselineGlobalTemplate, "Landing zone "+z.Name+": what an account has once")
	constructs.NewEventForwarder(global, "EventForwarder", z, parameter(global, "AuditAccountId", audit))

	regional := members.NewStack(baselineRegionalTemplate, "Landing zone "+z.Name+": what an account has in each Region")
	auditID := parameter(regional, "AuditAccountId", audit)
	addForwardingRules(regional, p, auditID, map[alert.Accounts]*string{
		alert.AllAccounts:       nil,
		alert.AuditAccount:      auditID,
		alert.LogArchiveAccount: parameter(regional, "LogArchiveAccountId", "The log-archive account, in which some alerts listen"),
	})

	management := members.NewStack(managementRegionalTemplate, "Landing zone "+z.Name+": what the management account has in each Region")
	auditID = parameter(management, "AuditAccountId", audit)
	queue := addForwardingRules(management, p, auditID, map[alert.Accounts]*string{
		alert.AllAccounts:       nil,
		alert.ManagementAccount: nil,
	})
	constructs.NewHeartbeat(management, "Heartbeat", z, auditID, queue)
}

// addForwardingRules adds the rules that listen in the given kinds of accounts; a kind with an account
// id is limited to that account. It returns the queue of what they could not send.
func addForwardingRules(stack awscdk.Stack, p *Props, auditAccountID *string, kinds map[alert.Accounts]*string) awssqs.Queue {
	queue := constructs.NewForwardingQueue(stack, "Undelivered", p.Zone)
	where := &whereConditions{stack: stack, zone: p.Zone, conditions: map[string]awscdk.CfnCondition{}}
	for _, f := range p.Forwards {
		if accountID, listens := kinds[f.Accounts]; listens {
			constructs.NewForwardingRule(stack, p.Zone, f, auditAccountID, queue, where.only(f, accountID))
		}
	}
	return queue
}

// whereConditions adds to a template the conditions that limit rules to Regions and accounts, once each.
type whereConditions struct {
	stack      awscdk.Stack
	zone       *zone.Zone
	conditions map[string]awscdk.CfnCondition
}

// only is the condition for a rule; nil when it exists wherever the template does.
func (w *whereConditions) only(f alert.Forward, accountID *string) awscdk.CfnCondition {
	var id string
	var all []awscdk.ICfnConditionExpression
	if !slices.Equal(f.Regions, w.zone.AlertRegions) {
		id = "In" + strings.ReplaceAll(strings.Join(f.Regions, ""), "-", "")
		var any []awscdk.ICfnConditionExpression
		for _, region := range f.Regions {
			any = append(any, awscdk.Fn_ConditionEquals(awscdk.Aws_REGION(), region))
		}
		all = append(all, combine(awscdk.Fn_ConditionOr, any))
	}
	if accountID != nil {
		id += "Of" + strings.ReplaceAll(string(f.Accounts), "-", "")
		all = append(all, awscdk.Fn_ConditionEquals(awscdk.Aws_ACCOUNT_ID(), accountID))
	}
	if len(all) > 0 && w.conditions[id] == nil {
		w.conditions[id] = awscdk.NewCfnCondition(w.stack, jsii.String(id), &awscdk.CfnConditionProps{Expression: combine(awscdk.Fn_ConditionAnd, all)})
	}
	return w.conditions[id]
}

// combine joins conditions with Fn::And or Fn::Or, which need two at least.
func combine(with func(...awscdk.ICfnConditionExpression) awscdk.ICfnRuleConditionExpression, of []awscdk.ICfnConditionExpression) awscdk.ICfnConditionExpression {
	if len(of) == 1 {
		return of[0]
	}
	return with(of...)
}
