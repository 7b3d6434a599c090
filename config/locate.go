package config

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Locate gives problems that know their path, but not their place, the line and column in the file. An item of a
// list may be named by its number or by any of its values, as in alerts.suppressions[root-activity].expires, or by
// several of them, as in identityCenter.assignments[platform][ViewOnly]. A problem whose place is not found gets the file
// only.
func Locate(file string, problems Problems) Problems {
	out := make(Problems, len(problems))
	var root ast.Node
	if data, err := os.ReadFile(file); err == nil {
		if parsed, err := parser.ParseBytes(data, 0); err == nil && len(parsed.Docs) > 0 {
			root = parsed.Docs[0].Body
		}
	}
	for i, p := range problems {
		p.File = file
		if root != nil && p.Line == 0 {
			if n := find(root, p.Path); n != nil {
				place := start(n)
				p.Line, p.Column = place.line, place.column
			}
		}
		out[i] = p
	}
	return out
}

// find is the node at a path, or the deepest one on the way to it that exists; nil when not even the first key does.
func find(n ast.Node, path string) ast.Node {
	var deepest ast.Node
	for path != "" && n != nil {
		var key string
		key, path = step(path)
		keys := []string{key}
		if list, is := n.(*ast.SequenceNode); is {
			for strings.HasPrefix(path, "[") {
				key, path = step(path)
				keys = append(keys, key)
			}
			n = item(list, keys)
		} else {
			n = child(n, key)
		}
		if n != nil {
			deepest = n
		}
	}
	return deepest
}

// item is the item of a list with the number of a single key, or else the first that holds all of them; nil when there is none.
func item(list *ast.SequenceNode, keys []string) ast.Node {
	if i, err := strconv.Atoi(keys[0]); err == nil && len(keys) == 1 && i >= 0 && i < len(list.Values) {
		return list.Values[i]
	}
	for _, v := range list.Values {
		if !slices.ContainsFunc(keys, func(key string) bool { return !holds(v, key) }) {
			return v
		}
	}
	return nil
}

// step takes the first part off a path: a key, or what stands in brackets.
func step(path string) (first, rest string) {
	path = strings.TrimPrefix(path, ".")
	if inner, found := strings.CutPrefix(path, "["); found {
		first, rest, _ = strings.Cut(inner, "]")
		return first, rest
	}
	if i := strings.IndexAny(path, ".["); i >= 0 {
		return path[:i], path[i:]
	}
	return path, ""
}

func child(n ast.Node, key string) ast.Node {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			if v.Key.GetToken().Value == key {
				return v.Value
			}
		}
	case *ast.MappingValueNode:
		if n.Key.GetToken().Value == key {
			return n.Value
		}
	}
	return nil
}

// holds says whether a list's item is a value, or a mapping that has it under some key.
func holds(item ast.Node, value string) bool {
	switch item := item.(type) {
	case *ast.MappingNode:
		for _, v := range item.Values {
			if _, nested := v.Value.(ast.ScalarNode); nested && v.Value.GetToken().Value == value {
				return true
			}
		}
	case *ast.MappingValueNode:
		return item.Value.GetToken().Value == value
	case ast.ScalarNode:
		return item.GetToken().Value == value
	}
	return false
}
