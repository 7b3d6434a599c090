package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/organization"
	"github.com/landfall-aws/landfall/internal/survey"
	"github.com/landfall-aws/landfall/internal/zone"
)

// exampleFlags are the answers that the shipped file has, its tags excepted.
func exampleFlags() []string {
	return []string{"init", "--zone", "example", "--home", "us-east-1", "--regions", "us-east-1,us-west-2", "--email", "aws+{account}@example.com", "--alerts", "security@example.com",
		"--account", "shared-network=Infrastructure", "--account", "orders-prod=Workloads/Prod", "--account", "orders-dev=Workloads/NonProd"}
}

func TestInitWritesTheShippedFileFromItsAnswers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zone.yaml")
	code, stdout, stderr := execute(t, append(exampleFlags(), "--output", file)...)
	require.Equal(t, exitGood, code, stderr)
	assert.Empty(t, stderr)
	assert.Equal(t, file+": written: zone example, 5 accounts, 7 OUs, 2 governed Regions; next: read it, then landfall plan --config "+file+"\n", stdout)
	got, problems := config.Load(file)
	require.Empty(t, problems)
	want, problems := config.Load(defaultFile)
	require.Empty(t, problems)
	for i := range want.Accounts {
		want.Accounts[i].Tags = nil
	}
	assert.Empty(t, cmp.Diff(want, got))
	code, _, _ = execute(t, "check", "--config", file)
	assert.Equal(t, exitGood, code)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	shipped, err := os.ReadFile(defaultFile)
	require.NoError(t, err)
	for _, block := range strings.Split(string(shipped), "\n\n") {
		// Blocks of comments alone offer keys that nobody was asked about.
		if comments, key, has := strings.Cut(block, "\n"+firstKey(block)); has && key != "" {
			assert.Contains(t, string(text), comments+"\n", "the comments of the shipped file")
		}
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	assert.Len(t, entries, 1, "nothing else is left behind")
}

// firstKey is the first line of a block that is no comment.
func firstKey(block string) string {
	for l := range strings.Lines(block) {
		if !strings.HasPrefix(l, "#") {
			return strings.TrimSpace(l)
		}
	}
	return "no key"
}

func TestInitPrintsTheFileWithADash(t *testing.T) {
	code, stdout, stderr := execute(t, append(exampleFlags(), "--output", "-")...)
	require.Equal(t, exitGood, code, stderr)
	_, problems := config.Parse("stdout", []byte(stdout))
	assert.Empty(t, problems)
	code, asJSON, _ := execute(t, append(exampleFlags(), "--output", "-", "--json")...)
	require.Equal(t, exitGood, code)
	var answer written
	require.NoError(t, json.Unmarshal([]byte(asJSON), &answer))
	assert.Equal(t, stdout, answer.Text)
	assert.True(t, answer.OK)
	assert.Equal(t, 5, answer.Zone.Accounts)
}

func TestInitReplacesAFileOnlyByForce(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "zone.yaml"), filepath.Join(dir, "link.yaml")
	require.NoError(t, os.WriteFile(file, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(file, link))
	for _, output := range []string{file, link} {
		code, stdout, stderr := execute(t, append(exampleFlags(), "--output", output)...)
		assert.Equal(t, exitInput, code)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "exists, and nothing is written; add --force")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, "precious", string(text))
	}
	code, _, stderr := execute(t, append(exampleFlags(), "--output", link, "--force")...)
	require.Equal(t, exitGood, code, stderr)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&os.ModeSymlink, "the link stays one")
	_, problems := config.Load(file)
	assert.Empty(t, problems)
	info, err = os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "the file keeps its permissions")
}

func TestAFileThatAppearsWhileInitRunsIsNotReplaced(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zone.yaml")
	target, err := newTarget(file, false)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, []byte("precious"), 0o600))
	require.ErrorContains(t, target.write("new"), "exists")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, "precious", string(text))
}

