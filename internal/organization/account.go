package organization

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

const (
	// clockSkew is how much earlier than the start of an operation AWS may have stamped a
	// request that the operation made. A run after a failed one starts later than this.
	clockSkew = 5 * time.Second
	// creationBackoff is the wait after a creation that failed for a passing reason; it
	// doubles with each failure up to creationBackoffCap.
	creationBackoff    = 30 * time.Second
	creationBackoffCap = 5 * time.Minute
)

// Account is the wished state of one member account.
type Account struct {
	Name  string
	Email string
	// Path of the OU, "Workloads/Prod"; empty is the root.
	OrganizationalUnitPath string
	// ID of an existing account, which is then adopted; empty finds the account by e-mail.
	ID string
	// Tags and FormerTags as in [OrganizationalUnit].
	Tags       map[string]string
	FormerTags []string
	// Suspended accepts that the account is closed.
	Suspended bool
	// Contacts are set; contacts of other kinds are left as they are.
	Contacts []Contact
	// MayCreate allows a new account when none is found.
	MayCreate bool
	// Started is when this operation began. Creations that failed before do not count.
	Started time.Time
}

// AccountState describes an account as it is.
type AccountState struct {
	ID, ARN, Name, Email string
}

// EnsureAccount creates the account or adopts an existing one, puts it into its OU and
// sets its tags and alternate contacts. An account is created only while no other creation is in progress, and
// never a second time: whether an earlier request had an effect is read from the accounts
// and from the list of creations. A closed account that should be active is a *[Failure]
// together with the account's description.
func (c *Client) EnsureAccount(ctx context.Context, wanted Account) (AccountState, error) {
	state, err := c.ensureAccount(ctx, wanted)
	return state, outcome(err, "creating or changing "+wanted.label())
}

func (a Account) label() string { return fmt.Sprintf("the account %q (%s)", a.Name, a.Email) }

func (c *Client) ensureAccount(ctx context.Context, wanted Account) (AccountState, error) {
	account, err := c.findAccount(ctx, wanted)
	if err != nil {
		return AccountState{}, err
	}
	if account == nil {
		return AccountState{}, c.createAccount(ctx, wanted)
	}
	if err := c.checkMember(ctx, wanted, account); err != nil {
		return AccountState{}, err
	}
	state := AccountState{ID: aws.ToString(account.Id), ARN: aws.ToString(account.Arn), Name: aws.ToString(account.Name),
		Email: aws.ToString(account.Email)}
	switch current := lifecycle(account); current {
	case string(types.AccountStateActive):
	case string(types.AccountStatePendingActivation):
		return AccountState{}, &Pending{Reason: "account " + state.ID + " is being activated"}
	default:
		if wanted.Suspended {
			// A closed account is out of use already; it needs neither another OU nor tags nor contacts.
			return state, nil
		}
		return state, &Failure{
			What: fmt.Sprintf("account %s (%s) is %s in AWS", state.ID, state.Email, strings.ReplaceAll(strings.ToLower(current), "_", " ")),
			Why:  "the configuration wants it active; a closed account keeps its e-mail address for good",
			Do:   "Ask AWS Support to reopen it within 90 days after it was closed, or mark it as suspended in the configuration and add an account with another e-mail address",
		}
	}
	if err := c.place(ctx, state.ID, wanted.OrganizationalUnitPath); err != nil {
		return AccountState{}, err
	}
	if err := c.ensureTags(ctx, state.ID, wanted.Tags, wanted.FormerTags); err != nil {
		return state, err
	}
	return state, c.ensureContacts(ctx, contactsOf{accountID: state.ID, joined: aws.ToTime(account.JoinedTimestamp)}, wanted.Contacts)
}

// lifecycle is the state of an account. Status is the member that State replaces; answers
// may still lack State.
func lifecycle(account *types.Account) string {
	if account.State != "" {
		return string(account.State)
	}
	return string(account.Status)
}

