package guardrail_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/zone"
)

func exampleConfig() *config.LandingZone {
	c := config.Default()
	c.Zone, c.Email = "example", "aws+{account}@example.com"
	c.Regions = config.Regions{Home: "us-east-1", Governed: []string{"us-east-1", "us-west-2"}}
	c.Accounts = []config.Account{
		{Name: "shared-network", OU: "Infrastructure"},
		{Name: "orders-prod", OU: "Workloads/Prod"},
		{Name: "billing-prod", OU: "Workloads/Prod"},
		{Name: "orders-dev", OU: "Workloads/NonProd"},
	}
	return c
}

func exampleZone(changes ...config.GuardrailChange) *zone.Zone {
	c := exampleConfig()
	c.Guardrails.Changes = changes
	return zone.Resolve(c)
}

func plan(t testing.TB, z *zone.Zone) []guardrail.Policy {
	t.Helper()
	policies, err := guardrail.Plan(z, catalogue(t))
	require.NoError(t, err)
	return policies
}

// targetsOf returns where the guardrail is attached, as text.
func targetsOf(policies []guardrail.Policy, id string) []string {
	var out []string
	for _, p := range policies {
		if slices.ContainsFunc(p.Statements, func(s guardrail.Source) bool { return s.GuardrailID == id }) {
			for _, t := range p.Targets {
				out = append(out, t.String())
			}
		}
	}
	return out
}

func TestTheDefaultZoneUsesAtMostHalfOfTheSlotsOfAnyTarget(t *testing.T) {
	slots := map[string]int{}
	for _, p := range plan(t, defaultZone(t)) {
		t.Logf("%-28s %-26s %5d of %5d characters", p.ID, p.Type, p.Size, p.Limit)
		assert.Equal(t, utf8.RuneCount(p.Content), p.Size)
		assert.LessOrEqual(t, p.Size, p.Limit*guardrail.FillPercent/100, p.ID)
		assert.LessOrEqual(t, len(p.Name), guardrail.PolicyNameLength)
		assert.LessOrEqual(t, len(p.Description), guardrail.PolicyDescriptionLength)
		if p.Type == guardrail.TypeSCP {
			for _, target := range p.Targets {
				slots[target.String()]++
			}
		}
	}
	for target, n := range slots {
		t.Logf("%s: %d of %d slots with FullAWSAccess", target, n+1, guardrail.SCPSlots)
		assert.LessOrEqual(t, n+1, 5, target)
	}
}

func TestEverythingFitsWithEveryGuardrailOnAndTheLongestNames(t *testing.T) {
	c := exampleConfig()
	c.Prefix = "abcdefghijklmnop"
	c.Guardrails.Levels = []string{config.LevelMandatory, config.LevelRecommended, config.LevelElective}
	c.Regions.Governed = nil
	for _, r := range config.KnownRegions() {
		c.Regions.Governed = append(c.Regions.Governed, r.Code)
	}
	for _, p := range plan(t, zone.Resolve(c)) {
		t.Logf("%-28s %5d of %5d", p.ID, p.Size, p.Limit)
		assert.LessOrEqual(t, p.Size, p.Limit)
		assert.NotContains(t, p.ID, ".1", "no document overflows")
	}
}

func TestAZoneThatDoesNotGovernUsEast1FitsToo(t *testing.T) {
	c := exampleConfig()
	c.Prefix = "abcdefghijklmnop"
	c.Guardrails.Levels = []string{config.LevelMandatory, config.LevelRecommended, config.LevelElective}
	c.Regions = config.Regions{Home: "eu-west-1"}
	for _, r := range config.KnownRegions() {
		if r.Code != zone.GlobalRegion {
			c.Regions.Governed = append(c.Regions.Governed, r.Code)
		}
	}
	for _, p := range plan(t, zone.Resolve(c)) {
		t.Logf("%-28s %5d of %5d", p.ID, p.Size, p.Limit)
		assert.NotContains(t, p.ID, ".1", "no document overflows")
	}
}

