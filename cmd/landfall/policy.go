package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/internal/policy"
)

func policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Answers questions about any policies, without a zone",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(policyEvalCommand())
	return c
}

func policyEvalCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "eval [FILE]",
		Short: "Decides requests against service and resource control policies",
		Long: `Eval decides requests against service control policies (SCPs) and resource control policies
(RCPs) as AWS would, and names the statements that decided. It reads JSON Lines from FILE, or from
standard input without one or with -, and writes one line for each, in the same order.

A line in:

  {"id": …, "scps": [[policy, …], …], "rcps": [[policy, …], …],
   "request": {"action": …, "resource": …, "principal": …, "resourceAccount": …, "context": {…}}}

scps and rcps hold one list of policies per level: the root, each OU down the path, the account.
Leave scps out when SCPs are not enabled or when the principal is of the management account or of
another organization; leave rcps out when RCPs are not enabled or when the resource is of the
management account. The resource is an ARN, or "*" for an action that has no resource type.
resourceAccount is needed only where the ARN has no account id, as with S3. A context value is a
string or a list of strings. aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType,
aws:PrincipalIsAWSService, aws:PrincipalServiceName and aws:ResourceAccount follow from the request
unless the context has them; every other key is absent unless the context has it. The session of a
role has the role's ARN without its path: put aws:PrincipalArn into the context when the role has one,
as service-linked roles do, which neither SCPs nor RCPs bind. RCPs are taken to cover every service;
AWS applies them only to the services that the Organizations User Guide lists.

A line out:

  {"id": …, "decision": "Allowed", "by": [{"kind": "scp", "level": 0, "policy": 0, "statement": 0}]}
  {"id": …, "error": "…"}

decision is Allowed, ExplicitlyDenied or ImplicitlyDenied. by counts from 0 and names every Deny
that matched; else each level that allows nothing, with policy and statement -1; else the first
Allow of each level.

Exit codes: 0 every line was decided, however; 2 at least one line could not be evaluated.`,
		Example: `  landfall policy eval requests.jsonl
  landfall policy eval < requests.jsonl | jq -c 'select(.decision != "Allowed")'
  echo '{"id":1,"scps":[[{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}]}]],
    "request":{"action":"s3:GetObject","resource":"arn:aws:s3:::logs/a","principal":"arn:aws:iam::111122223333:user/Ana"}}' |
    tr -d '\n' | landfall policy eval -`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			in, done, err := input(c, args)
			if err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v", err)}
			}
			defer done()
			sum, err := policy.EvaluateLines(c.Context(), in, c.OutOrStdout())
			if err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v", err)}
			}
			if sum.Failed > 0 {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %d of %s could not be evaluated; each has its own error", sum.Failed, count(sum.Lines, "line"))}
			}
			return nil
		},
	}
}

// input opens the file that the arguments name, standard input without one or for "-".
func input(c *cobra.Command, args []string) (io.Reader, func(), error) {
	if len(args) == 0 || args[0] == "-" {
		return c.InOrStdin(), func() {}, nil
	}
	f, err := os.Open(args[0])
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = errors.New(args[0] + " is a directory; name a file of JSON Lines")
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, func() { f.Close() }, nil
}
