package eventpattern_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/eventpattern"
)

func TestMutants(t *testing.T) {
	tests := []struct {
		name, pattern string
		want          []string // "path: description -> pattern"
	}{
		{"a field of one value", `{"source":["aws.sts"]}`, []string{
			`source: widened to any value -> {"source":[{"exists":true}]}`,
			`source[0]: widened "aws.sts" to a prefix -> {"source":[{"prefix":"aws.sts"}]}`,
		}},
		{"fields and values are removed one at a time", `{"a":["x","y"],"d":{"e":[false]}}`, []string{
			`a: removed "a" -> {"d":{"e":[false]}}`,
			`a: widened to any value -> {"a":[{"exists":true}],"d":{"e":[false]}}`,
			`a[0]: removed the value "x" -> {"a":["y"],"d":{"e":[false]}}`,
			`a[0]: widened "x" to a prefix -> {"a":[{"prefix":"x"},"y"],"d":{"e":[false]}}`,
			`a[1]: removed the value "y" -> {"a":["x"],"d":{"e":[false]}}`,
			`a[1]: widened "y" to a prefix -> {"a":["x",{"prefix":"y"}],"d":{"e":[false]}}`,
			`d: removed "d" -> {"a":["x","y"]}`,
			`d.e: widened to any value -> {"a":["x","y"],"d":{"e":[{"exists":true}]}}`,
			`d.e[0]: negated false -> {"a":["x","y"],"d":{"e":[true]}}`,
		}},
		{"exists is negated", `{"a":[{"exists":false}]}`, []string{
			`a: widened to any value -> {"a":[{"exists":true}]}`,
		}},
		{"a prefix and a suffix get shorter", `{"a":[{"prefix":"AWS"}, {"suffix":{"equals-ignore-case":"/0"}}]}`, []string{
			`a: widened to any value -> {"a":[{"exists":true}]}`,
			`a[0]: removed the value {"prefix":"AWS"} -> {"a":[{"suffix":{"equals-ignore-case":"/0"}}]}`,
			`a[0].prefix: shortened the prefix "AWS" -> {"a":[{"prefix":"AW"},{"suffix":{"equals-ignore-case":"/0"}}]}`,
			`a[1]: removed the value {"suffix":{"equals-ignore-case":"/0"}} -> {"a":[{"prefix":"AWS"}]}`,
			`a[1].suffix: shortened the suffix "/0" -> {"a":[{"prefix":"AWS"},{"suffix":{"equals-ignore-case":"0"}}]}`,
		}},
		{"anything-but excludes less, or asks for what it excluded", `{"a":[{"anything-but":["x","y"]}]}`, []string{
			`a: widened to any value -> {"a":[{"exists":true}]}`,
			`a[0].anything-but[0]: removed the value "x" -> {"a":[{"anything-but":["y"]}]}`,
			`a[0].anything-but[1]: removed the value "y" -> {"a":[{"anything-but":["x"]}]}`,
			`a[0].anything-but: negated "anything-but" -> {"a":["x"]}`,
		}},
		{"anything-but of an operator is negated to it", `{"a":[{"anything-but":{"prefix":"x"}}]}`, []string{
			`a: widened to any value -> {"a":[{"exists":true}]}`,
			`a[0].anything-but: negated "anything-but" -> {"a":[{"prefix":"x"}]}`,
		}},
		{"bounds open, close and go", `{"a":[{"numeric":[">",0,"<=",5]}]}`, []string{
			`a: widened to any value -> {"a":[{"exists":true}]}`,
			`a[0].numeric[0]: changed > to >= -> {"a":[{"numeric":[">=",0,"<=",5]}]}`,
			`a[0].numeric[0]: removed the bound > 0 -> {"a":[{"numeric":["<=",5]}]}`,
			`a[0].numeric[2]: changed <= to < -> {"a":[{"numeric":[">",0,"<",5]}]}`,
			`a[0].numeric[2]: removed the bound <= 5 -> {"a":[{"numeric":[">",0]}]}`,
		}},
		{"an address block grows", `{"a":[{"cidr":"10.0.0.0/8"}]}`, []string{
			`a: widened to any value -> {"a":[{"exists":true}]}`,
			`a[0].cidr: widened the address block "10.0.0.0/8" by a bit -> {"a":[{"cidr":"10.0.0.0/7"}]}`,
		}},
		{"a branch of two leaves the other in place of $or", `{"$or":[{"a":[1]},{"b":[null]}],"c":[2]}`, []string{
			`$or: removed "$or" -> {"c":[2]}`,
			`$or[0]: removed a branch of "$or" -> {"c":[2],"b":[null]}`,
			`$or[0].a: widened to any value -> {"$or":[{"a":[{"exists":true}]},{"b":[null]}],"c":[2]}`,
			`$or[1]: removed a branch of "$or" -> {"c":[2],"a":[1]}`,
			`$or[1].b: widened to any value -> {"$or":[{"a":[1]},{"b":[{"exists":true}]}],"c":[2]}`,
			`c: removed "c" -> {"$or":[{"a":[1]},{"b":[null]}]}`,
			`c: widened to any value -> {"$or":[{"a":[1]},{"b":[null]}],"c":[{"exists":true}]}`,
		}},
		{"a branch of three leaves the others", `{"$or":[{"a":[1]},{"b":[1]},{"c":[1]}]}`, []string{
			`$or[0]: removed a branch of "$or" -> {"$or":[{"b":[1]},{"c":[1]}]}`,
			`$or[0].a: widened to any value -> {"$or":[{"a":[{"exists":true}]},{"b":[1]},{"c":[1]}]}`,
			`$or[1]: removed a branch of "$or" -> {"$or":[{"a":[1]},{"c":[1]}]}`,
			`$or[1].b: widened to any value -> {"$or":[{"a":[1]},{"b":[{"exists":true}]},{"c":[1]}]}`,
			`$or[2]: removed a branch of "$or" -> {"$or":[{"a":[1]},{"b":[1]}]}`,
			`$or[2].c: widened to any value -> {"$or":[{"a":[1]},{"b":[1]},{"c":[{"exists":true}]}]}`,
		}},
		{"letters that JSON may escape stay the same", `{"a<b":["\u003c&\"\\","z"]}`, []string{
			`a<b: widened to any value -> {"a<b":[{"exists":true}]}`,
			`a<b[0]: removed the value "<&\"\\" -> {"a<b":["z"]}`,
			`a<b[0]: widened "<&\"\\" to a prefix -> {"a<b":[{"prefix":"<&\"\\"},"z"]}`,
			`a<b[1]: removed the value "z" -> {"a<b":["<&\"\\"]}`,
			`a<b[1]: widened "z" to a prefix -> {"a<b":["<&\"\\",{"prefix":"z"}]}`,
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, m := range eventpattern.Mutants([]byte(test.pattern)) {
				got = append(got, fmt.Sprintf("%s: %s -> %s", m.Path, m.Description, m.Pattern))
			}
			assert.Equal(t, test.want, got)
		})
	}
}

func TestMutantsOfAlertPatternsAreValidAndDistinct(t *testing.T) {
	for _, alert := range readAlerts(t) {
		t.Run(alert.ID, func(t *testing.T) {
			mutants := eventpattern.Mutants(alert.Pattern)
			seen := make(map[string]bool)
			for _, m := range mutants {
				_, err := eventpattern.Parse(m.Pattern)
				require.NoError(t, err)
				assert.False(t, seen[string(m.Pattern)], "%s: %s", m.Path, m.Description)
				seen[string(m.Pattern)] = true
			}
			assert.Equal(t, mutants, eventpattern.Mutants(alert.Pattern), "the order must not change")
		})
	}
}
