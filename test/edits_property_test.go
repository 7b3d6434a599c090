package test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/plan"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/zone"
)

// editExamples is how many pairs of zones are tried unless -rapid.checks says otherwise: each takes two syntheses
// and is read as two edits, there and back.
const editExamples = "6"

// replacing lists, by type, the properties whose change makes CloudFormation replace the resource
// (CloudFormation resource specification, "Update requires: Replacement", as aws-cdk 2.1148.1 carries it;
// 2026-11-25), and for custom resources those from which the handler makes the physical id, or which
// CloudFormation refuses to change (ServiceToken).
var replacing = map[string][]string{
	"AWS::CloudFormation::StackSet":                    {"StackSetName", "PermissionModel"},
	"AWS::CloudTrail::Trail":                           {"TrailName"},
	"AWS::Events::EventBus":                            {"Name"},
	"AWS::IAM::Role":                                   {"RoleName", "Path"},
	"AWS::KMS::Alias":                                  {"AliasName"},
	"AWS::Logs::LogGroup":                              {"LogGroupName"},
	"AWS::Organizations::Policy":                       {"Type"},
	"AWS::S3::Bucket":                                  {"BucketName", "BucketNamePrefix", "BucketNamespace", "ObjectLockEnabled"},
	"AWS::StepFunctions::StateMachine":                 {"StateMachineName", "StateMachineType"},
	"AWS::Chatbot::SlackChannelConfiguration":          {"ConfigurationName", "SlackWorkspaceId"},
	"AWS::Chatbot::MicrosoftTeamsChannelConfiguration": {"ConfigurationName", "TeamId", "TeamsTenantId"},
	"AWS::SNS::Topic":                                  {"TopicName", "FifoTopic"},
	"AWS::SQS::Queue":                                  {"QueueName", "FifoQueue"},
	"AWS::SSO::PermissionSet":                          {"Name", "InstanceArn"},
	"AWS::SSO::Assignment":                             {"InstanceArn", "PermissionSetArn", "PrincipalId", "TargetId"},
	resourcetype.Account:                               {"Name"},
	resourcetype.OrganizationalUnit:                    {"Path"},
	resourcetype.TrustedAccess:                         {"ServicePrincipal"},
	resourcetype.DelegatedAdministrator:                {"ServicePrincipal", "AccountId"},
	"AWS::CloudFormation::CustomResource":              {"ServiceToken"},
	"AWS::Config::ConfigurationAggregator":             {"ConfigurationAggregatorName"},
	"AWS::CloudFormation::WaitConditionHandle":         nil,
}

// draft is a zone's file while it is edited.
type draft struct {
	name               string
	home               string
	governed, retired  []string
	units              []string
	accounts           []draftAccount
	recipients         []string
	accountNames       bool
	chat               []string
	contacts           map[string]string
	runbooks           string
	tags               map[string]string
	logGroup, queries  bool
	retention          int
	dataEvents         string
	lockMode           string
	lockDays           int
	archive, expire    int
	services           map[string]bool
	daily              bool
	levels             []string
	off                map[string]string
	quietAlerts        []string
	securityHubControl bool
	people             bool
	// access are assignments of draftAccess.
	access []string
}

type draftAccount struct {
	name, email, ou string
	suspended       bool
	tags            map[string]string
}

// clone copies a draft, so that edits of the copy leave it alone.
func (d draft) clone() draft {
	d.governed, d.retired, d.units, d.recipients = slices.Clone(d.governed), slices.Clone(d.retired), slices.Clone(d.units), slices.Clone(d.recipients)
	d.levels, d.quietAlerts, d.chat, d.access = slices.Clone(d.levels), slices.Clone(d.quietAlerts), slices.Clone(d.chat), slices.Clone(d.access)
	d.tags, d.services, d.off, d.contacts = maps.Clone(d.tags), maps.Clone(d.services), maps.Clone(d.off), maps.Clone(d.contacts)
	d.accounts = slices.Clone(d.accounts)
	for i := range d.accounts {
		d.accounts[i].tags = maps.Clone(d.accounts[i].tags)
	}
	return d
}

// emailOf is the address that the draft's pattern makes of a name.
func emailOf(name string) string { return config.EmailFor("aws+{account}@example.com", name) }

