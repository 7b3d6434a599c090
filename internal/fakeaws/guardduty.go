package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const guardDutyPrincipal = "guardduty.amazonaws.com"

// guardDutyRoutes are the HTTP bindings (GuardDuty API Reference).
var guardDutyRoutes = []route{
	{"GET", "/admin", "ListOrganizationAdminAccounts"},
	{"POST", "/admin/enable", "EnableOrganizationAdminAccount"},
	{"GET", "/detector", "ListDetectors"},
	{"POST", "/detector", "CreateDetector"},
	{"GET", "/detector/{detectorId}", "GetDetector"},
	{"POST", "/detector/{detectorId}", "UpdateDetector"},
	{"GET", "/detector/{detectorId}/admin", "DescribeOrganizationConfiguration"},
	{"POST", "/detector/{detectorId}/admin", "UpdateOrganizationConfiguration"},
	{"GET", "/detector/{detectorId}/publishingDestination", "ListPublishingDestinations"},
	{"POST", "/detector/{detectorId}/publishingDestination", "CreatePublishingDestination"},
	{"GET", "/detector/{detectorId}/publishingDestination/{destinationId}", "DescribePublishingDestination"},
	{"POST", "/detector/{detectorId}/publishingDestination/{destinationId}", "UpdatePublishingDestination"},
}

func guardDutyOperations() map[string]regional {
	return map[string]regional{
		"guardduty:ListOrganizationAdminAccounts":     {false, (*Server).guardDutyAdministrators},
		"guardduty:EnableOrganizationAdminAccount":    {true, (*Server).guardDutyDelegate},
		"guardduty:ListDetectors":                     {false, (*Server).listDetectors},
		"guardduty:CreateDetector":                    {true, (*Server).createDetector},
		"guardduty:GetDetector":                       {false, (*Server).getDetector},
		"guardduty:UpdateDetector":                    {true, (*Server).updateDetector},
		"guardduty:DescribeOrganizationConfiguration": {false, (*Server).describeGuardDuty},
		"guardduty:UpdateOrganizationConfiguration":   {true, (*Server).updateGuardDuty},
		"guardduty:ListPublishingDestinations":        {false, (*Server).listDestinations},
		"guardduty:CreatePublishingDestination":       {true, (*Server).createDestination},
		"guardduty:DescribePublishingDestination":     {false, (*Server).describeDestination},
		"guardduty:UpdatePublishingDestination":       {true, (*Server).updateDestination},
	}
}

// guardDutyFeatures are the features with whether a new detector has them (GuardDuty User
// Guide, "GuardDuty feature activation": all but Runtime Monitoring).
var guardDutyFeatures = map[string]bool{"S3_DATA_EVENTS": true, "EKS_AUDIT_LOGS": true, "EBS_MALWARE_PROTECTION": true,
	"RDS_LOGIN_EVENTS": true, "LAMBDA_NETWORK_LOGS": true, "RUNTIME_MONITORING": false}

var runtimeAgents = []string{"EC2_AGENT_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT"}

type guardDutyRegion struct {
	detectors map[string]*detector // by account
	// autoEnable and features are the organization's configuration.
	autoEnable string
	features   map[string]string // name, or name/additional name -> ALL, NEW, NONE
}

type detector struct {
	id, frequency string
	enabled       bool
	features      map[string]string // as above -> ENABLED, DISABLED
	visible       time.Time
	destination   *publishingDestination
}

type publishingDestination struct {
	id, bucket, key string
	verified        time.Time
	broken          bool // what the last verification found
}

// guardDuty returns the state of a Region.
func (s *Server) guardDuty(region string) *guardDutyRegion {
	found := s.state.security.guardDuty[region]
	if found == nil {
		found = &guardDutyRegion{detectors: map[string]*detector{}, autoEnable: "NONE", features: map[string]string{}}
		s.state.security.guardDuty[region] = found
	}
	return found
}

