package fakeaws_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/fakeaws"
)

// client sends each request once.
func client(server *fakeaws.Server, key string) *organizations.Client {
	return organizations.New(organizations.Options{Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(key, "secret", "")})
}

func start(t *testing.T, options fakeaws.Options) (*fakeaws.Server, *organizations.Client) {
	t.Helper()
	server := fakeaws.New(options)
	t.Cleanup(server.Close)
	return server, client(server, "AKIAEXAMPLE")
}

func TestPolicyWritesAreThrottledAtTwoPerSecondWithABurstOfThree(t *testing.T) {
	server, c := start(t, fakeaws.Options{FeatureSet: "ALL", RateLimits: true, Tick: time.Millisecond})
	write := func(i int) error {
		_, err := c.CreatePolicy(t.Context(), &organizations.CreatePolicyInput{Name: aws.String(fmt.Sprint("p", i)), Description: aws.String("d"),
			Content: aws.String(denyLeaving), Type: types.PolicyTypeServiceControlPolicy})
		return err
	}
	for i := range 3 {
		require.NoError(t, write(i))
	}
	answered(t, write(3), "TooManyRequestsException")
	server.Advance(500 * time.Millisecond)
	require.NoError(t, write(3))
	answered(t, write(4), "TooManyRequestsException")
}

func TestAnOrganizationThatIsFinalizingRefusesAccounts(t *testing.T) {
	server, c := start(t, fakeaws.Options{Finalizing: time.Hour})
	_, err := c.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{})
	require.NoError(t, err)
	request := &organizations.CreateAccountInput{AccountName: aws.String("a"), Email: aws.String("a@example.com")}
	_, err = c.CreateAccount(t.Context(), request)
	answered(t, err, "FinalizingOrganizationException")
	server.Advance(time.Hour)
	_, err = c.CreateAccount(t.Context(), request)
	require.NoError(t, err)
	_, err = c.CreateAccount(t.Context(), &organizations.CreateAccountInput{AccountName: aws.String("b"), Email: aws.String("b@example.com")})
	answered(t, err, "ConcurrentModificationException")
}

func TestAListIsStaleForTheConfiguredNumberOfReads(t *testing.T) {
	_, c := start(t, fakeaws.Options{FeatureSet: "ALL", StaleReads: 2})
	roots, err := c.ListRoots(t.Context(), &organizations.ListRootsInput{})
	require.NoError(t, err)
	root := roots.Roots[0].Id
	_, err = c.CreateOrganizationalUnit(t.Context(), &organizations.CreateOrganizationalUnitInput{ParentId: root, Name: aws.String("Workloads")})
	require.NoError(t, err)
	for _, want := range []int{0, 0, 1} {
		listed, err := c.ListOrganizationalUnitsForParent(t.Context(), &organizations.ListOrganizationalUnitsForParentInput{ParentId: root})
		require.NoError(t, err)
		assert.Len(t, listed.OrganizationalUnits, want)
	}
}

func TestAPageCanBeEmptyAndHaveASuccessor(t *testing.T) {
	_, c := start(t, fakeaws.Options{FeatureSet: "ALL", EmptyFirstPage: true})
	first, err := c.ListAccounts(t.Context(), &organizations.ListAccountsInput{})
	require.NoError(t, err)
	assert.Empty(t, first.Accounts)
	require.NotNil(t, first.NextToken)
	second, err := c.ListAccounts(t.Context(), &organizations.ListAccountsInput{NextToken: first.NextToken})
	require.NoError(t, err)
	assert.Len(t, second.Accounts, 1)
	assert.Nil(t, second.NextToken)
}

func TestAssumedKeysActInTheMemberAccount(t *testing.T) {
	server, c := start(t, fakeaws.Options{FeatureSet: "ALL"})
	id := server.AddAccount("orders", "orders@example.com")
	roles := sts.New(sts.Options{Region: "eu-central-1", BaseEndpoint: aws.String(server.URL),
		Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")})
	assumed, err := roles.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + id + ":role/Admin"), RoleSessionName: aws.String("s")})
	require.NoError(t, err)
	member := client(server, aws.ToString(assumed.Credentials.AccessKeyId))
	_, err = member.ListAccounts(t.Context(), &organizations.ListAccountsInput{})
	answered(t, err, "AccessDeniedException")
	described, err := member.DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{})
	require.NoError(t, err)
	assert.Equal(t, fakeaws.ManagementAccountID, aws.ToString(described.Organization.MasterAccountId))
	_, err = c.ListAccounts(t.Context(), &organizations.ListAccountsInput{})
	require.NoError(t, err)
	_, err = roles.AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::999999999999:role/Admin"), RoleSessionName: aws.String("s")})
	answered(t, err, "AccessDenied")
}

func TestALostAnswerHasItsEffect(t *testing.T) {
	server, c := start(t, fakeaws.Options{FeatureSet: "ALL"})
	server.Fault(func(call fakeaws.Call) fakeaws.Fault {
		if call.Mutating {
			return fakeaws.LostResponse
		}
		return fakeaws.NoFault
	})
	_, err := c.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("config.amazonaws.com")})
	require.Error(t, err)
	assert.Contains(t, server.Snapshot(), "trusted access config.amazonaws.com")
}

func TestAFaultWithoutEffectChangesNothing(t *testing.T) {
	for _, fault := range []fakeaws.Fault{fakeaws.Throttle, fakeaws.InternalError, fakeaws.Timeout} {
		t.Run(fault.String(), func(t *testing.T) {
			server := fakeaws.New(fakeaws.Options{FeatureSet: "ALL"})
			t.Cleanup(server.Close)
			before := server.Snapshot()
			server.Fault(func(fakeaws.Call) fakeaws.Fault { return fault })
			c := organizations.New(organizations.Options{Region: "eu-central-1", BaseEndpoint: aws.String(server.URL), Retryer: aws.NopRetryer{},
				HTTPClient: &http.Client{Timeout: 50 * time.Millisecond}, Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")})
			_, err := c.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("config.amazonaws.com")})
			require.Error(t, err)
			server.Fault(nil)
			assert.Equal(t, before, server.Snapshot())
		})
	}
}

func TestTheServerTakesRequestsFromSeveralGoroutines(t *testing.T) {
	server, c := start(t, fakeaws.Options{FeatureSet: "ALL"})
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			_, err := c.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String(fmt.Sprintf("s%d.amazonaws.com", i))})
			assert.NoError(t, err)
			server.Snapshot()
		})
	}
	wait.Wait()
	assert.Len(t, server.Mutations(), 20)
}
