// Package conformance runs the conformance suite of internal/fakeaws against an emulator, and reads what came of it.
package conformance

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// suite is the test that holds every case as a subtest.
const suite = "TestConformance"

// Case is one case of the suite.
type Case struct {
	Name string `json:"name"`
	// Outcome is "pass", "skip" or "fail".
	Outcome string `json:"outcome"`
	// Note is why the case was skipped, or what it printed when it failed.
	Note string `json:"note,omitempty"`
}

// Results are the cases in the order in which they ended.
type Results []Case

// Command is the suite against an emulator ("moto" or "fakecloud") at an endpoint; Read reads its standard output.
// The suite empties the emulator before every case.
func Command(repository, endpoint, emulator string) *exec.Cmd {
	cmd := exec.Command("go", "test", "-json", "-count=1", "-run", "^"+suite+"$", "./internal/fakeaws")
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "LANDFALL_CONFORMANCE_ENDPOINT="+endpoint, "LANDFALL_CONFORMANCE_EMULATOR="+emulator)
	return cmd
}

// event is a line of test2json.
type event struct{ Action, Test, Output string }

// Read reads the output of Command. Lines that are not of test2json are left out. It fails when no case ran, or when the
// suite failed outside of its cases, as it does when it does not compile.
func Read(output []byte) (Results, error) {
	var results Results
	printed, stray := map[string]*strings.Builder{}, &strings.Builder{}
	failed := false
	lines := bufio.NewScanner(bytes.NewReader(output))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		_, name, isCase := strings.Cut(e.Test, "/")
		switch e.Action {
		case "output", "build-output":
			if !isCase {
				stray.WriteString(e.Output)
				continue
			}
			if printed[name] == nil {
				printed[name] = &strings.Builder{}
			}
			printed[name].WriteString(e.Output)
		case "pass", "skip", "fail":
			if !isCase {
				failed = failed || e.Action == "fail"
				continue
			}
			one := Case{Name: strings.ReplaceAll(name, "_", " "), Outcome: e.Action}
			if e.Action != "pass" && printed[name] != nil {
				one.Note = note(printed[name].String())
			}
			results = append(results, one)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the results of the conformance suite: %w", err)
	}
	switch {
	case len(results) == 0:
		return nil, fmt.Errorf("no case of the conformance suite ran:\n%s", stray)
	case failed && results.Count("fail") == 0:
		return results, fmt.Errorf("the conformance suite failed outside of its cases:\n%s", stray)
	}
	return results, nil
}

// note is what a case printed, without the lines that frame it and without the place in front of a single line.
func note(printed string) string {
	var lines []string
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			lines = append(lines, line)
		}
	}
	if len(lines) == 1 {
		if place, text, ok := strings.Cut(lines[0], ": "); ok && strings.Contains(place, ".go:") {
			return text
		}
	}
	return strings.Join(lines, "\n")
}

// Count is the number of cases with an outcome.
func (r Results) Count(outcome string) int {
	n := 0
	for _, c := range r {
		if c.Outcome == outcome {
			n++
		}
	}
	return n
}

// String is the counts in one line.
func (r Results) String() string {
	return fmt.Sprintf("%d cases: %d passed, %d skipped, %d failed", len(r), r.Count("pass"), r.Count("skip"), r.Count("fail"))
}

// Err is nil when no case failed and at least one passed; otherwise it names what failed and why.
func (r Results) Err() error {
	var failures []error
	for _, c := range r {
		if c.Outcome == "fail" {
			failures = append(failures, fmt.Errorf("%s:\n%s", c.Name, c.Note))
		}
	}
	if len(failures) == 0 && !slices.ContainsFunc(r, func(c Case) bool { return c.Outcome == "pass" }) {
		return errors.New("no case of the conformance suite passed")
	}
	return errors.Join(failures...)
}
