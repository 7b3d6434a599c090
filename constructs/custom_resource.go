// Package constructs holds the reusable parts of the stacks, one file each, named after the thing.
package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newCustomResource adds a resource that the organization handler creates or adopts. It is retained
// always: what it stands for must outlive any edit of the template.
func newCustomResource(scope constructs.Construct, id string, handler Handler, resourceType string, properties map[string]any) awscdk.CustomResource {
	if handler.verify != "" {
		properties["Verify"] = handler.verify
	}
	return awscdk.NewCustomResource(scope, jsii.String(id), &awscdk.CustomResourceProps{
		ServiceToken:  jsii.String(handler.serviceToken),
		ResourceType:  jsii.String(resourceType),
		Properties:    &properties,
		RemovalPolicy: awscdk.RemovalPolicy_RETAIN,
	})
}

// tagMap converts tags to a property; absent when there are none.
func tagMap(properties map[string]any, tags map[string]string) {
	if len(tags) > 0 {
		properties["Tags"] = tags
	}
}
