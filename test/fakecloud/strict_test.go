//go:build unix

package fakecloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Who makes the calls: a user with all permissions in each account, made by fakecloud's own interface, and the zone's
// roles, which guardrails exempt.
const (
	operator  = "operator"
	zonesRole = "landfall-rehearsal"
)

const (
	home    = "us-east-1"
	outside = "eu-west-1" // neither governed nor watched in the default zone
	window  = int32(30)   // the shortest waiting time of a key's deletion that the guardrails allow, in days
)

// fullAWSAccess is the content of FullAWSAccess, which AWS attaches to every root, OU and account, and of a role's policy.
const fullAWSAccess = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`

// sessionARN is why fakecloud does not exempt a role. AWS puts the ARN of the role there (IAM User Guide, aws:PrincipalArn).
const sessionARN = "puts the ARN of the session, not of the role, into aws:PrincipalArn"

// organization is the default zone's organization in fakecloud, with its service control policies attached.
type organization struct {
	endpoint string
	id       string
	accounts map[string]string // ids by name; "" is the management account
	levels   map[string]policy.Levels
	users    map[string]aws.CredentialsProvider
	roles    map[string]aws.CredentialsProvider
	keys     map[string]string // a KMS key of each account, by its name
}

func (o *organization) config(provider aws.CredentialsProvider, region string) aws.Config {
	return aws.Config{Region: region, BaseEndpoint: aws.String(o.endpoint), Credentials: provider, RetryMaxAttempts: 1}
}

// administrator makes a user with all permissions in an account. Keys that begin with "test" would bypass every policy.
func (o *organization) administrator(t *testing.T, account string) aws.CredentialsProvider {
	t.Helper()
	body, err := json.Marshal(map[string]string{"accountId": account, "userName": operator})
	require.NoError(t, err)
	response, err := http.Post(o.endpoint+"/_fakecloud/iam/create-admin", "application/json", bytes.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	var made struct{ AccessKeyID, SecretAccessKey string }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&made))
	require.NotEmpty(t, made.AccessKeyID)
	return credentials.NewStaticCredentialsProvider(made.AccessKeyID, made.SecretAccessKey, "")
}

// defaultZone is the zone of the default file with one suspended account more, and its service control policies.
func defaultZone(t *testing.T) (*zone.Zone, []guardrail.Policy) {
	t.Helper()
	file := filepath.Join(repository, "config", "landing-zone.yaml")
	c, problems := config.Load(file)
	require.Empty(t, problems)
	former := config.DefaultAccount()
	former.Name, former.OU, former.State, former.Email = "former", "Sandbox", config.StateSuspended, "aws+former@example.com"
	c.Accounts = append(c.Accounts, former)
	z := zone.Resolve(c)
	catalogue, err := guardrail.Open(controls.Guardrails(), file, z)
	require.NoError(t, err)
	all, err := guardrail.Plan(z, catalogue)
	require.NoError(t, err)
	var policies []guardrail.Policy
	for _, p := range all {
		if p.Type == guardrail.TypeSCP {
			policies = append(policies, p)
		}
	}
	require.NotEmpty(t, policies)
	return z, policies
}

// found makes the organization. Everything that the guardrails would deny is made before they are attached.
func found(t *testing.T, endpoint string) *organization {
	t.Helper()
	ctx := t.Context()
	z, policies := defaultZone(t)
	o := &organization{endpoint: endpoint, accounts: map[string]string{}, levels: map[string]policy.Levels{},
		users: map[string]aws.CredentialsProvider{}, roles: map[string]aws.CredentialsProvider{}, keys: map[string]string{}}
	management := o.config(credentials.NewStaticCredentialsProvider("test", "test", ""), home)
	api := organizations.NewFromConfig(management)
	created, err := api.CreateOrganization(ctx, &organizations.CreateOrganizationInput{FeatureSet: types.OrganizationFeatureSetAll})
	require.NoError(t, err)
	o.id, o.accounts[""] = aws.ToString(created.Organization.Id), aws.ToString(created.Organization.MasterAccountId)
	roots, err := api.ListRoots(ctx, &organizations.ListRootsInput{})
	require.NoError(t, err)
	root := aws.ToString(roots.Roots[0].Id)
	units := map[string]string{"": root}
	for _, u := range z.OUs {
		made, err := api.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{ParentId: aws.String(units[u.Parent()]), Name: aws.String(u.Name())})
		require.NoError(t, err, u.Path)
		units[u.Path] = aws.ToString(made.OrganizationalUnit.Id)
	}
	for _, a := range z.Members() {
		id := createAccount(t, api, a.Name, a.Email)
		o.accounts[a.Name] = id
		_, err := api.MoveAccount(ctx, &organizations.MoveAccountInput{AccountId: &id, SourceParentId: &root, DestinationParentId: aws.String(units[a.OU])})
		require.NoError(t, err, a.Name)
	}
	for name, id := range o.accounts {
		o.users[name] = o.administrator(t, id)
		o.prepare(t, name)
	}
	// AWS attaches FullAWSAccess to every new OU and account; fakecloud 0.51.0 does to the root only.
	for _, id := range slices.Concat(slices.Collect(maps.Values(units)), slices.Collect(maps.Values(o.accounts))) {
		_, err := api.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: aws.String("p-FullAWSAccess"), TargetId: &id})
		var attached *types.DuplicatePolicyAttachmentException
		if !errors.As(err, &attached) {
			require.NoError(t, err, id)
		}
	}
	attached := map[guardrail.Target][]*policy.Compiled{}
	for _, p := range policies {
		document, err := policy.Parse(p.Content)
		require.NoError(t, err, p.Name)
		compiled, err := policy.Compile(policy.SCP, document)
		require.NoError(t, err, p.Name)
		made, err := api.CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: aws.String(p.Name), Description: aws.String(p.Description),
			Content: aws.String(string(p.Content)), Type: types.PolicyTypeServiceControlPolicy})
		require.NoError(t, err, p.Name)
		for _, target := range p.Targets {
			id := units[target.OU]
			if target.Account != "" {
				id = o.accounts[target.Account]
			}
			_, err := api.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: made.Policy.PolicySummary.Id, TargetId: &id})
			require.NoError(t, err, "%s to %s", p.Name, target)
			attached[target] = append(attached[target], compiled)
		}
	}
	document, err := policy.Parse([]byte(fullAWSAccess))
	require.NoError(t, err)
	full, err := policy.Compile(policy.SCP, document)
	require.NoError(t, err)
	for _, a := range z.Members() {
		targets := []guardrail.Target{{Root: true}}
		for i, c := range a.OU + "/" {
			if c == '/' {
				targets = append(targets, guardrail.Target{OU: a.OU[:i]})
			}
		}
		for _, target := range append(targets, guardrail.Target{Account: a.Name}) {
			o.levels[a.Name] = append(o.levels[a.Name], append([]*policy.Compiled{full}, attached[target]...))
		}
	}
	return o
}

func createAccount(t *testing.T, api *organizations.Client, name, email string) string {
	t.Helper()
	created, err := api.CreateAccount(t.Context(), &organizations.CreateAccountInput{AccountName: &name, Email: &email})
	require.NoError(t, err, name)
	status := created.CreateAccountStatus
	for range 120 {
		if status.State != types.CreateAccountStateInProgress {
			break
		}
		time.Sleep(250 * time.Millisecond)
		described, err := api.DescribeCreateAccountStatus(t.Context(), &organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: status.Id})
		require.NoError(t, err, name)
		status = described.CreateAccountStatus
	}
	require.Equal(t, types.CreateAccountStateSucceeded, status.State, "%s: %s", name, status.FailureReason)
	return aws.ToString(status.AccountId)
}

// prepare makes what the calls act on: a key, and in members a role of the zone with a session of it.
func (o *organization) prepare(t *testing.T, account string) {
	t.Helper()
	config := o.config(o.users[account], home)
	key, err := kms.NewFromConfig(config).CreateKey(t.Context(), &kms.CreateKeyInput{})
	require.NoError(t, err, account)
	o.keys[account] = aws.ToString(key.KeyMetadata.Arn)
	if account == "" {
		return
	}
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}]}`, o.accounts[account])
	identities := iam.NewFromConfig(config)
	_, err = identities.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String(zonesRole), AssumeRolePolicyDocument: &trust})
	require.NoError(t, err, account)
	_, err = identities.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String(zonesRole), PolicyName: aws.String("all"), PolicyDocument: aws.String(fullAWSAccess)})
	require.NoError(t, err, account)
	assumed, err := sts.NewFromConfig(config).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: aws.String("arn:aws:iam::" + o.accounts[account] + ":role/" + zonesRole), RoleSessionName: aws.String("rehearsal")})
	require.NoError(t, err, account)
	session := assumed.Credentials
	o.roles[account] = credentials.NewStaticCredentialsProvider(aws.ToString(session.AccessKeyId), aws.ToString(session.SecretAccessKey), aws.ToString(session.SessionToken))
}

