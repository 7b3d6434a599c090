// Package controls carries the catalogue as data: guardrails and alerts, each with the proof that it does what it says.
package controls

import (
	"embed"
	"io/fs"
)

//go:embed guardrails/*.yaml ordinary/*.yaml exemptions.yaml
var guardrails embed.FS

// Guardrails is the guardrail catalogue: guardrails/*.yaml, one file per guardrail, and exemptions.yaml, the
// named sets of principals that guardrails may exempt, and ordinary/*.yaml, everyday requests that no guardrail may stop. The package internal/guardrail loads it.
func Guardrails() fs.FS { return guardrails }
