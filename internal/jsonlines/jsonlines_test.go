package jsonlines_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/internal/jsonlines"
)

// quote answers a line with itself in quotes; a line of "bad" fails.
func quote() jsonlines.Answer {
	return func(out, line []byte) ([]byte, bool) {
		return fmt.Appendf(out, "%q", line), string(line) != "bad"
	}
}

func process(t require.TestingT, r io.Reader) (string, jsonlines.Summary) {
	var out bytes.Buffer
	sum, err := jsonlines.Process(context.Background(), r, &out, quote)
	require.NoError(t, err)
	return out.String(), sum
}

func TestLineEnds(t *testing.T) {
	for name, test := range map[string]struct {
		in, want string
		sum      jsonlines.Summary
	}{
		"nothing":                 {"", "", jsonlines.Summary{}},
		"one line without an end": {"a", "\"a\"\n", jsonlines.Summary{Lines: 1}},
		"the end of the last line begins no line": {"a\nb\n", "\"a\"\n\"b\"\n", jsonlines.Summary{Lines: 2}},
		"empty lines count":                       {"\n\na", "\"\"\n\"\"\n\"a\"\n", jsonlines.Summary{Lines: 3}},
		"a carriage return belongs to the end":    {"a\r\nb\r", "\"a\"\n\"b\"\n", jsonlines.Summary{Lines: 2}},
		"failed lines are counted":                {"bad\na\nbad\n", "\"bad\"\n\"a\"\n\"bad\"\n", jsonlines.Summary{Lines: 3, Failed: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			got, sum := process(t, strings.NewReader(test.in))
			require.Equal(t, test.want, got)
			require.Equal(t, test.sum, sum)
		})
	}
}

func TestOrderIsKeptHoweverTheInputIsCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOf(rapid.StringMatching(`[a-z]{0,20}`)).Draw(t, "lines")
		in := strings.Join(lines, "\n") + "\n"
		var want strings.Builder
		for _, line := range lines {
			fmt.Fprintf(&want, "%q\n", line)
		}
		if len(lines) == 0 {
			want.WriteString("\"\"\n")
		}
		got, _ := process(t, iotest.OneByteReader(strings.NewReader(in)))
		require.Equal(t, want.String(), got)
		got, _ = process(t, iotest.HalfReader(strings.NewReader(in)))
		require.Equal(t, want.String(), got)
	})
}

func TestALineThatIsTooLongIsAnErrorAndTheNextIsRead(t *testing.T) {
	in := io.MultiReader(strings.NewReader("a\n"), io.LimitReader(endless{}, jsonlines.MaxLine+1), strings.NewReader("\nb\n"))
	got, sum := process(t, in)
	require.Equal(t, "\"a\"\n{\"id\":null,\"error\":\"the line is longer than 16777216 bytes\"}\n\"b\"\n", got)
	require.Equal(t, jsonlines.Summary{Lines: 3, Failed: 1}, sum)

	in = io.MultiReader(io.LimitReader(endless{}, jsonlines.MaxLine), strings.NewReader("\nb\n"))
	_, sum = process(t, in)
	require.Equal(t, jsonlines.Summary{Lines: 2}, sum)
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestAnAnswerComesBeforeTheNextQuestion(t *testing.T) {
	inReader, in := io.Pipe()
	out, outWriter := io.Pipe()
	done := make(chan error, 1)
	go func() {
		_, err := jsonlines.Process(context.Background(), inReader, outWriter, quote)
		outWriter.Close()
		done <- err
	}()
	answers := bufio.NewReader(out)
	for _, line := range []string{"a", "b"} {
		_, err := io.WriteString(in, line+"\n")
		require.NoError(t, err)
		answer, err := answers.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%q\n", line), answer)
	}
	require.NoError(t, in.Close())
	require.NoError(t, <-done)
}

func TestErrorsOfReaderWriterAndContextAreReturned(t *testing.T) {
	broken := errors.New("broken")
	_, err := jsonlines.Process(context.Background(), io.MultiReader(strings.NewReader("a\n"), iotest.ErrReader(broken)), io.Discard, quote)
	require.ErrorIs(t, err, broken)

	_, err = jsonlines.Process(context.Background(), endlessLines{}, failing{broken}, quote)
	require.ErrorIs(t, err, broken)

	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	waiting, in := io.Pipe()
	defer in.Close()
	_, err = jsonlines.Process(ctx, waiting, io.Discard, quote)
	require.ErrorIs(t, err, context.Canceled)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

type endlessLines struct{}

func (endlessLines) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "abcdefg\n"[i%8]
	}
	return len(p) &^ 7, nil
}

// TestMemoryDoesNotGrowWithTheNumberOfLines reads 64 MB and looks at the heap
// in between.
func TestMemoryDoesNotGrowWithTheNumberOfLines(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 64 MB")
	}
	peak := &peakReader{r: io.LimitReader(endlessLines{}, 64<<20)}
	sum, err := jsonlines.Process(context.Background(), peak, io.Discard, func() jsonlines.Answer {
		return func(out, line []byte) ([]byte, bool) { return append(out, line...), true }
	})
	require.NoError(t, err)
	require.Equal(t, 64<<20/8, sum.Lines)
	require.Less(t, peak.heap, uint64(24<<20), "bytes of heap")
}

// peakReader notes the largest live heap from time to time.
type peakReader struct {
	r     io.Reader
	reads int
	heap  uint64
}

func (p *peakReader) Read(b []byte) (int, error) {
	if p.reads++; p.reads%32 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		p.heap = max(p.heap, m.HeapAlloc)
	}
	return p.r.Read(b)
}
