package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const inspectorPrincipal = "inspector2.amazonaws.com"

var inspectorRoutes = []route{
	{"POST", "/delegatedadminaccounts/list", "ListDelegatedAdminAccounts"},
	{"POST", "/delegatedadminaccounts/enable", "EnableDelegatedAdminAccount"},
	{"POST", "/status/batch/get", "BatchGetAccountStatus"},
	{"POST", "/enable", "Enable"},
	{"POST", "/organizationconfiguration/describe", "DescribeOrganizationConfiguration"},
	{"POST", "/organizationconfiguration/update", "UpdateOrganizationConfiguration"},
	{"POST", "/members/list", "ListMembers"},
	{"POST", "/members/associate", "AssociateMember"},
}

func inspectorOperations() map[string]regional {
	return map[string]regional{
		"inspector2:ListDelegatedAdminAccounts":        {false, (*Server).inspectorAdministrators},
		"inspector2:EnableDelegatedAdminAccount":       {true, (*Server).inspectorDelegate},
		"inspector2:BatchGetAccountStatus":             {false, (*Server).inspectorStatus},
		"inspector2:Enable":                            {true, (*Server).inspectorEnable},
		"inspector2:DescribeOrganizationConfiguration": {false, (*Server).describeInspector},
		"inspector2:UpdateOrganizationConfiguration":   {true, (*Server).updateInspector},
		"inspector2:ListMembers":                       {false, (*Server).inspectorMembers},
		"inspector2:AssociateMember":                   {true, (*Server).inspectorAssociate},
	}
}

type inspectorState struct {
	autoEnable map[string]map[string]bool     // Region -> type
	members    map[place]time.Time            // when an association takes effect
	scans      map[place]map[string]time.Time // when a scan of an account is enabled
}

// inspectorScans maps the names of resource types in requests to those in answers.
var inspectorScans = map[string]string{"EC2": "ec2", "ECR": "ecr", "LAMBDA": "lambda", "LAMBDA_CODE": "lambdaCode"}

func newInspectorState() inspectorState {
	return inspectorState{autoEnable: map[string]map[string]bool{}, members: map[place]time.Time{}, scans: map[place]map[string]time.Time{}}
}

func (s *Server) inspectorLines() []string {
	st := &s.state.security.inspector
	var lines []string
	for region, types := range st.autoEnable {
		for name, on := range types {
			lines = append(lines, fmt.Sprintf("inspector organization in %s %s %t", region, name, on))
		}
	}
	for at := range st.members {
		lines = append(lines, fmt.Sprintf("inspector member %s in %s", at.account, at.region))
	}
	for at, scans := range st.scans {
		lines = append(lines, fmt.Sprintf("inspector of %s in %s scans %v", at.account, at.region, slices.Sorted(maps.Keys(scans))))
	}
	return lines
}

func accessDenied(format string, args ...any) *apiError {
	return &apiError{code: "AccessDeniedException", message: fmt.Sprintf(format, args...), status: 403}
}

// delegateOr delegates a service whose refusals have the usual codes.
func (s *Server) delegateOr(service, principal string, at place, account string) *apiError {
	switch reason := s.delegate(s.administratorsOf(service), principal, at, account); reason {
	case "":
		return nil
	case "not-management":
		return accessDenied("only the management account can delegate")
	case "already", "another":
		return conflict("ConflictException", "an administrator exists")
	default:
		return fail("ValidationException", "the account cannot be the administrator")
	}
}

// administratorOnly refuses all but the administrator of a service in the Region.
func (s *Server) administratorOnly(service string, at place) *apiError {
	if !s.administers(s.administratorsOf(service), at) {
		return accessDenied("account %s is not the administrator of %s in %s", at.account, service, at.region)
	}
	return nil
}

func (s *Server) inspectorAdministrators(at place, _ input) (output, *apiError) {
	return output{"delegatedAdminAccounts": s.administratorsOf("inspector2").output(at.region, "accountId", "status")}, nil
}