// text is the draft as a file.
func (d draft) text() string {
	var b strings.Builder
	list := func(items []string) string { return "[" + strings.Join(items, ", ") + "]" }
	pairs := func(m map[string]string) string {
		var out []string
		for _, k := range sortedKeys(m) {
			out = append(out, k+": "+m[k])
		}
		return "{" + strings.Join(out, ", ") + "}"
	}
	fmt.Fprintf(&b, "zone: %s\nregions: {home: %s, governed: %s, retired: %s}\n", d.name, d.home, list(d.governed), list(d.retired))
	fmt.Fprintf(&b, "email: aws+{account}@example.com\nalerts:\n  recipients: %s\n", list(d.recipients))
	fmt.Fprintf(&b, "  accountNames: %t\n", d.accountNames)
	if d.runbooks != "" {
		fmt.Fprintf(&b, "  runbooks: %s\n", d.runbooks)
	}
	if len(d.chat) > 0 {
		b.WriteString("  chat:\n")
		for _, channel := range d.chat {
			fmt.Fprintf(&b, "    - {slack: {workspace: T0123ABCDEF, channel: %s}, tiers: [%s]}\n", channel, strings.Join(draftChat[channel], ", "))
		}
	}
	if len(d.quietAlerts) > 0 {
		b.WriteString("  changes:\n")
		for _, id := range d.quietAlerts {
			fmt.Fprintf(&b, "    - {id: %s, tier: \"off\", reason: nobody needs to know this here}\n", id)
		}
	}
	b.WriteString("contacts:\n")
	for _, kind := range sortedKeys(d.contacts) {
		fmt.Fprintf(&b, "  %s: {name: %s, title: On call, email: contact@example.com, phone: 030 123}\n", kind, d.contacts[kind])
	}
	if len(d.contacts) == 0 {
		b.WriteString("  {}\n")
	}
	fmt.Fprintf(&b, "organizationalUnits: %s\naccounts:\n", list(d.units))
	for _, a := range d.accounts {
		state := config.StateActive
		if a.suspended {
			state = config.StateSuspended
		}
		fmt.Fprintf(&b, "  - {name: %s, ou: %s, email: %s, state: %s, tags: %s}\n", a.name, a.ou, a.email, state, pairs(a.tags))
	}
	if len(d.accounts) == 0 {
		b.WriteString("  []\n")
	}
	fmt.Fprintf(&b, "trail: {cloudWatchLogs: {enabled: %t, retentionDays: %d}, dataEvents: {s3: %s}, queries: %t}\n", d.logGroup, d.retention, d.dataEvents, d.queries)
	fmt.Fprintf(&b, "logs: {objectLock: {mode: %s, days: %d}, archiveAfterDays: %d, expireAfterDays: %d}\n", d.lockMode, d.lockDays, d.archive, d.expire)
	b.WriteString("services:\n")
	for _, s := range sortedKeys(d.services) {
		key := "enabled"
		if s == "rootAccess" {
			key = "central"
		}
		fmt.Fprintf(&b, "  %s: {%s: %t", s, key, d.services[s])
		if s == "config" && d.daily {
			b.WriteString(", recording: daily")
		}
		if s == "securityHub" && d.securityHubControl {
			b.WriteString(", disabledControls: [{id: EC2.10, reason: no VPC needs the endpoint}]")
		}
		b.WriteString("}\n")
	}
	fmt.Fprintf(&b, "guardrails:\n  levels: %s\n", list(d.levels))
	if len(d.off) > 0 {
		b.WriteString("  changes:\n")
		for _, id := range sortedKeys(d.off) {
			fmt.Fprintf(&b, "    - {id: %s, state: \"off\", ous: [%s], reason: the teams there need this}\n", id, d.off[id])
		}
	}
	fmt.Fprintf(&b, "tags: %s\nidentityCenter:\n  enabled: %t\n  groups: [", pairs(d.tags), d.people)
	for _, group := range draftGroups {
		if slices.ContainsFunc(d.access, func(a string) bool { return strings.Contains(draftAccess[a], "group: "+group+",") }) {
			fmt.Fprintf(&b, "{name: %s}, ", group)
		}
	}
	b.WriteString("]\n  assignments: [")
	for _, a := range d.access {
		fmt.Fprintf(&b, "{%s}, ", draftAccess[a])
	}
	b.WriteString("]\n")
	return b.String()
}

// places are the OUs that may hold workload accounts.
func (d draft) places() []string {
	return slices.DeleteFunc(config.OUPaths(d.units), func(p string) bool { return p == config.OUSecurity || p == config.OUSuspended })
}

