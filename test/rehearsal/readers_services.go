//go:build unix

package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func readTrail(ctx context.Context, r *reading) error {
	api := cloudtrail.NewFromConfig(r.at)
	name := r.text("TrailName")
	out, err := api.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: &name})
	if err != nil {
		return err
	}
	t := out.Trail
	r.equal("the bucket", r.p["S3BucketName"], aws.ToString(t.S3BucketName))
	r.equal("the key", r.text("KMSKeyId"), aws.ToString(t.KmsKeyId))
	r.equal("organization trail", r.p["IsOrganizationTrail"], aws.ToBool(t.IsOrganizationTrail))
	r.equal("multi-Region trail", r.p["IsMultiRegionTrail"], aws.ToBool(t.IsMultiRegionTrail))
	r.equal("global events", r.p["IncludeGlobalServiceEvents"], aws.ToBool(t.IncludeGlobalServiceEvents))
	r.equal("log file validation", r.p["EnableLogFileValidation"], aws.ToBool(t.LogFileValidationEnabled))
	r.equal("the log group", r.text("CloudWatchLogsLogGroupArn"), aws.ToString(t.CloudWatchLogsLogGroupArn))
	r.equal("the log role", r.text("CloudWatchLogsRoleArn"), aws.ToString(t.CloudWatchLogsRoleArn))
	status, err := api.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &name})
	if err != nil {
		return err
	}
	r.equal("logging", r.p["IsLogging"], aws.ToBool(status.IsLogging))
	selectors, err := api.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &name})
	if err != nil {
		return err
	}
	r.equal("the event selectors", r.p["AdvancedEventSelectors"], withoutEmpty(selectors.AdvancedEventSelectors))
	return nil
}

// withoutEmpty drops empty members, which the SDK's types have and templates do not.
func withoutEmpty(value any) any {
	var drop func(any) any
	drop = func(value any) any {
		switch v := value.(type) {
		case map[string]any:
			out := map[string]any{}
			for key, inner := range v {
				inner = drop(inner)
				if list, ok := inner.([]any); inner == nil || inner == "" || ok && len(list) == 0 {
					continue
				}
				if inner, ok := inner.(map[string]any); ok && len(inner) == 0 {
					continue
				}
				out[key] = inner
			}
			return out
		case []any:
			out := []any{}
			for _, inner := range v {
				out = append(out, drop(inner))
			}
			return out
		}
		return value
	}
	return drop(plain(value))
}

func readBucket(ctx context.Context, r *reading) error {
	api := s3.NewFromConfig(r.at, func(o *s3.Options) { o.UsePathStyle = true })
	bucket := r.text("BucketName")
	if bucket == "" {
		return fmt.Errorf("a bucket of the zone has no name of its own")
	}
	if _, err := api.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket}); err != nil {
		return err
	}
	section := func(name string) map[string]any { m, _ := r.p[name].(map[string]any); return m }
	if want := section("VersioningConfiguration"); want != nil {
		out, err := api.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
		if err != nil {
			return err
		}
		r.equal("versioning", want["Status"], string(out.Status))
	}
	if want := section("BucketEncryption"); want != nil {
		out, err := api.GetBucketEncryption(ctx, &s3.GetBucketEncryptionInput{Bucket: &bucket})
		if err != nil {
			return err
		}
		rule := out.ServerSideEncryptionConfiguration.Rules[0]
		first := want["ServerSideEncryptionConfiguration"].([]any)[0].(map[string]any)
		byDefault := first["ServerSideEncryptionByDefault"].(map[string]any)
		r.equal("the encryption", byDefault["SSEAlgorithm"], string(rule.ApplyServerSideEncryptionByDefault.SSEAlgorithm))
		if key := byDefault["KMSMasterKeyID"]; key != nil {
			r.equal("the encryption key", key, aws.ToString(rule.ApplyServerSideEncryptionByDefault.KMSMasterKeyID))
		}
		if enabled := first["BucketKeyEnabled"]; enabled != nil {
			r.equal("the bucket key", enabled, aws.ToBool(rule.BucketKeyEnabled))
		}
	}
	if want := section("PublicAccessBlockConfiguration"); want != nil {
		out, err := api.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
		if err != nil {
			return err
		}
		r.equal("the block of public access", want, out.PublicAccessBlockConfiguration)
	}
	if want := section("OwnershipControls"); want != nil {
		out, err := api.GetBucketOwnershipControls(ctx, &s3.GetBucketOwnershipControlsInput{Bucket: &bucket})
		if err != nil {
			return err
		}
		r.equal("the ownership", want["Rules"], out.OwnershipControls.Rules)
	}
	if want := section("ObjectLockConfiguration"); want != nil {
		out, err := api.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &bucket})
		if err != nil {
			return err
		}
		got, _ := withoutEmpty(out.ObjectLockConfiguration).(map[string]any)
		if rule, ok := got["Rule"].(map[string]any); ok {
			// moto answers both units, one of them as 0.
			maps.DeleteFunc(rule["DefaultRetention"].(map[string]any), func(_ string, value any) bool { return value == "0" })
		}
		r.equal("object lock", want, got)
	}
	if want := section("LoggingConfiguration"); want != nil {
		out, err := api.GetBucketLogging(ctx, &s3.GetBucketLoggingInput{Bucket: &bucket})
		if err != nil {
			return err
		}
		if out.LoggingEnabled == nil {
			return fmt.Errorf("no access logging")
		}
		r.equal("the access logs' bucket", want["DestinationBucketName"], aws.ToString(out.LoggingEnabled.TargetBucket))
		r.equal("the access logs' prefix", want["LogFilePrefix"], aws.ToString(out.LoggingEnabled.TargetPrefix))
	}
	if want := section("LifecycleConfiguration"); want != nil {
		return r.lifecycle(ctx, api, bucket, want)
	}
	return nil
}

