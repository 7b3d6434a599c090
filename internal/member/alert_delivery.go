package member

import (
	"strings"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// mailTiers are the tiers that become mail, each through a topic of its own.
func mailTiers() []alert.Tier { return []alert.Tier{alert.Page, alert.Notify} }

// addAlertDelivery adds, in the audit account's home Region, one topic per mail tier with its subscribers,
// a log group for the digest, one rule per alert that turns the alert bus's events into readable mail or a
// line of the digest, and the watch over the path that events take.
func addAlertDelivery(s template.Scope, z *zone.Zone, bus *template.Resource, alerts []alert.Routed, managementAccountID any) {
	key := newKey(s, "Key", "alias/"+z.Resource("alerts"), "Encrypts alert topics")
	// EventBridge publishes with its own principal and supports no source conditions in key policies: with them its
	// events vanish silently (EventBridge user guide, "Using resource-based policies": SNS topics with encryption).
	key.grant("AlertsPublish", template.Service("cloudwatch.amazonaws.com", "events.amazonaws.com"), nil, "kms:Decrypt", "kms:GenerateDataKey*")
	topics := map[alert.Tier]*template.Resource{}
	for _, tier := range mailTiers() {
		topics[tier] = addAlertTopic(s.In("Topic-"+string(tier)), z, tier, key)
	}
	urgent := topics[alert.Page].Ref()
	queue := newDeadLetterQueue(s, z, undeliveredAlerts, "", urgent)
	digest := logGroupTarget(addDigest(s, z))
	chat := addChatTopics(s.In("Chat"), z, key)
	messages := newMessenger(s.In("Messages"), z, topics, chat, key, urgent)
	addChatChannels(s.In("Chat"), z, chat)
	for _, a := range alerts {
		addRule(s, a.RuleName, map[string]any{
			"Name":         a.RuleName,
			"Description":  a.Title,
			"EventBusName": bus.Ref(),
			"EventPattern": busPattern(a),
			"State":        ruleState(a.AllManagementEvents),
			"Targets":      alertTargets(a, topics, digest, messages, deadLetters(queue)),
		})
	}
	addHeartbeatWatch(s.In("Heartbeats"), z, bus, managementAccountID, urgent, queue)
}

// alertTargets are where an alert's events go. Mail comes from the rule itself unless it must name the account: the fewer
// parts are between an event and a person, the fewer can break. Chat comes from the state machine always, because it
// takes JSON, and EventBridge does not escape what it puts into a template (EventBridge user guide,
// eb-transform-target-input), so that a quotation mark in an event would lose the message.
func alertTargets(a alert.Routed, topics map[alert.Tier]*template.Resource, digest any, messages *messenger, letters map[string]any) []any {
	topic, mails := topics[a.Tier]
	switch {
	case !mails:
		return []any{map[string]any{"Id": string(a.Tier), "Arn": digest, "DeadLetterConfig": letters}}
	case messages.wants(a.Tier) && messages.mails:
		return []any{messages.target(string(a.Tier), a, letters)}
	}
	targets := []any{map[string]any{
		"Id": string(a.Tier), "Arn": topic.Ref(), "DeadLetterConfig": letters,
		"InputTransformer": map[string]any{"InputPathsMap": a.InputPaths, "InputTemplate": a.InputTemplate},
	}}
	if messages.wants(a.Tier) {
		targets = append(targets, messages.target("chat", a, letters))
	}
	return targets
}

// busPattern is the pattern of an alert's rule on the alert bus, with the ids of the accounts that it names.
func busPattern(a alert.Routed) any {
	pattern, err := a.WithAccountIDs(func(name string) string { return template.Token(AccountParameter(name)) }).
		BusPattern(func(accounts alert.Accounts) string {
			switch accounts {
			case alert.ManagementAccount:
				return template.Token("ManagementAccountId")
			case alert.LogArchiveAccount:
				return template.Token("LogArchiveAccountId")
			}
			return template.Token("AWS::AccountId")
		})
	if err != nil {
		panic(err)
	}
	return template.Resolve(object(a.RuleName, pattern))
}

// digestDays is how long the digest is kept, in days.
const digestDays = 365

// addDigest adds the log group of alerts that nobody is mailed about, with a saved query that counts them.
func addDigest(s template.Scope, z *zone.Zone) *template.Resource {
	group := s.In("Digest").Add("Resource", "AWS::Logs::LogGroup", map[string]any{
		"LogGroupName": eventLogPrefix(z) + "digest", "RetentionInDays": digestDays,
	}).Retain()
	s.Add("DigestQuery", "AWS::Logs::QueryDefinition", map[string]any{
		"Name":          z.Prefix + "/digest by day, account and event",
		"LogGroupNames": []any{group.Ref()},
		"QueryString": "fields @timestamp\n| stats count(*) as events by bin(1d) as day, account, region, `detail-type` as type, " +
			"coalesce(detail.eventName, detail.configRuleName) as name\n| sort day desc, events desc\n| limit 1000",
	})
	return group
}

// addAlertTopic adds the topic of a tier with its subscribers.
func addAlertTopic(s template.Scope, z *zone.Zone, tier alert.Tier, key key) *template.Resource {
	topic := s.Add("Resource", "AWS::SNS::Topic", map[string]any{
		"TopicName":      z.Resource("alerts", string(tier)),
		"DisplayName":    "Landing zone " + z.Name + ": " + string(tier),
		"KmsMasterKeyId": key.ARN(),
	}).Retain()
	s.In("Policy").Add("Resource", "AWS::SNS::TopicPolicy", map[string]any{
		"Topics": []any{topic.Ref()},
		"PolicyDocument": template.NewPolicy(
			onlyTLS("sns:Publish", topic.Ref()),
			publish("AlertRulesPublish", "events.amazonaws.com", topic,
				":events:"+z.HomeRegion+":${AWS::AccountId}:rule/"+z.AlertBusName()+"/"+z.Resource("alert")+"-*"),
			publish("AlarmsPublish", "cloudwatch.amazonaws.com", topic, ":cloudwatch:"+z.HomeRegion+":${AWS::AccountId}:alarm:"+z.Prefix+"-*"),
		),
	})
	subscribe := func(id, protocol, endpoint string) {
		s.In(id).Add("Resource", "AWS::SNS::Subscription", map[string]any{"TopicArn": topic.Ref(), "Protocol": protocol, "Endpoint": endpoint})
	}
	for _, recipient := range alert.Recipients(z, tier) {
		subscribe(recipient, "email", recipient)
	}
	for _, endpoint := range z.Alerts.HTTPSEndpoints {
		subscribe(strings.ReplaceAll(endpoint, "/", "|"), "https", endpoint)
	}
	return topic
}

// publish lets a service publish to a topic for sources whose ARN ends as given.
func publish(sid, service string, topic *template.Resource, sources string) template.Statement {
	return template.Statement{
		Sid: sid, Principal: template.Service(service), Actions: []string{"sns:Publish"}, Resources: []any{topic.Ref()},
		Condition: map[string]any{"ArnLike": map[string]any{"aws:SourceArn": template.Sub("arn:${AWS::Partition}"+sources, nil)}},
	}
}
