package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// newKey adds a customer key that rotates every year, with its alias; both are retained.
func newKey(scope constructs.Construct, id, alias, description string) awskms.Key {
	key := awskms.NewKey(scope, jsii.String(id), &awskms.KeyProps{
		Description:       jsii.String(description),
		EnableKeyRotation: jsii.Bool(true),
		PendingWindow:     awscdk.Duration_Days(jsii.Number(30)),
		RemovalPolicy:     retained(),
	})
	awskms.NewAlias(scope, jsii.String(id+"Alias"), &awskms.AliasProps{
		AliasName: jsii.String(alias),
		TargetKey: key,
	}).ApplyRemovalPolicy(retained())
	return key
}

// letHandlerFind lets the management account's handler look a key up by its alias.
func letHandlerFind(key awskms.Key, z *zone.Zone, managementAccountID *string) {
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("HandlerFindsKey"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewAccountPrincipal(managementAccountID)},
		Actions:    jsii.Strings("kms:DescribeKey"),
		Resources:  jsii.Strings("*"),
		Conditions: &map[string]any{"ArnEquals": map[string]any{"aws:PrincipalArn": awscdk.Fn_Join(jsii.String(""), &[]*string{
			jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":iam::"), managementAccountID, jsii.String(":role/" + HandlerRoleName(z)),
		})}},
	}), nil)
}
