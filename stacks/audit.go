package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/member"
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
		parameters[member.AccountParameter(name)] = targets.id(guardrail.Target{Account: name})
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
