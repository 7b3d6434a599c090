// Package cost knows what a landing zone adds to the AWS bill: which charged resources and activity the zone of a file
// makes, what each costs by a dated table of list prices, and the assumptions about use that an estimate needs. It reads
// no account and no network; the numbers are estimates in US dollars for a month of 30 days (730 hours).
package cost

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/zone"
)

// USD is an amount of money in millionths of a US dollar, so that sums are exact.
type USD int64

// dollar is one US dollar.
const dollar USD = 1_000_000

// String is the amount in dollars and cents, as in $1,234.50.
func (u USD) String() string {
	cents := (int64(u) + 5_000) / 10_000
	whole := strconv.FormatInt(cents/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("$%s.%02d", whole, cents%100)
}

// MarshalJSON writes dollars as a number with as many decimals as the amount has.
func (u USD) MarshalJSON() ([]byte, error) {
	text := fmt.Sprintf("%d.%06d", u/dollar, u%dollar)
	return []byte(strings.TrimSuffix(strings.TrimRight(text, "0"), ".")), nil
}

// UnmarshalJSON reads dollars.
func (u *USD) UnmarshalJSON(data []byte) error {
	dollars, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return fmt.Errorf("an amount of dollars: %w", err)
	}
	*u = USD(math.Round(dollars * float64(dollar)))
	return nil
}

// Basis is what an estimate rests on beside the zone and its use.
type Basis struct {
	Prices *Prices
	// Rules are the detective rules, which AWS Config evaluates.
	Rules []detective.Rule
	// Filters are the metric filters of the trail's log group, each with its alarm.
	Filters []alert.MetricFilter
}

// LoadBasis reads the built-in table of prices and, from the catalogue of controls, the detective rules and metric filters.
func LoadBasis(rules, filters fs.FS) (Basis, error) {
	var b Basis
	var err error
	if b.Prices, err = BuiltIn(); err != nil {
		return b, err
	}
	if b.Rules, err = detective.Load(rules); err != nil {
		return b, fmt.Errorf("loading the detective rules: %w", err)
	}
	if b.Filters, err = alert.MetricFilters(filters); err != nil {
		return b, fmt.Errorf("loading the metric filters: %w", err)
	}
	return b, nil
}

// Estimate is what a zone costs. Every total is the exact sum of its parts.
type Estimate struct {
	Zone string `json:"zone"`
	// Currency is that of every amount.
	Currency string `json:"currency"`
	Size     Size   `json:"size"`
	// Month is the month of the zone's life that Monthly describes; logs of so many months are stored.
	Month int `json:"month"`
	// FreeTier says whether the free amounts of the organization were taken off.
	FreeTier        bool     `json:"freeTier"`
	GovernedRegions []string `json:"governedRegions"`
	// FirstMonth has free trials and the first recording of every resource; Monthly comes after the trials.
	Amount
	// NextAccount is what one more workload account like the others would add.
	NextAccount Amount `json:"nextAccount"`
	// Services are sorted by Monthly, the largest first.
	Services []ServiceCost `json:"services"`
	// Accounts come in this order: management, log archive, audit, then the workload accounts by name.
	Accounts []AccountCost `json:"accounts"`
	// Drivers are what the services charge for, the largest first; together they are the whole estimate.
	Drivers []Driver `json:"drivers"`
	// Assumptions are the quantities that the estimate used.
	Assumptions []Assumption `json:"assumptions"`
	Prices      PriceDates   `json:"prices"`
	// AssumedRegions are the Regions of which at least a cent of Monthly is by prices of us-east-1, because the table has no
	// others; together that is AssumedMonthly.
	AssumedRegions []string `json:"assumedRegions,omitempty"`
	AssumedMonthly USD      `json:"assumedMonthly"`
	// Free is what the zone uses and AWS does not charge for; NotEstimated is what may cost and is not in the estimate.
	Free         []Remark `json:"free"`
	NotEstimated []Remark `json:"notEstimated"`
}

// Amount is money for the first month and for a month after the free trials.
type Amount struct {
	FirstMonth USD `json:"firstMonth"`
	Monthly    USD `json:"monthly"`
}

func (a *Amount) add(b Amount) {
	a.FirstMonth += b.FirstMonth
	a.Monthly += b.Monthly
}