// findAccount finds an account by id if one is given, else by e-mail, else by a creation
// that has succeeded but whose account is not listed yet. It returns nil without one.
func (c *Client) findAccount(ctx context.Context, wanted Account) (*types.Account, error) {
	if wanted.ID == "" {
		account, err := c.accountByEmail(ctx, wanted.Email)
		if err != nil || account != nil {
			return account, err
		}
		return c.accountByCreation(ctx, wanted)
	}
	described, err := c.organizations.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String(wanted.ID)})
	if code(err) == "AccountNotFoundException" {
		return nil, &Failure{What: fmt.Sprintf("account %s is not a member of this organization", wanted.ID),
			Why:   "AWS Organizations does not know it",
			Do:    "Correct the account id, or invite the account and accept the invitation, then run the same command again",
			Cause: err}
	}
	if err != nil {
		return nil, err
	}
	account := described.Account
	if !strings.EqualFold(aws.ToString(account.Email), wanted.Email) {
		return nil, &Failure{What: fmt.Sprintf("account %s has the e-mail address %s, not %s", wanted.ID, aws.ToString(account.Email), wanted.Email),
			Why: "the account id and the e-mail address of the configuration name different accounts",
			Do:  "Correct one of them; the configuration was probably written for another account"}
	}
	return account, nil
}

func (c *Client) accountByEmail(ctx context.Context, email string) (*types.Account, error) {
	pages := organizations.NewListAccountsPaginator(c.organizations, &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, account := range page.Accounts {
			if strings.EqualFold(aws.ToString(account.Email), email) {
				return &account, nil
			}
		}
	}
	return nil, nil
}

// accountByCreation reads the succeeded creations with the account's name. The e-mail
// address decides, because names need not be unique.
func (c *Client) accountByCreation(ctx context.Context, wanted Account) (*types.Account, error) {
	succeeded, err := c.creations(ctx, types.CreateAccountStateSucceeded)
	if err != nil {
		return nil, err
	}
	for _, creation := range succeeded {
		if aws.ToString(creation.AccountName) != wanted.Name || creation.AccountId == nil {
			continue
		}
		described, err := c.organizations.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: creation.AccountId})
		switch {
		case code(err) == "AccountNotFoundException" && recent(creation, wanted.Started):
			return nil, &Pending{Reason: "account " + *creation.AccountId + " is created but not visible yet", Cause: err}
		case code(err) == "AccountNotFoundException":
			// An account that has left the organization since.
			continue
		case err != nil:
			return nil, err
		case strings.EqualFold(aws.ToString(described.Account.Email), wanted.Email):
			return described.Account, nil
		}
	}
	return nil, nil
}

// recent tells whether a creation was requested during the operation that began at started.
func recent(creation types.CreateAccountStatus, started time.Time) bool {
	return creation.RequestedTimestamp != nil && !creation.RequestedTimestamp.Before(started.Add(-clockSkew))
}

func (c *Client) creations(ctx context.Context, states ...types.CreateAccountState) ([]types.CreateAccountStatus, error) {
	var creations []types.CreateAccountStatus
	pages := organizations.NewListCreateAccountStatusPaginator(c.organizations,
		&organizations.ListCreateAccountStatusInput{States: states})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		creations = append(creations, page.CreateAccountStatuses...)
	}
	return creations, nil
}

// checkMember refuses the management account, which cannot be governed as a member.
func (c *Client) checkMember(ctx context.Context, wanted Account, account *types.Account) error {
	described, err := c.organizations.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return err
	}
	if aws.ToString(described.Organization.MasterAccountId) == aws.ToString(account.Id) {
		return &Failure{What: wanted.label() + " is the management account",
			Why: "an account of the configuration must be a member account",
			Do:  "Give the account another e-mail address or id"}
	}
	return nil
}

