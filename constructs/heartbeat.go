package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// heartbeatSeconds is how long a Region may be silent before the alarm, in seconds: six heartbeats.
const heartbeatSeconds = 3600

func heartbeatName(z *zone.Zone) string { return z.Resource("heartbeat") }

// NewHeartbeat adds the rule that sends an event every ten minutes along the path of the alerts, from the
// management account's Region to the audit account's bus in the home Region.
func (f *Forwarder) NewHeartbeat(scope constructs.Construct, id string) {
	newRule(scope, id, map[string]any{
		"Name":               heartbeatName(f.zone),
		"Description":        "Shows that alerts would arrive",
		"ScheduleExpression": "rate(10 minutes)",
		"State":              "ENABLED",
		"Targets":            []any{f.target},
	})
}

// NewHeartbeatWatch adds, on the home Region's alert bus, what notices that a Region has fallen silent:
// per Region a rule that logs its heartbeats and an alarm on their number.
func NewHeartbeatWatch(scope constructs.Construct, id string, z *zone.Zone, bus awsevents.EventBus, managementAccountID, topicARN *string, queue awssqs.Queue) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	access := newEventLogAccess(this, z)
	for _, region := range z.AlertRegions {
		group := awslogs.NewLogGroup(this, jsii.String("Log-"+region), &awslogs.LogGroupProps{
			LogGroupName:  jsii.String(eventLogPrefix(z) + "heartbeat/" + region),
			Retention:     awslogs.RetentionDays_ONE_WEEK,
			RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		})
		rule := newRule(this, "Rule-"+region, map[string]any{
			"Name":         z.Resource("heartbeat", region),
			"Description":  "Heartbeats of " + region,
			"EventBusName": bus.EventBusName(),
			"EventPattern": map[string]any{
				"source":      []string{"aws.events"},
				"detail-type": []string{"Scheduled Event"},
				"account":     []*string{managementAccountID},
				"region":      []string{region},
				"resources":   []any{map[string]any{"suffix": ":rule/" + heartbeatName(z)}},
			},
			"State":   "ENABLED",
			"Targets": []any{map[string]any{"Id": "log", "Arn": logGroupTarget(group), "DeadLetterConfig": deadLetters(queue)}},
		})
		rule.AddResourceDependency(access, nil)
		awscloudwatch.NewCfnAlarm(this, jsii.String("Alarm-"+region), &awscloudwatch.CfnAlarmProps{
			AlarmName:          jsii.String(z.Resource("heartbeat", region)),
			AlarmDescription:   jsii.String("No heartbeat arrives from " + region + ": alerts of that Region would not arrive either"),
			Namespace:          jsii.String("AWS/Logs"),
			MetricName:         jsii.String("IncomingLogEvents"),
			Dimensions:         []any{&awscloudwatch.CfnAlarm_DimensionProperty{Name: jsii.String("LogGroupName"), Value: group.LogGroupName()}},
			Statistic:          jsii.String("Sum"),
			Period:             jsii.Number(heartbeatSeconds),
			EvaluationPeriods:  jsii.Number(1),
			Threshold:          jsii.Number(1),
			ComparisonOperator: jsii.String("LessThanThreshold"),
			TreatMissingData:   jsii.String("breaching"),
			AlarmActions:       &[]any{topicARN},
			OkActions:          &[]any{topicARN},
		})
	}
}

// eventLogPrefix begins the names of log groups that rules write to; EventBridge writes to groups
// below /aws/events/ only (EventBridge user guide, "CloudWatch Logs log groups as targets").
func eventLogPrefix(z *zone.Zone) string { return "/aws/events/" + z.Prefix + "-" }

// logGroupTarget is a log group's ARN as a rule's target wants it, without the trailing ":*".
func logGroupTarget(group awslogs.LogGroup) *string {
	return awscdk.Fn_Sub(jsii.String("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${group}"),
		&map[string]*string{"group": group.LogGroupName()})
}

// newEventLogAccess lets EventBridge write to the zone's event log groups.
func newEventLogAccess(scope constructs.Construct, z *zone.Zone) awslogs.CfnResourcePolicy {
	document := awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
		awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Principals: &[]awsiam.IPrincipal{
				awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil),
				awsiam.NewServicePrincipal(jsii.String("delivery.logs.amazonaws.com"), nil),
			},
			Actions: jsii.Strings("logs:CreateLogStream", "logs:PutLogEvents"),
			Resources: &[]*string{awscdk.Fn_Sub(
				jsii.String("arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:"+eventLogPrefix(z)+"*:*"), nil)},
		}),
	}})
	return awslogs.NewCfnResourcePolicy(scope, jsii.String("LogAccess"), &awslogs.CfnResourcePolicyProps{
		PolicyName:     jsii.String(z.Resource("event-logs")),
		PolicyDocument: awscdk.Stack_Of(scope).ToJsonString(document.ToJSON(), nil),
	})
}
