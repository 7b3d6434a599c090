package test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/plan"
	"github.com/landfall-aws/landfall/stacks"
)

func TestAddingAnAccountChangesOnlyThatAccountsResources(t *testing.T) {
	before := file(t, "config/landing-zone.yaml")
	after := before + "  - name: payments-prod\n    ou: Workloads/Prod\n"
	require.Equal(t, []string{"+ Accounts/Accountpaymentsprod Custom::LandfallAccount"},
		changes(assemblyOf(t, before), assemblyOf(t, after)))
}

func TestRemovingAnAccountRemovesOnlyItsLineAndRetainsTheAccount(t *testing.T) {
	before := file(t, "config/landing-zone.yaml")
	after := strings.Replace(before, "  - name: orders-dev\n    ou: Workloads/NonProd\n    tags:\n      team: orders\n", "", 1)
	require.NotEqual(t, before, after)
	a := assemblyOf(t, before)
	require.Equal(t, []string{"- Accounts/Accountordersdev Custom::LandfallAccount"}, changes(a, assemblyOf(t, after)))
	require.Equal(t, "Retain", a.stacks["Accounts"].only(t, "Custom::LandfallAccount", map[string]any{"Name": "orders-dev"}).all["DeletionPolicy"])
}

func TestSuspendingAnAccountMovesItAndNothingElse(t *testing.T) {
	before := file(t, "config/landing-zone.yaml")
	after := strings.Replace(before, "  - name: orders-dev\n", "  - name: orders-dev\n    state: suspended\n", 1)
	a, b := assemblyOf(t, before), assemblyOf(t, after)
	require.Equal(t, []string{"~ Accounts/Accountordersdev Custom::LandfallAccount"}, changes(a, b))
	account := b.stacks["Accounts"].only(t, "Custom::LandfallAccount", map[string]any{"Name": "orders-dev"})
	require.Equal(t, "Suspended", account.properties["OrganizationalUnitPath"])
	require.Equal(t, "suspended", account.properties["State"])
}

func TestVerifyingHasTheHandlerCheckEveryCustomResourceAndChangesNothingElse(t *testing.T) {
	a := defaultAssembly(t)
	b := synthesizeWith(t, a.zone, map[string]any{stacks.VerifyContext: "2026-11-25"})
	var want []string
	for _, id := range sortedKeys(a.stacks) {
		for _, r := range a.stacks[id].resources("") {
			if strings.HasPrefix(r.kind, "Custom::") {
				want = append(want, "~ "+id+"/"+hash.ReplaceAllString(r.id, "")+" "+r.kind)
				now := b.stacks[id]["Resources"].(map[string]any)[r.id].(map[string]any)["Properties"].(map[string]any)
				require.Equal(t, "2026-11-25", now["Verify"], r.id)
			}
		}
	}
	require.NotEmpty(t, want)
	require.ElementsMatch(t, want, changes(a, b))
}

func TestAddingARegionKeepsEveryInstanceThatExists(t *testing.T) {
	before := file(t, "config/landing-zone.yaml")
	after := strings.Replace(before, "    - us-west-2\n", "    - us-west-2\n    - eu-west-1\n", 1)
	a, b := assemblyOf(t, before), assemblyOf(t, after)
	for _, change := range changes(a, b) {
		require.NotContains(t, change, "- ", "nothing is removed")
	}
	for id, template := range a.stacks {
		for _, set := range template.resources("AWS::CloudFormation::StackSet") {
			later := b.stacks[id].only(t, set.kind, map[string]any{"StackSetName": set.properties["StackSetName"]})
			require.Equal(t, set.id, later.id)
			require.Subset(t, regionsOf(later), regionsOf(set), set.id)
		}
	}
}

func regionsOf(set resource) []any {
	var out []any
	for _, group := range set.properties["StackInstancesGroup"].([]any) {
		out = append(out, group.(map[string]any)["Regions"].([]any)...)
	}
	return out
}

// hash ends the logical ids of resources that are not directly in a stack.
var hash = regexp.MustCompile(`[0-9A-F]{8}$`)

