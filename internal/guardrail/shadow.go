package guardrail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// A statement is shadowed when another one of the same policy type, which is on wherever it is on, denies every
// request that it denies: removing it would change no decision. It is reported only where that follows from the text
// alone. Actions are compared as patterns and not by the list of today's actions, because a pattern also stands for
// actions that AWS adds later.

// shadowed reports the catalogue's shadowed statements, as its guardrails are on by default and whatever the
// placeholders stand for.
func (c *Catalogue) shadowed() Problems {
	every := func(*Guardrail) bool { return true }
	return c.shadows(every, anyValues(), onByDefault, ", which by default is on wherever this one is")
}

// shadowedIn reports the shadowed statements of the owner's guardrails in a zone.
func (c *Catalogue) shadowedIn(z *zone.Zone) Problems {
	own := func(g *Guardrail) bool { return g.own }
	if !slices.ContainsFunc(c.Guardrails, func(g Guardrail) bool { return g.own }) {
		return nil
	}
	values := c.ZoneValues(z)
	places := map[string][]Target{}
	for i := range c.Guardrails {
		g := &c.Guardrails[i]
		// A place that the zone does not have is reported when the policies are planned.
		places[g.ID], _ = targets(z, g, values)
	}
	t := tree{z}
	on := func(wide, narrow *Guardrail) bool {
		return len(places[narrow.ID]) > 0 && !slices.ContainsFunc(places[narrow.ID], func(n Target) bool {
			return !slices.ContainsFunc(places[wide.ID], func(w Target) bool { return t.covers(w, n) })
		})
	}
	return c.shadows(own, values, on, ", which is on in this zone wherever this one is")
}

// placed is a statement with its place in the catalogue.
type placed struct {
	Statement
	guardrail *Guardrail
	index     int
	hidden    bool
}

func (p *placed) path() string { return fmt.Sprintf("$.statements[%d]", p.index) }

// shadows reports the shadowed statements of some guardrails. Of two that deny the same, the later is reported, and an
// owner's rather than one of Landfall's, so that what is left when all that are reported are removed denies the same.
func (c *Catalogue) shadows(of func(*Guardrail) bool, values Values, on func(wide, narrow *Guardrail) bool, where string) Problems {
	all := c.placed(values)
	var problems Problems
	for _, narrow := range slices.Backward(all) {
		if !of(narrow.guardrail) {
			continue
		}
		g := narrow.guardrail
		for _, wide := range all {
			if wide == narrow || wide.hidden || wide.guardrail.Type != g.Type || !deniesToo(wide.Statement, narrow.Statement) {
				continue
			}
			by := fmt.Sprintf("statement %s (line %d)", wide.Sid, wide.guardrail.source.lineOf(wide.path()))
			if wide.guardrail != g {
				if !on(wide.guardrail, g) {
					continue
				}
				by = fmt.Sprintf("statement %s of the guardrail %s (%s:%d)%s,", wide.Sid, wide.guardrail.ID, wide.guardrail.File,
					wide.guardrail.source.lineOf(wide.path()), where)
			}
			narrow.hidden = true
			problems = append(problems, Problem{File: g.File, Line: g.source.lineOf(narrow.path()), Path: narrow.path(), Message: fmt.Sprintf(
				"%s denies everything that statement %s denies; remove %s, or write into it what should differ: its actions, resources, conditions or exemptions",
				by, narrow.Sid, narrow.Sid)})
			break
		}
	}
	slices.Reverse(problems)
	return problems
}

// placed returns the statements with placeholders and exemptions resolved, those of Landfall first. What cannot be
// resolved is left out; proving it says why.
func (c *Catalogue) placed(values Values) []*placed {
	var catalogue, own []*placed
	for i := range c.Guardrails {
		g := &c.Guardrails[i]
		for j, s := range g.Statements {
			r, err := c.resolve(g, s, values)
			if err != nil || concernsNothing(r) {
				continue
			}
			p := &placed{Statement: r, guardrail: g, index: j}
			if g.own {
				own = append(own, p)
			} else {
				catalogue = append(catalogue, p)
			}
		}
	}
	return append(catalogue, own...)
}

