package alert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

func matcher(t testing.TB, z *zone.Zone) *alert.Matcher {
	t.Helper()
	m, err := alert.NewMatcher(z, alert.For(z, catalogue(t)), "111122223333")
	require.NoError(t, err)
	return m
}

func ids(raised []alert.Raised) []string {
	var out []string
	for _, r := range raised {
		out = append(out, r.Alert)
	}
	return out
}

func TestEveryProofHoldsForTheWholeCatalogue(t *testing.T) {
	z := testZone()
	z.Audit.ID, z.LogArchive.ID = "", ""
	m := matcher(t, z)
	for _, a := range catalogue(t).Alerts {
		if a.Tier == alert.Off {
			continue
		}
		regions := map[alert.Regions][]string{
			alert.AllRegions: z.AlertRegions, alert.GlobalRegion: {"us-east-1"}, alert.HomeRegion: {z.HomeRegion},
		}[a.Listen.Regions]
		for _, c := range a.Proof.Raises {
			got, err := m.Match(c.Event)
			require.NoError(t, err)
			var e struct{ Region string }
			require.NoError(t, json.Unmarshal(c.Event, &e))
			listens := e.Region == "global" || slices.Contains(regions, e.Region)
			assert.Equal(t, listens, slices.Contains(ids(got), a.ID), "%s: %s", a.ID, c.Name)
			for _, r := range got {
				if r.Alert == a.ID {
					assert.Equal(t, alert.Raised{Alert: a.ID, Severity: a.Severity, Tier: a.Tier, Runbook: a.Runbook, Drill: c.Drill}, r)
				}
			}
		}
		for _, c := range a.Proof.Ignores {
			got, err := m.Match(c.Event)
			require.NoError(t, err)
			assert.NotContains(t, ids(got), a.ID, c.Name)
		}
	}
}

const stopLogging = `{"version":"0","id":"1","account":"444455556666","region":"%s","source":"aws.cloudtrail",
"detail-type":"AWS API Call via CloudTrail","detail":{"eventName":"StopLogging","userIdentity":{"type":"IAMUser","userName":"jane"}}}`

func TestAnEventCountsOnlyWhereTheAlertListens(t *testing.T) {
	m := matcher(t, testZone())
	finding := `{"account":"%s","region":"eu-west-1","source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":9}}`
	for name, test := range map[string]struct {
		event string
		want  []string
	}{
		"in a governed Region":                            {fmt.Sprintf(stopLogging, "eu-north-1"), []string{"trail-tampering"}},
		"in us-east-1":                                    {fmt.Sprintf(stopLogging, "us-east-1"), []string{"trail-tampering"}},
		"in a Region that is not governed":                {fmt.Sprintf(stopLogging, "ap-south-1"), nil},
		"a finding in the audit account":                  {fmt.Sprintf(finding, "123456789012"), []string{"guardduty-finding-critical"}},
		"the same finding in the member that it is about": {fmt.Sprintf(finding, "444455556666"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := m.Match([]byte(test.event))
			require.NoError(t, err)
			assert.Equal(t, test.want, ids(got))
		})
	}
}

func TestTheManagementAccountIsAnyAccountThatTheFileDoesNotName(t *testing.T) {
	event := `{"account":"%[1]s","region":"eu-west-1","source":"aws.cloudtrail","detail-type":"AWS API Call via CloudTrail",
"detail":{"eventName":"StopLogging","userIdentity":{"type":"AssumedRole","invokedBy":"cloudformation.amazonaws.com",
"sessionContext":{"sessionIssuer":{"arn":"arn:aws:iam::%[1]s:role/cdk-hnb659fds-cfn-exec-role-%[1]s-eu-west-1","userName":"cdk-hnb659fds-cfn-exec-role-%[1]s-eu-west-1"}}}}}`
	z := testZone()
	for name, test := range map[string]struct {
		told, account string
		raises        bool
	}{
		"a member that the file names":                         {"", "444455556666", true},
		"an account that the file does not name":               {"", "111122223333", false},
		"the management account, when told":                    {"111122223333", "111122223333", false},
		"another account, when the management account is told": {"111122223333", "222233334444", true},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := alert.NewMatcher(z, alert.For(z, catalogue(t)), test.told)
			require.NoError(t, err)
			got, err := m.Match(fmt.Appendf(nil, event, test.account))
			require.NoError(t, err)
			assert.Equal(t, test.raises, len(got) > 0)
		})
	}
}

func TestALineIsAnsweredWithItsOwnID(t *testing.T) {
	m := matcher(t, testZone())
	event := strings.ReplaceAll(fmt.Sprintf(stopLogging, "eu-west-1"), "\n", "")
	in := strings.Join([]string{
		`{"id":1,"event":` + event + `}`,
		`{"id":"two","event":{"account":"444455556666","source":"aws.ec2","region":"eu-west-1","detail-type":"EC2 Instance State-change Notification","detail":{"state":"running"}}}`,
		`{"event":` + event + `}`,
		``,
		`{"id":3}`,
		`{"id":4,"event":[]}`,
		`{"id":5,"event":{"source":7}}`,
		`{"id":6,"event":{},"more":1}`,
		`{"id":{},"event":{}}`,
		`{"id":7,"event":{}} {}`,
		`not JSON`,
		`{"id":8,"event":{}}}`,
	}, "\n")
	var out bytes.Buffer
	sum, err := alert.MatchLines(context.Background(), strings.NewReader(in), &out, m)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 12)
	assert.Equal(t, 9, sum.Failed)
	assert.JSONEq(t, `{"id":1,"alerts":[{"alert":"trail-tampering","severity":"critical","tier":"page","runbook":"trail-tampering"}]}`, lines[0])
	assert.Equal(t, `{"id":"two","alerts":[]}`, lines[1])
	assert.True(t, strings.HasPrefix(lines[2], `{"id":null,"alerts":[{`), lines[2])
	for i, want := range map[int]string{
		3:  `{"id":null,"error":"the line is empty"}`,
		4:  `{"id":3,"error":"event is missing`,
		5:  `{"id":4,"error":"event: `,
		6:  `{"id":5,"error":"event: `,
		7:  `"error":"want one object with id and event: `,
		8:  `{"id":null,"error":"id: want a string or a number"}`,
		9:  `{"id":7,"error":"there is text after the object`,
		10: `{"id":null,"error":"want one object`,
		11: `{"id":8,"error":"there is text after the object`,
	} {
		assert.Contains(t, lines[i], want)
	}
}

