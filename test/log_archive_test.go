package test

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/policy"
)

const (
	trailARN    = "arn:aws:cloudtrail:eu-west-1:" + managementID + ":trail/landfall-organization"
	trailBucket = "arn:aws:s3:::landfall-trail-" + logArchiveID + "-eu-west-1"
	cloudTrail  = "cloudtrail.amazonaws.com"
)

// archive is where the log archive's template of the European zone is deployed.
var archive = place{account: logArchiveID, region: "eu-west-1", parameters: map[string]string{
	"ManagementAccountId": managementID, "OrganizationId": organizationID, "AuditAccountId": auditID,
}}

// with is a context over TLS with the given keys.
func with(keys map[string]string) map[string]policy.Values {
	out := map[string]policy.Values{"aws:SecureTransport": {"true"}}
	for key, value := range keys {
		out[key] = policy.Values{value}
	}
	return out
}

func TestOnlyTheOrganizationTrailWritesToItsBucket(t *testing.T) {
	template := assemblyOf(t, europeanZone).members["log-archive"]
	bucket := template.only(t, "AWS::S3::Bucket", map[string]any{"ObjectLockEnabled": true})
	document := bucketPolicy(t, template, bucket)
	write := func(resource, principal string, keys map[string]string) policy.Request {
		context := with(map[string]string{"s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceArn": trailARN})
		maps.Copy(context, with(keys))
		return policy.Request{Action: "s3:PutObject", Resource: resource, Principal: principal, Context: context}
	}
	call := func(action, resource, principal string, keys map[string]string) policy.Request {
		return policy.Request{Action: action, Resource: resource, Principal: principal, Context: with(keys)}
	}
	object := trailBucket + "/AWSLogs/" + organizationID + "/" + workloadID + "/CloudTrail/eu-west-1/2026/11/25/file.json.gz"
	auditor := "arn:aws:iam::" + auditID + ":role/investigator"
	decisions(t, template.policyOf(t, archive, document), map[policy.Decision]map[string]policy.Request{
		policy.Allowed: {
			"the trail writes below the organization's path": write(object, cloudTrail, nil),
			"the trail reads the bucket's ACL":               call("s3:GetBucketAcl", trailBucket, cloudTrail, map[string]string{"aws:SourceArn": trailARN}),
			"an auditor reads a log file":                    call("s3:GetObject", object, auditor, nil),
			"an auditor lists the bucket":                    call("s3:ListBucket", trailBucket, auditor, nil),
		},
		policy.ImplicitlyDenied: {
			"another trail of the management account writes": write(object, cloudTrail, map[string]string{"aws:SourceArn": "arn:aws:cloudtrail:eu-west-1:" + managementID + ":trail/other"}),
			"a trail of another account writes":              write(object, cloudTrail, map[string]string{"aws:SourceArn": "arn:aws:cloudtrail:eu-west-1:" + workloadID + ":trail/landfall-organization"}),
			"the trail writes below another organization":    write(trailBucket+"/AWSLogs/o-otherorgid/x", cloudTrail, nil),
			"the trail writes without handing over":          write(object, cloudTrail, map[string]string{"s3:x-amz-acl": "private"}),
			"another service writes":                         write(object, "config.amazonaws.com", nil),
			"a member's administrator writes":                write(object, "arn:aws:iam::"+workloadID+":role/admin", nil),
			"an auditor deletes a version":                   call("s3:DeleteObjectVersion", object, auditor, nil),
			"an auditor shortens the retention":              call("s3:PutObjectRetention", object, auditor, nil),
			"a workload account reads":                       call("s3:GetObject", object, "arn:aws:iam::"+workloadID+":role/admin", nil),
		},
		policy.ExplicitlyDenied: {
			"an auditor reads without TLS": call("s3:GetObject", object, auditor, map[string]string{"aws:SecureTransport": "false"}),
			"the trail writes without TLS": write(object, cloudTrail, map[string]string{"aws:SecureTransport": "false"}),
		},
	})
}

// bucketPolicy is the policy document of a bucket.
func bucketPolicy(tb testing.TB, t template, bucket resource) any {
	tb.Helper()
	for _, r := range t.resources("AWS::S3::BucketPolicy") {
		if r.properties["Bucket"].(map[string]any)["Ref"] == bucket.id {
			return r.properties["PolicyDocument"]
		}
	}
	tb.Fatalf("the bucket %s has no policy", bucket.id)
	return nil
}

