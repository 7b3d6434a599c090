package customresource_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/customresource"
	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

func account(changes properties) properties {
	p := properties{"ConfigKey": "accounts.orders-prod", "Name": "orders-prod", "Email": "aws+orders-prod@example.com",
		"OrganizationalUnitPath": "Workloads/Prod", "State": "active", "Tags": map[string]any{"team": "orders", "stage": "prod"}}
	for key, value := range changes {
		if value == nil {
			delete(p, key)
		} else {
			p[key] = value
		}
	}
	return p
}

func TestAnEmptyManagementAccountGetsAnOrganizationWithEverythingInIt(t *testing.T) {
	p := newProvider(t, fakeaws.Options{Finalizing: 30 * time.Minute, AccountCreation: 40 * time.Second,
		PolicyTypeChange: 20 * time.Second, StaleReads: 2, PageSize: 1, EmptyFirstPage: true, RateLimits: true})
	p.server.AddKeyAlias("arn:aws:kms:eu-central-1:444455556666:alias/landfall-trail", "arn:aws:kms:eu-central-1:444455556666:key/k-1", 2)

	created := p.ok(create(resourcetype.Organization, properties{}))
	assert.Equal(t, "organization", created.id)
	assert.Equal(t, "o-exampleorgid", created.attributes["Id"])
	assert.Equal(t, "r-ex01", created.attributes["RootId"])
	assert.Equal(t, fakeaws.ManagementAccountID, created.attributes["ManagementAccountId"])
	assert.Contains(t, created.attributes["Arn"], "arn:aws:organizations::")

	types := p.ok(create(resourcetype.PolicyTypes, properties{"PolicyTypes": []any{"SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"}}))
	assert.Equal(t, "r-ex01", types.attributes["RootId"])
	for _, principal := range []string{"cloudtrail.amazonaws.com", "config.amazonaws.com", resourcetype.StackSetsPrincipal} {
		p.ok(create(resourcetype.TrustedAccess, properties{"ServicePrincipal": principal}))
	}
	for _, path := range []string{"Security", "Workloads", "Workloads/Prod"} {
		unit := p.ok(create(resourcetype.OrganizationalUnit, properties{"Path": path, "Tags": map[string]any{"owner": "platform"}}))
		assert.Equal(t, "ou/"+path, unit.id)
		assert.Regexp(t, "^ou-", unit.attributes["Id"])
	}
	orders := p.ok(create(resourcetype.Account, account(nil)))
	assert.Equal(t, "account/orders-prod", orders.id)
	assert.Equal(t, "aws+orders-prod@example.com", orders.attributes["Email"])
	assert.Equal(t, "orders-prod", orders.attributes["Name"])
	audit := p.ok(create(resourcetype.Account, properties{"Name": "audit", "Email": "aws+audit@example.com", "OrganizationalUnitPath": "Security"}))
	p.ok(create(resourcetype.DelegatedAdministrator, properties{"AccountId": audit.attributes["AccountId"], "ServicePrincipal": "config.amazonaws.com"}))
	target := p.ok(create(resourcetype.PolicyTarget, properties{"AccountEmail": "AWS+Audit@example.com"}))
	assert.Equal(t, audit.attributes["AccountId"], target.attributes["Id"])
	key := p.ok(create(resourcetype.Key, properties{"AliasArn": "arn:aws:kms:eu-central-1:444455556666:alias/landfall-trail"}))
	assert.Equal(t, "arn:aws:kms:eu-central-1:444455556666:key/k-1", key.attributes["KeyArn"])

	state := p.server.Snapshot()
	assert.Contains(t, state, `account `+orders.attributes["AccountId"].(string)+` "orders-prod" aws+orders-prod@example.com ACTIVE below /Workloads/Prod`)
	assert.Contains(t, state, `account `+audit.attributes["AccountId"].(string)+` "audit" aws+audit@example.com ACTIVE below /Security`)
	assert.Contains(t, state, "tag "+orders.attributes["AccountId"].(string)+" team=orders")
	assert.Contains(t, state, "policy type TAG_POLICY")
	assert.Contains(t, state, "trusted access "+resourcetype.StackSetsPrincipal)
	assert.Contains(t, state, "delegated administrator "+audit.attributes["AccountId"].(string)+" of config.amazonaws.com")
	for _, email := range []string{"aws+orders-prod@example.com", "aws+audit@example.com"} {
		assert.Len(t, p.server.AccountIDs(email), 1, email)
	}
}

