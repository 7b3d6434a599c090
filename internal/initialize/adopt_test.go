package initialize_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/initialize"
)

var update = flag.Bool("update", false, "write the golden files")

const management = "111122223333"

// org makes an organization of accounts given as "id name in unit", and units given as "id name in parent"; every address follows one pattern.
func org(units []initialize.Unit, accounts ...initialize.Account) *initialize.Organization {
	o := &initialize.Organization{ID: "o-exampleorgid", ManagementAccountID: management, AllFeatures: true, PolicyTypes: []string{"SERVICE_CONTROL_POLICY"}, RootPolicies: 1,
		Units: units, Delegated: map[string][]string{},
		Accounts: []initialize.Account{{ID: management, Name: "management", Email: "aws@example.com", State: "ACTIVE"}}}
	for _, a := range accounts {
		if a.State == "" {
			a.State = "ACTIVE"
		}
		if a.Email == "" {
			a.Email = config.EmailFor("aws+{account}@example.com", a.Name)
		}
		o.Accounts = append(o.Accounts, a)
	}
	return o
}

func adopt(t *testing.T, o *initialize.Organization, c initialize.Choices) (*initialize.Adoption, *config.LandingZone) {
	t.Helper()
	got, err := initialize.Adopt(o, answers(), c)
	require.NoError(t, err)
	file, problems := config.Parse("zone.yaml", []byte(got.Text))
	require.Empty(t, problems, got.Text)
	return got, file
}

// said returns the findings about a thing, one a line, with their levels.
func said(a *initialize.Adoption, about string) string {
	var b strings.Builder
	for _, f := range a.Findings {
		if f.About == about {
			fmt.Fprintf(&b, "%s: %s; %s\n", f.Level, f.Message, f.Do)
		}
	}
	return b.String()
}

func TestTheFileOfAnOrganizationThatControlTowerGoverns(t *testing.T) {
	o := org([]initialize.Unit{{ID: "ou-1", Name: "Security"}, {ID: "ou-2", Name: "Sandbox"}, {ID: "ou-3", Name: "workloads"}, {ID: "ou-4", ParentID: "ou-3", Name: "Prod"}, {ID: "ou-5", Name: "Suspended"}},
		initialize.Account{ID: "222222222222", Name: "Log Archive", UnitID: "ou-1"},
		initialize.Account{ID: "333333333333", Name: "Audit", UnitID: "ou-1"},
		initialize.Account{ID: "444444444444", Name: "orders", UnitID: "ou-4", Tags: map[string]string{"team": "orders", "aws:created": "x", "landfall:zone": "example"}},
		initialize.Account{ID: "555555555555", Name: "forensics {team}", UnitID: "ou-1"},
		initialize.Account{ID: "666666666666", Name: "bastion{old}"},
		initialize.Account{ID: "777777777777", Name: "gone", UnitID: "ou-5", State: "PENDING_CLOSURE"},
	)
	o.TrustedAccess = []string{"config.amazonaws.com", "controltower.amazonaws.com"}
	o.Delegated["config.amazonaws.com"] = []string{"333333333333"}
	o.Delegated["access-analyzer.amazonaws.com"] = []string{"555555555555"}
	got, file := adopt(t, o, initialize.Choices{})
	assert.Equal(t, config.QuotasControlTower, file.Guardrails.Quotas)
	assert.False(t, file.Services.Config.Enabled, "Control Tower records")
	assert.False(t, file.Services.SecurityHub.Enabled)
	assert.Empty(t, got.Moves, "Control Tower's accounts lie where the zone wants them")
	golden := filepath.Join("testdata", "control-tower.yaml")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(got.Text), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err, "run with -update")
	assert.Equal(t, string(want), got.Text)
}

