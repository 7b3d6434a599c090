package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/constructs"
)

// newTrailStack adds the organization trail, which can be created from the management account only.
func newTrailStack(app awscdk.App, p *Props, organization *organizationStack) awscdk.Stack {
	z := p.Zone
	stack := newStack(app, p, "Trail", "trail", "organization trail")
	logArchiveID := organization.logArchiveID
	// CloudTrail accepts an alias, but stores and checks the key behind it; the lookup leaves no doubt which.
	lookup, keyARN := constructs.NewKeyLookup(stack, "Key", organization.handler, awscdk.Fn_Join(jsii.String(""), &[]*string{
		jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":kms:" + z.HomeRegion + ":"), logArchiveID, jsii.String(":" + z.TrailKeyAlias()),
	}), z.LogArchive.Key)
	trail := constructs.NewOrganizationTrail(stack, "Trail", &constructs.OrganizationTrailProps{
		Name:           z.TrailName(),
		BucketName:     jsii.String(z.TrailBucketName(*logArchiveID)),
		KeyARN:         keyARN,
		OrganizationID: organization.organizationID,
		Settings:       z.Trail,
		LogGroupName:   z.Resource("trail"),
		MetricFilters:  p.MetricFilters,
		Zone:           z,
	})
	trail.Node().AddDependency(lookup)
	return stack
}
