package eventpattern

import (
	"fmt"
	"strconv"
	"strings"
)

// Mutant is a pattern with one deliberate fault. When every event that must match still matches the mutant, and every
// event that must not still does not, the events do not hold the part of the pattern that was changed.
type Mutant struct {
	// Description tells what was changed, as in `removed the value "StopLogging"`.
	Description string
	// Path leads to the changed part of the original pattern, as in detail.eventName[0].
	Path string
	// Pattern is the faulty pattern, which Parse accepts.
	Pattern []byte
}

// Mutants returns the single faults of a pattern in the order of its text, so the list is the same on every run. For
// every part of the pattern:
//   - a field, an object of fields or a "$or" is removed, or a branch of a "$or";
//   - a value is removed from a list of several, here or under "anything-but";
//   - the values of a field are widened to {"exists": true};
//   - a value or operator is changed on its own: a string becomes a prefix, a boolean or "exists" is negated,
//     "anything-but" becomes what it excludes, a prefix or suffix loses a letter, an address block grows by a bit, and
//     a bound of "numeric" is dropped or changes between open and closed.
//
// Faults that would leave no valid pattern are left out, as are ones that repeat another. A pattern that Parse refuses
// has no mutants.
func Mutants(pattern []byte) []Mutant {
	if _, err := Parse(pattern); err != nil {
		return nil
	}
	root, err := parseRoot(pattern)
	if err != nil {
		return nil
	}
	m := mutator{root: root, seen: map[string]bool{root.json(): true}}
	m.object(root, "")
	return m.mutants
}

type mutator struct {
	root    *node
	mutants []Mutant
	seen    map[string]bool // texts of the original and of the mutants so far
}

// replace records the pattern in which target, a node of the tree, has the content of changed.
func (m *mutator) replace(target *node, changed node, at, format string, args ...any) {
	original := *target
	*target = changed
	text := m.root.json()
	*target = original
	if m.seen[text] {
		return
	}
	if _, err := Parse([]byte(text)); err != nil {
		return
	}
	m.seen[text] = true
	m.mutants = append(m.mutants, Mutant{fmt.Sprintf(format, args...), at, []byte(text)})
}

// object mutates an object whose keys are fields.
func (m *mutator) object(n *node, at string) {
	for i, field := range n.members {
		fieldAt := join(at, field.key)
		m.replace(n, node{kind: objectKind, members: without(n.members, i)}, fieldAt, "removed %q", field.key)
		switch {
		case field.key == orKey:
			m.or(n, i, fieldAt)
		case field.value.kind == objectKind:
			m.object(field.value, fieldAt)
		default:
			m.list(field.value, fieldAt)
		}
	}
}

// or mutates the "$or" that is the i-th key of an object.
func (m *mutator) or(parent *node, i int, at string) {
	branches := parent.members[i].value
	for j, branch := range branches.elems {
		branchAt := fmt.Sprintf("%s[%d]", at, j)
		if rest := without(branches.elems, j); len(rest) > 1 {
			m.replace(branches, node{kind: arrayKind, elems: rest}, branchAt, "removed a branch of %q", orKey)
		} else {
			// A single branch is no "$or": its fields move up.
			fields := append(without(parent.members, i), rest[0].members...)
			m.replace(parent, node{kind: objectKind, members: fields}, branchAt, "removed a branch of %q", orKey)
		}
		m.object(branch, branchAt)
	}
}

// list mutates the values of a field.
func (m *mutator) list(n *node, at string) {
	exists := operatorNode(opExists, literalNode("true"))
	m.replace(n, node{kind: arrayKind, elems: []*node{&exists}}, at, "widened to any value")
	for i, value := range n.elems {
		valueAt := fmt.Sprintf("%s[%d]", at, i)
		m.removeValue(n, i, valueAt)
		switch value.kind {
		case stringKind:
			if value.unquoted() != "" {
				m.replace(value, operatorNode(opPrefix, *value), valueAt, "widened %s to a prefix", value.json())
			}
		case literalKind:
			m.negate(value, valueAt)
		case objectKind:
			m.operator(value, valueAt)
		}
	}
}

func (m *mutator) removeValue(list *node, i int, at string) {
	m.replace(list, node{kind: arrayKind, elems: without(list.elems, i)}, at, "removed the value %s", list.elems[i].json())
}

