package member

import (
	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// addTrailArchive adds the bucket that keeps the organization trail, its key and the bucket of its
// access logs. Only the one trail can write, only below the organization's path; the audit account
// can read; nobody can shorten what Object Lock promised. Source of the policies: CloudTrail user
// guide, "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies for CloudTrail".
//
// It returns the bucket of access logs.
func addTrailArchive(s template.Scope, z *zone.Zone, ids logArchiveIDs) bucket {
	trailARN := template.Text("arn:%s:cloudtrail:%s:%s:trail/%s", template.Partition(), z.HomeRegion, ids.management, z.TrailName())
	key := newTrailKey(s, z, ids, trailARN)
	accessLogs := newAccessLogsBucket(s, z)
	newTrailBucket(s, z, ids, key, accessLogs, trailARN)
	return accessLogs
}

func newTrailKey(s template.Scope, z *zone.Zone, ids logArchiveIDs, trailARN any) key {
	key := newKey(s, "Key", z.TrailKeyAlias(), "Encrypts the organization trail")
	cloudTrail := template.Service("cloudtrail.amazonaws.com")
	ofTrail := map[string]any{"aws:SourceArn": trailARN}
	key.grant("CloudTrailEncrypts", cloudTrail, map[string]any{
		"StringEquals": ofTrail,
		"StringLike": map[string]any{
			"kms:EncryptionContext:aws:cloudtrail:arn": template.Text("arn:%s:cloudtrail:*:%s:trail/*", template.Partition(), ids.management),
		},
	}, "kms:GenerateDataKey*")
	// Decrypt: CloudTrail checks the bucket's S3 Bucket Key when the trail is created.
	key.grant("CloudTrailChecksKey", cloudTrail, equals(ofTrail), "kms:DescribeKey", "kms:Decrypt")
	key.letAuditRead(z, ids.audit)
	key.letHandlerFind(z, ids.management)
	return key
}

// accessLogDays is how long S3 server access logs are kept, in days.
const accessLogDays = 400

// newAccessLogsBucket adds the bucket that receives S3 server access logs. The service can write
// neither to a bucket with a customer key nor to one with a default retention (S3 user guide,
// "Enabling Amazon S3 server access logging").
func newAccessLogsBucket(s template.Scope, z *zone.Zone) bucket {
	name := template.Text(z.Resource("access-logs", "%s", z.HomeRegion), template.AccountID())
	return newBucket(s, "AccessLogs", name, nil, map[string]any{
		"VersioningConfiguration": versioned(),
		"LifecycleConfiguration": lifecycleRule("expire", map[string]any{
			"ExpirationInDays": accessLogDays, "NoncurrentVersionExpiration": noncurrentFor(30),
		}),
	})
}

func newTrailBucket(s template.Scope, z *zone.Zone, ids logArchiveIDs, key key, accessLogs bucket, trailARN any) {
	const accessPrefix = "trail/"
	b := newBucket(s, "Bucket", template.Text(z.TrailBucketName("%s"), template.AccountID()), &key, map[string]any{
		"VersioningConfiguration": versioned(),
		"ObjectLockEnabled":       true,
		"ObjectLockConfiguration": map[string]any{
			"ObjectLockEnabled": "Enabled",
			"Rule":              map[string]any{"DefaultRetention": map[string]any{"Mode": lockMode(z.Logs.ObjectLock), "Days": z.Logs.ObjectLock.Days}},
		},
		"LoggingConfiguration":   accessLogging(accessLogs, accessPrefix),
		"LifecycleConfiguration": keepLogs(z.Logs),
	})
	b.logAccessTo(accessLogs, accessPrefix)
	cloudTrail := template.Service("cloudtrail.amazonaws.com")
	b.grant("CloudTrailChecksAcl", cloudTrail, []string{"s3:GetBucketAcl"}, equals(map[string]any{"aws:SourceArn": trailARN}), b.ARN())
	b.grant("CloudTrailWrites", cloudTrail, []string{"s3:PutObject"},
		equals(map[string]any{"aws:SourceArn": trailARN, "s3:x-amz-acl": "bucket-owner-full-control"}),
		// CloudTrail checks this path too, where it would write if the trail ceased to be an organization trail.
		b.objects("AWSLogs/%s/*", ids.management),
		b.objects("AWSLogs/%s/*", ids.organization),
	)
	audit := template.Account(ids.audit)
	b.grant("AuditLists", audit, []string{"s3:ListBucket", "s3:GetBucketLocation"}, nil, b.ARN())
	b.grant("AuditReads", audit, []string{"s3:GetObject", "s3:GetObjectVersion"}, nil, b.objects("AWSLogs/*"))
}

// lockMode is the file's word as S3 has it.
func lockMode(lock config.ObjectLock) string {
	if lock.Mode == config.LockCompliance {
		return "COMPLIANCE"
	}
	return "GOVERNANCE"
}
