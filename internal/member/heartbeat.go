package member

import (
	"encoding/json"
	"fmt"

	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// heartbeatSeconds is how long a Region may be silent before the alarm, in seconds: six heartbeats.
const heartbeatSeconds = 3600

// heartbeatLogDays is how long heartbeats are kept, in days.
const heartbeatLogDays = 7

func heartbeatName(z *zone.Zone) string { return z.Resource("heartbeat") }

// addHeartbeat adds the rule that sends an event every ten minutes along the path of the alerts, from the
// management account's Region to the audit account's bus in the home Region.
func (f forwarder) addHeartbeat(s template.Scope, id string) {
	addRule(s, id, map[string]any{
		"Name":               heartbeatName(f.zone),
		"Description":        "Shows that alerts would arrive",
		"ScheduleExpression": "rate(10 minutes)",
		"State":              "ENABLED",
		"Targets":            []any{f.target},
	})
}

// addHeartbeatWatch adds, on the home Region's alert bus, what notices that a Region has fallen silent:
// per Region a rule that logs its heartbeats and an alarm on their number.
func addHeartbeatWatch(s template.Scope, z *zone.Zone, bus *template.Resource, managementAccountID, topicARN any, queue *template.Resource) {
	access := addEventLogAccess(s, z)
	for _, region := range z.AlertRegions {
		group := s.In("Log-"+region).Add("Resource", "AWS::Logs::LogGroup", map[string]any{
			"LogGroupName": eventLogPrefix(z) + "heartbeat/" + region, "RetentionInDays": heartbeatLogDays,
		}).Delete()
		addRule(s, "Rule-"+region, map[string]any{
			"Name":         z.Resource("heartbeat", region),
			"Description":  "Heartbeats of " + region,
			"EventBusName": bus.Ref(),
			"EventPattern": map[string]any{
				"source":      []string{"aws.events"},
				"detail-type": []string{"Scheduled Event"},
				"account":     []any{managementAccountID},
				"region":      []string{region},
				"resources":   []any{map[string]any{"suffix": ":rule/" + heartbeatName(z)}},
			},
			"State":   "ENABLED",
			"Targets": []any{map[string]any{"Id": "log", "Arn": logGroupTarget(group), "DeadLetterConfig": deadLetters(queue)}},
		}).DependsOn(access)
		s.Add("Alarm-"+region, "AWS::CloudWatch::Alarm", map[string]any{
			"AlarmName":          z.Resource("heartbeat", region),
			"AlarmDescription":   "No heartbeat arrives from " + region + ": alerts of that Region would not arrive either",
			"Namespace":          "AWS/Logs",
			"MetricName":         "IncomingLogEvents",
			"Dimensions":         []any{map[string]any{"Name": "LogGroupName", "Value": group.Ref()}},
			"Statistic":          "Sum",
			"Period":             heartbeatSeconds,
			"EvaluationPeriods":  1,
			"Threshold":          1,
			"ComparisonOperator": "LessThanThreshold",
			"TreatMissingData":   "breaching",
			"AlarmActions":       []any{topicARN},
			"OKActions":          []any{topicARN},
		})
	}
}

// eventLogPrefix begins the names of log groups that rules write to; EventBridge writes to groups
// below /aws/events/ only (EventBridge user guide, "CloudWatch Logs log groups as targets").
func eventLogPrefix(z *zone.Zone) string { return "/aws/events/" + z.Prefix + "-" }

// logGroupTarget is a log group's ARN as a rule's target wants it, without the trailing ":*".
func logGroupTarget(group *template.Resource) any {
	return template.Sub("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${group}", map[string]any{"group": group.Ref()})
}

// addEventLogAccess lets EventBridge write to the zone's event log groups. The policy is a text, in which CloudFormation
// replaces the pseudo parameters.
func addEventLogAccess(s template.Scope, z *zone.Zone) *template.Resource {
	policy, err := json.Marshal(template.NewPolicy(template.Statement{
		Principal: template.Service("events.amazonaws.com", "delivery.logs.amazonaws.com"),
		Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		Resources: []any{"arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:" + eventLogPrefix(z) + "*:*"},
	}))
	if err != nil {
		panic(fmt.Errorf("the policy of the event log groups: %w", err))
	}
	return s.Add("LogAccess", "AWS::Logs::ResourcePolicy", map[string]any{
		"PolicyName": z.Resource("event-logs"), "PolicyDocument": template.Sub(string(policy), nil),
	})
}
