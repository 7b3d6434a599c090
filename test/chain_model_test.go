package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/eventpattern"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/zone"
)

// This file is a model of how events travel once a zone is deployed. It knows the synthesized templates and
// nothing else of the zone: which StackSet puts which template where, what then exists in every account and
// Region, and what Amazon EventBridge, IAM, SNS, SQS, KMS and CloudWatch Logs make of it.

// allManagementEvents is the state of rules that read-only calls reach.
const allManagementEvents = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"

// account is an account of the organization.
type account struct {
	name, id string
	// ou is the path of the account's OU, "" for the management account.
	ou string
	// later is true for an account that joins after everything was deployed.
	later bool
}

// stackSet is a StackSet as the templates of the management account describe it.
type stackSet struct {
	name string
	// body is the template that the instances get.
	body       template
	parameters map[string]string
	groups     []instances
	// auto is true where accounts that join later get the template, selfManaged where roles of the account are used.
	auto, selfManaged bool
	// made are the instances that were computed, by account and Region.
	made map[string][]deployed
}

// instances are the accounts and Regions of a StackSet.
type instances struct {
	ous, accounts, regions []string
	intersection           bool
}

// cloud is the organization before the StackSets are deployed to it: what sabotage changes, and what deploy reads.
type cloud struct {
	home     string
	accounts []account
	sets     []*stackSet
	// watched are the Regions in which an alarm watches the dead-letter queues; in Regions where users only sign in, heartbeats do.
	watched []string
}

// cloudOf reads the templates of the management account's stacks.
func cloudOf(tb testing.TB, a *assembly) *cloud {
	tb.Helper()
	c := &cloud{home: a.zone.HomeRegion, watched: append(slices.Clone(a.zone.GovernedRegions), zone.GlobalRegion), accounts: []account{{name: "management", id: managementID}, {name: "joins later", id: "999900009999", ou: "Sandbox", later: true}}}
	ids := map[string]string{"log-archive": logArchiveID, "audit": auditID}
	for _, id := range sortedKeys(a.stacks) {
		for _, r := range a.stacks[id].resources("Custom::LandfallAccount") {
			name := r.properties["Name"].(string)
			if ids[name] == "" {
				ids[name] = fmt.Sprintf("77770000%04d", len(ids))
			}
			c.accounts = append(c.accounts, account{name: name, id: ids[name], ou: r.properties["OrganizationalUnitPath"].(string)})
		}
	}
	p := place{account: managementID, region: c.home, accounts: ids, exports: exportsOf(tb, a, ids)}
	for _, id := range sortedKeys(a.stacks) {
		for _, r := range a.stacks[id].resources("AWS::CloudFormation::StackSet") {
			c.sets = append(c.sets, readStackSet(tb, a, id, p, r))
		}
	}
	return c
}

// identified are the custom resources whose ids other stacks use.
var identified = []string{"Custom::LandfallAccount", "Custom::LandfallOrganization", "Custom::LandfallOrganizationalUnit"}

// exportsOf are the values that stacks of the management account export of accounts, OUs and the organization.
func exportsOf(tb testing.TB, a *assembly, ids map[string]string) map[string]any {
	tb.Helper()
	out := map[string]any{}
	for _, id := range sortedKeys(a.stacks) {
		t := a.stacks[id]
		outputs, _ := t["Outputs"].(map[string]any)
		for _, key := range sortedKeys(outputs) {
			output := outputs[key].(map[string]any)
			export, exports := output["Export"].(map[string]any)
			attribute, _ := output["Value"].(map[string]any)["Fn::GetAtt"].([]any)
			if !exports || attribute == nil || !slices.Contains(identified, t.byID(tb, attribute[0].(string)).kind) {
				continue
			}
			out[export["Name"].(string)] = t.resolve(tb, place{account: managementID, region: a.zone.HomeRegion, accounts: ids}, output["Value"])
		}
	}
	return out
}

