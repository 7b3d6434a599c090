package test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

// chain is a zone as it is deployed, with the alerts that it listens for.
type chain struct {
	zone   *zone.Zone
	cloud  *cloud
	alerts []alert.Routed
	// intact is the zone as it deploys, probes are the events that raise and the heartbeats, walks and wrong how they fared.
	intact *deployment
	probes []probe
	walks  []*walk
	wrong  [][]string
}

// chains are the zones that the tests of this file walk, by their text.
var chains = map[string]*chain{}

func chainOf(tb testing.TB, text string) *chain {
	tb.Helper()
	if chains[text] == nil {
		a := assemblyOf(tb, text)
		catalogue, err := alert.LoadWithProofs(controls.Alerts())
		require.NoError(tb, err)
		c := &chain{zone: a.zone, cloud: cloudOf(tb, a), alerts: alert.For(a.zone, catalogue)}
		c.intact = c.cloud.deploy(tb, func(string, string) bool { return true })
		c.probes = append(c.raising(tb), c.heartbeats(tb)...)
		for _, p := range c.probes {
			w, wrong := p.try(c.intact)
			c.walks, c.wrong = append(c.walks, w), append(c.wrong, wrong)
		}
		chains[text] = c
	}
	return chains[text]
}

// eachChain runs a test in the European and in the default zone.
func eachChain(t *testing.T, test func(*testing.T, *chain)) {
	t.Run("the European zone", func(t *testing.T) { test(t, chainOf(t, europeanZone)) })
	t.Run("the default zone", func(t *testing.T) { test(t, chainOf(t, file(t, "config/landing-zone.yaml"))) })
	t.Run("a zone with account names and chat", func(t *testing.T) { test(t, chainOf(t, messagesZone)) })
	t.Run("a zone with chat alone", func(t *testing.T) { test(t, chainOf(t, chatZone)) })
}

// probe is one event that is sent along the path, and what is asked of its arrival.
type probe struct {
	// alert is the alert that the event is about, "" for a heartbeat; event names the event, kind the account.
	alert, event, kind string
	account, region    string
	readOnly           bool
	start              func(*deployment) *walk
	// judge says what is wrong with where the event arrived.
	judge func(*walk) []string
}

func (p probe) String() string {
	return fmt.Sprintf("%s, %q, in account %s, %s", p.alert, p.event, p.kind, p.region)
}

// try sends the event and says what is wrong.
func (p probe) try(d *deployment) (*walk, []string) {
	w := p.start(d)
	return w, append(p.judge(w), w.broken...)
}

// kinds are one account of each kind: management, log archive, audit, a workload of today, one that joins later, and
// those that suppressions name.
func (c *chain) kinds() []account {
	var out []account
	seen := map[string]bool{}
	for _, a := range c.cloud.accounts {
		kind := a.name
		named := slices.ContainsFunc(c.zone.Alerts.Suppressions, func(s config.AlertSuppression) bool { return slices.Contains(s.Accounts, a.name) })
		if !named && a.id != managementID && a.id != auditID && a.id != logArchiveID {
			kind = fmt.Sprintf("workload, later %v", a.later)
		}
		if !seen[kind] {
			seen[kind] = true
			out = append(out, a)
		}
	}
	return out
}

// end is the ARN of the topic or log group to which a tier leads.
func (c *chain) end(t alert.Tier) string {
	if t == alert.Digest {
		return "arn:aws:logs:" + c.zone.HomeRegion + ":" + auditID + ":log-group:/aws/events/" + c.zone.Resource("digest")
	}
	return "arn:aws:sns:" + c.zone.HomeRegion + ":" + auditID + ":" + c.zone.Resource("alerts", string(t))
}

// listens says whether an alert listens in an account.
func listens(in alert.Accounts, a account) bool {
	switch in {
	case alert.ManagementAccount:
		return a.id == managementID
	case alert.AuditAccount:
		return a.id == auditID
	case alert.LogArchiveAccount:
		return a.id == logArchiveID
	}
	return true
}

