package alert

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MaxSubject is the length of a mail's subject in characters: "less than 100", of ASCII without line breaks, that
// begins with a letter, number or punctuation mark (API_Publish.html, Subject, read 2026-11-25).
const MaxSubject = 99

// MaxChatText bounds the text of a chat message before the link to its runbook, in characters, so that a long event
// does not fill the channel.
const MaxChatText = 3000

// accountNameVariable is what a state machine fills with the account's name and id, or the id alone.
const accountNameVariable = "nameAndId"

// WorkflowInput is the input template of a rule whose target is the state machine of Workflow: the alert's text with
// variables in braces, where in the event each variable's value is, and the whole event. Unlike values that are put
// into a template one by one, which EventBridge does not escape, the event arrives as JSON whatever quotation marks
// it holds (EventBridge user guide, eb-transform-target-input: aws.events.event.json).
func (a Alert) WorkflowInput() (string, error) {
	summary := slices.Clone(a.text.summary)
	summary[slices.Index(summary, whereLine)] = strings.Replace(whereLine, "<account>", "<"+accountNameVariable+">", 1)
	paths := map[string]string{}
	for name, path := range a.InputPaths {
		paths[name] = strings.ReplaceAll(strings.TrimPrefix(path, "$."), "[0]", "")
	}
	text, err := compact(struct {
		Alert    string            `json:"alert"`
		Severity Severity          `json:"severity"`
		Tier     Tier              `json:"tier"`
		Title    string            `json:"title"`
		Summary  []string          `json:"summary"`
		Steps    []string          `json:"steps"`
		Details  []string          `json:"details"`
		Paths    map[string]string `json:"paths"`
	}{a.ID, a.Severity, a.Tier, a.Title, braced(summary), braced(a.text.steps), braced(a.text.details), paths})
	if err != nil {
		return "", fmt.Errorf("composing the input of the state machine for alert %s: %w", a.ID, err)
	}
	return strings.TrimSuffix(string(text), "}") + `,"event":<aws.events.event.json>}`, nil
}

// braced writes variables as {name}, since EventBridge takes every <name> for one of its own.
func braced(lines []string) []string {
	var out []string
	for _, line := range lines {
		out = append(out, variable.ReplaceAllString(line, "{$1}"))
	}
	return out
}

// TopicVariable is what stands in a Workflow for the ARN of a tier's topic, as in ${PageMail} or ${PageChat}:
// mailing is for mails, else for chat.
func TopicVariable(tier Tier, mailing bool) string {
	word := "Chat"
	if mailing {
		word = "Mail"
	}
	return strings.ToUpper(string(tier[:1])) + string(tier[1:]) + word
}

// Resources that tasks call. The zone's file knows Regions of the partition aws only.
const (
	describeAccount = "arn:aws:states:::aws-sdk:organizations:describeAccount"
	publishToTopic  = "arn:aws:states:::sns:publish"
)

// The expressions of the state machine are JSONata 2.0.6, of which Step Functions has everything but $eval
// (Step Functions developer guide, transforming-data).
const (
	// read defines $value, which is the value of a variable, and $id, the id of the event's account.
	// Of a list on a path, $value takes the first item; what an event lacks is empty.
	read = `
  $in := $states.context.Execution.Input;
  $value := function($variable) {(
    $found := $reduce($split($lookup($in.paths, $variable), '.'), function($at, $key) { $lookup($at[0], $key) }, $in.event);
    $text := $exists($found) ? $string($found) : 'null';
    $text = 'null' ? '' : $text
  )};
  $id := $value('account');
`
	// compose defines $fill too, which makes text of lines, and $subject: at most MaxSubject characters, of which the
	// account and the Region, 81 at most, leave enough for the start.
	compose = read + `  $fill := function($lines) {
    $replace($join($lines, '\n'), /\{([A-Za-z0-9]+)\}/, function($match) {
      $match.groups[0] != 'nameAndId' ? $value($match.groups[0]) : $name = '' ? $id : $name & ' (' & $id & ')'
    })
  };
  $end := $substring(' in ' & ($name = '' ? $id : $name) & ', ' & $value('region'), 0, 85);
  $start := $substring('[' & $in.tier & '] ' & $in.title, 0, 99 - $length($end));
  $subject := $replace($start & $end, /[^ -~]/, '?');
`
	accountID = `{% (` + read + `  $id
) %}`
	mailSubject = `{% (` + compose + `  $subject
) %}`
	mailText = `{% (` + compose + `  $fill($append($append($append($in.summary, 'First steps:'), $in.steps), $in.details))
) %}`
	// chatMessage is a custom notification (Amazon Q Developer in chat applications administrator guide, custom-notifs).
	// Neither an event nor an account's name can mention people or hide a link behind other words.
	chatMessage = `{% (` + compose + `  $plain := function($text) { $replace($replace($text, /[<>]/, ''), '](', '] (') };
  $string({
    'version': '1.0',
    'source': 'custom',
    'content': {
      'textType': 'client-markdown',
      'title': $plain($subject),
      'description': $plain($substring($fill($in.summary), 0, 3000)) & '\n' & $in.details[0],
      'nextSteps': $in.steps,
      'keywords': [$in.alert, $in.severity]
    }
  })
) %}`
	// inputText is the input as it came, for when an expression fails.
	inputText = `{% $string($states.context.Execution.Input) %}`
)

