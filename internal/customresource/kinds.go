package customresource

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/landfall-aws/landfall/internal/organization"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/security"
)

// resource is a custom resource whose properties have been read.
type resource struct {
	// id is the physical id of a new resource. It must not change between versions: another
	// id means a replacement.
	id string
	// step makes one reconcile step and returns the attributes.
	step func(ctx context.Context, client *organization.Client, op operation) (map[string]string, error)
}

// operation is what a step needs to know beyond the properties.
type operation struct {
	update  bool
	old     Properties
	started time.Time
	// security sets up the security services.
	security *security.Client
}

// kind reads the properties of one resource type.
type kind func(r *reader) resource

func kindOf(event Event) (kind, error) {
	kinds := map[string]kind{
		resourcetype.Organization:           readOrganization,
		resourcetype.PolicyTypes:            readPolicyTypes,
		resourcetype.TrustedAccess:          readTrustedAccess,
		resourcetype.OrganizationalUnit:     readUnit,
		resourcetype.Account:                readAccount,
		resourcetype.ManagementContacts:     readManagementContacts,
		resourcetype.DelegatedAdministrator: readDelegatedAdministrator,
		resourcetype.PolicyTarget:           readPolicyTarget,
		resourcetype.Key:                    readKey,
		resourcetype.EditGuard:              readEditGuard,
	}
	maps.Copy(kinds, securityKinds())
	maps.Copy(kinds, identityKinds())
	if found := kinds[event.ResourceType]; found != nil {
		return found, nil
	}
	return nil, &organization.Failure{What: fmt.Sprintf("the resource type %q is unknown", event.ResourceType),
		Why: "the handler knows " + strings.Join(slices.Concat(resourcetype.OrganizationTypes(), resourcetype.SecurityTypes(), resourcetype.IdentityTypes()), ", "),
		Do:  "Deploy the template and the handler of the same version"}
}

func invalidProperties(problems []string) error {
	return &organization.Failure{What: "the properties of the resource are not valid: " + strings.Join(problems, "; "),
		Why: "the template and the handler have different versions, or the value in the configuration is wrong",
		Do:  "Correct the configuration, or deploy the template and the handler of the same version"}
}

func readOrganization(*reader) resource {
	return resource{id: "organization", step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
		found, err := client.EnsureOrganization(ctx)
		return map[string]string{"Id": found.ID, "Arn": found.ARN, "RootId": found.RootID,
			"ManagementAccountId": found.ManagementAccountID}, err
	}}
}

func readPolicyTypes(r *reader) resource {
	policyTypes := r.requiredList("PolicyTypes")
	return resource{id: "policy-types", step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
		rootID, err := client.EnsurePolicyTypes(ctx, policyTypes)
		return map[string]string{"RootId": rootID}, err
	}}
}

func readTrustedAccess(r *reader) resource {
	principal := r.required("ServicePrincipal")
	return resource{id: "trusted-access/" + principal,
		step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
			return map[string]string{"ServicePrincipal": principal}, client.EnsureTrustedAccess(ctx, principal)
		}}
}

// formerTags are the keys of the tags that the resource had before an update.
func formerTags(op operation) []string {
	former := &reader{properties: op.old}
	return slices.Sorted(maps.Keys(former.tags("Tags")))
}

func readUnit(r *reader) resource {
	wanted := organization.OrganizationalUnit{Path: r.path("Path"), Tags: r.tags("Tags")}
	return resource{id: "ou/" + wanted.Path,
		step: func(ctx context.Context, client *organization.Client, op operation) (map[string]string, error) {
			wanted := wanted
			// An update with another path means another OU, which the former tags do not concern.
			if former := (&reader{properties: op.old}).path("Path"); former == wanted.Path {
				wanted.FormerTags = formerTags(op)
			}
			id, arn, err := client.EnsureOrganizationalUnit(ctx, wanted)
			return map[string]string{"Id": id, "Arn": arn}, err
		}}
}

func readAccount(r *reader) resource {
	wanted := organization.Account{
		Name:                   r.required("Name"),
		Email:                  r.required("Email"),
		OrganizationalUnitPath: strings.Trim(r.optional("OrganizationalUnitPath"), "/"),
		ID:                     r.optional("AccountId"),
		Tags:                   r.tags("Tags"),
		Contacts:               r.contacts(),
	}
	switch state := r.optional("State"); state {
	case "", "active":
	case "suspended":
		wanted.Suspended = true
	default:
		r.problem("State must be active or suspended, but is %q", state)
	}
	return resource{id: "account/" + wanted.Name,
		step: func(ctx context.Context, client *organization.Client, op operation) (map[string]string, error) {
			wanted := wanted
			wanted.MayCreate = !op.update
			wanted.Started = op.started
			wanted.FormerTags = formerTags(op)
			account, err := client.EnsureAccount(ctx, wanted)
			return map[string]string{"AccountId": account.ID, "Arn": account.ARN, "Email": account.Email, "Name": account.Name}, err
		}}
}

