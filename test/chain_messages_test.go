package test

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/test/states"
)

// messagesZone names accounts in its mails and has chat channels; chatZone has channels alone.
const (
	messagesZone = `
zone: messages
regions: {home: eu-west-1, governed: [eu-west-1]}
email: aws+{account}@example.com
alerts:
  recipients: [security@example.com]
  pageRecipients: [pager@example.com]
  accountNames: true
  runbooks: https://wiki.example.com/runbooks/
  chat:
    - {slack: {workspace: T0123ABCDEF, channel: C0123ABCDEF}}
    - {teams: {team: 01234567-89ab-cdef-0123-456789abcdef, tenant: 76543210-ba98-fedc-3210-ba9876543210, channel: 19%3Aabc123%40thread.tacv2}, tiers: [page]}
accounts: [{name: orders-prod, ou: Workloads/Prod}]
`
	chatZone = `
zone: chat
regions: {home: eu-west-1, governed: [eu-west-1]}
email: aws+{account}@example.com
alerts:
  recipients: [security@example.com]
  chat: [{slack: {workspace: T0123ABCDEF, channel: C0123ABCDEF}, tiers: [notify]}]
accounts: []
`
)

// channels are the chat channels that receive a tier, sorted.
func (c *chain) channels(tier alert.Tier) []string {
	var out []string
	for _, channel := range c.zone.Alerts.Chat {
		if slices.Contains(channel.Tiers, string(tier)) {
			out = append(out, strings.Trim(strings.Join([]string{channel.Slack.Workspace, channel.Slack.Channel, channel.Teams.Tenant, channel.Teams.Team, channel.Teams.Channel}, " "), " "))
		}
	}
	sort.Strings(out)
	return out
}

// addChannel subscribes a chat channel to its topics, as Amazon Q Developer in chat applications does.
func (d *deployment) addChannel(r deployed, missing func(string)) {
	var ids []string
	for _, key := range []string{"SlackWorkspaceId", "SlackChannelId", "TeamsTenantId", "TeamId", "TeamsChannelId"} {
		if id, is := r.properties[key].(string); is {
			ids = append(ids, id)
		}
	}
	if role := fmt.Sprint(r.properties["IamRoleArn"]); d.roles[role] == nil && !strings.Contains(role, ":role/landfall/") {
		missing(role)
	}
	topics, _ := r.properties["SnsTopicArns"].([]any)
	for _, on := range topics {
		if t := d.topics[fmt.Sprint(on)]; t != nil {
			t.subscriptions = append(t.subscriptions, subscription{r.origin, "chat", strings.Join(ids, " ")})
		} else {
			missing(fmt.Sprint(on))
		}
	}
}

// machine is a state machine.
type machine struct {
	origin
	role       string
	definition *states.Machine
	wrong      error
}

// machineOf reads a state machine with its substitutions.
func machineOf(r deployed) *machine {
	text, _ := json.Marshal(r.properties["Definition"])
	values, _ := r.properties["DefinitionSubstitutions"].(map[string]any)
	var missing []string
	filled := variable.ReplaceAllStringFunc(string(text), func(m string) string {
		value, is := values[strings.Trim(m, "${}")].(string)
		if !is {
			missing = append(missing, m)
		}
		return value
	})
	role, _ := r.properties["RoleArn"].(string)
	out := &machine{origin: r.origin, role: role}
	if out.definition, out.wrong = states.Parse([]byte(filled)); len(missing) > 0 {
		out.wrong = fmt.Errorf("nothing is substituted for %v", missing)
	}
	return out
}

// watchedMetrics are the metrics of a state machine that say that an alert may not have been published.
var watchedMetrics = []string{"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled"}

