package member

import (
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// addServicesArchive adds the buckets that keep what AWS Config records and what GuardDuty finds, with
// their key. They have no Object Lock: AWS Config cannot deliver to a bucket with a default retention
// (CloudFormation, AWS::Config::DeliveryChannel); versions and guardrails protect them instead.
// accessLogs receives their access logs.
func addServicesArchive(s template.Scope, z *zone.Zone, ids logArchiveIDs, accessLogs bucket) {
	key := newKey(s, "Key", z.ArchiveKeyAlias(), "Encrypts configuration history and findings")
	key.letHandlerFind(z, ids.management)
	addConfigBucket(s, z, ids, key, accessLogs)
	addFindingsBucket(s, z, ids, key, accessLogs)
}

// archiveBucket is a bucket of the log archive without Object Lock.
func archiveBucket(s template.Scope, id, name string, z *zone.Zone, key key, accessLogs bucket) bucket {
	prefix := id + "/"
	b := newBucket(s, id, template.Text(name, template.AccountID()), &key, map[string]any{
		"VersioningConfiguration": versioned(),
		"LoggingConfiguration":    accessLogging(accessLogs, prefix),
		"LifecycleConfiguration":  keepLogs(z.Logs),
	})
	b.logAccessTo(accessLogs, prefix)
	return b
}

// addConfigBucket adds the bucket of AWS Config. Config delivers with the recorder's role and, where that
// fails, as the service (AWS Config developer guide, "Permissions for the Amazon S3 Bucket").
func addConfigBucket(s template.Scope, z *zone.Zone, ids logArchiveIDs, key key, accessLogs bucket) {
	b := archiveBucket(s, "Config", z.ConfigBucketName("%s"), z, key, accessLogs)
	for _, who := range []struct {
		name      string
		principal template.Principal
		condition map[string]any
	}{
		{"Recorder", template.Anyone(), map[string]any{
			"StringEquals": map[string]any{"aws:PrincipalOrgID": ids.organization},
			"ArnLike":      map[string]any{"aws:PrincipalArn": "arn:*:iam::*:role/" + z.ConfigRecorderRoleName()},
		}},
		{"Service", template.Service("config.amazonaws.com"), equals(map[string]any{"aws:SourceOrgID": ids.organization})},
	} {
		b.grant(who.name+"Checks", who.principal, []string{"s3:GetBucketAcl", "s3:ListBucket"}, who.condition, b.ARN())
		b.grant(who.name+"Writes", who.principal, []string{"s3:PutObject"}, who.condition,
			b.objects("AWSLogs/*/Config/*"), b.objects("AWSLogs/*/ConfigWritabilityCheckFile"))
		key.grant("Config"+who.name+"Encrypts", who.principal, who.condition, "kms:Decrypt", "kms:GenerateDataKey*")
	}
	letAuditRead(z, ids, b, key)
}

// addFindingsBucket adds the bucket of exported GuardDuty findings (GuardDuty user guide, "Exporting findings").
func addFindingsBucket(s template.Scope, z *zone.Zone, ids logArchiveIDs, key key, accessLogs bucket) {
	b := archiveBucket(s, "Findings", z.FindingsBucketName("%s"), z, key, accessLogs)
	guardDuty := template.Service("guardduty.amazonaws.com")
	ofAudit := map[string]any{
		"StringEquals": map[string]any{"aws:SourceAccount": ids.audit},
		"ArnLike":      map[string]any{"aws:SourceArn": template.Text("arn:%s:guardduty:*:%s:detector/*", template.Partition(), ids.audit)},
	}
	b.grant("GuardDutyFindsBucket", guardDuty, []string{"s3:GetBucketLocation"}, ofAudit, b.ARN())
	b.grant("GuardDutyWrites", guardDuty, []string{"s3:PutObject"}, ofAudit, b.objects("*"))
	key.grant("GuardDutyEncrypts", guardDuty, ofAudit, "kms:GenerateDataKey")
	letAuditRead(z, ids, b, key)
}

// letAuditRead lets the audit account read a bucket of the log archive.
func letAuditRead(z *zone.Zone, ids logArchiveIDs, b bucket, key key) {
	b.grant("AuditReads", template.Account(ids.audit),
		[]string{"s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"}, nil, b.ARN(), b.objects("*"))
	key.letAuditRead(z, ids.audit)
}