// createAccount requests the account and is always pending or failed: the account itself
// is read by a later step.
func (c *Client) createAccount(ctx context.Context, wanted Account) error {
	creations, err := c.creations(ctx, types.CreateAccountStateInProgress, types.CreateAccountStateFailed)
	if err != nil {
		return err
	}
	var failures []types.CreateAccountStatus
	for _, creation := range creations {
		switch {
		case creation.State == types.CreateAccountStateInProgress && aws.ToString(creation.AccountName) == wanted.Name:
			return &Pending{Reason: "AWS is creating " + wanted.label()}
		case creation.State == types.CreateAccountStateInProgress:
			return &Pending{Reason: fmt.Sprintf("AWS is creating the account %q; accounts are created one after the other", aws.ToString(creation.AccountName))}
		case aws.ToString(creation.AccountName) == wanted.Name && recent(creation, wanted.Started):
			failures = append(failures, creation)
		}
	}
	if !wanted.MayCreate {
		missing := &Failure{What: fmt.Sprintf("the organization has no account with the e-mail address %s", wanted.Email),
			Why: "this resource stands for an account that exists, and an edit must not create a second one. The e-mail address was edited here, or its owner changed it, or the account has left the organization",
			Do:  "Change a root e-mail address in the account itself (Account page, as root user, or central root access); then write the address that the account really has, or its id"}
		return &Pending{Reason: "no account with the e-mail address " + wanted.Email + " is visible", Grace: visibilityGrace, Otherwise: missing}
	}
	if len(failures) > 0 {
		if err := c.judgeFailures(wanted, failures); err != nil {
			return err
		}
	}
	_, err = c.organizations.CreateAccount(ctx, &organizations.CreateAccountInput{
		AccountName: aws.String(wanted.Name), Email: aws.String(wanted.Email)}, once)
	if constraintReason(err) == string(types.ConstraintViolationExceptionReasonAccountCreationRateLimitExceeded) {
		return &Pending{Reason: "AWS limits how many accounts can be created at a time", Cause: err}
	}
	if err != nil {
		return err
	}
	return &Pending{Reason: "AWS is creating " + wanted.label()}
}

// judgeFailures decides whether creations that failed during this operation end it, must
// be waited for, or allow another attempt (nil).
func (c *Client) judgeFailures(wanted Account, failures []types.CreateAccountStatus) error {
	last := slices.MaxFunc(failures, func(a, b types.CreateAccountStatus) int { return completed(a).Compare(completed(b)) })
	explanation, known := creationFailures[last.FailureReason]
	if !known {
		explanation = creationFailure{why: fmt.Sprintf("AWS gives the reason %s", last.FailureReason),
			do: "Look the reason up in the API Reference of AWS Organizations (CreateAccountStatus), correct it, then run the same command again"}
	}
	failure := &Failure{What: wanted.label() + " could not be created (" + string(last.FailureReason) + ")",
		Why: explanation.why, Do: explanation.do}
	switch {
	case explanation.retry:
		wait := creationBackoffCap
		if len(failures) < 5 {
			wait = min(creationBackoffCap, creationBackoff<<(len(failures)-1))
		}
		if c.now().Before(completed(last).Add(wait)) {
			return &Pending{Reason: fmt.Sprintf("the creation of %s failed with %s and is tried again", wanted.label(), last.FailureReason)}
		}
		return nil
	case last.FailureReason == types.CreateAccountFailureReasonEmailAlreadyExists && c.now().Before(completed(last).Add(visibilityGrace)):
		// A request whose answer was lost may have created the account that now holds the address.
		return &Pending{Reason: "the e-mail address " + wanted.Email + " is taken, and the account that holds it is not visible in the organization (yet)"}
	}
	return failure
}

func completed(creation types.CreateAccountStatus) time.Time {
	if creation.CompletedTimestamp != nil {
		return *creation.CompletedTimestamp
	}
	return aws.ToTime(creation.RequestedTimestamp)
}

type creationFailure struct {
	why, do string
	retry   bool
}

