package plan

import (
	"fmt"

	"github.com/landfall-aws/landfall/config"
)

// contactsLabel is the label of the resources that belong to the contacts as a whole: the management account's
// contacts, and trusted access of AWS Account Management.
const contactsLabel = "contacts"

// ContactPlan is an alternate contact that every account gets.
type ContactPlan struct {
	// Kind is the key of the file: security, operations or billing.
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Email string `json:"email"`
	Phone string `json:"phone"`
}

// String is the contact in one line.
func (c ContactPlan) String() string {
	return fmt.Sprintf("%s (%s) <%s> %s", c.Name, c.Title, c.Email, c.Phone)
}

// contacts are the contacts of a zone in the order of the file.
func contacts(z *Zone) []ContactPlan {
	var out []ContactPlan
	for _, c := range []struct {
		kind string
		config.Contact
	}{{"security", z.Contacts.Security}, {"operations", z.Contacts.Operations}, {"billing", z.Contacts.Billing}} {
		if c.Set() {
			out = append(out, ContactPlan{Kind: c.kind, Name: c.Name, Title: c.Title, Email: c.Email, Phone: c.Phone})
		}
	}
	return out
}

// contacts compares the alternate contacts.
func (c *comparison) contacts() {
	before, after := contactsByKind(c.before), contactsByKind(c.after)
	touches := []string{contactsLabel}
	for _, a := range c.after.Members() {
		touches = append(touches, accountLabel(a))
	}
	for _, kind := range sortedUnion(before, after) {
		a, had := before[kind]
		b, has := after[kind]
		change := Change{Kind: Update, What: "contacts." + kind, Touches: touches}
		switch {
		case a == b:
			continue
		case !had:
			change.Kind, change.After = Create, b.String()
			change.Consequence = fmt.Sprintf("every account of the file and the management account get this %s contact in the place of the one that they have, which is not kept anywhere", kind)
			if len(before) == 0 {
				change.Consequence += "; AWS Account Management gets trusted access in the organization"
			}
			change.Instead = "nobody confirms a contact: see that somebody reads the mailbox and answers the phone"
		case !has:
			change.Kind, change.Before = Forget, a.String()
			change.Consequence = fmt.Sprintf("the %s contact stays in AWS in every account; the zone no longer sets it, and new accounts get none", kind)
			change.Instead = "to delete it, use the Account page of each account, or `aws account delete-alternate-contact`"
		default:
			change.Before, change.After = a.String(), b.String()
			change.Consequence = fmt.Sprintf("every account of the file and the management account get the new %s contact; mails of AWS go there from then on", kind)
		}
		c.add(change)
	}
}

func contactsByKind(z *Zone) map[string]ContactPlan {
	out := map[string]ContactPlan{}
	for _, c := range contacts(z) {
		out[c.Kind] = c
	}
	return out
}