func TestInitNamesTheFlagOfEachWrongAnswer(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"no flags at all":                     {[]string{"init"}, []string{"--zone NAME", "--home REGION", "--email '", "--alerts ADDRESS", "no terminal"}},
		"one flag is missing":                 {[]string{"init", "--zone", "a", "--home", "us-east-1", "--email", "a+{account}@example.com"}, []string{"missing", "--alerts ADDRESS"}},
		"a wrong zone":                        {append(exampleFlags(), "--zone", "Example!"), []string{"--zone: must be lower-case", `got "Example!"`}},
		"a zone that would be YAML":           {append(exampleFlags(), "--zone", "a\nprefix: evil"), []string{"--zone: must be lower-case"}},
		"a Region that does not exist":        {append(exampleFlags(), "--home", "us-est-1"), []string{"--home: not a commercial Region", `did you mean "us-east-1"?`}},
		"an opt-in home Region":               {append(exampleFlags(), "--home", "eu-south-1"), []string{"--home: this is an opt-in Region"}},
		"a home Region that is not governed":  {append(exampleFlags(), "--home", "eu-west-1"), []string{"--home: the home Region is not governed (--regions)", "add it to --regions"}},
		"a pattern without its place":         {append(exampleFlags(), "--email", "aws@example.com"), []string{"--email: the pattern lacks {account}"}},
		"an address that is none":             {append(exampleFlags(), "--alerts", "me"), []string{"--alerts: an e-mail address needs an @"}},
		"an account without an OU":            {append(exampleFlags(), "--account", "x"), []string{"--account x: write NAME=OU"}},
		"an OU that does not exist":           {append(exampleFlags(), "--account", "x=Workload/Prod"), []string{"--account x=Workload/Prod: there is no such OU", `did you mean "Workloads/Prod"?`, "add it with --ou"}},
		"a reserved OU":                       {append(exampleFlags(), "--account", "x=Security"), []string{"--account x=Security: the OU Security holds"}},
		"a name that is there twice":          {append(exampleFlags(), "--account", "Orders-Prod=Sandbox"), []string{"--account Orders-Prod=Sandbox: another account has this name: --account orders-prod=Workloads/Prod;"}},
		"an OU that is too deep":              {append(exampleFlags(), "--ou", "a/b/c/d/e/f"), []string{"--ou: the path has 6 levels"}},
		"a flag of another way":               {append(exampleFlags(), "--audit", "x"), []string{"--audit needs --from-organization"}},
		"a directory that does not exist":     {append(exampleFlags(), "--output", filepath.Join(dir, "no", "zone.yaml")), []string{"there is no directory"}},
		"a directory in the place of a file":  {append(exampleFlags(), "--output", dir), []string{"no regular file"}},
		"accounts with the wrong kind of run": {[]string{"init", "--from-organization", "--zone", "a", "--home", "us-east-1", "--alerts", "a@example.com", "--account", "x=Sandbox"}, []string{"--account and --ou are for a zone without an organization"}},
	} {
		t.Run(name, func(t *testing.T) {
			args := c.args
			if !slices.Contains(args, "--output") {
				args = append(slices.Clone(args), "--output", filepath.Join(dir, "zone.yaml"))
			}
			code, stdout, stderr := execute(t, args...)
			assert.Equal(t, exitInput, code)
			assert.Empty(t, stdout)
			for _, want := range c.want {
				assert.Contains(t, stderr, want)
			}
			assert.NotContains(t, stderr, "line ", "nobody has seen a line")
			assert.NoFileExists(t, filepath.Join(dir, "zone.yaml"))
		})
	}
}

// talk runs the command as on a terminal, with the given input, and returns what was written, with the dialogue and the error.
func talk(t *testing.T, i *initOptions, input string) (text, dialogue string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	i.output = filepath.Join(t.TempDir(), "zone.yaml")
	c := &cobra.Command{}
	c.SetIn(strings.NewReader(input))
	c.SetOut(&out)
	c.SetErr(&errs)
	err = i.run(t.Context(), c, true)
	data, _ := os.ReadFile(i.output)
	return string(data), errs.String(), err
}