var (
	draftNames   = []string{"alpha", "beta", "gamma", "orders-prod", "orders-dev", "data-lake", "web1", "web10", "network", "Build Tools"}
	draftUnits   = []string{"Teams", "Teams/Blue", "Teams/Red", "Workloads/Staging", "Data", "Data/Raw/In"}
	draftRegions = []string{"us-west-2", "eu-west-1", "eu-central-1", "ap-south-1", "us-east-1"}
	draftChat    = map[string][]string{"C0123ABCDEF": {"page"}, "C1123ABCDEF": {"page", "notify"}}
	draftGroups  = []string{"platform", "developers"}
	draftAccess  = map[string]string{
		"look":  "group: developers, permissionSet: ViewOnly, ous: [Workloads, Sandbox]",
		"build": "group: developers, permissionSet: Developer, ous: [Workloads/NonProd]",
		"audit": "group: platform, permissionSet: SecurityAudit, ous: [Security], management: true",
		"break": "group: platform, permissionSet: Administrator, ous: [Workloads, Infrastructure], breakGlass: true, reason: used when pipelines fail",
	}
	draftMail = []string{"security@example.com", "oncall@example.com", "audit@example.com"}
)

// drawDraft makes a valid zone.
func drawDraft(t *rapid.T) draft {
	some := func(label string, from []string, least int) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(from), least, len(from)/2+1, rapid.ID[string]).Draw(t, label)
	}
	d := draft{
		name:       "example",
		home:       rapid.SampledFrom([]string{"us-east-1", "eu-west-1"}).Draw(t, "home"),
		units:      some("OUs", draftUnits, 0),
		recipients: some("recipients", draftMail, 1),
		contacts:   map[string]string{},
		tags:       map[string]string{}, logGroup: rapid.Bool().Draw(t, "log group"), retention: 365,
		dataEvents: config.DataEventsNone, lockMode: config.LockGovernance, lockDays: 365, archive: 90,
		services: map[string]bool{}, levels: []string{config.LevelMandatory, config.LevelRecommended}, off: map[string]string{},
	}
	if rapid.Bool().Draw(t, "contact") {
		d.contacts["security"] = "Blue Team"
	}
	d.governed = slices.DeleteFunc(some("Regions", draftRegions, 0), func(r string) bool { return r == d.home })
	d.governed = append(d.governed, d.home)
	d.people = rapid.Bool().Draw(t, "people")
	d.access = some("access", sortedKeys(draftAccess), 0)
	for _, name := range some("accounts", draftNames, 0) {
		d.accounts = append(d.accounts, draftAccount{name: name, email: emailOf(name), ou: rapid.SampledFrom(d.places()).Draw(t, "OU"),
			suspended: rapid.IntRange(0, 4).Draw(t, "suspended") == 0, tags: map[string]string{}})
	}
	for _, s := range []string{"guardDuty", "securityHub", "accessAnalyzer", "config", "rootAccess"} {
		d.services[s] = rapid.IntRange(0, 3).Draw(t, s) > 0
	}
	d.settle()
	return d
}

// settle mends what single edits leave invalid.
func (d *draft) settle() {
	if d.services["securityHub"] {
		d.services["config"] = true
	}
	if d.expire != 0 {
		d.expire = max(d.expire, d.lockDays, d.archive+1)
	}
	known := config.OUPaths(d.units)
	for i, a := range d.accounts {
		if !slices.Contains(known, a.ou) {
			d.accounts[i].ou = "Sandbox"
		}
	}
	maps.DeleteFunc(d.off, func(_, ou string) bool { return !slices.Contains(known, ou) })
}