func readManagementContacts(r *reader) resource {
	contacts := r.contacts()
	return resource{id: "management-contacts", step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
		return nil, client.EnsureManagementContacts(ctx, contacts)
	}}
}

func readDelegatedAdministrator(r *reader) resource {
	accountID, principal := r.required("AccountId"), r.required("ServicePrincipal")
	return resource{id: "delegated-administrator/" + principal + "/" + accountID,
		step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
			return map[string]string{"AccountId": accountID, "ServicePrincipal": principal},
				client.EnsureDelegatedAdministrator(ctx, accountID, principal)
		}}
}

func readPolicyTarget(r *reader) resource {
	target := organization.Target{OrganizationalUnitPath: strings.Trim(r.optional("OrganizationalUnitPath"), "/"),
		AccountEmail: r.optional("AccountEmail"), AccountID: r.optional("AccountId")}
	var named []string
	for _, value := range []string{target.OrganizationalUnitPath, target.AccountEmail, target.AccountID} {
		if value != "" {
			named = append(named, value)
		}
	}
	// An empty path that is given names the root.
	_, root := r.properties["OrganizationalUnitPath"]
	if len(named) > 1 || len(named) == 0 && !root {
		r.problem("exactly one of OrganizationalUnitPath, AccountEmail and AccountId must be given")
	}
	id := "policy-target/"
	if len(named) == 1 {
		id += named[0]
	}
	return resource{id: id, step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
		found, err := client.FindTarget(ctx, target)
		return map[string]string{"Id": found}, err
	}}
}

func readKey(r *reader) resource {
	alias := r.required("AliasArn")
	return resource{id: "key/" + alias,
		step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
			keyARN, err := client.FindKey(ctx, alias)
			return map[string]string{"KeyArn": keyARN}, err
		}}
}

// zoneEdit is the part of a zone whose careless edit would delete what watches it.
type zoneEdit struct {
	homeRegion, prefix string
	governed, retired  []string
	alerting           []string
}

func readZoneEdit(r *reader) zoneEdit {
	return zoneEdit{homeRegion: r.required("HomeRegion"), prefix: r.required("Prefix"),
		governed: r.list("GovernedRegions"), retired: r.list("RetiredRegions"), alerting: r.list("AlertRegions")}
}

func readEditGuard(r *reader) resource {
	edited := readZoneEdit(r)
	return resource{id: "edit-guard", step: func(ctx context.Context, client *organization.Client, op operation) (map[string]string, error) {
		if !op.update {
			// Another prefix or home Region gives new stacks, so such an edit comes as a creation.
			return nil, client.CheckNewZone(ctx, organization.NewZone{Prefix: edited.prefix, HomeRegion: edited.homeRegion})
		}
		return nil, edited.check(readZoneEdit(&reader{properties: op.old}))
	}}
}

// check compares an edit with the zone as it is deployed.
func (z zoneEdit) check(deployed zoneEdit) error {
	if deployed.homeRegion != "" && z.homeRegion != deployed.homeRegion {
		return &organization.Failure{
			Key:  "regions.home",
			What: fmt.Sprintf("the home Region was changed from %s to %s", deployed.homeRegion, z.homeRegion),
			Why:  "trail, logs, aggregators and StackSets live in the home Region and do not move; a change would leave the zone there without management",
			Do:   "Set the home Region back to " + deployed.homeRegion,
		}
	}
	if deployed.prefix != "" && z.prefix != deployed.prefix {
		return &organization.Failure{
			Key:  "prefix",
			What: fmt.Sprintf("the name prefix was changed from %q to %q", deployed.prefix, z.prefix),
			Why:  "every resource of the zone carries the prefix; a change would replace them all, the log buckets too",
			Do:   fmt.Sprintf("Set the prefix back to %q", deployed.prefix),
		}
	}
	var lost []string
	for _, region := range deployed.alerting {
		if !slices.Contains(z.alerting, region) && !slices.Contains(z.retired, region) {
			lost = append(lost, region)
		}
	}
	if len(lost) > 0 {
		return &organization.Failure{
			What: "the Regions no longer include " + strings.Join(lost, ", "),
			Why:  "the baseline and the alerts there would be deleted, and nobody would see what happens in them",
			Do: "Put " + strings.Join(lost, ", ") + " back, or list it under regions.retired: it is denied from now on, " +
				"its baseline and alerts are removed on purpose, and only the trail still records it",
		}
	}
	return nil
}
