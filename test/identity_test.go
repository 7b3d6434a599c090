package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/zone"
)

// identityZone gives people access through IAM Identity Center.
const identityZone = `
zone: people
regions: {home: eu-west-1, governed: [eu-west-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts:
  - {name: orders-prod, ou: Workloads/Prod}
  - {name: orders-dev, ou: Workloads/NonProd}
  - {name: old-shop, ou: Workloads/NonProd, state: suspended}
  - {name: network, ou: Infrastructure}
identityCenter:
  enabled: true
  groups:
    - {name: platform, description: runs the landing zone}
    - {name: developers}
    - {name: "security / on-call"}
  permissionSets:
    - name: Deployer
      description: starts pipelines, in emergencies without review
      inlinePolicy: |
        {
          "Version": "2012-10-17",
          "Statement": [
            {"Effect": "Allow", "Action": ["codepipeline:StartPipelineExecution", "codepipeline:Get*"], "Resource": "*"}
          ]
        }
      sessionHours: 2
    - {name: Developer, sessionHours: 8}
  assignments:
    - {group: developers, permissionSet: Developer, ous: [Workloads/NonProd, Sandbox]}
    - {group: developers, permissionSet: ViewOnly, ous: [Workloads]}
    - {group: developers, permissionSet: Deployer, accounts: [orders-prod]}
    - {group: platform, permissionSet: Administrator, ous: [Infrastructure, Workloads], management: true, breakGlass: true, reason: used when pipelines fail; each use is reviewed}
    - {group: "security / on-call", permissionSet: IncidentResponder, ous: [Workloads, Infrastructure, Security], management: true}
    - {group: "security / on-call", permissionSet: SecurityAudit, accounts: [audit, old-shop]}
`

// Of this zone only what the default zone lacks is compared.
func TestTheAccessOfAZoneIsAsItsSnapshot(t *testing.T) {
	a := assemblyOf(t, identityZone)
	compareSnapshot(t, "identity", &assembly{stacks: map[string]template{"Identity": a.stacks["Identity"]}})
}

// A zone that does not ask for Identity Center has no stack for it, whatever the file says of groups.
func TestNobodyGetsAccessWhileIdentityCenterIsOff(t *testing.T) {
	require.NotContains(t, defaultAssembly(t).stacks, "Identity")
	a := assemblyOf(t, strings.Replace(identityZone, "enabled: true", "enabled: false", 1))
	for id, template := range a.stacks {
		require.NotContains(t, id, "Identity")
		for _, r := range template.resources("") {
			require.NotContains(t, r.kind, "SSO")
			require.NotContains(t, resourcetype.IdentityTypes(), r.kind)
		}
	}
}

// access is what the templates of a zone grant: the group, permission set and account of each assignment, by name.
type accessOf struct{ account, group, set string }

// granted reads the assignments of a zone back from its templates, each with its stack.
func granted(tb testing.TB, a *assembly) map[accessOf]string {
	tb.Helper()
	out := map[accessOf]string{}
	for id, template := range a.stacks {
		if !strings.HasPrefix(id, "Identity") {
			continue
		}
		resources := byID(template)
		name := func(reference any, property string) string {
			target := fmt.Sprint(reference)
			for logical, r := range resources {
				if strings.Contains(target, "["+logical+" ") {
					return fmt.Sprint(r.properties[property])
				}
			}
			// An export of the first stack, whose name has the logical id.
			for logical, r := range byID(a.stacks["Identity"]) {
				if strings.Contains(target, "FnGetAtt"+logical) {
					return fmt.Sprint(r.properties[property])
				}
			}
			return target
		}
		for _, r := range template.resources("AWS::SSO::Assignment") {
			require.Equal(tb, "GROUP", r.properties["PrincipalType"])
			require.Equal(tb, "AWS_ACCOUNT", r.properties["TargetType"])
			require.NotContains(tb, []any{"Retain", "RetainExceptOnCreate"}, r.all["DeletionPolicy"], "access that leaves the file must end")
			account := name(r.properties["TargetId"], "AccountEmail")
			switch {
			case strings.Contains(account, "AWS::AccountId"):
				account = identity.Management
			case strings.Contains(account, "AuditAccountId"):
				account = a.zone.Audit.Email
			case strings.Contains(account, "LogArchiveAccountId"):
				account = a.zone.LogArchive.Email
			}
			grant := accessOf{account, name(r.properties["PrincipalId"], "DisplayName"), name(r.properties["PermissionSetArn"], "Name")}
			require.NotContains(tb, out, grant, "twice")
			out[grant] = id
		}
	}
	return out
}