// toMachine says whether the rule can start the state machine, and whether alarms watch that.
func (s *step) toMachine(t *target) bool {
	m := s.d.machines[t.arn]
	switch {
	case m == nil:
		s.fail("has a target that does not exist: %s", t.arn)
		return false
	case m.wrong != nil:
		s.fail("starts a state machine that cannot be created: %v", m.wrong)
		return false
	case !s.local(t.arn), !s.assumes(t, "states:StartExecution"):
		return false
	}
	s.uses(m.origin, "")
	for _, metric := range watchedMetrics {
		i := slices.IndexFunc(s.d.alarms, func(a alarm) bool {
			return a.account == s.rule.account && a.region == s.rule.region && a.watches("AWS/States", "StateMachineArn", t.arn) && a.properties["MetricName"] == metric
		})
		if i < 0 {
			s.fail("starts a state machine whose %s no alarm watches", metric)
			continue
		}
		a := s.d.alarms[i]
		s.uses(a.origin, "")
		if !includes(a.properties, map[string]any{"Statistic": "Sum", "Threshold": 0.0, "ComparisonOperator": "GreaterThanThreshold"}) || len(a.actions) == 0 {
			s.fail("starts a state machine whose alarm %s tells nobody of one failure", a.name)
		}
		for _, action := range a.actions {
			s.publishes(action, "cloudwatch.amazonaws.com", "arn:aws:cloudwatch:"+a.region+":"+a.account+":alarm:"+a.name)
		}
	}
	// Step Functions assumes the machine's role for each execution.
	as := s.d.roles[m.role]
	if as == nil {
		s.fail("starts a state machine whose role does not exist: %q", m.role)
		return false
	}
	return s.allowed("the trust of role "+m.role, []document{as.trust}, policy.Request{
		Action: "sts:AssumeRole", Resource: m.role, Principal: "states.amazonaws.com",
		Context: with(map[string]string{"aws:SourceAccount": s.rule.account, "aws:SourceArn": t.arn}),
	})
}

// executions is what was found of the executions that a target starts.
type executions struct {
	passage
	ends []string
}

// weather is what goes wrong around an execution.
type weather struct {
	what string
	// noNames: AWS Organizations does not answer; noSubjects: SNS refuses subjects; noText: the text cannot be composed.
	noNames, noSubjects, noText bool
}

// start executes the state machine for the event: as it should be, and with everything that may fail on the way to the
// mail. The machine is the same for all events of a target, so that one of them decides for all.
func (w *walk) start(r *rule, t *target, buses []string) {
	if t.ran == nil {
		s := &step{d: w.d, rule: r, passage: &passage{}}
		var ends []string
		for i, sky := range []weather{
			{what: "when all is well"},
			{what: "when AWS Organizations does not answer", noNames: true},
			{what: "when SNS refuses subjects", noSubjects: true},
			{what: "when the text cannot be composed", noText: true},
		} {
			got := s.execute(t, w.event.text, sky)
			if i == 0 {
				ends = got
			}
			want := ends
			if sky.noText {
				// There is no chat message without its text.
				want = slices.DeleteFunc(slices.Clone(ends), func(topic string) bool { return strings.Contains(topic, "-chat-") })
			}
			if !slices.Equal(got, want) {
				s.fail("starts a state machine that publishes to %v %s; want %v", got, sky.what, want)
			}
		}
		t.ran = &executions{*s.passage, ends}
	}
	w.broken = append(w.broken, t.ran.broken...)
	for _, l := range t.ran.used {
		w.used[l] = true
	}
	for _, end := range t.ran.ends {
		w.arrivals = append(w.arrivals, arrival{r.name, end, buses})
	}
}

var (
	goodSubject = regexp.MustCompile(`^[A-Za-z0-9!-/:-@\[-` + "`" + `{-~][ -~]{0,98}$`)
	wholeText   = regexp.MustCompile(`(?s)^\[[A-Z]+\] .*\nWhere: account ([^\n]*), Region .*\nRunbook: https://`)
)

// execute runs the state machine and returns the topics that it published to, sorted.
func (s *step) execute(t *target, event []byte, sky weather) []string {
	m := s.d.machines[t.arn]
	input := strings.Replace(t.template, "<aws.events.event.json>", string(event), 1)
	if sky.noText {
		input = strings.Replace(input, `"summary":[`, `"summary":7,"former":[`, 1)
	}
	var ends []string
	err := m.definition.Run([]byte(input), func(resource string, arguments map[string]any) (any, error) {
		switch resource {
		case "arn:aws:states:::aws-sdk:organizations:describeAccount":
			id := fmt.Sprint(arguments["AccountId"])
			if sky.noNames {
				return nil, &states.Error{Name: "Organizations.TooManyRequestsException"}
			}
			if !s.permits(m.role, "organizations:DescribeAccount", "arn:aws:organizations::"+managementID+":account/"+organizationID+"/"+id) {
				return nil, &states.Error{Name: "Organizations.AccessDeniedException"}
			}
			return map[string]any{"Account": map[string]any{"Id": id, "Name": "the name"}}, nil
		case "arn:aws:states:::sns:publish":
			topic, _ := arguments["TopicArn"].(string)
			if _, has := arguments["Subject"]; has && sky.noSubjects {
				return nil, &states.Error{Name: "SNS.InvalidParameterException"}
			}
			if err := s.publishesAs(m.role, topic); err != nil {
				return nil, err
			}
			s.readable(topic, arguments, sky)
			ends = append(ends, topic)
			return map[string]any{"MessageId": "1"}, nil
		}
		return nil, fmt.Errorf("no such resource: %s", resource)
	})
	chats := slices.ContainsFunc(sortedKeys(m.definition.States), func(name string) bool { return name == "Chat" })
	if err != nil && !(sky.noText && chats) {
		s.fail("starts an execution that fails %s: %v", sky.what, err)
	}
	sort.Strings(ends)
	return ends
}