// ServiceCost is one AWS service in all accounts.
type ServiceCost struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Amount
	// EachWorkload is the mean of the active workload accounts; 0 when there are none.
	EachWorkload USD `json:"eachWorkloadAccount"`
	// Others is the part of the other accounts: management, log archive, audit and suspended ones.
	Others USD `json:"otherAccounts"`
}

// Kinds of accounts.
const (
	KindManagement = "management"
	KindLogArchive = "logArchive"
	KindAudit      = "audit"
	KindWorkload   = "workload"
	KindSuspended  = "suspended"
)

// AccountCost is one account, with what AWS bills to it.
type AccountCost struct {
	Name string `json:"name"`
	// OU is the account's path; "" for the management account, which is in the root.
	OU   string `json:"ou,omitempty"`
	Kind string `json:"kind"`
	Amount
	// Lines are what is charged, in the order of the price table.
	Lines []Line `json:"lines"`
}

// Line is one price in one account, over all Regions.
type Line struct {
	Price string `json:"price"`
	// Quantity is in units of the price, after the free trials; FirstQuantity is that of the first month.
	Quantity      float64 `json:"quantity"`
	FirstQuantity float64 `json:"firstQuantity"`
	Amount
}

// Driver is one price in all accounts and Regions.
type Driver struct {
	Price    string  `json:"price"`
	Service  string  `json:"service"`
	What     string  `json:"what"`
	Unit     string  `json:"unit"`
	Quantity float64 `json:"quantity"`
	Amount
	// Key is the key of the zone's file that turns it down, "" when none does; Lower says how.
	Key   string `json:"key,omitempty"`
	Lower string `json:"lower"`
	// TrialDays is how long the service is free in each account and Region.
	TrialDays  int    `json:"trialDays,omitempty"`
	Confidence string `json:"confidence"`
	// Date and Source are those of the price.
	Date   string `json:"date"`
	Source string `json:"source"`
}

// Assumption is a quantity that was used.
type Assumption struct {
	Key  Quantity `json:"key"`
	What string   `json:"what"`
	Unit string   `json:"unit"`
	Per  string   `json:"per"`
	// Active is the value where a workload account works, Quiet everywhere else; quantities of the organization have
	// Active only.
	Active float64  `json:"active"`
	Quiet  *float64 `json:"quiet,omitempty"`
}

// PriceDates says how old and how sure the prices are that were used.
type PriceDates struct {
	// Oldest and Newest are days of sources; prices that could not be checked have none.
	Oldest string `json:"oldest"`
	Newest string `json:"newest"`
	// Used is how many prices were used. Quoted of them were read from somebody else than AWS, Unchecked have no source
	// that could be read.
	Used      int `json:"used"`
	Quoted    int `json:"quoted,omitempty"`
	Unchecked int `json:"unchecked"`
}

// For estimates what a zone adds to the bill with this use. It is a pure function of its arguments; b comes from
// LoadBasis and u from Default or ParseUsage.
func For(z *zone.Zone, b Basis, u Usage) Estimate {
	e := estimate(z, b, u)
	more := *z
	more.Accounts = append(slices.Clone(z.Accounts), zone.Account{Name: nameOfOneMore(z)})
	next := estimate(&more, b, u)
	e.NextAccount = Amount{next.FirstMonth - e.FirstMonth, next.Monthly - e.Monthly}
	return e
}

// nameOfOneMore is a name that no account has, not even in a usage file, so that the account is like the others.
func nameOfOneMore(z *zone.Zone) string {
	longest := ""
	for _, a := range z.Accounts {
		if len(a.Name) > len(longest) {
			longest = a.Name
		}
	}
	return longest + " and one more"
}

func estimate(z *zone.Zone, b Basis, u Usage) Estimate {
	m := &model{zone: z, basis: b, usage: u, at: map[place]*item{}, read: map[Quantity]bool{}}
	m.fill()
	return m.sum()
}

// place is one price in one account and Region.
type place struct {
	price   *Price
	account int
	region  string
}

// item is a quantity of one price in one account and Region.
type item struct {
	place
	// first and monthly are quantities of the first month and of a month after the trials.
	first, monthly float64
}

