package policy

import (
	"bytes"
	"encoding/json"
	"slices"
	"sort"
	"unicode/utf8"
)

// Versions of the policy language. Policy variables exist since Version2012
// (IAM User Guide, reference_policies_elements_version).
const (
	Version2012 = "2012-10-17"
	Version2008 = "2008-10-17"
)

// Effect is what a statement does with a request that it matches.
type Effect string

// The two effects, spelled as the policy language requires.
const (
	Allow Effect = "Allow"
	Deny  Effect = "Deny"
)

// Document is one policy as plain data. The zero value is not a valid policy.
type Document struct {
	// Version is Version2012 or Version2008; empty means Version2008.
	Version string
	// ID is the optional Id element, used by resource-based policies only.
	ID         string
	Statements []Statement
}

// Statement is one statement of a Document. Exactly one of Action and NotAction
// is set, at most one of Resource and NotResource, and at most one of Principal
// and NotPrincipal.
type Statement struct {
	Sid          string
	Effect       Effect
	Principal    *Principal
	NotPrincipal *Principal
	Action       []string
	NotAction    []string
	Resource     []string
	NotResource  []string
	Condition    Conditions
}

// Conditions maps a condition operator, such as "StringNotEqualsIfExists" or
// "ForAnyValue:StringLike", to condition keys and their values. Numbers and
// booleans of the JSON form are kept as their text.
type Conditions map[string]map[string][]string

// Principal is the Principal or NotPrincipal element.
type Principal struct {
	// Everyone stands for the bare "*".
	Everyone bool
	// AWS holds account ids, ARNs of accounts, users, roles and sessions, or "*".
	AWS           []string
	CanonicalUser []string
	Federated     []string
	Service       []string
}

// JSON returns the document in its smallest form: no whitespace, elements in
// the customary order, map keys sorted, lists of one entry as a string, and no
// HTML escaping. Equal documents give equal text.
//
// AWS counts the characters of exactly this text against its quotas when the
// document is sent as an object (CloudFormation) or as a string.
func (d Document) JSON() string {
	var w bytes.Buffer
	w.WriteByte('{')
	first := true
	if d.Version != "" {
		writeMember(&w, &first, "Version", d.Version)
	}
	if d.ID != "" {
		writeMember(&w, &first, "Id", d.ID)
	}
	writeName(&w, &first, "Statement")
	w.WriteByte('[')
	for i, s := range d.Statements {
		if i > 0 {
			w.WriteByte(',')
		}
		s.write(&w)
	}
	w.WriteString("]}")
	return w.String()
}

// Size returns the number of characters of JSON, the figure that the quotas of
// AWS Organizations limit.
func (d Document) Size() int { return utf8.RuneCountInString(d.JSON()) }

// MarshalJSON writes what JSON returns. Note that json.Marshal escapes <, > and
// & on top of it; JSON does not.
func (d Document) MarshalJSON() ([]byte, error) { return []byte(d.JSON()), nil }

