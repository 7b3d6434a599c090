//go:build unix

package main

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	accountmanagement "github.com/aws/aws-sdk-go-v2/service/account"
	accounttypes "github.com/aws/aws-sdk-go-v2/service/account/types"
)

// setContacts writes contacts into the file, looks whether every account has them and the management account too, and
// whether the events that set them write nothing when they come again.
func setContacts(ctx context.Context, r *rehearsal) error {
	calls, err := r.edit(ctx, "contacts", func(c map[string]any) error {
		c["contacts"] = map[string]any{
			"security": map[string]any{"name": "Security Team", "title": "On-call engineer", "email": "security@example.com", "phone": "+49 30 1234567"},
			"billing":  map[string]any{"name": "Accounts Payable", "title": "Finance", "email": "invoices@example.com", "phone": "+49 30 1234568"},
		}
		return nil
	})
	if err != nil {
		return err
	}
	organization, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	if err := expect(calls, append(r.contactWrites(len(organization.Accounts)), "EnableAWSServiceAccess")...); err != nil {
		return err
	}
	return repeatEvents(ctx, r)
}

// contactWrites are the requests that set the contacts of the configuration in so many accounts.
func (r *rehearsal) contactWrites(accounts int) []string {
	contacts, _ := r.configuration["contacts"].(map[string]any)
	return slices.Repeat([]string{"PutAlternateContact"}, len(contacts)*accounts)
}

func readManagementContacts(ctx context.Context, r *reading) error { return r.contacts(ctx, nil) }

// contacts compares the contacts of an account, nil for the management account. One that the template does not have must
// not be there, because nobody but the zone sets any here, and no scenario takes one away.
func (r *reading) contacts(ctx context.Context, accountID *string) error {
	api := accountmanagement.NewFromConfig(r.at)
	for property, kind := range map[string]accounttypes.AlternateContactType{"SecurityContact": accounttypes.AlternateContactTypeSecurity,
		"OperationsContact": accounttypes.AlternateContactTypeOperations, "BillingContact": accounttypes.AlternateContactTypeBilling} {
		var got any
		out, err := api.GetAlternateContact(ctx, &accountmanagement.GetAlternateContactInput{AccountId: accountID, AlternateContactType: kind})
		var none *accounttypes.ResourceNotFoundException
		switch {
		case errors.As(err, &none):
		case err != nil:
			return err
		default:
			c := out.AlternateContact
			got = map[string]any{"Name": aws.ToString(c.Name), "Title": aws.ToString(c.Title), "Email": aws.ToString(c.EmailAddress), "Phone": aws.ToString(c.PhoneNumber)}
		}
		r.equal("the "+property, r.p[property], got)
	}
	return nil
}