// Workflow is the definition of a state machine, in the Amazon States Language, that takes WorkflowInput, looks up the
// name of the event's account, and publishes the alert: to the topic of its tier as a mail with a subject, when mailing
// is true, and to the chat topic of its tier as a custom notification, when chat has the tier. For the ARNs of the topics
// stand TopicVariables.
//
// Nothing that fails on the way to the mail loses the alert. Without an answer of AWS Organizations the message has the
// id alone. A mail that SNS refuses is sent without its subject, and a mail that cannot be composed as the input that
// it would have been composed of.
//
// A delegated administrator, as the audit account is, may call DescribeAccount (Organizations API reference,
// API_DescribeAccount.html), which Step Functions calls as any other AWS API (Step Functions developer guide,
// supported-services-awssdk). Organizations throttles by account, so a burst of alerts may go without names.
func Workflow(mailing bool, chat []Tier) map[string]any {
	states, first := map[string]any{}, ""
	if len(chat) > 0 {
		first = "ForChat"
		states["ForChat"] = map[string]any{
			"Type":    "Choice",
			"Choices": []any{map[string]any{"Condition": "{% $states.context.Execution.Input.tier in [" + quoted(tierNames(chat), "'") + "] %}", "Next": "Chat"}},
			"Default": "Done",
		}
		states["Chat"] = publish(topicOfTier(chat, false), map[string]any{"Message": chatMessage}, "Done")
		states["Done"] = map[string]any{"Type": "Succeed"}
	}
	if mailing {
		topic := topicOfTier([]Tier{Page, Notify}, true)
		after := first
		states["Mail"] = publish(topic, map[string]any{"Subject": mailSubject, "Message": mailText}, after,
			catch("States.ALL", "MailWithoutSubject"))
		states["MailWithoutSubject"] = publish(topic, map[string]any{"Message": mailText}, after, catch("States.ALL", "MailInput"))
		states["MailInput"] = publish(topic, map[string]any{"Message": inputText}, after)
		first = "Mail"
	}
	unknown := catch("States.ALL", first)
	unknown["Assign"] = map[string]any{"name": ""}
	states["LookUpName"] = map[string]any{
		"Type":           "Task",
		"Resource":       describeAccount,
		"Arguments":      map[string]any{"AccountId": accountID},
		"TimeoutSeconds": 5,
		"Assign":         map[string]any{"name": "{% $states.result.Account.Name %}"},
		"Retry": []any{map[string]any{
			"ErrorEquals":     []any{"Organizations.TooManyRequestsException", "Organizations.ServiceException", "States.Timeout"},
			"IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2, "JitterStrategy": "FULL",
		}},
		"Catch": []any{unknown},
		"Next":  first,
	}
	return map[string]any{
		"Comment":        "Composes the message of an alert and publishes it",
		"QueryLanguage":  "JSONata",
		"StartAt":        "LookUpName",
		"TimeoutSeconds": 120,
		"States":         states,
	}
}

// topicOfTier is an expression for the ARN of the topic of the input's tier.
func topicOfTier(tiers []Tier, mailing bool) string {
	var pairs []string
	for _, t := range tierNames(tiers) {
		pairs = append(pairs, fmt.Sprintf("'%s': '${%s}'", t, TopicVariable(Tier(t), mailing)))
	}
	return "$lookup({" + strings.Join(pairs, ", ") + "}, $states.context.Execution.Input.tier)"
}

func tierNames(tiers []Tier) []string {
	var out []string
	for _, t := range tiers {
		out = append(out, string(t))
	}
	slices.Sort(out)
	return out
}

// publish is a state that publishes to a topic and goes on; next is "" at the end.
func publish(topic string, message map[string]any, next string, catches ...any) map[string]any {
	arguments := map[string]any{"TopicArn": "{% " + topic + " %}"}
	maps.Copy(arguments, message)
	state := map[string]any{
		"Type":           "Task",
		"Resource":       publishToTopic,
		"Arguments":      arguments,
		"TimeoutSeconds": 10,
		"Retry": []any{map[string]any{
			"ErrorEquals": []any{"States.TaskFailed", "States.Timeout"}, "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2, "JitterStrategy": "FULL",
		}},
	}
	if next == "" {
		state["End"] = true
	} else {
		state["Next"] = next
	}
	if len(catches) > 0 {
		state["Catch"] = catches
	}
	return state
}

func catch(failure, next string) map[string]any {
	return map[string]any{"ErrorEquals": []any{failure}, "Next": next}
}
