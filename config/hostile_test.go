package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// patient bounds how long a hostile file may take on a slow machine.
const patient = 20 * time.Second

func TestAHostileFileIsAnsweredInTime(t *testing.T) {
	staircase := func(item string) string {
		var b strings.Builder
		for i := 0; b.Len() < MaxFileBytes/4; i++ {
			b.WriteString(strings.Repeat(" ", i) + item + "\n")
		}
		return b.String()
	}
	inputs := map[string]string{"staircase of keys": staircase("a:"), "staircase of items": staircase("-"), "staircase of explicit keys": staircase("?")}
	for _, unit := range []string{
		"[", "{", "]", "- ", "? ", "-\n", "a: ", "a:\n", "a: 1\n", "&a ", "*a ", "!a ", "!!str ", "\"", "'", "#", "# \n", "\n", "|", ">", "a: |\n", "%", "@", "\t", " ", ",", ":", ": ", "{a: ", "[a, ", "---\n", "...\n", "\\", "\r", "é", "a\n",
		"{a: [", "\"a\": ", "'a\n", "- - ", "a: b: ", "[]", "{}", "[], ", "a: []\n", "a: {}\n", "{}, ", "<<: ",
	} {
		inputs[fmt.Sprintf("repeated %q", unit)] = strings.Repeat(unit, MaxFileBytes/8/len(unit))
	}
	inputs["many keys in braces"] = "{" + strings.Repeat("a: {}, ", MaxFileBytes/8) + "}"
	inputs["a long quoted text"] = "zone: \"" + strings.Repeat("x", MaxFileBytes-100) + "\"\n"
	inputs["many accounts without anything"] = "accounts:\n" + strings.Repeat("- {}\n", MaxAccounts)
	inputs["many accounts in unknown OUs"] = manyUnknownOUs()
	for name, input := range inputs {
		t.Run(name, func(t *testing.T) {
			started := time.Now()
			zone, problems := Parse("hostile.yaml", []byte(input))
			if d := time.Since(started); d > 300*time.Millisecond {
				t.Logf("took %v", d)
			}
			assert.Less(t, time.Since(started), patient)
			assert.Nil(t, zone)
			assert.NotEmpty(t, problems)
		})
	}
}

func manyUnknownOUs() string {
	var b strings.Builder
	b.WriteString("organizationalUnits:\n")
	for i := range 1900 {
		fmt.Fprintf(&b, "- Workloads/Team-number-%05d\n", i)
	}
	b.WriteString("accounts:\n")
	for i := range MaxAccounts {
		fmt.Fprintf(&b, "- {name: a%d, ou: Workloads/Taem-nubmer-%06d, em: x}\n", i, i)
	}
	return b.String()
}

func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
