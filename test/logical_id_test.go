package test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
	"github.com/stretchr/testify/require"

	plain "github.com/landfall-aws/landfall/internal/template"
)

// A resource that moves between a member template and a stack of the CDK must not be replaced.
func TestMemberTemplatesHaveTheLogicalIdsOfTheCDK(t *testing.T) {
	paths := []string{
		"Heartbeat", "landfall-forward-account", "Trail/Key/Resource", "Trail/KeyAlias/Resource", "Bus/Resource", "Bus/OrganizationSends",
		"Delivery/Topic-page/security@example.com/Resource", "Delivery/Topic-page/https:||incidents.example.com|aws/Resource",
		"Undelivered/DeadLetters/Policy/Resource", "A/B/B/Resource", "A/BA/A/Resource", "A/Default/B", "Resource/Resource/X",
		strings.Repeat("long-", 60) + "/" + strings.Repeat("name", 20), strings.Repeat("x", 255),
	}
	dir, err := os.MkdirTemp(scratch, "ids")
	require.NoError(t, err)
	app := awscdk.NewApp(&awscdk.AppProps{Outdir: jsii.String(dir), AnalyticsReporting: jsii.Bool(false)})
	stack := awscdk.NewStack(app, jsii.String("Ids"), nil)
	own := plain.New("")
	for _, path := range paths {
		words := strings.Split(path, "/")
		var scope constructs.Construct = stack
		ownScope := own.Scope()
		for _, word := range words[:len(words)-1] {
			if found := scope.Node().TryFindChild(jsii.String(word)); found != nil {
				scope = found.(constructs.Construct)
			} else {
				scope = constructs.NewConstruct(scope, jsii.String(word))
			}
			ownScope = ownScope.In(word)
		}
		last := words[len(words)-1]
		awscdk.NewCfnResource(scope, jsii.String(last), &awscdk.CfnResourceProps{Type: jsii.String("AWS::SNS::Topic"), Properties: &map[string]any{"DisplayName": path}})
		ownScope.Add(last, "AWS::SNS::Topic", map[string]any{"DisplayName": path})
	}
	app.Synth(nil)
	data, err := own.JSON()
	require.NoError(t, err)
	var got template
	require.NoError(t, json.Unmarshal(data, &got))
	ids := func(of template) map[string]string {
		out := map[string]string{}
		for _, r := range of.resources("") {
			out[r.properties["DisplayName"].(string)] = r.id
		}
		return out
	}
	require.Len(t, ids(got), len(paths))
	require.Equal(t, ids(readTemplates(t, dir)["Ids"]), ids(got))
}