// call is a request that somebody makes in an account.
type call struct {
	name    string
	account string // "" is the management account
	role    bool   // as the zone's role instead of the operator
	region  string // default home
	action  string
	// resource is the ARN that AWS authorizes, with ACCOUNT and KEY for the account's id and its key's ARN (Service
	// Authorization Reference).
	resource string
	context  map[string]policy.Values
	send     func(ctx context.Context, c aws.Config, o *organization) error
	// differs says why fakecloud 0.51.0 answers otherwise than AWS.
	differs string
}

// asked is the request as the policies see it.
func (o *organization) asked(c call) policy.Request {
	id := o.accounts[c.account]
	principal := "arn:aws:iam::" + id + ":user/" + operator
	if c.role {
		principal = "arn:aws:sts::" + id + ":assumed-role/" + zonesRole + "/rehearsal"
	}
	now := time.Now().UTC()
	// fakecloud is asked over plain HTTP, from this machine.
	seen := map[string]policy.Values{"aws:CurrentTime": {now.Format(time.RFC3339)}, "aws:EpochTime": {strconv.FormatInt(now.Unix(), 10)},
		"aws:SourceIp": {"127.0.0.1"}, "aws:SecureTransport": {"false"}, "aws:RequestedRegion": {region(c)},
		"aws:ResourceAccount": {id}, "aws:PrincipalOrgID": {o.id}}
	for key, values := range c.context {
		seen[key] = values
	}
	return policy.Request{Action: c.action, Resource: strings.NewReplacer("ACCOUNT", id, "KEY", o.keys[c.account]).Replace(c.resource),
		Principal: principal, ResourceAccount: id, ManagementAccount: o.accounts[""], Context: seen}
}