func TestInitAsksNothingWhenTheFlagsSayWhatItNeeds(t *testing.T) {
	text, dialogue, err := talk(t, &initOptions{zone: "mine", home: "eu-central-1", email: "aws+{account}@example.com", alerts: []string{"a@example.com"}}, "")
	require.NoError(t, err)
	assert.Empty(t, dialogue)
	assert.Contains(t, text, "accounts: []")
}

func TestInitAsksOnlyForWhatTheFlagsLack(t *testing.T) {
	text, dialogue, err := talk(t, &initOptions{zone: "mine", regions: []string{"eu-central-1"}, home: "eu-central-1", email: "aws+{account}@example.com", accounts: []string{"a=Sandbox"}}, "a@example.com\n")
	require.NoError(t, err)
	assert.Equal(t, "E-mail addresses that receive alerts, with commas: ", dialogue)
	assert.Contains(t, text, "zone: mine")
}

func TestInitAsksForThePatternThatTheOrganizationDoesNotShow(t *testing.T) {
	server, client := live(t, fakeaws.Options{FeatureSet: "ALL"})
	settle(t, server, client, "orders", "one@example.com", "Sandbox")
	text, dialogue, err := talk(t, &initOptions{fromOrganization: true}, "mine\n\n\na@example.com\naws+{account}@example.com\n")
	require.NoError(t, err)
	file, problems := config.Parse("zone.yaml", []byte(text))
	require.Empty(t, problems)
	assert.Equal(t, "aws+{account}@example.com", file.Email)
	assert.Equal(t, "one@example.com", file.Accounts[0].Email)
	assert.Equal(t, "eu-central-1", file.Regions.Home)
	assert.Less(t, strings.Index(dialogue, "receive alerts"), strings.Index(dialogue, "E-mail pattern"), "it is asked once the organization is read")
}

func TestInitAsksOnATerminalAndTakesDefaults(t *testing.T) {
	text, dialogue, err := talk(t, &initOptions{}, "\n\n\naws+{account}@example.com\nsecurity@example.com\norders-prod=Workloads/Prod\n\n")
	require.NoError(t, err)
	file, problems := config.Parse("zone.yaml", []byte(text))
	require.Empty(t, problems)
	assert.Equal(t, "example", file.Zone)
	assert.Equal(t, config.Regions{Home: "us-east-1", Governed: []string{"us-east-1"}}, file.Regions)
	require.Len(t, file.Accounts, 1)
	assert.Equal(t, "orders-prod", file.Accounts[0].Name)
	assert.Contains(t, dialogue, "Home Region, which can never change after the first deploy [us-east-1]: ")
}

func TestInitAsksAgainAfterAWrongAnswer(t *testing.T) {
	text, dialogue, err := talk(t, &initOptions{}, strings.Join([]string{"My Zone", "mine", "eu-central", "eu-central-1", "eu-west-1", "eu-central-1, eu-west-1",
		"aws@example.com", "aws+{account}@example.com", "", "security", "security@example.com", "x", "x=Nowhere", "x=Sandbox", "X=Sandbox", ""}, "\n")+"\n")
	require.NoError(t, err)
	file, problems := config.Parse("zone.yaml", []byte(text))
	require.Empty(t, problems)
	assert.Equal(t, "mine", file.Zone)
	assert.Equal(t, config.Regions{Home: "eu-central-1", Governed: []string{"eu-central-1", "eu-west-1"}}, file.Regions)
	assert.Len(t, file.Accounts, 1)
	for _, want := range []string{"Not so: must be lower-case", "Not so: not a commercial Region", "Not so: the home Region is not governed", "Not so: the pattern lacks {account}",
		"Not so: the list needs at least 1 item", "Not so: an e-mail address needs an @", "Not so: write NAME=OU", "Not so: there is no such OU", "Not so: another account has this name"} {
		assert.Equal(t, 1, strings.Count(dialogue, want), "%s in\n%s", want, dialogue)
	}
}

