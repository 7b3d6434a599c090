package member

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// addChatTopics adds the topics from which chat channels receive alerts, one per tier that a channel wants. They are
// not those of the mails, because chat shows only notifications in a format that it knows.
func addChatTopics(s template.Scope, z *zone.Zone, key key) map[alert.Tier]*template.Resource {
	topics := map[alert.Tier]*template.Resource{}
	for _, tier := range mailTiers() {
		wanted := slices.ContainsFunc(z.Alerts.Chat, func(c config.ChatChannel) bool { return slices.Contains(c.Tiers, string(tier)) })
		if !wanted {
			continue
		}
		this := s.In("Topic-" + string(tier))
		topics[tier] = this.Add("Resource", "AWS::SNS::Topic", map[string]any{
			"TopicName":      z.Resource("alerts", "chat", string(tier)),
			"DisplayName":    "Landing zone " + z.Name + ": " + string(tier) + " in chat",
			"KmsMasterKeyId": key.ARN(),
		}).Delete()
		this.In("Policy").Add("Resource", "AWS::SNS::TopicPolicy", map[string]any{
			"Topics": []any{topics[tier].Ref()}, "PolicyDocument": template.NewPolicy(onlyTLS("sns:Publish", topics[tier].Ref())),
		})
	}
	return topics
}

// addChatChannels adds the chat channels of the zone. Amazon Q Developer in chat applications subscribes them to their
// topics with its service-linked role, and SNS decrypts what it delivers, so that neither needs an entry in a policy.
//
// From the channels nobody can do anything in AWS: their role has no permission, and whatever role a person chooses
// there is bound by the guardrail policy, which denies everything. Left out, that policy would be AdministratorAccess
// (CloudFormation user guide, AWS::Chatbot::SlackChannelConfiguration, GuardrailPolicies).
func addChatChannels(s template.Scope, z *zone.Zone, topics map[alert.Tier]*template.Resource) {
	if len(z.Alerts.Chat) == 0 {
		return
	}
	// Roles of the zone that people come near have a path, so that they are no roles that guardrails exempt.
	role := s.In("Role").Add("Resource", "AWS::IAM::Role", map[string]any{
		"Path":                     "/" + path.Dir(chatRoleName(z)) + "/",
		"RoleName":                 path.Base(chatRoleName(z)),
		"Description":              "Lets chat channels show alerts and do nothing",
		"AssumeRolePolicyDocument": template.Trust(template.Service("chatbot.amazonaws.com"), nil),
	})
	for _, c := range z.Alerts.Chat {
		var receives []any
		for _, tier := range c.Tiers {
			receives = append(receives, topics[alert.Tier(tier)].Ref())
		}
		name := chatName(z, c)
		properties := map[string]any{
			"ConfigurationName": name,
			"IamRoleArn":        role.ARN(),
			"GuardrailPolicies": managedPolicies("AWSDenyAll"),
			"UserRoleRequired":  true,
			"LoggingLevel":      "ERROR",
			"SnsTopicArns":      receives,
		}
		kind := "AWS::Chatbot::MicrosoftTeamsChannelConfiguration"
		if c.Slack.Channel != "" {
			kind = "AWS::Chatbot::SlackChannelConfiguration"
			properties["SlackWorkspaceId"], properties["SlackChannelId"] = c.Slack.Workspace, c.Slack.Channel
		} else {
			properties["TeamId"], properties["TeamsTenantId"], properties["TeamsChannelId"] = c.Teams.Team, c.Teams.Tenant, c.Teams.Channel
		}
		s.Add(name, kind, properties)
	}
}

// chatRoleName is the name of the channels' role with its path.
func chatRoleName(z *zone.Zone) string { return z.Prefix + "/chat" }

// chatName names a channel's configuration. The ids of Teams have characters that such a name cannot have.
func chatName(z *zone.Zone, c config.ChatChannel) string {
	if c.Slack.Channel != "" {
		return z.Resource("slack", c.Slack.Workspace, c.Slack.Channel)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{c.Teams.Tenant, c.Teams.Team, c.Teams.Channel}, "/")))
	return z.Resource("teams", fmt.Sprintf("%x", sum[:10]))
}