func readStackSet(tb testing.TB, a *assembly, stack string, p place, r resource) *stackSet {
	tb.Helper()
	t := a.stacks[stack]
	text := func(value any) string { return fmt.Sprint(t.resolve(tb, p, value)) }
	list := func(value any) []string {
		var out []string
		values, _ := value.([]any)
		for _, v := range values {
			out = append(out, text(v))
		}
		return out
	}
	s := &stackSet{name: text(r.properties["StackSetName"]), parameters: map[string]string{}, made: map[string][]deployed{}, selfManaged: r.properties["PermissionModel"] == "SELF_MANAGED"}
	require.NoError(tb, json.Unmarshal([]byte(templateBody(tb, a, stack, r)), &s.body), s.name)
	parameters, _ := r.properties["Parameters"].([]any)
	for _, parameter := range parameters {
		m := parameter.(map[string]any)
		s.parameters[m["ParameterKey"].(string)] = text(m["ParameterValue"])
	}
	if auto, ok := r.properties["AutoDeployment"].(map[string]any); ok {
		s.auto = auto["Enabled"] == true
	}
	for _, group := range r.properties["StackInstancesGroup"].([]any) {
		g := group.(map[string]any)
		targets := g["DeploymentTargets"].(map[string]any)
		s.groups = append(s.groups, instances{
			ous: list(targets["OrganizationalUnitIds"]), accounts: list(targets["Accounts"]),
			regions: list(g["Regions"]), intersection: targets["AccountFilterType"] == "INTERSECTION",
		})
	}
	return s
}

// templateBody is the template of a StackSet: inline, or the file that its URL stands for.
func templateBody(tb testing.TB, a *assembly, stack string, r resource) string {
	tb.Helper()
	if body, inline := r.properties["TemplateBody"].(string); inline {
		return body
	}
	var assets struct {
		Files map[string]struct {
			Source       struct{ Path string }
			Destinations map[string]struct{ ObjectKey string }
		}
	}
	readJSON(tb, filepath.Join(a.dir, stack+".assets.json"), &assets)
	url, err := json.Marshal(r.properties["TemplateURL"])
	require.NoError(tb, err)
	for _, id := range sortedKeys(assets.Files) {
		f := assets.Files[id]
		for _, destination := range f.Destinations {
			if strings.Contains(string(url), "/"+destination.ObjectKey) {
				data, err := os.ReadFile(filepath.Join(a.dir, f.Source.Path))
				require.NoError(tb, err)
				return string(data)
			}
		}
	}
	tb.Fatalf("no asset of stack %s is the template %s", stack, url)
	return ""
}

// targets are the accounts of an instance group.
func (c *cloud) targets(s *stackSet, g instances) []account {
	var out []account
	for _, a := range c.accounts {
		inOU := slices.ContainsFunc(g.ous, func(id string) bool {
			path := strings.TrimPrefix(id, "ou-")
			return id == rootID || a.ou == path || strings.HasPrefix(a.ou, path+"/")
		})
		listed := slices.Contains(g.accounts, a.id)
		switch {
		case s.selfManaged && listed:
		case s.selfManaged, a.id == managementID: // service-managed StackSets never reach the management account
			continue
		case !inOU, g.intersection && !listed, a.later && !s.auto:
			continue
		}
		out = append(out, a)
	}
	return out
}

// origin says which resource of which StackSet's template something was made from.
type origin struct{ set, id string }

func (o origin) String() string { return o.set + "/" + o.id }

// document is a policy as it is where it was deployed.
type document struct {
	origin
	// path is where in the resource's properties the document's statements are.
	path string
	text string
}

type rule struct {
	origin
	account, region, name, bus, state string
	pattern                           *eventpattern.Pattern
	scheduled                         bool
	targets                           []*target
}

// arn is the ARN of the rule (Service Authorization Reference, Amazon EventBridge: "rule-on-default-event-bus" and "rule-on-custom-event-bus").
func (r *rule) arn() string {
	prefix := "arn:aws:events:" + r.region + ":" + r.account + ":rule/"
	if r.bus != "default" {
		prefix += r.bus + "/"
	}
	return prefix + r.name
}

type target struct {
	arn, role, deadLetters string
	transformed            bool
	// template is the input template, "" when there is none.
	template string
	// ran is what was found of the executions of a state machine that the target starts; nil until one was started.
	ran *executions
	// passed is what was found of the way to the target, which is the same for every event; nil until one was sent.
	passed *passage
}

// passage is what is found of the way from a rule to one of its targets.
type passage struct {
	ok     bool
	broken []string
	used   []link
}

type bus struct {
	origin
	policies []document
}

type role struct {
	origin
	trust    document
	policies []document
}

type topic struct {
	origin
	key           string
	policies      []document
	subscriptions []subscription
}

type subscription struct {
	origin
	protocol, endpoint string
}

type queue struct {
	origin
	policies []document
}

