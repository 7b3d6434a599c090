package eventpattern

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxAlternatives bounds into how many combinations of "$or" branches a pattern may unfold, so that a short text cannot
// take unbounded memory. It is this package's own bound.
const maxAlternatives = 1000

// Pattern is a parsed event pattern. It never changes, so several goroutines may use it at once.
type Pattern struct {
	alternatives []conjunction // one per combination of "$or" branches
	alone        *Set          // of this pattern only
}

// PatternError tells why a pattern is refused.
type PatternError struct {
	// Path leads from the root of the pattern to the refused part, as in detail.eventName[0].prefix. It is empty for the
	// root.
	Path string
	// Reason is what is wrong there and what to write instead.
	Reason string
}

func (e *PatternError) Error() string {
	if e.Path == "" {
		return "event pattern: " + e.Reason
	}
	return "event pattern: " + e.Path + ": " + e.Reason
}

// Names of operators, and of the key that joins alternatives.
const (
	opAnythingBut = "anything-but"
	opCIDR        = "cidr"
	opEqualFold   = "equals-ignore-case"
	opExactly     = "exactly"
	opExists      = "exists"
	opNumeric     = "numeric"
	opPrefix      = "prefix"
	opSuffix      = "suffix"
	opWildcard    = "wildcard"
	orKey         = "$or"
)

// operators lists the operators that a message suggests. "exactly" is left out: Event Ruler takes it, the EventBridge
// User Guide does not name it.
const operators = `"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix" and "wildcard"`

// reservedInOr tells whether Event Ruler refuses a key within "$or", since it is an operator or may become one.
func reservedInOr(key string) bool {
	switch key {
	case opAnythingBut, opCIDR, opEqualFold, opExactly, opExists, opNumeric, opPrefix, opSuffix, opWildcard,
		"=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after",
		"date-before", "date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range":
		return true
	}
	return false
}

// Parse reads an event pattern, one JSON object in UTF-8. A pattern that EventBridge would refuse, or that the package
// comment lists as refused, gives a *PatternError.
func Parse(pattern []byte) (*Pattern, error) {
	root, err := parseRoot(pattern)
	if err != nil {
		return nil, err
	}
	return parseTree(root)
}

func parseRoot(pattern []byte) (*node, error) {
	root, err := parseNode(pattern)
	if err != nil {
		return nil, &PatternError{Reason: err.Error()}
	}
	return root, nil
}

func parseTree(root *node) (*Pattern, error) {
	if root.kind != objectKind {
		return nil, &PatternError{Reason: "must be a JSON object, not " + root.describe()}
	}
	alternatives, err := parseObject(root, "", "", false)
	if err != nil {
		return nil, err
	}
	for _, a := range alternatives {
		slices.SortFunc(a, func(x, y *condition) int { return cmp.Compare(x.path, y.path) })
	}
	p := &Pattern{alternatives: alternatives}
	p.alone = NewSet(p)
	return p, nil
}

