//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	organizationstypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/goccy/go-yaml"

	"github.com/landfall-aws/landfall/config"
)

// part is one part of the rehearsal.
type part struct {
	name, title string
	// zone is true for parts that edit the zone which the first part deployed.
	zone bool
	run  func(ctx context.Context, r *rehearsal) error
}

// parts in the order in which they run; each edits what the one before left.
var parts = []part{
	{"first", "deploy the default zone and read it back", true, firstDeploy},
	{"again", "deploy it again: nothing changes", true, deployAgain},
	{"repeat", "repeat every event of the handler: nothing is written", true, repeatEvents},
	{"contacts", "set contacts in every account, and repeat every event", true, setContacts},
	{"people", "give groups access through IAM Identity Center, and take some of it away", true, givePeopleAccess},
	{"verify", "mend what somebody changed by hand, with the context landfall:verify", true, mendByVerifying},
	{"grow", "add an account and a Region", true, grow},
	{"move", "move an account to another OU and change its tags", true, moveAccount},
	{"remove", "remove an account's line: nothing is closed or moved", true, removeLine},
	{"suspend", "suspend an account: moved to the OU Suspended", true, suspend},
	{"policy", "change the policies", true, changePolicy},
	{"region", "a Region leaves: refused, and accepted once it is listed as retired", true, retireRegion},
	{"services", "turn the optional detection services on", true, turnServicesOn},
	{"adopt", "deploy onto an organization that was made by hand before", false, adopt},
	{"conformance", "run the conformance suite of our fake against moto", false, conform},
	{"fakecloud", "compare our fake with fakecloud, when it is installed", false, compareWithFakecloud},
}

func partNames() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

func isPart(name string) bool { return slices.Contains(partNames(), name) }

// rehearsal is the state that parts share.
type rehearsal struct {
	*tools
	report *report
	all    []*emulation

	zone          *emulation
	live          *live
	configuration map[string]any
	assembly      *assembly
	// former are accounts that the configuration no longer names, by e-mail.
	former []string
}

func run(ctx context.Context, options options) (err error) {
	report := newReport()
	processes := newProcesses()
	defer processes.close()
	t, err := prepare(ctx, processes, report)
	if err != nil {
		return err
	}
	r := &rehearsal{tools: t, report: report}
	defer func() {
		for _, e := range r.all {
			e.close()
		}
	}()
	if r.report.Corrections, err = corrections(ctx, t); err != nil {
		return err
	}
	for _, p := range parts {
		if options.scenario != "" && p.name != options.scenario && (p.name != "first" || !needsZone(options.scenario)) {
			continue
		}
		if err := report.step(p.name+": "+p.title, func() error { return p.run(ctx, r) }); err != nil {
			report.Failures = append(report.Failures, err.Error())
			r.logs()
			break
		}
	}
	report.fill(r.all)
	report.Seconds = time.Since(report.started).Seconds()
	file := filepath.Join(t.out, "report.json")
	if err := report.save(file); err != nil {
		return err
	}
	report.print()
	if options.json {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		_, _ = os.Stdout.Write(text)
	}
	if len(report.Missing) > 0 {
		report.Failures = append(report.Failures, "types that are neither read back nor listed with a reason in report.go: "+strings.Join(report.Missing, ", "))
	}
	if options.keep && ctx.Err() == nil {
		for _, e := range r.all {
			fmt.Fprintf(os.Stderr, "\n%s still runs: export AWS_ENDPOINT_URL=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s AWS_REGION=%s\n",
				e.name, e.front.URL, handKey, handKey, homeRegion)
		}
		fmt.Fprintln(os.Stderr, "interrupt to end")
		<-ctx.Done()
	}
	if len(report.Failures) > 0 {
		return errors.New(strings.Join(report.Failures, "\n"))
	}
	fmt.Printf("\nEverything is as expected. Logs: %s\n", t.out)
	return nil
}

func needsZone(name string) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.name == name && p.zone })
}

// logs prints the end of the logs that a failure is likely explained by.
func (r *rehearsal) logs() {
	for _, e := range r.all {
		for _, name := range []string{"emulator.log", "landfall-organization-on-event.log", "landfall-organization-is-complete.log"} {
			file := filepath.Join(r.out, e.name, name)
			if text, err := os.ReadFile(file); err == nil && len(text) > 0 {
				fmt.Fprintf(os.Stderr, "\nThe end of %s:\n%s\n", file, tail(string(text), 15))
			}
		}
	}
}

