package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// read is a template as a reader of its JSON sees it.
func read(t require.TestingT, of *Template) map[string]any {
	data, err := of.JSON()
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

// plain is a value as JSON has it.
func plain(t require.TestingT, value any) any {
	data, err := json.Marshal(value)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(data, &out))
	return out
}

func TestATemplateHoldsWhatWasAdded(t *testing.T) {
	of := New("what it is for")
	account := of.Parameter("AccountId", "The account")
	where := of.Condition("Home", Equals(Region(), "eu-west-1"))
	s := of.Scope().In("Delivery")
	queue := s.In("Queue").Add("Resource", "AWS::SQS::Queue", map[string]any{"QueueName": "q", "DelaySeconds": nil}).Delete()
	s.Add("Rule", "AWS::Events::Rule", map[string]any{"Targets": []any{map[string]any{"Arn": queue.ARN()}}, "Description": account}).
		If(where).DependsOn(queue).Retain()

	got := read(t, of)
	assert.Equal(t, "what it is for", got["Description"])
	assert.Equal(t, map[string]any{"AccountId": map[string]any{"Type": "String", "Description": "The account"}}, got["Parameters"])
	assert.Equal(t, map[string]any{"Home": map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "AWS::Region"}, "eu-west-1"}}}, got["Conditions"])
	resources := got["Resources"].(map[string]any)
	require.Len(t, resources, 2)
	assert.Equal(t, map[string]any{
		"Type": "AWS::SQS::Queue", "Properties": map[string]any{"QueueName": "q"}, "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
	}, resources[queue.id], "a property that is nil is left out")
	for id, r := range resources {
		if id == queue.id {
			continue
		}
		assert.Equal(t, map[string]any{
			"Type": "AWS::Events::Rule", "Condition": "Home", "DependsOn": []any{queue.id},
			"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain",
			"Properties": map[string]any{
				"Description": map[string]any{"Ref": "AccountId"},
				"Targets":     []any{map[string]any{"Arn": map[string]any{"Fn::GetAtt": []any{queue.id, "Arn"}}}},
			},
		}, r)
	}
}

func TestTwoResourcesOfOnePathAreAMistake(t *testing.T) {
	s := New("").Scope().In("Bus")
	s.Add("Resource", "AWS::Events::EventBus", nil)
	assert.Panics(t, func() { s.Add("Resource", "AWS::Events::EventBus", nil) })
}

func TestTextJoinsWhatCloudFormationResolves(t *testing.T) {
	for name, c := range map[string]struct {
		got, want any
	}{
		"strings only":              {Text("a-%s-c", "b"), "a-b-c"},
		"a reference":               {Text("a-%s-c", Ref("B")), map[string]any{"Fn::Join": []any{"", []any{"a-", map[string]any{"Ref": "B"}, "-c"}}}},
		"a reference alone":         {Text("%s", Ref("B")), map[string]any{"Ref": "B"}},
		"text in text is one join":  {Text("x%sz", Text("y%s", Ref("B"))), map[string]any{"Fn::Join": []any{"", []any{"xy", map[string]any{"Ref": "B"}, "z"}}}},
		"another join stays whole":  {Text("x%s", map[string]any{"Fn::Join": []any{",", []any{"a", "b"}}}), map[string]any{"Fn::Join": []any{"", []any{"x", map[string]any{"Fn::Join": []any{",", []any{"a", "b"}}}}}}},
		"a token within a text":     {Resolve("*::" + Token("M") + ":role/x"), map[string]any{"Fn::Join": []any{"", []any{"*::", map[string]any{"Ref": "M"}, ":role/x"}}}},
		"a token alone in a list":   {Resolve([]any{Token("AWS::AccountId"), "b"}), []any{map[string]any{"Ref": "AWS::AccountId"}, "b"}},
		"what only looks like one":  {Resolve(map[string]any{"a": "$.detail.{x} ${a b}"}), map[string]any{"a": "$.detail.{x} ${a b}"}},
		"values that are no string": {Resolve(map[string]any{"a": []any{true, 1.5, nil}}), map[string]any{"a": []any{true, 1.5, nil}}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, c.got) })
	}
}

