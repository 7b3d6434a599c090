package config

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Parse checks the text of a file; file is its name for messages. It returns the zone with all
// defaults filled in, or nil and every problem that the text has. Where the text is no YAML, the
// problems that can be seen without a parse are all there, and the first one that stops the parse.
func Parse(file string, data []byte) (*LandingZone, Problems) {
	c := &checker{file: file, rules: compile(Rules()), places: map[string]place{}, spoiled: map[string]bool{}}
	zone := c.parse(data)
	if len(c.problems) > 0 {
		return nil, c.problems.sorted()
	}
	return zone, nil
}

// place is where a value and its key are in the file. A list item and the file itself have no key;
// there key is the place of the value.
type place struct {
	key, value position
	raw        string
}

type position struct{ line, column int }

// checker collects the problems of one file.
type checker struct {
	file     string
	rules    map[string]rule
	problems Problems
	// places holds every value of the file by its YAML path; a path that is not there is absent.
	places map[string]place
	// spoiled paths have a problem; checks that build on their value leave them out.
	spoiled map[string]bool
	// lookups counts the suggestions for names of identityCenter.
	lookups int
}

func (c *checker) report(at position, path string, p Problem) {
	p.File, p.Line, p.Column, p.Path, p.Value = c.file, max(at.line, 1), max(at.column, 1), path, shown(p.Value)
	c.problems = append(c.problems, p)
	c.spoiled[path] = true
}

// parse returns nil when the text is no YAML that the file may be written in.
func (c *checker) parse(data []byte) *LandingZone {
	if len(data) > MaxFileBytes {
		p := tooLarge(int64(len(data)))
		p.Unreadable = true
		c.report(position{}, "", *p)
		return nil
	}
	content, problem := text(data)
	if problem != nil {
		problem.Unreadable = true
		c.report(position{problem.Line, problem.Column}, "", *problem)
		return nil
	}
	tabs := c.tabs(content)
	tokens := lexer.Tokenize(content)
	if !c.tokens(tokens) || tabs {
		return nil
	}
	parsed, err := tree(tokens)
	if err != nil {
		c.syntax(content, err)
		return nil
	}
	body := c.document(content, parsed)
	if body == nil {
		return nil
	}
	zone := Default()
	c.decode(body, zone)
	c.check(zone)
	return zone
}

// tree is the parser of the YAML library. Text that makes the library panic is an error, like other text that it does not take.
func tree(tokens token.Tokens) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			file, err = nil, fmt.Errorf("the parser gave up: %v", r)
		}
	}()
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// tabs reports lines that are indented with a tab, which YAML forbids. Lines that hold nothing or a comment may have them.
func (c *checker) tabs(content string) (found bool) {
	if !strings.Contains(content, "\t") {
		return false
	}
	line := 0
	for l := range strings.Lines(content) {
		line++
		rest := strings.TrimLeft(l, " \t\n")
		indent := l[:len(l)-len(rest)]
		if tab := strings.IndexByte(indent, '\t'); tab >= 0 && rest != "" && !strings.HasPrefix(rest, "#") {
			c.report(position{line, tab + 1}, "", Problem{Message: "the line is indented with a tab, and YAML takes spaces only", Fix: "put two spaces for each level"})
			found = true
		}
	}
	return found
}

// tokens reports what the file may not use at all, and nesting that is deeper than any right file has,
// before the recursive parser sees it. It returns false when the parser must not.
func (c *checker) tokens(tokens token.Tokens) bool {
	good := true
	refuse := func(t *token.Token, p Problem) {
		good = false
		c.report(at(t), "", p)
	}
	flow, line, run, items := 0, 0, 0, 0
	var open keyCount
	for _, t := range tokens {
		if open.add(t) > MaxKeys {
			refuse(t, Problem{Message: fmt.Sprintf("one mapping has more than %d keys here, and no mapping of the file needs so many", MaxKeys)})
			return false
		}
		switch t.Type {
		case token.AnchorType:
			refuse(t, Problem{Value: "&" + following(t), Message: "anchors are not allowed, so that every value is read where it applies", Fix: "write the value out, or put quotes around a text that starts with &"})
		case token.AliasType:
			refuse(t, Problem{Value: "*" + following(t), Message: "aliases are not allowed, so that every value is read where it applies", Fix: "write the value out, or put quotes around a text that starts with *"})
		case token.MergeKeyType:
			refuse(t, Problem{Value: t.Value, Message: "merge keys are not allowed, so that every value is read where it applies", Fix: "write the keys out"})
		case token.TagType:
			refuse(t, Problem{Value: shown(t.Value), Message: "YAML type tags are not allowed", Fix: "leave it out, or put quotes around a text that starts with !"})
		case token.DirectiveType:
			if t.Position.Column == 1 {
				refuse(t, Problem{Value: "%" + following(t), Message: "YAML directives are not allowed", Fix: "leave the line out"})
			}
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		}
		// Block nesting on one line is a run of "- " or "? "; over lines it costs indentation, which the size of the file bounds.
		switch t.Type {
		case token.SequenceEntryType, token.MappingKeyType:
			if t.Position.Line != line {
				line, run = t.Position.Line, 0
			}
			run++
			items++
		}
		if items > MaxListItems {
			refuse(t, Problem{Message: fmt.Sprintf("the file has more than %d list items, and no zone needs so many", MaxListItems)})
			return false
		}
		if flow > MaxNesting || run > MaxNesting {
			refuse(t, Problem{Message: fmt.Sprintf("lists and mappings nest more than %d levels deep here", MaxNesting), Fix: "no key of the file needs that; is a closing bracket missing?"})
			return false
		}
	}
	return good
}

