package plan_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/plan"
)

const identityFile = `
zone: example
prefix: landfall
regions: {home: us-east-1, governed: [us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts:
  - {name: orders-prod, ou: Workloads/Prod}
  - {name: orders-dev, ou: Workloads/NonProd}
  - {name: data, ou: Workloads/NonProd}
identityCenter:
  enabled: true
  stacks: 1
  groups:
    - {name: platform}
    - {name: developers}
  permissionSets:
    - {name: Deployer, managedPolicies: [ReadOnlyAccess], description: reads}
  assignments:
    - {group: developers, permissionSet: Developer, ous: [Workloads/NonProd]}
    - {group: developers, permissionSet: Deployer, accounts: [orders-prod]}
    - {group: platform, permissionSet: Administrator, accounts: [orders-prod], management: true, breakGlass: true, reason: used when pipelines fail}
`

func identityEdit(tb testing.TB, words ...string) string {
	tb.Helper()
	text := identityFile
	for i := 0; i < len(words); i += 2 {
		require.Contains(tb, text, words[i])
		text = strings.Replace(text, words[i], words[i+1], 1)
	}
	return text
}

func TestAnEditOfAccessIsDescribedByWhoGetsOrLosesIt(t *testing.T) {
	const deployer = "    - {group: developers, permissionSet: Deployer, accounts: [orders-prod]}\n"
	for name, c := range map[string]struct {
		words []string
		want  []expected
	}{
		"an assignment that is removed takes the access": {[]string{deployer, ""}, []expected{
			{"reversible remove identityCenter.assignments[developers][Deployer]", []string{"access is removed: members of developers lose Deployer in orders-prod", "until the session ends, 1 h at most"}}}},
		"an assignment that is added gives access": {[]string{deployer, deployer + "    - {group: platform, permissionSet: ViewOnly, ous: [Workloads, Security]}\n"}, []expected{
			{"reversible create identityCenter.assignments[platform][ViewOnly]", []string{"access is given: members of platform can do what ViewOnly allows in audit, data, log-archive, orders-dev, orders-prod"}},
			{"reversible create identityCenter.permissionSets[ViewOnly]", []string{"with an assignment only"}}}},
		"an administrator is named as one": {[]string{"accounts: [orders-prod], management: true", "accounts: [orders-prod], ous: [Workloads], management: true"}, []expected{
			{"reversible create identityCenter.assignments[platform][Administrator]", []string{"in data, orders-dev", "includes administering IAM", "break-glass: used when pipelines fail"}}}},
		"the last assignment of a built-in permission set takes the set": {[]string{"    - {group: developers, permissionSet: Developer, ous: [Workloads/NonProd]}\n", ""}, []expected{
			{"reversible remove identityCenter.assignments[developers][Developer]", []string{"in data, orders-dev", "4 h at most"}},
			{"reversible remove identityCenter.permissionSets[Developer]", []string{"is deleted"}}}},
		"an account below the OU is named": {[]string{"  - {name: data,", "  - {name: new, ou: Workloads/NonProd}\n  - {name: data,"}, []expected{
			{"irreversible create accounts[new]", nil},
			{"reversible create identityCenter.assignments[developers][Developer]", []string{"Developer allows in new"}}}},
		"a suspended account loses what its OU gave": {[]string{"  - {name: data,", "  - {name: data, state: suspended,"}, []expected{
			{"reversible suspend accounts[data].state", nil},
			{"reversible remove identityCenter.assignments[developers][Developer]", []string{"in data"}}}},
		"an account under another name stops the deployment": {[]string{"name: data,", "name: lake, email: aws+data@example.com,"}, []expected{
			{"refused refuse identityCenter.assignments[developers][Developer]", []string{"under the new name of the account the assignment is another one", "deploy twice"}},
			{"reversible adopt accounts[lake]", nil},
			{"reversible create identityCenter.assignments[developers][Developer]", nil},
			{"reversible remove identityCenter.assignments[developers][Developer]", nil}}},
		"an account under another name without access is adopted": {[]string{"name: data,", "name: lake, email: aws+data@example.com,", "ous: [Workloads/NonProd]", "accounts: [orders-dev]"}, []expected{
			{"reversible adopt accounts[lake]", nil},
			{"reversible remove identityCenter.assignments[developers][Developer]", []string{"in data"}}}},
		"a permission set that changes holds everywhere at once": {[]string{"[ReadOnlyAccess]", "[ReadOnlyAccess, IAMFullAccess]", "accounts: [orders-prod]}", "accounts: [orders-dev]}"}, []expected{
			{"reversible create identityCenter.assignments[developers][Deployer]", nil},
			{"reversible remove identityCenter.assignments[developers][Deployer]", nil},
			{"reversible update identityCenter.permissionSets[Deployer]", []string{"at once in every account", "administer IAM"}}}},
		"a description changes nothing else":   {[]string{"description: reads", "description: reads it all"}, []expected{{"reversible update identityCenter.permissionSets[Deployer]", []string{"only the description changes"}}}},
		"a reason is for the report":           {[]string{"used when pipelines fail", "used when everything fails"}, []expected{{"reversible update identityCenter.assignments[platform][Administrator]", []string{"nothing changes in AWS"}}}},
		"a group that is added":                {[]string{"    - {name: platform}\n", "    - {name: platform}\n    - {name: auditors}\n"}, []expected{{"reversible create identityCenter.groups[auditors]", []string{"created without members"}}}},
		"a group that leaves keeps its people": {[]string{"    - {name: developers}\n", "", deployer, "", "    - {group: developers, permissionSet: Developer, ous: [Workloads/NonProd]}\n", ""}, []expected{{"reversible remove identityCenter.assignments[developers][Deployer]", nil}, {"reversible remove identityCenter.assignments[developers][Developer]", nil}, {"reversible forget identityCenter.groups[developers]", []string{"stays in IAM Identity Center with its members"}}, {"reversible remove identityCenter.permissionSets[Developer]", nil}}},
		"another source":                       {[]string{"enabled: true", "enabled: true\n  source: external"}, []expected{{"reversible update identityCenter.source", []string{"looked for again"}}}},
		"turned off it stays":                  {[]string{"enabled: true", "enabled: false"}, []expected{{"reversible forget identityCenter.enabled", []string{"nobody loses access", "landfall-identity", "remove the assignments, deploy"}}}},
		"more stacks move assignments":         {[]string{"stacks: 1", "stacks: 8"}, []expected{{"reversible update identityCenter.stacks", []string{"assignments move to other stacks", "no access for some minutes"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			changes := plan.Compare(planOf(t, identityFile), planOf(t, identityEdit(t, c.words...)))
			var got, want []string
			for _, change := range changes {
				got = append(got, summary(change))
			}
			for _, w := range c.want {
				want = append(want, w.summary)
			}
			require.Equal(t, want, got)
			for i, w := range c.want {
				for _, phrase := range w.says {
					assert.Contains(t, changes[i].Consequence+" "+changes[i].Instead, phrase)
				}
			}
		})
	}
}

func TestTurningIdentityCenterOnNamesAllAccess(t *testing.T) {
	changes := plan.Compare(planOf(t, identityEdit(t, "enabled: true", "enabled: false")), planOf(t, identityFile))
	var got []string
	for _, c := range changes {
		got = append(got, summary(c))
	}
	assert.Equal(t, []string{
		"reversible create identityCenter.assignments[developers][Deployer]",
		"reversible create identityCenter.assignments[developers][Developer]",
		"reversible create identityCenter.assignments[platform][Administrator]",
		"reversible create identityCenter.enabled",
		"reversible create identityCenter.groups[developers]", "reversible create identityCenter.groups[platform]",
		"reversible create identityCenter.permissionSets[Administrator]", "reversible create identityCenter.permissionSets[Deployer]", "reversible create identityCenter.permissionSets[Developer]",
	}, got)
	assert.Contains(t, changes[3].Instead, "enable the organization instance by hand first")
	off := identityEdit(t, "enabled: true", "enabled: false")
	assert.Empty(t, plan.Compare(planOf(t, off), planOf(t, strings.Replace(off, "accounts: [orders-prod]}", "accounts: [orders-dev]}", 1))), "while it is off, nothing of it is deployed")
}

func TestWithSeveralStacksFewerOfThemAndPermissionSetsInUseAreRefused(t *testing.T) {
	many := identityEdit(t, "stacks: 1", "stacks: 64")
	changes := plan.Compare(planOf(t, many), planOf(t, identityFile))
	require.Len(t, changes, 1)
	assert.Equal(t, "refused refuse identityCenter.stacks", summary(changes[0]))
	assert.Contains(t, changes[0].Instead, "leave 64")

	without := strings.Replace(many, "    - {group: developers, permissionSet: Developer, ous: [Workloads/NonProd]}\n", "", 1)
	changes = plan.Compare(planOf(t, many), planOf(t, without))
	require.Len(t, changes, 2)
	assert.Equal(t, "refused refuse identityCenter.permissionSets[Developer]", summary(changes[0]))
	assert.Contains(t, changes[0].Instead, "its name alone, when it is built in")
	kept := strings.Replace(without, "    - {name: Deployer,", "    - {name: Developer}\n    - {name: Deployer,", 1)
	for _, c := range plan.Compare(planOf(t, many), planOf(t, kept)) {
		assert.Equal(t, plan.Reversible, c.Verdict, c.What)
	}
	for _, c := range plan.Compare(planOf(t, kept), planOf(t, without)) {
		assert.Equal(t, plan.Reversible, c.Verdict, c.What)
	}
}

func TestADescriptionSaysWhoGetsAccess(t *testing.T) {
	assert.Nil(t, plan.Describe(planOf(t, file)).IdentityCenter)
	d := plan.Describe(planOf(t, identityFile)).IdentityCenter
	assert.Equal(t, &plan.IdentityPlan{
		Source: "directory", Groups: []string{"developers", "platform"}, PermissionSets: []string{"Administrator", "Deployer", "Developer"},
		Access: []plan.AccessPlan{
			{Group: "developers", PermissionSet: "Deployer", Accounts: []string{"orders-prod"}},
			{Group: "developers", PermissionSet: "Developer", Accounts: []string{"data", "orders-dev"}},
			{Group: "platform", PermissionSet: "Administrator", Accounts: []string{"the management account", "orders-prod"}, BreakGlass: true, Reason: "used when pipelines fail"},
		},
	}, d)
}
