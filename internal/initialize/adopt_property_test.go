package initialize_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/initialize"
)

// hostile are names that YAML, shells or this package could take for something else.
var hostile = []string{"yes", "No", "null", "~", "true", "0123", "1e3", "0x1F", "a: b", "a #b", "#a", "- a", "? a", "{a}", "[a]", "&a", "*a", "!a", "%a", "@a", "`a`",
	"'a'", `"a"`, `a\b`, "a\nprefix: evil", "a\tb", " a", "a ", "ä", "日本", "é\u0301", "a\u2028b", "a\u00a0b", "landfall-x", "Landfall:y", "a/b", "/", "", "audit", "Audit",
	"log-archive", "LOG-ARCHIVE", "Log Archive", "security", "Suspended", "workloads", "Prod", "{account}", "...", "---", "<<", "=", "a:", ":a", "a,b", "|", ">", "on", "Infrastructure"}

func name(t *rapid.T, label string) string {
	return rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringMatching(`[ -~]{1,60}`), rapid.String(), rapid.StringMatching(`[a-z]{1,3}(-(prod|dev))?`)).Draw(t, label)
}

// organizations draws an organization that AWS could hold: siblings differ in more than case, e-mail addresses are unique.
func organizations(t *rapid.T) *initialize.Organization {
	o := &initialize.Organization{ID: "o-exampleorgid", ManagementAccountID: "111122223333", AllFeatures: rapid.Bool().Draw(t, "all"), Delegated: map[string][]string{}}
	depth, siblings := map[string]int{"": 0}, map[string]bool{}
	parents := []string{""}
	for i := range rapid.IntRange(0, 12).Draw(t, "units") {
		parent := rapid.SampledFrom(parents).Draw(t, "parent")
		n := rapid.OneOf(rapid.SampledFrom(append(hostile, "Security", "Workloads", "workLoads", "prod")), rapid.String(), rapid.StringMatching(`[ -~]{1,130}`)).Draw(t, "ou")
		if key := parent + "|" + strings.ToLower(n); n == "" || siblings[key] || depth[parent] == config.MaxOUDepth {
			continue
		} else {
			siblings[key] = true
		}
		id := fmt.Sprintf("ou-%d", i)
		depth[id] = depth[parent] + 1
		parents = append(parents, id)
		o.Units = append(o.Units, initialize.Unit{ID: id, ParentID: parent, Name: n})
	}
	emails := map[string]bool{}
	for i := range rapid.IntRange(0, 12).Draw(t, "accounts") {
		a := initialize.Account{ID: fmt.Sprintf("%012d", 7*i), Name: name(t, "name"), UnitID: rapid.SampledFrom(parents).Draw(t, "in"), Tags: map[string]string{}}
		if i == 0 {
			a.ID = o.ManagementAccountID
		}
		a.State = rapid.SampledFrom([]string{"ACTIVE", "ACTIVE", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED", "PENDING_ACTIVATION", "NEW_WORD"}).Draw(t, "state")
		a.Email = rapid.OneOf(
			rapid.Just(config.EmailFor("aws+{account}@example.com", a.Name)),
			rapid.Custom(func(t *rapid.T) string {
				return fmt.Sprintf("aws+%s@example.com", rapid.SampledFrom([]string{"audit", "log-archive", "x"}).Draw(t, "who"))
			}),
			rapid.Just(fmt.Sprintf("Root.%d@Example.com", i)),
			rapid.StringMatching(`[a-z"%.]{1,3}@[a-z]{1,3}\.com`),
		).Draw(t, "email")
		if emails[strings.ToLower(a.Email)] {
			continue
		}
		emails[strings.ToLower(a.Email)] = true
		for range rapid.IntRange(0, 3).Draw(t, "tags") {
			k := rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringMatching(`[\p{L}\p{Z}\p{N}_.:/=+@-]{1,130}`)).Draw(t, "key")
			a.Tags[k] = rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringMatching(`[\p{L}\p{Z}\p{N}_.:/=+@-]{0,260}`)).Draw(t, "value")
		}
		o.Accounts = append(o.Accounts, a)
	}
	for _, p := range []string{"controltower.amazonaws.com", "config.amazonaws.com", "cloudtrail.amazonaws.com"} {
		if rapid.Bool().Draw(t, p) {
			o.TrustedAccess = append(o.TrustedAccess, p)
		}
	}
	for _, p := range []string{"guardduty.amazonaws.com", "config.amazonaws.com", "macie.amazonaws.com"} {
		if len(o.Accounts) > 0 && rapid.Bool().Draw(t, p) {
			o.Delegated[p] = []string{rapid.SampledFrom(o.Accounts).Draw(t, "administrator").ID}
		}
	}
	return o
}

