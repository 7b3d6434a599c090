package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// key is one key of the file with everything that is said about it.
type key struct {
	// path is the YAML path with [] for any item of a list; "" for the file itself.
	path, name string
	// field is the Go type and field, as in Account.Email.
	field string
	typ   reflect.Type
	rule  config.Rule
	// text, derived and consequence are the parts of the field's comment; derived is a default that is not fixed.
	text, derived, consequence string
	// value is the fixed default; it is not valid when there is none.
	value reflect.Value
	// children are the keys of a mapping, or of the mappings in a list.
	children []*key
}

// keys reads the comments of the Go file and walks the types beside it.
func keys(file string) (*key, error) {
	comments, err := fieldComments(file)
	if err != nil {
		return nil, err
	}
	root := &key{typ: reflect.TypeFor[config.LandingZone]()}
	if err := descend(root, reflect.ValueOf(*config.Default()), config.Rules(), comments); err != nil {
		return nil, err
	}
	return root, nil
}

// descend fills in the children of a mapping; value holds their defaults.
func descend(parent *key, value reflect.Value, rules map[string]config.Rule, comments map[string]string) error {
	t := value.Type()
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		k := &key{name: name, path: strings.TrimPrefix(parent.path+"."+name, "."), field: t.Name() + "." + f.Name, typ: f.Type}
		rule, ruled := rules[k.field]
		comment, commented := comments[k.field]
		switch {
		case name == "":
			return fmt.Errorf("field %s has no yaml tag", k.field)
		case !ruled:
			return fmt.Errorf("field %s has no entry in config.Rules", k.field)
		case !commented:
			return fmt.Errorf("field %s has no comment", k.field)
		}
		k.rule = rule
		k.text, k.derived, k.consequence = sections(f.Name, comment)
		if k.consequence == "" {
			return fmt.Errorf("the comment of %s says no consequence", k.field)
		}
		if !rule.Required && k.derived == "" {
			k.value = value.Field(i)
		}
		switch {
		case f.Type.Kind() == reflect.Struct:
			if err := descend(k, value.Field(i), rules, comments); err != nil {
				return err
			}
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			item := reflect.Zero(f.Type.Elem())
			if f.Type.Elem() == reflect.TypeFor[config.Account]() {
				item = reflect.ValueOf(config.DefaultAccount())
			}
			k.path += "[]"
			if err := descend(k, item, rules, comments); err != nil {
				return err
			}
			k.path = strings.TrimSuffix(k.path, "[]")
		}
		parent.children = append(parent.children, k)
	}
	return nil
}

// sections splits a field's comment and turns its first word, the Go name, into a sentence about the key.
func sections(field, comment string) (text, derived, consequence string) {
	into := &text
	for line := range strings.Lines(comment) {
		line = strings.TrimSpace(line)
		if rest, is := strings.CutPrefix(line, "Default: "); is {
			into, line = &derived, rest
		} else if rest, is := strings.CutPrefix(line, "Consequence: "); is {
			into, line = &consequence, rest
		}
		*into = strings.TrimSpace(*into + " " + line)
	}
	text = strings.TrimPrefix(text, field+" ")
	text = strings.TrimPrefix(strings.TrimPrefix(text, "is "), "are ")
	return upper(text), derived, upper(consequence)
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// fieldComments returns the comment of each struct field by type and field, as in Account.Email.
func fieldComments(file string) (map[string]string, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read the comments of the types: %w", err)
	}
	comments := map[string]string{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, is := n.(*ast.TypeSpec)
		if !is {
			return true
		}
		if s, is := spec.Type.(*ast.StructType); is {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					if text := strings.TrimSpace(field.Doc.Text()); text != "" {
						comments[spec.Name.Name+"."+name.Name] = text
					}
				}
			}
		}
		return false
	})
	return comments, nil
}
