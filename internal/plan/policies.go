package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/guardrail"
)

func policyLabel(p guardrail.Policy) string { return "policy " + p.Name }

// targetLabel names the look-up of what a policy is attached to.
func targetLabel(z *Zone, t guardrail.Target) string {
	if t.OU != "" {
		return "target organizationalUnits[" + t.OU + "]"
	}
	for _, a := range z.Members() {
		if a.Name == t.Account {
			return "target " + a.Key
		}
	}
	return "target " + t.String()
}

// attachedTo are the names of the policies that are attached to a target.
func attachedTo(z *Zone, t guardrail.Target) []string {
	var out []string
	for _, p := range z.Policies {
		if slices.Contains(p.Targets, t) {
			out = append(out, p.Name)
		}
	}
	return out
}

// weakened compares what the file takes away from mandatory guardrails, so that it is seen beside the policies that
// follow from it.
func (c *comparison) weakened() {
	said := func(z *Zone) map[string]string {
		out := map[string]string{}
		for _, w := range z.Weakened {
			out[w.Guardrail.ID] = w.String() + "; reason: " + w.Change.Reason
		}
		return out
	}
	before, after := said(c.before), said(c.after)
	for _, id := range sortedUnion(before, after) {
		if before[id] == after[id] {
			continue
		}
		consequence := "the mandatory guardrail is whole again"
		if after[id] != "" {
			consequence = "what Landfall denies everywhere is allowed where the guardrail no longer holds; an auditor reads the reason"
		}
		c.add(Change{Kind: Update, What: "guardrails.changes[" + id + "]", Before: before[id], After: after[id], Consequence: consequence})
	}
}

// policies compares the packed organization policies, each with itself by its id.
func (c *comparison) policies() {
	before, after := policiesByID(c.before), policiesByID(c.after)
	for _, id := range sortedUnion(before, after) {
		a, had := before[id]
		b, has := after[id]
		switch {
		case !had:
			c.add(Change{Kind: Attach, What: "guardrails[" + id + "]", After: targetsText(b), Touches: touchesOf(c.after, b),
				Consequence: fmt.Sprintf("the policy %s is created and attached to %s; it denies there what these guardrails say: %s", b.Name, targetsText(b), strings.Join(guardrailIDs(b), ", "))})
		case !has:
			c.add(Change{Kind: Detach, What: "guardrails[" + id + "]", Before: targetsText(a), Touches: touchesOf(c.before, a),
				Consequence: fmt.Sprintf("the policy %s stays in AWS, attached to %s, and goes on denying what it denies; it no longer follows the file", a.Name, targetsText(a)),
				Instead:     "to lift it, detach and delete it in AWS Organizations after the deployment; do so too before a later edit brings it back, because AWS takes a policy's name once only"})
		default:
			c.changedPolicy(id, a, b)
		}
	}
	if a, b := guardrail.PolicyTypes(c.before.Policies), guardrail.PolicyTypes(c.after.Policies); !slices.Equal(a, b) {
		c.add(Change{Kind: Update, What: "guardrails", Before: strings.Join(a, ", "), After: strings.Join(b, ", "), Touches: []string{"policy types"},
			Consequence: "new policy types are enabled at the root; none is ever disabled"})
	}
}

func (c *comparison) changedPolicy(id string, a, b guardrail.Policy) {
	if string(a.Content) == string(b.Content) && a.Description == b.Description && a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Targets, b.Targets) {
		return
	}
	old, now := statementsOf(a), statementsOf(b)
	var parts []string
	say := func(word string, names []string) {
		if len(names) > 0 {
			parts = append(parts, word+" "+strings.Join(names, ", "))
		}
	}
	var added, dropped, changed []string
	for _, name := range sortedUnion(old, now) {
		x, had := old[name]
		y, has := now[name]
		switch {
		case !had:
			added = append(added, name)
		case !has:
			dropped = append(dropped, name)
		case x != y:
			changed = append(changed, name)
		}
	}
	say("adds", added)
	say("drops", dropped)
	say("changes", changed)
	if len(parts) == 0 {
		parts = []string{"only its form changes, not what it says"}
	}
	c.add(Change{Kind: Update, What: "guardrails[" + id + "]", Before: sizeText(a), After: sizeText(b), Touches: append(touchesOf(c.before, a), touchesOf(c.after, b)...),
		Consequence: fmt.Sprintf("the policy %s on %s is updated in place, and holds at once wherever it reaches: %s", b.Name, targetsText(b), strings.Join(parts, "; "))})
}

// touchesOf are a policy and the look-ups of its targets.
func touchesOf(z *Zone, p guardrail.Policy) []string {
	out := []string{policyLabel(p)}
	for _, t := range p.Targets {
		if !t.Root {
			out = append(out, targetLabel(z, t))
		}
	}
	return out
}

func sizeText(p guardrail.Policy) string { return fmt.Sprintf("%d of %d characters", p.Size, p.Limit) }

func targetsText(p guardrail.Policy) string {
	var out []string
	for _, t := range p.Targets {
		out = append(out, t.String())
	}
	return strings.Join(out, ", ")
}

// guardrailIDs are the guardrails of a policy, each once, in the order of its statements.
func guardrailIDs(p guardrail.Policy) []string {
	var out []string
	for _, s := range p.Statements {
		if !slices.Contains(out, s.GuardrailID) {
			out = append(out, s.GuardrailID)
		}
	}
	return out
}

func policiesByID(z *Zone) map[string]guardrail.Policy {
	out := map[string]guardrail.Policy{}
	for _, p := range z.Policies {
		out[p.ID] = p
	}
	return out
}

// statementsOf maps each statement of a policy, as guardrail.Sid, to its text; a policy without statements is one.
func statementsOf(p guardrail.Policy) map[string]string {
	var document struct{ Statement []json.RawMessage }
	// A policy without statements has other members, which are of no concern here.
	_ = json.Unmarshal(p.Content, &document)
	out := map[string]string{}
	for _, s := range p.Statements {
		name, text := s.GuardrailID, string(p.Content)
		if s.Index >= 0 && s.Index < len(document.Statement) {
			name, text = s.GuardrailID+"."+s.Sid, string(document.Statement[s.Index])
		}
		out[name] += text
	}
	return out
}

func sortedUnion[V any](a, b map[string]V) []string {
	all := map[string]bool{}
	for k := range a {
		all[k] = true
	}
	for k := range b {
		all[k] = true
	}
	return slices.Sorted(maps.Keys(all))
}
