package customresource_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// contact is a property that describes an alternate contact.
func contact(name string) properties {
	return properties{"Name": name, "Title": "On-call engineer", "Email": "contact@example.com", "Phone": "+49 30 1234567"}
}

// contactLine is how the snapshot of the fake describes what contact sets.
func contactLine(accountID, contactType, name string) string {
	return fmt.Sprintf("contact %s %s %q %q contact@example.com %q", accountID, contactType, name, "On-call engineer", "+49 30 1234567")
}

// existingContacts is an organization with trusted access, one account of the zone, and another one.
func existingContacts(t *testing.T, options fakeaws.Options) (p *provider, accountID string) {
	t.Helper()
	p, accountID = existing(t, options)
	p.server.AddTrustedAccess(resourcetype.ContactsPrincipal)
	p.server.SetContact(p.server.AddAccount("stranger", "stranger@example.com"), "SECURITY", "Kept", "Owner", "kept@example.com", "1")
	return p, accountID
}

func TestContactsAreSetWhereTheyDifferAndOthersAreLeftAlone(t *testing.T) {
	p, id := existingContacts(t, fakeaws.Options{})
	for _, accountID := range []string{id, fakeaws.ManagementAccountID} {
		p.server.SetContact(accountID, "SECURITY", "Security Team", "On-call engineer", "contact@example.com", "+49 30 1234567")
		p.server.SetContact(accountID, "OPERATIONS", "Operations", "On-call engineer", "former@example.com", "+49 30 1234567")
		p.server.SetContact(accountID, "BILLING", "Kept", "Owner", "kept@example.com", "1")
	}
	before := p.server.Snapshot()
	contacts := properties{"SecurityContact": contact("Security Team"), "OperationsContact": contact("Operations")}

	p.ok(create(resourcetype.Account, account(properties{"OrganizationalUnitPath": "", "Tags": nil,
		"SecurityContact": contacts["SecurityContact"], "OperationsContact": contacts["OperationsContact"]})))
	management := p.ok(create(resourcetype.ManagementContacts, contacts))
	assert.Equal(t, "management-contacts", management.id)

	assert.Equal(t, []string{"account:PutAlternateContact", "account:PutAlternateContact"}, names(p.server.Mutations()))
	after := p.server.Snapshot()
	var changed []string
	for _, line := range after {
		if !slices.Contains(before, line) {
			changed = append(changed, line)
		}
	}
	assert.Equal(t, []string{contactLine(fakeaws.ManagementAccountID, "OPERATIONS", "Operations"), contactLine(id, "OPERATIONS", "Operations")}, changed)
	assert.Len(t, after, len(before))
}

func TestAContactIsPutBackWhenAnotherEditReachesTheAccount(t *testing.T) {
	p, id := existingContacts(t, fakeaws.Options{})
	old := account(properties{"SecurityContact": contact("Security Team")})
	created := p.ok(create(resourcetype.Account, old))
	p.server.SetContact(id, "SECURITY", "Intruder", "Owner", "intruder@example.com", "1")
	p.ok(update(created.id, resourcetype.Account, account(properties{"Tags": nil, "SecurityContact": contact("Security Team")}), old))
	assert.Contains(t, p.server.Snapshot(), contactLine(id, "SECURITY", "Security Team"))
}

func TestAnotherValueOfVerifyMendsWhatSomebodyChangedAndWritesNothingElse(t *testing.T) {
	p, id := existingContacts(t, fakeaws.Options{})
	asked := func(verify any) properties {
		return account(properties{"SecurityContact": contact("Security Team"), "Verify": verify})
	}
	created := p.ok(create(resourcetype.Account, asked(nil)))
	before := p.server.Snapshot()
	p.server.SetContact(id, "SECURITY", "Intruder", "Owner", "intruder@example.com", "1")
	p.ok(update(created.id, resourcetype.Account, asked("2026-11-25"), asked(nil)))
	assert.Equal(t, before, p.server.Snapshot())
	p.server.ForgetCalls()
	p.ok(update(created.id, resourcetype.Account, asked(nil), asked("2026-11-25")))
	assert.Empty(t, names(p.server.Mutations()))
}

