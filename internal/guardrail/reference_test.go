package guardrail_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write docs/guardrails.md anew")

func TestTheReferenceIsUpToDate(t *testing.T) {
	const file, begin, end = "../../docs/guardrails.md", "<!-- catalogue: written by go test ./internal/guardrail -update -->\n", "<!-- end of catalogue -->\n"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	_, tail, ok := strings.Cut(rest, end)
	require.True(t, ok)
	want := head + begin + catalogue(t).Reference() + end + tail
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644))
		return
	}
	assert.Equal(t, want, string(text), "run go test ./internal/guardrail -update")
}
