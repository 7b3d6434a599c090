// Package eventruler_test compares internal/eventpattern with Event Ruler, the Java library that AWS published as the
// matcher of EventBridge. The jars are fetched by Maven and the driver is compiled by javac, both into the user's cache
// folder. Without Java or Maven the comparison is skipped.
package eventruler_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// driverTimeout bounds each of fetching, compiling and asking.
const driverTimeout = 5 * time.Minute

// question is what the driver reads, one JSON object per line.
type question struct {
	Pattern string `json:"pattern"`
	Event   string `json:"event,omitempty"`
}

// answer is what the driver writes for each question.
type answer struct {
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	// Complexity answers a question without an event.
	Complexity int `json:"complexity"`
}

// ask runs Event Ruler once over all questions.
func ask(t *testing.T, questions []question) []answer {
	t.Helper()
	for _, tool := range []string{"java", "javac", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			fmt.Fprintf(os.Stderr, "*** NOT COMPARED WITH EVENT RULER: %s is not installed ***\n", tool)
			t.Skipf("%s is not installed", tool)
		}
	}
	folder := buildDriver(t)
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	for _, q := range questions {
		require.NoError(t, encoder.Encode(q))
	}
	output := run(t, &input, "java", "-cp", classPath(folder), "Driver")
	answers := make([]answer, 0, len(questions))
	lines := bufio.NewScanner(bytes.NewReader(output))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var a answer
		require.NoError(t, json.Unmarshal(lines.Bytes(), &a))
		answers = append(answers, a)
	}
	require.NoError(t, lines.Err())
	require.Len(t, answers, len(questions), "the driver must answer each question")
	return answers
}

func classPath(folder string) string {
	return filepath.Join(folder, "jars", "*") + string(os.PathListSeparator) + folder
}

// buildDriver returns the folder of the compiled driver and its jars. The folder is named by what it is built from, so
// a change of the driver or of the version of Event Ruler builds anew.
func buildDriver(t *testing.T) string {
	t.Helper()
	hash := sha256.New()
	for _, file := range []string{"pom.xml", "Driver.java"} {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		hash.Write(content)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir() // no home folder: build for this run only
	}
	parent := filepath.Join(cache, "landfall", "eventruler")
	folder := filepath.Join(parent, hex.EncodeToString(hash.Sum(nil))[:16])
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	require.NoError(t, os.MkdirAll(parent, 0o755))
	// Built aside and renamed, so a folder that exists is complete.
	building, err := os.MkdirTemp(parent, "building-")
	require.NoError(t, err)
	defer os.RemoveAll(building)
	run(t, nil, "mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime",
		"-DoutputDirectory="+filepath.Join(building, "jars"))
	run(t, nil, "javac", "-cp", classPath(building), "-d", building, "Driver.java")
	if err := os.Rename(building, folder); err != nil {
		_, statErr := os.Stat(folder)
		require.NoError(t, statErr, "neither this run (%v) nor another has built the driver", err)
	}
	return folder
}

func run(t *testing.T, input *bytes.Buffer, name string, arguments ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), driverTimeout)
	defer cancel()
	command := exec.CommandContext(ctx, name, arguments...)
	if input != nil {
		command.Stdin = input
	}
	var failure strings.Builder
	command.Stderr = &failure
	output, err := command.Output()
	require.NoError(t, err, fmt.Sprintf("%s %s: %s%s", name, strings.Join(arguments, " "), output, failure.String()))
	return output
}
