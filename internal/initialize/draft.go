package initialize

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// draft is a file before it is text.
type draft struct {
	answers Answers
	// preamble are the lines of comment at the top that say where the file comes from.
	preamble []string
	// existing says that the zone adopts an organization.
	existing          bool
	logArchive, audit security
	ous               []string
	accounts          []line
	leftOut           []Omission
	// besideControlTower says that AWS Control Tower governs the organization too.
	besideControlTower bool
	// withTags writes the tags of accounts.
	withTags bool
	// short keeps lists in comments short and leaves out comments of accounts, for the largest organizations.
	short bool
}

// security is a security account as the file has it. A blank name leaves it to its default.
type security struct {
	name, id, email string
	comments        []string
}

// line is one workload account of the file.
type line struct {
	name, ou, id, email string
	tags                map[string]string
	comments            []string
}

func newDraft(a Answers) *draft {
	if len(a.Governed) == 0 {
		a.Governed = []string{a.Home}
	}
	return &draft{answers: a, withTags: true}
}

// writer collects the lines of the file.
type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// comment writes comments of at most commentWidth columns with the given indent.
func (w *writer) comment(indent, text string) {
	for _, l := range wrap(text, commentWidth-len(indent)-2) {
		w.line("%s# %s", indent, l)
	}
}

// commentWidth is where comments are broken, in columns.
const commentWidth = 120

// wrap breaks a text at spaces into lines of at most width bytes. Spaces at its start indent every line after the first two deeper.
func wrap(text string, width int) []string {
	rest := strings.TrimLeft(text, " ")
	indent := text[:len(text)-len(rest)]
	var lines []string
	current := indent
	for word := range strings.FieldsSeq(rest) {
		if len(current)+1+len(word) > width && strings.TrimSpace(current) != "" {
			lines = append(lines, current)
			current = indent
			if indent != "" {
				current += "  "
			}
		}
		if strings.TrimSpace(current) != "" {
			current += " "
		}
		current += word
	}
	return append(lines, current)
}

func (d *draft) text() string {
	w, a := &writer{}, d.answers
	if a.Schema != "" {
		w.line("# yaml-language-server: $schema=%s\n", a.Schema)
	}
	w.line("# The landing zone, in one file. Edit it, run `cdk deploy --all`, commit it.")
	w.line("# Every key that is not here has a safe default: docs/configuration.md.")
	w.line("# Check your edit at any time, without credentials: go run ./cmd/landfall check")
	if len(d.preamble) > 0 {
		w.line("#")
		for _, l := range d.preamble {
			w.comment("", l)
		}
	}
	w.line("\n# Names the zone in descriptions, tags and reports.")
	w.line("zone: %s", scalar(a.Zone))
	w.line("\n# The home Region holds the stacks and the log archive; it can never change after the first deploy.")
	w.line("# Governed Regions receive the baseline. us-east-1 is always watched: global services record their events there.")
	w.line("regions:\n  home: %s\n  governed:", scalar(a.Home))
	for _, r := range a.Governed {
		w.line("    - %s", scalar(r))
	}
	w.line("\n# Every account needs an e-mail address of its own that you can read; {account} becomes the account's name.")
	w.line("email: %s", scalar(a.Email))
	w.line("\n# Who is told when something matters. Each address must confirm one mail from AWS.")
	w.line("alerts:")
	if len(a.Recipients) == 0 {
		w.line("  recipients: []")
	} else {
		w.line("  recipients:")
	}
	for _, r := range a.Recipients {
		w.line("    - %s", scalar(r))
	}
	w.line("\n# Whom AWS itself writes to about abuse and exposed keys, in every account, besides the root e-mail address.")
	w.line("# contacts:\n#   security: {name: Security Team, title: On-call engineer, email: security@example.com, phone: \"+49 30 1234567\"}")
	d.writeSecurity(w)
	d.writeGuardrails(w)
	d.writeOUs(w)
	d.writeAccounts(w)
	return w.String()
}

func (d *draft) writeSecurity(w *writer) {
	if !d.existing {
		return
	}
	w.line("\n# The two accounts that every zone has. An account with an id is adopted and moves into the OU Security; one without is created.")
	w.line("security:")
	for _, s := range []struct {
		key string
		security
	}{{"logArchive", d.logArchive}, {"audit", d.audit}} {
		w.line("  %s:", s.key)
		for _, c := range s.comments {
			w.comment("    ", c)
		}
		w.line("    name: %s", scalar(s.name))
		if s.id != "" {
			w.line("    id: %s", quoted(s.id))
		}
		if s.email != "" {
			w.line("    email: %s", scalar(s.email))
		}
	}
}