// onByDefault reports whether wide is on wherever narrow is, unless a zone's owner changes either.
func onByDefault(wide, narrow *Guardrail) bool {
	if slices.Index(Levels(), wide.Level) > slices.Index(Levels(), narrow.Level) {
		return false
	}
	return !slices.ContainsFunc(narrow.Applies, func(n Place) bool {
		return !slices.ContainsFunc(wide.Applies, func(w Place) bool { return w.covers(n) })
	})
}

// covers reports whether a place holds another one in every zone.
func (p Place) covers(o Place) bool {
	switch {
	case p.Root:
		return true
	case o.Root:
		return false
	case o.OU != "" && p.OU != "":
		return o.OU == p.OU || strings.HasPrefix(o.OU, p.OU+"/")
	case o.OU != "":
		top, _, _ := strings.Cut(o.OU, "/")
		return len(p.EveryOUBut) > 0 && !slices.Contains(p.EveryOUBut, top)
	case o.Account != "":
		security := o.Account == "{{logArchiveAccount}}" || o.Account == "{{auditAccount}}"
		return o.Account == p.Account || security && p.OU == config.OUSecurity
	}
	return len(p.EveryOUBut) > 0 && contains(o.EveryOUBut, p.EveryOUBut, sameText)
}

// orNothing ends what stands for a placeholder that has no value in some zones.
const orNothing = " or nothing}}"

// anyValues are placeholders that stand for themselves: what holds of them holds in every zone.
func anyValues() Values {
	values := Values{}
	for name := range ExampleValues() {
		switch name {
		case "exemptRoles", "unwatchedUsEast1":
			values[name] = []string{"{{" + name + orNothing}
		default:
			values[name] = []string{"{{" + name + "}}"}
		}
	}
	return values
}

// deniesToo reports whether wide certainly denies every request that narrow denies. Placeholders, exemptions included,
// are resolved.
func deniesToo(wide, narrow Statement) bool {
	return actionsHold(wide, narrow) && resourcesHold(wide, narrow) && conditionsHold(wide, narrow)
}

func actionsHold(wide, narrow Statement) bool {
	switch {
	case len(wide.NotAction) == 0 && len(narrow.NotAction) == 0:
		return contains(wide.Action, narrow.Action, actionHolds)
	case len(wide.NotAction) == 0:
		return contains(wide.Action, []string{"*"}, actionHolds)
	case len(narrow.NotAction) == 0:
		return !anyPair(wide.NotAction, narrow.Action, actionsMeet)
	}
	return contains(narrow.NotAction, wide.NotAction, actionHolds)
}

func resourcesHold(wide, narrow Statement) bool {
	if mayBeNone(wide.Resource) || mayBeNone(wide.NotResource) {
		return false
	}
	switch {
	case len(wide.NotResource) == 0 && len(narrow.NotResource) == 0:
		return contains(wide.Resource, narrow.Resource, resourceHolds)
	case len(wide.NotResource) == 0:
		return contains(wide.Resource, []string{"*"}, resourceHolds)
	case len(narrow.NotResource) == 0:
		return !anyPair(wide.NotResource, narrow.Resource, resourcesMeet)
	}
	return contains(narrow.NotResource, wide.NotResource, resourceHolds)
}

// mayBeNone reports whether some zone leaves nothing of the list; a statement with such a list is not there then.
func mayBeNone(list []string) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(s string) bool { return !strings.Contains(s, orNothing) })
}

// conditionsHold reports whether each condition of wide follows from one of narrow.
func conditionsHold(wide, narrow Statement) bool {
	for op, keys := range wide.Condition {
		for key, values := range keys {
			if mayBeNone(values) || !conditionFollows(narrow.Condition, op, key, values) {
				return false
			}
		}
	}
	return true
}

