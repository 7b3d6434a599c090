package eventruler_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// generator makes pairs of a pattern and an event that is derived from the pattern, so that both outcomes are frequent.
type generator struct {
	*rand.Rand
}

// value is one value of a field's list in a pattern, with values of events that the operator may or may not match. The
// lists need not be right: Event Ruler is the judge.
type value struct {
	text         string
	hits, misses []string
}

func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	return strings.TrimSuffix(b.String(), "\n")
}

func quoteAll(list []string) []string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = quote(s)
	}
	return quoted
}

func pick[T any](g generator, list []T) T { return list[g.IntN(len(list))] }

func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

// word is a short string over few letters, so that words often share parts.
func (g generator) word() string {
	if g.chance(15) {
		return pick(g, []string{"running", "aws.ec2", "ConsoleLogin", "arn:aws:iam::111122223333:role/x", "a b", "true", "5", "null"})
	}
	letters := []rune(`aaabbbABc.é*\"/ßÉ`)
	word := make([]rune, 1+g.IntN(5))
	for i := range word {
		word[i] = pick(g, letters)
	}
	return string(word)
}

// flip changes the case of some letters.
func (g generator) flip(s string) string {
	letters := []rune(s)
	for i, r := range letters {
		if g.chance(50) {
			letters[i] = []rune(strings.ToUpper(string(r)))[0]
		} else {
			letters[i] = []rune(strings.ToLower(string(r)))[0]
		}
	}
	return string(letters)
}

// near is a string that differs a little.
func (g generator) near(s string) string {
	letters := []rune(s)
	switch at := g.IntN(len(letters) + 1); g.IntN(4) {
	case 0:
		return string(letters[:at]) + g.word() + string(letters[at:])
	case 1:
		if at < len(letters) {
			return string(letters[:at]) + string(letters[at+1:])
		}
		return s + "x"
	case 2:
		return g.flip(s) + "x"
	default:
		return g.word()
	}
}

// scalar is any value that is no string of words.
func (g generator) scalar() string {
	return pick(g, []string{"null", "true", "false", "5", "0", `""`, `"5"`, `"null"`, "-1.5", "12345678901234567890", `"10.0.0.1"`})
}

// number is a number within the limits of operands, and spellings of it.
func (g generator) number() (string, []string) {
	n := float64(g.IntN(2001)-1000) / pick(g, []float64{1, 1, 10, 1000, 1e6})
	if g.chance(15) {
		n = pick(g, []float64{0, 5e9, -5e9, 4999999999.999999, 1e6, 301.8})
	}
	plain := strconv.FormatFloat(n, 'f', -1, 64)
	if plain == "-0" {
		plain = "0"
	}
	dotted := plain + ".0"
	if strings.Contains(plain, ".") {
		dotted = plain + "0"
	}
	spellings := []string{plain, dotted, plain + "e0", dotted + "E+00", strconv.FormatFloat(n, 'e', -1, 64)}
	return pick(g, spellings), spellings
}

// nearNumber is close to a number, or far.
func (g generator) nearNumber(text string) string {
	n, _ := strconv.ParseFloat(text, 64)
	n += pick(g, []float64{-1, 1, 0.000001, -0.000001, 0.1, -100, 6e9, -6e9})
	return strconv.FormatFloat(n, pick(g, []byte{'f', 'e'}), -1, 64)
}

// several returns one to three of what make makes.
func several(g generator, make func() string) []string {
	list := []string{make()}
	for g.chance(45) && len(list) < 3 {
		list = append(list, make())
	}
	return list
}

// list writes JSON values as an array, or the single one alone half the time.
func (g generator) list(values []string) string {
	if len(values) == 1 && g.chance(50) {
		return values[0]
	}
	return "[" + strings.Join(values, ",") + "]"
}

func op(name, operand string) string { return fmt.Sprintf(`{%s:%s}`, quote(name), operand) }