func TestAnOperationIsCompleteOnlyWhenItsWriteHasBeenReadBack(t *testing.T) {
	const stale = 3
	for name, c := range map[string]struct {
		event       map[string]any
		write, read string
	}{
		"a policy type":  {create(resourcetype.PolicyTypes, properties{"PolicyTypes": []any{"TAG_POLICY"}}), "EnablePolicyType", "ListRoots"},
		"trusted access": {create(resourcetype.TrustedAccess, properties{"ServicePrincipal": "config.amazonaws.com"}), "EnableAWSServiceAccess", "ListAWSServiceAccessForOrganization"},
		"an OU":          {create(resourcetype.OrganizationalUnit, properties{"Path": "Security"}), "CreateOrganizationalUnit", "ListOrganizationalUnitsForParent"},
		"a tag":          {create(resourcetype.OrganizationalUnit, properties{"Path": "Workloads", "Tags": properties{"a": "b"}}), "TagResource", "ListTagsForResource"},
		"a contact":      {create(resourcetype.ManagementContacts, properties{"SecurityContact": contact("Security Team")}), "PutAlternateContact", "GetAlternateContact"},
		"a move":         {create(resourcetype.Account, account(properties{"Tags": nil})), "MoveAccount", "ListParents"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := existing(t, fakeaws.Options{StaleReads: stale})
			p.server.AddOrganizationalUnit("Workloads")
			p.ok(c.event)
			calls := p.server.Calls()
			written := slices.IndexFunc(calls, func(call fakeaws.Call) bool { return call.Operation == c.write })
			require.GreaterOrEqual(t, written, 0)
			assert.Greater(t, count(calls[written:], c.read), stale, "reads after the write")
		})
	}
}

// existing is an organization that somebody else made.
func existing(t *testing.T, options fakeaws.Options) (p *provider, accountID string) {
	t.Helper()
	if options.FeatureSet == "" {
		options.FeatureSet = "ALL"
	}
	p = newProvider(t, options)
	unit := p.server.AddOrganizationalUnit("Workloads/Prod")
	p.server.AddOrganizationalUnit("Suspended")
	p.server.SetTag(unit, "foreign", "kept")
	accountID = p.server.AddAccount("Orders (production)", "AWS+Orders-Prod@example.com")
	p.server.SetTag(accountID, "foreign", "kept")
	return p, accountID
}

func TestAnExistingOrganizationIsAdoptedAndOnlyWhatDiffersIsChanged(t *testing.T) {
	p, id := existing(t, fakeaws.Options{})
	p.ok(create(resourcetype.Organization, properties{}))
	p.ok(create(resourcetype.PolicyTypes, properties{"PolicyTypes": []any{"SERVICE_CONTROL_POLICY"}}))
	p.ok(create(resourcetype.OrganizationalUnit, properties{"Path": "Workloads"}))
	p.ok(create(resourcetype.OrganizationalUnit, properties{"Path": "Workloads/Prod"}))
	require.Empty(t, p.server.Mutations())

	adopted := p.ok(create(resourcetype.Account, account(nil)))
	assert.Equal(t, id, adopted.attributes["AccountId"])
	assert.Equal(t, "Orders (production)", adopted.attributes["Name"], "an account keeps its name")
	assert.Equal(t, []string{"organizations:MoveAccount", "organizations:TagResource"}, names(p.server.Mutations()))
	assert.Contains(t, p.server.Snapshot(), "tag "+id+" foreign=kept")
}