func TestAnOUThatDiffersInCaseFromOneOfEveryZoneStopsTheDeploy(t *testing.T) {
	got, file := adopt(t, org([]initialize.Unit{{ID: "ou-1", Name: "workloads"}, {ID: "ou-2", ParentID: "ou-1", Name: "PROD"}, {ID: "ou-3", ParentID: "ou-1", Name: "Staging"}},
		initialize.Account{ID: "444444444444", Name: "orders", UnitID: "ou-2"}), initialize.Choices{})
	assert.Equal(t, "Workloads/Prod", file.Accounts[0].OU, "the OU as it is after the renaming")
	assert.Equal(t, []string{"Workloads/Staging"}, file.OrganizationalUnits)
	assert.Contains(t, said(got, "OU workloads"), "blocker: every zone has the OU Workloads")
	assert.Contains(t, said(got, "OU workloads"), "--organizational-unit-id ou-1 --name Workloads")
	assert.Contains(t, said(got, "OU workloads/PROD"), "--organizational-unit-id ou-2 --name Prod")
	assert.Empty(t, got.Moves)
	assert.Contains(t, got.Text, "#   BLOCKER: OU workloads:")
}

func TestAnAccountBelowTheRootMovesOnlyWhenItIsTold(t *testing.T) {
	o := org(nil, initialize.Account{ID: "444444444444", Name: "orders"})
	got, file := adopt(t, o, initialize.Choices{})
	assert.Empty(t, file.Accounts)
	assert.Empty(t, got.Moves)
	assert.Contains(t, said(got, "root"), "1 account lies directly below it")

	got, file = adopt(t, o, initialize.Choices{DefaultOU: "Sandbox"})
	require.Len(t, file.Accounts, 1)
	assert.Equal(t, "Sandbox", file.Accounts[0].OU)
	assert.Equal(t, []initialize.Move{{Account: "orders", ID: "444444444444", From: "", To: "Sandbox"}}, got.Moves)
	assert.Contains(t, got.Text, "  # A deploy moves it here from the root.\n  - name: orders\n")
	assert.Empty(t, said(got, "root"))
}

func TestNamesThatTheFileCannotExpressAreReplacedAndTheIdDecides(t *testing.T) {
	team := []initialize.Unit{{ID: "ou-1", Name: "Team"}}
	for name, c := range map[string]struct {
		accounts []initialize.Account
		// want are the names of the lines, by id.
		want map[string]string
	}{
		"two accounts of one name both get their ids": {
			[]initialize.Account{{ID: "222222222222", Name: "orders"}, {ID: "333333333333", Name: "Orders", Email: "b@example.com"}},
			map[string]string{"222222222222": "orders-222222222222", "333333333333": "Orders-333333333333"}},
		"a name that looks like another one's with its id": {
			[]initialize.Account{{ID: "222222222222", Name: "orders"}, {ID: "333333333333", Name: "orders", Email: "b@example.com"}, {ID: "444444444444", Name: "orders-222222222222"}},
			map[string]string{"222222222222": "orders-222222222222-2", "333333333333": "orders-333333333333", "444444444444": "orders-222222222222"}},
		"the name of the audit account": {
			[]initialize.Account{{ID: "222222222222", Name: "security", UnitID: "ou-1"}, {ID: "333333333333", Name: "SECURITY", Email: "b@example.com"}},
			map[string]string{"333333333333": "SECURITY-333333333333"}},
		"a name that the zone keeps for itself": {
			[]initialize.Account{{ID: "222222222222", Name: "Landfall-tools"}}, map[string]string{"222222222222": "account-Landfall-tools"}},
		"letters beyond ASCII": {
			[]initialize.Account{{ID: "222222222222", Name: "Zürich"}}, map[string]string{"222222222222": "Z-rich"}},
		"nothing but letters beyond ASCII": {
			[]initialize.Account{{ID: "222222222222", Name: "日本", Email: "a@example.com"}}, map[string]string{"222222222222": "account"}},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range c.accounts {
				c.accounts[i].UnitID = "ou-1"
			}
			choices := initialize.Choices{Audit: initialize.New}
			if c.accounts[0].Name == "security" {
				choices.Audit = c.accounts[0].ID
			}
			got, file := adopt(t, org(team, c.accounts...), choices)
			names := map[string]string{}
			for _, a := range file.Accounts {
				names[a.ID] = a.Name
			}
			assert.Equal(t, c.want, names)
			for _, a := range c.accounts {
				if n := c.want[a.ID]; n != "" && n != a.Name {
					assert.Contains(t, said(got, fmt.Sprintf("account %s (%s)", a.Name, a.ID)), "note: the file calls it "+n)
				}
			}
		})
	}
}