// lineReader makes n lines without holding them.
type lineReader struct {
	line []byte
	n    int
	rest []byte
}

func (r *lineReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = r.line
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestManyLinesNeedNoMoreMemoryThanFew(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	m := matcher(t, testZone())
	line := []byte(`{"id":1,"event":` + strings.ReplaceAll(fmt.Sprintf(stopLogging, "eu-west-1"), "\n", "") + "}\n")
	const n = 100_000
	runtime.GC()
	var before, peak runtime.MemStats
	runtime.ReadMemStats(&before)
	sum, err := alert.MatchLines(context.Background(), &lineReader{line: line, n: n}, io.Discard, m)
	require.NoError(t, err)
	assert.Equal(t, n, sum.Lines)
	assert.Zero(t, sum.Failed)
	runtime.GC()
	runtime.ReadMemStats(&peak)
	assert.Less(t, int64(peak.HeapSys)-int64(before.HeapSys), int64(128<<20), "bytes that the heap grew by for %d lines of %d bytes", n, len(line))
}

func TestAnswersKeepTheOrderOfTheLines(t *testing.T) {
	m := matcher(t, testZone())
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 300).Draw(t, "n")
		var in strings.Builder
		for i := range n {
			region := rapid.SampledFrom([]string{"eu-west-1", "ap-south-1"}).Draw(t, "region")
			fmt.Fprintf(&in, `{"id":%d,"event":%s}`+"\n", i, strings.ReplaceAll(fmt.Sprintf(stopLogging, region), "\n", ""))
		}
		var out bytes.Buffer
		_, err := alert.MatchLines(context.Background(), strings.NewReader(in.String()), &out, m)
		require.NoError(t, err)
		d := json.NewDecoder(&out)
		for i := range n {
			var line struct{ ID int }
			require.NoError(t, d.Decode(&line))
			require.Equal(t, i, line.ID)
		}
	})
}

// FuzzTheOrderOfTheKeysOfALineDoesNotMatter compares the lines that are taken apart fast with ones that are decoded.
func FuzzTheOrderOfTheKeysOfALineDoesNotMatter(f *testing.F) {
	m := matcher(f, testZone())
	event := fmt.Sprintf(stopLogging, "eu-west-1")
	for _, id := range []string{"1", ` "a\"b" `, `"a,b"`, "null", "{}", "[1", `1,"id":2`, `"\u0041<"`, "", "1e", "\"\xff\""} {
		f.Add([]byte(id), []byte(event))
	}
	for _, event := range []string{"null", "{}", `{}}`, `{},"event":{}`, `{},"more":1`, `{"source":1} {}`, "\t{} ", "{\"a\":\"\xff\"}", ""} {
		f.Add([]byte("1"), []byte(event))
	}
	f.Fuzz(func(t *testing.T, id, event []byte) {
		id, event = withoutLineEnds(id), withoutLineEnds(event)
		usual, other := fmt.Appendf(nil, `{"id":%s,"event":%s}`, id, event), fmt.Appendf(nil, `{"event":%s,"id":%s}`, event, id)
		if !json.Valid(id) || !json.Valid(event) {
			// Text that reaches over the end of its value makes other lines. Still one that is no JSON has no answer.
			_, ok := answer(t, m, usual)
			require.False(t, ok && !json.Valid(usual), "%q", usual)
			return
		}
		want, _ := answer(t, m, other)
		got, _ := answer(t, m, usual)
		require.Equal(t, want, got, "%q", usual)
	})
}

func withoutLineEnds(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\n"), nil), []byte("\r"), nil)
}

// answer returns the answer to a line, and whether it is none of an error.
func answer(t require.TestingT, m *alert.Matcher, line []byte) (string, bool) {
	var out bytes.Buffer
	sum, err := alert.MatchLines(context.Background(), bytes.NewReader(line), &out, m)
	require.NoError(t, err)
	return out.String(), sum.Failed == 0
}

func FuzzMatchLineNeverPanics(f *testing.F) {
	m := matcher(f, testZone())
	f.Add([]byte(`{"id":1,"event":` + fmt.Sprintf(stopLogging, "eu-west-1") + `}`))
	f.Add([]byte(`{"id":null,"event":{"detail":[[{}]]}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n\r") || len(line) == 0 {
			return
		}
		var out bytes.Buffer
		sum, err := alert.MatchLines(context.Background(), bytes.NewReader(line), &out, m)
		require.NoError(t, err)
		require.Equal(t, 1, sum.Lines)
		require.True(t, json.Valid(out.Bytes()), "%q answers %q", line, out.Bytes())
	})
}
