package plan

import (
	"fmt"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// accountNames compares who sends the mails.
func (c *comparison) accountNames() {
	a, b := c.before.Alerts.AccountNames, c.after.Alerts.AccountNames
	if a == b {
		return
	}
	change := Change{Kind: Create, What: "alerts.accountNames", Before: fmt.Sprint(a), After: fmt.Sprint(b), Costs: true, Touches: []string{stackSetLabel(c.after, audit)},
		Consequence: "a state machine in the audit account sends the mails, with the account's name and a subject, and alarms watch it; it is one more part that must work, and costs a fraction of a cent per alert",
		Instead:     "after the deployment, send a drill finding and see that its mail arrives"}
	if !b {
		change.Kind, change.Costs, change.Instead = Update, false, ""
		change.Consequence = "the rules send the mails themselves, which name the account by its id and have the same subject always; nothing is lost with the state machine"
		if len(c.after.Alerts.Chat) > 0 {
			change.Consequence = "the rules send the mails themselves, which name the account by its id and have the same subject always; the state machine stays for the chat channels"
		}
	}
	c.add(change)
}

// chat compares the chat channels.
func (c *comparison) chat() {
	before, after := channels(c.before), channels(c.after)
	for _, id := range sortedUnion(before, after) {
		a, had := before[id]
		b, has := after[id]
		change := Change{Kind: Update, What: "alerts.chat[" + id + "]", Before: strings.Join(a, ", "), After: strings.Join(b, ", "), Touches: []string{stackSetLabel(c.after, audit)},
			Consequence: "the channel receives alerts of these tiers from now on"}
		switch {
		case !had:
			change.Kind = Create
			change.Consequence = "the channel receives alerts besides the mails; the deployment of the audit account fails unless somebody has authorized the workspace or team there"
			change.Instead = "authorize it first, once, in the console of Amazon Q Developer in chat applications in the audit account; an administrator of the workspace or team must agree"
		case !has:
			change.Kind = Remove
			change.Consequence = "the channel receives no alert any longer; what it received stays in it"
		case change.Before == change.After:
			continue
		}
		c.add(change)
	}
}

// channels are the tiers of each chat channel, by its ids.
func channels(z *Zone) map[string][]string {
	out := map[string][]string{}
	for _, c := range z.Alerts.Chat {
		out[channelID(c)] = c.Tiers
	}
	return out
}

func channelID(c config.ChatChannel) string {
	if c.Slack.Channel != "" {
		return "slack " + c.Slack.Workspace + " " + c.Slack.Channel
	}
	return "teams " + c.Teams.Team + " " + c.Teams.Channel
}