func (s *Server) guardDutyLines() []string {
	lines := []string{}
	for region, r := range s.state.security.guardDuty {
		if r.autoEnable != "NONE" || len(r.features) > 0 {
			lines = append(lines, fmt.Sprintf("guardduty organization in %s auto-enables %s", region, r.autoEnable))
		}
		for name, value := range r.features {
			lines = append(lines, fmt.Sprintf("guardduty organization in %s feature %s %s", region, name, value))
		}
		for account, d := range r.detectors {
			lines = append(lines, fmt.Sprintf("guardduty detector of %s in %s enabled %t every %s", account, region, d.enabled, d.frequency))
			for name, value := range d.features {
				lines = append(lines, fmt.Sprintf("guardduty detector of %s in %s feature %s %s", account, region, name, value))
			}
			if p := d.destination; p != nil {
				lines = append(lines, fmt.Sprintf("guardduty detector of %s in %s publishes to %s with %s", account, region, p.bucket, p.key))
			}
		}
	}
	return lines
}

func badRequest(format string, args ...any) *apiError {
	return fail("BadRequestException", format, args...)
}

func (s *Server) guardDutyAdministrators(at place, _ input) (output, *apiError) {
	if at.account != ManagementAccountID {
		return nil, badRequest("The request failed because you do not have required AWS Organization master permission.")
	}
	return output{"adminAccounts": s.administratorsOf("guardduty").output(at.region, "adminAccountId", "adminStatus")}, nil
}

func (s *Server) guardDutyDelegate(at place, in input) (output, *apiError) {
	account := in.str("adminAccountId")
	switch s.delegate(s.administratorsOf("guardduty"), guardDutyPrincipal, at, account) {
	case "":
	case "not-management":
		return nil, badRequest("The request failed because you do not have required AWS Organization master permission.")
	case "another":
		return nil, badRequest("The request is rejected because another account is already enabled as GuardDuty delegated administrator for the organization.")
	case "already":
		return nil, badRequest("The request is rejected because the account is already enabled as GuardDuty delegated administrator for the organization.")
	default:
		return nil, badRequest("The request is rejected because an invalid or out-of-range value is specified as an input parameter.")
	}
	r := s.guardDuty(at.region)
	if r.detectors[account] == nil && !s.options.Security.HideService {
		r.detectors[account] = s.newDetector(place{account, at.region})
		r.detectors[account].visible = s.now.Add(s.options.Security.Delay)
	}
	return nil, nil
}

func (s *Server) newDetector(at place) *detector {
	d := &detector{id: identifier("detector", at.account, at.region), enabled: true, frequency: "SIX_HOURS", features: map[string]string{}}
	for name, on := range guardDutyFeatures {
		if s.hasFeature(at.region, name) {
			d.features[name] = map[bool]string{true: "ENABLED", false: "DISABLED"}[on]
		}
	}
	return d
}

func (s *Server) hasFeature(region, name string) bool {
	_, known := guardDutyFeatures[name]
	return known && !slices.Contains(s.options.Security.RejectedFeatures[region], name)
}

// detector finds the detector of the caller that a request names.
func (s *Server) detector(at place, in input) (*detector, *apiError) {
	d := s.guardDuty(at.region).detectors[at.account]
	if d == nil || d.id != in.str("detectorId") || s.now.Before(d.visible) {
		return nil, badRequest("The request is rejected because the input detectorId is not owned by the current account.")
	}
	return d, nil
}

func (s *Server) listDetectors(at place, _ input) (output, *apiError) {
	ids := []string{}
	if d := s.guardDuty(at.region).detectors[at.account]; d != nil && !s.now.Before(d.visible) {
		ids = append(ids, d.id)
	}
	return output{"detectorIds": ids}, nil
}

// setFeatures writes a list of features into a map and refuses those that the Region lacks.
func (s *Server) setFeatures(region string, features map[string]string, in input, member string) *apiError {
	set := map[string]string{}
	for _, feature := range in.objects("features") {
		name := feature.str("name")
		if !s.hasFeature(region, name) {
			return badRequest("The request is rejected because the feature %s is not supported.", name)
		}
		set[name] = feature.str(member)
		for _, additional := range feature.objects("additionalConfiguration") {
			if name != "RUNTIME_MONITORING" || !slices.Contains(runtimeAgents, additional.str("name")) {
				return badRequest("The request is rejected because an invalid additional configuration is specified.")
			}
			set[name+"/"+additional.str("name")] = additional.str(member)
		}
	}
	maps.Copy(features, set)
	return nil
}

