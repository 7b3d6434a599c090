package member

import (
	"slices"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// messengerLogDays is how long failures of the state machine are kept, in days.
const messengerLogDays = 90

// messenger is the state machine that composes messages with the account's name and publishes them.
type messenger struct {
	machine, start *template.Resource
	// mails says whether it sends the mails; chat are the tiers that it sends to chat channels.
	mails bool
	chat  []alert.Tier
}

// newMessenger adds the state machine, unless neither mails nor chat channels want it; then it is nil. All of it goes
// when nothing wants it any longer, and nothing stays that would stand in the way when something wants it again.
func newMessenger(s template.Scope, z *zone.Zone, mailTopics, chatTopics map[alert.Tier]*template.Resource, key key, urgent any) *messenger {
	m := &messenger{mails: z.Alerts.AccountNames}
	substitutions := map[string]any{}
	var topics []any
	for _, tier := range mailTiers() {
		if m.mails {
			topics = append(topics, mailTopics[tier].Ref())
			substitutions[alert.TopicVariable(tier, true)] = mailTopics[tier].Ref()
		}
		if topic := chatTopics[tier]; topic != nil {
			m.chat = append(m.chat, tier)
			topics = append(topics, topic.Ref())
			substitutions[alert.TopicVariable(tier, false)] = topic.Ref()
		}
	}
	if len(topics) == 0 {
		return nil
	}
	name := z.Resource("alert-messages")
	log := s.In("Log").Add("Resource", "AWS::Logs::LogGroup", map[string]any{
		"LogGroupName": eventLogPrefix(z) + "alert-messages", "RetentionInDays": messengerLogDays,
	}).Delete()
	role := s.In("Role").Add("Resource", "AWS::IAM::Role", map[string]any{
		"RoleName":                 name,
		"Description":              "Looks up account names and publishes alerts",
		"AssumeRolePolicyDocument": template.Trust(template.Service("states.amazonaws.com"), equals(map[string]any{"aws:SourceAccount": template.AccountID()})),
		"Policies": template.InlinePolicy("publish",
			template.Statement{Sid: "Publish", Actions: []string{"sns:Publish"}, Resources: topics},
			template.Statement{Sid: "UseKey", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey*"}, Resources: []any{key.ARN()}},
			// Organizations knows accounts by ARNs with the id of the organization; names are no secret.
			template.Statement{Sid: "LookUpNames", Actions: []string{"organizations:DescribeAccount"}, Resources: []any{"*"}},
			// What Step Functions needs to log (Step Functions developer guide, cw-logs); these actions know no resources.
			template.Statement{Sid: "Log", Resources: []any{"*"}, Actions: []string{
				"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
				"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
			}},
		),
	})
	m.machine = s.Add("Resource", "AWS::StepFunctions::StateMachine", map[string]any{
		"StateMachineName":        name,
		"StateMachineType":        "EXPRESS",
		"RoleArn":                 role.ARN(),
		"Definition":              alert.Workflow(m.mails, m.chat),
		"DefinitionSubstitutions": substitutions,
		// Only what fails is logged, and nothing of the events.
		"LoggingConfiguration": map[string]any{
			"Level":                "ERROR",
			"IncludeExecutionData": false,
			"Destinations":         []any{map[string]any{"CloudWatchLogsLogGroup": map[string]any{"LogGroupArn": log.ARN()}}},
		},
	})
	m.start = s.In("Start").Add("Resource", "AWS::IAM::Role", map[string]any{
		"RoleName":                 z.Resource("alert-messages", "start"),
		"Description":              "Hands alert events to the state machine that composes messages",
		"AssumeRolePolicyDocument": template.Trust(template.Service("events.amazonaws.com"), equals(map[string]any{"aws:SourceAccount": template.AccountID()})),
		"Policies":                 template.InlinePolicy("start", template.Statement{Sid: "Start", Actions: []string{"states:StartExecution"}, Resources: []any{m.machine.Ref()}}),
	})
	for _, what := range []struct{ id, metric, description string }{
		{"failed", "ExecutionsFailed", "An alert was not published: executions of the state machine " + name + " failed"},
		{"timed-out", "ExecutionsTimedOut", "An alert was perhaps not published: executions of the state machine " + name + " took too long"},
		{"throttled", "ExecutionThrottled", "Alerts are late: executions of the state machine " + name + " are throttled"},
	} {
		s.Add("Alarm-"+what.id, "AWS::CloudWatch::Alarm", map[string]any{
			"AlarmName":          z.Resource("alert-messages", what.id),
			"AlarmDescription":   what.description,
			"Namespace":          "AWS/States",
			"MetricName":         what.metric,
			"Dimensions":         []any{map[string]any{"Name": "StateMachineArn", "Value": m.machine.Ref()}},
			"Statistic":          "Sum",
			"Period":             300,
			"EvaluationPeriods":  1,
			"Threshold":          0,
			"ComparisonOperator": "GreaterThanThreshold",
			"TreatMissingData":   "notBreaching",
			"AlarmActions":       []any{urgent},
		})
	}
	return m
}

// wants says whether alerts of a tier go to the state machine.
func (m *messenger) wants(tier alert.Tier) bool {
	return m != nil && (m.mails && slices.Contains(mailTiers(), tier) || slices.Contains(m.chat, tier))
}

// target is the state machine as the target of an alert's rule.
func (m *messenger) target(id string, a alert.Routed, letters map[string]any) map[string]any {
	input, err := a.WorkflowInput()
	if err != nil {
		panic(err)
	}
	return map[string]any{
		"Id": id, "Arn": m.machine.Ref(), "RoleArn": m.start.ARN(), "DeadLetterConfig": letters,
		"InputTransformer": map[string]any{"InputTemplate": input},
	}
}
