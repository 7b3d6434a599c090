package alert

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// GenericRunbook is the runbook of GuardDuty findings whose type no other runbook knows: AWS adds types at any time.
const GenericRunbook = "guardduty-finding"

// Runbook tells a person what to do about some alerts.
type Runbook struct {
	// ID is the name of the runbook's file.
	ID    string
	Title string
	Goal  string
	// Findings are the GuardDuty finding types that the runbook is for; * stands for any text.
	Findings []string
	// Triage are queries to paste, beyond those that follow from the alerts.
	Triage []Query
	// Contain, Eradicate, Recover and Escalate are steps, in Markdown.
	Contain, Eradicate, Recover, Escalate []string
	// Simulate says how to practise it.
	Simulate string
	// File is the runbook's file, relative to its folder.
	File string
}

// Query is something to paste.
type Query struct {
	// Title says what it answers.
	Title string `yaml:"title"`
	// One of these is set: a shell command, a CloudWatch Logs Insights query, an Athena query.
	CLI      string `yaml:"cli"`
	Insights string `yaml:"insights"`
	Athena   string `yaml:"athena"`
}

type runbookFile struct {
	ID        string   `yaml:"id"`
	Title     string   `yaml:"title"`
	Goal      string   `yaml:"goal"`
	Findings  []string `yaml:"findings"`
	Triage    []Query  `yaml:"triage"`
	Contain   []string `yaml:"contain"`
	Eradicate []string `yaml:"eradicate"`
	Recover   []string `yaml:"recover"`
	Escalate  []string `yaml:"escalate"`
	Simulate  string   `yaml:"simulate"`
}

