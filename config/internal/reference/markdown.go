package main

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

const introduction = `# Configuration

<!-- Generated from config/types.go and config/rules.go by "go generate ./config". Edit those. -->

The whole landing zone is described by one file, ` + "`config/landing-zone.yaml`" + `. This page lists every key of it with its
type, its default and what follows from it. Keys that the page calls required have no default.

` + "`landfall check`" + ` reads the file strictly and reports everything that is wrong with it at once: unknown keys, wrong types,
values that AWS would refuse, and keys that contradict each other. It needs no credentials and no network.

    go run ./cmd/landfall check

Editors that speak JSON Schema complete and explain the keys: the first line of the file names
` + "`config/landing-zone.schema.json`" + `, which is generated from the same text as this page.

The file is plain YAML in UTF-8, of at most 1 MiB. Anchors, aliases, merge keys and type tags are refused, so that every
value is read where it applies. Put account ids in quotes.

## The smallest file

Everything that is not here has a default.

`

const defaultOUs = `## OUs that every zone has

%s

The OU Security holds the log-archive and audit accounts, and Suspended holds suspended accounts; no other account
may be placed there. More OUs: [organizationalUnits](#organizationalunits).

`

const regions = `## Regions

The commercial Regions that Landfall knew on %s. The home Region must be one that every account has. The others are
opt-in Regions: enable them in every account, the management account included, before you list them as governed.

| Region | Name | Every account has it |
| --- | --- | --- |
`

// markdown returns the reference.
func markdown(root *key) []byte {
	var b bytes.Buffer
	b.WriteString(introduction)
	b.WriteString("```yaml\n" + smallest(root) + "```\n\n")
	b.WriteString("## All keys\n\n| Key | Type | Default |\n| --- | --- | --- |\n")
	each(root, func(k *key) {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", k.path, anchor(k.path), typeName(k), defaultText(k))
	})
	b.WriteString("\n")
	fmt.Fprintf(&b, defaultOUs, "`"+strings.Join(config.DefaultOUs(), "`, `")+"`")
	b.WriteString("## Keys in detail\n\n")
	each(root, func(k *key) {
		fmt.Fprintf(&b, "### `%s`\n\n%s\n\n", k.path, k.text)
		fmt.Fprintf(&b, "- Type: %s\n- Default: %s\n", typeName(k), defaultText(k))
		for _, line := range allowed(k) {
			fmt.Fprintf(&b, "- %s\n", line)
		}
		if k.rule.Example != "" {
			fmt.Fprintf(&b, "- Example: `%s: %s`\n", k.name, k.rule.Example)
		}
		fmt.Fprintf(&b, "- Consequence: %s\n\n", k.consequence)
	})
	fmt.Fprintf(&b, regions, config.RegionsAsOf)
	for _, r := range config.KnownRegions() {
		has := "yes"
		if r.OptIn {
			has = "no, opt-in"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.Code, r.Name, has)
	}
	return b.Bytes()
}

// smallest is a file of the required keys with their examples.
func smallest(root *key) string {
	var b strings.Builder
	for _, k := range root.children {
		if k.rule.Required {
			fmt.Fprintf(&b, "%s: %s\n", k.name, k.rule.Example)
		}
	}
	return b.String()
}

// each visits all keys in the order of the Go fields, mappings before what they hold.
func each(k *key, visit func(*key)) {
	for _, child := range k.children {
		visit(child)
		each(child, visit)
	}
}

// anchor is the fragment that GitHub makes of a heading.
func anchor(path string) string {
	return strings.NewReplacer(".", "", "[", "", "]", "").Replace(strings.ToLower(path))
}

func typeName(k *key) string {
	switch k.typ.Kind() {
	case reflect.Struct:
		return "mapping"
	case reflect.Map:
		return "mapping of text to text"
	case reflect.Slice:
		if len(k.children) > 0 {
			return "list of mappings"
		}
		return "list of texts"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "whole number"
	}
	return "text"
}

func defaultText(k *key) string {
	switch {
	case k.rule.Required:
		return "none, required"
	case k.derived != "":
		return strings.TrimSuffix(k.derived, ".")
	case k.typ.Kind() == reflect.Struct:
		return "the defaults of its keys"
	case k.typ.Kind() == reflect.Slice, k.typ.Kind() == reflect.Map:
		return "empty"
	}
	return fmt.Sprintf("`%v`", k.value.Interface())
}

// allowed says which values the key takes, one limit a line.
func allowed(k *key) []string {
	r := k.rule
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	subject := ""
	switch k.typ.Kind() {
	case reflect.Slice:
		subject = "each item: "
	case reflect.Map:
		subject = "each value: "
	}
	switch {
	case len(r.Words) == len(config.KnownRegions()):
		add("Allowed: %sa [Region](#regions-1)", subject)
	case len(r.Words) > 0:
		add("Allowed: %s`%s`", subject, strings.Join(r.Words, "`, `"))
	}
	if len(r.Numbers) > 0 {
		add("Allowed: %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(r.Numbers), " ", ", "), "[]"))
	}
	if r.Max != 0 {
		add("Allowed: %d to %d", r.Min, r.Max)
	}
	if r.Shape != "" {
		add("Allowed: %s%s", subject, r.Shape)
	}
	if r.MaxLength > 0 {
		add("Length: %s%d to %d characters", subject, r.MinLength, r.MaxLength)
	}
	if r.MinItems > 0 {
		add("At least %d item", r.MinItems)
	}
	if r.MaxItems > 0 {
		add("At most %d items", r.MaxItems)
	}
	if r.Unique {
		add("No item twice")
	}
	return lines
}
