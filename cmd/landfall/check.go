package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/zone"
)

// checked is what `landfall check --json` prints.
type checked struct {
	File     string          `json:"file"`
	OK       bool            `json:"ok"`
	Zone     *summary        `json:"zone,omitempty"`
	Problems config.Problems `json:"problems"`
}

// summary counts what a right file describes.
type summary struct {
	Name string `json:"name"`
	// Accounts are the member accounts, the two security accounts included.
	Accounts        int `json:"accounts"`
	Suspended       int `json:"suspended"`
	OUs             int `json:"ous"`
	GovernedRegions int `json:"governedRegions"`
}

func checkCommand(o *options) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Says everything that is wrong with the file, at once",
		Long: `Check reads the zone's file strictly and says everything that is wrong with it at once:
the file, line and column, the YAML path, the value, why it is wrong, what is allowed, and the
word that was probably meant. Each problem is one line that editors and CI systems can jump to.

When the file itself is right, check goes on to what it says of guardrails and alerts, to the guardrails of your own
in the directory guardrails beside it with their proofs, to suppressions that have expired, to permission sets and who
has them in production, and to the quotas of AWS.

Exit codes: 0 the file is right, 1 the file has problems, 2 the file cannot be read
(missing, a directory, no permission, too large, not UTF-8) or the command line is wrong.`,
		Example: `  landfall check
  landfall check --config zones/production.yaml
  landfall check --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			file, problems := config.Load(o.config)
			if len(problems) == 0 {
				var err error
				if problems, err = checkControls(o.config, file); err != nil {
					return err
				}
			}
			result := checked{File: o.config, OK: len(problems) == 0, Problems: problems}
			if result.OK {
				result.Zone = summarize(file)
			}
			if err := write(c, result, asJSON); err != nil {
				return fmt.Errorf("write the answer: %w", err)
			}
			switch {
			case problems.Unreadable():
				return exit{code: exitInput}
			case !result.OK:
				return exit{code: exitNo}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: file, ok, zone, problems")
	return c
}

// write prints the answer to standard output; only what kept it from reading the file goes to standard error.
func write(c *cobra.Command, r checked, asJSON bool) error {
	if asJSON {
		return writeJSON(c.OutOrStdout(), r)
	}
	if r.OK {
		z := r.Zone
		_, err := fmt.Fprintf(c.OutOrStdout(), "%s: good: zone %s, %s, %s, %s\n", r.File, z.Name,
			count(z.Accounts, "account"), count(z.OUs, "OU"), count(z.GovernedRegions, "governed Region"))
		return err
	}
	if r.Problems.Unreadable() {
		_, err := fmt.Fprintln(c.ErrOrStderr(), r.Problems.Error())
		return err
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%v\n%s\n", r.Problems, count(len(r.Problems), "problem"))
	return err
}

// checkControls says what is wrong between a right file and the catalogue. The error is of the catalogue itself.
func checkControls(path string, file *config.LandingZone) (config.Problems, error) {
	z := zone.Resolve(file)
	var problems config.Problems
	guardrails, err := guardrail.Open(controls.Guardrails(), path, z)
	if err == nil {
		_, err = guardrail.Plan(z, guardrails)
	}
	if wrong, are := errors.AsType[guardrail.Problems](err); are {
		for _, p := range wrong {
			problems = append(problems, config.Problem{File: p.File, Line: p.Line, Path: p.Path, Message: p.Message})
		}
	} else if err != nil {
		return nil, fmt.Errorf("reading the guardrails: %w", err)
	}
	alerts, err := alert.Load(controls.Alerts())
	if err != nil {
		return nil, fmt.Errorf("reading the alerts: %w", err)
	}
	problems = append(problems, config.Locate(path, alert.Check(z, alerts, time.Now()))...)
	return append(problems, config.Locate(path, identity.Check(z))...), nil
}

func summarize(z *config.LandingZone) *summary {
	s := &summary{
		Name:            z.Zone,
		Accounts:        2 + len(z.Accounts),
		OUs:             len(config.OUPaths(z.OrganizationalUnits)),
		GovernedRegions: len(z.Regions.Governed),
	}
	for _, a := range z.Accounts {
		if a.State == config.StateSuspended {
			s.Suspended++
		}
	}
	return s
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