// featureList is the inverse of setFeatures.
func featureList(features map[string]string, member string) []output {
	list := []output{}
	for _, name := range slices.Sorted(maps.Keys(features)) {
		if strings.Contains(name, "/") {
			continue
		}
		feature := output{"name": name, member: features[name]}
		additional := []output{}
		for _, agent := range runtimeAgents {
			if value := features[name+"/"+agent]; value != "" {
				additional = append(additional, output{"name": agent, member: value})
			}
		}
		if len(additional) > 0 {
			feature["additionalConfiguration"] = additional
		}
		list = append(list, feature)
	}
	return list
}

func (s *Server) createDetector(at place, in input) (output, *apiError) {
	r := s.guardDuty(at.region)
	if r.detectors[at.account] != nil {
		return nil, badRequest("The request is rejected because a detector already exists for the current account.")
	}
	d := s.newDetector(at)
	if err := s.setFeatures(at.region, d.features, in, "status"); err != nil {
		return nil, err
	}
	if frequency := in.str("findingPublishingFrequency"); frequency != "" {
		d.frequency = frequency
	}
	d.enabled, _ = in["enable"].(bool)
	r.detectors[at.account] = d
	return output{"detectorId": d.id}, nil
}

func (s *Server) getDetector(at place, in input) (output, *apiError) {
	d, err := s.detector(at, in)
	if err != nil {
		return nil, err
	}
	status := map[bool]string{true: "ENABLED", false: "DISABLED"}[d.enabled]
	return output{"status": status, "serviceRole": "arn:aws:iam::" + at.account + ":role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
		"findingPublishingFrequency": d.frequency, "features": featureList(d.features, "status")}, nil
}

func (s *Server) updateDetector(at place, in input) (output, *apiError) {
	d, err := s.detector(at, in)
	if err != nil {
		return nil, err
	}
	if err := s.setFeatures(at.region, d.features, in, "status"); err != nil {
		return nil, err
	}
	if enabled, ok := in["enable"].(bool); ok {
		d.enabled = enabled
	}
	if frequency := in.str("findingPublishingFrequency"); frequency != "" {
		d.frequency = frequency
	}
	return nil, nil
}

// guardDutyOrganization finds the Region's configuration for its administrator.
func (s *Server) guardDutyOrganization(at place, in input) (*guardDutyRegion, *apiError) {
	if _, err := s.detector(at, in); err != nil {
		return nil, err
	}
	if !s.administers(s.administratorsOf("guardduty"), at) {
		return nil, badRequest("The request failed because you do not have required AWS Organization master permission.")
	}
	return s.guardDuty(at.region), nil
}

func (s *Server) describeGuardDuty(at place, in input) (output, *apiError) {
	r, err := s.guardDutyOrganization(at, in)
	if err != nil {
		return nil, err
	}
	features := maps.Clone(r.features)
	for name := range guardDutyFeatures {
		if features[name] == "" && s.hasFeature(at.region, name) {
			features[name] = "NONE"
		}
	}
	return output{"autoEnableOrganizationMembers": r.autoEnable, "memberAccountLimitReached": false, "autoEnable": r.autoEnable != "NONE",
		"features": featureList(features, "autoEnable")}, nil
}

func (s *Server) updateGuardDuty(at place, in input) (output, *apiError) {
	r, err := s.guardDutyOrganization(at, in)
	if err != nil {
		return nil, err
	}
	if s.guardDuty(at.region).detectors[ManagementAccountID] == nil && in.str("autoEnableOrganizationMembers") == "ALL" {
		// Members are added in the background; this is where the management account is refused.
		return nil, badRequest("Operation failed because your organization master must first enable GuardDuty to be added as a member")
	}
	if err := s.setFeatures(at.region, r.features, in, "autoEnable"); err != nil {
		return nil, err
	}
	if members := in.str("autoEnableOrganizationMembers"); members != "" {
		r.autoEnable = members
	}
	return nil, nil
}

