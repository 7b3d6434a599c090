package test

import (
	"encoding/json"
	"fmt"
	"regexp"
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
)

// place is where a template is deployed, and the values of its parameters.
type place struct {
	account, region string
	parameters      map[string]string
}

// resolve computes the intrinsic functions of a template's value, as CloudFormation does when it deploys.
func (t template) resolve(tb testing.TB, p place, value any) any {
	tb.Helper()
	switch v := value.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = t.resolve(tb, p, v[i])
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
		out := map[string]any{}
		for key, item := range v {
			out[key] = t.resolve(tb, p, item)
		}
		return out
	}
	return value
}

var variable = regexp.MustCompile(`\$\{([^}]+)\}`)

func (t template) intrinsic(tb testing.TB, p place, name string, argument any) any {
	tb.Helper()
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
		return variable.ReplaceAllStringFunc(argument.(string), func(m string) string {
			return fmt.Sprint(t.ref(tb, p, strings.Trim(m, "${}")))
		})
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
	}
	tb.Fatalf("no test knows the attribute %s of a %s", name, r.kind)
	return nil
}

func (t template) byID(tb testing.TB, id string) resource {
	tb.Helper()
	for _, r := range t.resources("") {
		if r.id == id {
			return r
		}
	}
	tb.Fatalf("the template has no resource %s", id)
	return resource{}
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
