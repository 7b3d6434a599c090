package test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/policy"
)

// The ids that stand for the zone's accounts wherever a template is resolved.
const (
	managementID   = "111122223333"
	logArchiveID   = "222233334444"
	auditID        = "333344445555"
	workloadID     = "444455556666"
	organizationID = "o-exampleorg"
	rootID         = "r-exam"
)

// place is where a template is deployed, and the values of its parameters.
type place struct {
	account, region string
	parameters      map[string]string
	// accounts are the ids that the handler returns, by account name.
	accounts map[string]string
	// exports are the values that other stacks export, by name.
	exports map[string]any
}

// resolve computes the intrinsic functions of a template's value, as CloudFormation does when it deploys. It is no test
// helper to the testing package, because marking it so at every value costs more than the rest.
func (t template) resolve(tb testing.TB, p place, value any) any {
	switch v := value.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for i := range v {
			if item := t.resolve(tb, p, v[i]); !isNoValue(item) {
				out = append(out, item)
			}
		}
		return out
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return t.intrinsic(tb, p, name, argument)
				}
			}
		}
		out := make(map[string]any, len(v))
		for key := range v {
			if item := t.resolve(tb, p, v[key]); !isNoValue(item) {
				out[key] = item
			}
		}
		return out
	}
	return value
}

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

func (t template) intrinsic(tb testing.TB, p place, name string, argument any) any {
	switch name {
	case "Ref":
		return t.ref(tb, p, argument.(string))
	case "Fn::Join":
		parts := argument.([]any)
		var texts []string
		for _, part := range parts[1].([]any) {
			texts = append(texts, fmt.Sprint(t.resolve(tb, p, part)))
		}
		return strings.Join(texts, parts[0].(string))
	case "Fn::Sub":
		text, values := argument, map[string]any{}
		if list, ok := argument.([]any); ok {
			text, values = list[0], list[1].(map[string]any)
		}
		return variable.ReplaceAllStringFunc(text.(string), func(m string) string {
			name := strings.Trim(m, "${}")
			if value, ok := values[name]; ok {
				return fmt.Sprint(t.resolve(tb, p, value))
			}
			return fmt.Sprint(t.ref(tb, p, name))
		})
	case "Fn::If":
		choice := argument.([]any)
		if t.holds(tb, p, choice[0].(string)) {
			return t.resolve(tb, p, choice[1])
		}
		return t.resolve(tb, p, choice[2])
	case "Fn::ImportValue":
		if value, ok := p.exports[argument.(string)]; ok {
			return value
		}
		tb.Fatalf("no stack exports %v", argument)
	case "Fn::GetAtt":
		path := argument.([]any)
		return t.attribute(tb, p, path[0].(string), path[1].(string))
	}
	tb.Fatalf("no test knows the intrinsic function %s", name)
	return nil
}

func (t template) ref(tb testing.TB, p place, name string) any {
	tb.Helper()
	switch name {
	case "AWS::AccountId":
		return p.account
	case "AWS::Region":
		return p.region
	case "AWS::Partition":
		return "aws"
	case "AWS::URLSuffix":
		return "amazonaws.com"
	case "AWS::NoValue":
		return noValue{}
	}
	if value, ok := p.parameters[name]; ok {
		return value
	}
	r := t.byID(tb, name)
	switch r.kind {
	case "AWS::S3::Bucket":
		return t.resolve(tb, p, r.properties["BucketName"])
	case "AWS::SNS::Topic":
		return t.attribute(tb, p, name, "TopicArn")
	case "AWS::Events::EventBus":
		return r.properties["Name"]
	case "AWS::Logs::LogGroup":
		return r.properties["LogGroupName"]
	case "AWS::StepFunctions::StateMachine":
		return "arn:aws:states:" + p.region + ":" + p.account + ":stateMachine:" + r.properties["StateMachineName"].(string)
	case "AWS::SQS::Queue":
		return "https://sqs." + p.region + ".amazonaws.com/" + p.account + "/" + r.properties["QueueName"].(string)
	}
	tb.Fatalf("no test knows what Ref of a %s is", r.kind)
	return nil
}

