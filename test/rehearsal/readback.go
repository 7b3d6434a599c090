//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// readback compares what exists with what was synthesized.
type readback struct {
	assembly *assembly
	live     *live
	tree     *tree
	report   *report
	// differences are what is not as synthesized, in sentences.
	differences []string
	// resources counts the resources that were read, stacks the stacks and stack instances.
	resources, stacks int
	// unwritten counts stack instances that were read before, and whose account nobody wrote to since.
	unwritten int
}

// reader reads one resource back and notes what differs.
type reader func(ctx context.Context, r *reading) error

// reading is one resource with its resolved properties, and where it must exist.
type reading struct {
	*readback
	resolver   *resolver
	at         aws.Config
	account    string
	region     string
	stackName  string // "" in a member account
	logicalID  string
	definition definition
	p          map[string]any
	name       string // for messages
}

// differ notes a difference.
func (r *reading) differ(format string, args ...any) {
	r.differences = append(r.differences, r.name+": "+fmt.Sprintf(format, args...))
}

// equal notes a difference between two values, compared as JSON with every scalar as a string and
// single values as lists of one, which is what policies and CloudFormation do.
func (r *reading) equal(what string, want, got any) {
	w, g := plain(want), plain(got)
	if !reflect.DeepEqual(w, g) {
		r.differ("%s is %s, but must be %s", what, inline(g), inline(w))
	}
}

// document compares a JSON document with one in a string.
func (r *reading) document(what string, want any, got string) {
	var parsed any
	if err := json.Unmarshal([]byte(got), &parsed); err != nil {
		r.differ("%s is no JSON: %q", what, got)
		return
	}
	if text, ok := want.(string); ok {
		var inner any
		if json.Unmarshal([]byte(text), &inner) == nil {
			want = inner
		}
	}
	r.equal(what, want, parsed)
}

// text is a property as a string, "" when absent.
func (r *reading) text(name string) string {
	if value, ok := r.p[name]; ok {
		return fmt.Sprint(plain(value))
	}
	return ""
}

// plain turns a value into maps, lists and strings.
func plain(value any) any {
	switch v := value.(type) {
	case nil:
		return nil
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool, int, int32, int64:
		return fmt.Sprint(v)
	case map[string]any:
		out := map[string]any{}
		for key, inner := range v {
			out[key] = plain(inner)
		}
		return out
	case []any:
		out := []any{}
		for _, inner := range v {
			out = append(out, plain(inner))
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	var generic any
	if err := json.Unmarshal(text, &generic); err != nil {
		return fmt.Sprint(value)
	}
	return plain(generic)
}

func inline(value any) string {
	text, err := json.Marshal(value)
	if err != nil || value == nil {
		return "absent"
	}
	if len(text) > 600 {
		return string(text[:600]) + "…"
	}
	return string(text)
}

// verify reads everything back. The error is about reading itself; differences are in the result.
func verify(ctx context.Context, a *assembly, l *live, r *report) (*readback, error) {
	t, err := l.organization(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the organization: %w", err)
	}
	b := &readback{assembly: a, live: l, tree: t, report: r}
	for _, s := range a.stacks {
		if err := b.stackStatus(ctx, s); err != nil {
			return nil, err
		}
		if err := b.stack(ctx, s.Template, managementAccount, homeRegion, s.Name, nil, s.Name); err != nil {
			return nil, fmt.Errorf("reading stack %s back: %w", s.Name, err)
		}
	}
	return b, nil
}

// stackStatus notes a stack that is not complete: necessary, and by far not sufficient.
func (b *readback) stackStatus(ctx context.Context, s stack) error {
	b.stacks++
	out, err := cloudformation.NewFromConfig(b.live.management()).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &s.Name})
	if err != nil {
		return err
	}
	if status := string(out.Stacks[0].StackStatus); status != "CREATE_COMPLETE" && status != "UPDATE_COMPLETE" {
		b.differences = append(b.differences, fmt.Sprintf("stack %s is %s", s.Name, status))
	}
	if !aws.ToBool(out.Stacks[0].EnableTerminationProtection) {
		b.differences = append(b.differences, fmt.Sprintf("stack %s has no termination protection", s.Name))
	}
	return nil
}

