package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/plan"
	"github.com/landfall-aws/landfall/internal/zone"
)

const file = `
zone: example
prefix: landfall
regions:
  home: us-east-1
  governed: [us-east-1, us-west-2]
  retired: []
email: aws+{account}@example.com
alerts:
  recipients: [security@example.com]
organizationalUnits: [Teams/Blue]
accounts:
  - {name: orders-prod, ou: Workloads/Prod}
  - {name: orders-dev, ou: Workloads/NonProd}
  - {name: data, ou: Teams/Blue}
  - {name: old, ou: Sandbox, state: suspended}
  - {name: bought, ou: Sandbox, email: bought@example.com, id: "111122223333"}
trail: {cloudWatchLogs: {enabled: true, retentionDays: 365}, dataEvents: {s3: none}}
logs: {objectLock: {mode: governance, days: 365}, archiveAfterDays: 90, expireAfterDays: 0}
services: {macie: {enabled: false}, guardDuty: {enabled: true, plans: {s3: false}}}
guardrails: {levels: [mandatory, recommended]}
tags: {}
`

// catalogues are read once; nothing changes them.
var (
	guardrails = sync.OnceValues(func() (*guardrail.Catalogue, error) { return guardrail.Load(controls.Guardrails()) })
	alerts     = sync.OnceValues(func() (*alert.Catalogue, error) { return alert.Load(controls.Alerts()) })
)

func planOf(tb testing.TB, text string) *plan.Zone {
	tb.Helper()
	c, problems := config.Parse("zone.yaml", []byte(text))
	require.NoError(tb, problems.Err(), text)
	rails, err := guardrails()
	require.NoError(tb, err)
	listened, err := alerts()
	require.NoError(tb, err)
	z, err := plan.New(zone.Resolve(c), rails, listened)
	require.NoError(tb, err)
	return z
}

// edited is file with words replaced: old, new, old, new, ….
func edited(tb testing.TB, words ...string) string {
	tb.Helper()
	text := file
	for i := 0; i < len(words); i += 2 {
		require.Contains(tb, text, words[i])
		text = strings.Replace(text, words[i], words[i+1], 1)
	}
	return text
}

// summary is a change in one line.
func summary(c plan.Change) string { return fmt.Sprintf("%s %s %s", c.Verdict, c.Kind, c.What) }

// expected is one change that an edit must be described by.
type expected struct {
	// summary is verdict, kind and key; says are phrases of the consequence and of what to do instead.
	summary string
	says    []string
}

