//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	organizationstypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// readerOf is how a resource type is read back; nil when it is not.
func readerOf(resourceType string) reader {
	return map[string]reader{
		resourcetype.Organization:              readOrganization,
		resourcetype.PolicyTypes:               readPolicyTypes,
		resourcetype.TrustedAccess:             readTrustedAccess,
		resourcetype.OrganizationalUnit:        readUnit,
		resourcetype.Account:                   readAccount,
		resourcetype.ManagementContacts:        readManagementContacts,
		resourcetype.DelegatedAdministrator:    readDelegatedAdministrator,
		resourcetype.PolicyTarget:              readLookup,
		resourcetype.Key:                       readLookup,
		resourcetype.EditGuard:                 readNothing,
		resourcetype.IdentityCenter:            readLookup,
		resourcetype.IdentityGroup:             readIdentityGroup,
		"AWS::SSO::PermissionSet":              readPermissionSet,
		"AWS::SSO::Assignment":                 readAssignment,
		"AWS::Organizations::Policy":           readPolicy,
		"AWS::CloudFormation::StackSet":        readStackSet,
		"AWS::CloudTrail::Trail":               readTrail,
		"AWS::S3::Bucket":                      readBucket,
		"AWS::S3::BucketPolicy":                readBucketPolicy,
		"AWS::KMS::Key":                        readKey,
		"AWS::KMS::Alias":                      readAlias,
		"AWS::SNS::Topic":                      readTopic,
		"AWS::SNS::TopicPolicy":                readTopicPolicy,
		"AWS::SNS::Subscription":               readSubscription,
		"AWS::Events::EventBus":                readEventBus,
		"AWS::Events::EventBusPolicy":          readEventBusPolicy,
		"AWS::Events::Rule":                    readRule,
		"AWS::IAM::Role":                       readRole,
		"AWS::IAM::Policy":                     readInlinePolicy,
		"AWS::Lambda::Function":                readFunction,
		"AWS::Logs::LogGroup":                  readLogGroup,
		"AWS::Logs::ResourcePolicy":            readLogResourcePolicy,
		"AWS::Logs::MetricFilter":              readMetricFilter,
		"AWS::CloudWatch::Alarm":               readAlarm,
		"AWS::SQS::Queue":                      readQueue,
		"AWS::SQS::QueuePolicy":                readQueuePolicy,
		"AWS::Config::ConfigurationRecorder":   readRecorder,
		"AWS::Config::DeliveryChannel":         readDeliveryChannel,
		"AWS::Config::ConfigRule":              readConfigRule,
		"AWS::Config::ConfigurationAggregator": readAggregator,
		"AWS::StepFunctions::StateMachine":     readStateMachine,
	}[resourceType]
}

func readOrganization(_ context.Context, r *reading) error {
	r.equal("the feature set", "ALL", r.tree.FeatureSet)
	r.equal("the management account", managementAccount, r.tree.ManagementAccountID)
	return nil
}

func readPolicyTypes(_ context.Context, r *reading) error {
	for _, wanted := range asStrings(r.p["PolicyTypes"]) {
		if !slices.Contains(r.tree.PolicyTypes, wanted) {
			r.differ("the policy type %s is not enabled", wanted)
		}
	}
	return nil
}

func readTrustedAccess(ctx context.Context, r *reading) error {
	api := organizations.NewFromConfig(r.at)
	pages := organizations.NewListAWSServiceAccessForOrganizationPaginator(api, &organizations.ListAWSServiceAccessForOrganizationInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, service := range page.EnabledServicePrincipals {
			if aws.ToString(service.ServicePrincipal) == r.text("ServicePrincipal") {
				return nil
			}
		}
	}
	r.differ("%s has no trusted access", r.text("ServicePrincipal"))
	return nil
}

func readUnit(_ context.Context, r *reading) error {
	if _, err := r.unit(r.text("Path")); err != nil {
		return err
	}
	r.tags(r.tree.OUTags[r.text("Path")])
	return nil
}

