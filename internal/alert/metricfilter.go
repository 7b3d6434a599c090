package alert

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxFilterPattern is the size of a CloudWatch Logs filter pattern in characters
// (API_PutMetricFilter.html, filterPattern, read 2026-11-25).
const MaxFilterPattern = 1024

// MetricFilter counts records in the log group of the organization trail and raises an alarm at a threshold.
// It exists for what must be counted, which EventBridge cannot, and for benchmarks that ask for it.
type MetricFilter struct {
	// ID is the name of the filter's file, in kebab-case. Names of the filter, its metric and its alarm derive from it.
	ID       string
	Title    string
	Severity Severity
	// Tier is the topic that the alarm tells; Digest tells none.
	Tier Tier
	// Pattern is a filter pattern of CloudWatch Logs.
	Pattern string
	// Threshold is how many records in PeriodSeconds raise the alarm; the statistic is Sum, and missing data is no breach.
	Threshold     int
	PeriodSeconds int
	Why           string
	Runbook       string
	Frameworks    map[string][]string
	// File is the filter's file, relative to the pack.
	File string
}

// Metric is the name of the filter's metric, and of its alarm: the words of the id, each with a capital.
func (m MetricFilter) Metric() string {
	var b strings.Builder
	for _, word := range strings.Split(m.ID, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

type metricFilterFile struct {
	ID            string              `yaml:"id"`
	Title         string              `yaml:"title"`
	Severity      Severity            `yaml:"severity"`
	Tier          Tier                `yaml:"tier"`
	Pattern       string              `yaml:"pattern"`
	Threshold     int                 `yaml:"threshold"`
	PeriodSeconds int                 `yaml:"periodSeconds"`
	Why           string              `yaml:"why"`
	Runbook       string              `yaml:"runbook"`
	Frameworks    map[string][]string `yaml:"frameworks"`
}

// MetricFilters reads a pack of metric filters, one per *.yaml file, sorted by id. The error is a Problems when a file is wrong.
func MetricFilters(fsys fs.FS) ([]MetricFilter, error) {
	l := &loader{fsys: fsys}
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the metric filters: %w", err)
	}
	var out []MetricFilter
	for _, file := range files {
		var f metricFilterFile
		before := len(l.problems)
		doc, err := l.read(file, &f)
		if err != nil {
			return nil, err
		}
		if len(l.problems) > before {
			continue
		}
		l.checkMetricFilter(doc, f)
		out = append(out, MetricFilter{
			ID: f.ID, Title: f.Title, Severity: f.Severity, Tier: f.Tier, Pattern: f.Pattern, Threshold: f.Threshold,
			PeriodSeconds: f.PeriodSeconds, Why: f.Why, Runbook: f.Runbook, Frameworks: f.Frameworks, File: file,
		})
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	slices.SortFunc(out, func(a, b MetricFilter) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (l *loader) checkMetricFilter(doc document, f metricFilterFile) {
	if f.ID != stem(doc.file) || !kebab.MatchString(f.ID) {
		l.bad(doc, "$.id", "id is %q; it must be the file's name without .yaml, in kebab-case: %q", f.ID, stem(doc.file))
	}
	if f.Title == "" {
		l.bad(doc, "$.title", "title is missing; it describes the alarm")
	}
	if !slices.Contains(Severities(), f.Severity) {
		l.bad(doc, "$.severity", "severity is %q; allowed are %v", f.Severity, Severities())
	}
	if !slices.Contains(Tiers(), f.Tier) {
		l.bad(doc, "$.tier", "tier is %q; allowed are %v", f.Tier, Tiers())
	}
	if n := utf8.RuneCountInString(f.Pattern); n > MaxFilterPattern {
		l.bad(doc, "$.pattern", "the pattern has %d characters; CloudWatch Logs allows %d", n, MaxFilterPattern)
	}
	if !strings.HasPrefix(f.Pattern, "{ ") || !strings.HasSuffix(f.Pattern, " }") || strings.Count(f.Pattern, "(") != strings.Count(f.Pattern, ")") {
		l.bad(doc, "$.pattern", "the pattern must be one JSON filter in braces, with every parenthesis closed: %s", f.Pattern)
	}
	if f.Threshold < 1 {
		l.bad(doc, "$.threshold", "threshold is %d; it must be 1 or more", f.Threshold)
	}
	if f.PeriodSeconds < 60 || f.PeriodSeconds%60 != 0 {
		l.bad(doc, "$.periodSeconds", "periodSeconds is %d; it must be a multiple of 60", f.PeriodSeconds)
	}
	if f.Why == "" {
		l.bad(doc, "$.why", "why is missing; the alarm's text says it")
	}
	if !kebab.MatchString(f.Runbook) {
		l.bad(doc, "$.runbook", "runbook is %q; it must name a file in docs/runbooks without .md", f.Runbook)
	}
}
