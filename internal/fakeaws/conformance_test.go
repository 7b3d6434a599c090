package fakeaws_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	identitytypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/organization"
)

// The conformance suite states what this project relies on. It runs against the fake, and
// against another emulator when these variables are set, so that the fake is not the only
// witness of its own behaviour:
//
//	LANDFALL_CONFORMANCE_ENDPOINT   for example http://localhost:5000
//	LANDFALL_CONFORMANCE_EMULATOR   "moto" or "fakecloud": how to reset it, and what it lacks
const (
	endpointVariable = "LANDFALL_CONFORMANCE_ENDPOINT"
	emulatorVariable = "LANDFALL_CONFORMANCE_EMULATOR"
)

// resetPaths empty an emulator between cases.
var resetPaths = map[string]string{"moto": "/moto-api/reset", "fakecloud": "/_reset"}

// emulator is what a case runs against.
type emulator struct {
	contacts       *account.Client
	organizations  *organizations.Client
	cloudformation *cloudformation.Client
	sts            *sts.Client
	sso            *ssoadmin.Client
	identitystore  *identitystore.Client
	operations     *organization.Client
	// wait lets time pass until the emulator has done asynchronous work.
	wait func()
}

type conformanceCase struct {
	name string
	run  func(t *testing.T, e emulator)
	// elsewhere says why an emulator cannot run the case.
	elsewhere map[string]string
}

func newEmulator(t *testing.T) emulator {
	t.Helper()
	endpoint, name := os.Getenv(endpointVariable), os.Getenv(emulatorVariable)
	e := emulator{wait: func() { time.Sleep(500 * time.Millisecond) }}
	now := time.Now
	if endpoint == "" {
		server := fakeaws.New(fakeaws.Options{AccountCreation: 10 * time.Second, PolicyTypeChange: 5 * time.Second, PageSize: 3})
		t.Cleanup(server.Close)
		// Emulators have an instance of IAM Identity Center from the start, because no API makes one.
		server.AddInstance(fakeaws.Instance{ARN: "arn:aws:sso:::instance/ssoins-0123456789abcdef", IdentityStoreID: "d-0123456789",
			Owner: fakeaws.ManagementAccountID, Region: "eu-central-1"})
		endpoint, now = server.URL, server.Now
		e.wait = func() { server.Advance(5 * time.Second) }
	} else {
		path, known := resetPaths[name]
		require.True(t, known, "%s must be moto or fakecloud, but is %q", emulatorVariable, name)
		response, err := http.Post(endpoint+path, "", nil)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.Less(t, response.StatusCode, 300, "resetting %s", name)
	}
	config := aws.Config{Region: "eu-central-1", BaseEndpoint: aws.String(endpoint),
		Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")}
	e.contacts = account.NewFromConfig(config)
	e.organizations = organizations.NewFromConfig(config)
	e.cloudformation = cloudformation.NewFromConfig(config)
	e.sts = sts.NewFromConfig(config)
	e.sso = ssoadmin.NewFromConfig(config)
	e.identitystore = identitystore.NewFromConfig(config)
	e.operations = organization.New(config, organization.WithClock(now))
	return e
}

func TestConformance(t *testing.T) {
	against := os.Getenv(emulatorVariable)
	for _, c := range conformanceCases() {
		t.Run(c.name, func(t *testing.T) {
			if why := c.elsewhere[against]; why != "" {
				t.Skipf("not on %s: %s", against, why)
			}
			c.run(t, newEmulator(t))
		})
	}
}

// answered checks the error code of an answer.
func answered(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	if assert.Error(t, err) && assert.ErrorAs(t, err, &api) {
		assert.Equal(t, code, api.ErrorCode(), api.ErrorMessage())
	}
}

// root creates the organization and returns the id of its root.
func (e emulator) root(t *testing.T) *string {
	t.Helper()
	_, err := e.organizations.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{FeatureSet: types.OrganizationFeatureSetAll})
	require.NoError(t, err)
	roots, err := e.organizations.ListRoots(t.Context(), &organizations.ListRootsInput{})
	require.NoError(t, err)
	require.Len(t, roots.Roots, 1)
	return roots.Roots[0].Id
}