func region(c call) string {
	if c.region != "" {
		return c.region
	}
	return home
}

// denied tells whether fakecloud denied a request. Any other answer, "not found" among them, comes after the policies.
func denied(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && strings.HasPrefix(api.ErrorCode(), "AccessDenied") ||
		errors.As(err, &api) && api.ErrorCode() == "AuthorizationError"
}

func TestVerdictsOnTheGuardrailsAreThoseOfFakecloud(t *testing.T) {
	o := found(t, start(t, "FAKECLOUD_IAM=strict"))
	counts := map[string]int{}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, c := range calls() {
		t.Run(c.name, func(t *testing.T) {
			request := o.asked(c)
			result, err := policy.Evaluate(o.levels[c.account], nil, request)
			require.NoError(t, err)
			provider := o.users[c.account]
			if c.role {
				provider = o.roles[c.account]
			}
			answer := c.send(t.Context(), o.config(provider, region(c)), o)
			var api smithy.APIError
			if answer != nil {
				require.ErrorAs(t, answer, &api, "fakecloud must answer")
			}
			ours, theirs := result.Decision != policy.Allowed, denied(answer)
			word := map[bool]string{true: "denied", false: "allowed"}
			fmt.Fprintf(w, "%s\t%s\tours %s\tfakecloud %s\t%s\n", c.name, c.action, word[ours], word[theirs], c.differs)
			switch {
			case c.differs != "":
				counts["different"]++
				assert.NotEqual(t, ours, theirs, "fakecloud answers as AWS does now; take the difference away: %s", c.differs)
			case assert.Equal(t, word[ours], word[theirs], "%s on %s as %s: %v", request.Action, request.Resource, request.Principal, answer):
				counts[word[ours]]++
			}
			if theirs && c.differs == "" && strings.Contains(answer.Error(), "is not authorized to perform") {
				// It says what it authorized, which must be what the evaluator was asked.
				assert.Contains(t, answer.Error(), request.Action+" on resource: "+request.Resource)
			}
		})
	}
	require.NoError(t, w.Flush())
	t.Logf("%d denied and %d allowed by both, %d known differences\n%s", counts["denied"], counts["allowed"], counts["different"], table.String())
	// So few of either would show nothing.
	assert.GreaterOrEqual(t, counts["denied"], 15)
	assert.GreaterOrEqual(t, counts["allowed"], 15)
}

