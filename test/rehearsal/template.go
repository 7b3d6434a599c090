//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// template is a CloudFormation template, as far as the read-back needs it.
type template struct {
	Parameters map[string]struct {
		Default any
	}
	Conditions map[string]any
	Resources  map[string]definition
	Outputs    map[string]struct {
		Value  any
		Export struct{ Name any }
	}
}

// definition is a resource of a template.
type definition struct {
	Type           string
	Condition      string
	DeletionPolicy string
	Properties     map[string]any
}

func parseTemplate(text []byte) (*template, error) {
	var t template
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("reading a template: %w", err)
	}
	return &t, nil
}

// assembly is what the CDK app synthesized.
type assembly struct {
	dir    string
	stacks []stack
}

// stack is a stack of the management account.
type stack struct {
	ID, Name string
	Template *template
}

// loadAssembly reads the stacks of a cloud assembly in the order of its manifest.
func loadAssembly(dir string) (*assembly, error) {
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Artifacts map[string]struct {
			Type       string
			Properties struct{ TemplateFile, StackName string }
		}
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("reading the manifest of the cloud assembly: %w", err)
	}
	a := &assembly{dir: dir}
	for _, id := range slices.Sorted(maps.Keys(manifest.Artifacts)) {
		artifact := manifest.Artifacts[id]
		if artifact.Type != "aws:cloudformation:stack" {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, artifact.Properties.TemplateFile))
		if err != nil {
			return nil, err
		}
		t, err := parseTemplate(body)
		if err != nil {
			return nil, fmt.Errorf("stack %s: %w", id, err)
		}
		a.stacks = append(a.stacks, stack{ID: id, Name: artifact.Properties.StackName, Template: t})
	}
	return a, nil
}

// export finds the value of an export, unresolved, and the stack that makes it.
func (a *assembly) export(name string) (stack, any, error) {
	for _, s := range a.stacks {
		for _, output := range s.Template.Outputs {
			if output.Export.Name == name {
				return s, output.Value, nil
			}
		}
	}
	return stack{}, nil, fmt.Errorf("no stack exports %q", name)
}

// memberTemplate is the template that a StackSet carries, inline or as an asset.
func (a *assembly) memberTemplate(properties map[string]any) (*template, error) {
	if body, ok := properties["TemplateBody"].(string); ok {
		return parseTemplate([]byte(body))
	}
	url := fmt.Sprint(properties["TemplateURL"])
	hash := regexp.MustCompile(`([0-9a-f]{64})(\.[a-z]+)?\W*$`).FindStringSubmatch(url)
	if hash == nil {
		return nil, fmt.Errorf("no asset in the template URL %s", url)
	}
	files, err := filepath.Glob(filepath.Join(a.dir, "asset."+hash[1]+"*"))
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("the asset %s is not in the cloud assembly (%v)", hash[1], err)
	}
	body, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	return parseTemplate(body)
}

// resolver computes the values that a template's intrinsic functions have in one account and Region.
type resolver struct {
	template   *template
	account    string
	region     string
	stackName  string
	parameters map[string]string
	// ref and attribute find what exists behind a resource; imported finds another stack's export.
	ref       func(logicalID string, d definition) (any, error)
	attribute func(logicalID string, d definition, name string) (any, error)
	imported  func(name string) (any, error)
}

// noValue stands for Ref of AWS::NoValue: the property does not exist.
type noValue struct{}

func (r *resolver) resolve(value any) (any, error) {
	switch v := value.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			resolved, err := r.resolve(item)
			if err != nil {
				return nil, err
			}
			if resolved != (noValue{}) {
				out = append(out, resolved)
			}
		}
		return out, nil
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return r.function(name, argument)
				}
			}
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			resolved, err := r.resolve(item)
			if err != nil {
				return nil, err
			}
			if resolved != (noValue{}) {
				out[key] = resolved
			}
		}
		return out, nil
	}
	return value, nil
}

func (r *resolver) function(name string, argument any) (any, error) {
	switch name {
	case "Ref":
		return r.reference(argument.(string))
	case "Fn::GetAtt":
		parts, ok := argument.([]any)
		if !ok {
			before, after, _ := strings.Cut(argument.(string), ".")
			parts = []any{before, after}
		}
		return r.getAttribute(parts[0].(string), fmt.Sprint(parts[1]))
	case "Fn::Sub":
		return r.substitute(argument)
	case "Fn::If":
		parts := argument.([]any)
		holds, err := r.condition(parts[0].(string))
		if err != nil {
			return nil, err
		}
		if holds {
			return r.resolve(parts[1])
		}
		return r.resolve(parts[2])
	}
	resolved, err := r.resolve(argument)
	if err != nil {
		return nil, err
	}
	switch name {
	case "Fn::ImportValue":
		return r.imported(fmt.Sprint(resolved))
	case "Fn::Join":
		parts := resolved.([]any)
		var texts []string
		for _, part := range parts[1].([]any) {
			texts = append(texts, fmt.Sprint(part))
		}
		return strings.Join(texts, parts[0].(string)), nil
	case "Fn::Split":
		parts := resolved.([]any)
		var out []any
		for _, part := range strings.Split(fmt.Sprint(parts[1]), parts[0].(string)) {
			out = append(out, part)
		}
		return out, nil
	case "Fn::Select":
		parts := resolved.([]any)
		var index int
		if _, err := fmt.Sscan(fmt.Sprint(parts[0]), &index); err != nil {
			return nil, err
		}
		return parts[1].([]any)[index], nil
	case "Fn::ToJsonString":
		text, err := json.Marshal(resolved)
		return string(text), err
	}
	return nil, fmt.Errorf("the read-back does not know the function %s", name)
}

func (r *resolver) reference(name string) (any, error) {
	switch name {
	case "AWS::AccountId":
		return r.account, nil
	case "AWS::Region":
		return r.region, nil
	case "AWS::Partition":
		return "aws", nil
	case "AWS::URLSuffix":
		return "amazonaws.com", nil
	case "AWS::StackName":
		return r.stackName, nil
	case "AWS::NoValue":
		return noValue{}, nil
	}
	if value, given := r.parameters[name]; given {
		return value, nil
	}
	if parameter, known := r.template.Parameters[name]; known {
		return parameter.Default, nil
	}
	d, known := r.template.Resources[name]
	if !known {
		return nil, fmt.Errorf("nothing in the template is called %s", name)
	}
	return r.ref(name, d)
}

func (r *resolver) getAttribute(logicalID, attribute string) (any, error) {
	d, known := r.template.Resources[logicalID]
	if !known {
		return nil, fmt.Errorf("no resource of the template is called %s", logicalID)
	}
	return r.attribute(logicalID, d, attribute)
}

var placeholder = regexp.MustCompile(`\$\{([^}]+)\}`)

func (r *resolver) substitute(argument any) (any, error) {
	text, named := "", map[string]any{}
	switch v := argument.(type) {
	case string:
		text = v
	case []any:
		text = v[0].(string)
		resolved, err := r.resolve(v[1])
		if err != nil {
			return nil, err
		}
		named = resolved.(map[string]any)
	}
	var failure error
	out := placeholder.ReplaceAllStringFunc(text, func(match string) string {
		name := match[2 : len(match)-1]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		if value, ok := named[name]; ok {
			return fmt.Sprint(value)
		}
		var value any
		var err error
		if before, after, isAttribute := strings.Cut(name, "."); isAttribute {
			value, err = r.getAttribute(before, after)
		} else {
			value, err = r.reference(name)
		}
		if err != nil {
			failure = err
		}
		return fmt.Sprint(value)
	})
	return out, failure
}

// condition evaluates a condition of the template.
func (r *resolver) condition(name string) (bool, error) {
	return r.holds(r.template.Conditions[name])
}

func (r *resolver) holds(expression any) (bool, error) {
	e, ok := expression.(map[string]any)
	if !ok || len(e) != 1 {
		return false, fmt.Errorf("not a condition: %v", expression)
	}
	if name, ok := e["Condition"].(string); ok {
		return r.condition(name)
	}
	if pair, ok := e["Fn::Equals"].([]any); ok {
		resolved, err := r.resolve(pair)
		if err != nil {
			return false, err
		}
		values := resolved.([]any)
		return fmt.Sprint(values[0]) == fmt.Sprint(values[1]), nil
	}
	for operator, list := range e {
		var results []bool
		for _, inner := range list.([]any) {
			result, err := r.holds(inner)
			if err != nil {
				return false, err
			}
			results = append(results, result)
		}
		switch operator {
		case "Fn::And":
			return !slices.Contains(results, false), nil
		case "Fn::Or":
			return slices.Contains(results, true), nil
		case "Fn::Not":
			return !results[0], nil
		}
	}
	return false, fmt.Errorf("the read-back does not know the condition %v", expression)
}

// exists tells whether a resource exists in this account and Region at all.
func (r *resolver) exists(d definition) (bool, error) {
	if d.Condition == "" {
		return true, nil
	}
	return r.condition(d.Condition)
}
