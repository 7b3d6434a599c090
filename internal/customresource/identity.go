package customresource

import (
	"context"

	"github.com/landfall-aws/landfall/internal/organization"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

func identityKinds() map[string]kind {
	return map[string]kind{
		resourcetype.IdentityCenter: readIdentityCenter,
		resourcetype.IdentityGroup:  readIdentityGroup,
	}
}

func readIdentityCenter(*reader) resource {
	return resource{id: "identity-center", step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
		found, err := client.FindIdentityCenter(ctx)
		return map[string]string{"InstanceArn": found.InstanceARN, "IdentityStoreId": found.IdentityStoreID}, err
	}}
}

func readIdentityGroup(r *reader) resource {
	wanted := organization.IdentityGroup{IdentityStoreID: r.required("IdentityStoreId"), Name: r.required("DisplayName"),
		Description: r.optional("Description"), Provisioned: r.oneOf("Source", "directory", "external") == "external"}
	return resource{id: "identity-group/" + wanted.Name, step: func(ctx context.Context, client *organization.Client, _ operation) (map[string]string, error) {
		id, err := client.EnsureIdentityGroup(ctx, wanted)
		return map[string]string{"GroupId": id}, err
	}}
}
