package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// RunbookURL is where the mail's link to a runbook begins.
const RunbookURL = "https://github.com/landfall-aws/landfall/blob/main/docs/runbooks/"

// message is the part of the mail that differs from alert to alert.
type message struct {
	// Kind chooses the standard variables and lines: cloudtrail, or another that kinds knows.
	Kind string `yaml:"kind"`
	// What says in one line what happened; it may use variables, as in <eventName>.
	What string `yaml:"what"`
	// Paths are variables beyond those of the kind: name to JSON path, as in $.detail.requestParameters.name.
	Paths map[string]string `yaml:"paths"`
	// Details are further lines, below the first ones.
	Details []string `yaml:"details"`
}

// kind is what all mails about one shape of event share.
type kind struct {
	paths map[string]string
	// who says who or what did it, or what it is about.
	who     string
	details []string
}

// envelopePaths exist in every EventBridge event (EventBridge user guide, eb-events-structure).
func envelopePaths() map[string]string {
	return map[string]string{"account": "$.account", "region": "$.region", "time": "$.time"}
}

// kinds are the shapes of events. A path that an event lacks becomes an empty string in the mail.
func kinds() map[string]kind {
	return map[string]kind{
		// CloudTrail record contents: cloudtrail-event-reference-record-contents.
		"cloudtrail": {
			paths: map[string]string{
				"eventName": "$.detail.eventName", "eventSource": "$.detail.eventSource", "eventId": "$.detail.eventID",
				"error": "$.detail.errorCode", "sourceIp": "$.detail.sourceIPAddress",
				"userType": "$.detail.userIdentity.type", "principal": "$.detail.userIdentity.arn",
			},
			who: "Who: <userType> <principal> from <sourceIp>",
			details: []string{
				"Error code (empty when the call succeeded): <error>",
				"Event: https://<region>.console.aws.amazon.com/cloudtrailv2/home?region=<region>#/events/<eventId>",
			},
		},
	}
}

var variable = regexp.MustCompile(`<([^<>]*)>`)

// transformer composes the InputTransformer of an alert: what happened, who, where and when, why, and below that the
// details, the first steps and the runbook. Each line is one quoted string, as EventBridge wants text (eb-transform-target-input).
func (m message) transformer(a Alert) (map[string]string, string, error) {
	k, ok := kinds()[m.Kind]
	if !ok {
		return nil, "", fmt.Errorf("message.kind is %q; allowed are %v", m.Kind, slices.Sorted(maps.Keys(kinds())))
	}
	if m.What == "" {
		return nil, "", errors.New("message.what is missing; it says in one line what happened")
	}
	available := envelopePaths()
	maps.Copy(available, k.paths)
	maps.Copy(available, m.Paths)

	lines := []string{
		fmt.Sprintf("[%s] %s: %s", strings.ToUpper(string(a.Severity)), a.Title, m.What),
		k.who,
		"Where: account <account>, Region <region>, at <time>",
		"Why it matters: " + strings.Join(strings.Fields(a.Why), " "),
		"First steps:",
	}
	for i, s := range a.Steps {
		lines = append(lines, fmt.Sprintf("%d. %s", i+1, s))
	}
	lines = append(lines, "Runbook: "+RunbookURL+a.Runbook+".md")
	lines = append(lines, m.Details...)
	lines = append(lines, k.details...)
	lines = append(lines, "Account's name and owner: https://console.aws.amazon.com/organizations/v2/home/accounts/<account>")

	used := map[string]string{}
	quoted := make([]string, len(lines))
	for i, line := range lines {
		for _, v := range variable.FindAllStringSubmatch(line, -1) {
			p, ok := available[v[1]]
			if !ok {
				return nil, "", fmt.Errorf("the mail uses <%s>, which is no variable of kind %q nor of message.paths; it could be %v", v[1], m.Kind, slices.Sorted(maps.Keys(available)))
			}
			used[v[1]] = p
		}
		q, err := quote(line)
		if err != nil {
			return nil, "", err
		}
		quoted[i] = q
	}
	for name := range m.Paths {
		if _, ok := used[name]; !ok {
			return nil, "", fmt.Errorf("message.paths names %q, which no line uses", name)
		}
	}
	t := strings.Join(quoted, "\n")
	if n := utf8.RuneCountInString(t); n > MaxInputTemplate {
		return nil, "", fmt.Errorf("the mail's template has %d characters; EventBridge allows %d", n, MaxInputTemplate)
	}
	if len(used) > MaxInputPaths {
		return nil, "", fmt.Errorf("the mail uses %d variables; EventBridge allows %d", len(used), MaxInputPaths)
	}
	return used, t, nil
}

// quote makes a line a JSON string, leaving the angle brackets of variables as they are.
func quote(line string) (string, error) {
	q, err := compact(line)
	if err != nil {
		return "", err
	}
	if !json.Valid(q) {
		return "", fmt.Errorf("the line %q cannot be quoted", line)
	}
	return string(q), nil
}