// probes puts cases of every alert into every account and Region in which the alert listens.
func (c *chain) cases(tb testing.TB, of func(alert.Routed) []alert.Case, judge func(alert.Routed, account) func(*walk) []string) []probe {
	tb.Helper()
	var out []probe
	for _, r := range c.alerts {
		for _, k := range of(r) {
			event, err := sampleOf(k.Event)
			require.NoError(tb, err, "%s: %s", r.ID, k.Name)
			for _, a := range c.kinds() {
				if !listens(r.Listen.Accounts, a) {
					continue
				}
				for _, region := range r.Regions {
					out = append(out, probe{
						alert: r.ID, event: k.Name, kind: a.name, account: a.id, region: region, readOnly: event.readOnly,
						start: func(d *deployment) *walk { return newWalk(d, event.in(a.id, region)).from() },
						judge: judge(r, a),
					})
				}
			}
		}
	}
	return out
}

// arrives asks that an event reaches, once, the topics of the alert's tier and everybody who subscribed.
func (c *chain) arrives(r alert.Routed) func(*walk) []string {
	want := c.end(r.Tier)
	recipients := map[string][]string{}
	if r.Tier != alert.Digest {
		recipients[want] = append(alert.Recipients(c.zone, r.Tier), c.zone.Alerts.HTTPSEndpoints...)
	}
	wants := []string{want}
	if channels := c.channels(r.Tier); len(channels) > 0 {
		topic := "arn:aws:sns:" + c.zone.HomeRegion + ":" + auditID + ":" + c.zone.Resource("alerts", "chat", string(r.Tier))
		wants, recipients[topic] = append(wants, topic), channels
	}
	sort.Strings(wants)
	for _, told := range recipients {
		sort.Strings(told)
	}
	return func(w *walk) []string {
		var got []string
		for _, a := range w.arrivals {
			if a.rule == r.RuleName {
				got = append(got, a.end)
			}
		}
		if len(got) == 0 {
			return []string{"it never arrives at " + want}
		}
		sort.Strings(got)
		if !slices.Equal(got, wants) {
			return []string{fmt.Sprintf("it arrives at %v; want %v, each once", got, wants)}
		}
		var out []string
		for _, topic := range sortedKeys(recipients) {
			var told []string
			for _, s := range w.d.topics[topic].subscriptions {
				told = append(told, s.endpoint)
			}
			sort.Strings(told)
			if !slices.Equal(told, recipients[topic]) {
				out = append(out, fmt.Sprintf("%s tells %v; want %v", topic, told, recipients[topic]))
			}
		}
		return out
	}
}

// suppressed says whether the zone's file leaves out the events of an account, whoever causes them.
func (c *chain) suppressed(r alert.Routed, in account) bool {
	return slices.ContainsFunc(c.zone.Alerts.Suppressions, func(s config.AlertSuppression) bool {
		return s.Alert == r.ID && len(s.Principals) == 0 && slices.Contains(s.Accounts, in.name)
	})
}

// stays asks that an event does not arrive by an alert.
func stays(r alert.Routed) func(*walk) []string {
	return func(w *walk) []string {
		for _, a := range w.arrivals {
			if a.rule == r.RuleName {
				return []string{r.ID + " tells of what it must leave out"}
			}
		}
		return nil
	}
}

// once asks that no alert tells of one event twice.
func once(w *walk) []string {
	seen := map[string]int{}
	for _, a := range w.arrivals {
		seen[a.rule+" at "+a.end]++
	}
	var out []string
	for _, key := range sortedKeys(seen) {
		if seen[key] > 1 {
			out = append(out, fmt.Sprintf("it arrives %d times by %s", seen[key], key))
		}
	}
	return out
}

func ignores(r alert.Routed) []alert.Case { return r.Proof.Ignores }

