package eventruler_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/eventpattern"
)

// mutantPairs asks about a pattern and each of its mutants with the event of the other, and with their own.
func mutantPairs(t *testing.T, group string, pattern []byte) []pair {
	t.Helper()
	mutants := eventpattern.Mutants(pattern)
	require.NotEmpty(t, mutants, group)
	event := satisfying(t, pattern)
	pairs := []pair{{group, question{string(pattern), event}}}
	for _, m := range mutants {
		own := satisfying(t, m.Pattern)
		pairs = append(pairs,
			pair{group, question{string(pattern), own}},
			pair{group, question{string(m.Pattern), event}},
			pair{group, question{string(m.Pattern), own}})
	}
	return pairs
}

// satisfying makes an event that most likely matches a pattern: the last value of each list, and the last branch of
// each "$or".
func satisfying(t *testing.T, pattern []byte) string {
	t.Helper()
	var parsed map[string]any
	require.NoError(t, json.Unmarshal(pattern, &parsed))
	event, err := json.Marshal(satisfyingObject(parsed))
	require.NoError(t, err)
	return string(event)
}

func satisfyingObject(pattern map[string]any) map[string]any {
	event := make(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(pattern)) {
		switch asked := pattern[key].(type) {
		case map[string]any:
			merge(event, key, satisfyingObject(asked))
		case []any:
			last := asked[len(asked)-1]
			branch, isObject := last.(map[string]any)
			if key == "$or" {
				for k, v := range satisfyingObject(branch) {
					merge(event, k, v)
				}
			} else if !isObject {
				event[key] = last
			} else if value, ok := satisfyingValue(branch); ok {
				event[key] = value
			}
		}
	}
	return event
}

// merge sets a key, or unites two objects under it.
func merge(event map[string]any, key string, value any) {
	old, isObject := event[key].(map[string]any)
	added, isObjectToo := value.(map[string]any)
	if isObject && isObjectToo {
		maps.Copy(old, added)
		return
	}
	event[key] = value
}

func satisfyingValue(operator map[string]any) (any, bool) {
	for name, operand := range operator {
		text, _ := operand.(string)
		switch name {
		case "exists":
			return "something", operand == true
		case "anything-but":
			return "something else", true
		case "numeric":
			return operand.([]any)[1], true
		case "suffix":
			return fmt.Sprint("0.0.0.0", text), true
		case "wildcard":
			return strings.ReplaceAll(text, "*", "V3"), true
		default:
			return text, true
		}
	}
	return nil, false
}
