package guardrail

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// For returns the catalogue as the zone's owner has changed it: other levels and further exemptions. The catalogue
// itself stays as it is. It reports mistakes in the key guardrails of the zone's file as [Problems] without file and
// line; [Open] adds those.
func (c *Catalogue) For(z *zone.Zone) (*Catalogue, error) {
	if c.zone == z {
		return c, nil
	}
	out := &Catalogue{Guardrails: slices.Clone(c.Guardrails), Exemptions: maps.Clone(c.Exemptions), zone: z}
	var problems Problems
	for i, change := range z.Guardrails.Changes {
		at := fmt.Sprintf("guardrails.changes[%d]", i)
		report := func(key, format string, args ...any) {
			problems = append(problems, Problem{Path: at + "." + key, Message: fmt.Sprintf(format, args...)})
		}
		g, ok := out.Find(change.ID)
		if !ok {
			report("id", "there is no guardrail %q%s", change.ID, suggestion(change.ID, out.ids()))
			continue
		}
		out.checkChange(z, g, change, report)
		if change.Level != "" {
			g.Level = Level(change.Level)
		}
		if len(change.Exempt) > 0 {
			out.exempt(g, fmt.Sprintf("%s, change %d of the zone", g.ID, i), change.Exempt)
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return out, nil
}

// suggestion completes an error message by the likeliest word.
func suggestion(word string, words []string) string {
	best := config.Nearest(word, words)
	if best == "" {
		return "; docs/guardrails.md lists them"
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

func (c *Catalogue) ids() []string {
	var ids []string
	for _, g := range c.Guardrails {
		ids = append(ids, g.ID)
	}
	return ids
}

func (c *Catalogue) checkChange(z *zone.Zone, g *Guardrail, change config.GuardrailChange, report func(key, format string, args ...any)) {
	if g.Level == Mandatory && weaker(change) && strings.TrimSpace(change.Reason) == "" {
		report("reason", "%s is mandatory (%s); say why it is turned off, made weaker or spares roles", g.ID, g.Title)
	}
	if change.State == "" && len(change.OUs)+len(change.Accounts) > 0 {
		report("state", "is missing; with ous or accounts it says whether the guardrail is on or off there")
	}
	for i, path := range change.OUs {
		if !slices.ContainsFunc(z.OUs, func(o zone.OU) bool { return o.Path == path }) {
			report(fmt.Sprintf("ous[%d]", i), "the zone has no OU %q%s", path, among(path, ouPaths(z)))
		}
	}
	for i, name := range change.Accounts {
		if !slices.ContainsFunc(z.Members(), func(a zone.Account) bool { return a.Name == name }) {
			report(fmt.Sprintf("accounts[%d]", i), "the zone has no account %q%s", name, among(name, memberNames(z)))
		}
	}
	for i, name := range change.Exempt {
		_, isSet := c.Exemptions[name]
		switch key := fmt.Sprintf("exempt[%d]", i); {
		case !hasStatements(g.Type):
			report(key, "%s binds everybody: policies of type %s know no exemptions; turn it off for an OU or account instead", g.ID, g.Type)
		case g.Type == TypeRCP && !isSet:
			report(key, "%s also binds outsiders, who can make a role of any name; name a set of guardrails/exemptions.yaml whose patterns have account ids", g.ID)
		}
	}
}

func among(word string, words []string) string {
	return fmt.Sprintf("%s; it has %s", strings.Replace(suggestion(word, words), "; docs/guardrails.md lists them", "", 1), strings.Join(words, ", "))
}

func ouPaths(z *zone.Zone) []string {
	var out []string
	for _, o := range z.OUs {
		out = append(out, o.Path)
	}
	return out
}

func memberNames(z *zone.Zone) []string {
	var out []string
	for _, a := range z.Members() {
		out = append(out, a.Name)
	}
	return out
}

// exempt lets the guardrail spare named sets and roles.
func (c *Catalogue) exempt(g *Guardrail, set string, names []string) {
	e := ExemptionSet{Title: "Exempt from " + g.ID}
	g.Exempt = slices.Clone(g.Exempt)
	for _, name := range names {
		if _, ok := c.Exemptions[name]; ok {
			g.Exempt = append(g.Exempt, name)
			continue
		}
		e.Principals = append(e.Principals, roleARN(name))
	}
	if len(e.Principals) > 0 {
		c.Exemptions[set] = e
		g.Exempt = append(g.Exempt, set)
	}
}

func roleARN(name string) string { return "arn:*:iam::*:role/" + name }

// exemptRoles are the patterns of all roles that the zone's owner exempts from some guardrail, sorted.
func (c *Catalogue) exemptRoles() []string {
	var out []string
	for i := range c.Guardrails {
		g := &c.Guardrails[i]
		names := slices.Clone(g.Exempt)
		for _, s := range g.Statements {
			names = append(names, g.Exemptions(s)...)
		}
		for _, name := range names {
			if name == LandingZone {
				continue // has statements of its own
			}
			for _, p := range c.Exemptions[name].Principals {
				if strings.Contains(p, ":role/") {
					out = append(out, p)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// LandingZone is the name of the exemption set of the zone's own roles.
const LandingZone = "landing-zone"

// levels returns the levels that are on in the zone.
func levels(z *zone.Zone) []string {
	if z.Guardrails.Levels == nil {
		return []string{config.LevelMandatory, config.LevelRecommended}
	}
	return z.Guardrails.Levels
}

// tree knows the nodes of the zone's organization.
type tree struct{ z *zone.Zone }

// children are the OUs and accounts directly below a target.
func (t tree) children(of Target) []Target {
	var out []Target
	for _, o := range t.z.OUs {
		if of.Root && o.Parent() == "" || !of.Root && of.OU != "" && o.Parent() == of.OU {
			out = append(out, Target{OU: o.Path})
		}
	}
	if of.OU != "" {
		for _, a := range t.z.Members() {
			if a.OU == of.OU {
				out = append(out, Target{Account: a.Name})
			}
		}
	}
	return out
}

// covers reports whether what is attached to a reaches b.
func (t tree) covers(a, b Target) bool {
	if a == b || a.Root {
		return true
	}
	if a.OU == "" {
		return false
	}
	path := b.OU
	if b.Account != "" {
		for _, m := range t.z.Members() {
			if m.Name == b.Account {
				path = m.OU
			}
		}
	}
	return path == a.OU || strings.HasPrefix(path, a.OU+"/")
}

// without returns the highest targets that reach everything below target except off.
func (t tree) without(target, off Target) []Target {
	switch {
	case t.covers(off, target):
		return nil
	case !t.covers(target, off):
		return []Target{target}
	}
	var out []Target
	for _, child := range t.children(target) {
		out = append(out, t.without(child, off)...)
	}
	return out
}

// targets decides where the guardrail is attached, as high as possible.
func targets(z *zone.Zone, g *Guardrail, values Values) ([]Target, error) {
	var out []Target
	t := tree{z}
	home, err := resolvePlaces(z, g, values)
	if err != nil {
		return nil, err
	}
	if slices.Contains(levels(z), string(g.Level)) {
		out = home
	}
	for _, change := range z.Guardrails.Changes {
		if change.ID != g.ID || change.State == "" {
			continue
		}
		var places []Target
		for _, p := range change.OUs {
			places = append(places, Target{OU: p})
		}
		for _, a := range change.Accounts {
			places = append(places, Target{Account: a})
		}
		switch {
		case change.State == config.StateOn && len(places) == 0:
			out = append(out, home...)
		case change.State == config.StateOn:
			out = append(out, places...)
		case len(places) == 0:
			out = nil
		default:
			for _, off := range places {
				var rest []Target
				for _, on := range out {
					rest = append(rest, t.without(on, off)...)
				}
				out = rest
			}
		}
	}
	return t.highest(out), nil
}

// highest drops targets that another one reaches already.
func (t tree) highest(in []Target) []Target {
	slices.SortFunc(in, Target.compare)
	in = slices.Compact(in)
	var out []Target
	for _, a := range in {
		if !slices.ContainsFunc(in, func(b Target) bool { return a != b && t.covers(b, a) }) {
			out = append(out, a)
		}
	}
	return out
}

func resolvePlaces(z *zone.Zone, g *Guardrail, values Values) ([]Target, error) {
	var out []Target
	for _, p := range g.Applies {
		t := Target{Root: p.Root, OU: p.OU}
		switch {
		case len(p.EveryOUBut) > 0:
			for _, o := range z.OUs {
				if o.Parent() == "" && !slices.Contains(p.EveryOUBut, o.Path) {
					out = append(out, Target{OU: o.Path})
				}
			}
			continue
		case p.Root:
		case p.OU != "":
			if !slices.Contains(ouPaths(z), p.OU) {
				return nil, fmt.Errorf("applies to the OU %q, which the zone does not have%s", p.OU, among(p.OU, ouPaths(z)))
			}
		default:
			names, err := values.expand(p.Account)
			if err != nil {
				return nil, err
			}
			t.Account = names[0]
			if !slices.Contains(memberNames(z), t.Account) {
				return nil, fmt.Errorf("applies to the account %q, which the zone does not have%s", t.Account, among(t.Account, memberNames(z)))
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// Weakened is a mandatory guardrail that the zone's owner has turned off somewhere, made weaker or spared roles of.
type Weakened struct {
	Guardrail *Guardrail
	Change    config.GuardrailChange
}

// weaker says whether a change takes something away from a guardrail: somewhere, in level, or for some roles.
func weaker(change config.GuardrailChange) bool {
	return change.State == config.StateOff || change.Level != "" && change.Level != config.LevelMandatory || len(change.Exempt) > 0
}

// String is a sentence that says what was done, without a full stop.
func (w Weakened) String() string {
	var parts []string
	if w.Change.State == config.StateOff {
		var places []string
		for _, ou := range w.Change.OUs {
			places = append(places, Target{OU: ou}.String())
		}
		for _, account := range w.Change.Accounts {
			places = append(places, Target{Account: account}.String())
		}
		where := "everywhere"
		if len(places) > 0 {
			where = "in " + strings.Join(places, ", ")
		}
		parts = append(parts, "is off "+where)
	}
	if w.Change.Level != "" && w.Change.Level != config.LevelMandatory {
		parts = append(parts, "is made "+w.Change.Level)
	}
	if len(w.Change.Exempt) > 0 {
		parts = append(parts, "does not bind "+strings.Join(w.Change.Exempt, ", "))
	}
	return fmt.Sprintf("The mandatory guardrail %s %s", w.Guardrail.ID, strings.Join(parts, " and "))
}

// Weakened lists the mandatory guardrails that the zone turns off or makes weaker, with the owner's reasons, in the order of the file.
func (c *Catalogue) Weakened(z *zone.Zone) []Weakened {
	var out []Weakened
	for _, change := range z.Guardrails.Changes {
		g, ok := c.Find(change.ID)
		if ok && g.Level == Mandatory && weaker(change) {
			out = append(out, Weakened{g, change})
		}
	}
	return out
}