// draftEdits are the edits that people make, by name. Each changes the draft in one place, or leaves it when it cannot.
var draftEdits = map[string]func(t *rapid.T, d *draft){
	"add an account": func(t *rapid.T, d *draft) {
		if name, ok := d.freeName(t); ok {
			d.accounts = append(d.accounts, draftAccount{name: name, email: emailOf(name), ou: rapid.SampledFrom(d.places()).Draw(t, "OU"), tags: map[string]string{}})
		}
	},
	"remove an account's line": func(t *rapid.T, d *draft) {
		if i, ok := d.account(t); ok {
			d.accounts = slices.Delete(d.accounts, i, i+1)
		}
	},
	"rename an account and keep its address": func(t *rapid.T, d *draft) {
		if i, ok := d.account(t); ok {
			if name, ok := d.freeName(t); ok {
				d.accounts[i].name = name
			}
		}
	},
	"rename an account with its address": func(t *rapid.T, d *draft) {
		if i, ok := d.account(t); ok {
			if name, ok := d.freeName(t); ok {
				d.accounts[i].name, d.accounts[i].email = name, emailOf(name)
			}
		}
	},
	"move an account": func(t *rapid.T, d *draft) {
		if i, ok := d.account(t); ok {
			d.accounts[i].ou = rapid.SampledFrom(d.places()).Draw(t, "OU")
		}
	},
	"suspend or resume an account": func(t *rapid.T, d *draft) {
		if i, ok := d.account(t); ok {
			d.accounts[i].suspended = !d.accounts[i].suspended
		}
	},
	"tag an account": func(t *rapid.T, d *draft) {
		if i, ok := d.account(t); ok {
			d.accounts[i].tags["team"] = rapid.SampledFrom([]string{"blue", "red"}).Draw(t, "tag")
		}
	},
	"put the accounts in another order": func(t *rapid.T, d *draft) {
		slices.Reverse(d.accounts)
	},
	"add an OU": func(t *rapid.T, d *draft) {
		if free := minus(draftUnits, d.units); len(free) > 0 {
			d.units = append(d.units, rapid.SampledFrom(free).Draw(t, "OU"))
		}
	},
	"remove an OU": func(t *rapid.T, d *draft) {
		if len(d.units) > 0 {
			i := rapid.IntRange(0, len(d.units)-1).Draw(t, "OU")
			d.units = slices.Delete(d.units, i, i+1)
		}
	},
	"rename an OU": func(t *rapid.T, d *draft) {
		free := minus(draftUnits, d.units)
		if len(d.units) == 0 || len(free) == 0 {
			return
		}
		i := rapid.IntRange(0, len(d.units)-1).Draw(t, "OU")
		from, to := d.units[i], rapid.SampledFrom(free).Draw(t, "new OU")
		d.units[i] = to
		for n, a := range d.accounts {
			if a.ou == from {
				d.accounts[n].ou = to
			}
		}
	},
	"add a Region": func(t *rapid.T, d *draft) {
		if free := minus(draftRegions, d.governed); len(free) > 0 {
			r := rapid.SampledFrom(free).Draw(t, "Region")
			d.governed = append(d.governed, r)
			d.retired = slices.DeleteFunc(d.retired, func(x string) bool { return x == r })
		}
	},
	"retire a Region": func(t *rapid.T, d *draft) {
		if others := minus(d.governed, []string{d.home}); len(others) > 0 {
			r := rapid.SampledFrom(others).Draw(t, "Region")
			d.governed = slices.DeleteFunc(d.governed, func(x string) bool { return x == r })
			d.retired = append(d.retired, r)
		}
	},
	"add or remove a recipient": func(t *rapid.T, d *draft) {
		r := rapid.SampledFrom(draftMail).Draw(t, "recipient")
		if i := slices.Index(d.recipients, r); i < 0 {
			d.recipients = append(d.recipients, r)
		} else if len(d.recipients) > 1 {
			d.recipients = slices.Delete(d.recipients, i, i+1)
		}
	},
	"toggle account names in mails": func(_ *rapid.T, d *draft) { d.accountNames = !d.accountNames },
	"add or remove a chat channel": func(t *rapid.T, d *draft) {
		channel := rapid.SampledFrom(sortedKeys(draftChat)).Draw(t, "channel")
		if i := slices.Index(d.chat, channel); i >= 0 {
			d.chat = slices.Delete(d.chat, i, i+1)
		} else {
			d.chat = append(d.chat, channel)
		}
	},
	"set a contact": func(t *rapid.T, d *draft) {
		kind := rapid.SampledFrom([]string{"security", "operations", "billing"}).Draw(t, "contact")
		d.contacts[kind] = rapid.SampledFrom([]string{"Blue Team", "Red Team"}).Draw(t, "name")
	},
	"remove a contact": func(t *rapid.T, d *draft) {
		delete(d.contacts, rapid.SampledFrom([]string{"security", "operations", "billing"}).Draw(t, "contact"))
	},
	"toggle the access of people": func(_ *rapid.T, d *draft) { d.people = !d.people },
	"give or take access": func(t *rapid.T, d *draft) {
		access := rapid.SampledFrom(sortedKeys(draftAccess)).Draw(t, "access")
		if i := slices.Index(d.access, access); i >= 0 {
			d.access = slices.Delete(d.access, i, i+1)
		} else {
			d.access = append(d.access, access)
		}
	},
	"publish the runbooks elsewhere": func(t *rapid.T, d *draft) {
		d.runbooks = rapid.SampledFrom([]string{"", "https://wiki.example.com/runbooks/"}).Draw(t, "runbooks")
	},
	"turn an alert off or on": func(t *rapid.T, d *draft) {
		const id = "iam-policy-changed"
		if i := slices.Index(d.quietAlerts, id); i >= 0 {
			d.quietAlerts = slices.Delete(d.quietAlerts, i, i+1)
		} else {
			d.quietAlerts = append(d.quietAlerts, id)
		}
	},
	"tag the zone": func(t *rapid.T, d *draft) {
		d.tags["owner"] = rapid.SampledFrom([]string{"platform", "security"}).Draw(t, "tag")
	},
	"rename the zone":                   func(_ *rapid.T, d *draft) { d.name += "s" },
	"toggle the queries over the trail": func(_ *rapid.T, d *draft) { d.queries = !d.queries },
	"toggle the trail's log group":      func(t *rapid.T, d *draft) { d.logGroup = !d.logGroup },
	"change the trail": func(t *rapid.T, d *draft) {
		d.retention = rapid.SampledFrom([]int{30, 365, 731}).Draw(t, "retention")
		d.dataEvents = rapid.SampledFrom([]string{config.DataEventsNone, config.DataEventsWrite, config.DataEventsAll}).Draw(t, "data events")
	},
	"change the lock": func(t *rapid.T, d *draft) {
		d.lockMode = rapid.SampledFrom([]string{config.LockGovernance, config.LockCompliance}).Draw(t, "mode")
		d.lockDays = rapid.SampledFrom([]int{30, 365, 730}).Draw(t, "days")
	},
	"change what is archived and deleted": func(t *rapid.T, d *draft) {
		d.archive = rapid.SampledFrom([]int{0, 30, 90}).Draw(t, "archive")
		d.expire = rapid.SampledFrom([]int{0, 400, 2557}).Draw(t, "expire")
	},
	"toggle a service": func(t *rapid.T, d *draft) {
		s := rapid.SampledFrom([]string{"guardDuty", "securityHub", "accessAnalyzer", "config", "rootAccess"}).Draw(t, "service")
		d.services[s] = !d.services[s]
		if s == "config" && !d.services[s] {
			d.services["securityHub"] = false
		}
	},
	"change a service": func(t *rapid.T, d *draft) {
		d.daily, d.securityHubControl = rapid.Bool().Draw(t, "daily"), rapid.Bool().Draw(t, "control")
	},
	"switch the elective guardrails on or off": func(t *rapid.T, d *draft) {
		if i := slices.Index(d.levels, config.LevelElective); i >= 0 {
			d.levels = slices.Delete(d.levels, i, i+1)
		} else {
			d.levels = append(d.levels, config.LevelElective)
		}
	},
	"switch the recommended guardrails on or off": func(t *rapid.T, d *draft) {
		if i := slices.Index(d.levels, config.LevelRecommended); i >= 0 {
			d.levels = slices.Delete(d.levels, i, i+1)
		} else {
			d.levels = append(d.levels, config.LevelRecommended)
		}
	},
}

