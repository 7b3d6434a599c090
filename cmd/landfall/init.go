package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/initialize"
	"github.com/landfall-aws/landfall/internal/survey"
)

// initOptions are the flags of `landfall init`.
type initOptions struct {
	zone, home, email         string
	regions, alerts, ous      []string
	accounts                  []string
	output                    string
	force, asJSON             bool
	fromOrganization, noTags  bool
	logArchive, audit, target string

	// lines are what the terminal answers.
	lines *lineReader
}

// written is what `landfall init --json` prints.
type written struct {
	// Output is the file that was written; "-" for none.
	Output string `json:"output"`
	// OK is false when a finding says that a deploy will be refused.
	OK   bool     `json:"ok"`
	Zone *summary `json:"zone"`
	// Text is the file's text when it was not written to a file.
	Text string `json:"text,omitempty"`
	// Adopted counts the accounts of the organization that the file has.
	Adopted  int                   `json:"adopted"`
	Findings []initialize.Finding  `json:"findings"`
	Moves    []initialize.Move     `json:"moves"`
	LeftOut  []initialize.Omission `json:"leftOut"`
	Creates  []initialize.Creation `json:"creates"`
}

func initCommand(o *options) *cobra.Command {
	i := &initOptions{}
	c := &cobra.Command{
		Use:   "init",
		Short: "Writes the file, from answers or from an organization that exists",
		Long: `Init writes a zone's file with comments, ready to deploy. It asks what no flag says when it runs on a terminal;
elsewhere it says which flags are missing. Every answer is checked by the rules of 'landfall check', and so is
the whole file before it is written. A file that exists is replaced with --force only, and never half-written.

With --from-organization it reads a live organization, with the credentials and the Region that the AWS CLI would use
and with requests that change nothing, and writes a file that adopts it: OUs as they are, accounts by their id. Accounts
that the file cannot take in have no line, and it says why: closed ones, the management account, those directly below the
root unless --default-ou says where they move. It lists the accounts that a deploy would move, because with the OU
change the policies that bind them, and what would make a deploy fail, such as a service that another account
administers. --log-archive and --audit name the accounts that take these roles, by name or id; "new" makes new ones.
The permissions that it needs: ` + strings.Join(survey.Actions(survey.Options{}), ",\n") + `.

Exit codes: 0 the file is written, 1 it is written, and a deploy will be refused until what is listed first is resolved,
2 nothing is written: an answer is wrong or missing, the file exists, or the organization cannot be read.`,
		Example: `  landfall init
  landfall init --zone example --home eu-central-1 --regions eu-central-1,eu-west-1 \
    --email 'aws+{account}@example.com' --alerts security@example.com \
    --account orders-prod=Workloads/Prod --account orders-dev=Workloads/NonProd
  landfall init --from-organization --zone example --alerts security@example.com --output existing.yaml
  landfall init --from-organization --zone example --alerts security@example.com \
    --audit security-tooling --log-archive new --default-ou Sandbox --output - --json | jq '.moves'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("output") {
				i.output = o.config
			}
			terminal := isTerminal(c.InOrStdin())
			return i.run(c.Context(), c, terminal)
		},
	}
	f := c.Flags()
	f.StringVar(&i.zone, "zone", "", "the zone's `NAME`")
	f.StringVar(&i.home, "home", "", "the home `REGION`; with --from-organization by default the Region of the AWS CLI")
	f.StringSliceVar(&i.regions, "regions", nil, "the governed `REGIONS`, the home Region among them (default the home Region alone)")
	f.StringVar(&i.email, "email", "", "the `PATTERN` of the accounts' addresses, as in 'aws+{account}@example.com'; with --from-organization by default what the accounts' addresses have in common")
	f.StringSliceVar(&i.alerts, "alerts", nil, "the `ADDRESSES` that receive alerts")
	f.StringArrayVar(&i.accounts, "account", nil, "a workload account to be made, as `NAME=OU`; may be repeated")
	f.StringArrayVar(&i.ous, "ou", nil, "the `PATH` of an OU to be made beyond those of every zone; may be repeated")
	f.StringVar(&i.output, "output", "", "the `FILE` to write, - for standard output (default what --config says)")
	f.BoolVar(&i.force, "force", false, "replace the file if it exists")
	f.BoolVar(&i.asJSON, "json", false, "print one JSON object: output, ok, zone, adopted, findings, moves, leftOut, creates, and text with --output -")
	f.BoolVar(&i.fromOrganization, "from-organization", false, "read a live organization; needs credentials of its management account")
	f.StringVar(&i.logArchive, "log-archive", "", "the `ACCOUNT` that becomes the log archive, by name or id; new for a new one (default by its name)")
	f.StringVar(&i.audit, "audit", "", "the `ACCOUNT` that becomes the audit account, by name or id; new for a new one (default by its role or name)")
	f.StringVar(&i.target, "default-ou", "", "the `PATH` of the OU that accounts directly below the root move to (default they stay, without a line)")
	f.BoolVar(&i.noTags, "no-tags", false, "do not read the accounts' tags, which takes one request for each account")
	return c
}

// isTerminal says whether somebody can answer.
func isTerminal(in io.Reader) bool {
	f, is := in.(*os.File)
	return is && isatty.IsTerminal(f.Fd())
}

// refuse ends the command because of an input.
func refuse(format string, args ...any) error {
	return exit{code: exitInput, text: "landfall: " + fmt.Sprintf(format, args...)}
}

func (i *initOptions) run(ctx context.Context, c *cobra.Command, terminal bool) error {
	if err := i.checkFlags(c); err != nil {
		return err
	}
	var aws aws.Config
	if i.fromOrganization {
		var err error
		if aws, err = awsconfig.LoadDefaultConfig(ctx); err != nil {
			return refuse("the settings of the AWS CLI cannot be read: %v", err)
		}
	}
	if i.home == "" && (!terminal || !i.incomplete()) {
		i.home = aws.Region
	}
	if !terminal {
		if err := i.missing(); err != nil {
			return err
		}
	}
	target, err := newTarget(i.output, i.force)
	if err != nil {
		return refuse("%v", err)
	}
	if terminal {
		i.lines = readLines(ctx, c.InOrStdin())
		defer i.lines.stop()
	}
	if terminal && i.incomplete() {
		if err := i.askAll(ctx, c.ErrOrStderr(), i.questions(aws.Region)); err != nil {
			return err
		}
	}
	answers, err := i.answers(target.schema())
	if err != nil {
		return err
	}
	if err := i.check(answers); err != nil {
		return err
	}
	result := written{Output: i.output, OK: true, Findings: []initialize.Finding{}, Moves: []initialize.Move{}, LeftOut: []initialize.Omission{}, Creates: []initialize.Creation{}}
	text := ""
	if i.fromOrganization {
		adoption, err := i.adopt(ctx, c, aws, answers, terminal)
		if err != nil {
			return err
		}
		text, result.Adopted = adoption.Text, adoption.Adopted
		result.Findings = append(result.Findings, adoption.Findings...)
		result.Moves = append(result.Moves, adoption.Moves...)
		result.LeftOut = append(result.LeftOut, adoption.LeftOut...)
		result.Creates = append(result.Creates, adoption.Creates...)
		result.OK = !slices.ContainsFunc(adoption.Findings, func(f initialize.Finding) bool { return f.Level == initialize.Blocker })
	} else {
		text = initialize.File(answers)
	}
	if result.Zone, err = i.verify(target.path(), text); err != nil {
		return err
	}
	if err := target.write(text); err != nil {
		return refuse("%v", err)
	}
	if err := i.report(c, result, text); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	if !result.OK {
		return exit{code: exitNo}
	}
	return nil
}

// checkFlags refuses flags that do not go together.
func (i *initOptions) checkFlags(c *cobra.Command) error {
	if i.fromOrganization {
		if len(i.accounts) > 0 || len(i.ous) > 0 {
			return refuse("--account and --ou are for a zone without an organization; with --from-organization add new lines to the file that is written")
		}
		return nil
	}
	for _, name := range []string{"log-archive", "audit", "default-ou", "no-tags"} {
		if c.Flags().Changed(name) {
			return refuse("--%s needs --from-organization", name)
		}
	}
	return nil
}

// need is an answer without a default, with an example of its flag.
type need struct {
	flag    string
	missing bool
}

func (i *initOptions) needs() []need {
	return []need{
		{"--zone NAME", i.zone == ""},
		{"--home REGION", i.home == ""},
		{"--email 'aws+{account}@example.com'", i.email == "" && !i.fromOrganization},
		{"--alerts ADDRESS", len(i.alerts) == 0},
	}
}

// incomplete says whether somebody must be asked. The Region of the AWS CLI can answer for the home Region.
func (i *initOptions) incomplete() bool {
	return slices.ContainsFunc(i.needs(), func(n need) bool { return n.missing && !(i.fromOrganization && n.flag == "--home REGION") })
}

// missing says which flags a run without a terminal lacks.
func (i *initOptions) missing() error {
	var flags []string
	for _, n := range i.needs() {
		if n.missing {
			flags = append(flags, n.flag)
		}
	}
	if len(flags) == 0 {
		return nil
	}
	return refuse("these flags are missing, and standard input is no terminal, so nobody can be asked:\n  %s\nRun `landfall init --help` for examples.", strings.Join(flags, "\n  "))
}

// answers are the flags as the answers of a file.
func (i *initOptions) answers(schema string) (initialize.Answers, error) {
	a := initialize.Answers{Zone: i.zone, Home: i.home, Governed: i.regions, Email: i.email, Recipients: i.alerts, OUs: i.ous, Schema: schema}
	if len(a.Governed) == 0 {
		a.Governed = []string{i.home}
	}
	for _, text := range i.accounts {
		w, err := wish(text)
		if err != nil {
			return a, refuse("--account %s: %v", text, err)
		}
		a.Accounts = append(a.Accounts, w)
	}
	return a, nil
}

func wish(text string) (initialize.Wish, error) {
	name, ou, found := strings.Cut(text, "=")
	if !found {
		return initialize.Wish{}, errors.New("write NAME=OU, for example orders-prod=Workloads/Prod")
	}
	return initialize.Wish{Name: strings.TrimSpace(name), OU: strings.TrimSpace(ou)}, nil
}

// check says what is wrong with the flags, by the rules of the file.
func (i *initOptions) check(a initialize.Answers) error {
	if a.Email == "" {
		// The pattern is still to be read from the organization; it is checked with the file.
		a.Email = "aws+{account}@example.com"
	}
	problems := initialize.Check(a)
	if len(problems) == 0 {
		return nil
	}
	lines := make([]string, len(problems))
	for n, p := range problems {
		lines[n] = i.inFlags(p)
	}
	return exit{code: exitInput, text: strings.Join(lines, "\n") + "\n" + count(len(problems), "problem") + "; nothing is written"}
}

// flagWords are the words of a problem's advice that mean another thing on the command line.
var flagWords = strings.NewReplacer("add it to regions.governed", "add it to --regions", "regions.governed", "--regions",
	"add it to organizationalUnits", "add it with --ou", "organizationalUnits", "--ou", "give the account an email of its own, or ", "")

// Places in a file that nobody has seen: a line, and an account by its number.
var (
	lineOf    = regexp.MustCompile(` \(line \d+\)|, line \d+|line \d+: `)
	accountOf = regexp.MustCompile(`accounts\[(\d+)\]`)
)

// inFlags is a problem of the file in the words of the command line.
func (i *initOptions) inFlags(p config.Problem) string {
	flag := "--" + p.Path
	var n int
	switch path := p.Path; {
	case path == "regions.home":
		flag = "--home"
	case strings.HasPrefix(path, "regions"):
		flag = "--regions"
	case strings.HasPrefix(path, "alerts"):
		flag = "--alerts"
	case strings.HasPrefix(path, "organizationalUnits"):
		flag = "--ou"
	case strings.HasPrefix(path, "accounts"):
		flag = "--account"
		if _, err := fmt.Sscanf(path, "accounts[%d]", &n); err == nil && n < len(i.accounts) {
			flag += " " + i.accounts[n]
		}
	}
	message := accountOf.ReplaceAllStringFunc(lineOf.ReplaceAllString(p.Message, ""), func(place string) string {
		if _, err := fmt.Sscanf(place, "accounts[%d]", &n); err == nil && n < len(i.accounts) {
			return "--account " + i.accounts[n]
		}
		return place
	})
	return config.Problem{File: flag, Message: flagWords.Replace(message), Value: p.Value, Allowed: p.Allowed, Nearest: p.Nearest, Fix: flagWords.Replace(p.Fix)}.String()
}

// verify is `landfall check` of a text that is not written yet.
func (i *initOptions) verify(path, text string) (*summary, error) {
	file, problems := config.Parse(path, []byte(text))
	if len(problems) == 0 {
		var err error
		if problems, err = checkControls(path, file); err != nil {
			return nil, err
		}
	}
	if len(problems) > 0 {
		return nil, exit{code: exitInput, text: fmt.Sprintf("landfall: the file would not pass `landfall check`, so nothing is written:\n%v", problems)}
	}
	return summarize(file), nil
}

// adopt reads the organization and writes the file's text.
func (i *initOptions) adopt(ctx context.Context, c *cobra.Command, aws aws.Config, answers initialize.Answers, terminal bool) (*initialize.Adoption, error) {
	p := &progress{out: c.ErrOrStderr(), next: time.Now().Add(progressEvery)}
	org, err := survey.Read(ctx, aws, survey.Options{NoTags: i.noTags, Progress: p.tell})
	if err != nil {
		return nil, refuse("%v", err)
	}
	if pattern, _ := initialize.GuessEmail(org); answers.Email == "" && pattern == "" && terminal {
		if err := i.ask(ctx, c.ErrOrStderr(), i.questions("")[emailQuestion]); err != nil {
			return nil, err
		}
		answers.Email = i.email
	}
	adoption, err := initialize.Adopt(org, answers, initialize.Choices{LogArchive: i.logArchive, Audit: i.audit, DefaultOU: i.target})
	if wrong, is := errors.AsType[*initialize.ChoiceError](err); is {
		flag := map[string]string{"LogArchive": "--log-archive", "Audit": "--audit", "DefaultOU": "--default-ou", "Email": "--email"}[wrong.Choice]
		return nil, exit{code: exitInput, text: flag + ": " + wrong.Reason}
	}
	return adoption, err
}

// progressEvery is how often a long reading says how far it is.
const progressEvery = 2 * time.Second

// progress tells on standard error how far the reading is, and nothing when it is short.
type progress struct {
	mu   sync.Mutex
	out  io.Writer
	next time.Time
}

func (p *progress) tell(now survey.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(progressEvery)
	text := fmt.Sprintf("read %s, %s", count(now.Units, "OU"), count(now.Accounts, "account"))
	if now.Tagged > 0 {
		text += fmt.Sprintf(", tags of %d", now.Tagged)
	}
	fmt.Fprintln(p.out, text+" …")
}

// question is one answer that a terminal is asked for.
type question struct {
	text, fallback string
	// path is the answer's key in the file.
	path string
	// given says that a flag has answered it.
	given bool
	// set takes an answer, an empty one where that is allowed.
	set func(answer string)
}

// emailQuestion is the place of the e-mail pattern among the questions.
const emailQuestion = 3

func (i *initOptions) questions(region string) []question {
	home := region
	if home == "" {
		home = "us-east-1"
	}
	return []question{
		{"Name of the zone", "example", "zone", i.zone != "", func(s string) { i.zone = s }},
		{"Home Region, which can never change after the first deploy", home, "regions.home", i.home != "", func(s string) { i.home = s }},
		{"Governed Regions, with commas", "", "regions", len(i.regions) > 0, func(s string) { i.regions = words(s) }},
		{"E-mail pattern of the accounts; {account} becomes an account's name, as in aws+{account}@example.com", "", "email", i.email != "", func(s string) { i.email = s }},
		{"E-mail addresses that receive alerts, with commas", "", "alerts", len(i.alerts) > 0, func(s string) { i.alerts = words(s) }},
	}
}

func words(s string) []string {
	var out []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// askAll asks what no flag has answered.
func (i *initOptions) askAll(ctx context.Context, out io.Writer, questions []question) error {
	for _, q := range questions {
		if q.given || i.fromOrganization && q.path == "email" {
			continue
		}
		if q.path == "regions" {
			q.fallback = i.home
		}
		if err := i.ask(ctx, out, q); err != nil {
			return err
		}
	}
	if i.fromOrganization || len(i.accounts) > 0 {
		return nil
	}
	return i.askAccounts(ctx, out)
}

// ask asks until the answer is right.
func (i *initOptions) ask(ctx context.Context, out io.Writer, q question) error {
	for {
		fmt.Fprint(out, q.text)
		if q.fallback != "" {
			fmt.Fprintf(out, " [%s]", q.fallback)
		}
		fmt.Fprint(out, ": ")
		answer, err := i.lines.next(ctx)
		if err != nil {
			fmt.Fprintln(out)
			return refuse("%v; nothing is written", err)
		}
		if answer == "" {
			answer = q.fallback
		}
		q.set(answer)
		if i.accepts(out, q.path) {
			return nil
		}
	}
}

// accepts says whether the answer at a path is right, and on out what is wrong with it.
func (i *initOptions) accepts(out io.Writer, path string) bool {
	a, err := i.answers("")
	if err != nil {
		fmt.Fprintf(out, "  %v\n", err)
		return false
	}
	problems := initialize.CheckOne(a, path)
	for _, p := range problems {
		p.Path = path
		_, what, _ := strings.Cut(i.inFlags(p), ": ")
		fmt.Fprintf(out, "  Not so: %s\n", what)
	}
	return len(problems) == 0
}

func (i *initOptions) askAccounts(ctx context.Context, out io.Writer) error {
	fmt.Fprintln(out, "Workload accounts, one a line as NAME=OU with an OU of Infrastructure, Workloads/Prod, Workloads/NonProd, Sandbox; an empty line ends.")
	for {
		fmt.Fprint(out, "Account: ")
		answer, err := i.lines.next(ctx)
		switch {
		case errors.Is(err, io.EOF), err == nil && answer == "":
			return nil
		case err != nil:
			fmt.Fprintln(out)
			return refuse("%v; nothing is written", err)
		}
		if _, err := wish(answer); err != nil {
			fmt.Fprintf(out, "  Not so: %v\n", err)
			continue
		}
		i.accounts = append(i.accounts, answer)
		if !i.accepts(out, "accounts") {
			i.accounts = i.accounts[:len(i.accounts)-1]
		}
	}
}

// lineReader reads lines without keeping the program from being interrupted. There is one for a run, because a read that
// waits cannot be taken back.
type lineReader struct {
	lines chan string
	done  chan struct{}
	read  func()
}

func readLines(ctx context.Context, in io.Reader) *lineReader {
	r := &lineReader{lines: make(chan string), done: make(chan struct{})}
	r.read = sync.OnceFunc(func() { go r.scan(ctx, in) })
	return r
}

func (r *lineReader) scan(ctx context.Context, in io.Reader) {
	defer close(r.lines)
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		select {
		case r.lines <- strings.TrimSpace(scanner.Text()):
		case <-r.done:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (r *lineReader) stop() { close(r.done) }

// next is the next line; io.EOF is in the chain of the error after the last.
func (r *lineReader) next(ctx context.Context) (string, error) {
	r.read()
	select {
	case <-ctx.Done():
		return "", errors.New("interrupted")
	case line, more := <-r.lines:
		if !more {
			return "", fmt.Errorf("the input ended before every question was answered: %w", io.EOF)
		}
		return line, nil
	}
}

// target is where the file goes.
type target struct {
	// file is the path of the file, behind symbolic links; "" for standard output.
	file  string
	force bool
}

// newTarget refuses a file that cannot be written, before anybody is asked anything.
func newTarget(output string, force bool) (*target, error) {
	if output == "-" {
		return &target{}, nil
	}
	t := &target{file: output, force: force}
	if real, err := filepath.EvalSymlinks(output); err == nil {
		t.file = real
	}
	info, err := os.Stat(t.file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		dir := filepath.Dir(t.file)
		if parent, err := os.Stat(dir); err != nil || !parent.IsDir() {
			return nil, fmt.Errorf("--output %s: there is no directory %s; make it first", output, dir)
		}
	case err != nil:
		return nil, fmt.Errorf("--output %s: %w", output, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("--output %s: this is no regular file, and only such a file is replaced", output)
	case !force:
		return nil, exists(output)
	}
	return t, nil
}

func exists(output string) error {
	return fmt.Errorf("%s exists, and nothing is written; add --force to replace it, or name another file with --output", output)
}

// path is the file as other commands would be given it.
func (t *target) path() string {
	if t.file == "" {
		return config.DefaultPath
	}
	return t.file
}

// schema is where the JSON Schema lies from the file; "" when it is not found.
func (t *target) schema() string {
	const name = "landing-zone.schema.json"
	dir := filepath.Dir(t.path())
	for _, path := range []string{filepath.Join(dir, name), filepath.Join(filepath.Dir(config.DefaultPath), name)} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if relative, err := filepath.Rel(dir, path); err == nil {
			return filepath.ToSlash(relative)
		}
	}
	return ""
}

// write puts the text into the file at once: whoever looks finds the former file or the whole new one.
func (t *target) write(text string) (err error) {
	if t.file == "" {
		return nil
	}
	mode := fs.FileMode(0o644)
	if info, err := os.Stat(t.file); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(t.file), "."+filepath.Base(t.file)+".*")
	if err != nil {
		return fmt.Errorf("the file cannot be written: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("the file cannot be written: %w", err)
	}
	if !t.force {
		// A link, unlike a renaming, does not replace what somebody else has written meanwhile.
		switch err := os.Link(f.Name(), t.file); {
		case err == nil:
			return nil
		case errors.Is(err, fs.ErrExist):
			return exists(t.file)
		}
	}
	if err := os.Rename(f.Name(), t.file); err != nil {
		return fmt.Errorf("the file cannot be written: %w", err)
	}
	return nil
}

// report prints what was written and found.
func (i *initOptions) report(c *cobra.Command, r written, text string) error {
	if i.output == "-" {
		r.Text = text
	}
	if i.asJSON {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	if i.fromOrganization {
		var b strings.Builder
		findingsText(&b, r)
		if _, err := io.WriteString(c.ErrOrStderr(), b.String()); err != nil {
			return err
		}
	}
	if i.output == "-" {
		_, err := io.WriteString(c.OutOrStdout(), text)
		return err
	}
	z := r.Zone
	next := "landfall plan"
	if i.output != config.DefaultPath {
		next += " --config " + i.output
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s: written: zone %s, %s, %s, %s; next: read it, then %s\n", i.output, z.Name,
		count(z.Accounts, "account"), count(z.OUs, "OU"), count(z.GovernedRegions, "governed Region"), next)
	return err
}

// findingGroups order the findings for reading, the gravest first.
var findingGroups = []struct {
	title string
	level initialize.Level
}{
	{"A deploy will be refused, or fail, until these are resolved", initialize.Blocker},
	{"A deploy changes what exists", initialize.Warning},
	{"Good to know", initialize.Note},
}

func findingsText(b *strings.Builder, r written) {
	for _, g := range findingGroups {
		first := true
		for _, f := range r.Findings {
			if f.Level != g.level {
				continue
			}
			if first {
				fmt.Fprintf(b, "%s\n", g.title)
				first = false
			}
			wrapped(b, "  ", f.About+": "+f.Message+".")
			if f.Do != "" {
				wrapped(b, "    ", "What to do: "+f.Do+".")
			}
		}
		if !first {
			b.WriteString("\n")
		}
		if g.level == initialize.Blocker && len(r.Moves) > 0 {
			fmt.Fprintf(b, "A deploy MOVES %s, and with the OU change the policies that bind it\n", count(len(r.Moves), "account"))
			for _, m := range r.Moves {
				fmt.Fprintf(b, "  %s (%s): %s -> %s\n", initialize.Spoken(m.Account), m.ID, rootOr(m.From), m.To)
			}
			b.WriteString("\n")
		}
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(b, "No line in the file: %s\n", count(len(r.LeftOut), "account"))
		groups := map[string][]initialize.Omission{}
		for _, o := range r.LeftOut {
			groups[o.Reason] = append(groups[o.Reason], o)
		}
		for _, reason := range slices.Sorted(maps.Keys(groups)) {
			wrapped(b, "  ", reason+":")
			for _, o := range groups[reason] {
				fmt.Fprintf(b, "    %s (%s) in %s\n", initialize.Spoken(o.Account), o.ID, rootOr(o.From))
			}
		}
		b.WriteString("\n")
	}
	if len(r.Creates) > 0 {
		var names []string
		for _, n := range r.Creates {
			names = append(names, n.Kind+" "+n.Name)
		}
		wrapped(b, "", "A deploy creates: "+strings.Join(names, ", ")+".")
		b.WriteString("\n")
	}
}

// rootOr names the place of an account.
func rootOr(path string) string {
	if path == "" {
		return "the root"
	}
	return initialize.Spoken(path)
}
