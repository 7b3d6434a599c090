package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// AlertBusName is the name of the audit account's alert bus.
func AlertBusName(z *zone.Zone) string { return z.Resource("alerts") }

// alertBusARN is the ARN of the alert bus, in the home Region of the audit account. The rules of every account and
// Region send to it directly, because EventBridge does not pass on what a bus received from another bus
// (EventBridge user guide, "Sending and receiving events between event buses").
func alertBusARN(z *zone.Zone, auditAccountID *string) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{
		jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":events:" + z.HomeRegion + ":"), auditAccountID,
		jsii.String(":event-bus/" + AlertBusName(z)),
	})
}

// NewAlertBus adds the audit account's bus; every account of the organization may send to it.
func NewAlertBus(scope constructs.Construct, id string, z *zone.Zone, organizationID *string) awsevents.EventBus {
	bus := awsevents.NewEventBus(scope, jsii.String(id), &awsevents.EventBusProps{
		EventBusName: jsii.String(AlertBusName(z)),
		Description:  jsii.String("Receives the events of every account that may become alerts"),
	})
	bus.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("OrganizationSends"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewAnyPrincipal()},
		Actions:    jsii.Strings("events:PutEvents"),
		Resources:  &[]*string{bus.EventBusArn()},
		Conditions: &map[string]any{"StringEquals": map[string]any{"aws:PrincipalOrgID": organizationID}},
	}))
	return bus
}

// eventsRole is a role that EventBridge assumes in this account to send events to buses.
func eventsRole(scope constructs.Construct, id, name, description string, buses ...*string) awsiam.Role {
	return awsiam.NewRole(scope, jsii.String(id), &awsiam.RoleProps{
		RoleName:    jsii.String(name),
		Description: jsii.String(description),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
		}),
		InlinePolicies: &map[string]awsiam.PolicyDocument{"send": document(allow("SendEvents", []string{"events:PutEvents"}, buses...))},
	})
}

// roleARN is the ARN of a role of the account that deploys, by name.
func roleARN(name string) *string {
	return awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"+name), nil)
}
