package guardrail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/policy"
)

// Mutant is the guardrail's document with one change that should not go unnoticed.
type Mutant struct {
	// Mutation says which statement was changed and how. Placeholders of exemptions are resolved.
	Mutation string
	Document policy.Document
}

// Mutants returns every mutant of the guardrail: each statement, action, resource, condition and condition value
// dropped; actions widened to their service and resources to everything; patterns without their last star; operators negated, and with IfExists
// taken away or added; values in the other letter case; exempt principals with any path before their name.
//
// Adding IfExists to a negated operator is left out: AWS defines both as the same.
func (c *Catalogue) Mutants(g *Guardrail, v Values) ([]Mutant, error) {
	text, err := c.Document(g, v)
	if err != nil {
		return nil, err
	}
	original, err := policy.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", g.File, err)
	}
	var out []Mutant
	for i, s := range original.Statements {
		add := func(what string, change func(*policy.Statement)) {
			d := policy.Document{Version: original.Version}
			for j, o := range original.Statements {
				o = o.Clone()
				if i == j {
					change(&o)
				}
				d.Statements = append(d.Statements, o)
			}
			out = append(out, Mutant{s.Sid + ": " + what, d})
		}
		add("drop the statement", func(s *policy.Statement) { s.Condition = never() })
		mutateLists(s, add)
		mutateConditions(s, add)
	}
	return out, nil
}

// never is a condition that no request meets.
func never() policy.Conditions {
	return policy.Conditions{"Null": {"aws:RequestedRegion": {"true"}, "aws:SecureTransport": {"true"}, "aws:UserAgent": {"true"}}}
}

type addMutant func(what string, change func(*policy.Statement))

func mutateLists(s policy.Statement, add addMutant) {
	for i, a := range s.Action {
		if len(s.Action) > 1 {
			add("drop action "+a, func(s *policy.Statement) { s.Action = slices.Delete(s.Action, i, i+1) })
		}
		if narrow, ok := strings.CutSuffix(a, "*"); ok && !strings.HasSuffix(narrow, ":") && narrow != "" {
			add("narrow action "+a, func(s *policy.Statement) { s.Action[i] = narrow })
		}
		if service, name, ok := strings.Cut(a, ":"); ok && name != "*" {
			add("widen action "+a, func(s *policy.Statement) { s.Action[i] = service + ":*" })
		}
	}
	if len(s.Action) > 0 && s.Action[0] != "*" {
		add("widen the actions to all", func(s *policy.Statement) { s.Action = []string{"*"} })
	}
	for i, a := range s.NotAction {
		add("drop excepted action "+a, func(s *policy.Statement) {
			s.NotAction = slices.Delete(s.NotAction, i, i+1)
			if len(s.NotAction) == 0 {
				s.NotAction = []string{"nothing:Nothing"}
			}
		})
		if narrow, ok := strings.CutSuffix(a, "*"); ok && !strings.HasSuffix(narrow, ":") {
			add("narrow excepted action "+a, func(s *policy.Statement) { s.NotAction[i] = narrow })
		}
		if service, name, ok := strings.Cut(a, ":"); ok && name != "*" {
			add("widen excepted action "+a, func(s *policy.Statement) { s.NotAction[i] = service + ":*" })
		}
	}
	for i, r := range s.Resource {
		if len(s.Resource) > 1 {
			add("drop resource "+r, func(s *policy.Statement) { s.Resource = slices.Delete(s.Resource, i, i+1) })
		}
		if narrow, ok := strings.CutSuffix(r, "*"); ok && narrow != "" {
			add("narrow resource "+r, func(s *policy.Statement) { s.Resource[i] = narrow })
		}
		if r != "*" {
			add("widen resource "+r, func(s *policy.Statement) { s.Resource[i] = widenARN(r) })
		}
	}
	for i, r := range s.NotResource {
		add("drop excepted resource "+r, func(s *policy.Statement) {
			s.NotResource = slices.Delete(s.NotResource, i, i+1)
			if len(s.NotResource) == 0 {
				s.NotResource = []string{"arn:aws:nothing:::nothing"}
			}
		})
		if narrow, ok := strings.CutSuffix(r, "*"); ok {
			add("narrow excepted resource "+r, func(s *policy.Statement) { s.NotResource[i] = narrow })
		}
		add("widen excepted resource "+r, func(s *policy.Statement) { s.NotResource[i] = widenARN(r) })
	}
}

// widenARN lets any resource of the service match.
func widenARN(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return "*"
	}
	return strings.Join(parts[:5], ":") + ":*"
}