func TestAnEditIsDescribedByWhatItDoesInAWS(t *testing.T) {
	const orders, dev = "  - {name: orders-prod, ou: Workloads/Prod}\n", "  - {name: orders-dev, ou: Workloads/NonProd}\n"
	for name, c := range map[string]struct {
		words []string
		// want are all changes but those of policies, which policies names by prefix of their summary.
		want     []expected
		policies []string
	}{
		"an account that is added is for good": {[]string{dev, dev + "  - {name: new, ou: Workloads/NonProd}\n"},
			[]expected{{"irreversible create accounts[new]", []string{"cannot be deleted", "90 days"}}}, nil},
		"an account with an id is adopted": {[]string{dev, dev + "  - {name: new, ou: Sandbox, id: \"999988887777\"}\n"},
			[]expected{{"reversible adopt accounts[new]", []string{"999988887777", "none is created"}}}, nil},
		"an account whose line is removed is forgotten and not closed": {[]string{dev, ""},
			[]expected{{"reversible forget accounts[orders-dev]", []string{"nothing is closed or deleted", "stays in the OU Workloads/NonProd", "state: suspended"}}}, nil},
		"another name with the same address adopts the account": {[]string{"name: orders-dev,", "name: orders-test, email: aws+orders-dev@example.com,"},
			[]expected{{"reversible adopt accounts[orders-test]", []string{"was accounts[orders-dev]", "keeps its name in AWS"}}}, nil},
		"another name with the same address in other letters adopts the account": {[]string{"name: orders-dev,", "name: orders-test, email: AWS+Orders-Dev@example.com,"},
			[]expected{{"reversible adopt accounts[orders-test]", nil}}, nil},
		"another name with another address is a second account": {[]string{"name: orders-dev,", "name: orders-test,"},
			[]expected{{"irreversible create accounts[orders-test]", []string{"a second account", "accounts[orders-dev]", "add `email: aws+orders-dev@example.com`"}},
				{"reversible forget accounts[orders-dev]", nil}}, nil},
		"another name with the same id and another address is refused": {[]string{"name: bought,", "name: acquired,", "email: bought@example.com, ", ""},
			[]expected{{"refused refuse accounts[acquired].email", []string{"111122223333", "bought@example.com"}}}, nil},
		"another name with the same id and address adopts the account": {[]string{"name: bought,", "name: acquired,"},
			[]expected{{"reversible adopt accounts[acquired]", nil}}, nil},
		"another address is refused": {[]string{"name: orders-dev,", "name: orders-dev, email: other@example.com,"},
			[]expected{{"refused refuse accounts[orders-dev].email", []string{"an edit never creates a second account", "aws+orders-dev@example.com"}}}, nil},
		"another pattern is refused for each account that follows it": {[]string{"email: aws+{account}@example.com", "email: cloud+{account}@example.com"},
			[]expected{{"refused refuse accounts[data].email", nil}, {"refused refuse accounts[old].email", nil}, {"refused refuse accounts[orders-dev].email", nil},
				{"refused refuse accounts[orders-prod].email", nil}, {"refused refuse security.audit.email", nil}, {"refused refuse security.logArchive.email", nil}}, nil},
		"the address in other letters changes nothing": {[]string{"name: orders-dev,", "name: orders-dev, email: AWS+orders-dev@example.com,"},
			[]expected{{"reversible update accounts[orders-dev].email", []string{"nothing changes"}}}, nil},
		"an id that is added finds the same account": {[]string{"name: orders-dev,", "name: orders-dev, id: \"999988887777\","},
			[]expected{{"reversible update accounts[orders-dev].id", []string{"found by its id", "another e-mail address"}}}, nil},
		"an id that is removed leaves the address": {[]string{", id: \"111122223333\"", ""},
			[]expected{{"reversible update accounts[bought].id", []string{"found by its e-mail address"}}}, nil},
		"another id with the same address is refused": {[]string{"111122223333", "999988887777"},
			[]expected{{"refused refuse accounts[bought].id", []string{"two accounts cannot both"}}}, nil},
		"another id with another address is another account": {[]string{"bought@example.com, id: \"111122223333\"", "sold@example.com, id: \"999988887777\""},
			[]expected{{"reversible adopt accounts[bought].id", []string{"another account", "bought@example.com", "forgets it"}}}, nil},
		"two lines that exchange names go on with their accounts": {[]string{"name: orders-prod,", "name: orders-x, email: aws+orders-dev@example.com,", "name: orders-dev,", "name: orders-y, email: aws+orders-prod@example.com,"},
			[]expected{{"reversible adopt accounts[orders-x]", []string{"accounts[orders-dev]"}}, {"reversible move accounts[orders-x].ou", nil},
				{"reversible adopt accounts[orders-y]", []string{"accounts[orders-prod]"}}, {"reversible move accounts[orders-y].ou", nil}}, nil},
		"another OU moves the account and names the guardrails": {[]string{"name: orders-prod, ou: Workloads/Prod", "name: orders-prod, ou: Sandbox"},
			[]expected{{"reversible move accounts[orders-prod].ou", []string{"new for it: ", "no longer: "}}}, nil},
		"a suspended account goes on to cost": {[]string{"name: orders-dev,", "name: orders-dev, state: suspended,"},
			[]expected{{"reversible suspend accounts[orders-dev].state", []string{"it is not closed", "is paid for", "new for it: "}}}, nil},
		"an account that is active again returns": {[]string{", state: suspended", ""},
			[]expected{{"reversible resume accounts[old].state", []string{"from Suspended to Sandbox", "a closed account cannot return"}}}, nil},
		"tags of an account": {[]string{"{name: orders-dev,", "{name: orders-dev, tags: {team: blue},"},
			[]expected{{"reversible tag accounts[orders-dev].tags", nil}}, nil},
		"tags of the zone": {[]string{"tags: {}", "tags: {team: blue}"},
			[]expected{{"reversible tag tags", []string{"every stack, StackSet, OU and account"}}}, nil},
		"an OU that is added": {[]string{"[Teams/Blue]", "[Teams/Blue, Workloads/Staging]"},
			[]expected{{"reversible create organizationalUnits[Workloads/Staging]", []string{"created, or adopted"}}}, nil},
		"an OU that is removed stays, and so do its policies": {[]string{"[Teams/Blue]", "[]", "ou: Teams/Blue", "ou: Sandbox"},
			[]expected{{"reversible move accounts[data].ou", nil}, {"reversible forget organizationalUnits[Teams/Blue]", []string{"stays in AWS"}},
				{"reversible forget organizationalUnits[Teams]", []string{"stay attached"}}}, []string{"reversible detach guardrails[ou-Teams-1]"}},
		"an OU under another name is a second one": {[]string{"[Teams/Blue]", "[Teams/Azure]", "ou: Teams/Blue", "ou: Teams/Azure"},
			[]expected{{"reversible move accounts[data].ou", nil}, {"reversible create organizationalUnits[Teams/Azure]", []string{"Teams/Blue is not renamed", "rename it in AWS Organizations first"}},
				{"reversible forget organizationalUnits[Teams/Blue]", nil}}, nil},
		"a Region that is added costs": {[]string{"us-west-2]", "us-west-2, eu-west-1]"},
			[]expected{{"reversible create regions.governed[eu-west-1]", []string{"baseline"}}}, []string{"reversible update guardrails[root-"}},
		"an opt-in Region must be enabled first": {[]string{"us-west-2]", "us-west-2, eu-south-1]"},
			[]expected{{"reversible create regions.governed[eu-south-1]", []string{"opt-in Region"}}}, []string{"reversible update guardrails[root-"}},
		"a Region that is merely removed is refused": {[]string{", us-west-2]", "]"},
			[]expected{{"refused refuse regions.governed[us-west-2]", []string{"edit guard", "regions.retired"}}}, []string{"reversible update guardrails[root-"}},
		"a Region that is retired loses its baseline": {[]string{", us-west-2]", "]", "retired: []", "retired: [us-west-2]"},
			[]expected{{"reversible remove regions.governed[us-west-2]", []string{"the baseline is deleted there", "empty the Region first"}}}, []string{"reversible update guardrails[root-"}},
		"a Region that never was governed is retired for nothing": {[]string{"retired: []", "retired: [eu-west-2]"},
			[]expected{{"reversible update regions.retired[eu-west-2]", []string{"nothing happens"}}}, nil},
		"another prefix is refused": {[]string{"prefix: landfall", "prefix: acme"},
			[]expected{{"refused refuse prefix", []string{"set the prefix back to landfall"}}}, nil},
		"another home Region is refused": {[]string{"home: us-east-1", "home: us-west-2"},
			[]expected{{"refused refuse regions.home", []string{"set the home Region back to us-east-1"}}}, nil},
		"another zone name renames nothing": {[]string{"zone: example", "zone: sample"},
			[]expected{{"reversible update zone", []string{"nothing is replaced"}}}, nil},
		"compliance mode is for good": {[]string{"mode: governance", "mode: compliance"},
			[]expected{{"irreversible update logs.objectLock.mode", []string{"nobody can delete it", "365 days"}}}, nil},
		"a shorter lock leaves stored files as they are": {[]string{"days: 365}, arch", "days: 30}, arch"},
			[]expected{{"reversible update logs.objectLock.days", []string{"files that are there keep theirs"}}}, nil},
		"a longer lock in compliance mode is for good": {[]string{"mode: governance, days: 365", "mode: compliance, days: 730"},
			[]expected{{"irreversible update logs.objectLock.days", nil}, {"irreversible update logs.objectLock.mode", []string{"730 days"}}}, nil},
		"logs that expire are lost": {[]string{"expireAfterDays: 0", "expireAfterDays: 730"},
			[]expected{{"irreversible update logs.expireAfterDays", []string{"older than 730 days are deleted", "cannot be restored"}}}, nil},
		"archiving changes": {[]string{"archiveAfterDays: 90", "archiveAfterDays: 0"},
			[]expected{{"reversible update logs.archiveAfterDays", []string{"already stay there"}}}, nil},
		"the log group is turned off and stays": {[]string{"{enabled: true, retentionDays: 365}", "{enabled: false, retentionDays: 365}"},
			[]expected{{"reversible forget trail.cloudWatchLogs.enabled", []string{"landfall-trail", "stays"}}}, nil},
		"a shorter retention deletes events": {[]string{"retentionDays: 365", "retentionDays: 90"},
			[]expected{{"irreversible update trail.cloudWatchLogs.retentionDays", []string{"older than 90 days are deleted"}}}, nil},
		"data events cost": {[]string{"s3: none", "s3: all"},
			[]expected{{"reversible update trail.dataEvents.s3", []string{"charges for each"}}}, nil},
		"recipients come and go": {[]string{"[security@example.com]", "[oncall@example.com]"},
			[]expected{{"reversible create alerts.recipients[oncall@example.com]", []string{"link to confirm"}},
				{"reversible remove alerts.recipients[security@example.com]", []string{"unsubscribed"}}}, nil},
		"an endpoint of the incident manager": {[]string{"[security@example.com]", "[security@example.com]\n  httpsEndpoints: [\"https://example.com/alerts\"]"},
			[]expected{{"reversible create alerts.httpsEndpoints[https://example.com/alerts]", []string{"confirm"}}}, nil},
		"mails that name accounts": {[]string{"[security@example.com]", "[security@example.com]\n  accountNames: true"},
			[]expected{{"reversible create alerts.accountNames", []string{"a state machine in the audit account", "one more part", "drill"}}}, nil},
		"a chat channel": {[]string{"[security@example.com]", "[security@example.com]\n  chat: [{slack: {workspace: T0123ABCDEF, channel: C0123ABCDEF}}]"},
			[]expected{{"reversible create alerts.chat[slack T0123ABCDEF C0123ABCDEF]", []string{"fails unless somebody has authorized", "authorize it first"}}}, nil},
		"a contact in every account": {[]string{"[security@example.com]", "[security@example.com]\n" + contact("Security Team")},
			[]expected{{"reversible create contacts.security", []string{"the management account get this security contact", "is not kept anywhere", "trusted access", "nobody confirms"}}}, nil},
		"links to the runbooks of a fork": {[]string{"[security@example.com]", "[security@example.com]\n  runbooks: https://example.com/runbooks/"},
			[]expected{{"reversible update alerts.runbooks", []string{"lead there", "https://example.com/runbooks/guardduty-finding.md"}}}, nil},
		"queries over the trail": {[]string{"trail: {", "trail: {queries: true, "},
			[]expected{{"reversible create trail.queries", []string{"Athena"}}}, nil},
		"a recipient of pages only": {[]string{"[security@example.com]", "[security@example.com]\n  pageRecipients: [oncall@example.com]"},
			[]expected{{"reversible create alerts.pageRecipients[oncall@example.com]", nil}}, nil},
		"a recipient who hears of less": {[]string{"[security@example.com]", "[oncall@example.com]\n  pageRecipients: [security@example.com]"},
			[]expected{{"reversible create alerts.recipients[oncall@example.com]", nil},
				{"reversible remove alerts.pageRecipients[security@example.com]", []string{"of the tier notify"}}}, nil},
		"a service that is turned on costs": {[]string{"macie: {enabled: false}", "macie: {enabled: true}"},
			[]expected{{"reversible create services.macie.enabled", []string{"AWS charges for it"}}}, nil},
		"a service that is turned off stays on": {[]string{"guardDuty: {enabled: true", "guardDuty: {enabled: false"},
			[]expected{{"reversible forget services.guardDuty.enabled", []string{"stays on in AWS"}}}, nil},
		"a protection plan costs": {[]string{"plans: {s3: false}", "plans: {s3: true}"},
			[]expected{{"reversible create services.guardDuty.plans.s3", []string{"billed on its own"}}}, nil},
		"an alert that is turned off is heard by nobody": {[]string{"[security@example.com]", "[security@example.com]\n  changes: [{id: iam-policy-changed, tier: \"off\"}]"},
			[]expected{{"reversible remove alerts.changes[iam-policy-changed]", []string{"nobody listens"}}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			changes := plan.Compare(planOf(t, file), planOf(t, edited(t, c.words...)))
			var got, policies, want []string
			byKey := map[string]plan.Change{}
			for _, change := range changes {
				if strings.HasPrefix(change.What, "guardrails") {
					policies = append(policies, summary(change))
					continue
				}
				got = append(got, summary(change))
				byKey[summary(change)] = change
			}
			for _, w := range c.want {
				want = append(want, w.summary)
				for _, phrase := range w.says {
					assert.Contains(t, byKey[w.summary].Consequence+" "+byKey[w.summary].Instead, phrase)
				}
			}
			assert.ElementsMatch(t, want, got)
			for _, prefix := range c.policies {
				assert.Condition(t, func() bool {
					for _, p := range policies {
						if strings.HasPrefix(p, prefix) {
							return true
						}
					}
					return false
				}, "%s among %v", prefix, policies)
			}
			if c.policies == nil {
				assert.Empty(t, policies)
			}
		})
	}
}

