package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// decode fills zone from the body of the file. It walks the Go types, so that a field that is added to
// them is known here at once; which values a field takes is said by Rules.
func (c *checker) decode(body ast.Node, zone *LandingZone) {
	c.record("", place{key: start(body), value: start(body)})
	c.structure(body, "", reflect.ValueOf(zone).Elem())
}

func (c *checker) record(path string, p place) { c.places[path] = p }

// entry is one key of a mapping with its value.
type entry struct {
	name  string
	key   ast.Node
	value ast.Node
}

// entries lists a mapping's keys in the order of the file without those that it reports: keys that are no words, and repeated ones.
func (c *checker) entries(node ast.Node, path string) []entry {
	var values []*ast.MappingValueNode
	switch n := node.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	}
	var out []entry
	first := map[string]position{}
	for _, v := range values {
		key, is := v.Key.(*ast.StringNode)
		if !is {
			c.report(at(v.Key.GetToken()), path, Problem{Value: raw(v.Key), Message: "this key is " + kind(v.Key) + ", and keys are text", Fix: "put it in quotes if it is meant as text"})
			continue
		}
		name := key.Value
		if before, repeated := first[name]; repeated {
			c.report(at(key.Token), join(path, name), Problem{Message: fmt.Sprintf("the key is there twice, first on line %d", before.line), Fix: "keep one of the two"})
			continue
		}
		first[name] = at(key.Token)
		out = append(out, entry{name: name, key: key, value: v.Value})
	}
	return out
}

// structure fills a struct from a mapping.
func (c *checker) structure(node ast.Node, path string, into reflect.Value) {
	fields, names := map[string]int{}, []string{}
	t := into.Type()
	for i := range t.NumField() {
		if name := yamlName(t.Field(i)); name != "" {
			fields[name] = i
			names = append(names, name)
		}
	}
	for _, e := range c.entries(node, path) {
		at, p := at(e.key.GetToken()), join(path, e.name)
		i, known := fields[e.name]
		if !known {
			c.unknownKey(at, p, e.name, names)
			continue
		}
		value := start(e.value)
		if e.value.Type() == ast.NullType {
			value = at
		}
		c.record(p, place{key: at, value: value, raw: raw(e.value)})
		c.value(e.value, p, t.Name()+"."+t.Field(i).Name, into.Field(i))
	}
	for _, name := range names {
		p := join(path, name)
		r := c.rules[t.Name()+"."+t.Field(fields[name]).Name]
		if _, present := c.places[p]; !present && r.Required && !c.spoiled[p] {
			problem := Problem{Message: "the key is missing, and it has no default"}
			if r.Example != "" {
				problem.Fix = "add it, for example " + name + ": " + r.Example
			}
			c.report(c.places[path].value, p, problem)
		}
	}
}

func (c *checker) unknownKey(at position, path, name string, names []string) {
	p := Problem{Message: "there is no such key here", Allowed: names, Nearest: Nearest(name, names)}
	if p.Nearest == "" {
		if homes := keyHomes(name); len(homes) > 0 {
			p.Fix = "the key belongs at " + strings.Join(homes, " or ")
		}
	}
	c.report(at, path, p)
}

// value fills one field, list item or map value; key names its rule.
func (c *checker) value(node ast.Node, path, key string, into reflect.Value) {
	where := c.places[path].value
	r := c.rules[key]
	if node.Type() == ast.NullType {
		p := Problem{Message: "the key has no value, and it needs " + expected(into.Type())}
		if strings.HasSuffix(path, "]") {
			p.Message = "the item is empty, and it must be " + expected(into.Type())
		}
		switch {
		case r.Required && r.Example != "":
			p.Fix = r.example()
		case into.Kind() == reflect.Slice:
			p.Fix = "write [] for an empty list"
		case into.Kind() == reflect.Map:
			p.Fix = "write {} for none"
		default:
			p.Fix = "add the value, or remove the line"
		}
		c.report(where, path, p)
		return
	}
	if !fits(node, into.Kind()) {
		c.wrongType(where, path, node, into.Type(), r)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		c.structure(node, path, into)
	case reflect.Slice:
		c.list(node, path, key, into)
	case reflect.Map:
		c.mapping(node, path, key, into)
	case reflect.Bool:
		into.SetBool(node.(*ast.BoolNode).Value)
	case reflect.Int:
		n, ok := integer(node.(*ast.IntegerNode))
		if !ok {
			c.report(where, path, Problem{Value: raw(node), Message: "the number is too large"})
			return
		}
		if p, ok := r.number(n); !ok {
			p.Value = raw(node)
			c.report(where, path, p)
			return
		}
		into.SetInt(n)
	case reflect.String:
		s, _ := word(node)
		into.SetString(s)
		if s == "" && r.MinLength == 0 && r.MaxLength > 0 {
			return
		}
		if s == "" {
			c.report(where, path, Problem{Message: "the value is empty", Fix: "write a value, or remove the line"})
			return
		}
		if p, ok := r.word(s); !ok {
			p.Value = s
			c.report(where, path, p)
		}
	}
}

