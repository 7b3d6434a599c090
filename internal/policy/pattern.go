package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// tokenize splits text into tokens. With wildcards, * and ? are wildcards, else
// literals. With variables, ${key}, ${key, 'default'} and the escapes ${*}, ${?}
// and ${$} are recognized, else literals (policies of Version2008).
func tokenize(text string, wildcards, variables bool) ([]token, error) {
	var tokens []token
	pending := 0
	flush := func(to int) {
		if to > pending {
			tokens = append(tokens, token{kind: literal, text: text[pending:to]})
		}
	}
	for i := 0; i < len(text); {
		switch {
		case wildcards && text[i] == '*':
			flush(i)
			tokens = append(tokens, token{kind: anyRun})
			i++
			pending = i
		case wildcards && text[i] == '?':
			flush(i)
			tokens = append(tokens, token{kind: anyOne})
			i++
			pending = i
		case variables && strings.HasPrefix(text[i:], "${"):
			flush(i)
			t, length, err := parseVariable(text[i:])
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, t)
			i += length
			pending = i
		default:
			i++
		}
	}
	flush(len(text))
	return tokens, nil
}

// parseVariable reads the variable that text starts with and returns the bytes
// that it takes.
func parseVariable(text string) (token, int, error) {
	const open = len("${")
	end := strings.IndexByte(text, '}')
	if quote := strings.Index(text, ", '"); quote >= 0 && quote < end {
		// The default may itself hold a brace.
		end = -1
		if n := strings.Index(text[quote+len(", '"):], "'}"); n >= 0 {
			end = quote + len(", '") + n + len("'")
		}
	}
	if end < 0 {
		return token{}, 0, fmt.Errorf("the policy variable in %q is not closed", text)
	}
	body, length := text[open:end], end+len("}")
	switch body {
	case "*", "?", "$":
		return token{kind: literal, text: body}, length, nil
	case "":
		return token{}, 0, errors.New("the policy variable ${} names no context key")
	}
	key, fallback, hasFallback := strings.Cut(body, ",")
	if hasFallback {
		fallback = strings.TrimSpace(fallback)
		if len(fallback) < 2 || fallback[0] != '\'' || fallback[len(fallback)-1] != '\'' {
			return token{}, 0, fmt.Errorf("the default value in ${%s} must stand in single quotes: ${%s, 'value'}", body, strings.TrimSpace(key))
		}
		fallback = fallback[1 : len(fallback)-1]
	}
	return token{kind: variable, text: strings.ToLower(strings.TrimSpace(key)), fallback: fallback, hasFallback: hasFallback}, length, nil
}

func hasVariable(tokens []token) bool {
	for _, t := range tokens {
		if t.kind == variable {
			return true
		}
	}
	return false
}

// resolve replaces variables by the request's values, as literal text. It
// reports false when one has neither a single value nor a default.
func resolve(tokens []token, r *prepared) ([]token, bool) {
	resolved := make([]token, len(tokens))
	for i, t := range tokens {
		if t.kind == variable {
			value := t.fallback
			if values := r.context[t.text]; len(values) == 1 {
				value = values[0]
			} else if !t.hasFallback || len(values) > 1 {
				return nil, false
			}
			t = token{kind: literal, text: value}
		}
		resolved[i] = t
	}
	return resolved, true
}

// pattern is a pattern that may hold variables.
type pattern struct {
	fixed  glob
	tokens []token // set only when there are variables
}

func newPattern(tokens []token) pattern {
	if hasVariable(tokens) {
		return pattern{tokens: tokens}
	}
	return pattern{fixed: newGlob(tokens)}
}

func (p pattern) match(s string, r *prepared) bool {
	if p.tokens == nil {
		return p.fixed.match(s)
	}
	tokens, ok := resolve(p.tokens, r)
	return ok && newGlob(tokens).match(s)
}

// arnSegments is the number of colon-separated parts of an ARN:
// arn:partition:service:region:account:resource.
const arnSegments = 6

