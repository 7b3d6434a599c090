package alert_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/test/states"
)

const (
	describeAccount = "arn:aws:states:::aws-sdk:organizations:describeAccount"
	publish         = "arn:aws:states:::sns:publish"
)

var (
	variables    = regexp.MustCompile(`<[^<>]*>`)
	whereAccount = regexp.MustCompile(`\nWhere: account ([0-9]*), Region `)
)

// topicARN is what the deployment puts in place of a topic's variable.
func topicARN(variable string) string { return "arn:aws:sns:eu-west-1:111122223333:" + variable }

// workflow is the state machine with the topics of both tiers filled in.
func workflow(t *testing.T, mailing bool, chat ...alert.Tier) *states.Machine {
	t.Helper()
	text, err := json.Marshal(alert.Workflow(mailing, chat))
	require.NoError(t, err)
	filled := string(text)
	for _, tier := range []alert.Tier{alert.Page, alert.Notify} {
		for _, mails := range []bool{true, false} {
			v := alert.TopicVariable(tier, mails)
			filled = strings.ReplaceAll(filled, "${"+v+"}", topicARN(v))
		}
	}
	require.NotContains(t, filled, "${")
	m, err := states.Parse([]byte(filled))
	require.NoError(t, err)
	return m
}

// organization answers for AWS Organizations and SNS.
type organization struct {
	names     map[string]string
	published []map[string]any
	// refuses is asked before each publication.
	refuses func(arguments map[string]any) error
	asked   int
}

func (o *organization) call(resource string, arguments map[string]any) (any, error) {
	switch resource {
	case describeAccount:
		o.asked++
		name, known := o.names[fmt.Sprint(arguments["AccountId"])]
		if !known {
			return nil, &states.Error{Name: "Organizations.AccountNotFoundException", Cause: "no such account"}
		}
		return map[string]any{"Account": map[string]any{"Id": arguments["AccountId"], "Name": name}}, nil
	case publish:
		if o.refuses != nil {
			if err := o.refuses(arguments); err != nil {
				return nil, err
			}
		}
		o.published = append(o.published, arguments)
		return map[string]any{"MessageId": "1"}, nil
	}
	return nil, fmt.Errorf("nobody answers for %s", resource)
}

// inputFor is the input of the state machine for an event, as EventBridge makes it.
func inputFor(t *testing.T, a alert.Alert, event []byte) []byte {
	t.Helper()
	template, err := a.WorkflowInput()
	require.NoError(t, err)
	return []byte(strings.Replace(template, "<aws.events.event.json>", string(event), 1))
}

func TestTheInputOfTheStateMachineHasTheEventAndNoOtherVariable(t *testing.T) {
	z := testZone()
	z.Alerts.Runbooks = "https://example.com/" + strings.Repeat("a", config.MaxRunbooksLength-len("https://example.com//")) + "/"
	for _, a := range alert.For(z, catalogue(t)) {
		template, err := a.WorkflowInput()
		require.NoError(t, err)
		assert.Equal(t, []string{"<aws.events.event.json>"}, variables.FindAllString(template, -1), a.ID)
		assert.LessOrEqual(t, utf8.RuneCountInString(template), alert.MaxInputTemplate, a.ID)
		assert.True(t, json.Valid(inputFor(t, a.Alert, []byte("{}"))), a.ID)
	}
}