// readable checks that a message is whole where it can be.
func (s *step) readable(topic string, arguments map[string]any, sky weather) {
	text, _ := arguments["Message"].(string)
	subject, has := arguments["Subject"].(string)
	chat := strings.Contains(topic, "-chat-")
	switch {
	case sky.noText:
		return
	case chat:
		var n struct {
			Version, Source string
			Content         struct{ Description string }
		}
		if json.Unmarshal([]byte(text), &n) != nil || n.Version != "1.0" || n.Source != "custom" {
			s.fail("sends to chat what is no custom notification: %s", text)
		}
		text = n.Content.Description
	case has && !goodSubject.MatchString(subject):
		s.fail("sends a mail with the subject %q, which SNS refuses", subject)
	case !has && !sky.noSubjects:
		s.fail("sends a mail without a subject %s", sky.what)
	}
	match := wholeText.FindStringSubmatch(text)
	if match == nil {
		s.fail("sends a text that is not whole %s: %s", sky.what, text)
		return
	}
	if strings.HasPrefix(match[1], "the name (") == sky.noNames {
		s.fail("says of the account %q %s", match[1], sky.what)
	}
}

// publishesAs publishes to a topic of the same account with a role, whose own policies decide unless the topic's or the
// key's deny it.
func (s *step) publishesAs(role, arn string) error {
	on := s.d.topics[arn]
	if on == nil {
		return errors.New("no such topic: " + arn)
	}
	if !s.local(arn) || !s.permits(role, "sns:Publish", arn) {
		return errors.New("not allowed to publish to " + arn)
	}
	for _, document := range on.policies {
		p, err := compiled(policy.Resource, document.text)
		if err != nil {
			return err
		}
		if result, err := policy.EvaluateResourcePolicy(p, policy.Request{Action: "sns:Publish", Resource: arn, Principal: role, Context: with(nil)}); err != nil || result.Decision == policy.ExplicitlyDenied {
			return fmt.Errorf("the topic %s denies it: %v", arn, err)
		}
	}
	key, ok := s.d.keys[on.key]
	if !ok {
		return errors.New("no such key: " + on.key)
	}
	for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
		// A key follows the role's own policies only where its policy leaves that to the account.
		if !s.permits(role, action, on.key) || !s.allowed("the key of topic "+arn, []document{key}, policy.Request{Action: action, Resource: on.key, Principal: role, Context: with(nil)}) {
			return errors.New("not allowed to use the key of " + arn)
		}
	}
	s.uses(on.origin, "")
	for _, to := range on.subscriptions {
		s.uses(to.origin, "")
	}
	return nil
}

// machineBreaks are the ways to break a state machine.
func machineBreaks(s *stackSet, id string) []breakage {
	properties := func(s *stackSet) map[string]any {
		return s.body["Resources"].(map[string]any)[id].(map[string]any)["Properties"].(map[string]any)
	}
	state := func(s *stackSet, name string) map[string]any {
		return properties(s)["Definition"].(map[string]any)["States"].(map[string]any)[name].(map[string]any)
	}
	out := []breakage{{"its role is another", func(s *stackSet) { properties(s)["RoleArn"] = "arn:aws:iam::" + auditID + ":role/other" }}}
	for _, name := range sortedKeys(properties(s)["DefinitionSubstitutions"].(map[string]any)) {
		out = append(out, breakage{name + " becomes another", func(s *stackSet) {
			properties(s)["DefinitionSubstitutions"].(map[string]any)[name] = "other"
		}})
	}
	for _, name := range sortedKeys(properties(s)["Definition"].(map[string]any)["States"].(map[string]any)) {
		here := state(s, name)
		if here["Resource"] != nil {
			out = append(out, breakage{"the state " + name + " calls something else", func(s *stackSet) { state(s, name)["Resource"] = "arn:aws:states:::sns:other" }})
		}
		for i := range list(here["Catch"]) {
			out = append(out, breakage{fmt.Sprintf("the state %s catches less (%d)", name, i), func(s *stackSet) {
				state(s, name)["Catch"] = slices.Delete(list(state(s, name)["Catch"]), i, i+1)
			}})
		}
		if arguments, is := here["Arguments"].(map[string]any); is {
			for _, key := range sortedKeys(arguments) {
				out = append(out, breakage{"the argument " + key + " of the state " + name + " cannot be computed", func(s *stackSet) {
					state(s, name)["Arguments"].(map[string]any)[key] = "{% $error('no') %}"
				}})
			}
		}
		for i := range list(here["Choices"]) {
			out = append(out, breakage{"the state " + name + " never chooses", func(s *stackSet) {
				list(state(s, name)["Choices"])[i].(map[string]any)["Condition"] = "{% false %}"
			}})
		}
	}
	return out
}