func (d *draft) account(t *rapid.T) (int, bool) {
	if len(d.accounts) == 0 {
		return 0, false
	}
	return rapid.IntRange(0, len(d.accounts)-1).Draw(t, "account"), true
}

// freeName is a name that no account has, and whose address none has.
func (d *draft) freeName(t *rapid.T) (string, bool) {
	free := slices.DeleteFunc(slices.Clone(draftNames), func(name string) bool {
		return slices.ContainsFunc(d.accounts, func(a draftAccount) bool { return a.name == name || a.email == emailOf(name) })
	})
	if len(free) == 0 {
		return "", false
	}
	return rapid.SampledFrom(free).Draw(t, "name"), true
}

func minus(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// rapidTB is a testing.TB whose failures are rapid's, so that it finds a smaller example.
type rapidTB struct {
	testing.TB
	t *rapid.T
}

func (r rapidTB) Errorf(format string, args ...any) { r.t.Errorf(format, args...) }
func (r rapidTB) FailNow()                          { r.t.FailNow() }
func (r rapidTB) Helper()                           {}

func TestNoEditLosesWhatHoldsDataOrIdentity(t *testing.T) {
	setUnlessGiven(t, "rapid.checks", editExamples)
	setUnlessGiven(t, "rapid.nofailfile", "true")
	names := sortedKeys(draftEdits)
	rapid.Check(t, func(rt *rapid.T) {
		tb := rapidTB{t, rt}
		before := drawDraft(rt)
		after := before.clone()
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 1, 5).Draw(rt, "edits") {
			draftEdits[name](rt, &after)
			after.settle()
		}
		a, b := synthesize(tb, zoneOf(tb, before.text())), synthesize(tb, zoneOf(tb, after.text()))
		x, y := planOf(tb, a.zone), planOf(tb, b.zone)
		for _, problem := range (edit{a, b, plan.Compare(x, y)}).problems() {
			rt.Errorf("there: %s", problem)
		}
		for _, problem := range (edit{b, a, plan.Compare(y, x)}).problems() {
			rt.Errorf("back: %s", problem)
		}
		if rt.Failed() {
			rt.Logf("before:\n%s\nafter:\n%s", before.text(), after.text())
		}
	})
}