func createTopic(name string) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, _ *organization) error {
		_, err := sns.NewFromConfig(c).CreateTopic(ctx, &sns.CreateTopicInput{Name: &name})
		return err
	}
}

func createQueue(name string) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, _ *organization) error {
		_, err := sqs.NewFromConfig(c).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name})
		return err
	}
}

func buckets(c aws.Config) *s3.Client {
	return s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
}

func createBucket(name string, acl s3types.BucketCannedACL) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, _ *organization) error {
		_, err := buckets(c).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &name, ACL: acl})
		return err
	}
}

func createUser(ctx context.Context, c aws.Config, _ *organization) error {
	_, err := iam.NewFromConfig(c).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("legacy")})
	return err
}

func createRole(name string) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, _ *organization) error {
		_, err := iam.NewFromConfig(c).CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
		return err
	}
}

func createAlias(name string) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, _ *organization) error {
		_, err := iam.NewFromConfig(c).CreateAccountAlias(ctx, &iam.CreateAccountAliasInput{AccountAlias: &name})
		return err
	}
}

func createProvider(url string) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, _ *organization) error {
		_, err := iam.NewFromConfig(c).CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &url,
			ThumbprintList: []string{strings.Repeat("a", 40)}, ClientIDList: []string{"sts.amazonaws.com"}})
		return err
	}
}

func scheduleDeletion(account string) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, o *organization) error {
		_, err := kms.NewFromConfig(c).ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: aws.String(o.keys[account]), PendingWindowInDays: aws.Int32(window)})
		return err
	}
}

func disableKey(account string) func(context.Context, aws.Config, *organization) error {
	return func(ctx context.Context, c aws.Config, o *organization) error {
		_, err := kms.NewFromConfig(c).DisableKey(ctx, &kms.DisableKeyInput{KeyId: aws.String(o.keys[account])})
		return err
	}
}