type alarm struct {
	origin
	account, region, name string
	properties            map[string]any
	actions               []string
}

// deployment is what exists in every account and Region, by ARN.
type deployment struct {
	cloud *cloud
	rules map[string][]*rule // by the bus's ARN
	// together are the patterns of a bus's rules, in their order, where they were matched already.
	together map[string]*eventpattern.Set
	buses    map[string]*bus
	roles    map[string]*role
	// topics, queues and keys have the policies that stacks attach to them.
	topics   map[string]*topic
	queues   map[string]*queue
	keys     map[string]document
	groups   map[string]origin     // by ARN without the trailing ":*"
	logs     map[string][]document // resource policies of CloudWatch Logs, by account and Region
	alarms   []alarm
	machines map[string]*machine
	problems []string
}

// ofPath are the resource types that the path of an event is made of.
var ofPath = []string{
	"AWS::Events::EventBus", "AWS::Events::EventBusPolicy", "AWS::Events::Rule", "AWS::IAM::Role", "AWS::KMS::Key",
	"AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "AWS::SNS::Subscription", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy",
	"AWS::Logs::LogGroup", "AWS::Logs::ResourcePolicy", "AWS::CloudWatch::Alarm", "AWS::StepFunctions::StateMachine",
	"AWS::Chatbot::SlackChannelConfiguration", "AWS::Chatbot::MicrosoftTeamsChannelConfiguration",
}

// deployed is one resource where it exists.
type deployed struct {
	origin
	place      place
	kind       string
	properties map[string]any
	// pattern is that of a rule, or why there is none.
	pattern *eventpattern.Pattern
	wrong   error
}

// instantiate resolves a StackSet's template in one place.
func instantiate(tb testing.TB, s *stackSet, p place) []deployed {
	tb.Helper()
	p.parameters = s.parameters
	var out []deployed
	for _, r := range s.body.resources("") {
		if slices.Contains(ofPath, r.kind) && s.body.exists(tb, p, r) {
			properties, _ := s.body.resolve(tb, p, map[string]any(r.properties)).(map[string]any)
			made := deployed{origin: origin{s.name, r.id}, place: p, kind: r.kind, properties: properties}
			if pattern := properties["EventPattern"]; pattern != nil {
				made.pattern, made.wrong = patternOf(pattern)
			}
			out = append(out, made)
		}
	}
	return out
}

// deploy computes what exists once every StackSet has deployed, in the accounts and Regions that are wanted.
func (c *cloud) deploy(tb testing.TB, wanted func(account, region string) bool) *deployment {
	tb.Helper()
	d := &deployment{
		cloud: c, rules: map[string][]*rule{}, together: map[string]*eventpattern.Set{}, buses: map[string]*bus{}, roles: map[string]*role{}, topics: map[string]*topic{},
		queues: map[string]*queue{}, keys: map[string]document{}, groups: map[string]origin{}, logs: map[string][]document{}, machines: map[string]*machine{},
	}
	var all []deployed
	for _, s := range c.sets {
		for _, g := range s.groups {
			for _, a := range c.targets(s, g) {
				for _, region := range g.regions {
					if !wanted(a.id, region) {
						continue
					}
					key := a.id + " " + region
					if s.made[key] == nil {
						s.made[key] = instantiate(tb, s, place{account: a.id, region: region})
					}
					all = append(all, s.made[key]...)
				}
			}
		}
	}
	// What policies and subscriptions attach to comes first.
	for _, r := range all {
		d.add(r)
	}
	for _, r := range all {
		d.attach(r)
	}
	return d
}

func (d *deployment) add(r deployed) {
	text := func(key string) string { s, _ := r.properties[key].(string); return s }
	arn := func(service, name string) string {
		return "arn:aws:" + service + ":" + r.place.region + ":" + r.place.account + ":" + name
	}
	switch r.kind {
	case "AWS::Events::EventBus":
		d.buses[arn("events", "event-bus/"+text("Name"))] = &bus{origin: r.origin}
	case "AWS::IAM::Role":
		made := &role{origin: r.origin, trust: r.document("AssumeRolePolicyDocument")}
		policies, _ := r.properties["Policies"].([]any)
		for i := range policies {
			made.policies = append(made.policies, r.document(fmt.Sprintf("Policies.%d.PolicyDocument", i)))
		}
		d.roles["arn:aws:iam::"+r.place.account+":role/"+text("RoleName")] = made
	case "AWS::KMS::Key":
		d.keys[arn("kms", "key/"+r.id)] = r.document("KeyPolicy")
	case "AWS::SNS::Topic":
		d.topics[arn("sns", text("TopicName"))] = &topic{origin: r.origin, key: text("KmsMasterKeyId")}
	case "AWS::SQS::Queue":
		d.queues[arn("sqs", text("QueueName"))] = &queue{origin: r.origin}
	case "AWS::Logs::LogGroup":
		d.groups[arn("logs", "log-group:"+text("LogGroupName"))] = r.origin
	case "AWS::StepFunctions::StateMachine":
		d.machines[arn("states", "stateMachine:"+text("StateMachineName"))] = machineOf(r)
	}
}

