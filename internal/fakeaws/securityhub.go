package fakeaws

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const securityHubPrincipal = "securityhub.amazonaws.com"

// securityHubRoutes are the HTTP bindings (Security Hub API Reference).
var securityHubRoutes = []route{
	{"GET", "/organization/admin", "ListOrganizationAdminAccounts"},
	{"POST", "/organization/admin/enable", "EnableOrganizationAdminAccount"},
	{"GET", "/accounts", "DescribeHub"},
	{"POST", "/accounts", "EnableSecurityHub"},
	{"GET", "/findingAggregator/list", "ListFindingAggregators"},
	{"GET", "/findingAggregator/get/{FindingAggregatorArn+}", "GetFindingAggregator"},
	{"POST", "/findingAggregator/create", "CreateFindingAggregator"},
	{"PATCH", "/findingAggregator/update", "UpdateFindingAggregator"},
	{"GET", "/organization/configuration", "DescribeOrganizationConfiguration"},
	{"POST", "/organization/configuration", "UpdateOrganizationConfiguration"},
	{"GET", "/configurationPolicy/list", "ListConfigurationPolicies"},
	{"GET", "/configurationPolicy/get/{Identifier}", "GetConfigurationPolicy"},
	{"POST", "/configurationPolicy/create", "CreateConfigurationPolicy"},
	{"PATCH", "/configurationPolicy/{Identifier}", "UpdateConfigurationPolicy"},
	{"POST", "/configurationPolicyAssociation/associate", "StartConfigurationPolicyAssociation"},
	{"POST", "/configurationPolicyAssociation/get", "GetConfigurationPolicyAssociation"},
}

func securityHubOperations() map[string]regional {
	return map[string]regional{
		"securityhub:ListOrganizationAdminAccounts":       {false, (*Server).hubAdministrators},
		"securityhub:EnableOrganizationAdminAccount":      {true, (*Server).hubDelegate},
		"securityhub:DescribeHub":                         {false, (*Server).describeHub},
		"securityhub:EnableSecurityHub":                   {true, (*Server).enableHub},
		"securityhub:ListFindingAggregators":              {false, (*Server).listAggregators},
		"securityhub:GetFindingAggregator":                {false, (*Server).getAggregator},
		"securityhub:CreateFindingAggregator":             {true, (*Server).createAggregator},
		"securityhub:UpdateFindingAggregator":             {true, (*Server).updateAggregator},
		"securityhub:DescribeOrganizationConfiguration":   {false, (*Server).describeHubOrganization},
		"securityhub:UpdateOrganizationConfiguration":     {true, (*Server).updateHubOrganization},
		"securityhub:ListConfigurationPolicies":           {false, (*Server).listConfigurationPolicies},
		"securityhub:GetConfigurationPolicy":              {false, (*Server).getConfigurationPolicy},
		"securityhub:CreateConfigurationPolicy":           {true, (*Server).createConfigurationPolicy},
		"securityhub:UpdateConfigurationPolicy":           {true, (*Server).updateConfigurationPolicy},
		"securityhub:StartConfigurationPolicyAssociation": {true, (*Server).associateConfigurationPolicy},
		"securityhub:GetConfigurationPolicyAssociation":   {false, (*Server).getAssociation},
	}
}

type securityHubState struct {
	hubs       map[place]time.Time // since when an account has it
	aggregator *aggregator
	central    *changing
	policies   map[string]*configurationPolicy // by id
	associated map[string]*changing            // target id -> policy id
}

// changing is a value that takes effect later, or fails then.
type changing struct {
	value string
	done  time.Time
}

type aggregator struct {
	arn, region, mode string
	regions           []string
}

type configurationPolicy struct {
	id, name string
	content  any
}

func newSecurityHubState() securityHubState {
	return securityHubState{hubs: map[place]time.Time{}, policies: map[string]*configurationPolicy{}, associated: map[string]*changing{}}
}

func (s *Server) securityHubLines() []string {
	st := &s.state.security.hub
	var lines []string
	for at := range st.hubs {
		lines = append(lines, fmt.Sprintf("securityhub of %s in %s", at.account, at.region))
	}
	if a := st.aggregator; a != nil {
		lines = append(lines, fmt.Sprintf("securityhub aggregates in %s %s %s", a.region, a.mode, strings.Join(a.regions, ",")))
	}
	if st.central != nil {
		lines = append(lines, "securityhub configuration "+st.central.value)
	}
	for _, p := range st.policies {
		content, _ := json.Marshal(p.content)
		lines = append(lines, fmt.Sprintf("securityhub policy %q %s", p.name, content))
	}
	for target, c := range st.associated {
		lines = append(lines, fmt.Sprintf("securityhub policy of %s is %s", target, c.value))
	}
	return lines
}

