package guardrail

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/landfall-aws/landfall/internal/catalogue"
)

// Load reads guardrails/*.yaml and exemptions.yaml of the file system, without the proofs, which are by far the
// longest part of most files. It reports every mistake at once as [Problems], each with file, line and path; any other
// error means that a file could not be read.
func Load(fsys fs.FS) (*Catalogue, error) { return load(fsys, false) }

// LoadWithProofs is Load with the proofs.
func LoadWithProofs(fsys fs.FS) (*Catalogue, error) { return load(fsys, true) }

func load(fsys fs.FS, proofs bool) (*Catalogue, error) {
	l := loader{c: &Catalogue{Exemptions: map[string]ExemptionSet{}}, proofs: proofs}
	if err := l.exemptions(fsys, "exemptions.yaml", false); err != nil {
		return nil, err
	}
	if err := l.directory(fsys, "guardrails", false); err != nil {
		return nil, err
	}
	return l.done()
}

type loader struct {
	c        *Catalogue
	problems Problems
	// base is put before the names of files, so that people find the file.
	base string
	// proofs says whether proofs are read.
	proofs bool
}

func (l *loader) done() (*Catalogue, error) {
	if len(l.problems) > 0 {
		slices.SortStableFunc(l.problems, func(a, b Problem) int {
			return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
		})
		return nil, l.problems
	}
	slices.SortFunc(l.c.Guardrails, func(a, b Guardrail) int { return strings.Compare(a.ID, b.ID) })
	return l.c, nil
}

func (l *loader) exemptions(fsys fs.FS, name string, own bool) error {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the exemption sets: %w", err)
	}
	f, ok := l.parse(path.Join(l.base, name), data)
	if !ok {
		return nil
	}
	sets := map[string]ExemptionSet{}
	if !l.decode(f, &sets) {
		return nil
	}
	for name, set := range sets {
		for i, p := range set.Principals {
			if !strings.HasPrefix(p, "arn:") || len(strings.SplitN(p, ":", 6)) != 6 {
				l.add(f, fmt.Sprintf("$.%s.principals[%d]", name, i), "%q is no ARN of six parts, as in arn:*:iam::*:role/name", p)
			} else if own && !ownPrincipal.MatchString(p) {
				l.add(f, fmt.Sprintf("$.%s.principals[%d]", name, i), "%q could be anybody; write a role by its name, as in arn:*:iam::*:role/name, or principals of one account, as in arn:aws:iam::111122223333:*", p)
			}
		}
		if _, exists := l.c.Exemptions[name]; exists {
			l.add(f, "$."+name, "the set %q exists already in Landfall's catalogue", name)
			continue
		}
		l.c.Exemptions[name] = set
	}
	return nil
}

func (l *loader) directory(fsys fs.FS, dir string, own bool) error {
	names, err := fs.Glob(fsys, path.Join(dir, "*.yaml"))
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	for _, name := range names {
		if path.Base(name) == "exemptions.yaml" {
			continue
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("read a guardrail: %w", err)
		}
		l.guardrail(path.Join(l.base, name), data, own)
	}
	return nil
}

func (l *loader) guardrail(name string, data []byte, own bool) {
	if !l.proofs {
		data = catalogue.WithoutProof(data)
	}
	f, ok := l.parse(name, data)
	if !ok {
		return
	}
	g := Guardrail{File: name, own: own, source: f}
	if !l.decode(f, &g) {
		return
	}
	l.check(f, &g)
	for _, other := range l.c.Guardrails {
		if other.ID == g.ID {
			l.add(f, "$.id", "%q is the id of %s already; choose another", g.ID, other.File)
		}
	}
	l.c.Guardrails = append(l.c.Guardrails, g)
}

// source is a parsed file that can say on which line a path lies.
type source struct {
	name string
	body ast.Node
}

func (l *loader) parse(name string, data []byte) (*source, bool) {
	f, err := guard(func() (*ast.File, error) { return parser.ParseBytes(data, 0) })
	if err != nil {
		l.yamlError(name, err)
		return nil, false
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		l.problems = append(l.problems, Problem{File: name, Message: "must hold exactly one YAML document"})
		return nil, false
	}
	return &source{name: name, body: f.Docs[0].Body}, true
}

// guard turns a panic of the YAML library, which some malformed files provoke, into an error.
func guard[T any](do func() (T, error)) (out T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("is no YAML that can be read (%v)", r)
		}
	}()
	return do()
}

