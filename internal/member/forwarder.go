package member

import (
	"encoding/json"
	"fmt"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// addEventForwarder adds the role with which an account's rules send to the audit account's alert bus.
func addEventForwarder(s template.Scope, z *zone.Zone, auditAccountID any) {
	addEventsRole(s, z.EventForwarderRoleName(), "Sends alert events to the audit account", alertBusARN(z, auditAccountID))
}

// addEventsRole adds a role that EventBridge assumes in this account to send events to a bus.
func addEventsRole(s template.Scope, name, description string, busARN any) {
	s.Add("Resource", "AWS::IAM::Role", map[string]any{
		"RoleName":                 name,
		"Description":              description,
		"AssumeRolePolicyDocument": template.Trust(template.Service("events.amazonaws.com"), equals(map[string]any{"aws:SourceAccount": template.AccountID()})),
		"Policies": template.InlinePolicy("send", template.Statement{
			Sid: "SendEvents", Actions: []string{"events:PutEvents"}, Resources: []any{busARN},
		}),
	})
}

// alertBusARN is the ARN of the alert bus, in the home Region of the audit account. The rules of every account and
// Region send to it directly, because EventBridge does not pass on what a bus received from another bus
// (EventBridge user guide, "Sending and receiving events between event buses").
func alertBusARN(z *zone.Zone, auditAccountID any) any {
	return template.Text("arn:%s:events:%s:%s:event-bus/%s", template.Partition(), z.HomeRegion, auditAccountID, z.AlertBusName())
}

// forwarder sends events of one account and Region to the audit account.
type forwarder struct {
	zone *zone.Zone
	// target is what every rule sends to.
	target map[string]any
}

// newForwarder adds the queue of what an account's rules could not send, with its alarm where the condition holds.
func newForwarder(s template.Scope, z *zone.Zone, auditAccountID any, alarm string) forwarder {
	queue := newDeadLetterQueue(s, z, undeliveredEvents, alarm)
	return forwarder{zone: z, target: map[string]any{
		"Id":               "audit",
		"Arn":              alertBusARN(z, auditAccountID),
		"RoleArn":          template.RoleARN(z.EventForwarderRoleName()),
		"DeadLetterConfig": deadLetters(queue),
	}}
}

// addRule adds the rule of an account's default bus that sends events to the audit account's bus in the home
// Region. The condition limits it to some Regions; an empty one does not.
func (f forwarder) addRule(s template.Scope, forward alert.Forward, condition string) {
	addRule(s, forward.Name, map[string]any{
		"Name":         forward.Name,
		"Description":  "Sends events that may become alerts to the audit account",
		"EventPattern": object(forward.Name, forward.Pattern),
		"State":        ruleState(forward.AllManagementEvents),
		"Targets":      []any{f.target},
	}).If(condition)
}

func addRule(s template.Scope, id string, properties map[string]any) *template.Resource {
	return s.Add(id, "AWS::Events::Rule", properties)
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

// managedPolicies is the property of a role with policies that AWS manages.
func managedPolicies(names ...string) []any {
	var arns []any
	for _, name := range names {
		arns = append(arns, template.Text("arn:%s:iam::aws:policy/%s", template.Partition(), name))
	}
	return arns
}
