package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// TrailArchiveProps describes the archive of the organization trail.
type TrailArchiveProps struct {
	Zone                *zone.Zone
	ManagementAccountID *string
	OrganizationID      *string
	AuditAccountID      *string
	TrailName           string
	KeyAlias            string
	BucketName          string
}

// NewTrailArchive adds the bucket that keeps the organization trail, its key and the bucket of its
// access logs. Only the one trail can write, only below the organization's path; the audit account
// can read; nobody can shorten what Object Lock promised. Source of the policies: CloudTrail user
// guide, "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS key policies for CloudTrail".
//
// It returns the bucket of access logs.
func NewTrailArchive(scope constructs.Construct, id string, p *TrailArchiveProps) awss3.Bucket {
	this := constructs.NewConstruct(scope, jsii.String(id))
	trailARN := awscdk.Fn_Join(jsii.String(""), &[]*string{
		jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":cloudtrail:" + p.Zone.HomeRegion + ":"),
		p.ManagementAccountID, jsii.String(":trail/" + p.TrailName),
	})
	key := newTrailKey(this, p, trailARN)
	accessLogs := newAccessLogsBucket(this, p.Zone)
	newTrailBucket(this, p, key, accessLogs, trailARN)
	return accessLogs
}

func newTrailKey(scope constructs.Construct, p *TrailArchiveProps, trailARN *string) awskms.Key {
	key := newKey(scope, "Key", p.KeyAlias, "Encrypts the organization trail")
	cloudTrail := awsiam.NewServicePrincipal(jsii.String("cloudtrail.amazonaws.com"), nil)
	ofTrail := map[string]any{"aws:SourceArn": trailARN}
	grant := func(sid string, principal awsiam.IPrincipal, actions []string, conditions map[string]any) {
		key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid:        jsii.String(sid),
			Principals: &[]awsiam.IPrincipal{principal},
			Actions:    jsii.Strings(actions...),
			Resources:  jsii.Strings("*"),
			Conditions: &conditions,
		}), nil)
	}
	grant("CloudTrailEncrypts", cloudTrail, []string{"kms:GenerateDataKey*"}, map[string]any{
		"StringEquals": ofTrail,
		"StringLike": map[string]any{"kms:EncryptionContext:aws:cloudtrail:arn": awscdk.Fn_Join(jsii.String(""), &[]*string{
			jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":cloudtrail:*:"), p.ManagementAccountID, jsii.String(":trail/*"),
		})},
	})
	// Decrypt: CloudTrail checks the bucket's S3 Bucket Key when the trail is created.
	grant("CloudTrailChecksKey", cloudTrail, []string{"kms:DescribeKey", "kms:Decrypt"}, map[string]any{"StringEquals": ofTrail})
	grant("AuditReads", awsiam.NewAccountPrincipal(p.AuditAccountID), []string{"kms:Decrypt"}, map[string]any{
		"StringEquals": map[string]any{"kms:ViaService": "s3." + p.Zone.HomeRegion + ".amazonaws.com"},
	})
	letHandlerFind(key, p.Zone, p.ManagementAccountID)
	return key
}

// newAccessLogsBucket adds the bucket that receives S3 server access logs. The service can write
// neither to a bucket with a customer key nor to one with a default retention (S3 user guide,
// "Enabling Amazon S3 server access logging").
func newAccessLogsBucket(scope constructs.Construct, z *zone.Zone) awss3.Bucket {
	return awss3.NewBucket(scope, jsii.String("AccessLogs"), &awss3.BucketProps{
		BucketName:        jsii.String(z.Resource("access-logs", *awscdk.Aws_ACCOUNT_ID(), z.HomeRegion)),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		Versioned:         jsii.Bool(true),
		RemovalPolicy:     retained(),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("expire"),
			Expiration:                          awscdk.Duration_Days(jsii.Number(accessLogDays)),
			NoncurrentVersionExpiration:         awscdk.Duration_Days(jsii.Number(30)),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
		}},
	})
}

// accessLogDays is how long S3 server access logs are kept.
const accessLogDays = 400

