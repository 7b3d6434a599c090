package initialize

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/landfall-aws/landfall/config"
)

// wordRule is a rule of the file for one word.
type wordRule struct {
	pattern  *regexp.Regexp
	min, max int
}

func (r wordRule) fits(s string) bool {
	n := utf8.RuneCountInString(s)
	return utf8.ValidString(s) && n >= r.min && n <= r.max && r.pattern.MatchString(s)
}

// rules are those of the file's rules that what exists in AWS can break.
type rules struct {
	ou, account, email, tagKey, tagValue wordRule
	ouShape                              string
	prefix                               string
}

func newRules() rules {
	all := config.Rules()
	ou, account, email, tags := all["LandingZone.OrganizationalUnits"], all["Account.Name"], all["Account.Email"], all["Account.Tags"]
	word := func(pattern string, least, most int) wordRule {
		return wordRule{regexp.MustCompile(pattern), least, most}
	}
	return rules{
		ou:       word(ou.Pattern, 1, config.MaxOUNameLength),
		ouShape:  "printable ASCII characters without spaces at the ends",
		account:  word(account.Pattern, account.MinLength, account.MaxLength),
		email:    word(email.Pattern, email.MinLength, email.MaxLength),
		tagKey:   word(tags.KeyPattern, 1, config.MaxTagKeyLength),
		tagValue: word(tags.Pattern, 0, tags.MaxLength),
		prefix:   config.Default().Prefix,
	}
}

// reserved says whether a name is one that the zone keeps for itself.
func (r rules) reserved(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, r.prefix+"-") || strings.HasPrefix(lower, r.prefix+":")
}

// name is an account's name, or the nearest one that the file can express.
func (r rules) name(a Account) string {
	if r.account.fits(a.Name) && !r.reserved(a.Name) {
		return a.Name
	}
	ascii := strings.TrimSpace(strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '-'
		}
		return c
	}, a.Name))
	if strings.Trim(ascii, "- ") == "" {
		ascii = "account"
	}
	if r.reserved(ascii) {
		ascii = "account-" + ascii
	}
	return cut(ascii, config.MaxAccountNameLength)
}

// withID makes a name that is not taken with the account's id.
func (r rules) withID(name, id string, taken map[string]bool) string {
	for i := 1; ; i++ {
		end := "-" + id
		if i > 1 {
			end = fmt.Sprintf("-%s-%d", id, i)
		}
		made := cut(name, config.MaxAccountNameLength-len(end)) + end
		if !taken[strings.ToLower(made)] {
			return made
		}
	}
}

// cut shortens a name of ASCII characters.
func cut(s string, most int) string { return strings.TrimSpace(s[:min(len(s), most)]) }

// GuessEmail finds the pattern of addresses that most accounts of an organization follow, and how many do; "" and 0 when
// fewer than two agree.
func GuessEmail(org *Organization) (pattern string, accounts int) {
	rule := config.Rules()["LandingZone.Email"]
	valid := regexp.MustCompile(rule.Pattern)
	votes := map[string]int{}
	for _, a := range org.Accounts {
		word := strings.ToLower(config.EmailFor("{account}", a.Name))
		email := strings.ToLower(a.Email)
		local, domain, found := strings.Cut(email, "@")
		at := strings.LastIndex(local, word)
		if word == "" || !found || at < 0 || a.ID == org.ManagementAccountID {
			continue
		}
		candidate := local[:at] + "{account}" + local[at+len(word):] + "@" + domain
		// A pattern that is the name alone is one as well, but not one that keeps addresses apart from those of people.
		if valid.MatchString(candidate) && strings.Count(candidate, "{") == 1 {
			votes[candidate]++
		}
	}
	for candidate, n := range votes {
		if n > accounts || n == accounts && candidate < pattern {
			pattern, accounts = candidate, n
		}
	}
	if accounts < 2 {
		return "", 0
	}
	return pattern, accounts
}

// candidate is the account that becomes a security account, or the name of a new one.
type candidate struct {
	role    string // "log archive" or "audit"
	account *Account
	name    string
	why, do string
}

func (c *candidate) is(a Account) bool { return c != nil && c.account != nil && c.account.ID == a.ID }

// role is what one of the two security accounts is recognized by.
type role struct {
	name, choice, flag, fallback string
	// exact and partial are words in account names without hyphens and spaces, the surest first.
	exact, partial []string
}

func securityRoles() []role {
	return []role{
		{"log archive", "LogArchive", "--log-archive", config.Default().Security.LogArchive.Name,
			[]string{"logarchive", "logarchives", "logging", "centrallogging", "centrallogs", "logs", "log"}, []string{"logarchive"}},
		{"audit", "Audit", "--audit", config.Default().Security.Audit.Name,
			[]string{"audit", "securityaudit", "securitytooling", "securitytools", "security"}, []string{"securitytool"}},
	}
}