// destinationStatus is what the last verification found; only another one changes it.
func (s *Server) destinationStatus(p *publishingDestination) string {
	switch {
	case s.now.Before(p.verified):
		return "PENDING_VERIFICATION"
	case p.broken:
		return "UNABLE_TO_PUBLISH_FIX_DESTINATION_PROPERTY"
	}
	return "PUBLISHING"
}

func (s *Server) listDestinations(at place, in input) (output, *apiError) {
	d, err := s.detector(at, in)
	if err != nil {
		return nil, err
	}
	list := []output{}
	if p := d.destination; p != nil {
		list = append(list, output{"destinationId": p.id, "destinationType": "S3", "status": s.destinationStatus(p)})
	}
	return output{"destinations": list}, nil
}

func (s *Server) createDestination(at place, in input) (output, *apiError) {
	d, err := s.detector(at, in)
	if err != nil {
		return nil, err
	}
	if d.destination != nil {
		return nil, badRequest("The request is rejected because a publishing destination of this type already exists.")
	}
	wanted := in.object("destinationProperties")
	if in.str("destinationType") != "S3" || wanted.str("destinationArn") == "" || wanted.str("kmsKeyArn") == "" {
		return nil, badRequest("The request is rejected because a required parameter is missing.")
	}
	d.destination = &publishingDestination{id: identifier("destination", at.account, at.region), bucket: wanted.str("destinationArn"),
		key: wanted.str("kmsKeyArn"), verified: s.now.Add(s.options.Security.Delay), broken: s.state.security.unwritable[wanted.str("destinationArn")]}
	return output{"destinationId": d.destination.id}, nil
}

func (s *Server) destination(at place, in input) (*publishingDestination, *apiError) {
	d, err := s.detector(at, in)
	if err != nil {
		return nil, err
	}
	if d.destination == nil || d.destination.id != in.str("destinationId") {
		return nil, badRequest("The request is rejected because the destination does not exist.")
	}
	return d.destination, nil
}

func (s *Server) describeDestination(at place, in input) (output, *apiError) {
	p, err := s.destination(at, in)
	if err != nil {
		return nil, err
	}
	return output{"destinationId": p.id, "destinationType": "S3", "status": s.destinationStatus(p), "publishingFailureStartTimestamp": 0,
		"destinationProperties": output{"destinationArn": p.bucket, "kmsKeyArn": p.key}}, nil
}

func (s *Server) updateDestination(at place, in input) (output, *apiError) {
	p, err := s.destination(at, in)
	if err != nil {
		return nil, err
	}
	wanted := in.object("destinationProperties")
	p.bucket, p.key, p.verified = wanted.str("destinationArn"), wanted.str("kmsKeyArn"), s.now.Add(s.options.Security.Delay)
	p.broken = s.state.security.unwritable[p.bucket]
	return nil, nil
}

// SetAdministrator makes an account the administrator of a service in a Region, as an
// earlier set-up did. The service is its signing name.
func (s *Server) SetAdministrator(service, region, accountID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.administratorsOf(service)[region] = &delegation{account: accountID}
	switch service {
	case "guardduty":
		s.guardDuty(region).detectors[accountID] = s.newDetector(place{accountID, region})
	case "securityhub":
		s.state.security.hub.hubs[place{accountID, region}] = s.now
	}
}

// RemoveAdministrator takes the role away from the administrator of a service in a Region,
// which takes some time.
func (s *Server) RemoveAdministrator(service, region string, takes time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.administratorsOf(service)[region].gone = s.now.Add(takes)
}

// AddDetector enables GuardDuty in an account and Region.
func (s *Server) AddDetector(accountID, region string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guardDuty(region).detectors[accountID] = s.newDetector(place{accountID, region})
}

// AddDestination makes an account's detector publish its findings.
func (s *Server) AddDestination(accountID, region, bucketARN, keyARN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guardDuty(region).detectors[accountID].destination = &publishingDestination{
		id: identifier("destination", accountID, region), bucket: bucketARN, key: keyARN}
}

// SetUnwritable makes GuardDuty unable to write to a bucket, or able again.
func (s *Server) SetUnwritable(bucketARN string, unwritable bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.security.unwritable[bucketARN] = unwritable
}