func (d *deployment) attach(r deployed) {
	text := func(key string) string { s, _ := r.properties[key].(string); return s }
	missing := func(what string) {
		d.problems = append(d.problems, fmt.Sprintf("%s in %s belongs to %s, which does not exist", r.origin, r.place.account, what))
	}
	arn := func(service, name string) string {
		return "arn:aws:" + service + ":" + r.place.region + ":" + r.place.account + ":" + name
	}
	switch r.kind {
	case "AWS::Events::EventBusPolicy":
		on := arn("events", "event-bus/"+text("EventBusName"))
		if d.buses[on] == nil {
			missing(on)
			return
		}
		d.buses[on].policies = append(d.buses[on].policies, r.statement())
	case "AWS::Events::Rule":
		d.addRule(r, text)
	case "AWS::SNS::TopicPolicy":
		topics, _ := r.properties["Topics"].([]any)
		for _, on := range topics {
			if t := d.topics[fmt.Sprint(on)]; t != nil {
				t.policies = append(t.policies, r.document("PolicyDocument"))
			} else {
				missing(fmt.Sprint(on))
			}
		}
	case "AWS::SNS::Subscription":
		if t := d.topics[text("TopicArn")]; t != nil {
			t.subscriptions = append(t.subscriptions, subscription{r.origin, text("Protocol"), text("Endpoint")})
		} else {
			missing(text("TopicArn"))
		}
	case "AWS::SQS::QueuePolicy":
		queues, _ := r.properties["Queues"].([]any)
		for _, url := range queues {
			on := arn("sqs", filepath.Base(fmt.Sprint(url)))
			if q := d.queues[on]; q != nil {
				q.policies = append(q.policies, r.document("PolicyDocument"))
			} else {
				missing(on)
			}
		}
	case "AWS::Logs::ResourcePolicy":
		where := r.place.account + " " + r.place.region
		d.logs[where] = append(d.logs[where], document{r.origin, "PolicyDocument", text("PolicyDocument")})
	case "AWS::Chatbot::SlackChannelConfiguration", "AWS::Chatbot::MicrosoftTeamsChannelConfiguration":
		d.addChannel(r, missing)
	case "AWS::CloudWatch::Alarm":
		a := alarm{r.origin, r.place.account, r.place.region, text("AlarmName"), r.properties, nil}
		actions, _ := r.properties["AlarmActions"].([]any)
		for _, action := range actions {
			a.actions = append(a.actions, fmt.Sprint(action))
		}
		d.alarms = append(d.alarms, a)
	}
}

func (d *deployment) addRule(r deployed, text func(string) string) {
	made := &rule{origin: r.origin, account: r.place.account, region: r.place.region, name: text("Name"), bus: "default", state: text("State"), scheduled: text("ScheduleExpression") != ""}
	if name := text("EventBusName"); name != "" {
		made.bus = name
	}
	if made.pattern = r.pattern; r.wrong != nil {
		d.problems = append(d.problems, fmt.Sprintf("the pattern of %s: %v", r.origin, r.wrong))
		return
	}
	targets, _ := r.properties["Targets"].([]any)
	for _, t := range targets {
		properties := t.(map[string]any)
		letters, _ := properties["DeadLetterConfig"].(map[string]any)
		get := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
		transformer, transformed := properties["InputTransformer"].(map[string]any)
		made.targets = append(made.targets, &target{arn: get(properties, "Arn"), role: get(properties, "RoleArn"), deadLetters: get(letters, "Arn"),
			transformed: transformed, template: get(transformer, "InputTemplate")})
	}
	on := busARN(made.account, made.region, made.bus)
	d.rules[on] = append(d.rules[on], made)
}

