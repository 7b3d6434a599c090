package config

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files anew")

// Each testdata/NAME.yaml has its problems as text in testdata/NAME.problems. Files named good-* have none.
func TestParseReportsTheseProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			zone, problems := Parse(filepath.Base(file), data)
			if strings.HasPrefix(name, "good-") {
				require.NoError(t, problems.Err())
				require.NotNil(t, zone)
				return
			}
			require.Nil(t, zone)
			require.Error(t, problems.Err(), "a file without problems is named good-*")
			golden := strings.TrimSuffix(file, ".yaml") + ".problems"
			got := problems.Error() + "\n"
			if *update {
				require.NoError(t, os.WriteFile(golden, []byte(got), 0o644))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
			for _, p := range problems {
				assert.Positive(t, p.Line, p)
				assert.Positive(t, p.Column, p)
				assert.LessOrEqual(t, p.Line, strings.Count(string(data), "\n")+1, p)
			}
		})
	}
}
