package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/guardrail"
)

// stackSetsPrincipal is the service principal under which StackSets act in an organization.
const stackSetsPrincipal = "member.org.stacksets.cloudformation.amazonaws.com"

// trustedServices act in the organization. Those marked true are administered from the audit account.
var trustedServices = []struct {
	id, principal string
	delegate      bool
}{
	{"CloudTrail", "cloudtrail.amazonaws.com", false},
	{"StackSets", stackSetsPrincipal, false},
	{"AccessAnalyzer", "access-analyzer.amazonaws.com", true},
	{"Config", "config.amazonaws.com", true},
	{"RootAccess", "iam.amazonaws.com", false},
}

// organizationStack holds the organization, its OUs and the two security accounts. Other stacks
// refer only to what no edit of the file can remove, so that no export is ever in the way.
type organizationStack struct {
	awscdk.Stack
	serviceToken   string
	organizationID *string
	rootID         *string
	securityOUID   *string
	logArchiveID   *string
	auditID        *string
	roles          *constructs.StackSetRoles
}

func newOrganizationStack(app awscdk.App, p *Props) *organizationStack {
	z := p.Zone
	stack := newStack(app, p, "Organization", "organization", "organization, OUs and security accounts")
	token := constructs.NewHandler(stack, "Handler", z, p.Handler)

	guard := constructs.NewEditGuard(stack, "EditGuard", token, z)
	organization := constructs.NewOrganization(stack, "Organization", token)
	organization.Node().AddDependency(guard)
	policyTypes := constructs.NewPolicyTypes(stack, "PolicyTypes", token, guardrail.PolicyTypes(p.Guardrails))
	policyTypes.Node().AddDependency(organization.CustomResource)

	ous := map[string]constructs.OrganizationalUnit{}
	units := group(stack, "OrganizationalUnit")
	for _, ou := range z.OUs {
		r := constructs.NewOrganizationalUnit(units, strings.ReplaceAll(ou.Path, "/", "|"), token, ou, z.Tags)
		r.Node().AddDependency(organization.CustomResource)
		if ou.Parent() != "" {
			r.Node().AddDependency(ous[ou.Parent()].CustomResource)
		}
		ous[ou.Path] = r
	}
	logArchive := constructs.NewAccount(stack, "LogArchive", token, z.LogArchive)
	audit := constructs.NewAccount(stack, "Audit", token, z.Audit)
	for _, a := range []constructs.Account{logArchive, audit} {
		a.Node().AddDependency(ous[config.OUSecurity].CustomResource)
	}
	for _, service := range trustedServices {
		access := constructs.NewTrustedAccess(stack, "TrustedAccess-"+service.id, token, service.principal)
		access.Node().AddDependency(organization.CustomResource)
		if service.delegate {
			admin := constructs.NewDelegatedAdministrator(stack, "DelegatedAdministrator-"+service.id, token, service.principal, audit, z.Audit.Key)
			admin.Node().AddDependency(access)
		}
	}
	return &organizationStack{
		Stack:          stack,
		serviceToken:   token,
		organizationID: organization.OrganizationID(),
		rootID:         organization.RootID(),
		securityOUID:   ous[config.OUSecurity].OrganizationalUnitID(),
		logArchiveID:   logArchive.AccountID(),
		auditID:        audit.AccountID(),
		// The roles live here so that IAM has spread them long before the baseline uses them.
		roles: constructs.NewStackSetRoles(stack, "StackSetRoles", z),
	}
}