func TestWhatIsTurnedOffAgainLeavesTheMailsAsTheyWere(t *testing.T) {
	const list = "[security@example.com]"
	both := list + "\n  accountNames: true\n  chat: [{slack: {workspace: T0123ABCDEF, channel: C0123ABCDEF}}]"
	for name, c := range map[string]struct {
		to   string
		want []expected
	}{
		"names": {strings.Replace(both, "true", "false", 1), []expected{{"reversible update alerts.accountNames", []string{"by its id", "stays for the chat channels"}}}},
		"chat":  {list + "\n  accountNames: true", []expected{{"reversible remove alerts.chat[slack T0123ABCDEF C0123ABCDEF]", []string{"no alert any longer"}}}},
		"both": {list, []expected{{"reversible update alerts.accountNames", []string{"nothing is lost"}},
			{"reversible remove alerts.chat[slack T0123ABCDEF C0123ABCDEF]", nil}}},
		"a tier of a channel": {strings.Replace(both, "C0123ABCDEF}", "C0123ABCDEF}, tiers: [page]", 1),
			[]expected{{"reversible update alerts.chat[slack T0123ABCDEF C0123ABCDEF]", []string{"these tiers"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			changes := plan.Compare(planOf(t, edited(t, list, both)), planOf(t, edited(t, list, c.to)))
			require.Len(t, changes, len(c.want))
			for i, w := range c.want {
				assert.Equal(t, w.summary, summary(changes[i]))
				for _, phrase := range w.says {
					assert.Contains(t, changes[i].Consequence, phrase)
				}
			}
		})
	}
}

func TestNoEditIsNoChange(t *testing.T) {
	assert.Empty(t, plan.Compare(planOf(t, file), planOf(t, file)))
}

func TestWhatAChangeTouchesIsListedOnceAndSorted(t *testing.T) {
	quiet := "[security@example.com]\n  changes: [{id: iam-policy-changed, tier: \"off\"}, {id: network-path-changed, tier: \"off\"}]"
	for _, c := range plan.Compare(planOf(t, file), planOf(t, edited(t, "[security@example.com]", quiet))) {
		assert.Contains(t, c.Touches, "StackSet landfall-audit", c.What)
		assert.NotContains(t, c.Touches, "", c.What)
		assert.IsIncreasing(t, c.Touches, c.What)
	}
}

func TestOneAccountTooManyForAStackListsOthersElsewhere(t *testing.T) {
	var lines strings.Builder
	for i := range zone.ShardCapacity - 5 {
		fmt.Fprintf(&lines, "  - {name: team-%d, ou: Sandbox}\n", i)
	}
	full := edited(t, "accounts:\n", "accounts:\n"+lines.String())
	changes := plan.Compare(planOf(t, full), planOf(t, strings.Replace(full, "accounts:\n", "accounts:\n  - {name: one-more, ou: Sandbox}\n", 1)))
	require.Len(t, changes, 2)
	assert.Equal(t, "irreversible create accounts[one-more]", summary(changes[0]))
	assert.Equal(t, "reversible update accounts", summary(changes[1]))
	assert.Contains(t, changes[1].Consequence, "nothing changes for it in AWS")
	assert.Greater(t, len(changes[1].Touches), 100)
}

func BenchmarkCompareOfAThousandAccounts(b *testing.B) {
	var lines strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&lines, "  - {name: team-%d, ou: Sandbox}\n", i)
	}
	before := planOf(b, edited(b, "accounts:\n", "accounts:\n"+lines.String()))
	after := planOf(b, edited(b, "accounts:\n", "accounts:\n"+strings.ReplaceAll(lines.String(), "Sandbox", "Infrastructure")))
	for b.Loop() {
		plan.Compare(before, after)
	}
}

