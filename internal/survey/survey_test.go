package survey_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/initialize"
	"github.com/landfall-aws/landfall/internal/survey"
)

func start(t testing.TB, o fakeaws.Options) (*fakeaws.Server, aws.Config) {
	t.Helper()
	server := fakeaws.New(o)
	t.Cleanup(server.Close)
	return server, aws.Config{BaseEndpoint: aws.String(server.URL), Region: "eu-central-1",
		Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""), HTTPClient: &http.Client{}}
}

func soon(int) time.Duration { return time.Millisecond }

// seed puts OUs, accounts with tags, and a delegated administrator into the organization.
func seed(t testing.TB, server *fakeaws.Server, config aws.Config) (security, orders, loose string) {
	t.Helper()
	client := organizations.NewFromConfig(config)
	move := func(id, path string) {
		_, err := client.MoveAccount(t.Context(), &organizations.MoveAccountInput{AccountId: aws.String(id), SourceParentId: aws.String("r-ex01"),
			DestinationParentId: aws.String(server.AddOrganizationalUnit(path))})
		require.NoError(t, err)
	}
	security = server.AddAccount("security", "security@example.com")
	move(security, "Core")
	orders = server.AddAccount("orders", "orders@example.com")
	move(orders, "Workloads/Prod/Europe")
	for i := range 50 {
		server.SetTag(orders, fmt.Sprintf("key-%02d", i), "value")
	}
	loose = server.AddAccount("loose", "loose@example.com")
	closed := server.AddAccount("closed", "closed@example.com")
	server.SetAccountState(closed, "CLOSED")
	for _, p := range []string{"guardduty.amazonaws.com", "config.amazonaws.com", "access-analyzer.amazonaws.com"} {
		server.AddTrustedAccess(p)
	}
	for _, p := range []string{"guardduty.amazonaws.com", "config.amazonaws.com"} {
		_, err := client.RegisterDelegatedAdministrator(t.Context(), &organizations.RegisterDelegatedAdministratorInput{AccountId: aws.String(security), ServicePrincipal: aws.String(p)})
		require.NoError(t, err)
	}
	server.ForgetCalls()
	return security, orders, loose
}

func account(t *testing.T, o *initialize.Organization, id string) initialize.Account {
	t.Helper()
	i := slices.IndexFunc(o.Accounts, func(a initialize.Account) bool { return a.ID == id })
	require.GreaterOrEqual(t, i, 0, "account %s", id)
	return o.Accounts[i]
}

func TestTheOrganizationIsReadWhateverTheSizeOfPages(t *testing.T) {
	for name, o := range map[string]fakeaws.Options{
		"full pages":           {FeatureSet: "ALL"},
		"pages of one":         {FeatureSet: "ALL", PageSize: 1},
		"an empty page first":  {FeatureSet: "ALL", PageSize: 3, EmptyFirstPage: true},
		"requests are limited": {FeatureSet: "ALL", PageSize: 1, RateLimits: true, Tick: 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			server, config := start(t, o)
			limited := config.Copy()
			security, orders, loose := seed(t, server, limited)
			got, err := survey.Read(t.Context(), config, survey.Options{Backoff: soon})
			require.NoError(t, err)
			assert.Empty(t, server.Mutations(), "reading changes nothing")
			assert.Equal(t, "o-exampleorgid", got.ID)
			assert.Equal(t, fakeaws.ManagementAccountID, got.ManagementAccountID)
			assert.True(t, got.AllFeatures)
			assert.Equal(t, []string{"SERVICE_CONTROL_POLICY"}, got.PolicyTypes)
			assert.Equal(t, 1, got.RootPolicies)
			assert.Equal(t, []string{"access-analyzer.amazonaws.com", "config.amazonaws.com", "guardduty.amazonaws.com"}, got.TrustedAccess)
			assert.Equal(t, map[string][]string{"config.amazonaws.com": {security}, "guardduty.amazonaws.com": {security}}, got.Delegated)
			require.Len(t, got.Accounts, 5)
			assert.Len(t, account(t, got, orders).Tags, 50)
			assert.Empty(t, account(t, got, loose).UnitID)
			assert.Equal(t, "Workloads/Prod/Europe", path(got, account(t, got, orders).UnitID))
			require.Len(t, got.Units, 4)
			for _, state := range got.Accounts {
				if state.Name == "closed" {
					assert.Equal(t, "CLOSED", state.State)
				}
			}
		})
	}
}

func path(o *initialize.Organization, id string) string {
	for _, u := range o.Units {
		if u.ID == id {
			return strings.TrimPrefix(path(o, u.ParentID)+"/"+u.Name, "/")
		}
	}
	return ""
}

func TestEachMissingPermissionIsNamed(t *testing.T) {
	for _, action := range survey.Actions(survey.Options{}) {
		t.Run(action, func(t *testing.T) {
			server, config := start(t, fakeaws.Options{FeatureSet: "ALL"})
			seed(t, server, config)
			server.Fault(func(c fakeaws.Call) fakeaws.Fault {
				if c.Name() == action {
					return fakeaws.Denied
				}
				return fakeaws.NoFault
			})
			_, err := survey.Read(t.Context(), config, survey.Options{Backoff: soon})
			var denied *survey.Error
			require.ErrorAs(t, err, &denied)
			assert.Equal(t, action, denied.Action)
			assert.Contains(t, err.Error(), "AWS refused "+action+" to arn:aws:")
			assert.Contains(t, err.Error(), "organizations:ListRoots", "what else is needed")
		})
	}
}