func TestTheTemplatesGrantWhatTheFileSaysAndNothingElse(t *testing.T) {
	for name, text := range map[string]string{"one stack": identityZone, "four stacks": strings.Replace(identityZone, "enabled: true", "enabled: true\n  stacks: 4", 1)} {
		t.Run(name, func(t *testing.T) {
			a := assemblyOf(t, text)
			got := granted(t, a)
			var want []accessOf
			for _, g := range identity.Resolve(a.zone).Grants {
				account := identity.Management
				if !g.Management() {
					account = g.Account.Email
				}
				want = append(want, accessOf{account, g.Group, g.PermissionSet})
			}
			require.Len(t, want, 16)
			require.Len(t, got, len(want))
			for _, w := range want {
				require.Contains(t, got, w)
			}
		})
	}
}

func TestPermissionSetsThatAdministerHaveShortSessionsAndAreBreakGlassInProduction(t *testing.T) {
	a := assemblyOf(t, identityZone)
	administrators := map[string]bool{}
	for _, r := range a.stacks["Identity"].resources("AWS::SSO::PermissionSet") {
		hours := 0
		_, err := fmt.Sscanf(fmt.Sprint(r.properties["SessionDuration"]), "PT%dH", &hours)
		require.NoError(t, err)
		require.LessOrEqual(t, hours, 12)
		policies, own := fmt.Sprint(r.properties["ManagedPolicies"]), fmt.Sprint(r.properties["InlinePolicy"])
		if strings.Contains(policies, "policy/AdministratorAccess") || strings.Contains(own, "iam:") {
			administrators[fmt.Sprint(r.properties["Name"])] = true
			require.Equal(t, 1, hours)
		}
	}
	require.Equal(t, map[string]bool{"Administrator": true}, administrators)
	marked := 0
	for _, g := range identity.Resolve(a.zone).Grants {
		if administrators[g.PermissionSet] && identity.Production(a.zone, g) {
			marked++
			require.True(t, g.BreakGlass, g.ID())
			require.NotEmpty(t, g.Reason)
		}
	}
	require.Equal(t, 3, marked, "the management account, network and orders-prod")
}

// CloudFormation makes resources that do not depend on each other at the same time.
func TestFewAssignmentsAreMadeAtTheSameTime(t *testing.T) {
	a := synthesize(t, peopleZone(t, 100, 1))
	template := a.stacks["Identity"]
	following := map[string]int{}
	first := 0
	for _, r := range template.resources("AWS::SSO::Assignment") {
		before, _ := r.all["DependsOn"].([]any)
		if len(before) == 0 {
			first++
			continue
		}
		require.Len(t, before, 1)
		following[before[0].(string)]++
		require.Equal(t, 1, following[before[0].(string)], "one after another")
	}
	require.LessOrEqual(t, first, identity.Lanes)
	require.Greater(t, first, 1)
}

// peopleZone is a zone in which three groups reach each of so many accounts.
func peopleZone(tb testing.TB, accounts, stacks int) *zone.Zone {
	var b strings.Builder
	b.WriteString("zone: large\nregions: {home: us-east-1, governed: [us-east-1]}\nemail: aws+{account}@example.com\nalerts: {recipients: [security@example.com]}\naccounts:\n")
	for i := range accounts {
		fmt.Fprintf(&b, "  - {name: team-%04d, ou: Workloads/NonProd}\n", i)
	}
	fmt.Fprintf(&b, "identityCenter:\n  enabled: true\n  stacks: %d\n  groups: [{name: developers}, {name: security}]\n  assignments:\n", stacks)
	b.WriteString("    - {group: developers, permissionSet: Developer, ous: [Workloads]}\n    - {group: developers, permissionSet: Administrator, ous: [Workloads]}\n    - {group: security, permissionSet: SecurityAudit, ous: [Workloads, Security]}\n")
	return zoneOf(tb, b.String())
}

func TestAThousandAccountsWithAccessStayWithinTheLimitsOfStacks(t *testing.T) {
	a := synthesize(t, peopleZone(t, 1000, 16))
	require.Len(t, granted(t, a), 3*1000+2)
	stacks := map[string]int{}
	for _, s := range identity.Resolve(a.zone).Stacks(a.zone) {
		id := "Identity"
		if s.Name != "" {
			id += "-" + s.Name
		}
		stacks[id] = s.Resources
	}
	require.Len(t, stacks, 16)
	for id, expected := range stacks {
		resources := len(a.stacks[id].resources(""))
		require.Equal(t, expected, resources, "%s has as many resources as check counts", id)
		require.LessOrEqual(t, resources, 500, id)
		require.True(t, a.protected[id], id)
		info, err := os.Stat(filepath.Join(a.dir, id+".template.json"))
		require.NoError(t, err)
		require.Less(t, info.Size(), int64(1_000_000), id)
	}
}

