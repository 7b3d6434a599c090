package alert

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/catalogue"
	"github.com/landfall-aws/landfall/internal/eventpattern"
)

// Problem is one thing wrong with a file of the catalogue.
type Problem struct {
	File string
	// Line is where the problem is, or 0 when it concerns the whole file.
	Line int
	// Text says what is wrong, why, and what to do.
	Text string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Problems is the error of Load: everything that is wrong, not the first thing.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, q := range p {
		lines[i] = q.String()
	}
	return strings.Join(lines, "\n")
}

// alertFile is how an alert is written.
type alertFile struct {
	ID       string   `yaml:"id"`
	Title    string   `yaml:"title"`
	Severity Severity `yaml:"severity"`
	Tier     Tier     `yaml:"tier"`
	Listen   struct {
		Accounts            Accounts `yaml:"accounts"`
		Regions             Regions  `yaml:"regions"`
		AllManagementEvents bool     `yaml:"allManagementEvents"`
	} `yaml:"listen"`
	// Parts are names of files in parts/, whose patterns are merged into this one.
	Parts      []string            `yaml:"parts"`
	Pattern    any                 `yaml:"pattern"`
	Drill      any                 `yaml:"drill"`
	Message    message             `yaml:"message"`
	Why        string              `yaml:"why"`
	Steps      []string            `yaml:"steps"`
	Runbook    string              `yaml:"runbook"`
	Frameworks map[string][]string `yaml:"frameworks"`
	Proof      struct {
		Raises      []caseFile        `yaml:"raises"`
		Ignores     []caseFile        `yaml:"ignores"`
		Equivalents map[string]string `yaml:"equivalents"`
	} `yaml:"proof"`
}

// eventFile is an event, or a change of another event.
type eventFile struct {
	// Base names the file in events/ that this event changes.
	Base string `yaml:"base"`
	// Set is merged over the base: mappings key by key, everything else replaced.
	Set map[string]any `yaml:"set"`
	// Drop lists dotted paths that the base has and this event does not.
	Drop []string `yaml:"drop"`
}

type caseFile struct {
	Name  string    `yaml:"name"`
	Drill bool      `yaml:"drill"`
	Event eventFile `yaml:",inline"`
	// Each makes one case per item, which is merged over detail.
	Each []map[string]any `yaml:"each"`
}

// partFile is a pattern that several alerts share, with what it must do to each of them.
type partFile struct {
	Pattern any          `yaml:"pattern"`
	Derive  []derivation `yaml:"derive"`
}

// derivation makes a case out of an alert's own raising events.
type derivation struct {
	Name string `yaml:"name"`
	// Raises says whether the changed event must still raise.
	Raises bool `yaml:"raises"`
	// All derives from every raising event; otherwise from the first.
	All bool `yaml:"all"`
	// Drop lists dotted paths to remove first, if they are there.
	Drop []string `yaml:"drop"`
	// Set is merged over the event.
	Set map[string]any `yaml:"set"`
	// Append adds text to the string at a dotted path.
	Append map[string]string `yaml:"append"`
}

// plainTitle fits into the subject of a message, of which SNS allows 100 characters (API_Publish.html, Subject).
var plainTitle = regexp.MustCompile(`^[ !#-;=?-\[\]-~]{1,80}$`)

var kebab = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// loader collects what Load reads and what it finds wrong.
type loader struct {
	fsys     fs.FS
	problems Problems
	events   map[string]map[string]any
	parts    map[string]partFile
	// proofs says whether proofs are read.
	proofs bool
}

// Load reads a catalogue without its proofs, which are by far the larger part: every *.yaml file is an alert,
// parts/*.yaml are pattern parts. The error is a Problems when a file is wrong.
func Load(fsys fs.FS) (*Catalogue, error) { return load(fsys, false) }

// LoadWithProofs is Load with the proofs, and with events/*.yaml, on which they build.
func LoadWithProofs(fsys fs.FS) (*Catalogue, error) { return load(fsys, true) }

