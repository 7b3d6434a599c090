package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/cost"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/report"
	"github.com/landfall-aws/landfall/internal/zone"
)

var update = flag.Bool("update", false, "write the golden files anew")

// input is a zone with the whole catalogue.
func input(t testing.TB, z *zone.Zone) report.Input {
	t.Helper()
	in := report.Input{Zone: z}
	var err error
	in.Guardrails, err = guardrail.Load(controls.Guardrails())
	require.NoError(t, err)
	in.Alerts, err = alert.Load(controls.Alerts())
	require.NoError(t, err)
	basis, err := cost.LoadBasis(controls.Detective(), controls.MetricFilters())
	require.NoError(t, err)
	in.Rules, in.Filters = basis.Rules, basis.Filters
	estimate := cost.For(z, basis, cost.Default(cost.Small))
	in.Cost = &estimate
	return in
}

func zoneOf(t testing.TB, text string) *zone.Zone {
	t.Helper()
	c, problems := config.Parse("landing-zone.yaml", []byte(text))
	require.Empty(t, problems)
	return zone.Resolve(c)
}

// smallInput is a zone with a catalogue of its own, so that the page changes only when the report does.
func smallInput(t testing.TB) report.Input {
	t.Helper()
	file := filepath.Join("testdata", "zone.yaml")
	c, problems := config.Load(file)
	require.Empty(t, problems)
	in := report.Input{Zone: zone.Resolve(c)}
	var err error
	in.Guardrails, err = guardrail.Open(os.DirFS("testdata"), "zone.yaml", in.Zone)
	require.NoError(t, err)
	in.Alerts, err = alert.Load(os.DirFS(filepath.Join("testdata", "alerts")))
	require.NoError(t, err)
	require.Empty(t, alert.Check(in.Zone, in.Alerts, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)))
	in.Filters, err = alert.MetricFilters(os.DirFS(filepath.Join("testdata", "filters")))
	require.NoError(t, err)
	in.Rules, err = detective.Load(os.DirFS("testdata"))
	require.NoError(t, err)
	amount := cost.Amount{FirstMonth: 11_000_000, Monthly: 12_500_000}
	in.Cost = &cost.Estimate{
		Zone: "example", Currency: "USD", Size: cost.Small, Amount: amount, NextAccount: amount,
		Services: []cost.ServiceCost{{ID: "config", Name: "AWS Config", Amount: amount, EachWorkload: 4_000_000, Others: 500_000}},
		Accounts: []cost.AccountCost{{Name: "orders-prod", OU: "Workloads/Prod", Kind: cost.KindWorkload, Amount: amount}},
		Drivers:  []cost.Driver{{What: "recorded changes", Key: "services.config.recording", Lower: "record daily", Amount: amount}},
		Prices:   cost.PriceDates{Oldest: "2026-06-13", Newest: "2026-07-01", Used: 20, Unchecked: 2},
	}
	return in
}

func rendered(t testing.TB, in report.Input) (report.Report, []byte) {
	t.Helper()
	r, err := report.For(in)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, report.Render(&b, r))
	return r, b.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, got, 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got), "run go test ./internal/report -update if the change is meant")
}

func TestTheReportOfASmallZoneIsTheGoldenOne(t *testing.T) {
	r, page := rendered(t, smallInput(t))
	text, err := json.MarshalIndent(r, "", "  ")
	require.NoError(t, err)
	golden(t, "zone.json", append(text, '\n'))
	golden(t, "zone.html", page)
}

// element is one element of a page.
type element struct {
	name       string
	attributes map[string]string
	// section is the id of the section around it, text all the text in it.
	section, text string
}

// elements reads a page, which is also well-formed XML, so that nothing of it is left to a browser's repair.
func elements(t testing.TB, page []byte) []element {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(page))
	var all, open []*element
	var text strings.Builder
	begins := map[*element]int{}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attributes: map[string]string{}}
			for _, a := range token.Attr {
				e.attributes[a.Name.Local] = a.Value
			}
			for _, parent := range open {
				if parent.name == "section" {
					e.section = parent.attributes["id"]
				}
			}
			all, open = append(all, e), append(open, e)
			begins[e] = text.Len()
		case xml.EndElement:
			e := open[len(open)-1]
			open, e.text = open[:len(open)-1], text.String()[begins[e]:]
		case xml.CharData:
			text.Write(token)
		}
	}
	out := make([]element, len(all))
	for i, e := range all {
		out[i] = *e
	}
	return out
}

// headed returns the texts of the row headings, or the summaries, of a section, up to the first line or space.
func headed(page []element, section, name string) []string {
	var out []string
	for _, e := range page {
		if e.section != section || e.name != name || name == "th" && e.attributes["scope"] != "row" {
			continue
		}
		if fields := strings.Fields(e.text); len(fields) > 0 {
			out = append(out, fields[0])
		}
	}
	return out
}