func newTrailBucket(scope constructs.Construct, p *TrailArchiveProps, key awskms.Key, accessLogs awss3.Bucket, trailARN *string) {
	logs := p.Zone.Logs
	bucket := awss3.NewBucket(scope, jsii.String("Bucket"), &awss3.BucketProps{
		BucketName:                 jsii.String(p.BucketName),
		Encryption:                 awss3.BucketEncryption_KMS,
		EncryptionKey:              key,
		BucketKeyEnabled:           jsii.Bool(true),
		BlockPublicAccess:          awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:            awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:                 jsii.Bool(true),
		Versioned:                  jsii.Bool(true),
		ObjectLockEnabled:          jsii.Bool(true),
		ObjectLockDefaultRetention: retention(logs.ObjectLock),
		ServerAccessLogsBucket:     accessLogs,
		ServerAccessLogsPrefix:     jsii.String("trail/"),
		LifecycleRules:             &[]*awss3.LifecycleRule{lifecycle(logs)},
		RemovalPolicy:              retained(),
	})
	cloudTrail := awsiam.NewServicePrincipal(jsii.String("cloudtrail.amazonaws.com"), nil)
	grant := func(sid string, principal awsiam.IPrincipal, actions []string, conditions map[string]any, resources ...*string) {
		props := &awsiam.PolicyStatementProps{
			Sid:        jsii.String(sid),
			Principals: &[]awsiam.IPrincipal{principal},
			Actions:    jsii.Strings(actions...),
			Resources:  &resources,
		}
		if conditions != nil {
			props.Conditions = &conditions
		}
		bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(props))
	}
	grant("CloudTrailChecksAcl", cloudTrail, []string{"s3:GetBucketAcl"}, map[string]any{
		"StringEquals": map[string]any{"aws:SourceArn": trailARN},
	}, bucket.BucketArn())
	grant("CloudTrailWrites", cloudTrail, []string{"s3:PutObject"}, map[string]any{
		"StringEquals": map[string]any{"aws:SourceArn": trailARN, "s3:x-amz-acl": "bucket-owner-full-control"},
	},
		bucket.ArnForObjects(awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String("AWSLogs/"), p.OrganizationID, jsii.String("/*")})),
		// CloudTrail checks this path too, where it would write if the trail ceased to be an organization trail.
		bucket.ArnForObjects(awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String("AWSLogs/"), p.ManagementAccountID, jsii.String("/*")})),
	)
	audit := awsiam.NewAccountPrincipal(p.AuditAccountID)
	grant("AuditLists", audit, []string{"s3:ListBucket", "s3:GetBucketLocation"}, nil, bucket.BucketArn())
	grant("AuditReads", audit, []string{"s3:GetObject", "s3:GetObjectVersion"}, nil, bucket.ArnForObjects(jsii.String("AWSLogs/*")))
}

func retention(lock config.ObjectLock) awss3.ObjectLockRetention {
	days := awscdk.Duration_Days(jsii.Number(lock.Days))
	if lock.Mode == config.LockCompliance {
		return awss3.ObjectLockRetention_Compliance(days)
	}
	return awss3.ObjectLockRetention_Governance(days)
}

func lifecycle(logs config.Logs) *awss3.LifecycleRule {
	rule := &awss3.LifecycleRule{
		Id:                                  jsii.String("keep"),
		AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
	}
	if logs.ArchiveAfterDays > 0 {
		rule.Transitions = &[]*awss3.Transition{{
			StorageClass:    awss3.StorageClass_GLACIER_INSTANT_RETRIEVAL(),
			TransitionAfter: awscdk.Duration_Days(jsii.Number(logs.ArchiveAfterDays)),
		}}
	}
	if logs.ExpireAfterDays > 0 {
		rule.Expiration = awscdk.Duration_Days(jsii.Number(logs.ExpireAfterDays))
		// An expired object leaves a version behind; without this line expiry would delete nothing.
		rule.NoncurrentVersionExpiration = awscdk.Duration_Days(jsii.Number(1))
	}
	return rule
}
