package survey

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/sync/errgroup"

	"github.com/landfall-aws/landfall/internal/initialize"
)

const (
	// workers is how many requests are under way at once. AWS Organizations limits the rate of reads, so more would only be
	// throttled (AWS Organizations user guide, "Quotas and service limits", throttle limits).
	workers = 4
	// attempts bounds how often the SDK sends one request. All of them are reads, so repeating does no harm; with the waits
	// below, one that is throttled without end gives up after a few minutes.
	attempts = 16
	// backoffBase and backoffCap bound the wait between attempts: a random time up to backoffBase doubled with each attempt.
	backoffBase = 250 * time.Millisecond
	backoffCap  = 15 * time.Second
	// anyRegion signs the requests when nobody chose a Region: AWS Organizations has one endpoint, in us-east-1.
	anyRegion = "us-east-1"
)

// Options say how to read.
type Options struct {
	// NoTags leaves out the accounts' tags, which cost one request for each account.
	NoTags bool
	// Progress, when set, is told now and then how far the reading is. It may be called from several goroutines.
	Progress func(Progress)
	// Backoff, when set, replaces the wait before attempt 1, 2, … of a request that is repeated.
	Backoff func(attempt int) time.Duration
}

// Progress counts what has been read so far. Accounts are complete when Tagged begins to count.
type Progress struct{ Units, Accounts, Tagged int }

// Actions are the IAM actions that [Read] needs, all of them reads.
func Actions(o Options) []string {
	actions := []string{
		"organizations:DescribeOrganization",
		"organizations:ListAWSServiceAccessForOrganization",
		"organizations:ListAccountsForParent",
		"organizations:ListDelegatedAdministrators",
		"organizations:ListDelegatedServicesForAccount",
		"organizations:ListOrganizationalUnitsForParent",
		"organizations:ListPoliciesForTarget",
		"organizations:ListRoots",
	}
	if !o.NoTags {
		actions = append(actions, "organizations:ListTagsForResource")
	}
	return actions
}

// reader is one reading.
type reader struct {
	organizations *organizations.Client
	sts           *sts.Client
	options       Options

	units, accounts, tagged atomic.Int64
}

// Read describes the organization that the caller's account manages. Errors are of type *[Error].
func Read(ctx context.Context, config aws.Config, o Options) (*initialize.Organization, error) {
	config = config.Copy()
	if config.Region == "" {
		config.Region = anyRegion
	}
	backoff := o.Backoff
	if backoff == nil {
		backoff = fullJitter
	}
	config.Retryer = func() aws.Retryer { return patient(backoff) }
	r := &reader{organizations: organizations.NewFromConfig(config), sts: sts.NewFromConfig(config), options: o}
	return r.read(ctx)
}

func fullJitter(attempt int) time.Duration {
	limit := backoffCap
	if attempt < 10 {
		limit = min(backoffCap, backoffBase<<attempt)
	}
	return rand.N(limit)
}

// patient repeats reads until AWS Organizations has time for them.
func patient(backoff func(int) time.Duration) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return backoff(attempt), nil })
		o.Retryables = append([]retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: map[string]struct{}{"ServiceException": {}}}}, o.Retryables...)
	})
}

func (r *reader) progress() {
	if r.options.Progress != nil {
		r.options.Progress(Progress{int(r.units.Load()), int(r.accounts.Load()), int(r.tagged.Load())})
	}
}

func (r *reader) read(ctx context.Context) (*initialize.Organization, error) {
	caller, err := r.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, r.explain(err, "")
	}
	who := aws.ToString(caller.Arn)
	described, err := r.organizations.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return nil, r.explain(err, who)
	}
	o := &initialize.Organization{
		ID:                  aws.ToString(described.Organization.Id),
		ManagementAccountID: aws.ToString(described.Organization.MasterAccountId),
		AllFeatures:         described.Organization.FeatureSet == types.OrganizationFeatureSetAll,
		Delegated:           map[string][]string{},
	}
	if account := aws.ToString(caller.Account); account != o.ManagementAccountID {
		return nil, &Error{
			What: fmt.Sprintf("account %s is not the management account of its organization", account),
			Why:  fmt.Sprintf("organization %s is managed by account %s, and a zone is deployed from there", o.ID, o.ManagementAccountID),
			Do:   "use credentials of account " + o.ManagementAccountID,
		}
	}
	root, err := r.root(ctx)
	if err != nil {
		return nil, r.explain(err, who)
	}
	for _, t := range root.PolicyTypes {
		if t.Status == types.PolicyTypeStatusEnabled {
			o.PolicyTypes = append(o.PolicyTypes, string(t.Type))
		}
	}
	if err := r.tree(ctx, o, aws.ToString(root.Id)); err != nil {
		return nil, r.explain(err, who)
	}
	if !r.options.NoTags {
		if err := r.tags(ctx, o); err != nil {
			return nil, r.explain(err, who)
		}
	}
	// Without all features an organization has no trusted access and no policies.
	if o.AllFeatures {
		if err := r.services(ctx, o, aws.ToString(root.Id)); err != nil {
			return nil, r.explain(err, who)
		}
	}
	return o, nil
}

func (r *reader) root(ctx context.Context) (types.Root, error) {
	pages := organizations.NewListRootsPaginator(r.organizations, &organizations.ListRootsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return types.Root{}, err
		}
		if len(page.Roots) > 0 {
			return page.Roots[0], nil
		}
	}
	return types.Root{}, errors.New("the organization has no root")
}

