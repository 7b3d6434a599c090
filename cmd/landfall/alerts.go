package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

func alertsCommand(o *options) *cobra.Command {
	c := &cobra.Command{
		Use:   "alerts",
		Short: "Answers questions about the zone's alerts",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(alertsMatchCommand(o))
	return c
}

func alertsMatchCommand(o *options) *cobra.Command {
	var management string
	c := &cobra.Command{
		Use:   "match [FILE]",
		Short: "Says which alerts events raise in this zone",
		Long: `Match says which alerts EventBridge events raise in this zone. It reads JSON Lines from FILE, or
from standard input without one or with -, and writes one line for each, in the same order.

A line in:

  {"id": …, "event": {"source": …, "detail-type": …, "account": …, "region": …, "detail": {…}, …}}

A line out:

  {"id": …, "alerts": [{"alert": …, "severity": …, "tier": …, "runbook": …}, …]}
  {"id": …, "error": "…"}

Alerts are sorted by name; an event that raises nothing has an empty list. "drill": true marks the
event of an exercise, such as a sample finding. An event counts only in a Region where the alert
listens: a governed Region or us-east-1. An alert that listens in the audit or log-archive account
alone counts there alone when the file names that account's id, else everywhere. The zone's own
deployments raise nothing; to tell them from those of other accounts, name the management account
with --management-account, since the file does not.

Exit codes: 0 every line was matched; 1 the zone's file has problems; 2 at least one line is no event,
or an input cannot be read.`,
		Example: `  landfall alerts match events.jsonl
  aws events ... | jq -c '{id: .id, event: .}' | landfall alerts match -
  landfall alerts match events.jsonl | jq -c 'select(.alerts | length > 0)'`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			m, err := newMatcher(o, management)
			if err != nil {
				return err
			}
			in, done, err := input(c, args)
			if err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v", err)}
			}
			defer done()
			sum, err := alert.MatchLines(c.Context(), in, c.OutOrStdout(), m)
			if err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v", err)}
			}
			if sum.Failed > 0 {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %d of %s could not be matched; each has its own error", sum.Failed, count(sum.Lines, "line"))}
			}
			return nil
		},
	}
	c.Flags().StringVar(&management, "management-account", "", "the `ID` of the management account")
	return c
}

// newMatcher compiles the alerts of the zone that the flags name.
func newMatcher(o *options, management string) (*alert.Matcher, error) {
	file, problems := config.Load(o.config)
	switch {
	case problems.Unreadable():
		return nil, exit{code: exitInput, text: problems.Error()}
	case len(problems) > 0:
		return nil, exit{code: exitNo, text: problems.Error()}
	}
	catalogue, err := alert.Load(controls.Alerts())
	if err != nil {
		return nil, fmt.Errorf("the alert catalogue: %w", err)
	}
	z := zone.Resolve(file)
	if problems := alert.Check(z, catalogue, time.Now()); len(problems) > 0 {
		for i := range problems {
			problems[i].File = o.config
		}
		return nil, exit{code: exitNo, text: problems.Error()}
	}
	return alert.NewMatcher(z, alert.For(z, catalogue), management)
}