func (t template) attribute(tb testing.TB, p place, id, name string) any {
	tb.Helper()
	r := t.byID(tb, id)
	switch r.kind + "." + name {
	case "AWS::S3::Bucket.Arn":
		return "arn:aws:s3:::" + t.resolve(tb, p, r.properties["BucketName"]).(string)
	case "AWS::SNS::Topic.TopicArn":
		return "arn:aws:sns:" + p.region + ":" + p.account + ":" + r.properties["TopicName"].(string)
	case "AWS::Events::EventBus.Arn":
		return "arn:aws:events:" + p.region + ":" + p.account + ":event-bus/" + r.properties["Name"].(string)
	case "AWS::KMS::Key.Arn":
		return "arn:aws:kms:" + p.region + ":" + p.account + ":key/" + id
	case "AWS::SQS::Queue.Arn":
		return "arn:aws:sqs:" + p.region + ":" + p.account + ":" + r.properties["QueueName"].(string)
	case "AWS::SQS::Queue.QueueName":
		return r.properties["QueueName"]
	case "AWS::Logs::LogGroup.Arn":
		return "arn:aws:logs:" + p.region + ":" + p.account + ":log-group:" + r.properties["LogGroupName"].(string) + ":*"
	case "AWS::IAM::Role.Arn":
		path, _ := r.properties["Path"].(string)
		return "arn:aws:iam::" + p.account + ":role" + cmp.Or(path, "/") + r.properties["RoleName"].(string)
	case "Custom::LandfallOrganization.Id":
		return organizationID
	case "Custom::LandfallOrganization.RootId":
		return rootID
	case "Custom::LandfallOrganizationalUnit.Id":
		return "ou-" + r.properties["Path"].(string)
	case "Custom::LandfallPolicyTarget.Id":
		key, _ := r.properties["ConfigKey"].(string)
		return p.accounts[strings.TrimSuffix(strings.TrimPrefix(key, "accounts["), "]")]
	case "Custom::LandfallAccount.AccountId":
		return p.accounts[r.properties["Name"].(string)]
	}
	tb.Fatalf("no test knows the attribute %s of a %s", name, r.kind)
	return nil
}

func (t template) byID(tb testing.TB, id string) resource {
	tb.Helper()
	all, _ := t["Resources"].(map[string]any)
	r, ok := all[id].(map[string]any)
	if !ok {
		tb.Fatalf("the template has no resource %s", id)
	}
	properties, _ := r["Properties"].(map[string]any)
	return resource{id, r["Type"].(string), properties, r}
}

// noValue is what AWS::NoValue resolves to: the property that has it is left out.
type noValue struct{}

func isNoValue(value any) bool { _, is := value.(noValue); return is }

// exists says whether a resource's condition holds where the template is deployed.
func (t template) exists(tb testing.TB, p place, r resource) bool {
	tb.Helper()
	condition, conditional := r.all["Condition"].(string)
	return !conditional || t.holds(tb, p, condition)
}

// holds evaluates a condition of the template by name.
func (t template) holds(tb testing.TB, p place, name string) bool {
	tb.Helper()
	conditions, _ := t["Conditions"].(map[string]any)
	expression, ok := conditions[name]
	if !ok {
		tb.Fatalf("the template has no condition %s", name)
	}
	return t.truth(tb, p, expression)
}

// truth evaluates the expression of a condition.
func (t template) truth(tb testing.TB, p place, expression any) bool {
	tb.Helper()
	for function, argument := range expression.(map[string]any) {
		if function == "Condition" {
			return t.holds(tb, p, argument.(string))
		}
		list := argument.([]any)
		holds := func(part any) bool { return t.truth(tb, p, part) }
		fails := func(part any) bool { return !holds(part) }
		switch function {
		case "Fn::Equals":
			return t.resolve(tb, p, list[0]) == t.resolve(tb, p, list[1])
		case "Fn::And":
			return !slices.ContainsFunc(list, fails)
		case "Fn::Or":
			return slices.ContainsFunc(list, holds)
		case "Fn::Not":
			return fails(list[0])
		}
		tb.Fatalf("no test knows the condition function %s", function)
	}
	return false
}

// policyOf compiles the resource policy that a property of the template holds.
func (t template) policyOf(tb testing.TB, p place, document any) *policy.Compiled {
	tb.Helper()
	text, err := json.Marshal(t.resolve(tb, p, document))
	require.NoError(tb, err)
	parsed, err := policy.Parse(text)
	require.NoError(tb, err)
	compiled, err := policy.Compile(policy.Resource, parsed)
	require.NoError(tb, err)
	return compiled
}

// decisions decides requests against a resource policy and compares; a request's key says what it stands for.
func decisions(t *testing.T, p *policy.Compiled, want map[policy.Decision]map[string]policy.Request) {
	t.Helper()
	for decision, requests := range want {
		for _, name := range sortedKeys(requests) {
			got, err := policy.EvaluateResourcePolicy(p, requests[name])
			require.NoError(t, err, name)
			if got.Decision != decision {
				t.Errorf("%s: got %s by %v, want %s", name, got.Decision, got.By, decision)
			}
		}
	}
}
