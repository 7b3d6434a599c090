package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/landfall-aws/landfall/config"
)

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
	// account and principal are the fields by which suppressions recognize an account and a principal.
	account, principal []string
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
			account: []string{"account"}, principal: []string{"detail", "userIdentity", "arn"},
		},
		// GuardDuty user guide, guardduty_findings_eventbridge: the event of a member's finding in the administrator's
		// account carries the member in detail.
		"guardduty": {
			paths: map[string]string{
				"account": "$.detail.accountId", "region": "$.detail.region", "title": "$.detail.title", "type": "$.detail.type",
				"findingSeverity": "$.detail.severity", "findingId": "$.detail.id", "resourceType": "$.detail.resource.resourceType",
				"sample": "$.detail.service.additionalInfo.sample", "count": "$.detail.service.count", "description": "$.detail.description",
			},
			who: "About: <resourceType>, finding type <type>, severity <findingSeverity>, seen <count> times",
			details: []string{
				"Description: <description>",
				"Drill (true for a sample finding that somebody ordered, empty for a real one): <sample>",
				"Finding: https://<region>.console.aws.amazon.com/guardduty/home?region=<region>#/findings?macros=current&fId=<findingId>",
			},
			account: []string{"detail", "accountId"},
		},
		// Security Hub user guide, securityhub-cwe-event-formats; AWS Security Finding Format.
		"security-hub": {
			paths: map[string]string{
				"account": "$.detail.findings[0].AwsAccountId", "region": "$.detail.findings[0].Region", "title": "$.detail.findings[0].Title",
				"label": "$.detail.findings[0].Severity.Label", "product": "$.detail.findings[0].ProductName", "resource": "$.detail.findings[0].Resources[0].Id",
				"findingId": "$.detail.findings[0].Id", "control": "$.detail.findings[0].Compliance.SecurityControlId", "sample": "$.detail.findings[0].Sample",
			},
			who: "About: <resource>, <label> finding of <product>, control <control>",
			details: []string{
				"Drill (true for a sample finding, empty for a real one): <sample>",
				"Finding: <findingId>",
			},
			account: []string{"detail", "findings", "AwsAccountId"},
		},
		// Security Hub user guide, securityhub-v2-eventbridge: findings in the Open Cybersecurity Schema Framework.
		"security-hub-v2": {
			paths: map[string]string{
				"account": "$.detail.findings[0].cloud.account.uid", "region": "$.detail.findings[0].cloud.region",
				"title": "$.detail.findings[0].finding_info.title", "label": "$.detail.findings[0].severity",
				"product": "$.detail.findings[0].metadata.product.name", "resource": "$.detail.findings[0].resources[0].uid",
			},
			who:     "About: <resource>, <label> finding of <product>",
			account: []string{"detail", "findings", "cloud", "account", "uid"},
		},
		// IAM user guide, access-analyzer-eventbridge.
		"access-analyzer": {
			paths: map[string]string{
				"account": "$.detail.accountId", "region": "$.detail.region", "resource": "$.detail.resource", "resourceType": "$.detail.resourceType",
				"action": "$.detail.action", "outsider": "$.detail.principal", "findingId": "$.detail.id",
			},
			who: "About: <resourceType> <resource>, reachable by <outsider>",
			details: []string{
				"Allowed actions: <action>",
				"Finding: https://<region>.console.aws.amazon.com/access-analyzer/home?region=<region>#/findings/details/<findingId>",
			},
			account: []string{"detail", "accountId"},
		},
		// AWS Health user guide, cloudwatch-events-health: with the organizational view, affectedAccount says whose event it is.
		"health": {
			paths: map[string]string{
				"code": "$.detail.eventTypeCode", "service": "$.detail.service", "description": "$.detail.eventDescription[0].latestDescription",
				"entity": "$.detail.affectedEntities[0].entityValue", "affected": "$.detail.affectedAccount", "eventArn": "$.detail.eventArn",
			},
			who: "About: <entity>, reported by AWS (<service>); affected account, if another: <affected>",
			details: []string{
				"AWS says: <description>",
				"Event: <eventArn>",
			},
			account: []string{"account"},
		},
		// AWS Config developer guide, monitor-config-with-cloudwatchevents.
		"config": {
			paths: map[string]string{
				"rule": "$.detail.configRuleName", "resource": "$.detail.resourceId", "resourceType": "$.detail.resourceType",
				"before": "$.detail.oldEvaluationResult.complianceType",
			},
			who:     "About: <resourceType> <resource>, before: <before>",
			account: []string{"account"},
		},
		// CloudWatch user guide, cloudwatch-and-eventbridge.
		"alarm": {
			paths: map[string]string{
				"alarm": "$.detail.alarmName", "reason": "$.detail.state.reason", "description": "$.detail.configuration.description",
			},
			who: "About: the alarm <alarm>",
			details: []string{
				"Description: <description>",
				"Reason: <reason>",
				"Alarm: https://<region>.console.aws.amazon.com/cloudwatch/home?region=<region>#alarmsV2:alarm/<alarm>",
			},
			account: []string{"account"},
		},
		// CloudFormation user guide, event-detail-stackset-stack-instance-status-change.
		"stack-set": {
			paths: map[string]string{
				"stackSet": "$.detail.stack-set-arn", "stack": "$.detail.stack-id", "action": "$.detail.action",
				"status": "$.detail.status-details.detailed-status", "reason": "$.detail.status-details.status-reason",
			},
			who: "About: <stack>",
			details: []string{
				"StackSet: <stackSet>",
				"Reason: <reason>",
			},
			account: []string{"account"},
		},
		// EventBridge events reference, AWS Sign-In: the fields of the event are not documented.
		"sign-in-anomaly": {
			paths:   map[string]string{"eventId": "$.id"},
			who:     "About: a sign-in; the event says no more in a documented field",
			details: []string{"Event id: <eventId>"},
			account: []string{"account"},
		},
	}
}