// resourcePattern prepares an entry of Resource or NotResource. In the first
// five segments wildcards stay within their segment, except a star that ends it
// (IAM User Guide, reference_policies_elements_resource).
func resourcePattern(text string, variables bool) (pattern, error) {
	tokens, err := tokenize(text, true, variables)
	if err != nil {
		return pattern{}, err
	}
	colons := 0
	for i, t := range tokens {
		if t.kind == literal {
			colons += strings.Count(t.text, ":")
		}
		if colons >= arnSegments-1 {
			break
		}
		endsSegment := i == len(tokens)-1 || tokens[i+1].kind == literal && strings.HasPrefix(tokens[i+1].text, ":")
		switch {
		case t.kind == anyRun && !endsSegment:
			tokens[i].kind = anyRunNoSep
		case t.kind == anyOne:
			tokens[i].kind = anyOneNoSep
		}
	}
	if len(tokens) == 1 && tokens[0].kind == anyOneNoSep {
		tokens[0].kind = anyOne
		return newPattern(tokens), nil
	}
	if !startsLikeARN(tokens) {
		return pattern{}, fmt.Errorf(`%q is neither "*" nor an ARN`, text)
	}
	open := slices.ContainsFunc(tokens, func(t token) bool { return t.kind == anyRun || t.kind == variable })
	if colons < arnSegments-1 && !open {
		return pattern{}, fmt.Errorf("%q is not an ARN: it has fewer than six colon-separated parts, so it matches no resource", text)
	}
	return newPattern(tokens), nil
}

// startsLikeARN reports whether the first segment can stand for "arn". Access
// Analyzer calls other entries an error, "Invalid ARN prefix", and short ones
// too, "Missing ARN field" (access-analyzer-reference-policy-checks).
func startsLikeARN(tokens []token) bool {
	var first []token
	for _, t := range tokens {
		if t.kind == variable {
			return true
		}
		if t.kind != literal {
			first = append(first, t)
			continue
		}
		before, _, colon := strings.Cut(t.text, ":")
		first = append(first, token{kind: literal, text: before})
		if colon {
			break
		}
	}
	return newGlob(first).match("arn")
}

// arnPattern is a value of the ARN operators: six segments, each a glob.
type arnPattern struct {
	fixed  *[arnSegments]glob // nil when malformed or with variables
	tokens []token            // set only when there are variables
}

func newARNPattern(text string, variables bool) (arnPattern, error) {
	tokens, err := tokenize(text, true, variables)
	if err != nil {
		return arnPattern{}, err
	}
	if hasVariable(tokens) {
		return arnPattern{tokens: tokens}, nil
	}
	return arnPattern{fixed: splitARNPattern(tokens)}, nil
}

// splitARNPattern cuts tokens at their first five colons, nil when there are fewer.
func splitARNPattern(tokens []token) *[arnSegments]glob {
	var segments [arnSegments][]token
	n := 0
	for _, t := range tokens {
		if t.kind != literal {
			segments[n] = append(segments[n], t)
			continue
		}
		rest := t.text
		for n < arnSegments-1 {
			before, after, found := strings.Cut(rest, ":")
			if !found {
				break
			}
			segments[n] = append(segments[n], token{kind: literal, text: before})
			n++
			rest = after
		}
		segments[n] = append(segments[n], token{kind: literal, text: rest})
	}
	if n < arnSegments-1 {
		return nil
	}
	var globs [arnSegments]glob
	for i, s := range segments {
		globs[i] = newGlob(s)
	}
	return &globs
}

func (p arnPattern) match(segments *[arnSegments]string, r *prepared) bool {
	globs := p.fixed
	if p.tokens != nil {
		tokens, ok := resolve(p.tokens, r)
		if !ok {
			return false
		}
		globs = splitARNPattern(tokens)
	}
	if globs == nil {
		return false
	}
	// The last segment differs most often.
	for i := arnSegments - 1; i >= 0; i-- {
		if !globs[i].match(segments[i]) {
			return false
		}
	}
	return true
}

// splitARN cuts an ARN into its six segments; the last keeps its colons.
func splitARN(arn string) (segments [arnSegments]string, ok bool) {
	rest := arn
	for i := range arnSegments - 1 {
		before, after, found := strings.Cut(rest, ":")
		if !found {
			return segments, false
		}
		segments[i], rest = before, after
	}
	segments[arnSegments-1] = rest
	return segments, segments[0] == "arn"
}