func TestTheDefaultZoneFitsIntoTheQuotasBeforeMay2026(t *testing.T) {
	c := exampleConfig()
	c.Guardrails.Quotas = config.QuotasCompatible
	slots := map[string]int{}
	for _, p := range plan(t, zone.Resolve(c)) {
		if p.Type != guardrail.TypeSCP {
			continue
		}
		t.Logf("%-28s %5d of %5d", p.ID, p.Size, p.Limit)
		assert.LessOrEqual(t, p.Size, guardrail.OldSCPSize)
		slots[p.Targets[0].String()]++
	}
	for target, n := range slots {
		assert.LessOrEqual(t, n+1, guardrail.OldSCPSlots, target)
	}
}

func TestUsEast1IsLimitedOnlyWhereItIsNotGoverned(t *testing.T) {
	assert.Empty(t, targetsOf(plan(t, exampleZone()), "limit-us-east-1"))
	c := exampleConfig()
	c.Regions = config.Regions{Home: "eu-west-1", Governed: []string{"eu-west-1"}}
	z := zone.Resolve(c)
	assert.Equal(t, []string{"root"}, targetsOf(plan(t, z), "limit-us-east-1"))
	d, err := guardrail.NewDecider(z, catalogue(t))
	require.NoError(t, err)
	path, err := d.Account("orders-prod")
	require.NoError(t, err)
	for action, denied := range map[string]bool{
		"acm:RequestCertificate": false, "cloudformation:CreateStack": false, "wafv2:CreateWebACL": false, "iam:CreateRole": false,
		"ec2:RunInstances": true, "sagemaker:CreateTrainingJob": true, "bedrock:InvokeModel": true,
	} {
		decision, err := path.Decide(policy.Request{Action: action, Resource: "*", Principal: guardrail.ExamplePrincipal, Context: guardrail.BaseContext(guardrail.ExamplePrincipal, "*")})
		require.NoError(t, err)
		assert.Equal(t, denied, decision.Denied(), action)
	}
}

func TestNoRegionIsOpenOnlyBecauseAlertsListenThere(t *testing.T) {
	z := exampleZone()
	d, err := guardrail.NewDecider(z, catalogue(t))
	require.NoError(t, err)
	path, err := d.Account("orders-prod")
	require.NoError(t, err)
	closed := 0
	for _, region := range append(slices.Clone(z.AlertRegions), "eu-central-1", "xx-future-9") {
		context := guardrail.BaseContext(guardrail.ExamplePrincipal, "*")
		context["aws:RequestedRegion"] = policy.Values{region}
		decision, err := path.Decide(policy.Request{Action: "lambda:CreateFunction", Resource: "*", Principal: guardrail.ExamplePrincipal, Context: context})
		require.NoError(t, err)
		assert.Equal(t, !slices.Contains(z.GovernedRegions, region), decision.Denied(), region)
		if decision.Denied() {
			closed++
		}
	}
	assert.Greater(t, closed, 2, "some alert Regions are not governed")
}

func TestTheDefaultZoneFitsBesideControlTower(t *testing.T) {
	c := exampleConfig()
	c.Guardrails.Quotas = config.QuotasControlTower
	slots := map[string]int{}
	for _, p := range plan(t, zone.Resolve(c)) {
		if p.Type == guardrail.TypeSCP {
			slots[p.Targets[0].String()]++
		}
	}
	for target, n := range slots {
		assert.LessOrEqual(t, n+1+guardrail.ControlTowerSlots, guardrail.SCPSlots, target)
	}
}

func TestEveryPolicyIsOneThatOrganizationsStores(t *testing.T) {
	c := exampleConfig()
	c.Guardrails.Levels = []string{config.LevelMandatory, config.LevelRecommended, config.LevelElective}
	for _, quotas := range []string{config.QuotasCurrent, config.QuotasCompatible} {
		c.Guardrails.Quotas = quotas
		policies, err := guardrail.Plan(zone.Resolve(c), catalogue(t))
		if quotas == config.QuotasCompatible && err != nil {
			require.ErrorContains(t, err, "switch off elective guardrails")
			continue
		}
		require.NoError(t, err)
		for _, p := range policies {
			kind, ok := map[string]policy.Kind{guardrail.TypeSCP: policy.SCP, guardrail.TypeRCP: policy.RCP}[p.Type]
			if !ok {
				continue
			}
			d, err := policy.Parse(p.Content)
			require.NoError(t, err)
			for _, problem := range policy.Validate(kind, d) {
				t.Errorf("%s: %v", p.ID, problem)
			}
		}
	}
}

