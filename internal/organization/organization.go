package organization

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// Organization describes an organization.
type Organization struct {
	ID                  string // "o-…"
	ARN                 string
	RootID              string // "r-…"
	ManagementAccountID string
}

// EnsureOrganization creates the organization with all features, or adopts the one that
// the account manages.
func (c *Client) EnsureOrganization(ctx context.Context) (Organization, error) {
	organization, err := c.ensureOrganization(ctx)
	return organization, outcome(err, "creating or reading the organization")
}

func (c *Client) ensureOrganization(ctx context.Context) (Organization, error) {
	caller, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return Organization{}, err
	}
	described, err := c.organizations.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if code(err) == "AWSOrganizationsNotInUseException" {
		_, err = c.organizations.CreateOrganization(ctx,
			&organizations.CreateOrganizationInput{FeatureSet: types.OrganizationFeatureSetAll}, once)
		if err != nil && code(err) != "AlreadyInOrganizationException" {
			return Organization{}, err
		}
		described, err = c.organizations.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	}
	if err != nil {
		return Organization{}, err
	}
	found := described.Organization
	if management := aws.ToString(found.MasterAccountId); management != aws.ToString(caller.Account) {
		return Organization{}, &Failure{
			What: fmt.Sprintf("account %s is not the management account of its organization", aws.ToString(caller.Account)),
			Why:  fmt.Sprintf("organization %s is managed by account %s", aws.ToString(found.Id), management),
			Do:   "Run the command with credentials of the management account",
		}
	}
	if found.FeatureSet != types.OrganizationFeatureSetAll {
		return Organization{}, &Failure{
			What: fmt.Sprintf("organization %s has consolidated billing only", aws.ToString(found.Id)),
			Why:  "policies, trusted access and delegated administrators need all features; enabling them cannot be undone and invited member accounts must consent, so it is not done here",
			Do:   "Enable all features in the AWS Organizations console (Settings) or with \"aws organizations enable-all-features\", let the members approve, then run the same command again",
		}
	}
	root, err := c.root(ctx)
	if err != nil {
		return Organization{}, err
	}
	return Organization{ID: aws.ToString(found.Id), ARN: aws.ToString(found.Arn), RootID: aws.ToString(root.Id),
		ManagementAccountID: aws.ToString(found.MasterAccountId)}, nil
}

func (c *Client) root(ctx context.Context) (types.Root, error) {
	pages := organizations.NewListRootsPaginator(c.organizations, &organizations.ListRootsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return types.Root{}, err
		}
		if len(page.Roots) > 0 {
			return page.Roots[0], nil
		}
	}
	return types.Root{}, &Pending{Reason: "the root of the organization is not visible yet"}
}

// EnsurePolicyTypes enables policy types ("SERVICE_CONTROL_POLICY", …) at the root, one
// after the other, and returns the id of the root. It disables none.
func (c *Client) EnsurePolicyTypes(ctx context.Context, wanted []string) (rootID string, err error) {
	rootID, err = c.ensurePolicyTypes(ctx, wanted)
	return rootID, outcome(err, "enabling policy types")
}

func (c *Client) ensurePolicyTypes(ctx context.Context, wanted []string) (string, error) {
	requested := map[string]bool{}
	for {
		root, err := c.root(ctx)
		if err != nil {
			return "", err
		}
		visible := map[string]bool{}
		for _, summary := range root.PolicyTypes {
			visible[string(summary.Type)] = true
			if summary.Status != types.PolicyTypeStatusEnabled {
				return "", &Pending{Reason: fmt.Sprintf("the policy type %s is %s", summary.Type, summary.Status)}
			}
		}
		missing := slices.IndexFunc(wanted, func(name string) bool { return !visible[name] })
		if missing < 0 {
			return aws.ToString(root.Id), nil
		}
		name := wanted[missing]
		if requested[name] {
			return "", &Pending{Reason: fmt.Sprintf("the policy type %s is enabled but not visible yet", name)}
		}
		requested[name] = true
		_, err = c.organizations.EnablePolicyType(ctx, &organizations.EnablePolicyTypeInput{RootId: root.Id, PolicyType: types.PolicyType(name)})
		switch {
		case code(err) == "PolicyTypeNotAvailableForOrganizationException":
			return "", &Failure{What: fmt.Sprintf("the policy type %s cannot be enabled", name),
				Why: "the organization does not support it; it needs all features", Do: "Enable all features, or leave this policy type out", Cause: err}
		case err != nil && code(err) != "PolicyTypeAlreadyEnabledException":
			return "", err
		}
	}
}