func load(fsys fs.FS, proofs bool) (*Catalogue, error) {
	l := &loader{fsys: fsys, proofs: proofs, events: map[string]map[string]any{}, parts: map[string]partFile{}}
	if err := l.loadParts(); err != nil {
		return nil, err
	}
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the alert files: %w", err)
	}
	c := &Catalogue{}
	for _, f := range files {
		a, err := l.loadAlert(f)
		if err != nil {
			return nil, err
		}
		c.Alerts = append(c.Alerts, a)
	}
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b Problem) int {
			if n := strings.Compare(a.File, b.File); n != 0 {
				return n
			}
			return a.Line - b.Line
		})
		return nil, l.problems
	}
	slices.SortFunc(c.Alerts, func(a, b Alert) int { return strings.Compare(a.ID, b.ID) })
	return c, nil
}

func (l *loader) loadParts() error {
	files, err := fs.Glob(l.fsys, "parts/*.yaml")
	if err != nil {
		return fmt.Errorf("listing the pattern parts: %w", err)
	}
	for _, f := range files {
		var part partFile
		if _, err := l.read(f, &part); err != nil {
			return err
		}
		l.parts[stem(f)] = part
	}
	return nil
}

// document is a parsed file that can say on which line a path is.
type document struct {
	file string
	ast  *ast.File
}

// line is where the node at a YAML path, as in $.proof.raises[0], begins; 0 when there is none.
func (d document) line(yamlPath string) int {
	if d.ast == nil {
		return 0
	}
	p, err := yaml.PathString(yamlPath)
	if err != nil {
		return 0
	}
	n, err := p.FilterFile(d.ast)
	if err != nil || n == nil || n.GetToken() == nil {
		return 0
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		return m.Values[0].Key.GetToken().Position.Line
	}
	return n.GetToken().Position.Line
}

// read decodes a file strictly. What is wrong with its text becomes a problem, not an error.
func (l *loader) read(file string, into any) (document, error) {
	data, err := fs.ReadFile(l.fsys, file)
	if err != nil {
		return document{}, fmt.Errorf("reading the alert catalogue: %w", err)
	}
	if !l.proofs {
		data = catalogue.WithoutProof(data)
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		l.syntax(file, err)
		return document{file: file}, nil
	}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.DisallowUnknownField()).Decode(into); err != nil {
		l.syntax(file, err)
	}
	return document{file: file, ast: f}, nil
}

func (l *loader) syntax(file string, err error) {
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		l.problems = append(l.problems, Problem{File: file, Line: at.GetToken().Position.Line, Text: at.GetMessage()})
		return
	}
	l.problems = append(l.problems, Problem{File: file, Text: err.Error()})
}

// bad records a problem at a YAML path.
func (l *loader) bad(d document, yamlPath, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: d.file, Line: d.line(yamlPath), Text: fmt.Sprintf(format, args...)})
}

func (l *loader) loadAlert(file string) (Alert, error) {
	var f alertFile
	before := len(l.problems)
	doc, err := l.read(file, &f)
	if err != nil || len(l.problems) > before {
		return Alert{}, err
	}
	a := Alert{
		ID: f.ID, Title: f.Title, Severity: f.Severity, Tier: f.Tier,
		Listen:              Listen{Accounts: f.Listen.Accounts, Regions: f.Listen.Regions},
		AllManagementEvents: f.Listen.AllManagementEvents,
		Why:                 strings.TrimSpace(f.Why), Steps: f.Steps, Runbook: f.Runbook, Frameworks: f.Frameworks, File: file,
		message: f.Message, runbooks: config.DefaultRunbooks,
	}
	l.checkFields(doc, a)
	a.Pattern = l.pattern(doc, f)
	if f.Drill != nil {
		if a.drill, err = compact(f.Drill); err != nil {
			l.bad(doc, "$.drill", "the drill pattern is not JSON: %v", err)
		} else if _, err := eventpattern.Parse(a.drill); err != nil {
			l.bad(doc, "$.drill", "the drill pattern is wrong: %v", err)
		}
	}
	a.InputPaths, a.text, a.InputTemplate, err = a.message.transformer(a)
	if err != nil {
		l.bad(doc, "$.message", "%v", err)
	}
	if !l.proofs {
		return a, nil
	}
	a.Proof.Equivalents = f.Proof.Equivalents
	a.Proof.Raises = l.cases(doc, "raises", f.Proof.Raises)
	a.Proof.Ignores = l.cases(doc, "ignores", f.Proof.Ignores)
	for _, name := range f.Parts {
		l.derive(doc, &a.Proof, l.parts[name].Derive)
	}
	return a, nil
}