// lifecycle compares rules by what they do and after how many days.
func (r *reading) lifecycle(ctx context.Context, api *s3.Client, bucket string, want map[string]any) error {
	out, err := api.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &bucket})
	if err != nil {
		return err
	}
	var got []any
	for _, rule := range out.Rules {
		one := map[string]any{"Status": string(rule.Status)}
		if rule.ID != nil {
			one["Id"] = *rule.ID
		}
		if rule.Expiration != nil && rule.Expiration.Days != nil {
			one["ExpirationInDays"] = *rule.Expiration.Days
		}
		if rule.NoncurrentVersionExpiration != nil {
			one["NoncurrentVersionExpiration"] = map[string]any{"NoncurrentDays": aws.ToInt32(rule.NoncurrentVersionExpiration.NoncurrentDays)}
		}
		if rule.AbortIncompleteMultipartUpload != nil {
			one["AbortIncompleteMultipartUpload"] = map[string]any{"DaysAfterInitiation": aws.ToInt32(rule.AbortIncompleteMultipartUpload.DaysAfterInitiation)}
		}
		var transitions []any
		for _, t := range rule.Transitions {
			transitions = append(transitions, map[string]any{"StorageClass": string(t.StorageClass), "TransitionInDays": aws.ToInt32(t.Days)})
		}
		if transitions != nil {
			one["Transitions"] = transitions
		}
		got = append(got, one)
	}
	r.equal("the lifecycle", want["Rules"], got)
	return nil
}

func readBucketPolicy(ctx context.Context, r *reading) error {
	api := s3.NewFromConfig(r.at, func(o *s3.Options) { o.UsePathStyle = true })
	out, err := api.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: aws.String(r.text("Bucket"))})
	if err != nil {
		return err
	}
	r.document("the bucket policy", r.p["PolicyDocument"], aws.ToString(out.Policy))
	return nil
}

// key finds the id of the key that is being read.
func (r *reading) key(ctx context.Context) (string, error) {
	id, err := r.reference(ctx, r.resolver, r.logicalID, r.definition)
	return fmt.Sprint(id), err
}