// raises are the events that raise an alert. An alert that names no source gets its calls from every source that the
// other alerts name too, and from one that none names, because each source has a rule of its own.
func (c *chain) raises(r alert.Routed) []alert.Case {
	if len(sourcesOf(r)) > 0 {
		return r.Proof.Raises
	}
	sources := map[string]bool{"aws.example": true}
	for _, other := range c.alerts {
		for _, source := range sourcesOf(other) {
			sources[source] = true
		}
	}
	out := slices.Clone(r.Proof.Raises)
	done := map[bool]bool{}
	for _, k := range r.Proof.Raises {
		s, err := sampleOf(k.Event)
		if err != nil || done[s.readOnly] {
			continue
		}
		done[s.readOnly] = true
		for _, source := range sortedKeys(sources) {
			var event map[string]any
			if json.Unmarshal(k.Event, &event) == nil {
				event["source"] = source
				text, _ := json.Marshal(event)
				out = append(out, alert.Case{Name: k.Name + ", from " + source, Event: text})
			}
		}
	}
	return out
}

// sourcesOf are the event sources that an alert's pattern names.
func sourcesOf(r alert.Routed) []string {
	var pattern struct{ Source []string }
	_ = json.Unmarshal(r.Pattern, &pattern) // operators in place of names are no names
	return pattern.Source
}

// raising are the probes of the events that raise.
func (c *chain) raising(tb testing.TB) []probe {
	tb.Helper()
	return c.cases(tb, c.raises, func(r alert.Routed, a account) func(*walk) []string {
		arrives := c.arrives(r)
		if c.suppressed(r, a) {
			arrives = func(w *walk) []string {
				// The rule that leaves the event out is a link too.
				for _, rules := range w.d.rules {
					for _, on := range rules {
						if on.name == r.RuleName {
							w.used[link{on.origin, ""}] = true
						}
					}
				}
				return stays(r)(w)
			}
		}
		return func(w *walk) []string { return append(arrives(w), once(w)...) }
	})
}

// finding is something wrong with one probe.
type finding struct{ probe, what string }

// report fails the test with what is wrong: each fault once, with the first event that meets it and how many more do.
func report(t *testing.T, wrong []finding) {
	t.Helper()
	first, count := map[string]string{}, map[string]int{}
	for _, f := range wrong {
		if count[f.what]++; count[f.what] == 1 {
			first[f.what] = f.probe
		}
	}
	const most = 20
	for i, what := range sortedKeys(first) {
		if i == most {
			t.Errorf("and %d more faults", len(first)-most)
			return
		}
		t.Errorf("%s\n\tmet by %s, and %d more events", what, first[what], count[what]-1)
	}
}

// reportOn reports what is wrong with those probes through the intact zone that are chosen.
func (c *chain) reportOn(t *testing.T, chosen func(probe) bool) {
	t.Helper()
	var wrong []finding
	sent := 0
	for i, p := range c.probes {
		if !chosen(p) {
			continue
		}
		sent++
		for _, what := range c.wrong[i] {
			wrong = append(wrong, finding{p.String(), what})
		}
	}
	require.NotZero(t, sent)
	report(t, wrong)
	t.Logf("%d events sent", sent)
}

func TestEveryAlertArrivesFromEveryAccountAndRegionWhereItListens(t *testing.T) {
	eachChain(t, func(t *testing.T, c *chain) { c.reportOn(t, func(p probe) bool { return p.alert != "" }) })
}

func TestWhatAnAlertIgnoresDoesNotArriveByIt(t *testing.T) {
	eachChain(t, func(t *testing.T, c *chain) {
		probes := c.cases(t, ignores, func(r alert.Routed, a account) func(*walk) []string {
			return func(w *walk) []string { return append(stays(r)(w), once(w)...) }
		})
		var wrong []finding
		for _, p := range probes {
			for _, what := range p.judge(p.start(c.intact)) {
				wrong = append(wrong, finding{p.String(), what})
			}
		}
		report(t, wrong)
		t.Logf("%d events sent", len(probes))
	})
}

