package policy

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// setOperator says how a condition treats the values of a multivalued key.
type setOperator uint8

const (
	noSet setOperator = iota
	forAllValues
	forAnyValue
)

// family is the comparison that an operator makes.
type family uint8

const (
	stringEquals family = iota
	stringEqualsIgnoreCase
	stringLike
	arnLike
	numeric
	date
	boolean
	binaryEquals
	ipAddress
	null
)

// cost orders families by the time that a comparison takes.
func (f family) cost() int {
	switch f {
	case null:
		return 0
	case arnLike:
		return 3
	case stringLike, stringEqualsIgnoreCase, date, ipAddress:
		return 2
	}
	return 1
}

// operator is a condition operator taken apart.
type operator struct {
	family   family
	negated  bool
	accepts  ordering // of numeric and date
	set      setOperator
	ifExists bool
}

// ordering is a set of the results less, equal and greater.
type ordering uint8

const (
	less ordering = 1 << iota
	equal
	greater
)

func orderingOf(compared int) ordering {
	switch {
	case compared < 0:
		return less
	case compared > 0:
		return greater
	}
	return equal
}

// operators by lower-case name (IAM User Guide,
// reference_policies_elements_condition_operators). ArnEquals and ArnLike
// behave identically.
var operators = map[string]operator{
	"stringequals":              {family: stringEquals},
	"stringnotequals":           {family: stringEquals, negated: true},
	"stringequalsignorecase":    {family: stringEqualsIgnoreCase},
	"stringnotequalsignorecase": {family: stringEqualsIgnoreCase, negated: true},
	"stringlike":                {family: stringLike},
	"stringnotlike":             {family: stringLike, negated: true},
	"arnequals":                 {family: arnLike},
	"arnnotequals":              {family: arnLike, negated: true},
	"arnlike":                   {family: arnLike},
	"arnnotlike":                {family: arnLike, negated: true},
	"numericequals":             {family: numeric, accepts: equal},
	"numericnotequals":          {family: numeric, accepts: equal, negated: true},
	"numericlessthan":           {family: numeric, accepts: less},
	"numericlessthanequals":     {family: numeric, accepts: less | equal},
	"numericgreaterthan":        {family: numeric, accepts: greater},
	"numericgreaterthanequals":  {family: numeric, accepts: greater | equal},
	"dateequals":                {family: date, accepts: equal},
	"datenotequals":             {family: date, accepts: equal, negated: true},
	"datelessthan":              {family: date, accepts: less},
	"datelessthanequals":        {family: date, accepts: less | equal},
	"dategreaterthan":           {family: date, accepts: greater},
	"dategreaterthanequals":     {family: date, accepts: greater | equal},
	"bool":                      {family: boolean},
	"binaryequals":              {family: binaryEquals},
	"ipaddress":                 {family: ipAddress},
	"notipaddress":              {family: ipAddress, negated: true},
	"null":                      {family: null},
}

// parseOperator reads an operator name, in any letter case.
func parseOperator(name string) (operator, error) {
	rest := strings.ToLower(name)
	set := noSet
	switch prefix, after, found := strings.Cut(rest, ":"); {
	case !found:
	case prefix == "forallvalues":
		set, rest = forAllValues, after
	case prefix == "foranyvalue":
		set, rest = forAnyValue, after
	default:
		return operator{}, fmt.Errorf("%q is no condition operator: only ForAllValues: and ForAnyValue: may stand in front", name)
	}
	base, ifExists := strings.CutSuffix(rest, "ifexists")
	op, ok := operators[base]
	switch {
	case !ok:
		return operator{}, fmt.Errorf("%q is no condition operator", name)
	case op.family == null && ifExists:
		return operator{}, fmt.Errorf("%q is no condition operator: Null cannot take IfExists, it tests existence itself", name)
	case op.family == null && set != noSet:
		return operator{}, fmt.Errorf("%q is no condition operator: Null tests the key, not its values, so it takes no set operator", name)
	}
	op.set, op.ifExists = set, ifExists
	return op, nil
}

// condition is one operator applied to one key.
type condition struct {
	operator
	key    string // lower case
	values values
	// wantAbsent and wantPresent are the answers that Null accepts.
	wantAbsent, wantPresent bool
}

