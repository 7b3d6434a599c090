// Package template knows CloudFormation templates as plain data: resources with their properties as the user guide
// names them, intrinsic functions, conditions and policy documents. It composes the templates that StackSets carry into
// accounts, which need nothing of the CDK and are ready in milliseconds.
//
// Logical ids are made from the path of scopes as the CDK makes them, so that a resource can move between a template
// here and a CDK stack without being replaced.
package template

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Template is a CloudFormation template.
type Template struct {
	description string
	parameters  map[string]any
	conditions  map[string]any
	resources   map[string]*Resource
	// order has the logical ids in the order in which resources were added.
	order []string
}

// New is a template without resources.
func New(description string) *Template {
	return &Template{description: description, parameters: map[string]any{}, conditions: map[string]any{}, resources: map[string]*Resource{}}
}

// Parameter adds a string parameter and returns a reference to it.
func (t *Template) Parameter(name, description string) any {
	t.parameters[name] = map[string]any{"Type": "String", "Description": description}
	return Ref(name)
}

// Condition adds a condition, once however often it is added, and returns its name.
func (t *Template) Condition(name string, expression any) string {
	t.conditions[name] = expression
	return name
}

// Scope is the template's outermost scope.
func (t *Template) Scope() Scope { return Scope{template: t} }

// JSON is the template as compact JSON: resources in the order in which they were added, all else sorted by key.
func (t *Template) JSON() ([]byte, error) {
	fail := func(err error) ([]byte, error) {
		return nil, fmt.Errorf("writing the template %q: %w", t.description, err)
	}
	head := map[string]any{"Description": t.description}
	if len(t.parameters) > 0 {
		head["Parameters"] = t.parameters
	}
	if len(t.conditions) > 0 {
		head["Conditions"] = t.conditions
	}
	text, err := marshal(head)
	if err != nil {
		return fail(err)
	}
	b := bytes.NewBuffer(bytes.TrimSuffix(text, []byte("}")))
	b.WriteString(`,"Resources":{`)
	for i, id := range t.order {
		if i > 0 {
			b.WriteByte(',')
		}
		r, err := marshal(t.resources[id])
		if err != nil {
			return fail(err)
		}
		fmt.Fprintf(b, "%q:%s", id, r)
	}
	b.WriteString("}}")
	return b.Bytes(), nil
}

// marshal writes JSON without the escapes that only HTML needs.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// Scope is a place in a template. Its path begins the logical ids of the resources in it.
type Scope struct {
	template *Template
	path     []string
}

// In is the scope below this one with the given id.
func (s Scope) In(id string) Scope {
	return Scope{s.template, append(s.path[:len(s.path):len(s.path)], id)}
}

// Add adds a resource with its properties; a property that is nil is left out. Two resources of one path are a
// mistake of the caller, and panic.
func (s Scope) Add(id, resourceType string, properties map[string]any) *Resource {
	r := &Resource{id: logicalID(s.In(id).path), resourceType: resourceType, properties: map[string]any{}}
	for name, value := range properties {
		if value != nil {
			r.properties[name] = value
		}
	}
	if s.template.resources[r.id] != nil {
		panic(fmt.Errorf("two resources have the logical id %s", r.id))
	}
	s.template.resources[r.id] = r
	s.template.order = append(s.template.order, r.id)
	return r
}

// Resource is a resource of a template.
type Resource struct {
	id, resourceType        string
	properties              map[string]any
	condition               string
	dependsOn               []string
	deletion, updateReplace string
}

// Ref is what the type's page calls the return value of Ref.
func (r *Resource) Ref() any { return Ref(r.id) }

// Attribute is one of the return values of Fn::GetAtt.
func (r *Resource) Attribute(name string) any {
	return map[string]any{"Fn::GetAtt": []any{r.id, name}}
}

// ARN is the attribute Arn.
func (r *Resource) ARN() any { return r.Attribute("Arn") }

// If limits the resource to where a condition holds; an empty name is no limit.
func (r *Resource) If(condition string) *Resource {
	r.condition = condition
	return r
}

// DependsOn makes CloudFormation create the others first.
func (r *Resource) DependsOn(others ...*Resource) *Resource {
	for _, o := range others {
		r.dependsOn = append(r.dependsOn, o.id)
	}
	return r
}

// Retain keeps the resource when it leaves the template or is replaced. Only the roll-back of a creation that failed
// removes it, when it holds nothing yet; otherwise its name would stand in the way of the next try (CloudFormation
// user guide, "DeletionPolicy attribute": RetainExceptOnCreate).
func (r *Resource) Retain() *Resource {
	r.deletion, r.updateReplace = "RetainExceptOnCreate", "Retain"
	return r
}

// RetainAlways keeps the resource also in the roll-back of a creation that failed: what a custom resource stands for was
// there before, or must outlive the template.
func (r *Resource) RetainAlways() *Resource {
	r.deletion, r.updateReplace = "Retain", "Retain"
	return r
}

// Delete removes the resource when it leaves the template, also where the default of its type is another.
func (r *Resource) Delete() *Resource {
	r.deletion, r.updateReplace = "Delete", "Delete"
	return r
}

// MarshalJSON writes the resource as a template has it.
func (r *Resource) MarshalJSON() ([]byte, error) {
	return marshal(struct {
		Type                string
		Properties          map[string]any `json:",omitempty"`
		Condition           string         `json:",omitempty"`
		DependsOn           []string       `json:",omitempty"`
		DeletionPolicy      string         `json:",omitempty"`
		UpdateReplacePolicy string         `json:",omitempty"`
	}{r.resourceType, r.properties, r.condition, r.dependsOn, r.deletion, r.updateReplace})
}

// Parts of paths that the CDK leaves out of logical ids: the first of their readable part, the second altogether.
const (
	hiddenFromHuman = "Resource"
	hiddenFromID    = "Default"
)

// maxHuman is the length of the readable part of a logical id, and maxID of a whole one, in characters.
const (
	maxHuman = 240
	maxID    = 255
)

var nonAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

// logicalID makes the id of a path as the CDK does: the path's words, and a hash of it that tells apart what the words
// do not. A path of one word is its own id.
func logicalID(path []string) string {
	var parts []string
	for _, p := range path {
		if p != hiddenFromID {
			parts = append(parts, p)
		}
	}
	if len(parts) == 1 {
		if id := nonAlphanumeric.ReplaceAllString(parts[0], ""); len(id) <= maxID {
			return id
		}
	}
	sum := md5.Sum([]byte(strings.Join(parts, "/")))
	var human strings.Builder
	last := ""
	for i, p := range parts {
		// A word that repeats the end of the one before adds nothing.
		if i > 0 && strings.HasSuffix(last, p) {
			continue
		}
		last = p
		if p != hiddenFromHuman {
			human.WriteString(nonAlphanumeric.ReplaceAllString(p, ""))
		}
	}
	text := human.String()
	if len(text) > maxHuman {
		text = text[:maxHuman]
	}
	return text + strings.ToUpper(hex.EncodeToString(sum[:4]))
}