// stack reads every resource of a template in one account and Region.
func (b *readback) stack(ctx context.Context, t *template, accountID, region, stackName string, parameters map[string]string, label string) error {
	config, err := b.live.config(ctx, accountID, region)
	if err != nil {
		return err
	}
	resolver := b.resolver(ctx, t, accountID, region, stackName, parameters)
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		d := t.Resources[id]
		read := readerOf(d.Type)
		if read == nil {
			continue // the table says why, or fails
		}
		exists, err := resolver.exists(d)
		if err != nil {
			return fmt.Errorf("the condition of %s: %w", id, err)
		}
		if !exists {
			continue
		}
		name := fmt.Sprintf("%s %s (%s)", label, id, d.Type)
		resolved, err := resolver.resolve(d.Properties)
		if err != nil {
			b.differences = append(b.differences, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		p, _ := resolved.(map[string]any)
		r := &reading{readback: b, resolver: resolver, at: config, account: accountID, region: region, stackName: stackName, logicalID: id, definition: d, p: p, name: name}
		if err := read(ctx, r); err != nil {
			r.differ("%v", err)
		}
		b.resources++
		b.report.read(d.Type, stackName == "")
	}
	return nil
}

// resolver makes the resolver of a template, which finds ids by asking the services.
func (b *readback) resolver(ctx context.Context, t *template, accountID, region, stackName string, parameters map[string]string) *resolver {
	r := &resolver{template: t, account: accountID, region: region, stackName: stackName, parameters: parameters}
	r.imported = func(name string) (any, error) {
		s, value, err := b.assembly.export(name)
		if err != nil {
			return nil, err
		}
		return b.resolver(ctx, s.Template, managementAccount, homeRegion, s.Name, nil).resolve(value)
	}
	r.ref = func(id string, d definition) (any, error) { return b.reference(ctx, r, id, d) }
	r.attribute = func(id string, d definition, name string) (any, error) { return b.attribute(ctx, r, id, d, name) }
	return r
}

// nameProperties are the properties that name a resource and that Ref returns.
var nameProperties = map[string]string{
	"AWS::IAM::Role": "RoleName", "AWS::Logs::LogGroup": "LogGroupName", "AWS::S3::Bucket": "BucketName", "AWS::Events::EventBus": "Name",
	"AWS::Lambda::Function": "FunctionName", "AWS::SNS::Topic": "TopicName", "AWS::CloudTrail::Trail": "TrailName", "AWS::Events::Rule": "Name",
	"AWS::KMS::Alias": "AliasName", "AWS::CloudWatch::Alarm": "AlarmName", "AWS::Config::ConfigRule": "ConfigRuleName",
	"AWS::Config::ConfigurationRecorder": "Name", "AWS::SSM::Document": "Name", "AWS::SSM::Parameter": "Name",
}

// reference is what Ref returns: the name, or what only the service knows.
func (b *readback) reference(ctx context.Context, r *resolver, id string, d definition) (any, error) {
	if property := nameProperties[d.Type]; property != "" && d.Properties[property] != nil {
		name, err := r.resolve(d.Properties[property])
		if err != nil || d.Type != "AWS::SNS::Topic" {
			return name, err
		}
		return fmt.Sprintf("arn:aws:sns:%s:%s:%s", r.region, r.account, name), nil
	}
	switch {
	case d.Type == "AWS::KMS::Key":
		for _, other := range r.template.Resources {
			if other.Type == "AWS::KMS::Alias" && mentions(other.Properties["TargetKeyId"], id) {
				alias, err := r.resolve(other.Properties["AliasName"])
				if err != nil {
					return nil, err
				}
				return b.live.keyOfAlias(ctx, r.account, r.region, fmt.Sprint(alias))
			}
		}
	case d.Type == "AWS::SQS::Queue":
		name, err := r.resolve(d.Properties["QueueName"])
		if err != nil {
			return nil, err
		}
		return b.live.queueURL(ctx, r.account, r.region, fmt.Sprint(name))
	case d.Type == "AWS::CloudFormation::StackSet":
		name := fmt.Sprint(d.Properties["StackSetName"])
		out, err := cloudformation.NewFromConfig(b.live.management()).DescribeStackSet(ctx, &cloudformation.DescribeStackSetInput{StackSetName: &name})
		if err != nil {
			return nil, err
		}
		return aws.ToString(out.StackSet.StackSetId), nil
	}
	if r.stackName != "" {
		return b.live.physicalID(ctx, r.stackName, id)
	}
	return nil, fmt.Errorf("the id of %s (%s) cannot be found in a member account", id, d.Type)
}

// mentions tells whether a value refers to a resource.
func mentions(value any, id string) bool {
	text, err := json.Marshal(value)
	return err == nil && strings.Contains(string(text), `"`+id+`"`)
}

// attribute is what Fn::GetAtt returns, composed from names or found by the services.
func (b *readback) attribute(ctx context.Context, r *resolver, id string, d definition, name string) (any, error) {
	if strings.HasPrefix(d.Type, "Custom::") {
		return b.customAttribute(ctx, r, d, name)
	}
	if d.Type == "AWS::SSO::PermissionSet" && name == "PermissionSetArn" {
		sets, err := b.live.permissionSets(ctx)
		return sets[fmt.Sprint(d.Properties["Name"])], err
	}
	ref, err := b.reference(ctx, r, id, d)
	if err != nil {
		return nil, err
	}
	arn := func(service, rest string) string {
		return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, r.region, r.account, rest)
	}
	switch d.Type + " " + name {
	case "AWS::IAM::Role Arn":
		return fmt.Sprintf("arn:aws:iam::%s:role/%s", r.account, ref), nil
	case "AWS::Logs::LogGroup Arn":
		return arn("logs", fmt.Sprintf("log-group:%s:*", ref)), nil
	case "AWS::Lambda::Function Arn":
		return arn("lambda", fmt.Sprintf("function:%s", ref)), nil
	case "AWS::S3::Bucket Arn":
		return fmt.Sprintf("arn:aws:s3:::%s", ref), nil
	case "AWS::Events::EventBus Arn":
		return arn("events", fmt.Sprintf("event-bus/%s", ref)), nil
	case "AWS::Events::EventBus Name", "AWS::StepFunctions::StateMachine Arn", "AWS::SNS::Topic TopicArn":
		return ref, nil
	case "AWS::SQS::Queue Arn":
		return arn("sqs", fmt.Sprint(ref)[strings.LastIndex(fmt.Sprint(ref), "/")+1:]), nil
	case "AWS::SQS::Queue QueueName":
		return fmt.Sprint(ref)[strings.LastIndex(fmt.Sprint(ref), "/")+1:], nil
	case "AWS::KMS::Key Arn":
		return arn("kms", fmt.Sprintf("key/%s", ref)), nil
	case "AWS::SNS::Topic TopicName":
		return fmt.Sprint(ref)[strings.LastIndex(fmt.Sprint(ref), ":")+1:], nil
	case "AWS::CloudTrail::Trail Arn":
		return arn("cloudtrail", fmt.Sprintf("trail/%s", ref)), nil
	case "AWS::Events::Rule Arn":
		if bus := d.Properties["EventBusName"]; bus != nil {
			resolved, err := r.resolve(bus)
			return arn("events", fmt.Sprintf("rule/%s/%s", resolved, ref)), err
		}
		return arn("events", fmt.Sprintf("rule/%s", ref)), nil
	}
	return nil, fmt.Errorf("the read-back does not know the attribute %s of %s", name, d.Type)
}

