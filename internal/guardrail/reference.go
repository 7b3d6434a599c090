package guardrail

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// frameworkNames are the frameworks of Guardrail.Frameworks by key.
var frameworkNames = map[string]string{"cis": "CIS 7.0", "fsbp": "FSBP", "ssb": "SSB"}

// Reference returns the catalogue as a Markdown section: a table of all guardrails, then what each one costs and what to do instead.
func (c *Catalogue) Reference() string {
	var b strings.Builder
	b.WriteString("| Guardrail | Level | Policy type | Where by default | ATT&CK | Serves |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, level := range Levels() {
		for _, g := range c.Guardrails {
			if g.Level != level {
				continue
			}
			var places []string
			for _, p := range g.Applies {
				places = append(places, p.String())
			}
			var serves []string
			for _, key := range slices.Sorted(maps.Keys(g.Frameworks)) {
				serves = append(serves, frameworkNames[key]+" "+strings.Join(g.Frameworks[key], ", "))
			}
			fmt.Fprintf(&b, "| [%s](#%s) | %s | %s | %s | %s | %s |\n", g.ID, g.ID, g.Level, shortName(g.Type),
				strings.Join(places, ", "), strings.Join(g.Attack, ", "), strings.Join(serves, "; "))
		}
	}
	for _, g := range c.Guardrails {
		fmt.Fprintf(&b, "\n### %s\n\n**%s.** %s\n\n- What it costs: %s\n- Instead: %s\n", g.ID, g.Title, one(g.Intent), one(g.Cost), one(g.Instead))
		if len(g.Exempt) > 0 {
			fmt.Fprintf(&b, "- Exempt: %s\n", strings.Join(g.Exempt, ", "))
		}
		if actions := g.denied(); len(actions) > 0 {
			fmt.Fprintf(&b, "- Denies: %s\n", strings.Join(actions, ", "))
		}
	}
	return b.String()
}

func one(text string) string { return strings.Join(strings.Fields(text), " ") }

func shortName(policyType string) string {
	switch policyType {
	case TypeSCP:
		return "SCP"
	case TypeRCP:
		return "RCP"
	}
	return policyType
}

func (p Place) String() string {
	switch {
	case p.Root:
		return "root"
	case p.OU != "":
		return p.OU
	case p.Account == "{{logArchiveAccount}}":
		return "log-archive account"
	case p.Account == "{{auditAccount}}":
		return "audit account"
	case p.Account != "":
		return "account " + p.Account
	}
	return "every OU but " + strings.Join(p.EveryOUBut, ", ")
}

func (g *Guardrail) denied() []string {
	var out []string
	for _, s := range g.Statements {
		for _, a := range s.Action {
			out = append(out, "`"+a+"`")
		}
		if len(s.NotAction) > 0 {
			out = append(out, "everything that the statement "+s.Sid+" does not except")
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
