package fakeaws

import (
	"fmt"
	"time"
)

const maciePrincipal = "macie.amazonaws.com"

var macieRoutes = []route{
	{"GET", "/admin", "ListOrganizationAdminAccounts"},
	{"POST", "/admin", "EnableOrganizationAdminAccount"},
	{"GET", "/macie", "GetMacieSession"},
	{"POST", "/macie", "EnableMacie"},
	{"GET", "/admin/configuration", "DescribeOrganizationConfiguration"},
	{"PATCH", "/admin/configuration", "UpdateOrganizationConfiguration"},
	{"GET", "/members", "ListMembers"},
	{"POST", "/members", "CreateMember"},
}

func macieOperations() map[string]regional {
	return map[string]regional{
		"macie2:ListOrganizationAdminAccounts":     {false, (*Server).macieAdministrators},
		"macie2:EnableOrganizationAdminAccount":    {true, (*Server).macieDelegate},
		"macie2:GetMacieSession":                   {false, (*Server).getMacie},
		"macie2:EnableMacie":                       {true, (*Server).enableMacie},
		"macie2:DescribeOrganizationConfiguration": {false, (*Server).describeMacie},
		"macie2:UpdateOrganizationConfiguration":   {true, (*Server).updateMacie},
		"macie2:ListMembers":                       {false, (*Server).macieMembers},
		"macie2:CreateMember":                      {true, (*Server).createMacieMember},
	}
}

type macieState struct {
	sessions   map[place]bool
	autoEnable map[string]bool // by Region
	members    map[place]time.Time
}

func newMacieState() macieState {
	return macieState{sessions: map[place]bool{}, autoEnable: map[string]bool{}, members: map[place]time.Time{}}
}

func (s *Server) macieLines() []string {
	st := &s.state.security.macie
	var lines []string
	for at := range st.sessions {
		lines = append(lines, fmt.Sprintf("macie of %s in %s", at.account, at.region))
	}
	for region, on := range st.autoEnable {
		lines = append(lines, fmt.Sprintf("macie organization in %s %t", region, on))
	}
	for at := range st.members {
		lines = append(lines, fmt.Sprintf("macie member %s in %s", at.account, at.region))
	}
	return lines
}

func (s *Server) macieAdministrators(at place, _ input) (output, *apiError) {
	if !s.state.security.macie.sessions[at] && s.options.Security.ManagementFirst {
		return nil, accessDenied("Macie is not enabled")
	}
	return output{"adminAccounts": s.administratorsOf("macie2").output(at.region, "accountId", "status")}, nil
}

func (s *Server) macieDelegate(at place, in input) (output, *apiError) {
	if !s.state.security.macie.sessions[at] && s.options.Security.ManagementFirst {
		return nil, accessDenied("Macie is not enabled")
	}
	account := in.str("adminAccountId")
	if err := s.delegateOr("macie2", maciePrincipal, at, account); err != nil {
		return nil, err
	}
	if !s.options.Security.HideService {
		s.state.security.macie.sessions[place{account, at.region}] = true
	}
	return nil, nil
}

func (s *Server) getMacie(at place, _ input) (output, *apiError) {
	if !s.state.security.macie.sessions[at] {
		return nil, accessDenied("Macie is not enabled")
	}
	return output{"status": "ENABLED", "findingPublishingFrequency": "FIFTEEN_MINUTES"}, nil
}

func (s *Server) enableMacie(at place, _ input) (output, *apiError) {
	if s.state.security.macie.sessions[at] {
		return nil, conflict("ConflictException", "Macie has already been enabled")
	}
	s.state.security.macie.sessions[at] = true
	return nil, nil
}

// macieAdministrator refuses all but the administrator with Macie enabled.
func (s *Server) macieAdministrator(at place) *apiError {
	if !s.state.security.macie.sessions[at] {
		return accessDenied("Macie is not enabled")
	}
	return s.administratorOnly("macie2", at)
}

func (s *Server) describeMacie(at place, _ input) (output, *apiError) {
	if err := s.macieAdministrator(at); err != nil {
		return nil, err
	}
	return output{"autoEnable": s.state.security.macie.autoEnable[at.region], "maxAccountLimitReached": false}, nil
}

func (s *Server) updateMacie(at place, in input) (output, *apiError) {
	if err := s.macieAdministrator(at); err != nil {
		return nil, err
	}
	s.state.security.macie.autoEnable[at.region], _ = in["autoEnable"].(bool)
	return nil, nil
}

func (s *Server) macieMembers(at place, _ input) (output, *apiError) {
	if err := s.macieAdministrator(at); err != nil {
		return nil, err
	}
	list := []output{}
	for member, since := range s.state.security.macie.members {
		if member.region == at.region && !s.now.Before(since) {
			list = append(list, output{"accountId": member.account, "relationshipStatus": "Enabled", "administratorAccountId": at.account})
		}
	}
	return output{"members": list}, nil
}

func (s *Server) createMacieMember(at place, in input) (output, *apiError) {
	if err := s.macieAdministrator(at); err != nil {
		return nil, err
	}
	account := s.state.accounts[in.object("account").str("accountId")]
	if account == nil || account.email != in.object("account").str("email") {
		return nil, fail("ValidationException", "the account and the e-mail address do not match")
	}
	member := place{account.id, at.region}
	if member == at {
		return nil, fail("ValidationException", "the administrator cannot be its own member")
	}
	if account.id == ManagementAccountID && !s.state.security.macie.sessions[member] {
		return nil, fail("ValidationException", "the management account must enable Macie first")
	}
	if _, exists := s.state.security.macie.members[member]; exists {
		return nil, conflict("ConflictException", "the account is a member")
	}
	s.state.security.macie.members[member] = s.now.Add(s.options.Security.Delay)
	s.state.security.macie.sessions[member] = true
	return output{"arn": "arn:aws:macie2:" + at.region + ":" + at.account + ":member/" + account.id}, nil
}