// sum prices the items and adds them up.
func (m *model) sum() Estimate {
	z := m.zone
	e := Estimate{
		Zone: z.Name, Currency: "USD", Size: m.usage.Size, Month: m.usage.Month, FreeTier: m.usage.FreeTier,
		GovernedRegions: z.GovernedRegions, Free: m.basis.Prices.Free, NotEstimated: m.basis.Prices.NotEstimated,
	}
	for _, a := range m.accounts {
		e.Accounts = append(e.Accounts, AccountCost{Name: a.name, OU: a.ou, Kind: a.kind, Lines: []Line{}})
	}
	// Free amounts are of the whole organization, so the share that is left is the same for every item.
	quantities := map[*Price]*[2]float64{}
	for _, it := range m.items {
		q := quantities[it.price]
		if q == nil {
			q = &[2]float64{}
			quantities[it.price] = q
		}
		q[0] += it.first
		q[1] += it.monthly
	}
	charged := func(p *Price, which int) float64 {
		q := quantities[p][which]
		if !m.usage.FreeTier || p.Free == 0 || q == 0 {
			return 1
		}
		return max(0, q-p.Free) / q
	}
	type key struct {
		account int
		price   *Price
	}
	lines := map[key]*Line{}
	drivers := map[*Price]*Driver{}
	assumed := map[string]USD{}
	for _, it := range m.items {
		tiers, known := it.price.in(it.region)
		amount := Amount{
			FirstMonth: money(tiers.charge(it.first/it.price.Per) * charged(it.price, 0) * it.price.afterTrial()),
			Monthly:    money(tiers.charge(it.monthly/it.price.Per) * charged(it.price, 1)),
		}
		k := key{it.account, it.price}
		if lines[k] == nil {
			lines[k] = &Line{Price: it.price.ID}
		}
		lines[k].FirstQuantity += it.first
		lines[k].Quantity += it.monthly
		lines[k].add(amount)
		d := drivers[it.price]
		if d == nil {
			p := it.price
			d = &Driver{Price: p.ID, Service: p.Service, What: p.What, Unit: p.Unit, Key: p.Key, Lower: p.Lower, TrialDays: p.TrialDays,
				Confidence: p.Confidence, Date: p.Date, Source: p.Source}
			drivers[it.price] = d
		}
		d.Quantity += it.monthly
		d.add(amount)
		if !known {
			assumed[it.region] += amount.Monthly
		}
	}
	for _, region := range slices.Sorted(maps.Keys(assumed)) {
		if assumed[region] >= dollar/100 {
			e.AssumedRegions = append(e.AssumedRegions, region)
			e.AssumedMonthly += assumed[region]
		}
	}
	workloads := 0
	for _, a := range m.accounts {
		if a.kind == KindWorkload {
			workloads++
		}
	}
	services := map[string]*ServiceCost{}
	for _, s := range m.basis.Prices.Services {
		services[s.ID] = &ServiceCost{ID: s.ID, Name: s.Name}
	}
	used := map[string]bool{}
	for i := range m.basis.Prices.Prices {
		p := &m.basis.Prices.Prices[i]
		if drivers[p] == nil {
			continue
		}
		used[p.Service] = true
		e.Drivers = append(e.Drivers, *drivers[p])
		e.Prices.note(p)
		s := services[p.Service]
		for i := range e.Accounts {
			l := lines[key{i, p}]
			if l == nil {
				continue
			}
			a := &e.Accounts[i]
			a.Lines = append(a.Lines, *l)
			a.add(l.Amount)
			s.add(l.Amount)
			if a.Kind == KindWorkload {
				s.EachWorkload += l.Monthly
			} else {
				s.Others += l.Monthly
			}
			e.add(l.Amount)
		}
	}
	for _, s := range m.basis.Prices.Services {
		if used[s.ID] {
			c := *services[s.ID]
			if workloads > 0 {
				c.EachWorkload /= USD(workloads)
			}
			e.Services = append(e.Services, c)
		}
	}
	slices.SortStableFunc(e.Services, func(a, b ServiceCost) int { return cmp.Compare(b.Monthly, a.Monthly) })
	slices.SortStableFunc(e.Drivers, func(a, b Driver) int { return cmp.Compare(b.Monthly, a.Monthly) })
	e.Assumptions = m.assumptions()
	return e
}

// money rounds dollars to an amount.
func money(dollars float64) USD { return USD(math.Round(dollars * float64(dollar))) }

func (d *PriceDates) note(p *Price) {
	d.Used++
	if p.Confidence == Unchecked {
		d.Unchecked++
		return
	}
	if p.Confidence == Quoted {
		d.Quoted++
	}
	if d.Oldest == "" || p.Date < d.Oldest {
		d.Oldest = p.Date
	}
	d.Newest = max(d.Newest, p.Date)
}