func (c *checker) list(node ast.Node, path, key string, into reflect.Value) {
	items := node.(*ast.SequenceNode).Values
	r := c.rules[key]
	switch {
	case len(items) < r.MinItems:
		c.report(c.places[path].value, path, Problem{Message: fmt.Sprintf("the list needs at least %d item", r.MinItems), Fix: "for example " + r.Example})
	case r.MaxItems > 0 && len(items) > r.MaxItems:
		c.report(c.places[path].value, path, Problem{Message: fmt.Sprintf("the list has %d items, and at most %d are allowed", len(items), r.MaxItems)})
		return
	}
	list := reflect.MakeSlice(into.Type(), len(items), len(items))
	for i, item := range items {
		p := path + "[" + strconv.Itoa(i) + "]"
		c.record(p, place{key: start(item), value: start(item), raw: raw(item)})
		if list.Index(i).Type() == reflect.TypeFor[Account]() {
			list.Index(i).Set(reflect.ValueOf(DefaultAccount()))
		}
		c.value(item, p, key, list.Index(i))
	}
	into.Set(list)
	if r.Unique {
		c.unique(path, into.Interface().([]string))
	}
}

// unique reports list items that are there twice, also in other case.
func (c *checker) unique(path string, items []string) {
	first := map[string]int{}
	for i, item := range items {
		p := path + "[" + strconv.Itoa(i) + "]"
		before, repeated := first[strings.ToLower(item)]
		if !repeated {
			first[strings.ToLower(item)] = i
			continue
		}
		if item == "" || c.spoiled[p] {
			continue
		}
		message := fmt.Sprintf("the list has this item twice, first at %s[%d] on line %d", path, before, c.places[path+"["+strconv.Itoa(before)+"]"].value.line)
		if items[before] != item {
			message = fmt.Sprintf("the list has this item twice but for upper and lower case, first at %s[%d] on line %d", path, before, c.places[path+"["+strconv.Itoa(before)+"]"].value.line)
		}
		c.report(c.places[p].value, p, Problem{Value: item, Message: message, Fix: "remove one of the two"})
	}
}

// mapping fills a map of words, which only tags are.
func (c *checker) mapping(node ast.Node, path, key string, into reflect.Value) {
	r := c.rules[key]
	entries := c.entries(node, path)
	if r.MaxItems > 0 && len(entries) > r.MaxItems {
		c.report(c.places[path].value, path, Problem{Message: fmt.Sprintf("there are %d tags, and at most %d are allowed", len(entries), r.MaxItems)})
	}
	m := reflect.MakeMap(into.Type())
	for _, e := range entries {
		p := join(path, e.name)
		at := at(e.key.GetToken())
		value := start(e.value)
		if e.value.Type() == ast.NullType {
			value = at
		}
		c.record(p, place{key: at, value: value, raw: raw(e.value)})
		if problem, ok := r.tagKey(e.name); !ok {
			problem.Value = e.name
			c.report(at, p, problem)
		}
		element := reflect.New(into.Type().Elem()).Elem()
		c.value(e.value, p, key, element)
		m.SetMapIndex(reflect.ValueOf(e.name), element)
	}
	into.Set(m)
}

// wrongType reports a value of another type than the key takes, with the likely cause.
func (c *checker) wrongType(where position, path string, node ast.Node, want reflect.Type, r rule) {
	p := Problem{Value: raw(node), Message: "this is " + kind(node) + ", and the key takes " + expected(want)}
	if strings.HasSuffix(path, "]") {
		p.Message = "this is " + kind(node) + ", and each item must be " + expected(want)
	}
	text, isWord := word(node)
	switch {
	case want.Kind() == reflect.Int && bareDigits(node):
		p.Message = "the number is too large, or written in no form that YAML reads as a number"
	case want.Kind() == reflect.String && r.Pattern == idPattern:
		p.Fix = `put the id in quotes, as in "111122223333": without them YAML reads a number and drops leading zeros`
	case want.Kind() == reflect.String && scalar(node):
		p.Fix = "put it in quotes, as in " + strconv.Quote(shown(raw(node)))
	case want.Kind() == reflect.String && isBraced(node):
		p.Fix = "put quotes around a text that starts with {"
	case want.Kind() == reflect.Bool && isWord && slices.Contains([]string{"yes", "on", "y", "true", "enabled"}, strings.ToLower(text)):
		p.Fix = "write true"
	case want.Kind() == reflect.Bool && isWord && slices.Contains([]string{"no", "off", "n", "false", "disabled"}, strings.ToLower(text)):
		p.Fix = "write false"
	case want.Kind() == reflect.Int && isWord && wholeNumber.MatchString(text):
		p.Fix = "write it without quotes and separators: " + strings.NewReplacer(",", "", "_", "", " ", "").Replace(text)
	case want.Kind() == reflect.Int && isWord && unitNumber.MatchString(text):
		p.Fix = "write the number of days alone"
	case want.Kind() == reflect.Slice && isWord:
		p.Fix = "put a hyphen and a space before each item, or brackets around them: [" + shown(text) + "]"
	case want.Kind() == reflect.Slice && isMapping(node):
		p.Fix = "put a hyphen and a space before each item"
	case (want.Kind() == reflect.Struct || want.Kind() == reflect.Map) && isList(node):
		p.Fix = "leave out the hyphens"
	case want == reflect.TypeFor[Account]():
		p.Fix = "write - name: " + shown(raw(node)) + " and the account's ou below it"
	case r.Example != "" && (want.Kind() != reflect.String || r.KeyPattern == ""):
		p.Fix = r.example()
	}
	c.report(where, path, p)
}

