package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Error is a policy document that cannot be used, and the place of the fault.
type Error struct {
	// Statement is the index of the statement, -1 for the document itself.
	Statement int
	// Sid of the statement, when it has one.
	Sid string
	// Element is the policy element at fault, such as "Action" or
	// "Condition.StringEquals.aws:SourceIp", empty for the whole.
	Element string
	Reason  string
}

// Error names the place first, then the reason.
func (e *Error) Error() string {
	var place []string
	if e.Statement >= 0 {
		s := fmt.Sprintf("statement %d", e.Statement)
		if e.Sid != "" {
			s += fmt.Sprintf(" (Sid %q)", e.Sid)
		}
		place = append(place, s)
	}
	if e.Element != "" {
		place = append(place, e.Element)
	}
	return strings.Join(append(place, e.Reason), ": ")
}

var (
	documentElements  = []string{"Version", "Id", "Statement"}
	statementElements = []string{"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
	principalTypes    = []string{"AWS", "CanonicalUser", "Federated", "Service"}
)

// Parse reads one policy document. It is strict: repeated keys (condition
// operators and keys in any letter case), unknown elements, wrong types, a missing Effect or Action, and repeated Sids are
// errors of type *Error; text that is not JSON is another error. Element names
// are case-sensitive; where the language allows a string or a list, both are
// read into a list.
func Parse(text []byte) (Document, error) {
	c, err := checked(text)
	if err != nil {
		return Document{}, err
	}
	var d Document
	fail := func(element string, err error) error { return placed(-1, element, err) }
	if c.peek() != '{' {
		return Document{}, fail("", c.unexpected("a policy document, an object"))
	}
	sawStatement := false
	err = c.object(func(key string) (err error) {
		switch key {
		case "Version":
			d.Version, err = c.str()
			if err == nil && d.Version != Version2012 && d.Version != Version2008 {
				err = fmt.Errorf("%q is no version of the policy language; use %q", d.Version, Version2012)
			}
		case "Id":
			d.ID, err = c.str()
		case "Statement":
			sawStatement = true
			return parseStatements(c, &d)
		default:
			return fail(key, unknownElement(key, documentElements, "a policy"))
		}
		if err != nil {
			return fail(key, err)
		}
		return nil
	})
	if err != nil {
		return Document{}, fail("", err)
	}
	if !sawStatement || len(d.Statements) == 0 {
		return Document{}, fail("Statement", errors.New("a policy needs at least one statement"))
	}
	sids := make(map[string]int, len(d.Statements))
	for i, s := range d.Statements {
		if s.Sid == "" {
			continue
		}
		if earlier, ok := sids[s.Sid]; ok {
			return Document{}, &Error{Statement: i, Sid: s.Sid, Element: "Sid",
				Reason: fmt.Sprintf("statement %d has the same Sid; Sids are unique within a policy", earlier)}
		}
		sids[s.Sid] = i
	}
	return d, nil
}

// placed gives err a place, unless it already has one.
func placed(statement int, element string, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return &Error{Statement: statement, Element: element, Reason: err.Error()}
}

func unknownElement(name string, known []string, of string) error {
	if k := closest(name, known); k != "" {
		return fmt.Errorf("%q is no element of %s; write %q, element names are case-sensitive", name, of, k)
	}
	return fmt.Errorf("%q is no element of %s; allowed are %s", name, of, strings.Join(known, ", "))
}

func parseStatements(c *cursor, d *Document) error {
	if c.peek() == '{' {
		s, err := parseStatement(c, 0)
		d.Statements = append(d.Statements, s)
		return err
	}
	if c.peek() != '[' {
		return placed(-1, "Statement", c.unexpected("a statement or a list of statements"))
	}
	return c.array(func(i int) error {
		s, err := parseStatement(c, i)
		d.Statements = append(d.Statements, s)
		return err
	})
}

func parseStatement(c *cursor, index int) (Statement, error) {
	var s Statement
	err := c.object(func(key string) (err error) {
		switch key {
		case "Sid":
			s.Sid, err = c.str()
		case "Effect":
			var effect string
			effect, err = c.str()
			s.Effect = Effect(effect)
			if err == nil && s.Effect != Allow && s.Effect != Deny {
				err = fmt.Errorf("%q is no effect; write %q or %q, as spelled here", effect, Allow, Deny)
			}
		case "Principal":
			s.Principal, err = parsePrincipal(c)
		case "NotPrincipal":
			s.NotPrincipal, err = parsePrincipal(c)
		case "Action":
			s.Action, err = parseList(c)
		case "NotAction":
			s.NotAction, err = parseList(c)
		case "Resource":
			s.Resource, err = parseList(c)
		case "NotResource":
			s.NotResource, err = parseList(c)
		case "Condition":
			s.Condition, err = parseConditions(c, index)
		default:
			err = unknownElement(key, statementElements, "a statement")
		}
		if err != nil {
			return placed(index, key, err)
		}
		return nil
	})
	if err == nil {
		err = s.check()
	}
	if err != nil {
		err = placed(index, "", err)
		var known *Error
		if errors.As(err, &known) {
			known.Statement, known.Sid = index, s.Sid
		}
		return Statement{}, err
	}
	return s, nil
}

// check says which elements contradict each other or are missing.
func (s Statement) check() error {
	one := func(a, b string, hasA, hasB, required bool) error {
		switch {
		case hasA && hasB:
			return &Error{Element: b, Reason: fmt.Sprintf("a statement has %s or %s, not both", a, b)}
		case required && !hasA && !hasB:
			return &Error{Element: a, Reason: fmt.Sprintf("a statement needs %s or %s", a, b)}
		}
		return nil
	}
	if s.Effect != Allow && s.Effect != Deny {
		return &Error{Element: "Effect", Reason: fmt.Sprintf("a statement needs Effect %q or %q", Allow, Deny)}
	}
	for _, err := range []error{
		one("Action", "NotAction", len(s.Action) > 0, len(s.NotAction) > 0, true),
		one("Resource", "NotResource", len(s.Resource) > 0, len(s.NotResource) > 0, false),
		one("Principal", "NotPrincipal", s.Principal != nil, s.NotPrincipal != nil, false),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// parseList reads a string or a list of at least one string.
func parseList(c *cursor) ([]string, error) {
	switch c.peek() {
	case '"':
		s, err := c.str()
		if err != nil {
			return nil, err
		}
		return []string{s}, nil
	case '[':
		var list []string
		err := c.array(func(int) error {
			s, err := c.str()
			list = append(list, s)
			return err
		})
		if err == nil && len(list) == 0 {
			err = errors.New("the list is empty")
		}
		return list, err
	}
	return nil, c.unexpected("a string or a list of strings")
}

func parsePrincipal(c *cursor) (*Principal, error) {
	if c.peek() == '"' {
		s, err := c.str()
		if err != nil {
			return nil, err
		}
		if s != "*" {
			return nil, fmt.Errorf(`%q is no principal; the only string allowed here is "*", else write {"AWS": …} or {"Service": …}`, s)
		}
		return &Principal{Everyone: true}, nil
	}
	if c.peek() != '{' {
		return nil, c.unexpected(`"*" or an object`)
	}
	p := &Principal{}
	empty := true
	err := c.object(func(key string) (err error) {
		empty = false
		var list *[]string
		switch key {
		case "AWS":
			list = &p.AWS
		case "CanonicalUser":
			list = &p.CanonicalUser
		case "Federated":
			list = &p.Federated
		case "Service":
			list = &p.Service
		default:
			return unknownElement(key, principalTypes, "a principal")
		}
		*list, err = parseList(c)
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err == nil && empty {
		err = errors.New("the principal is empty")
	}
	return p, err
}

func parseConditions(c *cursor, index int) (Conditions, error) {
	if c.peek() != '{' {
		return nil, c.unexpected("an object of condition operators")
	}
	conditions := Conditions{}
	operators := map[string]string{} // as spelled, by lower case
	err := c.object(func(operator string) error {
		at := "Condition." + operator
		if _, err := parseOperator(operator); err != nil {
			return placed(index, at, err)
		}
		if err := once(operators, operator, "condition operators"); err != nil {
			return placed(index, at, err)
		}
		keys := map[string][]string{}
		conditions[operator] = keys
		spelled := map[string]string{}
		err := c.object(func(key string) error {
			if key == "" {
				return errors.New("the condition key is empty")
			}
			if err := once(spelled, key, "condition keys"); err != nil {
				return placed(index, at+"."+key, err)
			}
			values, err := parseConditionValues(c)
			if err != nil {
				return placed(index, at+"."+key, err)
			}
			keys[key] = values
			return nil
		})
		if err != nil {
			return placed(index, at, err)
		}
		return nil
	})
	if err != nil || len(conditions) == 0 {
		return nil, err
	}
	return conditions, nil
}

// once refuses a name that is there already in another letter case. IAM Access
// Analyzer calls such condition keys an error, "Duplicate keys with different
// case" (access-analyzer-reference-policy-checks).
func once(seen map[string]string, name, what string) error {
	lower := strings.ToLower(name)
	if earlier, twice := seen[lower]; twice {
		return fmt.Errorf("%q is there already as %q; %s are case-insensitive", name, earlier, what)
	}
	seen[lower] = name
	return nil
}

// parseConditionValues reads a string, number or boolean, or a list of them.
func parseConditionValues(c *cursor) ([]string, error) {
	if c.peek() != '[' {
		value, err := parseConditionValue(c)
		if err != nil {
			return nil, err
		}
		return []string{value}, nil
	}
	values := []string{}
	err := c.array(func(int) error {
		value, err := parseConditionValue(c)
		values = append(values, value)
		return err
	})
	return values, err
}

func parseConditionValue(c *cursor) (string, error) {
	switch b := c.peek(); {
	case b == '"':
		return c.str()
	case b == '-' || b == 't' || b == 'f' || b >= '0' && b <= '9':
		raw, err := c.raw()
		if err != nil {
			return "", err
		}
		if !json.Valid(raw) {
			return "", fmt.Errorf("%q is no JSON value", raw)
		}
		return string(raw), nil
	}
	return "", c.unexpected("a string, number or boolean")
}