func (m *mutator) negate(n *node, at string) {
	switch n.text {
	case "true":
		m.replace(n, literalNode("false"), at, "negated true")
	case "false":
		m.replace(n, literalNode("true"), at, "negated false")
	}
}

// operator mutates an operator in the list of values of a field.
func (m *mutator) operator(n *node, at string) {
	name, operand, at, err := operator(n, at)
	if err != nil {
		return
	}
	switch name {
	case opExists:
		m.negate(operand, at)
	case opPrefix, opSuffix:
		m.shorten(name, operand, at)
	case opEqualFold, opExactly:
		m.replace(n, operatorNode(opPrefix, operatorOperand(name, operand)), at, "widened %s to a prefix", operand.json())
	case opCIDR:
		m.growBlock(operand, at)
	case opNumeric:
		m.numeric(operand, at)
	case opAnythingBut:
		m.anythingBut(n, operand, at)
	}
}

// operatorOperand is what a prefix has to hold to be as blind to case as the operator was.
func operatorOperand(name string, operand *node) node {
	if name == opEqualFold {
		return operatorNode(opEqualFold, *operand)
	}
	return *operand
}

// shorten takes the letter away that the other end of a prefix or suffix needs.
func (m *mutator) shorten(name string, operand *node, at string) {
	text := operand
	if operand.kind == objectKind {
		text = operand.members[0].value
	}
	letters := []rune(text.unquoted())
	if len(letters) < 2 {
		return
	}
	if name == opPrefix {
		letters = letters[:len(letters)-1]
	} else {
		letters = letters[1:]
	}
	m.replace(text, stringNode(string(letters)), at, "shortened the %s %s", name, text.json())
}

func (m *mutator) growBlock(operand *node, at string) {
	base, mask, _ := strings.Cut(operand.unquoted(), "/")
	bits, err := strconv.Atoi(mask)
	if err != nil || bits == 0 {
		return
	}
	m.replace(operand, stringNode(fmt.Sprintf("%s/%d", base, bits-1)), at, "widened the address block %s by a bit", operand.json())
}

func (m *mutator) numeric(operand *node, at string) {
	toggled := map[string]string{">": ">=", ">=": ">", "<": "<=", "<=": "<"}
	for i := 0; i < len(operand.elems); i += 2 {
		comparison := operand.elems[i]
		comparisonAt := fmt.Sprintf("%s[%d]", at, i)
		if changed, ok := toggled[comparison.unquoted()]; ok {
			m.replace(comparison, stringNode(changed), comparisonAt, "changed %s to %s", comparison.unquoted(), changed)
		}
		if len(operand.elems) > 2 {
			rest := append(append([]*node{}, operand.elems[:i]...), operand.elems[i+2:]...)
			m.replace(operand, node{kind: arrayKind, elems: rest}, comparisonAt, "removed the bound %s %s",
				comparison.unquoted(), operand.elems[i+1].text)
		}
	}
}

// anythingBut mutates an "anything-but", whose operand may be a value, a list, or an operator with either.
func (m *mutator) anythingBut(n, operand *node, at string) {
	name, excluded, excludedAt := "", operand, at
	if operand.kind == objectKind {
		name, excluded = operand.members[0].key, operand.members[0].value
		excludedAt = at + "." + name
	}
	values := []*node{excluded}
	if excluded.kind == arrayKind {
		values = excluded.elems
		for i := range values {
			m.removeValue(excluded, i, fmt.Sprintf("%s[%d]", excludedAt, i))
		}
	}
	// What is excluded becomes what is asked for. It takes the first value, since one is enough to turn the outcome.
	asked := *values[0]
	if name != "" {
		asked = operatorNode(name, asked)
	}
	m.replace(n, asked, at, "negated %q", opAnythingBut)
}

func stringNode(s string) node { return node{kind: stringKind, text: `"` + s + `"`} }

func literalNode(text string) node { return node{kind: literalKind, text: text} }

func operatorNode(name string, operand node) node {
	return node{kind: objectKind, members: []member{{name, &operand}}}
}

// without copies a list but for its i-th item.
func without[T any](list []T, i int) []T {
	return append(append(make([]T, 0, len(list)), list[:i]...), list[i+1:]...)
}