func (d *draft) writeGuardrails(w *writer) {
	switch {
	case d.besideControlTower:
		w.line("\n# AWS Control Tower governs this organization too: guardrails leave its policies room on every target.")
		w.line("# They bind every account with the first deploy. To begin with the fewest, add levels: [mandatory] here.")
		w.line("guardrails:\n  quotas: controlTower")
		w.line("\n# Accounts that Control Tower enrolled have a recorder of AWS Config, and AWS allows one in a Region; Security Hub needs it to")
		w.line("# be the zone's. Remove these lines once Control Tower no longer records. Off here leaves on what is on in AWS.")
		w.line("services:\n  config:\n    enabled: false\n  securityHub:\n    enabled: false")
	case d.existing:
		w.line("\n# Guardrails bind every account of the organization with the first deploy. To begin with the fewest, remove the hashes:")
		w.line("# guardrails:\n#   levels: [mandatory]")
	}
}

func (d *draft) writeOUs(w *writer) {
	if len(d.ous) == 0 {
		return
	}
	w.line("\n# OUs beyond those that every zone has, which are Security, Infrastructure, Workloads/Prod, Workloads/NonProd, Sandbox and Suspended.")
	if d.existing {
		w.line("# Each is found by its path and adopted.")
	}
	w.line("organizationalUnits:")
	for _, p := range d.ous {
		w.line("  - %s", scalar(p))
	}
}

func (d *draft) writeAccounts(w *writer) {
	w.line("\n# The accounts of your teams. log-archive and audit exist in every zone and need no line here.")
	w.line("# OUs that exist: Infrastructure, Workloads/Prod, Workloads/NonProd, Sandbox (more: organizationalUnits).")
	w.line("# Removing an account's line never closes the account; `state: suspended` moves it to the OU Suspended.")
	if len(d.accounts) == 0 {
		w.line("accounts: []")
	} else {
		w.line("accounts:")
	}
	for _, a := range d.accounts {
		for _, c := range a.comments {
			if !d.short {
				w.comment("  ", c)
			}
		}
		w.line("  - name: %s\n    ou: %s", scalar(a.name), scalar(a.ou))
		if a.id != "" {
			w.line("    id: %s", quoted(a.id))
		}
		if a.email != "" {
			w.line("    email: %s", scalar(a.email))
		}
		if len(a.tags) > 0 && d.withTags {
			w.line("    tags:")
			for _, k := range slices.Sorted(maps.Keys(a.tags)) {
				w.line("      %s: %s", scalar(k), scalar(a.tags[k]))
			}
		}
	}
	d.writeLeftOut(w)
}

// writeLeftOut lists the accounts without a line below the reason for it, which many may share.
func (d *draft) writeLeftOut(w *writer) {
	if len(d.leftOut) == 0 {
		return
	}
	w.line("\n# Accounts of the organization that have no line, and why. A deploy leaves them where they are.")
	for reason, group := range byReason(d.leftOut) {
		w.line("#")
		w.comment("", capital(reason)+":")
		for i, o := range group {
			switch {
			case d.short && i == maxListed:
				w.line("#   and %d more, which landfall init --json lists", len(group)-i)
			case d.short && i > maxListed:
			case o.line != nil:
				w.line("#  - {name: %s, ou: %s, id: %s, email: %s}", inFlow(o.line.name), inFlow(o.line.ou), quoted(o.line.id), inFlow(o.line.email))
			default:
				w.line("#   %s (%s) in %s", Spoken(o.Account), o.ID, place(o.From))
			}
		}
	}
}

// byReason goes through omissions in groups of one reason, sorted by it.
func byReason(omissions []Omission) iter.Seq2[string, []Omission] {
	groups := map[string][]Omission{}
	for _, o := range omissions {
		groups[o.Reason] = append(groups[o.Reason], o)
	}
	return func(yield func(string, []Omission) bool) {
		for _, reason := range slices.Sorted(maps.Keys(groups)) {
			if !yield(reason, groups[reason]) {
				return
			}
		}
	}
}

// capital starts a sentence.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// place names a place in the organization for people; "" is the root.
func place(path string) string {
	if path == "" {
		return "the root"
	}
	return Spoken(path)
}