func busARN(account, region, name string) string {
	return "arn:aws:events:" + region + ":" + account + ":event-bus/" + name
}

// document is the policy at a path of the resource's properties.
func (r deployed) document(path string) document {
	var value any = r.properties
	for _, key := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			var i int
			fmt.Sscan(key, &i)
			value = v[i]
		}
	}
	text, _ := json.Marshal(value)
	return document{r.origin, path, string(text)}
}

// statement is the policy of a bus, whose resource has a single statement.
func (r deployed) statement() document {
	text, _ := json.Marshal(map[string]any{"Version": policy.Version2012, "Statement": r.properties["Statement"]})
	return document{r.origin, "Statement", string(text)}
}

// Patterns and policies by their text, and patterns that are matched together, since most are the same in every
// account and Region.
var (
	setsOfPatterns   = map[string]*eventpattern.Set{}
	parsedPatterns   = map[string]*eventpattern.Pattern{}
	compiledPolicies = map[string]*policy.Compiled{}
)

func patternOf(value any) (*eventpattern.Pattern, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	if parsedPatterns[string(text)] == nil {
		p, err := eventpattern.Parse(text)
		if err != nil {
			return nil, err
		}
		parsedPatterns[string(text)] = p
	}
	return parsedPatterns[string(text)], nil
}

// setOf are the patterns of rules, those without one never matching.
func setOf(rules []*rule) *eventpattern.Set {
	none, _ := patternOf(map[string]any{"source": []any{"none"}})
	var patterns []*eventpattern.Pattern
	var key strings.Builder
	for _, r := range rules {
		p := r.pattern
		if p == nil {
			p = none
		}
		patterns = append(patterns, p)
		fmt.Fprintf(&key, "%p ", p)
	}
	if setsOfPatterns[key.String()] == nil {
		setsOfPatterns[key.String()] = eventpattern.NewSet(patterns...)
	}
	return setsOfPatterns[key.String()]
}

func compiled(kind policy.Kind, text string) (*policy.Compiled, error) {
	key := string(kind) + text
	if compiledPolicies[key] == nil {
		parsed, err := policy.Parse([]byte(text))
		if err != nil {
			return nil, err
		}
		if compiledPolicies[key], err = policy.Compile(kind, parsed); err != nil {
			delete(compiledPolicies, key)
			return nil, err
		}
	}
	return compiledPolicies[key], nil
}

// happening is an event where it happens.
type happening struct {
	account, region string
	// text is the EventBridge envelope.
	text []byte
	// readOnly is true for calls that change nothing.
	readOnly bool
}

// sample is an EventBridge envelope that can happen anywhere.
type sample struct {
	rest     []byte
	global   bool
	readOnly bool
}

func sampleOf(text []byte) (sample, error) {
	var event map[string]json.RawMessage
	if err := json.Unmarshal(text, &event); err != nil {
		return sample{}, err
	}
	var detail struct{ ReadOnly bool }
	_ = json.Unmarshal(event["detail"], &detail) // a detail of another shape is no call
	out := sample{global: string(event["region"]) == `"global"`, readOnly: detail.ReadOnly && strings.Contains(string(event["detail-type"]), "via CloudTrail")}
	delete(event, "account")
	delete(event, "region")
	var err error
	out.rest, err = json.Marshal(event)
	return out, err
}

// in puts the event into an account and a Region. AWS Health sends some events to us-east-1 with the Region "global".
func (s sample) in(account, region string) happening {
	named := region
	if s.global && region == zone.GlobalRegion {
		named = "global"
	}
	text := fmt.Appendf(nil, `{"account":%q,"region":%q,`, account, named)
	return happening{account, region, append(text, s.rest[1:]...), s.readOnly}
}

// arrival is an event at its end.
type arrival struct {
	// rule is the name of the rule that sent it there, end the ARN of the topic or log group.
	rule, end string
	// buses are the buses it was on.
	buses []string
}

// link is a part of the path, as something that can break: a resource, and which of its targets or policy statements.
type link struct {
	origin
	part string
}

// walk follows one event.
type walk struct {
	d        *deployment
	event    happening
	arrivals []arrival
	// broken says what on the way does not work.
	broken []string
	used   map[link]bool
}

func newWalk(d *deployment, h happening) *walk {
	return &walk{d: d, event: h, used: map[link]bool{}, broken: slices.Clone(d.problems)}
}

