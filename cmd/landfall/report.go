package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/cost"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/report"
	"github.com/landfall-aws/landfall/internal/zone"
)

// reported is what `landfall report --json` prints.
type reported struct {
	File     string          `json:"file"`
	OK       bool            `json:"ok"`
	Report   *report.Report  `json:"report,omitempty"`
	Problems config.Problems `json:"problems,omitempty"`
}

func reportCommand(o *options) *cobra.Command {
	var output string
	var asJSON bool
	c := &cobra.Command{
		Use:   "report",
		Short: "Writes one HTML page about the zone, for engineers and auditors",
		Long: `Report writes one HTML page that says what the zone's file and the catalogue make: the organization with
its accounts, which guardrails apply where and from which place they are inherited, every policy as it is
attached with the guardrail behind each statement, what was weakened and why, exemptions, every alert with
its runbook and suppressions, metric filters, detective rules, services, which framework controls are
served, quotas, and an estimate of the cost.

The page loads nothing and needs no network: it can be mailed, kept as evidence and printed. The same file
gives the same page, byte for byte, so two pages can be compared. It is as public as the zone's file: it has
the names and e-mail addresses of accounts.

Report reads files only: what somebody changed by hand in AWS is not seen.

Exit codes: 0 the report is written, 2 the file has problems or cannot be read, or the report cannot be written.`,
		Example: `  landfall report --output report.html
  landfall report --config zones/production.yaml --output production.html
  landfall report --output - | less
  landfall report --json | jq -r '.report.attention[].what'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("output") {
				if !asJSON {
					return errors.New("--output is missing: name the file to write, as in --output report.html, or - for standard output")
				}
				output = "-"
			}
			if err := writable(output, o.config); err != nil {
				return exit{code: exitInput, text: "landfall: " + err.Error()}
			}
			r, err := reportOf(o)
			if err != nil {
				return badInput(c.OutOrStdout(), err, asJSON, func(problems config.Problems) any {
					return reported{File: o.config, Problems: problems}
				})
			}
			write := func(w io.Writer) error { return report.Render(w, r) }
			if asJSON {
				write = func(w io.Writer) error { return writeJSON(w, reported{File: o.config, OK: true, Report: &r}) }
			}
			if output == "-" {
				return write(c.OutOrStdout())
			}
			if err := replaceFile(output, write); err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: --output %s: %v", output, err)}
			}
			return nil
		},
	}
	c.Flags().StringVar(&output, "output", "", "the `FILE` to write, or - for standard output; with --json standard output if it is missing")
	c.Flags().BoolVar(&asJSON, "json", false, "write what the page shows as one JSON object: file, ok, report")
	return c
}

// reportOf computes the report of the zone's file. The error is config.Problems where a file is wrong.
func reportOf(o *options) (report.Report, error) {
	file, problems := config.Load(o.config)
	if len(problems) > 0 {
		return report.Report{}, problems
	}
	in := report.Input{Zone: zone.Resolve(file)}
	var err error
	in.Guardrails, err = guardrail.Open(controls.Guardrails(), o.config, in.Zone)
	if wrong, are := errors.AsType[guardrail.Problems](err); are {
		for _, p := range wrong {
			problems = append(problems, config.Problem{File: p.File, Line: p.Line, Path: p.Path, Message: p.Message})
		}
		return report.Report{}, problems
	}
	if err != nil {
		return report.Report{}, err
	}
	if in.Alerts, err = alert.Load(controls.Alerts()); err != nil {
		return report.Report{}, fmt.Errorf("the alert catalogue: %w", err)
	}
	if wrong := config.Locate(o.config, alert.Check(in.Zone, in.Alerts, time.Now())); len(wrong) > 0 {
		return report.Report{}, wrong
	}
	basis, err := cost.LoadBasis(controls.Detective(), controls.MetricFilters())
	if err != nil {
		return report.Report{}, err
	}
	in.Rules, in.Filters = basis.Rules, basis.Filters
	estimate := cost.For(in.Zone, basis, cost.Default(cost.Small))
	in.Cost = &estimate
	return report.For(in)
}

// writable says why a report cannot be written to a path before work is spent on it.
func writable(path, configFile string) error {
	if path == "-" {
		return nil
	}
	if path == "" {
		return errors.New("--output is empty: name the file to write, as in --output report.html, or - for standard output")
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("--output %s is a directory; name a file in it, as in --output %s", path, filepath.Join(path, "report.html"))
	case err == nil:
		if zoneFile, err := os.Stat(configFile); err == nil && os.SameFile(info, zoneFile) {
			return fmt.Errorf("--output %s is the zone's own file, which the report would replace; name another, as in --output report.html", path)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("--output %s: there is no directory %s; make it first, or name another file", path, filepath.Dir(path))
	}
	return nil
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeInto(path, write)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("the file cannot be written: %w", err)
	}
	defer os.Remove(f.Name()) // fails after the rename, as it should
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("the file cannot be written: %w", err)
	}
	return nil
}

// writeInto writes to what is no regular file, such as /dev/stdout or a pipe, which must not be replaced.
func writeInto(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("the file cannot be written: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