func TestInitWritesNothingWhenTheAnswersEnd(t *testing.T) {
	text, _, err := talk(t, &initOptions{}, "mine\neu-central-1\n")
	require.ErrorContains(t, err, "the input ended")
	assert.Empty(t, text)
}

func TestInitStopsAskingWhenItIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	read, _, err := os.Pipe()
	require.NoError(t, err)
	defer read.Close()
	lines := readLines(ctx, read)
	defer lines.stop()
	_, err = lines.next(ctx)
	require.ErrorContains(t, err, "interrupted")
}

// live starts an organization and points the AWS SDK's settings to it.
func live(t *testing.T, o fakeaws.Options) (*fakeaws.Server, *organizations.Client) {
	t.Helper()
	server := fakeaws.New(o)
	t.Cleanup(server.Close)
	for k, v := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_PROFILE": "", "AWS_SESSION_TOKEN": "", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(k, v)
	}
	return server, organizations.NewFromConfig(aws.Config{BaseEndpoint: aws.String(server.URL), Region: "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")})
}

// settle makes an account in an OU, or directly below the root for "".
func settle(t *testing.T, server *fakeaws.Server, client *organizations.Client, name, email, ou string) string {
	t.Helper()
	id := server.AddAccount(name, email)
	if ou != "" {
		_, err := client.MoveAccount(t.Context(), &organizations.MoveAccountInput{AccountId: aws.String(id), SourceParentId: aws.String("r-ex01"),
			DestinationParentId: aws.String(server.AddOrganizationalUnit(ou))})
		require.NoError(t, err)
	}
	return id
}

// grown makes an organization as they grow over years.
func grown(t *testing.T, server *fakeaws.Server, client *organizations.Client) map[string]string {
	t.Helper()
	ids := map[string]string{}
	for _, a := range []struct{ key, name, email, ou string }{
		{"logs", "Log Archive", "aws+log-archive@example.com", "Core"},
		{"security", "security-tooling", "aws+security-tooling@example.com", "Core"},
		{"orders", "orders", "aws+orders@example.com", "Teams/Shop/Prod"},
		{"twin", "orders", "legacy.orders@example.com", "Teams/Shop/Dev"},
		{"number", "0123", "aws+0123@example.com", "Sandbox"},
		{"loose", "billing", "aws+billing@example.com", ""},
		{"closed", "old", "aws+old@example.com", "Teams"},
		{"parked", "parked", "aws+parked@example.com", "Suspended"},
		{"odd", "odd", "aws+odd@example.com", "Teams/R&D (Zürich)"},
	} {
		ids[a.key] = settle(t, server, client, a.name, a.email, a.ou)
	}
	server.SetAccountState(ids["closed"], "SUSPENDED")
	server.SetTag(ids["orders"], "team", "yes")
	server.SetTag(ids["orders"], "cost center", "a: b @1")
	for _, p := range []string{"guardduty.amazonaws.com", "config.amazonaws.com", "cloudtrail.amazonaws.com"} {
		server.AddTrustedAccess(p)
	}
	_, err := client.RegisterDelegatedAdministrator(t.Context(), &organizations.RegisterDelegatedAdministratorInput{AccountId: aws.String(ids["security"]), ServicePrincipal: aws.String("guardduty.amazonaws.com")})
	require.NoError(t, err)
	server.ForgetCalls()
	return ids
}

var fromFlags = []string{"init", "--from-organization", "--zone", "example", "--alerts", "security@example.com"}