// The mail of the state machine is that of the rule, except that it names the account.
func TestTheStateMachineMailsWhatTheRuleWouldWithTheAccountsName(t *testing.T) {
	m := workflow(t, true)
	for _, a := range catalogue(t).Alerts {
		t.Run(a.ID, func(t *testing.T) {
			for _, c := range a.Proof.Raises {
				want, err := a.Mail(c.Event)
				require.NoError(t, err)
				where := whereAccount.FindStringSubmatch(want)
				require.NotNil(t, where)
				o := &organization{names: map[string]string{where[1]: "orders-prod"}}
				tiered := a
				if a.Tier != alert.Page && a.Tier != alert.Notify {
					tiered.Tier = alert.Notify
				}
				require.NoError(t, m.Run(inputFor(t, tiered, c.Event), o.call))
				require.Len(t, o.published, 1)
				want = strings.Replace(want, where[0], "\nWhere: account orders-prod ("+where[1]+"), Region ", 1)
				assert.Equal(t, want, o.published[0]["Message"], c.Name)
				assert.Equal(t, topicARN(alert.TopicVariable(tiered.Tier, true)), o.published[0]["TopicArn"])
				subject := o.published[0]["Subject"].(string)
				assert.Regexp(t, `^\[(page|notify)\] [ -~]+ in orders-prod, [a-z0-9-]+$`, subject)
				assert.LessOrEqual(t, len(subject), alert.MaxSubject)
				if len("[notify] "+a.Title+" in orders-prod, ap-southeast-2") <= alert.MaxSubject {
					assert.Contains(t, subject, a.Title)
				}
			}
		})
	}
}