// tree reads OUs and accounts, level by level.
func (r *reader) tree(ctx context.Context, o *initialize.Organization, rootID string) error {
	type place struct {
		units    []initialize.Unit
		accounts []initialize.Account
	}
	level := []string{rootID}
	for len(level) > 0 {
		found := make([]place, len(level))
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(workers)
		for i, parent := range level {
			group.Go(func() (err error) {
				name := parent
				if parent == rootID {
					name = ""
				}
				if found[i].units, err = r.unitsOf(ctx, parent, name); err != nil {
					return err
				}
				found[i].accounts, err = r.accountsOf(ctx, parent, name)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
		level = nil
		for _, p := range found {
			for _, u := range p.units {
				level = append(level, u.ID)
			}
			o.Units = append(o.Units, p.units...)
			o.Accounts = append(o.Accounts, p.accounts...)
		}
	}
	seen := map[string]bool{}
	for _, a := range o.Accounts {
		if seen[a.ID] {
			return &Error{What: "the organization changed while it was read", Why: "account " + a.ID + " was moved meanwhile", Do: "run the same command again"}
		}
		seen[a.ID] = true
	}
	return nil
}

func (r *reader) unitsOf(ctx context.Context, parent, name string) ([]initialize.Unit, error) {
	var units []initialize.Unit
	pages := organizations.NewListOrganizationalUnitsForParentPaginator(r.organizations, &organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String(parent)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, u := range page.OrganizationalUnits {
			units = append(units, initialize.Unit{ID: aws.ToString(u.Id), ParentID: name, Name: aws.ToString(u.Name)})
		}
		r.units.Add(int64(len(page.OrganizationalUnits)))
		r.progress()
	}
	return units, nil
}

func (r *reader) accountsOf(ctx context.Context, parent, name string) ([]initialize.Account, error) {
	var accounts []initialize.Account
	pages := organizations.NewListAccountsForParentPaginator(r.organizations, &organizations.ListAccountsForParentInput{ParentId: aws.String(parent)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.Accounts {
			// Status is the member that State replaces; answers may still lack State.
			state := string(a.State)
			if state == "" {
				state = string(a.Status)
			}
			accounts = append(accounts, initialize.Account{ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), Email: aws.ToString(a.Email), State: state, UnitID: name})
		}
		r.accounts.Add(int64(len(page.Accounts)))
		r.progress()
	}
	return accounts, nil
}

// tags reads the tags of the accounts that can become part of the zone.
func (r *reader) tags(ctx context.Context, o *initialize.Organization) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(workers)
	for i := range o.Accounts {
		a := &o.Accounts[i]
		if a.State != string(types.AccountStateActive) || a.ID == o.ManagementAccountID {
			continue
		}
		group.Go(func() error {
			a.Tags = map[string]string{}
			pages := organizations.NewListTagsForResourcePaginator(r.organizations, &organizations.ListTagsForResourceInput{ResourceId: aws.String(a.ID)})
			for pages.HasMorePages() {
				page, err := pages.NextPage(ctx)
				if err != nil {
					return err
				}
				for _, t := range page.Tags {
					a.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
				}
			}
			r.tagged.Add(1)
			r.progress()
			return nil
		})
	}
	return group.Wait()
}

// services reads which services act in the organization, who administers them, and how many policies the root has.
func (r *reader) services(ctx context.Context, o *initialize.Organization, rootID string) error {
	access := organizations.NewListAWSServiceAccessForOrganizationPaginator(r.organizations, &organizations.ListAWSServiceAccessForOrganizationInput{})
	for access.HasMorePages() {
		page, err := access.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.EnabledServicePrincipals {
			o.TrustedAccess = append(o.TrustedAccess, aws.ToString(s.ServicePrincipal))
		}
	}
	slices.Sort(o.TrustedAccess)
	administrators := organizations.NewListDelegatedAdministratorsPaginator(r.organizations, &organizations.ListDelegatedAdministratorsInput{})
	for administrators.HasMorePages() {
		page, err := administrators.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, a := range page.DelegatedAdministrators {
			if err := r.delegated(ctx, o, aws.ToString(a.Id)); err != nil {
				return err
			}
		}
	}
	for _, ids := range o.Delegated {
		slices.Sort(ids)
	}
	if slices.Contains(o.PolicyTypes, string(types.PolicyTypeServiceControlPolicy)) {
		policies := organizations.NewListPoliciesForTargetPaginator(r.organizations, &organizations.ListPoliciesForTargetInput{
			TargetId: aws.String(rootID), Filter: types.PolicyTypeServiceControlPolicy})
		for policies.HasMorePages() {
			page, err := policies.NextPage(ctx)
			if err != nil {
				return err
			}
			o.RootPolicies += len(page.Policies)
		}
	}
	return nil
}

func (r *reader) delegated(ctx context.Context, o *initialize.Organization, id string) error {
	services := organizations.NewListDelegatedServicesForAccountPaginator(r.organizations, &organizations.ListDelegatedServicesForAccountInput{AccountId: aws.String(id)})
	for services.HasMorePages() {
		page, err := services.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.DelegatedServices {
			principal := aws.ToString(s.ServicePrincipal)
			o.Delegated[principal] = append(o.Delegated[principal], id)
		}
	}
	return nil
}