// keyCount counts the keys of the mappings that are open.
type keyCount struct {
	// block mappings are told apart by the column that their keys start in, mappings and lists in brackets by their brackets.
	block []struct{ column, keys int }
	flow  []int
}

// add takes the next token and returns how many keys its mapping has so far.
func (k *keyCount) add(t *token.Token) int {
	column, step := t.Position.Column, 0
	switch t.Type {
	case token.MappingStartType, token.SequenceStartType:
		k.flow = append(k.flow, 0)
		return 0
	case token.MappingEndType, token.SequenceEndType:
		k.flow = k.flow[:max(len(k.flow)-1, 0)]
		return 0
	case token.SequenceEntryType:
	case token.MappingValueType:
		step = 1
		if t.Prev != nil && t.Prev.Position.Line == t.Position.Line {
			column = t.Prev.Position.Column
		}
	default:
		return 0
	}
	if n := len(k.flow); n > 0 {
		k.flow[n-1] += step
		return k.flow[n-1]
	}
	for len(k.block) > 0 && k.block[len(k.block)-1].column > column {
		k.block = k.block[:len(k.block)-1]
	}
	if len(k.block) == 0 || k.block[len(k.block)-1].column < column {
		k.block = append(k.block, struct{ column, keys int }{column, 0})
	}
	top := &k.block[len(k.block)-1]
	top.keys += step
	return top.keys
}

func following(t *token.Token) string {
	if t.Next == nil {
		return ""
	}
	return shown(t.Next.Value)
}

func at(t *token.Token) position {
	if t == nil || t.Position == nil {
		return position{}
	}
	return position{t.Position.Line, t.Position.Column}
}

// syntax reports the error that stopped the parser, with the likely cause.
func (c *checker) syntax(content string, err error) {
	e, is := errors.AsType[yaml.Error](err)
	if !is {
		c.report(position{}, "", Problem{Message: "the file is not YAML: " + strings.ReplaceAll(err.Error(), "\n", " ")})
		return
	}
	where := at(e.GetToken())
	lines := strings.Split(content, "\n")
	written := ""
	if where.line >= 1 && where.line <= len(lines) {
		written = strings.TrimSpace(lines[where.line-1])
	}
	p := Problem{Value: written, Message: "the file is not YAML: " + e.GetMessage()}
	switch message := e.GetMessage(); {
	case strings.Contains(message, "reserved character"):
		p.Fix = "put the whole value in quotes"
	case strings.Contains(message, "mapping value is not allowed"):
		p.Fix = "put the value in quotes when it holds a colon, or check the indentation of this line and the one before"
	case strings.Contains(message, "non-map value"):
		p.Fix = "each line here is `key: value`: is the colon, or the space after it, missing?"
	case strings.Contains(message, "could not find end character"):
		p.Fix = "close the quotation mark"
	case strings.Contains(message, "must be specified"), strings.Contains(message, "not found"):
		p.Fix = "close the bracket, or put the value in quotes"
	default:
		p.Fix = "check the indentation, the colons and the quotes of this line and the one before"
	}
	c.report(where, "", p)
}

// document returns the one mapping that the file consists of, or nil after it has reported why there is none.
func (c *checker) document(content string, file *ast.File) ast.Node {
	var docs []*ast.DocumentNode
	for _, d := range file.Docs {
		if d.Body != nil && d.Body.Type() != ast.CommentType || d.Start != nil {
			docs = append(docs, d)
		}
	}
	start := "start with the file that the repository brings, or with the example in docs/configuration.md"
	switch {
	case strings.TrimSpace(content) == "":
		c.report(position{}, "", Problem{Message: "the file is empty", Fix: start})
		return nil
	case len(docs) == 0:
		c.report(position{}, "", Problem{Message: "the file holds comments only", Fix: start})
		return nil
	case len(docs) > 1:
		for _, d := range docs[1:] {
			where := at(d.Start)
			if d.Start == nil && d.Body != nil {
				where = at(d.Body.GetToken())
			}
			c.report(where, "", Problem{Message: "another YAML document starts here, and the file must hold one only", Fix: "remove the line ---, or keep the other zone in another file and name that with --config"})
		}
		return nil
	}
	body := docs[0].Body
	switch body := body.(type) {
	case nil, *ast.NullNode:
		c.report(position{}, "", Problem{Message: "the file holds no keys", Fix: start})
		return nil
	case *ast.MappingNode, *ast.MappingValueNode:
		return body
	}
	c.report(at(body.GetToken()), "", Problem{Value: raw(body), Message: "the file must consist of keys with values, and this is " + kind(body), Fix: start})
	return nil
}
