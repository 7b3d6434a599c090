package constructs

import (
	"path"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// auditReadRoleName is the name of the role with which people of the audit account look into every account, with its
// path. Roles of the zone that people assume have a path, so that they are no roles that guardrails exempt.
func auditReadRoleName(z *zone.Zone) string { return z.Prefix + "/audit-read" }

// auditReadPolicies are the AWS managed policies of the role: configuration, and lists of resources; neither reads data.
func auditReadPolicies() []string { return []string{"SecurityAudit", "job-function/ViewOnlyAccess"} }

// NewAuditReadRole adds the role; which people of the audit account may assume it, the audit account decides.
func NewAuditReadRole(scope constructs.Construct, id string, z *zone.Zone, auditAccountID *string) awsiam.Role {
	var policies []awsiam.IManagedPolicy
	for _, name := range auditReadPolicies() {
		policies = append(policies, awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String(name)))
	}
	return awsiam.NewRole(scope, jsii.String(id), &awsiam.RoleProps{
		Path:            jsii.String("/" + path.Dir(auditReadRoleName(z)) + "/"),
		RoleName:        jsii.String(path.Base(auditReadRoleName(z))),
		Description:     jsii.String("Lets the audit account look into this account without changing it"),
		AssumedBy:       awsiam.NewAccountPrincipal(auditAccountID),
		ManagedPolicies: &policies,
	})
}