func TestAnEventThatArrivesAgainChangesNothing(t *testing.T) {
	p, id := existing(t, fakeaws.Options{})
	p.server.AddKeyAlias("arn:aws:kms:eu-central-1:444455556666:alias/a", "arn:aws:kms:eu-central-1:444455556666:key/k-1", 0)
	p.server.AddTrustedAccess(resourcetype.ContactsPrincipal)
	events := []map[string]any{
		create(resourcetype.Organization, properties{}),
		create(resourcetype.PolicyTypes, properties{"PolicyTypes": []any{"TAG_POLICY", "S3_POLICY"}}),
		create(resourcetype.TrustedAccess, properties{"ServicePrincipal": "config.amazonaws.com"}),
		create(resourcetype.TrustedAccess, properties{"ServicePrincipal": resourcetype.StackSetsPrincipal}),
		create(resourcetype.OrganizationalUnit, properties{"Path": "Security", "Tags": map[string]any{"a": "b"}}),
		create(resourcetype.Account, account(nil)),
		create(resourcetype.Account, properties{"Name": "audit", "Email": "aws+audit@example.com", "OrganizationalUnitPath": "Security",
			"SecurityContact": contact("Security Team"), "BillingContact": contact("Billing")}),
		create(resourcetype.ManagementContacts, properties{"OperationsContact": contact("Operations")}),
		create(resourcetype.DelegatedAdministrator, properties{"AccountId": id, "ServicePrincipal": "config.amazonaws.com"}),
		create(resourcetype.PolicyTarget, properties{"OrganizationalUnitPath": ""}),
		create(resourcetype.Key, properties{"AliasArn": "arn:aws:kms:eu-central-1:444455556666:alias/a"}),
		create(resourcetype.EditGuard, properties{"HomeRegion": "eu-central-1", "Prefix": "landfall"}),
	}
	for _, e := range events {
		first := p.ok(e)
		before := p.server.Snapshot()
		p.server.ForgetCalls()
		again := p.ok(e)
		assert.Empty(t, names(p.server.Mutations()), e["ResourceType"])
		assert.Equal(t, before, p.server.Snapshot())
		delete(first.attributes, "StartedAt")
		delete(again.attributes, "StartedAt")
		assert.Equal(t, first, again)
	}
}

func TestUpdateAndRollBackReachTheOldAndTheNewState(t *testing.T) {
	old := account(nil)
	for name, changed := range map[string]properties{
		"another OU":                 account(properties{"OrganizationalUnitPath": "Suspended", "State": "suspended"}),
		"the root instead of an OU":  account(properties{"OrganizationalUnitPath": ""}),
		"a tag with another value":   account(properties{"Tags": map[string]any{"team": "shop", "stage": "prod"}}),
		"one tag less, one more":     account(properties{"Tags": map[string]any{"team": "orders", "cost": "42"}}),
		"no tags at all":             account(properties{"Tags": nil}),
		"another name in the file":   account(properties{"Name": "orders-production"}),
		"the e-mail in another case": account(properties{"Email": "AWS+ORDERS-PROD@example.com"}),
		"a property of a newer version": account(properties{
			"Colour": "green", "Nested": map[string]any{"a": []any{"b"}}}),
	} {
		t.Run(name, func(t *testing.T) {
			p, id := existing(t, fakeaws.Options{StaleReads: 1})
			first := p.ok(create(resourcetype.Account, old))
			before := p.server.Snapshot()

			updated := p.ok(update(first.id, resourcetype.Account, changed, old))
			assert.Equal(t, first.id, updated.id, "another physical id would delete the resource")
			assert.Equal(t, id, updated.attributes["AccountId"])
			after := p.server.Snapshot()

			p.ok(update(first.id, resourcetype.Account, old, changed))
			assert.Equal(t, before, p.server.Snapshot(), "after the roll-back")
			p.ok(update(first.id, resourcetype.Account, changed, old))
			assert.Equal(t, after, p.server.Snapshot())
			assert.Contains(t, after, "tag "+id+" foreign=kept")
			assert.Zero(t, count(p.server.Calls(), "CreateAccount"))
		})
	}
}

func TestAnUpdateOfTheEmailNeverCreatesAnAccount(t *testing.T) {
	p, _ := existing(t, fakeaws.Options{})
	first := p.ok(create(resourcetype.Account, account(nil)))
	changed := account(properties{"Email": "aws+other@example.com"})
	p.refused(update(first.id, resourcetype.Account, changed, account(nil)),
		"accounts.orders-prod", "aws+other@example.com", "must not create a second one", "in the account itself")
	p.ok(update(first.id, resourcetype.Account, account(nil), changed))
	assert.Zero(t, count(p.server.Calls(), "CreateAccount"))

	other := p.server.AddAccount("other", "aws+other@example.com")
	adopted := p.ok(update(first.id, resourcetype.Account, changed, account(nil)))
	assert.Equal(t, other, adopted.attributes["AccountId"])
}