func (l *loader) decode(f *source, into any) bool {
	_, err := guard(func() (any, error) { return nil, yaml.NodeToValue(f.body, into, yaml.Strict()) })
	if err != nil {
		l.yamlError(f.name, err)
		return false
	}
	return true
}

func (l *loader) yamlError(file string, err error) {
	p := Problem{File: file, Message: err.Error()}
	var ye yaml.Error
	if errors.As(err, &ye) {
		p.Message = ye.GetMessage()
		if t := ye.GetToken(); t != nil && t.Position != nil {
			p.Line = t.Position.Line
		}
	}
	l.problems = append(l.problems, p)
}

// line returns the line of the node at the path, or of its nearest parent that exists.
func (f *source) line(yamlPath string) int {
	for yamlPath != "" && yamlPath != "$" {
		if p, err := yaml.PathString(yamlPath); err == nil {
			if n, err := p.FilterNode(f.body); err == nil && n != nil && n.GetToken() != nil {
				return n.GetToken().Position.Line
			}
		}
		yamlPath = yamlPath[:max(strings.LastIndexAny(yamlPath, ".["), 0)]
	}
	return f.body.GetToken().Position.Line
}

// lineOf is line for a source that may be missing.
func (f *source) lineOf(yamlPath string) int {
	if f == nil {
		return 0
	}
	return f.line(yamlPath)
}

func (l *loader) add(f *source, yamlPath, format string, args ...any) {
	l.problems = append(l.problems, Problem{
		File: f.name, Line: f.line(yamlPath), Path: yamlPath, Message: fmt.Sprintf(format, args...),
	})
}

var (
	idPattern  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	sidPattern = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	// ownPrincipal is a role by a name that does not start with a star, in any account, or anything of one account.
	ownPrincipal = regexp.MustCompile(`^arn:[a-z*-]+:iam::(\*:role/[^*].*|\d{12}:.+)$`)
	techniques   = regexp.MustCompile(`^T\d{4}(\.\d{3})?$`)
)

var policyTypes = []string{TypeSCP, TypeRCP, TypeEC2, TypeS3, TypeAIOptOut, TypeTag, TypeBackup, TypeInspector}

func (l *loader) check(f *source, g *Guardrail) {
	want := strings.TrimSuffix(path.Base(f.name), ".yaml")
	if g.ID != want || !idPattern.MatchString(g.ID) {
		l.add(f, "$.id", "got %q; it must be the file's name without .yaml, lower-case words joined by hyphens", g.ID)
	}
	for key, text := range map[string]string{"title": g.Title, "intent": g.Intent, "cost": g.Cost, "instead": g.Instead} {
		if strings.TrimSpace(text) == "" {
			l.add(f, "$."+key, "is missing; the person who is stopped by the guardrail reads it")
		}
	}
	if !slices.Contains(Levels(), g.Level) {
		l.add(f, "$.level", "got %q; allowed are mandatory, recommended and elective", g.Level)
	}
	if !slices.Contains(policyTypes, g.Type) {
		l.add(f, "$.type", "got %q; allowed are %s", g.Type, strings.Join(policyTypes, ", "))
		return
	}
	l.checkPlaces(f, g)
	l.checkExemptions(f, "$.exempt", g.Exempt)
	for i, t := range g.Attack {
		if !techniques.MatchString(t) {
			l.add(f, fmt.Sprintf("$.attack[%d]", i), "got %q; it must be a MITRE ATT&CK technique such as T1562.008", t)
		}
	}
	for name := range g.Frameworks {
		if !slices.Contains([]string{"cis", "fsbp", "ssb"}, name) {
			l.add(f, "$.frameworks."+name, "is no known framework; allowed are cis, fsbp and ssb")
		}
	}
	if hasStatements(g.Type) {
		l.checkStatements(f, g)
	} else {
		l.checkContent(f, g)
	}
}

func (l *loader) checkPlaces(f *source, g *Guardrail) {
	if len(g.Applies) == 0 {
		l.add(f, "$.applies", "is missing; say where it is attached: `- root: true`, `- ou: Workloads/Prod` or `- account: name`")
	}
	for i, p := range g.Applies {
		n := 0
		for _, set := range []bool{p.Root, p.OU != "", p.Account != "", len(p.EveryOUBut) > 0} {
			if set {
				n++
			}
		}
		if n != 1 {
			l.add(f, fmt.Sprintf("$.applies[%d]", i), "must have exactly one of root, ou, account and everyOUBut")
		}
	}
}