func conditionFollows(from map[string]map[string]Strings, op, key string, values Strings) bool {
	want := canonicalOperator(op)
	for other, keys := range from {
		// A condition that holds holds with IfExists too, which only adds requests without the key.
		if have := canonicalOperator(other); have != want && have+"ifexists" != want {
			continue
		}
		for k, have := range keys {
			if !strings.EqualFold(k, key) {
				continue
			}
			holds := valueHolds(want)
			// More values make an operator hold more often, and a negated one less often.
			if negated(want) && contains(have, values, holds) || !negated(want) && contains(values, have, holds) {
				return true
			}
		}
	}
	return false
}

// canonicalOperator gives operators that behave identically one name.
func canonicalOperator(op string) string {
	op = strings.ToLower(op)
	op = strings.Replace(op, "arnequals", "arnlike", 1)
	return strings.Replace(op, "arnnotequals", "arnnotlike", 1)
}

// negated reports whether a canonical operator holds for what its values do not match.
func negated(op string) bool {
	_, after, found := strings.Cut(op, ":")
	if found {
		op = after
	}
	return strings.Contains(op, "not")
}

// valueHolds compares values of a canonical operator.
func valueHolds(op string) func(wide, narrow string) bool {
	switch {
	case strings.Contains(op, "arn"):
		return arnHolds
	case strings.Contains(op, "stringlike"), strings.Contains(op, "stringnotlike"):
		return textHolds
	}
	return sameText
}

// contains reports whether some entry of wide holds each entry of narrow.
func contains(wide, narrow []string, holds func(wide, narrow string) bool) bool {
	return !slices.ContainsFunc(narrow, func(n string) bool {
		return !slices.ContainsFunc(wide, func(w string) bool { return holds(w, n) })
	})
}

func anyPair(as, bs []string, is func(a, b string) bool) bool {
	return slices.ContainsFunc(as, func(a string) bool {
		return slices.ContainsFunc(bs, func(b string) bool { return is(a, b) })
	})
}

func sameText(a, b string) bool { return a == b }

// actionHolds reports whether an action pattern covers another. Letter case does not matter.
func actionHolds(wide, narrow string) bool {
	if exact(wide) {
		return strings.EqualFold(wide, narrow)
	}
	ws, wn := splitAction(wide)
	ns, nn := splitAction(narrow)
	return globHolds(glob(ws), glob(ns)) && globHolds(glob(wn), glob(nn))
}

// actionsMeet reports whether some action could fit both patterns.
func actionsMeet(a, b string) bool {
	if undecided(a) || undecided(b) {
		return true
	}
	as, an := splitAction(a)
	bs, bn := splitAction(b)
	return globsMeet(glob(as), glob(bs)) && globsMeet(glob(an), glob(bn))
}

func splitAction(pattern string) (service, name string) {
	if pattern == "*" {
		return "*", "*"
	}
	service, name, _ = strings.Cut(strings.ToLower(pattern), ":")
	return service, name
}

// resourceHolds reports whether an entry of Resource covers another.
func resourceHolds(wide, narrow string) bool {
	return wide == narrow || wide == "*" || !exact(wide) && !unsure(wide, narrow) && globHolds(resourceGlob(wide), resourceGlob(narrow))
}

// resourcesMeet reports whether some resource could fit both entries.
func resourcesMeet(a, b string) bool {
	return undecided(a) || undecided(b) || globsMeet(resourceGlob(a), resourceGlob(b))
}

// textHolds reports whether a value of StringLike covers another.
func textHolds(wide, narrow string) bool {
	return wide == narrow || wide == "*" || !unsure(wide, narrow) && globHolds(glob(wide), glob(narrow))
}

// arnHolds reports whether a value of ArnLike covers another: six parts, each compared by itself.
func arnHolds(wide, narrow string) bool {
	if wide == narrow {
		return true
	}
	w, n := strings.SplitN(wide, ":", 6), strings.SplitN(narrow, ":", 6)
	if unsure(wide, narrow) || len(w) < 6 || len(n) < 6 {
		return false
	}
	for i := range w {
		if !globHolds(glob(w[i]), glob(n[i])) {
			return false
		}
	}
	return true
}

// unsure reports whether the text does not tell which strings the patterns fit: policy variables, and a placeholder,
// which may be of any length, against single-character wildcards.
func unsure(wide, narrow string) bool {
	return variable(wide) || variable(narrow) || strings.Contains(narrow, "{{") && strings.Contains(wide, "?")
}