func TestDeleteAnswersWithoutCallingAWS(t *testing.T) {
	p, _ := existing(t, fakeaws.Options{})
	for _, resourceType := range append(resourcetype.OrganizationTypes(), "Custom::Unknown") {
		e := event("Delete", resourceType, properties{"Name": "anything"}, nil)
		e["PhysicalResourceId"] = "whatever came in"
		r := p.ok(e)
		assert.Equal(t, "whatever came in", r.id)
	}
	assert.Empty(t, p.server.Calls())
}

func TestMissingAndMalformedPropertiesAreRefusedBeforeAnyCall(t *testing.T) {
	p, _ := existing(t, fakeaws.Options{})
	for _, c := range []struct {
		name         string
		resourceType string
		properties   properties
		message      []string
	}{
		{"policy types without a list", resourcetype.PolicyTypes, properties{}, []string{"PolicyTypes is missing"}},
		{"policy types as a string", resourcetype.PolicyTypes, properties{"PolicyTypes": "TAG_POLICY"}, []string{"must be a list of strings"}},
		{"trusted access of nothing", resourcetype.TrustedAccess, properties{}, []string{"ServicePrincipal is missing"}},
		{"an OU without a path", resourcetype.OrganizationalUnit, properties{"ConfigKey": "organization.units"}, []string{"organization.units: ", "Path is missing"}},
		{"an OU with a gap in its path", resourcetype.OrganizationalUnit, properties{"Path": "a//b"}, []string{"empty name"}},
		{"an account without anything", resourcetype.Account, properties{}, []string{"Name is missing", "Email is missing"}},
		{"an account in an unknown state", resourcetype.Account, account(properties{"State": "closed"}), []string{"State must be active or suspended", `"closed"`}},
		{"a reserved tag", resourcetype.Account, account(properties{"Tags": map[string]any{"aws:x": "y"}}), []string{"reserved"}},
		{"a tag that is no string", resourcetype.Account, account(properties{"Tags": map[string]any{"x": []any{"y"}}}), []string{"Tags.x must be a string"}},
		{"a delegation without an account", resourcetype.DelegatedAdministrator, properties{"ServicePrincipal": "config.amazonaws.com"}, []string{"AccountId is missing"}},
		{"a target of two kinds", resourcetype.PolicyTarget, properties{"AccountId": "1", "AccountEmail": "a@example.com"}, []string{"exactly one"}},
		{"a target of no kind", resourcetype.PolicyTarget, properties{}, []string{"exactly one"}},
		{"a key without an alias", resourcetype.Key, properties{}, []string{"AliasArn is missing"}},
		{"a guard of nothing", resourcetype.EditGuard, properties{}, []string{"HomeRegion is missing", "Prefix is missing"}},
		{"an unknown type", "Custom::LandfallCastle", properties{}, []string{"Custom::LandfallCastle", "same version"}},
	} {
		t.Run(c.name, func(t *testing.T) { p.refused(create(c.resourceType, c.properties), c.message...) })
	}
	assert.Empty(t, p.server.Calls())
}

func TestEachReasonForAFailedCreationIsExplainedAndNamesTheConfigKey(t *testing.T) {
	for reason, part := range map[string]string{
		"ACCOUNT_LIMIT_EXCEEDED": "quota", "EMAIL_ALREADY_EXISTS": "Invite that account", "INVALID_ADDRESS": "contact information",
		"INVALID_EMAIL": "Correct the e-mail address", "GOVCLOUD_ACCOUNT_ALREADY_EXISTS": "GovCloud",
		"MISSING_BUSINESS_VALIDATION": "business validation", "FAILED_BUSINESS_VALIDATION": "business license",
		"PENDING_BUSINESS_VALIDATION": "still going on", "INVALID_IDENTITY_FOR_BUSINESS_VALIDATION": "identity data",
		"IDENTITY_INVALID_BUSINESS_VALIDATION": "identity data", "UNKNOWN_BUSINESS_VALIDATION": "AWS Support",
		"MISSING_PAYMENT_INSTRUMENT": "payment method", "INVALID_PAYMENT_INSTRUMENT": "payment method",
		"UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED": "resource policy", "A_REASON_OF_TOMORROW": "A_REASON_OF_TOMORROW",
	} {
		t.Run(reason, func(t *testing.T) {
			p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
			p.server.AddOrganizationalUnit("Workloads/Prod")
			p.server.FailCreation("aws+orders-prod@example.com", reason)
			p.refused(create(resourcetype.Account, account(nil)), "accounts.orders-prod: ", reason, part)
			assert.Equal(t, 1, count(p.server.Calls(), "CreateAccount"))

			p.server.Advance(time.Minute)
			p.ok(create(resourcetype.Account, account(nil)))
			assert.Len(t, p.server.AccountIDs("aws+orders-prod@example.com"), 1, "the next run is not held up by the old failure")
		})
	}
	for _, reason := range []string{"CONCURRENT_ACCOUNT_MODIFICATION", "INTERNAL_FAILURE", "ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED"} {
		t.Run(reason+" is tried again", func(t *testing.T) {
			p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
			p.server.AddOrganizationalUnit("Workloads/Prod")
			p.server.FailCreation("aws+orders-prod@example.com", reason, reason)
			p.ok(create(resourcetype.Account, account(nil)))
			assert.Equal(t, 3, count(p.server.Calls(), "CreateAccount"))
		})
	}
}

