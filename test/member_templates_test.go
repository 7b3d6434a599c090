package test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/constructs"
	plain "github.com/landfall-aws/landfall/internal/template"
)

// What the CDK would refuse in a stack, it refuses in a member template too.
func TestTheCDKReadsMemberTemplates(t *testing.T) {
	validate := func(add func(of *plain.Template)) {
		of := plain.New("a template")
		add(of)
		written, err := constructs.WriteMemberTemplate(t.TempDir(), "template", of)
		require.NoError(t, err)
		require.NoError(t, constructs.ValidateMemberTemplates(map[string]constructs.MemberTemplate{"template": written}, nil))
	}
	queue := func(of *plain.Template, properties map[string]any) *plain.Resource {
		return of.Scope().Add("Queue", "AWS::SQS::Queue", properties)
	}
	validate(func(of *plain.Template) { queue(of, map[string]any{"DelaySeconds": 5}).Retain() })
	for name, bad := range map[string]func(of *plain.Template){
		"a property of the wrong type":   func(of *plain.Template) { queue(of, map[string]any{"DelaySeconds": "five"}) },
		"a reference to nothing":         func(of *plain.Template) { queue(of, map[string]any{"QueueName": plain.Ref("Nothing")}) },
		"a condition that is not there":  func(of *plain.Template) { queue(of, nil).If("Nowhere") },
		"a dependency that is not there": func(of *plain.Template) { queue(of, nil).DependsOn(other()) },
	} {
		t.Run(name, func(t *testing.T) { require.Panics(t, func() { validate(bad) }) })
	}
}

// other is a resource of another template.
func other() *plain.Resource {
	return plain.New("").Scope().Add("Elsewhere", "AWS::SQS::Queue", nil)
}
