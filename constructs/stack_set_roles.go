package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/member"
	"github.com/landfall-aws/landfall/internal/zone"
)

// StackSetRoles are the two roles with which a self-managed StackSet deploys to the management account itself.
type StackSetRoles struct {
	AdministrationRoleARN *string
	ExecutionRoleName     *string
}

// NewStackSetRoles adds the roles: CloudFormation assumes the first, the first assumes the second, and
// only the second may change anything. Source: CloudFormation user guide, "Grant self-managed permissions".
func NewStackSetRoles(scope constructs.Construct, id string, z *zone.Zone) *StackSetRoles {
	execution := z.Resource("stackset-execution")
	this := constructs.NewConstruct(scope, jsii.String(id))
	administration := awsiam.NewRole(this, jsii.String("Administration"), &awsiam.RoleProps{
		RoleName:    jsii.String(z.Resource("stackset-administration")),
		Description: jsii.String("Lets CloudFormation deploy the zone's StackSets to the management account"),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("cloudformation.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{
				"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()},
				"StringLike": map[string]any{"aws:SourceArn": awscdk.Fn_Sub(
					jsii.String("arn:${AWS::Partition}:cloudformation:*:${AWS::AccountId}:stackset/"+z.Prefix+"-*"), nil)},
			},
		}),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"assume-execution-role": document(
			allow("", []string{"sts:AssumeRole"}, awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"+execution), nil)),
		)},
	})
	role := awsiam.NewRole(this, jsii.String("Execution"), &awsiam.RoleProps{
		RoleName:    jsii.String(execution),
		Description: jsii.String("Creates the zone's baseline in the management account"),
		AssumedBy:   awsiam.NewArnPrincipal(administration.RoleArn()),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"baseline": document(
			// CloudFormation acts on its own stacks with this role; the user guide asks for all of its actions.
			allow("Stacks", []string{"cloudformation:*"}, jsii.String("*")),
			allow("Rules", []string{
				"events:PutRule", "events:DeleteRule", "events:DescribeRule", "events:EnableRule", "events:DisableRule",
				"events:PutTargets", "events:RemoveTargets", "events:ListTargetsByRule",
				"events:TagResource", "events:UntagResource", "events:ListTagsForResource",
			}, awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:events:*:${AWS::AccountId}:rule/"+z.Prefix+"-*"), nil)),
			allow("Queues", []string{
				"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SetQueueAttributes",
				"sqs:TagQueue", "sqs:UntagQueue", "sqs:ListQueueTags",
			}, awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:sqs:*:${AWS::AccountId}:"+z.Prefix+"-*"), nil)),
			allow("Alarms", []string{
				"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms",
				"cloudwatch:TagResource", "cloudwatch:UntagResource", "cloudwatch:ListTagsForResource",
			}, awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:cloudwatch:*:${AWS::AccountId}:alarm:"+z.Prefix+"-*"), nil)),
			allow("Roles", []string{
				"iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:PassRole", "iam:UpdateRole", "iam:UpdateRoleDescription",
				"iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:GetRolePolicy",
				"iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:TagRole", "iam:UntagRole",
			},
				roleARN(z.EventForwarderRoleName()), roleARN(z.ConfigRecorderRoleName()), roleARN(z.AuditReadRoleName())),
			attach("RecorderPolicy", z.ConfigRecorderRoleName(), member.RecorderPolicy),
			attach("AuditReadPolicies", z.AuditReadRoleName(), member.AuditReadPolicies()...),
			// Recorders and delivery channels have no ARNs before they exist.
			allow("Recorders", []string{
				"config:PutConfigurationRecorder", "config:DeleteConfigurationRecorder", "config:DescribeConfigurationRecorders",
				"config:DescribeConfigurationRecorderStatus", "config:StartConfigurationRecorder", "config:StopConfigurationRecorder",
				"config:PutDeliveryChannel", "config:DeleteDeliveryChannel", "config:DescribeDeliveryChannels", "config:DescribeDeliveryChannelStatus",
				"config:PutConfigRule", "config:DeleteConfigRule", "config:DescribeConfigRules", "config:DescribeComplianceByConfigRule",
				"config:TagResource", "config:UntagResource", "config:ListTagsForResource",
			}, jsii.String("*")),
		)},
	})
	role.Node().AddDependency(administration)
	return &StackSetRoles{AdministrationRoleARN: administration.RoleArn(), ExecutionRoleName: role.RoleName()}
}

// attach lets a role be given some AWS managed policies, and no others.
func attach(sid, role string, policies ...string) awsiam.PolicyStatement {
	var arns []*string
	for _, policy := range policies {
		arns = append(arns, awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:iam::aws:policy/"+policy), nil))
	}
	return awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String(sid),
		Actions:    jsii.Strings("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
		Resources:  &[]*string{roleARN(role)},
		Conditions: &map[string]any{"ArnEquals": map[string]any{"iam:PolicyARN": arns}},
	})
}

// document is a policy document of the given statements.
func document(statements ...awsiam.PolicyStatement) awsiam.PolicyDocument {
	return awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &statements})
}

// allow is a statement of an identity policy; sid may be empty.
func allow(sid string, actions []string, resources ...*string) awsiam.PolicyStatement {
	p := &awsiam.PolicyStatementProps{Actions: jsii.Strings(actions...), Resources: &resources}
	if sid != "" {
		p.Sid = jsii.String(sid)
	}
	return awsiam.NewPolicyStatement(p)
}

// roleARN is the ARN of a role of the account that deploys, by name.
func roleARN(name string) *string {
	return awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"+name), nil)
}