func TestInitAdoptsAnOrganizationThatHasGrown(t *testing.T) {
	server, client := live(t, fakeaws.Options{FeatureSet: "ALL", PageSize: 2, EmptyFirstPage: true})
	ids := grown(t, server, client)
	path := filepath.Join(t.TempDir(), "zone.yaml")
	code, stdout, stderr := execute(t, append(slices.Clone(fromFlags), "--output", path)...)
	require.Equal(t, exitGood, code, stderr)
	assert.Empty(t, server.Mutations(), "reading changes nothing")
	assert.Contains(t, stdout, path+": written: zone example, 5 accounts")
	file, problems := config.Load(path)
	require.Empty(t, problems)

	assert.Equal(t, "eu-central-1", file.Regions.Home, "the Region of the AWS CLI")
	assert.Equal(t, "aws+{account}@example.com", file.Email, "what the addresses have in common")
	assert.Equal(t, config.SecurityAccount{Name: "Log Archive", ID: ids["logs"]}, file.Security.LogArchive)
	assert.Equal(t, config.SecurityAccount{Name: "security-tooling", ID: ids["security"]}, file.Security.Audit, "the administrator of GuardDuty")
	assert.Equal(t, []string{"Core", "Teams", "Teams/Shop", "Teams/Shop/Dev", "Teams/Shop/Prod"}, file.OrganizationalUnits)
	assert.Equal(t, []config.Account{
		{Name: "0123", OU: "Sandbox", ID: ids["number"], State: config.StateActive},
		{Name: "orders-" + ids["twin"], OU: "Teams/Shop/Dev", ID: ids["twin"], Email: "legacy.orders@example.com", State: config.StateActive},
		{Name: "orders-" + ids["orders"], OU: "Teams/Shop/Prod", ID: ids["orders"], Email: "aws+orders@example.com", State: config.StateActive, Tags: map[string]string{"team": "yes", "cost center": "a: b @1"}},
	}, file.Accounts)

	for _, want := range []string{
		"A deploy MOVES 2 accounts", "Log Archive (" + ids["logs"] + "): Core -> Security", "security-tooling (" + ids["security"] + "): Core -> Security",
		"No line in the file: 5 accounts", "it is the management account, which governs and is no member of the zone: management (111122223333) in the root",
		"directly below the root, where a line", "billing (" + ids["loose"] + ") in the root",
		"AWS has suspended it: old (" + ids["closed"] + ") in Teams", "The file governs eu-central-1, and the guardrail deny-other-regions",
		"Teams/R&D (Zürich): the file cannot express its name",
		"account parked (" + ids["parked"] + "): it is active and lies in the OU Suspended",
		"AWS Config: it has trusted access",
		"A deploy creates: OU Security, OU Infrastructure, OU Workloads, OU Workloads/Prod, OU Workloads/NonProd.",
	} {
		assert.Contains(t, strings.Join(strings.Fields(stderr), " "), want)
	}
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, want := range []string{"MOVES: a deploy moves 2 accounts", "# It is the management account, which governs and is no member of the zone:\n#   management (111122223333) in the root\n",
		"#  - {name: billing, ou: Workloads/Prod, id: \"" + ids["loose"] + "\", email: aws+billing@example.com}\n"} {
		assert.Contains(t, string(text), want)
	}

	code, again, _ := execute(t, append(slices.Clone(fromFlags), "--output", "-")...)
	require.Equal(t, exitGood, code)
	assert.Equal(t, string(text), again, "the same organization makes the same file")

	// What the comments offer for accounts below the root is ready to be used.
	offered := takeOffers(string(text))
	_, problems = config.Parse("zone.yaml", []byte(offered))
	assert.Empty(t, problems, offered)
	assert.Contains(t, offered, "\n  - {name: billing")
}

// takeOffers removes the hashes from the lines that comments offer, which then stand under accounts.
func takeOffers(text string) string { return strings.ReplaceAll(text, "\n#  - {", "\n  - {") }

