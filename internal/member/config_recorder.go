package member

import (
	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// RecorderPolicy is the AWS managed policy with which AWS Config reads an account.
const RecorderPolicy = "service-role/AWS_ConfigRole"

// byConfig is the trust of a role that AWS Config assumes in this account.
func byConfig() *template.Policy {
	return template.Trust(template.Service("config.amazonaws.com"), equals(map[string]any{"aws:SourceAccount": template.AccountID()}))
}

// addConfigRecorderRole adds the role with which AWS Config reads an account and delivers to the log archive.
func addConfigRecorderRole(s template.Scope, z *zone.Zone, logArchiveAccountID any) {
	sub := func(text string) any { return template.Sub(text, map[string]any{"archive": logArchiveAccountID}) }
	bucket := "arn:${AWS::Partition}:s3:::" + z.ConfigBucketName("${archive}")
	s.Add("Resource", "AWS::IAM::Role", map[string]any{
		"RoleName":                 z.ConfigRecorderRoleName(),
		"Description":              "Lets AWS Config record the account and deliver to the log archive",
		"AssumeRolePolicyDocument": byConfig(),
		"ManagedPolicyArns":        managedPolicies(RecorderPolicy),
		"Policies": template.InlinePolicy("deliver",
			template.Statement{
				Sid: "Deliver", Actions: []string{"s3:PutObject"}, Resources: []any{sub(bucket + "/AWSLogs/${AWS::AccountId}/*")},
				Condition: map[string]any{"StringLike": map[string]any{"s3:x-amz-acl": "bucket-owner-full-control"}},
			},
			template.Statement{Sid: "FindBucket", Actions: []string{"s3:GetBucketAcl"}, Resources: []any{sub(bucket)}},
			template.Statement{
				Sid: "Encrypt", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"},
				Resources: []any{sub("arn:${AWS::Partition}:kms:" + z.HomeRegion + ":${archive}:key/*")},
			},
		),
	})
}

// addConfigRecorder adds the recorder of one account and Region, its delivery to the log archive and the detective
// rules, where the condition governed holds. Global types are recorded and judged in the home Region only, or each of
// them would be recorded and billed once per Region.
func addConfigRecorder(s template.Scope, z *zone.Zone, logArchiveAccountID any, rules []detective.Rule, governed, home string) {
	frequency := "CONTINUOUS"
	if z.Services.Config.Recording == config.RecordDaily {
		frequency = "DAILY"
	}
	recorder := s.Add("Recorder", "AWS::Config::ConfigurationRecorder", map[string]any{
		"Name":    z.Prefix,
		"RoleARN": template.RoleARN(z.ConfigRecorderRoleName()),
		"RecordingGroup": map[string]any{
			"AllSupported": true, "IncludeGlobalResourceTypes": template.If(home, true, false),
		},
		"RecordingMode": map[string]any{"RecordingFrequency": frequency},
	}).If(governed)
	// The bucket's default encryption applies.
	s.Add("Delivery", "AWS::Config::DeliveryChannel", map[string]any{
		"Name":                             z.Prefix,
		"S3BucketName":                     template.Sub(z.ConfigBucketName("${archive}"), map[string]any{"archive": logArchiveAccountID}),
		"ConfigSnapshotDeliveryProperties": map[string]any{"DeliveryFrequency": "TwentyFour_Hours"},
	}).If(governed)
	for _, rule := range rules {
		properties := map[string]any{
			"ConfigRuleName": z.Resource(rule.ID),
			"Description":    rule.Title,
			"Source":         map[string]any{"Owner": "AWS", "SourceIdentifier": rule.Identifier},
		}
		if len(rule.Parameters) > 0 {
			properties["InputParameters"] = rule.Parameters
		}
		where := governed
		if rule.Where == detective.Global {
			where = home
		}
		// A rule can be put only where a recorder exists.
		s.Add("Rule-"+rule.ID, "AWS::Config::ConfigRule", properties).DependsOn(recorder).If(where)
	}
}

// addConfigAggregator adds, in the audit account, the view over what AWS Config records in the whole organization.
func addConfigAggregator(s template.Scope, z *zone.Zone) {
	role := s.In("Role").Add("Resource", "AWS::IAM::Role", map[string]any{
		"RoleName":                 z.Resource("config-aggregator"),
		"Description":              "Lets AWS Config list the organization's accounts",
		"AssumeRolePolicyDocument": byConfig(),
		"ManagedPolicyArns":        managedPolicies("service-role/AWSConfigRoleForOrganizations"),
	})
	s.Add("Aggregator", "AWS::Config::ConfigurationAggregator", map[string]any{
		"ConfigurationAggregatorName":   z.Resource("organization"),
		"OrganizationAggregationSource": map[string]any{"RoleArn": role.ARN(), "AllAwsRegions": true},
	})
}