func TestOnlyTheOrganizationTrailEncryptsWithItsKey(t *testing.T) {
	template := assemblyOf(t, europeanZone).members["log-archive"]
	key := template.only(t, "AWS::KMS::Key", map[string]any{"Description": "Encrypts the organization trail"})
	require.Equal(t, true, key.properties["EnableKeyRotation"])
	require.Equal(t, "RetainExceptOnCreate", key.all["DeletionPolicy"])

	arn := "arn:aws:kms:eu-west-1:" + logArchiveID + ":key/example"
	call := func(action, principal string, keys map[string]string) policy.Request {
		return policy.Request{Action: action, Resource: arn, Principal: principal, Context: with(keys)}
	}
	ofTrail := map[string]string{"aws:SourceArn": trailARN, "kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:eu-west-1:" + managementID + ":trail/landfall-organization"}
	handler := "arn:aws:sts::" + managementID + ":assumed-role/landfall-organization-handler/session"
	decisions(t, template.policyOf(t, archive, key.properties["KeyPolicy"]), map[policy.Decision]map[string]policy.Request{
		policy.Allowed: {
			"the trail makes a data key":            call("kms:GenerateDataKey", cloudTrail, ofTrail),
			"the trail looks at the key":            call("kms:DescribeKey", cloudTrail, map[string]string{"aws:SourceArn": trailARN}),
			"the trail checks the bucket key":       call("kms:Decrypt", cloudTrail, map[string]string{"aws:SourceArn": trailARN}),
			"an auditor decrypts through S3":        call("kms:Decrypt", "arn:aws:iam::"+auditID+":role/investigator", map[string]string{"kms:ViaService": "s3.eu-west-1.amazonaws.com"}),
			"the handler finds the key":             call("kms:DescribeKey", handler, nil),
			"the log archive's own policies decide": call("kms:PutKeyPolicy", "arn:aws:iam::"+logArchiveID+":role/admin", nil),
		},
		policy.ImplicitlyDenied: {
			"another trail makes a data key":         call("kms:GenerateDataKey", cloudTrail, map[string]string{"aws:SourceArn": trailARN + "2", "kms:EncryptionContext:aws:cloudtrail:arn": trailARN}),
			"an auditor decrypts directly":           call("kms:Decrypt", "arn:aws:iam::"+auditID+":role/investigator", nil),
			"an auditor encrypts":                    call("kms:GenerateDataKey", "arn:aws:iam::"+auditID+":role/investigator", map[string]string{"kms:ViaService": "s3.eu-west-1.amazonaws.com"}),
			"another role of the management account": call("kms:DescribeKey", "arn:aws:iam::"+managementID+":role/admin", nil),
			"the handler decrypts":                   call("kms:Decrypt", handler, nil),
			"a workload account deletes":             call("kms:ScheduleKeyDeletion", "arn:aws:iam::"+workloadID+":role/admin", nil),
		},
	})
}

func TestTheTrailBucketCannotForget(t *testing.T) {
	template := assemblyOf(t, europeanZone).members["log-archive"]
	for _, bucket := range template.resources("AWS::S3::Bucket") {
		require.Equal(t, "RetainExceptOnCreate", bucket.all["DeletionPolicy"], bucket.id)
		require.Equal(t, "Retain", bucket.all["UpdateReplacePolicy"], bucket.id)
		require.Equal(t, map[string]any{"Status": "Enabled"}, bucket.properties["VersioningConfiguration"], bucket.id)
		require.Equal(t, map[string]any{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		}, bucket.properties["PublicAccessBlockConfiguration"], bucket.id)
	}
	bucket := template.only(t, "AWS::S3::Bucket", map[string]any{"ObjectLockEnabled": true})
	require.Equal(t, map[string]any{
		"ObjectLockEnabled": "Enabled",
		"Rule":              map[string]any{"DefaultRetention": map[string]any{"Mode": "COMPLIANCE", "Days": 730.0}},
	}, bucket.properties["ObjectLockConfiguration"])
	require.NotNil(t, bucket.properties["LoggingConfiguration"])
	rules := bucket.properties["LifecycleConfiguration"].(map[string]any)["Rules"].([]any)
	require.Len(t, rules, 1)
	require.Equal(t, 2557.0, rules[0].(map[string]any)["ExpirationInDays"])
}

func TestTheTrailRecordsEveryAccountInEveryRegion(t *testing.T) {
	template := assemblyOf(t, europeanZone).stacks["Trail"]
	trail := template.only(t, "AWS::CloudTrail::Trail", nil)
	for _, on := range []string{"IsOrganizationTrail", "IsMultiRegionTrail", "IncludeGlobalServiceEvents", "EnableLogFileValidation", "IsLogging"} {
		require.Equal(t, true, trail.properties[on], on)
	}
	require.Equal(t, "landfall-organization", trail.properties["TrailName"], "the bucket's policy names it")
	require.Equal(t, "RetainExceptOnCreate", trail.all["DeletionPolicy"])
	require.Equal(t, map[string]any{"Fn::GetAtt": []any{"Key", "KeyArn"}}, trail.properties["KMSKeyId"])
	require.Empty(t, template.resources("AWS::Logs::LogGroup"), "the file turns CloudWatch Logs off")
	var names []any
	for _, selector := range trail.properties["AdvancedEventSelectors"].([]any) {
		names = append(names, selector.(map[string]any)["Name"])
	}
	require.Equal(t, []any{"Management events", "S3 data events", "Lambda data events", "DynamoDB data events"}, names)

	logged := defaultAssembly(t).stacks["Trail"]
	require.Equal(t, 365.0, logged.only(t, "AWS::Logs::LogGroup", nil).properties["RetentionInDays"])
	require.NotNil(t, logged.only(t, "AWS::CloudTrail::Trail", nil).properties["CloudWatchLogsLogGroupArn"])
}

