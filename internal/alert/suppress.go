package alert

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/eventpattern"
	"github.com/landfall-aws/landfall/internal/zone"
)

// maxMixed is how many suppressions of one alert that name both accounts and principals go into a pattern: each doubles it.
const maxMixed = 4

// EventBridge refuses rules whose wildcards can match too much at the same time, as "too complex". AWS does not publish
// the limit (EventBridge user guide, "Wildcard matching considerations"); with these, every alert stays at the complexity
// of rules that others report as taken (test/eventruler counts).
const (
	// mostWildcards is how much the principals of one alert's suppressions may need together: a role two, a user one, and
	// each * in a name two more.
	mostWildcards = 4
)

// Recipients are the e-mail addresses that receive a tier's mail, sorted: the zone's and those of the tier alone.
func Recipients(z *zone.Zone, t Tier) []string {
	out := slices.Clone(z.Recipients)
	switch t {
	case Page:
		out = append(out, z.Alerts.PageRecipients...)
	case Notify:
		out = append(out, z.Alerts.NotifyRecipients...)
	default:
		return nil
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// AccountNames are the names of the accounts whose ids the alerts' patterns need, sorted (see Routed.WithAccountIDs).
func AccountNames(routed []Routed) []string {
	names := map[string]bool{}
	for _, r := range routed {
		for _, m := range accountName.FindAllStringSubmatch(string(r.Pattern), -1) {
			names[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// Check says what is wrong with what a zone's file says of alerts, given the catalogue and the day on which it is
// applied: alerts and accounts that do not exist, missing reasons, suppressions that have expired or leave out
// everything. Problems have the path in the file, without the line.
func Check(z *zone.Zone, c *Catalogue, today time.Time) config.Problems {
	k := checker{zone: z, catalogue: c, today: today.Format(time.DateOnly)}
	for _, a := range c.Alerts {
		k.ids = append(k.ids, a.ID)
	}
	for _, a := range z.Members() {
		k.accounts = append(k.accounts, a.Name)
	}
	k.changes()
	for _, s := range z.Alerts.Suppressions {
		k.suppression(s)
	}
	k.counts()
	if len(k.problems) == 0 {
		k.sizes()
	}
	return k.problems
}

// checker collects what Check finds.
type checker struct {
	zone          *zone.Zone
	catalogue     *Catalogue
	today         string
	ids, accounts []string
	problems      config.Problems
}

func (k *checker) report(path, value, message, fix string, allowed ...string) {
	k.problems = append(k.problems, config.Problem{Path: path, Value: value, Message: message, Fix: fix, Allowed: allowed})
}

func (k *checker) changes() {
	seen := map[string]bool{}
	for _, change := range k.zone.Alerts.Changes {
		path := "alerts.changes[" + change.ID + "]"
		a, known := k.catalogue.Get(change.ID)
		switch {
		case !known:
			k.report(path+".id", change.ID, "there is no such alert", "", k.ids...)
		case seen[change.ID]:
			k.report(path+".id", change.ID, "the alert is in the list twice", "keep one of the two")
		case a.Severity == Critical && (Tier(change.Tier) == Off || Tier(change.Tier) == Digest) && change.Reason == "":
			k.report(path+".tier", change.Tier, "the alert is critical, and nobody would be told of it", "add a reason, or choose page or notify")
		}
		seen[change.ID] = true
	}
}

func (k *checker) suppression(s config.AlertSuppression) {
	path := "alerts.suppressions[" + s.Alert + "]"
	a, known := k.catalogue.Get(s.Alert)
	if !known {
		k.report(path+".alert", s.Alert, "there is no such alert", "", k.ids...)
		return
	}
	if _, err := time.Parse(time.DateOnly, s.Expires); err != nil {
		k.report(path+".expires", s.Expires, "there is no such day", "write it as in \"2027-01-31\"")
	} else if s.Expires < k.today {
		k.report(path+".expires", s.Expires, "the suppression has expired; today is "+k.today, "remove it, or look at its reason again and give it another day")
	}
	if len(s.Accounts) == 0 && len(s.Principals) == 0 {
		k.report(path, "", "the suppression names neither accounts nor principals and would leave out every event", "name some, or turn the alert off in alerts.changes")
	}
	for _, name := range s.Accounts {
		if !slices.Contains(k.accounts, name) {
			k.report(path+".accounts", name, "there is no such account in the file", "", k.accounts...)
		}
	}
	fields := kinds()[a.message.Kind]
	if len(s.Accounts) > 0 && a.Listen.Accounts != AllAccounts && slices.Equal(fields.account, []string{"account"}) {
		k.report(path+".accounts", strings.Join(s.Accounts, ", "), "the alert listens in the "+string(a.Listen.Accounts)+" account only", "remove the accounts")
	}
	if len(s.Principals) > 0 && fields.principal == nil {
		k.report(path+".principals", strings.Join(s.Principals, ", "), "the events of this alert do not say who caused them", "name accounts instead")
	}
}

// counts reports alerts whose suppressions need more wildcards than EventBridge takes.
func (k *checker) counts() {
	all, mixed, principals := map[string]int{}, map[string]int{}, map[string][]string{}
	for _, s := range k.zone.Alerts.Suppressions {
		all[s.Alert]++
		if len(s.Accounts) > 0 && len(s.Principals) > 0 {
			mixed[s.Alert]++
		}
		principals[s.Alert] = append(principals[s.Alert], s.Principals...)
	}
	for _, id := range slices.Sorted(maps.Keys(principals)) {
		path := "alerts.suppressions[" + id + "]"
		if mixed[id] > 0 && all[id] > 1 {
			k.report(path, "", fmt.Sprintf("the alert has %d suppressions, and %d of them names accounts and principals; EventBridge takes a rule with such a one only when it is the alert's only one", all[id], mixed[id]),
				"join them into one, or name only accounts or only principals in each")
		}
		if n := wildcards(principals[id]); n > mostWildcards {
			k.report(path, strings.Join(distinct(principals[id]), ", "), fmt.Sprintf("these principals are more than EventBridge takes in one rule: a role counts two, a user one, each * two, together %d, and %d are allowed", n, mostWildcards),
				"name fewer, such as one role with * for several, or name accounts instead")
		}
	}
}

// wildcards is how much principals count, each once.
func wildcards(principals []string) int {
	n := 0
	for _, p := range distinct(principals) {
		n += strings.Count(principalARNs([]string{p})[0], "*") + strings.Count(p, "*")
	}
	return n
}

// sizes reports alerts whose suppressions make the pattern larger than EventBridge allows, or one that it refuses.
func (k *checker) sizes() {
	for _, r := range For(k.zone, k.catalogue) {
		// Account ids have 12 digits, whatever the names.
		text := r.WithAccountIDs(func(string) string { return noAccount }).Pattern
		p, err := Routed{Alert: Alert{ID: r.ID, Pattern: text, Listen: r.Listen}}.BusPattern(func(Accounts) string { return noAccount })
		path := "alerts.suppressions[" + r.ID + "]"
		if err == nil {
			_, err = eventpattern.Parse(p)
		}
		if err != nil {
			k.report(path, "", fmt.Sprintf("with its suppressions the alert has a pattern that EventBridge refuses: %v", err), "use fewer suppressions for this alert")
		} else if len(p) > MaxPattern {
			k.report(path, "", fmt.Sprintf("with its suppressions the alert has a pattern of %d characters, and EventBridge allows %d", len(p), MaxPattern), "use fewer or wider suppressions, with * in names of roles")
		}
	}
}

// change applies what the zone's file says of an alert whose pattern has no placeholders of the zone.
func change(z *zone.Zone, a Alert) Alert {
	for _, c := range z.Alerts.Changes {
		if c.ID == a.ID {
			a.Tier = Tier(c.Tier)
		}
	}
	a.unsuppressed = a.Pattern
	a.Pattern = suppress(z, a)
	return a
}

// suppress leaves the suppressed events out of an alert's pattern, so that the rule in AWS does not match them.
// A suppression leaves out events of its accounts and, if it has any, its principals; the pattern therefore asks for
// another account or another principal.
func suppress(z *zone.Zone, a Alert) json.RawMessage {
	var accounts, principals []string
	var mixed []config.AlertSuppression
	for _, s := range z.Alerts.Suppressions {
		switch {
		case s.Alert != a.ID:
		case len(s.Principals) == 0:
			accounts = append(accounts, s.Accounts...)
		case len(s.Accounts) == 0:
			principals = append(principals, s.Principals...)
		default:
			mixed = append(mixed, s)
		}
	}
	if len(accounts)+len(principals)+len(mixed) == 0 {
		return a.Pattern
	}
	p, err := object(a.Pattern)
	if err != nil {
		return a.Pattern // Load has read the pattern, so it is an object
	}
	fields := kinds()[a.message.Kind]
	// Each mixed suppression is escaped by its accounts or by its principals: one branch per way to choose.
	var branches []any
	mixed = mixed[:min(len(mixed), maxMixed)] // Check refuses more; an event too many is better than none
	for choice := range 1 << len(mixed) {
		otherAccounts, otherPrincipals := slices.Clone(accounts), slices.Clone(principals)
		for i, s := range mixed {
			if choice&(1<<i) == 0 {
				otherAccounts = append(otherAccounts, s.Accounts...)
			} else {
				otherPrincipals = append(otherPrincipals, s.Principals...)
			}
		}
		branch := map[string]any{}
		if len(otherAccounts) > 0 {
			put(branch, fields.account, []any{map[string]any{"anything-but": accountPlaceholders(otherAccounts)}})
		}
		if len(otherPrincipals) > 0 {
			put(branch, fields.principal, []any{
				map[string]any{"exists": false},
				map[string]any{"anything-but": map[string]any{"wildcard": principalARNs(otherPrincipals)}},
			})
		}
		branches = append(branches, branch)
	}
	if len(branches) == 1 {
		p = merge(p, branches[0]).(map[string]any)
	} else {
		p["$or"] = branches
	}
	out, err := compact(p)
	if err != nil {
		return a.Pattern // strings, lists and mappings always encode
	}
	return out
}

// put sets the value at a path, making the mappings on the way.
func put(m map[string]any, path []string, v any) {
	for _, key := range path[:len(path)-1] {
		inner, ok := m[key].(map[string]any)
		if !ok {
			inner = map[string]any{}
			m[key] = inner
		}
		m = inner
	}
	m[path[len(path)-1]] = v
}

func accountPlaceholders(names []string) []string {
	var out []string
	for _, n := range distinct(names) {
		out = append(out, "{{account:"+n+"}}")
	}
	return out
}

// principalARNs are wildcards for the ARNs of callers: a role calls as arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION.
func principalARNs(principals []string) []string {
	var out []string
	for _, p := range distinct(principals) {
		if role, is := strings.CutPrefix(p, "role/"); is {
			out = append(out, "*:assumed-role/"+role+"/*")
		} else {
			out = append(out, "*:"+p)
		}
	}
	return out
}

func distinct(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return slices.Compact(out)
}