func TestPlansAreTheSameEveryTime(t *testing.T) {
	assert.Equal(t, plan(t, exampleZone()), plan(t, exampleZone()))
}

func TestSwitchingOneGuardrailChangesAtMostOneDocumentOfATarget(t *testing.T) {
	all := plan(t, exampleZone())
	for _, g := range catalogue(t).Guardrails {
		change := config.GuardrailChange{ID: g.ID, State: config.StateOff, Reason: "to see what happens"}
		if g.Level == guardrail.Elective {
			change.State = config.StateOn
		}
		changed := map[string]int{}
		ids := map[string]guardrail.Policy{}
		for _, p := range all {
			ids[p.ID] = p
		}
		for _, p := range plan(t, exampleZone(change)) {
			if old, ok := ids[p.ID]; ok && string(old.Content) != string(p.Content) {
				changed[p.Type+p.Targets[0].String()]++
			}
		}
		for target, n := range changed {
			assert.LessOrEqual(t, n, 1, "%s changes %d documents of %s", g.ID, n, target)
		}
	}
}

func TestAGuardrailThatIsOffSomewhereIsAttachedToTheRest(t *testing.T) {
	const id = "deny-iam-users"
	for name, test := range map[string]struct {
		changes []config.GuardrailChange
		want    []string
	}{
		"unchanged":         {nil, []string{"root"}},
		"off everywhere":    {[]config.GuardrailChange{{ID: id, State: "off"}}, nil},
		"off in one OU":     {[]config.GuardrailChange{{ID: id, State: "off", OUs: []string{"Sandbox"}}}, []string{"OU Infrastructure", "OU Security", "OU Suspended", "OU Workloads"}},
		"off in a lower OU": {[]config.GuardrailChange{{ID: id, State: "off", OUs: []string{"Workloads/NonProd"}}}, []string{"OU Infrastructure", "OU Sandbox", "OU Security", "OU Suspended", "OU Workloads/Prod"}},
		"off in one account": {[]config.GuardrailChange{{ID: id, State: "off", Accounts: []string{"orders-prod"}}},
			[]string{"OU Infrastructure", "OU Sandbox", "OU Security", "OU Suspended", "OU Workloads/NonProd", "account billing-prod"}},
		"off, then on again in one account": {[]config.GuardrailChange{{ID: id, State: "off"}, {ID: id, State: "on", Accounts: []string{"orders-prod"}}}, []string{"account orders-prod"}},
		"on where it is on already":         {[]config.GuardrailChange{{ID: id, State: "on", OUs: []string{"Workloads/Prod"}}}, []string{"root"}},
		"made elective":                     {[]config.GuardrailChange{{ID: id, Level: "elective"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, targetsOf(plan(t, exampleZone(test.changes...)), id))
		})
	}
	t.Run("an elective one is on where the zone says", func(t *testing.T) {
		z := exampleZone(config.GuardrailChange{ID: "isolate-from-internet", State: "on", OUs: []string{"Workloads/Prod"}})
		assert.Equal(t, []string{"OU Workloads/Prod"}, targetsOf(plan(t, z), "isolate-from-internet"))
	})
}