// from follows the event from the default bus of where it happens.
func (w *walk) from() *walk {
	w.onBus([]string{busARN(w.event.account, w.event.region, "default")})
	return w
}

func (w *walk) fail(r *rule, format string, args ...any) {
	w.broken = append(w.broken, r.say(format, args...))
}

func (r *rule) say(format string, args ...any) string {
	return fmt.Sprintf("rule %s in %s (%s) ", r.name, r.account, r.region) + fmt.Sprintf(format, args...)
}

// maxBusHops is how often EventBridge passes an event from bus to bus: it "can't route events received from a sender
// event bus to a third event bus" (EventBridge user guide, eb-bus-to-bus and eb-cross-account, read 2026-11-25). The
// second time the event goes to the dead-letter queue with the error THIRD_ACCOUNT_HOP_DETECTED.
const maxBusHops = 1

// onBus hands the event to the rules of the last of the buses that it was on.
func (w *walk) onBus(buses []string) {
	for _, r := range w.d.matching(buses[len(buses)-1], w.event.text) {
		// EventBridge user guide, "Receiving read-only management events from AWS services": rules of default and of
		// custom buses that are merely enabled do not see them.
		switch {
		case r.state == allManagementEvents, r.state == "ENABLED" && !w.event.readOnly:
			w.send(r, buses)
		case r.state == "ENABLED":
			w.fail(r, "is merely ENABLED, so that EventBridge hands no read-only call to it; it needs %s", allManagementEvents)
		}
	}
}

// matching are the rules of a bus whose patterns match an event.
func (d *deployment) matching(bus string, event []byte) []*rule {
	if d.together[bus] == nil {
		d.together[bus] = setOf(d.rules[bus])
	}
	numbers, err := d.together[bus].Match(event)
	if err != nil {
		panic(err) // the test made the event
	}
	var out []*rule
	for _, n := range numbers {
		if r := d.rules[bus][n]; r.pattern != nil {
			out = append(out, r)
		}
	}
	return out
}

// send sends the event to the targets of a rule.
func (w *walk) send(r *rule, buses []string) {
	w.used[link{r.origin, ""}] = true
	for _, t := range r.targets {
		if t.passed == nil {
			t.passed = w.d.passage(r, t)
		}
		w.broken = append(w.broken, t.passed.broken...)
		for _, l := range t.passed.used {
			w.used[l] = true
		}
		if !t.passed.ok {
			continue
		}
		if w.d.machines[t.arn] != nil {
			w.start(r, t, buses)
			continue
		}
		if w.d.buses[t.arn] == nil {
			w.arrivals = append(w.arrivals, arrival{r.name, t.arn, buses})
			continue
		}
		switch from := accountOf(buses[0]); {
		case slices.Contains(buses, t.arn):
			w.fail(r, "sends back to %s", t.arn)
		case accountOf(t.arn) != r.account && r.account != from:
			w.fail(r, "sends events of account %s on to a third account, which EventBridge does not do", from)
		case len(buses) > maxBusHops:
			w.fail(r, "sends on to %s what its bus received from another bus; EventBridge passes an event from bus to bus only once", t.arn)
		default:
			w.onBus(append(slices.Clone(buses), t.arn))
		}
	}
}

// passage finds out whether a rule may send to one of its targets, and where it puts what it could not send.
func (d *deployment) passage(r *rule, t *target) *passage {
	s := &step{d: d, rule: r, passage: &passage{}}
	s.deadLetters(t)
	part := strings.SplitN(t.arn, ":", 6)
	if len(part) != 6 {
		s.fail("has the target %q, which is no ARN", t.arn)
		return s.passage
	}
	switch part[2] {
	case "events":
		s.ok = s.toBus(t)
	case "sns":
		s.ok = s.toTopic(t)
	case "logs":
		s.ok = s.toLogGroup(t)
	case "states":
		s.ok = s.toMachine(t)
	default:
		s.fail("has the target %s, which no test knows", t.arn)
	}
	return s.passage
}

// step is one step of the path while it is looked at: of a rule, or of an alarm in a rule's guise.
type step struct {
	d    *deployment
	rule *rule
	*passage
}

func (s *step) fail(format string, args ...any) {
	s.broken = append(s.broken, s.rule.say(format, args...))
}

func (s *step) uses(o origin, part string) { s.used = append(s.used, link{o, part}) }

