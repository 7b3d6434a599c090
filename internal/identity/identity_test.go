package identity_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/zone"
)

const accounts = `zone: example
regions: {home: us-east-1, governed: [us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts:
  - {name: orders-prod, ou: Workloads/Prod}
  - {name: orders-dev, ou: Workloads/NonProd}
  - {name: old-shop, ou: Workloads/NonProd, state: suspended}
  - {name: network, ou: Infrastructure}
  - {name: try-out, ou: Sandbox}
`

func resolve(t require.TestingT, text string) *zone.Zone {
	c, problems := config.Parse("zone.yaml", []byte(text))
	require.NoError(t, problems.Err())
	return zone.Resolve(c)
}

// grants writes grants as account, group and permission set.
func grants(a identity.Access) []string {
	var out []string
	for _, g := range a.Grants {
		out = append(out, g.AccountName()+": "+g.Group+" "+g.PermissionSet)
	}
	return out
}

func TestAssignmentsReachTheAccountsThatTheyNameAndThoseBelowTheirOUs(t *testing.T) {
	a := identity.Resolve(resolve(t, accounts+`
identityCenter:
  groups: [{name: b}, {name: a}]
  assignments:
    - {group: a, permissionSet: ViewOnly, ous: [Workloads, Workloads/Prod], accounts: [orders-prod, old-shop]}
    - {group: b, permissionSet: SecurityAudit, ous: [Security], management: true}
    - {group: b, permissionSet: ViewOnly, ous: [Suspended]}
`))
	assert.Equal(t, []string{
		"the management account: b SecurityAudit",
		"audit: b SecurityAudit", "log-archive: b SecurityAudit",
		"old-shop: a ViewOnly", "old-shop: b ViewOnly",
		"orders-dev: a ViewOnly", "orders-prod: a ViewOnly",
	}, grants(a))
	assert.Equal(t, []config.IdentityGroup{{Name: "a"}, {Name: "b"}}, a.Groups)
}

func TestASuspendedAccountLosesTheAccessThatItsOUGave(t *testing.T) {
	a := identity.Resolve(resolve(t, accounts+"identityCenter: {groups: [{name: a}], assignments: [{group: a, permissionSet: ViewOnly, ous: [Workloads/NonProd]}]}\n"))
	assert.Equal(t, []string{"orders-dev: a ViewOnly"}, grants(a))
}

func TestPermissionSetsAreThoseOfTheFileAndTheBuiltInOnesThatAreNamed(t *testing.T) {
	a := identity.Resolve(resolve(t, accounts+`
identityCenter:
  groups: [{name: a}]
  permissionSets:
    - {name: Developer, sessionHours: 8}
    - {name: Deployer, managedPolicies: [ReadOnlyAccess], inlinePolicy: '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:Put*", "Resource": "*"}]}'}
  assignments:
    - {group: a, permissionSet: IncidentResponder, ous: [Workloads]}
`))
	names := map[string]identity.PermissionSet{}
	for _, s := range a.PermissionSets {
		names[s.Name] = s
	}
	assert.Equal(t, []string{"Deployer", "Developer", "IncidentResponder"}, slices.Sorted(maps.Keys(names)))
	assert.Equal(t, 8, names["Developer"].SessionHours)
	assert.Equal(t, []string{"PowerUserAccess"}, names["Developer"].ManagedPolicies, "keys that the file does not have are the built-in ones")
	assert.NotEmpty(t, names["Developer"].Description)
	assert.False(t, names["Developer"].BuiltIn)
	assert.Equal(t, 1, names["Deployer"].SessionHours)
	assert.True(t, names["Deployer"].Administers)
	assert.True(t, names["IncidentResponder"].BuiltIn)
	assert.False(t, names["IncidentResponder"].Administers)
}

