package guardrail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/landfall-aws/landfall/internal/zone"
)

// Open loads Landfall's catalogue and the guardrails of the zone's owner, which lie in the directory guardrails beside
// the zone's file, and checks both against the zone. Mistakes are [Problems]; those in the key guardrails of the
// zone's file have its lines.
//
// The owner's directory holds guardrails in the format of the catalogue, and exemptions.yaml with further exemption sets.
//
// The proofs of the owner's guardrails are read and checked too, those of Landfall's catalogue are not.
func Open(catalogue fs.FS, zoneFile string, z *zone.Zone) (*Catalogue, error) {
	l := loader{c: &Catalogue{Exemptions: map[string]ExemptionSet{}}}
	if err := l.exemptions(catalogue, "exemptions.yaml", false); err != nil {
		return nil, err
	}
	if err := l.directory(catalogue, "guardrails", false); err != nil {
		return nil, err
	}
	l.proofs = true
	if err := l.own(filepath.Dir(zoneFile)); err != nil {
		return nil, err
	}
	c, err := l.done()
	if err != nil {
		return nil, err
	}
	var problems Problems
	for i := range c.Guardrails {
		if g := &c.Guardrails[i]; g.own {
			problems = append(problems, c.judgeOwn(g)...)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	changed, err := c.For(z)
	if errors.As(err, &problems) {
		return nil, locate(problems, zoneFile)
	}
	if err != nil {
		return nil, err
	}
	if problems := changed.shadowedIn(z); len(problems) > 0 {
		return nil, problems
	}
	return c, nil
}

// judgeOwn says what is wrong with a guardrail of the owner that has the right form.
func (c *Catalogue) judgeOwn(g *Guardrail) Problems {
	if problems := c.lint(g); len(problems) > 0 {
		return problems
	}
	failures, err := c.Prove(g, ExampleValues())
	if err != nil {
		return Problems{{File: g.File, Line: g.source.lineOf("$.statements[0]"), Path: "statements", Message: strings.TrimPrefix(err.Error(), g.File+": ")}}
	}
	var problems Problems
	for _, f := range failures {
		problems = append(problems, Problem{File: g.File, Line: g.source.lineOf("$.proof"), Path: "proof", Message: f.String()})
	}
	return problems
}

// own reads the directory of the zone's owner, if there is one.
func (l *loader) own(home string) error {
	if _, err := os.Stat(filepath.Join(home, "guardrails")); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("read your guardrails: %w", err)
	}
	l.base = home
	defer func() { l.base = "" }()
	fsys := os.DirFS(home)
	if err := l.exemptions(fsys, "guardrails/exemptions.yaml", true); err != nil {
		return err
	}
	return l.directory(fsys, "guardrails", true)
}

// locate gives the problems of the zone's file their lines.
func locate(problems Problems, zoneFile string) Problems {
	data, err := os.ReadFile(zoneFile)
	var f *source
	if err == nil {
		f, _ = (&loader{}).parse(zoneFile, data)
	}
	out := make(Problems, len(problems))
	for i, p := range problems {
		p.File = zoneFile
		p.Line = f.lineOf("$." + strings.TrimPrefix(p.Path, "$."))
		out[i] = p
	}
	return out
}
