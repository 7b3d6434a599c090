package security

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
	"github.com/aws/aws-sdk-go-v2/service/macie2/types"
)

// Macie is the wished state of Amazon Macie in a zone.
type Macie struct{ Zone }

// EnsureMacie makes the audit account the administrator of Macie in each Region, has new
// accounts enabled, and makes the existing ones members.
func (c *Client) EnsureMacie(ctx context.Context, wanted Macie) error {
	s := c.session(wanted.Zone)
	closed := func(err error) bool { return deniedCodes[code(err)] }
	service := service{name: "Macie", closed: closed, command: "macie2 disable-organization-admin-account", flag: "--admin-account-id",
		list: func(ctx context.Context, region string) ([]administrator, error) {
			return macieAdministrators(ctx, macie2.NewFromConfig(s.management(region)))
		}}
	ours, err := s.claimed(ctx, service)
	if err != nil {
		return err
	}
	return s.everywhere(func(region string) error {
		return outcome(s.ensureMacie(ctx, service, wanted, region, ours[region]), "setting up Macie in "+region)
	})
}

func macieAdministrators(ctx context.Context, client *macie2.Client) ([]administrator, error) {
	var list []administrator
	pages := macie2.NewListOrganizationAdminAccountsPaginator(client, &macie2.ListOrganizationAdminAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.AdminAccounts {
			list = append(list, administrator{accountID: aws.ToString(a.AccountId), leaving: a.Status == types.AdminStatusDisablingInProgress})
		}
	}
	return list, nil
}

func (s *session) ensureMacie(ctx context.Context, service service, wanted Macie, region string, ours bool) error {
	management := macie2.NewFromConfig(s.management(region))
	// The administrator cannot enable it in the management account.
	if err := enableMacie(ctx, management, "the management account", region); err != nil {
		return err
	}
	if !ours {
		err := s.delegate(ctx, service, region, func() error {
			_, err := management.EnableOrganizationAdminAccount(ctx,
				&macie2.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(wanted.AuditAccountID)})
			return err
		})
		if err != nil {
			return err
		}
	}
	config, err := s.auditIn(ctx, region)
	if err != nil {
		return err
	}
	audit := macie2.NewFromConfig(config)
	if err := enableMacie(ctx, audit, "the audit account", region); err != nil {
		return err
	}
	if err := ensureMacieOrganization(ctx, audit, region); err != nil {
		return err
	}
	members, err := s.accounts(ctx)
	if err != nil {
		return err
	}
	return ensureMacieMembers(ctx, audit, region, members)
}

// enableMacie enables Macie in an account. A refused read means that it is not enabled or
// that a permission is missing; what a write says then decides.
func enableMacie(ctx context.Context, client *macie2.Client, where, region string) error {
	_, err := client.GetMacieSession(ctx, &macie2.GetMacieSessionInput{})
	if err == nil || !deniedCodes[code(err)] {
		return err
	}
	_, err = client.EnableMacie(ctx, &macie2.EnableMacieInput{Status: types.MacieStatusEnabled,
		FindingPublishingFrequency: types.FindingPublishingFrequencyFifteenMinutes})
	if err != nil && code(err) != "ConflictException" {
		return err
	}
	if _, err = client.GetMacieSession(ctx, &macie2.GetMacieSessionInput{}); err != nil && deniedCodes[code(err)] {
		return settling("enabling Macie in "+where+" in "+region, "Macie is enabled but cannot be read", "Look at the answer of AWS", err)
	}
	return err
}

// ensureMacieOrganization has Macie enabled in new accounts.
func ensureMacieOrganization(ctx context.Context, client *macie2.Client, region string) error {
	read := func() (bool, error) {
		got, err := client.DescribeOrganizationConfiguration(ctx, &macie2.DescribeOrganizationConfigurationInput{})
		if err != nil {
			return false, err
		}
		return aws.ToBool(got.AutoEnable), nil
	}
	enabled, err := read()
	if err != nil || enabled {
		return err
	}
	if _, err := client.UpdateOrganizationConfiguration(ctx, &macie2.UpdateOrganizationConfigurationInput{AutoEnable: aws.Bool(true)}); err != nil {
		return err
	}
	if enabled, err = read(); err != nil || enabled {
		return err
	}
	return &Pending{Reason: "the organization's configuration of Macie in " + region + " is not visible yet"}
}

// ensureMacieMembers makes existing accounts members, which enables Macie in them.
func ensureMacieMembers(ctx context.Context, client *macie2.Client, region string, members []account) error {
	read := func() ([]string, error) {
		var ids []string
		pages := macie2.NewListMembersPaginator(client, &macie2.ListMembersInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, member := range page.Members {
				ids = append(ids, aws.ToString(member.AccountId))
			}
		}
		return ids, nil
	}
	present, err := read()
	if err != nil {
		return err
	}
	missing := without(members, present)
	if len(missing) == 0 {
		return nil
	}
	for _, member := range missing {
		_, err := client.CreateMember(ctx, &macie2.CreateMemberInput{
			Account: &types.AccountDetail{AccountId: aws.String(member.id), Email: aws.String(member.email)}})
		// A conflict says that it is a member.
		if err != nil && code(err) != "ConflictException" {
			return err
		}
	}
	if present, err = read(); err != nil {
		return err
	}
	if missing = without(members, present); len(missing) > 0 {
		return lagging("Macie", region, idsOf(missing))
	}
	return nil
}
