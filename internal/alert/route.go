package alert

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/landfall-aws/landfall/internal/zone"
)

// Routed is an alert as one zone listens for it.
type Routed struct {
	// Alert has the zone's tier, and a pattern without placeholders.
	Alert
	// RuleName names the rule, both where it listens and on the zone's bus.
	RuleName string
	// Regions are where the rule must exist, sorted; in which accounts, Listen.Accounts says.
	Regions []string
}

// For computes what a zone listens for, sorted by id: with the tiers and suppressions of the zone's file, which Check
// has found good. Alerts of tier off are left out.
func For(z *zone.Zone, c *Catalogue) []Routed {
	var out []Routed
	for _, a := range c.Alerts {
		a.Pattern = fill(a.Pattern, z)
		a = change(z, a)
		if a.Tier == Off {
			continue
		}
		out = append(out, Routed{Alert: a.withRunbooks(z.Alerts.Runbooks), RuleName: z.Resource("alert", a.ID), Regions: regions(z, a.Listen.Regions)})
	}
	return out
}

func regions(z *zone.Zone, r Regions) []string {
	switch r {
	case GlobalRegion:
		return []string{zone.GlobalRegion}
	case HomeRegion:
		return []string{z.HomeRegion}
	default:
		return z.AlertRegions
	}
}

// fill puts the zone's words into a pattern's placeholders. The management account's id stays a placeholder, because
// only the deployment knows it.
func fill(p json.RawMessage, z *zone.Zone) json.RawMessage {
	return fillWith(p, z.Prefix, z.HomeRegion, managementAccount)
}

// managementAccount is the placeholder of the management account's id.
const managementAccount = "{{managementAccount}}"

func fillWith(p json.RawMessage, prefix, homeRegion, management string) json.RawMessage {
	return json.RawMessage(strings.NewReplacer("{{prefix}}", prefix, "{{homeRegion}}", homeRegion, managementAccount, management).Replace(string(p)))
}

// WithAccountIDs puts account ids into the pattern in place of the account names that suppressions use.
// id returns the id of an account by name, usually a token that CloudFormation resolves.
func (r Routed) WithAccountIDs(id func(name string) string) Routed {
	r.Pattern = json.RawMessage(accountName.ReplaceAllStringFunc(string(r.Pattern), func(m string) string {
		return id(accountName.FindStringSubmatch(m)[1])
	}))
	return r
}

var accountName = regexp.MustCompile(`\{\{account:([^{}]+)\}\}`)

// BusPattern is the pattern of the alert's rule on the zone's bus, where the events of all accounts arrive.
// It is Pattern with the management account's id, and for an alert that listens in one account only, limited to that
// account. id returns the id of an account.
func (r Routed) BusPattern(id func(Accounts) string) (json.RawMessage, error) {
	if names := accountName.FindStringSubmatch(string(r.Pattern)); names != nil {
		return nil, fmt.Errorf("the pattern of alert %s needs the id of account %s; call WithAccountIDs first", r.ID, names[1])
	}
	pattern := json.RawMessage(strings.ReplaceAll(string(r.Pattern), managementAccount, id(ManagementAccount)))
	if r.Listen.Accounts == AllAccounts {
		return pattern, nil
	}
	p, err := object(pattern)
	if err != nil {
		return nil, fmt.Errorf("the pattern of alert %s: %w", r.ID, err)
	}
	p["account"] = []any{id(r.Listen.Accounts)}
	return compact(p)
}

// object reads a pattern.
func object(pattern json.RawMessage) (map[string]any, error) {
	var p map[string]any
	if err := json.Unmarshal(pattern, &p); err != nil {
		return nil, err
	}
	return p, nil
}
