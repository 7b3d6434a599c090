package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/zone"
)

const logArchiveTemplate = "log-archive"

// trailName is the name of the organization trail.
func trailName(z *zone.Zone) string { return z.Resource("organization") }

// trailKeyAlias is the alias of the key of the trail's bucket, in the log-archive account.
func trailKeyAlias(z *zone.Zone) string { return "alias/" + z.Resource("trail") }

// trailBucketName is the name of the trail's bucket, for an account id that may be a token.
func trailBucketName(z *zone.Zone, accountID string) string {
	return z.Resource("trail", accountID, z.HomeRegion)
}

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

// addLogArchiveTemplate adds the template of the log-archive account.
func addLogArchiveTemplate(members *constructs.MemberApp, p *Props) {
	z := p.Zone
	stack := members.NewStack(logArchiveTemplate, "Landing zone "+z.Name+": the log archive")
	organizationID := parameter(stack, "OrganizationId", "The organization, whose accounts write")
	auditID := parameter(stack, "AuditAccountId", "The audit account, which may read the logs")
	managementID := parameter(stack, "ManagementAccountId", "The management account, which owns the trail")
	accessLogs := constructs.NewTrailArchive(stack, "Trail", &constructs.TrailArchiveProps{
		Zone:                z,
		ManagementAccountID: managementID,
		OrganizationID:      organizationID,
		AuditAccountID:      auditID,
		TrailName:           trailName(z),
		KeyAlias:            trailKeyAlias(z),
		BucketName:          trailBucketName(z, *stack.Account()),
	})
	constructs.NewServicesArchive(stack, "Services", &constructs.ServicesArchiveProps{
		Zone: z, OrganizationID: organizationID, AuditAccountID: auditID, ManagementAccountID: managementID,
	}, accessLogs)
}

// parameter adds a string parameter to a member template and returns its value.
func parameter(stack awscdk.Stack, name, description string) *string {
	return awscdk.NewCfnParameter(stack, ptr(name), &awscdk.CfnParameterProps{
		Type: ptr("String"), Description: ptr(description),
	}).ValueAsString()
}

func ptr(s string) *string { return &s }