// withoutOrder are changes of resources but for those that only wait for another one from now on, to which
// CloudFormation does nothing.
func withoutOrder(before, after *assembly) []string {
	strip := func(a *assembly) *assembly {
		out := *a
		out.stacks = map[string]template{}
		for id, t := range a.stacks {
			copied := template{}
			for k, v := range t {
				copied[k] = v
			}
			resources := map[string]any{}
			for logical, r := range t["Resources"].(map[string]any) {
				without := map[string]any{}
				for k, v := range r.(map[string]any) {
					if k != "DependsOn" {
						without[k] = v
					}
				}
				resources[logical] = without
			}
			copied["Resources"] = resources
			out.stacks[id] = copied
		}
		return &out
	}
	return changes(strip(before), strip(after))
}

func TestAnEditOfAccessChangesThatAccessOnly(t *testing.T) {
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"an assignment is removed": {"    - {group: developers, permissionSet: Deployer, accounts: [orders-prod]}\n", "", []string{
			"- Identity/AssignmentordersproddevelopersDeployer AWS::SSO::Assignment",
		}},
		"an assignment is removed, and with it the last use of a built-in permission set": {
			"    - {group: \"security / on-call\", permissionSet: SecurityAudit, accounts: [audit, old-shop]}\n", "", []string{
				"- Identity/AccountTargetoldshop Custom::LandfallPolicyTarget",
				"- Identity/Assignmentauditsecurity2FoncallSecurityAudit AWS::SSO::Assignment",
				"- Identity/Assignmentoldshopsecurity2FoncallSecurityAudit AWS::SSO::Assignment",
				"- Identity/PermissionSetSecurityAudit AWS::SSO::PermissionSet",
			}},
		"an account is added below an assigned OU": {"  - {name: network,", "  - {name: orders-test, ou: Workloads/NonProd}\n  - {name: network,", []string{
			"+ Accounts/Accountorderstest Custom::LandfallAccount",
			"+ Identity/AccountTargetorderstest Custom::LandfallPolicyTarget",
			"+ Identity/AssignmentorderstestdevelopersDeveloper AWS::SSO::Assignment",
			"+ Identity/AssignmentorderstestdevelopersViewOnly AWS::SSO::Assignment",
			"+ Identity/AssignmentorderstestplatformAdministrator AWS::SSO::Assignment",
			"+ Identity/Assignmentorderstestsecurity2FoncallIncidentResponder AWS::SSO::Assignment",
		}},
		"an account is suspended": {"  - {name: orders-dev, ou: Workloads/NonProd}", "  - {name: orders-dev, ou: Workloads/NonProd, state: suspended}", []string{
			"~ Accounts/Accountordersdev Custom::LandfallAccount",
			"- Identity/AccountTargetordersdev Custom::LandfallPolicyTarget",
			"- Identity/AssignmentordersdevdevelopersDeveloper AWS::SSO::Assignment",
			"- Identity/AssignmentordersdevdevelopersViewOnly AWS::SSO::Assignment",
			"- Identity/AssignmentordersdevplatformAdministrator AWS::SSO::Assignment",
			"- Identity/Assignmentordersdevsecurity2FoncallIncidentResponder AWS::SSO::Assignment",
		}},
		"a permission set is changed": {"sessionHours: 8", "sessionHours: 4", []string{"~ Identity/PermissionSetDeveloper AWS::SSO::PermissionSet"}},
		"a group is added":            {"    - {name: developers}", "    - {name: developers}\n    - {name: auditors}", []string{"+ Identity/Groupauditors Custom::LandfallIdentityGroup"}},
		"reasons change":              {"used when pipelines fail; each use is reviewed", "used when everything else fails", nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, identityZone, c.old)
			before, after := assemblyOf(t, identityZone), assemblyOf(t, strings.Replace(identityZone, c.old, c.new, 1))
			require.ElementsMatch(t, c.want, withoutOrder(before, after))
			for _, change := range changes(before, after) {
				if strings.HasPrefix(change, "~ ") && !slices.Contains(c.want, change) {
					require.Contains(t, change, "AWS::SSO::Assignment", "only assignments wait for each other")
				}
			}
		})
	}
}

func TestGroupsOutliveTheirLines(t *testing.T) {
	for _, kind := range []string{resourcetype.IdentityCenter, resourcetype.IdentityGroup} {
		found := assemblyOf(t, identityZone).stacks["Identity"].resources(kind)
		require.NotEmpty(t, found)
		for _, r := range found {
			require.Equal(t, "Retain", r.all["DeletionPolicy"])
		}
	}
}
