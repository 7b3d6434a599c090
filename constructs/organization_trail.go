package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudtrail"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/template"
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
	var delivery awscdk.CfnResource
	if p.Settings.CloudWatchLogs.Enabled {
		group := awslogs.NewLogGroup(this, jsii.String("LogGroup"), &awslogs.LogGroupProps{
			LogGroupName:  jsii.String(p.LogGroupName),
			Retention:     awslogs.RetentionDays_INFINITE,
			RemovalPolicy: retained(),
		})
		group.Node().DefaultChild().(awslogs.CfnLogGroup).SetRetentionInDays(jsii.Number(p.Settings.CloudWatchLogs.RetentionDays))
		role := newResource(this, "LogRole", "AWS::IAM::Role", map[string]any{
			"Description": "Lets CloudTrail write the organization trail to its log group",
			"AssumeRolePolicyDocument": template.Trust(template.Service("cloudtrail.amazonaws.com"),
				map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": template.AccountID()}}),
		})
		// One stream per account and Region: the management account's own, and the members' below the organization's id
		// (CloudTrail user guide, "Role policy document for CloudTrail to use CloudWatch Logs").
		stream := func(owner any) any {
			return template.Text("arn:%s:logs:%s:%s:log-group:%s:log-stream:%s_*",
				template.Partition(), template.Region(), template.AccountID(), p.LogGroupName, owner)
		}
		delivery = newResource(this, "LogPolicy", "AWS::IAM::Policy", map[string]any{
			"PolicyName": p.LogGroupName,
			"Roles":      []any{role.Ref()},
			"PolicyDocument": template.NewPolicy(template.Statement{
				Sid: "WriteStreams", Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
				Resources: []any{stream(p.OrganizationID), stream(template.Text("%s_CloudTrail", template.AccountID()))},
			}),
		})
		NewTrailAlarms(this, "Alarms", p.Zone, group, p.MetricFilters)
		props.CloudWatchLogsLogGroupArn = group.LogGroupArn()
		props.CloudWatchLogsRoleArn = attribute(role, "Arn")
	}
	trail := awscloudtrail.NewCfnTrail(this, jsii.String("Trail"), props)
	trail.ApplyRemovalPolicy(retained(), nil)
	if delivery != nil {
		// CloudTrail tries the role when the trail is created.
		trail.AddResourceDependency(delivery, nil)
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
