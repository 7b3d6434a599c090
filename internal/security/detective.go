package security

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/detective"
	"github.com/aws/aws-sdk-go-v2/service/detective/types"
)

// detectiveBatch is the number of accounts of one CreateMembers request (Detective API
// Reference, November 2026).
const detectiveBatch = 50

// Detective is the wished state of Amazon Detective in a zone.
type Detective struct{ Zone }

// EnsureDetective makes the audit account the administrator of Detective in each Region, has
// new accounts join its behavior graph, and adds the existing ones.
func (c *Client) EnsureDetective(ctx context.Context, wanted Detective) error {
	s := c.session(wanted.Zone)
	service := service{name: "Detective", command: "detective disable-organization-admin-account",
		list: func(ctx context.Context, region string) ([]administrator, error) {
			return detectiveAdministrators(ctx, detective.NewFromConfig(s.management(region)))
		}}
	ours, err := s.claimed(ctx, service)
	if err != nil {
		return err
	}
	return s.everywhere(func(region string) error {
		return outcome(s.ensureDetective(ctx, service, wanted, region, ours[region]), "setting up Detective in "+region)
	})
}

func detectiveAdministrators(ctx context.Context, client *detective.Client) ([]administrator, error) {
	var list []administrator
	pages := detective.NewListOrganizationAdminAccountsPaginator(client, &detective.ListOrganizationAdminAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.Administrators {
			list = append(list, administrator{accountID: aws.ToString(a.AccountId)})
		}
	}
	return list, nil
}

func (s *session) ensureDetective(ctx context.Context, service service, wanted Detective, region string, ours bool) error {
	if !ours {
		err := s.delegate(ctx, service, region, func() error {
			_, err := detective.NewFromConfig(s.management(region)).EnableOrganizationAdminAccount(ctx,
				&detective.EnableOrganizationAdminAccountInput{AccountId: aws.String(wanted.AuditAccountID)})
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
	g := graph{client: detective.NewFromConfig(config), region: region, session: s}
	if g.arn, err = g.find(ctx); err != nil {
		return err
	}
	if g.arn == "" {
		// The delegation makes it (API Reference, EnableOrganizationAdminAccount).
		return settling("finding the behavior graph of Detective in "+region, "the audit account has none",
			"Enable Detective in the audit account in this Region, then run the same command again", nil)
	}
	if err := g.ensureOrganization(ctx); err != nil {
		return err
	}
	members, err := s.accounts(ctx)
	if err != nil {
		return err
	}
	return g.ensureMembers(ctx, members)
}

// graph is the behavior graph of the audit account in one Region, of which there is one.
type graph struct {
	session     *session
	client      *detective.Client
	region, arn string
}

func (g graph) find(ctx context.Context) (string, error) {
	pages := detective.NewListGraphsPaginator(g.client, &detective.ListGraphsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		if len(page.GraphList) > 0 {
			return aws.ToString(page.GraphList[0].Arn), nil
		}
	}
	return "", nil
}

// ensureOrganization has new accounts join.
func (g graph) ensureOrganization(ctx context.Context) error {
	read := func() (bool, error) {
		got, err := g.client.DescribeOrganizationConfiguration(ctx, &detective.DescribeOrganizationConfigurationInput{GraphArn: aws.String(g.arn)})
		if err != nil {
			return false, err
		}
		return got.AutoEnable, nil
	}
	enabled, err := read()
	if err != nil || enabled {
		return err
	}
	if _, err := g.client.UpdateOrganizationConfiguration(ctx,
		&detective.UpdateOrganizationConfigurationInput{GraphArn: aws.String(g.arn), AutoEnable: true}); err != nil {
		return err
	}
	if enabled, err = read(); err != nil || enabled {
		return err
	}
	return &Pending{Reason: "the organization's configuration of Detective in " + g.region + " is not visible yet"}
}

// ensureMembers adds existing accounts without a mail to their owners.
func (g graph) ensureMembers(ctx context.Context, members []account) error {
	present, err := g.members(ctx)
	if err != nil {
		return err
	}
	missing := without(members, present)
	if len(missing) == 0 {
		return nil
	}
	for batch := range slices.Chunk(missing, detectiveBatch) {
		var accounts []types.Account
		for _, member := range batch {
			accounts = append(accounts, types.Account{AccountId: aws.String(member.id), EmailAddress: aws.String(member.email)})
		}
		created, err := g.client.CreateMembers(ctx, &detective.CreateMembersInput{GraphArn: aws.String(g.arn), Accounts: accounts, DisableEmailNotification: true}, once)
		if err != nil {
			return err
		}
		for _, unprocessed := range created.UnprocessedAccounts {
			g.session.client.log.Warn("Detective does not add an account yet", "region", g.region,
				"account", aws.ToString(unprocessed.AccountId), "reason", aws.ToString(unprocessed.Reason))
		}
	}
	if present, err = g.members(ctx); err != nil {
		return err
	}
	if missing = without(members, present); len(missing) > 0 {
		return lagging("Detective", g.region, idsOf(missing))
	}
	return nil
}

// once sends a request a single time. After an answer that leaves open whether accounts were
// added, the next step reads which are there before it adds others.
func once(o *detective.Options) { o.Retryer = aws.NopRetryer{} }

func (g graph) members(ctx context.Context) ([]string, error) {
	var ids []string
	pages := detective.NewListMembersPaginator(g.client, &detective.ListMembersInput{GraphArn: aws.String(g.arn)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, member := range page.MemberDetails {
			ids = append(ids, aws.ToString(member.AccountId))
		}
	}
	return ids, nil
}
