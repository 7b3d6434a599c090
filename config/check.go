package config

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// check reports what is wrong between several keys. It leaves out values that have a problem of their own.
func (c *checker) check(z *LandingZone) {
	c.checkRegions(z)
	c.checkLogs(z)
	c.checkServices(z)
	c.checkChat(z)
	c.checkLevels(z)
	known := c.checkOUs(z)
	members := c.members(z)
	c.checkNames(z, members)
	c.checkEmails(z, members)
	c.checkIDs(members)
	c.checkPlacement(z, known)
	c.checkTags(z)
	c.checkIdentity(z, members, known)
}

// good says whether a path is in the file and has no problem.
func (c *checker) good(path string) bool {
	_, present := c.places[path]
	return present && !c.spoiled[path]
}

// where is the place of a value, or of the nearest mapping around it when it is absent.
func (c *checker) where(path string) position {
	for {
		if p, present := c.places[path]; present {
			return p.value
		}
		cut := strings.LastIndexAny(path, ".[")
		path = path[:max(cut, 0)]
	}
}

func (c *checker) line(path string) int { return c.where(path).line }

func index(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

func (c *checker) checkRegions(z *LandingZone) {
	const home, governed, retired = "regions.home", "regions.governed", "regions.retired"
	if c.good(home) && c.good(governed) && !slices.Contains(z.Regions.Governed, z.Regions.Home) && !c.anySpoiled(governed, len(z.Regions.Governed)) {
		c.report(c.where(home), home, Problem{Value: z.Regions.Home, Message: fmt.Sprintf("the home Region is not governed (regions.governed, line %d), so it would have no baseline", c.places[governed].key.line), Fix: "add it to regions.governed"})
	}
	for i, r := range z.Regions.Retired {
		p := index(retired, i)
		if !c.good(p) {
			continue
		}
		if j := slices.Index(z.Regions.Governed, r); j >= 0 {
			c.report(c.where(p), p, Problem{Value: r, Message: fmt.Sprintf("the Region is governed (%s, line %d) and retired at once", index(governed, j), c.line(index(governed, j))), Fix: "remove it from one of the two lists"})
		} else if r == z.Regions.Home && c.good(home) {
			c.report(c.where(p), p, Problem{Value: r, Message: fmt.Sprintf("the home Region (line %d) cannot be retired: it holds the zone's stacks and the log archive", c.line(home)), Fix: "remove it from regions.retired"})
		}
	}
}

func (c *checker) anySpoiled(list string, n int) bool {
	for i := range n {
		if c.spoiled[index(list, i)] {
			return true
		}
	}
	return false
}

func (c *checker) checkLogs(z *LandingZone) {
	const archive, expire, lock = "logs.archiveAfterDays", "logs.expireAfterDays", "logs.objectLock.days"
	l := z.Logs
	if l.ExpireAfterDays == 0 || c.spoiled[expire] {
		return
	}
	// The problem stands at the key that the file has; the other one may be a default.
	if l.ArchiveAfterDays >= l.ExpireAfterDays && !c.spoiled[archive] {
		c.report(c.where(expire), expire, Problem{Value: fmt.Sprint(l.ExpireAfterDays), Message: fmt.Sprintf("log files would be deleted before they are archived: archiveAfterDays is %d%s", l.ArchiveAfterDays, c.byDefault(archive)), Fix: "make archiveAfterDays smaller, or 0 to never archive"})
	}
	if l.ExpireAfterDays < l.ObjectLock.Days && !c.spoiled[lock] {
		c.report(c.where(expire), expire, Problem{Value: fmt.Sprint(l.ExpireAfterDays), Message: fmt.Sprintf("log files cannot be deleted while they are locked: objectLock.days is %d%s", l.ObjectLock.Days, c.byDefault(lock)), Fix: "write " + fmt.Sprint(l.ObjectLock.Days) + " or more, or 0 to keep them for ever"})
	}
}

func (c *checker) checkServices(z *LandingZone) {
	const hub, recorder = "services.securityHub.enabled", "services.config.enabled"
	s := z.Services
	if s.SecurityHub.Enabled && !s.Config.Enabled && !c.spoiled[recorder] {
		c.report(c.where(recorder), recorder, Problem{Value: "false", Message: "Security Hub is on" + c.byDefault(hub) + " and finds almost nothing without the recorder of AWS Config", Fix: "remove this line, or turn Security Hub off too: securityHub: {enabled: false}"})
	}
	const controls = "services.securityHub.disabledControls"
	first := map[string]int{}
	for i, control := range s.SecurityHub.DisabledControls {
		path := index(controls, i) + ".id"
		if !c.good(path) {
			continue
		}
		if before, twice := first[strings.ToLower(control.ID)]; twice {
			c.report(c.where(path), path, Problem{Value: control.ID, Message: fmt.Sprintf("the control is in the list twice, first on line %d", before), Fix: "keep one of the two"})
			continue
		}
		first[strings.ToLower(control.ID)] = c.line(path)
	}
}

// checkLevels refuses to turn every mandatory guardrail off at once, which no reason could explain one by one.
func (c *checker) checkLevels(z *LandingZone) {
	const levels = "guardrails.levels"
	if c.good(levels) && z.Guardrails.Levels != nil && !slices.Contains(z.Guardrails.Levels, LevelMandatory) {
		c.report(c.where(levels), levels, Problem{Value: strings.Join(z.Guardrails.Levels, ", "), Message: "without mandatory, every mandatory guardrail would be off at once",
			Fix: "add mandatory, and turn single ones off in guardrails.changes, each with a reason"})
	}
}

// checkChat checks that each chat channel is one, and is there once.
func (c *checker) checkChat(z *LandingZone) {
	const list = "alerts.chat"
	type ids struct {
		slack SlackChannel
		teams TeamsChannel
	}
	first := map[ids]string{}
	for i, channel := range z.Alerts.Chat {
		path := index(list, i)
		if c.spoiled[path] {
			continue
		}
		_, slack := c.places[path+".slack"]
		_, teams := c.places[path+".teams"]
		if slack == teams {
			message := "the channel is neither one of Slack nor one of Teams"
			if slack {
				message = "one entry is one channel, and this one names a channel of Slack and one of Teams"
			}
			c.report(c.where(path), path, Problem{Message: message, Fix: "write one entry for each channel, with either slack or teams"})
			continue
		}
		if channel.Slack.Channel == "" && channel.Teams.Channel == "" {
			continue // its own problem
		}
		same := ids{channel.Slack, channel.Teams}
		if before, twice := first[same]; twice {
			c.report(c.where(path), path, Problem{Message: "the list has this channel twice, first at " + before + fmt.Sprintf(" on line %d", c.line(before)), Fix: "put the tiers of both into one entry"})
			continue
		}
		first[same] = path
	}
}

// byDefault tells where a number comes from, for the end of a message.
func (c *checker) byDefault(path string) string {
	if p, present := c.places[path]; present {
		return fmt.Sprintf(" (line %d)", p.value.line)
	}
	return " by default"
}

// checkOUs returns the paths of all OUs of the zone, sorted.
func (c *checker) checkOUs(z *LandingZone) []string {
	const list = "organizationalUnits"
	spelled := map[string]string{}
	origin := map[string]string{}
	for _, p := range DefaultOUs() {
		spelled[strings.ToLower(p)], origin[strings.ToLower(p)] = p, "every zone has it"
	}
	var valid []string
	for i, ou := range z.OrganizationalUnits {
		p := index(list, i)
		if !c.good(p) {
			continue
		}
		names := strings.Split(ou, "/")
		if top := names[0]; len(names) > 1 && (strings.EqualFold(top, OUSecurity) || strings.EqualFold(top, OUSuspended)) {
			c.report(c.where(p), p, Problem{Value: ou, Message: "the OU " + top + " is reserved and holds no other OU", Fix: "put the OU elsewhere, for example at Workloads/" + names[len(names)-1]})
			continue
		}
		if name := c.reserved(z, names...); name != "" {
			c.report(c.where(p), p, Problem{Value: name, Message: c.reservedMessage(z, "OU")})
			continue
		}
		if before, clash := c.clash(spelled, names); clash {
			c.report(c.where(p), p, Problem{Value: ou, Message: fmt.Sprintf("the OU differs from %s (%s) in upper and lower case only", before, origin[strings.ToLower(before)]), Nearest: before + ou[len(before):], Fix: "spell both the same, or choose another name"})
			continue
		}
		for n := range names {
			path := strings.Join(names[:n+1], "/")
			if lower := strings.ToLower(path); spelled[lower] == "" {
				spelled[lower], origin[lower] = path, fmt.Sprintf("%s, line %d", p, c.line(p))
			}
		}
		valid = append(valid, ou)
	}
	known := OUPaths(valid)
	if len(known) > MaxOUs && c.good(list) {
		c.report(c.where(list), list, Problem{Message: fmt.Sprintf("the zone has %d OUs with the default ones and all parents, and AWS Organizations holds at most %d", len(known), MaxOUs)})
	}
	return known
}

// clash finds a level of a path that is known in other upper and lower case.
func (c *checker) clash(spelled map[string]string, names []string) (before string, clash bool) {
	for n := range names {
		path := strings.Join(names[:n+1], "/")
		if before := spelled[strings.ToLower(path)]; before != "" && before != path {
			return before, true
		}
	}
	return "", false
}

// reserved returns the first name that starts with the zone's prefix, or "".
func (c *checker) reserved(z *LandingZone, names ...string) string {
	if c.spoiled["prefix"] || z.Prefix == "" {
		return ""
	}
	for _, n := range names {
		lower := strings.ToLower(n)
		if strings.HasPrefix(lower, z.Prefix+"-") || strings.HasPrefix(lower, z.Prefix+":") {
			return n
		}
	}
	return ""
}

func (c *checker) reservedMessage(z *LandingZone, what string) string {
	return fmt.Sprintf("%s- and %s: are reserved for what the zone owns (key prefix), and this %s starts with it", z.Prefix, z.Prefix, what)
}

// member is one account of the file, a security account or a workload account.
type member struct {
	path, name, email, id string
	// what names a security account for messages when the file does not have it.
	what string
}

// members lists the accounts of the file, the security accounts first. Values that have a problem are "".
func (c *checker) members(z *LandingZone) []member {
	all := []member{
		{path: "security.logArchive", name: z.Security.LogArchive.Name, email: z.Security.LogArchive.Email, id: z.Security.LogArchive.ID, what: "the log-archive account that every zone has"},
		{path: "security.audit", name: z.Security.Audit.Name, email: z.Security.Audit.Email, id: z.Security.Audit.ID, what: "the audit account that every zone has"},
	}
	for i, a := range z.Accounts {
		all = append(all, member{path: index("accounts", i), name: a.Name, email: a.Email, id: a.ID})
	}
	for i := range all {
		m := &all[i]
		if c.spoiled[m.path+".name"] {
			m.name = ""
		}
		if c.spoiled[m.path+".id"] {
			m.id = ""
		}
	}
	return all
}

// called names the place of a member for messages about another one.
func (c *checker) called(m member, key string) string {
	if _, present := c.places[m.path+"."+key]; !present && m.what != "" {
		if _, there := c.places[m.path]; !there {
			return m.what
		}
	}
	return fmt.Sprintf("%s (line %d)", m.path, c.line(m.path+"."+key))
}

// pair decides which of two members that collide is reported: the later one, unless only the earlier one is in the file.
func (c *checker) pair(a, b member) (reported, other member) {
	if _, present := c.places[b.path]; !present {
		return a, b
	}
	return b, a
}

func (c *checker) checkNames(z *LandingZone, members []member) {
	first := map[string]member{}
	for _, m := range members {
		if m.name == "" {
			continue
		}
		if before, repeated := first[strings.ToLower(m.name)]; repeated {
			m, other := c.pair(before, m)
			c.report(c.where(m.path+".name"), m.path+".name", Problem{Value: m.name, Message: "another account has this name: " + c.called(other, "name") + "; names must differ in more than upper and lower case", Fix: "give one of the two another name"})
			continue
		}
		first[strings.ToLower(m.name)] = m
		if c.reserved(z, m.name) != "" {
			c.report(c.where(m.path+".name"), m.path+".name", Problem{Value: m.name, Message: c.reservedMessage(z, "account name"), Fix: "choose another name"})
		}
	}
}

func (c *checker) checkEmails(z *LandingZone, members []member) {
	email := c.rules["Account.Email"]
	first := map[string]member{}
	for _, m := range members {
		key := m.path + ".email"
		generated := m.email == ""
		switch {
		case c.spoiled[key] || c.spoiled[m.path]:
			continue
		case generated && (m.name == "" || !c.good("email")):
			continue
		case generated:
			m.email = EmailFor(z.Email, m.name)
			if !c.generated(z, m, email) {
				continue
			}
		}
		before, repeated := first[strings.ToLower(m.email)]
		if !repeated {
			first[strings.ToLower(m.email)] = m
			continue
		}
		m, other := c.pair(before, m)
		if c.spoiled[m.path+".name"] {
			// The accounts have the same name, which says it all.
			continue
		}
		subject, at := "another account has this e-mail address: ", m.path+".email"
		if _, present := c.places[at]; !present {
			subject, at = "the pattern email makes an address that another account has: ", m.path+".name"
		}
		c.report(c.where(at), m.path+".email", Problem{Value: m.email, Message: subject + c.called(other, "email") + "; AWS accepts an address once only", Fix: "give one of the two an email of its own"})
	}
}

// generated checks an address that the pattern made.
func (c *checker) generated(z *LandingZone, m member, r rule) bool {
	at, path := c.where(m.path+".name"), m.path+".email"
	if _, present := c.places[m.path]; !present {
		at, path = c.where("email"), "email"
	}
	subject := fmt.Sprintf("for the account %q, the pattern email (line %d) makes", m.name, c.line("email"))
	fix := "give the account an email of its own, or shorten its name or the pattern"
	if m.email == EmailFor(z.Email, "") {
		c.report(at, path, Problem{Value: m.email, Message: subject + " an address without any letter or digit of the name", Fix: "give the account an email of its own"})
		return false
	}
	if n := utf8.RuneCountInString(m.email); n > MaxEmailLength {
		c.report(at, path, Problem{Value: m.email, Message: fmt.Sprintf("%s an address of %d characters, and at most %d are allowed", subject, n, MaxEmailLength), Fix: fix})
		return false
	}
	if p, ok := r.word(m.email); !ok {
		c.report(at, path, Problem{Value: m.email, Message: subject + " no valid address: " + p.Message, Fix: fix})
		return false
	}
	return true
}

func (c *checker) checkIDs(members []member) {
	first := map[string]member{}
	for _, m := range members {
		if m.id == "" {
			continue
		}
		if before, repeated := first[m.id]; repeated {
			c.report(c.where(m.path+".id"), m.path+".id", Problem{Value: m.id, Message: "another account has this id: " + c.called(before, "id")})
			continue
		}
		first[m.id] = m
	}
}

// checkPlacement checks that each workload account is in an OU that it may be in. known are all OUs.
func (c *checker) checkPlacement(z *LandingZone, known []string) {
	isKnown := map[string]bool{}
	for _, p := range known {
		isKnown[p] = true
	}
	places := slices.DeleteFunc(slices.Clone(known), func(p string) bool { return p == OUSecurity || p == OUSuspended })
	allowed := places
	if len(allowed) > maxListed {
		allowed = nil
	}
	near := map[string]string{}
	for i, a := range z.Accounts {
		p := index("accounts", i) + ".ou"
		if !c.good(p) {
			continue
		}
		top, _, _ := strings.Cut(a.OU, "/")
		switch {
		case strings.EqualFold(top, OUSecurity):
			c.report(c.where(p), p, Problem{Value: a.OU, Message: "the OU Security holds the log-archive and audit accounts only", Allowed: allowed, Fix: "put an account for security tools into the OU Infrastructure; name an audit account that exists under security.audit"})
		case strings.EqualFold(top, OUSuspended) && a.State == StateSuspended:
			c.report(c.where(p), p, Problem{Value: a.OU, Message: "the account's state moves it to the OU Suspended, and its ou says where it returns to", Allowed: allowed, Fix: "write the OU that the account came from"})
		case strings.EqualFold(top, OUSuspended):
			c.report(c.where(p), p, Problem{Value: a.OU, Message: "the OU Suspended holds suspended accounts only", Fix: "to suspend the account, keep its former ou and add the key state: suspended"})
		case !isKnown[a.OU] && !c.declaredWrong(a.OU, z):
			if _, looked := near[a.OU]; !looked && len(near) < maxLookups {
				near[a.OU] = Nearest(a.OU, places)
			}
			c.report(c.where(p), p, Problem{Value: a.OU, Message: "there is no such OU", Allowed: allowed, Nearest: near[a.OU], Fix: "to have it made, add it to organizationalUnits"})
		}
	}
}

// maxLookups bounds how many unknown OUs, and how many unknown names of identityCenter, get a suggestion, because each
// look-up reads all names.
const maxLookups = 50

// declaredWrong says whether organizationalUnits lists an OU with a problem of its own, so that a second message would only repeat it.
func (c *checker) declaredWrong(ou string, z *LandingZone) bool {
	i := slices.Index(z.OrganizationalUnits, ou)
	return i >= 0 && c.spoiled[index("organizationalUnits", i)]
}

func (c *checker) checkTags(z *LandingZone) {
	c.tagKeys(z, "tags", z.Tags)
	if keys := slices.Sorted(maps.Keys(z.Tags)); len(keys) > 0 {
		first := map[string]string{}
		for _, k := range keys {
			before, repeated := first[strings.ToLower(k)]
			if !repeated {
				first[strings.ToLower(k)] = k
				continue
			}
			// The later one in the file is the one to report.
			if c.places[join("tags", before)].key.line > c.places[join("tags", k)].key.line {
				before, k = k, before
			}
			p := join("tags", k)
			c.report(c.places[p].key, p, Problem{Value: k, Message: fmt.Sprintf("the tag %s (line %d) differs in upper and lower case only, and IAM takes the two for one", before, c.places[join("tags", before)].key.line), Fix: "remove one of the two"})
		}
	}
	for i, a := range z.Accounts {
		path := index("accounts", i) + ".tags"
		c.tagKeys(z, path, a.Tags)
		all := maps.Clone(z.Tags)
		if all == nil {
			all = map[string]string{}
		}
		maps.Copy(all, a.Tags)
		if len(all) > MaxTags && c.good(path) && !c.spoiled["tags"] {
			c.report(c.where(path), path, Problem{Message: fmt.Sprintf("with the %d tags of the zone the account has %d, and at most %d are allowed", len(z.Tags), len(all), MaxTags)})
		}
	}
}

func (c *checker) tagKeys(z *LandingZone, path string, tags map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		if p := join(path, k); c.reserved(z, k) != "" {
			c.report(c.places[p].key, p, Problem{Value: k, Message: c.reservedMessage(z, "tag key"), Fix: "choose another key"})
		}
	}
}