// exact reports whether a pattern has no wildcards.
func exact(pattern string) bool { return !strings.ContainsAny(pattern, "*?") }

func variable(pattern string) bool { return strings.Contains(pattern, "${") }

// undecided reports whether a pattern has a part that the text does not tell.
func undecided(pattern string) bool { return variable(pattern) || strings.Contains(pattern, "{{") }

// Wildcards among the runes of a pattern.
const (
	anyRun       rune = -1 - iota // any run of characters, also none
	anyOne                        // one character
	anyRunInPart                  // any run of characters but colons
	anyOneInPart                  // one character but a colon
)

func glob(pattern string) []rune {
	runes := []rune(pattern)
	for i, r := range runes {
		switch r {
		case '*':
			runes[i] = anyRun
		case '?':
			runes[i] = anyOne
		}
	}
	return runes
}

// resourceGlob is glob for an entry of Resource: in the first five parts of an ARN a wildcard stays in its part, except
// a star that ends the part (IAM user guide, "IAM JSON policy elements: Resource").
func resourceGlob(pattern string) []rune {
	runes := glob(pattern)
	colons := 0
	for i, r := range runes {
		endsPart := i == len(runes)-1 || runes[i+1] == ':'
		switch {
		case r == ':':
			colons++
		case colons >= 5:
		case r == anyRun && !endsPart:
			runes[i] = anyRunInPart
		case r == anyOne && len(runes) > 1:
			runes[i] = anyOneInPart
		}
	}
	return runes
}

// globHolds reports whether wide fits every string that narrow fits, by fitting it to the text of narrow with its
// wildcards. It may miss some that only hold by counting, such as *? against ?*.
func globHolds(wide, narrow []rune) bool {
	now, next := make([]bool, len(wide)+1), make([]bool, len(wide)+1)
	skip := func(states []bool) {
		for i, w := range wide {
			if states[i] && (w == anyRun || w == anyRunInPart) {
				states[i+1] = true
			}
		}
	}
	now[0] = true
	skip(now)
	for _, n := range narrow {
		run := n == anyRun || n == anyRunInPart
		colon := n == ':' || n == anyRun || n == anyOne
		clear(next)
		for i, w := range wide {
			if !now[i] {
				continue
			}
			switch {
			case w == anyRun, w == anyRunInPart && !colon:
				next[i] = true
			case w == anyOne && !run, w == anyOneInPart && !run && !colon, w >= 0 && w == n:
				next[i+1] = true
			}
		}
		skip(next)
		now, next = next, now
	}
	return now[len(wide)]
}

// globsMeet reports whether some string could fit both patterns.
func globsMeet(a, b []rune) bool {
	run := func(r rune) bool { return r == anyRun || r == anyRunInPart }
	one := func(r rune) bool { return r == anyOne || r == anyOneInPart }
	// meet[j] says whether a[i:] and b[j:] meet, for the i at hand and for the one after it.
	after := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		meet := make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			hasA, hasB := i < len(a), j < len(b)
			switch {
			case !hasA && !hasB:
				meet[j] = true
			case hasA && run(a[i]):
				meet[j] = after[j] || hasB && meet[j+1]
			case hasB && run(b[j]):
				meet[j] = meet[j+1] || hasA && after[j]
			case hasA && hasB:
				meet[j] = (one(a[i]) || one(b[j]) || a[i] == b[j]) && after[j+1]
			}
		}
		after = meet
	}
	return after[0]
}

// lintRepeats reports entries of a list that another entry covers. Of two that fit the same, the later is reported.
func lintRepeats(list Strings, path, element string, holds func(wide, narrow string) bool, add report) {
	dead := make([]bool, len(list))
	for i, narrow := range slices.Backward(list) {
		for j, wide := range list {
			if j != i && !dead[j] && holds(wide, narrow) {
				dead[i] = true
				add(fmt.Sprintf("%s.%s[%d]", path, element, i), "%q is covered by %q of the same list already; remove it", narrow, wide)
				break
			}
		}
	}
}