// join adds a key to a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// parseObject reads an object whose keys are fields of the event. at is the place in the pattern, field the path in the
// event, and inOr tells whether a "$or" is above.
func parseObject(n *node, at, field string, inOr bool) ([]conjunction, error) {
	if len(n.members) == 0 {
		return nil, &PatternError{at, "empty objects are not allowed; name a field to match, or remove the key"}
	}
	all := []conjunction{{}}
	seen := make(map[string]bool)
	for _, m := range n.members {
		memberAt := join(at, m.key)
		var alternatives []conjunction
		var err error
		switch {
		case seen[m.key]:
			err = &PatternError{memberAt, "the key is given twice in this object; list all values under one key"}
		case m.key == "":
			err = &PatternError{at, "empty keys are not allowed"}
		case m.key == orKey:
			alternatives, err = parseOr(m.value, memberAt, field)
		case inOr && reservedInOr(m.key):
			err = &PatternError{memberAt, fmt.Sprintf("%q is reserved and cannot name a field within %q; "+
				"an operator goes into the list of a field: {\"FIELD\": [{%[1]q: …}]}", m.key, orKey)}
		case m.value.kind == objectKind:
			alternatives, err = parseObject(m.value, memberAt, join(field, m.key), inOr)
		case m.value.kind == arrayKind:
			var c *condition
			c, err = parseCondition(m.value, memberAt, join(field, m.key))
			alternatives = []conjunction{{c}}
		default:
			err = &PatternError{memberAt, fmt.Sprintf("must be an object or an array, not %s; "+
				"write [%s] to match that value", m.value.describe(), m.value.json())}
		}
		if err != nil {
			return nil, err
		}
		seen[m.key] = true
		if all, err = product(all, alternatives, memberAt); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// parseOr reads the list under "$or".
func parseOr(n *node, at, field string) ([]conjunction, error) {
	if n.kind != arrayKind || len(n.elems) < 2 {
		return nil, &PatternError{at, fmt.Sprintf("%q needs an array of at least two objects", orKey)}
	}
	var all []conjunction
	for i, branch := range n.elems {
		branchAt := fmt.Sprintf("%s[%d]", at, i)
		if branch.kind != objectKind {
			return nil, &PatternError{branchAt, fmt.Sprintf("only objects are allowed in %q, not %s", orKey, branch.describe())}
		}
		alternatives, err := parseObject(branch, branchAt, field, true)
		if err != nil {
			return nil, err
		}
		if all = append(all, alternatives...); len(all) > maxAlternatives {
			return nil, tooManyAlternatives(at)
		}
	}
	return all, nil
}

func tooManyAlternatives(at string) error {
	return &PatternError{at, fmt.Sprintf("the branches of %q combine to more than %d alternatives; "+
		"split the pattern over several rules", orKey, maxAlternatives)}
}

// product joins each alternative of a with each of b.
func product(a, b []conjunction, at string) ([]conjunction, error) {
	if len(a)*len(b) > maxAlternatives {
		return nil, tooManyAlternatives(at)
	}
	joined := make([]conjunction, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			for _, c := range y {
				if slices.ContainsFunc(x, func(o *condition) bool { return o.path == c.path }) {
					return nil, &PatternError{at, fmt.Sprintf("the path %s is given more than once; "+
						"list all its values in one place", c.path)}
				}
			}
			joined = append(joined, slices.Concat(x, y))
		}
	}
	return joined, nil
}

// parseCondition reads the list of values of a field.
func parseCondition(n *node, at, field string) (*condition, error) {
	if len(n.elems) == 0 {
		return nil, &PatternError{at, "empty arrays are not allowed; list a value to match"}
	}
	c := &condition{path: field, exact: make(map[string]struct{})}
	for i, e := range n.elems {
		valueAt := fmt.Sprintf("%s[%d]", at, i)
		switch e.kind {
		case stringKind:
			if address := parseAddress(e.unquoted()); address != nil {
				c.values = append(c.values, addressRange{address, address})
				continue
			}
			c.exact[e.text] = struct{}{}
		case numberKind:
			if value, ok := comparableNumber(e.text); ok {
				c.values = append(c.values, equalNumber(value))
				continue
			}
			c.exact[e.text] = struct{}{}
		case literalKind:
			c.exact[e.text] = struct{}{}
		case objectKind:
			if err := c.addOperator(e, valueAt); err != nil {
				return nil, err
			}
		default:
			return nil, &PatternError{valueAt, "must be a string, a number, true, false, null or an operator, not an array"}
		}
	}
	return c, nil
}

// operator reads an object of one key.
func operator(n *node, at string) (string, *node, string, error) {
	if len(n.members) != 1 {
		return "", nil, "", &PatternError{at, fmt.Sprintf("an operator is an object of exactly one key, not %d; "+
			"the operators are %s", len(n.members), operators)}
	}
	m := n.members[0]
	return m.key, m.value, at + "." + m.key, nil
}

// addOperator reads an object in the list of values of a field.
func (c *condition) addOperator(n *node, at string) error {
	name, operand, at, err := operator(n, at)
	if err != nil {
		return err
	}
	var value valueMatcher
	switch name {
	case opExists:
		if operand.kind != literalKind || operand.text == "null" {
			return &PatternError{at, "must be true or false, not " + operand.describe()}
		}
		if operand.text == "false" {
			c.absent = true
			return nil
		}
		value = present{}
	case opExactly:
		if operand.kind != stringKind {
			return notString(operand, at)
		}
		c.exact[operand.text] = struct{}{}
		return nil
	case opNumeric:
		value, err = parseNumeric(operand, at)
	case opCIDR:
		value, err = parseCIDR(operand, at)
	case opAnythingBut:
		value, err = parseAnythingBut(operand, at)
	case opPrefix, opSuffix, opEqualFold, opWildcard:
		if (name == opPrefix || name == opSuffix) && operand.kind == objectKind {
			value, err = parseFoldedEnd(name, operand, at)
			break
		}
		value, err = parseText(name, operand, at)
	default:
		return &PatternError{at, fmt.Sprintf("unknown operator %q; the operators are %s", name, operators)}
	}
	if err != nil {
		return err
	}
	c.values = append(c.values, value)
	return nil
}

func notString(n *node, at string) error {
	return &PatternError{at, "must be a string, not " + n.describe()}
}

// parseText reads an operator that takes one string.
func parseText(name string, operand *node, at string) (valueMatcher, error) {
	if operand.kind != stringKind {
		return nil, notString(operand, at)
	}
	switch text := operand.unquoted(); name {
	case opPrefix:
		return prefix(`"` + text), nil
	case opSuffix:
		return suffix(text + `"`), nil
	case opEqualFold:
		return equalFold{newFold(text)}, nil
	default:
		return parseWildcard(text, at)
	}
}

// parseFoldedEnd reads {"prefix": {"equals-ignore-case": …}} and the same with "suffix".
func parseFoldedEnd(name string, operand *node, at string) (valueMatcher, error) {
	inner, operand, at, err := operator(operand, at)
	if err != nil {
		return nil, err
	}
	if inner != opEqualFold {
		return nil, &PatternError{at, fmt.Sprintf("%q takes a string or {%q: …}, not %q", name, opEqualFold, inner)}
	}
	if operand.kind != stringKind {
		return nil, notString(operand, at)
	}
	if name == opPrefix {
		return prefixFold{newFold(operand.unquoted())}, nil
	}
	return suffixFold{newFold(operand.unquoted())}, nil
}

func parseWildcard(text, at string) (valueMatcher, error) {
	var w wildcard
	var part strings.Builder
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*':
			if i > 0 && text[i-1] == '*' && part.Len() == 0 {
				return nil, &PatternError{at, fmt.Sprintf("consecutive wildcards at byte %d; write one *, or \\* for an asterisk itself", i)}
			}
			w = append(w, part.String())
			part.Reset()
		case '\\':
			if i++; i == len(text) || text[i] != '*' && text[i] != '\\' {
				return nil, &PatternError{at, fmt.Sprintf("invalid escape at byte %d; a backslash stands before * or \\ only", i-1)}
			}
			part.WriteByte(text[i])
		default:
			part.WriteByte(text[i])
		}
	}
	return append(w, part.String()), nil
}