func TestAnAddressThatFollowsThePatternHasNoLine(t *testing.T) {
	_, file := adopt(t, org([]initialize.Unit{{ID: "ou-1", Name: "Team"}}, initialize.Account{ID: "222222222222", Name: "Ship Ments", Email: "AWS+ship-ments@Example.com", UnitID: "ou-1"},
		initialize.Account{ID: "333333333333", Name: "orders", Email: "root@example.com", UnitID: "ou-1"}), initialize.Choices{})
	assert.Equal(t, "root@example.com", file.Accounts[0].Email)
	assert.Empty(t, file.Accounts[1].Email)
}

func TestWhatTheFileCannotTakeInIsLeftOutWithTheReason(t *testing.T) {
	units := []initialize.Unit{{ID: "ou-1", Name: "Suspended"}, {ID: "ou-2", Name: "Security"}, {ID: "ou-3", ParentID: "ou-2", Name: "Tools"}, {ID: "ou-4", Name: "R/D"},
		{ID: "ou-5", Name: "landfall-own"}, {ID: "ou-6", ParentID: "ou-4", Name: "Below"}, {ID: "ou-7", Name: "Team"}, {ID: "ou-8", Name: "evil\nprefix: evil"}}
	got, file := adopt(t, org(units,
		initialize.Account{ID: "200000000001", Name: "parked", UnitID: "ou-1"},
		initialize.Account{ID: "200000000002", Name: "forensics", UnitID: "ou-2"},
		initialize.Account{ID: "200000000003", Name: "tools", UnitID: "ou-3"},
		initialize.Account{ID: "200000000004", Name: "research", UnitID: "ou-4"},
		initialize.Account{ID: "200000000005", Name: "own", UnitID: "ou-5"},
		initialize.Account{ID: "200000000006", Name: "below", UnitID: "ou-6"},
		initialize.Account{ID: "200000000007", Name: "quoted", Email: `"a b"@example.com`, UnitID: "ou-7"},
		initialize.Account{ID: "200000000008", Name: "soon", State: "PENDING_ACTIVATION", UnitID: "ou-7"},
		initialize.Account{ID: "200000000009", Name: "x\nprefix: evil", UnitID: "ou-8"},
	), initialize.Choices{})
	assert.Empty(t, file.Accounts)
	assert.Equal(t, []string{"Team"}, file.OrganizationalUnits)
	assert.Equal(t, config.Default().Prefix, file.Prefix, "no name ends a comment")
	reasons := map[string]string{}
	for _, o := range got.LeftOut {
		reasons[o.ID] = o.Reason
	}
	for id, want := range map[string]string{
		management:     "it is the management account",
		"200000000001": "the OU Suspended holds suspended accounts only",
		"200000000002": "the OU Security holds the log-archive and audit accounts only",
		"200000000003": "its OU lies below Security",
		"200000000004": "its OU R/D has a / in its name",
		"200000000005": "its OU landfall-own has a name that is reserved",
		"200000000006": "its OU R/D has a / in its name",
		"200000000007": "the file cannot express its address",
		"200000000008": "it is not activated yet",
		"200000000009": "its OU has the name \"evil\\nprefix: evil\"",
	} {
		assert.Contains(t, reasons[id], want)
	}
	assert.Contains(t, said(got, "account parked (200000000001)"), "warning: it is active and lies in the OU Suspended")
	assert.Contains(t, said(got, "account forensics (200000000002)"), "warning: it lies in the OU Security")
}

