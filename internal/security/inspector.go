package security

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/inspector2/types"
)

// inspectorBatch is the number of accounts of one BatchGetAccountStatus or Enable request
// (Inspector API Reference, November 2026).
const inspectorBatch = 100

// Inspector is the wished state of Amazon Inspector in a zone.
type Inspector struct {
	Zone
	// Types of scans: "ec2", "ecr", "lambda", "lambdaCode". Code scans need "lambda" too.
	Types []string
}

// InspectorTypes lists the types of scans.
func InspectorTypes() []string { return []string{"ec2", "ecr", "lambda", "lambdaCode"} }

// EnsureInspector makes the audit account the administrator of Inspector in each Region, has
// new accounts scanned, and enables the scans in the existing ones.
func (c *Client) EnsureInspector(ctx context.Context, wanted Inspector) error {
	s := c.session(wanted.Zone)
	service := service{name: "Inspector", command: "inspector2 disable-delegated-admin-account", flag: "--delegated-admin-account-id",
		list: func(ctx context.Context, region string) ([]administrator, error) {
			return inspectorAdministrators(ctx, inspector2.NewFromConfig(s.management(region)))
		}}
	ours, err := s.claimed(ctx, service)
	if err != nil {
		return err
	}
	return s.everywhere(func(region string) error {
		return outcome(s.ensureInspector(ctx, service, wanted, region, ours[region]), "setting up Inspector in "+region)
	})
}

func inspectorAdministrators(ctx context.Context, client *inspector2.Client) ([]administrator, error) {
	var list []administrator
	pages := inspector2.NewListDelegatedAdminAccountsPaginator(client, &inspector2.ListDelegatedAdminAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.DelegatedAdminAccounts {
			list = append(list, administrator{accountID: aws.ToString(a.AccountId), leaving: a.Status == types.DelegatedAdminStatusDisableInProgress})
		}
	}
	return list, nil
}

