//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// processes starts every process in a group of its own and ends all that still run.
type processes struct {
	mu     sync.Mutex
	groups map[int]<-chan struct{}
	closed bool
}

func newProcesses() *processes { return &processes{groups: map[int]<-chan struct{}{}} }

var errEnding = errors.New("the rehearsal is ending")

// start starts a process. The first result ends its whole group and waits, the second is closed when it exited.
func (p *processes) start(cmd *exec.Cmd) (stop func(), exited <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, errEnding
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	done := make(chan struct{})
	group := cmd.Process.Pid
	p.groups[group] = done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	return func() { p.end(group, done) }, done, nil
}

// end asks a group to end, and ends it.
func (p *processes) end(group int, exited <-chan struct{}) {
	_ = syscall.Kill(-group, syscall.SIGTERM)
	select {
	case <-exited:
	case <-time.After(2 * time.Second):
	}
	// Children that outlive their parent are in the same group.
	_ = syscall.Kill(-group, syscall.SIGKILL)
	<-exited
	p.mu.Lock()
	delete(p.groups, group)
	p.mu.Unlock()
}

// close ends every process and lets no other start.
func (p *processes) close() {
	p.mu.Lock()
	p.closed = true
	groups := map[int]<-chan struct{}{}
	for group, exited := range p.groups {
		groups[group] = exited
	}
	p.mu.Unlock()
	for group, exited := range groups {
		p.end(group, exited)
	}
}

// run runs a command to its end, with its output in a log; the error holds the output's tail.
func (p *processes) run(ctx context.Context, log string, cmd *exec.Cmd) (output string, err error) {
	file, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer file.Close()
	fmt.Fprintf(file, "$ %s\n", strings.Join(cmd.Args, " "))
	start, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	cmd.Stdout, cmd.Stderr = file, file
	stop, exited, err := p.start(cmd)
	if err != nil {
		return "", fmt.Errorf("%s: %w", cmd.Args[0], err)
	}
	defer stop()
	select {
	case <-exited:
	case <-ctx.Done():
		stop()
	}
	text, readErr := os.ReadFile(log)
	if readErr != nil {
		return "", readErr
	}
	output = string(text[start:])
	switch {
	case ctx.Err() != nil:
		return output, fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Args[0]), context.Cause(ctx), tail(output, 30))
	case !cmd.ProcessState.Success():
		return output, fmt.Errorf("%s: %s\n%s", filepath.Base(cmd.Args[0]), cmd.ProcessState, tail(output, 30))
	}
	return output, nil
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return "    " + strings.Join(all[max(0, len(all)-lines):], "\n    ")
}

// python makes the virtual environment of the requirements, once per content and Python version, and returns its interpreter.
func python(ctx context.Context, p *processes, requirements, log string) (string, error) {
	interpreter, err := exec.LookPath("python3")
	if err != nil {
		return "", fmt.Errorf("the emulator needs Python 3.11 or newer: %w", err)
	}
	version, err := exec.CommandContext(ctx, interpreter, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").Output()
	if err != nil {
		return "", fmt.Errorf("asking %s for its version: %w", interpreter, err)
	}
	locked, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(append(locked, version...))
	venv := filepath.Join(cache, "landfall-rehearsal", hex.EncodeToString(hash[:8]))
	ready := filepath.Join(venv, "ready")
	if _, err := os.Stat(ready); err == nil {
		return filepath.Join(venv, "bin", "python"), nil
	}
	// What an interrupted run left behind is not trusted.
	if err := os.RemoveAll(venv); err != nil {
		return "", err
	}
	if _, err := p.run(ctx, log, exec.Command(interpreter, "-m", "venv", venv)); err != nil {
		return "", fmt.Errorf("making the virtual environment: %w", err)
	}
	pip := exec.Command(filepath.Join(venv, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
		"--require-hashes", "--requirement", requirements)
	if _, err := p.run(ctx, log, pip); err != nil {
		return "", fmt.Errorf("installing the emulator: %w", err)
	}
	return filepath.Join(venv, "bin", "python"), os.WriteFile(ready, nil, 0o644)
}

// freePort finds a port that nobody listens on.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// listening waits until a server answers HTTP at all.
func listening(ctx context.Context, url string, exited <-chan struct{}) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			return nil
		}
		select {
		case <-exited:
			return errors.New("it ended by itself")
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}
