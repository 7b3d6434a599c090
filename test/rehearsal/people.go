//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// givePeopleAccess enables IAM Identity Center as the console does, gives groups access, one of which exists already, and
// takes some of it away again.
func givePeopleAccess(ctx context.Context, r *rehearsal) error {
	management := r.live.management()
	// Of what the console does, moto has the instance from the start.
	if _, err := organizations.NewFromConfig(management).EnableAWSServiceAccess(ctx, &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String(resourcetype.IdentityCenterPrincipal)}); err != nil {
		return fmt.Errorf("enabling trusted access by hand: %w", err)
	}
	center, err := r.live.identityCenter(ctx)
	if err != nil {
		return err
	}
	made, err := identitystore.NewFromConfig(management).CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: center.IdentityStoreId, DisplayName: aws.String("platform")})
	if err != nil {
		return fmt.Errorf("creating a group by hand: %w", err)
	}
	builders := map[string]any{"group": "developers", "permissionSet": "Developer", "ous": []any{"Workloads/NonProd", "Sandbox"}}
	calls, err := r.edit(ctx, "people", func(c map[string]any) error {
		c["identityCenter"] = map[string]any{
			"enabled": true,
			"groups":  []any{map[string]any{"name": "platform"}, map[string]any{"name": "developers", "description": "write services"}},
			"permissionSets": []any{map[string]any{"name": "Starter", "sessionHours": 2,
				"inlinePolicy": `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "codepipeline:StartPipelineExecution", "Resource": "*"}]}`}},
			"assignments": []any{builders,
				map[string]any{"group": "developers", "permissionSet": "Starter", "ous": []any{"Workloads"}},
				map[string]any{"group": "platform", "permissionSet": "Administrator", "ous": []any{"Workloads", "Security"}, "management": true, "breakGlass": true, "reason": "used when pipelines fail"}},
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n := count(calls, "identitystore:CreateGroup"); n != 1 {
		return fmt.Errorf("%d groups were created, but one of two existed", n)
	}
	id, err := r.live.group(ctx, "platform")
	if err != nil || id != aws.ToString(made.GroupId) {
		return fmt.Errorf("the group that existed is another one now: %s, was %s (%w)", id, aws.ToString(made.GroupId), err)
	}
	if err := repeatEvents(ctx, r); err != nil {
		return err
	}

	// An assignment leaves, and with it the last use of a built-in permission set; another set gets other policies.
	before, err := r.live.permissionSets(ctx)
	if err != nil {
		return err
	}
	calls, err = r.edit(ctx, "people-less", func(c map[string]any) error {
		identity := c["identityCenter"].(map[string]any)
		identity["assignments"] = identity["assignments"].([]any)[1:]
		set := identity["permissionSets"].([]any)[0].(map[string]any)
		delete(set, "inlinePolicy")
		// moto knows no policy of AWS that has a path, such as job-function/ViewOnlyAccess.
		set["managedPolicies"] = []any{"ReadOnlyAccess", "SecurityAudit"}
		return nil
	})
	if err != nil {
		return err
	}
	after, err := r.live.permissionSets(ctx)
	if err != nil {
		return err
	}
	if _, there := after["Developer"]; there || len(after) != len(before)-1 || after["Starter"] != before["Starter"] {
		return fmt.Errorf("the permission sets are %v, and were %v", after, before)
	}
	for _, c := range calls {
		if c.Mutating && c.Service == "identitystore" {
			return errors.New("an edit of assignments wrote to groups: " + c.Name())
		}
	}
	return nil
}

// count counts calls by name.
func count(calls []call, name string) int {
	n := 0
	for _, c := range calls {
		if c.Name() == name {
			n++
		}
	}
	return n
}

// identityCenter is the one instance of IAM Identity Center.
func (l *live) identityCenter(ctx context.Context) (ssotypes.InstanceMetadata, error) {
	out, err := ssoadmin.NewFromConfig(l.management()).ListInstances(ctx, &ssoadmin.ListInstancesInput{})
	if err != nil {
		return ssotypes.InstanceMetadata{}, err
	}
	if len(out.Instances) != 1 {
		return ssotypes.InstanceMetadata{}, fmt.Errorf("there are %d instances of IAM Identity Center", len(out.Instances))
	}
	return out.Instances[0], nil
}

// group is the id of a group.
func (l *live) group(ctx context.Context, name string) (string, error) {
	center, err := l.identityCenter(ctx)
	if err != nil {
		return "", err
	}
	got, err := identitystore.NewFromConfig(l.management()).GetGroupId(ctx, &identitystore.GetGroupIdInput{IdentityStoreId: center.IdentityStoreId,
		AlternateIdentifier: &identitytypes.AlternateIdentifierMemberUniqueAttribute{Value: identitytypes.UniqueAttribute{
			AttributePath: aws.String("displayName"), AttributeValue: document.NewLazyDocument(name)}}})
	if err != nil {
		return "", err
	}
	return aws.ToString(got.GroupId), nil
}

// permissionSets are the ARNs of all permission sets by name.
func (l *live) permissionSets(ctx context.Context) (map[string]string, error) {
	center, err := l.identityCenter(ctx)
	if err != nil {
		return nil, err
	}
	api := ssoadmin.NewFromConfig(l.management())
	found := map[string]string{}
	pages := ssoadmin.NewListPermissionSetsPaginator(api, &ssoadmin.ListPermissionSetsInput{InstanceArn: center.InstanceArn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, arn := range page.PermissionSets {
			described, err := api.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: center.InstanceArn, PermissionSetArn: aws.String(arn)})
			if err != nil {
				return nil, err
			}
			found[aws.ToString(described.PermissionSet.Name)] = arn
		}
	}
	return found, nil
}

func readIdentityGroup(ctx context.Context, r *reading) error {
	_, err := r.live.group(ctx, r.text("DisplayName"))
	return err
}

func readPermissionSet(ctx context.Context, r *reading) error {
	api := ssoadmin.NewFromConfig(r.at)
	sets, err := r.live.permissionSets(ctx)
	if err != nil {
		return err
	}
	instance, arn := aws.String(r.text("InstanceArn")), aws.String(sets[r.text("Name")])
	described, err := api.DescribePermissionSet(ctx, &ssoadmin.DescribePermissionSetInput{InstanceArn: instance, PermissionSetArn: arn})
	if err != nil {
		return err
	}
	r.equal("the session", r.p["SessionDuration"], aws.ToString(described.PermissionSet.SessionDuration))
	r.equal("the description", r.text("Description"), aws.ToString(described.PermissionSet.Description))
	attached, err := api.ListManagedPoliciesInPermissionSet(ctx, &ssoadmin.ListManagedPoliciesInPermissionSetInput{InstanceArn: instance, PermissionSetArn: arn})
	if err != nil {
		return err
	}
	var policies []string
	for _, p := range attached.AttachedManagedPolicies {
		policies = append(policies, aws.ToString(p.Arn))
	}
	wanted := asStrings(r.p["ManagedPolicies"])
	slices.Sort(policies)
	slices.Sort(wanted)
	r.equal("the policies of AWS", strings.Join(wanted, " "), strings.Join(policies, " "))
	own, err := api.GetInlinePolicyForPermissionSet(ctx, &ssoadmin.GetInlinePolicyForPermissionSetInput{InstanceArn: instance, PermissionSetArn: arn})
	switch {
	case err != nil:
		return err
	case r.p["InlinePolicy"] != nil:
		r.document("the policy of its own", r.p["InlinePolicy"], aws.ToString(own.InlinePolicy))
	default:
		r.equal("the policy of its own", "", aws.ToString(own.InlinePolicy))
	}
	// Nobody but the zone assigns it, so each assignment is one of the stack's.
	stack := 0
	for _, d := range r.resolver.template.Resources {
		if d.Type == "AWS::SSO::Assignment" && mentions(d.Properties["PermissionSetArn"], r.logicalID) {
			stack++
		}
	}
	there := 0
	for _, a := range r.tree.Accounts {
		n, err := assignments(ctx, api, instance, arn, a.ID)
		if err != nil {
			return err
		}
		there += len(n)
	}
	r.equal("the number of its assignments", stack, there)
	return nil
}

// assignments are the principals that have a permission set in an account, as TYPE/ID.
func assignments(ctx context.Context, api *ssoadmin.Client, instance, set *string, accountID string) ([]string, error) {
	var out []string
	pages := ssoadmin.NewListAccountAssignmentsPaginator(api, &ssoadmin.ListAccountAssignmentsInput{InstanceArn: instance, PermissionSetArn: set, AccountId: aws.String(accountID)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.AccountAssignments {
			out = append(out, string(a.PrincipalType)+"/"+aws.ToString(a.PrincipalId))
		}
	}
	return out, nil
}

func readAssignment(ctx context.Context, r *reading) error {
	got, err := assignments(ctx, ssoadmin.NewFromConfig(r.at), aws.String(r.text("InstanceArn")), aws.String(r.text("PermissionSetArn")), r.text("TargetId"))
	if err != nil {
		return err
	}
	if wanted := r.text("PrincipalType") + "/" + r.text("PrincipalId"); !slices.Contains(got, wanted) {
		r.differ("%s does not have the permission set in %s; there are %s", wanted, r.text("TargetId"), strings.Join(got, ", "))
	}
	return nil
}