// LoadRunbooks reads runbooks, one per *.yaml file, sorted by id. The error is a Problems when a file is wrong.
func LoadRunbooks(fsys fs.FS) ([]Runbook, error) {
	l := &loader{fsys: fsys}
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the runbooks: %w", err)
	}
	var out []Runbook
	for _, file := range files {
		var f runbookFile
		before := len(l.problems)
		doc, err := l.read(file, &f)
		if err != nil {
			return nil, err
		}
		if len(l.problems) > before {
			continue
		}
		l.checkRunbook(doc, f)
		out = append(out, Runbook{
			ID: f.ID, Title: f.Title, Goal: strings.TrimSpace(f.Goal), Findings: f.Findings, Triage: f.Triage, Contain: f.Contain,
			Eradicate: f.Eradicate, Recover: f.Recover, Escalate: f.Escalate, Simulate: strings.TrimSpace(f.Simulate), File: file,
		})
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	slices.SortFunc(out, func(a, b Runbook) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (l *loader) checkRunbook(doc document, f runbookFile) {
	if f.ID != stem(doc.file) || !kebab.MatchString(f.ID) {
		l.bad(doc, "$.id", "id is %q; it must be the file's name without .yaml, in kebab-case: %q", f.ID, stem(doc.file))
	}
	for key, empty := range map[string]bool{
		"title": f.Title == "", "goal": f.Goal == "", "contain": len(f.Contain) == 0, "eradicate": len(f.Eradicate) == 0,
		"recover": len(f.Recover) == 0, "escalate": len(f.Escalate) == 0, "simulate": f.Simulate == "",
	} {
		if empty {
			l.bad(doc, "$."+key, "%s is missing; a runbook says all of goal, contain, eradicate, recover, escalate and simulate", key)
		}
	}
	for i, q := range f.Triage {
		n := 0
		for _, text := range []string{q.CLI, q.Insights, q.Athena} {
			if text != "" {
				n++
			}
		}
		if n != 1 || q.Title == "" {
			l.bad(doc, fmt.Sprintf("$.triage[%d]", i), "triage[%d] needs a title and exactly one of cli, insights and athena", i)
		}
	}
}

// RunbookForFinding is the id of the runbook for a GuardDuty finding type: the one with the most exact pattern that
// fits, or GenericRunbook.
func RunbookForFinding(runbooks []Runbook, findingType string) string {
	best, letters := GenericRunbook, -1
	for _, r := range runbooks {
		for _, p := range r.Findings {
			if n := len(strings.ReplaceAll(p, "*", "")); n > letters && glob(p).MatchString(findingType) {
				best, letters = r.ID, n
			}
		}
	}
	return best
}

func glob(pattern string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
}

// Document renders a runbook as Markdown, with the alerts and alarms that point to it.
func (r Runbook) Document(c *Catalogue, filters []MetricFilter) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- Generated from controls/runbooks/%s and the alert catalogue. Edit those. -->\n\n# %s\n\n%s\n", r.File, r.Title, r.Goal)
	alerts := slices.DeleteFunc(slices.Clone(c.Alerts), func(a Alert) bool { return a.Runbook != r.ID })
	r.writeAlerts(&b, alerts, filters)
	if len(r.Findings) > 0 {
		fmt.Fprintf(&b, "\nGuardDuty finding types: %s.\n", codes(r.Findings))
	}
	writeFirstSteps(&b, alerts)
	b.WriteString("\n## Triage\n\nWords in capitals are yours to fill in. Logs Insights reads the log group of the organization trail in the management account;\nAthena reads a table over the trail's bucket in the log archive, here `cloudtrail_logs`.\n")
	for _, q := range append(queries(alerts), r.Triage...) {
		q.write(&b)
	}
	writeSteps(&b, "Contain", r.Contain)
	writeSteps(&b, "Eradicate", r.Eradicate)
	writeSteps(&b, "Recover", r.Recover)
	writeSteps(&b, "Escalate", r.Escalate)
	fmt.Fprintf(&b, "\n## Practise\n\n%s\n\n[All runbooks](README.md)\n", r.Simulate)
	return b.Bytes()
}

func (r Runbook) writeAlerts(b *bytes.Buffer, alerts []Alert, filters []MetricFilter) {
	var rows []string
	for _, a := range alerts {
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s | %s |", a.ID, a.Title, a.Severity, a.Tier, controls(a.Frameworks)))
	}
	for _, f := range filters {
		if f.Runbook == r.ID {
			rows = append(rows, fmt.Sprintf("| `%s` (alarm) | %s, %d in %d s | %s | %s | %s |", f.ID, f.Title, f.Threshold, f.PeriodSeconds, f.Severity, f.Tier, controls(f.Frameworks)))
		}
	}
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n| alert | says | severity | tier | serves |\n| --- | --- | --- | --- | --- |\n%s\n", strings.Join(rows, "\n"))
}

func writeFirstSteps(b *bytes.Buffer, alerts []Alert) {
	for _, a := range alerts {
		fmt.Fprintf(b, "\n## First: %s\n\n%s\n\n", a.Title, strings.Join(strings.Fields(a.Why), " "))
		for i, s := range a.Steps {
			fmt.Fprintf(b, "%d. %s\n", i+1, s)
		}
	}
}

func writeSteps(b *bytes.Buffer, title string, steps []string) {
	fmt.Fprintf(b, "\n## %s\n\n", title)
	for i, s := range steps {
		fmt.Fprintf(b, "%d. %s\n", i+1, strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n   "))
	}
}

func (q Query) write(b *bytes.Buffer) {
	language, text := "sh", q.CLI
	switch {
	case q.Insights != "":
		language, text = "text", q.Insights
	case q.Athena != "":
		language, text = "sql", q.Athena
	}
	fmt.Fprintf(b, "\n%s:\n\n```%s\n%s\n```\n", q.Title, language, strings.TrimSpace(text))
}

// queries find the events of some alerts, and what the same credentials did around them.
func queries(alerts []Alert) []Query {
	sources, names := map[string]bool{}, map[string]bool{}
	for _, a := range alerts {
		s, n := called(a)
		for _, v := range s {
			sources[strings.TrimPrefix(v, "aws.")+".amazonaws.com"] = true
		}
		for _, v := range n {
			names[v] = true
		}
	}
	if len(names) == 0 {
		return nil
	}
	src, evs := slices.Sorted(maps.Keys(sources)), slices.Sorted(maps.Keys(names))
	return []Query{
		{Title: "Logs Insights, every such call of the last day or week, whoever made it", Insights: fmt.Sprintf(
			"fields eventTime, recipientAccountId, awsRegion, eventName, userIdentity.arn, sourceIPAddress, errorCode\n| filter eventSource in [%s]\n| filter eventName in [%s]\n| sort eventTime desc\n| limit 200",
			quoted(src, `"`), quoted(evs, `"`))},
		{Title: "Athena, the same over a longer time", Athena: fmt.Sprintf(
			"SELECT eventtime, recipientaccountid, awsregion, eventname, useridentity.arn, sourceipaddress, errorcode\nFROM cloudtrail_logs\nWHERE eventsource IN (%s)\n  AND eventname IN (%s)\n  AND eventtime > to_iso8601(current_timestamp - interval '90' day)\nORDER BY eventtime DESC",
			quoted(src, "'"), quoted(evs, "'"))},
		followUp(),
	}
}

// followUp finds what the same credentials did.
func followUp() Query {
	return Query{Title: "Logs Insights, everything that the same session did (the access key is in the event's userIdentity)", Insights: `fields eventTime, recipientAccountId, awsRegion, eventSource, eventName, errorCode, sourceIPAddress, userAgent
| filter userIdentity.accessKeyId = "ACCESS_KEY_ID"
| sort eventTime asc
| limit 1000`}
}

// called are the sources and event names that an alert for API calls lists.
func called(a Alert) (sources, names []string) {
	p, err := object(a.Pattern)
	if err != nil {
		return nil, nil
	}
	for text, v := range eventNames(p["detail"]) {
		if name, ok := v.(string); ok {
			names = append(names, name)
			continue
		}
		names = append(names, text)
	}
	sources, _ = texts(p["source"])
	return sources, names
}

func quoted(words []string, quote string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = quote + w + quote
	}
	return strings.Join(out, ", ")
}

func codes(words []string) string { return quoted(words, "`") }

// controls lists framework controls, as in CIS 7.0.0 5.3.
func controls(frameworks map[string][]string) string {
	var out []string
	for _, f := range slices.Sorted(maps.Keys(frameworks)) {
		out = append(out, f+" "+strings.Join(frameworks[f], ", "))
	}
	return strings.Join(out, "; ")
}

// RunbookIndex renders the list of runbooks: by alert, and by the types of GuardDuty findings.
func RunbookIndex(runbooks []Runbook, c *Catalogue, filters []MetricFilter) []byte {
	titles := map[string]string{}
	for _, r := range runbooks {
		titles[r.ID] = r.Title
	}
	var b bytes.Buffer
	b.WriteString(`<!-- Generated from controls/runbooks and the alert catalogue. Edit those. -->

# Runbooks

Each alert's mail links to its runbook. A runbook says what to reach, which queries to paste, how to contain, eradicate
and recover, whom to call, and how to practise it.

Answer within 15 minutes for critical, an hour for high, a working day for medium. Preserve evidence before you change
anything: a credential is deactivated, not deleted; an instance is isolated, not terminated.

## By alert

| alert | severity | tier | runbook |
| --- | --- | --- | --- |
`)
	rank := func(s Severity) int { return slices.Index(Severities(), s) }
	alerts := slices.SortedStableFunc(slices.Values(c.Alerts), func(a, b Alert) int { return cmp.Compare(rank(a.Severity), rank(b.Severity)) })
	for _, a := range alerts {
		fmt.Fprintf(&b, "| %s (`%s`) | %s | %s | [%s](%s.md) |\n", a.Title, a.ID, a.Severity, a.Tier, titles[a.Runbook], a.Runbook)
	}
	b.WriteString("\n## By alarm on the organization trail's log group\n\n| alarm | severity | tier | runbook |\n| --- | --- | --- | --- |\n")
	for _, f := range filters {
		fmt.Fprintf(&b, "| %s (`%s`) | %s | %s | [%s](%s.md) |\n", f.Title, f.ID, f.Severity, f.Tier, titles[f.Runbook], f.Runbook)
	}
	fmt.Fprintf(&b, "\n## By GuardDuty finding type\n\n`*` stands for any text; the most exact line counts. For a type that none fits: [%s](%s.md).\n\n| finding type | runbook |\n| --- | --- |\n", titles[GenericRunbook], GenericRunbook)
	for _, r := range runbooks {
		for _, f := range r.Findings {
			fmt.Fprintf(&b, "| `%s` | [%s](%s.md) |\n", f, r.Title, r.ID)
		}
	}
	return b.Bytes()
}
