package test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// precious are the types whose resources hold data or identity, or are what others depend on.
var precious = []string{
	"AWS::CloudFormation::StackSet", "AWS::CloudTrail::Trail", "AWS::KMS::Key", "AWS::KMS::Alias", "AWS::Organizations::Policy",
	"AWS::S3::Bucket", "AWS::SNS::Topic",
}

func TestWhatMustNotBeLostIsRetained(t *testing.T) {
	a := assemblyOf(t, europeanZone)
	seen := map[string]bool{}
	for _, templates := range []map[string]template{a.stacks, a.members} {
		for id, template := range templates {
			for _, r := range template.resources("") {
				if slices.Contains(precious, r.kind) || strings.HasPrefix(r.kind, "Custom::") {
					seen[r.kind] = true
					require.Contains(t, []any{"Retain", "RetainExceptOnCreate"}, r.all["DeletionPolicy"], "%s/%s", id, r.id)
					require.Equal(t, "Retain", r.all["UpdateReplacePolicy"], "%s/%s", id, r.id)
				}
			}
		}
	}
	for _, kind := range append(precious, resourcetype.OrganizationTypes()...) {
		if kind != resourcetype.PolicyTarget {
			require.True(t, seen[kind], "the zone has a %s", kind)
		}
	}
}

func TestEveryStackIsProtectedFromDeletion(t *testing.T) {
	a := defaultAssembly(t)
	require.Len(t, a.protected, len(a.stacks))
	for id, protected := range a.protected {
		require.True(t, protected, id)
	}
}

func TestTheHandlerMayDoWhatItNeedsAndNothingElse(t *testing.T) {
	template := defaultAssembly(t).stacks["Organization"]
	role := template.only(t, "AWS::IAM::Role", map[string]any{"RoleName": "landfall-organization-handler"})
	require.NotContains(t, role.properties, "ManagedPolicyArns")
	var actions []string
	for _, r := range template.resources("AWS::IAM::Policy") {
		attached := false
		for _, to := range r.properties["Roles"].([]any) {
			attached = attached || to.(map[string]any)["Ref"] == role.id
		}
		if !attached {
			continue
		}
		for _, statement := range r.properties["PolicyDocument"].(map[string]any)["Statement"].([]any) {
			s := statement.(map[string]any)
			require.Equal(t, "Allow", s["Effect"])
			list, many := s["Action"].([]any)
			if !many {
				list = []any{s["Action"]}
			}
			for _, action := range list {
				require.NotContains(t, action, "*")
				actions = append(actions, action.(string))
			}
			for _, action := range list {
				if action == "iam:CreateServiceLinkedRole" || action == "sts:AssumeRole" {
					require.NotEmpty(t, s["Condition"], action)
					require.NotEqual(t, "*", s["Resource"], action)
				}
			}
		}
	}
	want := slices.Concat(resourcetype.OrganizationPermissions(), resourcetype.SecurityPermissions(), resourcetype.IdentityPermissions(), []string{"logs:CreateLogStream", "logs:PutLogEvents"})
	slices.Sort(want)
	require.ElementsMatch(t, slices.Compact(want), actions)
	for _, action := range actions {
		for _, verb := range []string{"Delete", "Close", "Remove", "Leave", "Disable", "Deregister", "Detach"} {
			require.NotContains(t, action, ":"+verb)
		}
	}
}

func TestMemberTemplatesHaveNoAssetsAndNeedNoBootstrap(t *testing.T) {
	for name, content := range bytesByFile(t, assemblyOf(t, europeanZone).dir+"/member-templates") {
		if !strings.HasSuffix(name, ".template.json") {
			continue
		}
		require.NotContains(t, content, "cdk-hnb659fds", name)
		require.NotContains(t, content, "BootstrapVersion", name)
	}
}

func TestTheHandlersHashCoversEveryPackageThatItIsMadeOf(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./cmd/organization-handler")
	cmd.Dir = ".."
	out, err := cmd.Output()
	require.NoError(t, err)
	const module = "github.com/landfall-aws/landfall/"
	var own []string
	for _, path := range strings.Fields(string(out)) {
		if rest, ours := strings.CutPrefix(path, module); ours {
			own = append(own, rest)
		}
	}
	require.ElementsMatch(t, own, constructs.HandlerPackages())
}

func TestTheHandlersHashDependsOnItsSourceOnly(t *testing.T) {
	here, err := constructs.HashHandler("..")
	require.NoError(t, err)
	there := t.TempDir()
	cmd := exec.Command("cp", "-r", "../go.mod", "../go.sum", "../cmd", "../internal", there)
	require.NoError(t, cmd.Run())
	copied, err := constructs.HashHandler(there)
	require.NoError(t, err)
	require.Equal(t, here, copied)
}
