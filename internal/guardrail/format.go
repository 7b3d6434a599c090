// Package guardrail knows what a guardrail is: the format of its file, how to
// load and check many of them, where each applies in a zone, and how their
// statements are packed into organization policies within the quotas of AWS
// Organizations. It knows nothing of CloudFormation.
package guardrail

import (
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/landfall-aws/landfall/internal/zone"
)

// Level says how strongly a guardrail is meant, in the words of AWS Control Tower.
type Level string

// The levels. A zone has mandatory and recommended guardrails on unless its owner says otherwise.
const (
	Mandatory   Level = "mandatory"
	Recommended Level = "recommended"
	Elective    Level = "elective"
)

// Levels lists the levels from strongest to weakest.
func Levels() []Level { return []Level{Mandatory, Recommended, Elective} }

// Types of organization policy, by the names of the Organizations API
// (AWS::Organizations::Policy, property Type).
const (
	TypeSCP       = "SERVICE_CONTROL_POLICY"
	TypeRCP       = "RESOURCE_CONTROL_POLICY"
	TypeEC2       = "DECLARATIVE_POLICY_EC2"
	TypeS3        = "S3_POLICY"
	TypeAIOptOut  = "AISERVICES_OPT_OUT_POLICY"
	TypeTag       = "TAG_POLICY"
	TypeBackup    = "BACKUP_POLICY"
	TypeInspector = "INSPECTOR_POLICY"
)

// Guardrail is one file: what it forbids, to whom, why, and the proof.
type Guardrail struct {
	// ID is the file's name without .yaml, lower-case words joined by hyphens.
	ID string `yaml:"id"`
	// Title says in a few words what holds while the guardrail is on.
	Title string `yaml:"title"`
	// Intent says which harm it prevents.
	Intent string `yaml:"intent"`
	Level  Level  `yaml:"level"`
	// Type is the policy type by its name in the Organizations API.
	Type string `yaml:"type"`
	// Document numbers the packed document of a target that holds the guardrail. It is fixed in the file,
	// so that adding or switching off one guardrail never moves another. Only for statements.
	Document int `yaml:"document"`
	// Applies says where the guardrail is attached unless the zone's owner chooses otherwise.
	Applies []Place `yaml:"applies"`
	// Exempt names sets of principals (exemptions.yaml) to which no statement applies that does not say otherwise.
	Exempt []string `yaml:"exempt"`
	// Statements are the body of a service or resource control policy.
	Statements []Statement `yaml:"statements"`
	// Content is the body of any other policy type, with its inheritance operators.
	Content map[string]any `yaml:"content"`
	// Attack lists the MITRE ATT&CK techniques that it stops or hinders.
	Attack []string `yaml:"attack"`
	// Frameworks names controls that it serves, by framework: cis (CIS AWS Foundations Benchmark 7.0),
	// fsbp (AWS Foundational Security Best Practices), ssb (AWS Startup Security Baseline).
	Frameworks map[string][]string `yaml:"frameworks"`
	// Cost says what teams can no longer do.
	Cost string `yaml:"cost"`
	// Instead says what to do when stopped by it.
	Instead string `yaml:"instead"`
	Proof   Proof  `yaml:"proof"`

	// File is the path of the file that it was read from.
	File string `yaml:"-"`
	// own says that it comes from the zone's owner and not from Landfall's catalogue.
	own bool
	// source finds lines in the file; nil when there is none.
	source *source
}

// Place is one place where a guardrail can be attached: exactly one of its fields is set.
type Place struct {
	// Root is the whole organization but its management account.
	Root bool `yaml:"root"`
	// OU is the path of an organizational unit, as in Workloads/Prod.
	OU string `yaml:"ou"`
	// Account is an account's name; {{logArchiveAccount}} and {{auditAccount}} stand for the two that every zone has.
	Account string `yaml:"account"`
	// EveryOUBut is each OU directly below the root except the named ones, those that the zone's owner adds included.
	EveryOUBut []string `yaml:"everyOUBut"`
}

// Statement is an IAM policy statement in IAM's own keywords. Principal is not written: service control
// policies have none, and resource control policies always say "*".
type Statement struct {
	Sid         string                        `yaml:"Sid"`
	Effect      string                        `yaml:"Effect"`
	Action      Strings                       `yaml:"Action"`
	NotAction   Strings                       `yaml:"NotAction"`
	Resource    Strings                       `yaml:"Resource"`
	NotResource Strings                       `yaml:"NotResource"`
	Condition   map[string]map[string]Strings `yaml:"Condition"`
	// Exempt replaces the guardrail's exemptions for this statement; an empty list exempts nobody.
	Exempt *[]string `yaml:"exempt"`
}

