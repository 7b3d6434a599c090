package organization

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// OrganizationalUnit is the wished state of one OU.
type OrganizationalUnit struct {
	// Path holds the names from below the root, separated by slashes: "Workloads/Prod".
	Path string
	// Tags are added or changed. Tags that are not named stay, except FormerTags.
	Tags map[string]string
	// FormerTags are the keys that an earlier deployment set; those not in Tags are removed.
	FormerTags []string
}

// EnsureOrganizationalUnit creates the OU or adopts the one at its path, and returns its id
// and ARN. The parent must exist: it is pending until it does.
func (c *Client) EnsureOrganizationalUnit(ctx context.Context, wanted OrganizationalUnit) (id, arn string, err error) {
	unit, err := c.ensureUnit(ctx, wanted)
	return aws.ToString(unit.Id), aws.ToString(unit.Arn), outcome(err, "creating or reading the OU "+wanted.Path)
}

func (c *Client) ensureUnit(ctx context.Context, wanted OrganizationalUnit) (types.OrganizationalUnit, error) {
	none := types.OrganizationalUnit{}
	parentPath, name := splitPath(wanted.Path)
	parent, err := c.resolvePath(ctx, parentPath)
	if err != nil {
		return none, err
	}
	unit, similar, err := c.unitByName(ctx, parent, name)
	if err != nil {
		return none, err
	}
	if unit == nil {
		created, err := c.organizations.CreateOrganizationalUnit(ctx,
			&organizations.CreateOrganizationalUnitInput{ParentId: aws.String(parent), Name: aws.String(name)}, once)
		switch {
		case code(err) == "DuplicateOrganizationalUnitException" && similar != "":
			return none, &Pending{Reason: "the OU " + wanted.Path + " exists but is not visible yet", Cause: err, Grace: visibilityGrace,
				Otherwise: &Failure{What: fmt.Sprintf("the OU %s cannot be created", wanted.Path),
					Why: fmt.Sprintf("an OU with the name %q exists at the same place, which AWS takes for the same name", similar),
					Do:  "Write the OU as it is named in the organization, or rename it there", Cause: err}}
		case code(err) == "DuplicateOrganizationalUnitException":
			return none, &Pending{Reason: "the OU " + wanted.Path + " exists but is not visible yet", Cause: err}
		case code(err) == "ParentNotFoundException":
			return none, &Pending{Reason: "the parent OU " + parentPath + " is not visible yet", Cause: err}
		case err != nil:
			return none, err
		}
		unit = created.OrganizationalUnit
	}
	if err := c.ensureTags(ctx, aws.ToString(unit.Id), wanted.Tags, wanted.FormerTags); err != nil {
		return none, err
	}
	if visible, _, err := c.unitByName(ctx, parent, name); err != nil {
		return none, err
	} else if visible == nil {
		return none, &Pending{Reason: "the OU " + wanted.Path + " was created and is not visible yet"}
	}
	return *unit, nil
}