// TestADeployOfTheAdoptedFileDoesWhatInitSaid runs what the handler does for each OU and account of the file.
func TestADeployOfTheAdoptedFileDoesWhatInitSaid(t *testing.T) {
	for name, flags := range map[string][]string{
		"as it is":          nil,
		"with a default OU": {"--default-ou", "Teams/Shop", "--log-archive", "new"},
	} {
		t.Run(name, func(t *testing.T) {
			server, client := live(t, fakeaws.Options{FeatureSet: "ALL", AccountQuota: 20})
			grown(t, server, client)
			code, stdout, stderr := execute(t, slices.Concat(fromFlags, flags, []string{"--output", "-", "--json"})...)
			require.Equal(t, exitGood, code, stderr)
			var answer written
			require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
			file, problems := config.Parse("zone.yaml", []byte(answer.Text))
			require.Empty(t, problems)
			server.ForgetCalls()

			z := zone.Resolve(file)
			deploy := organization.New(aws.Config{BaseEndpoint: aws.String(server.URL), Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")},
				organization.WithClock(server.Now))
			for _, ou := range z.OUs {
				_, _, err := deploy.EnsureOrganizationalUnit(t.Context(), organization.OrganizationalUnit{Path: ou.Path})
				require.NoError(t, err)
			}
			for _, a := range z.Members() {
				wanted := organization.Account{Name: a.Name, Email: a.Email, OrganizationalUnitPath: a.OU, ID: a.ID, Tags: a.Tags, MayCreate: true, Started: server.Now()}
				state, err := deploy.EnsureAccount(t.Context(), wanted)
				for range 10 {
					if _, pending := errors.AsType[*organization.Pending](err); !pending {
						break
					}
					server.Advance(time.Minute)
					state, err = deploy.EnsureAccount(t.Context(), wanted)
				}
				require.NoError(t, err, a.Name)
				assert.NotEmpty(t, state.ID)
			}

			done := map[string]int{}
			for _, c := range server.Mutations() {
				done[c.Operation]++
			}
			said := map[string]int{}
			for _, n := range answer.Creates {
				if n.Kind == "account" {
					said["CreateAccount"]++
					said["MoveAccount"]++ // out of the root, where AWS creates accounts
				} else {
					said["CreateOrganizationalUnit"]++
				}
			}
			said["MoveAccount"] += len(answer.Moves)
			assert.Equal(t, said, done, "and no tag is written")
		})
	}
}

func TestInitMovesAccountsFromTheRootOnlyWhenItIsTold(t *testing.T) {
	server, client := live(t, fakeaws.Options{FeatureSet: "ALL"})
	ids := grown(t, server, client)
	code, stdout, stderr := execute(t, append(slices.Clone(fromFlags), "--default-ou", "Teams/Shop", "--log-archive", "new", "--audit", ids["number"], "--output", "-", "--json")...)
	require.Equal(t, exitNo, code, "another account administers GuardDuty: %s", stderr)
	var answer written
	require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
	assert.False(t, answer.OK)
	require.NotEmpty(t, answer.Findings)
	assert.Equal(t, "blocker", string(answer.Findings[0].Level))
	assert.Equal(t, "GuardDuty", answer.Findings[0].About)
	assert.Contains(t, answer.Findings[0].Do, "--audit "+ids["security"])
	assert.Contains(t, answer.Findings[0].Do, "aws guardduty disable-organization-admin-account --admin-account-id "+ids["security"])
	var moves []string
	for _, m := range answer.Moves {
		moves = append(moves, fmt.Sprintf("%s: %q -> %s", m.ID, m.From, m.To))
	}
	assert.ElementsMatch(t, []string{ids["loose"] + `: "" -> Teams/Shop`, ids["number"] + `: "Sandbox" -> Security`}, moves)
	file, problems := config.Parse("zone.yaml", []byte(answer.Text))
	require.Empty(t, problems)
	assert.Equal(t, config.SecurityAccount{Name: "log-archive-2"}, file.Security.LogArchive, "the address of log-archive is taken")
	assert.Equal(t, ids["number"], file.Security.Audit.ID)
}

func TestInitRefusesChoicesThatTheOrganizationDoesNotHave(t *testing.T) {
	server, client := live(t, fakeaws.Options{FeatureSet: "ALL"})
	ids := grown(t, server, client)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an account that does not exist": {[]string{"--audit", "nobody"}, "--audit: the organization has no account with the name or id nobody; to have one made, write new"},
		"a name that two accounts have":  {[]string{"--audit", "orders"}, "--audit: 2 accounts have the name orders: choose one by its id, " + ids["orders"] + " or " + ids["twin"]},
		"a closed account":               {[]string{"--log-archive", "old"}, "--log-archive: account old (" + ids["closed"] + ") cannot be chosen: AWS has suspended it"},
		"the management account":         {[]string{"--audit", "111122223333"}, "--audit: account management (111122223333) cannot be chosen"},
		"one account for both":           {[]string{"--log-archive", ids["security"], "--audit", ids["security"]}, "--audit: account security-tooling (" + ids["security"] + ") cannot be the log archive and the audit account at once"},
		"an OU that does not exist":      {[]string{"--default-ou", "Teams/Shopp"}, "--default-ou: Teams/Shopp is no OU"},
		"an OU that is reserved":         {[]string{"--default-ou", "Security"}, "--default-ou: the OU Security takes no accounts of yours"},
		"a wrong zone":                   {[]string{"--zone", "A"}, "--zone: must be lower-case"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append(append(slices.Clone(fromFlags), "--output", "-"), c.args...)...)
			assert.Equal(t, exitInput, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.want)
		})
	}
}