func TestTheOrderOfAccountsIsNoChange(t *testing.T) {
	const orders, dev = "  - {name: orders-prod, ou: Workloads/Prod}\n", "  - {name: orders-dev, ou: Workloads/NonProd}\n"
	assert.Empty(t, plan.Compare(planOf(t, file), planOf(t, edited(t, orders+dev, dev+orders))))
}

func TestIrreversibleChangesComeFirstAndMakeTheAnswerNo(t *testing.T) {
	changes := plan.Compare(planOf(t, file), planOf(t, edited(t, "name: orders-dev,", "name: orders-test,", ", us-west-2]", "]", "tags: {}", "tags: {a: b}")))
	var verdicts []plan.Verdict
	for _, c := range changes {
		verdicts = append(verdicts, c.Verdict)
	}
	require.GreaterOrEqual(t, len(verdicts), 4)
	assert.Equal(t, []plan.Verdict{plan.Irreversible, plan.Refused, plan.Reversible}, verdicts[:3])
	assert.True(t, plan.No(changes))
	assert.False(t, plan.No(plan.Compare(planOf(t, file), planOf(t, edited(t, "tags: {}", "tags: {a: b}")))))
}

func TestOnlyAShorterExpiryDeletesLogs(t *testing.T) {
	with := func(days int) *plan.Zone {
		return planOf(t, edited(t, "expireAfterDays: 0", fmt.Sprintf("expireAfterDays: %d", days)))
	}
	for name, c := range map[string]struct {
		before, after int
		want          plan.Verdict
	}{
		"introduced": {0, 730, plan.Irreversible},
		"shorter":    {730, 400, plan.Irreversible},
		"longer":     {400, 730, plan.Reversible},
		"given up":   {400, 0, plan.Reversible},
	} {
		t.Run(name, func(t *testing.T) {
			changes := plan.Compare(with(c.before), with(c.after))
			require.Len(t, changes, 1)
			assert.Equal(t, c.want, changes[0].Verdict)
		})
	}
}

