package initialize

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// Level says what a finding means for a deploy.
type Level string

// Levels of findings, the gravest first.
const (
	// Blocker: a deploy will be refused, or fail, until a person has resolved it.
	Blocker Level = "blocker"
	// Warning: a deploy changes something for what exists.
	Warning Level = "warning"
	// Note: good to know.
	Note Level = "note"
)

// Finding is one thing that a person should know before the first deploy.
type Finding struct {
	Level Level `json:"level"`
	// About names what it concerns: an OU, an account, a service.
	About   string `json:"about"`
	Message string `json:"message"`
	// Do says what to do, when Message does not.
	Do string `json:"do,omitempty"`
}

// Move is an account that a deploy moves, and that therefore gets other guardrails and policies.
type Move struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	// From and To are paths of OUs; "" is the root.
	From string `json:"from"`
	To   string `json:"to"`
}

// Omission is an account that has no line in the file.
type Omission struct {
	Account string `json:"account"`
	ID      string `json:"id"`
	// From is the path of the account's OU; "" is the root.
	From   string `json:"ou"`
	Reason string `json:"reason"`

	// line is ready to be put into the file; nil when there is none.
	line *line
}

// Creation is an OU or account that a deploy makes because the zone needs it and the organization lacks it.
type Creation struct {
	Kind string `json:"kind"` // "OU" or "account"
	Name string `json:"name"`
}

// Choices say how to adopt an organization.
type Choices struct {
	// LogArchive and Audit name the accounts that become the security accounts, by id or name. "" takes the one whose name
	// or role says so, and [New] a new one.
	LogArchive, Audit string
	// DefaultOU is where accounts that lie directly below the root move to; "" leaves them there, out of the file.
	DefaultOU string
}

// New is the choice of a new account.
const New = "new"

// Adoption is a file for an organization that exists, with what to know about it.
type Adoption struct {
	Text string
	// Email is the pattern of the file, which may come from the accounts' addresses.
	Email string
	// Adopted counts the accounts of the organization that the file has, the security accounts included.
	Adopted  int
	Findings []Finding
	Moves    []Move
	LeftOut  []Omission
	Creates  []Creation
}

// ChoiceError is a choice that the organization does not allow.
type ChoiceError struct {
	// Flag is the field of Choices or Answers: LogArchive, Audit, DefaultOU or Email.
	Choice string
	Reason string
}

func (e *ChoiceError) Error() string { return e.Reason }

// Adopt writes a file that adopts an organization: OUs as they are, accounts by their ids. Whatever the file cannot say is
// left out with a reason. The answers Zone, Home and Recipients are needed; Email is guessed from the accounts' addresses when
// it is "". The errors are of type *ChoiceError.
func Adopt(org *Organization, a Answers, choices Choices) (*Adoption, error) {
	b := &adopter{org: org, choices: choices, result: &Adoption{}, rules: newRules()}
	if a.Email == "" {
		pattern, n := GuessEmail(org)
		if n == 0 {
			return nil, &ChoiceError{"Email", "the accounts' addresses show no common pattern, and new accounts need one, such as aws+{account}@example.com"}
		}
		a.Email = pattern
		b.find(Note, "e-mail pattern", fmt.Sprintf("%s comes from the addresses of %s", pattern, count(n, "account")), "")
	}
	b.draft, b.result.Email = newDraft(a), a.Email
	b.draft.existing = true
	b.readUnits()
	if err := b.checkDefaultOU(); err != nil {
		return nil, err
	}
	if err := b.chooseSecurity(); err != nil {
		return nil, err
	}
	b.placeAccounts()
	b.nameAccounts()
	b.writeSecurity()
	b.judgeOrganization()
	b.judgeServices()
	b.finish()
	return b.result, nil
}

// adopter is one run of Adopt.
type adopter struct {
	org     *Organization
	choices Choices
	draft   *draft
	result  *Adoption
	rules   rules

	units map[string]*unit // by id
	// known are the OUs that the zone will have, by their path.
	known map[string]bool
	// securityIDs are the accounts that become security accounts; "" stands for a new one.
	logArchive, audit *candidate
	lines             []*line
	accounts          map[*line]Account
}