func mutateConditions(s policy.Statement, add addMutant) {
	for op, keys := range s.Condition {
		for key, values := range keys {
			add(fmt.Sprintf("drop condition %s %s", op, key), func(s *policy.Statement) { remove(s, op, key) })
			for i, value := range values {
				name := fmt.Sprintf("%s %s %s", op, key, value)
				if len(values) > 1 {
					add("drop value "+name, func(s *policy.Statement) {
						s.Condition[op][key] = slices.Delete(s.Condition[op][key], i, i+1)
					})
				}
				if other := swapCase(value); other != value && caseMatters(op) && !strings.HasPrefix(value, "${") {
					add("other letter case in "+name, func(s *policy.Statement) { s.Condition[op][key][i] = other })
				}
				if narrow, ok := strings.CutSuffix(value, "*"); ok && narrow != "" && strings.Contains(op, "Like") {
					add("narrow "+name, func(s *policy.Statement) { s.Condition[op][key][i] = narrow })
				}
				if at := strings.Index(value, ":role/"); at >= 0 && key == principalKey {
					add("any path in "+name, func(s *policy.Statement) {
						s.Condition[op][key][i] = value[:at] + ":role/*" + value[at+len(":role/"):]
					})
				}
			}
			if other, ok := negate(op); ok {
				add(fmt.Sprintf("negate %s %s", op, key), func(s *policy.Statement) { rename(s, op, key, other) })
			}
			if other, ok := strings.CutSuffix(op, "IfExists"); ok {
				if !strings.Contains(op, "Not") {
					add(fmt.Sprintf("without IfExists: %s %s", op, key), func(s *policy.Statement) { rename(s, op, key, other) })
				}
			} else if op != "Null" && !strings.Contains(op, "Not") {
				add(fmt.Sprintf("with IfExists: %s %s", op, key), func(s *policy.Statement) { rename(s, op, key, op+"IfExists") })
			}
		}
	}
}

func caseMatters(op string) bool {
	return strings.Contains(op, "String") && !strings.Contains(op, "IgnoreCase") || strings.Contains(op, "Arn")
}

// swapCase changes the case of the letters after the last colon or slash that precede any wildcard, or else of all.
func swapCase(s string) string {
	at := strings.LastIndexAny(s, ":/") + 1
	if up := strings.ToUpper(s[at:]); up != s[at:] {
		return s[:at] + up
	}
	return s[:at] + strings.ToLower(s[at:])
}

func negate(op string) (string, bool) {
	pairs := [][2]string{
		{"StringNotEquals", "StringEquals"}, {"StringNotLike", "StringLike"}, {"ArnNotLike", "ArnLike"},
		{"ArnNotEquals", "ArnEquals"}, {"NotIpAddress", "IpAddress"},
		{"NumericLessThan", "NumericGreaterThanEquals"}, {"DateLessThan", "DateGreaterThanEquals"},
	}
	for _, p := range pairs {
		if strings.Contains(op, p[0]) {
			return strings.Replace(op, p[0], p[1], 1), true
		}
		if strings.Contains(op, p[1]) {
			return strings.Replace(op, p[1], p[0], 1), true
		}
	}
	return "", false
}

func remove(s *policy.Statement, op, key string) {
	delete(s.Condition[op], key)
	if len(s.Condition[op]) == 0 {
		delete(s.Condition, op)
	}
}

func rename(s *policy.Statement, op, key, to string) {
	values := s.Condition[op][key]
	remove(s, op, key)
	if s.Condition[to] == nil {
		s.Condition[to] = map[string][]string{}
	}
	s.Condition[to][key] = append(s.Condition[to][key], values...)
}

// Survivors returns the mutants that no proof notices and that the guardrail does not declare equivalent, and how many
// mutants there are. It fails when a proof does notice a mutant that is declared equivalent, or when there is no such mutant.
func (c *Catalogue) Survivors(g *Guardrail, v Values) (survivors []Mutant, all int, err error) {
	mutants, err := c.Mutants(g, v)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range g.Proof.Equivalent {
		if strings.TrimSpace(e.Why) == "" || !slices.ContainsFunc(mutants, func(m Mutant) bool { return m.Mutation == e.Mutation }) {
			return nil, 0, fmt.Errorf("%s: the mutation %q is declared equivalent, but does not exist or has no reason", g.File, e.Mutation)
		}
	}
	for _, m := range mutants {
		failures, err := c.judge(g, m.Document, true)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", m.Mutation, err)
		}
		declared := slices.ContainsFunc(g.Proof.Equivalent, func(e Equivalent) bool { return e.Mutation == m.Mutation })
		if len(failures) > 0 && declared {
			return nil, 0, fmt.Errorf("%s: the mutation %q is declared equivalent, but a proof notices it: %s", g.File, m.Mutation, failures[0])
		}
		if len(failures) == 0 && !declared {
			survivors = append(survivors, m)
		}
	}
	return survivors, len(mutants), nil
}