// heartbeats are the probes of the scheduled events that show that the path works.
func (c *chain) heartbeats(tb testing.TB) []probe {
	tb.Helper()
	var out []probe
	for _, region := range c.zone.AlertRegions {
		var sent []*rule
		out = append(out, probe{
			event: "heartbeat", kind: "management", account: managementID, region: region,
			start: func(d *deployment) *walk {
				sent = nil
				for _, r := range d.rules[busARN(managementID, region, "default")] {
					if r.scheduled && r.state != "DISABLED" {
						sent = append(sent, r)
					}
				}
				w := newWalk(d, happening{})
				for _, r := range sent {
					// A scheduled event goes to its rule's targets only.
					text, err := json.Marshal(map[string]any{"version": "0", "id": "1", "source": "aws.events", "detail-type": "Scheduled Event",
						"time": "2026-11-25T08:00:00Z", "account": r.account, "region": r.region, "resources": []string{r.arn()}, "detail": map[string]any{}})
					require.NoError(tb, err)
					w.event = happening{r.account, r.region, text, false}
					w.send(r, []string{busARN(r.account, r.region, r.bus)})
				}
				return w
			},
			judge: func(w *walk) []string {
				if len(w.arrivals) != 1 {
					return []string{fmt.Sprintf("%d rules send it, and it arrives %d times: %v; want once", len(sent), len(w.arrivals), w.arrivals)}
				}
				return w.alarmed(region, w.arrivals[0].end)
			},
		})
	}
	return out
}

// alarmed says what is wrong with the alarm on the silence of a Region, whose heartbeats a log group gets.
func (w *walk) alarmed(region, group string) []string {
	if !strings.HasSuffix(group, "/"+region) {
		return []string{"it arrives at " + group + ", which is of another Region"}
	}
	part := strings.SplitN(group, ":", 7)
	for _, a := range w.d.alarms {
		if a.region != part[3] || a.account != part[4] || !a.watches("AWS/Logs", "LogGroupName", part[6]) {
			continue
		}
		s := &step{d: w.d, rule: &rule{name: a.name, account: a.account, region: a.region}, passage: &passage{used: []link{{a.origin, ""}}}}
		if !includes(a.properties, map[string]any{
			"MetricName": "IncomingLogEvents", "Statistic": "Sum", "Threshold": 1.0,
			"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching",
		}) || len(a.actions) == 0 {
			s.broken = append(s.broken, fmt.Sprintf("the alarm %s does not tell of silence: %v", a.name, a.properties))
		}
		for _, action := range a.actions {
			s.publishes(action, "cloudwatch.amazonaws.com", "arn:aws:cloudwatch:"+a.region+":"+a.account+":alarm:"+a.name)
		}
		for _, l := range s.used {
			w.used[l] = true
		}
		return s.broken
	}
	return []string{"no alarm watches " + group}
}

func TestAHeartbeatArrivesFromEveryRegionAndItsAlarmWatchesIt(t *testing.T) {
	eachChain(t, func(t *testing.T, c *chain) {
		c.reportOn(t, func(p probe) bool { return p.alert == "" })
	})
}

func TestNoRuleIsBesideThePath(t *testing.T) {
	eachChain(t, func(t *testing.T, c *chain) {
		used := map[origin]bool{}
		for _, w := range c.walks {
			for l := range w.used {
				used[l.origin] = true
			}
		}
		for _, s := range c.cloud.sets {
			for _, r := range s.body.resources("AWS::Events::Rule") {
				if !used[origin{s.name, r.id}] {
					t.Errorf("no alert's event and no heartbeat goes through the rule %s of StackSet %s", r.id, s.name)
				}
			}
		}
	})
}

// Every part of the path is broken, one at a time, and each time an event must get lost or come twice.
func TestABrokenLinkIsNoticed(t *testing.T) {
	chainOf(t, europeanZone).breakEach(t, func(link) bool { return true })
}