func TestTagsThatTheFileCannotExpressStayOnTheAccount(t *testing.T) {
	got, file := adopt(t, org([]initialize.Unit{{ID: "ou-1", Name: "Team"}}, initialize.Account{ID: "222222222222", Name: "orders", UnitID: "ou-1",
		Tags: map[string]string{"team": "", "aws:x": "y", "landfall:zone": "z", "landfall-x": "y", "q&a": "y", "a": "<b>"}}), initialize.Choices{})
	assert.Equal(t, map[string]string{"team": ""}, file.Accounts[0].Tags)
	assert.Contains(t, said(got, "account orders (222222222222)"), "cannot express its tags a, landfall-x, q&a, which stay")
}

func TestTheSecurityAccountsAreGuessed(t *testing.T) {
	core := []initialize.Unit{{ID: "ou-1", Name: "Core"}}
	for name, c := range map[string]struct {
		accounts  []initialize.Account
		delegated map[string][]string
		// logArchive and audit are the ids that are expected, "" for new accounts.
		logArchive, audit string
		newAudit          string
	}{
		"by the names that Control Tower gives": {
			accounts:   []initialize.Account{{ID: "222222222222", Name: "Log archive", UnitID: "ou-1"}, {ID: "333333333333", Name: "Audit", UnitID: "ou-1"}},
			logArchive: "222222222222", audit: "333333333333"},
		"by usual names": {
			accounts:   []initialize.Account{{ID: "222222222222", Name: "central-logging", UnitID: "ou-1"}, {ID: "333333333333", Name: "Security_Tooling", UnitID: "ou-1"}},
			logArchive: "222222222222", audit: "333333333333"},
		"by who administers security services, before any name": {
			accounts:  []initialize.Account{{ID: "222222222222", Name: "audit", UnitID: "ou-1"}, {ID: "333333333333", Name: "blue-team", UnitID: "ou-1"}},
			delegated: map[string][]string{"guardduty.amazonaws.com": {"333333333333"}, "securityhub.amazonaws.com": {"333333333333"}},
			audit:     "333333333333"},
		"not when two accounts administer them": {
			accounts:  []initialize.Account{{ID: "222222222222", Name: "audit", UnitID: "ou-1"}, {ID: "333333333333", Name: "blue-team", UnitID: "ou-1"}, {ID: "444444444444", Name: "red-team", UnitID: "ou-1"}},
			delegated: map[string][]string{"guardduty.amazonaws.com": {"333333333333"}, "macie.amazonaws.com": {"444444444444"}},
			audit:     "222222222222"},
		"not by who administers AWS Config only": {
			accounts:  []initialize.Account{{ID: "222222222222", Name: "audit", UnitID: "ou-1"}, {ID: "333333333333", Name: "blue-team", UnitID: "ou-1"}},
			delegated: map[string][]string{"config.amazonaws.com": {"333333333333"}},
			audit:     "222222222222"},
		"not when two names are alike": {
			accounts: []initialize.Account{{ID: "222222222222", Name: "audit", UnitID: "ou-1", Email: "a@example.com"}, {ID: "333333333333", Name: "Audit", UnitID: "ou-1", Email: "b@example.com"}},
			newAudit: "audit-2"},
		"not a closed account, whose address stays taken": {
			accounts: []initialize.Account{{ID: "333333333333", Name: "former", Email: "AWS+audit@example.com", UnitID: "ou-1", State: "CLOSED"}},
			newAudit: "audit-2"},
		"nobody": {newAudit: "audit"},
	} {
		t.Run(name, func(t *testing.T) {
			o := org(core, c.accounts...)
			if c.delegated != nil {
				o.Delegated = c.delegated
			}
			got, file := adopt(t, o, initialize.Choices{})
			assert.Equal(t, c.logArchive, file.Security.LogArchive.ID)
			assert.Equal(t, c.audit, file.Security.Audit.ID)
			if c.newAudit != "" {
				assert.Equal(t, config.SecurityAccount{Name: c.newAudit}, file.Security.Audit)
				assert.Contains(t, got.Creates, initialize.Creation{Kind: "account", Name: c.newAudit})
			} else {
				assert.Contains(t, said(got, "audit account"), "warning: It is account ")
				assert.Contains(t, said(got, "audit account"), "--audit new")
			}
			for _, m := range got.Moves {
				assert.Equal(t, "Security", m.To)
				assert.Equal(t, "Core", m.From)
			}
		})
	}
}

