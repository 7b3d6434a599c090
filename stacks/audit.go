package stacks

import (
	"crypto/sha256"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
)

const auditTemplate = "audit"

// newAuditStack deploys the alert bus, the alert rules and their topics into the audit account.
func newAuditStack(app awscdk.App, p *Props, organization *organizationStack, templates map[string]constructs.MemberTemplate) awscdk.Stack {
	z := p.Zone
	stack := newStack(app, p, "Audit", "audit", "alert bus, rules and topics of the audit account")
	parameters := map[string]*string{
		"OrganizationId":      organization.organizationID,
		"ManagementAccountId": awscdk.Aws_ACCOUNT_ID(),
		"LogArchiveAccountId": organization.logArchiveID,
	}
	targets := newPolicyTargets(stack, z, organization)
	for _, name := range alert.AccountNames(p.Alerts) {
		parameters[accountParameter(name)] = targets.id(guardrail.Target{Account: name})
	}
	constructs.NewStackSet(stack, "StackSet", &constructs.StackSetProps{
		Name:        z.Resource("audit"),
		Description: "Alert bus, alert rules and topics",
		Template:    templates[auditTemplate],
		Parameters:  parameters,
		Target:      constructs.OneMember(organization.securityOUID, organization.auditID),
		Regions:     []string{z.HomeRegion},
		Zone:        z,
	})
	return stack
}

// addAuditTemplate adds the template of the audit account.
func addAuditTemplate(members *constructs.MemberApp, p *Props) {
	z := p.Zone
	stack := members.NewStack(auditTemplate, "Landing zone "+z.Name+": the audit account")
	organizationID := parameter(stack, "OrganizationId", "The organization, whose accounts may send events")
	bus := constructs.NewAlertBus(stack, "Bus", z, organizationID)
	management := parameter(stack, "ManagementAccountId", "The management account, in which some alerts listen")
	logArchive := parameter(stack, "LogArchiveAccountId", "The log-archive account, in which some alerts listen")
	named := map[string]*string{}
	for _, name := range alert.AccountNames(p.Alerts) {
		named[name] = parameter(stack, accountParameter(name), "The account "+name+", which suppressions name")
	}
	constructs.NewAlertDelivery(stack, "Delivery", z, bus, p.Alerts, func(accounts alert.Accounts) string {
		switch accounts {
		case alert.ManagementAccount:
			return *management
		case alert.LogArchiveAccount:
			return *logArchive
		}
		return *stack.Account()
	}, func(name string) string { return *named[name] })
	if z.Trail.Queries {
		constructs.NewTrailQueries(stack, "Queries", &constructs.TrailQueriesProps{
			Zone: z, TrailBucket: ptr(trailBucketName(z, *logArchive)), OrganizationID: organizationID,
		})
	}
	constructs.NewSecurityAdministration(stack, "SecurityAdministration", z, management)
	if z.Services.Config.Enabled {
		constructs.NewConfigAggregator(stack, "Config", z)
	}
}

// accountParameter names the parameter with the id of an account.
func accountParameter(name string) string {
	return fmt.Sprintf("Account%x", sha256.Sum256([]byte(name)))[:20]
}
