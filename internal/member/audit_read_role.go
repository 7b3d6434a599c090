package member

import (
	"path"

	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// AuditReadPolicies are the AWS managed policies of the role with which people of the audit account look into every
// account: configuration, and lists of resources; neither reads data.
func AuditReadPolicies() []string { return []string{"SecurityAudit", "job-function/ViewOnlyAccess"} }

// addAuditReadRole adds the role; which people of the audit account may assume it, the audit account decides.
func addAuditReadRole(s template.Scope, z *zone.Zone, auditAccountID any) {
	s.Add("Resource", "AWS::IAM::Role", map[string]any{
		"Path":                     "/" + path.Dir(z.AuditReadRoleName()) + "/",
		"RoleName":                 path.Base(z.AuditReadRoleName()),
		"Description":              "Lets the audit account look into this account without changing it",
		"AssumeRolePolicyDocument": template.Trust(template.Account(auditAccountID), nil),
		"ManagedPolicyArns":        managedPolicies(AuditReadPolicies()...),
	})
}