// corrections asks the adapter what it corrects.
func corrections(ctx context.Context, t *tools) (lines []string, err error) {
	cmd := exec.CommandContext(ctx, t.python, "-m", "emulator.differences")
	cmd.Dir = filepath.Join(t.repository, "test", "rehearsal")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("asking the adapter for its corrections: %w", err)
	}
	return lines, json.Unmarshal(out, &lines)
}

// start makes an emulated AWS that parts can use.
func (r *rehearsal) start(ctx context.Context, name string) (*emulation, error) {
	var e *emulation
	err := r.report.step("start the emulator for "+name, func() (err error) {
		e, err = r.emulate(ctx, name)
		return err
	})
	if err == nil {
		r.all = append(r.all, e)
	}
	return e, err
}

// defaultConfiguration reads the default file.
func (r *rehearsal) defaultConfiguration() (map[string]any, error) {
	text, err := os.ReadFile(filepath.Join(r.repository, "config", "landing-zone.yaml"))
	if err != nil {
		return nil, err
	}
	var configuration map[string]any
	return configuration, yaml.Unmarshal(text, &configuration)
}

// synthesizeAs writes a configuration and synthesizes it.
func (r *rehearsal) synthesizeAs(ctx context.Context, name string, configuration map[string]any) (*assembly, error) {
	text, err := yaml.Marshal(configuration)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(r.out, "config-"+name+".yaml")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return nil, err
	}
	if _, problems := config.Load(file); len(problems) > 0 {
		return nil, fmt.Errorf("the configuration of the scenario %s is not valid: %w", name, problems)
	}
	var a *assembly
	err = r.report.step("  synthesize", func() (err error) {
		a, err = r.synthesize(ctx, file)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, r.report.synthesized(a)
}

// edit changes the configuration, deploys it, reads everything back, and returns the requests that were made.
func (r *rehearsal) edit(ctx context.Context, name string, change func(configuration map[string]any) error) ([]call, error) {
	if err := change(r.configuration); err != nil {
		return nil, err
	}
	a, err := r.synthesizeAs(ctx, name, r.configuration)
	if err != nil {
		return nil, err
	}
	r.assembly = a
	mark := r.zone.front.mark()
	if err := r.report.step("  cdk deploy", func() error {
		_, err := r.zone.deploy(ctx, a)
		return err
	}); err != nil {
		return nil, err
	}
	calls := r.zone.front.since(mark)
	return calls, r.check(ctx, r.live, a)
}

// check reads everything back and fails when something differs.
func (r *rehearsal) check(ctx context.Context, l *live, a *assembly) error {
	return r.report.step("  read back", func() error {
		b, err := verify(ctx, a, l, r.report)
		if err != nil {
			return err
		}
		b.everyAccountIsExpected(r.former)
		if len(b.differences) > 0 {
			shown := b.differences[:min(len(b.differences), 25)]
			return fmt.Errorf("%d differences between what was synthesized and what exists:\n  - %s", len(b.differences), strings.Join(shown, "\n  - "))
		}
		fmt.Fprintf(os.Stderr, "         %d resources in %d stacks and stack instances are as synthesized; nothing wrote to %d instances since they were read\n",
			b.resources, b.stacks, b.unwritten)
		return nil
	})
}

// everyAccountIsExpected notes accounts that nobody asked for.
func (b *readback) everyAccountIsExpected(former []string) {
	expected := map[string]bool{}
	for _, s := range b.assembly.stacks {
		for _, d := range s.Template.Resources {
			if email, ok := d.Properties["Email"].(string); ok && strings.HasPrefix(d.Type, "Custom::") {
				expected[strings.ToLower(email)] = true
			}
		}
	}
	for _, email := range former {
		expected[strings.ToLower(email)] = true
	}
	for _, a := range b.tree.Accounts {
		if a.ID != b.tree.ManagementAccountID && !expected[strings.ToLower(a.Email)] {
			b.differences = append(b.differences, fmt.Sprintf("the account %s (%s) exists, and nobody asked for it", a.Email, a.ID))
		}
	}
	if len(b.tree.Accounts) != len(expected)+1 {
		b.differences = append(b.differences, fmt.Sprintf("%d accounts exist besides the management account, %d were asked for", len(b.tree.Accounts)-1, len(expected)))
	}
}

func firstDeploy(ctx context.Context, r *rehearsal) (err error) {
	if r.zone, err = r.start(ctx, "zone"); err != nil {
		return err
	}
	r.live = newLive(r.zone.front)
	if r.configuration, err = r.defaultConfiguration(); err != nil {
		return err
	}
	if err := r.report.step("  cdk bootstrap", func() error { return r.zone.bootstrap(ctx) }); err != nil {
		return err
	}
	_, err = r.edit(ctx, "first", func(map[string]any) error { return nil })
	return err
}

// organizationWrites are the requests that change the organization or contacts of its accounts.
func organizationWrites(calls []call) []string {
	var names []string
	for _, c := range calls {
		if c.Mutating && (c.Service == "organizations" || c.Service == "account" || c.Operation == "ActivateOrganizationsAccess") {
			names = append(names, c.Operation)
		}
	}
	return names
}

func deployAgain(ctx context.Context, r *rehearsal) error {
	fakeBefore := len(r.zone.front.fake.writes())
	calls, err := r.edit(ctx, "again", func(map[string]any) error { return nil })
	if err != nil {
		return err
	}
	var writes []string
	for _, c := range calls {
		if c.Mutating {
			writes = append(writes, c.Name())
		}
	}
	writes = append(writes, r.zone.front.fake.writes()[fakeBefore:]...)
	if len(writes) > 0 {
		return fmt.Errorf("the second deploy changed something: %s", strings.Join(writes, ", "))
	}
	return nil
}

// repeatEvents sends every event of the first deploy again, as CloudFormation does after a lost answer, and each as an
// update that changes nothing.
func repeatEvents(ctx context.Context, r *rehearsal) error {
	mark, fakeBefore := r.zone.front.mark(), len(r.zone.front.fake.writes())
	n, err := r.zone.functions.repeat(ctx)
	if err != nil {
		return err
	}
	writes := append(organizationWrites(r.zone.front.since(mark)), r.zone.front.fake.writes()[fakeBefore:]...)
	if len(writes) > 0 {
		return fmt.Errorf("%d repeated operations wrote to the organization: %s", n, strings.Join(writes, ", "))
	}
	fmt.Fprintf(os.Stderr, "         %d operations repeated, no write\n", n)
	return r.check(ctx, r.live, r.assembly)
}

// expect compares the organization's writes with the wanted ones, in any order.
func expect(calls []call, wanted ...string) error {
	writes := organizationWrites(calls)
	// Updates of policies follow from edits of accounts and Regions.
	writes = slices.DeleteFunc(writes, func(w string) bool { return strings.HasSuffix(w, "Policy") })
	slices.Sort(writes)
	slices.Sort(wanted)
	if !slices.Equal(writes, wanted) {
		return fmt.Errorf("the organization was changed by %v, but must be by %v", writes, wanted)
	}
	return nil
}

func grow(ctx context.Context, r *rehearsal) error {
	before, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	calls, err := r.edit(ctx, "grow", func(c map[string]any) error {
		c["accounts"] = append(c["accounts"].([]any), map[string]any{"name": "payments-prod", "ou": "Workloads/Prod"})
		regions := c["regions"].(map[string]any)
		regions["governed"] = append(regions["governed"].([]any), "eu-west-1")
		return nil
	})
	if err != nil {
		return err
	}
	// The new account has its contacts from the start.
	if err := expect(calls, append(r.contactWrites(1), "CreateAccount", "MoveAccount")...); err != nil {
		return err
	}
	return r.sameAccounts(ctx, before)
}

// sameAccounts fails when an account that existed before has gone, or was closed.
func (r *rehearsal) sameAccounts(ctx context.Context, before *tree) error {
	now, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	for _, a := range before.Accounts {
		i := slices.IndexFunc(now.Accounts, func(b account) bool { return b.ID == a.ID })
		if i < 0 || now.Accounts[i].State != "ACTIVE" {
			return fmt.Errorf("the account %s (%s) is gone or closed", a.Name, a.ID)
		}
	}
	return nil
}

// accountOf finds an account of the configuration.
func accountOf(c map[string]any, name string) (map[string]any, error) {
	for _, item := range c["accounts"].([]any) {
		if a := item.(map[string]any); a["name"] == name {
			return a, nil
		}
	}
	return nil, fmt.Errorf("the default configuration has no account %s any more; adapt the scenario", name)
}

func moveAccount(ctx context.Context, r *rehearsal) error {
	before, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	calls, err := r.edit(ctx, "move", func(c map[string]any) error {
		a, err := accountOf(c, "orders-dev")
		if err == nil {
			a["ou"], a["tags"] = "Sandbox", map[string]any{"stage": "trial"}
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := expect(calls, "MoveAccount", "TagResource", "UntagResource"); err != nil {
		return err
	}
	now, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	if a, err := now.account("aws+orders-dev@example.com"); err != nil || a.Tags["team"] != "" {
		return fmt.Errorf("the account keeps the tag that its line no longer has: %v %v", a.Tags, err)
	}
	return r.sameAccounts(ctx, before)
}

func removeLine(ctx context.Context, r *rehearsal) error {
	before, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	r.former = append(r.former, "aws+shared-network@example.com")
	removed, err := before.account(r.former[0])
	if err != nil {
		return err
	}
	calls, err := r.edit(ctx, "remove", func(c map[string]any) error {
		if _, err := accountOf(c, "shared-network"); err != nil {
			return err
		}
		c["accounts"] = slices.DeleteFunc(c["accounts"].([]any), func(item any) bool {
			return item.(map[string]any)["name"] == "shared-network"
		})
		return nil
	})
	if err != nil {
		return err
	}
	if err := expect(calls); err != nil {
		return err
	}
	now, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	left, err := now.account(r.former[0])
	if err != nil {
		return err
	}
	if left.ID != removed.ID || left.OU != removed.OU || left.State != removed.State {
		return fmt.Errorf("the account whose line was removed changed from %+v to %+v", removed, left)
	}
	return nil
}

func suspend(ctx context.Context, r *rehearsal) error {
	before, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	calls, err := r.edit(ctx, "suspend", func(c map[string]any) error {
		a, err := accountOf(c, "orders-dev")
		if err == nil {
			a["state"] = "suspended"
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := expect(calls, "MoveAccount"); err != nil {
		return err
	}
	now, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	a, err := now.account("aws+orders-dev@example.com")
	if err == nil && a.OU != config.OUSuspended {
		err = fmt.Errorf("the suspended account is in the OU %q", a.OU)
	}
	if err != nil {
		return err
	}
	return r.sameAccounts(ctx, before)
}

func changePolicy(ctx context.Context, r *rehearsal) error {
	calls, err := r.edit(ctx, "policy", func(c map[string]any) error {
		guardrails, _ := c["guardrails"].(map[string]any)
		if guardrails == nil {
			guardrails = map[string]any{}
		}
		guardrails["levels"] = []any{"mandatory"}
		c["guardrails"] = guardrails
		return nil
	})
	if err != nil {
		return err
	}
	if writes := organizationWrites(calls); !slices.Contains(writes, "UpdatePolicy") {
		return fmt.Errorf("the edit of the guardrails updated no policy: %v", writes)
	}
	return expect(calls)
}

func retireRegion(ctx context.Context, r *rehearsal) error {
	regions := r.configuration["regions"].(map[string]any)
	governed := regions["governed"].([]any)
	leaving := "us-west-2"
	without := slices.DeleteFunc(slices.Clone(governed), func(region any) bool { return region == leaving })
	if len(without) == len(governed) {
		return fmt.Errorf("the default configuration does not govern %s any more; adapt the scenario", leaving)
	}
	regions["governed"] = without
	a, err := r.synthesizeAs(ctx, "region", r.configuration)
	if err != nil {
		return err
	}
	mark := r.zone.front.mark()
	if err := r.report.step("  cdk deploy, to be refused", func() error {
		output, err := r.zone.deploy(ctx, a)
		if err == nil {
			return errors.New("the deploy that drops a Region was not refused")
		}
		if ctx.Err() != nil {
			return err
		}
		for _, words := range []string{leaving, "regions.retired"} {
			if !strings.Contains(output, words) {
				return fmt.Errorf("the refusal does not say %q: %w", words, err)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if writes := organizationWrites(r.zone.front.since(mark)); len(writes) > 0 {
		return fmt.Errorf("the refused edit changed the organization: %v", writes)
	}
	sets, err := instances(ctx, cloudformation.NewFromConfig(r.live.management()), "landfall-baseline-regional")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(sets, func(i string) bool { return strings.HasSuffix(i, leaving) }) {
		return fmt.Errorf("the refused edit removed the baseline from %s", leaving)
	}
	_, err = r.edit(ctx, "retired", func(map[string]any) error {
		regions["retired"] = []any{leaving}
		return nil
	})
	return err
}

// adopt prepares an organization by hand: all OUs but one, and half of the accounts, one of them still in the root.
func adopt(ctx context.Context, r *rehearsal) error {
	e, err := r.start(ctx, "adopt")
	if err != nil {
		return err
	}
	l := newLive(e.front)
	var before *tree
	if err := r.report.step("  make an organization by hand", func() error {
		if err := byHand(ctx, l); err != nil {
			return err
		}
		before, err = l.organization(ctx)
		return err
	}); err != nil {
		return err
	}
	if err := r.report.step("  cdk bootstrap", func() error { return e.bootstrap(ctx) }); err != nil {
		return err
	}
	configuration, err := r.defaultConfiguration()
	if err != nil {
		return err
	}
	a, err := r.synthesizeAs(ctx, "adopt", configuration)
	if err != nil {
		return err
	}
	if err := r.report.step("  cdk deploy", func() error {
		_, err := e.deploy(ctx, a)
		return err
	}); err != nil {
		return err
	}
	r.former = nil
	if err := r.check(ctx, l, a); err != nil {
		return err
	}
	now, err := l.organization(ctx)
	if err != nil {
		return err
	}
	for _, was := range before.Accounts {
		is, err := now.account(was.Email)
		if err != nil {
			return err
		}
		if is.ID != was.ID {
			return fmt.Errorf("the account %s was %s and is %s", was.Email, was.ID, is.ID)
		}
	}
	for path, id := range before.OUs {
		if now.OUs[path] != id {
			return fmt.Errorf("the OU %s was %s and is %s", path, id, now.OUs[path])
		}
	}
	fmt.Fprintf(os.Stderr, "         %d accounts and %d OUs adopted, %d accounts and %d OUs added\n", len(before.Accounts)-1, len(before.OUs),
		len(now.Accounts)-len(before.Accounts), len(now.OUs)-len(before.OUs))
	return nil
}

func byHand(ctx context.Context, l *live) error {
	api := organizations.NewFromConfig(l.management())
	if _, err := api.CreateOrganization(ctx, &organizations.CreateOrganizationInput{FeatureSet: organizationstypes.OrganizationFeatureSetAll}); err != nil {
		return err
	}
	t, err := l.organization(ctx)
	if err != nil {
		return err
	}
	ids := map[string]string{"": t.RootID}
	for _, path := range []string{"Infrastructure", "Sandbox", "Security", "Suspended", "Workloads", "Workloads/Prod"} {
		parent, name := "", path
		if i := strings.LastIndex(path, "/"); i >= 0 {
			parent, name = path[:i], path[i+1:]
		}
		created, err := api.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: aws.String(ids[parent]), Name: &name})
		if err != nil {
			return err
		}
		ids[path] = aws.ToString(created.OrganizationalUnit.Id)
	}
	for _, a := range []struct{ name, ou string }{{"log-archive", "Security"}, {"orders-prod", "Workloads/Prod"}, {"shared-network", ""}} {
		created, err := api.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String(a.name), Email: aws.String("aws+" + a.name + "@example.com")})
		if err != nil {
			return err
		}
		if a.ou == "" {
			continue
		}
		if _, err := api.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: created.CreateAccountStatus.AccountId,
			SourceParentId: aws.String(t.RootID), DestinationParentId: aws.String(ids[a.ou])}); err != nil {
			return err
		}
	}
	return nil
}