func TestWhateverTheOrganizationHoldsTheFileIsReadBackAsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		org := organizations(t)
		choices := initialize.Choices{DefaultOU: rapid.SampledFrom([]string{"", "Sandbox"}).Draw(t, "default"),
			LogArchive: rapid.SampledFrom([]string{"", initialize.New}).Draw(t, "log archive"), Audit: rapid.SampledFrom([]string{"", initialize.New}).Draw(t, "audit")}
		got, err := initialize.Adopt(org, answers(), choices)
		require.NoError(t, err)
		file, problems := config.Parse("landing-zone.yaml", []byte(got.Text))
		require.Empty(t, problems, "%s\n%s", problems.Error(), got.Text)

		lines := map[string]config.Account{}
		for _, a := range file.Accounts {
			lines[a.ID] = a
		}
		security := map[string]config.SecurityAccount{}
		for _, s := range []config.SecurityAccount{file.Security.LogArchive, file.Security.Audit} {
			if s.ID != "" {
				security[s.ID] = s
			}
		}
		left := map[string]bool{}
		for _, o := range got.LeftOut {
			left[o.ID] = true
		}
		moved := map[string]string{}
		for _, m := range got.Moves {
			moved[m.ID] = m.To
		}
		for _, a := range org.Accounts {
			email, in := "", 0
			if l, is := lines[a.ID]; is {
				in++
				email = l.Email
				if email == "" {
					email = config.EmailFor(file.Email, l.Name)
				}
				require.Subset(t, a.Tags, l.Tags)
				for k := range maps.Keys(a.Tags) {
					if _, kept := l.Tags[k]; !kept && !strings.HasPrefix(strings.ToLower(k), "landfall:") {
						require.Contains(t, findingsAbout(got, a.ID), "tags", k)
					}
				}
				if at := pathOf(org, a.UnitID); at != l.OU && moved[a.ID] != l.OU {
					// The one other reason is an OU that is spelled like one of every zone, which stops the deploy.
					require.True(t, strings.EqualFold(at, l.OU), "%s in %s became %s", a.ID, at, l.OU)
					require.Equal(t, initialize.Blocker, got.Findings[0].Level)
				}
			}
			if s, is := security[a.ID]; is {
				in++
				email = s.Email
				if email == "" {
					email = config.EmailFor(file.Email, s.Name)
				}
			}
			if left[a.ID] {
				in++
			} else {
				require.Equal(t, "ACTIVE", a.State)
				require.True(t, strings.EqualFold(a.Email, email), "%s has %s, the file says %s", a.ID, a.Email, email)
			}
			require.Equal(t, 1, in, "account %s has one place", a.ID)
		}
		require.Len(t, org.Accounts, len(lines)+len(security)+len(left))
		again, err := initialize.Adopt(org, answers(), choices)
		require.NoError(t, err)
		require.Equal(t, got, again)
	})
}

func findingsAbout(a *initialize.Adoption, id string) string {
	var b strings.Builder
	for _, f := range a.Findings {
		if strings.Contains(f.About, id) {
			b.WriteString(f.Message + "\n")
		}
	}
	return b.String()
}

func pathOf(o *initialize.Organization, id string) string {
	for _, u := range o.Units {
		if u.ID == id {
			return strings.TrimPrefix(pathOf(o, u.ParentID)+"/"+u.Name, "/")
		}
	}
	return ""
}

func TestTheFileOfAnyAnswersIsYAMLThatSaysThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := answers()
		a.Zone, a.Email = name(t, "zone"), name(t, "email")
		a.Recipients = []string{name(t, "recipient")}
		a.Accounts = []initialize.Wish{{Name: name(t, "account"), OU: name(t, "ou")}}
		for _, p := range initialize.Check(a) {
			require.NotContains(t, p.Message, "not YAML")
			require.NotContains(t, p.Message, "no such key")
			require.NotContains(t, p.Message, "missing")
			require.NotContains(t, p.Message, "this is ", p.String())
		}
	})
}

func answers() initialize.Answers {
	return initialize.Answers{Zone: "example", Home: "eu-central-1", Email: "aws+{account}@example.com", Recipients: []string{"security@example.com"}}
}
