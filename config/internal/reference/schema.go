package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// schema is the part of JSON Schema 2020-12 that the file needs; the order of fields is the order in the output.
type schema struct {
	Schema               string     `json:"$schema,omitempty"`
	ID                   string     `json:"$id,omitempty"`
	Title                string     `json:"title,omitempty"`
	Description          string     `json:"description,omitempty"`
	Type                 string     `json:"type,omitempty"`
	Default              any        `json:"default,omitempty"`
	Examples             []any      `json:"examples,omitempty"`
	Enum                 []any      `json:"enum,omitempty"`
	Pattern              string     `json:"pattern,omitempty"`
	MinLength            *int       `json:"minLength,omitempty"`
	MaxLength            *int       `json:"maxLength,omitempty"`
	Minimum              *int       `json:"minimum,omitempty"`
	Maximum              *int       `json:"maximum,omitempty"`
	Items                *schema    `json:"items,omitempty"`
	MinItems             *int       `json:"minItems,omitempty"`
	MaxItems             *int       `json:"maxItems,omitempty"`
	UniqueItems          bool       `json:"uniqueItems,omitempty"`
	Properties           properties `json:"properties,omitempty"`
	PropertyNames        *schema    `json:"propertyNames,omitempty"`
	MaxProperties        *int       `json:"maxProperties,omitempty"`
	AdditionalProperties any        `json:"additionalProperties,omitempty"`
	Required             []string   `json:"required,omitempty"`
}

type property struct {
	name   string
	schema *schema
}

// properties keep the order of the Go fields.
type properties []property

// MarshalJSON writes an object.
func (ps properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		value, err := encode(p.schema)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", p.name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// schemaOf returns the JSON Schema of the file.
func schemaOf(root *key) ([]byte, error) {
	s := mapping(root)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.ID = "https://github.com/landfall-aws/landfall/config/landing-zone.schema.json"
	s.Title = "Landfall landing zone"
	s.Description = "The configuration of a landing zone. `landfall check` knows more than this schema: it also checks what concerns several keys at once."
	compact, err := encode(s)
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func mapping(k *key) *schema {
	s := &schema{Type: "object", AdditionalProperties: false}
	for _, child := range k.children {
		s.Properties = append(s.Properties, property{child.name, schemaOfKey(child)})
		if child.rule.Required {
			s.Required = append(s.Required, child.name)
		}
	}
	return s
}

func schemaOfKey(k *key) *schema {
	var s *schema
	switch k.typ.Kind() {
	case reflect.Struct:
		s = mapping(k)
	case reflect.Slice:
		s = &schema{Type: "array", UniqueItems: k.rule.Unique, MinItems: positive(k.rule.MinItems), MaxItems: positive(k.rule.MaxItems)}
		if len(k.children) > 0 {
			s.Items = mapping(k)
		} else {
			s.Items = words(k.rule)
		}
	case reflect.Map:
		s = &schema{Type: "object", AdditionalProperties: words(k.rule), MaxProperties: positive(k.rule.MaxItems)}
		one, most := 1, config.MaxTagKeyLength
		s.PropertyNames = &schema{Pattern: k.rule.KeyPattern, MinLength: &one, MaxLength: &most}
	case reflect.Bool:
		s = &schema{Type: "boolean"}
	case reflect.Int:
		s = &schema{Type: "integer"}
		for _, n := range k.rule.Numbers {
			s.Enum = append(s.Enum, n)
		}
		if k.rule.Max != 0 {
			s.Minimum, s.Maximum = &k.rule.Min, &k.rule.Max
		}
	default:
		s = words(k.rule)
	}
	s.Description = describe(k)
	if k.value.IsValid() && k.typ.Kind() != reflect.Struct {
		s.Default = k.value.Interface()
		if k.value.IsZero() && (k.typ.Kind() == reflect.Slice || k.typ.Kind() == reflect.Map) {
			s.Default = nil
		}
	}
	return s
}

// words is the schema of text that a rule allows.
func words(r config.Rule) *schema {
	s := &schema{Type: "string", Pattern: r.Pattern, MinLength: positive(r.MinLength), MaxLength: positive(r.MaxLength)}
	for _, w := range r.Words {
		s.Enum = append(s.Enum, w)
	}
	return s
}

func positive(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// describe is what an editor shows for a key.
func describe(k *key) string {
	parts := []string{k.text}
	if k.derived != "" {
		parts = append(parts, "Default: "+k.derived)
	}
	if k.consequence != "" {
		parts = append(parts, "Consequence: "+k.consequence)
	}
	return strings.Join(parts, "\n\n")
}
