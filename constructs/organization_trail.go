package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudtrail"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

// OrganizationTrailProps describes the organization trail.
type OrganizationTrailProps struct {
	Name           string
	BucketName     *string
	KeyARN         *string
	OrganizationID *string
	Settings       config.Trail
	LogGroupName   string
	// MetricFilters watch the log group.
	MetricFilters []alert.MetricFilter
	Zone          *zone.Zone
}

// NewOrganizationTrail adds a trail that records every account of the organization in every Region.
func NewOrganizationTrail(scope constructs.Construct, id string, p *OrganizationTrailProps) awscloudtrail.CfnTrail {
	this := constructs.NewConstruct(scope, jsii.String(id))
	props := &awscloudtrail.CfnTrailProps{
		TrailName:                  jsii.String(p.Name),
		S3BucketName:               p.BucketName,
		KmsKeyId:                   p.KeyARN,
		IsLogging:                  true,
		IsOrganizationTrail:        true,
		IsMultiRegionTrail:         true,
		IncludeGlobalServiceEvents: true,
		EnableLogFileValidation:    true,
		AdvancedEventSelectors:     eventSelectors(p),
	}
	var delivery awsiam.Policy
	if p.Settings.CloudWatchLogs.Enabled {
		group := awslogs.NewLogGroup(this, jsii.String("LogGroup"), &awslogs.LogGroupProps{
			LogGroupName:  jsii.String(p.LogGroupName),
			Retention:     awslogs.RetentionDays_INFINITE,
			RemovalPolicy: retained(),
		})
		group.Node().DefaultChild().(awslogs.CfnLogGroup).SetRetentionInDays(jsii.Number(p.Settings.CloudWatchLogs.RetentionDays))
		role := awsiam.NewRole(this, jsii.String("LogRole"), &awsiam.RoleProps{
			Description: jsii.String("Lets CloudTrail write the organization trail to its log group"),
			AssumedBy: awsiam.NewServicePrincipal(jsii.String("cloudtrail.amazonaws.com"), &awsiam.ServicePrincipalOpts{
				Conditions: &map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
			}),
		})
		// One stream per account and Region: the management account's own, and the members' below the organization's id
		// (CloudTrail user guide, "Role policy document for CloudTrail to use CloudWatch Logs").
		stream := func(prefix *string) *string {
			return awscdk.Fn_Join(jsii.String(""), &[]*string{
				jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":logs:"), awscdk.Aws_REGION(), jsii.String(":"), awscdk.Aws_ACCOUNT_ID(),
				jsii.String(":log-group:" + p.LogGroupName + ":log-stream:"), prefix, jsii.String("_*"),
			})
		}
		delivery = awsiam.NewPolicy(this, jsii.String("LogPolicy"), &awsiam.PolicyProps{
			Roles: &[]awsiam.IRole{role},
			Statements: &[]awsiam.PolicyStatement{
				allow("WriteStreams", []string{"logs:CreateLogStream", "logs:PutLogEvents"},
					stream(jsii.String(*awscdk.Aws_ACCOUNT_ID()+"_CloudTrail")), stream(p.OrganizationID)),
			},
		})
		NewTrailAlarms(this, "Alarms", p.Zone, group, p.MetricFilters)
		props.CloudWatchLogsLogGroupArn = group.LogGroupArn()
		props.CloudWatchLogsRoleArn = role.RoleArn()
	}
	trail := awscloudtrail.NewCfnTrail(this, jsii.String("Trail"), props)
	trail.ApplyRemovalPolicy(retained(), nil)
	if delivery != nil {
		// CloudTrail tries the role when the trail is created.
		trail.Node().AddDependency(delivery)
	}
	return trail
}

// eventSelectors records all management events and the data events that the file asks for.
func eventSelectors(p *OrganizationTrailProps) []any {
	selectors := []any{selector("Management events", field("eventCategory", "Management"))}
	add := func(wanted, name, resourceType string, more ...any) {
		if wanted == config.DataEventsNone || wanted == "" {
			return
		}
		fields := append([]any{field("eventCategory", "Data"), field("resources.type", resourceType)}, more...)
		if wanted == config.DataEventsWrite {
			fields = append(fields, field("readOnly", "false"))
		}
		selectors = append(selectors, selector(name, fields...))
	}
	// The trail's own bucket would record every delivery of the trail.
	add(p.Settings.DataEvents.S3, "S3 data events", "AWS::S3::Object", &awscloudtrail.CfnTrail_AdvancedFieldSelectorProperty{
		Field: jsii.String("resources.ARN"),
		NotStartsWith: &[]*string{awscdk.Fn_Join(jsii.String(""), &[]*string{
			jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":s3:::"), p.BucketName, jsii.String("/"),
		})},
	})
	add(p.Settings.DataEvents.Lambda, "Lambda data events", "AWS::Lambda::Function")
	add(p.Settings.DataEvents.DynamoDB, "DynamoDB data events", "AWS::DynamoDB::Table")
	return selectors
}

func selector(name string, fields ...any) any {
	return &awscloudtrail.CfnTrail_AdvancedEventSelectorProperty{Name: jsii.String(name), FieldSelectors: fields}
}

func field(name string, values ...string) any {
	return &awscloudtrail.CfnTrail_AdvancedFieldSelectorProperty{Field: jsii.String(name), EqualTo: jsii.Strings(values...)}
}