func TestAContactThatLeavesTheFileStays(t *testing.T) {
	p, id := existingContacts(t, fakeaws.Options{})
	with := account(properties{"SecurityContact": contact("Security Team")})
	created := p.ok(create(resourcetype.Account, with))
	management := p.ok(create(resourcetype.ManagementContacts, properties{"SecurityContact": contact("Security Team")}))
	p.server.ForgetCalls()
	before := p.server.Snapshot()
	p.ok(update(created.id, resourcetype.Account, account(nil), with))
	gone := event("Delete", resourcetype.ManagementContacts, properties{"SecurityContact": contact("Security Team")}, nil)
	gone["PhysicalResourceId"] = management.id
	p.ok(gone)
	assert.Empty(t, names(p.server.Mutations()))
	assert.Equal(t, before, p.server.Snapshot())
	assert.Contains(t, before, contactLine(id, "SECURITY", "Security Team"))
}

func TestARollBackSetsTheFormerContact(t *testing.T) {
	p, id := existingContacts(t, fakeaws.Options{StaleReads: 1})
	old, changed := account(properties{"SecurityContact": contact("Security Team")}), account(properties{"SecurityContact": contact("Another Team")})
	created := p.ok(create(resourcetype.Account, old))
	before := p.server.Snapshot()
	p.ok(update(created.id, resourcetype.Account, changed, old))
	assert.Contains(t, p.server.Snapshot(), contactLine(id, "SECURITY", "Another Team"))
	p.ok(update(created.id, resourcetype.Account, old, changed))
	assert.Equal(t, before, p.server.Snapshot())
}

func TestAClosedAccountGetsNoContacts(t *testing.T) {
	p, id := existingContacts(t, fakeaws.Options{})
	p.server.SetAccountState(id, "CLOSED")
	p.ok(create(resourcetype.Account, account(properties{"State": "suspended", "SecurityContact": contact("Security Team")})))
	assert.Zero(t, count(p.server.Calls(), "GetAlternateContact"))
	assert.Empty(t, names(p.server.Mutations()))
}

func TestASuspendedAccountThatIsOpenGetsContacts(t *testing.T) {
	p, id := existingContacts(t, fakeaws.Options{})
	p.ok(create(resourcetype.Account, account(properties{"OrganizationalUnitPath": "Suspended", "State": "suspended", "SecurityContact": contact("Security Team")})))
	assert.Contains(t, p.server.Snapshot(), contactLine(id, "SECURITY", "Security Team"))
}

func TestContactsWithoutTrustedAccessNameTheCause(t *testing.T) {
	p, id := existing(t, fakeaws.Options{Start: time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)})
	p.server.Advance(time.Hour)
	began := p.server.Now()
	p.refused(create(resourcetype.Account, account(properties{"SecurityContact": contact("Security Team")})),
		"contacts.security: AWS refused to read or set the security contact of account "+id, "account:PutAlternateContact", "no trusted access",
		"account.amazonaws.com", "AccessDeniedException")
	assert.Less(t, p.server.Now().Sub(began), 5*time.Minute)
	assert.Zero(t, count(p.server.Calls(), "PutAlternateContact"))
}

func TestContactsOfANewAccountMayBeRefusedForAMoment(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL", AccountCreation: 10 * time.Minute,
		Security: fakeaws.SecurityOptions{Delay: 12 * time.Minute}})
	p.server.AddOrganizationalUnit("Workloads/Prod")
	p.server.AddTrustedAccess(resourcetype.ContactsPrincipal)
	created := p.ok(create(resourcetype.Account, account(properties{"SecurityContact": contact("Security Team")})))
	assert.Contains(t, p.server.Snapshot(), contactLine(created.attributes["AccountId"].(string), "SECURITY", "Security Team"))
}

func TestAContactThatAWSDoesNotTakeIsSaidAtItsKey(t *testing.T) {
	p, _ := existingContacts(t, fakeaws.Options{})
	bad := contact("Billing")
	bad["Phone"] = "call us"
	p.refused(create(resourcetype.ManagementContacts, properties{"ConfigKey": "contacts", "BillingContact": bad}),
		"contacts.billing: AWS does not accept the billing contact of the management account", "ValidationException", "call us")
}

func TestAnIncompleteContactIsRefusedBeforeAnythingIsCalled(t *testing.T) {
	p, _ := existingContacts(t, fakeaws.Options{})
	p.refused(create(resourcetype.ManagementContacts, properties{"SecurityContact": properties{"Name": "Security Team", "Title": "T", "Email": "a@example.com"}}),
		"SecurityContact.Phone is missing")
	p.refused(create(resourcetype.ManagementContacts, properties{"SecurityContact": "security@example.com"}), "SecurityContact must be a map of strings")
	require.Empty(t, p.server.Calls())
}
