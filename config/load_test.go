package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const right = `zone: my-zone
regions: {home: us-east-1, governed: [us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts:
  - {name: orders-prod, ou: Workloads/Prod}
`

func TestLoadFillsInDefaultsForAbsentKeysAtEveryLevel(t *testing.T) {
	zone, problems := Load(write(t, "zone.yaml", right+"logs: {objectLock: {days: 30}}\nsecurity: {audit: {id: \"111122223333\"}}\ntrail: {cloudWatchLogs: {enabled: false}}\n"))
	require.NoError(t, problems.Err())
	want := Default()
	want.Zone = "my-zone"
	want.Regions = Regions{Home: "us-east-1", Governed: []string{"us-east-1"}}
	want.Email = "aws+{account}@example.com"
	want.Alerts.Recipients = []string{"security@example.com"}
	want.Accounts = []Account{{Name: "orders-prod", OU: "Workloads/Prod", State: StateActive}}
	want.Logs.ObjectLock.Days = 30
	want.Security.Audit.ID = "111122223333"
	want.Trail.CloudWatchLogs.Enabled = false
	assert.Equal(t, want, zone)
}

func TestLoadSaysWhyAFileCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(path("there.yaml"), []byte(right), 0o600))
	require.NoError(t, os.Symlink(os.DevNull, path("device")))
	huge, err := os.Create(path("huge.yaml"))
	require.NoError(t, err)
	require.NoError(t, huge.Truncate(50<<20))
	require.NoError(t, huge.Close())
	require.NoError(t, os.WriteFile(path("latin1.yaml"), []byte("zone: caf\xe9\n"), 0o600))
	require.NoError(t, os.Symlink(path("loop"), path("loop")))

	for name, c := range map[string]struct{ file, want string }{
		"a missing file names the one that is there": {"there.yml", ": no such file; there is " + path("there.yaml") + ": name it with --config " + path("there.yaml")},
		"a missing file in an unlikely place":        {"none/zone.yaml", ": no such file; run in the root of the repository, or name the file with --config"},
		"a directory":                                {".", ": this is a directory, not a file; name the file in it with --config, as in --config " + path("landing-zone.yaml")},
		"a device":                                   {"device", ": this is not a regular file (Dc---------), and only regular files are read"},
		"a file of 50 MB, which is not read":         {"huge.yaml", ": the file has 52428800 bytes, and at most 1048576 are read; a zone of 5,000 accounts needs less than that: is this the right file?"},
		"a file in another encoding":                 {"latin1.yaml", ":1:10: byte 0xE9 at offset 9 is not UTF-8; save the file as UTF-8"},
		"a symbolic link that leads to itself":       {"loop", ": the file cannot be read: too many levels of symbolic links"},
		"a path through a file":                      {"there.yaml/x", ": the file cannot be read: not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			file := path(c.file)
			zone, problems := Load(file)
			assert.Nil(t, zone)
			require.Len(t, problems, 1)
			assert.Equal(t, file+c.want, problems.Error())
			assert.True(t, problems.Unreadable())
		})
	}
	t.Run("no permission", func(t *testing.T) {
		if os.Geteuid() == 0 {
			t.Skip("root may read everything")
		}
		require.NoError(t, os.WriteFile(path("secret.yaml"), []byte(right), 0o000))
		_, problems := Load(path("secret.yaml"))
		assert.Equal(t, path("secret.yaml")+": the file cannot be read: permission denied", problems.Error())
	})
}

func TestProblemsAreAnErrorThatCallersCanTakeApart(t *testing.T) {
	_, problems := Parse("zone.yaml", []byte("zone: A\n"))
	err := fmt.Errorf("load the zone: %w", problems.Err())
	got, found := AsProblems(err)
	require.True(t, found)
	assert.Equal(t, problems, got)
	_, found = AsProblems(errors.New("another"))
	assert.False(t, found)
	require.NoError(t, Problems(nil).Err())
}

func TestProblemsInJSONHaveStableKeys(t *testing.T) {
	_, problems := Parse("zone.yaml", []byte(right+"logs: {objectLock: {mode: governence}}\n"))
	got, err := json.Marshal(problems)
	require.NoError(t, err)
	assert.JSONEq(t, `[{"file":"zone.yaml","line":7,"column":27,"path":"logs.objectLock.mode","value":"governence",
		"message":"not one of the words that this key takes","allowed":["governance","compliance"],"nearest":"governance"}]`, string(got))
	none, err := json.Marshal(Problems(nil))
	require.NoError(t, err)
	assert.Equal(t, "[]", string(none))
}

func TestNearestFindsTheWordThatWasMeant(t *testing.T) {
	words := []string{"eu-west-1", "eu-west-2", "us-east-1", "accounts"}
	for word, want := range map[string]string{
		"eu-wets-1": "eu-west-1", "EU-WEST-2": "eu-west-2", "acounts": "accounts", "account": "accounts", "xyz": "", "": "",
		"useast-1": "us-east-1", "eu-west-11": "eu-west-1", strings.Repeat("x", 10000): "",
	} {
		assert.Equal(t, want, Nearest(word, words), "%.20s", word)
	}
}

// file writes a configuration of n accounts.
func file(n int) string {
	var b strings.Builder
	b.WriteString("zone: my-zone\nregions: {home: us-east-1, governed: [us-east-1, us-west-2]}\nemail: aws+{account}@example.com\nalerts: {recipients: [security@example.com]}\naccounts:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: team-%04d-prod\n    ou: Workloads/Prod\n    tags:\n      team: team-%04d\n", i, i)
	}
	return b.String()
}

func TestTheLargestZoneFitsTheFile(t *testing.T) {
	zone, problems := Load(write(t, "zone.yaml", file(MaxAccounts)))
	require.NoError(t, problems.Err())
	assert.Len(t, zone.Accounts, MaxAccounts)
}

func benchmarkCheck(b *testing.B, accounts int) {
	path := filepath.Join(b.TempDir(), "zone.yaml")
	require.NoError(b, os.WriteFile(path, []byte(file(accounts)), 0o600))
	for b.Loop() {
		if _, problems := Load(path); len(problems) > 0 {
			b.Fatal(problems)
		}
	}
}

func BenchmarkCheck50(b *testing.B)   { benchmarkCheck(b, 50) }
func BenchmarkCheck1000(b *testing.B) { benchmarkCheck(b, 1000) }
