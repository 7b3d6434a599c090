package cost

import (
	_ "embed"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed prices.yaml
var builtIn []byte

// Confidence of a price.
const (
	// Stated prices are on a page of AWS or in the AWS Price List, as read on their date.
	Stated = "stated"
	// Quoted prices are on a dated page of somebody else who says that they are those of AWS.
	Quoted = "quoted"
	// Unchecked prices are long known and have no source that could be read.
	Unchecked = "unchecked"
)

// Prices is a table of list prices.
type Prices struct {
	// Services are the AWS services in the words of the bill.
	Services []Service `yaml:"services"`
	Prices   []Price   `yaml:"prices"`
	// Free is what a zone uses without charge, NotEstimated what may cost and has no price here.
	Free         []Remark `yaml:"free"`
	NotEstimated []Remark `yaml:"notEstimated"`
}

// Service is an AWS service.
type Service struct {
	ID   string `yaml:"id"`
	Name string `yaml:"name"`
}

// Remark is something that is not in the sum, and why.
type Remark struct {
	What string `yaml:"what" json:"what"`
	Why  string `yaml:"why" json:"why"`
	// Keys are the keys of the zone's file that it belongs to.
	Keys []string `yaml:"keys" json:"keys,omitempty"`
}

// Price is what one unit of one kind of use costs.
type Price struct {
	ID      string `yaml:"id"`
	Service string `yaml:"service"`
	// What is charged for, in a few words.
	What string `yaml:"what"`
	// Unit is one of what is counted; the price is for Per of them.
	Unit string  `yaml:"unit"`
	Per  float64 `yaml:"per"`
	// USD are the tiers in us-east-1, for each account and Region and month.
	USD Tiers `yaml:"usd"`
	// Regions are the tiers of other Regions, as far as they are known. A Region that is not here gets those of
	// us-east-1, and the estimate says so, unless Everywhere.
	Regions map[string]Tiers `yaml:"regions"`
	// Everywhere says that every Region has the same price.
	Everywhere bool `yaml:"everywhere"`
	// Free is how many units a month are free to the whole organization.
	Free float64 `yaml:"free"`
	// TrialDays is how long the use is free in each account and Region that did not have the service before.
	TrialDays int `yaml:"trialDays"`
	// Key is the key of the zone's file that turns the charge down; Lower says how.
	Key   string `yaml:"key"`
	Lower string `yaml:"lower"`
	// Date is the day of the source, or on which an unchecked price was entered, as 2026-06-13.
	Date string `yaml:"date"`
	// Source is where the price was read, and for an unchecked one where to read it.
	Source     string `yaml:"source"`
	Confidence string `yaml:"confidence"`
}

// Tiers are the prices of growing quantities, in the order of their limits; the last one has none.
type Tiers []Tier

// Tier is the price up to a quantity, which like the price is in the price's Per.
type Tier struct {
	// UpTo is where the tier ends; 0 means never.
	UpTo float64 `yaml:"upTo"`
	USD  float64 `yaml:"usd"`
}

// UnmarshalYAML reads tiers, or a number, which is one tier without an end.
func (t *Tiers) UnmarshalYAML(data []byte) error {
	var flat float64
	if err := yaml.Unmarshal(data, &flat); err == nil {
		*t = Tiers{{USD: flat}}
		return nil
	}
	var tiers []Tier
	if err := yaml.UnmarshalWithOptions(data, &tiers, yaml.Strict()); err != nil {
		return err
	}
	*t = tiers
	return nil
}

// charge is what a quantity costs, in dollars.
func (t Tiers) charge(quantity float64) float64 {
	total, from := 0.0, 0.0
	for _, tier := range t {
		to := quantity
		if tier.UpTo > 0 {
			to = min(quantity, tier.UpTo)
		}
		if to <= from {
			break
		}
		total += (to - from) * tier.USD
		from = to
	}
	return total
}

// in are the tiers of a Region; known is false when they are those of us-east-1 for want of better.
func (p *Price) in(region string) (tiers Tiers, known bool) {
	if tiers, has := p.Regions[region]; has {
		return tiers, true
	}
	return p.USD, p.Everywhere || region == priceRegion
}

// priceRegion is the Region of the prices that name none.
const priceRegion = "us-east-1"

// daysOfMonth are the days of the month that is estimated.
const daysOfMonth = 30

// afterTrial is the part of the first month that is charged.
func (p *Price) afterTrial() float64 {
	return 1 - float64(min(p.TrialDays, daysOfMonth))/daysOfMonth
}

// BuiltIn is the table of prices that comes with this version.
func BuiltIn() (*Prices, error) { return LoadPrices("prices.yaml", builtIn) }

// LoadPrices reads a table of prices strictly. The error names everything that is wrong with it; name is the file.
func LoadPrices(name string, data []byte) (*Prices, error) {
	var p Prices
	if err := yaml.UnmarshalWithOptions(data, &p, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", name, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	var wrong []error
	bad := func(is bool, format string, args ...any) {
		if is {
			wrong = append(wrong, errors.New(name+": "+fmt.Sprintf(format, args...)))
		}
	}
	services := map[string]bool{}
	for _, s := range p.Services {
		bad(s.ID == "" || s.Name == "" || services[s.ID], "service %q: it needs an id of its own and a name", s.ID)
		services[s.ID] = true
	}
	ids := map[string]bool{}
	for i := range p.Prices {
		c := &p.Prices[i]
		bad := func(is bool, format string, args ...any) {
			bad(is, "price %q: %s", c.ID, fmt.Sprintf(format, args...))
		}
		bad(c.ID == "" || ids[c.ID], "each price needs an id of its own")
		ids[c.ID] = true
		bad(!services[c.Service], "service is %q, which is not under services", c.Service)
		bad(c.What == "" || c.Unit == "" || c.Lower == "" || c.Source == "", "what, unit, lower and source must not be empty")
		if c.Per == 0 {
			c.Per = 1
		}
		bad(c.Per < 0 || c.Free < 0 || c.TrialDays < 0, "per, free and trialDays must not be negative")
		bad(!slices.Contains([]string{Stated, Quoted, Unchecked}, c.Confidence), "confidence is %q; allowed are %s, %s and %s", c.Confidence, Stated, Quoted, Unchecked)
		_, err := time.Parse(time.DateOnly, c.Date)
		bad(err != nil, "date is %q; it must be a day such as 2026-06-13", c.Date)
		for _, tiers := range append(regionTiers(c), c.USD) {
			bad(!tiers.right(), "usd must be an amount, or tiers with growing upTo of which only the last has none")
		}
	}
	for _, id := range priceIDs() {
		bad(!ids[id], "price %q is missing", id)
	}
	for id := range ids {
		bad(!slices.Contains(priceIDs(), id), "price %q: nothing in the estimate has this price", id)
	}
	for _, r := range slices.Concat(p.Free, p.NotEstimated) {
		bad(r.What == "" || r.Why == "", "free and notEstimated need what and why")
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return &p, nil
}

func regionTiers(p *Price) []Tiers {
	var out []Tiers
	for _, t := range p.Regions {
		out = append(out, t)
	}
	return out
}

// right says whether tiers are amounts with growing limits, of which the last has no end.
func (t Tiers) right() bool {
	from := 0.0
	for i, tier := range t {
		last := i == len(t)-1
		if tier.USD < 0 || math.IsNaN(tier.USD) || math.IsInf(tier.USD, 0) || last != (tier.UpTo == 0) || !last && tier.UpTo <= from {
			return false
		}
		from = tier.UpTo
	}
	return len(t) > 0
}

// price is the price of an id; the table has been checked to have it.
func (p *Prices) price(id string) *Price {
	return &p.Prices[slices.IndexFunc(p.Prices, func(c Price) bool { return c.ID == id })]
}