func TestThePageHasEverythingOnceWhereItMustBe(t *testing.T) {
	for name, in := range map[string]report.Input{
		"the small zone": smallInput(t),
		"the catalogue":  input(t, zoneOf(t, largeZone(30))),
	} {
		t.Run(name, func(t *testing.T) {
			r, text := rendered(t, in)
			page := elements(t, text)
			once := func(what string, list []string, want string) {
				t.Helper()
				n := 0
				for _, s := range list {
					if s == want {
						n++
					}
				}
				assert.Equal(t, 1, n, "%s %s", what, want)
			}
			var chips, treeUnits []string
			for _, e := range page {
				if e.section == "organization" && e.name == "a" {
					if e.attributes["class"] == "unit" {
						treeUnits = append(treeUnits, e.attributes["href"])
					} else {
						chips = append(chips, e.text)
					}
				}
			}
			accounts, units := headed(page, "accounts", "th"), headed(page, "where", "summary")
			for _, a := range in.Zone.Members() {
				once("account in the diagram", chips, a.Name)
				once("account in the table", accounts, a.Name)
			}
			assert.Len(t, treeUnits, len(in.Zone.OUs)+1)
			assert.Len(t, slices.Compact(slices.Sorted(slices.Values(treeUnits))), len(treeUnits))
			for _, o := range in.Zone.OUs {
				once("OU", units, o.Path)
			}
			once("OU", units, "root")
			guardrails := headed(page, "guardrails", "th")
			for _, g := range in.Guardrails.Guardrails {
				once("guardrail", guardrails, g.ID)
			}
			policies := headed(page, "policies", "summary")
			for _, p := range r.Policies {
				once("policy", policies, p.Name)
			}
			alerts := headed(page, "alerts", "th")
			var ids []string
			for _, e := range page {
				ids = append(ids, e.attributes["id"])
			}
			for _, a := range in.Alerts.Alerts {
				once("alert", ids, "alert-"+a.ID)
				require.Contains(t, alerts, a.ID)
				once("runbook", ids, "runbook-"+a.Runbook)
			}
			var links []string
			for _, e := range page {
				if e.name == "a" && e.section == "alerts" {
					links = append(links, e.attributes["href"])
				}
			}
			for _, b := range r.Alerts.Runbooks {
				once("link to the runbook", links, b.Link)
			}
			for _, f := range in.Filters {
				once("metric filter", ids, "filter-"+f.ID)
			}
			for _, d := range in.Rules {
				once("detective rule", ids, "rule-"+d.ID)
			}
			for _, s := range r.Services {
				require.True(t, slices.ContainsFunc(page, func(e element) bool { return e.name == "th" && e.section == "detection" && e.text == s.Name }), s.Name)
			}
		})
	}
}

func TestEveryIdIsThereOnceAndEveryLinkInsideLeadsToOne(t *testing.T) {
	_, text := rendered(t, input(t, zoneOf(t, largeZone(3))))
	page := elements(t, text)
	ids := map[string]bool{}
	for _, e := range page {
		if id, has := e.attributes["id"]; has {
			assert.False(t, ids[id], "the id %s is there twice", id)
			ids[id] = true
		}
	}
	for _, e := range page {
		if to, inside := strings.CutPrefix(e.attributes["href"], "#"); inside {
			assert.True(t, ids[to], "a link leads to #%s, which is not there", to)
		}
	}
}

func TestThePageLoadsNothing(t *testing.T) {
	_, text := rendered(t, smallInput(t))
	for _, e := range elements(t, text) {
		for name, value := range e.attributes {
			assert.False(t, strings.HasPrefix(name, "on"), "an attribute %s would run a script", name)
			assert.NotContains(t, []string{"src", "srcset", "style", "background", "data", "action", "poster"}, name)
			if name == "href" {
				assert.Equal(t, "a", e.name)
				assert.Regexp(t, "^(#|https://)", value)
			}
		}
		assert.NotContains(t, []string{"link", "img", "iframe", "object", "embed", "form", "base"}, e.name)
		switch e.name {
		case "style":
			assert.NotContains(t, e.text, "url(")
			assert.NotContains(t, e.text, "@import")
		case "script":
			for _, word := range []string{"fetch", "XMLHttpRequest", "import", "innerHTML", "http"} {
				assert.NotContains(t, e.text, word)
			}
		}
	}
}