// unit is an OU with what the file makes of it.
type unit struct {
	Unit
	// shown is the path as it is in AWS, for people.
	shown string
	// path is the path in the file; "" when the file cannot express it, for the reason.
	path, reason string
}

func (b *adopter) find(level Level, about, message, do string) {
	b.result.Findings = append(b.result.Findings, Finding{level, about, message, do})
}

// readUnits decides of each OU how the file writes it.
func (b *adopter) readUnits() {
	b.units, b.known = map[string]*unit{}, map[string]bool{}
	spelling := map[string]string{}
	for _, p := range config.DefaultOUs() {
		b.known[p] = true
		spelling[strings.ToLower(p)] = p
	}
	below := map[string][]*unit{}
	for _, u := range b.org.Units {
		v := &unit{Unit: u}
		b.units[u.ID] = v
		below[u.ParentID] = append(below[u.ParentID], v)
	}
	missing := maps.Clone(b.known)
	var walk func(parent *unit)
	walk = func(parent *unit) {
		children := below[parent.ID]
		slices.SortFunc(children, func(x, y *unit) int { return cmp.Or(strings.Compare(x.Name, y.Name), strings.Compare(x.ID, y.ID)) })
		for _, u := range children {
			u.shown = strings.TrimPrefix(parent.shown+"/"+u.Name, "/")
			b.readUnit(parent, u, spelling)
			if u.path != "" {
				delete(missing, u.path)
				if !b.known[u.path] {
					b.known[u.path] = true
					b.draft.ous = append(b.draft.ous, u.path)
				}
			}
			walk(u)
		}
	}
	walk(&unit{})
	slices.Sort(b.draft.ous)
	for _, p := range config.DefaultOUs() {
		if missing[p] {
			b.result.Creates = append(b.result.Creates, Creation{"OU", p})
		}
	}
}

func (b *adopter) readUnit(parent, u *unit, spelling map[string]string) {
	path := strings.TrimPrefix(parent.path+"/"+u.Name, "/")
	about := "OU " + Spoken(u.shown)
	rename := fmt.Sprintf("rename it in AWS and write the file again: aws organizations update-organizational-unit --organizational-unit-id %s --name NAME", u.ID)
	switch {
	case parent.reason != "":
		u.reason = parent.reason
	case strings.Contains(u.Name, "/"):
		u.reason = "its OU " + Spoken(u.Name) + " has a / in its name, which separates levels in the file"
		b.find(Warning, about, "its name has a /, which separates levels in the file, so it and its accounts are left out", rename)
	case !b.rules.ou.fits(u.Name):
		u.reason = "its OU has the name " + Spoken(u.Name) + ", and the file takes " + b.rules.ouShape
		b.find(Warning, about, "the file cannot express its name, so it and its accounts are left out", rename)
	case b.rules.reserved(u.Name):
		u.reason = "its OU " + Spoken(u.Name) + " has a name that is reserved for what the zone owns"
		b.find(Warning, about, "its name starts like those that the zone keeps for itself, so it and its accounts are left out", rename)
	case parent.path == config.OUSecurity || parent.path == config.OUSuspended:
		u.reason = "its OU lies below " + parent.path + ", which the zone keeps for itself"
		b.find(Warning, about, fmt.Sprintf("the OU %s holds no other OU in a zone, so it and its accounts are left out; guardrails of %s bind them all the same", parent.path, parent.path),
			"move its accounts to an OU elsewhere before the first deploy, and write the file again")
	default:
		u.path = path
		if known := spelling[strings.ToLower(path)]; known != "" && known != path {
			u.path = known
			name := known[strings.LastIndex(known, "/")+1:]
			b.find(Blocker, about, fmt.Sprintf("every zone has the OU %s, and AWS takes two names that differ in upper and lower case only for one, so a deploy can neither adopt nor create it; the file already says %s", known, known),
				fmt.Sprintf("rename it first: aws organizations update-organizational-unit --organizational-unit-id %s --name %s", u.ID, name))
		}
	}
}

