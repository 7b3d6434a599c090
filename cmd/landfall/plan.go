package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/plan"
	"github.com/landfall-aws/landfall/internal/zone"
)

// planned is what `landfall plan --json` prints.
type planned struct {
	File string `json:"file"`
	// Against is what the file was compared with; "" when it was described alone.
	Against string `json:"against,omitempty"`
	// OK is false when something is irreversible or refused.
	OK       bool              `json:"ok"`
	Changes  *[]plan.Change    `json:"changes,omitempty"`
	Creates  *plan.Description `json:"creates,omitempty"`
	Problems config.Problems   `json:"problems,omitempty"`
}

func planCommand(o *options) *cobra.Command {
	var against string
	var asJSON bool
	c := &cobra.Command{
		Use:   "plan",
		Short: "Says what an edit of the file does before it is deployed",
		Long: `Plan says what a deployment of the zone's file does. With --against it compares the file with the one
that was deployed, another file or a revision of git, and says of each change what happens in AWS, whether
it can be undone, and what to do instead when it is not what was meant. Without it, plan lists what a first
deployment makes; what the organization has already is adopted instead.

Plan reads files only: what somebody changed by hand in AWS is not seen. On both sides the catalogue is that
of this version of Landfall, and your own guardrails are those that lie beside the file today; after an
upgrade or an edit of theirs, 'npx cdk diff' shows what changes.

Exit codes: 0 every change can be undone (or none was asked for: there is no --against), 1 something
is irreversible or refused, 2 one of the files has problems or cannot be read.`,
		Example: `  landfall plan
  landfall plan --against git:HEAD
  landfall plan --against git:origin/main --json | jq '.changes[] | select(.verdict != "reversible")'
  landfall plan --config new.yaml --against config/landing-zone.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			answer := planned{File: o.config, Against: against, OK: true}
			wrong := func(problems config.Problems) any {
				return planned{File: o.config, Against: against, Problems: problems}
			}
			after, err := plannedZone(o, true)(config.Load(o.config))
			if err != nil {
				return badInput(c.OutOrStdout(), err, asJSON, wrong)
			}
			if !c.Flags().Changed("against") {
				d := plan.Describe(after)
				answer.Creates = &d
				return writePlan(c, answer, asJSON)
			}
			before, err := plannedZone(o, false)(loadAgainst(c.Context(), against, o.config))
			if err != nil {
				return badInput(c.OutOrStdout(), err, asJSON, wrong)
			}
			changes := append([]plan.Change{}, plan.Compare(before, after)...)
			answer.Changes, answer.OK = &changes, !plan.No(changes)
			if err := writePlan(c, answer, asJSON); err != nil {
				return err
			}
			if !answer.OK {
				return exit{code: exitNo}
			}
			return nil
		},
	}
	c.Flags().StringVar(&against, "against", "", "what was deployed: another `FILE`, or git:REV for the file at a revision of git")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object: file, against, ok, and changes or creates")
	return c
}

// plannedZone returns a function that applies the catalogue to a file that has been loaded. Only the file that is
// to be deployed must have alerts that hold today: a suppression of an old file may have expired.
func plannedZone(o *options, today bool) func(*config.LandingZone, config.Problems) (*plan.Zone, error) {
	return func(file *config.LandingZone, problems config.Problems) (*plan.Zone, error) {
		if len(problems) > 0 {
			return nil, problems
		}
		z := zone.Resolve(file)
		guardrails, err := guardrail.Open(controls.Guardrails(), o.config, z)
		if err != nil {
			return nil, err
		}
		alerts, err := alert.Load(controls.Alerts())
		if err != nil {
			return nil, fmt.Errorf("the alert catalogue: %w", err)
		}
		if today {
			wrong := config.Locate(o.config, alert.Check(z, alerts, time.Now()))
			if len(wrong) > 0 {
				return nil, wrong
			}
		}
		return plan.New(z, guardrails, alerts)
	}
}

// loadAgainst loads what a file is compared with: a file, or git:REV.
func loadAgainst(ctx context.Context, against, path string) (*config.LandingZone, config.Problems) {
	revision, isGit := strings.CutPrefix(against, "git:")
	if !isGit {
		return config.Load(against)
	}
	name := against + ":" + filepath.ToSlash(path)
	data, err := gitShow(ctx, revision, path)
	if err == nil && len(data) > config.MaxFileBytes {
		err = fmt.Errorf("the file has %d bytes there, and at most %d are read", len(data), config.MaxFileBytes)
	}
	if err != nil {
		return nil, config.Problems{{File: name, Message: err.Error(), Unreadable: true}}
	}
	return config.Parse(name, data)
}

// gitShow reads a file as it was in a revision of the repository that holds it.
func gitShow(ctx context.Context, revision, path string) ([]byte, error) {
	if revision == "" || strings.HasPrefix(revision, "-") {
		return nil, fmt.Errorf("--against git:%s names no revision; write git:HEAD, git:origin/main or a commit", revision)
	}
	cmd := exec.CommandContext(ctx, "git", "show", revision+":./"+filepath.Base(path))
	cmd.Dir = filepath.Dir(path)
	// The messages below are told apart by their English text. What a git hook sets is relative to another directory.
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GIT_DIR=") || strings.HasPrefix(v, "GIT_WORK_TREE=")
	}), "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err == nil {
		return stdout.Bytes(), nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("git is needed to read a revision, and it is not on the PATH; install it, or name a file with --against FILE")
	}
	said, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
	said = strings.TrimPrefix(said, "fatal: ")
	switch {
	case strings.Contains(said, "not a git repository"):
		return nil, fmt.Errorf("%s lies in no git repository; name a file with --against FILE", cmd.Dir)
	case strings.Contains(said, "exists on disk, but not in"), strings.Contains(said, "does not exist in"):
		return nil, fmt.Errorf("the revision %s does not have the file; was it at another path then? Name a file with --against FILE", revision)
	case strings.Contains(said, "invalid object name"), strings.Contains(said, "unknown revision"), strings.Contains(said, "bad revision"):
		return nil, fmt.Errorf("git knows no revision %q; write a branch, tag or commit that `git log` shows, and fetch it first when it is remote", revision)
	}
	return nil, fmt.Errorf("git show failed: %s (%w)", said, err)
}

func writePlan(c *cobra.Command, answer planned, asJSON bool) error {
	out := c.OutOrStdout()
	if asJSON {
		return writeJSON(out, answer)
	}
	var b strings.Builder
	if answer.Changes != nil {
		changesText(&b, answer)
	} else {
		descriptionText(&b, answer)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// planGroups are the headings of the text, in order; a change belongs to the first that takes it.
var planGroups = []struct {
	title string
	takes func(plan.Change) bool
}{
	{"Cannot be undone", func(c plan.Change) bool { return c.Verdict == plan.Irreversible }},
	{"Refused", func(c plan.Change) bool { return c.Verdict == plan.Refused }},
	{"Stays in AWS and is governed no longer", func(c plan.Change) bool { return c.Kind == plan.Forget || c.Kind == plan.Detach }},
	{"Removed from AWS", func(c plan.Change) bool { return c.Kind == plan.Remove }},
	{"Costs more", func(c plan.Change) bool { return c.Costs }},
	{"Accounts that move", func(c plan.Change) bool {
		return c.Kind == plan.Move || c.Kind == plan.Suspend || c.Kind == plan.Resume
	}},
	{"Other changes", func(plan.Change) bool { return true }},
}

func changesText(b *strings.Builder, answer planned) {
	changes := *answer.Changes
	fmt.Fprintf(b, "%s compared with %s: ", answer.File, answer.Against)
	if len(changes) == 0 {
		b.WriteString("nothing changes\n")
		return
	}
	verdicts := map[plan.Verdict]int{}
	grouped := map[string][]plan.Change{}
	for _, c := range changes {
		verdicts[c.Verdict]++
		for _, g := range planGroups {
			if g.takes(c) {
				grouped[g.title] = append(grouped[g.title], c)
				break
			}
		}
	}
	fmt.Fprintf(b, "%s, %d irreversible, %d refused\n", count(len(changes), "change"), verdicts[plan.Irreversible], verdicts[plan.Refused])
	for _, g := range planGroups {
		if len(grouped[g.title]) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s\n", g.title)
		for _, c := range grouped[g.title] {
			fmt.Fprintf(b, "\n  %s (%s)%s\n", c.What, c.Kind, fromTo(c))
			wrapped(b, "    ", c.Consequence+".")
			if c.Instead != "" {
				wrapped(b, "    ", "Instead: "+c.Instead+".")
			}
		}
	}
}

func fromTo(c plan.Change) string {
	switch {
	case c.Before != "" && c.After != "":
		return ": " + c.Before + " -> " + c.After
	case c.Before != "":
		return ": was " + c.Before
	case c.After != "":
		return ": " + c.After
	}
	return ""
}

// lineWidth is where text is broken, in bytes.
const lineWidth = 120

// wrapped writes a sentence in lines that start with indent.
func wrapped(b *strings.Builder, indent, text string) {
	line := indent
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > lineWidth && line != indent {
			b.WriteString(line + "\n")
			line = indent
		}
		if line != indent {
			line += " "
		}
		line += word
	}
	b.WriteString(line + "\n")
}

func descriptionText(b *strings.Builder, answer planned) {
	d := answer.Creates
	fmt.Fprintf(b, "%s: what a first deployment of zone %s makes, in its order; what exists already is adopted\n", answer.File, d.Zone)
	section := func(title string) { fmt.Fprintf(b, "\n%s\n", title) }

	section(fmt.Sprintf("Organization: %s", count(len(d.OUs), "OU")))
	for _, path := range d.OUs {
		fmt.Fprintf(b, "  %s\n", path)
	}
	section(fmt.Sprintf("Accounts: %d, which cannot be deleted once they are created", len(d.Accounts)))
	for _, a := range d.Accounts {
		fmt.Fprintf(b, "  %s <%s> in %s", a.Name, a.Email, a.OU)
		if a.ID != "" {
			fmt.Fprintf(b, ", adopts account %s", a.ID)
		}
		b.WriteString("\n")
	}
	section("Regions")
	fmt.Fprintf(b, "  home: %s\n  governed: %s\n  watched for alerts: %s\n", d.HomeRegion, strings.Join(d.Governed, ", "), strings.Join(d.Watched, ", "))
	section(fmt.Sprintf("Trail %s, of every account and Region", d.Trail.Name))
	fmt.Fprintf(b, "  log files locked for %s in %s mode, kept %s\n", count(d.Trail.LockDays, "day"), d.Trail.LockMode, keptFor(d.Trail.ExpireAfterDays))
	if d.Trail.LogGroup != "" {
		fmt.Fprintf(b, "  a second copy in the log group %s, which costs per GB\n", d.Trail.LogGroup)
	}
	section(fmt.Sprintf("StackSets: %d", len(d.StackSets)))
	for _, s := range d.StackSets {
		fmt.Fprintf(b, "  %s: %s; to %s in %s\n", s.Name, s.Holds, s.Where, strings.Join(s.Regions, ", "))
	}
	if len(d.Weakened) > 0 {
		section(fmt.Sprintf("WEAKER than Landfall means it: %s", count(len(d.Weakened), "mandatory guardrail")))
		for _, w := range d.Weakened {
			fmt.Fprintf(b, "  %s; reason: %s\n", w.What, w.Reason)
		}
	}
	section(fmt.Sprintf("Policies: %d", len(d.Policies)))
	for _, p := range d.Policies {
		fmt.Fprintf(b, "  %s (%s) on %s, slot %d of %d: %d of %d characters, %s\n", p.Name, p.Type, strings.Join(p.Targets, ", "),
			p.Slot, p.Slots, p.Size, p.Limit, count(len(p.Guardrails), "guardrail"))
	}
	total := 0
	for _, n := range d.Alerts {
		total += n
	}
	section(fmt.Sprintf("Alerts: %d", total))
	for _, t := range alert.Tiers() {
		if n, has := d.Alerts[string(t)]; has {
			fmt.Fprintf(b, "  %s: %d", t, n)
			if mailed := d.Mailed[string(t)]; len(mailed) > 0 {
				fmt.Fprintf(b, ", mailed to %s after each has confirmed a mail from AWS", strings.Join(mailed, ", "))
			}
			b.WriteString("\n")
		}
	}
	if d.AccountNames {
		b.WriteString("  mails name the account and have a subject, from a state machine in the audit account\n")
	}
	for _, channel := range slices.Sorted(maps.Keys(d.Chat)) {
		fmt.Fprintf(b, "  %s: %s; authorize its workspace or team in the audit account first\n", channel, strings.Join(d.Chat[channel], ", "))
	}
	fmt.Fprintf(b, "  runbooks: %s\n", d.Runbooks)
	for _, contact := range d.Contacts {
		fmt.Fprintf(b, "  AWS itself writes to the %s contact of every account, the management account included: %s\n", contact.Kind, contact)
	}
	if len(d.Contacts) == 0 {
		b.WriteString("  AWS itself writes to the contacts that each account has: the file has none (key contacts)\n")
	}
	section("Services")
	for _, s := range d.Services {
		state := "off"
		switch {
		case s.On && s.Costs:
			state = "on, costs"
		case s.On:
			state = "on, free"
		}
		fmt.Fprintf(b, "  %s: %s\n", s.Name, state)
	}
	identityText(b, d.IdentityCenter)
}

// identityText says who gets access to what.
func identityText(b *strings.Builder, p *plan.IdentityPlan) {
	if p == nil {
		b.WriteString("\nAccess of people: none through the zone (identityCenter.enabled is false)\n")
		return
	}
	groups := "found by their names, or created without members"
	if p.Source == config.SourceExternal {
		groups = "which the identity provider must have provisioned"
	}
	fmt.Fprintf(b, "\nAccess of people through IAM Identity Center, which must be enabled by hand before: %s, %s\n", count(len(p.Groups), "group"), groups)
	for _, a := range p.Access {
		fmt.Fprintf(b, "  %s: %s in %s", a.Group, a.PermissionSet, strings.Join(a.Accounts, ", "))
		if a.BreakGlass {
			fmt.Fprintf(b, "; break-glass: %s", a.Reason)
		}
		b.WriteString("\n")
	}
}

func keptFor(days int) string {
	if days == 0 {
		return "for ever"
	}
	return "for " + count(days, "day")
}
