package guardrail

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/internal/policy"
)

// Ordinary is a body of everyday requests that a default zone must let through in every workload OU.
type Ordinary struct {
	Title    string    `yaml:"title"`
	Requests []Request `yaml:"requests"`
	File     string    `yaml:"-"`
}

// LoadOrdinary reads ordinary/*.yaml. Mistakes are [Problems].
func LoadOrdinary(fsys fs.FS) ([]Ordinary, error) {
	names, err := fs.Glob(fsys, "ordinary/*.yaml")
	if err != nil {
		return nil, err
	}
	l := loader{c: &Catalogue{}}
	var out []Ordinary
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("read ordinary requests: %w", err)
		}
		f, ok := l.parse(name, data)
		if !ok {
			continue
		}
		o := Ordinary{File: name}
		if l.decode(f, &o) {
			out = append(out, o)
		}
	}
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	if len(out) == 0 {
		return nil, errors.New("there are no ordinary requests under ordinary/")
	}
	return out, nil
}

// Everyday returns the request's cases. Unlike in a proof, an action goes only with resources of its own service,
// or with "*" when the request names none of them.
func (c *Catalogue) Everyday(r Request) []Case {
	var out []Case
	for _, action := range r.Action {
		service, _, _ := strings.Cut(action, ":")
		if service == "sts" {
			service = "iam"
		}
		one := r
		one.Action = Strings{action}
		one.Resource = slices.DeleteFunc(slices.Clone(r.Resource), func(resource string) bool {
			arn := strings.SplitN(resource, ":", 4)
			return len(arn) < 4 || arn[2] != service
		})
		for _, k := range c.Cases(one) {
			if _, given := r.Context["aws:RequestedRegion"]; !given && strings.HasPrefix(k.Request.Resource, "arn:aws:iam:") {
				k.Request.Context["aws:RequestedRegion"] = policy.Values{"us-east-1"}
			}
			out = append(out, k)
		}
	}
	return out
}