func readKey(ctx context.Context, r *reading) error {
	api := kms.NewFromConfig(r.at)
	id, err := r.key(ctx)
	if err != nil {
		return err
	}
	described, err := api.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	if err != nil {
		return err
	}
	r.equal("the state", "Enabled", string(described.KeyMetadata.KeyState))
	r.equal("the description", r.text("Description"), aws.ToString(described.KeyMetadata.Description))
	rotation, err := api.GetKeyRotationStatus(ctx, &kms.GetKeyRotationStatusInput{KeyId: &id})
	if err != nil {
		return err
	}
	r.equal("the rotation", r.p["EnableKeyRotation"], rotation.KeyRotationEnabled)
	policy, err := api.GetKeyPolicy(ctx, &kms.GetKeyPolicyInput{KeyId: &id, PolicyName: aws.String("default")})
	if err != nil {
		return err
	}
	r.document("the key policy", r.p["KeyPolicy"], aws.ToString(policy.Policy))
	return nil
}

func readAlias(ctx context.Context, r *reading) error {
	got, err := r.live.keyOfAlias(ctx, r.account, r.region, r.text("AliasName"))
	if err != nil {
		return err
	}
	want := r.text("TargetKeyId")
	r.equal("the key", want[strings.LastIndex(want, "/")+1:], got)
	return nil
}

// topicARN is the ARN of a topic by its name.
func (r *reading) topicARN() string {
	return fmt.Sprintf("arn:aws:sns:%s:%s:%s", r.region, r.account, r.text("TopicName"))
}

func readTopic(ctx context.Context, r *reading) error {
	out, err := sns.NewFromConfig(r.at).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String(r.topicARN())})
	if err != nil {
		return err
	}
	for _, attribute := range []string{"DisplayName", "KmsMasterKeyId"} {
		if want := r.p[attribute]; want != nil {
			r.equal(attribute, want, out.Attributes[attribute])
		}
	}
	return nil
}

func readTopicPolicy(ctx context.Context, r *reading) error {
	for _, topic := range asStrings(r.p["Topics"]) {
		out, err := sns.NewFromConfig(r.at).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &topic})
		if err != nil {
			return err
		}
		r.document("the policy of "+topic, r.p["PolicyDocument"], out.Attributes["Policy"])
	}
	return nil
}

func readSubscription(ctx context.Context, r *reading) error {
	pages := sns.NewListSubscriptionsByTopicPaginator(sns.NewFromConfig(r.at), &sns.ListSubscriptionsByTopicInput{TopicArn: aws.String(r.text("TopicArn"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.Subscriptions {
			if aws.ToString(s.Endpoint) == r.text("Endpoint") && aws.ToString(s.Protocol) == r.text("Protocol") {
				return nil
			}
		}
	}
	r.differ("%s is not subscribed", r.text("Endpoint"))
	return nil
}

func readEventBus(ctx context.Context, r *reading) error {
	out, err := eventbridge.NewFromConfig(r.at).DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: aws.String(r.text("Name"))})
	if err != nil {
		return err
	}
	r.equal("the description", r.text("Description"), aws.ToString(out.Description))
	return nil
}

func readEventBusPolicy(ctx context.Context, r *reading) error {
	out, err := eventbridge.NewFromConfig(r.at).DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: aws.String(r.text("EventBusName"))})
	if err != nil {
		return err
	}
	statement, _ := r.p["Statement"].(map[string]any)
	want := map[string]any{"Sid": r.p["StatementId"]}
	for key, value := range statement {
		want[key] = value
	}
	want["Sid"] = r.p["StatementId"]
	r.document("the bus policy", map[string]any{"Version": "2012-10-17", "Statement": []any{want}}, aws.ToString(out.Policy))
	return nil
}

func readRule(ctx context.Context, r *reading) error {
	api := eventbridge.NewFromConfig(r.at)
	bus := r.text("EventBusName")
	if bus == "" {
		bus = "default"
	}
	name := r.text("Name")
	out, err := api.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name, EventBusName: &bus})
	if err != nil {
		return err
	}
	r.equal("the state", r.p["State"], string(out.State))
	r.equal("the description", r.text("Description"), aws.ToString(out.Description))
	if pattern := r.p["EventPattern"]; pattern != nil {
		r.document("the pattern", pattern, aws.ToString(out.EventPattern))
	}
	if schedule := r.p["ScheduleExpression"]; schedule != nil {
		r.equal("the schedule", schedule, aws.ToString(out.ScheduleExpression))
	}
	targets, err := api.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name, EventBusName: &bus})
	if err != nil {
		return err
	}
	r.equal("the targets", r.p["Targets"], withoutEmpty(targets.Targets))
	return nil
}

