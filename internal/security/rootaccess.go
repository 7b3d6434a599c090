package security

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// EnsureRootAccess lets the management account remove the root credentials of members and
// act as their root user for single tasks (IAM User Guide, "Centralize root access for
// member accounts").
func (c *Client) EnsureRootAccess(ctx context.Context) error {
	return outcome(c.ensureRootAccess(ctx), "centralizing root access")
}

func (c *Client) ensureRootAccess(ctx context.Context) error {
	client := iam.NewFromConfig(c.config)
	enabled, err := organizationFeaturesOf(ctx, client)
	if err != nil {
		return err
	}
	changed := false
	for _, feature := range []struct {
		name   types.FeatureType
		enable func() error
	}{
		{types.FeatureTypeRootCredentialsManagement, func() error {
			_, err := client.EnableOrganizationsRootCredentialsManagement(ctx, &iam.EnableOrganizationsRootCredentialsManagementInput{})
			return err
		}},
		{types.FeatureTypeRootSessions, func() error {
			_, err := client.EnableOrganizationsRootSessions(ctx, &iam.EnableOrganizationsRootSessionsInput{})
			return err
		}},
	} {
		if slices.Contains(enabled, feature.name) {
			continue
		}
		if err := feature.enable(); err != nil {
			return rootAccessRefused(err)
		}
		changed = true
	}
	if !changed {
		return nil
	}
	if enabled, err = organizationFeaturesOf(ctx, client); err != nil {
		return err
	}
	if !slices.Contains(enabled, types.FeatureTypeRootCredentialsManagement) || !slices.Contains(enabled, types.FeatureTypeRootSessions) {
		return &Pending{Reason: "central root access is not visible yet"}
	}
	return nil
}

func organizationFeaturesOf(ctx context.Context, client *iam.Client) ([]types.FeatureType, error) {
	got, err := client.ListOrganizationsFeatures(ctx, &iam.ListOrganizationsFeaturesInput{})
	if err != nil {
		return nil, rootAccessRefused(err)
	}
	return got.EnabledFeatures, nil
}

func rootAccessRefused(err error) error {
	switch code(err) {
	case "ServiceAccessNotEnabledException", "ServiceAccessNotEnabled":
		return settling("centralizing root access", "trusted access of "+resourcetype.RootAccessPrincipal+" is not enabled",
			"Enable it first, then run the same command again", err)
	}
	return err
}
