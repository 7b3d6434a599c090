package constructs

import "github.com/aws/aws-cdk-go/awscdk/v2"

// retained is the removal policy of what holds data or identity: no edit and no deletion removes it. Only the
// roll-back of a creation that failed does, when it holds nothing yet; otherwise its name would stand in the way of
// the next try (CloudFormation user guide, "DeletionPolicy attribute": RetainExceptOnCreate).
func retained() awscdk.RemovalPolicy { return awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE }

// Retained is that policy for resources of stacks.
func Retained(r awscdk.CfnResource) { r.ApplyRemovalPolicy(retained(), nil) }
