//go:build unix

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	organizationstypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// live reads what exists, through the service APIs only.
type live struct {
	endpoint string
	front    *front
	// read are the stack instances that were as they must be: what they must be, and the place in the request log.
	read map[string]instanceRead
	// queues are the URLs of queues by account, Region and name; a URL never changes.
	queues map[string]string

	mu      sync.Mutex
	members map[string]aws.CredentialsProvider
}

// instanceRead is when a stack instance was read, and what it was compared with.
type instanceRead struct {
	wanted string
	mark   int
}

func newLive(f *front) *live {
	return &live{endpoint: f.URL, front: f, read: map[string]instanceRead{}, queues: map[string]string{}, members: map[string]aws.CredentialsProvider{}}
}

// config is the SDK configuration for an account and Region. In a member account it acts with the role that
// CreateAccount makes there, as the management account's people do.
func (l *live) config(ctx context.Context, account, region string) (aws.Config, error) {
	config := aws.Config{Region: region, BaseEndpoint: aws.String(l.endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(handKey, handKey, "")}
	if account == managementAccount {
		return config, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.members[account] == nil {
		assumed, err := sts.NewFromConfig(config).AssumeRole(ctx, &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + account + ":role/OrganizationAccountAccessRole"), RoleSessionName: aws.String("rehearsal")})
		if err != nil {
			return aws.Config{}, fmt.Errorf("taking on the role in account %s: %w", account, err)
		}
		c := assumed.Credentials
		l.members[account] = credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken))
	}
	config.Credentials = l.members[account]
	return config, nil
}

func (l *live) management() aws.Config {
	config, _ := l.config(context.Background(), managementAccount, homeRegion)
	return config
}

// account is a member account as Organizations describes it.
type account struct {
	ID, Name, Email, State string
	OU                     string // path, "" for the root
	Tags                   map[string]string
}

// tree is an organization as it exists.
type tree struct {
	ID, ARN, RootID, FeatureSet string
	ManagementAccountID         string
	PolicyTypes                 []string
	OUs                         map[string]string // path -> id
	OUTags                      map[string]map[string]string
	Accounts                    []account // by id
}

func (t *tree) account(email string) (account, error) {
	var found []account
	for _, a := range t.Accounts {
		if strings.EqualFold(a.Email, email) {
			found = append(found, a)
		}
	}
	if len(found) != 1 {
		return account{}, fmt.Errorf("%d accounts have the e-mail address %s", len(found), email)
	}
	return found[0], nil
}

// organization reads the whole organization.
func (l *live) organization(ctx context.Context) (*tree, error) {
	api := organizations.NewFromConfig(l.management())
	described, err := api.DescribeOrganization(ctx, &organizations.DescribeOrganizationInput{})
	if err != nil {
		return nil, err
	}
	roots, err := api.ListRoots(ctx, &organizations.ListRootsInput{})
	if err != nil {
		return nil, err
	}
	o, root := described.Organization, roots.Roots[0]
	t := &tree{ID: aws.ToString(o.Id), ARN: aws.ToString(o.Arn), FeatureSet: string(o.FeatureSet), RootID: aws.ToString(root.Id),
		ManagementAccountID: aws.ToString(o.MasterAccountId), OUs: map[string]string{}, OUTags: map[string]map[string]string{}}
	for _, policyType := range root.PolicyTypes {
		if policyType.Status == organizationstypes.PolicyTypeStatusEnabled {
			t.PolicyTypes = append(t.PolicyTypes, string(policyType.Type))
		}
	}
	slices.Sort(t.PolicyTypes)
	if err := l.descend(ctx, api, t, t.RootID, ""); err != nil {
		return nil, err
	}
	slices.SortFunc(t.Accounts, func(a, b account) int { return strings.Compare(a.ID, b.ID) })
	return t, nil
}

func (l *live) descend(ctx context.Context, api *organizations.Client, t *tree, parent, path string) error {
	accounts := organizations.NewListAccountsForParentPaginator(api, &organizations.ListAccountsForParentInput{ParentId: &parent})
	for accounts.HasMorePages() {
		page, err := accounts.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, a := range page.Accounts {
			tags, err := organizationTags(ctx, api, aws.ToString(a.Id))
			if err != nil {
				return err
			}
			t.Accounts = append(t.Accounts, account{ID: aws.ToString(a.Id), Name: aws.ToString(a.Name), Email: aws.ToString(a.Email),
				State: string(a.State), OU: path, Tags: tags})
		}
	}
	units := organizations.NewListOrganizationalUnitsForParentPaginator(api, &organizations.ListOrganizationalUnitsForParentInput{ParentId: &parent})
	for units.HasMorePages() {
		page, err := units.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, unit := range page.OrganizationalUnits {
			below := strings.TrimPrefix(path+"/"+aws.ToString(unit.Name), "/")
			if other := t.OUs[below]; other != "" {
				return fmt.Errorf("the OU %s exists twice: %s and %s", below, other, aws.ToString(unit.Id))
			}
			t.OUs[below] = aws.ToString(unit.Id)
			if t.OUTags[below], err = organizationTags(ctx, api, aws.ToString(unit.Id)); err != nil {
				return err
			}
			if err := l.descend(ctx, api, t, aws.ToString(unit.Id), below); err != nil {
				return err
			}
		}
	}
	return nil
}

func organizationTags(ctx context.Context, api *organizations.Client, id string) (map[string]string, error) {
	out, err := api.ListTagsForResource(ctx, &organizations.ListTagsForResourceInput{ResourceId: &id})
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags, nil
}

// keyOfAlias finds the key behind an alias in its own account, by listing.
func (l *live) keyOfAlias(ctx context.Context, accountID, region, alias string) (id string, err error) {
	config, err := l.config(ctx, accountID, region)
	if err != nil {
		return "", err
	}
	pages := kms.NewListAliasesPaginator(kms.NewFromConfig(config), &kms.ListAliasesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		for _, a := range page.Aliases {
			if aws.ToString(a.AliasName) == alias {
				return aws.ToString(a.TargetKeyId), nil
			}
		}
	}
	return "", fmt.Errorf("account %s has no alias %s in %s", accountID, alias, region)
}

// physicalID asks CloudFormation for the id that a resource of a stack received.
func (l *live) physicalID(ctx context.Context, stackName, logicalID string) (string, error) {
	api := cloudformation.NewFromConfig(l.management())
	out, err := api.DescribeStackResource(ctx, &cloudformation.DescribeStackResourceInput{StackName: &stackName, LogicalResourceId: &logicalID})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.StackResourceDetail.PhysicalResourceId), nil
}