// ownName is the name of the resource that is being read: given, or chosen by CloudFormation.
func (r *reading) ownName(ctx context.Context, property string) (string, error) {
	if name := r.text(property); name != "" {
		return name, nil
	}
	return r.live.physicalID(ctx, r.stackName, r.logicalID)
}

func readRole(ctx context.Context, r *reading) error {
	api := iam.NewFromConfig(r.at)
	name, err := r.ownName(ctx, "RoleName")
	if err != nil {
		return err
	}
	out, err := api.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return err
	}
	trust, err := url.QueryUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
	if err != nil {
		return err
	}
	r.document("the trust policy", r.p["AssumeRolePolicyDocument"], trust)
	r.equal("the description", r.text("Description"), aws.ToString(out.Role.Description))
	policies, _ := r.p["Policies"].([]any)
	for _, item := range policies {
		policy := item.(map[string]any)
		if err := r.rolePolicy(ctx, api, name, fmt.Sprint(policy["PolicyName"]), policy["PolicyDocument"]); err != nil {
			return err
		}
	}
	attached, err := api.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	if err != nil {
		return err
	}
	var got []string
	for _, p := range attached.AttachedPolicies {
		got = append(got, aws.ToString(p.PolicyArn))
	}
	want := asStrings(r.p["ManagedPolicyArns"])
	slices.Sort(want)
	slices.Sort(got)
	r.equal("the managed policies", want, got)
	return nil
}

func (r *reading) rolePolicy(ctx context.Context, api *iam.Client, role, policy string, want any) error {
	out, err := api.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: &policy})
	if err != nil {
		return err
	}
	got, err := url.QueryUnescape(aws.ToString(out.PolicyDocument))
	if err != nil {
		return err
	}
	r.document("the policy "+policy, want, got)
	return nil
}

func readInlinePolicy(ctx context.Context, r *reading) error {
	api := iam.NewFromConfig(r.at)
	for _, role := range asStrings(r.p["Roles"]) {
		if err := r.rolePolicy(ctx, api, role, r.text("PolicyName"), r.p["PolicyDocument"]); err != nil {
			return err
		}
	}
	return nil
}

func readFunction(ctx context.Context, r *reading) error {
	name, err := r.ownName(ctx, "FunctionName")
	if err != nil {
		return err
	}
	out, err := lambda.NewFromConfig(r.at).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
	if err != nil {
		return err
	}
	r.equal("the handler", r.p["Handler"], aws.ToString(out.Handler))
	r.equal("the runtime", r.p["Runtime"], string(out.Runtime))
	r.equal("the role", r.p["Role"], aws.ToString(out.Role))
	if timeout := r.p["Timeout"]; timeout != nil {
		r.equal("the timeout", timeout, aws.ToInt32(out.Timeout))
	}
	if environment, ok := r.p["Environment"].(map[string]any); ok && out.Environment != nil {
		r.equal("the environment", environment["Variables"], out.Environment.Variables)
	}
	return nil
}

func readLogGroup(ctx context.Context, r *reading) error {
	name, err := r.ownName(ctx, "LogGroupName")
	if err != nil {
		return err
	}
	out, err := cloudwatchlogs.NewFromConfig(r.at).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	if err != nil {
		return err
	}
	for _, group := range out.LogGroups {
		if aws.ToString(group.LogGroupName) == name {
			if retention := r.p["RetentionInDays"]; retention != nil {
				r.equal("the retention", retention, aws.ToInt32(group.RetentionInDays))
			}
			return nil
		}
	}
	return fmt.Errorf("no log group is called %s", name)
}

func readStateMachine(ctx context.Context, r *reading) error {
	arn, err := r.live.physicalID(ctx, r.stackName, r.logicalID)
	if err != nil {
		return err
	}
	out, err := sfn.NewFromConfig(r.at).DescribeStateMachine(ctx, &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
	if err != nil {
		return err
	}
	r.document("the definition", r.p["DefinitionString"], aws.ToString(out.Definition))
	r.equal("the role", r.p["RoleArn"], aws.ToString(out.RoleArn))
	return nil
}
