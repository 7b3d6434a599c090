package member

import (
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Names of the queues of undelivered events: of an account's own rules, and of the audit account's alert bus.
const (
	undeliveredEvents = "undelivered-events"
	undeliveredAlerts = "undelivered-alerts"
)

// undeliveredSeconds is how long an event that could not be delivered is kept, in seconds: 14 days, the longest that
// Amazon SQS keeps anything.
const undeliveredSeconds = 14 * 24 * 60 * 60

// newDeadLetterQueue adds the queue that keeps events which the zone's rules could not deliver, with an
// alarm of the same name. The alarm's change of state is itself an event that the zone listens for; actions
// are further topics that it tells.
// The alarm, which costs where the queue does not, exists only where the condition holds, unless it is empty.
func newDeadLetterQueue(s template.Scope, z *zone.Zone, name, condition string, actions ...any) *template.Resource {
	full := z.Resource(name)
	this := s.In("DeadLetters")
	// A retained queue would stand in the way when a retired Region is governed again.
	queue := this.Add("Resource", "AWS::SQS::Queue", map[string]any{
		"QueueName": full, "SqsManagedSseEnabled": true, "MessageRetentionPeriod": undeliveredSeconds,
	}).Delete()
	this.In("Policy").Add("Resource", "AWS::SQS::QueuePolicy", map[string]any{
		"Queues": []any{queue.Ref()},
		"PolicyDocument": template.NewPolicy(onlyTLS("sqs:*", queue.ARN()), template.Statement{
			Sid:       "RulesPutAside",
			Principal: template.Service("events.amazonaws.com"),
			Actions:   []string{"sqs:SendMessage"},
			Resources: []any{queue.ARN()},
			Condition: map[string]any{"ArnLike": map[string]any{
				"aws:SourceArn": template.Sub("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/"+z.Prefix+"-*", nil),
			}},
		}),
	})
	alarm := map[string]any{
		"AlarmName":          full,
		"AlarmDescription":   "Events that may be alerts could not be delivered; they wait in the queue " + full,
		"Namespace":          "AWS/SQS",
		"MetricName":         "ApproximateNumberOfMessagesVisible",
		"Dimensions":         []any{map[string]any{"Name": "QueueName", "Value": queue.Attribute("QueueName")}},
		"Statistic":          "Maximum",
		"Period":             300,
		"EvaluationPeriods":  1,
		"Threshold":          0,
		"ComparisonOperator": "GreaterThanThreshold",
		"TreatMissingData":   "notBreaching",
	}
	// CloudFormation wants no empty list.
	if len(actions) > 0 {
		alarm["AlarmActions"] = actions
	}
	s.Add("DeadLettersAlarm", "AWS::CloudWatch::Alarm", alarm).If(condition)
	return queue
}

// deadLetters is where a rule's target puts what it cannot deliver.
func deadLetters(queue *template.Resource) map[string]any { return map[string]any{"Arn": queue.ARN()} }
