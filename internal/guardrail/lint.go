package guardrail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/authdata"
)

// Lint compares the guardrails with the service authorization reference: every action must exist, every condition
// key must be one that some of the statement's actions know, a key with several values needs a set operator, an ARN
// must have six parts and match a resource of some action, and a resource control policy may name only services that
// it covers. No statement may be shadowed by another, and no action or resource by another one of its list.
// The problems have no line when the catalogue was not loaded from files.
func (c *Catalogue) Lint() Problems {
	var problems Problems
	for i := range c.Guardrails {
		problems = append(problems, c.lint(&c.Guardrails[i])...)
	}
	return append(problems, c.shadowed()...)
}

func (c *Catalogue) lint(g *Guardrail) Problems {
	var problems Problems
	add := func(path, format string, args ...any) {
		problems = append(problems, Problem{File: g.File, Line: g.source.lineOf(path), Path: path, Message: fmt.Sprintf(format, args...)})
	}
	for i, s := range g.Statements {
		at := fmt.Sprintf("$.statements[%d]", i)
		lintActions(g, s, at, add)
		lintConditions(s, at, add)
		lintResources(s, at, add)
	}
	for _, part := range []struct {
		kind string
		list []Request
	}{{"denies", g.Proof.Denies}, {"allows", g.Proof.Allows}} {
		for i, r := range part.list {
			for _, a := range r.Action {
				if !authdata.Exists(a) {
					add(fmt.Sprintf("$.proof.%s[%d].action", part.kind, i), "%s", unknownAction(a))
				}
			}
		}
	}
	return problems
}

type report func(path, format string, args ...any)

func unknownAction(a string) string {
	if near := authdata.Nearest(a); near != "" {
		return fmt.Sprintf("there is no action %q; did you mean %s?", a, near)
	}
	return fmt.Sprintf("there is no action %q in the service authorization reference", a)
}

func lintActions(g *Guardrail, s Statement, at string, add report) {
	for element, list := range map[string]Strings{"Action": s.Action, "NotAction": s.NotAction} {
		lintRepeats(list, at, element, actionHolds, add)
		for i, a := range list {
			path := fmt.Sprintf("%s.%s[%d]", at, element, i)
			if len(list) == 1 {
				path = at + "." + element
			}
			if a != "*" && len(authdata.Match(a)) == 0 {
				add(path, "%s", unknownAction(a))
			}
			if service, _, _ := strings.Cut(a, ":"); g.Type == TypeRCP && !authdata.SupportsRCP(service) {
				add(path, "resource control policies do not cover the service %q", service)
			}
		}
	}
}

func lintResources(s Statement, at string, add report) {
	for element, list := range map[string]Strings{"Resource": s.Resource, "NotResource": s.NotResource} {
		lintRepeats(list, at, element, resourceHolds, add)
		for i, r := range list {
			path := fmt.Sprintf("%s.%s[%d]", at, element, i)
			if len(list) == 1 {
				path = at + "." + element
			}
			example := placeholder.ReplaceAllString(r, "x")
			switch {
			case r == "*" || placeholder.FindString(r) == r:
			case len(strings.SplitN(r, ":", 6)) != 6:
				add(path, "%q is neither * nor an ARN of six parts, as in arn:*:s3:::bucket/*", r)
			case len(s.Action) > 0 && !fitsSome(example, s.Action):
				add(path, "%q matches no resource of any of the statement's actions", r)
			}
		}
	}
}

func lintConditions(s Statement, at string, add report) {
	for op, keys := range s.Condition {
		for key := range keys {
			path := at + ".Condition." + op
			if strings.HasPrefix(strings.ToLower(key), "aws:") {
				if slices.Contains(multivalued, strings.ToLower(key)) && !setOperator(op) {
					add(path, "%s has several values; use ForAnyValue or ForAllValues", key)
				}
				continue
			}
			service, _, _ := strings.Cut(key, ":")
			kind := authdata.KeyType(service, key)
			if kind == "" {
				add(path, "the service %q has no condition key %s", service, key)
				continue
			}
			if strings.HasPrefix(kind, "ArrayOf") && !setOperator(op) {
				add(path, "%s has several values; use ForAnyValue or ForAllValues", key)
			}
			if !slices.Contains(s.Action, "*") && len(s.Action) > 0 && !anyKnows(s.Action, key) {
				add(path, "none of the statement's actions knows the condition key %s", key)
			}
		}
	}
}

// multivalued global condition keys (IAM user guide, "AWS global condition context keys").
var multivalued = []string{"aws:calledvia", "aws:principalorgpaths", "aws:resourceorgpaths", "aws:tagkeys", "aws:principalservicenameslist", "aws:sourceorgpaths"}

func setOperator(op string) bool {
	return strings.HasPrefix(op, "ForAnyValue:") || strings.HasPrefix(op, "ForAllValues:") || strings.HasPrefix(op, "Null")
}

func anyKnows(actions Strings, key string) bool {
	for _, pattern := range actions {
		for _, a := range authdata.Match(pattern) {
			if slices.ContainsFunc(a.Keys, func(k string) bool { return authdata.KeyMatches(k, key) }) {
				return true
			}
		}
	}
	return false
}