// The policy of the page names the digests of its style and script; were they others, a browser would use neither.
func TestThePageAllowsItsOwnStyleAndScriptOnly(t *testing.T) {
	_, text := rendered(t, smallInput(t))
	policy := ""
	parts := map[string]string{}
	for _, e := range elements(t, text) {
		if e.attributes["http-equiv"] == "Content-Security-Policy" {
			policy = e.attributes["content"]
		}
		if e.name == "style" || e.name == "script" {
			require.Empty(t, parts[e.name])
			parts[e.name] = e.text
		}
	}
	assert.Contains(t, policy, "default-src 'none';")
	assert.Contains(t, policy, "style-src '"+digest(parts["style"])+"';")
	assert.Contains(t, policy, "script-src '"+digest(parts["script"])+"';")
}

// digest is how browsers name an inline style or script: sha256- and the SHA-256 of its text in Base64.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func TestWordsOfTheFileAreTextAndNeverMarkup(t *testing.T) {
	const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp; }}{{.Zone}} </style> javascript:alert(1)`
	z := zoneOf(t, largeZone(3))
	z.Name, z.Tags = hostile, map[string]string{hostile: hostile}
	z.Accounts[0].Tags, z.Accounts[0].Email = map[string]string{hostile: hostile}, hostile
	z.OUs = append(z.OUs, zone.OU{Path: hostile})
	z.Accounts[1].Name, z.Accounts[1].OU = hostile, hostile
	z.Guardrails.Changes = []config.GuardrailChange{{ID: "protect-config", State: config.StateOff, Accounts: []string{hostile}, Reason: hostile}}
	z.Alerts.Runbooks = "javascript:alert(1)//"
	z.Alerts.Changes = []config.AlertChange{{ID: "root-activity", Tier: config.TierOff, Reason: hostile}}
	z.Alerts.Suppressions = []config.AlertSuppression{{Alert: "root-activity", Principals: []string{hostile}, Reason: hostile, Expires: hostile}}
	z.Services.SecurityHub.DisabledControls = []config.DisabledControl{{ID: hostile, Reason: hostile}}
	_, text := rendered(t, input(t, z))
	shown := 0
	for _, e := range elements(t, text) {
		assert.NotEqual(t, "img", e.name)
		assert.NotContains(t, e.attributes, "onerror")
		assert.False(t, strings.HasPrefix(e.attributes["href"], "javascript:"), e.attributes["href"])
		if e.name == "script" {
			assert.NotContains(t, e.text, "alert(1)")
		}
		if strings.Contains(e.text, hostile) && len(e.text) < len(hostile)+200 {
			shown++
		}
	}
	assert.Greater(t, shown, 10, "the words are there, as text")
	assert.Equal(t, 1, bytes.Count(text, []byte("<script>")))
}

func TestTheSameZoneGivesTheSamePage(t *testing.T) {
	_, first := rendered(t, input(t, zoneOf(t, largeZone(30))))
	for range 3 {
		_, again := rendered(t, input(t, zoneOf(t, largeZone(30))))
		require.True(t, bytes.Equal(first, again))
	}
}

func TestAccountsAreBoundByWhatIsAttachedAboveThem(t *testing.T) {
	for _, in := range []report.Input{smallInput(t), input(t, zoneOf(t, largeZone(12)))} {
		r, err := report.For(in)
		require.NoError(t, err)
		d, err := guardrail.NewDecider(in.Zone, in.Guardrails)
		require.NoError(t, err)
		ids := map[string]string{}
		for _, p := range d.Policies() {
			for _, s := range p.Statements {
				for _, target := range p.Targets {
					ids[s.GuardrailID+" "+target.String()] = p.Type
				}
			}
		}
		for _, u := range r.Root.All() {
			for _, a := range u.Accounts {
				path, err := d.Account(a.Name)
				require.NoError(t, err)
				want := map[string]bool{}
				for at := range ids {
					id, target, _ := strings.Cut(at, " ")
					if slices.ContainsFunc(path.Levels, func(l guardrail.Target) bool { return l.String() == target }) {
						want[id] = true
					}
				}
				got := map[string]bool{}
				for _, g := range slices.Concat(u.Guardrails, a.Own) {
					got[g.Guardrail] = true
				}
				assert.Equal(t, len(got), a.Guardrails, a.Name)
				for _, g := range in.Guardrails.Guardrails {
					if g.Type == guardrail.TypeSCP || g.Type == guardrail.TypeRCP {
						assert.Equal(t, want[g.ID], got[g.ID], "%s in %s", g.ID, a.Name)
					}
					i := slices.IndexFunc(r.Guardrails, func(o report.Guardrail) bool { return o.ID == g.ID })
					assert.Equal(t, got[g.ID], slices.Contains(r.Guardrails[i].Reaches, a.Name), "%s reaches %s", g.ID, a.Name)
				}
			}
		}
	}
}

func TestWhatIsWeakerThanMeantComesFirst(t *testing.T) {
	r, err := report.For(smallInput(t))
	require.NoError(t, err)
	var got []string
	for _, a := range r.Attention {
		got = append(got, a.What+": "+a.Reason)
	}
	assert.Equal(t, []string{
		"The mandatory guardrail keep-recording is off in account orders-dev: </td><script>alert(1)</script> a recorder of its own",
		"The mandatory guardrail keep-recording does not bind recorder-admin: the recorder is renewed by hand",
		"The critical alert key-deleted is digest and tells nobody at once: another tool <b>tells</b> the same people",
	}, got)

	for name, test := range map[string]struct {
		changes string
		want    string
	}{
		"off everywhere":               {"[{id: protect-config, state: \"off\", reason: a former recorder}]", "The mandatory guardrail protect-config is off everywhere"},
		"off in an OU":                 {"[{id: protect-config, state: \"off\", ous: [Workloads/Prod, Sandbox], reason: a former recorder}]", "The mandatory guardrail protect-config is off in OU Workloads/Prod, OU Sandbox"},
		"another level":                {"[{id: protect-config, level: elective, reason: a former recorder}]", "The mandatory guardrail protect-config is made elective"},
		"a recommended one off":        {"[{id: deny-iam-users, state: \"off\"}]", ""},
		"a recommended one with roles": {"[{id: deny-iam-users, exempt: [mail-user-maker]}]", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := report.For(input(t, zoneOf(t, largeZone(3)+"guardrails: {changes: "+test.changes+"}\n")))
			require.NoError(t, err)
			if test.want == "" {
				require.Empty(t, r.Attention)
				return
			}
			require.Len(t, r.Attention, 1)
			assert.Equal(t, test.want, r.Attention[0].What)
		})
	}
	t.Run("without the level", func(t *testing.T) {
		// A file with such levels is refused; the page would say it all the same.
		z := zoneOf(t, largeZone(3))
		z.Guardrails.Levels = []string{config.LevelRecommended}
		r, err := report.For(input(t, z))
		require.NoError(t, err)
		require.NotEmpty(t, r.Attention)
		assert.Contains(t, r.Attention[0].What, "is on nowhere")
	})
}

func TestControlsThatNothingServesHereAreGaps(t *testing.T) {
	r, err := report.For(smallInput(t))
	require.NoError(t, err)
	got := map[string][]string{}
	order := map[string][]string{}
	for _, f := range r.Frameworks {
		for _, c := range f.Controls {
			order[f.Name] = append(order[f.Name], c.ID)
			if len(c.ServedBy) == 0 {
				got[f.Name] = append(got[f.Name], c.ID)
			}
		}
		assert.Len(t, got[f.Name], f.Gaps)
	}
	// The elective guardrails, the alert that is off, and the metric filter, which has no log group to count in.
	assert.Equal(t, map[string][]string{
		"CIS AWS Foundations Benchmark 7.0": {"2.10", "2.12", "5.6", "5.8", "6.9"},
		"AWS Startup Security Baseline":     {"WKLD.01"},
		"MITRE ATT&CK":                      {"T1136.003"},
	}, got)
	assert.Equal(t, []string{"2.9", "2.10", "2.12", "4.3", "5.6", "5.7", "5.8", "5.15", "6.9"}, order["CIS AWS Foundations Benchmark 7.0"])
}

// largeZone is the file of a zone with many accounts.
func largeZone(accounts int) string {
	var b strings.Builder
	b.WriteString("zone: large\nregions: {home: us-east-1, governed: [us-east-1, us-west-2]}\nemail: aws+{account}@example.com\nalerts: {recipients: [security@example.com]}\naccounts:\n")
	ous := []string{"Workloads/Prod", "Workloads/NonProd", "Sandbox", "Infrastructure"}
	for i := range accounts {
		fmt.Fprintf(&b, "  - {name: team-%04d, ou: %s, tags: {team: t%d}}\n", i, ous[i%len(ous)], i%40)
	}
	return b.String()
}

func TestThePageOfAThousandAccountsStaysSmall(t *testing.T) {
	_, page := rendered(t, input(t, zoneOf(t, largeZone(1000))))
	assert.Less(t, len(page), 2_000_000, "bytes")
	t.Logf("%d bytes", len(page))
}

func BenchmarkReportOfAThousandAccounts(b *testing.B) {
	z := zoneOf(b, largeZone(1000)+"guardrails: {changes: [{id: limit-sandbox, state: \"off\", accounts: [team-0002]}]}\n")
	for b.Loop() {
		rendered(b, input(b, z))
	}
}
