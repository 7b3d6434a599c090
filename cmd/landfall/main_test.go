package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// defaultFile is the repository's own configuration, from this directory.
const defaultFile = "../../config/landing-zone.yaml"

// execute runs one command line and returns its exit code and output.
func execute(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestTheRootCommandShowsHelp(t *testing.T) {
	code, stdout, stderr := execute(t)
	assert.Equal(t, exitGood, code)
	assert.Contains(t, stdout, "landfall check --config")
	assert.Contains(t, stdout, "Exit codes: 0 the answer is good, 1 the answer is no, 2 the input was bad")
	assert.Empty(t, stderr)
}

func TestAWrongCommandLineIsBadInput(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an unknown command is answered with the nearest": {[]string{"chekc"}, "Did you mean this?\n\tcheck"},
		"an unknown flag":             {[]string{"check", "--jsno"}, "unknown flag: --jsno"},
		"a flag without its value":    {[]string{"check", "--config"}, "flag needs an argument: --config"},
		"an argument that none takes": {[]string{"check", "zone.yaml"}, `unknown command "zone.yaml" for "landfall check"`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := execute(t, c.args...)
			assert.Equal(t, exitInput, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.want)
			assert.Contains(t, stderr, "landfall --help")
		})
	}
}

func TestCheckSumsUpARightFile(t *testing.T) {
	code, stdout, stderr := execute(t, "check", "--config", defaultFile)
	assert.Equal(t, exitGood, code)
	assert.Equal(t, defaultFile+": good: zone example, 5 accounts, 7 OUs, 2 governed Regions\n", stdout)
	assert.Empty(t, stderr)
}

func TestCheckSumsUpARightFileAsJSON(t *testing.T) {
	code, stdout, stderr := execute(t, "check", "--config", defaultFile, "--json")
	assert.Equal(t, exitGood, code)
	assert.JSONEq(t, `{"file":"`+defaultFile+`","ok":true,"problems":[],
		"zone":{"name":"example","accounts":5,"suspended":0,"ous":7,"governedRegions":2}}`, stdout)
	assert.Empty(t, stderr)
}

func TestCheckListsEveryProblemAndAnswersNo(t *testing.T) {
	const file = "../../config/testdata/many-problems-at-once.yaml"
	code, stdout, stderr := execute(t, "check", "--config", file)
	assert.Equal(t, exitNo, code)
	assert.Empty(t, stderr)
	want, err := os.ReadFile("../../config/testdata/many-problems-at-once.problems")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(want)), "\n")
	got := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, got, len(lines)+1)
	for i, line := range lines {
		assert.Equal(t, "../../config/testdata/"+line, got[i])
	}
	assert.Equal(t, "20 problems", got[len(got)-1])

	code, stdout, _ = execute(t, "check", "--json", "--config", file)
	assert.Equal(t, exitNo, code)
	var answer struct {
		OK       bool
		Zone     any
		Problems []struct {
			Path string
			Line int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
	assert.False(t, answer.OK)
	assert.Nil(t, answer.Zone)
	require.Len(t, answer.Problems, len(lines))
	assert.Equal(t, "zone", answer.Problems[0].Path)
	assert.Equal(t, 1, answer.Problems[0].Line)
}

func TestAFileThatCannotBeReadIsBadInput(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "zone.yaml")
	code, stdout, stderr := execute(t, "check", "--config", missing)
	assert.Equal(t, exitInput, code)
	assert.Empty(t, stdout)
	assert.Equal(t, missing+": no such file; run in the root of the repository, or name the file with --config\n", stderr)

	code, stdout, _ = execute(t, "check", "--json", "--config", t.TempDir())
	assert.Equal(t, exitInput, code)
	assert.Contains(t, stdout, `"unreadable": true`)
}
