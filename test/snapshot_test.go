package test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

const europeanZone = `
zone: europe
regions:
  home: eu-west-1
  governed: [eu-west-1, eu-central-1, eu-north-1]
email: aws+{account}@example.com
alerts:
  recipients: [security@example.com, oncall@example.com]
  pageRecipients: [pager@example.com]
  httpsEndpoints: [https://incidents.example.com/aws]
  changes:
    - {id: kms-key-disabled, tier: notify}
  suppressions:
    - {alert: security-group-open-to-internet, accounts: [partner-portal], reason: the portal is public on purpose, expires: "2099-12-31"}
contacts:
  security: {name: Security Team, title: On-call engineer, email: security@example.com, phone: "+353 1 234 5678"}
  billing: {name: Accounts Payable, title: Finance, email: invoices@example.com, phone: "+353 1 234 5679"}
organizationalUnits: [Workloads/Staging, Partners/External]
accounts:
  - {name: data-prod, ou: Workloads/Prod, tags: {team: data}}
  - {name: partner-portal, ou: Partners/External, email: portal@example.com}
  - {name: old-shop, ou: Workloads/Prod, state: suspended}
  - {name: network, ou: Infrastructure, id: "111122223333"}
trail:
  cloudWatchLogs: {enabled: false}
  dataEvents: {s3: write, lambda: all, dynamodb: write}
  queries: true
logs:
  objectLock: {mode: compliance, days: 730}
  archiveAfterDays: 30
  expireAfterDays: 2557
tags: {cost-center: "1234"}
`

func TestTheDefaultZoneIsAsItsSnapshot(t *testing.T) {
	compareSnapshot(t, "default", defaultAssembly(t))
}

func TestAZoneWithAnotherHomeRegionIsAsItsSnapshot(t *testing.T) {
	compareSnapshot(t, "europe", assemblyOf(t, europeanZone))
}

// Of the other zones with account names and chat, only the audit account's template differs.
func TestTheAuditAccountOfAZoneWithAccountNamesAndChatIsAsItsSnapshot(t *testing.T) {
	data, err := json.MarshalIndent(assemblyOf(t, messagesZone).members["audit"], "", "  ")
	require.NoError(t, err)
	compareGolden(t, filepath.Join("testdata", "messages", "audit.json"), append(data, '\n'))
}

// The snapshot of a large zone lists how many resources of each type each stack has.
func TestALargeZoneIsAsItsSnapshot(t *testing.T) {
	a := synthesize(t, largeZone(t, 1000, 17))
	var lines []string
	for _, stack := range slices.Sorted(maps.Keys(a.stacks)) {
		counts := map[string]int{}
		for _, r := range a.stacks[stack].resources("") {
			counts[r.kind]++
		}
		for _, kind := range slices.Sorted(maps.Keys(counts)) {
			lines = append(lines, fmt.Sprintf("%-20s %4d %s", stack, counts[kind], kind))
		}
	}
	compareGolden(t, "testdata/large.txt", []byte(strings.Join(lines, "\n")+"\n"))
}

func TestSynthesizingTwiceGivesTheSameBytes(t *testing.T) {
	one, two := defaultAssembly(t), synthesize(t, zoneOf(t, file(t, "config/landing-zone.yaml")))
	require.Equal(t, bytesByFile(t, one.dir), bytesByFile(t, two.dir))
}

