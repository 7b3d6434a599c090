package authdata_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/authdata"
)

func TestKnownActionsAreFoundWhateverTheCase(t *testing.T) {
	a, ok := authdata.Find("S3:getobject")
	require.True(t, ok)
	assert.Equal(t, "s3:GetObject", a.String())
	assert.NotEmpty(t, a.Resources)
	assert.Contains(t, a.Resources, authdata.Resource{Name: "object", ARN: "arn:${Partition}:s3:::${BucketName}/${ObjectName}"})
	assert.Contains(t, a.Keys, "s3:ExistingObjectTag/<key>")
}

func TestNamesOfAPICallsThatAreNoActionsAreNotFound(t *testing.T) {
	for name, near := range map[string]string{
		"s3:CopyObject":                            "",
		"s3:PutBucketLifecycleConfiguration":       "s3:PutLifecycleConfiguration",
		"ec2:AttachEgressOnlyInternetGateway":      "ec2:CreateEgressOnlyInternetGateway",
		"cloudtrial:StopLogging":                   "cloudtrail:StopLogging",
		"organisations:LeaveOrganisation":          "organizations:LeaveOrganization",
		"nothing":                                  "",
		"quitedifferentservice:QuiteDifferentName": "",
	} {
		assert.False(t, authdata.Exists(name), name)
		if near != "" {
			assert.Equal(t, near, authdata.Nearest(name), name)
		}
	}
}

func TestPatternsCoverTheActionsThatTheyShould(t *testing.T) {
	var names []string
	for _, a := range authdata.Match("cloudtrail:Put*Selectors") {
		names = append(names, a.String())
	}
	assert.Equal(t, []string{"cloudtrail:PutEventSelectors", "cloudtrail:PutInsightSelectors"}, names)
	assert.Empty(t, authdata.Match("route53:*Resolver*Rule"))
	assert.Greater(t, len(authdata.Match("*")), 20000)
}

func TestConditionKeysHaveTheirType(t *testing.T) {
	assert.Equal(t, "ArrayOfString", authdata.KeyType("kms", "kms:ResourceAliases"))
	assert.Equal(t, "String", authdata.KeyType("ec2", "AWS:RequestTag/team"))
	assert.Equal(t, "String", authdata.KeyType("s3", "s3:ExistingObjectTag/team"))
	assert.Empty(t, authdata.KeyType("s3", "s3:nothing"))
}

func TestResourceControlPoliciesCoverSomeServices(t *testing.T) {
	assert.True(t, authdata.SupportsRCP("s3"))
	assert.False(t, authdata.SupportsRCP("lambda"))
}

func BenchmarkFindInAFreshService(b *testing.B) {
	for b.Loop() {
		authdata.Exists("ec2:RunInstances")
	}
}