func TestMistakesInChangesAreReportedTogether(t *testing.T) {
	z := exampleZone(
		config.GuardrailChange{ID: "deny-iam-user", State: "off"},
		config.GuardrailChange{ID: "deny-leaving-organization", State: "off"},
		config.GuardrailChange{ID: "protect-config", Level: "elective"},
		config.GuardrailChange{ID: "deny-iam-users", State: "off", OUs: []string{"Sandboxes"}, Accounts: []string{"order-prod"}},
		config.GuardrailChange{ID: "deny-iam-users", OUs: []string{"Sandbox"}},
		config.GuardrailChange{ID: "require-tls", Exempt: []string{"old-client"}},
		config.GuardrailChange{ID: "ec2-defaults", Exempt: []string{"old-client"}},
	)
	_, err := guardrail.Plan(z, catalogue(t))
	var problems guardrail.Problems
	require.ErrorAs(t, err, &problems)
	assert.Equal(t, strings.TrimSpace(`
guardrails.changes[0].id: there is no guardrail "deny-iam-user"; did you mean "deny-iam-users"?
guardrails.changes[1].reason: deny-leaving-organization is mandatory (Accounts stay in the organization); say why it is turned off, made weaker or spares roles
guardrails.changes[2].reason: protect-config is mandatory (AWS Config records everything and delivers it to the log archive); say why it is turned off, made weaker or spares roles
guardrails.changes[3].ous[0]: the zone has no OU "Sandboxes"; did you mean "Sandbox"?; it has Infrastructure, Sandbox, Security, Suspended, Workloads, Workloads/NonProd, Workloads/Prod
guardrails.changes[3].accounts[0]: the zone has no account "order-prod"; did you mean "orders-prod"?; it has log-archive, audit, billing-prod, orders-dev, orders-prod, shared-network
guardrails.changes[4].state: is missing; with ous or accounts it says whether the guardrail is on or off there
guardrails.changes[5].exempt[0]: require-tls also binds outsiders, who can make a role of any name; name a set of guardrails/exemptions.yaml whose patterns have account ids
guardrails.changes[6].exempt[0]: ec2-defaults binds everybody: policies of type DECLARATIVE_POLICY_EC2 know no exemptions; turn it off for an OU or account instead`),
		problems.Error())
}

func TestAnExemptRoleIsSparedAndNobodyCanMakeAnother(t *testing.T) {
	z := exampleZone(config.GuardrailChange{ID: "deny-iam-users", Exempt: []string{"mail-user-maker"}})
	d, err := guardrail.NewDecider(z, catalogue(t))
	require.NoError(t, err)
	path, err := d.Account("orders-prod")
	require.NoError(t, err)
	denied := func(action, resource, principal string) string {
		decision, err := path.Decide(policy.Request{Action: action, Resource: resource, Principal: principal, Context: guardrail.BaseContext(principal, resource)})
		require.NoError(t, err)
		if !decision.Denied() {
			return ""
		}
		return decision.Reasons[0].Guardrail.ID
	}
	const maker, other = "arn:aws:iam::111122223333:role/mail-user-maker", "arn:aws:iam::111122223333:role/orders"
	assert.Equal(t, "", denied("iam:CreateUser", "arn:aws:iam::111122223333:user/smtp", maker))
	assert.Equal(t, "deny-iam-users", denied("iam:CreateUser", "arn:aws:iam::111122223333:user/smtp", other))
	assert.Equal(t, "deny-iam-users", denied("iam:CreateUser", "arn:aws:iam::111122223333:user/smtp", "arn:aws:iam::111122223333:role/team/mail-user-maker"))
	for _, action := range []string{"iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:PassRole"} {
		assert.Equal(t, "protect-zone-resources", denied(action, maker, other), action)
		assert.Equal(t, "protect-zone-resources", denied(action, maker, maker), action)
		assert.Equal(t, "", denied(action, maker, "arn:aws:iam::111122223333:role/stacksets-exec-0a1b"), action)
	}
	assert.Equal(t, "", denied("sts:AssumeRole", maker, other), "its trust policy decides who may use it")
}

// Whoever can make, change or pass a role that a guardrail exempts is exempt.
func TestExemptPrincipalsCannotBeForged(t *testing.T) {
	c := catalogue(t)
	d, err := guardrail.NewDecider(defaultZone(t), c)
	require.NoError(t, err)
	account, err := d.OU("Workloads/Prod")
	require.NoError(t, err)
	forging := []string{
		"iam:CreateRole", "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy",
		"iam:PutRolePermissionsBoundary", "iam:DeleteRolePermissionsBoundary", "iam:TagRole", "iam:UpdateRole", "iam:PassRole", "sts:AssumeRole",
	}
	for name, set := range c.Exemptions {
		for _, pattern := range set.Principals {
			arn := strings.NewReplacer("arn:*:", "arn:aws:", "::*:", "::111122223333:", "{{prefix}}", "landfall").Replace(pattern)
			for _, fill := range []string{"", "x", "x/y", "x/../y", "-", "stacksets-exec-"} {
				role := strings.ReplaceAll(arn, "*", fill)
				for _, action := range forging {
					for _, principal := range set.Strangers {
						decision, err := account.Decide(policy.Request{Action: action, Resource: role, Principal: principal, Context: guardrail.BaseContext(principal, role)})
						require.NoError(t, err)
						assert.True(t, decision.Denied(), "%s: %s can %s %s", name, principal, action, role)
					}
				}
			}
		}
	}
}

