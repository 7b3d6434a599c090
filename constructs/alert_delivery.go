package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

// mailTiers are the tiers that become mail, each through a topic of its own.
func mailTiers() []alert.Tier { return []alert.Tier{alert.Page, alert.Notify} }

// NewAlertDelivery adds, in the audit account's home Region, one topic per mail tier with its subscribers,
// a log group for the digest, one rule per alert that turns the alert bus's events into readable mail or a
// line of the digest, and the watch over the path that events take. accountID returns the id of the account
// that an alert is limited to, named the id of an account by its name.
func NewAlertDelivery(scope constructs.Construct, id string, z *zone.Zone, bus awsevents.EventBus, alerts []alert.Routed,
	accountID func(alert.Accounts) string, named func(string) string) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	key := newTopicKey(this, z)
	topics := map[alert.Tier]awssns.Topic{}
	for _, tier := range mailTiers() {
		topics[tier] = newAlertTopic(this, z, tier, key)
	}
	urgent := topics[alert.Page].TopicArn()
	queue := newDeadLetterQueue(this, z, undeliveredAlerts, nil, urgent)
	digest := newDigest(this, z)
	topicARNs := map[alert.Tier]*string{}
	for tier, topic := range topics {
		topicARNs[tier] = topic.TopicArn()
	}
	busName, digestARN, putAside := bus.EventBusName(), logGroupTarget(digest), deadLetters(queue)
	for _, a := range alerts {
		target := map[string]any{"Id": string(a.Tier), "Arn": digestARN, "DeadLetterConfig": putAside}
		if topicARN, mails := topicARNs[a.Tier]; mails {
			target["Arn"] = topicARN
			target["InputTransformer"] = map[string]any{"InputPathsMap": a.InputPaths, "InputTemplate": a.InputTemplate}
		}
		pattern, err := a.WithAccountIDs(named).BusPattern(accountID)
		if err != nil {
			panic(err)
		}
		newRule(this, a.RuleName, map[string]any{
			"Name":         a.RuleName,
			"Description":  a.Title,
			"EventBusName": busName,
			"EventPattern": object(a.RuleName, pattern),
			"State":        ruleState(a.AllManagementEvents),
			"Targets":      []any{target},
		})
	}
	NewHeartbeatWatch(this, "Heartbeats", z, bus, jsii.String(accountID(alert.ManagementAccount)), urgent, queue)
}

// newDigest adds the log group of alerts that nobody is mailed about, with a saved query that counts them.
func newDigest(scope constructs.Construct, z *zone.Zone) awslogs.LogGroup {
	group := awslogs.NewLogGroup(scope, jsii.String("Digest"), &awslogs.LogGroupProps{
		LogGroupName:  jsii.String(eventLogPrefix(z) + "digest"),
		Retention:     awslogs.RetentionDays_ONE_YEAR,
		RemovalPolicy: retained(),
	})
	awslogs.NewCfnQueryDefinition(scope, jsii.String("DigestQuery"), &awslogs.CfnQueryDefinitionProps{
		Name:          jsii.String(z.Prefix + "/digest by day, account and event"),
		LogGroupNames: &[]any{group.LogGroupName()},
		QueryString: jsii.String("fields @timestamp\n| stats count(*) as events by bin(1d) as day, account, region, `detail-type` as type, " +
			"coalesce(detail.eventName, detail.configRuleName) as name\n| sort day desc, events desc\n| limit 1000"),
	})
	return group
}

// newTopicKey adds the key of the topics. EventBridge publishes with its own principal and supports no
// source conditions in key policies: with them its events vanish silently (EventBridge user guide,
// "Using resource-based policies": SNS topics with encryption).
func newTopicKey(scope constructs.Construct, z *zone.Zone) awskms.Key {
	key := newKey(scope, "Key", "alias/"+z.Resource("alerts"), "Encrypts alert topics")
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("AlertsPublish"),
		Principals: &[]awsiam.IPrincipal{
			awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil),
			awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil),
		},
		Actions:   jsii.Strings("kms:Decrypt", "kms:GenerateDataKey*"),
		Resources: jsii.Strings("*"),
	}), nil)
	return key
}

func newAlertTopic(scope constructs.Construct, z *zone.Zone, tier alert.Tier, key awskms.Key) awssns.Topic {
	topic := awssns.NewTopic(scope, jsii.String("Topic-"+string(tier)), &awssns.TopicProps{
		TopicName:   jsii.String(z.Resource("alerts", string(tier))),
		DisplayName: jsii.String("Landing zone " + z.Name + ": " + string(tier)),
		MasterKey:   key,
		EnforceSSL:  jsii.Bool(true),
	})
	topic.ApplyRemovalPolicy(retained())
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AlertRulesPublish"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("events.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": awscdk.Fn_Sub(
			jsii.String("arn:${AWS::Partition}:events:"+z.HomeRegion+":${AWS::AccountId}:rule/"+AlertBusName(z)+"/"+z.Resource("alert")+"-*"), nil)}},
	}))
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:        jsii.String("AlarmsPublish"),
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"ArnLike": map[string]any{"aws:SourceArn": awscdk.Fn_Sub(
			jsii.String("arn:${AWS::Partition}:cloudwatch:"+z.HomeRegion+":${AWS::AccountId}:alarm:"+z.Prefix+"-*"), nil)}},
	}))
	for _, recipient := range alert.Recipients(z, tier) {
		awssns.NewSubscription(topic, jsii.String(recipient), &awssns.SubscriptionProps{
			Topic:    topic,
			Protocol: awssns.SubscriptionProtocol_EMAIL,
			Endpoint: jsii.String(recipient),
		})
	}
	for _, endpoint := range z.Alerts.HTTPSEndpoints {
		awssns.NewSubscription(topic, jsii.String(strings.ReplaceAll(endpoint, "/", "|")), &awssns.SubscriptionProps{
			Topic:    topic,
			Protocol: awssns.SubscriptionProtocol_HTTPS,
			Endpoint: jsii.String(endpoint),
		})
	}
	return topic
}
