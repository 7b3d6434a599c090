package fakeaws

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"
)

const (
	accessAnalyzerPrincipal = "access-analyzer.amazonaws.com"
	accessAnalyzerRole      = "AWSServiceRoleForAccessAnalyzer"
	rootAccessPrincipal     = "iam.amazonaws.com"
	// analyzerQuota of one type in one account and Region (IAM User Guide, "IAM Access
	// Analyzer quotas": analyzers with the organization as zone of trust).
	analyzerQuota = 5
)

var accessAnalyzerRoutes = []route{
	{"GET", "/analyzer", "ListAnalyzers"},
	{"PUT", "/analyzer", "CreateAnalyzer"},
}

func accessAnalyzerOperations() map[string]regional {
	return map[string]regional{
		"access-analyzer:ListAnalyzers":                    {false, (*Server).listAnalyzers},
		"access-analyzer:CreateAnalyzer":                   {true, (*Server).createAnalyzer},
		"iam:GetRole":                                      {false, (*Server).getRole},
		"iam:CreateServiceLinkedRole":                      {true, (*Server).createServiceLinkedRole},
		"iam:ListOrganizationsFeatures":                    {false, (*Server).listOrganizationsFeatures},
		"iam:EnableOrganizationsRootCredentialsManagement": {true, enableFeature("RootCredentialsManagement")},
		"iam:EnableOrganizationsRootSessions":              {true, enableFeature("RootSessions")},
	}
}

type analyzer struct {
	name, kind string
	days       float64
	active     time.Time
	disabled   string
}

func (s *Server) accessAnalyzerLines() []string {
	var lines []string
	for at, list := range s.state.security.analyzers {
		for _, a := range list {
			lines = append(lines, fmt.Sprintf("analyzer %s of %s in %s %s %v", a.name, at.account, at.region, a.kind, a.days))
		}
	}
	for name := range s.state.security.roles {
		lines = append(lines, "service-linked role "+name)
	}
	for name := range s.state.security.rootFeatures {
		lines = append(lines, "central root access "+name)
	}
	return lines
}

func (s *Server) listAnalyzers(at place, in input) (output, *apiError) {
	list := []output{}
	for _, a := range s.state.security.analyzers[at] {
		if kind := in.str("type"); kind != "" && kind != a.kind {
			continue
		}
		out := output{"arn": "arn:aws:access-analyzer:" + at.region + ":" + at.account + ":analyzer/" + a.name, "name": a.name,
			"type": a.kind, "status": "ACTIVE", "createdAt": s.options.Start.Format(time.RFC3339)}
		if a.days > 0 {
			out["configuration"] = output{"unusedAccess": output{"unusedAccessAge": a.days}}
		}
		switch {
		case a.disabled != "":
			out["status"], out["statusReason"] = "DISABLED", output{"code": a.disabled}
		case s.now.Before(a.active):
			out["status"] = "CREATING"
		}
		list = append(list, out)
	}
	return output{"analyzers": list}, nil
}

func (s *Server) createAnalyzer(at place, in input) (output, *apiError) {
	name, kind := in.str("analyzerName"), in.str("type")
	since, delegated := s.state.delegated[accessAnalyzerPrincipal][at.account]
	switch {
	case !delegated || s.now.Before(since.Add(s.options.Security.Delay)):
		return nil, fail("ValidationException", "The account is not the delegated administrator of the organization")
	case !s.state.security.roles[accessAnalyzerRole]:
		return nil, fail("ValidationException", "The service-linked role does not exist in the management account")
	}
	days, _ := in.object("configuration").object("unusedAccess")["unusedAccessAge"].(float64)
	if kind == "ORGANIZATION_UNUSED_ACCESS" && (days < 1 || days > 365) {
		return nil, fail("ValidationException", "unusedAccessAge must be from 1 to 365")
	}
	same := 0
	for _, a := range s.state.security.analyzers[at] {
		if a.name == name {
			return nil, conflict("ConflictException", "an analyzer with the name %s exists", name)
		}
		if a.kind == kind {
			same++
		}
	}
	if same >= analyzerQuota {
		return nil, &apiError{code: "ServiceQuotaExceededException", message: "too many analyzers", status: http.StatusPaymentRequired}
	}
	s.state.security.analyzers[at] = append(s.state.security.analyzers[at],
		&analyzer{name: name, kind: kind, days: days, active: s.now.Add(s.options.Security.Delay)})
	return output{"arn": "arn:aws:access-analyzer:" + at.region + ":" + at.account + ":analyzer/" + name}, nil
}

func (s *Server) getRole(_ place, in input) (output, *apiError) {
	name := in.str("RoleName")
	if !s.state.security.roles[name] {
		return nil, &apiError{code: "NoSuchEntity", message: "The role with name " + name + " cannot be found.", status: http.StatusNotFound}
	}
	return output{"Role": output{"RoleName": name, "Path": "/aws-service-role/", "RoleId": "AROAEXAMPLE",
		"Arn": "arn:aws:iam::" + ManagementAccountID + ":role/aws-service-role/" + name, "CreateDate": s.options.Start.Format(time.RFC3339)}}, nil
}

func (s *Server) createServiceLinkedRole(_ place, in input) (output, *apiError) {
	if in.str("AWSServiceName") != accessAnalyzerPrincipal {
		return nil, fail("InvalidInput", "the service %s is not modelled here", in.str("AWSServiceName"))
	}
	if s.state.security.roles[accessAnalyzerRole] {
		return nil, fail("InvalidInput", "Service role name %s has been taken in this account", accessAnalyzerRole)
	}
	s.state.security.roles[accessAnalyzerRole] = true
	return s.getRole(place{}, input{"RoleName": accessAnalyzerRole})
}

// rootAccess refuses everything while trusted access has no effect.
func (s *Server) rootAccess(at place) *apiError {
	if at.account != ManagementAccountID {
		return fail("AccountNotManagementOrDelegatedAdministratorException", "not the management account")
	}
	if !s.effective(rootAccessPrincipal) {
		return conflict("ServiceAccessNotEnabledException", "trusted access of %s is not enabled", rootAccessPrincipal)
	}
	return nil
}

func (s *Server) listOrganizationsFeatures(at place, _ input) (output, *apiError) {
	if err := s.rootAccess(at); err != nil {
		return nil, err
	}
	return output{"OrganizationId": organizationID, "EnabledFeatures": slices.Sorted(maps.Keys(s.state.security.rootFeatures))}, nil
}

func enableFeature(name string) func(s *Server, at place, in input) (output, *apiError) {
	return func(s *Server, at place, in input) (output, *apiError) {
		if err := s.rootAccess(at); err != nil {
			return nil, err
		}
		s.state.security.rootFeatures[name] = true
		return s.listOrganizationsFeatures(at, in)
	}
}

// AddAnalyzer makes an analyzer of an earlier set-up; a reason makes it disabled.
func (s *Server) AddAnalyzer(accountID, region, name, kind string, days int, disabled string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := place{accountID, region}
	s.state.security.analyzers[at] = append(s.state.security.analyzers[at], &analyzer{name: name, kind: kind, days: float64(days), disabled: disabled})
}

// AddDelegatedAdministrator registers an account for a service principal.
func (s *Server) AddDelegatedAdministrator(accountID, servicePrincipal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.delegated[servicePrincipal] = map[string]time.Time{accountID: s.now}
}
