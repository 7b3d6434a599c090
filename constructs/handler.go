package constructs

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/customresources"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Handler is the function that serves custom resources.
type Handler struct{ serviceToken, verify string }

// NewHandler adds the function that performs organization operations, behind the CDK's provider
// framework, which calls it again every 15 seconds until the operation is complete.
//
// CloudFormation calls it for a resource only when a property of the resource changes. A value of verify that the last
// deployment did not have is such a change in every resource, and has the handler check and mend all that they stand for.
func NewHandler(scope constructs.Construct, id string, z *zone.Zone, source HandlerSource, verify string) Handler {
	this := constructs.NewConstruct(scope, jsii.String(id))
	role := awsiam.NewRole(this, jsii.String("Role"), &awsiam.RoleProps{
		RoleName:    jsii.String(z.HandlerRoleName()),
		Description: jsii.String("Creates and adopts the organization, its OUs and accounts; deletes nothing"),
		AssumedBy:   awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	code := source.code()
	function := func(name, handler, description string) awslambda.Function {
		group := awslogs.NewLogGroup(this, jsii.String(name+"Logs"), &awslogs.LogGroupProps{
			LogGroupName:  jsii.String("/aws/lambda/" + z.Resource("organization-"+handler)),
			Retention:     awslogs.RetentionDays_ONE_YEAR,
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		})
		group.GrantWrite(role)
		return awslambda.NewFunction(this, jsii.String(name), &awslambda.FunctionProps{
			FunctionName: jsii.String(z.Resource("organization-" + handler)),
			Description:  jsii.String(description),
			Runtime:      awslambda.Runtime_PROVIDED_AL2023(),
			Architecture: awslambda.Architecture_ARM_64(),
			Handler:      jsii.String(handler),
			Code:         code,
			Role:         role,
			MemorySize:   jsii.Number(256),
			Timeout:      awscdk.Duration_Minutes(jsii.Number(5)),
			LogGroup:     group,
		})
	}
	onEvent := function("OnEvent", "on-event", "Checks an organization resource of the landing zone and names it")
	isComplete := function("IsComplete", "is-complete", "Creates or adopts an organization resource of the landing zone, one step per call")
	policy := newResource(this, "Policy", "AWS::IAM::Policy", map[string]any{
		"PolicyName":     z.HandlerRoleName(),
		"Roles":          []any{role.RoleName()},
		"PolicyDocument": template.NewPolicy(handlerPermissions(z)...),
	})
	provider := customresources.NewProvider(this, jsii.String("Provider"), &customresources.ProviderProps{
		OnEventHandler:    onEvent,
		IsCompleteHandler: isComplete,
		QueryInterval:     awscdk.Duration_Seconds(jsii.Number(15)),
		// CloudFormation gives up after an hour; the handler itself says why after 55 minutes.
		TotalTimeout: awscdk.Duration_Minutes(jsii.Number(59)),
		LogGroup: awslogs.NewLogGroup(this, jsii.String("ProviderLogs"), &awslogs.LogGroupProps{
			LogGroupName:  jsii.String("/aws/lambda/" + z.Resource("organization-provider")),
			Retention:     awslogs.RetentionDays_ONE_YEAR,
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		}),
	})
	provider.Node().AddDependency(policy)
	return Handler{serviceToken: *provider.ServiceToken(), verify: verify}
}

// handlerPermissions are what the handler's role may do.
func handlerPermissions(z *zone.Zone) []template.Statement {
	return []template.Statement{
		// Their resources exist only afterwards or have ids that services choose, so the actions are what is limited.
		{Sid: "Operations", Actions: handlerActions(), Resources: []any{"*"}},
		{
			Sid: "ServiceLinkedRoles", Actions: []string{"iam:CreateServiceLinkedRole"}, Resources: []any{template.RoleARN("aws-service-role/*")},
			Condition: map[string]any{"StringEquals": map[string]any{
				"iam:AWSServiceName": sortedUnion(resourcetype.OrganizationServiceLinkedRoles(), resourcetype.SecurityServiceLinkedRoles()),
			}},
		},
		{
			Sid: "AdministerSecurity", Actions: []string{"sts:AssumeRole"}, Resources: []any{arn("iam::*:role/" + z.SecurityAdministrationRoleName())},
			// The audit account's id would make the handler depend on what it creates.
			Condition: map[string]any{"StringEquals": map[string]any{"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}},
		},
	}
}

// handlerActions are the actions of the handler in the management account, without those that are
// limited further.
func handlerActions() []string {
	limited := []string{"iam:CreateServiceLinkedRole", "sts:AssumeRole"}
	all := sortedUnion(resourcetype.OrganizationPermissions(), resourcetype.SecurityPermissions(), resourcetype.IdentityPermissions())
	return slices.DeleteFunc(all, func(action string) bool { return slices.Contains(limited, action) })
}

// sortedUnion is what is in any of the lists, once each, in order.
func sortedUnion(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