// EnsureTrustedAccess lets a service work in the organization.
func (c *Client) EnsureTrustedAccess(ctx context.Context, servicePrincipal string) error {
	what := "enabling trusted access of " + servicePrincipal
	if servicePrincipal == resourcetype.StackSetsPrincipal {
		return outcome(c.ensureStackSetsAccess(ctx), what)
	}
	return outcome(c.ensureTrustedAccess(ctx, servicePrincipal), what)
}

func (c *Client) ensureTrustedAccess(ctx context.Context, principal string) error {
	enabled, err := c.hasTrustedAccess(ctx, principal)
	if err != nil || enabled {
		return err
	}
	_, err = c.organizations.EnableAWSServiceAccess(ctx,
		&organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String(principal)})
	if err != nil {
		return err
	}
	if enabled, err = c.hasTrustedAccess(ctx, principal); err != nil || enabled {
		return err
	}
	return &Pending{Reason: "trusted access of " + principal + " is not visible yet"}
}

func (c *Client) hasTrustedAccess(ctx context.Context, principal string) (bool, error) {
	pages := organizations.NewListAWSServiceAccessForOrganizationPaginator(c.organizations,
		&organizations.ListAWSServiceAccessForOrganizationInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, err
		}
		for _, service := range page.EnabledServicePrincipals {
			if aws.ToString(service.ServicePrincipal) == principal {
				return true, nil
			}
		}
	}
	return false, nil
}

func (c *Client) ensureStackSetsAccess(ctx context.Context) error {
	enabled, err := c.hasStackSetsAccess(ctx)
	if err != nil || enabled {
		return err
	}
	if _, err := c.cloudformation.ActivateOrganizationsAccess(ctx, &cloudformation.ActivateOrganizationsAccessInput{}); err != nil {
		return err
	}
	if enabled, err = c.hasStackSetsAccess(ctx); err != nil || enabled {
		return err
	}
	return &Pending{Reason: "trusted access of StackSets is not visible yet"}
}

func (c *Client) hasStackSetsAccess(ctx context.Context) (bool, error) {
	described, err := c.cloudformation.DescribeOrganizationsAccess(ctx, &cloudformation.DescribeOrganizationsAccessInput{})
	if err != nil {
		return false, err
	}
	return described.Status == cloudformationtypes.OrganizationStatusEnabled, nil
}

// EnsureDelegatedAdministrator registers an account as the delegated administrator of a
// service. It never takes the role away from another account.
func (c *Client) EnsureDelegatedAdministrator(ctx context.Context, accountID, servicePrincipal string) error {
	err := c.ensureDelegatedAdministrator(ctx, accountID, servicePrincipal)
	return outcome(err, fmt.Sprintf("registering account %s as the delegated administrator of %s", accountID, servicePrincipal))
}

