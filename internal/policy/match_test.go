package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/policy"
)

// denied reports whether one Deny statement, given as its members after Effect,
// denies the request.
func denied(t testing.TB, members string, request policy.Request) bool {
	t.Helper()
	deny := statements(`{"Effect":"Deny",` + members + `}`)
	got, err := policy.Evaluate(levels(t, policy.SCP, []string{fullAccess, deny}), nil, request)
	require.NoError(t, err)
	return got.Decision == policy.ExplicitlyDenied
}

func TestActions(t *testing.T) {
	for name, test := range map[string]struct {
		element string
		entries []string
		action  string
		want    bool
	}{
		"an action matches itself":                 {"Action", []string{"s3:GetObject"}, "s3:GetObject", true},
		"case does not matter in the name":         {"Action", []string{"s3:getobject"}, "s3:GetObject", true},
		"case does not matter in the prefix":       {"Action", []string{"S3:GetObject"}, "s3:GetObject", true},
		"case of the request does not matter":      {"Action", []string{"s3:GetObject"}, "S3:GETOBJECT", true},
		"a star takes any run":                     {"Action", []string{"s3:Get*"}, "s3:GetObjectTagging", true},
		"a star may stand in the middle":           {"Action", []string{"iam:*AccessKey*"}, "iam:CreateAccessKey", true},
		"a star may stand at the start":            {"Action", []string{"s3:*Object"}, "s3:GetObjectAcl", false},
		"a question mark takes exactly one":        {"Action", []string{"s3:???Object"}, "s3:GetObject", true},
		"a question mark does not take none":       {"Action", []string{"s3:GetObject?"}, "s3:GetObject", false},
		"a pattern is anchored":                    {"Action", []string{"s3:Get"}, "s3:GetObject", false},
		"a star alone is everything":               {"Action", []string{"*"}, "anything:AtAll", true},
		"a star stays within the service":          {"Action", []string{"route53:*"}, "route53resolver:CreateResolverRule", false},
		"a star in the prefix stays in the prefix": {"Action", []string{"s*:GetObject"}, "s3:GetObject", true},
		"a star in the prefix does not reach over": {"Action", []string{"s*t:*"}, "s3:Get", false},
		"one of several entries suffices":          {"Action", []string{"ec2:*", "s3:GetObject"}, "s3:GetObject", true},
		"NotAction is every other action":          {"NotAction", []string{"iam:*"}, "s3:GetObject", true},
		"NotAction spares what it lists":           {"NotAction", []string{"iam:*", "s3:Get*"}, "s3:GetObject", false},
		"NotAction spares in any letter case":      {"NotAction", []string{"S3:getOBJECT"}, "s3:GetObject", false},
		"DeleteObject is not DeleteObjectVersion":  {"Action", []string{"s3:DeleteObject"}, "s3:DeleteObjectVersion", false},
		"ec2 does not cover ec2-instance-connect":  {"Action", []string{"ec2:*"}, "ec2-instance-connect:SendSSHPublicKey", false},
		"ec2 does not cover ebs":                   {"Action", []string{"ec2:*"}, "ebs:GetSnapshotBlock", false},
	} {
		t.Run(name, func(t *testing.T) {
			entries, err := json.Marshal(test.entries)
			require.NoError(t, err)
			request := admin
			request.Action = test.action
			require.Equal(t, test.want, denied(t, `"`+test.element+`":`+string(entries)+`,"Resource":"*"`, request))
		})
	}
}

