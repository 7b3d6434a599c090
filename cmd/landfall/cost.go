package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/cost"
	"github.com/landfall-aws/landfall/internal/zone"
)

// costed is what `landfall cost --json` prints.
type costed struct {
	File     string          `json:"file"`
	OK       bool            `json:"ok"`
	Estimate *cost.Estimate  `json:"estimate,omitempty"`
	Problems config.Problems `json:"problems,omitempty"`
}

// costFlags are the flags of the command.
type costFlags struct {
	size, usage, prices, by string
	set                     []string
	asJSON                  bool
}

// What --by groups by.
const (
	byService = "service"
	byAccount = "account"
)

func costCommand(o *options) *cobra.Command {
	var f costFlags
	c := &cobra.Command{
		Use:   "cost",
		Short: "Estimates what the zone adds to the AWS bill each month",
		Long: `Cost estimates what the zone of the file adds to the AWS bill: the detection services, the log archive,
alarms, keys and everything else that the zone makes, in each account and governed Region, by list prices
with their dates. It says what drives the sum and which key of the file turns it down.

It is an estimate. What the zone makes follows from its file; how much the accounts are used is assumed, and
the assumptions are printed. --size chooses a set of them for workload accounts: idle, small or busy. A workload
account works in the home Region and is idle in the other governed Regions, unless --usage or --set says otherwise.
Your workloads, taxes, support plans, discounts and data transfer are not in it.

A usage file is YAML; every key may be missing:
  size: small                       # idle, small or busy
  activeRegions: [eu-west-1]        # where workload accounts work, or the word all
  active: {managementEvents: 800000}        # there, in a month
  quiet: {securityChecks: 2000}             # everywhere else, and in the security accounts
  accounts: {orders-prod: {size: busy, activeRegions: all, active: {buckets: 40}}}
  organization: {queriedGB: 200}
  month: 12                         # of the zone's life: logs of so many months are stored
  freeTier: false                   # whether AWS's free amounts are left for the zone
docs/cost.md lists the quantities.

Exit codes: 0 the estimate is printed, 2 a file has problems or cannot be read.`,
		Example: `  landfall cost
  landfall cost --size busy --by account
  landfall cost --usage usage.yaml --set active.managementEvents=2000000
  landfall cost --set activeRegions=all --set accounts.orders-prod.size=busy
  landfall cost --json | jq '.estimate.services[] | {name, monthly}'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.by != byService && f.by != byAccount {
				return fmt.Errorf("--by is %q; allowed are %s and %s", f.by, byService, byAccount)
			}
			if f.size != "" && !slices.Contains(cost.Sizes(), cost.Size(f.size)) {
				return fmt.Errorf("--size is %q; allowed are %v", f.size, cost.Sizes())
			}
			e, err := estimated(o, f)
			if err != nil {
				return badInput(c.OutOrStdout(), err, f.asJSON, func(problems config.Problems) any {
					return costed{File: o.config, Problems: problems}
				})
			}
			answer := costed{File: o.config, OK: true, Estimate: e}
			if f.asJSON {
				return writeJSON(c.OutOrStdout(), answer)
			}
			_, err = io.WriteString(c.OutOrStdout(), costText(answer, f.by))
			return err
		},
	}
	c.Flags().StringVar(&f.size, "size", "", "how much workload accounts are used: idle, small or busy (default small, or what the usage file says)")
	c.Flags().StringVar(&f.usage, "usage", "", "a YAML `FILE` that says how much accounts are used")
	c.Flags().StringArrayVar(&f.set, "set", nil, "one value of the usage as `PATH=VALUE`, over the file's; may be repeated")
	c.Flags().StringVar(&f.prices, "prices", "", "a price table of your own, a `FILE` like internal/cost/prices.yaml")
	c.Flags().StringVar(&f.by, "by", byService, "what the table lists: service or account")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON object: file, ok, estimate with every line of every account")
	return c
}

// estimated computes the estimate of the file. The error is config.Problems where a file is wrong.
func estimated(o *options, f costFlags) (*cost.Estimate, error) {
	file, problems := config.Load(o.config)
	if len(problems) > 0 {
		return nil, problems
	}
	z := zone.Resolve(file)
	in := cost.Input{Size: cost.Size(f.size), File: f.usage, Set: f.set}
	if f.usage != "" {
		data, err := os.ReadFile(f.usage)
		if err != nil {
			return nil, fmt.Errorf("reading the usage file: %w", err)
		}
		in.Data = append([]byte{}, data...)
	}
	use, problems := cost.ReadUsage(z, in)
	if len(problems) > 0 {
		return nil, problems
	}
	basis, err := cost.LoadBasis(controls.Detective(), controls.MetricFilters())
	if err != nil {
		return nil, err
	}
	if f.prices != "" {
		data, err := os.ReadFile(f.prices)
		if err != nil {
			return nil, fmt.Errorf("reading the price table: %w", err)
		}
		if basis.Prices, err = cost.LoadPrices(f.prices, data); err != nil {
			return nil, err
		}
	}
	e := cost.For(z, basis, use)
	return &e, nil
}

// shownDrivers is how many drivers the text lists.
const shownDrivers = 8

// costText is the estimate for people.
func costText(answer costed, by string) string {
	e := answer.Estimate
	var b strings.Builder
	fmt.Fprintf(&b, "%s: an estimate of what zone %s adds to the AWS bill, in US dollars\n", answer.File, e.Zone)
	workloads := 0
	for _, a := range e.Accounts {
		if a.Kind == cost.KindWorkload {
			workloads++
		}
	}
	fmt.Fprintf(&b, "%s of size %s and %d other accounts in %s, month %d\n", count(workloads, "workload account"), e.Size,
		len(e.Accounts)-workloads, count(len(e.GovernedRegions), "governed Region"), e.Month)
	fmt.Fprintf(&b, "list prices of %s to %s: %d, of which %d are quoted by others than AWS and %d were never checked\n\n",
		e.Prices.Oldest, e.Prices.Newest, e.Prices.Used, e.Prices.Quoted, e.Prices.Unchecked)
	if by == byAccount {
		accountTable(&b, e)
	} else {
		serviceTable(&b, e, workloads)
	}
	b.WriteString("\nThe first month has the free trials, and AWS Config records every resource once; a month is a later one, with the logs stored until then.\n")
	fmt.Fprintf(&b, "One more workload account adds %s a month.\n", e.NextAccount.Monthly)
	if e.FreeTier {
		b.WriteString("The amounts that are free to an organization each month are taken off.\n")
	} else {
		b.WriteString("The amounts that are free to an organization each month count as used up by the workloads.\n")
	}
	driversText(&b, e)
	regionsText(&b, e)
	assumptionsText(&b, e)
	remarks(&b, "Free", e.Free)
	remarks(&b, "Not in the estimate", e.NotEstimated)
	b.WriteString("\nGuardDuty, Security Hub, Macie and Detective are free for 30 days and Inspector for 15 in each account and Region that did not have\n" +
		"them. The usage pages of these services in the audit account, and the AWS/GuardDuty metrics there, say what to put in place of the assumptions.\n")
	return b.String()
}

func serviceTable(b *strings.Builder, e *cost.Estimate, workloads int) {
	title := []string{"First month", "Workload account", "Other accounts", "All, a month"}
	rows := [][]string{}
	var each, others cost.USD
	for _, s := range e.Services {
		each += s.EachWorkload
		others += s.Others
		rows = append(rows, []string{s.Name, s.FirstMonth.String(), s.EachWorkload.String(), s.Others.String(), s.Monthly.String()})
	}
	rows = append(rows, []string{"Total", e.FirstMonth.String(), each.String(), others.String(), e.Monthly.String()})
	if workloads == 0 {
		for _, row := range rows {
			row[2] = "-"
		}
	}
	table(b, append([]string{"Service"}, title...), rows)
}

func accountTable(b *strings.Builder, e *cost.Estimate) {
	rows := [][]string{}
	services := map[string]string{}
	for _, d := range e.Drivers {
		services[d.Price] = d.Service
	}
	names := map[string]string{}
	for _, s := range e.Services {
		names[s.ID] = s.Name
	}
	for _, a := range e.Accounts {
		sums := map[string]cost.USD{}
		for _, l := range a.Lines {
			sums[services[l.Price]] += l.Monthly
		}
		most := ""
		for _, s := range e.Services {
			if sums[s.ID] > sums[most] {
				most = s.ID
			}
		}
		if most != "" {
			most = names[most] + " " + sums[most].String()
		}
		rows = append(rows, []string{fmt.Sprintf("%s (%s)", a.Name, cmp.Or(a.OU, "root")), a.FirstMonth.String(), a.Monthly.String(), most})
	}
	rows = append(rows, []string{"Total", e.FirstMonth.String(), e.Monthly.String(), ""})
	table(b, []string{"Account", "First month", "A month", "Most of it"}, rows)
}

// table writes rows with the first column on the left and the others on the right.
func table(b *strings.Builder, title []string, rows [][]string) {
	var aligned strings.Builder
	t := tabwriter.NewWriter(&aligned, 0, 0, 2, ' ', tabwriter.AlignRight)
	width := len(title[0])
	for _, row := range rows {
		width = max(width, len(row[0]))
	}
	for _, row := range append([][]string{title}, rows...) {
		fmt.Fprintf(t, "%-*s\t%s\t\n", width, row[0], strings.Join(row[1:], "\t"))
	}
	// Writing to a strings.Builder does not fail.
	_ = t.Flush()
	for line := range strings.Lines(aligned.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

func driversText(b *strings.Builder, e *cost.Estimate) {
	b.WriteString("\nWhat costs most, a month, and how to turn it down\n")
	for i, d := range e.Drivers {
		if i == shownDrivers || d.Monthly == 0 {
			break
		}
		unsure := ""
		if d.Confidence == cost.Unchecked {
			unsure = ", by a price that was never checked"
		}
		fmt.Fprintf(b, "  %s (%d%%) %s: %s %s%s\n", d.Monthly, (200*d.Monthly+e.Monthly)/(2*e.Monthly), d.What, quantityText(d.Quantity), d.Unit, unsure)
		wrapped(b, "      ", strings.TrimSpace(keyText(d.Key)+" "+d.Lower))
	}
}

func keyText(key string) string {
	if key == "" {
		return ""
	}
	return key + ":"
}

// regionsText says how much is by the price of another Region.
func regionsText(b *strings.Builder, e *cost.Estimate) {
	if len(e.AssumedRegions) == 0 {
		return
	}
	b.WriteString("\n")
	wrapped(b, "", fmt.Sprintf("%s of it, in %s, is by the prices of us-east-1, because the table has no others; AWS is mostly 0 to 20 %% dearer elsewhere.",
		e.AssumedMonthly, strings.Join(e.AssumedRegions, ", ")))
}

func assumptionsText(b *strings.Builder, e *cost.Estimate) {
	b.WriteString("\nAssumed use in a month: where a workload account works, and everywhere else\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, a := range e.Assumptions {
		quiet := ""
		if a.Quiet != nil {
			quiet = quantityText(*a.Quiet)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s (%s)\n", a.Key, quantityText(a.Active), quiet, a.What, a.Per)
	}
	_ = t.Flush()
}

func remarks(b *strings.Builder, title string, all []cost.Remark) {
	b.WriteString("\n" + title + "\n")
	for _, r := range all {
		wrapped(b, "  ", r.What+": "+r.Why)
	}
}

// quantityText writes a quantity with separators, and at most two decimals.
func quantityText(n float64) string {
	text := strconv.FormatFloat(n, 'f', 2, 64)
	whole, decimals, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimals = strings.TrimRight(decimals, "0"); decimals != "" && n < 1000 {
		return whole + "." + decimals
	}
	return whole
}