// tags compares tags that must exist; others may have been there before.
func (r *reading) tags(got map[string]string) {
	wanted, _ := r.p["Tags"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		r.equal("the tag "+key, wanted[key], got[key])
	}
}

func readAccount(ctx context.Context, r *reading) error {
	a, err := r.tree.account(r.text("Email"))
	if err != nil {
		return err
	}
	ou := r.text("OrganizationalUnitPath")
	r.equal("the OU", ou, a.OU)
	r.equal("the name", r.p["Name"], a.Name)
	r.equal("the state", "ACTIVE", a.State)
	r.tags(a.Tags)
	return r.contacts(ctx, aws.String(a.ID))
}

func readDelegatedAdministrator(ctx context.Context, r *reading) error {
	out, err := organizations.NewFromConfig(r.at).ListDelegatedAdministrators(ctx,
		&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: aws.String(r.text("ServicePrincipal"))})
	if err != nil {
		return err
	}
	var ids []string
	for _, a := range out.DelegatedAdministrators {
		ids = append(ids, aws.ToString(a.Id))
	}
	r.equal("the delegated administrator of "+r.text("ServicePrincipal"), r.p["AccountId"], strings.Join(ids, ","))
	return nil
}

// readLookup has nothing of its own to read: what it found is in the properties of those that use it, which are compared.
func readLookup(context.Context, *reading) error { return nil }

// readNothing is for the guard of edits, which creates nothing.
func readNothing(context.Context, *reading) error { return nil }