// Proof shows that a guardrail stops what it should and lets through what it should. Requests are
// judged against the whole policy of the guardrail, attached alone.
type Proof struct {
	Denies []Request `yaml:"denies"`
	Allows []Request `yaml:"allows"`
	// Sets lists values that a declarative policy must end up with, by dotted path below the content's root.
	Sets map[string]Strings `yaml:"sets"`
	// Equivalent lists mutations of the statements that no request can tell from the original, each with the reason.
	Equivalent []Equivalent `yaml:"equivalent"`
}

// Equivalent is a mutation that changes no decision.
type Equivalent struct {
	// Mutation is its text as the mutation test prints it.
	Mutation string `yaml:"mutation"`
	Why      string `yaml:"why"`
}

// Request is one API request as the policy engine of AWS sees it. Action, resource and principal may be
// lists; the proof then holds for every combination.
type Request struct {
	// Name is a sentence that says what the principal tries.
	Name string `yaml:"name"`
	// Action is a full action name, as in s3:GetObject.
	Action Strings `yaml:"action"`
	// Resource is the ARN acted upon. Default "*", which is what actions without resource types see.
	Resource Strings `yaml:"resource"`
	// Principal is the ARN of the calling role, user or root user, the name of a service principal, or anonymous.
	// The name of an exemption set stands for its members, "not-" and the name for its strangers.
	// Default: an administrator's role of a workload account.
	Principal Strings `yaml:"principal"`
	// Account is the id of the account that owns the resource, for resource control policies.
	Account string `yaml:"resourceAccount"`
	// Context adds to or replaces keys of the base context; null removes a key.
	Context map[string]Strings `yaml:"context"`
}

// ExemptionSet is a named set of principals of exemptions.yaml.
type ExemptionSet struct {
	Title string `yaml:"title"`
	Why   string `yaml:"why"`
	// Principals are patterns compared with aws:PrincipalArn.
	Principals []string `yaml:"principals"`
	// Members are principals of the set and Strangers are principals that resemble them and are none; proofs use both.
	Members   []string `yaml:"members"`
	Strangers []string `yaml:"strangers"`
}

// Catalogue is a set of guardrails and the exemptions that they name.
type Catalogue struct {
	// Guardrails are sorted by ID.
	Guardrails []Guardrail
	Exemptions map[string]ExemptionSet
	// zone is the zone whose changes are in it already.
	zone *zone.Zone
}

// Find returns the guardrail with the given id.
func (c *Catalogue) Find(id string) (*Guardrail, bool) {
	i, ok := slices.BinarySearchFunc(c.Guardrails, id, func(g Guardrail, id string) int {
		return compare(g.ID, id)
	})
	if !ok {
		return nil, false
	}
	return &c.Guardrails[i], true
}

// Exemptions returns the names of the sets exempt from a statement of the guardrail.
func (g *Guardrail) Exemptions(s Statement) []string {
	if s.Exempt != nil {
		return *s.Exempt
	}
	return g.Exempt
}

// Own reports whether the guardrail is the zone owner's, from the directory beside the zone's file, and not Landfall's.
func (g *Guardrail) Own() bool { return g.own }

// Spares returns the patterns of aws:PrincipalArn that a statement of the guardrail spares, with placeholders resolved.
// The error says which exemption set or placeholder is unknown.
func (c *Catalogue) Spares(g *Guardrail, s Statement, v Values) ([]string, error) {
	return c.principals(g.Exemptions(s), v)
}

// hasStatements tells policy types whose body is a list of statements from those with a content of their own.
func hasStatements(policyType string) bool { return policyType == TypeSCP || policyType == TypeRCP }

// Strings is one string or a list of strings, as IAM allows almost everywhere. Booleans and numbers
// are taken as the text that they are written as.
type Strings []string

// UnmarshalYAML reads a scalar or a list of scalars.
func (s *Strings) UnmarshalYAML(data []byte) error {
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return err
	}
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	*s = make(Strings, 0, len(list))
	for _, e := range list {
		switch e := e.(type) {
		case string:
			*s = append(*s, e)
		case bool, uint64, int64, int, float64:
			*s = append(*s, fmt.Sprint(e))
		case nil:
			*s = nil
			return nil
		default:
			return fmt.Errorf("wants a string or a list of strings, not %T", e)
		}
	}
	return nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