func (b *adopter) checkDefaultOU() error {
	p := b.choices.DefaultOU
	switch top, _, _ := strings.Cut(p, "/"); {
	case p == "":
		return nil
	case strings.EqualFold(top, config.OUSecurity) || strings.EqualFold(top, config.OUSuspended):
		return &ChoiceError{"DefaultOU", fmt.Sprintf("the OU %s takes no accounts of yours: choose another, for example Workloads/Prod", top)}
	case !b.known[p]:
		return &ChoiceError{"DefaultOU", fmt.Sprintf("%s is no OU of the organization or of every zone; there are %s", Spoken(p), some(slices.Sorted(maps.Keys(b.known)), 24))}
	}
	return nil
}

// where is the path of an account's OU as it is in AWS; "" is the root.
func (b *adopter) where(a Account) string {
	if a.UnitID == "" {
		return ""
	}
	if u := b.units[a.UnitID]; u != nil {
		return u.shown
	}
	return a.UnitID
}

// states says what a state that is not ACTIVE means for the file.
var states = map[string]string{
	"PENDING_ACTIVATION": "it is not activated yet; write the file again, or add its line, once it is active",
	"SUSPENDED":          "AWS has suspended it",
	"PENDING_CLOSURE":    "it is being closed",
	"CLOSED":             "it is closed",
}

// unfit says why an account cannot be a member of the zone in any place, or returns "".
func (b *adopter) unfit(a Account) string {
	switch {
	case a.ID == b.org.ManagementAccountID:
		return "it is the management account, which governs and is no member of the zone"
	case a.State != stateActive && states[a.State] != "":
		return states[a.State]
	case a.State != stateActive:
		return "its state is " + Spoken(a.State)
	case !b.rules.email.fits(a.Email):
		return "the file cannot express its address " + Spoken(a.Email) + "; change the root e-mail address of the account, and write the file again"
	}
	return ""
}

// placeAccounts decides which accounts get a line, and where.
func (b *adopter) placeAccounts() {
	accounts := slices.SortedFunc(slices.Values(b.org.Accounts), func(x, y Account) int { return strings.Compare(x.ID, y.ID) })
	b.accounts = map[*line]Account{}
	named := map[string]int{}
	for _, a := range accounts {
		if u := b.units[a.UnitID]; u != nil && u.path != "" && a.State == stateActive {
			named[u.path]++
		}
		reason, unitPath := b.unfit(a), ""
		u := b.units[a.UnitID]
		var spare *line
		switch {
		case reason != "":
		case b.logArchive.is(a) || b.audit.is(a):
			continue
		case u == nil && b.choices.DefaultOU == "":
			reason = "directly below the root, where a line with an OU would move an account and so change what binds it; to move one, put its line under accounts, without the hash and with the OU that you want"
			spare = &line{name: b.rules.name(a), ou: "Workloads/Prod", id: a.ID, email: a.Email}
		case u == nil:
			unitPath = b.choices.DefaultOU
			b.result.Moves = append(b.result.Moves, Move{a.Name, a.ID, "", unitPath})
		case u.path == "":
			reason = u.reason
		case u.path == config.OUSecurity:
			reason = "the OU Security holds the log-archive and audit accounts only, in a zone"
			b.find(Warning, called(a), "it lies in the OU Security, where guardrails of the zone will deny it to run workloads, although it has no line", "move it to another OU before the first deploy, for example Infrastructure, and write the file again")
		case u.path == config.OUSuspended:
			reason = "the OU Suspended holds suspended accounts only, in a zone, and this one is active"
			b.find(Warning, called(a), "it is active and lies in the OU Suspended, where guardrails of the zone will deny it nearly everything", "move it to another OU before the first deploy, unless it shall be cut off, and write the file again")
		default:
			unitPath = u.path
		}
		if reason != "" {
			b.result.LeftOut = append(b.result.LeftOut, Omission{Account: a.Name, ID: a.ID, From: b.where(a), Reason: reason, line: spare})
			continue
		}
		l := &line{ou: unitPath, id: a.ID, tags: b.tags(a)}
		if u == nil {
			l.comments = append(l.comments, "A deploy moves it here from the root.")
		}
		b.lines = append(b.lines, l)
		b.accounts[l] = a
	}
	for _, p := range config.DefaultOUs() {
		if p != config.OUSecurity && p != config.OUSuspended && named[p] > 0 {
			b.find(Warning, "OU "+p, fmt.Sprintf("it exists with %s in it, and the zone has guardrails for the OU of this name and below", count(named[p], "active account")), "read what they deny in the report before the first deploy: go run ./cmd/landfall report --output report.html")
		}
	}
}

