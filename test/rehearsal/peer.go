//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/landfall-aws/landfall/test/rehearsal/conformance"
)

// conform runs the conformance suite of package fakeaws against moto as it is published, without the resource types,
// corrections and front of the rehearsal: they would answer for it.
func conform(ctx context.Context, r *rehearsal) error {
	dir := filepath.Join(r.out, "conformance")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, "emulator.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(r.python, "-m", "moto.server", "--host", "127.0.0.1", "--port", fmt.Sprint(port))
	// A fresh server in a folder without modules of ours.
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = log, log
	stop, exited, err := r.processes.start(cmd)
	if err != nil {
		return fmt.Errorf("starting moto: %w", err)
	}
	defer stop()
	endpoint := fmt.Sprintf("http://localhost:%d", port)
	waiting, cancel := context.WithTimeoutCause(ctx, time.Minute, fmt.Errorf("it did not listen within a minute"))
	defer cancel()
	if err := listening(waiting, endpoint+"/moto-api/", exited); err != nil {
		text, _ := os.ReadFile(log.Name())
		return fmt.Errorf("starting moto: %w\n%s", err, tail(string(text), 30))
	}
	output, runErr := r.processes.run(ctx, filepath.Join(dir, "suite.log"), conformance.Command(r.repository, endpoint, "moto"))
	if ctx.Err() != nil {
		return runErr
	}
	results, err := conformance.Read([]byte(output))
	r.report.Conformance = results
	switch {
	case err != nil:
		return err
	case results.Err() != nil:
		return fmt.Errorf("%s; what failed on moto:\n%w", results, results.Err())
	case runErr != nil:
		return runErr
	}
	fmt.Fprintf(os.Stderr, "         %s\n", results)
	return nil
}

// compareWithFakecloud runs the tests of package fakecloud_test and passes on what they say about being skipped, which go
// test itself keeps to itself.
func compareWithFakecloud(ctx context.Context, r *rehearsal) error {
	cmd := exec.Command("go", "test", "-count=1", "-v", "./test/fakecloud")
	cmd.Dir = r.repository
	output, err := r.processes.run(ctx, filepath.Join(r.out, "fakecloud.log"), cmd)
	if err != nil {
		return err
	}
	passed := 0
	for line := range strings.Lines(output) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, skippedMark):
			fmt.Fprintln(os.Stderr, line)
			r.report.Skipped = append(r.report.Skipped, line)
		case strings.HasPrefix(line, "--- PASS"):
			passed++
		}
	}
	if passed == 0 && len(r.report.Skipped) == 0 {
		return fmt.Errorf("no test ran and none says why:\n%s", tail(output, 10))
	}
	fmt.Fprintf(os.Stderr, "         %d tests passed\n", passed)
	return nil
}

// skippedMark begins the line in which a comparison says why it does not run.
const skippedMark = "SKIPPED: "
