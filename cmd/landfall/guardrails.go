package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/zone"
)

func guardrailsCommand(o *options) *cobra.Command {
	c := &cobra.Command{
		Use:   "guardrails",
		Short: "Answers what the guardrails of this zone stop, and why",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(guardrailsCheckCommand(o), guardrailsEvalCommand(o), guardrailsExplainCommand(o))
	return c
}

// checkedPolicy is one policy as `landfall guardrails check --json` prints it.
type checkedPolicy struct {
	Name       string   `json:"name"`
	Type       string   `json:"type"`
	AttachedTo []string `json:"attachedTo"`
	Size       int      `json:"size"`
	Limit      int      `json:"limit"`
	Guardrails []string `json:"guardrails"`
}

func guardrailsCheckCommand(o *options) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check",
		Short: "Says what is wrong with your guardrails, or which policies they become",
		Long: `Check reads the guardrails of the directory guardrails beside the zone's file and the key guardrails in
it, and says everything that is wrong with them: unknown actions and condition keys, proofs that do
not hold, statements that another one makes superfluous, OUs and accounts that the zone does not have,
a mandatory guardrail that is off without a reason, quotas. When nothing is wrong it lists the policies, where each is attached and its size.

Exit codes: 0 the guardrails are right, 1 they have problems, 2 the zone's file has problems.`,
		Example: `  landfall guardrails check
  landfall guardrails check --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			file, problems := config.Load(o.config)
			if len(problems) > 0 {
				return exit{code: exitInput, text: problems.Error()}
			}
			z := zone.Resolve(file)
			catalogue, err := guardrail.Open(controls.Guardrails(), o.config, z)
			var policies []guardrail.Policy
			if err == nil {
				policies, err = guardrail.Plan(z, catalogue)
			}
			if err != nil {
				if _, err := fmt.Fprintln(c.OutOrStdout(), err); err != nil {
					return err
				}
				return exit{code: exitNo}
			}
			return writePolicies(c, policies, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON list of policies")
	return c
}

func writePolicies(c *cobra.Command, policies []guardrail.Policy, asJSON bool) error {
	list := make([]checkedPolicy, 0, len(policies))
	for _, p := range policies {
		item := checkedPolicy{Name: p.Name, Type: p.Type, Size: p.Size, Limit: p.Limit}
		for _, t := range p.Targets {
			item.AttachedTo = append(item.AttachedTo, t.String())
		}
		for _, s := range p.Statements {
			if !slices.Contains(item.Guardrails, s.GuardrailID) {
				item.Guardrails = append(item.Guardrails, s.GuardrailID)
			}
		}
		list = append(list, item)
	}
	if asJSON {
		return writeJSON(c.OutOrStdout(), list)
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POLICY\tTYPE\tATTACHED TO\tCHARACTERS\tGUARDRAILS")
	for _, p := range list {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d of %d\t%s\n", p.Name, p.Type, strings.Join(p.AttachedTo, ", "), p.Size, p.Limit, strings.Join(p.Guardrails, " "))
	}
	return w.Flush()
}

func guardrailsEvalCommand(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "eval [FILE]",
		Short: "Decides requests in accounts of this zone",
		Long: `Eval decides requests as the service and resource control policies of this zone do, and names
the guardrail that stops them. It reads JSON Lines from FILE, or from standard input without one or
with -, and writes one line for each, in the same order.

A line in names an account of the zone, or an OU:

  {"id": …, "account": "orders-prod", "request": {"action": …, "resource": …, "principal": …, "context": {…}}}
  {"id": …, "ou": "Workloads/Prod", "request": {…}}

The principal and the resource are taken to be of that account. The request has the form that
` + "`landfall policy eval --help`" + ` describes; only the keys in its context are known, so give the ones that
every real request has, such as aws:RequestedRegion, aws:PrincipalOrgID and aws:SecureTransport.

A line out:

  {"id": …, "decision": "ExplicitlyDenied", "by": [{"kind": "scp", "level": 0, "policy": 1, "statement": 0,
    "guardrail": "deny-leaving-organization", "title": …, "file": …, "sid": …, "policyName": …, "attachedTo": "root"}]}
  {"id": …, "error": "…"}

Exit codes: 0 every line was decided, however; 2 at least one line could not be evaluated.`,
		Example: `  landfall guardrails eval requests.jsonl
  echo '{"id":1,"account":"orders-prod","request":{"action":"organizations:LeaveOrganization","resource":"*","principal":"arn:aws:iam::111122223333:role/admin"}}' | landfall guardrails eval`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			d, err := decider(o)
			if err != nil {
				return err
			}
			in, done, err := input(c, args)
			if err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v", err)}
			}
			defer done()
			sum, err := d.DecideLines(c.Context(), in, c.OutOrStdout())
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

// explained is what `landfall guardrails explain --json` prints.
type explained struct {
	Decision policy.Decision    `json:"decision"`
	Request  explainedRequest   `json:"request"`
	Reasons  []explainedReasons `json:"reasons"`
}

type explainedRequest struct {
	Action    string                   `json:"action"`
	Resource  string                   `json:"resource"`
	Principal string                   `json:"principal"`
	Context   map[string]policy.Values `json:"context"`
}

type explainedReasons struct {
	guardrail.ReasonJSON
	Intent  string   `json:"intent"`
	Level   string   `json:"guardrailLevel"`
	Exempt  []string `json:"exempt"`
	Instead string   `json:"instead"`
}

func guardrailsExplainCommand(o *options) *cobra.Command {
	var account, ou, action, resource, principal string
	var values []string
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain",
		Short: "Says which guardrail stops a request, why, and what to do instead",
		Long: `Explain decides one request in an account or OU of this zone and says which guardrail stops it, why it
exists, where it is attached, who is exempt and what to do instead.

Keys that every real request has are filled in unless --context says otherwise: aws:RequestedRegion
(from the resource, else the zone's home Region), aws:SecureTransport, aws:PrincipalOrgID,
aws:ResourceOrgID, aws:ResourceAccount and the like. --context KEY= takes a key away.

Exit codes: 0 the request is let through, 1 a guardrail stops it, 2 the input was bad.`,
		Example: `  landfall guardrails explain --account orders-prod --action ec2:RunInstances \
    --resource 'arn:aws:ec2:eu-west-1:111122223333:instance/*' --context ec2:MetadataHttpTokens=optional
  landfall guardrails explain --ou Workloads/Prod --action iam:CreateUser --json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := decider(o)
			if err != nil {
				return err
			}
			path, err := d.Target(account, ou)
			if err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v (--account or --ou)", err)}
			}
			request := policy.Request{Action: action, Resource: resource, Principal: principal, Context: guardrail.BaseContext(principal, resource)}
			if arn := strings.SplitN(resource, ":", 6); len(arn) < 6 || arn[3] == "" {
				request.Context["aws:RequestedRegion"] = policy.Values{d.HomeRegion()}
			}
			if err := overrideContext(request.Context, values); err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v", err)}
			}
			decision, err := path.Decide(request)
			if err != nil {
				return exit{code: exitInput, text: fmt.Sprintf("landfall: %v", err)}
			}
			answer, err := explain(d, request, decision)
			if err != nil {
				return err
			}
			if err := writeExplanation(c, answer, asJSON); err != nil {
				return fmt.Errorf("write the answer: %w", err)
			}
			if decision.Denied() {
				return exit{code: exitNo}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&account, "account", "", "`NAME` of the account")
	f.StringVar(&ou, "ou", "", "`PATH` of the OU, instead of an account")
	f.StringVar(&action, "action", "", "the `ACTION`, as in s3:GetObject")
	f.StringVar(&resource, "resource", "*", "the `ARN` of the resource")
	f.StringVar(&principal, "principal", guardrail.ExamplePrincipal, "the `ARN` of the role, user or root user")
	f.StringArrayVar(&values, "context", nil, "a condition key as `KEY=VALUE`; again for another key or value")
	f.BoolVar(&asJSON, "json", false, "print one JSON object: decision, request, reasons")
	if err := c.MarkFlagRequired("action"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// decider loads the zone's file and its guardrails.
func decider(o *options) (*guardrail.Decider, error) {
	file, problems := config.Load(o.config)
	if len(problems) > 0 {
		return nil, exit{code: exitInput, text: problems.Error()}
	}
	z := zone.Resolve(file)
	catalogue, err := guardrail.Open(controls.Guardrails(), o.config, z)
	if err != nil {
		return nil, exit{code: exitInput, text: err.Error()}
	}
	d, err := guardrail.NewDecider(z, catalogue)
	if err != nil {
		return nil, exit{code: exitInput, text: err.Error()}
	}
	return d, nil
}

// overrideContext sets keys from KEY=VALUE; a key that comes again gets another value, KEY= takes it away.
func overrideContext(context map[string]policy.Values, values []string) error {
	given := map[string]bool{}
	for _, v := range values {
		key, value, ok := strings.Cut(v, "=")
		if !ok || !strings.Contains(key, ":") {
			return fmt.Errorf("--context %q: must be KEY=VALUE, as in aws:RequestedRegion=eu-west-1", v)
		}
		for have := range context {
			if strings.EqualFold(have, key) && !given[strings.ToLower(key)] {
				delete(context, have)
			}
		}
		given[strings.ToLower(key)] = true
		if value != "" {
			context[key] = append(context[key], value)
		}
	}
	return nil
}

func explain(d *guardrail.Decider, r policy.Request, decision guardrail.Decision) (explained, error) {
	e := explained{
		Decision: decision.Decision,
		Request:  explainedRequest{r.Action, r.Resource, r.Principal, r.Context},
		Reasons:  []explainedReasons{},
	}
	for _, reason := range decision.Reasons {
		if !decision.Denied() || reason.Guardrail == nil {
			continue
		}
		exempt, err := d.Exempt(reason)
		if err != nil {
			return e, err
		}
		e.Reasons = append(e.Reasons, explainedReasons{
			ReasonJSON: reason.JSON(), Intent: reason.Guardrail.Intent, Level: string(reason.Guardrail.Level),
			Exempt: exempt, Instead: reason.Guardrail.Instead,
		})
	}
	return e, nil
}

func writeExplanation(c *cobra.Command, e explained, asJSON bool) error {
	if asJSON {
		return writeJSON(c.OutOrStdout(), e)
	}
	var b strings.Builder
	if len(e.Reasons) == 0 {
		fmt.Fprintf(&b, "%s is let through: no guardrail of this zone stops it. The policies of the account decide.\n", e.Request.Action)
	}
	for _, r := range e.Reasons {
		fmt.Fprintf(&b, "%s is stopped by the guardrail %s (%s).\n", e.Request.Action, r.Guardrail, r.Level)
		fmt.Fprintf(&b, "  It says:     %s\n", r.Title)
		fmt.Fprintf(&b, "  Because:     %s\n", r.Intent)
		fmt.Fprintf(&b, "  Instead:     %s\n", r.Instead)
		fmt.Fprintf(&b, "  Statement:   %s in %s\n", r.Sid, r.File)
		fmt.Fprintf(&b, "  Attached to: %s, policy %s\n", r.AttachedTo, r.PolicyName)
		exempt := "nobody"
		if len(r.Exempt) > 0 {
			exempt = strings.Join(r.Exempt, ", ")
		}
		fmt.Fprintf(&b, "  Exempt:      %s\n", exempt)
	}
	_, err := fmt.Fprint(c.OutOrStdout(), b.String())
	return err
}