// setUnlessGiven sets a flag for this test unless the command line has it.
func setUnlessGiven(t *testing.T, name, value string) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	f := flag.Lookup(name)
	require.NotNil(t, f, name)
	former := f.Value.String()
	require.NoError(t, f.Value.Set(value))
	t.Cleanup(func() { _ = f.Value.Set(former) })
}

func planOf(tb testing.TB, z *zone.Zone) *plan.Zone {
	tb.Helper()
	guardrails, err := guardrail.Load(controls.Guardrails())
	require.NoError(tb, err)
	alerts, err := alert.Load(controls.Alerts())
	require.NoError(tb, err)
	p, err := plan.New(z, guardrails, alerts)
	require.NoError(tb, err)
	return p
}

// edit is what an edit of the file changes in the templates, and what the plan says of it.
type edit struct {
	before, after *assembly
	changes       []plan.Change
}

// problems lists what the edit loses, and what of it the plan does not mention.
func (e edit) problems() []string {
	var out []string
	bad := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, side := range []struct{ before, after map[string]template }{{e.before.stacks, e.after.stacks}, {e.before.members, e.after.members}} {
		for _, id := range sortedKeys(merged(side.before, side.after)) {
			old, new := byID(side.before[id]), byID(side.after[id])
			for _, logical := range sortedKeys(merged(old, new)) {
				x, had := old[logical]
				y, has := new[logical]
				where := id + "/" + logical
				for _, r := range []resource{x, y} {
					if r.all != nil && kept(r) && !retained(r) {
						bad("%s (%s) is not retained", where, r.kind)
					}
				}
				switch {
				case had && !has:
					if why := e.mayLeave(x); kept(x) && why == "" {
						bad("%s (%s) left the templates, and no word of the edit says so", where, x.kind)
					}
				case had && has && x.kind != y.kind:
					bad("%s was a %s and is a %s", where, x.kind, y.kind)
				case had && has:
					for _, property := range append(slices.Clone(replacing[x.kind]), "ServiceToken") {
						if !cmp.Equal(x.properties[property], y.properties[property]) {
							bad("%s (%s) is replaced: %s was %v and is %v", where, x.kind, property, x.properties[property], y.properties[property])
						}
					}
				}
				if label := e.label(id, x, y); label != "" && !cmp.Equal(x.properties, y.properties) && !e.mentions(label) {
					bad("the plan does not mention that %s changes (%s)", label, where)
				}
			}
		}
	}
	out = append(out, e.accessProblems()...)
	out = append(out, e.regionProblems()...)
	return append(out, e.exportProblems()...)
}

// entered says whether somebody has access to the account that a look-up finds.
func entered(z *zone.Zone, lookup resource) bool {
	return z.IdentityCenter.Enabled && slices.ContainsFunc(identity.Resolve(z).Grants, func(g identity.Grant) bool {
		return g.Account.Key == lookup.properties["ConfigKey"]
	})
}

// accessProblems lists access that is given or taken without a word.
func (e edit) accessProblems() []string {
	grants := func(z *zone.Zone) map[string]string {
		out := map[string]string{}
		if z.IdentityCenter.Enabled {
			for _, g := range identity.Resolve(z).Grants {
				out[g.ID()] = fmt.Sprintf("access of %s to %s as %s", g.Group, g.AccountName(), g.PermissionSet)
			}
		}
		return out
	}
	a, b := grants(e.before.zone), grants(e.after.zone)
	var out []string
	for _, id := range sortedKeys(merged(a, b)) {
		if label := merged(a, b)[id]; (a[id] == "") != (b[id] == "") && !e.mentions(label) {
			out = append(out, "the plan does not mention "+label)
		}
	}
	return out
}

// kept says that a resource holds data or identity.
func kept(r resource) bool {
	if r.kind == "AWS::Logs::LogGroup" {
		// The heartbeats' and the functions' log groups hold nothing that anybody needs later.
		name := fmt.Sprint(r.properties["LogGroupName"])
		return strings.HasSuffix(name, "-trail") || strings.HasSuffix(name, "digest")
	}
	if strings.Contains(fmt.Sprint(r.properties["TopicName"]), "-alerts-chat-") {
		return false // its subscribers are in the file
	}
	return slices.Contains(precious, r.kind) || strings.HasPrefix(r.kind, "Custom::")
}

