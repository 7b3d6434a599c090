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
)

// homeRegion is the home Region of the default zone, in which the management account deploys.
const homeRegion = "us-east-1"

// tools are what every emulation shares.
type tools struct {
	repository string
	out        string // folder for logs
	python     string // interpreter of the emulator's virtual environment
	app        string // executable of the CDK app
	handler    string // executable of the organization handler, for this machine
	cdk        string // executable of the CDK CLI
	context    string // CDK context of the command line as JSON, "" for none
	processes  *processes
}

// emulation is one emulated AWS with a management account.
type emulation struct {
	*tools
	name      string
	front     *front
	functions *functions
	log       *os.File
	stop      func()
}

// emulate starts an emulator with its front; nothing exists in it yet.
func (t *tools) emulate(ctx context.Context, name string) (*emulation, error) {
	dir := filepath.Join(t.out, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	requests, err := os.Create(filepath.Join(dir, "requests.log"))
	if err != nil {
		return nil, err
	}
	moto := fmt.Sprintf("http://127.0.0.1:%d", port)
	e := &emulation{tools: t, name: name, log: requests}
	if e.front, err = startFront(moto, requests); err != nil {
		return nil, err
	}
	if e.functions, err = startFunctions(t.handler, e.front.URL, dir, t.processes); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "emulator.log"))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(t.python, "-m", "emulator.start", fmt.Sprint(port), e.front.URL, e.functions.URL)
	cmd.Dir = filepath.Join(t.repository, "test", "rehearsal")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	stop, exited, err := t.processes.start(cmd)
	if err != nil {
		return nil, fmt.Errorf("starting the emulator: %w", err)
	}
	e.stop = stop
	waiting, cancel := context.WithTimeoutCause(ctx, time.Minute, fmt.Errorf("it did not listen within a minute"))
	defer cancel()
	if err := listening(waiting, moto+"/moto-api/", exited); err != nil {
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("starting the emulator: %w\n%s", err, tail(string(text), 30))
	}
	return e, nil
}

// close ends the emulator and everything in it.
func (e *emulation) close() {
	e.functions.close()
	e.front.close()
	e.stop()
	_ = e.log.Close()
}

// environment is what the CDK CLI runs with.
func (e *emulation) environment() []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, "CDK_") {
			env = append(env, entry)
		}
	}
	return append(env, "AWS_ENDPOINT_URL="+e.front.URL, "AWS_ACCESS_KEY_ID="+handKey, "AWS_SECRET_ACCESS_KEY="+handKey,
		"AWS_REGION="+homeRegion, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
		"AWS_EC2_METADATA_DISABLED=true", "CDK_DISABLE_VERSION_CHECK=1",
		// The CLI remembers there which account an access key belongs to.
		"CDK_HOME="+filepath.Join(e.out, e.name, "cdk-home"), "CI=true", "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")
}

// bootstrap prepares the management account, as an engineer does once.
func (e *emulation) bootstrap(ctx context.Context) error {
	_, err := e.command(ctx, "bootstrap", "aws://"+managementAccount+"/"+homeRegion)
	return err
}

// deploy deploys every stack of a cloud assembly and returns what the CDK CLI printed.
func (e *emulation) deploy(ctx context.Context, a *assembly) (string, error) {
	return e.command(ctx, "deploy", "--all", "--method=direct", "--require-approval=never", "--app", a.dir)
}

func (e *emulation) command(ctx context.Context, arguments ...string) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 4*time.Minute, fmt.Errorf("it did not end within 4 minutes"))
	defer cancel()
	cmd := exec.Command(e.cdk, append([]string{"--no-color", "--no-notices"}, arguments...)...)
	// Away from cdk.json, whose app is not meant here.
	cmd.Dir = filepath.Join(e.out, e.name)
	cmd.Env = e.environment()
	output, err := e.processes.run(ctx, filepath.Join(e.out, e.name, "cdk.log"), cmd)
	if err != nil {
		return output, fmt.Errorf("cdk %s: %w", arguments[0], err)
	}
	return output, nil
}

// synthesize runs the CDK app for a configuration.
func (t *tools) synthesize(ctx context.Context, configuration string) (*assembly, error) {
	dir := filepath.Join(t.out, "cdk.out")
	cmd := exec.Command(t.app)
	cmd.Dir = t.repository
	cmd.Env = append(os.Environ(), "LANDFALL_CONFIG="+configuration, "CDK_OUTDIR="+dir, "CDK_VALIDATION=false",
		"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1")
	if t.context != "" {
		cmd.Env = append(cmd.Env, "CDK_CONTEXT_JSON="+t.context)
	}
	if _, err := t.processes.run(ctx, filepath.Join(t.out, "synth.log"), cmd); err != nil {
		return nil, fmt.Errorf("synthesizing %s: %w", filepath.Base(configuration), err)
	}
	return loadAssembly(dir)
}