func TestResources(t *testing.T) {
	tags := map[string]policy.Values{
		"aws:PrincipalTag/Team": {"blue"}, "aws:PrincipalTag/Star": {"*"}, "aws:TagKeys": {"a", "b"},
	}
	const unresolved = "arn:aws:s3:::home/${aws:PrincipalTag/None}/*"
	for name, test := range map[string]struct {
		element  string
		entries  []string
		resource string
		want     bool
	}{
		"an ARN matches itself":                                {"Resource", []string{"arn:aws:s3:::logs"}, "arn:aws:s3:::logs", true},
		"an ARN is case-sensitive":                             {"Resource", []string{"arn:aws:s3:::Logs"}, "arn:aws:s3:::logs", false},
		"a pattern is anchored":                                {"Resource", []string{"arn:aws:s3:::logs"}, "arn:aws:s3:::logs-2", false},
		"a star spans slashes":                                 {"Resource", []string{"arn:aws:s3:::logs/*.gz"}, "arn:aws:s3:::logs/a/b/c.gz", true},
		"a star spans colons in the resource part":             {"Resource", []string{"arn:aws:logs:*:*:log-group:/x*"}, "arn:aws:logs:eu-west-1:111122223333:log-group:/x/y:*", true},
		"a star matches nothing too":                           {"Resource", []string{"arn:aws:s3:::logs*"}, "arn:aws:s3:::logs", true},
		"a question mark is one character":                     {"Resource", []string{"arn:aws:s3:::log?"}, "arn:aws:s3:::logs", true},
		"brackets, dots and plus signs are literals":           {"Resource", []string{"arn:aws:s3:::a.[b]+*"}, "arn:aws:s3:::a.[b]+c", true},
		"a dot is not any character":                           {"Resource", []string{"arn:aws:s3:::a.b"}, "arn:aws:s3:::axb", false},
		"a star inside an early part stays in it":              {"Resource", []string{"arn:aws:ec2:eu-*t-1:111122223333:vpc/a"}, "arn:aws:ec2:eu-west-1:111122223333:vpc/a", true},
		"a star inside the account crosses no colon":           {"Resource", []string{"arn:aws:iam::1*3:role/x"}, "arn:aws:iam::111122223333:role/3:role/x", false},
		"a star that ends a short ARN crosses colons":          {"Resource", []string{"arn:aws:ec2:*"}, "arn:aws:ec2:eu-west-1:111122223333:vpc/a", true},
		"a star alone is everything":                           {"Resource", []string{"*"}, "arn:aws:s3:::logs", true},
		"a star alone matches an action without resource type": {"Resource", []string{"*"}, "*", true},
		"an ARN never matches an action without resource type": {"Resource", []string{"arn:aws:s3:::*"}, "*", false},
		"a NotResource list always matches an action without resource type": {
			"NotResource", []string{"arn:aws:s3:::*"}, "*", true},
		"NotResource is every other resource": {"NotResource", []string{"arn:aws:s3:::logs"}, "arn:aws:s3:::other", true},
		"NotResource spares what it lists":    {"NotResource", []string{"arn:aws:s3:::other", "arn:aws:s3:::log*"}, "arn:aws:s3:::logs", false},
		"NotResource star spares everything":  {"NotResource", []string{"*"}, "arn:aws:s3:::logs", false},
		"snapshots have no account, so a pattern with one misses them": {
			"Resource", []string{"arn:aws:ec2:*:111122223333:snapshot/*"}, "arn:aws:ec2:eu-west-1::snapshot/snap-1", false},
		"a variable takes the request's value":                  {"Resource", []string{"arn:aws:s3:::home/${aws:PrincipalTag/Team}/*"}, "arn:aws:s3:::home/blue/a", true},
		"a variable's value is literal":                         {"Resource", []string{"arn:aws:s3:::home/${aws:PrincipalTag/Star}/*"}, "arn:aws:s3:::home/blue/a", false},
		"a variable falls back to its default":                  {"Resource", []string{"arn:aws:s3:::home/${aws:PrincipalTag/None, 'all'}/*"}, "arn:aws:s3:::home/all/a", true},
		"${*} is a literal star":                                {"Resource", []string{"arn:aws:s3:::a${*}"}, "arn:aws:s3:::ab", false},
		"a Resource entry without value matches nothing":        {"Resource", []string{unresolved}, "arn:aws:s3:::home//a", false},
		"other Resource entries still match":                    {"Resource", []string{unresolved, "arn:aws:s3:::home/*"}, "arn:aws:s3:::home/x/a", true},
		"a NotResource entry without value denies more":         {"NotResource", []string{unresolved}, "arn:aws:s3:::home/x/a", true},
		"other NotResource entries still spare":                 {"NotResource", []string{unresolved, "arn:aws:s3:::home/*"}, "arn:aws:s3:::home/x/a", false},
		"a NotResource variable spares what it resolves to":     {"NotResource", []string{"arn:aws:s3:::home/${aws:PrincipalTag/Team}/*"}, "arn:aws:s3:::home/blue/a", false},
		"a multivalued key is no value for a Resource variable": {"Resource", []string{"arn:aws:s3:::${aws:TagKeys}"}, "arn:aws:s3:::a", false},
	} {
		t.Run(name, func(t *testing.T) {
			entries, err := json.Marshal(test.entries)
			require.NoError(t, err)
			request := admin
			request.Resource, request.Context = test.resource, tags
			require.Equal(t, test.want, denied(t, `"Action":"*","`+test.element+`":`+string(entries), request))
		})
	}
}