// retained says that neither leaving the templates nor being replaced deletes a resource. RetainExceptOnCreate deletes
// only what the same failed operation has created (CloudFormation user guide, "DeletionPolicy attribute").
func retained(r resource) bool {
	return slices.Contains([]any{"Retain", "RetainExceptOnCreate"}, r.all["DeletionPolicy"]) && r.all["UpdateReplacePolicy"] == "Retain"
}

// mayLeave says which word of the edit lets a resource leave the templates; "" when none does.
func (e edit) mayLeave(r resource) string {
	a, b := e.before.zone, e.after.zone
	named := func(name string) bool {
		return slices.ContainsFunc(b.Accounts, func(m zone.Account) bool { return m.Name == name })
	}
	hasUnit := func(path string) bool {
		return slices.ContainsFunc(b.OUs, func(o zone.OU) bool { return o.Path == path })
	}
	service := func(on bool) string {
		if on {
			return ""
		}
		return "the service was turned off"
	}
	switch r.kind {
	case resourcetype.Account:
		if !named(fmt.Sprint(r.properties["Name"])) {
			return "the account's line was removed"
		}
	case resourcetype.OrganizationalUnit:
		if !hasUnit(fmt.Sprint(r.properties["Path"])) {
			return "the OU was removed"
		}
	case resourcetype.IdentityCenter, resourcetype.IdentityGroup:
		if !b.IdentityCenter.Enabled || !cmp.Equal(a.IdentityCenter.Groups, b.IdentityCenter.Groups) {
			return "Identity Center was turned off, or a group was removed"
		}
	case "AWS::Organizations::Policy", resourcetype.PolicyTarget:
		if r.kind == resourcetype.PolicyTarget && entered(a, r) && !entered(b, r) {
			return "nobody has access to the account any longer"
		}
		gone := slices.ContainsFunc(a.OUs, func(o zone.OU) bool { return !hasUnit(o.Path) })
		if gone || !cmp.Equal(a.Guardrails, b.Guardrails) {
			return "an OU was removed or guardrails were switched off"
		}
	case "AWS::S3::Bucket":
		if strings.Contains(fmt.Sprint(r.properties["BucketName"]), "query-results") && !b.Trail.Queries {
			return "the queries over the trail were turned off"
		}
	case "AWS::Logs::LogGroup":
		if !b.Trail.CloudWatchLogs.Enabled {
			return "the trail's log group was turned off"
		}
	case resourcetype.Key:
		return service(b.Services.GuardDuty.Enabled)
	}
	switch r.properties["ConfigKey"] {
	case "contacts":
		if !b.Contacts.Set() {
			return "the contacts were removed"
		}
	case "services.guardDuty":
		if r.properties["ServicePrincipal"] == "malware-protection.guardduty.amazonaws.com" && !b.Services.GuardDuty.Plans.Malware {
			return "the plan was turned off"
		}
		return service(b.Services.GuardDuty.Enabled)
	case "services.config":
		return service(b.Services.Config.Enabled)
	case "services.inspector":
		return service(b.Services.Inspector.Enabled)
	case "services.macie":
		return service(b.Services.Macie.Enabled)
	case "services.detective":
		return service(b.Services.Detective.Enabled)
	case "services.securityHub":
		return service(b.Services.SecurityHub.Enabled)
	case "services.accessAnalyzer":
		return service(b.Services.AccessAnalyzer.Enabled)
	case "services.rootAccess":
		return service(b.Services.RootAccess.Central)
	}
	return ""
}

// label names a resource as the plan does; "" for what the plan need not mention.
func (e edit) label(stack string, x, y resource) string {
	r := y
	if r.kind == "" {
		r = x
	}
	text := func(property string) string { return fmt.Sprint(r.properties[property]) }
	switch {
	case r.kind == resourcetype.Account:
		return "account " + text("Name")
	case r.kind == resourcetype.OrganizationalUnit:
		return "OU " + text("Path")
	case r.kind == resourcetype.PolicyTarget:
		return "target " + text("ConfigKey")
	case r.kind == resourcetype.PolicyTypes:
		return "policy types"
	case r.kind == resourcetype.EditGuard:
		return "edit guard"
	case r.kind == resourcetype.Key:
		return "" // is only read
	case r.kind == "AWS::CloudFormation::StackSet":
		return "StackSet " + text("StackSetName")
	case r.kind == "AWS::SSO::PermissionSet":
		return "permission set " + text("Name")
	case r.kind == "AWS::Organizations::Policy":
		return "policy " + text("Name")
	case r.kind == "AWS::CloudTrail::Trail", r.kind == "AWS::Logs::LogGroup" && stack == "Trail":
		return "trail"
	case strings.HasPrefix(r.kind, "Custom::"):
		return text("ConfigKey")
	}
	return ""
}