func (s *session) ensureInspector(ctx context.Context, service service, wanted Inspector, region string, ours bool) error {
	if !ours {
		err := s.delegate(ctx, service, region, func() error {
			_, err := inspector2.NewFromConfig(s.management(region)).EnableDelegatedAdminAccount(ctx,
				&inspector2.EnableDelegatedAdminAccountInput{DelegatedAdminAccountId: aws.String(wanted.AuditAccountID)})
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
	i := inspectorRegion{session: s, client: inspector2.NewFromConfig(config), wanted: wanted, region: region}
	// The administrator itself comes first: it cannot enable others before.
	if err := i.ensureScans(ctx, []string{wanted.AuditAccountID}); err != nil {
		return err
	}
	if err := i.ensureOrganization(ctx); err != nil {
		return err
	}
	members, err := s.accounts(ctx)
	if err != nil {
		return err
	}
	if err := i.ensureAssociated(ctx, members); err != nil {
		return err
	}
	for batch := range slices.Chunk(idsOf(members), inspectorBatch) {
		if err := i.ensureScans(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// inspectorRegion is Inspector in the audit account in one Region.
type inspectorRegion struct {
	session *session
	client  *inspector2.Client
	wanted  Inspector
	region  string
}

// ensureOrganization has new accounts scanned. It adds types and takes none away.
func (i inspectorRegion) ensureOrganization(ctx context.Context) error {
	read := func() (types.AutoEnable, error) {
		got, err := i.client.DescribeOrganizationConfiguration(ctx, &inspector2.DescribeOrganizationConfigurationInput{})
		if err != nil || got.AutoEnable == nil {
			return types.AutoEnable{}, err
		}
		return *got.AutoEnable, nil
	}
	complete := func(current types.AutoEnable) bool {
		for _, name := range i.wanted.Types {
			if !aws.ToBool(*autoEnabled(&current, name)) {
				return false
			}
		}
		return true
	}
	current, err := read()
	if err != nil || complete(current) {
		return err
	}
	next := current
	// The API wants both of these in every request.
	next.Ec2, next.Ecr = aws.Bool(aws.ToBool(next.Ec2)), aws.Bool(aws.ToBool(next.Ecr))
	for _, name := range i.wanted.Types {
		*autoEnabled(&next, name) = aws.Bool(true)
	}
	if _, err := i.client.UpdateOrganizationConfiguration(ctx, &inspector2.UpdateOrganizationConfigurationInput{AutoEnable: &next}); err != nil {
		return err
	}
	if current, err = read(); err != nil || complete(current) {
		return err
	}
	return &Pending{Reason: "the organization's configuration of Inspector in " + i.region + " is not visible yet"}
}

// autoEnabled is the member of a configuration that stands for a type of scan.
func autoEnabled(configuration *types.AutoEnable, name string) **bool {
	switch name {
	case "ecr":
		return &configuration.Ecr
	case "lambda":
		return &configuration.Lambda
	case "lambdaCode":
		return &configuration.LambdaCode
	}
	return &configuration.Ec2
}

// ensureAssociated makes existing accounts members.
func (i inspectorRegion) ensureAssociated(ctx context.Context, members []account) error {
	read := func() ([]string, error) {
		var associated []string
		pages := inspector2.NewListMembersPaginator(i.client, &inspector2.ListMembersInput{OnlyAssociated: aws.Bool(true)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, member := range page.Members {
				associated = append(associated, aws.ToString(member.AccountId))
			}
		}
		return associated, nil
	}
	associated, err := read()
	if err != nil {
		return err
	}
	missing := without(members, associated)
	if len(missing) == 0 {
		return nil
	}
	for _, member := range missing {
		_, err := i.client.AssociateMember(ctx, &inspector2.AssociateMemberInput{AccountId: aws.String(member.id)})
		// A conflict says that the association exists or is being made.
		if err != nil && code(err) != "ConflictException" {
			return err
		}
	}
	if associated, err = read(); err != nil {
		return err
	}
	if missing = without(members, associated); len(missing) > 0 {
		return lagging("Inspector", i.region, idsOf(missing))
	}
	return nil
}

// ensureScans enables the wished scans in the accounts, at most inspectorBatch.
func (i inspectorRegion) ensureScans(ctx context.Context, accountIDs []string) error {
	lacking, err := i.lacking(ctx, accountIDs)
	if err != nil || len(lacking) == 0 {
		return err
	}
	var scans []types.ResourceScanType
	for _, name := range i.wanted.Types {
		scans = append(scans, scanTypes[name])
	}
	enabled, err := i.client.Enable(ctx, &inspector2.EnableInput{AccountIds: lacking, ResourceTypes: scans})
	if err != nil {
		return err
	}
	for _, failed := range enabled.FailedAccounts {
		switch failed.ErrorCode {
		case types.ErrorCodeBlockedByOrganizationPolicy:
			return &Failure{
				What: fmt.Sprintf("Inspector cannot be enabled in account %s in %s", aws.ToString(failed.AccountId), i.region),
				Why:  "an Inspector policy of the organization decides it", Do: "Change the policy, or leave Inspector to it",
			}
		case types.ErrorCodeAlreadyEnabled, types.ErrorCodeEnableInProgress:
		default:
			i.session.client.log.Warn("Inspector does not enable an account yet", "region", i.region,
				"account", aws.ToString(failed.AccountId), "code", string(failed.ErrorCode), "message", aws.ToString(failed.ErrorMessage))
		}
	}
	if lacking, err = i.lacking(ctx, accountIDs); err != nil || len(lacking) == 0 {
		return err
	}
	return lagging("Inspector", i.region, lacking)
}

var scanTypes = map[string]types.ResourceScanType{"ec2": types.ResourceScanTypeEc2, "ecr": types.ResourceScanTypeEcr,
	"lambda": types.ResourceScanTypeLambda, "lambdaCode": types.ResourceScanTypeLambdaCode}

// lacking lists the accounts in which a wished scan is neither enabled nor being enabled.
func (i inspectorRegion) lacking(ctx context.Context, accountIDs []string) ([]string, error) {
	got, err := i.client.BatchGetAccountStatus(ctx, &inspector2.BatchGetAccountStatusInput{AccountIds: accountIDs})
	if err != nil {
		return nil, err
	}
	lacking := slices.Clone(accountIDs)
	for _, state := range got.Accounts {
		if state.ResourceState == nil {
			continue
		}
		of := map[string]*types.State{"ec2": state.ResourceState.Ec2, "ecr": state.ResourceState.Ecr,
			"lambda": state.ResourceState.Lambda, "lambdaCode": state.ResourceState.LambdaCode}
		complete := !slices.ContainsFunc(i.wanted.Types, func(name string) bool {
			return of[name] == nil || of[name].Status != types.StatusEnabled && of[name].Status != types.StatusEnabling
		})
		if complete {
			lacking = slices.DeleteFunc(lacking, func(id string) bool { return id == aws.ToString(state.AccountId) })
		}
	}
	slices.SortFunc(lacking, strings.Compare)
	return lacking, nil
}