// UnmarshalJSON reads a document as Parse does.
func (d *Document) UnmarshalJSON(text []byte) error {
	parsed, err := Parse(text)
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Object returns the document as nested maps, lists and strings, for callers
// that serialize it themselves, as the CDK does.
func (d Document) Object() map[string]any {
	var object map[string]any
	if err := json.Unmarshal([]byte(d.JSON()), &object); err != nil {
		// JSON always writes one well-formed object.
		return nil
	}
	return object
}

// JSON returns the statement in the form that Document.JSON uses.
func (s Statement) JSON() string {
	var w bytes.Buffer
	s.write(&w)
	return w.String()
}

// MarshalJSON writes what JSON returns.
func (s Statement) MarshalJSON() ([]byte, error) { return []byte(s.JSON()), nil }

// UnmarshalJSON reads one statement as Parse does.
func (s *Statement) UnmarshalJSON(text []byte) error {
	c, err := checked(text)
	if err != nil {
		return err
	}
	parsed, err := parseStatement(c, 0)
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

func (s Statement) write(w *bytes.Buffer) {
	w.WriteByte('{')
	first := true
	if s.Sid != "" {
		writeMember(w, &first, "Sid", s.Sid)
	}
	writeMember(w, &first, "Effect", string(s.Effect))
	for _, p := range []struct {
		name  string
		value *Principal
	}{{"Principal", s.Principal}, {"NotPrincipal", s.NotPrincipal}} {
		if p.value != nil {
			writeName(w, &first, p.name)
			p.value.write(w)
		}
	}
	for _, l := range []struct {
		name  string
		value []string
	}{{"Action", s.Action}, {"NotAction", s.NotAction}, {"Resource", s.Resource}, {"NotResource", s.NotResource}} {
		if len(l.value) > 0 {
			writeName(w, &first, l.name)
			writeList(w, l.value)
		}
	}
	if len(s.Condition) > 0 {
		writeName(w, &first, "Condition")
		s.Condition.write(w)
	}
	w.WriteByte('}')
}

func (p *Principal) write(w *bytes.Buffer) {
	if p.Everyone {
		w.WriteString(`"*"`)
		return
	}
	w.WriteByte('{')
	first := true
	for _, l := range []struct {
		name  string
		value []string
	}{{"AWS", p.AWS}, {"CanonicalUser", p.CanonicalUser}, {"Federated", p.Federated}, {"Service", p.Service}} {
		if len(l.value) > 0 {
			writeName(w, &first, l.name)
			writeList(w, l.value)
		}
	}
	w.WriteByte('}')
}

func (c Conditions) write(w *bytes.Buffer) {
	w.WriteByte('{')
	first := true
	for _, operator := range sortedKeys(c) {
		writeName(w, &first, operator)
		w.WriteByte('{')
		firstKey := true
		for _, key := range sortedKeys(c[operator]) {
			writeName(w, &firstKey, key)
			writeList(w, c[operator][key])
		}
		w.WriteByte('}')
	}
	w.WriteByte('}')
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

func writeName(w *bytes.Buffer, first *bool, name string) {
	if !*first {
		w.WriteByte(',')
	}
	*first = false
	writeString(w, name)
	w.WriteByte(':')
}

func writeMember(w *bytes.Buffer, first *bool, name, value string) {
	writeName(w, first, name)
	writeString(w, value)
}

func writeList(w *bytes.Buffer, values []string) {
	if len(values) == 1 {
		writeString(w, values[0])
		return
	}
	w.WriteByte('[')
	for i, value := range values {
		if i > 0 {
			w.WriteByte(',')
		}
		writeString(w, value)
	}
	w.WriteByte(']')
}

func writeString(w *bytes.Buffer, s string) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	// A string always encodes, and a bytes.Buffer always accepts.
	_ = encoder.Encode(s)
	w.Truncate(w.Len() - 1)
}

// Clone returns a copy that shares no memory with s.
func (s Statement) Clone() Statement {
	s.Principal, s.NotPrincipal = s.Principal.clone(), s.NotPrincipal.clone()
	s.Action, s.NotAction = slices.Clone(s.Action), slices.Clone(s.NotAction)
	s.Resource, s.NotResource = slices.Clone(s.Resource), slices.Clone(s.NotResource)
	if s.Condition != nil {
		conditions := make(Conditions, len(s.Condition))
		for operator, keys := range s.Condition {
			conditions[operator] = make(map[string][]string, len(keys))
			for key, values := range keys {
				conditions[operator][key] = slices.Clone(values)
			}
		}
		s.Condition = conditions
	}
	return s
}

func (p *Principal) clone() *Principal {
	if p == nil {
		return nil
	}
	return &Principal{
		Everyone: p.Everyone, AWS: slices.Clone(p.AWS), CanonicalUser: slices.Clone(p.CanonicalUser),
		Federated: slices.Clone(p.Federated), Service: slices.Clone(p.Service),
	}
}
