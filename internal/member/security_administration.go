package member

import (
	"slices"

	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// addSecurityAdministration adds, in the audit account, the role with which the management account's
// handler sets up the detection services there.
func addSecurityAdministration(s template.Scope, z *zone.Zone, managementAccountID any) {
	const createRole = "iam:CreateServiceLinkedRole"
	actions := slices.DeleteFunc(resourcetype.AuditPermissions(), func(action string) bool { return action == createRole })
	handler := template.Text("arn:%s:iam::%s:role/%s", template.Partition(), managementAccountID, z.HandlerRoleName())
	s.Add("Resource", "AWS::IAM::Role", map[string]any{
		"RoleName":                 z.SecurityAdministrationRoleName(),
		"Description":              "Lets the organization handler set up detection services",
		"AssumeRolePolicyDocument": template.Trust(template.Role(handler), nil),
		"Policies": template.InlinePolicy("services",
			// The services' resources have ids that they choose themselves.
			template.Statement{Sid: "Services", Actions: actions, Resources: []any{"*"}},
			template.Statement{
				Sid: "ServiceLinkedRoles", Actions: []string{createRole}, Resources: []any{template.RoleARN("aws-service-role/*")},
				Condition: equals(map[string]any{"iam:AWSServiceName": resourcetype.SecurityServiceLinkedRoles()}),
			},
		),
	})
}
