package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/constructs"
)

// newSecurityStack sets up the detection services for the whole organization, administered by the
// audit account. It comes after the audit stack, whose role it acts with there.
func newSecurityStack(app awscdk.App, p *Props, organization *organizationStack) awscdk.Stack {
	z := p.Zone
	stack := newStack(app, p, "Security", "security", "detection services of the organization")
	services := &constructs.SecurityServices{
		Handler:        organization.handler,
		Zone:           z,
		AuditAccountID: organization.auditID,
		RootID:         organization.rootID,
		FindingsBucketARN: awscdk.Fn_Join(jsii.String(""), &[]*string{
			jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":s3:::" + z.FindingsBucketName(*organization.logArchiveID)),
		}),
	}
	if z.Services.GuardDuty.Enabled {
		// GuardDuty takes the key's ARN, not its alias.
		lookup, keyARN := constructs.NewKeyLookup(stack, "ArchiveKey", organization.handler,
			awscdk.Fn_Join(jsii.String(""), &[]*string{
				jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":kms:" + z.HomeRegion + ":"), organization.logArchiveID, jsii.String(":" + z.ArchiveKeyAlias()),
			}), z.LogArchive.Key)
		services.NewGuardDuty(stack, "GuardDuty", keyARN).Node().AddDependency(lookup)
	}
	if z.Services.SecurityHub.Enabled {
		services.NewSecurityHub(stack, "SecurityHub")
	}
	if z.Services.AccessAnalyzer.Enabled {
		services.NewAccessAnalyzer(stack, "AccessAnalyzer")
	}
	if z.Services.Inspector.Enabled {
		services.NewInspector(stack, "Inspector")
	}
	if z.Services.Macie.Enabled {
		services.NewMacie(stack, "Macie")
	}
	if z.Services.Detective.Enabled {
		services.NewDetective(stack, "Detective")
	}
	if z.Services.RootAccess.Central {
		services.NewRootAccess(stack, "RootAccess")
	}
	keepNotEmpty(stack)
	return stack
}
