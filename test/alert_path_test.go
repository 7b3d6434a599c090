package test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/eventpattern"
	"github.com/landfall-aws/landfall/internal/policy"
)

var auditHome = place{account: auditID, region: "eu-west-1", parameters: map[string]string{
	"OrganizationId": organizationID, "ManagementAccountId": managementID, "LogArchiveAccountId": logArchiveID,
}}

const rootSignIn = `{"version":"0","id":"1","source":"aws.signin","account":"` + workloadID + `","region":"us-east-1","time":"2026-11-25T08:00:00Z",
"detail-type":"AWS Console Sign In via CloudTrail","resources":[],"detail":{"eventVersion":"1.11","userIdentity":{"type":"Root","principalId":"` + workloadID + `",
"arn":"arn:aws:iam::` + workloadID + `:root","accountId":"` + workloadID + `"},"eventTime":"2026-11-25T08:00:00Z","eventSource":"signin.amazonaws.com",
"eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"203.0.113.7","userAgent":"Mozilla/5.0","requestParameters":null,
"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"MFAUsed":"Yes"},"eventID":"2","readOnly":false,"eventType":"AwsConsoleSignIn",
"managementEvent":true,"recipientAccountId":"` + workloadID + `","eventCategory":"Management"}}`

// A sign-in of a member's root user is followed from the account in which it happens to the topic, rule by rule.
func TestARootSignInTravelsFromEveryAccountToTheTopic(t *testing.T) {
	a := assemblyOf(t, europeanZone)
	matching := func(template template, p place) []resource {
		var out []resource
		p.parameters = maps.Clone(p.parameters)
		for name := range template["Parameters"].(map[string]any) {
			if p.parameters[name] == "" {
				p.parameters[name] = workloadID // an account that suppressions name
			}
		}
		for _, rule := range template.resources("AWS::Events::Rule") {
			if rule.properties["EventPattern"] == nil {
				continue // a schedule
			}
			text, err := json.Marshal(template.resolve(t, p, rule.properties["EventPattern"]))
			require.NoError(t, err)
			pattern, err := eventpattern.Parse(text)
			require.NoError(t, err, rule.id)
			matches, err := pattern.Match([]byte(rootSignIn))
			require.NoError(t, err, rule.id)
			if matches {
				out = append(out, rule)
			}
		}
		return out
	}
	target := func(template template, p place, rule resource) map[string]any {
		targets := rule.properties["Targets"].([]any)
		require.Len(t, targets, 1)
		return template.resolve(t, p, targets[0]).(map[string]any)
	}

	for name, account := range map[string]string{"baseline-regional": workloadID, "management-regional": managementID} {
		template := a.members[name]
		p := place{account: account, region: "us-east-1", parameters: map[string]string{"AuditAccountId": auditID, "LogArchiveAccountId": logArchiveID}}
		rules := matching(template, p)
		require.Len(t, rules, 1, "the event is forwarded once, or its mail would come twice")
		require.Equal(t, "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", rules[0].properties["State"])
		require.NotContains(t, rules[0].all, "Condition", "root signs in anywhere")
		to := target(template, p, rules[0])
		require.Equal(t, "arn:aws:events:eu-west-1:"+auditID+":event-bus/landfall-alerts", to["Arn"])
		require.Equal(t, "arn:aws:iam::"+account+":role/landfall-event-forwarder", to["RoleArn"])
	}

	home := a.members["audit"]
	var alerts []resource
	for _, rule := range matching(home, auditHome) {
		if rule.properties["Name"] == "landfall-alert-root-activity" {
			alerts = append(alerts, rule)
		}
	}
	require.Len(t, alerts, 1)
	to := target(home, auditHome, alerts[0])
	require.Equal(t, "arn:aws:sns:eu-west-1:"+auditID+":landfall-alerts-page", to["Arn"])

	subscribed := map[any]bool{}
	for _, s := range home.resources("AWS::SNS::Subscription") {
		if home.resolve(t, auditHome, s.properties["TopicArn"]) == to["Arn"] {
			subscribed[s.properties["Endpoint"]] = true
		}
	}
	require.Equal(t, map[any]bool{"security@example.com": true, "oncall@example.com": true, "pager@example.com": true, "https://incidents.example.com/aws": true}, subscribed)
}