// checkFields reports what is missing or outside the allowed words.
func (l *loader) checkFields(doc document, a Alert) {
	if a.ID != stem(doc.file) || !kebab.MatchString(a.ID) {
		l.bad(doc, "$.id", "id is %q; it must be the file's name without .yaml, in kebab-case: %q", a.ID, stem(doc.file))
	}
	switch {
	case a.Title == "":
		l.bad(doc, "$.title", "title is missing; it is the first line of the mail")
	case !plainTitle.MatchString(a.Title):
		l.bad(doc, "$.title", "title is %q; it must be at most 80 characters of ASCII without quotes, backslashes and angle brackets, for it becomes a mail's subject", a.Title)
	}
	if !slices.Contains(Severities(), a.Severity) {
		l.bad(doc, "$.severity", "severity is %q; allowed are %v", a.Severity, Severities())
	}
	if !slices.Contains(Tiers(), a.Tier) {
		l.bad(doc, "$.tier", "tier is %q; allowed are %v", a.Tier, Tiers())
	}
	accounts := []Accounts{AllAccounts, ManagementAccount, AuditAccount, LogArchiveAccount}
	if !slices.Contains(accounts, a.Listen.Accounts) {
		l.bad(doc, "$.listen.accounts", "listen.accounts is %q; allowed are %v", a.Listen.Accounts, accounts)
	}
	regions := []Regions{AllRegions, GlobalRegion, HomeRegion}
	if !slices.Contains(regions, a.Listen.Regions) {
		l.bad(doc, "$.listen.regions", "listen.regions is %q; allowed are %v", a.Listen.Regions, regions)
	}
	if a.Why == "" {
		l.bad(doc, "$.why", "why is missing; the mail must say why the event matters")
	}
	if len(a.Steps) != 3 {
		l.bad(doc, "$.steps", "there are %d steps; the mail shows exactly the first three", len(a.Steps))
	}
	if !kebab.MatchString(a.Runbook) {
		l.bad(doc, "$.runbook", "runbook is %q; it must name a file in docs/runbooks without .md; no alert goes without one", a.Runbook)
	}
}

func (l *loader) pattern(doc document, f alertFile) json.RawMessage {
	if f.Pattern == nil {
		l.bad(doc, "$.pattern", "pattern is missing")
		return nil
	}
	merged := clone(f.Pattern)
	for i, name := range f.Parts {
		part, ok := l.parts[name]
		if !ok {
			l.bad(doc, fmt.Sprintf("$.parts[%d]", i), "there is no pattern part %q; parts/ has %v", name, slices.Sorted(maps.Keys(l.parts)))
			continue
		}
		merged = merge(merged, part.Pattern)
	}
	p, err := compact(merged)
	if err != nil {
		l.bad(doc, "$.pattern", "the pattern is not JSON: %v", err)
	}
	if _, err := eventpattern.Parse(p); err != nil {
		l.bad(doc, "$.pattern", "the pattern is wrong: %v", err)
	}
	if n := len(p); n > MaxPattern {
		l.bad(doc, "$.pattern", "the pattern has %d characters; EventBridge allows %d by default", n, MaxPattern)
	}
	return p
}

func (l *loader) cases(doc document, kind string, files []caseFile) []Case {
	var out []Case
	seen := map[string]bool{}
	for i, f := range files {
		at := fmt.Sprintf("$.proof.%s[%d]", kind, i)
		if f.Name == "" || seen[f.Name] {
			l.bad(doc, at, "proof.%s[%d] has the name %q; each needs a name of its own that says what the event is", kind, i, f.Name)
		}
		seen[f.Name] = true
		event, ok := l.event(doc, at, f.Event, nil)
		if !ok {
			continue
		}
		variants := f.Each
		if variants == nil {
			variants = []map[string]any{{}}
		}
		for j, v := range variants {
			whole := merge(clone(event), map[string]any{"detail": clone(v)}).(map[string]any)
			name, place := f.Name, at
			if f.Each != nil {
				name, place = fmt.Sprintf("%s: %v", f.Name, v["eventName"]), fmt.Sprintf("%s.each[%d]", at, j)
			}
			raw, err := compact(whole)
			if err != nil {
				l.bad(doc, place, "the event is not JSON: %v", err)
				continue
			}
			out = append(out, Case{Name: name, Event: raw, Drill: f.Drill, Line: doc.line(place)})
		}
	}
	return out
}