// breakEach breaks the chosen links, one at a time and in every way.
func (c *chain) breakEach(t *testing.T, chosen func(link) bool) {
	through := c.through()
	links, tried, noticed := 0, 0, 0
	for _, key := range slices.SortedFunc(maps.Keys(through), func(a, b link) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) {
		if !chosen(key) {
			continue
		}
		i := slices.IndexFunc(c.cloud.sets, func(s *stackSet) bool { return s.name == key.set })
		links++
		for _, b := range breaks(t, c.cloud.sets[i], key) {
			broken := c.cloud.sets[i].clone()
			b.apply(broken)
			sabotaged := *c.cloud
			sabotaged.sets = slices.Clone(c.cloud.sets)
			sabotaged.sets[i] = broken
			if tried++; c.notices(t, &sabotaged, through[key]) {
				noticed++
			} else {
				t.Errorf("nothing notices when this is broken: %s %s: %s", key.origin, key.part, b.what)
			}
		}
	}
	require.NotZero(t, tried)
	t.Logf("%d links of the path broken in %d ways, %d noticed", links, tried, noticed)
}

// notices says whether one of the chosen probes tells a sabotaged cloud from the intact one.
func (c *chain) notices(tb testing.TB, sabotaged *cloud, chosen []int) bool {
	tb.Helper()
	return slices.ContainsFunc(chosen, func(i int) bool {
		// An event touches no other places than these.
		d := sabotaged.deploy(tb, func(account, region string) bool {
			return (account == c.probes[i].account || account == auditID) && (region == c.probes[i].region || region == c.zone.HomeRegion)
		})
		_, wrong := c.probes[i].try(d)
		return len(wrong) > len(c.wrong[i])
	})
}

// through finds for each link of the path some probes that go through it: one per account, Region and kind of call,
// and one per alert. A StackSet is a link with an empty id, and so is each of its parameters that a resource of the path
// refers to.
func (c *chain) through() map[link][]int {
	type cell struct {
		link
		account, region string
		readOnly        bool
		alert           string
	}
	taken := map[cell]bool{}
	out := map[link][]int{}
	wider := map[origin][]link{}
	for i, p := range c.probes {
		for l := range c.walks[i].used {
			if wider[l.origin] == nil {
				wider[l.origin] = c.wider(l.origin)
			}
			for _, l := range append([]link{l}, wider[l.origin]...) {
				here, by := cell{link: l, account: p.account, region: p.region, readOnly: p.readOnly}, cell{link: l, alert: p.alert + "!"}
				if !taken[here] || !taken[by] {
					taken[here], taken[by] = true, true
					out[l] = append(out[l], i)
				}
			}
		}
	}
	return out
}

// wider are the StackSet of a resource and those of its parameters that the resource refers to, as links.
func (c *chain) wider(o origin) []link {
	out := []link{{origin{set: o.set}, ""}}
	for _, s := range c.cloud.sets {
		for _, name := range sortedKeys(s.parameters) {
			if s.name == o.set && s.mentions(o.id, name) {
				out = append(out, link{origin{set: o.set}, name})
			}
		}
	}
	return out
}

// breakage is one way to break a StackSet.
type breakage struct {
	what  string
	apply func(*stackSet)
}