func (l *loader) checkExemptions(f *source, yamlPath string, names []string) {
	for i, name := range names {
		if _, ok := l.c.Exemptions[name]; !ok {
			l.add(f, fmt.Sprintf("%s[%d]", yamlPath, i), "there is no exemption set %q in exemptions.yaml", name)
		}
	}
}

func (l *loader) checkStatements(f *source, g *Guardrail) {
	if len(g.Content) > 0 {
		l.add(f, "$.content", "belongs to other policy types; %s has statements", g.Type)
	}
	if g.own && g.Document == 0 {
		g.Document = 1
	}
	if g.Document < 1 {
		l.add(f, "$.document", "got %d; it must be 1 or more, the number of the packed document that holds the guardrail", g.Document)
	}
	if len(g.Statements) == 0 {
		l.add(f, "$.statements", "is missing")
	}
	if l.proofs && (len(g.Proof.Denies) == 0 || len(g.Proof.Allows) == 0) {
		l.add(f, "$.proof", "needs requests under both denies and allows")
	}
	sids := map[string]bool{}
	for i, s := range g.Statements {
		at := fmt.Sprintf("$.statements[%d]", i)
		if !sidPattern.MatchString(s.Sid) {
			l.add(f, at+".Sid", "got %q; it must be letters and digits and is needed to name the statement that decides", s.Sid)
		}
		if sids[s.Sid] {
			l.add(f, at+".Sid", "%q is used twice", s.Sid)
		}
		sids[s.Sid] = true
		if s.Effect != "Deny" {
			l.add(f, at+".Effect", "got %q; a guardrail only denies. Allowing is left to the policy FullAWSAccess, without which a level locks everybody out", s.Effect)
		}
		if (len(s.Action) == 0) == (len(s.NotAction) == 0) {
			l.add(f, at, "must have either Action or NotAction")
		}
		if (len(s.Resource) == 0) == (len(s.NotResource) == 0) {
			l.add(f, at, "must have either Resource or NotResource")
		}
		if _, ok := s.Condition[""]; ok {
			l.add(f, at+".Condition", `has an operator without a name; YAML reads a bare Null as nothing, so write "Null" in quotes`)
		}
		if s.Exempt != nil {
			l.checkExemptions(f, at+".exempt", *s.Exempt)
		}
		if g.Type == TypeRCP {
			l.checkResourceControl(f, at, s)
		}
	}
	for kind, list := range map[string][]Request{"denies": g.Proof.Denies, "allows": g.Proof.Allows} {
		for i, r := range list {
			at := fmt.Sprintf("$.proof.%s[%d]", kind, i)
			if strings.TrimSpace(r.Name) == "" {
				l.add(f, at, "needs a name that says what the principal tries")
			}
			if len(r.Action) == 0 {
				l.add(f, at+".action", "is missing")
			}
			for _, a := range r.Action {
				if !strings.Contains(a, ":") {
					l.add(f, at+".action", "got %q; it must be a full action name such as s3:GetObject", a)
				}
			}
		}
	}
}

// checkResourceControl holds the rules of resource control policies
// (Organizations user guide, "RCP syntax").
func (l *loader) checkResourceControl(f *source, at string, s Statement) {
	if len(s.NotAction) > 0 {
		l.add(f, at+".NotAction", "is not part of the resource control policy language; list the actions")
	}
	for i, a := range s.Action {
		if a == "*" {
			l.add(f, fmt.Sprintf("%s.Action[%d]", at, i), "a resource control policy must name the service, as in s3:*")
		}
	}
}

func (l *loader) checkContent(f *source, g *Guardrail) {
	if len(g.Statements) > 0 {
		l.add(f, "$.statements", "belong to service and resource control policies; %s has content", g.Type)
	}
	if len(g.Content) == 0 {
		l.add(f, "$.content", "is missing")
	}
	checkSettings(g.Type, g.Content, func(path, message string) { l.add(f, "$.content."+path, "%s", message) })
	if len(g.Exempt) > 0 {
		l.add(f, "$.exempt", "has no effect: policies of type %s bind everybody", g.Type)
	}
	if l.proofs && len(g.Proof.Sets) == 0 {
		l.add(f, "$.proof.sets", "is missing; name the values that must hold, as in ec2_attributes.serial_console_access.status: disabled")
	}
}