// creationFailures explains why AWS did not create an account (API Reference, type
// CreateAccountStatus, member FailureReason, November 2026).
var creationFailures = map[types.CreateAccountFailureReason]creationFailure{
	types.CreateAccountFailureReasonAccountLimitExceeded: {
		why: "the organization has as many accounts as its quota allows (10 by default, less for some new ones, counting the management account and closed accounts for 90 days)",
		do:  "Ask for a higher \"Default maximum number of accounts\" in the Service Quotas console of the management account in us-east-1, then run the same command again"},
	types.CreateAccountFailureReasonEmailAlreadyExists: {
		why: "an account outside this organization uses the e-mail address, perhaps one that was closed",
		do:  "Invite that account into the organization and accept the invitation, or choose another e-mail address, then run the same command again"},
	types.CreateAccountFailureReasonInvalidAddress: {
		why: "the postal address of the management account is not valid",
		do:  "Correct the contact information of the management account, then run the same command again"},
	types.CreateAccountFailureReasonInvalidEmail: {
		why: "AWS does not accept the e-mail address",
		do:  "Correct the e-mail address, then run the same command again"},
	types.CreateAccountFailureReasonConcurrentAccountModification: {
		why: "another request for the same account was made at the same time", retry: true},
	types.CreateAccountFailureReasonInternalFailure: {
		why: "AWS had an internal failure", retry: true},
	"ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED": {
		why: "AWS limits how many accounts can be created at a time", retry: true},
	types.CreateAccountFailureReasonGovcloudAccountAlreadyExists: {
		why: "AWS GovCloud (US) has an account with this e-mail address",
		do:  "Choose another e-mail address, then run the same command again"},
	types.CreateAccountFailureReasonMissingBusinessValidation: {
		why: "the management account has not passed the business validation that AWS asks for in its country",
		do:  "Complete the business validation of the management account, then run the same command again"},
	types.CreateAccountFailureReasonFailedBusinessValidation: {
		why: "the management account failed the business license validation",
		do:  "Correct the business license information with AWS Support, then run the same command again"},
	types.CreateAccountFailureReasonPendingBusinessVALIDATIONv: {
		why: "the business license validation of the management account is still going on",
		do:  "Wait for its end, which can take days, then run the same command again"},
	types.CreateAccountFailureReasonInvalidIdentityForBusinessValidation: {
		why: "the identity data of the management account is not valid, so the business license validation cannot be completed",
		do:  "Correct the identity data of the management account, then run the same command again"},
	// The text of the API Reference names this reason, its enumeration the one above.
	"IDENTITY_INVALID_BUSINESS_VALIDATION": {
		why: "the identity data of the management account is not valid, so the business license validation cannot be completed",
		do:  "Correct the identity data of the management account, then run the same command again"},
	types.CreateAccountFailureReasonUnknownBusinessValidation: {
		why: "the business license validation of the management account has an unknown problem",
		do:  "Open a case with AWS Support, then run the same command again"},
	types.CreateAccountFailureReasonMissingPaymentInstrument: {
		why: "the management account has no valid payment method",
		do:  "Add one in the Billing console of the management account, then run the same command again"},
	types.CreateAccountFailureReasonInvalidPaymentInstrument: {
		why: "AWS does not support the payment method of the management account",
		do:  "Change it in the Billing console of the management account, then run the same command again"},
	types.CreateAccountFailureReasonUpdateExistingResourcePolicyWithTagsNotSupported: {
		why: "AWS cannot tag the resource policy of the organization while it exists",
		do:  "Remove the tags of the resource policy of the organization, then run the same command again"},
}

// place moves the account into the OU with the path and verifies it.
func (c *Client) place(ctx context.Context, accountID, path string) error {
	destination, err := c.resolvePath(ctx, path)
	if err != nil {
		return err
	}
	parent, err := c.parent(ctx, accountID)
	if err != nil || parent == destination {
		return err
	}
	_, err = c.organizations.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: aws.String(accountID),
		SourceParentId: aws.String(parent), DestinationParentId: aws.String(destination)})
	switch code(err) {
	case "DuplicateAccountException", "SourceParentNotFoundException", "DestinationParentNotFoundException", "AccountNotFoundException":
		// An earlier request moved it, or what was read is older than what is.
	default:
		if err != nil {
			return err
		}
	}
	moved, readErr := c.parent(ctx, accountID)
	if readErr != nil || moved == destination {
		return readErr
	}
	return &Pending{Reason: fmt.Sprintf("account %s is not visible in the OU %q yet", accountID, path), Cause: err}
}

func (c *Client) parent(ctx context.Context, child string) (string, error) {
	pages := organizations.NewListParentsPaginator(c.organizations, &organizations.ListParentsInput{ChildId: aws.String(child)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "ChildNotFoundException" {
			return "", &Pending{Reason: child + " is not visible yet", Cause: err}
		}
		if err != nil {
			return "", err
		}
		if len(page.Parents) > 0 {
			return aws.ToString(page.Parents[0].Id), nil
		}
	}
	return "", &Pending{Reason: "the parent of " + child + " is not visible yet"}
}