// breaks are the ways to break a link.
func breaks(tb testing.TB, s *stackSet, l link) []breakage {
	tb.Helper()
	switch {
	case l.id == "" && l.part != "":
		return []breakage{{"it gets another value", func(s *stackSet) { s.parameters[l.part] = "000000000000" }}}
	case l.id == "":
		return setBreaks(s)
	case l.part != "":
		return policyBreaks(tb, s, l)
	}
	properties := func(s *stackSet) map[string]any { return s.body.byID(tb, l.id).properties }
	rename := func(key, to string) breakage {
		return breakage{key + " becomes " + to, func(s *stackSet) { properties(s)[key] = to }}
	}
	remove := breakage{"the resource is left out", func(s *stackSet) { delete(s.body["Resources"].(map[string]any), l.id) }}
	switch kind := s.body.byID(tb, l.id).kind; kind {
	case "AWS::Events::EventBus":
		return []breakage{rename("Name", "other")}
	case "AWS::Events::Rule":
		return append(ruleBreaks(tb, s, l.id), remove)
	case "AWS::IAM::Role":
		return []breakage{rename("RoleName", "other"), remove}
	case "AWS::SNS::Topic":
		return []breakage{rename("TopicName", "other")}
	case "AWS::SNS::Subscription":
		return []breakage{rename("Endpoint", "other@example.com"), rename("TopicArn", "arn:aws:sns:eu-west-1:"+auditID+":other"), remove}
	case "AWS::Logs::LogGroup":
		return []breakage{rename("LogGroupName", "/other")}
	case "AWS::CloudWatch::Alarm":
		return []breakage{rename("Namespace", "Other"), {"it watches something else", func(s *stackSet) {
			properties(s)["Dimensions"].([]any)[0].(map[string]any)["Value"] = "other"
		}}, remove}
	case "AWS::StepFunctions::StateMachine":
		return machineBreaks(s, l.id)
	case "AWS::Chatbot::SlackChannelConfiguration":
		return []breakage{rename("SlackChannelId", "C9999999999"), rename("SnsTopicArns", "other"), remove}
	case "AWS::Chatbot::MicrosoftTeamsChannelConfiguration":
		return []breakage{rename("TeamsChannelId", "19%3Aother%40thread.tacv2"), rename("SnsTopicArns", "other"), remove}
	default:
		tb.Fatalf("no test knows how to break a %s", kind)
		return nil
	}
}

// setBreaks are the ways to break where a StackSet deploys to.
func setBreaks(s *stackSet) []breakage {
	var out []breakage
	for g, group := range s.groups {
		for i, region := range group.regions {
			out = append(out, breakage{region + " is left out", func(s *stackSet) { s.groups[g].regions = slices.Delete(s.groups[g].regions, i, i+1) }})
		}
		for i, ou := range group.ous {
			out = append(out, breakage{ou + " becomes another OU", func(s *stackSet) {
				s.groups[g].ous = slices.Clone(s.groups[g].ous)
				s.groups[g].ous[i] = "ou-Other"
			}})
		}
		for i, id := range group.accounts {
			out = append(out, breakage{"account " + id + " becomes another", func(s *stackSet) {
				s.groups[g].accounts = slices.Clone(s.groups[g].accounts)
				s.groups[g].accounts[i] = "000000000000"
			}})
		}
	}
	if s.auto {
		out = append(out, breakage{"accounts that join later are left out", func(s *stackSet) { s.auto = false }})
	}
	return out
}

// mentions says whether a resource or its condition refers to a parameter.
func (s *stackSet) mentions(id, parameter string) bool {
	r := s.body["Resources"].(map[string]any)[id].(map[string]any)
	all := []any{r}
	if condition, ok := r["Condition"].(string); ok {
		all = append(all, s.body["Conditions"].(map[string]any)[condition])
	}
	text, _ := json.Marshal(all)
	return strings.Contains(string(text), `"Ref":"`+parameter+`"`) || strings.Contains(string(text), "${"+parameter+"}")
}