// TestTraps pins behaviour that surprises authors of guardrails.
func TestTraps(t *testing.T) {
	const (
		account  = "arn:aws:iam::111122223333:"
		allOfIt  = `"Action":"*","Resource":"*","Condition":`
		instance = "arn:aws:ec2:eu-west-1:111122223333:instance/*"
		image    = "arn:aws:ec2:eu-west-1::image/ami-1"
	)
	type context = map[string]policy.Values
	for name, test := range map[string]struct {
		members string
		change  func(*policy.Request)
		want    bool
	}{
		"a region deny fires on a request without aws:RequestedRegion": {
			allOfIt + `{"StringNotEquals":{"aws:RequestedRegion":["eu-west-1"]}}`,
			func(*policy.Request) {}, true},
		"an IMDSv2 guard that is not scoped to instances fires on the image": {
			`"Action":"ec2:RunInstances","Resource":"*","Condition":{"StringNotEquals":{"ec2:MetadataHttpTokens":"required"}}`,
			func(r *policy.Request) { r.Action, r.Resource = "ec2:RunInstances", image }, true},
		"an IMDSv2 guard that is scoped to instances spares the image": {
			`"Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringNotEquals":{"ec2:MetadataHttpTokens":"required"}}`,
			func(r *policy.Request) { r.Action, r.Resource = "ec2:RunInstances", image }, false},
		"an IMDSv2 guard fires on an instance without the token setting": {
			`"Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*:*:instance/*","Condition":{"StringNotEquals":{"ec2:MetadataHttpTokens":"required"}}`,
			func(r *policy.Request) { r.Action, r.Resource = "ec2:RunInstances", instance }, true},
		"an exemption of assumed-role ARNs exempts nobody": {
			allOfIt + `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:sts::*:assumed-role/Admin/*"}}`,
			func(r *policy.Request) { r.Principal = "arn:aws:sts::111122223333:assumed-role/Admin/ana" }, true},
		"an exemption of the role's ARN exempts its sessions": {
			allOfIt + `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/Admin"}}`,
			func(r *policy.Request) { r.Principal = "arn:aws:sts::111122223333:assumed-role/Admin/ana" }, false},
		"an exemption without the Identity Center path exempts nobody": {
			allOfIt + `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/AWSReservedSSO_Admin_*"}}`,
			func(r *policy.Request) {
				r.Principal = account + "role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef"
			}, true},
		"an exemption with a star for the Identity Center path exempts": {
			allOfIt + `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Admin_*"}}`,
			func(r *policy.Request) {
				r.Principal = account + "role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123456789abcdef"
			}, false},
		"role/lz-exec does not exempt role/evil/lz-exec": {
			allOfIt + `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/lz-exec"}}`,
			func(r *policy.Request) { r.Principal = account + "role/evil/lz-exec" }, true},
		"role/*lz-exec exempts a role that anyone can create": {
			allOfIt + `{"ArnNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*lz-exec"}}`,
			func(r *policy.Request) { r.Principal = account + "role/evil/lz-exec" }, false},
		"Bool misses the absent MFA key of long-lived credentials": {
			allOfIt + `{"Bool":{"aws:MultiFactorAuthPresent":"false"}}`,
			func(*policy.Request) {}, false},
		"BoolIfExists catches the absent MFA key": {
			allOfIt + `{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}`,
			func(*policy.Request) {}, true},
		"ForAllValues in a Deny fires on an absent key": {
			allOfIt + `{"ForAllValues:StringEquals":{"aws:TagKeys":"aws-control-tower"}}`,
			func(*policy.Request) {}, true},
		"ForAllValues in a Deny is evaded by a second tag": {
			allOfIt + `{"ForAllValues:StringEquals":{"aws:TagKeys":"aws-control-tower"}}`,
			func(r *policy.Request) { r.Context = context{"aws:TagKeys": {"aws-control-tower", "x"}} }, false},
		"a plain operator on a multivalued key never holds": {
			allOfIt + `{"StringEquals":{"aws:TagKeys":"aws-control-tower"}}`,
			func(r *policy.Request) { r.Context = context{"aws:TagKeys": {"aws-control-tower", "x"}} }, false},
		"a snapshot pattern with an account never matches": {
			`"Action":"*","Resource":"arn:aws:ec2:*:111122223333:snapshot/*"`,
			func(r *policy.Request) { r.Resource = "arn:aws:ec2:eu-west-1::snapshot/snap-1" }, false},
		"denying s3:DeleteObject leaves versions unprotected": {
			`"Action":"s3:DeleteObject","Resource":"*"`,
			func(r *policy.Request) { r.Action, r.Resource = "s3:DeleteObjectVersion", "arn:aws:s3:::logs/a" }, false},
		"denying route53 leaves route53resolver open": {
			`"Action":"route53:*","Resource":"*"`,
			func(r *policy.Request) { r.Action, r.Resource = "route53resolver:DeleteResolverRule", "*" }, false},
		"a log-group pattern without a final star misses the form with :*": {
			`"Action":"logs:*","Resource":"arn:aws:logs:*:*:log-group:trail"`,
			func(r *policy.Request) {
				r.Action, r.Resource = "logs:DeleteLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
			}, false},
		"a log-group pattern with a final star meets both forms": {
			`"Action":"logs:*","Resource":"arn:aws:logs:*:*:log-group:trail*"`,
			func(r *policy.Request) {
				r.Action, r.Resource = "logs:DeleteLogGroup", "arn:aws:logs:eu-west-1:111122223333:log-group:trail:*"
			}, true},
		"two negated keys under one operator exempt by satisfying either": {
			allOfIt + `{"StringNotEqualsIfExists":{"aws:SourceVpc":"vpc-1","aws:PrincipalTag/exempt":"yes"}}`,
			func(r *policy.Request) { r.Context = context{"aws:SourceVpc": {"vpc-1"}} }, false},
		"ForAllValues:StringNotLike holds when no organization path is listed": {
			allOfIt + `{"ForAllValues:StringNotLike":{"aws:ResourceOrgPaths":"o-1/r-1/ou-1/*"}}`,
			func(r *policy.Request) { r.Context = context{"aws:ResourceOrgPaths": {"o-1/r-1/ou-2/"}} }, true},
		"ForAllValues:StringNotLike fails when the organization path is listed": {
			allOfIt + `{"ForAllValues:StringNotLike":{"aws:ResourceOrgPaths":"o-1/r-1/ou-1/*"}}`,
			func(r *policy.Request) { r.Context = context{"aws:ResourceOrgPaths": {"o-1/r-1/ou-1/"}} }, false},
		"an unscoped function-URL guard on AddPermission breaks service triggers": {
			`"Action":"lambda:AddPermission","Resource":"*","Condition":{"StringNotEquals":{"lambda:FunctionUrlAuthType":"AWS_IAM"}}`,
			func(r *policy.Request) {
				r.Action, r.Resource = "lambda:AddPermission", "arn:aws:lambda:eu-west-1:111122223333:function:f"
				r.Context = context{"lambda:Principal": {"s3.amazonaws.com"}}
			}, true},
	} {
		t.Run(name, func(t *testing.T) {
			request := admin
			test.change(&request)
			require.Equal(t, test.want, denied(t, test.members, request))
		})
	}
}

