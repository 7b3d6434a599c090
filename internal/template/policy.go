package template

import (
	"reflect"
	"slices"
)

// Statement is a statement of a policy document.
type Statement struct {
	Sid string
	// Deny makes the statement deny; the others allow.
	Deny bool
	// Principal is who the statement is about; nil in identity policies.
	Principal Principal
	Actions   []string
	// Resources are ARNs; none in trust policies.
	Resources []any
	// Condition holds per operator the keys with their values.
	Condition map[string]any
}

// Principal is a statement's principal: per kind one value or a list.
type Principal map[string]any

// Anyone is every principal, also an anonymous one; a condition limits it.
func Anyone() Principal { return Principal{"AWS": "*"} }

// Account is everyone of an account whom the account lets.
func Account(id any) Principal { return Principal{"AWS": Text("arn:%s:iam::%s:root", Partition(), id)} }

// Service is one or several AWS services.
func Service(names ...string) Principal { return Principal{"Service": oneOrList(names)} }

// Role is the role with an ARN.
func Role(arn any) Principal { return Principal{"AWS": arn} }

// Policy is a policy document. It can grow while other resources that need an entry are added.
type Policy struct{ statements []Statement }

// NewPolicy is a policy document of the given statements.
func NewPolicy(statements ...Statement) *Policy { return &Policy{statements} }

// Add adds statements that do not stand there already.
func (p *Policy) Add(statements ...Statement) {
	for _, s := range statements {
		if !slices.ContainsFunc(p.statements, func(other Statement) bool { return reflect.DeepEqual(s, other) }) {
			p.statements = append(p.statements, s)
		}
	}
}

// MarshalJSON writes the document as a template has it.
func (p *Policy) MarshalJSON() ([]byte, error) {
	return marshal(map[string]any{"Version": "2012-10-17", "Statement": p.statements})
}

// MarshalJSON writes the statement as a template has it; lists of one become the one.
func (s Statement) MarshalJSON() ([]byte, error) {
	out := map[string]any{"Effect": "Allow", "Action": oneOrList(slices.Sorted(slices.Values(s.Actions)))}
	if s.Deny {
		out["Effect"] = "Deny"
	}
	if s.Sid != "" {
		out["Sid"] = s.Sid
	}
	if s.Principal != nil {
		out["Principal"] = map[string]any(s.Principal)
	}
	if len(s.Resources) > 0 {
		out["Resource"] = oneOrList(s.Resources)
	}
	if len(s.Condition) > 0 {
		out["Condition"] = s.Condition
	}
	return marshal(out)
}

func oneOrList[T any](list []T) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// Trust is the policy of a role that a principal may assume; the condition may be nil.
func Trust(principal Principal, condition map[string]any) *Policy {
	return NewPolicy(Statement{Principal: principal, Actions: []string{"sts:AssumeRole"}, Condition: condition})
}

// InlinePolicy is the property Policies of a role with one inline policy.
func InlinePolicy(name string, statements ...Statement) []any {
	return []any{map[string]any{"PolicyName": name, "PolicyDocument": NewPolicy(statements...)}}
}

// RoleARN is the ARN of a role of the account that the template goes to, by name with its path.
func RoleARN(name string) any {
	return Sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/"+name, nil)
}
