package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Organization is the AWS organization of the account that deploys, created with all features or adopted.
type Organization struct {
	awscdk.CustomResource
}

// NewOrganization adds the organization.
func NewOrganization(scope constructs.Construct, id string, handler Handler) Organization {
	return Organization{newCustomResource(scope, id, handler, resourcetype.Organization, map[string]any{"ConfigKey": "zone"})}
}

// OrganizationID is the id, as in o-exampleorgid.
func (o Organization) OrganizationID() *string { return o.GetAttString(jsii.String("Id")) }

// RootID is the id of the root, as in r-abcd.
func (o Organization) RootID() *string { return o.GetAttString(jsii.String("RootId")) }

// NewEditGuard adds the resource that stops an update which would drop a Region's baseline, move the
// zone to another home Region or rename everything, before anything is changed.
func NewEditGuard(scope constructs.Construct, id string, handler Handler, z *zone.Zone) awscdk.CustomResource {
	return newCustomResource(scope, id, handler, resourcetype.EditGuard, map[string]any{
		"ConfigKey":       "regions",
		"HomeRegion":      z.HomeRegion,
		"Prefix":          z.Prefix,
		"GovernedRegions": z.GovernedRegions,
		"AlertRegions":    z.AlertRegions,
		"RetiredRegions":  append([]string{}, z.RetiredRegions...),
	})
}

// NewPolicyTypes enables organization policy types on the root; none is ever disabled.
func NewPolicyTypes(scope constructs.Construct, id string, handler Handler, types []string) awscdk.CustomResource {
	return newCustomResource(scope, id, handler, resourcetype.PolicyTypes, map[string]any{
		"ConfigKey":   "zone",
		"PolicyTypes": types,
	})
}

// NewTrustedAccess lets a service act in the organization.
func NewTrustedAccess(scope constructs.Construct, id string, handler Handler, servicePrincipal, configKey string) awscdk.CustomResource {
	return newCustomResource(scope, id, handler, resourcetype.TrustedAccess, map[string]any{
		"ConfigKey":        configKey,
		"ServicePrincipal": servicePrincipal,
	})
}

// NewDelegatedAdministrator registers an account as the administrator of a service for the organization.
func NewDelegatedAdministrator(scope constructs.Construct, id string, handler Handler, servicePrincipal string, account Account, configKey string) awscdk.CustomResource {
	return newCustomResource(scope, id, handler, resourcetype.DelegatedAdministrator, map[string]any{
		"ConfigKey":        configKey,
		"ServicePrincipal": servicePrincipal,
		"AccountId":        account.AccountID(),
	})
}

// OrganizationalUnit is an OU, found by its path or created.
type OrganizationalUnit struct {
	awscdk.CustomResource
}

// NewOrganizationalUnit adds an OU; its parent must be a dependency.
func NewOrganizationalUnit(scope constructs.Construct, id string, handler Handler, ou zone.OU, tags map[string]string) OrganizationalUnit {
	properties := map[string]any{"ConfigKey": "organizationalUnits[" + ou.Path + "]", "Path": ou.Path}
	tagMap(properties, tags)
	return OrganizationalUnit{newCustomResource(scope, id, handler, resourcetype.OrganizationalUnit, properties)}
}

// OrganizationalUnitID is the id, as in ou-abcd-12345678.
func (o OrganizationalUnit) OrganizationalUnitID() *string { return o.GetAttString(jsii.String("Id")) }

// Account is a member account, found by its id or e-mail address or created.
type Account struct {
	awscdk.CustomResource
}

// NewAccount adds an account with the contacts that are set; its OU must exist before, and trusted access of AWS
// Account Management where there are contacts.
func NewAccount(scope constructs.Construct, id string, handler Handler, a zone.Account, contacts config.Contacts) Account {
	properties := map[string]any{
		"ConfigKey":              a.Key,
		"Name":                   a.Name,
		"Email":                  a.Email,
		"OrganizationalUnitPath": a.OU,
		"State":                  a.State(),
	}
	if a.ID != "" {
		properties["AccountId"] = a.ID
	}
	tagMap(properties, a.Tags)
	setContacts(properties, contacts)
	return Account{newCustomResource(scope, id, handler, resourcetype.Account, properties)}
}

// NewManagementContacts sets the contacts of the account that deploys.
func NewManagementContacts(scope constructs.Construct, id string, handler Handler, contacts config.Contacts) awscdk.CustomResource {
	properties := map[string]any{"ConfigKey": "contacts"}
	setContacts(properties, contacts)
	return newCustomResource(scope, id, handler, resourcetype.ManagementContacts, properties)
}

// setContacts converts contacts to properties; one that the file does not have is absent, and left as it is.
func setContacts(properties map[string]any, contacts config.Contacts) {
	for name, c := range map[string]config.Contact{
		"SecurityContact": contacts.Security, "OperationsContact": contacts.Operations, "BillingContact": contacts.Billing,
	} {
		if c.Set() {
			properties[name] = map[string]any{"Name": c.Name, "Title": c.Title, "Email": c.Email, "Phone": c.Phone}
		}
	}
}

// AccountID is the 12-digit id.
func (a Account) AccountID() *string { return a.GetAttString(jsii.String("AccountId")) }

// NewPolicyTarget looks up the id of an OU, to attach a policy to it. A reference to the OU's own
// stack would forbid removing the OU from the file for ever, since CloudFormation keeps exports that are in use.
func NewPolicyTarget(scope constructs.Construct, id string, handler Handler, ouPath string) *string {
	r := newCustomResource(scope, id, handler, resourcetype.PolicyTarget, map[string]any{
		"ConfigKey":              "organizationalUnits[" + ouPath + "]",
		"OrganizationalUnitPath": ouPath,
	})
	return r.GetAttString(jsii.String("Id"))
}

// NewAccountPolicyTarget looks up the id of an account by its e-mail address, to attach a policy to it.
func NewAccountPolicyTarget(scope constructs.Construct, id string, handler Handler, a zone.Account) *string {
	return newCustomResource(scope, id, handler, resourcetype.PolicyTarget, accountTarget(a)).GetAttString(jsii.String("Id"))
}

// accountTarget are the properties of an account's look-up.
func accountTarget(a zone.Account) map[string]any {
	properties := map[string]any{"ConfigKey": a.Key, "AccountEmail": a.Email}
	if a.ID != "" {
		properties["AccountId"] = a.ID
	}
	return properties
}

// NewKeyLookup finds the ARN of a KMS key of another account by the ARN of its alias.
func NewKeyLookup(scope constructs.Construct, id string, handler Handler, aliasARN *string, configKey string) (awscdk.CustomResource, *string) {
	r := newCustomResource(scope, id, handler, resourcetype.Key, map[string]any{
		"ConfigKey": configKey,
		"AliasArn":  aliasARN,
	})
	return r, r.GetAttString(jsii.String("KeyArn"))
}
