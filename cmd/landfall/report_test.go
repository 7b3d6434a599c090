package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReportWritesOnePage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, []byte("former"), 0o600))
	code, stdout, stderr := execute(t, "report", "--config", defaultFile, "--output", file)
	assert.Equal(t, exitGood, code)
	assert.Empty(t, stdout)
	assert.Empty(t, stderr)
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	for _, want := range []string{
		"<!DOCTYPE html>", "<h1>Landing zone example</h1>", `id="account-orders-prod"`, `id="ou-Workloads_2f_Prod"`, `id="guardrail-protect-config"`,
		`id="policy-landfall-root-1"`, `id="alert-root-activity"`, `id="cost"`,
	} {
		assert.Contains(t, string(page), want)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no file for the time of writing is left behind")

	code, stdout, _ = execute(t, "report", "--config", defaultFile, "--output", "-")
	assert.Equal(t, exitGood, code)
	assert.Equal(t, string(page), stdout, "the same file gives the same page")
}

func TestReportPrintsItsModelAsJSON(t *testing.T) {
	code, stdout, stderr := execute(t, "report", "--config", defaultFile, "--json")
	assert.Equal(t, exitGood, code)
	assert.Empty(t, stderr)
	var answer struct {
		OK     bool
		Report struct {
			Zone string
			Root struct {
				Units []struct{ Path string }
			}
			Policies []struct{ Document json.RawMessage }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
	assert.True(t, answer.OK)
	assert.Equal(t, "example", answer.Report.Zone)
	assert.NotEmpty(t, answer.Report.Root.Units)
	assert.NotEmpty(t, answer.Report.Policies)
}

func TestReportSaysWhyItCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	good := zoneFile(t, dir, "zone.yaml")
	bad := zoneFile(t, dir, "bad.yaml", "home: us-east-1", "home: us-east-9")
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no output":                     {[]string{"--config", good}, "--output is missing: name the file to write, as in --output report.html, or - for standard output"},
		"an empty output":               {[]string{"--config", good, "--output", ""}, "--output is empty: name the file to write"},
		"a directory":                   {[]string{"--config", good, "--output", dir}, "is a directory; name a file in it, as in --output " + filepath.Join(dir, "report.html")},
		"no directory":                  {[]string{"--config", good, "--output", filepath.Join(dir, "no", "report.html")}, "there is no directory " + filepath.Join(dir, "no")},
		"the zone's own file":           {[]string{"--config", good, "--output", good}, "is the zone's own file, which the report would replace"},
		"an argument":                   {[]string{"--config", good, "report.html"}, `unknown command "report.html"`},
		"a file with problems":          {[]string{"--config", bad, "--output", filepath.Join(dir, "report.html")}, "bad.yaml:13:9: regions.home: "},
		"a file that is not there":      {[]string{"--config", filepath.Join(dir, "none.yaml"), "--output", "-"}, "none.yaml"},
		"a guardrail that is not known": {[]string{"--config", zoneFile(t, dir, "unknown.yaml", "accounts:\n", "guardrails: {changes: [{id: protect-confg, state: \"off\"}]}\naccounts:\n"), "--output", "-"}, `did you mean "protect-config"?`},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := execute(t, append([]string{"report"}, c.args...)...)
			assert.Equal(t, exitInput, code)
			assert.Empty(t, stdout)
			assert.Contains(t, stderr, c.says)
			_, err := os.Stat(filepath.Join(dir, "report.html"))
			assert.ErrorIs(t, err, os.ErrNotExist)
		})
	}
	t.Run("problems as JSON", func(t *testing.T) {
		code, stdout, stderr := execute(t, "report", "--config", bad, "--json")
		assert.Equal(t, exitInput, code)
		assert.Empty(t, stderr)
		var answer struct {
			OK       bool
			Problems []struct{ Path string }
		}
		require.NoError(t, json.Unmarshal([]byte(stdout), &answer))
		assert.False(t, answer.OK)
		require.NotEmpty(t, answer.Problems)
		assert.Equal(t, "regions.home", answer.Problems[0].Path)
	})
}
