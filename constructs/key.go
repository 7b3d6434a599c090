package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newKey adds a customer key that rotates every year, with its alias; both are retained.
func newKey(scope constructs.Construct, id, alias, description string) awskms.Key {
	key := awskms.NewKey(scope, jsii.String(id), &awskms.KeyProps{
		Description:       jsii.String(description),
		EnableKeyRotation: jsii.Bool(true),
		PendingWindow:     awscdk.Duration_Days(jsii.Number(30)),
		RemovalPolicy:     awscdk.RemovalPolicy_RETAIN,
	})
	awskms.NewAlias(scope, jsii.String(id+"Alias"), &awskms.AliasProps{
		AliasName: jsii.String(alias),
		TargetKey: key,
	}).ApplyRemovalPolicy(awscdk.RemovalPolicy_RETAIN)
	return key
}