func TestBuiltInPermissionSetsAreGood(t *testing.T) {
	sets := config.BuiltInPermissionSets()
	assert.True(t, slices.IsSortedFunc(sets, func(a, b config.PermissionSet) int { return strings.Compare(a.Name, b.Name) }))
	var b strings.Builder
	b.WriteString(accounts + "identityCenter:\n  groups: [{name: a}]\n  permissionSets:\n")
	for _, s := range sets {
		fmt.Fprintf(&b, "    - {name: Copy-of-%s, description: %q, managedPolicies: [%s], sessionHours: %d", s.Name, s.Description, strings.Join(s.ManagedPolicies, ", "), s.SessionHours)
		if s.InlinePolicy != "" {
			fmt.Fprintf(&b, ", inlinePolicy: %q", s.InlinePolicy)
		}
		b.WriteString("}\n")
	}
	assert.Empty(t, identity.Check(resolve(t, b.String())))
	for _, s := range sets {
		assert.Equal(t, s.Name == "Administrator", identity.Administers(s), s.Name)
	}
}

func TestWhatAdministersIAMIsKnownByItsPolicies(t *testing.T) {
	inline := func(statements string) config.PermissionSet {
		return config.PermissionSet{InlinePolicy: `{"Version": "2012-10-17", "Statement": [` + statements + `]}`}
	}
	for name, c := range map[string]struct {
		set  config.PermissionSet
		want bool
	}{
		"AdministratorAccess":         {config.PermissionSet{ManagedPolicies: []string{"ReadOnlyAccess", "AdministratorAccess"}}, true},
		"IAMFullAccess":               {config.PermissionSet{ManagedPolicies: []string{"IAMFullAccess"}}, true},
		"power users":                 {config.PermissionSet{ManagedPolicies: []string{"PowerUserAccess"}}, false},
		"everything":                  {inline(`{"Effect": "Allow", "Action": "*", "Resource": "*"}`), true},
		"everything of every service": {inline(`{"Effect": "Allow", "Action": "*:*", "Resource": "*"}`), true},
		"everything of services that start with ia": {inline(`{"Effect": "Allow", "Action": "ia?:*", "Resource": "*"}`), true},
		"a wildcard in IAM":                         {inline(`{"Effect": "Allow", "Action": ["s3:*", "IAM:attachrole*"], "Resource": "*"}`), true},
		"everything but S3":                         {inline(`{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}`), true},
		"everything but IAM":                        {inline(`{"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}`), false},
		"one role under a condition":                {inline(`{"Effect": "Allow", "Action": "iam:PutRolePolicy", "Resource": "arn:aws:iam::*:role/app/*", "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}`), true},
		"reading IAM":                               {inline(`{"Effect": "Allow", "Action": ["iam:Get*", "iam:List*"], "Resource": "*"}`), false},
		"passing roles":                             {inline(`{"Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}`), false},
		"denying IAM":                               {inline(`{"Effect": "Deny", "Action": "iam:*", "Resource": "*"}`), false},
		"no policy at all":                          {config.PermissionSet{}, false},
		"a policy that cannot be read":              {config.PermissionSet{InlinePolicy: "{"}, false},
		"any role through CloudFormation":           {config.PermissionSet{ManagedPolicies: []string{"AdministratorAccess-Amplify"}}, true},
		"roles of one service":                      {config.PermissionSet{ManagedPolicies: []string{"AdministratorAccess-AWSElasticBeanstalk"}}, false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, identity.Administers(c.set)) })
	}
}

