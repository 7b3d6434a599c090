package member

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// where adds to a template the conditions that limit resources to some Regions and accounts, once each.
type where struct {
	template *template.Template
	zone     *zone.Zone
}

// only names the condition that the Region is one of the given and the account, unless nil, is the given one,
// which name names. The name is empty when the condition holds wherever the template goes.
func (w where) only(regions []string, accountID any, name string) string {
	var id string
	var all []any
	if !slices.Equal(regions, w.zone.AlertRegions) {
		id = regionsID(regions)
		all = append(all, inRegions(regions))
	}
	if accountID != nil {
		id += "Of" + strings.ReplaceAll(name, "-", "")
		all = append(all, template.Equals(template.AccountID(), accountID))
	}
	if len(all) == 0 {
		return ""
	}
	return w.template.Condition(id, template.And(all...))
}

// home names the condition that the Region is the home Region.
func (w where) home() string {
	home := []string{w.zone.HomeRegion}
	return w.template.Condition(regionsID(home), inRegions(home))
}

// regionsID names a condition on Regions; many Regions are hashed, since a logical id has 255 characters at most.
func regionsID(regions []string) string {
	joined := strings.ReplaceAll(strings.Join(regions, ""), "-", "")
	if len(regions) > 4 {
		joined = fmt.Sprintf("%x", sha256.Sum256([]byte(joined)))[:12]
	}
	return "In" + joined
}

// inRegions holds in any of the Regions.
func inRegions(regions []string) any {
	var any []any
	for _, region := range regions {
		any = append(any, template.Equals(template.Region(), region))
	}
	return template.Or(any...)
}
