package security

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// administrator is an account that a service reports as its delegated administrator.
type administrator struct {
	accountID string
	// leaving: the account is being removed from the role.
	leaving bool
}

// service describes how one service is delegated.
type service struct {
	// name is the service's name in texts, command frees it, flag gives the account to that.
	name, command, flag string
	// list reads the administrators in a Region.
	list func(ctx context.Context, region string) ([]administrator, error)
	// closed tells whether list was refused because the management account has not enabled
	// the service, so that nobody can be read yet; nil when the service does not ask for that.
	closed func(err error) bool
}

// claimed reads who administers a service in all Regions before anything is changed. It
// returns the Regions that the audit account administers, and a failure when another
// account administers any.
func (s *session) claimed(ctx context.Context, service service) (map[string]bool, error) {
	var mu sync.Mutex
	found := map[string][]administrator{}
	err := combine(s.parallelInRegions(s.zone.all(), func(region string) error {
		list, err := service.list(ctx, region)
		if service.closed != nil && service.closed(err) {
			// Who administers is read again after the service was enabled, see delegate.
			list, err = nil, nil
		}
		mu.Lock()
		defer mu.Unlock()
		found[region] = list
		return outcome(err, fmt.Sprintf("reading who administers %s in %s", service.name, region))
	}))
	if err != nil {
		return nil, err
	}
	ours, err := s.judgeClaims(service, found)
	var taken *Failure
	if errors.As(err, &taken) && !errors.As(err, new(*Pending)) {
		taken.Why += ". Nothing was changed in any Region"
	}
	return ours, err
}

func (s *session) judgeClaims(service service, found map[string][]administrator) (map[string]bool, error) {
	ours := map[string]bool{}
	holders := map[string][]string{}
	var leaving []string
	for region, list := range found {
		for _, a := range list {
			switch {
			case a.leaving:
				leaving = append(leaving, region)
			case a.accountID == s.zone.AuditAccountID:
				ours[region] = true
			default:
				holders[a.accountID] = append(holders[a.accountID], region)
			}
		}
	}
	if len(holders) > 0 {
		return nil, s.taken(service, holders)
	}
	if len(leaving) > 0 {
		slices.Sort(leaving)
		return nil, &Pending{Reason: fmt.Sprintf("an earlier administrator of %s is being removed in %s", service.name, strings.Join(leaving, ", "))}
	}
	return ours, nil
}

// taken is the failure for a service that other accounts administer.
func (s *session) taken(service service, holders map[string][]string) *Failure {
	accounts := slices.Sorted(maps.Keys(holders))
	var who []string
	for _, account := range accounts {
		slices.Sort(holders[account])
		who = append(who, fmt.Sprintf("account %s administers it in %s", account, strings.Join(holders[account], ", ")))
	}
	first, free := accounts[0], service.command
	if service.flag != "" {
		free += " " + service.flag + " " + first
	}
	return &Failure{
		What: fmt.Sprintf("account %s cannot become the delegated administrator of %s", s.zone.AuditAccountID, service.name),
		Why:  strings.Join(who, "; "),
		Do: fmt.Sprintf("Either name account %s as the audit account in the configuration, or remove it in each of these Regions with \"aws %s --region %s\" after reading what %s deletes then, and run the same command again",
			first, free, holders[first][0], service.name),
	}
}

// delegate makes the audit account the administrator of a service in one Region. A refusal
// is ambiguous for all services here, so it is resolved by reading; when nobody administers
// after it, the service is not ready.
func (s *session) delegate(ctx context.Context, service service, region string, enable func() error) error {
	what := fmt.Sprintf("making account %s the delegated administrator of %s in %s", s.zone.AuditAccountID, service.name, region)
	refused := enable()
	if refused != nil && (deniedCodes[code(refused)] || transient(refused)) {
		return outcome(refused, what)
	}
	list, err := service.list(ctx, region)
	if err != nil {
		return outcome(err, what)
	}
	ours, err := s.judgeClaims(service, map[string][]administrator{region: list})
	switch {
	case err != nil || ours[region]:
		return err
	case refused != nil:
		return settling(what, "trusted access of the service is not enabled, or the account is not an active member of the organization",
			"Enable trusted access of the service and look at the account, then run the same command again", refused)
	}
	return &Pending{Reason: fmt.Sprintf("the delegated administrator of %s in %s is not visible yet", service.name, region)}
}
