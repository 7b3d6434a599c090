package stacks

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/zone"
)

// VerifyContext is the CDK context with which a deployment has the handler check every custom resource, as in
// cdk deploy --context landfall:verify=2026-11-25; its value differs from deployment to deployment.
const VerifyContext = "landfall:verify"

// stackSetsPrincipal is the service principal under which StackSets act in an organization.
const stackSetsPrincipal = "member.org.stacksets.cloudformation.amazonaws.com"

// trustedService acts in the organization.
type trustedService struct {
	id, principal string
	// key is the key of the file that asks for the service.
	key string
	// delegate is true where the audit account is registered as the administrator through AWS Organizations; the
	// services of the security stack register it through their own calls.
	delegate bool
}

// trustedServices are the services that the zone needs.
func trustedServices(z *zone.Zone) []trustedService {
	s := z.Services
	services := []trustedService{
		{"CloudTrail", "cloudtrail.amazonaws.com", "trail", false},
		{"StackSets", stackSetsPrincipal, "zone", false},
	}
	add := func(wanted bool, service trustedService) {
		if wanted {
			services = append(services, service)
		}
	}
	add(s.AccessAnalyzer.Enabled, trustedService{"AccessAnalyzer", resourcetype.AccessAnalyzerPrincipal, "services.accessAnalyzer", true})
	add(s.Config.Enabled, trustedService{"Config", "config.amazonaws.com", "services.config", true})
	add(s.GuardDuty.Enabled, trustedService{"GuardDuty", resourcetype.GuardDutyPrincipal, "services.guardDuty", false})
	add(s.GuardDuty.Enabled && s.GuardDuty.Plans.Malware, trustedService{"MalwareProtection", "malware-protection.guardduty.amazonaws.com", "services.guardDuty", false})
	add(s.SecurityHub.Enabled, trustedService{"SecurityHub", resourcetype.SecurityHubPrincipal, "services.securityHub", false})
	add(s.Inspector.Enabled, trustedService{"Inspector", resourcetype.InspectorPrincipal, "services.inspector", false})
	add(s.Macie.Enabled, trustedService{"Macie", resourcetype.MaciePrincipal, "services.macie", false})
	add(s.Detective.Enabled, trustedService{"Detective", resourcetype.DetectivePrincipal, "services.detective", false})
	add(s.RootAccess.Central, trustedService{"RootAccess", resourcetype.RootAccessPrincipal, "services.rootAccess", false})
	add(z.Contacts.Set(), trustedService{contactsService, resourcetype.ContactsPrincipal, "contacts", false})
	return services
}

// contactsService is the id of the service that sets the contacts of members.
const contactsService = "AccountManagement"

// organizationStack holds the organization, its OUs and the two security accounts. Other stacks
// refer only to what no edit of the file can remove, so that no export is ever in the way.
type organizationStack struct {
	awscdk.Stack
	handler        constructs.Handler
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
	verify, _ := app.Node().TryGetContext(jsii.String(VerifyContext)).(string)
	handler := constructs.NewHandler(stack, "Handler", z, p.Handler, verify)

	guard := constructs.NewEditGuard(stack, "EditGuard", handler, z)
	organization := constructs.NewOrganization(stack, "Organization", handler)
	organization.Node().AddDependency(guard)
	policyTypes := constructs.NewPolicyTypes(stack, "PolicyTypes", handler, guardrail.PolicyTypes(p.Guardrails))
	policyTypes.Node().AddDependency(organization.CustomResource)

	ous := map[string]constructs.OrganizationalUnit{}
	units := group(stack, "OrganizationalUnit")
	units.Node().AddDependency(organization.CustomResource)
	for _, ou := range z.OUs {
		r := constructs.NewOrganizationalUnit(units, strings.ReplaceAll(ou.Path, "/", "|"), handler, ou, z.Tags)
		if ou.Parent() != "" {
			r.Node().AddDependency(ous[ou.Parent()].CustomResource)
		}
		ous[ou.Path] = r
	}
	logArchive := constructs.NewAccount(stack, "LogArchive", handler, z.LogArchive, z.Contacts)
	audit := constructs.NewAccount(stack, "Audit", handler, z.Audit, z.Contacts)
	for _, a := range []constructs.Account{logArchive, audit} {
		a.Node().AddDependency(ous[config.OUSecurity].CustomResource)
	}
	for _, service := range trustedServices(z) {
		access := constructs.NewTrustedAccess(stack, "TrustedAccess-"+service.id, handler, service.principal, service.key)
		access.Node().AddDependency(organization.CustomResource)
		if service.id == contactsService {
			logArchive.Node().AddDependency(access)
			audit.Node().AddDependency(access)
		}
		if service.delegate {
			admin := constructs.NewDelegatedAdministrator(stack, "DelegatedAdministrator-"+service.id, handler, service.principal, audit, service.key)
			admin.Node().AddDependency(access)
		}
	}
	if z.Contacts.Set() {
		constructs.NewManagementContacts(stack, "ManagementContacts", handler, z.Contacts).Node().AddDependency(organization.CustomResource)
	}
	return &organizationStack{
		Stack:          stack,
		handler:        handler,
		organizationID: organization.OrganizationID(),
		rootID:         organization.RootID(),
		securityOUID:   ous[config.OUSecurity].OrganizationalUnitID(),
		logArchiveID:   logArchive.AccountID(),
		auditID:        audit.AccountID(),
		// The roles live here so that IAM has spread them long before the baseline uses them.
		roles: constructs.NewStackSetRoles(stack, "StackSetRoles", z),
	}
}