// Packed documents decide as the guardrails one by one do, in today's packing and in the compact one.
func TestPackedAndUnpackedGuardrailsDecideAlike(t *testing.T) {
	c := catalogue(t)
	var cases []guardrail.Case
	for _, g := range c.Guardrails {
		for _, r := range slices.Concat(g.Proof.Denies, g.Proof.Allows) {
			cases = append(cases, c.Cases(r)...)
		}
	}
	compact := exampleConfig()
	compact.Guardrails.Quotas = config.QuotasCompatible
	for name, z := range map[string]*zone.Zone{"today's quotas": exampleZone(), "compact": zone.Resolve(compact)} {
		t.Run(name, func(t *testing.T) {
			d, err := guardrail.NewDecider(z, c)
			require.NoError(t, err)
			changed, err := c.For(z)
			require.NoError(t, err)
			judges := map[string]func(policy.Request) (bool, error){}
			for i := range changed.Guardrails {
				if g := &changed.Guardrails[i]; g.Type == guardrail.TypeSCP || g.Type == guardrail.TypeRCP {
					judges[g.ID], err = changed.Judge(g, changed.ZoneValues(z))
					require.NoError(t, err)
				}
			}
			rapid.Check(t, func(t *rapid.T) {
				ou := rapid.SampledFrom([]string{"Workloads/Prod", "Workloads/NonProd", "Sandbox", "Infrastructure", "Security"}).Draw(t, "OU")
				a, b := rapid.SampledFrom(cases).Draw(t, "action and context").Request, rapid.SampledFrom(cases).Draw(t, "resource and principal").Request
				r := policy.Request{Action: a.Action, Resource: b.Resource, Principal: b.Principal, Context: a.Context}
				path, err := d.OU(ou)
				require.NoError(t, err)
				got, err := path.Decide(r)
				require.NoError(t, err)
				var want []string
				for id, judge := range judges {
					denied, err := judge(r)
					require.NoError(t, err)
					if denied && reaches(d.Policies(), id, ou) {
						want = append(want, id)
					}
				}
				assert.Equal(t, len(want) > 0, got.Denied(), "%s on %s by %s: want %v, got %v", r.Action, r.Resource, r.Principal, want, got.Reasons)
				if got.Denied() {
					assert.Contains(t, want, got.Reasons[0].Guardrail.ID)
				}
			})
		})
	}
}

func reaches(policies []guardrail.Policy, id, ou string) bool {
	for _, p := range policies {
		if !slices.ContainsFunc(p.Statements, func(s guardrail.Source) bool { return s.GuardrailID == id }) {
			continue
		}
		for _, t := range p.Targets {
			if t.Root || t.OU != "" && (ou == t.OU || strings.HasPrefix(ou, t.OU+"/")) {
				return true
			}
		}
	}
	return false
}

func TestATargetThatIsFullSaysSoWithTheArithmetic(t *testing.T) {
	c := catalogue(t)
	for i := range 12 {
		g, _ := c.Find("deny-leaving-organization")
		more := *g
		more.ID, more.Document = fmt.Sprintf("zz-more-%02d", i), 10+i
		c.Guardrails = append(c.Guardrails, more)
	}
	_, err := guardrail.Plan(exampleZone(), c)
	require.ErrorContains(t, err, "the guardrails of root need 16 policies of type SERVICE_CONTROL_POLICY, but only 9 can be attached")
}

func BenchmarkDecideInTheDefaultZone(b *testing.B) {
	d, err := guardrail.NewDecider(defaultZone(b), catalogue(b))
	require.NoError(b, err)
	path, err := d.OU("Workloads/Prod")
	require.NoError(b, err)
	r := policy.Request{
		Action: "s3:GetObject", Resource: "arn:aws:s3:::orders/x", Principal: guardrail.ExamplePrincipal,
		Context: guardrail.BaseContext(guardrail.ExamplePrincipal, "arn:aws:s3:::orders/x"),
	}
	for b.Loop() {
		if _, err := path.Decide(r); err != nil {
			b.Fatal(err)
		}
	}
}
