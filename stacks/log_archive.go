package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/constructs"
)

const logArchiveTemplate = "log-archive"

// newLogArchiveStack deploys the log archive into its account.
func newLogArchiveStack(app awscdk.App, p *Props, organization *organizationStack, templates map[string]constructs.MemberTemplate) awscdk.Stack {
	z := p.Zone
	stack := newStack(app, p, "LogArchive", "log-archive", "buckets and key of the log archive")
	constructs.NewStackSet(stack, "StackSet", &constructs.StackSetProps{
		Name:        z.Resource("log-archive"),
		Description: "Buckets and key that keep the organization's logs",
		Template:    templates[logArchiveTemplate],
		Parameters: map[string]*string{
			"ManagementAccountId": awscdk.Aws_ACCOUNT_ID(),
			"OrganizationId":      organization.organizationID,
			"AuditAccountId":      organization.auditID,
		},
		Target:  constructs.OneMember(organization.securityOUID, organization.logArchiveID),
		Regions: []string{z.HomeRegion},
		Zone:    z,
	})
	return stack
}