// odd are events whose values are easily misread, by what they try.
func odd(t *testing.T) map[string][]byte {
	t.Helper()
	a, ok := catalogue(t).Get("guardduty-finding-high")
	require.True(t, ok)
	change := func(change func(map[string]any)) []byte {
		var event map[string]any
		require.NoError(t, json.Unmarshal(a.Proof.Raises[0].Event, &event))
		change(event["detail"].(map[string]any))
		text, err := json.Marshal(event)
		require.NoError(t, err)
		return text
	}
	return map[string][]byte{
		"plain":       change(func(map[string]any) {}),
		"quotes":      change(func(d map[string]any) { d["title"] = `a "quoted" title, 'twice'`; d["type"] = `","x":"` }),
		"backslashes": change(func(d map[string]any) { d["title"] = `C:\new\table \" \u0041`; d["description"] = `ends in \` }),
		"unicode":     change(func(d map[string]any) { d["title"] = "Größe 日本 🚨 \u202e"; d["region"] = "eu-wést-1" }),
		"line breaks": change(func(d map[string]any) { d["title"] = "one\ntwo\r\nthree\ttab" }),
		"variables":   change(func(d map[string]any) { d["title"] = "{description} <account> ${PageMail} {% $id %} $1 $$" }),
		"markup": change(func(d map[string]any) {
			d["title"] = "<!channel> <https://example.org|Runbook> [Runbook](https://example.org)"
		}),
		"empty": change(func(d map[string]any) {
			d["title"] = ""
			d["description"] = nil
			delete(d, "resource")
			delete(d, "type")
		}),
		"other types": change(func(d map[string]any) {
			d["title"] = []any{}
			d["type"] = map[string]any{"a": 1}
			d["description"] = true
			d["severity"] = 8.5
		}),
		"long": change(func(d map[string]any) {
			d["title"] = strings.Repeat("long ", 1000)
			d["region"] = strings.Repeat("r", 200)
		}),
		"no account": change(func(d map[string]any) { delete(d, "accountId"); delete(d, "region") }),
	}
}

func TestMessagesOfOddEventsAreAsInTheirGoldenFiles(t *testing.T) {
	a, ok := catalogue(t).Get("guardduty-finding-high")
	require.True(t, ok)
	a.Tier = alert.Page
	m := workflow(t, true, alert.Page)
	events := odd(t)
	for _, name := range slices.Sorted(maps.Keys(events)) {
		t.Run(name, func(t *testing.T) {
			o := &organization{names: map[string]string{"444455556666": `orders "prod" {~|}`}}
			require.NoError(t, m.Run(inputFor(t, a, events[name]), o.call))
			require.Len(t, o.published, 2)
			var chat map[string]any
			require.NoError(t, json.Unmarshal([]byte(o.published[1]["Message"].(string)), &chat))
			shown, err := json.MarshalIndent(chat, "", "  ")
			require.NoError(t, err)
			subject := o.published[0]["Subject"].(string)
			assert.Regexp(t, `^\[page\] [ -~]+$`, subject)
			assert.LessOrEqual(t, len(subject), alert.MaxSubject)
			got := fmt.Sprintf("Subject: %s\n\n%s\n\nChat: %s\n", subject, o.published[0]["Message"], shown)
			golden := filepath.Join("testdata", "messages", strings.ReplaceAll(name, " ", "-")+".txt")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o755))
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "run go test ./internal/alert -run Golden -update, and read what it wrote")
		})
	}
}

func TestOfSeveralFindingsInOneEventTheMessageShowsTheFirst(t *testing.T) {
	a, ok := catalogue(t).Get("security-hub-finding")
	require.True(t, ok)
	var event map[string]any
	require.NoError(t, json.Unmarshal(a.Proof.Raises[0].Event, &event))
	detail := event["detail"].(map[string]any)
	first := detail["findings"].([]any)[0].(map[string]any)
	second := maps.Clone(first)
	second["Title"], second["AwsAccountId"] = "the other", "999988887777"
	detail["findings"] = []any{first, second}
	text, err := json.Marshal(event)
	require.NoError(t, err)
	o := &organization{}
	a.Tier = alert.Notify
	require.NoError(t, workflow(t, true).Run(inputFor(t, a, text), o.call))
	assert.Contains(t, o.published[0]["Message"], first["Title"])
	assert.Contains(t, o.published[0]["Message"], "account "+first["AwsAccountId"].(string)+",")
	assert.NotContains(t, o.published[0]["Message"], "the other")
}

func TestALongNameLeavesTheSubjectTheAccountAndTheRegion(t *testing.T) {
	a, _ := catalogue(t).Get("root-activity")
	a.Tier, a.Title = alert.Notify, strings.Repeat("t", 80)
	o := &organization{names: map[string]string{}}
	name := strings.Repeat("n", config.MaxAccountNameLength)
	var event struct{ Account, Region string }
	require.NoError(t, json.Unmarshal(a.Proof.Raises[0].Event, &event))
	o.names[event.Account] = name
	require.NoError(t, workflow(t, true).Run(inputFor(t, a, a.Proof.Raises[0].Event), o.call))
	subject := o.published[0]["Subject"].(string)
	assert.Len(t, subject, alert.MaxSubject)
	assert.True(t, strings.HasPrefix(subject, "[notify] ttt"), subject)
	assert.True(t, strings.HasSuffix(subject, "t in "+name+", "+event.Region), subject)
}

func TestNothingThatFailsBeforeTheMailLosesTheAlert(t *testing.T) {
	a, _ := catalogue(t).Get("root-activity")
	event := a.Proof.Raises[0].Event
	var where struct{ Account string }
	require.NoError(t, json.Unmarshal(event, &where))
	named := map[string]string{where.Account: "orders-prod"}
	run := func(t *testing.T, o *organization, input []byte, more states.Call) {
		t.Helper()
		require.NoError(t, workflow(t, true).Run(input, func(resource string, arguments map[string]any) (any, error) {
			if more != nil && resource == describeAccount {
				return more(resource, arguments)
			}
			return o.call(resource, arguments)
		}))
		require.Len(t, o.published, 1)
	}
	for _, failure := range []error{
		&states.Error{Name: "Organizations.TooManyRequestsException"}, &states.Error{Name: "Organizations.AccessDeniedException"},
		&states.Error{Name: states.Timeout}, errors.New("anything else"),
	} {
		t.Run("a look-up that fails with "+failure.Error(), func(t *testing.T) {
			o := &organization{}
			run(t, o, inputFor(t, a, event), func(string, map[string]any) (any, error) { return nil, failure })
			assert.Contains(t, o.published[0]["Message"], "\nWhere: account "+where.Account+", Region ")
			assert.Contains(t, o.published[0]["Subject"], " in "+where.Account+", ")
		})
	}
	t.Run("an answer without a name", func(t *testing.T) {
		o := &organization{}
		run(t, o, inputFor(t, a, event), func(string, map[string]any) (any, error) { return map[string]any{"Account": "x"}, nil })
		assert.Contains(t, o.published[0]["Message"], where.Account)
	})
	t.Run("a look-up that is throttled once", func(t *testing.T) {
		o, tries := &organization{names: named}, 0
		run(t, o, inputFor(t, a, event), func(resource string, arguments map[string]any) (any, error) {
			if tries++; tries == 1 {
				return nil, &states.Error{Name: "Organizations.TooManyRequestsException"}
			}
			return o.call(resource, arguments)
		})
		assert.Contains(t, o.published[0]["Subject"], "orders-prod")
	})
	t.Run("a subject that SNS refuses", func(t *testing.T) {
		o := &organization{names: named, refuses: func(arguments map[string]any) error {
			if arguments["Subject"] != nil {
				return &states.Error{Name: "SNS.InvalidParameterException", Cause: "Invalid parameter: Subject"}
			}
			return nil
		}}
		run(t, o, inputFor(t, a, event), nil)
		assert.Contains(t, o.published[0]["Message"], "\nWhere: account orders-prod ("+where.Account+"), Region ")
	})
	t.Run("a text that cannot be composed", func(t *testing.T) {
		o := &organization{names: named}
		run(t, o, []byte(`{"tier":"page","summary":5,"steps":[{}],"paths":{"account":7},"event":{"account":"1"}}`), nil)
		assert.Contains(t, o.published[0]["Message"], `"summary":5`)
		assert.NotContains(t, o.published[0], "Subject")
	})
}

func TestAMailThatNobodyTakesFailsTheExecution(t *testing.T) {
	a, _ := catalogue(t).Get("root-activity")
	o := &organization{refuses: func(map[string]any) error { return errors.New("the topic is gone") }}
	assert.ErrorContains(t, workflow(t, true).Run(inputFor(t, a, a.Proof.Raises[0].Event), o.call), "the topic is gone")
	assert.ErrorContains(t, workflow(t, false, alert.Page).Run(inputFor(t, a, a.Proof.Raises[0].Event), o.call), "the topic is gone")
}

func TestAChannelReceivesItsTiersOnly(t *testing.T) {
	a, _ := catalogue(t).Get("root-activity")
	for tier, want := range map[alert.Tier][]string{alert.Page: {"PageChat"}, alert.Notify: nil} {
		a.Tier = tier
		o := &organization{}
		require.NoError(t, workflow(t, false, alert.Page).Run(inputFor(t, a, a.Proof.Raises[0].Event), o.call))
		var got []string
		for _, p := range o.published {
			got = append(got, strings.TrimPrefix(p["TopicArn"].(string), topicARN("")))
			assert.NotContains(t, p, "Subject")
		}
		assert.Equal(t, want, got)
	}
}

func TestAChatMessageIsACustomNotification(t *testing.T) {
	m := workflow(t, false, alert.Page, alert.Notify)
	for _, a := range catalogue(t).Alerts {
		if a.Tier != alert.Page {
			a.Tier = alert.Notify
		}
		for _, c := range a.Proof.Raises {
			o := &organization{}
			require.NoError(t, m.Run(inputFor(t, a, c.Event), o.call))
			require.Len(t, o.published, 1)
			var n struct {
				Version, Source string
				Content         struct {
					TextType, Title, Description string
					NextSteps, Keywords          []string
				}
			}
			require.NoError(t, json.Unmarshal([]byte(o.published[0]["Message"].(string)), &n))
			assert.Equal(t, "1.0", n.Version)
			assert.Equal(t, "custom", n.Source)
			assert.Equal(t, "client-markdown", n.Content.TextType)
			assert.NotEmpty(t, n.Content.Title)
			text, link, linked := strings.Cut(n.Content.Description, "\nRunbook: ")
			assert.True(t, linked)
			assert.Equal(t, config.DefaultRunbooks+a.Runbook+".md", link)
			assert.LessOrEqual(t, utf8.RuneCountInString(text), alert.MaxChatText)
			assert.Len(t, n.Content.NextSteps, 3)
			assert.Equal(t, []string{a.ID, string(a.Severity)}, n.Content.Keywords)
		}
	}
}
