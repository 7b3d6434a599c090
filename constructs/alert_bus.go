package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// AlertBusName is the name of the audit account's alert bus, the same in every Region.
func AlertBusName(z *zone.Zone) string { return z.Resource("alerts") }

// alertBusARN is the ARN of the alert bus of an account in a Region; both may be tokens.
func alertBusARN(z *zone.Zone, region, accountID *string) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{
		jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":events:"), region, jsii.String(":"), accountID,
		jsii.String(":event-bus/" + AlertBusName(z)),
	})
}

// NewAlertBus adds the audit account's bus in a Region; every account of the organization may send to it.
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

// alertRelayRoleName is the name of the role with which other Regions' buses send to the home Region's.
func alertRelayRoleName(z *zone.Zone) string { return z.Resource("alert-relay") }

// NewAlertRelayRole adds the role with which the audit account's rules send to the bus of the home Region.
func NewAlertRelayRole(scope constructs.Construct, id string, z *zone.Zone) awsiam.Role {
	return eventsRole(scope, id, alertRelayRoleName(z), "Sends alert events to the home Region",
		alertBusARN(z, jsii.String(z.HomeRegion), awscdk.Aws_ACCOUNT_ID()))
}

// NewAlertRelay adds the rule that sends everything that a Region's alert bus receives to the bus of the home Region,
// with the queue of what it could not send.
func NewAlertRelay(scope constructs.Construct, id string, z *zone.Zone, bus awsevents.EventBus) {
	queue := newDeadLetterQueue(constructs.NewConstruct(scope, jsii.String(id+"Queue")), z, undeliveredAlerts, nil)
	awsevents.NewCfnRule(scope, jsii.String(id), &awsevents.CfnRuleProps{
		Name:         jsii.String(z.Resource("relay")),
		Description:  jsii.String("Sends events to the alert bus of the home Region"),
		EventBusName: bus.EventBusName(),
		// Every event has an account; the pattern must not be empty.
		EventPattern: map[string]any{"account": []any{map[string]any{"prefix": ""}}},
		State:        jsii.String("ENABLED"),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id:               jsii.String("home"),
			Arn:              alertBusARN(z, jsii.String(z.HomeRegion), awscdk.Aws_ACCOUNT_ID()),
			RoleArn:          roleARN(alertRelayRoleName(z)),
			DeadLetterConfig: deadLetters(queue),
		}},
	})
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