// values are the prepared policy values of one condition.
type values interface {
	// match reports whether one request value matches any of the policy values,
	// by the positive form of the operator.
	match(value string, r *prepared) bool
}

func newCondition(name, key string, texts []string, variables bool) (condition, error) {
	op, err := parseOperator(name)
	if err != nil {
		return condition{}, err
	}
	c := condition{operator: op, key: strings.ToLower(key)}
	switch op.family {
	case null:
		for _, text := range texts {
			switch strings.ToLower(text) {
			case "true":
				c.wantAbsent = true
			case "false":
				c.wantPresent = true
			default:
				return c, fmt.Errorf("%q is no value of Null; write true (the key is absent) or false (it is present)", text)
			}
		}
	case arnLike:
		list := make(arnValues, len(texts))
		for i, text := range texts {
			if list[i], err = newARNPattern(text, variables); err != nil {
				return c, err
			}
		}
		c.values = list
	case stringEquals, stringEqualsIgnoreCase, stringLike, boolean:
		c.values, err = newStringValues(op.family, texts, variables)
	case numeric:
		list := numericValues{accepts: op.accepts}
		for _, text := range texts {
			if d, ok := parseDecimal(text); ok {
				list.list = append(list.list, d)
			}
		}
		c.values = list
	case date:
		list := dateValues{accepts: op.accepts}
		for _, text := range texts {
			if t, ok := parseDate(text); ok {
				list.list = append(list.list, t)
			}
		}
		c.values = list
	case binaryEquals:
		list := binaryValues{}
		for _, text := range texts {
			if b, err := base64.StdEncoding.DecodeString(text); err == nil {
				list[string(b)] = true
			}
		}
		c.values = list
	case ipAddress:
		var list ipValues
		for _, text := range texts {
			if p, ok := parseCIDR(text); ok {
				list = append(list, p)
			}
		}
		c.values = list
	}
	return c, err
}

// holds evaluates the condition.
func (c *condition) holds(r *prepared) bool {
	requested := r.context[c.key]
	if c.family == null {
		return c.wantAbsent && len(requested) == 0 || c.wantPresent && len(requested) > 0
	}
	if len(requested) == 0 {
		switch {
		case c.ifExists, c.set == forAllValues:
			return true
		case c.set == forAnyValue:
			return false
		}
		return c.negated
	}
	switch c.set {
	case forAllValues:
		for _, value := range requested {
			if c.values.match(value, r) == c.negated {
				return false
			}
		}
		return true
	case forAnyValue:
		for _, value := range requested {
			if c.values.match(value, r) != c.negated {
				return true
			}
		}
		return false
	}
	return len(requested) == 1 && c.values.match(requested[0], r) != c.negated
}

// stringValues are the values of the string operators and of Bool.
type stringValues struct {
	family   family
	exact    map[string]bool // without wildcards and variables
	patterns []pattern
	// templates are the tokens of values with variables that are compared as text.
	templates [][]token
}

func newStringValues(f family, texts []string, variables bool) (values, error) {
	v := &stringValues{family: f, exact: make(map[string]bool, len(texts))}
	for _, text := range texts {
		tokens, err := tokenize(text, f == stringLike, variables)
		if err != nil {
			return nil, err
		}
		p := newPattern(tokens)
		fixed, exact := p.fixed.exact()
		switch {
		case exact && f == stringEqualsIgnoreCase:
			v.templates = append(v.templates, []token{{kind: literal, text: fixed}})
		case exact && f == boolean:
			v.exact[strings.ToLower(fixed)] = true
		case exact:
			v.exact[fixed] = true
		case f == stringLike:
			v.patterns = append(v.patterns, p)
		default:
			v.templates = append(v.templates, tokens)
		}
	}
	return v, nil
}

func (v *stringValues) match(value string, r *prepared) bool {
	if v.family == boolean {
		value = strings.ToLower(value)
		if value != "true" && value != "false" {
			return false
		}
	}
	if v.exact[value] {
		return true
	}
	for _, p := range v.patterns {
		if p.match(value, r) {
			return true
		}
	}
	for _, t := range v.templates {
		text, ok := resolveText(t, r)
		switch {
		case !ok:
		case v.family == stringEquals && text == value, v.family != stringEquals && strings.EqualFold(text, value):
			return true
		}
	}
	return false
}