func (s *Server) inspectorDelegate(at place, in input) (output, *apiError) {
	account := in.str("delegatedAdminAccountId")
	return output{"delegatedAdminAccountId": account}, s.delegateOr("inspector2", inspectorPrincipal, at, account)
}

func (s *Server) inspectorStatus(at place, in input) (output, *apiError) {
	if len(in.strings("accountIds")) > 100 {
		return nil, fail("ValidationException", "at most 100 accounts")
	}
	accounts := []output{}
	for _, id := range in.strings("accountIds") {
		state := output{}
		for _, name := range inspectorScans {
			state[name] = output{"status": "DISABLED"}
		}
		for name, since := range s.state.security.inspector.scans[place{id, at.region}] {
			state[name] = output{"status": "ENABLING"}
			if !s.now.Before(since) {
				state[name] = output{"status": "ENABLED"}
			}
		}
		accounts = append(accounts, output{"accountId": id, "resourceState": state})
	}
	return output{"accounts": accounts, "failedAccounts": []output{}}, nil
}

func (s *Server) inspectorEnable(at place, in input) (output, *apiError) {
	if err := s.administratorOnly("inspector2", at); err != nil {
		return nil, err
	}
	st := &s.state.security.inspector
	accounts, failed := []output{}, []output{}
	for _, id := range in.strings("accountIds") {
		target := place{id, at.region}
		if since, member := st.members[target]; id != at.account && (!member || s.now.Before(since)) {
			failed = append(failed, output{"accountId": id, "errorCode": "ACCESS_DENIED", "errorMessage": "not associated"})
			continue
		}
		if st.scans[target] == nil {
			st.scans[target] = map[string]time.Time{}
		}
		for _, name := range in.strings("resourceTypes") {
			if _, on := st.scans[target][inspectorScans[name]]; !on {
				st.scans[target][inspectorScans[name]] = s.now.Add(s.options.Security.Delay)
			}
		}
		accounts = append(accounts, output{"accountId": id})
	}
	return output{"accounts": accounts, "failedAccounts": failed}, nil
}

func (s *Server) describeInspector(at place, _ input) (output, *apiError) {
	if err := s.administratorOnly("inspector2", at); err != nil {
		return nil, err
	}
	return output{"autoEnable": s.state.security.inspector.autoEnable[at.region], "maxAccountLimitReached": false}, nil
}

func (s *Server) updateInspector(at place, in input) (output, *apiError) {
	if err := s.administratorOnly("inspector2", at); err != nil {
		return nil, err
	}
	types := map[string]bool{}
	for name, value := range in.object("autoEnable") {
		types[name], _ = value.(bool)
	}
	if _, ok := in.object("autoEnable")["ecr"]; !ok || types["lambdaCode"] && !types["lambda"] {
		return nil, fail("ValidationException", "ec2 and ecr are required, and lambdaCode needs lambda")
	}
	s.state.security.inspector.autoEnable[at.region] = types
	return output{"autoEnable": types}, nil
}

func (s *Server) inspectorMembers(at place, _ input) (output, *apiError) {
	if err := s.administratorOnly("inspector2", at); err != nil {
		return nil, err
	}
	list := []output{}
	for member, since := range s.state.security.inspector.members {
		if member.region == at.region && !s.now.Before(since) {
			list = append(list, output{"accountId": member.account, "relationshipStatus": "ENABLED", "delegatedAdminAccountId": at.account})
		}
	}
	return output{"members": list}, nil
}

func (s *Server) inspectorAssociate(at place, in input) (output, *apiError) {
	if err := s.administratorOnly("inspector2", at); err != nil {
		return nil, err
	}
	member := place{in.str("accountId"), at.region}
	if member == at {
		return nil, fail("ValidationException", "the administrator cannot be its own member")
	}
	if _, exists := s.state.security.inspector.members[member]; exists {
		return nil, conflict("ConflictException", "the account is associated")
	}
	s.state.security.inspector.members[member] = s.now.Add(s.options.Security.Delay)
	return output{"accountId": member.account}, nil
}
