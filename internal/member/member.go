// Package member knows what a zone has inside accounts: the templates that StackSets carry there, one file for each
// account's template and one for each thing in them. It composes them as plain data, so that they are ready without the
// CDK and can be read, tested and evaluated in milliseconds.
package member

import (
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// newTemplate is a template of the zone; what says what it holds.
func newTemplate(z *zone.Zone, what string) *template.Template {
	return template.New("Landing zone " + z.Name + ": " + what)
}

// equals is the condition StringEquals.
func equals(values map[string]any) map[string]any { return map[string]any{"StringEquals": values} }