func escapeWildcard(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`).Replace(s)
}

// wildcard returns a wildcard and strings that it may match.
func (g generator) wildcard() (string, []string) {
	pattern, one, two := "", "", ""
	for range 1 + g.IntN(3) {
		part := g.word()
		pattern, one, two = pattern+escapeWildcard(part), one+part, two+part
		if g.chance(70) {
			pattern, one = pattern+"*", one+g.word()
		}
	}
	if g.chance(30) {
		pattern, two = "*"+pattern, g.word()+two
	}
	return pattern, []string{one, two}
}

func (g generator) address(six bool) string {
	if !six {
		return fmt.Sprintf("%d.%d.%d.%d", pick(g, []int{10, 10, 10, 192, 0, 255}), g.IntN(3), pick(g, []int{0, 1, 127, 128, 255}), g.IntN(256))
	}
	groups := make([]string, 8)
	for i := range groups {
		groups[i] = pick(g, []string{"0", "0", "1", "db8", "FFFF", "a00", "2001"})
	}
	if g.chance(60) {
		at := g.IntN(7)
		return strings.Join(groups[:at], ":") + "::" + strings.Join(groups[at+1+g.IntN(7-at):], ":")
	}
	return strings.Join(groups, ":")
}

// operators makes values by the operator they use. The order of names is the order of use, so runs are alike.
func operators() []struct {
	name string
	make func(g generator) value
} {
	excluding := func(inner string, text func(string) string, hit func(g generator, s string) string) func(g generator) value {
		return func(g generator) value {
			words := several(g, g.word)
			texts := make([]string, len(words))
			for i, w := range words {
				texts[i] = quote(text(w))
			}
			operand := g.list(texts)
			if inner != "" {
				operand = op(inner, operand)
			}
			w := pick(g, words)
			return value{op("anything-but", operand), []string{quote(g.word()), g.scalar(), quote(g.near(w))}, []string{quote(hit(g, w))}}
		}
	}
	same := func(s string) string { return s }
	comparison := func(sign string) func(g generator) value {
		return func(g generator) value {
			n, spellings := g.number()
			return value{op("numeric", fmt.Sprintf("[%q,%s]", sign, n)), append(spellings, g.nearNumber(n)), []string{g.nearNumber(n), g.nearNumber(n), g.scalar()}}
		}
	}
	block := func(six bool) func(g generator) value {
		return func(g generator) value {
			base, bits := g.address(six), g.IntN(32)
			if six {
				bits = g.IntN(128)
			}
			if netip.MustParseAddr(base).Is4In6() {
				bits %= 32
			}
			return value{op("cidr", quote(fmt.Sprintf("%s/%d", base, bits))), []string{quote(base), quote(g.address(six))},
				[]string{quote(g.address(six)), quote(g.address(!six)), g.scalar(), quote(g.word())}}
		}
	}
	return []struct {
		name string
		make func(g generator) value
	}{
		{"string", func(g generator) value {
			w := g.word()
			return value{quote(w), []string{quote(w)}, []string{quote(g.near(w)), quote(g.flip(w)), g.scalar()}}
		}},
		{"number", func(g generator) value {
			n, spellings := g.number()
			return value{n, spellings, []string{g.nearNumber(n), quote(n), g.scalar()}}
		}},
		{"long number", func(g generator) value {
			n := pick(g, []string{"111122223333", "12345678901234567890", "5000000001", "1e400", "0.1234567890123456789"})
			return value{n, []string{n}, []string{n + "1", quote(n), pick(g, []string{"111122223334", "5000000001.0", "1e401"})}}
		}},
		{"boolean", func(g generator) value {
			b := pick(g, []string{"true", "false"})
			return value{b, []string{b}, []string{quote(b), g.scalar()}}
		}},
		{"null", func(g generator) value { return value{"null", []string{"null"}, []string{`"null"`, g.scalar(), `""`}} }},
		{"empty string", func(g generator) value { return value{`""`, []string{`""`}, []string{"null", quote(g.word())}} }},
		{"address", func(g generator) value {
			a := g.address(g.chance(50))
			return value{quote(a), []string{quote(a), quote(strings.ToUpper(a)), quote("0" + a)}, []string{quote(g.address(true)), quote(g.address(false)), quote(a + "0")}}
		}},
		{"exactly", func(g generator) value {
			w := g.word()
			return value{op("exactly", quote(w)), []string{quote(w)}, []string{quote(g.near(w)), g.scalar()}}
		}},
		{"prefix", func(g generator) value {
			w := g.word()
			return value{op("prefix", quote(w)), []string{quote(w), quote(w + g.word())}, []string{quote(g.near(w)), quote(g.flip(w)), g.scalar()}}
		}},
		{"prefix ignoring case", func(g generator) value {
			w := g.word()
			return value{op("prefix", op("equals-ignore-case", quote(w))), []string{quote(g.flip(w) + g.word())}, []string{quote(g.near(w)), g.scalar()}}
		}},
		{"suffix", func(g generator) value {
			w := g.word()
			return value{op("suffix", quote(w)), []string{quote(w), quote(g.word() + w)}, []string{quote(g.near(w)), quote(g.flip(w)), g.scalar()}}
		}},
		{"suffix ignoring case", func(g generator) value {
			w := g.word()
			return value{op("suffix", op("equals-ignore-case", quote(w))), []string{quote(g.word() + g.flip(w))}, []string{quote(g.near(w)), g.scalar()}}
		}},
		{"equals-ignore-case", func(g generator) value {
			w := g.word()
			return value{op("equals-ignore-case", quote(w)), []string{quote(g.flip(w)), quote(strings.ToUpper(w))}, []string{quote(g.near(w)), g.scalar()}}
		}},
		{"wildcard", func(g generator) value {
			w, hits := g.wildcard()
			return value{op("wildcard", quote(w)), quoteAll(hits), []string{quote(g.near(hits[0])), quote(g.near(hits[1])), g.scalar()}}
		}},
		{"numeric =", comparison("=")},
		{"numeric <", comparison("<")},
		{"numeric <=", comparison("<=")},
		{"numeric >", comparison(">")},
		{"numeric >=", comparison(">=")},
		{"numeric range", func(g generator) value {
			low := g.IntN(20)
			high := low + 1 + g.IntN(20)
			inside := strconv.FormatFloat(float64(low)+g.Float64()*float64(high-low), 'f', 3, 64)
			ends := []string{strconv.Itoa(low), strconv.Itoa(high)}
			return value{op("numeric", fmt.Sprintf("[%q,%d,%q,%d]", pick(g, []string{">", ">="}), low, pick(g, []string{"<", "<="}), high)),
				[]string{inside, inside, ends[0], ends[1]}, []string{g.nearNumber(ends[0]), g.nearNumber(ends[1]), quote(ends[0]), g.scalar()}}
		}},
		{"cidr IPv4", block(false)},
		{"cidr IPv6", block(true)},
		{"exists true", func(g generator) value {
			return value{op("exists", "true"), []string{g.scalar(), quote(g.word())}, []string{"[]", "{}", `{"z":1}`, "[{}]", "[[]]"}}
		}},
		{"exists false", func(g generator) value {
			return value{op("exists", "false"), []string{"[]", "{}", `{"z":1}`, `[{"z":[1]}]`}, []string{g.scalar(), quote(g.word())}}
		}},
		{"anything-but strings", excluding("", same, func(_ generator, s string) string { return s })},
		{"anything-but numbers", func(g generator) value {
			texts := several(g, func() string { n, _ := g.number(); return n })
			n := pick(g, texts)
			return value{op("anything-but", g.list(texts)), []string{g.nearNumber(n), quote(n), g.scalar()}, []string{n, n, n}}
		}},
		{"anything-but prefix", excluding("prefix", same, func(g generator, s string) string { return s + g.word() })},
		{"anything-but suffix", excluding("suffix", same, func(g generator, s string) string { return g.word() + s })},
		{"anything-but ignoring case", excluding("equals-ignore-case", same, func(g generator, s string) string { return g.flip(s) })},
		{"anything-but wildcard", excluding("wildcard", func(s string) string { return "*" + escapeWildcard(s) + "*" },
			func(g generator, s string) string { return g.word() + s + g.word() })},
	}
}

// paths are the fields that generated patterns ask for. None is the start of another.
var paths = []string{"a", "b", "d.e", "d.f", "d.g.h", "d.g.i", "d.g.j.k", "x.y", "x.z"}

// fieldOf is what a pattern asks of one path, and values for events.
type fieldOf struct {
	path   string
	list   string
	values []value
}

// tree is an object of a pattern or an event under construction.
type tree struct {
	keys     []string
	children map[string]*tree
	leaf     string // the JSON of a leaf
}

func newTree() *tree { return &tree{children: make(map[string]*tree)} }

func (t *tree) child(key string) *tree {
	if t.children[key] == nil {
		t.keys = append(t.keys, key)
		t.children[key] = newTree()
	}
	return t.children[key]
}

func (t *tree) put(path, leaf string) {
	for _, key := range strings.Split(path, ".") {
		t = t.child(key)
	}
	t.leaf = leaf
}

func (t *tree) json() string {
	if t.leaf != "" {
		return t.leaf
	}
	members := make([]string, len(t.keys))
	for i, key := range t.keys {
		members[i] = quote(key) + ":" + t.children[key].json()
	}
	return "{" + strings.Join(members, ",") + "}"
}

// fields makes what a pattern asks of some paths; the first value comes from first.
func (g generator) fields(count int, first func(g generator) value) []fieldOf {
	all := operators()
	chosen := slices.Clone(paths)
	g.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
	fields := make([]fieldOf, count)
	for i := range fields {
		f := fieldOf{path: chosen[i]}
		makeValue := first
		if i > 0 {
			makeValue = pick(g, all).make
		}
		f.values = append(f.values, makeValue(g))
		for g.chance(25) && len(f.values) < 3 {
			f.values = append(f.values, pick(g, all).make(g))
		}
		for defective(f.values) {
			f.values = f.values[:len(f.values)-1]
		}
		texts := make([]string, len(f.values))
		for j, v := range f.values {
			texts[j] = v.text
		}
		g.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
		f.list = "[" + strings.Join(texts, ",") + "]"
		fields[i] = f
	}
	return fields
}

// defective tells whether Event Ruler misjudges a list of these values, as TestKnownDefectsOfEventRuler shows.
func defective(values []value) bool {
	contains := func(part string) bool {
		return slices.ContainsFunc(values, func(v value) bool { return strings.Contains(v.text, part) })
	}
	beyondASCII := contains("é") || contains("É") || contains("ß")
	return contains(`{"wildcard"`) && (contains(`"equals-ignore-case"`) || contains(`"suffix"`) && beyondASCII)
}

// isAddress tells whether a value of a pattern is an address or a block of them.
func isAddress(v value) bool {
	return strings.HasPrefix(v.text, `{"cidr"`) || strings.HasPrefix(v.text, `"`) && strings.ContainsAny(v.text, ".:")
}

// isNumber tells whether the JSON of a scalar is a number.
func isNumber(text string) bool { return strings.ContainsAny(text[:1], "-0123456789") }

// pattern writes fields as a pattern; or tells whether to put some into branches of "$or".
func (g generator) pattern(fields []fieldOf, or bool) string {
	root := newTree()
	if !or {
		for _, f := range fields {
			root.put(f.path, f.list)
		}
		return root.json()
	}
	together := g.IntN(len(fields) - 1)
	for _, f := range fields[:together] {
		root.put(f.path, f.list)
	}
	root.child("$or").leaf = g.or(fields[together:])
	return root.json()
}

// or writes at least two fields as the branches of a "$or".
func (g generator) or(fields []fieldOf) string {
	cut := 1 + g.IntN(len(fields)-1)
	var branches []string
	for _, part := range [][]fieldOf{fields[:cut], fields[cut:]} {
		branches = append(branches, g.pattern(part, len(part) > 1 && g.chance(50)))
	}
	if g.chance(30) { // a branch may ask again for a path of another
		branches = append(branches, g.pattern([]fieldOf{pick(g, fields)}, false))
	}
	return "[" + strings.Join(branches, ",") + "]"
}

// event derives an event from fields. likely is the chance in percent that a value is one that should match.
func (g generator) event(fields []fieldOf, likely int, arrays bool) string {
	byPath := make(map[string]fieldOf)
	shape := newTree()
	for _, f := range fields {
		byPath[f.path] = f
		shape.put(f.path, "leaf")
	}
	if g.chance(50) {
		shape.put("noise", "leaf")
	}
	return g.object(shape, "", byPath, likely, arrays)
}

func (g generator) object(shape *tree, path string, fields map[string]fieldOf, likely int, arrays bool) string {
	var members []string
	for _, key := range shape.keys {
		child, childPath := shape.children[key], strings.TrimPrefix(path+"."+key, ".")
		var text string
		switch {
		case child.leaf != "":
			if g.chance((100 - likely) / 4) {
				continue
			}
			text = g.leaf(fields[childPath], likely)
		case arrays && g.chance(60):
			elements := make([]string, 1+g.IntN(3))
			for i := range elements {
				elements[i] = g.object(child, childPath, fields, likely, arrays)
				if g.chance(15) {
					elements[i] = "[" + elements[i] + "," + g.object(child, childPath, fields, likely, arrays) + "]"
				}
				if g.chance(5) {
					elements[i] = g.scalar()
				}
			}
			text = "[" + strings.Join(elements, ",") + "]"
		default:
			text = g.object(child, childPath, fields, likely, arrays)
		}
		members = append(members, quote(key)+":"+text)
	}
	g.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	return "{" + strings.Join(members, ",") + "}"
}

func (g generator) leaf(f fieldOf, likely int) string {
	one := func() string {
		if len(f.values) == 0 {
			return g.scalar()
		}
		v := pick(g, f.values)
		text := pick(g, v.misses)
		if g.chance(likely) {
			text = pick(g, v.hits)
		}
		// Numbers that meet addresses are among the known defects too.
		if isNumber(text) && slices.ContainsFunc(f.values, isAddress) {
			text = quote(text)
		}
		return text
	}
	if g.chance(80) {
		return one()
	}
	values := make([]string, g.IntN(4))
	for i := range values {
		values[i] = one()
	}
	return "[" + strings.Join(values, ",") + "]"
}
