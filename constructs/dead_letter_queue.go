package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// Names of the queues of undelivered events: of an account's own rules, and of the audit account's alert bus.
const (
	undeliveredEvents = "undelivered-events"
	undeliveredAlerts = "undelivered-alerts"
)

// newDeadLetterQueue adds the queue that keeps events which the zone's rules could not deliver, with an
// alarm of the same name. The alarm's change of state is itself an event that the zone listens for; actions
// are further topics that it tells.
// The alarm, which costs where the queue does not, exists only where the condition holds, unless it is nil.
func newDeadLetterQueue(scope constructs.Construct, z *zone.Zone, name string, condition awscdk.CfnCondition, actions ...*string) awssqs.Queue {
	full := z.Resource(name)
	queue := awssqs.NewQueue(scope, jsii.String("DeadLetters"), &awssqs.QueueProps{
		QueueName:       jsii.String(full),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		EnforceSSL:      jsii.Bool(true),
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)),
		// A retained queue would stand in the way when a retired Region is governed again.
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	queue.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("RulesPutAside"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sqs:SendMessage"),
		Resources:  &[]*string{queue.QueueArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": awscdk.Fn_Sub(
			jsii.String("arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:rule/"+z.Prefix+"-*"), nil)}},
	}))
	alarm := awscloudwatch.NewCfnAlarm(scope, jsii.String("DeadLettersAlarm"), &awscloudwatch.CfnAlarmProps{
		AlarmName:          jsii.String(full),
		AlarmDescription:   jsii.String("Events that may be alerts could not be delivered; they wait in the queue " + full),
		Namespace:          jsii.String("AWS/SQS"),
		MetricName:         jsii.String("ApproximateNumberOfMessagesVisible"),
		Dimensions:         []any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String("QueueName"), Value: queue.QueueName()}},
		Statistic:          jsii.String("Maximum"),
		Period:             jsii.Number(300),
		EvaluationPeriods:  jsii.Number(1),
		Threshold:          jsii.Number(0),
		ComparisonOperator: jsii.String("GreaterThanThreshold"),
		TreatMissingData:   jsii.String("notBreaching"),
		AlarmActions:       alarmActions(actions),
	})
	if condition != nil {
		alarm.CfnOptions().SetCondition(condition)
	}
	return queue
}

// alarmActions is a list for an alarm; nil when empty, since CloudFormation wants no empty list.
func alarmActions(topics []*string) *[]any {
	if len(topics) == 0 {
		return nil
	}
	var out []any
	for _, topic := range topics {
		out = append(out, topic)
	}
	return &out
}

// deadLetters is where a rule's target puts what it cannot deliver.
func deadLetters(queue awssqs.Queue) map[string]any { return map[string]any{"Arn": queue.QueueArn()} }
