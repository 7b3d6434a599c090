package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	policyLine = `{"id":1,"scps":[[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}]],` +
		`"request":{"action":"s3:GetObject","resource":"arn:aws:s3:::logs/a","principal":"arn:aws:iam::111122223333:user/Ana"}}` + "\n"
	policyAnswer = `{"id":1,"decision":"Allowed","by":[{"kind":"scp","level":0,"policy":0,"statement":0}]}` + "\n"
)

func runPolicyEval(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errors bytes.Buffer
	code = run(context.Background(), append([]string{"policy", "eval"}, args...), strings.NewReader(stdin), &out, &errors)
	return code, out.String(), errors.String()
}

func TestPolicyEval(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.jsonl")
	require.NoError(t, os.WriteFile(file, []byte(policyLine+policyLine), 0o600))
	for name, test := range map[string]struct {
		stdin          string
		args           []string
		code           int
		stdout, stderr string
	}{
		"reads a file":                          {"", []string{file}, exitGood, policyAnswer + policyAnswer, ""},
		"reads standard input for a dash":       {policyLine, []string{"-"}, exitGood, policyAnswer, ""},
		"reads standard input without argument": {policyLine, nil, exitGood, policyAnswer, ""},
		"answers nothing with nothing":          {"", nil, exitGood, "", ""},
		"a denial is a good answer": {strings.Replace(policyLine, "s3:GetObject", "iam:CreateUser", 1), nil, exitGood,
			`{"id":1,"decision":"ImplicitlyDenied","by":[{"kind":"scp","level":0,"policy":-1,"statement":-1}]}` + "\n", ""},
		"a line that cannot be evaluated leaves the others and ends with 2": {`{"id":"x"}` + "\n" + policyLine, nil, exitInput,
			`{"id":"x","error":"request: missing"}` + "\n" + policyAnswer, "landfall: 1 of 2 lines could not be evaluated; each has its own error\n"},
		"a file that is not there": {"", []string{"no-such-file.jsonl"}, exitInput, "", "landfall: open no-such-file.jsonl: no such file or directory\n"},
		"a directory":              {"", []string{filepath.Dir(file)}, exitInput, "", "landfall: " + filepath.Dir(file) + " is a directory; name a file of JSON Lines\n"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := runPolicyEval(test.stdin, test.args...)
			require.Equal(t, test.code, code)
			require.Equal(t, test.stdout, stdout)
			require.Equal(t, test.stderr, stderr)
		})
	}
	t.Run("two files are too many", func(t *testing.T) {
		code, _, stderr := runPolicyEval("", file, file)
		require.Equal(t, exitInput, code)
		require.Contains(t, stderr, "accepts at most 1 arg")
	})
	t.Run("the example of the help works", func(t *testing.T) {
		_, help, _ := runPolicyEval("", "--help")
		_, example, found := strings.Cut(help, "echo '")
		require.True(t, found)
		example, _, found = strings.Cut(example, "' |")
		require.True(t, found)
		code, stdout, _ := runPolicyEval(strings.ReplaceAll(example, "\n", ""), "-")
		require.Equal(t, exitGood, code)
		require.Equal(t, policyAnswer, stdout)
	})
}
