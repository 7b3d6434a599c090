package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zoneFile writes the default zone with words replaced (old, new, …) and returns its path.
func zoneFile(t *testing.T, dir, name string, words ...string) string {
	t.Helper()
	data, err := os.ReadFile(defaultFile)
	require.NoError(t, err)
	text := string(data)
	for i := 0; i < len(words); i += 2 {
		require.Contains(t, text, words[i])
		text = strings.Replace(text, words[i], words[i+1], 1)
	}
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestPlanDescribesAFirstDeployment(t *testing.T) {
	code, stdout, stderr := execute(t, "plan", "--config", defaultFile)
	assert.Equal(t, exitGood, code)
	assert.Empty(t, stderr)
	for _, want := range []string{
		"what a first deployment of zone example makes",
		"  Workloads/Prod\n",
		"  orders-prod <aws+orders-prod@example.com> in Workloads/Prod\n",
		"  landfall-audit: ",
		"  landfall-root-1 (SERVICE_CONTROL_POLICY) on root, slot 1 of 10: ",
		"mailed to security@example.com",
		"  runbooks: https://github.com/landfall-aws/landfall/blob/main/docs/runbooks/\n",
		"  GuardDuty: on, costs\n",
	} {
		assert.Contains(t, stdout, want)
	}
	// The order is that of the stacks.
	at := -1
	for _, heading := range []string{"\nOrganization: ", "\nAccounts: ", "\nTrail ", "\nStackSets: ", "\nPolicies: "} {
		next := strings.Index(stdout, heading)
		assert.Greater(t, next, at, heading)
		at = next
	}
}

func TestPlanSaysTheSameEachTime(t *testing.T) {
	old := zoneFile(t, t.TempDir(), "zone.yaml", "orders-dev", "orders-test", "  - us-west-2", "  - eu-west-1")
	for _, args := range [][]string{{"plan", "--config", defaultFile}, {"plan", "--config", defaultFile, "--against", old}, {"plan", "--config", defaultFile, "--against", old, "--json"}} {
		_, first, _ := execute(t, args...)
		_, again, _ := execute(t, args...)
		require.Equal(t, first, again)
	}
}

func TestPlanAnswersByWhatAnEditDoes(t *testing.T) {
	for name, c := range map[string]struct {
		words []string
		code  int
		// says are parts of the text, in their order.
		says []string
	}{
		"no edit":                  {nil, exitGood, []string{": nothing changes\n"}},
		"a move can be undone":     {[]string{"name: orders-dev\n    ou: Workloads/NonProd", "name: orders-dev\n    ou: Sandbox"}, exitGood, []string{": 1 change, 0 irreversible, 0 refused\n", "\nAccounts that move\n", "  accounts[orders-dev].ou (move): Workloads/NonProd -> Sandbox\n"}},
		"a new account cannot":     {[]string{"- name: orders-dev", "- name: more\n    ou: Sandbox\n  - name: orders-dev"}, exitNo, []string{"1 change, 1 irreversible", "\nCannot be undone\n", "accounts[more] (create)"}},
		"a lost Region is refused": {[]string{"    - us-west-2\n", ""}, exitNo, []string{"1 refused", "\nRefused\n", "regions.governed[us-west-2] (refuse): was us-west-2", "Instead: put it back"}},
		"what cannot be undone comes first": {[]string{"- name: orders-dev", "- name: orders-test", "    - us-west-2\n", ""}, exitNo,
			[]string{"\nCannot be undone\n", "accounts[orders-test]", "\nRefused\n", "\nStays in AWS and is governed no longer\n", "accounts[orders-dev]"}},
	} {
		t.Run(name, func(t *testing.T) {
			edited := zoneFile(t, t.TempDir(), "zone.yaml", c.words...)
			code, stdout, stderr := execute(t, "plan", "--config", edited, "--against", defaultFile)
			assert.Equal(t, c.code, code)
			assert.Empty(t, stderr)
			rest := stdout
			for _, want := range c.says {
				_, after, found := strings.Cut(rest, want)
				require.True(t, found, "%q in its order in\n%s", want, stdout)
				rest = after
			}
			for line := range strings.Lines(stdout) {
				if strings.HasPrefix(line, "    ") {
					assert.LessOrEqual(t, len(line), lineWidth+1, line)
				}
			}
		})
	}
}

func TestPlanAsJSONHasTheChangesAndTheAnswer(t *testing.T) {
	edited := zoneFile(t, t.TempDir(), "zone.yaml", "- name: orders-dev", "- name: more\n    ou: Sandbox\n  - name: orders-dev")
	code, stdout, _ := execute(t, "plan", "--json", "--config", edited, "--against", defaultFile)
	assert.Equal(t, exitNo, code)
	var answer struct {
		File, Against string
		OK            bool
		Changes       []struct{ Kind, What, Verdict, Consequence string }
		Creates       any
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
	assert.Equal(t, edited, answer.File)
	assert.Equal(t, defaultFile, answer.Against)
	assert.False(t, answer.OK)
	assert.Nil(t, answer.Creates)
	require.Len(t, answer.Changes, 1)
	assert.Equal(t, "accounts[more]", answer.Changes[0].What)
	assert.Equal(t, "irreversible", answer.Changes[0].Verdict)

	code, stdout, _ = execute(t, "plan", "--json", "--config", defaultFile, "--against", defaultFile)
	assert.Equal(t, exitGood, code)
	assert.JSONEq(t, `{"file":"`+defaultFile+`","against":"`+defaultFile+`","ok":true,"changes":[]}`, stdout)

	_, stdout, _ = execute(t, "plan", "--json", "--config", defaultFile)
	var description struct {
		Creates struct {
			OUs      []string
			Accounts []struct{ Name, Email, OU string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &description))
	assert.Len(t, description.Creates.OUs, 7)
	assert.Len(t, description.Creates.Accounts, 5)
}

func TestPlanListsTheProblemsOfEitherFile(t *testing.T) {
	wrong := zoneFile(t, t.TempDir(), "zone.yaml", "ou: Workloads/NonProd", "ou: Workloads/NonPord")
	for name, args := range map[string][]string{
		"of the file":                     {"plan", "--config", wrong},
		"of the file before the other":    {"plan", "--config", wrong, "--against", defaultFile},
		"of the file that it is compared": {"plan", "--config", defaultFile, "--against", wrong},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := execute(t, args...)
			assert.Equal(t, exitInput, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, wrong+":")
			assert.Contains(t, stderr, `did you mean "Workloads/NonProd"?`)
			assert.True(t, strings.HasSuffix(stderr, "\n1 problem\n"), stderr)

			code, stdout, stderr = execute(t, append(args, "--json")...)
			assert.Equal(t, exitInput, code)
			assert.Empty(t, stderr)
			var answer struct {
				OK       bool
				Problems []struct{ File, Path string }
			}
			require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
			assert.False(t, answer.OK)
			require.Len(t, answer.Problems, 1)
			assert.Equal(t, wrong, answer.Problems[0].File)
		})
	}
	code, _, stderr := execute(t, "plan", "--config", defaultFile, "--against", "")
	assert.Equal(t, exitInput, code)
	assert.Contains(t, stderr, "no such file")
}

func TestPlanReadsTheFileFromARevisionOfGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not on the PATH")
	}
	repository := t.TempDir()
	// The repository must not follow settings of the machine.
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=Example", "-c", "user.email=example@example.com"}, args...)...)
		cmd.Dir = repository
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, string(out))
	}
	git("init", "-q")
	git("commit", "-q", "--allow-empty", "-m", "nothing")
	git("tag", "empty")
	require.NoError(t, os.Mkdir(filepath.Join(repository, "config"), 0o700))
	file := zoneFile(t, filepath.Join(repository, "config"), "zone.yaml")
	git("add", ".")
	git("commit", "-q", "-m", "zone")
	git("tag", "deployed")
	zoneFile(t, filepath.Join(repository, "config"), "zone.yaml", "name: orders-dev\n    ou: Workloads/NonProd", "name: orders-dev\n    ou: Sandbox")

	code, stdout, stderr := execute(t, "plan", "--config", file, "--against", "git:deployed")
	assert.Equal(t, exitGood, code, stderr)
	assert.Contains(t, stdout, "compared with git:deployed: 1 change")

	// A git hook has these, relative to a directory that is not the file's.
	t.Setenv("GIT_DIR", ".git")
	t.Setenv("GIT_WORK_TREE", ".")
	code, _, stderr = execute(t, "plan", "--config", file, "--against", "git:deployed")
	assert.Equal(t, exitGood, code, stderr)

	for against, want := range map[string]string{
		"git:nowhere":    `git:nowhere:` + file + `: git knows no revision "nowhere"`,
		"git:empty":      "the revision empty does not have the file",
		"git:":           "names no revision",
		"git:--output=x": "names no revision",
	} {
		code, stdout, stderr := execute(t, "plan", "--config", file, "--against", against)
		assert.Equal(t, exitInput, code, against)
		assert.Empty(t, stdout, against)
		assert.Contains(t, stderr, want, against)
	}

	outside := zoneFile(t, t.TempDir(), "zone.yaml")
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(filepath.Dir(outside)))
	code, _, stderr = execute(t, "plan", "--config", outside, "--against", "git:HEAD")
	assert.Equal(t, exitInput, code)
	assert.Contains(t, stderr, "lies in no git repository")

	t.Setenv("PATH", t.TempDir())
	code, _, stderr = execute(t, "plan", "--config", file, "--against", "git:deployed")
	assert.Equal(t, exitInput, code)
	assert.Contains(t, stderr, "git is needed")
}
