package member

import (
	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/template"
)

// bucket is a bucket with its policy, which can still grow.
type bucket struct {
	*template.Resource
	policy *template.Policy
}

// objects is the ARN of the objects below a path.
func (b bucket) objects(path string, values ...any) any {
	return template.Text("%s/%s", b.ARN(), template.Text(path, values...))
}

// grant adds a statement to the bucket's policy.
func (b bucket) grant(sid string, principal template.Principal, actions []string, condition map[string]any, resources ...any) {
	b.policy.Add(template.Statement{Sid: sid, Principal: principal, Actions: actions, Resources: resources, Condition: condition})
}

// newBucket adds a private bucket without ACLs that refuses requests without TLS and is retained. Its encryption is
// with the key, or with one of S3 where there is none; own are its further properties.
func newBucket(s template.Scope, id string, name any, key *key, own map[string]any) bucket {
	encryption := map[string]any{"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "AES256"}}
	if key != nil {
		encryption = map[string]any{
			"BucketKeyEnabled":              true,
			"ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key.ARN()},
		}
	}
	properties := map[string]any{
		"BucketName":       name,
		"BucketEncryption": map[string]any{"ServerSideEncryptionConfiguration": []any{encryption}},
		"PublicAccessBlockConfiguration": map[string]any{
			"BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
		},
		"OwnershipControls": map[string]any{"Rules": []any{map[string]any{"ObjectOwnership": "BucketOwnerEnforced"}}},
	}
	for name, value := range own {
		properties[name] = value
	}
	this := s.In(id)
	b := bucket{this.Add("Resource", "AWS::S3::Bucket", properties).Retain(), template.NewPolicy()}
	b.policy.Add(onlyTLS("s3:*", b.ARN(), b.objects("*")))
	this.In("Policy").Add("Resource", "AWS::S3::BucketPolicy", map[string]any{"Bucket": b.Ref(), "PolicyDocument": b.policy})
	return b
}

// onlyTLS denies what comes without TLS.
func onlyTLS(action string, resources ...any) template.Statement {
	return template.Statement{
		Deny: true, Principal: template.Anyone(), Actions: []string{action}, Resources: resources,
		Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}
}

// versioned keeps the versions of a bucket's objects.
func versioned() map[string]any { return map[string]any{"Status": "Enabled"} }

// logAccessTo has S3 log who reads and writes the bucket, below a prefix of another bucket (S3 user guide, "Enabling
// Amazon S3 server access logging").
func (b bucket) logAccessTo(logs bucket, prefix string) {
	logs.policy.Add(template.Statement{
		Principal: template.Service("logging.s3.amazonaws.com"), Actions: []string{"s3:PutObject"}, Resources: []any{logs.objects(prefix + "*")},
		Condition: map[string]any{
			"ArnLike":      map[string]any{"aws:SourceArn": b.ARN()},
			"StringEquals": map[string]any{"aws:SourceAccount": template.AccountID()},
		},
	})
}

// accessLogging is the property of a bucket whose access is logged.
func accessLogging(logs bucket, prefix string) map[string]any {
	return map[string]any{"DestinationBucketName": logs.Ref(), "LogFilePrefix": prefix}
}

// abortUploadsDays is how long an upload in parts may stay unfinished, in days.
const abortUploadsDays = 7

// lifecycleRule is a lifecycle of one rule.
func lifecycleRule(id string, own map[string]any) map[string]any {
	rule := map[string]any{
		"Id": id, "Status": "Enabled",
		"AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": abortUploadsDays},
	}
	for name, value := range own {
		rule[name] = value
	}
	return map[string]any{"Rules": []any{rule}}
}

// noncurrentFor keeps versions that are not the newest for some days.
func noncurrentFor(days int) map[string]any { return map[string]any{"NoncurrentDays": days} }

// keepLogs is the lifecycle that the file asks for.
func keepLogs(logs config.Logs) map[string]any {
	own := map[string]any{}
	if logs.ArchiveAfterDays > 0 {
		own["Transitions"] = []any{map[string]any{"StorageClass": "GLACIER_IR", "TransitionInDays": logs.ArchiveAfterDays}}
	}
	if logs.ExpireAfterDays > 0 {
		own["ExpirationInDays"] = logs.ExpireAfterDays
		// An expired object leaves a version behind; without this line expiry would delete nothing.
		own["NoncurrentVersionExpiration"] = noncurrentFor(1)
	}
	return lifecycleRule("keep", own)
}
