package constructs

import (
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/member"
	"github.com/landfall-aws/landfall/internal/template"
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
	this := constructs.NewConstruct(scope, jsii.String(id))
	execution := z.Resource("stackset-execution")
	administration := newResource(this, "Administration", "AWS::IAM::Role", map[string]any{
		"RoleName":    z.Resource("stackset-administration"),
		"Description": "Lets CloudFormation deploy the zone's StackSets to the management account",
		"AssumeRolePolicyDocument": template.Trust(template.Service("cloudformation.amazonaws.com"), map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": template.AccountID()},
			"StringLike":   map[string]any{"aws:SourceArn": arn("cloudformation:*:${AWS::AccountId}:stackset/" + z.Prefix + "-*")},
		}),
		"Policies": template.InlinePolicy("assume-execution-role", template.Statement{Actions: []string{"sts:AssumeRole"}, Resources: []any{template.RoleARN(execution)}}),
	})
	administrationARN := attribute(administration, "Arn")
	role := newResource(this, "Execution", "AWS::IAM::Role", map[string]any{
		"RoleName":                 execution,
		"Description":              "Creates the zone's baseline in the management account",
		"AssumeRolePolicyDocument": template.Trust(template.Role(administrationARN), nil),
		"Policies":                 template.InlinePolicy("baseline", baselinePermissions(z)...),
	})
	role.AddResourceDependency(administration, nil)
	return &StackSetRoles{AdministrationRoleARN: administrationARN, ExecutionRoleName: role.Ref()}
}

// baselinePermissions are what CloudFormation needs to create the baseline in the management account.
func baselinePermissions(z *zone.Zone) []template.Statement {
	allow := func(sid string, resource any, actions ...string) template.Statement {
		return template.Statement{Sid: sid, Actions: actions, Resources: []any{resource}}
	}
	roles := allow("Roles", template.RoleARN(z.EventForwarderRoleName()),
		"iam:CreateRole", "iam:DeleteRole", "iam:GetRole", "iam:PassRole", "iam:UpdateRole", "iam:UpdateRoleDescription",
		"iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy", "iam:GetRolePolicy",
		"iam:ListRolePolicies", "iam:ListAttachedRolePolicies", "iam:TagRole", "iam:UntagRole")
	roles.Resources = append(roles.Resources, template.RoleARN(z.ConfigRecorderRoleName()), template.RoleARN(z.AuditReadRoleName()))
	return []template.Statement{
		// CloudFormation acts on its own stacks with this role; the user guide asks for all of its actions.
		allow("Stacks", "*", "cloudformation:*"),
		allow("Rules", arn("events:*:${AWS::AccountId}:rule/"+z.Prefix+"-*"),
			"events:PutRule", "events:DeleteRule", "events:DescribeRule", "events:EnableRule", "events:DisableRule",
			"events:PutTargets", "events:RemoveTargets", "events:ListTargetsByRule",
			"events:TagResource", "events:UntagResource", "events:ListTagsForResource"),
		allow("Queues", arn("sqs:*:${AWS::AccountId}:"+z.Prefix+"-*"),
			"sqs:CreateQueue", "sqs:DeleteQueue", "sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SetQueueAttributes",
			"sqs:TagQueue", "sqs:UntagQueue", "sqs:ListQueueTags"),
		allow("Alarms", arn("cloudwatch:*:${AWS::AccountId}:alarm:"+z.Prefix+"-*"),
			"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms",
			"cloudwatch:TagResource", "cloudwatch:UntagResource", "cloudwatch:ListTagsForResource"),
		roles,
		attach("RecorderPolicy", z.ConfigRecorderRoleName(), member.RecorderPolicy),
		attach("AuditReadPolicies", z.AuditReadRoleName(), member.AuditReadPolicies()...),
		// Recorders and delivery channels have no ARNs before they exist.
		allow("Recorders", "*",
			"config:PutConfigurationRecorder", "config:DeleteConfigurationRecorder", "config:DescribeConfigurationRecorders",
			"config:DescribeConfigurationRecorderStatus", "config:StartConfigurationRecorder", "config:StopConfigurationRecorder",
			"config:PutDeliveryChannel", "config:DeleteDeliveryChannel", "config:DescribeDeliveryChannels", "config:DescribeDeliveryChannelStatus",
			"config:PutConfigRule", "config:DeleteConfigRule", "config:DescribeConfigRules", "config:DescribeComplianceByConfigRule",
			"config:TagResource", "config:UntagResource", "config:ListTagsForResource"),
	}
}

// attach lets a role be given some AWS managed policies, and no others.
func attach(sid, role string, policies ...string) template.Statement {
	var arns []any
	for _, policy := range policies {
		arns = append(arns, arn("iam::aws:policy/"+policy))
	}
	return template.Statement{
		Sid: sid, Actions: []string{"iam:AttachRolePolicy", "iam:DetachRolePolicy"}, Resources: []any{template.RoleARN(role)},
		Condition: map[string]any{"ArnEquals": map[string]any{"iam:PolicyARN": arns}},
	}
}