func calls() []call {
	const topic, queue, role = "arn:aws:sns:us-east-1:ACCOUNT:", "arn:aws:sqs:us-east-1:ACCOUNT:", "arn:aws:iam::ACCOUNT:role/"
	deletion := map[string]policy.Values{"kms:ScheduleKeyDeletionPendingWindowInDays": {strconv.Itoa(int(window))}}
	return []call{
		{name: "a workload makes a topic", account: "orders-prod", action: "sns:CreateTopic", resource: topic + "orders", send: createTopic("orders")},
		{name: "a workload makes a topic in another Region", account: "orders-prod", region: outside, action: "sns:CreateTopic",
			resource: "arn:aws:sns:" + outside + ":ACCOUNT:orders", send: createTopic("orders")},
		{name: "a workload makes a topic with a name of the zone", account: "orders-prod", action: "sns:CreateTopic", resource: topic + "landfall-x", send: createTopic("landfall-x")},
		{name: "a workload reads a topic of the zone", account: "orders-prod", action: "sns:GetTopicAttributes", resource: topic + "landfall-alerts",
			send: func(ctx context.Context, c aws.Config, o *organization) error {
				_, err := sns.NewFromConfig(c).GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String("arn:aws:sns:us-east-1:" + o.accounts["orders-prod"] + ":landfall-alerts")})
				return err
			}},
		{name: "a workload deletes a topic of the zone", account: "orders-prod", action: "sns:DeleteTopic", resource: topic + "landfall-alerts",
			send: func(ctx context.Context, c aws.Config, o *organization) error {
				_, err := sns.NewFromConfig(c).DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: aws.String("arn:aws:sns:us-east-1:" + o.accounts["orders-prod"] + ":landfall-alerts")})
				return err
			}},
		{name: "a workload makes a queue", account: "orders-dev", action: "sqs:CreateQueue", resource: queue + "orders", send: createQueue("orders")},
		{name: "a workload makes a queue in another Region", account: "orders-dev", region: outside, action: "sqs:CreateQueue",
			resource: "arn:aws:sqs:" + outside + ":ACCOUNT:orders", send: createQueue("orders")},
		{name: "a workload makes a queue with a name of the zone", account: "orders-dev", action: "sqs:CreateQueue", resource: queue + "landfall-x", send: createQueue("landfall-x")},

		{name: "a workload lists its buckets", account: "orders-prod", action: "s3:ListAllMyBuckets", resource: "*",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := buckets(c).ListBuckets(ctx, &s3.ListBucketsInput{})
				return err
			}},
		{name: "a workload makes a bucket", account: "orders-prod", action: "s3:CreateBucket", resource: "arn:aws:s3:::orders-data", send: createBucket("orders-data", "")},
		{name: "a workload writes an object", account: "orders-prod", action: "s3:PutObject", resource: "arn:aws:s3:::orders-data/one",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := buckets(c).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("orders-data"), Key: aws.String("one"), Body: strings.NewReader("1")})
				return err
			}},
		{name: "a workload makes a public bucket", account: "orders-prod", action: "s3:CreateBucket", resource: "arn:aws:s3:::orders-public",
			context: map[string]policy.Values{"s3:x-amz-acl": {"public-read"}}, send: createBucket("orders-public", s3types.BucketCannedACLPublicRead)},
		{name: "a workload makes a bucket with a name of the zone", account: "orders-prod", action: "s3:CreateBucket", resource: "arn:aws:s3:::landfall-x", send: createBucket("landfall-x", "")},
		{name: "somebody deletes a log file", account: "log-archive", action: "s3:DeleteObject", resource: "arn:aws:s3:::landfall-trail/one",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := buckets(c).DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("landfall-trail"), Key: aws.String("one")})
				return err
			}},
		{name: "the zone's own role deletes a log file", account: "log-archive", role: true, action: "s3:DeleteObject", resource: "arn:aws:s3:::landfall-trail/one",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := buckets(c).DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String("landfall-trail"), Key: aws.String("one")})
				return err
			}},
		{name: "somebody reads a log file", account: "log-archive", action: "s3:GetObject", resource: "arn:aws:s3:::landfall-trail/one",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := buckets(c).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("landfall-trail"), Key: aws.String("one")})
				return err
			}},

		{name: "a workload makes a role", account: "orders-dev", action: "iam:CreateRole", resource: role + "orders", send: createRole("orders")},
		{name: "a workload makes a role with a name of the zone", account: "orders-dev", action: "iam:CreateRole", resource: role + "landfall-x", send: createRole("landfall-x")},
		{name: "a workload reads a role of the zone", account: "orders-dev", action: "iam:GetRole", resource: role + zonesRole,
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := iam.NewFromConfig(c).GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(zonesRole)})
				return err
			}},
		{name: "a workload deletes a role of the zone", account: "orders-dev", action: "iam:DeleteRole", resource: role + zonesRole,
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := iam.NewFromConfig(c).DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String(zonesRole)})
				return err
			}},
		{name: "a workload makes a user", account: "orders-dev", action: "iam:CreateUser", resource: "arn:aws:iam::ACCOUNT:user/legacy", send: createUser},
		{name: "the security account makes a user", account: "audit", action: "iam:CreateUser", resource: "arn:aws:iam::ACCOUNT:user/legacy", send: createUser},
		{name: "the management account makes a user", account: "", action: "iam:CreateUser", resource: "arn:aws:iam::ACCOUNT:user/legacy", send: createUser},
		{name: "a workload names its account", account: "orders-dev", action: "iam:CreateAccountAlias", resource: "*", send: createAlias("orders-dev")},
		{name: "the zone's role names an account", account: "orders-dev", role: true, action: "iam:CreateAccountAlias", resource: "*", send: createAlias("orders-dev"), differs: sessionARN},
		{name: "the management account names itself", account: "", action: "iam:CreateAccountAlias", resource: "*", send: createAlias("management")},
		{name: "a workload weakens the password policy", account: "orders-dev", action: "iam:DeleteAccountPasswordPolicy", resource: "*",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := iam.NewFromConfig(c).DeleteAccountPasswordPolicy(ctx, &iam.DeleteAccountPasswordPolicyInput{})
				return err
			}},
		{name: "a workload trusts GitHub", account: "orders-dev", action: "iam:CreateOpenIDConnectProvider",
			resource: "arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com", send: createProvider("https://token.actions.githubusercontent.com")},
		{name: "a workload trusts an unknown identity provider", account: "orders-dev", action: "iam:CreateOpenIDConnectProvider",
			resource: "arn:aws:iam::ACCOUNT:oidc-provider/login.example.com", send: createProvider("https://login.example.com")},

		{name: "a workload makes a key", account: "orders-prod", action: "kms:CreateKey", resource: "*",
			context: map[string]policy.Values{"kms:KeyOrigin": {"AWS_KMS"}, "kms:BypassPolicyLockoutSafetyCheck": {"false"}},
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := kms.NewFromConfig(c).CreateKey(ctx, &kms.CreateKeyInput{})
				return err
			}},
		{name: "a workload makes a key with material from elsewhere", account: "orders-prod", action: "kms:CreateKey", resource: "*",
			context: map[string]policy.Values{"kms:KeyOrigin": {"EXTERNAL"}, "kms:BypassPolicyLockoutSafetyCheck": {"false"}},
			differs: "has no kms:KeyOrigin in the context of a request",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := kms.NewFromConfig(c).CreateKey(ctx, &kms.CreateKeyInput{Origin: kmstypes.OriginTypeExternal})
				return err
			}},
		{name: "a workload encrypts with its key", account: "orders-prod", action: "kms:Encrypt", resource: "KEY",
			send: func(ctx context.Context, c aws.Config, o *organization) error {
				_, err := kms.NewFromConfig(c).Encrypt(ctx, &kms.EncryptInput{KeyId: aws.String(o.keys["orders-prod"]), Plaintext: []byte("x")})
				return err
			}},
		{name: "production disables a key", account: "orders-prod", action: "kms:DisableKey", resource: "KEY", send: disableKey("orders-prod")},
		{name: "development disables a key", account: "orders-dev", action: "kms:DisableKey", resource: "KEY", send: disableKey("orders-dev")},
		{name: "the log archive disables a key", account: "log-archive", action: "kms:DisableKey", resource: "KEY", send: disableKey("log-archive")},
		{name: "production deletes a key", account: "orders-prod", action: "kms:ScheduleKeyDeletion", resource: "KEY", context: deletion, send: scheduleDeletion("orders-prod")},
		{name: "development deletes a key after the longest time", account: "orders-dev", action: "kms:ScheduleKeyDeletion", resource: "KEY", context: deletion, send: scheduleDeletion("orders-dev")},
		{name: "the log archive lists its keys", account: "log-archive", action: "kms:ListKeys", resource: "*",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := kms.NewFromConfig(c).ListKeys(ctx, &kms.ListKeysInput{})
				return err
			}},
		{name: "a workload lists its keys in another Region", account: "orders-prod", region: outside, action: "kms:ListKeys", resource: "*",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := kms.NewFromConfig(c).ListKeys(ctx, &kms.ListKeysInput{})
				return err
			}},

		{name: "a workload lists its functions", account: "shared-network", action: "lambda:ListFunctions", resource: "*", send: listFunctions},
		{name: "a workload lists its functions in another Region", account: "shared-network", region: outside, action: "lambda:ListFunctions", resource: "*", send: listFunctions},
		{name: "a workload deletes a function of the zone", account: "shared-network", action: "lambda:DeleteFunction", resource: "arn:aws:lambda:us-east-1:ACCOUNT:function:landfall-x",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := lambda.NewFromConfig(c).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("landfall-x")})
				return err
			}},

		{name: "a suspended account lists its topics", account: "former", action: "sns:ListTopics", resource: "*",
			send: func(ctx context.Context, c aws.Config, _ *organization) error {
				_, err := sns.NewFromConfig(c).ListTopics(ctx, &sns.ListTopicsInput{})
				return err
			}},
		{name: "a suspended account makes a topic", account: "former", action: "sns:CreateTopic", resource: topic + "orders", send: createTopic("orders")},
		{name: "the zone's role makes a topic of the zone in a suspended account", account: "former", role: true, action: "sns:CreateTopic", resource: topic + "landfall-x", send: createTopic("landfall-x"), differs: sessionARN},
		{name: "the zone's role makes a topic of the zone", account: "audit", role: true, action: "sns:CreateTopic", resource: topic + "landfall-x", send: createTopic("landfall-x"), differs: sessionARN},
	}
}

func listFunctions(ctx context.Context, c aws.Config, _ *organization) error {
	_, err := lambda.NewFromConfig(c).ListFunctions(ctx, &lambda.ListFunctionsInput{})
	return err
}
