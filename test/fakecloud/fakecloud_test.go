//go:build unix

// Package fakecloud_test holds this project's fake and its policy evaluator against fakecloud, an AWS emulator by others
// that has a strict organization and enforces service control policies. It is a separate program (https://github.com/faiscadev/fakecloud,
// `cargo install fakecloud --version 0.51.0 --locked`); without it the tests are skipped.
package fakecloud_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/test/rehearsal/conformance"
)

// executableVariable names the executable where it is not on the PATH as "fakecloud".
const executableVariable = "LANDFALL_FAKECLOUD"

const (
	startTimeout = 30 * time.Second
	suiteTimeout = 5 * time.Minute
)

// repository is the root of the repository, seen from this folder.
var repository = filepath.Join("..", "..")

// executable finds fakecloud, or skips the test and says so where it is seen without -v.
func executable(t *testing.T) string {
	t.Helper()
	if named := os.Getenv(executableVariable); named != "" {
		path, err := exec.LookPath(named)
		require.NoError(t, err, executableVariable)
		return path
	}
	path, err := exec.LookPath("fakecloud")
	if err != nil {
		fmt.Fprintf(os.Stderr, "SKIPPED: fakecloud is not installed, so %s did not run; put it on the PATH or name it in %s\n", t.Name(), executableVariable)
		t.Skip("fakecloud is not installed")
	}
	return path
}

// start starts a fakecloud that lives as long as the test, and returns its address.
func start(t *testing.T, environment ...string) string {
	t.Helper()
	program := executable(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().(*net.TCPAddr)
	require.NoError(t, listener.Close())
	log, err := os.Create(filepath.Join(t.TempDir(), "fakecloud.log"))
	require.NoError(t, err)
	cmd := exec.Command(program, "--addr", address.String(), "--log-level", "warn")
	cmd.Dir = t.TempDir()
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "FAKECLOUD_") {
			cmd.Env = append(cmd.Env, entry)
		}
	}
	cmd.Env = append(cmd.Env, environment...)
	cmd.Stdout, cmd.Stderr = log, log
	// A group of its own, so that nothing that it starts outlives it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, cmd.Start())
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-exited
		if text, err := os.ReadFile(log.Name()); err == nil && t.Failed() {
			t.Logf("the end of fakecloud's log:\n%s", text[max(0, len(text)-8000):])
		}
		_ = log.Close()
	})
	endpoint := fmt.Sprintf("http://localhost:%d", address.Port)
	require.NoError(t, listening(t.Context(), endpoint, exited), "starting fakecloud")
	return endpoint
}

// listening waits until a server answers HTTP at all.
func listening(ctx context.Context, url string, exited <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			return response.Body.Close()
		}
		select {
		case <-exited:
			return errors.New("it ended by itself")
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func TestFakecloudConformsToWhatOurFakePromises(t *testing.T) {
	endpoint := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), suiteTimeout)
	defer cancel()
	suite := conformance.Command(repository, endpoint, "fakecloud")
	suite.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stop := context.AfterFunc(ctx, func() {
		if suite.Process != nil {
			_ = syscall.Kill(-suite.Process.Pid, syscall.SIGKILL)
		}
	})
	defer stop()
	output, runErr := suite.CombinedOutput()
	require.NoError(t, ctx.Err(), "the suite took longer than %s", suiteTimeout)
	results, err := conformance.Read(output)
	require.NoError(t, err)
	for _, c := range results {
		t.Run(c.Name, func(t *testing.T) {
			switch c.Outcome {
			case "skip":
				t.Skip(c.Note)
			case "fail":
				t.Error(c.Note)
			}
		})
	}
	t.Log(results)
	require.NoError(t, results.Err())
	require.NoError(t, runErr)
}