// deadLetters checks that what the target does not take is kept, and that an alarm tells of it.
func (s *step) deadLetters(t *target) {
	q := s.d.queues[t.deadLetters]
	switch {
	case t.deadLetters == "":
		s.fail("has no dead-letter queue")
		return
	case q == nil:
		s.fail("has a dead-letter queue that does not exist: %s", t.deadLetters)
		return
	}
	// A dead-letter queue is in the account and Region of its rule (EventBridge user guide, "Using dead-letter queues").
	s.local(t.deadLetters)
	s.allowed("the dead-letter queue "+t.deadLetters, q.policies, policy.Request{
		Action: "sqs:SendMessage", Resource: t.deadLetters, Principal: "events.amazonaws.com",
		Context: with(map[string]string{"aws:SourceArn": s.rule.arn(), "aws:SourceAccount": s.rule.account}),
	})
	name := t.deadLetters[strings.LastIndex(t.deadLetters, ":")+1:]
	if !slices.Contains(s.d.cloud.watched, s.rule.region) {
		return
	}
	for _, a := range s.d.alarms {
		if a.account == s.rule.account && a.region == s.rule.region && a.watches("AWS/SQS", "QueueName", name) {
			s.uses(a.origin, "")
			return
		}
	}
	s.fail("has a dead-letter queue that no alarm watches: %s", t.deadLetters)
}

// watches says whether the alarm is on a metric of the thing with the name.
func (a alarm) watches(namespace, dimension, name string) bool {
	dimensions, _ := a.properties["Dimensions"].([]any)
	return a.properties["Namespace"] == namespace && len(dimensions) == 1 &&
		includes(dimensions[0].(map[string]any), map[string]any{"Name": dimension, "Value": name})
}

// local says whether something is where the rule is, as everything but roles and buses must be.
func (s *step) local(arn string) bool {
	if part := strings.SplitN(arn, ":", 6); part[3] != s.rule.region || part[4] != s.rule.account {
		s.fail("uses %s, which is in another account or Region", arn)
		return false
	}
	return true
}

// allowed says whether one of a resource's policies allows the request and none denies it.
func (s *step) allowed(of string, policies []document, request policy.Request) bool {
	var by *link
	for _, document := range policies {
		p, err := compiled(policy.Resource, document.text)
		if err != nil {
			s.fail("meets a wrong policy of %s: %v", of, err)
			return false
		}
		result, err := policy.EvaluateResourcePolicy(p, request)
		if err != nil {
			s.fail("asks %s what cannot be decided: %v", of, err)
			return false
		}
		switch {
		case result.Decision == policy.ExplicitlyDenied:
			s.fail("is stopped: %s denies %s to %s", of, request.Action, request.Principal)
			return false
		case result.Decision == policy.Allowed && by == nil:
			by = &link{document.origin, fmt.Sprintf("%s %d", document.path, result.By[0].Statement)}
		}
	}
	if by == nil {
		s.fail("is stopped: %s does not allow %s to %s", of, request.Action, request.Principal)
		return false
	}
	s.used = append(s.used, *by)
	return true
}

func (s *step) toBus(t *target) bool {
	on := s.d.buses[t.arn]
	switch {
	case on == nil:
		s.fail("has a target that does not exist: %s", t.arn)
		return false
	case t.transformed:
		s.fail("has an input transformer, which EventBridge refuses for buses (PutTargets)")
		return false
	case !s.assumes(t, "events:PutEvents"):
		return false
	}
	s.uses(on.origin, "")
	return accountOf(t.arn) == s.rule.account || s.allowed("the bus "+t.arn, on.policies, policy.Request{
		Action: "events:PutEvents", Resource: t.arn, Principal: t.role,
		Context: with(map[string]string{"aws:PrincipalOrgID": organizationID}),
	})
}

func accountOf(arn string) string { return strings.SplitN(arn, ":", 6)[4] }

// assumes says whether EventBridge may use the target's role to do something with the target. A bus that trusts an
// organization takes events with a role only, and so does a state machine (PutTargets, RoleArn).
func (s *step) assumes(t *target, action string) bool {
	as := s.d.roles[t.role]
	switch {
	case as == nil:
		s.fail("has a role that does not exist: %q", t.role)
		return false
	case accountOf(t.role) != s.rule.account:
		s.fail("has the role of another account: %s", t.role)
		return false
	case !s.allowed("the trust of role "+t.role, []document{as.trust}, policy.Request{
		Action: "sts:AssumeRole", Resource: t.role, Principal: "events.amazonaws.com",
		Context: with(map[string]string{"aws:SourceAccount": s.rule.account, "aws:SourceArn": s.rule.arn()}),
	}):
		return false
	}
	return s.permits(t.role, action, t.arn)
}

