package organization

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// IdentityCenter is the organization's instance of IAM Identity Center.
type IdentityCenter struct {
	InstanceARN string
	// IdentityStoreID is the directory of groups and users, as in d-0123456789.
	IdentityStoreID string
}

const findingIdentityCenter = "finding the instance of IAM Identity Center"

// FindIdentityCenter finds the organization's instance in the Region of the client. It changes nothing: an organization
// instance is enabled in the console only (IAM Identity Center API Reference, CreateInstance: it makes account instances).
func (c *Client) FindIdentityCenter(ctx context.Context) (IdentityCenter, error) {
	found, err := c.findIdentityCenter(ctx)
	return found, outcome(err, findingIdentityCenter)
}

func (c *Client) findIdentityCenter(ctx context.Context) (IdentityCenter, error) {
	none := IdentityCenter{}
	described, err := c.organizations.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return none, err
	}
	management := aws.ToString(described.Organization.MasterAccountId)
	instances, err := c.instances(ctx)
	if err != nil {
		return none, err
	}
	// The management account also sees account instances that are shared with it.
	instances = slices.DeleteFunc(instances, func(i ssotypes.InstanceMetadata) bool {
		return aws.ToString(i.OwnerAccountId) != "" && aws.ToString(i.OwnerAccountId) != management
	})
	enable := fmt.Sprintf("In the console of the management account, choose the Region %s, open IAM Identity Center and enable it with AWS Organizations; then run the same command again. docs/identity.md has the steps", c.region)
	at := slices.IndexFunc(instances, func(i ssotypes.InstanceMetadata) bool { return c.here(i) })
	switch {
	case len(instances) == 0:
		return none, &Failure{What: "the organization has no instance of IAM Identity Center", Why: "AWS lets nobody but a person in the console enable one", Do: enable}
	case at < 0:
		elsewhere := aws.ToString(instances[0].PrimaryRegion)
		return none, &Failure{Key: "identityCenter.enabled",
			What: fmt.Sprintf("the organization's instance of IAM Identity Center is in %s, and the zone's home Region is %s", elsewhere, c.region),
			Why:  "an organization has one instance, and stacks manage it in its primary Region only",
			Do:   "Leave identityCenter off and manage access there; or, when nobody uses the instance, delete it in " + elsewhere + " and enable it anew in " + c.region + ", which loses its users, groups and assignments"}
	}
	switch i := instances[at]; {
	case i.Status == ssotypes.InstanceStatusCreateInProgress:
		return none, &Pending{Reason: "the instance of IAM Identity Center is being created"}
	case i.Status != "" && i.Status != ssotypes.InstanceStatusActive:
		return none, &Failure{What: fmt.Sprintf("the instance of IAM Identity Center is not active but %s", i.Status), Why: aws.ToString(i.StatusReason), Do: enable}
	}
	trusted, err := c.hasTrustedAccess(ctx, resourcetype.IdentityCenterPrincipal)
	switch {
	case err != nil:
		return none, err
	case !trusted:
		return none, &Failure{What: "the management account has an account instance of IAM Identity Center only",
			Why: "an account instance has no permission sets; trusted access of " + resourcetype.IdentityCenterPrincipal + " would be on for an organization instance, and is off",
			Do:  "Delete the account instance in the console, which loses its users and groups. " + enable}
	}
	return IdentityCenter{InstanceARN: aws.ToString(instances[at].InstanceArn), IdentityStoreID: aws.ToString(instances[at].IdentityStoreId)}, nil
}

// here says whether an instance is managed in the Region of the client.
func (c *Client) here(i ssotypes.InstanceMetadata) bool {
	return i.PrimaryRegion == nil || aws.ToString(i.PrimaryRegion) == c.region
}

// instances lists the instances of all Regions.
func (c *Client) instances(ctx context.Context) ([]ssotypes.InstanceMetadata, error) {
	var all []ssotypes.InstanceMetadata
	pages := ssoadmin.NewListInstancesPaginator(c.sso, &ssoadmin.ListInstancesInput{RegionScope: ssotypes.RegionScopeAllRegions})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Instances...)
	}
	return all, nil
}

// IdentityGroup is a group of people in a directory of IAM Identity Center.
type IdentityGroup struct {
	IdentityStoreID string
	// Name is the display name, which the group is found by.
	Name string
	// Description is given to a group that is created; an existing one keeps its own.
	Description string
	// Provisioned groups come from an identity provider and are never created here.
	Provisioned bool
}

// EnsureIdentityGroup finds a group by its name, or creates it, and returns its id. It never changes a group or its
// members.
func (c *Client) EnsureIdentityGroup(ctx context.Context, wanted IdentityGroup) (id string, err error) {
	id, err = c.ensureIdentityGroup(ctx, wanted)
	return id, outcome(err, fmt.Sprintf("finding or creating the group %q", wanted.Name))
}

func (c *Client) ensureIdentityGroup(ctx context.Context, wanted IdentityGroup) (string, error) {
	id, err := c.identityGroup(ctx, wanted)
	if err != nil || id != "" {
		return id, err
	}
	if wanted.Provisioned {
		return "", &Failure{What: fmt.Sprintf("IAM Identity Center has no group with the name %q", wanted.Name),
			Why: "groups come from an identity provider (identityCenter.source: external), and it has not provisioned this one; upper and lower case count",
			Do:  "Provision the group, or write its name as Identity Center shows it, then run the same command again"}
	}
	input := &identitystore.CreateGroupInput{IdentityStoreId: aws.String(wanted.IdentityStoreID), DisplayName: aws.String(wanted.Name)}
	if wanted.Description != "" {
		input.Description = aws.String(wanted.Description)
	}
	// As with other creations, the next step reads what exists before it creates again.
	_, err = c.identitystore.CreateGroup(ctx, input, func(o *identitystore.Options) { o.Retryer = aws.NopRetryer{} })
	if err != nil && code(err) != "ConflictException" {
		return "", err
	}
	if id, err = c.identityGroup(ctx, wanted); err != nil || id != "" {
		return id, err
	}
	return "", &Pending{Reason: fmt.Sprintf("the group %q is not visible yet", wanted.Name)}
}

// identityGroup is the id of the group with exactly this name, "" when there is none.
func (c *Client) identityGroup(ctx context.Context, wanted IdentityGroup) (string, error) {
	got, err := c.identitystore.GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: aws.String(wanted.IdentityStoreID),
		AlternateIdentifier: &identitytypes.AlternateIdentifierMemberUniqueAttribute{Value: identitytypes.UniqueAttribute{
			AttributePath: aws.String("displayName"), AttributeValue: document.NewLazyDocument(wanted.Name)}}})
	switch {
	case code(err) == "ResourceNotFoundException":
		return "", nil
	case err != nil:
		return "", err
	}
	return aws.ToString(got.GroupId), nil
}
