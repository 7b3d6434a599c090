package cost

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Input is what somebody says about the use of a zone's accounts. The zero value means the size Small.
type Input struct {
	// Size wins over the file's; "" leaves it to the file, and Small.
	Size Size
	// File is the name of a YAML file for messages, and Data its text; without data there is no file.
	File string
	Data []byte
	// Set are single values as PATH=VALUE, which win over the file, as in active.managementEvents=2e6.
	Set []string
}

// MaxMonth is the latest month of a zone's life that can be estimated.
const MaxMonth = 120

// maxTimesBusy bounds a quantity: so many times that of a busy account is a slip of the keyboard.
const maxTimesBusy = 1000

// ReadUsage reads what is said about the use of a zone. The problems name file, line and path, and for a value of
// Input.Set the value itself in place of a file.
func ReadUsage(z *zone.Zone, in Input) (Usage, config.Problems) {
	r := &reader{zone: z, accounts: map[string]map[string]assignment{}}
	if in.Data != nil {
		r.file(in.File, in.Data)
	}
	for _, s := range in.Set {
		r.set(s)
	}
	size := Small
	if a, has := r.values["size"]; has {
		size = r.size(a)
	}
	if in.Size != "" {
		size = in.Size
	}
	u := Default(size)
	for _, key := range slices.Sorted(maps.Keys(r.values)) {
		r.apply(&u, r.values[key])
	}
	for _, name := range slices.Sorted(maps.Keys(r.accounts)) {
		own := AccountUsage{Active: maps.Clone(u.Active), ActiveRegions: u.ActiveRegions, AllRegions: u.AllRegions}
		if a, has := r.accounts[name]["size"]; has {
			own.Active = activity(r.size(a))
		}
		for _, key := range slices.Sorted(maps.Keys(r.accounts[name])) {
			r.applyAccount(&own, r.accounts[name][key])
		}
		u.Accounts[name] = own
	}
	if len(r.problems) > 0 {
		slices.SortStableFunc(r.problems, func(a, b config.Problem) int {
			if a.Line != b.Line {
				return a.Line - b.Line
			}
			return strings.Compare(a.Path, b.Path)
		})
		return Usage{}, r.problems
	}
	return u, nil
}

// assignment is one value that somebody gives, with where it stands.
type assignment struct {
	file         string
	line, column int
	path         []string
	// value is a scalar; list has the items of a list.
	value  string
	list   []string
	isList bool
}

func (a assignment) key() string { return strings.Join(a.path, ".") }

// reader collects assignments, the later ones over the earlier, and problems.
type reader struct {
	zone     *zone.Zone
	problems config.Problems
	values   map[string]assignment
	accounts map[string]map[string]assignment
}

func (r *reader) bad(a assignment, allowed []string, format string, args ...any) {
	p := config.Problem{File: a.file, Line: a.line, Column: a.column, Path: a.key(), Value: a.value, Message: fmt.Sprintf(format, args...), Allowed: allowed}
	if a.value != "" {
		p.Nearest = config.Nearest(a.value, allowed)
	}
	r.problems = append(r.problems, p)
}

// file reads the assignments of a YAML file.
func (r *reader) file(name string, data []byte) {
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		p := config.Problem{File: name, Message: "this is no YAML: " + strings.TrimSpace(yaml.FormatError(err, false, false))}
		if e, is := err.(yaml.Error); is && e.GetToken() != nil {
			p.Line, p.Column, p.Message = e.GetToken().Position.Line, e.GetToken().Position.Column, "this is no YAML: "+e.GetMessage()
		}
		r.problems = append(r.problems, p)
		return
	}
	if len(parsed.Docs) > 1 {
		r.bad(assignment{file: name}, nil, "the file has %d YAML documents; it must have one", len(parsed.Docs))
		return
	}
	if len(parsed.Docs) == 1 && parsed.Docs[0].Body != nil {
		if _, isComment := parsed.Docs[0].Body.(*ast.CommentGroupNode); !isComment {
			r.walk(name, nil, parsed.Docs[0].Body)
		}
	}
}