func (e emulator) unit(t *testing.T, parent *string, name string) *string {
	t.Helper()
	created, err := e.organizations.CreateOrganizationalUnit(t.Context(), &organizations.CreateOrganizationalUnitInput{ParentId: parent, Name: aws.String(name)})
	require.NoError(t, err)
	return created.OrganizationalUnit.Id
}

// creation creates an account and returns the final status.
func (e emulator) creation(t *testing.T, name, email string) *types.CreateAccountStatus {
	t.Helper()
	created, err := e.organizations.CreateAccount(t.Context(), &organizations.CreateAccountInput{AccountName: aws.String(name), Email: aws.String(email)})
	require.NoError(t, err)
	for range 40 {
		status, err := e.organizations.DescribeCreateAccountStatus(t.Context(),
			&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: created.CreateAccountStatus.Id})
		require.NoError(t, err)
		if status.CreateAccountStatus.State != types.CreateAccountStateInProgress {
			return status.CreateAccountStatus
		}
		e.wait()
	}
	t.Fatalf("the account %s is still being created", name)
	return nil
}

func (e emulator) account(t *testing.T, name string) *string {
	t.Helper()
	status := e.creation(t, name, name+"@example.com")
	require.Equal(t, types.CreateAccountStateSucceeded, status.State, status.FailureReason)
	return status.AccountId
}

func (e emulator) enableType(t *testing.T, root *string, policyType types.PolicyType) {
	t.Helper()
	_, err := e.organizations.EnablePolicyType(t.Context(), &organizations.EnablePolicyTypeInput{RootId: root, PolicyType: policyType})
	require.NoError(t, err)
	for range 20 {
		roots, err := e.organizations.ListRoots(t.Context(), &organizations.ListRootsInput{})
		require.NoError(t, err)
		for _, summary := range roots.Roots[0].PolicyTypes {
			if summary.Type == policyType && summary.Status == types.PolicyTypeStatusEnabled {
				return
			}
		}
		e.wait()
	}
	t.Fatalf("the policy type %s is not enabled", policyType)
}

const denyLeaving = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:LeaveOrganization","Resource":"*"}]}`