func TestEachServiceThatAnotherAccountAdministersIsNamed(t *testing.T) {
	o := org([]initialize.Unit{{ID: "ou-1", Name: "Core"}}, initialize.Account{ID: "333333333333", Name: "blue-team", UnitID: "ou-1"})
	for _, p := range []string{"guardduty", "securityhub", "access-analyzer", "config", "inspector2", "macie", "detective", "sso"} {
		o.Delegated[p+".amazonaws.com"] = []string{"333333333333"}
	}
	got, _ := adopt(t, o, initialize.Choices{Audit: initialize.New})
	assert.Contains(t, said(got, "GuardDuty"), "blocker: blue-team (333333333333) administers it")
	assert.Contains(t, said(got, "GuardDuty"), "services.guardDuty.enabled: false")
	assert.Contains(t, said(got, "Security Hub"), "blocker: ")
	assert.Contains(t, said(got, "IAM Access Analyzer"), "aws organizations deregister-delegated-administrator --account-id 333333333333 --service-principal access-analyzer.amazonaws.com")
	assert.Contains(t, said(got, "AWS Config"), "note: blue-team (333333333333) administers it too", "AWS Config takes three")
	for _, s := range []string{"Inspector", "Macie", "Detective"} {
		assert.Contains(t, said(got, s), "note: blue-team (333333333333) administers it for the organization, and goes on to", s)
	}
	o.Delegated["config.amazonaws.com"] = []string{"333333333333", "444444444444", "555555555555"}
	got, _ = adopt(t, o, initialize.Choices{Audit: initialize.New})
	assert.Contains(t, said(got, "AWS Config"), "blocker: ")

	o.TrustedAccess = []string{"controltower.amazonaws.com"}
	got, _ = adopt(t, o, initialize.Choices{Audit: initialize.New})
	for _, s := range []string{"AWS Config", "Security Hub"} {
		assert.NotContains(t, said(got, s), "blocker: ", "the file leaves it off beside Control Tower")
	}
	got, _ = adopt(t, o, initialize.Choices{Audit: "blue-team"})
	assert.Empty(t, said(got, "GuardDuty"), "the audit account may administer it")
}

func TestWhatBindsOrStopsTheWholeOrganizationIsSaid(t *testing.T) {
	o := org(nil)
	o.AllFeatures, o.RootPolicies, o.PolicyTypes = false, 4, []string{"TAG_POLICY", "SERVICE_CONTROL_POLICY"}
	o.TrustedAccess = []string{"config.amazonaws.com", "cloudtrail.amazonaws.com"}
	got, _ := adopt(t, o, initialize.Choices{})
	assert.Contains(t, said(got, "organization"), "blocker: it has consolidated billing only")
	assert.Contains(t, said(got, "root"), "note: 3 service control policies of yours are attached to it")
	assert.Contains(t, said(got, "policy types"), "SERVICE_CONTROL_POLICY, TAG_POLICY are enabled already")
	assert.Contains(t, said(got, "AWS Config"), "may have a recorder")
	assert.Contains(t, said(got, "CloudTrail"), "second copy")
	assert.Contains(t, said(got, "Regions"), "warning: an organization does not tell where its accounts work. The file governs eu-central-1")
}