func TestAlertsListenInGovernedRegionsAndWhereSignInsAndGlobalServicesAreRecorded(t *testing.T) {
	a := assemblyOf(t, europeanZone)
	want := []any{"ap-southeast-2", "eu-central-1", "eu-north-1", "eu-west-1", "us-east-1", "us-east-2"}
	for _, name := range []string{"landfall-baseline-regional", "landfall-management-regional"} {
		set := a.stacks["Baseline"].only(t, "AWS::CloudFormation::StackSet", map[string]any{"StackSetName": name})
		require.Equal(t, want, regionsOf(set), name)
	}
	audit := a.stacks["Audit"].only(t, "AWS::CloudFormation::StackSet", nil)
	require.Equal(t, []any{"eu-west-1"}, regionsOf(audit), "every Region sends to the home Region directly")
}

func TestOnlyTheOrganizationSendsToTheAlertBus(t *testing.T) {
	home := assemblyOf(t, europeanZone).members["audit"]
	document := map[string]any{"Version": "2012-10-17", "Statement": home.only(t, "AWS::Events::EventBusPolicy", nil).properties["Statement"]}
	send := func(organization string) policy.Request {
		return policy.Request{Action: "events:PutEvents", Resource: "arn:aws:events:eu-west-1:" + auditID + ":event-bus/landfall-alerts",
			Principal: "arn:aws:iam::" + workloadID + ":role/landfall-event-forwarder", Context: with(map[string]string{"aws:PrincipalOrgID": organization})}
	}
	decisions(t, home.policyOf(t, auditHome, document), map[policy.Decision]map[string]policy.Request{
		policy.Allowed:          {"an account of the organization": send(organizationID)},
		policy.ImplicitlyDenied: {"an account of another organization": send("o-otherorgid")},
	})
}

func TestOnlyAlertRulesPublishToTheTopics(t *testing.T) {
	home := assemblyOf(t, europeanZone).members["audit"]
	policies := home.resources("AWS::SNS::TopicPolicy")
	require.Len(t, policies, 2)
	for _, r := range policies {
		topic := home.resolve(t, auditHome, r.properties["Topics"]).([]any)[0].(string)
		require.True(t, strings.HasPrefix(topic, "arn:aws:sns:eu-west-1:"+auditID+":landfall-alerts-"))
		publish := func(source string) policy.Request {
			return policy.Request{Action: "sns:Publish", Resource: topic, Principal: "events.amazonaws.com", Context: with(map[string]string{"aws:SourceArn": source})}
		}
		rule := "arn:aws:events:eu-west-1:" + auditID + ":rule/landfall-alerts/landfall-alert-root-activity"
		insecure := publish(rule)
		insecure.Context = map[string]policy.Values{"aws:SourceArn": {rule}, "aws:SecureTransport": {"false"}}
		decisions(t, home.policyOf(t, auditHome, r.properties["PolicyDocument"]), map[policy.Decision]map[string]policy.Request{
			policy.Allowed: {"an alert rule of the zone": publish(rule)},
			policy.ImplicitlyDenied: {
				"a rule of another account": publish("arn:aws:events:eu-west-1:" + workloadID + ":rule/landfall-alerts/landfall-alert-root-activity"),
				"another rule":              publish("arn:aws:events:eu-west-1:" + auditID + ":rule/someones-rule"),
			},
			policy.ExplicitlyDenied: {"an alert rule without TLS": insecure},
		})
	}
	key := home.only(t, "AWS::KMS::Key", nil)
	use := func(principal string) policy.Request {
		return policy.Request{Action: "kms:GenerateDataKey", Resource: "arn:aws:kms:eu-west-1:" + auditID + ":key/example", Principal: principal, Context: with(nil)}
	}
	decisions(t, home.policyOf(t, auditHome, key.properties["KeyPolicy"]), map[policy.Decision]map[string]policy.Request{
		policy.Allowed:          {"EventBridge": use("events.amazonaws.com"), "CloudWatch": use("cloudwatch.amazonaws.com")},
		policy.ImplicitlyDenied: {"another service": use("s3.amazonaws.com"), "a workload account": use("arn:aws:iam::" + workloadID + ":role/admin")},
	})
}
