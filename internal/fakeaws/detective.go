package fakeaws

import (
	"fmt"
	"slices"
	"time"
)

const detectivePrincipal = "detective.amazonaws.com"

var detectiveRoutes = []route{
	{"POST", "/orgs/adminAccountslist", "ListOrganizationAdminAccounts"},
	{"POST", "/orgs/enableAdminAccount", "EnableOrganizationAdminAccount"},
	{"POST", "/graphs/list", "ListGraphs"},
	{"POST", "/orgs/describeOrganizationConfiguration", "DescribeOrganizationConfiguration"},
	{"POST", "/orgs/updateOrganizationConfiguration", "UpdateOrganizationConfiguration"},
	{"POST", "/graph/members/list", "ListMembers"},
	{"POST", "/graph/members", "CreateMembers"},
}

func detectiveOperations() map[string]regional {
	return map[string]regional{
		"detective:ListOrganizationAdminAccounts":     {false, (*Server).detectiveAdministrators},
		"detective:EnableOrganizationAdminAccount":    {true, (*Server).detectiveDelegate},
		"detective:ListGraphs":                        {false, (*Server).listGraphs},
		"detective:DescribeOrganizationConfiguration": {false, (*Server).describeDetective},
		"detective:UpdateOrganizationConfiguration":   {true, (*Server).updateDetective},
		"detective:ListMembers":                       {false, (*Server).detectiveMembers},
		"detective:CreateMembers":                     {true, (*Server).createDetectiveMembers},
	}
}

type detectiveState struct {
	autoEnable map[string]bool // by Region
	members    map[place]bool
}

func newDetectiveState() detectiveState {
	return detectiveState{autoEnable: map[string]bool{}, members: map[place]bool{}}
}

func (s *Server) detectiveLines() []string {
	st := &s.state.security.detective
	var lines []string
	for region, on := range st.autoEnable {
		lines = append(lines, fmt.Sprintf("detective organization in %s %t", region, on))
	}
	for at := range st.members {
		lines = append(lines, fmt.Sprintf("detective member %s in %s", at.account, at.region))
	}
	return lines
}

func graphARN(at place) string {
	return "arn:aws:detective:" + at.region + ":" + at.account + ":graph:" + identifier("graph", at.account, at.region)
}

func (s *Server) detectiveAdministrators(at place, _ input) (output, *apiError) {
	list := []output{}
	if d := s.administratorsOf("detective")[at.region]; d != nil {
		list = append(list, output{"AccountId": d.account, "GraphArn": graphARN(place{d.account, at.region})})
	}
	return output{"Administrators": list}, nil
}

func (s *Server) detectiveDelegate(at place, in input) (output, *apiError) {
	return nil, s.delegateOr("detective", detectivePrincipal, at, in.str("AccountId"))
}

func (s *Server) listGraphs(at place, _ input) (output, *apiError) {
	list := []output{}
	if s.administers(s.administratorsOf("detective"), at) {
		list = append(list, output{"Arn": graphARN(at), "CreatedTime": s.options.Start.Format(time.RFC3339)})
	}
	return output{"GraphList": list}, nil
}

// graph refuses all but the administrator with its graph.
func (s *Server) graph(at place, in input) *apiError {
	if err := s.administratorOnly("detective", at); err != nil {
		return err
	}
	if in.str("GraphArn") != graphARN(at) {
		return notFound("no graph %s", in.str("GraphArn"))
	}
	return nil
}

func (s *Server) describeDetective(at place, in input) (output, *apiError) {
	if err := s.graph(at, in); err != nil {
		return nil, err
	}
	return output{"AutoEnable": s.state.security.detective.autoEnable[at.region]}, nil
}

func (s *Server) updateDetective(at place, in input) (output, *apiError) {
	if err := s.graph(at, in); err != nil {
		return nil, err
	}
	s.state.security.detective.autoEnable[at.region], _ = in["AutoEnable"].(bool)
	return nil, nil
}

func (s *Server) detectiveMembers(at place, in input) (output, *apiError) {
	if err := s.graph(at, in); err != nil {
		return nil, err
	}
	list := []output{}
	for member := range s.state.security.detective.members {
		if member.region == at.region {
			list = append(list, output{"AccountId": member.account, "Status": "ENABLED", "GraphArn": in.str("GraphArn")})
		}
	}
	return output{"MemberDetails": list}, nil
}

func (s *Server) createDetectiveMembers(at place, in input) (output, *apiError) {
	if err := s.graph(at, in); err != nil {
		return nil, err
	}
	if len(in.objects("Accounts")) > 50 {
		return nil, fail("ValidationException", "at most 50 accounts")
	}
	members, unprocessed := []output{}, []output{}
	for _, wanted := range in.objects("Accounts") {
		id := wanted.str("AccountId")
		if slices.Contains(s.options.Security.Unprocessed, id) || s.state.accounts[id] == nil || id == at.account {
			unprocessed = append(unprocessed, output{"AccountId": id, "Reason": "the account cannot be added"})
			continue
		}
		s.state.security.detective.members[place{id, at.region}] = true
		members = append(members, output{"AccountId": id, "Status": "ENABLED"})
	}
	return output{"Members": members, "UnprocessedAccounts": unprocessed}, nil
}