func TestDerivedKeys(t *testing.T) {
	const iam, sts = "arn:aws:iam::111122223333:", "arn:aws:sts::111122223333:"
	for name, test := range map[string]struct {
		principal, key string
		want           string // "" means that the key is absent
	}{
		"a user has its ARN":                        {iam + "user/team/ana", "aws:PrincipalArn", iam + "user/team/ana"},
		"a user has its account":                    {iam + "user/ana", "aws:PrincipalAccount", "111122223333"},
		"a user is a User":                          {iam + "user/ana", "aws:PrincipalType", "User"},
		"a role has its ARN with the path":          {iam + "role/path/admin", "aws:PrincipalArn", iam + "role/path/admin"},
		"a role is an AssumedRole":                  {iam + "role/admin", "aws:PrincipalType", "AssumedRole"},
		"a session has the ARN of its role":         {sts + "assumed-role/admin/ana", "aws:PrincipalArn", iam + "role/admin"},
		"a session keeps its partition":             {"arn:aws-cn:sts::111122223333:assumed-role/admin/ana", "aws:PrincipalArn", "arn:aws-cn:iam::111122223333:role/admin"},
		"a session is an AssumedRole":               {sts + "assumed-role/admin/ana", "aws:PrincipalType", "AssumedRole"},
		"a root has its ARN":                        {iam + "root", "aws:PrincipalArn", iam + "root"},
		"a root is an Account":                      {iam + "root", "aws:PrincipalType", "Account"},
		"a federated user is a FederatedUser":       {sts + "federated-user/ana", "aws:PrincipalType", "FederatedUser"},
		"IAM principals are no AWS service":         {iam + "user/ana", "aws:PrincipalIsAWSService", "false"},
		"the resource's account comes from its ARN": {iam + "user/ana", "aws:ResourceAccount", "444455556666"},
		"the request's Region is not guessed":       {iam + "user/ana", "aws:RequestedRegion", ""},
		"the user's name is not guessed":            {iam + "user/ana", "aws:username", ""},
	} {
		t.Run(name, func(t *testing.T) {
			request := admin
			request.Principal, request.Resource = test.principal, "arn:aws:sqs:eu-west-1:444455556666:queue"
			condition := `{"StringEquals":{"` + test.key + `":"` + test.want + `"}}`
			if test.want == "" {
				condition = `{"Null":{"` + test.key + `":"true"}}`
			}
			require.True(t, denied(t, `"Action":"*","Resource":"*","Condition":`+condition, request))
		})
	}

	t.Run("the context wins over what follows from the request", func(t *testing.T) {
		request := admin
		request.Principal = sts + "assumed-role/admin/ana"
		request.Context = map[string]policy.Values{"AWS:principalarn": {iam + "role/path/admin"}}
		require.True(t, denied(t, `"Action":"*","Resource":"*","Condition":{"ArnEquals":{"aws:PrincipalArn":"`+iam+`role/path/admin"}}`, request))
	})
	t.Run("resourceAccount wins over the resource's ARN", func(t *testing.T) {
		request := admin
		request.Resource, request.ResourceAccount = "arn:aws:sqs:eu-west-1:444455556666:queue", "777788889999"
		require.True(t, denied(t, `"Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceAccount":"777788889999"}}`, request))
	})
}

