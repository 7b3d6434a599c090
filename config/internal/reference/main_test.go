package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
)

// dir is the directory config, from this package.
const dir = "../.."

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	files, err := render(dir)
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Equal(t, string(want), string(got), "run: go generate ./config")
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, schemaFile))
	require.NoError(t, err)
	return s
}

// document reads YAML into the values that a JSON Schema validator takes.
func document(data []byte) (any, error) {
	data = bytes.ReplaceAll(bytes.TrimPrefix(data, []byte("\uFEFF")), []byte("\r\n"), []byte("\n"))
	asJSON, err := yaml.YAMLToJSON(data)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(strings.NewReader(string(asJSON)))
}

func TestTheDefaultFileIsValid(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(dir, "landing-zone.yaml"))
	require.NoError(t, err)
	d, err := document(data)
	require.NoError(t, err)
	require.NoError(t, compiled(t).Validate(d))
	_, problems := config.Parse("landing-zone.yaml", data)
	require.NoError(t, problems.Err())
	schemaLine, _, _ := strings.Cut(string(data), "\n")
	assert.Equal(t, "# yaml-language-server: $schema="+schemaFile, schemaLine)
}

func TestTheSchemaAllowsWhatTheChecksAllow(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(dir, "testdata/*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	s, refused := compiled(t), 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		d, err := document(data)
		if err != nil {
			continue
		}
		_, problems := config.Parse(file, data)
		if s.Validate(d) != nil {
			refused++
			assert.NotEmpty(t, problems, "the schema refuses %s, and the checks do not", file)
		}
	}
	assert.Greater(t, refused, 20, "the schema refuses what one key alone makes wrong")
}

func TestTheSchemaRefusesWhatARuleRefuses(t *testing.T) {
	for _, name := range []string{
		"unknown-key-near-a-key", "missing-keys", "wrong-types", "zone-in-upper-case", "zone-too-long", "prefix-with-a-hyphen",
		"region-misspelled", "home-is-an-opt-in-region", "regions-twice", "pattern-without-account", "addresses-malformed",
		"address-too-long", "account-names", "account-ids", "account-state", "ou-paths", "tag-keys-and-values", "too-many-tags",
		"trail-values", "log-values", "too-many-accounts", "lists-without-items", "keys-without-a-value", "empty-words",
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(dir, "testdata", name+".yaml"))
			require.NoError(t, err)
			d, err := document(data)
			require.NoError(t, err)
			assert.Error(t, compiled(t).Validate(d))
		})
	}
}

func TestTheSmallestFileOfTheReferenceIsRight(t *testing.T) {
	root, err := keys(filepath.Join(dir, "types.go"))
	require.NoError(t, err)
	zone, problems := config.Parse("smallest.yaml", []byte(smallest(root)))
	require.NoError(t, problems.Err())
	want := config.Default()
	want.Zone, want.Email = zone.Zone, zone.Email
	want.Regions, want.Alerts, want.Accounts = zone.Regions, zone.Alerts, []config.Account{}
	assert.Equal(t, want, zone)
}

// A field that is added to the types without a rule, a comment, a schema entry or a line of the reference fails here.
func TestEveryFieldOfTheTypesIsRuledDescribedAndChecked(t *testing.T) {
	fields := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Slice, reflect.Map:
			walk(typ.Elem())
		case reflect.Struct:
			for i := range typ.NumField() {
				fields[typ.Name()+"."+typ.Field(i).Name] = true
				walk(typ.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[config.LandingZone]())

	comments, err := fieldComments(filepath.Join(dir, "types.go"))
	require.NoError(t, err)
	rules := config.Rules()
	for f := range fields {
		assert.Contains(t, rules, f, "add it to config.Rules")
		assert.Regexp(t, `(?m)^Consequence: .+\.$`, comments[f], "the comment of %s must say the consequence", f)
	}
	for f := range rules {
		assert.True(t, fields[f], "config.Rules has %s, and the types do not", f)
	}

	root, err := keys(filepath.Join(dir, "types.go"))
	require.NoError(t, err)
	reference := string(markdown(root))
	data, err := os.ReadFile(filepath.Join(dir, schemaFile))
	require.NoError(t, err)
	var parsed any
	require.NoError(t, json.Unmarshal(data, &parsed))
	each(root, func(k *key) {
		assert.Contains(t, reference, "### `"+k.path+"`\n")
		node := parsed
		for part := range strings.SplitSeq(k.path, ".") {
			name, isItem := strings.CutSuffix(part, "[]")
			node = node.(map[string]any)["properties"].(map[string]any)[name]
			require.NotNil(t, node, "the schema lacks %s", k.path)
			if isItem {
				node = node.(map[string]any)["items"]
			}
		}
		assert.NotEmpty(t, node.(map[string]any)["description"], k.path)
		assert.NotEmpty(t, node.(map[string]any)["type"], k.path)
	})
}

// Each leaf must refuse a value of its type that no sensible key takes, so that no key goes unchecked.
func TestEveryLeafRefusesNonsense(t *testing.T) {
	root, err := keys(filepath.Join(dir, "types.go"))
	require.NoError(t, err)
	each(root, func(k *key) {
		nonsense := ""
		switch k.typ.Kind() {
		case reflect.String:
			nonsense = `"\u0001"`
		case reflect.Int:
			nonsense = "-1"
		case reflect.Bool:
			nonsense = "maybe"
		case reflect.Map:
			nonsense = `{key: "\u0001"}`
		case reflect.Slice:
			if len(k.children) > 0 {
				return
			}
			nonsense = `["\u0001"]`
		default:
			return
		}
		parts := strings.Split(k.path, ".")
		var b strings.Builder
		for i, part := range parts {
			name, isItem := strings.CutSuffix(part, "[]")
			if i == len(parts)-1 {
				nonsense = name + ": " + nonsense
				break
			}
			b.WriteString(name + ": ")
			if isItem {
				b.WriteString("[")
			}
			b.WriteString("{")
		}
		text := b.String() + nonsense
		for i := len(parts) - 2; i >= 0; i-- {
			text += "}"
			if strings.HasSuffix(parts[i], "[]") {
				text += "]"
			}
		}
		_, problems := config.Parse("x.yaml", []byte(text+"\n"))
		path := strings.ReplaceAll(k.path, "[]", "[0]")
		found := false
		for _, p := range problems {
			if regexp.MustCompile(`^`+regexp.QuoteMeta(path)+`(\.key|\[0\])?$`).MatchString(p.Path) && !strings.Contains(p.Message, "missing") {
				found = true
			}
		}
		assert.True(t, found, "%s takes nonsense: %s\n%v", k.path, text, problems)
	})
}