var (
	variable     = regexp.MustCompile(`<([^<>]*)>`)
	variableName = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	// jsonPath is what an input transformer understands of JSON Path (EventBridge user guide, eb-transform-target-input);
	// of a list, messages show the first item.
	jsonPath = regexp.MustCompile(`^\$(\.[A-Za-z0-9_-]+(\[0\])?)+$`)
)

// parts are the text of a message, line by line, with variables.
type parts struct {
	// summary says what happened, who, where and when, and why it matters, in this order.
	summary []string
	steps   []string
	// details begin with the link to the runbook.
	details []string
}

// whereLine is the line of the summary that names the account.
const whereLine = "Where: account <account>, Region <region>, at <time>"

// firstSteps stands above the steps.
const firstSteps = "First steps:"

// lines are the text of a mail.
func (p parts) lines() []string {
	return slices.Concat(p.summary, []string{firstSteps}, p.steps, p.details)
}

// parts composes the text.
func (m message) parts(a Alert, k kind) parts {
	p := parts{summary: []string{
		fmt.Sprintf("%s: %s", a.Subject(), m.What),
		k.who,
		whereLine,
		"Why it matters: " + strings.Join(strings.Fields(a.Why), " "),
	}}
	for i, s := range a.Steps {
		p.steps = append(p.steps, fmt.Sprintf("%d. %s", i+1, s))
	}
	p.details = slices.Concat([]string{"Runbook: " + a.RunbookLink()}, m.Details, k.details,
		[]string{"Account's name and owner: https://console.aws.amazon.com/organizations/v2/home/accounts/<account>"})
	return p
}