func TestAMoveBelowTheSameOUKeepsWhatThatOUInherits(t *testing.T) {
	moved := func(from, to string) string {
		t.Helper()
		for _, c := range plan.Compare(planOf(t, edited(t, "{name: data, ou: Teams/Blue}", "{name: data, ou: "+from+"}")), planOf(t, edited(t, "{name: data, ou: Teams/Blue}", "{name: data, ou: "+to+"}"))) {
			if c.Kind == plan.Move {
				return c.Consequence
			}
		}
		return ""
	}
	// The OU Workloads has guardrails of its own, which both OUs below it inherit; NonProd has no more than them.
	assert.Contains(t, moved("Workloads", "Workloads/NonProd"), "the same guardrails hold for it")
	assert.NotContains(t, moved("Workloads/NonProd", "Workloads/Prod"), "no longer: ")
	assert.Contains(t, moved("Workloads/NonProd", "Sandbox"), "no longer: ")
}

func TestAWeakenedMandatoryGuardrailIsSaidWithItsReason(t *testing.T) {
	const levels, id = "levels: [mandatory, recommended]", "deny-leaving-organization"
	whole := planOf(t, file)
	require.Empty(t, plan.Describe(whole).Weakened)
	for change, said := range map[string]string{
		`state: "off"`: "is off everywhere",
		`state: "off", ous: [Workloads/Prod], accounts: [data]`: "is off in OU Workloads/Prod, account data",
		`level: elective`:     "is made elective",
		`exempt: [org-mover]`: "does not bind org-mover",
	} {
		weak := planOf(t, edited(t, levels, levels+", changes: [{id: "+id+", "+change+", reason: the company is split in March}]"))
		want := "The mandatory guardrail " + id + " " + said
		require.Equal(t, []plan.WeakenedPlan{{Guardrail: id, What: want, Reason: "the company is split in March"}}, plan.Describe(weak).Weakened)
		isIt := func(c plan.Change) bool { return c.What == "guardrails.changes["+id+"]" }
		there, back := plan.Compare(whole, weak), plan.Compare(weak, whole)
		require.True(t, slices.ContainsFunc(there, func(c plan.Change) bool { return isIt(c) && c.After == want+"; reason: the company is split in March" }), "%v", there)
		require.True(t, slices.ContainsFunc(back, func(c plan.Change) bool { return isIt(c) && c.After == "" }), "%v", back)
		require.False(t, slices.ContainsFunc(plan.Compare(weak, weak), isIt))
	}
	// A recommended one needs no such word.
	require.Empty(t, plan.Describe(planOf(t, edited(t, levels, levels+`, changes: [{id: deny-other-regions, state: "off"}]`))).Weakened)
}