// derive adds the cases that a pattern part makes of an alert's raising events.
func (l *loader) derive(doc document, p *Proof, derivations []derivation) {
	own := p.Raises
	for _, d := range derivations {
		from := own
		if !d.All && len(own) > 1 {
			from = own[:1]
		}
		for _, c := range from {
			var event map[string]any
			if err := json.Unmarshal(c.Event, &event); err != nil {
				l.bad(doc, "$.proof", "the event %q is not an object: %v", c.Name, err)
				continue
			}
			for _, path := range d.Drop {
				drop(event, strings.Split(path, "."))
			}
			event = merge(event, normal(d.Set)).(map[string]any)
			for path, suffix := range d.Append {
				appendText(event, strings.Split(path, "."), suffix)
			}
			raw, err := compact(event)
			if err != nil {
				l.bad(doc, "$.proof", "the event derived from %q is not JSON: %v", c.Name, err)
				continue
			}
			made := Case{Name: c.Name + ", " + d.Name, Event: raw, Line: c.Line, Derived: true}
			if d.Raises {
				p.Raises = append(p.Raises, made)
			} else {
				p.Ignores = append(p.Ignores, made)
			}
		}
	}
}

// event resolves an event against its bases. trail holds the bases on the way, to find a circle.
func (l *loader) event(doc document, at string, f eventFile, trail []string) (map[string]any, bool) {
	out := map[string]any{}
	if f.Base != "" {
		if slices.Contains(trail, f.Base) {
			l.bad(doc, at, "the base events %s go in a circle", strings.Join(append(trail, f.Base), " -> "))
			return nil, false
		}
		base, ok := l.base(doc, at, f.Base, append(trail, f.Base))
		if !ok {
			return nil, false
		}
		out = clone(base).(map[string]any)
	}
	for _, p := range f.Drop {
		if !drop(out, strings.Split(p, ".")) {
			l.bad(doc, at, "drop names %q, which the base event %q does not have", p, f.Base)
		}
	}
	return merge(out, normal(f.Set)).(map[string]any), true
}

func (l *loader) base(doc document, at, name string, trail []string) (map[string]any, bool) {
	if e, ok := l.events[name]; ok {
		return e, e != nil
	}
	file := path.Join("events", name+".yaml")
	if _, err := fs.Stat(l.fsys, file); err != nil {
		l.bad(doc, at, "there is no base event %s", file)
		return nil, false
	}
	var f eventFile
	before := len(l.problems)
	baseDoc, err := l.read(file, &f)
	if err != nil {
		l.bad(doc, at, "%v", err)
	}
	if len(l.problems) > before {
		l.events[name] = nil
		return nil, false
	}
	e, ok := l.event(baseDoc, "$", f, trail)
	l.events[name] = e
	return e, ok
}

// stem is a file's name without folder and extension.
func stem(file string) string { return strings.TrimSuffix(path.Base(file), ".yaml") }

// merge lays b over a: mappings are merged key by key, everything else is replaced. It changes a.
func merge(a, b any) any {
	ma, ok := a.(map[string]any)
	if !ok {
		return clone(b)
	}
	mb, ok := b.(map[string]any)
	if !ok {
		return clone(b)
	}
	for k, v := range mb {
		if old, ok := ma[k]; ok {
			ma[k] = merge(old, v)
		} else {
			ma[k] = clone(v)
		}
	}
	return ma
}

// clone copies mappings and lists.
func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, w := range v {
			out[k] = clone(w)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, w := range v {
			out[i] = clone(w)
		}
		return out
	}
	return v
}

// normal makes an absent mapping an empty one.
func normal(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// drop removes the value at a path and says whether it was there.
func drop(m map[string]any, keys []string) bool {
	v, ok := m[keys[0]]
	if !ok {
		return false
	}
	if len(keys) == 1 {
		delete(m, keys[0])
		return true
	}
	inner, ok := v.(map[string]any)
	return ok && drop(inner, keys[1:])
}

// appendText adds text to the string at a path, if there is one.
func appendText(m map[string]any, keys []string, text string) {
	switch v := m[keys[0]].(type) {
	case string:
		if len(keys) == 1 {
			m[keys[0]] = v + text
		}
	case map[string]any:
		if len(keys) > 1 {
			appendText(v, keys[1:], text)
		}
	}
}

// compact encodes a value as JSON without white space, keys sorted, characters as they are.
func compact(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}
