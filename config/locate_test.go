package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProblemsThatKnowTheirPathGetTheirPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "zone.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`zone: example
alerts:
  changes:
    - id: root-activity
      tier: digest
  suppressions:
    - {alert: kms-key-disabled, accounts: [a], expires: "2020-01-01"}
    - {alert: root-activity, accounts: [b], expires: "2020-01-02"}
identityCenter:
  assignments:
    - {group: a, permissionSet: x}
    - {group: b, permissionSet: x}
    - group: a
      permissionSet: y
      ous: [Sandbox]
`), 0o600))
	for path, want := range map[string][2]int{
		"alerts.changes[root-activity].tier":            {5, 13},
		"alerts.suppressions[root-activity].expires":    {8, 54},
		"alerts.suppressions[0].accounts":               {7, 43},
		"alerts.suppressions[root-activity].principals": {8, 7},
		"identityCenter.assignments[a][y]":              {13, 7},
		"identityCenter.assignments[x][b].ous":          {12, 7},
		"identityCenter.assignments[a][z]":              {11, 5},
		"alerts.nothing":                                {3, 3},
		"nothing":                                       {0, 0},
	} {
		got := Locate(file, Problems{{Path: path}})[0]
		require.Equal(t, file, got.File)
		require.Equal(t, want, [2]int{got.Line, got.Column}, path)
	}
	missing := Locate(filepath.Join(t.TempDir(), "none.yaml"), Problems{{Path: "zone"}})
	require.Zero(t, missing[0].Line)
}