// walk turns a mapping into assignments.
func (r *reader) walk(file string, path []string, n ast.Node) {
	at := n.GetToken().Position
	a := assignment{file: file, line: at.Line, column: at.Column, path: path}
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			r.pair(file, path, v)
		}
	case *ast.MappingValueNode:
		r.pair(file, path, n)
	case *ast.SequenceNode:
		a.isList = true
		for _, item := range n.Values {
			if _, scalar := item.(ast.ScalarNode); !scalar {
				r.bad(a, nil, "a list here has words only")
				return
			}
			a.list = append(a.list, item.GetToken().Value)
		}
		r.take(a)
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.bad(a, nil, "anchors, aliases and YAML tags are not read here; write the value out")
	case ast.ScalarNode:
		if n.Type() == ast.NullType {
			r.bad(a, nil, "nothing stands after the colon; give a value or remove the line")
			return
		}
		a.value = n.GetToken().Value
		r.take(a)
	default:
		r.bad(a, nil, "it must be a value, a list or a mapping")
	}
}

func (r *reader) pair(file string, path []string, v *ast.MappingValueNode) {
	r.walk(file, append(slices.Clone(path), v.Key.GetToken().Value), v.Value)
}

// set reads one PATH=VALUE. A list is given with commas.
func (r *reader) set(text string) {
	path, value, has := strings.Cut(text, "=")
	a := assignment{file: "--set " + text, value: strings.TrimSpace(value)}
	if !has || path == "" || a.value == "" {
		a.value = ""
		r.bad(a, nil, "it must be a path and a value, as in --set active.managementEvents=2000000")
		return
	}
	a.path = strings.Split(strings.TrimSpace(path), ".")
	// A name of an account may have dots of its own.
	if len(a.path) > 2 && a.path[0] == "accounts" {
		tail := len(a.path) - 1
		if len(a.path) > 3 && a.path[tail-1] == "active" {
			tail--
		}
		a.path = append([]string{"accounts", strings.Join(a.path[1:tail], ".")}, a.path[tail:]...)
	}
	if a.path[len(a.path)-1] == "activeRegions" && a.value != "all" {
		a.isList, a.list, a.value = true, strings.Split(a.value, ","), ""
	}
	r.take(a)
}

// take keeps an assignment whose path can be right.
func (r *reader) take(a assignment) {
	if len(a.path) == 0 {
		r.bad(a, nil, "the file must be a mapping such as `size: busy`")
		return
	}
	if a.path[0] != "accounts" {
		if r.values == nil {
			r.values = map[string]assignment{}
		}
		r.values[a.key()] = a
		return
	}
	if len(a.path) < 3 {
		r.bad(a, nil, "it must be a mapping of account names, each with size, activeRegions or active")
		return
	}
	name := a.path[1]
	if !slices.ContainsFunc(r.zone.Accounts, func(z zone.Account) bool { return z.Name == name }) {
		var names []string
		for _, z := range r.zone.Accounts {
			names = append(names, z.Name)
		}
		p := config.Problem{File: a.file, Line: a.line, Column: a.column, Path: a.key(), Message: "the zone's file has no workload account " + strconv.Quote(name), Nearest: config.Nearest(name, names), Allowed: names}
		r.problems = append(r.problems, p)
		return
	}
	if r.accounts[name] == nil {
		r.accounts[name] = map[string]assignment{}
	}
	r.accounts[name][strings.Join(a.path[2:], ".")] = a
}

// apply puts one value into the usage of the zone.
func (r *reader) apply(u *Usage, a assignment) {
	switch a.path[0] {
	case "size":
		r.scalar(a, 1)
	case "activeRegions":
		if r.leaf(a, 1) {
			u.ActiveRegions, u.AllRegions = r.regions(a)
		}
	case "month":
		if r.scalar(a, 1) {
			month, err := strconv.Atoi(a.value)
			if err != nil || month < 1 || month > MaxMonth {
				r.bad(a, nil, "it must be the number of a month of the zone's life, from 1 to %d", MaxMonth)
				return
			}
			u.Month = month
		}
	case "freeTier":
		if r.scalar(a, 1) {
			if a.value != "true" && a.value != "false" {
				r.bad(a, []string{"true", "false"}, "it must be true or false")
				return
			}
			u.FreeTier = a.value == "true"
		}
	case "active":
		r.quantity(u.Active, a, 1, PerRegion, PerAccount)
	case "quiet":
		r.quantity(u.Quiet, a, 1, PerRegion, PerAccount)
	case "organization":
		r.quantity(u.Active, a, 1, PerOrganization)
	default:
		r.unknown(a, 0, []string{"size", "activeRegions", "active", "quiet", "organization", "accounts", "month", "freeTier"})
	}
}