func invalidAccess(format string, args ...any) *apiError {
	return &apiError{code: "InvalidAccessException", message: fmt.Sprintf(format, args...), status: http.StatusUnauthorized}
}

func notFound(format string, args ...any) *apiError {
	return &apiError{code: "ResourceNotFoundException", message: fmt.Sprintf(format, args...), status: http.StatusNotFound}
}

func conflict(code, format string, args ...any) *apiError {
	return &apiError{code: code, message: fmt.Sprintf(format, args...), status: http.StatusConflict}
}

func (s *Server) hubAdministrators(at place, _ input) (output, *apiError) {
	if err := s.hub(at); err != nil && s.options.Security.ManagementFirst {
		return nil, err
	}
	if at.account != ManagementAccountID {
		return nil, invalidAccess("The request is only for the management account")
	}
	return output{"AdminAccounts": s.administratorsOf("securityhub").output(at.region, "AccountId", "Status")}, nil
}

func (s *Server) hubDelegate(at place, in input) (output, *apiError) {
	if err := s.hub(at); err != nil && s.options.Security.ManagementFirst {
		return nil, err
	}
	account := in.str("AdminAccountId")
	switch s.delegate(s.administratorsOf("securityhub"), securityHubPrincipal, at, account) {
	case "", "already":
	case "not-management":
		return nil, invalidAccess("The request is only for the management account")
	default:
		return nil, fail("InvalidInputException", "Invalid parameters to the request")
	}
	member := place{account, at.region}
	if _, ok := s.state.security.hub.hubs[member]; !ok && !s.options.Security.HideService {
		s.state.security.hub.hubs[member] = s.now.Add(s.options.Security.Delay)
	}
	return output{"AdminAccountId": account}, nil
}

// hub refuses accounts that have not enabled Security Hub.
func (s *Server) hub(at place) *apiError {
	if since, ok := s.state.security.hub.hubs[at]; !ok || s.now.Before(since) {
		return invalidAccess("Account %s is not subscribed to AWS Security Hub", at.account)
	}
	return nil
}

func (s *Server) describeHub(at place, _ input) (output, *apiError) {
	if err := s.hub(at); err != nil {
		return nil, err
	}
	return output{"HubArn": "arn:aws:securityhub:" + at.region + ":" + at.account + ":hub/default"}, nil
}

func (s *Server) enableHub(at place, in input) (output, *apiError) {
	if _, ok := s.state.security.hub.hubs[at]; ok {
		return nil, conflict("ResourceConflictException", "Account is already subscribed to Security Hub")
	}
	if standards, ok := in["EnableDefaultStandards"].(bool); !ok || standards {
		return nil, fail("InvalidInputException", "the default standards are not modelled here")
	}
	s.state.security.hub.hubs[at] = s.now
	return nil, nil
}

func (s *Server) listAggregators(at place, _ input) (output, *apiError) {
	if err := s.hub(at); err != nil {
		return nil, err
	}
	list := []output{}
	if a := s.state.security.hub.aggregator; a != nil {
		list = append(list, output{"FindingAggregatorArn": a.arn})
	}
	return output{"FindingAggregators": list}, nil
}

func (a *aggregator) output() output {
	return output{"FindingAggregatorArn": a.arn, "FindingAggregationRegion": a.region, "RegionLinkingMode": a.mode, "Regions": a.regions}
}

func (s *Server) getAggregator(at place, in input) (output, *apiError) {
	a := s.state.security.hub.aggregator
	if a == nil || a.arn != in.str("FindingAggregatorArn") || a.region != at.region {
		return nil, notFound("no aggregator %s", in.str("FindingAggregatorArn"))
	}
	return a.output(), nil
}

func (a *aggregator) link(in input) *apiError {
	mode, regions := in.str("RegionLinkingMode"), in.strings("Regions")
	needs := mode == "SPECIFIED_REGIONS" || mode == "ALL_REGIONS_EXCEPT_SPECIFIED"
	if !needs && mode != "ALL_REGIONS" && mode != "NO_REGIONS" || needs != (len(regions) > 0) || slices.Contains(regions, a.region) {
		return fail("InvalidInputException", "invalid Regions for %s", mode)
	}
	slices.Sort(regions)
	a.mode, a.regions = mode, regions
	return nil
}