func parseCIDR(operand *node, at string) (valueMatcher, error) {
	if operand.kind != stringKind {
		return nil, notString(operand, at)
	}
	base, mask, ok := strings.Cut(operand.unquoted(), "/")
	if !ok {
		return nil, &PatternError{at, fmt.Sprintf("%s has no mask; write it as 10.0.0.0/8", operand.json())}
	}
	address := parseAddress(base)
	if address == nil {
		return nil, &PatternError{at, fmt.Sprintf("%q is not an IP address", base)}
	}
	bits, err := strconv.ParseUint(mask, 10, 8)
	if err != nil || int(bits) >= len(address)*8 {
		return nil, &PatternError{at, fmt.Sprintf("the mask must be a whole number from 0 to %d, not %q; "+
			"list a single address as a string", len(address)*8-1, mask)}
	}
	return block(address, int(bits)), nil
}

// parseOperand reads a number that "numeric" or "anything-but" compares with.
func parseOperand(n *node, at string) (float64, error) {
	if n.kind != numberKind {
		return 0, &PatternError{at, "must be a number, not " + n.describe()}
	}
	value, ok := comparableNumber(n.text)
	written, _ := parseDecimal(n.text)
	if !ok || math.Abs(value) > MaxNumber || written.decimals() > MaxDecimals {
		return 0, &PatternError{at, fmt.Sprintf("%s is out of range; numbers go from -5e9 to 5e9, with at most %d decimals", n.text, MaxDecimals)}
	}
	return value, nil
}