func TestInitSaysWhichPermissionIsMissing(t *testing.T) {
	for _, action := range survey.Actions(survey.Options{}) {
		t.Run(action, func(t *testing.T) {
			server, client := live(t, fakeaws.Options{FeatureSet: "ALL"})
			grown(t, server, client)
			server.Fault(func(c fakeaws.Call) fakeaws.Fault {
				if c.Name() == action {
					return fakeaws.Denied
				}
				return fakeaws.NoFault
			})
			path := filepath.Join(t.TempDir(), "zone.yaml")
			code, _, stderr := execute(t, append(slices.Clone(fromFlags), "--output", path)...)
			assert.Equal(t, exitInput, code)
			assert.Contains(t, stderr, "AWS refused "+action)
			assert.NoFileExists(t, path)
		})
	}
}

func TestInitWaitsOutThrottling(t *testing.T) {
	server, client := live(t, fakeaws.Options{FeatureSet: "ALL"})
	grown(t, server, client)
	var n atomic.Int64
	server.Fault(func(c fakeaws.Call) fakeaws.Fault {
		if n.Add(1)%5 == 0 {
			return fakeaws.Throttle
		}
		return fakeaws.NoFault
	})
	code, _, stderr := execute(t, append(slices.Clone(fromFlags), "--output", "-")...)
	assert.Equal(t, exitGood, code, stderr)
}

func TestInitNeedsAnOrganizationToReadOne(t *testing.T) {
	live(t, fakeaws.Options{})
	code, _, stderr := execute(t, append(slices.Clone(fromFlags), "--output", "-")...)
	assert.Equal(t, exitInput, code)
	assert.Contains(t, stderr, "belongs to no organization")
}

func TestInitAsksForAPatternThatNoAddressShows(t *testing.T) {
	live(t, fakeaws.Options{FeatureSet: "ALL"})
	code, _, stderr := execute(t, append(slices.Clone(fromFlags), "--output", "-")...)
	assert.Equal(t, exitInput, code)
	assert.Contains(t, stderr, "--email: the accounts' addresses show no common pattern")
}
