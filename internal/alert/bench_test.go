//go:build unix

package alert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/alert"
)

// BenchmarkMatcher matches events against the whole catalogue. CPU-ns/event is the time that all cores together spent on
// one event, the collection of garbage included; unlike ns/op it does not grow when other programs take the cores.
//
//	go test -run '^$' -bench Matcher -cpu 1 ./internal/alert
func BenchmarkMatcher(b *testing.B) {
	m := matcher(b, testZone())
	events := map[string][][]byte{
		"security-group-opened": {callEvent(b)},
		"all-proofs":            proofEvents(b),
	}
	for _, name := range []string{"security-group-opened", "all-proofs"} {
		events := events[name]
		b.Run(name, func(b *testing.B) {
			before, i := cpuTime(b), 0
			for b.Loop() {
				if _, err := m.Match(events[i%len(events)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
			report(b, before, b.N, events)
		})
	}
}

// BenchmarkMatchLines answers lines as landfall alerts match does, from reading them to writing the answers.
func BenchmarkMatchLines(b *testing.B) {
	m := matcher(b, testZone())
	event := callEvent(b)
	line := fmt.Appendf(nil, `{"id":1,"event":%s}`+"\n", event)
	const lines = 2000
	before := cpuTime(b)
	for b.Loop() {
		sum, err := alert.MatchLines(context.Background(), &lineReader{line: line, n: lines}, io.Discard, m)
		require.NoError(b, err)
		require.Zero(b, sum.Failed)
	}
	report(b, before, b.N*lines, [][]byte{event})
}

// callEvent is an event of an API call as CloudTrail delivers it.
func callEvent(b *testing.B) []byte {
	b.Helper()
	text, err := os.ReadFile(filepath.Join("..", "eventpattern", "testdata", "security-group-event.json"))
	require.NoError(b, err)
	var event bytes.Buffer
	require.NoError(b, json.Compact(&event, text))
	return event.Bytes()
}

func proofEvents(b *testing.B) [][]byte {
	b.Helper()
	var events [][]byte
	for _, a := range catalogue(b).Alerts {
		for _, c := range slices.Concat(a.Proof.Raises, a.Proof.Ignores) {
			events = append(events, c.Event)
		}
	}
	return events
}

// report reports the CPU time per event since before, and the mean size of the events.
func report(b *testing.B, before time.Duration, n int, events [][]byte) {
	b.Helper()
	b.ReportMetric(float64(cpuTime(b)-before)/float64(n), "CPU-ns/event")
	b.ReportMetric(float64(len(slices.Concat(events...)))/float64(len(events)), "B/event")
}

// cpuTime is the CPU time that this process has taken so far.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