func TestCheckSaysWhatIsWrongWithAccess(t *testing.T) {
	policy := func(text string) string {
		return "identityCenter: {groups: [{name: a}], permissionSets: [{name: Own, inlinePolicy: '" + text + "'}]}\n"
	}
	assigned := func(set, rest string) string {
		return "identityCenter: {groups: [{name: a}], assignments: [{group: a, permissionSet: " + set + ", " + rest + "}]}\n"
	}
	const reason = "breakGlass: true, reason: used when pipelines fail"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"an administrator in production": {assigned("Administrator", "ous: [Workloads]"),
			[]string{"identityCenter.assignments[a][Administrator]: the permission set administers IAM, and the group a would have it in production at all times (orders-prod); people should change production through pipelines"}},
		"an administrator of the management account and the security accounts": {assigned("Administrator", "ous: [Security, Sandbox, Infrastructure, Workloads], management: true"),
			[]string{"identityCenter.assignments[a][Administrator]: the permission set administers IAM, and the group a would have it in production at all times (the management account, log-archive, audit and 2 more); people should change production through pipelines"}},
		"an administrator elsewhere":               {assigned("Administrator", "ous: [Sandbox, Workloads/NonProd]"), nil},
		"break-glass in production":                {assigned("Administrator", "ous: [Workloads], management: true, "+reason), nil},
		"a developer in production":                {assigned("Developer", "ous: [Workloads/Prod]"), nil},
		"production is somewhere else":             {"identityCenter: {productionOUs: [Sandbox], groups: [{name: a}], assignments: [{group: a, permissionSet: Administrator, ous: [Workloads]}]}\n", nil},
		"a policy that is no JSON":                 {policy("{]}"), []string{`identityCenter.permissionSets[Own].inlinePolicy: the policy cannot be read: not JSON: invalid character ']'`}},
		"an action that does not exist":            {policy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetObjects", "s3:Get*"], "Resource": "*"}]}`), []string{"identityCenter.permissionSets[Own].inlinePolicy: statement 0 names an action that no service has [s3:GetObject]"}},
		"a policy with a principal":                {policy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}`), []string{`principal`}},
		"a policy without resources":               {policy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject"}]}`), []string{`a statement needs Resource or NotResource`}},
		"a policy that is too large":               {policy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::` + strings.Repeat("x", 10_200) + `"}]}`), []string{"identityCenter.permissionSets[Own].inlinePolicy: the policy has 10308 bytes without whitespace, and at most 10240 are allowed"}},
		"whitespace does not count":                {policy(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", ` + strings.Repeat(" ", 20_000) + ` "Resource": "*"}]}`), nil},
		"a permission set without policies":        {"identityCenter: {permissionSets: [{name: Own}]}\n", []string{"identityCenter.permissionSets[Own]: the permission set has no policy, so it would allow nothing"}},
		"long sessions of administrators":          {"identityCenter: {permissionSets: [{name: Administrator, sessionHours: 2}]}\n", []string{"identityCenter.permissionSets[Administrator].sessionHours: the permission set administers IAM, and sessions of such a set last one hour at most"}},
		"long sessions of administrators, for why": {"identityCenter: {permissionSets: [{name: Administrator, sessionHours: 2, reason: restores take longer}]}\n", nil},
		"long sessions of others":                  {"identityCenter: {permissionSets: [{name: Developer, sessionHours: 12}]}\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, p := range identity.Check(resolve(t, accounts+c.text)) {
				text := p.Path + ": " + p.Message
				if p.Nearest != "" {
					text += " [" + p.Nearest + "]"
				}
				got = append(got, text)
			}
			require.Len(t, got, len(c.want), "%v", got)
			for i := range c.want {
				assert.Contains(t, strings.ToLower(got[i]), strings.ToLower(c.want[i]))
			}
		})
	}
}

// large is a zone in which three groups reach each of so many accounts.
func large(t require.TestingT, n, stacks int) *zone.Zone {
	var b strings.Builder
	b.WriteString("zone: large\nregions: {home: us-east-1, governed: [us-east-1]}\nemail: aws+{account}@example.com\nalerts: {recipients: [security@example.com]}\naccounts:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {name: team-%04d, ou: Workloads/Prod}\n", i)
	}
	fmt.Fprintf(&b, "identityCenter:\n  stacks: %d\n  groups: [{name: a}, {name: b}, {name: c}]\n  assignments:\n", stacks)
	b.WriteString("    - {group: a, permissionSet: ViewOnly, ous: [Workloads]}\n    - {group: b, permissionSet: SecurityAudit, ous: [Workloads]}\n    - {group: c, permissionSet: Developer, ous: [Workloads]}\n")
	return resolve(t, b.String())
}