func TestTheActionsAreExactlyTheRequestsOfAReading(t *testing.T) {
	server, config := start(t, fakeaws.Options{FeatureSet: "ALL"})
	seed(t, server, config)
	for _, o := range []survey.Options{{}, {NoTags: true}} {
		server.ForgetCalls()
		_, err := survey.Read(t.Context(), config, o)
		require.NoError(t, err)
		var made []string
		for _, c := range server.Calls() {
			if c.Service != "sts" { // GetCallerIdentity needs no permission.
				made = append(made, c.Name())
			}
		}
		slices.Sort(made)
		assert.Equal(t, survey.Actions(o), slices.Compact(made))
	}
}

func TestPassingFailuresAreRepeated(t *testing.T) {
	for _, fault := range []fakeaws.Fault{fakeaws.Throttle, fakeaws.InternalError, fakeaws.LostResponse} {
		t.Run(fault.String(), func(t *testing.T) {
			server, config := start(t, fakeaws.Options{FeatureSet: "ALL", PageSize: 2})
			seed(t, server, config)
			var n atomic.Int64
			server.Fault(func(c fakeaws.Call) fakeaws.Fault {
				if n.Add(1)%3 != 0 {
					return fault
				}
				return fakeaws.NoFault
			})
			got, err := survey.Read(t.Context(), config, survey.Options{Backoff: soon})
			require.NoError(t, err)
			assert.Len(t, got.Accounts, 5)
		})
	}
}

func TestWhatNobodyCanReadIsSaidPlainly(t *testing.T) {
	t.Run("no organization", func(t *testing.T) {
		_, config := start(t, fakeaws.Options{})
		_, err := survey.Read(t.Context(), config, survey.Options{})
		require.ErrorContains(t, err, "belongs to no organization")
		require.ErrorContains(t, err, "leave out --from-organization")
	})
	t.Run("throttling without end", func(t *testing.T) {
		server, config := start(t, fakeaws.Options{FeatureSet: "ALL"})
		server.Fault(func(c fakeaws.Call) fakeaws.Fault {
			if c.Operation == "ListRoots" {
				return fakeaws.Throttle
			}
			return fakeaws.NoFault
		})
		_, err := survey.Read(t.Context(), config, survey.Options{Backoff: soon})
		require.ErrorContains(t, err, "organizations:ListRoots with TooManyRequestsException")
	})
	t.Run("a member account", func(t *testing.T) {
		server, config := start(t, fakeaws.Options{FeatureSet: "ALL"})
		member := server.AddAccount("member", "member@example.com")
		assumed, err := sts.NewFromConfig(config).AssumeRole(t.Context(), &sts.AssumeRoleInput{
			RoleArn: aws.String("arn:aws:iam::" + member + ":role/reader"), RoleSessionName: aws.String("test")})
		require.NoError(t, err)
		config.Credentials = credentials.NewStaticCredentialsProvider(*assumed.Credentials.AccessKeyId, *assumed.Credentials.SecretAccessKey, *assumed.Credentials.SessionToken)
		_, err = survey.Read(t.Context(), config, survey.Options{})
		require.ErrorContains(t, err, "account "+member+" is not the management account")
		require.ErrorContains(t, err, "use credentials of account "+fakeaws.ManagementAccountID)
	})
	t.Run("no credentials", func(t *testing.T) {
		_, config := start(t, fakeaws.Options{FeatureSet: "ALL"})
		config.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no profile")
		})
		_, err := survey.Read(t.Context(), config, survey.Options{Backoff: soon})
		require.ErrorContains(t, err, "there are no credentials: no profile")
	})
	t.Run("nobody answers", func(t *testing.T) {
		server, config := start(t, fakeaws.Options{FeatureSet: "ALL"})
		server.Close()
		_, err := survey.Read(t.Context(), config, survey.Options{Backoff: soon})
		require.ErrorContains(t, err, "AWS cannot be reached for sts:GetCallerIdentity")
	})
	t.Run("an interruption", func(t *testing.T) {
		_, config := start(t, fakeaws.Options{FeatureSet: "ALL"})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := survey.Read(ctx, config, survey.Options{})
		require.ErrorContains(t, err, "interrupted")
	})
}

func TestAnOrganizationWithoutAllFeaturesIsRead(t *testing.T) {
	server, config := start(t, fakeaws.Options{FeatureSet: "CONSOLIDATED_BILLING"})
	server.AddAccount("orders", "orders@example.com")
	got, err := survey.Read(t.Context(), config, survey.Options{})
	require.NoError(t, err)
	assert.False(t, got.AllFeatures)
	assert.Len(t, got.Accounts, 2)
}

// TestFiveThousandAccountsAreRead reads the largest zone, and counts the requests.
func TestFiveThousandAccountsAreRead(t *testing.T) {
	server, config := start(t, fakeaws.Options{FeatureSet: "ALL", Tick: time.Microsecond})
	for i := range 5000 {
		server.AddAccount(fmt.Sprintf("account-%04d", i), fmt.Sprintf("aws+account-%04d@example.com", i))
	}
	var last atomic.Int64
	got, err := survey.Read(t.Context(), config, survey.Options{NoTags: true, Progress: func(p survey.Progress) { last.Store(int64(p.Accounts)) }})
	require.NoError(t, err)
	assert.Len(t, got.Accounts, 5001)
	assert.EqualValues(t, 5001, last.Load())
	assert.LessOrEqual(t, len(server.Calls()), 260, "pages of 20 and little else")
}