// ruleBreaks are the ways to break a rule.
func ruleBreaks(tb testing.TB, s *stackSet, id string) []breakage {
	tb.Helper()
	properties := func(s *stackSet) map[string]any { return s.body.byID(tb, id).properties }
	targets := func(s *stackSet, i int) map[string]any { return properties(s)["Targets"].([]any)[i].(map[string]any) }
	other := func(value any) any { return map[string]any{"Fn::Join": []any{"", []any{value, "-other"}}} }
	out := []breakage{
		{"it is disabled", func(s *stackSet) { properties(s)["State"] = "DISABLED" }},
		{"it is on another bus", func(s *stackSet) { properties(s)["EventBusName"] = "other" }},
		{"it exists nowhere", func(s *stackSet) {
			conditions, ok := s.body["Conditions"].(map[string]any)
			if !ok {
				conditions = map[string]any{}
				s.body["Conditions"] = conditions
			}
			conditions["Never"] = map[string]any{"Fn::Equals": []any{"a", "b"}}
			s.body["Resources"].(map[string]any)[id].(map[string]any)["Condition"] = "Never"
		}},
	}
	r := s.body.byID(tb, id)
	if r.properties["EventPattern"] != nil {
		out = append(out, breakage{"it matches nothing", func(s *stackSet) { properties(s)["EventPattern"] = map[string]any{"source": []any{"nothing"}} }})
	} else {
		out = append(out, breakage{"it has no schedule", func(s *stackSet) { delete(properties(s), "ScheduleExpression") }})
	}
	if r.properties["State"] == allManagementEvents {
		out = append(out, breakage{"it is merely enabled", func(s *stackSet) { properties(s)["State"] = "ENABLED" }})
	}
	list := r.properties["Targets"].([]any)
	for i := range list {
		out = append(out,
			breakage{"its target is another", func(s *stackSet) { targets(s, i)["Arn"] = other(targets(s, i)["Arn"]) }},
			breakage{"its dead-letter queue is another", func(s *stackSet) {
				letters := targets(s, i)["DeadLetterConfig"].(map[string]any)
				letters["Arn"] = other(letters["Arn"])
			}},
			breakage{"it has no dead-letter queue", func(s *stackSet) { delete(targets(s, i), "DeadLetterConfig") }},
			breakage{"the target is left out", func(s *stackSet) {
				properties(s)["Targets"] = slices.Delete(properties(s)["Targets"].([]any), i, i+1)
			}})
		if list[i].(map[string]any)["RoleArn"] != nil {
			out = append(out,
				breakage{"its role is another", func(s *stackSet) { targets(s, i)["RoleArn"] = other(targets(s, i)["RoleArn"]) }},
				breakage{"it has no role", func(s *stackSet) { delete(targets(s, i), "RoleArn") }})
		}
	}
	if condition, ok := r.all["Condition"].(string); ok {
		expression := func(s *stackSet) any { return s.body["Conditions"].(map[string]any)[condition] }
		for i, equals := range equalities(expression(s)) {
			text, _ := json.Marshal(equals["Fn::Equals"])
			out = append(out, breakage{"its condition no longer holds for " + string(text), func(s *stackSet) {
				equalities(expression(s))[i]["Fn::Equals"] = []any{"a", "b"}
			}})
		}
	}
	return out
}

// equalities are the Fn::Equals in a condition.
func equalities(expression any) []map[string]any {
	var out []map[string]any
	switch e := expression.(type) {
	case []any:
		for _, part := range e {
			out = append(out, equalities(part)...)
		}
	case map[string]any:
		if e["Fn::Equals"] != nil {
			return []map[string]any{e}
		}
		for _, key := range sortedKeys(e) {
			out = append(out, equalities(e[key])...)
		}
	}
	return out
}