func TestOnlyRecordersOfTheOrganizationDeliverConfigurationHistory(t *testing.T) {
	template := assemblyOf(t, europeanZone).members["log-archive"]
	const arn = "arn:aws:s3:::landfall-config-" + logArchiveID + "-eu-west-1"
	bucket := bucketNamed(t, template, arn)
	require.NotContains(t, bucket.properties, "ObjectLockConfiguration", "AWS Config cannot deliver to a bucket with a default retention")
	object := arn + "/AWSLogs/" + workloadID + "/Config/eu-west-1/2026/11/25/ConfigHistory/file.json.gz"
	write := func(principal string, keys map[string]string) policy.Request {
		return policy.Request{Action: "s3:PutObject", Resource: object, Principal: principal, Context: with(keys)}
	}
	role := "arn:aws:iam::" + workloadID + ":role/"
	decisions(t, template.policyOf(t, archive, bucketPolicy(t, template, bucket)), map[policy.Decision]map[string]policy.Request{
		policy.Allowed: {
			"a recorder of the organization":                 write(role+"landfall-config-recorder", map[string]string{"aws:PrincipalOrgID": organizationID}),
			"the service for an account of the organization": write("config.amazonaws.com", map[string]string{"aws:SourceOrgID": organizationID}),
		},
		policy.ImplicitlyDenied: {
			"a recorder of another organization":       write(role+"landfall-config-recorder", map[string]string{"aws:PrincipalOrgID": "o-otherorgid"}),
			"another role of the organization":         write(role+"admin", map[string]string{"aws:PrincipalOrgID": organizationID}),
			"a role whose path ends like the recorder": write(role+"mine/landfall-config-recorder", map[string]string{"aws:PrincipalOrgID": organizationID}),
			"the service for another organization":     write("config.amazonaws.com", map[string]string{"aws:SourceOrgID": "o-otherorgid"}),
		},
	})
}

func TestOnlyGuardDutyOfTheAuditAccountExportsFindings(t *testing.T) {
	template := assemblyOf(t, europeanZone).members["log-archive"]
	const arn = "arn:aws:s3:::landfall-findings-" + logArchiveID + "-eu-west-1"
	bucket := bucketNamed(t, template, arn)
	write := func(account string) policy.Request {
		return policy.Request{Action: "s3:PutObject", Resource: arn + "/AWSLogs/" + account + "/GuardDuty/eu-west-1/file.jsonl.gz", Principal: "guardduty.amazonaws.com",
			Context: with(map[string]string{"aws:SourceAccount": account, "aws:SourceArn": "arn:aws:guardduty:eu-west-1:" + account + ":detector/example"})}
	}
	decisions(t, template.policyOf(t, archive, bucketPolicy(t, template, bucket)), map[policy.Decision]map[string]policy.Request{
		policy.Allowed:          {"the audit account's detector": write(auditID)},
		policy.ImplicitlyDenied: {"another account's detector": write(workloadID)},
	})
}

func bucketNamed(tb testing.TB, t template, arn string) resource {
	tb.Helper()
	for _, r := range t.resources("AWS::S3::Bucket") {
		if t.attribute(tb, archive, r.id, "Arn") == arn {
			return r
		}
	}
	tb.Fatalf("no bucket has the ARN %s", arn)
	return resource{}
}

func TestEveryGovernedRegionRecordsAndGlobalTypesAreRecordedOnce(t *testing.T) {
	a := assemblyOf(t, europeanZone)
	for _, name := range []string{"baseline-regional", "management-regional"} {
		template := a.members[name]
		recorder := template.only(t, "AWS::Config::ConfigurationRecorder", nil)
		group := recorder.properties["RecordingGroup"].(map[string]any)
		require.Equal(t, true, group["AllSupported"])
		condition := group["IncludeGlobalResourceTypes"].(map[string]any)["Fn::If"].([]any)[0]
		require.Equal(t, map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "AWS::Region"}, "eu-west-1"}},
			template["Conditions"].(map[string]any)[condition.(string)], "global types are recorded in the home Region")
		governed := template["Conditions"].(map[string]any)[recorder.all["Condition"].(string)]
		require.NotContains(t, governed.(map[string]any)["Fn::Or"], map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "AWS::Region"}, "us-east-1"}}, "us-east-1 is watched, not governed")
		require.Contains(t, governed.(map[string]any)["Fn::Or"], map[string]any{"Fn::Equals": []any{map[string]any{"Ref": "AWS::Region"}, "eu-central-1"}})
		for _, rule := range template.resources("AWS::Config::ConfigRule") {
			require.Contains(t, rule.all["DependsOn"], recorder.id, rule.id)
			require.NotEmpty(t, rule.all["Condition"], rule.id)
		}
	}
}
