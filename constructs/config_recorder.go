package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsconfig"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/zone"
)

// ConfigRecorderRoleName is the name of the role with which AWS Config records in an account. It is a role of
// the zone and not the service-linked one, whose creation fails in an account that has it already.
func ConfigRecorderRoleName(z *zone.Zone) string { return z.Resource("config-recorder") }

// configBucketName is the bucket that receives what AWS Config records.
func configBucketName(z *zone.Zone, accountID string) string {
	return z.Resource("config", accountID, z.HomeRegion)
}

// archiveKeyAlias is the alias of the key of the log archive's buckets other than the trail's.
func archiveKeyAlias(z *zone.Zone) string { return "alias/" + z.Resource("archive") }

// ArchiveKeyAliasARN is the ARN of the alias of that key, for the id of the log-archive account.
func ArchiveKeyAliasARN(z *zone.Zone, logArchiveAccountID *string) *string {
	return awscdk.Fn_Join(jsii.String(""), &[]*string{
		jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":kms:" + z.HomeRegion + ":"), logArchiveAccountID, jsii.String(":" + archiveKeyAlias(z)),
	})
}

// NewConfigRecorderRole adds the role with which AWS Config reads an account and delivers to the log archive.
func NewConfigRecorderRole(scope constructs.Construct, id string, z *zone.Zone, logArchiveAccountID *string) awsiam.Role {
	bucket := "arn:${AWS::Partition}:s3:::" + configBucketName(z, "${archive}")
	sub := func(text string) *string {
		return awscdk.Fn_Sub(jsii.String(text), &map[string]*string{"archive": logArchiveAccountID})
	}
	deliver := awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid:       jsii.String("Deliver"),
		Actions:   jsii.Strings("s3:PutObject"),
		Resources: &[]*string{sub(bucket + "/AWSLogs/${AWS::AccountId}/*")},
		Conditions: &map[string]any{
			"StringLike": map[string]any{"s3:x-amz-acl": "bucket-owner-full-control"},
		},
	})
	return awsiam.NewRole(scope, jsii.String(id), &awsiam.RoleProps{
		RoleName:    jsii.String(ConfigRecorderRoleName(z)),
		Description: jsii.String("Lets AWS Config record the account and deliver to the log archive"),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("config.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
		}),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AWS_ConfigRole"))},
		InlinePolicies: &map[string]awsiam.PolicyDocument{"deliver": document(
			deliver,
			allow("FindBucket", []string{"s3:GetBucketAcl"}, sub(bucket)),
			allow("Encrypt", []string{"kms:Decrypt", "kms:GenerateDataKey"}, sub("arn:${AWS::Partition}:kms:"+z.HomeRegion+":${archive}:key/*")),
		)},
	})
}

// ConfigRecorderProps describes the recorder of one account and Region.
type ConfigRecorderProps struct {
	Zone                *zone.Zone
	LogArchiveAccountID *string
	Rules               []detective.Rule
	// Governed is true in governed Regions; nil when the template goes to no others. Home is true in the home Region.
	Governed, Home awscdk.CfnCondition
}

// NewConfigRecorder adds the recorder, its delivery to the log archive and the detective rules. Global
// types are recorded in the home Region only, or each of them would be recorded and billed once per Region.
func NewConfigRecorder(scope constructs.Construct, id string, p *ConfigRecorderProps) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	z := p.Zone
	frequency := "CONTINUOUS"
	if z.Services.Config.Recording == config.RecordDaily {
		frequency = "DAILY"
	}
	recorder := awsconfig.NewCfnConfigurationRecorder(this, jsii.String("Recorder"), &awsconfig.CfnConfigurationRecorderProps{
		Name:    jsii.String(z.Prefix),
		RoleArn: roleARN(ConfigRecorderRoleName(z)),
		RecordingGroup: &awsconfig.CfnConfigurationRecorder_RecordingGroupProperty{
			AllSupported:               true,
			IncludeGlobalResourceTypes: awscdk.Fn_ConditionIf(p.Home.LogicalId(), true, false),
		},
		RecordingMode: &awsconfig.CfnConfigurationRecorder_RecordingModeProperty{RecordingFrequency: jsii.String(frequency)},
	})
	// The bucket's default encryption applies.
	channel := awsconfig.NewCfnDeliveryChannel(this, jsii.String("Delivery"), &awsconfig.CfnDeliveryChannelProps{
		Name: jsii.String(z.Prefix),
		S3BucketName: awscdk.Fn_Sub(jsii.String(configBucketName(z, "${archive}")),
			&map[string]*string{"archive": p.LogArchiveAccountID}),
		ConfigSnapshotDeliveryProperties: &awsconfig.CfnDeliveryChannel_ConfigSnapshotDeliveryPropertiesProperty{
			DeliveryFrequency: jsii.String("TwentyFour_Hours"),
		},
	})
	limit := func(r awscdk.CfnResource, to awscdk.CfnCondition) {
		if to != nil {
			r.CfnOptions().SetCondition(to)
		}
	}
	limit(recorder, p.Governed)
	limit(channel, p.Governed)
	for _, rule := range p.Rules {
		properties := map[string]any{
			"ConfigRuleName": z.Resource(rule.ID),
			"Description":    rule.Title,
			"Source":         map[string]any{"Owner": "AWS", "SourceIdentifier": rule.Identifier},
		}
		if len(rule.Parameters) > 0 {
			properties["InputParameters"] = rule.Parameters
		}
		// By name, as event rules are, because there are many.
		r := awscdk.NewCfnResource(this, jsii.String("Rule-"+rule.ID), &awscdk.CfnResourceProps{Type: jsii.String("AWS::Config::ConfigRule"), Properties: &properties})
		// A rule can be put only where a recorder exists.
		r.AddResourceDependency(recorder, nil)
		if rule.Where == detective.Global {
			limit(r, p.Home)
		} else {
			limit(r, p.Governed)
		}
	}
}

// NewConfigAggregator adds, in the audit account, the view over what AWS Config records in the whole organization.
func NewConfigAggregator(scope constructs.Construct, id string, z *zone.Zone) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	role := awsiam.NewRole(this, jsii.String("Role"), &awsiam.RoleProps{
		RoleName:    jsii.String(z.Resource("config-aggregator")),
		Description: jsii.String("Lets AWS Config list the organization's accounts"),
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("config.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
		}),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(jsii.String("service-role/AWSConfigRoleForOrganizations"))},
	})
	awsconfig.NewCfnConfigurationAggregator(this, jsii.String("Aggregator"), &awsconfig.CfnConfigurationAggregatorProps{
		ConfigurationAggregatorName: jsii.String(z.Resource("organization")),
		OrganizationAggregationSource: &awsconfig.CfnConfigurationAggregator_OrganizationAggregationSourceProperty{
			RoleArn: role.RoleArn(), AllAwsRegions: true,
		},
	})
}