var (
	wholeNumber = regexp.MustCompile(`^[0-9][0-9_, ]*$`)
	unitNumber  = regexp.MustCompile(`^[0-9]+ ?[a-zA-Z]+$`)
	digits      = regexp.MustCompile(`^[0-9]+$`)
)

// fits says whether a node can fill a field of a kind.
func fits(node ast.Node, k reflect.Kind) bool {
	switch k {
	case reflect.Struct, reflect.Map:
		return isMapping(node)
	case reflect.Slice:
		return isList(node)
	case reflect.Bool:
		return node.Type() == ast.BoolType
	case reflect.Int:
		return node.Type() == ast.IntegerType
	case reflect.String:
		_, is := word(node)
		return is && !bareDigits(node)
	}
	return false
}

func isMapping(node ast.Node) bool {
	return node.Type() == ast.MappingType || node.Type() == ast.MappingValueType
}

func isList(node ast.Node) bool { return node.Type() == ast.SequenceType }

// isBraced says whether a node is a mapping in braces.
func isBraced(node ast.Node) bool {
	m, is := node.(*ast.MappingNode)
	return is && m.IsFlowStyle
}

// bareDigits says whether a word consists of digits without quotes: some YAML readers make a number of it, others a word.
func bareDigits(node ast.Node) bool {
	s, is := node.(*ast.StringNode)
	return is && s.Token.Type == token.StringType && digits.MatchString(s.Value)
}

// word returns the text of a node that is a word.
func word(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

func scalar(node ast.Node) bool {
	_, is := node.(ast.ScalarNode)
	return is
}

func integer(node *ast.IntegerNode) (int64, bool) {
	switch n := node.Value.(type) {
	case int64:
		return n, true
	case uint64:
		return int64(n), n <= math.MaxInt64
	}
	return 0, false
}

// kind names the type of a node for a message.
func kind(node ast.Node) string {
	switch n := node.(type) {
	case *ast.NullNode:
		return "nothing"
	case *ast.IntegerNode:
		return "a number"
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number with a fraction"
	case *ast.BoolNode:
		return "true or false"
	case *ast.StringNode:
		if bareDigits(n) {
			return "a number"
		}
		return "text"
	case *ast.LiteralNode:
		return "text of several lines"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	}
	return "something else"
}

// expected names the type of a field for a message.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		return "a mapping with the keys " + strings.Join(keysOf(t), ", ")
	case reflect.Map:
		return "a mapping with text as values"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return "a list of mappings"
		}
		return "a list of texts"
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "a whole number"
	}
	return "text"
}

// raw is a scalar as the file has it; "" for mappings and lists.
func raw(node ast.Node) string {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value
	case *ast.LiteralNode:
		return n.Value.Value
	case *ast.NullNode, nil:
		return ""
	}
	if t := node.GetToken(); scalar(node) && t != nil {
		return t.Value
	}
	return ""
}

// start is the place of the first character of a node.
func start(node ast.Node) position {
	switch n := node.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return start(n.Key)
	}
	return at(node.GetToken())
}

// join appends a key to a YAML path; keys that are no plain words are quoted.
func join(path, key string) string {
	if !plainKey.MatchString(key) {
		key = strconv.Quote(shown(key))
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

var plainKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func keysOf(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		if name := yamlName(t.Field(i)); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// keyHomes finds where in the file a key of this name belongs.
func keyHomes(name string) []string {
	var homes []string
	var walk func(t reflect.Type, path string)
	walk = func(t reflect.Type, path string) {
		switch t.Kind() {
		case reflect.Slice:
			walk(t.Elem(), path+"[]")
		case reflect.Struct:
			for i := range t.NumField() {
				f := t.Field(i)
				if yamlName(f) == name {
					homes = append(homes, join(path, name))
				}
				walk(f.Type, strings.TrimPrefix(path+"."+yamlName(f), "."))
			}
		}
	}
	walk(reflect.TypeFor[LandingZone](), "")
	return homes
}