func TestAnAccountThatCannotBeAdoptedIsExplained(t *testing.T) {
	p, id := existing(t, fakeaws.Options{})
	t.Run("an unknown id", func(t *testing.T) {
		p.refused(create(resourcetype.Account, account(properties{"AccountId": "999999999999"})), "999999999999", "not a member")
	})
	t.Run("an id with another e-mail", func(t *testing.T) {
		p.refused(create(resourcetype.Account, account(properties{"AccountId": id, "Email": "x@example.com"})), id, "AWS+Orders-Prod@example.com", "x@example.com")
	})
	t.Run("the management account", func(t *testing.T) {
		p.refused(create(resourcetype.Account, account(properties{"Email": "management@example.com"})), "is the management account")
	})
	t.Run("an e-mail used elsewhere", func(t *testing.T) {
		p.server.UseEmailElsewhere("aws+elsewhere@example.com")
		p.refused(create(resourcetype.Account, account(properties{"Email": "aws+elsewhere@example.com", "Name": "elsewhere"})), "outside this organization", "Invite")
	})
	t.Run("a closed account that shall be active", func(t *testing.T) {
		p.server.SetAccountState(id, "CLOSED")
		p.refused(create(resourcetype.Account, account(nil)), id, "closed", "90 days")
	})
	t.Run("a closed account that is suspended is left alone", func(t *testing.T) {
		p.server.ForgetCalls()
		r := p.ok(create(resourcetype.Account, account(properties{"State": "suspended"})))
		assert.Equal(t, id, r.attributes["AccountId"])
		assert.Empty(t, p.server.Mutations())
	})
}

func TestTheAccountQuotaIsExplained(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL", AccountQuota: 1})
	p.refused(create(resourcetype.Account, account(nil)), "accounts.orders-prod", "quota", "Service Quotas", "CreateAccount answered ConstraintViolationException")
}

func TestAnOrganizationThatCannotBeUsedIsExplained(t *testing.T) {
	t.Run("consolidated billing", func(t *testing.T) {
		p := newProvider(t, fakeaws.Options{FeatureSet: "CONSOLIDATED_BILLING"})
		p.refused(create(resourcetype.Organization, properties{"ConfigKey": "organization"}), "organization: ", "consolidated billing only", "cannot be undone")
		assert.Empty(t, p.server.Mutations())
	})
}

func TestALostCreateAccountAnswerDoesNotCreateASecondAccount(t *testing.T) {
	for _, stale := range []int{0, 1, 3} {
		p := newProvider(t, fakeaws.Options{FeatureSet: "ALL", StaleReads: stale, AccountCreation: time.Minute})
		p.server.AddOrganizationalUnit("Workloads/Prod")
		lost := 0
		p.server.Fault(func(c fakeaws.Call) fakeaws.Fault {
			if c.Operation == "CreateAccount" && lost == 0 {
				lost++
				return fakeaws.LostResponse
			}
			return fakeaws.NoFault
		})
		p.ok(create(resourcetype.Account, account(nil)))
		assert.Equal(t, 1, lost)
		assert.Len(t, p.server.AccountIDs("aws+orders-prod@example.com"), 1, "stale reads: %d", stale)
	}
}

