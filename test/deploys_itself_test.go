package test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// deployActions are the calls with which CloudFormation creates, changes and deletes a resource of a type
// in a member account, and what it asks about it.
var deployActions = map[string][]string{
	"AWS::Athena::NamedQuery":              {"athena:CreateNamedQuery", "athena:DeleteNamedQuery"},
	"AWS::Athena::WorkGroup":               {"athena:CreateWorkGroup", "athena:UpdateWorkGroup"},
	"AWS::Glue::Database":                  {"glue:CreateDatabase", "glue:UpdateDatabase"},
	"AWS::Glue::Table":                     {"glue:CreateTable", "glue:UpdateTable"},
	"AWS::CloudWatch::Alarm":               {"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms", "cloudwatch:DescribeAlarms"},
	"AWS::Config::ConfigRule":              {"config:PutConfigRule", "config:DeleteConfigRule", "config:DescribeConfigRules"},
	"AWS::Config::ConfigurationAggregator": {"config:PutConfigurationAggregator", "config:DeleteConfigurationAggregator"},
	"AWS::Config::ConfigurationRecorder":   {"config:PutConfigurationRecorder", "config:StartConfigurationRecorder", "config:StopConfigurationRecorder", "config:DeleteConfigurationRecorder"},
	"AWS::Config::DeliveryChannel":         {"config:PutDeliveryChannel", "config:DeleteDeliveryChannel"},
	"AWS::Events::EventBus":                {"events:CreateEventBus", "events:DeleteEventBus", "events:DescribeEventBus"},
	"AWS::Events::EventBusPolicy":          {"events:PutPermission", "events:RemovePermission"},
	"AWS::Events::Rule":                    {"events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule"},
	"AWS::IAM::Role":                       {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:PassRole", "iam:DeleteRolePolicy", "iam:DeleteRole"},
	"AWS::KMS::Alias":                      {"kms:CreateAlias", "kms:UpdateAlias"},
	"AWS::KMS::Key":                        {"kms:CreateKey", "kms:PutKeyPolicy", "kms:EnableKeyRotation", "kms:TagResource"},
	"AWS::Logs::LogGroup":                  {"logs:CreateLogGroup", "logs:PutRetentionPolicy"},
	"AWS::Logs::QueryDefinition":           {"logs:PutQueryDefinition"},
	"AWS::Logs::ResourcePolicy":            {"logs:PutResourcePolicy"},
	"AWS::S3::Bucket":                      {"s3:CreateBucket", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration", "s3:PutBucketLogging", "s3:PutBucketObjectLockConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls"},
	"AWS::S3::BucketPolicy":                {"s3:PutBucketPolicy"},
	"AWS::SNS::Subscription":               {"sns:Subscribe"},
	"AWS::SNS::Topic":                      {"sns:CreateTopic", "sns:SetTopicAttributes"},
	"AWS::SNS::TopicPolicy":                {"sns:SetTopicAttributes"},
	"AWS::SQS::Queue":                      {"sqs:CreateQueue", "sqs:SetQueueAttributes", "sqs:DeleteQueue"},
	"AWS::SQS::QueuePolicy":                {"sqs:SetQueueAttributes"},
}

// resourceOf is an ARN as such a call would name it, in an account.
func resourceOf(action, account, region string) string {
	service, _, _ := strings.Cut(action, ":")
	switch service {
	case "iam":
		return "arn:aws:iam::" + account + ":role/landfall-config-recorder"
	case "s3":
		return "arn:aws:s3:::landfall-trail-" + account + "-eu-west-1"
	case "kms":
		if strings.Contains(action, "Alias") {
			return "arn:aws:kms:" + region + ":" + account + ":alias/landfall-trail"
		}
		return "arn:aws:kms:" + region + ":" + account + ":key/1234abcd-12ab-34cd-56ef-1234567890ab"
	case "events":
		return "arn:aws:events:" + region + ":" + account + ":rule/landfall-heartbeat"
	case "cloudwatch":
		return "arn:aws:cloudwatch:" + region + ":" + account + ":alarm:landfall-undelivered-events"
	case "logs":
		return "arn:aws:logs:" + region + ":" + account + ":log-group:landfall-digest:*"
	}
	return "arn:aws:" + service + ":" + region + ":" + account + ":landfall-undelivered-events"
}

// A guardrail that stopped the zone's own deployment would lock it out of the accounts.
func TestNoGuardrailStopsTheZoneFromDeployingItself(t *testing.T) {
	a := assemblyOf(t, europeanZone)
	catalogue, err := guardrail.Load(controls.Guardrails())
	require.NoError(t, err)
	decider, err := guardrail.NewDecider(a.zone, catalogue)
	require.NoError(t, err)

	kinds := map[string]bool{}
	for name, template := range a.members {
		if name != "management-regional" {
			for _, r := range template.resources("") {
				kinds[r.kind] = true
			}
		}
	}
	requests := map[string][]string{}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		require.NotEmpty(t, deployActions[kind], "the test must know how CloudFormation deploys a %s", kind)
		requests["stacksets-exec-0a1b2c3d4e5f6a7b8c9d"] = append(requests["stacksets-exec-0a1b2c3d4e5f6a7b8c9d"], deployActions[kind]...)
	}
	requests["landfall-security-administration"] = resourcetype.AuditPermissions()
	requests["landfall-config-recorder"] = []string{"s3:PutObject", "s3:GetBucketAcl", "kms:GenerateDataKey", "ec2:DescribeInstances", "iam:ListUsers"}
	requests["landfall-event-forwarder"] = []string{"events:PutEvents"}

	for _, member := range a.zone.Members() {
		if member.Suspended {
			continue
		}
		path, err := decider.Account(member.Name)
		require.NoError(t, err)
		for _, role := range sortedKeys(requests) {
			if role == "landfall-security-administration" && member.Name != a.zone.Audit.Name {
				continue
			}
			principal := "arn:aws:iam::" + workloadID + ":role/" + role
			// The baseline also goes to Regions that are not governed, only watched.
			regions := []string{"eu-central-1", "us-east-2"}
			if role == "landfall-security-administration" {
				regions = a.zone.GovernedRegions
			}
			for _, action := range requests[role] {
				for _, region := range regions {
					resource := resourceOf(action, workloadID, region)
					context := guardrail.BaseContext(principal, resource)
					context["aws:RequestedRegion"] = policy.Values{region}
					decision, err := path.Decide(policy.Request{Action: action, Resource: resource, Principal: principal, Context: context})
					require.NoError(t, err, action)
					if decision.Denied() {
						for _, reason := range decision.Reasons {
							t.Errorf("%s in %s as %s of %s: %s by %v (%s)", action, region, role, member.Name, decision.Decision, reason.Level, reason.Sid)
						}
					}
				}
			}
		}
	}
}
