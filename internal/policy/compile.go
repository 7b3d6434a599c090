package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind is where a policy is used.
type Kind string

// The kinds of policies that this package evaluates.
const (
	SCP      Kind = "scp"
	RCP      Kind = "rcp"
	Resource Kind = "resource" // bucket, key, topic, queue, trust and similar policies
)

// Compiled is a document prepared for matching. It is immutable and may be used
// by several goroutines at once.
type Compiled struct {
	allows statementIndex
	denies statementIndex
}

// statementIndex finds the statements that may match an action by its service,
// so that a request looks at few of many statements.
type statementIndex struct {
	byService map[string][]*statement // in order, those of always included
	always    []*statement            // may match any service
}

func newStatementIndex(list []*statement) statementIndex {
	index := statementIndex{byService: map[string][]*statement{}}
	for _, s := range list {
		for _, service := range s.actions.services() {
			index.byService[service] = nil
		}
	}
	for _, s := range list {
		if s.notAction || s.actions.all || len(s.actions.others) > 0 {
			index.always = append(index.always, s)
			for service := range index.byService {
				index.byService[service] = append(index.byService[service], s)
			}
			continue
		}
		for _, service := range s.actions.services() {
			index.byService[service] = append(index.byService[service], s)
		}
	}
	return index
}

func (i *statementIndex) candidates(r *prepared) []*statement {
	if list, ok := i.byService[r.service]; ok {
		return list
	}
	return i.always
}

// statement is one compiled statement.
type statement struct {
	index        int
	actions      actionSet
	notAction    bool
	resources    []pattern
	everything   bool // Resource is absent or "*"
	notResource  bool
	conditions   []condition
	principal    *principalSet
	notPrincipal bool
}

// Compile prepares a document for evaluation as a policy of the given kind. It
// returns an *Error for a document that has no clear meaning there:
//
//   - SCPs and RCPs need Version 2012-10-17, and Resource or NotResource;
//   - SCPs have no Principal;
//   - the Principal of an RCP is "*" (or absent, which here means the same);
//   - statements of resource-based policies need Principal or NotPrincipal.
//
// What Organizations refuses beyond that is the business of [Validate].
func Compile(kind Kind, d Document) (*Compiled, error) {
	if kind != Resource && d.Version != Version2012 {
		return nil, &Error{Statement: -1, Element: "Version", Reason: fmt.Sprintf("must be %q, got %q", Version2012, d.Version)}
	}
	if len(d.Statements) == 0 {
		return nil, &Error{Statement: -1, Element: "Statement", Reason: "a policy needs at least one statement"}
	}
	var allows, denies []*statement
	for i, s := range d.Statements {
		compiled, err := compileStatement(kind, s, d.Version == Version2012)
		if err != nil {
			err = placed(i, "", err)
			var known *Error
			if errors.As(err, &known) {
				known.Statement, known.Sid = i, s.Sid
			}
			return nil, err
		}
		compiled.index = i
		if s.Effect == Allow {
			allows = append(allows, compiled)
		} else {
			denies = append(denies, compiled)
		}
	}
	return &Compiled{newStatementIndex(allows), newStatementIndex(denies)}, nil
}

func compileStatement(kind Kind, s Statement, variables bool) (*statement, error) {
	c := &statement{}
	if err := s.check(); err != nil {
		return c, err
	}
	if err := checkKind(kind, s); err != nil {
		return c, err
	}
	var err error
	if c.notAction = len(s.NotAction) > 0; c.notAction {
		c.actions, err = newActionSet("NotAction", s.NotAction)
	} else {
		c.actions, err = newActionSet("Action", s.Action)
	}
	if err != nil {
		return c, err
	}
	element, entries := "Resource", s.Resource
	if c.notResource = len(s.NotResource) > 0; c.notResource {
		element, entries = "NotResource", s.NotResource
	}
	c.everything = len(entries) == 0
	for _, entry := range entries {
		p, err := resourcePattern(entry, variables)
		if err != nil {
			return c, &Error{Element: element, Reason: err.Error()}
		}
		if !c.notResource && p.tokens == nil && p.fixed.everything() {
			c.everything = true
		}
		c.resources = append(c.resources, p)
	}
	for _, operator := range sortedKeys(s.Condition) {
		for _, key := range sortedKeys(s.Condition[operator]) {
			condition, err := newCondition(operator, key, s.Condition[operator][key], variables)
			if err != nil {
				return c, &Error{Element: "Condition." + operator + "." + key, Reason: err.Error()}
			}
			c.conditions = append(c.conditions, condition)
		}
	}
	// All must hold, so the cheap ones may answer first.
	slices.SortStableFunc(c.conditions, func(a, b condition) int { return a.family.cost() - b.family.cost() })
	switch {
	case s.Principal != nil:
		c.principal = newPrincipalSet(s.Principal)
	case s.NotPrincipal != nil:
		c.principal, c.notPrincipal = newPrincipalSet(s.NotPrincipal), true
	}
	return c, nil
}