func parseNumeric(n *node, at string) (valueMatcher, error) {
	if n.kind != arrayKind {
		return nil, &PatternError{at, "must be an array like [\">\", 0, \"<=\", 5], not " + n.describe()}
	}
	if len(n.elems) != 2 && len(n.elems) != 4 {
		return nil, &PatternError{at, fmt.Sprintf("must hold one or two comparisons, like [\">\", 0, \"<=\", 5]; it has %d items", len(n.elems))}
	}
	r := numericRange{bottom: math.Inf(-1), top: math.Inf(1)}
	for i := 0; i < len(n.elems); i += 2 {
		operatorAt, operandAt := fmt.Sprintf("%s[%d]", at, i), fmt.Sprintf("%s[%d]", at, i+1)
		if n.elems[i].kind != stringKind {
			return nil, notString(n.elems[i], operatorAt)
		}
		value, err := parseOperand(n.elems[i+1], operandAt)
		if err != nil {
			return nil, err
		}
		single := len(n.elems) == 2
		switch comparison := n.elems[i].unquoted(); {
		case comparison == "=" && single:
			return equalNumber(value), nil
		case (comparison == ">" || comparison == ">=") && i == 0:
			r.bottom, r.openBottom = value, comparison == ">"
		case (comparison == "<" || comparison == "<=") && (single || i == 2):
			r.top, r.openTop = value, comparison == "<"
		default:
			return nil, &PatternError{operatorAt, fmt.Sprintf("%q is not allowed here; a comparison is one of =, <, <=, >, >=, "+
				"and a range names its lower bound (> or >=) first and its upper bound (< or <=) second", comparison)}
		}
	}
	if r.bottom >= r.top {
		return nil, &PatternError{at, "the lower bound must be less than the upper bound"}
	}
	return r, nil
}

// parseAnythingBut reads a string, a number, a list of either, or an operator with a string or a list of strings.
func parseAnythingBut(n *node, at string) (valueMatcher, error) {
	name := ""
	if n.kind == objectKind {
		var err error
		if name, n, at, err = operator(n, at); err != nil {
			return nil, err
		}
		switch name {
		case opPrefix, opSuffix, opEqualFold, opWildcard:
		default:
			return nil, &PatternError{at, fmt.Sprintf("%q takes no operator %q; it takes %q, %q, %q and %q",
				opAnythingBut, name, opEqualFold, opPrefix, opSuffix, opWildcard)}
		}
	}
	elems, isList := []*node{n}, n.kind == arrayKind
	if isList {
		elems = n.elems
	}
	if len(elems) == 0 {
		return nil, &PatternError{at, "empty lists are not allowed; list a value to exclude"}
	}
	var excluded noneOf
	texts := make(equalText)
	for i, e := range elems {
		valueAt := at
		if isList {
			valueAt = fmt.Sprintf("%s[%d]", at, i)
		}
		switch {
		case name != "":
			if e.kind == stringKind && e.unquoted() == "" && (name == opPrefix || name == opSuffix) {
				return nil, &PatternError{valueAt, "an empty " + name + " would exclude every string"}
			}
			value, err := parseText(name, e, valueAt)
			if err != nil {
				return nil, err
			}
			excluded = append(excluded, value)
		case e.kind != stringKind && e.kind != numberKind:
			return nil, &PatternError{valueAt, "must be a string or a number, not " + e.describe()}
		case e.kind != elems[0].kind:
			return nil, &PatternError{at, "a list holds either strings or numbers, not both"}
		case e.kind == numberKind:
			value, err := parseOperand(e, valueAt)
			if err != nil {
				return nil, err
			}
			excluded = append(excluded, equalNumber(value))
		default:
			texts[e.text] = struct{}{}
		}
	}
	if len(texts) > 0 {
		excluded = append(excluded, texts)
	}
	return excluded, nil
}
