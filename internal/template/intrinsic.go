package template

import (
	"regexp"
	"strings"
)

// Ref is a reference to a parameter or resource.
func Ref(name string) any { return map[string]any{"Ref": name} }

// Partition, Region and AccountID are those where the template is deployed.
func Partition() any { return Ref("AWS::Partition") }

// Region is the Region where the template is deployed.
func Region() any { return Ref("AWS::Region") }

// AccountID is the id of the account where the template is deployed.
func AccountID() any { return Ref("AWS::AccountId") }

// Text is a text in which each %s is replaced by a value: a string, or what CloudFormation resolves.
func Text(format string, values ...any) any {
	var parts []any
	add := func(part any) {
		if joined, ok := joinedParts(part); ok {
			for _, p := range joined {
				parts = appendText(parts, p)
			}
			return
		}
		parts = appendText(parts, part)
	}
	for i, piece := range strings.Split(format, "%s") {
		if i > 0 {
			add(values[i-1])
		}
		add(piece)
	}
	return joinParts(parts)
}

func joinParts(parts []any) any {
	if len(parts) == 1 {
		return parts[0]
	}
	return map[string]any{"Fn::Join": []any{"", parts}}
}

// joinedParts are the parts of a text that Text made.
func joinedParts(value any) ([]any, bool) {
	m, ok := value.(map[string]any)
	if !ok {
		return nil, false
	}
	join, ok := m["Fn::Join"].([]any)
	if !ok || join[0] != "" {
		return nil, false
	}
	parts, ok := join[1].([]any)
	return parts, ok
}

// appendText appends a part of a text, to the last part where both are strings.
func appendText(parts []any, part any) []any {
	text, ok := part.(string)
	if !ok {
		return append(parts, part)
	}
	if text == "" {
		return parts
	}
	if len(parts) > 0 {
		if before, ok := parts[len(parts)-1].(string); ok {
			parts[len(parts)-1] = before + text
			return parts
		}
	}
	return append(parts, text)
}

// Sub is a text in which CloudFormation replaces ${Name}: a pseudo parameter, as in ${AWS::Region}, or one of the
// values, which may be nil.
func Sub(text string, values map[string]any) any {
	if len(values) == 0 {
		return map[string]any{"Fn::Sub": text}
	}
	return map[string]any{"Fn::Sub": []any{text, values}}
}

// If is one value where a condition holds and another elsewhere.
func If(condition string, then, otherwise any) any {
	return map[string]any{"Fn::If": []any{condition, then, otherwise}}
}

// Equals holds when two values are the same.
func Equals(a, b any) any { return map[string]any{"Fn::Equals": []any{a, b}} }

// maxOperands is how many conditions Fn::And and Fn::Or take (CloudFormation user guide, "Condition functions").
const maxOperands = 10

// Or holds when any of the conditions does, And when all do. CloudFormation takes two to ten; fewer and more are
// composed so that it does.
func Or(conditions ...any) any { return combine("Fn::Or", conditions) }

// And holds when all of the conditions do.
func And(conditions ...any) any { return combine("Fn::And", conditions) }

func combine(with string, conditions []any) any {
	for len(conditions) > maxOperands {
		var groups []any
		for len(conditions) > 0 {
			n := min(maxOperands, len(conditions))
			groups = append(groups, combine(with, conditions[:n]))
			conditions = conditions[n:]
		}
		conditions = groups
	}
	if len(conditions) == 1 {
		return conditions[0]
	}
	return map[string]any{with: conditions}
}

// Token stands for a parameter, resource or pseudo parameter in strings that are composed before they come into a
// template; Resolve puts a reference in its place.
func Token(name string) string { return "${" + name + "}" }

var token = regexp.MustCompile(`\$\{([A-Za-z0-9:]+)\}`)

// Resolve replaces the tokens in all strings of a value as encoding/json decodes it.
func Resolve(value any) any {
	switch v := value.(type) {
	case string:
		return resolveText(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Resolve(e)
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = Resolve(e)
		}
		return out
	}
	return value
}

func resolveText(text string) any {
	var parts []any
	end := 0
	for _, m := range token.FindAllStringSubmatchIndex(text, -1) {
		parts = append(appendText(parts, text[end:m[0]]), Ref(text[m[2]:m[3]]))
		end = m[1]
	}
	if parts == nil {
		return text
	}
	return joinParts(appendText(parts, text[end:]))
}
