package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/guardrail"
)

//go:embed page.gohtml
var pageText string

//go:embed style.css
var style string

//go:embed script.js
var script string

// page is what the template reads.
type page struct {
	Report
	Style  template.CSS
	Script template.JS
	// Policy lets a browser use this style and this script, and load nothing.
	Policy string
}

// Render writes the report as one HTML page that loads nothing. Equal reports give equal bytes.
func Render(w io.Writer, r Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"anchor": anchor, "byTarget": byTarget, "join": strings.Join, "pretty": pretty, "shortType": shortType, "targetAnchor": targetAnchor,
		"count": count, "percent": percent, "sum": func(a, b int) int { return a + b }, "on": func(g []Guardrail) []Guardrail { return inState(g, On) },
		"off": func(g []Guardrail) []Guardrail { return inState(g, Off) }, "tags": tags, "kindAnchor": kindAnchor,
	}).Parse(pageText)
	if err != nil {
		return fmt.Errorf("reading the template of the report: %w", err)
	}
	p := page{Report: r, Style: template.CSS(style), Script: template.JS(script)}
	p.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'", digest(style), digest(script))
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return fmt.Errorf("rendering the report: %w", err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// digest is a source expression of Content Security Policy Level 3 (section 2.3.1, hash-source).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// anchor is the id of an element. It is injective, and has only characters that need no escape in a link.
func anchor(kind, name string) string {
	var b strings.Builder
	b.WriteString(kind + "-")
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "_%x_", r)
		}
	}
	return b.String()
}

// targetAnchor is the id of the element about a target, as in root, OU Workloads or account orders-prod.
func targetAnchor(target string) string {
	if path, is := strings.CutPrefix(target, "OU "); is {
		return anchor("ou", path)
	}
	if name, is := strings.CutPrefix(target, "account "); is {
		return anchor("account", name)
	}
	return anchor("ou", "")
}

// kindAnchor is the id of the element about what serves a control.
func kindAnchor(s Served) string {
	return anchor(map[string]string{KindGuardrail: "guardrail", KindAlert: "alert", KindFilter: "filter", KindDetective: "rule"}[s.Kind], s.ID)
}

// group is the guardrails that come from one target.
type group struct {
	From string
	IDs  []string
}

func byTarget(list []Applied) []group {
	var out []group
	for _, a := range list {
		if n := len(out); n == 0 || out[n-1].From != a.From {
			out = append(out, group{From: a.From})
		}
		out[len(out)-1].IDs = append(out[len(out)-1].IDs, a.Guardrail)
	}
	return out
}

func inState(list []Guardrail, state string) []Guardrail {
	return slices.DeleteFunc(slices.Clone(list), func(g Guardrail) bool { return g.State != state })
}

func pretty(text json.RawMessage) (string, error) {
	var b bytes.Buffer
	err := json.Indent(&b, text, "", "  ")
	return b.String(), err
}

// shortType is a policy type in the words that people use.
func shortType(policyType string) string {
	switch policyType {
	case guardrail.TypeSCP:
		return "SCP"
	case guardrail.TypeRCP:
		return "RCP"
	}
	return policyType
}

func tags(m map[string]string) []string {
	var out []string
	for _, key := range sortedKeys(m) {
		out = append(out, key+"="+m[key])
	}
	return out
}

func percent(used, limit int) string {
	if limit == 0 {
		return ""
	}
	return fmt.Sprintf("%d %%", (used*100+limit-1)/limit)
}

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