// tags are the account's tags that the file can set. A tag that the file does not name stays on the account.
func (b *adopter) tags(a Account) map[string]string {
	tags := map[string]string{}
	var left []string
	for k, v := range a.Tags {
		switch {
		case strings.HasPrefix(strings.ToLower(k), "aws:"), strings.HasPrefix(strings.ToLower(k), b.rules.prefix+":"):
			// Set by AWS, or by a zone.
		case b.rules.reserved(k) || !b.rules.tagKey.fits(k) || v != "" && !b.rules.tagValue.fits(v):
			left = append(left, k)
		default:
			tags[k] = v
		}
	}
	if len(left) > 0 {
		slices.Sort(left)
		b.find(Note, called(a), "the file cannot express its tags "+some(left, 5)+", which stay on the account as they are", "")
	}
	return tags
}

// nameAccounts gives each line a name that no other has.
func (b *adopter) nameAccounts() {
	taken := map[string]bool{}
	for _, c := range []*candidate{b.logArchive, b.audit} {
		taken[strings.ToLower(c.name)] = true
	}
	times := map[string]int{}
	for _, l := range b.lines {
		times[strings.ToLower(b.rules.name(b.accounts[l]))]++
	}
	// Names that nobody shares come first, so that they stay whatever the others become.
	for _, l := range b.lines {
		name := b.rules.name(b.accounts[l])
		if lower := strings.ToLower(name); times[lower] == 1 && !taken[lower] {
			l.name, taken[lower] = name, true
		}
	}
	for _, l := range b.lines {
		a := b.accounts[l]
		if l.name == "" {
			l.name = b.rules.withID(b.rules.name(a), a.ID, taken)
			taken[strings.ToLower(l.name)] = true
		}
		if l.name != a.Name {
			why := "the file cannot express that name"
			if b.rules.name(a) == a.Name {
				why = "another account has that name too"
			}
			l.comments = append(l.comments, fmt.Sprintf("Its name in AWS is %s; %s. The id decides, and the name in AWS stays.", Spoken(a.Name), why))
			b.find(Note, called(a), fmt.Sprintf("the file calls it %s: %s. Its name in AWS stays", l.name, why), "")
		}
		if !b.followsPattern(l.name, a.Email) {
			l.email = a.Email
		}
	}
	slices.SortFunc(b.lines, func(x, y *line) int {
		return cmp.Or(strings.Compare(x.ou, y.ou), strings.Compare(strings.ToLower(x.name), strings.ToLower(y.name)))
	})
	for _, l := range b.lines {
		b.draft.accounts = append(b.draft.accounts, *l)
	}
}

// followsPattern says whether the file's pattern leads from the name to the address, so that the line needs none.
func (b *adopter) followsPattern(name, email string) bool {
	made := config.EmailFor(b.draft.answers.Email, name)
	return strings.EqualFold(made, email) && made != config.EmailFor(b.draft.answers.Email, "")
}