func (c *Client) ensureDelegatedAdministrator(ctx context.Context, accountID, principal string) error {
	administrators, err := c.delegatedAdministrators(ctx, principal)
	if err != nil || slices.Contains(administrators, accountID) {
		return err
	}
	_, err = c.organizations.RegisterDelegatedAdministrator(ctx, &organizations.RegisterDelegatedAdministratorInput{
		AccountId: aws.String(accountID), ServicePrincipal: aws.String(principal)})
	what := fmt.Sprintf("account %s cannot become the delegated administrator of %s", accountID, principal)
	switch {
	case code(err) == "AccountNotFoundException":
		return &Pending{Reason: "account " + accountID + " is not visible yet", Grace: visibilityGrace, Cause: err, Otherwise: &Failure{
			What: what, Why: "the organization has no account with this id", Do: "Correct the account", Cause: err}}
	case code(err) == "ConstraintViolationException":
		switch types.ConstraintViolationExceptionReason(constraintReason(err)) {
		case types.ConstraintViolationExceptionReasonServiceAccessNotEnabled:
			return &Pending{Reason: "trusted access of " + principal + " is not effective yet", Grace: visibilityGrace, Cause: err,
				Otherwise: &Failure{What: what, Why: "trusted access of the service is not enabled",
					Do: "Enable it first (" + resourcetype.TrustedAccess + ")", Cause: err}}
		case types.ConstraintViolationExceptionReasonDelegatedAdministratorExistsForThisService,
			types.ConstraintViolationExceptionReasonMaxDelegatedAdministratorsForServiceLimitExceeded:
			holders, listErr := c.delegatedAdministrators(ctx, principal)
			if listErr != nil {
				return listErr
			}
			if slices.Contains(holders, accountID) {
				return nil
			}
			return &Failure{What: what,
				Why: fmt.Sprintf("the role belongs to account %s already, and nothing was changed", strings.Join(holders, ", ")),
				Do: fmt.Sprintf("Either name that account in the configuration, or remove it with \"aws organizations deregister-delegated-administrator --account-id %s --service-principal %s\" after reading what the service deletes then, and run the same command again",
					strings.Join(holders, ","), principal),
				Cause: err}
		case types.ConstraintViolationExceptionReasonCannotRegisterMasterAsDelegatedAdministrator:
			return &Failure{What: what, Why: "it is the management account", Do: "Choose a member account", Cause: err}
		case types.ConstraintViolationExceptionReasonCannotRegisterSuspendedAccountAsDelegatedAdministrator:
			return &Failure{What: what, Why: "the account is closed or suspended", Do: "Choose an active account", Cause: err}
		}
	}
	if err != nil && code(err) != "AccountAlreadyRegisteredException" {
		return err
	}
	administrators, err = c.delegatedAdministrators(ctx, principal)
	if err != nil || slices.Contains(administrators, accountID) {
		return err
	}
	return &Pending{Reason: "the delegated administrator of " + principal + " is not visible yet"}
}

func (c *Client) delegatedAdministrators(ctx context.Context, principal string) ([]string, error) {
	var ids []string
	pages := organizations.NewListDelegatedAdministratorsPaginator(c.organizations,
		&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: aws.String(principal)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, administrator := range page.DelegatedAdministrators {
			ids = append(ids, aws.ToString(administrator.Id))
		}
	}
	return ids, nil
}

// RollingBack tells whether a CloudFormation stack, given by its id, is returning to an
// earlier state, so that what looks like an edit is the undoing of one.
func (c *Client) RollingBack(ctx context.Context, stackID string) (bool, error) {
	described, err := c.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(stackID)})
	if err != nil {
		return false, outcome(err, "reading the status of the stack")
	}
	return slices.ContainsFunc(described.Stacks, func(stack cloudformationtypes.Stack) bool {
		return strings.Contains(string(stack.StackStatus), "ROLLBACK_IN_PROGRESS")
	}), nil
}

// FindKey returns the ARN of the KMS key behind an alias ARN, which may be of another
// account (KMS API Reference, DescribeKey: "Cross-account use: Yes").
func (c *Client) FindKey(ctx context.Context, aliasARN string) (keyARN string, err error) {
	what := "reading the KMS key behind " + aliasARN
	var region string
	if parts := strings.Split(aliasARN, ":"); len(parts) == 6 && strings.HasPrefix(parts[5], "alias/") {
		region = parts[3]
	} else {
		return "", &Failure{What: fmt.Sprintf("%q is not the ARN of a KMS alias", aliasARN),
			Do: "Give an ARN such as arn:aws:kms:eu-central-1:111122223333:alias/name"}
	}
	described, err := c.kms.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: aws.String(aliasARN)},
		func(o *kms.Options) { o.Region = region })
	switch name := code(err); {
	case name == "NotFoundException" || deniedCodes[name]:
		return "", &Pending{Reason: "the KMS key behind " + aliasARN + " is not visible yet", Grace: keyGrace, Cause: err, Otherwise: &Failure{
			What: what + " failed", Why: "the alias does not exist, or the key policy does not let this account read it",
			Do: "Look whether the stack instance that creates the key has succeeded, then run the same command again", Cause: err}}
	case err != nil:
		return "", outcome(err, what)
	}
	return aws.ToString(described.KeyMetadata.Arn), nil
}
