package constructs

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// FindingsBucketName is the bucket that keeps exported findings.
func FindingsBucketName(z *zone.Zone, accountID string) string {
	return z.Resource("findings", accountID, z.HomeRegion)
}

// ServicesArchiveProps describes the log archive's buckets for AWS Config and for findings.
type ServicesArchiveProps struct {
	Zone           *zone.Zone
	OrganizationID *string
	AuditAccountID *string
	// ManagementAccountID is the account whose handler looks the key up.
	ManagementAccountID *string
}

// NewServicesArchive adds the buckets that keep what AWS Config records and what GuardDuty finds, with
// their key. They have no Object Lock: AWS Config cannot deliver to a bucket with a default retention
// (CloudFormation, AWS::Config::DeliveryChannel); versions and guardrails protect them instead.
// accessLogs receives their access logs.
func NewServicesArchive(scope constructs.Construct, id string, p *ServicesArchiveProps, accessLogs awss3.Bucket) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	key := newKey(this, "Key", archiveKeyAlias(p.Zone), "Encrypts configuration history and findings")
	letHandlerFind(key, p.Zone, p.ManagementAccountID)
	newConfigBucket(this, p, key, accessLogs)
	newFindingsBucket(this, p, key, accessLogs)
}

// archiveBucket is a bucket of the log archive without Object Lock.
func archiveBucket(scope constructs.Construct, id, name string, z *zone.Zone, key awskms.Key, accessLogs awss3.Bucket) awss3.Bucket {
	return awss3.NewBucket(scope, jsii.String(id), &awss3.BucketProps{
		BucketName:             jsii.String(name),
		Encryption:             awss3.BucketEncryption_KMS,
		EncryptionKey:          key,
		BucketKeyEnabled:       jsii.Bool(true),
		BlockPublicAccess:      awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:        awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:             jsii.Bool(true),
		Versioned:              jsii.Bool(true),
		ServerAccessLogsBucket: accessLogs,
		ServerAccessLogsPrefix: jsii.String(id + "/"),
		LifecycleRules:         &[]*awss3.LifecycleRule{lifecycle(z.Logs)},
		RemovalPolicy:          retained(),
	})
}

// newConfigBucket adds the bucket of AWS Config. Config delivers with the recorder's role and, where that
// fails, as the service (AWS Config developer guide, "Permissions for the Amazon S3 Bucket").
func newConfigBucket(scope constructs.Construct, p *ServicesArchiveProps, key awskms.Key, accessLogs awss3.Bucket) {
	z := p.Zone
	bucket := archiveBucket(scope, "Config", configBucketName(z, *awscdk.Aws_ACCOUNT_ID()), z, key, accessLogs)
	recorder := map[string]any{
		"StringEquals": map[string]any{"aws:PrincipalOrgID": p.OrganizationID},
		"ArnLike":      map[string]any{"aws:PrincipalArn": "arn:*:iam::*:role/" + ConfigRecorderRoleName(z)},
	}
	service := map[string]any{"StringEquals": map[string]any{"aws:SourceOrgID": p.OrganizationID}}
	writes := bucket.ArnForObjects(jsii.String("AWSLogs/*/Config/*"))
	checks := bucket.ArnForObjects(jsii.String("AWSLogs/*/ConfigWritabilityCheckFile"))
	for _, who := range []struct {
		name       string
		principal  awsiam.IPrincipal
		conditions map[string]any
	}{
		{"Recorder", awsiam.NewAnyPrincipal(), recorder},
		{"Service", awsiam.NewServicePrincipal(jsii.String("config.amazonaws.com"), nil), service},
	} {
		add := func(sid string, actions []string, resources ...*string) {
			bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Sid: jsii.String(who.name + sid), Principals: &[]awsiam.IPrincipal{who.principal},
				Actions: jsii.Strings(actions...), Resources: &resources, Conditions: &who.conditions,
			}))
		}
		add("Checks", []string{"s3:GetBucketAcl", "s3:ListBucket"}, bucket.BucketArn())
		add("Writes", []string{"s3:PutObject"}, writes, checks)
		key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Sid: jsii.String("Config" + who.name + "Encrypts"), Principals: &[]awsiam.IPrincipal{who.principal},
			Actions: jsii.Strings("kms:Decrypt", "kms:GenerateDataKey*"), Resources: jsii.Strings("*"), Conditions: &who.conditions,
		}), nil)
	}
	grantAudit(p, bucket, key)
}

// newFindingsBucket adds the bucket of exported GuardDuty findings (GuardDuty user guide, "Exporting findings").
func newFindingsBucket(scope constructs.Construct, p *ServicesArchiveProps, key awskms.Key, accessLogs awss3.Bucket) {
	z := p.Zone
	bucket := archiveBucket(scope, "Findings", FindingsBucketName(z, *awscdk.Aws_ACCOUNT_ID()), z, key, accessLogs)
	guardDuty := &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("guardduty.amazonaws.com"), nil)}
	ofAudit := map[string]any{
		"StringEquals": map[string]any{"aws:SourceAccount": p.AuditAccountID},
		"ArnLike": map[string]any{"aws:SourceArn": awscdk.Fn_Join(jsii.String(""), &[]*string{
			jsii.String("arn:"), awscdk.Aws_PARTITION(), jsii.String(":guardduty:*:"), p.AuditAccountID, jsii.String(":detector/*"),
		})},
	}
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("GuardDutyFindsBucket"), Principals: guardDuty,
		Actions: jsii.Strings("s3:GetBucketLocation"), Resources: &[]*string{bucket.BucketArn()}, Conditions: &ofAudit,
	}))
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("GuardDutyWrites"), Principals: guardDuty,
		Actions: jsii.Strings("s3:PutObject"), Resources: &[]*string{bucket.ArnForObjects(jsii.String("*"))}, Conditions: &ofAudit,
	}))
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("GuardDutyEncrypts"), Principals: guardDuty,
		Actions: jsii.Strings("kms:GenerateDataKey"), Resources: jsii.Strings("*"), Conditions: &ofAudit,
	}), nil)
	grantAudit(p, bucket, key)
}

// grantAudit lets the audit account read a bucket of the log archive.
func grantAudit(p *ServicesArchiveProps, bucket awss3.Bucket, key awskms.Key) {
	audit := &[]awsiam.IPrincipal{awsiam.NewAccountPrincipal(p.AuditAccountID)}
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("AuditReads"), Principals: audit,
		Actions:   jsii.Strings("s3:GetBucketLocation", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"),
		Resources: &[]*string{bucket.BucketArn(), bucket.ArnForObjects(jsii.String("*"))},
	}))
	key.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Sid: jsii.String("AuditReads"), Principals: audit,
		Actions: jsii.Strings("kms:Decrypt"), Resources: jsii.Strings("*"),
		Conditions: &map[string]any{"StringEquals": map[string]any{"kms:ViaService": "s3." + p.Zone.HomeRegion + ".amazonaws.com"}},
	}), nil)
}