func (s *Server) createAggregator(at place, in input) (output, *apiError) {
	if err := s.hub(at); err != nil {
		return nil, err
	}
	st := &s.state.security.hub
	if st.aggregator != nil {
		return nil, &apiError{code: "LimitExceededException", message: "the account has an aggregator", status: http.StatusTooManyRequests}
	}
	a := &aggregator{region: at.region, arn: "arn:aws:securityhub:" + at.region + ":" + at.account + ":finding-aggregator/" + identifier("aggregator", at.account, at.region)}
	if err := a.link(in); err != nil {
		return nil, err
	}
	st.aggregator = a
	return a.output(), nil
}

func (s *Server) updateAggregator(at place, in input) (output, *apiError) {
	if _, err := s.getAggregator(at, in); err != nil {
		return nil, err
	}
	a := s.state.security.hub.aggregator
	if err := a.link(in); err != nil {
		return nil, err
	}
	return a.output(), nil
}

// hubAdministrator refuses all but the administrator of the Region.
func (s *Server) hubAdministrator(at place) *apiError {
	if err := s.hub(at); err != nil {
		return err
	}
	if !s.administers(s.administratorsOf("securityhub"), at) {
		return invalidAccess("Account %s is not the administrator of the organization", at.account)
	}
	return nil
}

func (s *Server) describeHubOrganization(at place, _ input) (output, *apiError) {
	if err := s.hubAdministrator(at); err != nil {
		return nil, err
	}
	configuration := output{"ConfigurationType": "LOCAL", "Status": "ENABLED"}
	if c := s.state.security.hub.central; c != nil {
		configuration = output{"ConfigurationType": c.value, "Status": "ENABLED"}
		if s.now.Before(c.done) {
			configuration["Status"] = "PENDING"
		} else if reason := s.options.Security.FailCentral; reason != "" {
			configuration["Status"], configuration["StatusMessage"] = "FAILED", reason
		}
	}
	return output{"AutoEnable": false, "AutoEnableStandards": "NONE", "MemberAccountLimitReached": false, "OrganizationConfiguration": configuration}, nil
}

func (s *Server) updateHubOrganization(at place, in input) (output, *apiError) {
	if err := s.hubAdministrator(at); err != nil {
		return nil, err
	}
	st := &s.state.security.hub
	kind := in.object("OrganizationConfiguration").str("ConfigurationType")
	if enable, _ := in["AutoEnable"].(bool); kind == "CENTRAL" && (enable || in.str("AutoEnableStandards") != "NONE") {
		return nil, fail("InvalidInputException", "AutoEnable must be false and AutoEnableStandards NONE in central configuration")
	}
	if st.aggregator == nil || st.aggregator.region != at.region {
		return nil, fail("InvalidInputException", "central configuration needs a finding aggregator in this Region")
	}
	st.central = &changing{kind, s.now.Add(s.options.Security.Delay)}
	return nil, nil
}

// centralConfiguration refuses policies while central configuration is not in effect.
func (s *Server) centralConfiguration(at place) *apiError {
	if err := s.hubAdministrator(at); err != nil {
		return err
	}
	st := &s.state.security.hub
	if st.central == nil || st.central.value != "CENTRAL" || s.now.Before(st.central.done) || s.options.Security.FailCentral != "" || st.aggregator.region != at.region {
		return invalidAccess("central configuration is not enabled")
	}
	return nil
}

func (p *configurationPolicy) output(at place) output {
	return output{"Id": p.id, "Name": p.name, "ConfigurationPolicy": p.content, "ServiceEnabled": true,
		"Arn": "arn:aws:securityhub:" + at.region + ":" + at.account + ":configuration-policy/" + p.id}
}

func (s *Server) listConfigurationPolicies(at place, in input) (output, *apiError) {
	if err := s.centralConfiguration(at); err != nil {
		return nil, err
	}
	list := []output{}
	for _, id := range slices.Sorted(maps.Keys(s.state.security.hub.policies)) {
		out := s.state.security.hub.policies[id].output(at)
		delete(out, "ConfigurationPolicy")
		list = append(list, out)
	}
	return s.page(in, "ConfigurationPolicySummaries", list)
}

func (s *Server) configurationPolicy(at place, id string) (*configurationPolicy, *apiError) {
	if err := s.centralConfiguration(at); err != nil {
		return nil, err
	}
	p := s.state.security.hub.policies[id]
	if p == nil {
		return nil, notFound("no configuration policy %s", id)
	}
	return p, nil
}