// permits says whether the policies of a role allow something.
func (s *step) permits(roleARN, action, resource string) bool {
	as := s.d.roles[roleARN]
	// A role's own policies decide like one level of service control policies: without an Allow nothing is allowed.
	var level []*policy.Compiled
	for _, document := range as.policies {
		p, err := compiled(policy.SCP, document.text)
		if err != nil {
			s.fail("meets a wrong policy of role %s: %v", roleARN, err)
			return false
		}
		level = append(level, p)
	}
	result, err := policy.Evaluate(policy.Levels{level}, nil, policy.Request{Action: action, Resource: resource, Principal: roleARN, Context: with(nil)})
	if err != nil || result.Decision != policy.Allowed {
		s.fail("is stopped: the policies of role %s do not allow %s on %s (%s)", roleARN, action, resource, result.Decision)
		return false
	}
	by := result.By[0]
	s.uses(as.origin, "")
	s.uses(as.origin, fmt.Sprintf("%s %d", as.policies[by.Policy].path, by.Statement))
	return true
}

func (s *step) toTopic(t *target) bool {
	if !s.local(t.arn) {
		return false
	}
	on := s.publishes(t.arn, "events.amazonaws.com", s.rule.arn())
	if on == nil {
		return false
	}
	s.uses(on.origin, "")
	for _, to := range on.subscriptions {
		s.uses(to.origin, "")
	}
	return true
}

// publishes returns a topic to which a service may publish for the rule or alarm with the ARN, or nil.
func (s *step) publishes(arn, service, source string) *topic {
	on := s.d.topics[arn]
	if on == nil {
		s.fail("has a target that does not exist: %s", arn)
		return nil
	}
	if !s.allowed("the topic "+arn, on.policies, policy.Request{
		Action: "sns:Publish", Resource: arn, Principal: service,
		Context: with(map[string]string{"aws:SourceArn": source, "aws:SourceAccount": accountOf(arn)}),
	}) {
		return nil
	}
	if on.key == "" {
		return on
	}
	key, ok := s.d.keys[on.key]
	if !ok {
		s.fail("is stopped: the key %s of topic %s does not exist", on.key, arn)
		return nil
	}
	for _, action := range []string{"kms:GenerateDataKey", "kms:Decrypt"} {
		// EventBridge sends no source keys to KMS.
		if !s.allowed("the key of topic "+arn, []document{key}, policy.Request{Action: action, Resource: on.key, Principal: service, Context: with(nil)}) {
			return nil
		}
	}
	return on
}

func (s *step) toLogGroup(t *target) bool {
	made, exists := s.d.groups[t.arn]
	if !exists {
		s.fail("has a target that does not exist: %s", t.arn)
		return false
	}
	// EventBridge user guide, "CloudWatch Logs log groups as targets": the name, and the two principals of the policy.
	if !strings.Contains(t.arn, ":log-group:/aws/events/") {
		s.fail("cannot write to %s: EventBridge writes to log groups below /aws/events/ only", t.arn)
		return false
	}
	if !s.local(t.arn) {
		return false
	}
	for _, principal := range []string{"events.amazonaws.com", "delivery.logs.amazonaws.com"} {
		for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
			if !s.allowed("the log group "+t.arn, s.d.logs[s.rule.account+" "+s.rule.region], policy.Request{
				Action: action, Resource: t.arn + ":log-stream:1", Principal: principal, Context: with(nil),
			}) {
				return false
			}
		}
	}
	s.uses(made, "")
	return true
}

// clone copies a StackSet so that a change of the copy leaves the original as it is.
func (s *stackSet) clone() *stackSet {
	out := *s
	out.body = template(deepCopy(map[string]any(s.body)).(map[string]any))
	out.made = map[string][]deployed{}
	out.parameters = maps.Clone(s.parameters)
	out.groups = slices.Clone(s.groups)
	for i, g := range out.groups {
		out.groups[i].regions, out.groups[i].ous, out.groups[i].accounts = slices.Clone(g.regions), slices.Clone(g.ous), slices.Clone(g.accounts)
	}
	return &out
}

func deepCopy(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			out[key] = deepCopy(v[key])
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = deepCopy(v[i])
		}
		return out
	}
	return value
}