// transformer composes the InputTransformer of an alert. Each line is one quoted string, as EventBridge wants text
// (EventBridge user guide, eb-transform-target-input).
func (m message) transformer(a Alert) (map[string]string, parts, string, error) {
	k, ok := kinds()[m.Kind]
	if !ok {
		return nil, parts{}, "", fmt.Errorf("message.kind is %q; allowed are %v", m.Kind, slices.Sorted(maps.Keys(kinds())))
	}
	if m.What == "" {
		return nil, parts{}, "", errors.New("message.what is missing; it says in one line what happened")
	}
	for name, path := range m.Paths {
		if !variableName.MatchString(name) {
			return nil, parts{}, "", fmt.Errorf("message.paths names %q; a variable has letters and digits only (CloudFormation, AWS::Events::Rule InputTransformer)", name)
		}
		if name == accountNameVariable {
			return nil, parts{}, "", fmt.Errorf("message.paths names %q, which stands for the account's name where a state machine composes the message; choose another name", name)
		}
		if !jsonPath.MatchString(path) {
			return nil, parts{}, "", fmt.Errorf("message.paths.%s is %q; it must be a path in dots from the event, as in $.detail.requestParameters.name", name, path)
		}
	}
	available := envelopePaths()
	maps.Copy(available, k.paths)
	maps.Copy(available, m.Paths)

	used := map[string]string{}
	var quoted []string
	text := m.parts(a, k)
	for _, line := range text.lines() {
		if strings.ContainsAny(line, "{}") {
			return nil, parts{}, "", fmt.Errorf("the line %q has a brace, which marks a variable where a state machine composes the message", line)
		}
		for _, v := range variable.FindAllStringSubmatch(line, -1) {
			p, ok := available[v[1]]
			if !ok {
				return nil, parts{}, "", fmt.Errorf("the mail uses <%s>, which is no variable of kind %q nor of message.paths; it could be %v", v[1], m.Kind, slices.Sorted(maps.Keys(available)))
			}
			used[v[1]] = p
		}
		q, err := quote(line)
		if err != nil {
			return nil, parts{}, "", err
		}
		quoted = append(quoted, q)
	}
	for name := range m.Paths {
		if _, ok := used[name]; !ok {
			return nil, parts{}, "", fmt.Errorf("message.paths names %q, which no line uses", name)
		}
	}
	t := strings.Join(quoted, "\n")
	// The zone's file may lead to runbooks at a longer address.
	if n := utf8.RuneCountInString(t) + config.MaxRunbooksLength - len(a.runbooks); n > MaxInputTemplate {
		return nil, parts{}, "", fmt.Errorf("the mail's template can have %d characters; EventBridge allows %d", n, MaxInputTemplate)
	}
	if len(used) > MaxInputPaths {
		return nil, parts{}, "", fmt.Errorf("the mail uses %d variables; EventBridge allows %d", len(used), MaxInputPaths)
	}
	return used, text, t, nil
}

// RunbookLink is the address of the alert's runbook. In a Catalogue it leads to the runbooks of this repository, in a
// Routed alert to those of the zone's file (key alerts.runbooks).
func (a Alert) RunbookLink() string { return a.runbooks + a.Runbook + ".md" }

// withRunbooks is the alert with links to the runbooks at an address.
func (a Alert) withRunbooks(base string) Alert {
	former := a.RunbookLink()
	a.runbooks = base
	a.InputTemplate = strings.ReplaceAll(a.InputTemplate, former, a.RunbookLink())
	a.text.details = slices.Clone(a.text.details)
	a.text.details[0] = strings.ReplaceAll(a.text.details[0], former, a.RunbookLink())
	return a
}

// Subject is the alert in one line, its severity and title, in ASCII and short enough for the subject of a mail.
func (a Alert) Subject() string {
	return fmt.Sprintf("[%s] %s", strings.ToUpper(string(a.Severity)), a.Title)
}

// Mail renders the alert's mail for an event as EventBridge does: a variable whose path the event lacks is empty, an
// object or list is its JSON. The text has one line per quoted string of the template, without the quotes.
func (a Alert) Mail(event []byte) (string, error) {
	var root any
	if err := json.Unmarshal(event, &root); err != nil {
		return "", fmt.Errorf("the event is not JSON: %w", err)
	}
	var out []string
	for _, line := range strings.Split(a.InputTemplate, "\n") {
		var text string
		if err := json.Unmarshal([]byte(line), &text); err != nil {
			return "", fmt.Errorf("a line of the template is no quoted string: %w", err)
		}
		out = append(out, variable.ReplaceAllStringFunc(text, func(v string) string {
			return show(at(root, a.InputPaths[strings.Trim(v, "<>")]))
		}))
	}
	return strings.Join(out, "\n"), nil
}

// at is the value at a JSON path, nil when there is none.
func at(v any, path string) any {
	for _, step := range strings.Split(strings.TrimPrefix(path, "$."), ".") {
		key, index, listed := strings.Cut(strings.TrimSuffix(step, "]"), "[")
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
		if !listed {
			continue
		}
		list, ok := v.([]any)
		n, err := strconv.Atoi(index)
		if !ok || err != nil || n >= len(list) {
			return nil
		}
		v = list[n]
	}
	return v
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, err := compact(v)
	if err != nil {
		return ""
	}
	return string(text)
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
