package report

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
)

// Alerts is everything about alerts.
type Alerts struct {
	// Mailed are the e-mail addresses by tier; Endpoints are HTTPS addresses, told of the tiers page and notify.
	Mailed    map[string][]string `json:"recipients"`
	Endpoints []string            `json:"httpsEndpoints"`
	// Chat are the channels of Slack and Microsoft Teams.
	Chat []Channel `json:"chat"`
	// List are all alerts sorted by id, those of tier off included.
	List         []Alert       `json:"list"`
	Suppressions []Suppression `json:"suppressions"`
	Changes      []TierChange  `json:"changes"`
	// Filters are the metric filters of the trail's log group; they count when FiltersOn.
	Filters   []Filter `json:"metricFilters"`
	FiltersOn bool     `json:"metricFiltersOn"`
	// Runbooks are the runbooks that alerts and filters point to, sorted by id.
	Runbooks []Runbook `json:"runbooks"`
}

// Channel is a channel of a chat application.
type Channel struct {
	// Application is Slack or Microsoft Teams; Channel is the channel's id, In that of the workspace or team.
	Application string   `json:"application"`
	In          string   `json:"in"`
	Channel     string   `json:"channel"`
	Tiers       []string `json:"tiers"`
}

// Alert is one alert in the zone.
type Alert struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Severity alert.Severity `json:"severity"`
	// Tier is the zone's; CatalogueTier is that of the alert's file.
	Tier          alert.Tier `json:"tier"`
	CatalogueTier alert.Tier `json:"catalogueTier"`
	// Accounts and Regions are where it listens; a tier off listens nowhere.
	Accounts alert.Accounts `json:"accounts"`
	Regions  []string       `json:"regions"`
	// Everywhere says that Regions are all that the zone watches.
	Everywhere bool     `json:"everyRegion"`
	Why        string   `json:"why"`
	Steps      []string `json:"steps"`
	Runbook    string   `json:"runbook"`
	// RunbookLink is the runbook's address.
	RunbookLink string              `json:"runbookLink"`
	Frameworks  map[string][]string `json:"frameworks"`
	// Suppressed counts the suppressions of the alert.
	Suppressed int `json:"suppressions"`
	// Rule is the name of the rule, Pattern what it matches; a tier off has neither.
	Rule    string          `json:"rule,omitempty"`
	Pattern json.RawMessage `json:"pattern,omitempty"`
}

// Suppression leaves out some events of an alert until a day.
type Suppression struct {
	Alert      string   `json:"alert"`
	Accounts   []string `json:"accounts"`
	Principals []string `json:"principals"`
	Reason     string   `json:"reason"`
	Expires    string   `json:"expires"`
}

// TierChange gives an alert another tier.
type TierChange struct {
	Alert    string         `json:"alert"`
	Severity alert.Severity `json:"severity"`
	From     alert.Tier     `json:"from"`
	To       alert.Tier     `json:"to"`
	Reason   string         `json:"reason,omitempty"`
}

// Filter is one metric filter with its alarm.
type Filter struct {
	ID            string              `json:"id"`
	Title         string              `json:"title"`
	Severity      alert.Severity      `json:"severity"`
	Tier          alert.Tier          `json:"tier"`
	Threshold     int                 `json:"threshold"`
	PeriodSeconds int                 `json:"periodSeconds"`
	Pattern       string              `json:"pattern"`
	Why           string              `json:"why"`
	Runbook       string              `json:"runbook"`
	RunbookLink   string              `json:"runbookLink"`
	Frameworks    map[string][]string `json:"frameworks"`
}

// Runbook is a runbook with what points to it.
type Runbook struct {
	ID      string   `json:"id"`
	Link    string   `json:"link"`
	Alerts  []string `json:"alerts"`
	Filters []string `json:"metricFilters"`
}

func (b *builder) alerts() Alerts {
	z := b.Zone
	out := Alerts{Mailed: b.described.Mailed, Endpoints: orEmpty(z.Alerts.HTTPSEndpoints), Chat: []Channel{}, List: []Alert{}, Suppressions: []Suppression{},
		Changes: []TierChange{}, Filters: []Filter{}, FiltersOn: z.Trail.CloudWatchLogs.Enabled, Runbooks: []Runbook{}}
	for _, c := range z.Alerts.Chat {
		if c.Slack.Channel != "" {
			out.Chat = append(out.Chat, Channel{"Slack", c.Slack.Workspace, c.Slack.Channel, c.Tiers})
		} else {
			out.Chat = append(out.Chat, Channel{"Microsoft Teams", c.Teams.Team, c.Teams.Channel, c.Tiers})
		}
	}
	suppressed := map[string]int{}
	for _, s := range z.Alerts.Suppressions {
		suppressed[s.Alert]++
		out.Suppressions = append(out.Suppressions, Suppression{s.Alert, orEmpty(s.Accounts), orEmpty(s.Principals), s.Reason, s.Expires})
	}
	runbooks := map[string]*Runbook{}
	runbook := func(id string) *Runbook {
		if runbooks[id] == nil {
			runbooks[id] = &Runbook{ID: id, Link: runbookLink(z.Alerts, id), Alerts: []string{}, Filters: []string{}}
		}
		return runbooks[id]
	}
	for _, a := range b.Alerts.Alerts {
		r := Alert{
			ID: a.ID, Title: a.Title, Severity: a.Severity, Tier: alert.Off, CatalogueTier: a.Tier, Accounts: a.Listen.Accounts, Regions: []string{}, Why: oneLine(a.Why),
			Steps: orEmpty(a.Steps), Runbook: a.Runbook, RunbookLink: runbookLink(z.Alerts, a.Runbook), Frameworks: named(a.Frameworks), Suppressed: suppressed[a.ID],
		}
		if i := slices.IndexFunc(b.planned.Routed, func(o alert.Routed) bool { return o.ID == a.ID }); i >= 0 {
			routed := b.planned.Routed[i]
			r.Tier, r.Regions, r.Rule, r.Pattern = routed.Tier, routed.Regions, routed.RuleName, routed.Pattern
			r.Everywhere = slices.Equal(routed.Regions, z.AlertRegions)
		}
		out.List = append(out.List, r)
		page := runbook(a.Runbook)
		page.Alerts = append(page.Alerts, a.ID)
	}
	for _, c := range z.Alerts.Changes {
		a, _ := b.Alerts.Get(c.ID)
		out.Changes = append(out.Changes, TierChange{c.ID, a.Severity, a.Tier, alert.Tier(c.Tier), c.Reason})
	}
	for _, f := range b.Filters {
		out.Filters = append(out.Filters, Filter{f.ID, f.Title, f.Severity, f.Tier, f.Threshold, f.PeriodSeconds, f.Pattern, oneLine(f.Why), f.Runbook, runbookLink(z.Alerts, f.Runbook), named(f.Frameworks)})
		page := runbook(f.Runbook)
		page.Filters = append(page.Filters, f.ID)
	}
	for _, id := range sortedKeys(runbooks) {
		out.Runbooks = append(out.Runbooks, *runbooks[id])
	}
	return out
}

func runbookLink(a config.Alerts, id string) string { return a.Runbooks + id + ".md" }

// quiet are the critical alerts that tell nobody.
func quiet(a Alerts) []Attention {
	var out []Attention
	for _, c := range a.Changes {
		if c.Severity == alert.Critical && (c.To == alert.Off || c.To == alert.Digest) {
			out = append(out, Attention{What: fmt.Sprintf("The critical alert %s is %s and tells nobody at once", c.Alert, c.To), Reason: c.Reason, Alert: c.Alert})
		}
	}
	return out
}
