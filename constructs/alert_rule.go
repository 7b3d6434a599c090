package constructs

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
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

// Forwarder sends events of one account and Region to the audit account.
type Forwarder struct {
	zone *zone.Zone
	// target is what every rule sends to.
	target map[string]any
}

// NewForwarder adds the queue of what an account's rules could not send, with its alarm where the condition holds.
func NewForwarder(scope constructs.Construct, id string, z *zone.Zone, auditAccountID *string, alarm awscdk.CfnCondition) *Forwarder {
	queue := newDeadLetterQueue(constructs.NewConstruct(scope, jsii.String(id)), z, undeliveredEvents, alarm)
	return &Forwarder{zone: z, target: map[string]any{
		"Id":               "audit",
		"Arn":              alertBusARN(z, auditAccountID),
		"RoleArn":          roleARN(EventForwarderName(z)),
		"DeadLetterConfig": deadLetters(queue),
	}}
}

// NewRule adds the rule of an account's default bus that sends events to the audit account's bus in the home
// Region. The condition limits it to some Regions; nil stands for all.
func (f *Forwarder) NewRule(scope constructs.Construct, forward alert.Forward, condition awscdk.CfnCondition) {
	rule := newRule(scope, forward.Name, map[string]any{
		"Name":         forward.Name,
		"Description":  "Sends events that may become alerts to the audit account",
		"EventPattern": object(forward.Name, forward.Pattern),
		"State":        ruleState(forward.AllManagementEvents),
		"Targets":      []any{f.target},
	})
	if condition != nil {
		rule.CfnOptions().SetCondition(condition)
	}
}

// newRule adds an event rule by its properties as CloudFormation names them. The CDK's own type takes several times as
// long for patterns, of which a zone has a hundred.
func newRule(scope constructs.Construct, id string, properties map[string]any) awscdk.CfnResource {
	return awscdk.NewCfnResource(scope, jsii.String(id), &awscdk.CfnResourceProps{Type: jsii.String("AWS::Events::Rule"), Properties: &properties})
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
func ruleState(allManagementEvents bool) string {
	if allManagementEvents {
		return "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
	}
	return "ENABLED"
}