func TestSwitchingAGuardrailOffNamesItsStatements(t *testing.T) {
	off := "levels: [mandatory, recommended], changes: [{id: deny-iam-users, state: \"off\", reason: the mail service has no other way}]"
	changes := plan.Compare(planOf(t, file), planOf(t, edited(t, "levels: [mandatory, recommended]", off)))
	require.Len(t, changes, 1)
	assert.Equal(t, plan.Update, changes[0].Kind)
	assert.Contains(t, changes[0].Consequence, "drops deny-iam-users.")
	back := plan.Compare(planOf(t, edited(t, "levels: [mandatory, recommended]", off)), planOf(t, file))
	require.Len(t, back, 1)
	assert.Contains(t, back[0].Consequence, "adds deny-iam-users.")
}

// contact is a file's key with a security contact of that name.
func contact(name string) string {
	return "contacts: {security: {name: " + name + ", title: On-call engineer, email: security@example.com, phone: \"+49 30 1234567\"}}"
}

func TestAContactThatChangesReachesEveryAccountAndOneThatLeavesStays(t *testing.T) {
	with := func(contacts string) *plan.Zone {
		return planOf(t, edited(t, "[security@example.com]", "[security@example.com]\n"+contacts))
	}
	const was, is = "Security Team (On-call engineer) <security@example.com> +49 30 1234567", "Blue Team (On-call engineer) <security@example.com> +49 30 1234567"
	before := with(contact("Security Team"))
	changes := plan.Compare(before, with(contact("Blue Team")))
	require.Len(t, changes, 1)
	assert.Equal(t, []string{"update", "contacts.security", was, is, "reversible"}, []string{string(changes[0].Kind), changes[0].What, changes[0].Before, changes[0].After, string(changes[0].Verdict)})
	assert.Subset(t, changes[0].Touches, []string{"contacts", "account audit", "account log-archive", "account orders-prod"})

	changes = plan.Compare(before, planOf(t, file))
	require.Len(t, changes, 1)
	assert.Equal(t, []string{"forget", "contacts.security", was, ""}, []string{string(changes[0].Kind), changes[0].What, changes[0].Before, changes[0].After})
	assert.Contains(t, changes[0].Consequence, "stays in AWS in every account")
	assert.Empty(t, plan.Compare(before, before))
}