// changes lists how the templates of two zones differ, by stack and logical id without hash: + added, - removed, ~ changed.
func changes(before, after *assembly) []string {
	var out []string
	compare := func(a, b map[string]template) {
		for _, id := range sortedKeys(merged(a, b)) {
			old, new := byID(a[id]), byID(b[id])
			for _, logical := range sortedKeys(merged(old, new)) {
				x, had := old[logical]
				y, has := new[logical]
				switch {
				case !had:
					out = append(out, "+ "+id+"/"+hash.ReplaceAllString(y.id, "")+" "+y.kind)
				case !has:
					out = append(out, "- "+id+"/"+hash.ReplaceAllString(x.id, "")+" "+x.kind)
				case !cmp.Equal(x.all, y.all):
					out = append(out, "~ "+id+"/"+hash.ReplaceAllString(x.id, "")+" "+x.kind)
				}
			}
			if x, y := rest(a[id]), rest(b[id]); x != y {
				out = append(out, "~ "+id+" outside its resources")
			}
		}
	}
	compare(before.stacks, after.stacks)
	compare(before.members, after.members)
	return out
}

func byID(t template) map[string]resource {
	out := map[string]resource{}
	for _, r := range t.resources("") {
		out[r.id] = r
	}
	return out
}

// rest is a template without its resources.
func rest(t template) string {
	without := map[string]any{}
	for key, value := range t {
		if key != "Resources" {
			without[key] = value
		}
	}
	data, _ := json.Marshal(without)
	return string(data)
}

func merged[V any](a, b map[string]V) map[string]V {
	out := map[string]V{}
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

func TestRenamingAnAccountAdoptsItUnderAnotherKeyWhenItKeepsItsAddress(t *testing.T) {
	before := file(t, "config/landing-zone.yaml")
	after := strings.Replace(before, "  - name: orders-dev\n", "  - name: orders-test\n    email: aws+orders-dev@example.com\n", 1)
	a, b := assemblyOf(t, before), assemblyOf(t, after)
	require.Equal(t, []string{"- Accounts/Accountordersdev Custom::LandfallAccount", "+ Accounts/Accountorderstest Custom::LandfallAccount"}, changes(a, b))
	former := a.stacks["Accounts"].only(t, "Custom::LandfallAccount", map[string]any{"Name": "orders-dev"})
	renamed := b.stacks["Accounts"].only(t, "Custom::LandfallAccount", map[string]any{"Name": "orders-test"})
	require.Equal(t, former.properties["Email"], renamed.properties["Email"], "the handler adopts the account that has the address")
	require.Equal(t, "Retain", former.all["DeletionPolicy"])
	said := plan.Compare(planOf(t, a.zone), planOf(t, b.zone))
	require.Len(t, said, 1)
	require.Equal(t, plan.Adopt, said[0].Kind)
	require.Contains(t, said[0].Consequence, "keeps its name in AWS")
}

func TestRenamingAnOUAddsASecondOneAndMovesTheAccountsListedUnderIt(t *testing.T) {
	base := file(t, "config/landing-zone.yaml")
	zoneWith := func(ou string) string {
		return "organizationalUnits: [" + ou + "]\n" + strings.Replace(base, "name: orders-dev\n    ou: Workloads/NonProd", "name: orders-dev\n    ou: "+ou, 1)
	}
	a, b := assemblyOf(t, zoneWith("Workloads/Staging")), assemblyOf(t, zoneWith("Workloads/Trial"))
	require.ElementsMatch(t, []string{
		"~ Accounts/Accountordersdev Custom::LandfallAccount",
		"- Organization/OrganizationalUnitWorkloadsStaging Custom::LandfallOrganizationalUnit",
		"+ Organization/OrganizationalUnitWorkloadsTrial Custom::LandfallOrganizationalUnit",
	}, changes(a, b))
	var kinds []string
	for _, c := range plan.Compare(planOf(t, a.zone), planOf(t, b.zone)) {
		kinds = append(kinds, string(c.Kind)+" "+c.What)
		if c.Kind == plan.Create {
			require.Contains(t, c.Consequence, "Workloads/Staging is not renamed")
		}
	}
	require.Equal(t, []string{"move accounts[orders-dev].ou", "forget organizationalUnits[Workloads/Staging]", "create organizationalUnits[Workloads/Trial]"}, kinds)
}

func TestNamesThatDifferInPunctuationOnlyStayApart(t *testing.T) {
	a := assemblyOf(t, `
zone: alike
regions: {home: us-east-1, governed: [us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
organizationalUnits: [Data/Raw, DataRaw, Teams/A-B, Teams/AB]
accounts:
  - {name: team-a1, ou: Data/Raw}
  - {name: teama-1, ou: DataRaw}
  - {name: Default, ou: Teams/AB}
`)
	require.Len(t, a.stacks["Accounts"].resources("Custom::LandfallAccount"), 3)
	require.Len(t, a.stacks["Organization"].resources("Custom::LandfallOrganizationalUnit"), 7+6)
}