func TestAThousandAccountsFitIntoStacksAndCheckSaysHowMany(t *testing.T) {
	problems := identity.Check(large(t, 1000, 1))
	require.Len(t, problems, 1)
	assert.Equal(t, config.Problem{Path: "identityCenter.stacks", Value: "1", Fix: "write stacks: 16",
		Message: "3000 grants (each a group's permission set in an account), 3 groups and 3 permission sets with the look-ups of their accounts do not fit: each stack holds 450 resources, and the fullest one would have 4007"}, problems[0])
	assert.Empty(t, identity.Check(large(t, 1000, 16)))
	problems = identity.Check(large(t, config.MaxAccounts, 1))
	require.Len(t, problems, 1)
	assert.Equal(t, "write stacks: 64", problems[0].Fix)
	assert.Empty(t, identity.Check(large(t, config.MaxAccounts, 64)))
}

func TestWhatNoNumberOfStacksHoldsIsRefusedWithTheNumbers(t *testing.T) {
	var b strings.Builder
	b.WriteString(accounts + "identityCenter:\n  groups: [")
	for i := range 230 {
		fmt.Fprintf(&b, "{name: g%d}, ", i)
	}
	b.WriteString("{name: last}]\n  assignments:\n")
	for i := range 230 {
		fmt.Fprintf(&b, "    - {group: g%d, permissionSet: ViewOnly, accounts: [orders-prod]}\n    - {group: g%d, permissionSet: ReadOnly, accounts: [orders-prod]}\n", i, i)
	}
	problems := identity.Check(resolve(t, b.String()))
	require.Len(t, problems, 1)
	assert.Contains(t, problems[0].Message, "460 grants (each a group's permission set in an account), 231 groups and 2 permission sets do not fit into the 256 stacks")
}

// With twice as many stacks, grants go to stacks that come later, so that each is removed in one stack before another makes it.
func TestMoreStacksTakeGrantsFromEarlierOnesOnly(t *testing.T) {
	z := large(t, 300, 1)
	access := identity.Resolve(z)
	at := func(n int) (map[string]string, []string) {
		z := *z
		z.IdentityCenter.Stacks = n
		where, order := map[string]string{}, []string{}
		total := 0
		for _, s := range access.Stacks(&z) {
			order = append(order, s.Name)
			total += len(s.Grants)
			for _, g := range s.Grants {
				where[g.ID()] = s.Name
			}
		}
		require.Equal(t, len(access.Grants), total)
		require.Len(t, order, n)
		return where, order
	}
	for n := 1; n < identity.MaxStacks; n *= 2 {
		for more := 2 * n; more <= identity.MaxStacks; more *= 2 {
			before, _ := at(n)
			after, order := at(more)
			moved := 0
			for id, former := range before {
				if now := after[id]; now != former {
					moved++
					require.Less(t, slices.Index(order, former), slices.Index(order, now))
				}
			}
			require.NotZero(t, moved)
		}
	}
}

func TestNoTwoGrantsHaveTheSameID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom([]rune("a%|/25F7C")), 1, 6, -1)
		grant := rapid.Custom(func(t *rapid.T) identity.Grant {
			g := identity.Grant{Group: name.Draw(t, "group"), PermissionSet: name.Draw(t, "set")}
			if rapid.Bool().Draw(t, "member") {
				g.Account = zone.Account{Name: name.Draw(t, "account"), Key: "accounts"}
			}
			return g
		})
		a, b := grant.Draw(t, "a"), grant.Draw(t, "b")
		same := a.Account.Name == b.Account.Name && a.Group == b.Group && a.PermissionSet == b.PermissionSet
		assert.Equal(t, same, a.ID() == b.ID())
		assert.NotContains(t, a.ID(), "/")
		assert.Less(t, a.Lane(), identity.Lanes)
		assert.GreaterOrEqual(t, a.Lane(), 0)
	})
}