func TestWhomPoliciesBind(t *testing.T) {
	const iam = "arn:aws:iam::111122223333:"
	const linked = iam + "role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
	denyAll := statements(`{"Effect":"Deny","Action":"*","Resource":"*"}`)
	denyS3 := statements(`{"Effect":"Deny","Principal":"*","Action":["s3:*","kms:*"],"Resource":"*"}`)
	for name, test := range map[string]struct {
		change   func(*policy.Request)
		scp, rcp policy.Decision
	}{
		"users": {func(r *policy.Request) { r.Principal = iam + "user/ana" }, policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		"roots": {func(r *policy.Request) { r.Principal = iam + "root" }, policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		"service-linked roles are exempt from both": {
			func(r *policy.Request) { r.Principal = linked }, policy.Allowed, policy.Allowed},
		"sessions of service-linked roles are exempt when the context tells": {
			func(r *policy.Request) {
				r.Principal = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x"
				r.Context = map[string]policy.Values{"aws:PrincipalArn": {linked}}
			}, policy.Allowed, policy.Allowed},
		"a session's name alone does not make it service-linked": {
			func(r *policy.Request) {
				r.Principal = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForConfig/x"
			},
			policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		"a role does not become service-linked by a path further down": {
			func(r *policy.Request) { r.Principal = iam + "role/evil/aws-service-role/x" },
			policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		"a role does not become service-linked by its context": {
			func(r *policy.Request) { r.Context = map[string]policy.Values{"aws:PrincipalArn": {linked}} },
			policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		"a user does not become service-linked by its path": {
			func(r *policy.Request) { r.Principal = iam + "user/aws-service-role/x" },
			policy.ExplicitlyDenied, policy.ExplicitlyDenied},
		"service principals are bound by RCPs only": {
			func(r *policy.Request) { r.Principal = "cloudtrail.amazonaws.com" }, policy.Allowed, policy.ExplicitlyDenied},
		"anonymous callers are bound by RCPs only": {
			func(r *policy.Request) { r.Principal = policy.Anonymous }, policy.Allowed, policy.ExplicitlyDenied},
		"identity providers are bound by RCPs only": {
			func(r *policy.Request) { r.Principal = iam + "oidc-provider/token.actions.example.com" }, policy.Allowed, policy.ExplicitlyDenied},
		"principals of the management account are free of SCPs": {
			func(r *policy.Request) { r.ManagementAccount = "111122223333" }, policy.Allowed, policy.ExplicitlyDenied},
		"resources of the management account are free of RCPs": {
			func(r *policy.Request) { r.ManagementAccount, r.ResourceAccount = "444455556666", "444455556666" },
			policy.ExplicitlyDenied, policy.Allowed},
		"kms:RetireGrant is free of RCPs": {
			func(r *policy.Request) { r.Action = "kms:RetireGrant" }, policy.ExplicitlyDenied, policy.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			request := admin
			test.change(&request)
			got, err := policy.Evaluate(levels(t, policy.SCP, []string{fullAccess, denyAll}), nil, request)
			require.NoError(t, err)
			require.Equal(t, test.scp, got.Decision, "SCP")
			got, err = policy.Evaluate(nil, levels(t, policy.RCP, []string{denyS3}), request)
			require.NoError(t, err)
			require.Equal(t, test.rcp, got.Decision, "RCP")
		})
	}
}

func TestRCPPerimeters(t *testing.T) {
	identity := statements(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{
		"StringNotEqualsIfExists":{"aws:PrincipalOrgID":"o-example"},"BoolIfExists":{"aws:PrincipalIsAWSService":"false"}}}`)
	deputy := statements(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":{
		"Bool":{"aws:PrincipalIsAWSService":"true"},"StringNotEqualsIfExists":{"aws:SourceOrgID":"o-example"},"Null":{"aws:SourceAccount":"false"}}}`)
	type context = map[string]policy.Values
	for name, test := range map[string]struct {
		rcp, principal string
		context        context
		want           policy.Decision
	}{
		"the identity perimeter lets the organization in": {
			identity, admin.Principal, context{"aws:PrincipalOrgID": {"o-example"}}, policy.Allowed},
		"the identity perimeter keeps other organizations out": {
			identity, "arn:aws:iam::999900001111:role/x", context{"aws:PrincipalOrgID": {"o-other"}}, policy.ExplicitlyDenied},
		"the identity perimeter keeps accounts without organization out": {
			identity, "arn:aws:iam::999900001111:role/x", nil, policy.ExplicitlyDenied},
		"the identity perimeter keeps anonymous callers out": {
			identity, policy.Anonymous, nil, policy.ExplicitlyDenied},
		"the identity perimeter lets services in": {
			identity, "cloudtrail.amazonaws.com", nil, policy.Allowed},
		"the deputy perimeter keeps out a service that acts for another organization": {
			deputy, "cloudtrail.amazonaws.com", context{"aws:SourceAccount": {"999900001111"}, "aws:SourceOrgID": {"o-other"}}, policy.ExplicitlyDenied},
		"the deputy perimeter lets in a service that acts for the organization": {
			deputy, "cloudtrail.amazonaws.com", context{"aws:SourceAccount": {"111122223333"}, "aws:SourceOrgID": {"o-example"}}, policy.Allowed},
		"the deputy perimeter ignores a service that acts for nobody": {
			deputy, "cloudtrail.amazonaws.com", nil, policy.Allowed},
		"the deputy perimeter ignores roles": {
			deputy, admin.Principal, context{"aws:SourceAccount": {"999900001111"}}, policy.Allowed},
	} {
		t.Run(name, func(t *testing.T) {
			request := policy.Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::logs/a", Principal: test.principal, Context: test.context}
			got, err := policy.Evaluate(nil, levels(t, policy.RCP, nil, []string{test.rcp}), request)
			require.NoError(t, err)
			require.Equal(t, test.want, got.Decision)
		})
	}
}

func TestLongValuesAreCutInMessages(t *testing.T) {
	request := admin
	request.Resource = strings.Repeat("é", 1<<20)
	_, err := policy.Evaluate(nil, nil, request)
	require.Less(t, len(err.Error()), 1000)
	require.ErrorContains(t, err, "(2097152 bytes)")
}

func TestContextValuesAreStringsOrListsInJSONAndYAML(t *testing.T) {
	want := map[string]policy.Values{"a:b": {"c"}, "a:d": {"e", "f"}, "a:g": {}}
	var got map[string]policy.Values
	require.NoError(t, json.Unmarshal([]byte(`{"a:b":"c","a:d":["e","f"],"a:g":[]}`), &got))
	require.Equal(t, want, got)
	got = nil
	require.NoError(t, yaml.Unmarshal([]byte("a:b: c\na:d: [e, f]\na:g: []\n"), &got))
	require.Equal(t, want, got)
	require.Error(t, json.Unmarshal([]byte(`{"a:b":5}`), &got))
	require.Error(t, yaml.Unmarshal([]byte("a:b: {c: d}\n"), &got))
}

func TestARequestIsReadFromJSON(t *testing.T) {
	var got policy.Request
	require.NoError(t, json.Unmarshal([]byte(`{"action":"s3:GetObject","resource":"*","principal":"anonymous","resourceAccount":"111122223333","context":{"a:b":"c"}}`), &got))
	require.Equal(t, policy.Request{Action: "s3:GetObject", Resource: "*", Principal: policy.Anonymous, ResourceAccount: "111122223333",
		Context: map[string]policy.Values{"a:b": {"c"}}}, got)
	require.Error(t, json.Unmarshal([]byte(`{"action":"s3:GetObject","actions":"x"}`), &got))
}

func TestRequestsThatCannotBeEvaluated(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*policy.Request)
		field  string
	}{
		"an action without service":            {func(r *policy.Request) { r.Action = "GetObject" }, "action"},
		"an action with a wildcard":            {func(r *policy.Request) { r.Action = "s3:Get*" }, "action"},
		"an action with a space":               {func(r *policy.Request) { r.Action = "s3:Get Object" }, "action"},
		"an action outside ASCII":              {func(r *policy.Request) { r.Action = "\u212ams:Decrypt" }, "action"},
		"a principal with a wildcard":          {func(r *policy.Request) { r.Principal = "arn:aws:iam::111122223333:role/*" }, "principal"},
		"no action":                            {func(r *policy.Request) { r.Action = "" }, "action"},
		"a resource that is no ARN":            {func(r *policy.Request) { r.Resource = "logs" }, "resource"},
		"a resource that begins otherwise":     {func(r *policy.Request) { r.Resource = "urn:aws:s3:::logs" }, "resource"},
		"a short ARN":                          {func(r *policy.Request) { r.Resource = "arn:aws:s3:logs" }, "resource"},
		"no resource":                          {func(r *policy.Request) { r.Resource = "" }, "resource"},
		"a principal that is a bare name":      {func(r *policy.Request) { r.Principal = "ana" }, "principal"},
		"a principal that is everyone":         {func(r *policy.Request) { r.Principal = "*" }, "principal"},
		"a principal of a group":               {func(r *policy.Request) { r.Principal = "arn:aws:iam::111122223333:group/g" }, "principal"},
		"a principal without account":          {func(r *policy.Request) { r.Principal = "arn:aws:iam:::user/ana" }, "principal"},
		"a session without name":               {func(r *policy.Request) { r.Principal = "arn:aws:sts::111122223333:assumed-role/a" }, "principal"},
		"a resourceAccount with eleven digits": {func(r *policy.Request) { r.ResourceAccount = "11112222333" }, "resourceAccount"},
		"a key that comes in two letter cases": {func(r *policy.Request) {
			r.Context = map[string]policy.Values{"aws:SourceIp": {"1.2.3.4"}, "AWS:sourceip": {"1.2.3.5"}}
		}, "context"},
	} {
		t.Run(name, func(t *testing.T) {
			request := admin
			test.change(&request)
			_, err := policy.Evaluate(nil, nil, request)
			var wrong *policy.RequestError
			require.ErrorAs(t, err, &wrong)
			require.Equal(t, test.field, wrong.Field)
		})
	}
}
