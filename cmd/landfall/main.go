// Command landfall answers questions about a landing zone from its one file.
// Without a word that says otherwise it needs no AWS credentials, no network
// and no Node.js.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
)

// Exit codes of every verb.
const (
	exitGood  = 0
	exitNo    = 1
	exitInput = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// exit ends a verb with a code other than 0. Its text goes to standard error; it may be empty when
// the verb has said everything.
type exit struct {
	code int
	text string
}

func (e exit) Error() string { return e.text }

// options are the flags that every verb has.
type options struct {
	config string
}

// run executes one command line, without the program's name, and returns its exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitGood
	}
	if e, is := errors.AsType[exit](err); is {
		if e.text != "" {
			fmt.Fprintln(stderr, e.text)
		}
		return e.code
	}
	fmt.Fprintf(stderr, "landfall: %v\nRun `landfall --help` for the commands and their flags.\n", err)
	return exitInput
}

func rootCommand() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "landfall",
		Short: "Answers questions about an AWS landing zone from its one file",
		Long: `Landfall answers questions about an AWS landing zone from its one file.

It reads the configuration and nothing else: no AWS credentials, no network, no Node.js,
except where a command says so.

Exit codes: 0 the answer is good, 1 the answer is no, 2 the input was bad
(a wrong flag or argument, or a file that cannot be read).`,
		Example: `  landfall check
  landfall check --config zones/production.yaml
  landfall check --json | jq '.problems[].path'`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().StringVar(&o.config, "config", config.DefaultPath, "the zone's `FILE`")
	root.AddCommand(checkCommand(o), planCommand(o), policyCommand(), guardrailsCommand(o), alertsCommand(o))
	root.AddCommand(costCommand(o))
	root.AddCommand(reportCommand(o))
	root.AddCommand(initCommand(o))
	return root
}