func TestTheOrderOfTheFileDoesNotMatter(t *testing.T) {
	reordered := `
accounts:
  - {tags: {team: data}, ou: Workloads/Prod, name: data-prod}
  - {name: network, id: "111122223333", ou: Infrastructure}
  - {state: suspended, name: old-shop, ou: Workloads/Prod}
  - {email: portal@example.com, name: partner-portal, ou: Partners/External}
tags: {cost-center: "1234"}
logs:
  expireAfterDays: 2557
  archiveAfterDays: 30
  objectLock: {days: 730, mode: compliance}
trail:
  queries: true
  dataEvents: {dynamodb: write, lambda: all, s3: write}
  cloudWatchLogs: {enabled: false}
contacts:
  billing: {phone: "+353 1 234 5679", email: invoices@example.com, title: Finance, name: Accounts Payable}
  security: {title: On-call engineer, name: Security Team, phone: "+353 1 234 5678", email: security@example.com}
organizationalUnits: [Partners/External, Workloads/Staging]
alerts:
  suppressions:
    - {expires: "2099-12-31", accounts: [partner-portal], alert: security-group-open-to-internet, reason: the portal is public on purpose}
  changes: [{tier: notify, id: kms-key-disabled}]
  httpsEndpoints: [https://incidents.example.com/aws]
  pageRecipients: [pager@example.com]
  recipients: [oncall@example.com, security@example.com]
email: aws+{account}@example.com
regions: {governed: [eu-north-1, eu-central-1, eu-west-1], home: eu-west-1}
zone: europe
`
	require.Equal(t,
		bytesByFile(t, assemblyOf(t, europeanZone).dir),
		bytesByFile(t, assemblyOf(t, reordered).dir))
}

func bytesByFile(tb testing.TB, dir string) map[string]string {
	out := map[string]string{}
	require.NoError(tb, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out[name] = string(data)
		return err
	}))
	return out
}

// assetHash is replaced in snapshots, so that a change of the handler's source is not a change of every snapshot.
var assetHash = regexp.MustCompile(`[0-9a-f]{64}`)

// compareSnapshot compares every template of a zone with its golden file. A StackSet's template is shown once, in its own file.
func compareSnapshot(t *testing.T, name string, a *assembly) {
	t.Helper()
	want := map[string]bool{}
	compare := func(file string, template template) {
		t.Helper()
		path := filepath.Join("testdata", name, file+".json")
		want[filepath.ToSlash(path)] = true
		data, err := json.MarshalIndent(template, "", "  ")
		require.NoError(t, err)
		compareGolden(t, path, append(assetHash.ReplaceAll(data, []byte("<hash>")), '\n'))
	}
	for id, template := range a.stacks {
		compare(id, a.withoutBodies(t, template))
	}
	for id, template := range a.members {
		compare(filepath.Join("members", id), template)
	}
	for _, pattern := range []string{"*.json", "members/*.json"} {
		files, err := filepath.Glob(filepath.Join("testdata", name, pattern))
		require.NoError(t, err)
		for _, f := range files {
			if !want[filepath.ToSlash(f)] {
				t.Errorf("%s belongs to no template of the zone any more; delete it", f)
			}
		}
	}
}

// withoutBodies is a copy of a template in which each StackSet names its template instead of holding it.
func (a *assembly) withoutBodies(tb testing.TB, t template) template {
	tb.Helper()
	data, err := json.Marshal(t)
	require.NoError(tb, err)
	var out template
	require.NoError(tb, json.Unmarshal(data, &out))
	for _, set := range out.resources("AWS::CloudFormation::StackSet") {
		if set.properties["TemplateBody"] == nil {
			continue // the template is too large to be inline; its asset's hash is masked
		}
		set.properties["TemplateBody"] = "<" + a.memberOf(tb, set) + ".json>"
	}
	return out
}

// memberOf is the name of the member template that a StackSet carries.
func (a *assembly) memberOf(tb testing.TB, set resource) string {
	tb.Helper()
	var body template
	require.NoError(tb, json.Unmarshal([]byte(set.properties["TemplateBody"].(string)), &body))
	for name, t := range a.members {
		if cmp.Equal(t, body) {
			return name
		}
	}
	tb.Fatalf("the template of %s is no member template", set.id)
	return ""
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run go test ./test -update, and read what it wrote")
	if !bytes.Equal(want, got) {
		t.Errorf("%s differs; after go test ./test -update, git diff shows how:\n%s", path, cmp.Diff(string(want), string(got)))
	}
}