func conformanceCases() []conformanceCase {
	return []conformanceCase{
		{name: "an account without an organization is told so", run: func(t *testing.T, e emulator) {
			_, err := e.organizations.DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{})
			answered(t, err, "AWSOrganizationsNotInUseException")
		}},
		{name: "a new organization has all features, one root and the management account", run: func(t *testing.T, e emulator) {
			root := e.root(t)
			assert.Regexp(t, "^r-[0-9a-z]{4,32}$", aws.ToString(root))
			described, err := e.organizations.DescribeOrganization(t.Context(), &organizations.DescribeOrganizationInput{})
			require.NoError(t, err)
			assert.Equal(t, types.OrganizationFeatureSetAll, described.Organization.FeatureSet)
			caller, err := e.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			require.NoError(t, err)
			assert.Equal(t, caller.Account, described.Organization.MasterAccountId)
			accounts, err := e.organizations.ListAccounts(t.Context(), &organizations.ListAccountsInput{})
			require.NoError(t, err)
			require.Len(t, accounts.Accounts, 1)
			assert.Equal(t, caller.Account, accounts.Accounts[0].Id)
		}},
		{name: "a second organization is refused", run: func(t *testing.T, e emulator) {
			e.root(t)
			_, err := e.organizations.CreateOrganization(t.Context(), &organizations.CreateOrganizationInput{})
			answered(t, err, "AlreadyInOrganizationException")
		}},
		{name: "an OU name exists once below a parent", elsewhere: map[string]string{
			"moto": "creates a second OU with the same name",
		}, run: func(t *testing.T, e emulator) {
			root := e.root(t)
			e.unit(t, root, "Workloads")
			_, err := e.organizations.CreateOrganizationalUnit(t.Context(), &organizations.CreateOrganizationalUnitInput{ParentId: root, Name: aws.String("Workloads")})
			answered(t, err, "DuplicateOrganizationalUnitException")
		}},
		{name: "an OU is listed below its parent, which may have the same name", run: func(t *testing.T, e emulator) {
			workloads := e.unit(t, e.root(t), "Workloads")
			nested := e.unit(t, workloads, "Workloads")
			below, err := e.organizations.ListOrganizationalUnitsForParent(t.Context(), &organizations.ListOrganizationalUnitsForParentInput{ParentId: workloads})
			require.NoError(t, err)
			require.Len(t, below.OrganizationalUnits, 1)
			assert.Equal(t, nested, below.OrganizationalUnits[0].Id)
			assert.Contains(t, aws.ToString(below.OrganizationalUnits[0].Arn), aws.ToString(nested))
		}},
		{name: "an OU below a parent that does not exist is refused", elsewhere: map[string]string{
			"moto": "creates an OU below any parent id",
		}, run: func(t *testing.T, e emulator) {
			e.root(t)
			_, err := e.organizations.CreateOrganizationalUnit(t.Context(), &organizations.CreateOrganizationalUnitInput{ParentId: aws.String("ou-ab12-11111111"), Name: aws.String("x")})
			answered(t, err, "ParentNotFoundException")
		}},
		{name: "OUs nest five levels deep", elsewhere: map[string]string{
			"moto":      "does not know the depth quota",
			"fakecloud": "does not know the depth quota",
		}, run: func(t *testing.T, e emulator) {
			parent := e.root(t)
			for level := range 5 {
				parent = e.unit(t, parent, fmt.Sprintf("level-%d", level+1))
			}
			_, err := e.organizations.CreateOrganizationalUnit(t.Context(), &organizations.CreateOrganizationalUnitInput{ParentId: parent, Name: aws.String("level-6")})
			answered(t, err, "ConstraintViolationException")
			var constraint *types.ConstraintViolationException
			if errors.As(err, &constraint) {
				assert.Equal(t, types.ConstraintViolationExceptionReasonOuDepthLimitExceeded, constraint.Reason)
			}
		}},
		{name: "a new account lands in the root and is listed and described", run: func(t *testing.T, e emulator) {
			root := e.root(t)
			id := e.account(t, "orders")
			parents, err := e.organizations.ListParents(t.Context(), &organizations.ListParentsInput{ChildId: id})
			require.NoError(t, err)
			require.Len(t, parents.Parents, 1)
			assert.Equal(t, root, parents.Parents[0].Id)
			described, err := e.organizations.DescribeAccount(t.Context(), &organizations.DescribeAccountInput{AccountId: id})
			require.NoError(t, err)
			assert.Equal(t, "orders@example.com", aws.ToString(described.Account.Email))
			assert.Equal(t, "orders", aws.ToString(described.Account.Name))
			succeeded, err := e.organizations.ListCreateAccountStatus(t.Context(),
				&organizations.ListCreateAccountStatusInput{States: []types.CreateAccountState{types.CreateAccountStateSucceeded}})
			require.NoError(t, err)
			// moto also lists the management account.
			assert.True(t, slices.ContainsFunc(succeeded.CreateAccountStatuses, func(s types.CreateAccountStatus) bool {
				return aws.ToString(s.AccountId) == aws.ToString(id) && aws.ToString(s.AccountName) == "orders"
			}))
		}},
		{name: "an e-mail address is taken once", elsewhere: map[string]string{
			"moto": "creates a second account with the same e-mail address",
		}, run: func(t *testing.T, e emulator) {
			e.root(t)
			e.account(t, "orders")
			again := e.creation(t, "other", "orders@example.com")
			assert.Equal(t, types.CreateAccountStateFailed, again.State)
			assert.Equal(t, types.CreateAccountFailureReasonEmailAlreadyExists, again.FailureReason)
		}},
		{name: "an account that does not exist is not found", run: func(t *testing.T, e emulator) {
			e.root(t)
			_, err := e.organizations.DescribeAccount(t.Context(), &organizations.DescribeAccountInput{AccountId: aws.String("999999999999")})
			answered(t, err, "AccountNotFoundException")
		}},
		{name: "an account moves between parents", run: func(t *testing.T, e emulator) {
			root := e.root(t)
			destination := e.unit(t, root, "Workloads")
			id := e.account(t, "orders")
			_, err := e.organizations.MoveAccount(t.Context(), &organizations.MoveAccountInput{AccountId: id, SourceParentId: root, DestinationParentId: destination})
			require.NoError(t, err)
			parents, err := e.organizations.ListParents(t.Context(), &organizations.ListParentsInput{ChildId: id})
			require.NoError(t, err)
			require.Len(t, parents.Parents, 1)
			assert.Equal(t, destination, parents.Parents[0].Id)
		}},
		{name: "a move from where the account is not is refused", elsewhere: map[string]string{
			"moto":      "moves the account whatever the source is, and names an unknown destination ParentNotFoundException",
			"fakecloud": "accepts a move to where the account is",
		}, run: func(t *testing.T, e emulator) {
			root := e.root(t)
			one, two := e.unit(t, root, "One"), e.unit(t, root, "Two")
			id := e.account(t, "orders")
			_, err := e.organizations.MoveAccount(t.Context(), &organizations.MoveAccountInput{AccountId: id, SourceParentId: one, DestinationParentId: two})
			answered(t, err, "SourceParentNotFoundException")
			_, err = e.organizations.MoveAccount(t.Context(), &organizations.MoveAccountInput{AccountId: id, SourceParentId: root, DestinationParentId: root})
			answered(t, err, "DuplicateAccountException")
			_, err = e.organizations.MoveAccount(t.Context(), &organizations.MoveAccountInput{AccountId: id, SourceParentId: root, DestinationParentId: aws.String("ou-ab12-11111111")})
			answered(t, err, "DestinationParentNotFoundException")
		}},
		{name: "tags are set, changed and removed", run: func(t *testing.T, e emulator) {
			unit := e.unit(t, e.root(t), "Workloads")
			set := func(key, value string) {
				_, err := e.organizations.TagResource(t.Context(), &organizations.TagResourceInput{ResourceId: unit,
					Tags: []types.Tag{{Key: aws.String(key), Value: aws.String(value)}}})
				require.NoError(t, err)
			}
			set("a", "1")
			set("b", "1")
			set("a", "2")
			_, err := e.organizations.UntagResource(t.Context(), &organizations.UntagResourceInput{ResourceId: unit, TagKeys: []string{"b"}})
			require.NoError(t, err)
			listed, err := e.organizations.ListTagsForResource(t.Context(), &organizations.ListTagsForResourceInput{ResourceId: unit})
			require.NoError(t, err)
			require.Len(t, listed.Tags, 1)
			assert.Equal(t, "2", aws.ToString(listed.Tags[0].Value))
		}},
		{name: "a policy type is enabled once", elsewhere: map[string]string{
			"fakecloud": "accepts a type that is enabled",
		}, run: func(t *testing.T, e emulator) {
			root := e.root(t)
			e.enableType(t, root, types.PolicyTypeTagPolicy)
			_, err := e.organizations.EnablePolicyType(t.Context(), &organizations.EnablePolicyTypeInput{RootId: root, PolicyType: types.PolicyTypeTagPolicy})
			answered(t, err, "PolicyTypeAlreadyEnabledException")
		}},
		{name: "service control policies are on in a new organization and FullAWSAccess is attached", elsewhere: map[string]string{
			"moto": "starts without enabled policy types",
		}, run: func(t *testing.T, e emulator) {
			root := e.root(t)
			roots, err := e.organizations.ListRoots(t.Context(), &organizations.ListRootsInput{})
			require.NoError(t, err)
			require.Len(t, roots.Roots[0].PolicyTypes, 1)
			assert.Equal(t, types.PolicyTypeServiceControlPolicy, roots.Roots[0].PolicyTypes[0].Type)
			attached, err := e.organizations.ListPoliciesForTarget(t.Context(), &organizations.ListPoliciesForTargetInput{TargetId: root, Filter: types.PolicyTypeServiceControlPolicy})
			require.NoError(t, err)
			require.Len(t, attached.Policies, 1)
			assert.Equal(t, "p-FullAWSAccess", aws.ToString(attached.Policies[0].Id))
		}},
		{name: "a policy is created, attached, read, detached and deleted", run: func(t *testing.T, e emulator) {
			unit := e.unit(t, e.root(t), "Workloads")
			ensureServiceControlPolicies(t, e)
			input := &organizations.CreatePolicyInput{Name: aws.String("landfall-1"), Description: aws.String("d"),
				Content: aws.String(denyLeaving), Type: types.PolicyTypeServiceControlPolicy}
			created, err := e.organizations.CreatePolicy(t.Context(), input)
			require.NoError(t, err)
			id := created.Policy.PolicySummary.Id
			_, err = e.organizations.AttachPolicy(t.Context(), &organizations.AttachPolicyInput{PolicyId: id, TargetId: unit})
			require.NoError(t, err)
			_, err = e.organizations.DeletePolicy(t.Context(), &organizations.DeletePolicyInput{PolicyId: id})
			answered(t, err, "PolicyInUseException")
			described, err := e.organizations.DescribePolicy(t.Context(), &organizations.DescribePolicyInput{PolicyId: id})
			require.NoError(t, err)
			assert.JSONEq(t, denyLeaving, aws.ToString(described.Policy.Content))
			targets, err := e.organizations.ListTargetsForPolicy(t.Context(), &organizations.ListTargetsForPolicyInput{PolicyId: id})
			require.NoError(t, err)
			require.Len(t, targets.Targets, 1)
			_, err = e.organizations.DetachPolicy(t.Context(), &organizations.DetachPolicyInput{PolicyId: id, TargetId: unit})
			require.NoError(t, err)
			_, err = e.organizations.DeletePolicy(t.Context(), &organizations.DeletePolicyInput{PolicyId: id})
			require.NoError(t, err)
		}},
		{name: "a policy name and an attachment exist once", elsewhere: map[string]string{
			"moto":      "accepts a second policy with the same name and a second attachment",
			"fakecloud": "accepts a second attachment",
		}, run: func(t *testing.T, e emulator) {
			unit := e.unit(t, e.root(t), "Workloads")
			input := &organizations.CreatePolicyInput{Name: aws.String("landfall-1"), Description: aws.String("d"),
				Content: aws.String(denyLeaving), Type: types.PolicyTypeServiceControlPolicy}
			created, err := e.organizations.CreatePolicy(t.Context(), input)
			require.NoError(t, err)
			_, err = e.organizations.CreatePolicy(t.Context(), input)
			answered(t, err, "DuplicatePolicyException")
			attachment := &organizations.AttachPolicyInput{PolicyId: created.Policy.PolicySummary.Id, TargetId: unit}
			_, err = e.organizations.AttachPolicy(t.Context(), attachment)
			require.NoError(t, err)
			_, err = e.organizations.AttachPolicy(t.Context(), attachment)
			answered(t, err, "DuplicatePolicyAttachmentException")
			detachment := &organizations.DetachPolicyInput{PolicyId: attachment.PolicyId, TargetId: unit}
			_, err = e.organizations.DetachPolicy(t.Context(), detachment)
			require.NoError(t, err)
			_, err = e.organizations.DetachPolicy(t.Context(), detachment)
			answered(t, err, "PolicyNotAttachedException")
		}},
		{name: "a service control policy holds 10,240 characters and a target ten of them", elsewhere: map[string]string{
			"moto":      "does not know the quotas",
			"fakecloud": "does not know the quotas",
		}, run: func(t *testing.T, e emulator) {
			root := e.root(t)
			policy := func(name string, size int) (*string, error) {
				content := denyLeaving + strings.Repeat(" ", size-len(denyLeaving))
				created, err := e.organizations.CreatePolicy(t.Context(), &organizations.CreatePolicyInput{Name: aws.String(name),
					Description: aws.String("d"), Content: aws.String(content), Type: types.PolicyTypeServiceControlPolicy})
				if err != nil {
					return nil, err
				}
				return created.Policy.PolicySummary.Id, nil
			}
			_, err := policy("too-large", 10241)
			answered(t, err, "ConstraintViolationException")
			for i := range 10 {
				id, err := policy(fmt.Sprint("landfall-", i), 10240)
				require.NoError(t, err)
				_, err = e.organizations.AttachPolicy(t.Context(), &organizations.AttachPolicyInput{PolicyId: id, TargetId: root})
				if i < 9 {
					require.NoError(t, err, "FullAWSAccess and policy %d", i)
					continue
				}
				answered(t, err, "ConstraintViolationException")
			}
		}},
		{name: "trusted access is enabled, listed and enabled again without harm", run: func(t *testing.T, e emulator) {
			e.root(t)
			for range 2 {
				_, err := e.organizations.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("config.amazonaws.com")})
				require.NoError(t, err)
			}
			listed, err := e.organizations.ListAWSServiceAccessForOrganization(t.Context(), &organizations.ListAWSServiceAccessForOrganizationInput{})
			require.NoError(t, err)
			require.Len(t, listed.EnabledServicePrincipals, 1)
			assert.Equal(t, "config.amazonaws.com", aws.ToString(listed.EnabledServicePrincipals[0].ServicePrincipal))
		}},
		{name: "a delegated administrator is registered once", run: func(t *testing.T, e emulator) {
			e.root(t)
			id := e.account(t, "audit")
			principal := aws.String("guardduty.amazonaws.com")
			_, err := e.organizations.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: principal})
			require.NoError(t, err)
			register := &organizations.RegisterDelegatedAdministratorInput{AccountId: id, ServicePrincipal: principal}
			_, err = e.organizations.RegisterDelegatedAdministrator(t.Context(), register)
			require.NoError(t, err)
			_, err = e.organizations.RegisterDelegatedAdministrator(t.Context(), register)
			answered(t, err, "AccountAlreadyRegisteredException")
			listed, err := e.organizations.ListDelegatedAdministrators(t.Context(), &organizations.ListDelegatedAdministratorsInput{ServicePrincipal: principal})
			require.NoError(t, err)
			require.Len(t, listed.DelegatedAdministrators, 1)
			assert.Equal(t, id, listed.DelegatedAdministrators[0].Id)
			_, err = e.organizations.DeregisterDelegatedAdministrator(t.Context(), &organizations.DeregisterDelegatedAdministratorInput{AccountId: id, ServicePrincipal: principal})
			require.NoError(t, err)
			_, err = e.organizations.DeregisterDelegatedAdministrator(t.Context(), &organizations.DeregisterDelegatedAdministratorInput{AccountId: id, ServicePrincipal: principal})
			answered(t, err, "AccountNotRegisteredException")
		}},
		{name: "a delegated administrator needs trusted access first", elsewhere: map[string]string{
			"moto":      "registers without trusted access",
			"fakecloud": "refuses too, but with AWSOrganizationsNotInUseException",
		}, run: func(t *testing.T, e emulator) {
			e.root(t)
			_, err := e.organizations.RegisterDelegatedAdministrator(t.Context(), &organizations.RegisterDelegatedAdministratorInput{
				AccountId: e.account(t, "audit"), ServicePrincipal: aws.String("guardduty.amazonaws.com")})
			answered(t, err, "ConstraintViolationException")
		}},
		{name: "the management account cannot be a delegated administrator", elsewhere: map[string]string{
			"fakecloud": "registers the management account",
		}, run: func(t *testing.T, e emulator) {
			e.root(t)
			caller, err := e.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			require.NoError(t, err)
			_, err = e.organizations.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("guardduty.amazonaws.com")})
			require.NoError(t, err)
			_, err = e.organizations.RegisterDelegatedAdministrator(t.Context(), &organizations.RegisterDelegatedAdministratorInput{
				AccountId: caller.Account, ServicePrincipal: aws.String("guardduty.amazonaws.com")})
			answered(t, err, "ConstraintViolationException")
		}},
		{name: "a closed account stays listed", run: func(t *testing.T, e emulator) {
			e.root(t)
			id := e.account(t, "orders")
			_, err := e.organizations.CloseAccount(t.Context(), &organizations.CloseAccountInput{AccountId: id})
			require.NoError(t, err)
			described, err := e.organizations.DescribeAccount(t.Context(), &organizations.DescribeAccountInput{AccountId: id})
			require.NoError(t, err)
			state := string(described.Account.State)
			if state == "" {
				state = string(described.Account.Status)
			}
			assert.Contains(t, []string{"CLOSED", "SUSPENDED", "PENDING_CLOSURE"}, state)
		}},
		{name: "long lists come in pages", elsewhere: map[string]string{
			"fakecloud": "ignores MaxResults",
		}, run: func(t *testing.T, e emulator) {
			e.root(t)
			for i := range 5 {
				e.account(t, fmt.Sprint("account-", i))
			}
			seen := map[string]bool{}
			pages := organizations.NewListAccountsPaginator(e.organizations, &organizations.ListAccountsInput{MaxResults: aws.Int32(2)})
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				require.NoError(t, err)
				assert.LessOrEqual(t, len(page.Accounts), 2)
				for _, account := range page.Accounts {
					seen[aws.ToString(account.Id)] = true
				}
			}
			assert.Len(t, seen, 6)
		}},
		{name: "trusted access of StackSets is activated through CloudFormation", elsewhere: map[string]string{
			"moto": "answers 500 to ActivateOrganizationsAccess",
		}, run: func(t *testing.T, e emulator) {
			e.root(t)
			_, err := e.cloudformation.ActivateOrganizationsAccess(t.Context(), &cloudformation.ActivateOrganizationsAccessInput{})
			require.NoError(t, err)
			described, err := e.cloudformation.DescribeOrganizationsAccess(t.Context(), &cloudformation.DescribeOrganizationsAccessInput{})
			require.NoError(t, err)
			assert.Equal(t, "ENABLED", string(described.Status))
		}},
		{name: "a contact is absent, then as it was written, and another one in each account", run: func(t *testing.T, e emulator) {
			e.root(t)
			_, err := e.organizations.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("account.amazonaws.com")})
			require.NoError(t, err)
			member := e.account(t, "orders")
			for _, of := range []*string{nil, member} {
				get := &account.GetAlternateContactInput{AccountId: of, AlternateContactType: accounttypes.AlternateContactTypeSecurity}
				_, err := e.contacts.GetAlternateContact(t.Context(), get)
				answered(t, err, "ResourceNotFoundException")
				for _, name := range []string{"Security Team", "Another Team " + aws.ToString(of)} {
					_, err = e.contacts.PutAlternateContact(t.Context(), &account.PutAlternateContactInput{AccountId: of, AlternateContactType: accounttypes.AlternateContactTypeSecurity,
						Name: aws.String(name), Title: aws.String("On-call"), EmailAddress: aws.String("security@example.com"), PhoneNumber: aws.String("+49 30 1234567")})
					require.NoError(t, err)
				}
				_, err = e.contacts.GetAlternateContact(t.Context(), &account.GetAlternateContactInput{AccountId: of, AlternateContactType: accounttypes.AlternateContactTypeBilling})
				answered(t, err, "ResourceNotFoundException")
			}
			for _, of := range []*string{nil, member} {
				got, err := e.contacts.GetAlternateContact(t.Context(), &account.GetAlternateContactInput{AccountId: of, AlternateContactType: accounttypes.AlternateContactTypeSecurity})
				require.NoError(t, err)
				assert.Equal(t, &accounttypes.AlternateContact{AlternateContactType: accounttypes.AlternateContactTypeSecurity, Name: aws.String("Another Team " + aws.ToString(of)),
					Title: aws.String("On-call"), EmailAddress: aws.String("security@example.com"), PhoneNumber: aws.String("+49 30 1234567")}, got.AlternateContact)
			}
		}},
		{name: "a group is absent, then found by its name, and not made twice", elsewhere: map[string]string{
			"fakecloud": "nobody has compared IAM Identity Center there yet",
		}, run: func(t *testing.T, e emulator) {
			instances, err := e.sso.ListInstances(t.Context(), &ssoadmin.ListInstancesInput{RegionScope: ssotypes.RegionScopeAllRegions})
			require.NoError(t, err)
			require.Len(t, instances.Instances, 1)
			assert.Equal(t, ssotypes.InstanceStatusActive, instances.Instances[0].Status)
			store := instances.Instances[0].IdentityStoreId
			get := func(name string) (*identitystore.GetGroupIdOutput, error) {
				return e.identitystore.GetGroupId(t.Context(), &identitystore.GetGroupIdInput{IdentityStoreId: store,
					AlternateIdentifier: &identitytypes.AlternateIdentifierMemberUniqueAttribute{Value: identitytypes.UniqueAttribute{
						AttributePath: aws.String("displayName"), AttributeValue: document.NewLazyDocument(name)}}})
			}
			_, err = get("Platform Team")
			answered(t, err, "ResourceNotFoundException")
			made, err := e.identitystore.CreateGroup(t.Context(), &identitystore.CreateGroupInput{IdentityStoreId: store, DisplayName: aws.String("Platform Team"), Description: aws.String("runs the zone")})
			require.NoError(t, err)
			found, err := get("Platform Team")
			require.NoError(t, err)
			assert.Equal(t, made.GroupId, found.GroupId)
			_, err = e.identitystore.CreateGroup(t.Context(), &identitystore.CreateGroupInput{IdentityStoreId: store, DisplayName: aws.String("Platform Team")})
			answered(t, err, "ConflictException")
			_, err = get("platform team")
			answered(t, err, "ResourceNotFoundException")
		}},
		{name: "contacts of members need trusted access, and the management account must not name itself", elsewhere: map[string]string{
			"moto":      "asks for no trusted access",
			"fakecloud": "asks for no trusted access",
		}, run: func(t *testing.T, e emulator) {
			e.root(t)
			caller, err := e.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
			require.NoError(t, err)
			member := e.account(t, "orders")
			get := func(of *string) error {
				_, err := e.contacts.GetAlternateContact(t.Context(), &account.GetAlternateContactInput{AccountId: of, AlternateContactType: accounttypes.AlternateContactTypeSecurity})
				return err
			}
			answered(t, get(member), "AccessDeniedException")
			_, err = e.organizations.EnableAWSServiceAccess(t.Context(), &organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("account.amazonaws.com")})
			require.NoError(t, err)
			answered(t, get(member), "ResourceNotFoundException")
			answered(t, get(caller.Account), "AccessDeniedException")
			answered(t, get(aws.String("999999999999")), "AccessDeniedException")
		}},
		{name: "the operations build an organization and find it again", run: func(t *testing.T, e emulator) {
			ctx := t.Context()
			settle := func(step func() error) {
				t.Helper()
				for range 60 {
					err := step()
					var pending *organization.Pending
					if !errors.As(err, &pending) {
						require.NoError(t, err)
						return
					}
					e.wait()
				}
				t.Fatal("still pending")
			}
			build := func() organization.AccountState {
				settle(func() error { _, err := e.operations.EnsureOrganization(ctx); return err })
				settle(func() error {
					_, err := e.operations.EnsurePolicyTypes(ctx, []string{"SERVICE_CONTROL_POLICY", "TAG_POLICY"})
					return err
				})
				settle(func() error { return e.operations.EnsureTrustedAccess(ctx, "guardduty.amazonaws.com") })
				for _, path := range []string{"Workloads", "Workloads/Prod"} {
					settle(func() error {
						_, _, err := e.operations.EnsureOrganizationalUnit(ctx, organization.OrganizationalUnit{Path: path, Tags: map[string]string{"owner": "platform"}})
						return err
					})
				}
				var account organization.AccountState
				settle(func() (err error) {
					account, err = e.operations.EnsureAccount(ctx, organization.Account{Name: "orders", Email: "orders@example.com",
						OrganizationalUnitPath: "Workloads/Prod", Tags: map[string]string{"team": "orders"}, MayCreate: true, Started: started})
					return err
				})
				settle(func() error {
					return e.operations.EnsureDelegatedAdministrator(ctx, account.ID, "guardduty.amazonaws.com")
				})
				return account
			}
			first := build()
			assert.Equal(t, first, build())
			accounts, err := e.organizations.ListAccounts(ctx, &organizations.ListAccountsInput{})
			require.NoError(t, err)
			assert.Len(t, accounts.Accounts, 2)
		}},
	}
}

// started is a start before every creation of the suite.
var started = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// ensureServiceControlPolicies enables the type where an emulator starts without it.
func ensureServiceControlPolicies(t *testing.T, e emulator) {
	t.Helper()
	roots, err := e.organizations.ListRoots(t.Context(), &organizations.ListRootsInput{})
	require.NoError(t, err)
	for _, summary := range roots.Roots[0].PolicyTypes {
		if summary.Type == types.PolicyTypeServiceControlPolicy {
			return
		}
	}
	e.enableType(t, roots.Roots[0].Id, types.PolicyTypeServiceControlPolicy)
}
