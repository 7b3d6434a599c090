package security

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
)

// account is an account of the organization.
type account struct{ id, email string }

// accounts lists the active accounts of the organization without the audit account. The
// services that enable by themselves only what joins later need them.
func (s *session) accounts(ctx context.Context) ([]account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members != nil {
		return s.members, nil
	}
	members := []account{}
	pages := organizations.NewListAccountsPaginator(organizations.NewFromConfig(s.management(s.zone.HomeRegion)), &organizations.ListAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, outcome(err, "listing the accounts of the organization")
		}
		for _, a := range page.Accounts {
			if id := aws.ToString(a.Id); id != s.zone.AuditAccountID && active(a) {
				members = append(members, account{id, aws.ToString(a.Email)})
			}
		}
	}
	s.members = members
	return members, nil
}

// active tells whether an account can be enabled. State replaces the deprecated Status.
func active(a types.Account) bool {
	if a.State != "" {
		return a.State == types.AccountStateActive
	}
	return a.Status == types.AccountStatusActive
}

// without returns the accounts whose ids are not in the list.
func without(accounts []account, ids []string) []account {
	return slices.DeleteFunc(slices.Clone(accounts), func(a account) bool { return slices.Contains(ids, a.id) })
}

func idsOf(accounts []account) []string {
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		ids[i] = a.id
	}
	return ids
}

// lagging says that accounts are not members of a service yet. After settleGrace it is a
// failure, because something in these accounts prevents it.
func lagging(service, region string, ids []string) *Pending {
	const named = 5
	who := strings.Join(ids[:min(named, len(ids))], ", ")
	if len(ids) > named {
		who += fmt.Sprintf(" and %d more", len(ids)-named)
	}
	return &Pending{Reason: fmt.Sprintf("%s is being enabled in %s for %s", service, region, who), Grace: settleGrace, Otherwise: &Failure{
		What: fmt.Sprintf("%s is not enabled in %s for %s", service, region, who),
		Why:  "the service does not enable these accounts; the log of the handler holds its reasons",
		Do:   "Look at these accounts in the console of " + service + " in the audit account, then run the same command again"}}
}