func splitPath(path string) (parent, name string) {
	path = strings.Trim(path, "/")
	if i := strings.LastIndex(path, "/"); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// resolvePath returns the id of an OU, or of the root for an empty path. It is a *Pending
// error that an OU of the path does not exist.
func (c *Client) resolvePath(ctx context.Context, path string) (string, error) {
	root, err := c.root(ctx)
	if err != nil {
		return "", err
	}
	id, walked := aws.ToString(root.Id), ""
	if path = strings.Trim(path, "/"); path == "" {
		return id, nil
	}
	for name := range strings.SplitSeq(path, "/") {
		unit, similar, err := c.unitByName(ctx, id, name)
		if err != nil {
			return "", err
		}
		walked = strings.TrimPrefix(walked+"/"+name, "/")
		if unit == nil {
			reason := fmt.Sprintf("the OU %s does not exist or is not visible yet", walked)
			if similar != "" {
				reason += fmt.Sprintf(" (there is one with the name %q)", similar)
			}
			return "", &Pending{Reason: reason}
		}
		id = aws.ToString(unit.Id)
	}
	return id, nil
}

// unitByName finds the OU with exactly this name below a parent. Without one, similar is
// the name of a sibling that differs in case only.
func (c *Client) unitByName(ctx context.Context, parent, name string) (unit *types.OrganizationalUnit, similar string, err error) {
	pages := organizations.NewListOrganizationalUnitsForParentPaginator(c.organizations,
		&organizations.ListOrganizationalUnitsForParentInput{ParentId: aws.String(parent)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "ParentNotFoundException" {
			return nil, "", &Pending{Reason: "the parent OU is not visible yet", Cause: err}
		}
		if err != nil {
			return nil, "", err
		}
		for _, candidate := range page.OrganizationalUnits {
			switch {
			case aws.ToString(candidate.Name) == name:
				return &candidate, "", nil
			case strings.EqualFold(aws.ToString(candidate.Name), name):
				similar = aws.ToString(candidate.Name)
			}
		}
	}
	return nil, similar, nil
}

// ensureTags adds and changes tags of a resource, removes the former ones that are no
// longer wanted, and verifies by reading.
func (c *Client) ensureTags(ctx context.Context, id string, wanted map[string]string, former []string) error {
	if len(wanted) == 0 && len(former) == 0 {
		return nil
	}
	set, unset, err := c.tagChanges(ctx, id, wanted, former)
	if err != nil || len(set) == 0 && len(unset) == 0 {
		return err
	}
	if len(set) > 0 {
		if _, err := c.organizations.TagResource(ctx, &organizations.TagResourceInput{ResourceId: aws.String(id), Tags: set}); err != nil {
			return err
		}
	}
	if len(unset) > 0 {
		if _, err := c.organizations.UntagResource(ctx, &organizations.UntagResourceInput{ResourceId: aws.String(id), TagKeys: unset}); err != nil {
			return err
		}
	}
	set, unset, err = c.tagChanges(ctx, id, wanted, former)
	if err == nil && len(set)+len(unset) > 0 {
		return &Pending{Reason: "the tags of " + id + " are not visible yet"}
	}
	return err
}

func (c *Client) tagChanges(ctx context.Context, id string, wanted map[string]string, former []string) (set []types.Tag, unset []string, err error) {
	present := map[string]string{}
	pages := organizations.NewListTagsForResourcePaginator(c.organizations,
		&organizations.ListTagsForResourceInput{ResourceId: aws.String(id)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == "TargetNotFoundException" {
			return nil, nil, &Pending{Reason: id + " is not visible yet", Cause: err}
		}
		if err != nil {
			return nil, nil, err
		}
		for _, tag := range page.Tags {
			present[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
		}
	}
	for key, value := range wanted {
		if current, ok := present[key]; !ok || current != value {
			set = append(set, types.Tag{Key: aws.String(key), Value: aws.String(value)})
		}
	}
	slices.SortFunc(set, func(a, b types.Tag) int { return strings.Compare(*a.Key, *b.Key) })
	for _, key := range former {
		_, kept := wanted[key]
		if _, ok := present[key]; ok && !kept {
			unset = append(unset, key)
		}
	}
	slices.Sort(unset)
	return set, unset, nil
}

// Target names an OU or an account; exactly one member is set, or none for the root.
type Target struct {
	OrganizationalUnitPath string
	AccountEmail           string
	AccountID              string
}

// FindTarget returns the id of an OU or account.
func (c *Client) FindTarget(ctx context.Context, target Target) (id string, err error) {
	switch {
	case target.AccountID != "":
		_, err := c.organizations.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String(target.AccountID)})
		if code(err) == "AccountNotFoundException" {
			return "", &Pending{Reason: "the organization has no account " + target.AccountID, Cause: err}
		}
		return target.AccountID, outcome(err, "reading account "+target.AccountID)
	case target.AccountEmail != "":
		what := "looking for the account with the e-mail address " + target.AccountEmail
		account, err := c.accountByEmail(ctx, target.AccountEmail)
		if err != nil {
			return "", outcome(err, what)
		}
		if account == nil {
			return "", &Pending{Reason: "the organization has no account with the e-mail address " + target.AccountEmail}
		}
		return aws.ToString(account.Id), nil
	default:
		id, err := c.resolvePath(ctx, target.OrganizationalUnitPath)
		return id, outcome(err, "looking for the OU "+target.OrganizationalUnitPath)
	}
}
