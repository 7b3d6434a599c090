package constructs

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

// EventForwarderName is the name of the role with which an account's rules send to the audit account.
func EventForwarderName(z *zone.Zone) string { return z.Resource("event-forwarder") }

// NewEventForwarder adds the role with which an account's rules send to the audit account's alert bus.
func NewEventForwarder(scope constructs.Construct, id string, z *zone.Zone, auditAccountID *string) awsiam.Role {
	return eventsRole(scope, id, EventForwarderName(z), "Sends alert events to the audit account",
		alertBusARN(z, auditAccountID))
}

// NewForwardingQueue adds the queue of what an account's rules could not forward, with its alarm where the
// condition holds.
func NewForwardingQueue(scope constructs.Construct, id string, z *zone.Zone, alarm awscdk.CfnCondition) awssqs.Queue {
	return newDeadLetterQueue(constructs.NewConstruct(scope, jsii.String(id)), z, undeliveredEvents, alarm)
}

// NewForwardingRule adds the rule of an account's default bus that sends events to the audit account's
// bus in the home Region. The condition limits it to some Regions; nil stands for all.
func NewForwardingRule(scope constructs.Construct, z *zone.Zone, f alert.Forward, auditAccountID *string, queue awssqs.Queue, condition awscdk.CfnCondition) awsevents.CfnRule {
	rule := awsevents.NewCfnRule(scope, jsii.String(f.Name), &awsevents.CfnRuleProps{
		Name:         jsii.String(f.Name),
		Description:  jsii.String("Sends events that may become alerts to the audit account"),
		EventPattern: object(f.Name, f.Pattern),
		State:        ruleState(f.AllManagementEvents),
		Targets: []any{&awsevents.CfnRule_TargetProperty{
			Id:               jsii.String("audit"),
			Arn:              alertBusARN(z, auditAccountID),
			RoleArn:          roleARN(EventForwarderName(z)),
			DeadLetterConfig: deadLetters(queue),
		}},
	})
	if condition != nil {
		rule.CfnOptions().SetCondition(condition)
	}
	return rule
}

// object is an event pattern as a value for a template.
func object(name string, pattern json.RawMessage) map[string]any {
	var p map[string]any
	if err := json.Unmarshal(pattern, &p); err != nil {
		panic(fmt.Errorf("rule %s: its pattern is no JSON object: %w", name, err))
	}
	return p
}

// ruleState is the state of a rule that is on. Without the longer word EventBridge hands no read-only calls to it, on
// the default bus and on others (EventBridge user guide, "AWS service events delivered via CloudTrail").
func ruleState(allManagementEvents bool) *string {
	if allManagementEvents {
		return jsii.String("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
	}
	return jsii.String("ENABLED")
}