func (b *adopter) writeSecurity() {
	for _, s := range []struct {
		c    *candidate
		into *security
	}{{b.logArchive, &b.draft.logArchive}, {b.audit, &b.draft.audit}} {
		s.into.name = s.c.name
		s.into.comments = append(s.into.comments, s.c.why)
		if s.c.account == nil {
			b.result.Creates = append(b.result.Creates, Creation{"account", s.c.name})
			b.find(Note, s.c.role+" account", strings.TrimSuffix(s.c.why, "."), s.c.do)
			continue
		}
		a := *s.c.account
		s.into.id = a.ID
		if !b.followsPattern(s.c.name, a.Email) {
			s.into.email = a.Email
		}
		if s.c.name != a.Name {
			s.into.comments = append(s.into.comments, fmt.Sprintf("Its name in AWS is %s, which the file cannot express, and stays.", Spoken(a.Name)))
		}
		level := Note
		if u := b.units[a.UnitID]; u == nil || u.path != config.OUSecurity {
			level = Warning
			b.result.Moves = append(b.result.Moves, Move{a.Name, a.ID, b.where(a), config.OUSecurity})
			s.into.comments = append(s.into.comments, fmt.Sprintf("A deploy moves it from %s into the OU Security.", place(b.where(a))))
		}
		b.find(level, s.c.role+" account", strings.TrimSuffix(s.c.why, ".")+"; nothing else should run in it", s.c.do)
		b.result.Adopted++
	}
	b.result.Adopted += len(b.lines)
}

// finish sorts what was found and writes the file.
func (b *adopter) finish() {
	r := b.result
	slices.SortStableFunc(r.Findings, func(x, y Finding) int {
		return cmp.Or(rank(x.Level)-rank(y.Level), strings.Compare(x.About, y.About))
	})
	slices.SortFunc(r.Moves, func(x, y Move) int {
		return cmp.Or(strings.Compare(x.To, y.To), strings.Compare(x.Account, y.Account), strings.Compare(x.ID, y.ID))
	})
	slices.SortFunc(r.LeftOut, func(x, y Omission) int {
		return cmp.Or(strings.Compare(x.From, y.From), strings.Compare(x.Account, y.Account), strings.Compare(x.ID, y.ID))
	})
	d := b.draft
	d.leftOut = r.LeftOut
	d.preamble = append(d.preamble, fmt.Sprintf("Written from the organization %s with %s. Read this before the first deploy, which binds accounts that people use.",
		Spoken(b.org.ID), count(len(b.org.Accounts), "account")))
	for _, f := range r.Findings {
		if f.Level == Note {
			continue
		}
		text := fmt.Sprintf("%s: %s: %s.", strings.ToUpper(string(f.Level)), f.About, f.Message)
		if f.Do != "" {
			text += " What to do: " + f.Do + "."
		}
		d.preamble = append(d.preamble, "  "+text)
	}
	if len(r.Moves) > 0 {
		d.preamble = append(d.preamble, fmt.Sprintf("  MOVES: a deploy moves %s, and with the OU change the policies that bind it:", count(len(r.Moves), "account")))
		for i, m := range r.Moves {
			if i == maxListed {
				d.preamble = append(d.preamble, fmt.Sprintf("    and %d more, which landfall init --json lists", len(r.Moves)-i))
				break
			}
			d.preamble = append(d.preamble, fmt.Sprintf("    %s (%s): %s -> %s", Spoken(m.Account), m.ID, place(m.From), m.To))
		}
	}
	r.Text = d.text()
	if len(r.Text) > config.MaxFileBytes {
		d.short = true
		r.Text = d.text()
	}
	if len(r.Text) > config.MaxFileBytes {
		d.withTags = false
		b.find(Warning, "tags", fmt.Sprintf("with the accounts' tags the file would be larger than the %d bytes that are read, so it has none; they stay on the accounts as they are", config.MaxFileBytes), "")
		slices.SortStableFunc(r.Findings, func(x, y Finding) int { return rank(x.Level) - rank(y.Level) })
		r.Text = d.text()
	}
}

// maxListed is how many items a comment lists.
const maxListed = 50

func rank(l Level) int { return slices.Index([]Level{Blocker, Warning, Note}, l) }

// called names an account in messages.
func called(a Account) string { return fmt.Sprintf("account %s (%s)", Spoken(a.Name), a.ID) }

func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	if stem, is := strings.CutSuffix(word, "y"); is {
		word = stem + "ie"
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// some lists the first words and counts the others.
func some(words []string, most int) string {
	shown := make([]string, 0, most)
	for i, w := range words {
		if i == most {
			return fmt.Sprintf("%s and %d more", strings.Join(shown, ", "), len(words)-i)
		}
		shown = append(shown, Spoken(w))
	}
	return strings.Join(shown, ", ")
}