func TestACrashAfterCreateAccountIsPickedUpByTheNextDeployment(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL", AccountCreation: 10 * time.Minute})
	p.server.AddOrganizationalUnit("Workloads/Prod")
	e := create(resourcetype.Account, account(nil))
	answer, err := invoke(context.Background(), p.handler.OnEvent, e)
	require.NoError(t, err)
	e["Data"], e["PhysicalResourceId"] = answer["Data"], answer["PhysicalResourceId"]
	_, err = invoke(context.Background(), p.handler.IsComplete, e)
	require.NoError(t, err)
	require.Equal(t, 1, count(p.server.Calls(), "CreateAccount"))

	p.ok(create(resourcetype.Account, account(nil)))
	assert.Equal(t, 1, count(p.server.Calls(), "CreateAccount"))
	assert.Len(t, p.server.AccountIDs("aws+orders-prod@example.com"), 1)
}

func TestTwoAccountsAtTheSameTimeAreCreatedOneAfterTheOther(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL", AccountCreation: time.Minute})
	p.server.AddOrganizationalUnit("Workloads/Prod")
	var wait sync.WaitGroup
	results := make([]result, 2)
	for i, name := range []string{"one", "two"} {
		wait.Add(1)
		go func() {
			defer wait.Done()
			results[i] = p.handle(create(resourcetype.Account, account(properties{"Name": name, "Email": name + "@example.com"})))
		}()
	}
	wait.Wait()
	for i, name := range []string{"one", "two"} {
		require.NoError(t, results[i].err)
		assert.Len(t, p.server.AccountIDs(name+"@example.com"), 1)
	}
}

func TestAnAccountWaitsForTheCreationOfAnother(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL", AccountCreation: 10 * time.Minute, AllowOverlappingCreations: true})
	p.server.AddOrganizationalUnit("Workloads/Prod")
	e := create(resourcetype.Account, account(properties{"Name": "one", "Email": "one@example.com"}))
	answer, err := invoke(context.Background(), p.handler.OnEvent, e)
	require.NoError(t, err)
	e["Data"] = answer["Data"]
	_, err = invoke(context.Background(), p.handler.IsComplete, e)
	require.NoError(t, err)

	p.ok(create(resourcetype.Account, account(properties{"Name": "two", "Email": "two@example.com"})))
	var at []time.Time
	for _, call := range p.server.Mutations() {
		if call.Operation == "CreateAccount" {
			at = append(at, call.At)
		}
	}
	require.Len(t, at, 2)
	assert.GreaterOrEqual(t, at[1].Sub(at[0]), 10*time.Minute)
}

func TestTheDelegatedAdministratorOfAnotherIsNotTakenAway(t *testing.T) {
	p, id := existing(t, fakeaws.Options{})
	other := p.server.AddAccount("other", "other@example.com")
	delegation := func(accountID any, principal string) map[string]any {
		return create(resourcetype.DelegatedAdministrator, properties{"ConfigKey": "services.config", "AccountId": accountID, "ServicePrincipal": principal})
	}
	p.refused(delegation(id, "config.amazonaws.com"), "services.config", "trusted access", "not enabled")
	p.ok(create(resourcetype.TrustedAccess, properties{"ServicePrincipal": "config.amazonaws.com"}))
	p.ok(delegation(other, "config.amazonaws.com"))
	before := p.server.Snapshot()
	p.refused(delegation(id, "config.amazonaws.com"), "services.config", other, "nothing was changed", "deregister-delegated-administrator")
	assert.Equal(t, before, p.server.Snapshot())
	p.refused(delegation(fakeaws.ManagementAccountID, "config.amazonaws.com"), "management account")

	p.ok(create(resourcetype.TrustedAccess, properties{"ServicePrincipal": resourcetype.StackSetsPrincipal}))
	p.ok(delegation(other, resourcetype.StackSetsPrincipal))
	p.ok(delegation(id, resourcetype.StackSetsPrincipal))
}

