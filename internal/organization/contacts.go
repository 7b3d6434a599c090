package organization

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/account/types"
)

// ContactKind is which alternate contact of an account is meant, in the words of Account Management.
type ContactKind string

// The kinds; an account has at most one contact of each (Account Management Reference Guide, "Quotas").
const (
	SecurityContact   = ContactKind(types.AlternateContactTypeSecurity)
	OperationsContact = ContactKind(types.AlternateContactTypeOperations)
	BillingContact    = ContactKind(types.AlternateContactTypeBilling)
)

// key is the key of the user's file that has the contact.
func (k ContactKind) key() string { return "contacts." + k.word() }

func (k ContactKind) word() string { return strings.ToLower(string(k)) }

// Contact is the wished state of one alternate contact.
type Contact struct {
	Kind                      ContactKind
	Name, Title, Email, Phone string
}

// EnsureManagementContacts sets alternate contacts of the account whose credentials the client
// has. Contacts of other kinds are left as they are.
func (c *Client) EnsureManagementContacts(ctx context.Context, contacts []Contact) error {
	return outcome(c.ensureContacts(ctx, contactsOf{}, contacts), "setting the contacts of the management account")
}

// contactsOf names the account whose contacts are meant.
type contactsOf struct {
	// accountID is "" for the management account, which must not name itself (Account
	// Management API Reference, PutAlternateContact).
	accountID string
	// joined is when a member joined the organization.
	joined time.Time
}

func (o contactsOf) String() string {
	if o.accountID == "" {
		return "the management account"
	}
	return "account " + o.accountID
}

// id is the AccountId of a request.
func (o contactsOf) id() *string {
	if o.accountID == "" {
		return nil
	}
	return aws.String(o.accountID)
}

// ensureContacts sets the contacts that differ, and verifies by reading.
func (c *Client) ensureContacts(ctx context.Context, of contactsOf, contacts []Contact) error {
	for _, wanted := range contacts {
		if err := c.ensureContact(ctx, of, wanted); err != nil {
			return c.explainContact(err, of, wanted.Kind)
		}
	}
	return nil
}

func (c *Client) ensureContact(ctx context.Context, of contactsOf, wanted Contact) error {
	current, err := c.contact(ctx, of, wanted.Kind)
	if err != nil || current == wanted {
		return err
	}
	if _, err := c.account.PutAlternateContact(ctx, &account.PutAlternateContactInput{
		AccountId: of.id(), AlternateContactType: types.AlternateContactType(wanted.Kind), Name: aws.String(wanted.Name),
		Title: aws.String(wanted.Title), EmailAddress: aws.String(wanted.Email), PhoneNumber: aws.String(wanted.Phone)}); err != nil {
		return err
	}
	if current, err = c.contact(ctx, of, wanted.Kind); err != nil || current == wanted {
		return err
	}
	return &Pending{Reason: fmt.Sprintf("the %s contact of %s was set and is not visible yet", wanted.Kind.word(), of)}
}

// contact reads a contact. An account without one has only the kind.
func (c *Client) contact(ctx context.Context, of contactsOf, kind ContactKind) (Contact, error) {
	read, err := c.account.GetAlternateContact(ctx, &account.GetAlternateContactInput{
		AccountId: of.id(), AlternateContactType: types.AlternateContactType(kind)})
	found := Contact{Kind: kind}
	if code(err) == "ResourceNotFoundException" {
		return found, nil
	}
	if err != nil {
		return found, err
	}
	if got := read.AlternateContact; got != nil {
		found.Name, found.Title = aws.ToString(got.Name), aws.ToString(got.Title)
		found.Email, found.Phone = aws.ToString(got.EmailAddress), aws.ToString(got.PhoneNumber)
	}
	return found, nil
}

// explainContact says what an answer of Account Management means. It refuses members for a
// missing permission and for missing trusted access with the same code.
func (c *Client) explainContact(err error, of contactsOf, kind ContactKind) error {
	what := fmt.Sprintf("the %s contact of %s", kind.word(), of)
	switch name := code(err); {
	case deniedCodes[name] && c.now().Before(of.joined.Add(visibilityGrace)):
		return &Pending{Reason: what + " cannot be set yet, because the account has joined the organization moments ago", Cause: err}
	case deniedCodes[name]:
		return &Pending{Reason: what + " cannot be set yet", Grace: visibilityGrace, Cause: err, Otherwise: &Failure{
			Key:   kind.key(),
			What:  "AWS refused to read or set " + what,
			Why:   "the handler's role lacks account:GetAlternateContact or account:PutAlternateContact, or AWS Account Management has no trusted access in the organization, or this is not the management account",
			Do:    "Look whether \"aws organizations list-aws-service-access-for-organization\" lists account.amazonaws.com, and deploy with credentials of the management account",
			Cause: err}}
	case name == "ValidationException":
		return &Failure{Key: kind.key(), What: "AWS does not accept " + what,
			Why: "a value of the contact is not what AWS takes", Do: "Correct the value that the answer names, then run the same command again", Cause: err}
	}
	return err
}
