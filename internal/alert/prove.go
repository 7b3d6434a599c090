package alert

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/landfall-aws/landfall/internal/eventpattern"
)

// The zone that proofs are about: their events use these names and ids.
const (
	proofPrefix            = "landfall"
	proofHomeRegion        = "eu-west-1"
	proofManagementAccount = "111122223333"
)

// ProofPattern is the pattern as the proof's events see it: in a zone with the prefix landfall,
// the home Region eu-west-1 and the management account 111122223333.
func (a Alert) ProofPattern() json.RawMessage {
	return fillWith(a.Pattern, proofPrefix, proofHomeRegion, proofManagementAccount)
}

// Prove runs an alert's proof: every raising event matches the pattern, no ignored one does, and exactly the
// events that are marked as drills match the drill pattern.
func (a Alert) Prove() []Problem {
	p, err := eventpattern.Parse(a.ProofPattern())
	if err != nil {
		return []Problem{{File: a.File, Text: fmt.Sprintf("the pattern is wrong: %v", err)}}
	}
	var out []Problem
	for _, c := range a.Proof.Raises {
		out = append(out, a.try(p, c, true)...)
		if got := a.isDrill(c.Event); got != c.Drill {
			out = append(out, Problem{a.File, c.Line, fmt.Sprintf("raises %q: drill is %v, but the drill pattern says %v", c.Name, c.Drill, got)})
		}
	}
	for _, c := range a.Proof.Ignores {
		out = append(out, a.try(p, c, false)...)
	}
	return out
}

func (a Alert) try(p *eventpattern.Pattern, c Case, want bool) []Problem {
	got, err := p.Match(c.Event)
	switch {
	case err != nil:
		return []Problem{{a.File, c.Line, fmt.Sprintf("%q is no event: %v", c.Name, err)}}
	case got && !want:
		return []Problem{{a.File, c.Line, fmt.Sprintf("ignores %q, but the pattern matches it", c.Name)}}
	case want && !got:
		return []Problem{{a.File, c.Line, fmt.Sprintf("raises %q, but the pattern does not match it", c.Name)}}
	}
	return nil
}

// isDrill says whether an exercise made the event.
func (a Alert) isDrill(event []byte) bool {
	if a.drill == nil {
		return false
	}
	p, err := eventpattern.Parse(a.drill)
	if err != nil {
		return false
	}
	ok, err := p.Match(event)
	return ok && err == nil
}

// Survivor is a change of a pattern that no event of the proof notices.
type Survivor struct {
	Mutant eventpattern.Mutant
	// Key names the change in proof.equivalents.
	Key string
	// Reason is why no event can notice it, or "" when the proof has a hole.
	Reason string
}

// Survivors changes the pattern in every way that Mutants knows and returns the changes that the proof does not notice,
// with the number of changes tried.
func (a Alert) Survivors() ([]Survivor, int) {
	mutants := eventpattern.Mutants(a.ProofPattern())
	raises, ignores := events(a.Proof.Raises), events(a.Proof.Ignores)
	var out []Survivor
	for _, m := range mutants {
		if noticed(m, raises, ignores) {
			continue
		}
		key := m.Path + ": " + m.Description
		out = append(out, Survivor{Mutant: m, Key: key, Reason: a.equivalent(key)})
	}
	return out, len(mutants)
}

// equivalent is the reason that the alert's file gives for a change that no event can notice. A key that ends in *
// stands for all keys that begin with it.
func (a Alert) equivalent(key string) string {
	if r := a.Proof.Equivalents[key]; r != "" {
		return r
	}
	for k, r := range a.Proof.Equivalents {
		if prefix, ok := strings.CutSuffix(k, "*"); ok && strings.HasPrefix(key, prefix) {
			return r
		}
	}
	return ""
}

func events(cases []Case) []*eventpattern.Event {
	var out []*eventpattern.Event
	for _, c := range cases {
		if e, err := eventpattern.ParseEvent(c.Event); err == nil {
			out = append(out, e)
		}
	}
	return out
}

func noticed(m eventpattern.Mutant, raises, ignores []*eventpattern.Event) bool {
	p, err := eventpattern.Parse(m.Pattern)
	if err != nil {
		return true
	}
	for _, e := range raises {
		if !p.MatchEvent(e) {
			return true
		}
	}
	for _, e := range ignores {
		if p.MatchEvent(e) {
			return true
		}
	}
	return false
}