// resolveText resolves tokens that hold no wildcard into one string.
func resolveText(tokens []token, r *prepared) (string, bool) {
	if len(tokens) == 1 && tokens[0].kind == literal {
		return tokens[0].text, true
	}
	resolved, ok := resolve(tokens, r)
	if !ok {
		return "", false
	}
	var text strings.Builder
	for _, t := range resolved {
		text.WriteString(t.text)
	}
	return text.String(), true
}

type arnValues []arnPattern

func (v arnValues) match(value string, r *prepared) bool {
	segments := r.split(value)
	if segments == nil {
		return false
	}
	for i := range v {
		if v[i].match(segments, r) {
			return true
		}
	}
	return false
}

type numericValues struct {
	accepts ordering
	list    []decimal
}

func (v numericValues) match(value string, _ *prepared) bool {
	requested, ok := parseDecimal(value)
	if !ok {
		return false
	}
	for _, d := range v.list {
		if v.accepts&orderingOf(requested.compare(d)) != 0 {
			return true
		}
	}
	return false
}

// decimal is a decimal number of any length, compared by digits so that a long
// one neither loses precision nor costs memory.
type decimal struct {
	negative bool
	whole    string // without leading zeros
	fraction string // without trailing zeros
}

func parseDecimal(text string) (decimal, bool) {
	var d decimal
	switch {
	case strings.HasPrefix(text, "-"):
		d.negative = true
		text = text[1:]
	case strings.HasPrefix(text, "+"):
		text = text[1:]
	}
	whole, fraction, point := strings.Cut(text, ".")
	if !digits(whole) || point && !digits(fraction) {
		return decimal{}, false
	}
	d.whole, d.fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if d.whole == "" && d.fraction == "" {
		d.negative = false
	}
	return d, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// compare returns -1, 0 or 1.
func (d decimal) compare(other decimal) int {
	if d.negative != other.negative {
		if d.negative {
			return -1
		}
		return 1
	}
	result := len(d.whole) - len(other.whole)
	if result == 0 {
		result = strings.Compare(d.whole, other.whole)
	}
	if result == 0 {
		result = strings.Compare(d.fraction, other.fraction)
	}
	if d.negative {
		result = -result
	}
	return min(max(result, -1), 1)
}

type dateValues struct {
	accepts ordering
	list    []time.Time
}

func (v dateValues) match(value string, _ *prepared) bool {
	requested, ok := parseDate(value)
	if !ok {
		return false
	}
	for _, t := range v.list {
		if v.accepts&orderingOf(requested.Compare(t)) != 0 {
			return true
		}
	}
	return false
}

// dateLayouts are the forms of https://www.w3.org/TR/NOTE-datetime. Fractions of
// a second are accepted by time.Parse after the seconds.
var dateLayouts = [...]string{"2006-01-02T15:04:05Z07:00", "2006-01-02", "2006-01-02T15:04Z07:00", "2006-01", "2006"}

// parseDate reads a W3C date or epoch seconds.
func parseDate(text string) (time.Time, bool) {
	if digits(text) && len(text) != len("2006") {
		seconds, err := strconv.ParseInt(text, 10, 64)
		// Beyond this time.Time cannot count.
		if err != nil || seconds > 1<<53 {
			return time.Time{}, false
		}
		return time.Unix(seconds, 0), true
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// binaryValues are decoded byte strings.
type binaryValues map[string]bool

func (v binaryValues) match(value string, _ *prepared) bool {
	b, err := base64.StdEncoding.DecodeString(value)
	return err == nil && v[string(b)]
}

type ipValues []netip.Prefix

func (v ipValues) match(value string, _ *prepared) bool {
	address, err := netip.ParseAddr(value)
	if err != nil || address.Zone() != "" {
		return false
	}
	address = address.Unmap()
	for _, prefix := range v {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// parseCIDR reads a range in CIDR form, or one address as the range of itself.
func parseCIDR(text string) (netip.Prefix, bool) {
	if !strings.Contains(text, "/") {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, false
		}
		address = address.Unmap()
		return netip.PrefixFrom(address, address.BitLen()), true
	}
	prefix, err := netip.ParsePrefix(text)
	return prefix, err == nil
}
