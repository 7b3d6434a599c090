// Package customresource answers the lifecycle events of the custom resources that
// packages organization and security name. It knows the contract of the CDK provider framework
// (aws-cdk-lib, custom_resources, "Provider Framework"): on-event validates and names the
// resource, is-complete makes one reconcile step and is called again until it says so.
package customresource

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/organization"
)

// Event is what the provider framework passes to a handler. Is-complete gets the event of
// on-event merged with its response.
type Event struct {
	RequestType           string // "Create", "Update", "Delete"
	ResourceType          string
	LogicalResourceId     string //nolint:revive // name of the contract
	PhysicalResourceId    string //nolint:revive // name of the contract
	ResourceProperties    Properties
	OldResourceProperties Properties
	StackId               string //nolint:revive // name of the contract
	RequestId             string //nolint:revive // name of the contract
	Data                  map[string]any
}

// OnEventResponse names the resource. Data is kept for is-complete and becomes attributes.
type OnEventResponse struct {
	PhysicalResourceId string            //nolint:revive // name of the contract
	Data               map[string]string `json:",omitempty"`
}

// IsCompleteResponse ends the operation or asks for another call. The framework refuses
// Data while IsComplete is false.
type IsCompleteResponse struct {
	IsComplete bool
	Data       map[string]string `json:",omitempty"`
}

// Properties are the properties of a resource in a template: strings, and lists and maps
// of strings. Properties that are not read are ignored, so that a template and a handler
// of different versions work together.
type Properties map[string]any

// configKey is the key of the user's file that the resource stands for.
func (e Event) configKey() string {
	if key, _ := e.ResourceProperties["ConfigKey"].(string); key != "" {
		return key
	}
	return e.LogicalResourceId
}

// reader reads properties and collects what is wrong with them.
type reader struct {
	properties Properties
	problems   []string
}

func (r *reader) problem(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

func (r *reader) optional(name string) string {
	value, present := r.properties[name]
	if !present || value == nil {
		return ""
	}
	text, ok := value.(string)
	if !ok {
		r.problem("%s must be a string, but is %v", name, value)
	}
	return text
}

func (r *reader) required(name string) string {
	value := r.optional(name)
	if value == "" && (r.properties[name] == nil || r.properties[name] == "") {
		r.problem("%s is missing", name)
	}
	return value
}

func (r *reader) list(name string) []string {
	value, present := r.properties[name]
	if !present || value == nil {
		return nil
	}
	items, ok := value.([]any)
	if !ok {
		r.problem("%s must be a list of strings, but is %v", name, value)
		return nil
	}
	values := make([]string, 0, len(items))
	for _, item := range items {
		text, ok := item.(string)
		if !ok {
			r.problem("%s must be a list of strings, but holds %v", name, item)
			continue
		}
		values = append(values, text)
	}
	return values
}

func (r *reader) requiredList(name string) []string {
	values := r.list(name)
	if len(values) == 0 && len(r.problems) == 0 {
		r.problem("%s is missing", name)
	}
	return values
}

// words reads a map of strings.
func (r *reader) words(name string) map[string]string {
	value, present := r.properties[name]
	if !present || value == nil {
		return nil
	}
	entries, ok := value.(map[string]any)
	if !ok {
		r.problem("%s must be a map of strings, but is %v", name, value)
		return nil
	}
	words := make(map[string]string, len(entries))
	for key, value := range entries {
		text, ok := value.(string)
		if !ok {
			r.problem("%s.%s must be a string, but is %v", name, key, value)
			continue
		}
		words[key] = text
	}
	return words
}

func (r *reader) tags(name string) map[string]string {
	tags := r.words(name)
	for key := range tags {
		// AWS reserves the prefix ("Tagging AWS resources", tag naming limits).
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			r.problem("%s.%s: the prefix aws: is reserved", name, key)
		}
	}
	return tags
}

// contacts reads the alternate contacts that a resource sets.
func (r *reader) contacts() []organization.Contact {
	var contacts []organization.Contact
	for _, c := range []struct {
		property string
		kind     organization.ContactKind
	}{
		{"SecurityContact", organization.SecurityContact},
		{"OperationsContact", organization.OperationsContact},
		{"BillingContact", organization.BillingContact},
	} {
		words := r.words(c.property)
		if words == nil {
			continue
		}
		for _, member := range []string{"Name", "Title", "Email", "Phone"} {
			if words[member] == "" {
				r.problem("%s.%s is missing", c.property, member)
			}
		}
		contacts = append(contacts, organization.Contact{Kind: c.kind,
			Name: words["Name"], Title: words["Title"], Email: words["Email"], Phone: words["Phone"]})
	}
	return contacts
}

func (r *reader) path(name string) string {
	path := strings.Trim(r.required(name), "/")
	if path != "" && slices.Contains(strings.Split(path, "/"), "") {
		r.problem("%s has an empty name in %q", name, path)
	}
	return path
}