func TestAPolicyThatLeavesTheFileStaysAttached(t *testing.T) {
	changes := plan.Compare(planOf(t, file), planOf(t, edited(t, "levels: [mandatory, recommended]", "levels: [mandatory]")))
	for _, c := range changes {
		if c.Kind == plan.Detach {
			assert.Contains(t, c.Consequence, "stays in AWS, attached to ")
			assert.Contains(t, c.Instead, "detach and delete it in AWS Organizations")
			return
		}
	}
	t.Fatal("no policy has recommended guardrails only")
}

func TestADescriptionListsWhatAFirstDeploymentMakes(t *testing.T) {
	d := plan.Describe(planOf(t, file))
	assert.Equal(t, []string{"us-east-1", "us-west-2"}, d.Governed)
	assert.Contains(t, d.OUs, "Teams/Blue")
	require.Len(t, d.Accounts, 7)
	assert.Equal(t, plan.AccountPlan{Name: "log-archive", Email: "aws+log-archive@example.com", OU: "Security", State: "active"}, d.Accounts[0])
	assert.Equal(t, "landfall-trail", d.Trail.LogGroup)
	assert.Positive(t, d.Alerts["page"])
	assert.NotContains(t, d.Alerts, "off")
	assert.Equal(t, []string{"security@example.com"}, d.Mailed["page"])
	assert.Empty(t, d.Chat)
	assert.Empty(t, d.Contacts)
	contacts := plan.Describe(planOf(t, edited(t, "[security@example.com]", "[security@example.com]\n"+contact("Security Team"))))
	assert.Equal(t, []plan.ContactPlan{{Kind: "security", Name: "Security Team", Title: "On-call engineer", Email: "security@example.com", Phone: "+49 30 1234567"}}, contacts.Contacts)
	chat := plan.Describe(planOf(t, edited(t, "[security@example.com]", "[security@example.com]\n  chat: [{slack: {workspace: T0123ABCDEF, channel: C0123ABCDEF}, tiers: [page]}]")))
	assert.Equal(t, map[string][]string{"slack T0123ABCDEF C0123ABCDEF": {"page"}}, chat.Chat)
	for _, p := range d.Policies {
		assert.LessOrEqual(t, p.Size, p.Limit, p.Name)
		assert.LessOrEqual(t, p.Slot, p.Slots, p.Name)
	}
	assert.Contains(t, d.Services, plan.ServicePlan{Key: "services.guardDuty.enabled", Name: "GuardDuty", On: true, Costs: true})
	assert.Contains(t, d.Services, plan.ServicePlan{Key: "services.macie.enabled", Name: "Macie", Costs: true})
}