// chooseSecurity decides which accounts become the security accounts.
func (b *adopter) chooseSecurity() error {
	roles := securityRoles()
	var err error
	if b.logArchive, err = b.choose(roles[0], b.choices.LogArchive, nil); err != nil {
		return err
	}
	if b.audit, err = b.choose(roles[1], b.choices.Audit, b.logArchive.account); err != nil {
		return err
	}
	if b.logArchive.account != nil && b.audit.is(*b.logArchive.account) {
		return &ChoiceError{"Audit", called(*b.audit.account) + " cannot be the log archive and the audit account at once"}
	}
	// Names of the file differ in more than upper and lower case.
	if strings.EqualFold(b.audit.name, b.logArchive.name) && b.audit.account != nil {
		b.audit.name = b.rules.withID(b.audit.name, b.audit.account.ID, map[string]bool{strings.ToLower(b.logArchive.name): true})
	}
	return nil
}

func (b *adopter) choose(r role, choice string, other *Account) (*candidate, error) {
	var able []Account
	for _, a := range b.org.Accounts {
		if b.unfit(a) == "" && (other == nil || a.ID != other.ID) {
			able = append(able, a)
		}
	}
	slices.SortFunc(able, func(x, y Account) int { return strings.Compare(x.ID, y.ID) })
	adopt := func(a Account, why, do string) *candidate {
		return &candidate{role: r.name, account: &a, name: b.rules.name(a), why: why, do: do}
	}
	switch choice {
	case New:
		return b.fresh(r, "", nil), nil
	case "":
		return b.guess(r, able, adopt), nil
	}
	var named []Account
	for _, a := range b.org.Accounts {
		if a.ID == choice || strings.EqualFold(a.Name, choice) {
			named = append(named, a)
		}
	}
	switch {
	case len(named) == 0:
		return nil, &ChoiceError{r.choice, fmt.Sprintf("the organization has no account with the name or id %s; to have one made, write %s", Spoken(choice), New)}
	case len(named) > 1:
		var ids []string
		for _, a := range named {
			ids = append(ids, a.ID)
		}
		slices.Sort(ids)
		return nil, &ChoiceError{r.choice, fmt.Sprintf("%d accounts have the name %s: choose one by its id, %s", len(named), Spoken(choice), strings.Join(ids, " or "))}
	}
	if reason := b.unfit(named[0]); reason != "" {
		return nil, &ChoiceError{r.choice, called(named[0]) + " cannot be chosen: " + reason}
	}
	return adopt(named[0], fmt.Sprintf("It is %s, as chosen.", called(named[0])), ""), nil
}

// guess takes the account whose role or name says what it is. When two are alike it takes none.
func (b *adopter) guess(r role, able []Account, adopt func(Account, string, string) *candidate) *candidate {
	otherwise := fmt.Sprintf("if it is not, choose another with %s NAME, or %s %s", r.flag, r.flag, New)
	if r.choice == "Audit" {
		if a, services, is := b.administrator(able); is {
			return adopt(a, fmt.Sprintf("It is %s, because it administers %s for the organization.", called(a), services), otherwise)
		}
	}
	type rule struct {
		word  string
		exact bool
	}
	var order []rule
	for _, w := range r.exact {
		order = append(order, rule{w, true})
	}
	for _, w := range r.partial {
		order = append(order, rule{w, false})
	}
	for _, o := range order {
		var found []Account
		for _, a := range able {
			name := squeeze(a.Name)
			if name == o.word || !o.exact && strings.Contains(name, o.word) {
				found = append(found, a)
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			return adopt(found[0], fmt.Sprintf("It is %s, by its name.", called(found[0])), otherwise)
		}
		return b.fresh(r, "several accounts have such a name", found)
	}
	return b.fresh(r, "no account has such a name", nil)
}

// administrator is the one account that administers security services for the organization.
func (b *adopter) administrator(able []Account) (Account, string, bool) {
	services := map[string][]string{}
	for _, s := range delegatedServices() {
		if !s.hub {
			continue
		}
		for _, id := range b.org.Delegated[s.principal] {
			services[id] = append(services[id], s.name)
		}
	}
	if len(services) != 1 {
		return Account{}, "", false
	}
	for _, a := range able {
		if s := services[a.ID]; s != nil {
			return a, strings.Join(s, ", "), true
		}
	}
	return Account{}, "", false
}

// squeeze is a name in lower case with letters and digits only.
func squeeze(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, strings.ToLower(name))
}

// fresh is a new account with a name and an address that nothing in the organization has.
func (b *adopter) fresh(r role, because string, alike []Account) *candidate {
	taken := map[string]bool{}
	for _, a := range b.org.Accounts {
		taken["name "+strings.ToLower(a.Name)], taken["email "+strings.ToLower(a.Email)] = true, true
	}
	name := r.fallback
	for i := 2; taken["name "+name] || taken["email "+strings.ToLower(config.EmailFor(b.draft.answers.Email, name))]; i++ {
		name = fmt.Sprintf("%s-%d", r.fallback, i)
	}
	c := &candidate{role: r.name, name: name, why: fmt.Sprintf("It is the new account %s, which a deploy creates.", name)}
	if because != "" {
		c.why = fmt.Sprintf("It is the new account %s, which a deploy creates, because %s.", name, because)
		c.do = fmt.Sprintf("if an account of the organization shall be it, choose it with %s NAME", r.flag)
	}
	if len(alike) > 0 {
		var names []string
		for _, a := range alike {
			names = append(names, fmt.Sprintf("%s (%s)", a.Name, a.ID))
		}
		c.do += ": " + some(names, 5)
	}
	return c
}