func list(value any) []any {
	out, _ := value.([]any)
	return out
}

// What is new in a zone with account names and chat is broken too.
func TestABrokenLinkOfTheMessagesIsNoticed(t *testing.T) {
	for name, zone := range map[string]string{"account names and chat": messagesZone, "chat alone": chatZone} {
		t.Run(name, func(t *testing.T) {
			c := chainOf(t, zone)
			seen := map[string]bool{}
			c.breakEach(t, func(l link) bool {
				i := slices.IndexFunc(c.cloud.sets, func(s *stackSet) bool { return s.name == l.set })
				if l.set != "landfall-audit" || l.id == "" {
					return false
				}
				r := c.cloud.sets[i].body.byID(t, l.id)
				if r.kind == "AWS::IAM::Role" && l.part == "" {
					return false // what uses the role refers to the resource, so it cannot have another name
				}
				if strings.Contains(l.id, "Messages") || strings.Contains(l.id, "Chat") || strings.HasPrefix(l.id, "DeliveryKey") && l.part == "KeyPolicy 0" {
					return true
				}
				// Of the rules, one of each kind is enough.
				kind := fmt.Sprint(len(list(r.properties["Targets"])))
				if r.kind != "AWS::Events::Rule" || strings.Contains(l.id, "Heartbeat") || seen[kind] {
					return false
				}
				seen[kind] = true
				return true
			})
		})
	}
}

func TestTheAuditAccountMayAskForTheNamesOfAccounts(t *testing.T) {
	a := assemblyOf(t, messagesZone)
	delegated := false
	for _, id := range sortedKeys(a.stacks) {
		delegated = delegated || len(a.stacks[id].resources(resourcetype.DelegatedAdministrator)) > 0
	}
	require.True(t, delegated, "only the management account and delegated administrators may call DescribeAccount")
}

func TestFromChatNobodyCanDoAnythingInAWS(t *testing.T) {
	audit := assemblyOf(t, messagesZone).members["audit"]
	role := audit.only(t, "AWS::IAM::Role", map[string]any{"RoleName": "chat"})
	require.Equal(t, "/landfall/", role.properties["Path"], "a role without a path is exempt from guardrails")
	require.NotContains(t, role.properties, "Policies")
	require.NotContains(t, role.properties, "ManagedPolicyArns")
	n := 0
	for _, kind := range []string{"AWS::Chatbot::SlackChannelConfiguration", "AWS::Chatbot::MicrosoftTeamsChannelConfiguration"} {
		for _, r := range audit.resources(kind) {
			n++
			require.Equal(t, []any{"arn:aws:iam::aws:policy/AWSDenyAll"}, audit.resolve(t, auditHome, r.properties["GuardrailPolicies"]), "the default is AdministratorAccess")
			require.Equal(t, true, r.properties["UserRoleRequired"])
			require.Equal(t, "ERROR", r.properties["LoggingLevel"])
			require.Equal(t, map[string]any{"Fn::GetAtt": []any{role.id, "Arn"}}, r.properties["IamRoleArn"])
		}
	}
	require.Equal(t, 2, n)
}

func TestNothingOfTheMessagesStaysWhenTheyAreTurnedOff(t *testing.T) {
	on, off := assemblyOf(t, messagesZone), assemblyOf(t, strings.Replace(messagesZone, "accountNames: true", "accountNames: false", 1))
	none := assemblyOf(t, regexp.MustCompile(`(?s)  chat:.*accounts:`).ReplaceAllString(strings.Replace(messagesZone, "  accountNames: true\n", "", 1), "accounts:"))
	before, after := byID(none.members["audit"]), byID(on.members["audit"])
	for id, r := range after {
		if before[id].kind != "" {
			continue
		}
		require.NotContains(t, fmt.Sprint(r.all["DeletionPolicy"], r.all["UpdateReplacePolicy"]), "Retain", "%s would stand in the way when it is turned on again", id)
	}
	for id := range before {
		require.NotEmpty(t, after[id].kind, "%s is there with and without", id)
	}
	require.NotEmpty(t, off.members["audit"].resources("AWS::StepFunctions::StateMachine"), "chat needs the state machine")
	require.Empty(t, none.members["audit"].resources("AWS::StepFunctions::StateMachine"))
}