func TestTheEditGuardRefusesWhatWouldDeleteABaseline(t *testing.T) {
	zone := func(changes properties) properties {
		z := properties{"ConfigKey": "regions", "HomeRegion": "eu-central-1", "Prefix": "landfall",
			"GovernedRegions": []any{"eu-central-1", "eu-west-1"}, "RetiredRegions": []any{},
			"AlertRegions": []any{"eu-central-1", "eu-west-1", "us-east-1"}}
		for key, value := range changes {
			z[key] = value
		}
		return z
	}
	withoutIreland := zone(properties{"GovernedRegions": []any{"eu-central-1"}, "AlertRegions": []any{"eu-central-1", "us-east-1"}})
	for _, c := range []struct {
		name    string
		edited  properties
		message []string
	}{
		{"nothing changed", zone(nil), nil},
		{"a Region more", zone(properties{"AlertRegions": []any{"eu-central-1", "eu-west-1", "eu-north-1", "us-east-1"}}), nil},
		{"a Region retired", zone(properties{"GovernedRegions": []any{"eu-central-1"}, "RetiredRegions": []any{"eu-west-1"},
			"AlertRegions": []any{"eu-central-1", "us-east-1"}}), nil},
		{"a Region removed", withoutIreland, []string{"regions: ", "eu-west-1", "alerts there would be deleted", "regions.retired", "alerts are removed on purpose"}},
		{"another home Region", zone(properties{"HomeRegion": "eu-west-1"}), []string{"from eu-central-1 to eu-west-1"}},
		{"another prefix", zone(properties{"Prefix": "zone"}), []string{`from "landfall" to "zone"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProvider(t, fakeaws.Options{})
			p.server.SetStackStatus(stackID, "UPDATE_IN_PROGRESS")
			e := update("edit-guard", resourcetype.EditGuard, c.edited, zone(nil))
			if c.message == nil {
				p.ok(e)
				assert.Empty(t, p.server.Calls())
				return
			}
			p.refused(e, c.message...)
		})
	}
	t.Run("a roll-back undoes an addition", func(t *testing.T) {
		p := newProvider(t, fakeaws.Options{})
		p.server.SetStackStatus(stackID, "UPDATE_ROLLBACK_IN_PROGRESS")
		p.ok(update("edit-guard", resourcetype.EditGuard, withoutIreland, zone(nil)))
	})
}

func TestARollBackOfAnAccountThatWasClosedByHandGetsThrough(t *testing.T) {
	p, id := existing(t, fakeaws.Options{})
	old, changed := account(nil), account(properties{"Tags": map[string]any{"team": "x"}})
	first := p.ok(create(resourcetype.Account, old))
	p.server.SetAccountState(id, "CLOSED")
	p.server.SetStackStatus(stackID, "UPDATE_IN_PROGRESS")
	p.refused(update(first.id, resourcetype.Account, changed, old), "accounts.orders-prod", "closed")

	p.server.SetStackStatus(stackID, "UPDATE_ROLLBACK_IN_PROGRESS")
	outage := 6 // more than the SDK tries
	p.server.Fault(func(call fakeaws.Call) fakeaws.Fault {
		if call.Operation == "DescribeStacks" && outage > 0 {
			outage--
			return fakeaws.InternalError
		}
		return fakeaws.NoFault
	})
	undone := p.ok(update(first.id, resourcetype.Account, old, changed))
	assert.Equal(t, id, undone.attributes["AccountId"])
	p.refused(update(first.id, resourcetype.Account, account(properties{"Email": "nobody@example.com"}), old), "nobody@example.com")
}

func TestTagsOfAnOUThatNobodyNamedStay(t *testing.T) {
	p, _ := existing(t, fakeaws.Options{})
	unit := func(tags properties) properties { return properties{"Path": "Workloads/Prod", "Tags": tags} }
	first := p.ok(create(resourcetype.OrganizationalUnit, unit(properties{"a": "1", "b": "2"})))
	p.ok(update(first.id, resourcetype.OrganizationalUnit, unit(properties{"b": "3"}), unit(properties{"a": "1", "b": "2"})))
	id := first.attributes["Id"].(string)
	state := p.server.Snapshot()
	assert.Contains(t, state, "tag "+id+" foreign=kept")
	assert.Contains(t, state, "tag "+id+" b=3")
	assert.NotContains(t, state, "tag "+id+" a=1")
}

func TestWhatNeverComesEndsWithAMessageBeforeCloudFormationGivesUp(t *testing.T) {
	for _, c := range []struct {
		name    string
		event   map[string]any
		message []string
	}{
		{"an OU whose parent is missing", create(resourcetype.OrganizationalUnit, properties{"ConfigKey": "organization.units", "Path": "Nowhere/Prod"}),
			[]string{"organization.units: after 55 minutes", "the OU Nowhere does not exist", "Run the same command again"}},
		{"a target that is missing", create(resourcetype.PolicyTarget, properties{"AccountEmail": "nobody@example.com"}), []string{"nobody@example.com", "Run the same command again"}},
		{"a target with an unknown id", create(resourcetype.PolicyTarget, properties{"AccountId": "999999999999"}), []string{"999999999999"}},
		{"a key that is missing", create(resourcetype.Key, properties{"AliasArn": "arn:aws:kms:eu-central-1:444455556666:alias/none"}), []string{"alias/none", "does not exist"}},
		{"an ARN that is no alias", create(resourcetype.Key, properties{"AliasArn": "arn:aws:kms:eu-central-1:444455556666:key/none"}), []string{"not the ARN of a KMS alias"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _ := existing(t, fakeaws.Options{})
			p.refused(c.event, c.message...)
			assert.Empty(t, p.server.Mutations())
		})
	}
	t.Run("an organization that stays in initialization", func(t *testing.T) {
		p := newProvider(t, fakeaws.Options{Finalizing: 2 * time.Hour})
		p.ok(create(resourcetype.Organization, properties{}))
		p.refused(create(resourcetype.Account, account(nil)), "accounts.orders-prod", "still initializing", "same command again")
	})
	t.Run("an outage", func(t *testing.T) {
		p, _ := existing(t, fakeaws.Options{Tick: time.Second})
		p.server.Fault(func(fakeaws.Call) fakeaws.Fault { return fakeaws.InternalError })
		p.refused(create(resourcetype.Account, account(nil)), "same command again", "ServiceException")
	})
}

func TestAMissingPermissionIsReportedWithItsCauseAndConfigKey(t *testing.T) {
	p, id := existing(t, fakeaws.Options{})
	handler := customresource.New(newClientOfMember(t, p.server, id), nil, p.server.Now, slog.New(slog.DiscardHandler))
	p.handler = handler
	p.refused(create(resourcetype.Account, account(nil)), "accounts.orders-prod: AWS refused", "AccessDeniedException", "management account")
	p.refused(create(resourcetype.Organization, properties{}), id+" is not the management account", fakeaws.ManagementAccountID)
	assert.Empty(t, p.server.Mutations())
}

func TestAPanicIsAnsweredWithTheResourceAndTheConfigKey(t *testing.T) {
	handler := customresource.New(nil, nil, time.Now, slog.New(slog.DiscardHandler))
	p := &provider{t: t, handler: handler, server: fakeaws.New(fakeaws.Options{})}
	t.Cleanup(p.server.Close)
	p.refused(create(resourcetype.Organization, properties{"ConfigKey": "organization"}), "organization: ", "defect of the handler", "Custom::LandfallOrganization", "Resource")
	broken := customresource.New(nil, nil, func() time.Time { panic("no clock") }, slog.New(slog.DiscardHandler))
	_, err := invoke(context.Background(), broken.OnEvent, create(resourcetype.Organization, properties{}))
	require.ErrorContains(t, err, "no clock")
}

func TestTheDeadlineOfTheFunctionIsAnsweredAsNotComplete(t *testing.T) {
	p, _ := existing(t, fakeaws.Options{})
	p.server.Fault(func(fakeaws.Call) fakeaws.Fault { return fakeaws.Timeout })
	e := create(resourcetype.Account, account(nil))
	answer, err := invoke(context.Background(), p.handler.OnEvent, e)
	require.NoError(t, err)
	e["Data"] = answer["Data"]
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second+100*time.Millisecond)
	defer cancel()
	answer, err = invoke(ctx, p.handler.IsComplete, e)
	require.NoError(t, err)
	assert.Equal(t, false, answer["IsComplete"])
	deadline, _ := ctx.Deadline()
	assert.Greater(t, time.Until(deadline), 3*time.Second, "the answer must come before the deadline")
}

func TestIsCompleteWithoutAStartIsRefused(t *testing.T) {
	p, _ := existing(t, fakeaws.Options{})
	_, err := invoke(context.Background(), p.handler.IsComplete, create(resourcetype.Organization, properties{}))
	require.ErrorContains(t, err, "no start time")
}

func TestAMessageFitsIntoAResponse(t *testing.T) {
	p, _ := existing(t, fakeaws.Options{})
	long := make([]byte, 10000)
	for i := range long {
		long[i] = 'x'
	}
	r := p.handle(create(resourcetype.Account, account(properties{"State": string(long)})))
	require.Error(t, r.err)
	assert.Less(t, len(r.err.Error()), 2000)
}