// policyBreaks are the ways to break the statement of a policy that allows a step.
func policyBreaks(tb testing.TB, s *stackSet, l link) []breakage {
	tb.Helper()
	path, index, _ := strings.Cut(l.part, " ")
	var number int
	_, err := fmt.Sscan(index, &number)
	require.NoError(tb, err)
	statements := func(s *stackSet) (any, func(any)) {
		var value any = s.body.byID(tb, l.id).properties
		set := func(any) {}
		for _, key := range strings.Split(path, ".") {
			switch v := value.(type) {
			case map[string]any:
				value, set = v[key], func(to any) { v[key] = to }
			case []any:
				var i int
				_, _ = fmt.Sscan(key, &i)
				value, set = v[i], func(to any) { v[i] = to }
			}
		}
		return value, set
	}
	whole, _ := statements(s)
	if text, err := json.Marshal(whole); err == nil && !strings.Contains(string(text), `"Statement":[`) && path != "Statement" {
		return textBreaks(statements, string(text))
	}
	statement := func(s *stackSet) map[string]any {
		value, _ := statements(s)
		if m, ok := value.(map[string]any); ok && m["Statement"] != nil {
			value = m["Statement"]
		}
		if list, ok := value.([]any); ok {
			value = list[number]
		}
		return value.(map[string]any)
	}
	out := []breakage{{"its statement denies", func(s *stackSet) { statement(s)["Effect"] = "Deny" }}}
	replace := func(what string, of func(map[string]any) (map[string]any, string), to any) {
		m, key := of(statement(s))
		list, isList := m[key].([]any)
		if !isList {
			out = append(out, breakage{what, func(s *stackSet) { m, key := of(statement(s)); m[key] = to }})
			return
		}
		for i := range list {
			out = append(out, breakage{fmt.Sprintf("%s (%v)", what, list[i]), func(s *stackSet) {
				m, key := of(statement(s))
				m[key].([]any)[i] = to
			}})
		}
	}
	at := func(key string) func(map[string]any) (map[string]any, string) {
		return func(m map[string]any) (map[string]any, string) { return m, key }
	}
	replace("its statement is about another action", at("Action"), "example:Other")
	if statement(s)["Resource"] != nil {
		replace("its statement is about another resource", at("Resource"), "arn:aws:example:::other")
	}
	switch principal := statement(s)["Principal"].(type) {
	case string:
		replace("its statement is about another principal", at("Principal"), map[string]any{"Service": "other.amazonaws.com"})
	case map[string]any:
		for kind := range principal {
			to := map[string]string{"Service": "other.amazonaws.com", "AWS": "arn:aws:iam::000000000000:root"}[kind]
			replace("its statement is about another principal", func(m map[string]any) (map[string]any, string) {
				return m["Principal"].(map[string]any), kind
			}, to)
		}
	}
	conditions, _ := statement(s)["Condition"].(map[string]any)
	for operator, keys := range conditions {
		for key := range keys.(map[string]any) {
			replace("its condition on "+key+" is another", func(m map[string]any) (map[string]any, string) {
				return m["Condition"].(map[string]any)[operator].(map[string]any), key
			}, "other")
		}
	}
	return out
}

// textBreaks are the ways to break a policy that the template holds as text with values joined in.
func textBreaks(value func(*stackSet) (any, func(any)), text string) []breakage {
	var out []breakage
	for _, word := range []string{"Allow", "events.amazonaws.com", "delivery.logs.amazonaws.com", "logs:CreateLogStream", "logs:PutLogEvents", "log-group:"} {
		if !strings.Contains(text, word) {
			continue
		}
		to := map[string]string{"Allow": "Deny"}[word]
		if to == "" {
			to = "other" + word
		}
		out = append(out, breakage{word + " becomes " + to, func(s *stackSet) {
			old, set := value(s)
			before, _ := json.Marshal(old)
			var after any
			_ = json.Unmarshal([]byte(strings.ReplaceAll(string(before), word, to)), &after)
			set(after)
		}})
	}
	return out
}

func TestStacksAndStackSetsDoNotGrowWithRegions(t *testing.T) {
	count := func(regions int) map[string]int {
		a := synthesize(t, largeZone(t, 4, regions))
		out := map[string]int{"stacks": len(a.stacks)}
		for _, id := range sortedKeys(a.stacks) {
			out["StackSets of "+id] = len(a.stacks[id].resources("AWS::CloudFormation::StackSet"))
		}
		return out
	}
	require.Equal(t, count(2), count(len(regions17)))
}