func readPolicy(ctx context.Context, r *reading) error {
	api := organizations.NewFromConfig(r.at)
	id := ""
	pages := organizations.NewListPoliciesPaginator(api, &organizations.ListPoliciesInput{Filter: organizationstypes.PolicyType(r.text("Type"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, p := range page.Policies {
			if aws.ToString(p.Name) == r.text("Name") {
				if id != "" {
					r.differ("two policies have the name %s", r.text("Name"))
				}
				id = aws.ToString(p.Id)
			}
		}
	}
	if id == "" {
		return fmt.Errorf("no policy is called %s", r.text("Name"))
	}
	described, err := api.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &id})
	if err != nil {
		return err
	}
	r.document("the content", r.p["Content"], aws.ToString(described.Policy.Content))
	r.equal("the description", r.p["Description"], aws.ToString(described.Policy.PolicySummary.Description))
	var got []string
	targets := organizations.NewListTargetsForPolicyPaginator(api, &organizations.ListTargetsForPolicyInput{PolicyId: &id})
	for targets.HasMorePages() {
		page, err := targets.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, t := range page.Targets {
			got = append(got, aws.ToString(t.TargetId))
		}
	}
	want := asStrings(r.p["TargetIds"])
	slices.Sort(want)
	slices.Sort(got)
	r.equal("the targets", want, got)
	return nil
}

// asStrings is a list of strings.
func asStrings(value any) []string {
	list, ok := value.([]any)
	if !ok {
		if value == nil {
			return nil
		}
		return []string{fmt.Sprint(value)}
	}
	var out []string
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

// readStackSet compares the StackSet, its instances per account and Region, and what each instance created.
func readStackSet(ctx context.Context, r *reading) error {
	api := cloudformation.NewFromConfig(r.at)
	name := r.text("StackSetName")
	out, err := api.DescribeStackSet(ctx, &cloudformation.DescribeStackSetInput{StackSetName: &name})
	if err != nil {
		return err
	}
	set := out.StackSet
	r.equal("the permission model", r.p["PermissionModel"], string(set.PermissionModel))
	r.equal("the description", r.p["Description"], aws.ToString(set.Description))
	for _, property := range []string{"AdministrationRoleARN", "ExecutionRoleName"} {
		if want := r.text(property); want != "" {
			r.equal(property, want, map[string]string{"AdministrationRoleARN": aws.ToString(set.AdministrationRoleARN),
				"ExecutionRoleName": aws.ToString(set.ExecutionRoleName)}[property])
		}
	}
	if execution, ok := r.p["ManagedExecution"].(map[string]any); ok {
		r.equal("the managed execution", execution["Active"], set.ManagedExecution != nil && aws.ToBool(set.ManagedExecution.Active))
	}
	if auto, ok := r.p["AutoDeployment"].(map[string]any); ok {
		r.equal("the automatic deployment", auto["Enabled"], set.AutoDeployment != nil && aws.ToBool(set.AutoDeployment.Enabled))
	}
	want, err := r.assembly.memberTemplate(r.p)
	if err != nil {
		return err
	}
	if got, err := parseTemplate([]byte(aws.ToString(set.TemplateBody))); err != nil {
		return err
	} else {
		r.equal("the template", want, got)
	}
	parameters, wanted := map[string]string{}, map[string]string{}
	for _, p := range set.Parameters {
		parameters[aws.ToString(p.ParameterKey)] = aws.ToString(p.ParameterValue)
	}
	list, _ := r.p["Parameters"].([]any)
	for _, item := range list {
		p := item.(map[string]any)
		wanted[fmt.Sprint(p["ParameterKey"])] = fmt.Sprint(p["ParameterValue"])
	}
	r.equal("the parameters", wanted, parameters)

	got, err := instances(ctx, api, name)
	if err != nil {
		return err
	}
	expected := r.expectedInstances()
	r.equal("the stack instances", expected, got)
	for _, instance := range expected {
		accountID, region, _ := strings.Cut(instance, " ")
		label := fmt.Sprintf("%s in %s %s", name, accountID, region)
		wantedNow := inlineAll(want, wanted)
		if before := r.live.read[label]; before.wanted == wantedNow && !r.live.front.wrote(accountID, before.mark) {
			r.unwritten++
			continue
		}
		mark, differences := r.live.front.mark(), len(r.differences)
		r.stacks++
		if err := r.stack(ctx, want, accountID, region, "", wanted, label); err != nil {
			return err
		}
		if len(r.differences) == differences {
			r.live.read[label] = instanceRead{wantedNow, mark}
		}
	}
	return nil
}

// inlineAll is what a stack instance must be, in one string.
func inlineAll(values ...any) string {
	text, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	return string(text)
}

// instances lists a StackSet's instances as "account Region".
func instances(ctx context.Context, api *cloudformation.Client, stackSet string) ([]string, error) {
	got := []string{}
	pages := cloudformation.NewListStackInstancesPaginator(api, &cloudformation.ListStackInstancesInput{StackSetName: &stackSet})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, i := range page.Summaries {
			got = append(got, aws.ToString(i.Account)+" "+aws.ToString(i.Region))
		}
	}
	slices.Sort(got)
	return got, nil
}

// expectedInstances computes from the organization as it exists what the StackSet must have reached.
func (r *reading) expectedInstances() []string {
	out := []string{}
	groups, _ := r.p["StackInstancesGroup"].([]any)
	for _, item := range groups {
		group := item.(map[string]any)
		targets := group["DeploymentTargets"].(map[string]any)
		for _, accountID := range r.targeted(targets) {
			for _, region := range asStrings(group["Regions"]) {
				out = append(out, accountID+" "+region)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// targeted lists the accounts of deployment targets: of the OUs and those below them, never the management account.
func (r *reading) targeted(targets map[string]any) []string {
	named, units := asStrings(targets["Accounts"]), asStrings(targets["OrganizationalUnitIds"])
	if len(units) == 0 {
		return named
	}
	var out []string
	for _, a := range r.tree.Accounts {
		if a.ID == r.tree.ManagementAccountID || !r.below(a.OU, units) {
			continue
		}
		if targets["AccountFilterType"] == "INTERSECTION" && !slices.Contains(named, a.ID) {
			continue
		}
		out = append(out, a.ID)
	}
	return out
}

func (r *reading) below(path string, units []string) bool {
	if slices.Contains(units, r.tree.RootID) {
		return true
	}
	for path != "" {
		if slices.Contains(units, r.tree.OUs[path]) {
			return true
		}
		path = path[:max(0, strings.LastIndex(path, "/"))]
	}
	return false
}