// applyAccount puts one value into the usage of an account.
func (r *reader) applyAccount(u *AccountUsage, a assignment) {
	switch a.path[2] {
	case "size":
		r.scalar(a, 3)
	case "activeRegions":
		if r.leaf(a, 3) {
			u.ActiveRegions, u.AllRegions = r.regions(a)
		}
	case "active":
		r.quantity(u.Active, a, 3, PerRegion, PerAccount)
	default:
		r.unknown(a, 2, []string{"size", "activeRegions", "active"})
	}
}

// unknown reports a key that is not among the words.
func (r *reader) unknown(a assignment, at int, words []string) {
	r.problems = append(r.problems, config.Problem{File: a.file, Line: a.line, Column: a.column, Path: a.key(),
		Message: "there is no key " + strconv.Quote(a.path[at]) + " here", Nearest: config.Nearest(a.path[at], words), Allowed: words})
}

// leaf says whether the path ends after so many parts, and reports it when not.
func (r *reader) leaf(a assignment, parts int) bool {
	if len(a.path) != parts {
		r.bad(a, nil, "nothing can stand below %s", strings.Join(a.path[:parts], "."))
		return false
	}
	return true
}

// scalar is leaf for a single value.
func (r *reader) scalar(a assignment, parts int) bool {
	if !r.leaf(a, parts) {
		return false
	}
	if a.isList {
		r.bad(a, nil, "it must be one value, not a list")
		return false
	}
	return true
}

func (r *reader) size(a assignment) Size {
	var words []string
	for _, s := range Sizes() {
		words = append(words, string(s))
	}
	if !a.isList && !slices.Contains(words, a.value) {
		r.bad(a, words, "there is no such size")
		return Small
	}
	return Size(a.value)
}

// regions are the Regions of a list, or all governed ones.
func (r *reader) regions(a assignment) (regions []string, all bool) {
	if !a.isList {
		if a.value == "all" {
			return nil, true
		}
		r.bad(a, nil, "it must be a list of governed Regions, or the word all")
		return nil, false
	}
	out := []string{}
	for _, region := range a.list {
		region = strings.TrimSpace(region)
		if !slices.Contains(r.zone.GovernedRegions, region) {
			one := a
			one.value = region
			r.bad(one, r.zone.GovernedRegions, "the zone does not govern this Region, so its workloads cannot work there")
			continue
		}
		out = append(out, region)
	}
	return out, false
}

// quantity sets a quantity that is counted for one of the given.
func (r *reader) quantity(to Activity, a assignment, at int, per ...string) {
	var words []string
	var found *quantity
	all := quantities()
	for i, q := range all {
		if !slices.Contains(per, q.Per) {
			continue
		}
		words = append(words, string(q.Key))
		if len(a.path) > at && string(q.Key) == a.path[at] {
			found = &all[i]
		}
	}
	switch {
	case len(a.path) <= at:
		r.bad(a, nil, "it must be a mapping of quantities, such as %s", words[0])
		return
	case found == nil:
		r.unknown(a, at, words)
		return
	case !r.scalar(a, at+1):
		return
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(a.value, "_", ""), 64)
	least, most := found.limits()
	if err != nil || math.IsNaN(n) || n < least || n > most {
		r.bad(a, nil, "%s must be a number from %s to %s", found.Key, number(least), number(most))
		return
	}
	to[found.Key] = n
}

// limits are the smallest and the largest value that a quantity can have.
func (q quantity) limits() (least, most float64) {
	switch q.Key {
	case RuleShare, MetricHours:
		return 0, 1
	case ChangesPerDay:
		return 1, maxTimesBusy
	}
	return 0, q.Busy * maxTimesBusy
}

// number writes a number as people do.
func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }
