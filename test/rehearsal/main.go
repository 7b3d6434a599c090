//go:build unix

// Command rehearsal deploys the default landing zone with the real CDK CLI and the real handler
// into an emulator, reads back through the service APIs what then exists, and edits the zone.
// It needs Go, Node.js with npm, and Python 3.11 or newer, and no AWS account.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/landfall-aws/landfall/constructs"
)

func main() {
	var options options
	flags := flag.NewFlagSet("rehearsal", flag.ContinueOnError)
	flags.Usage = func() { usage(flags) }
	flags.StringVar(&options.scenario, "scenario", "", "run only the parts with this `name` and what they need (see the list below)")
	flags.BoolVar(&options.json, "json", false, "print the report as JSON at the end; it is always written to test/rehearsal/out/report.json")
	flags.BoolVar(&options.keep, "keep", false, "leave the emulator running after the end, until interrupted, to look around in it")
	flags.DurationVar(&options.timeout, "timeout", 15*time.Minute, "give up after this `time`")
	switch err := flags.Parse(os.Args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	case flags.NArg() > 0:
		fmt.Fprintf(os.Stderr, "unexpected argument %q; see --help\n", flags.Arg(0))
		os.Exit(2)
	case options.scenario != "" && !isPart(options.scenario):
		fmt.Fprintf(os.Stderr, "no part is called %q; there are: %s\n", options.scenario, strings.Join(partNames(), ", "))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	ctx, cancel := context.WithTimeoutCause(ctx, options.timeout, fmt.Errorf("the rehearsal took longer than %s", options.timeout))
	defer cancel()
	if err := run(ctx, options); err != nil {
		fmt.Fprintf(os.Stderr, "\nFAILED: %v\n", err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	scenario   string
	json, keep bool
	timeout    time.Duration
}

func usage(flags *flag.FlagSet) {
	out := flags.Output()
	fmt.Fprint(out, "Usage: go run ./test/rehearsal [flags]\n\n"+
		"Deploys the default landing zone into an emulator with the real CDK CLI and the real handler,\n"+
		"reads back what exists, edits the zone, and says what was and was not rehearsed.\n"+
		"Exit status: 0 everything as expected, 1 something differs, 2 wrong usage.\n\nFlags:\n")
	flags.PrintDefaults()
	fmt.Fprint(out, "\nParts, in order:\n")
	for _, p := range parts {
		fmt.Fprintf(out, "  %-16s %s\n", p.name, p.title)
	}
}

// prepare builds and installs everything that emulations need.
func prepare(ctx context.Context, p *processes, r *report) (*tools, error) {
	root, err := repository()
	if err != nil {
		return nil, err
	}
	t := &tools{repository: root, out: filepath.Join(root, "test", "rehearsal", "out"), processes: p}
	if err := os.RemoveAll(t.out); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(t.out, 0o755); err != nil {
		return nil, err
	}
	log := filepath.Join(t.out, "prepare.log")
	t.cdk = filepath.Join(root, "node_modules", ".bin", "cdk")
	if _, err := os.Stat(t.cdk); err != nil {
		err := r.step("install the CDK CLI (npm ci)", func() error {
			npm := exec.Command("npm", "ci", "--no-audit", "--no-fund")
			npm.Dir = root
			_, err := p.run(ctx, log, npm)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	if err := r.step("install the emulator", func() (err error) {
		t.python, err = python(ctx, p, filepath.Join(root, "test", "rehearsal", "requirements.txt"), log)
		return err
	}); err != nil {
		return nil, err
	}
	return t, r.step("build the app and the handler", func() error {
		t.app, t.handler = filepath.Join(t.out, "app"), filepath.Join(t.out, "handler")
		build := exec.Command("go", "build", "-o", t.app, ".")
		build.Dir = root
		if _, err := p.run(ctx, log, build); err != nil {
			return err
		}
		return constructs.BuildHandler(root, t.handler, runtime.GOOS, runtime.GOARCH)
	})
}

// repository finds the root of the repository above the working directory.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "test", "rehearsal", "requirements.txt")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run it inside the repository")
		}
		dir = parent
	}
}