// holds evaluates conditions that consist of the names of conditions that hold.
func holds(expression any, true_ map[string]bool) bool {
	switch e := expression.(type) {
	case string:
		return true_[e]
	case map[string]any:
		for operator, operands := range e {
			list := operands.([]any)
			if len(list) < 2 || len(list) > maxOperands {
				panic(fmt.Sprintf("%s of %d", operator, len(list)))
			}
			n := 0
			for _, o := range list {
				if holds(o, true_) {
					n++
				}
			}
			return operator == "Fn::Or" && n > 0 || operator == "Fn::And" && n == len(list)
		}
	}
	panic(expression)
}

func TestAnyNumberOfConditionsIsComposedOfTwoToTen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 130).Draw(t, "n")
		var all []any
		true_ := map[string]bool{}
		any, every := false, true
		for i := range n {
			name := fmt.Sprint("c", i)
			is := rapid.Float64().Draw(t, name) < 0.03
			if rapid.Bool().Draw(t, "most") {
				is = true
			}
			all, true_[name], any, every = append(all, name), is, any || is, every && is
		}
		if got := holds(Or(all...), true_); got != any {
			t.Fatalf("Or of %v is %t", true_, got)
		}
		if got := holds(And(all...), true_); got != every {
			t.Fatalf("And of %v is %t", true_, got)
		}
	})
}

func TestAPolicyIsWrittenAsTemplatesHaveIt(t *testing.T) {
	p := NewPolicy(Statement{Sid: "Reads", Principal: Account("111122223333"), Actions: []string{"s3:ListBucket", "s3:GetObject"}, Resources: []any{"*"}})
	deny := Statement{Deny: true, Principal: Anyone(), Actions: []string{"s3:*"}, Resources: []any{"a", "b"}, Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}}}
	p.Add(deny)
	p.Add(deny)
	assert.Equal(t, map[string]any{
		"Version": "2012-10-17",
		"Statement": []any{
			map[string]any{
				"Sid": "Reads", "Effect": "Allow", "Action": []any{"s3:GetObject", "s3:ListBucket"}, "Resource": "*",
				"Principal": map[string]any{"AWS": map[string]any{"Fn::Join": []any{"", []any{"arn:", map[string]any{"Ref": "AWS::Partition"}, ":iam::111122223333:root"}}}},
			},
			map[string]any{
				"Effect": "Deny", "Action": "s3:*", "Resource": []any{"a", "b"}, "Principal": map[string]any{"AWS": "*"},
				"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
			},
		},
	}, plain(t, p), "the same statement stands there once")
}

func TestAPolicyThatGrowsLaterIsWrittenWhole(t *testing.T) {
	of := New("")
	p := NewPolicy()
	of.Scope().Add("P", "AWS::S3::BucketPolicy", map[string]any{"PolicyDocument": p})
	p.Add(Statement{Actions: []string{"s3:GetObject"}, Resources: []any{"*"}})
	document := read(t, of)["Resources"].(map[string]any)["P"].(map[string]any)["Properties"].(map[string]any)["PolicyDocument"].(map[string]any)
	assert.Len(t, document["Statement"], 1)
}

// People read the templates, and an emulator creates in their order.
func TestResourcesStandInTheOrderInWhichTheyWereAdded(t *testing.T) {
	of := New("a <b> & c")
	of.Scope().Add("Zebra", "AWS::SNS::Topic", map[string]any{"DisplayName": "<account>"})
	of.Scope().Add("Ant", "AWS::SNS::TopicPolicy", map[string]any{"PolicyDocument": NewPolicy(Statement{Sid: "<&>"})})
	data, err := of.JSON()
	require.NoError(t, err)
	assert.Less(t, bytes.Index(data, []byte("Zebra")), bytes.Index(data, []byte("Ant")))
	assert.NotContains(t, string(data), `\u003c`, "escapes that only HTML needs make templates longer")
	assert.True(t, json.Valid(data))
}