// customAttribute finds what a custom resource returns in the organization as it exists, not in its answer.
func (b *readback) customAttribute(ctx context.Context, r *resolver, d definition, name string) (any, error) {
	resolved, err := r.resolve(d.Properties)
	if err != nil {
		return nil, err
	}
	p := resolved.(map[string]any)
	text := func(property string) string {
		if p[property] == nil {
			return ""
		}
		return fmt.Sprint(p[property])
	}
	switch d.Type + " " + name {
	case resourcetype.Organization + " Id":
		return b.tree.ID, nil
	case resourcetype.Organization + " Arn":
		return b.tree.ARN, nil
	case resourcetype.Organization + " RootId", resourcetype.PolicyTypes + " RootId":
		return b.tree.RootID, nil
	case resourcetype.Organization + " ManagementAccountId":
		return b.tree.ManagementAccountID, nil
	case resourcetype.OrganizationalUnit + " Id":
		return b.unit(text("Path"))
	case resourcetype.Account + " AccountId":
		a, err := b.tree.account(text("Email"))
		return a.ID, err
	case resourcetype.Account + " Arn":
		a, err := b.tree.account(text("Email"))
		return fmt.Sprintf("arn:aws:organizations::%s:account/%s/%s", managementAccount, b.tree.ID, a.ID), err
	case resourcetype.Account + " Email", resourcetype.Account + " Name", resourcetype.DelegatedAdministrator + " AccountId",
		resourcetype.DelegatedAdministrator + " ServicePrincipal", resourcetype.TrustedAccess + " ServicePrincipal":
		return p[name], nil
	case resourcetype.PolicyTarget + " Id":
		switch {
		case text("AccountId") != "":
			return text("AccountId"), nil
		case text("AccountEmail") != "":
			a, err := b.tree.account(text("AccountEmail"))
			return a.ID, err
		}
		return b.unit(text("OrganizationalUnitPath"))
	case resourcetype.IdentityCenter + " InstanceArn":
		center, err := b.live.identityCenter(ctx)
		return aws.ToString(center.InstanceArn), err
	case resourcetype.IdentityCenter + " IdentityStoreId":
		center, err := b.live.identityCenter(ctx)
		return aws.ToString(center.IdentityStoreId), err
	case resourcetype.IdentityGroup + " GroupId":
		return b.live.group(ctx, text("DisplayName"))
	case resourcetype.Key + " KeyArn":
		parts := strings.SplitN(text("AliasArn"), ":", 6)
		id, err := b.live.keyOfAlias(ctx, parts[4], parts[3], parts[5])
		return fmt.Sprintf("arn:aws:kms:%s:%s:key/%s", parts[3], parts[4], id), err
	}
	return nil, fmt.Errorf("the read-back does not know the attribute %s of %s", name, d.Type)
}

func (b *readback) unit(path string) (string, error) {
	if path == "" {
		return b.tree.RootID, nil
	}
	if id := b.tree.OUs[path]; id != "" {
		return id, nil
	}
	return "", fmt.Errorf("the OU %s does not exist", path)
}
