// Package detective knows the detective rules of the catalogue: AWS Config managed rules that run in
// every account and say which resources are not as they should be.
package detective

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Where a rule runs.
const (
	// Regional rules run in every governed Region.
	Regional = "regional"
	// Global rules look at IAM and run in the home Region only, where the recorder records global types.
	Global = "global"
)

// Rule is one detective rule.
type Rule struct {
	// ID is the name of the rule's file; the rule's name in AWS derives from it.
	ID string `yaml:"id"`
	// Title says what is right, in one line.
	Title string `yaml:"title"`
	// Identifier names the managed rule (AWS Config developer guide, "List of AWS Config Managed Rules").
	Identifier string `yaml:"identifier"`
	// Where is Regional or Global.
	Where string `yaml:"where"`
	// Parameters are the managed rule's input parameters.
	Parameters map[string]string `yaml:"parameters"`
	// Why says why it matters.
	Why string `yaml:"why"`
	// Frameworks maps a framework to the controls of it that the rule serves.
	Frameworks map[string][]string `yaml:"frameworks"`
}

// maxRuleName is the longest name of a Config rule, in characters (PutConfigRule, ConfigRuleName; 2026-11-23).
const maxRuleName = 128

var (
	idPattern         = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	identifierPattern = regexp.MustCompile(`^[A-Z0-9]+(_[A-Z0-9]+)*$`)
)

// Load reads the rules of a catalogue, sorted by id. The error names every file and key that is wrong.
func Load(catalogue fs.FS) ([]Rule, error) {
	files, err := fs.Glob(catalogue, "detective/*.yaml")
	if err != nil {
		return nil, err
	}
	var rules []Rule
	var wrong []string
	identifiers := map[string]string{}
	for _, file := range files {
		data, err := fs.ReadFile(catalogue, file)
		if err != nil {
			return nil, fmt.Errorf("reading a detective rule: %w", err)
		}
		var r Rule
		if err := yaml.UnmarshalWithOptions(data, &r, yaml.Strict()); err != nil {
			wrong = append(wrong, file+": "+yaml.FormatError(err, false, false))
			continue
		}
		for _, problem := range r.problems(strings.TrimSuffix(path.Base(file), ".yaml")) {
			wrong = append(wrong, file+": "+problem)
		}
		if other := identifiers[r.Identifier]; other != "" {
			wrong = append(wrong, fmt.Sprintf("%s: identifier: %s is used in %s already", file, r.Identifier, other))
		}
		identifiers[r.Identifier] = file
		rules = append(rules, r)
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("the detective rules have mistakes:\n%s", strings.Join(wrong, "\n"))
	}
	slices.SortFunc(rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	return rules, nil
}

func (r Rule) problems(name string) []string {
	var out []string
	bad := func(wrong bool, format string, args ...any) {
		if wrong {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	bad(r.ID != name, "id: got %q; it must be the file's name, %q", r.ID, name)
	bad(!idPattern.MatchString(r.ID) || len(r.ID) > maxRuleName/2, "id: got %q; it must be lower-case words joined by hyphens", r.ID)
	bad(r.Title == "" || len(r.Title) > 256, "title: it must have 1 to 256 characters")
	bad(!identifierPattern.MatchString(r.Identifier), "identifier: got %q; it must be a managed rule's identifier such as ENCRYPTED_VOLUMES", r.Identifier)
	bad(r.Where != Regional && r.Where != Global, "where: got %q; it must be %s or %s", r.Where, Regional, Global)
	bad(r.Why == "", "why: it must say why the rule matters")
	return out
}