func TestTheEmailPatternIsWhatMostAddressesHaveInCommon(t *testing.T) {
	for name, c := range map[string]struct {
		accounts []initialize.Account
		want     string
		n        int
	}{
		"a plus address": {[]initialize.Account{{Name: "orders", Email: "aws+orders@example.com"}, {Name: "Ship Ments", Email: "AWS+ship-ments@example.com"}, {Name: "x", Email: "root@example.org"}}, "aws+{account}@example.com", 2},
		"a suffix":       {[]initialize.Account{{Name: "orders", Email: "orders-aws@example.com"}, {Name: "pay", Email: "pay-aws@example.com"}}, "{account}-aws@example.com", 2},
		"one alone":      {[]initialize.Account{{Name: "orders", Email: "aws+orders@example.com"}}, "", 0},
		"none":           {[]initialize.Account{{Name: "orders", Email: "one@example.com"}, {Name: "pay", Email: "two@example.com"}}, "", 0},
		"a name without letters that an address can carry": {[]initialize.Account{{Name: "日本", Email: "a@example.com"}, {Name: "東京", Email: "b@example.com"}}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			pattern, n := initialize.GuessEmail(org(nil, c.accounts...))
			assert.Equal(t, c.want, pattern)
			assert.Equal(t, c.n, n)
		})
	}
	a := answers()
	a.Email = ""
	_, err := initialize.Adopt(org(nil), a, initialize.Choices{})
	var choice *initialize.ChoiceError
	require.ErrorAs(t, err, &choice)
	assert.Equal(t, "Email", choice.Choice)
}

// large makes an organization whose accounts lie in one OU, or directly below the root.
func large(n int, unit string) *initialize.Organization {
	o := org([]initialize.Unit{{ID: "ou-1", Name: "Customers and their many business units"}})
	for i := range n {
		o.Accounts = append(o.Accounts, initialize.Account{ID: fmt.Sprintf("%012d", i+1), Name: fmt.Sprintf("customer-with-a-rather-long-name-%05d", i), Email: fmt.Sprintf("aws+customer-%05d@long.example.com", i),
			State: "ACTIVE", UnitID: unit, Tags: map[string]string{"cost-center": fmt.Sprint(i), "team": "the team that owns the account", "environment": "production"}})
	}
	return o
}

func TestFiveThousandAccountsFitIntoOneFile(t *testing.T) {
	got, file := adopt(t, large(config.MaxAccounts, "ou-1"), initialize.Choices{})
	assert.Len(t, file.Accounts, config.MaxAccounts)
	assert.LessOrEqual(t, len(got.Text), config.MaxFileBytes)
	assert.Contains(t, said(got, "tags"), "warning: with the accounts' tags the file would be larger", "tags stay on the accounts")
	got, file = adopt(t, large(config.MaxAccounts, ""), initialize.Choices{})
	assert.Empty(t, file.Accounts)
	assert.Len(t, got.LeftOut, config.MaxAccounts+1)
	got, _ = adopt(t, large(2*config.MaxAccounts, ""), initialize.Choices{})
	assert.LessOrEqual(t, len(got.Text), config.MaxFileBytes)
	assert.Contains(t, got.Text, "#   and 9950 more, which landfall init --json lists\n")
	got, file = adopt(t, large(config.MaxAccounts, ""), initialize.Choices{DefaultOU: "Workloads/Prod"})
	assert.Len(t, file.Accounts, config.MaxAccounts)
	assert.Len(t, got.Moves, config.MaxAccounts)
	assert.Contains(t, got.Text, "and 4950 more, which")
}

func BenchmarkAdopt(b *testing.B) {
	o := large(config.MaxAccounts, "ou-1")
	for b.Loop() {
		if _, err := initialize.Adopt(o, answers(), initialize.Choices{}); err != nil {
			b.Fatal(err)
		}
	}
}
