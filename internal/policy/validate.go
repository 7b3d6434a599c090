package policy

import (
	"encoding/base64"
	"fmt"
	"reflect"
	"strings"
)

// Validate says everything about a document that AWS refuses to store, or
// stores although it can never take effect, as a policy of the given kind. A
// document that does not compile gives that one error. Sizes are not checked,
// and neither is whether actions, resources and condition keys exist.
//
// Sources: orgs_manage_policies_rcps_syntax for RCPs;
// reference_policies_elements_sid and reference_policies_variables.
func Validate(kind Kind, d Document) []*Error {
	if _, err := Compile(kind, d); err != nil {
		if known, ok := err.(*Error); ok {
			return []*Error{known}
		}
		return []*Error{{Statement: -1, Reason: err.Error()}}
	}
	var found []*Error
	for i, s := range d.Statements {
		report := func(element, format string, values ...any) {
			found = append(found, &Error{Statement: i, Sid: s.Sid, Element: element, Reason: fmt.Sprintf(format, values...)})
		}
		if kind != Resource && strings.ContainsFunc(s.Sid, func(c rune) bool {
			return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
		}) {
			report("Sid", "%q has a character other than A-Z, a-z and 0-9", s.Sid)
		}
		if kind == RCP && !reflect.DeepEqual(s, rcpFullAWSAccess) {
			validateRCP(s, report)
		}
		if d.Version == Version2012 {
			for _, list := range []struct {
				element string
				entries []string
			}{{"Resource", s.Resource}, {"NotResource", s.NotResource}} {
				for _, entry := range list.entries {
					if at := strings.Index(entry, "${"); at >= 0 && strings.Count(entry[:at], ":") < arnSegments-1 {
						report(list.element, "%q has a policy variable before its fifth colon; variables are allowed in the last part of an ARN only", entry)
					}
				}
			}
		}
		for _, name := range sortedKeys(s.Condition) {
			op, err := parseOperator(name)
			if err != nil {
				continue // Compile has reported it.
			}
			for _, key := range sortedKeys(s.Condition[name]) {
				at := "Condition." + name + "." + key
				if len(s.Condition[name][key]) == 0 {
					report(at, "the list of values is empty")
				}
				for _, value := range s.Condition[name][key] {
					if wanted := op.family.wants(value); wanted != "" {
						report(at, "%q is not %s, so it never matches", value, wanted)
					}
				}
			}
		}
	}
	return found
}

// rcpFullAWSAccess is the statement of the policy that AWS attaches everywhere.
var rcpFullAWSAccess = Statement{
	Effect: Allow, Principal: &Principal{Everyone: true}, Action: []string{"*"}, Resource: []string{"*"},
}

func validateRCP(s Statement, report func(element, format string, values ...any)) {
	if s.Effect != Deny {
		report("Effect", "RCPs of your own can only Deny; only RCPFullAWSAccess allows")
	}
	if s.Principal == nil || !s.Principal.Everyone {
		report("Principal", `RCPs need "Principal": "*"`)
	}
	if len(s.NotAction) > 0 {
		report("NotAction", "RCPs have no NotAction; list the actions in Action")
	}
	for _, action := range s.Action {
		service, _, _ := strings.Cut(action, ":")
		if strings.ContainsAny(service, "*?") {
			report("Action", "%q covers more than one service; in RCPs each action names its service, as in s3:*", action)
		}
	}
}

// wants says what a policy value of the family must be when value is not it.
func (f family) wants(value string) string {
	ok, wanted := true, ""
	switch f {
	case numeric:
		_, ok = parseDecimal(value)
		wanted = "a decimal number"
	case date:
		_, ok = parseDate(value)
		wanted = "a date such as 2026-11-23T00:00:00Z, or epoch seconds"
	case boolean:
		lower := strings.ToLower(value)
		ok = lower == "true" || lower == "false" || strings.Contains(value, "${")
		wanted = "true or false"
	case binaryEquals:
		_, err := base64.StdEncoding.DecodeString(value)
		ok, wanted = err == nil, "base64"
	case ipAddress:
		_, ok = parseCIDR(value)
		wanted = "an IP address or a CIDR range"
	case arnLike:
		p, err := newARNPattern(value, true)
		ok = err == nil && (p.fixed != nil || p.tokens != nil)
		wanted = "an ARN with six colon-separated parts"
	}
	if ok {
		return ""
	}
	return wanted
}