func (s *Server) getConfigurationPolicy(at place, in input) (output, *apiError) {
	p, err := s.configurationPolicy(at, in.str("Identifier"))
	if err != nil {
		return nil, err
	}
	return p.output(at), nil
}

// policyContent refuses standards and controls that do not exist: those whose name says so.
func policyContent(in input) (any, *apiError) {
	hub := in.object("ConfigurationPolicy").object("SecurityHub")
	controls := hub.object("SecurityControlsConfiguration")
	for _, id := range slices.Concat(hub.strings("EnabledStandardIdentifiers"), controls.strings("DisabledSecurityControlIdentifiers")) {
		if strings.Contains(id, "unknown") {
			return nil, fail("InvalidInputException", "Invalid parameter: %s", id)
		}
	}
	if hub == nil || controls["DisabledSecurityControlIdentifiers"] != nil && controls["EnabledSecurityControlIdentifiers"] != nil {
		return nil, fail("InvalidInputException", "Invalid configuration policy")
	}
	return in["ConfigurationPolicy"], nil
}

func (s *Server) createConfigurationPolicy(at place, in input) (output, *apiError) {
	if err := s.centralConfiguration(at); err != nil {
		return nil, err
	}
	content, err := policyContent(in)
	if err != nil {
		return nil, err
	}
	p := &configurationPolicy{id: identifier("policy", in.str("Name")), name: in.str("Name"), content: content}
	if s.state.security.hub.policies[p.id] != nil {
		return nil, conflict("ResourceConflictException", "a policy with the name %s exists", p.name)
	}
	s.state.security.hub.policies[p.id] = p
	return p.output(at), nil
}

func (s *Server) updateConfigurationPolicy(at place, in input) (output, *apiError) {
	p, err := s.configurationPolicy(at, in.str("Identifier"))
	if err != nil {
		return nil, err
	}
	if in["ConfigurationPolicy"] != nil {
		content, err := policyContent(in)
		if err != nil {
			return nil, err
		}
		p.content = content
	}
	for _, c := range s.state.security.hub.associated {
		if c.value == p.id {
			c.done = s.now.Add(s.options.Security.Delay)
		}
	}
	return p.output(at), nil
}

func (s *Server) associationOutput(target string, c *changing) output {
	out := output{"ConfigurationPolicyId": c.value, "TargetId": target, "TargetType": "ROOT", "AssociationType": "APPLIED", "AssociationStatus": "SUCCESS"}
	if s.now.Before(c.done) {
		out["AssociationStatus"] = "PENDING"
	} else if reason := s.options.Security.FailAssociation; reason != "" {
		out["AssociationStatus"], out["AssociationStatusMessage"] = "FAILED", reason
	}
	return out
}

func (s *Server) associateConfigurationPolicy(at place, in input) (output, *apiError) {
	p, err := s.configurationPolicy(at, in.str("ConfigurationPolicyIdentifier"))
	if err != nil {
		return nil, err
	}
	target := in.object("Target").str("RootId")
	if target != rootID {
		return nil, notFound("no target %v", in["Target"])
	}
	c := &changing{p.id, s.now.Add(s.options.Security.Delay)}
	s.state.security.hub.associated[target] = c
	return s.associationOutput(target, c), nil
}

func (s *Server) getAssociation(at place, in input) (output, *apiError) {
	if err := s.centralConfiguration(at); err != nil {
		return nil, err
	}
	target := in.object("Target").str("RootId")
	c := s.state.security.hub.associated[target]
	if c == nil {
		return nil, notFound("no association of %s", target)
	}
	return s.associationOutput(target, c), nil
}

// AddFindingAggregator makes an earlier set-up collect findings.
func (s *Server) AddFindingAggregator(accountID, region, mode string, regions ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.security.hub.aggregator = &aggregator{region: region, mode: mode, regions: regions,
		arn: "arn:aws:securityhub:" + region + ":" + accountID + ":finding-aggregator/earlier"}
}

// AddConfigurationPolicy makes an earlier set-up have central configuration with a policy of
// the name that enables nothing; associated makes it the root's.
func (s *Server) AddConfigurationPolicy(name string, associated bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state.security.hub
	st.central = &changing{value: "CENTRAL"}
	p := &configurationPolicy{id: identifier("policy", name), name: name, content: map[string]any{"SecurityHub": map[string]any{"ServiceEnabled": false}}}
	st.policies[p.id] = p
	if associated {
		st.associated[rootID] = &changing{value: p.id}
	}
}