// checkKind says what makes a statement meaningless in a policy of the kind.
func checkKind(kind Kind, s Statement) error {
	switch kind {
	case SCP:
		if s.Principal != nil {
			return &Error{Element: "Principal", Reason: "SCPs have no Principal; test aws:PrincipalArn in a Condition"}
		}
		if s.NotPrincipal != nil {
			return &Error{Element: "NotPrincipal", Reason: "SCPs have no NotPrincipal; test aws:PrincipalArn in a Condition"}
		}
	case RCP:
		if s.NotPrincipal != nil {
			return &Error{Element: "NotPrincipal", Reason: `RCPs have no NotPrincipal; write "Principal": "*" and test aws:PrincipalArn in a Condition`}
		}
		if s.Principal != nil && !s.Principal.isEveryone() {
			return &Error{Element: "Principal", Reason: `the Principal of an RCP must be "*"; test aws:PrincipalArn in a Condition`}
		}
	case Resource:
		if s.Principal == nil && s.NotPrincipal == nil {
			return &Error{Element: "Principal", Reason: "a statement of a resource-based policy needs Principal or NotPrincipal"}
		}
		return nil
	default:
		return fmt.Errorf("unknown policy kind %q", kind)
	}
	if len(s.Resource) == 0 && len(s.NotResource) == 0 {
		return &Error{Element: "Resource", Reason: "a statement needs Resource or NotResource"}
	}
	return nil
}

// matches reports whether the statement applies to the request, its principal
// element aside.
func (s *statement) matches(r *prepared) bool {
	if s.actions.contains(r) == s.notAction {
		return false
	}
	if !s.everything && s.matchesResource(r) == s.notResource {
		return false
	}
	for i := range s.conditions {
		if !s.conditions[i].holds(r) {
			return false
		}
	}
	return true
}

func (s *statement) matchesResource(r *prepared) bool {
	for i := range s.resources {
		if s.resources[i].match(r.resource, r) {
			return true
		}
	}
	return false
}

// actionSet is a list of action patterns, in lower case.
type actionSet struct {
	all       bool
	exact     map[string]bool   // "service:name"
	byService map[string][]glob // name patterns of one service
	others    []actionPattern   // patterns with a wildcard in the service
}

type actionPattern struct{ service, name glob }

func newActionSet(element string, entries []string) (actionSet, error) {
	a := actionSet{exact: make(map[string]bool, len(entries)), byService: map[string][]glob{}}
	for _, entry := range entries {
		if entry == "*" {
			a.all = true
			continue
		}
		if strings.Contains(entry, "${") {
			return a, &Error{Element: element, Reason: fmt.Sprintf("%q has a policy variable; only Resource, NotResource and Condition take variables", entry)}
		}
		service, name, found := strings.Cut(strings.ToLower(entry), ":")
		if !found || service == "" || name == "" || strings.Contains(name, ":") || !isName(entry) {
			return a, &Error{Element: element, Reason: fmt.Sprintf(`%q is no action; write "service:Name", with * or ? as wildcards, or "*"`, entry)}
		}
		servicePattern, namePattern := actionGlob(service), actionGlob(name)
		exactService, oneService := servicePattern.exact()
		_, oneName := namePattern.exact()
		switch {
		case oneService && oneName:
			a.exact[service+":"+name] = true
		case oneService:
			a.byService[exactService] = append(a.byService[exactService], namePattern)
		default:
			a.others = append(a.others, actionPattern{servicePattern, namePattern})
		}
	}
	return a, nil
}

// services returns the services that the patterns without a wildcard in the
// service name, each once.
func (a *actionSet) services() []string {
	found := make(map[string]bool, len(a.byService))
	for service := range a.byService {
		found[service] = true
	}
	for action := range a.exact {
		service, _, _ := strings.Cut(action, ":")
		found[service] = true
	}
	return sortedKeys(found)
}

func actionGlob(text string) glob {
	// Without variables tokenize cannot fail.
	tokens, _ := tokenize(text, true, false)
	if len(tokens) == 0 {
		return literalGlob("")
	}
	return newGlob(tokens)
}

func (a *actionSet) contains(r *prepared) bool {
	if a.all || a.exact[r.action] {
		return true
	}
	if len(a.byService) > 0 {
		for _, name := range a.byService[r.service] {
			if name.match(r.name) {
				return true
			}
		}
	}
	for i := range a.others {
		if a.others[i].service.match(r.service) && a.others[i].name.match(r.name) {
			return true
		}
	}
	return false
}