func (e edit) mentions(label string) bool {
	return slices.ContainsFunc(e.changes, func(c plan.Change) bool { return slices.Contains(c.Touches, label) })
}

// regionProblems lists Regions and targets that StackSets lose without a word.
func (e edit) regionProblems() []string {
	var out []string
	for _, id := range sortedKeys(e.before.stacks) {
		later := byID(e.after.stacks[id])
		for _, set := range e.before.stacks[id].resources("AWS::CloudFormation::StackSet") {
			now, has := later[set.id]
			if !has {
				continue
			}
			for _, region := range regionsOf(set) {
				if !slices.Contains(regionsOf(now), region) && !slices.Contains(e.after.zone.RetiredRegions, region.(string)) && !e.refuses(region.(string)) {
					out = append(out, fmt.Sprintf("%s/%s leaves the Region %s, which is not retired", id, set.id, region))
				}
			}
			if x, y := targetsOf(set), targetsOf(now); !cmp.Equal(x, y) {
				out = append(out, fmt.Sprintf("%s/%s has other targets: %s", id, set.id, cmp.Diff(x, y)))
			}
		}
	}
	return out
}

// refuses says that the plan and the edit guard refuse to leave a Region.
func (e edit) refuses(region string) bool {
	guard := e.before.stacks["Organization"].resources(resourcetype.EditGuard)
	now := e.after.stacks["Organization"].resources(resourcetype.EditGuard)
	if len(guard) != 1 || len(now) != 1 || guard[0].id != now[0].id {
		return false
	}
	sees := slices.Contains(guard[0].properties["AlertRegions"].([]any), any(region)) &&
		!slices.Contains(now[0].properties["AlertRegions"].([]any), any(region)) &&
		!slices.Contains(now[0].properties["RetiredRegions"].([]any), any(region))
	return sees && slices.ContainsFunc(e.changes, func(c plan.Change) bool {
		return c.Verdict == plan.Refused && c.What == "regions.governed["+region+"]"
	})
}

func targetsOf(set resource) []any {
	var out []any
	for _, group := range set.properties["StackInstancesGroup"].([]any) {
		out = append(out, group.(map[string]any)["DeploymentTargets"])
	}
	return out
}

// exportProblems lists exports that a stack imports, as it is deployed or as it will be, and that no stack makes any
// longer. Stacks are updated one after the other, so a former import is in use until its stack's turn comes.
func (e edit) exportProblems() []string {
	exports := map[string]bool{}
	for _, t := range e.after.stacks {
		outputs, _ := t["Outputs"].(map[string]any)
		for _, o := range outputs {
			if export, is := o.(map[string]any)["Export"].(map[string]any); is {
				exports[fmt.Sprint(export["Name"])] = true
			}
		}
	}
	var out []string
	for _, a := range []*assembly{e.before, e.after} {
		for _, id := range sortedKeys(a.stacks) {
			for _, name := range imports(map[string]any(a.stacks[id])) {
				if !exports[name] {
					out = append(out, fmt.Sprintf("%s imports %s, which no stack exports after the edit", id, name))
				}
			}
		}
	}
	return out
}

// imports are the names in all Fn::ImportValue of a value, each once, sorted.
func imports(v any) []string {
	names := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if name, is := v["Fn::ImportValue"]; is {
				names[fmt.Sprint(name)] = true
			}
			for _, item := range v {
				walk(item)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		}
	}
	walk(v)
	return sortedKeys(names)
}

func TestThePlanDescribesTheStackSetsAndPoliciesThatAreSynthesized(t *testing.T) {
	for name, a := range map[string]*assembly{"default": defaultAssembly(t), "european": assemblyOf(t, europeanZone)} {
		t.Run(name, func(t *testing.T) {
			d := plan.Describe(planOf(t, a.zone))
			sets, policies := map[string][]any{}, []string{}
			for _, template := range a.stacks {
				for _, set := range template.resources("AWS::CloudFormation::StackSet") {
					sets[set.properties["StackSetName"].(string)] = regionsOf(set)
				}
				for _, p := range template.resources("AWS::Organizations::Policy") {
					policies = append(policies, p.properties["Name"].(string))
				}
			}
			require.Len(t, d.StackSets, len(sets))
			for _, s := range d.StackSets {
				require.Len(t, sets[s.Name], len(s.Regions), s.Name)
				for _, r := range s.Regions {
					require.Contains(t, sets[s.Name], r, s.Name)
				}
			}
			var described []string
			for _, p := range d.Policies {
				described = append(described, p.Name)
			}
			require.ElementsMatch(t, policies, described)
		})
	}
}
