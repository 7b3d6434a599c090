package fakeaws

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	serviceControlPolicy  = "SERVICE_CONTROL_POLICY"
	resourceControlPolicy = "RESOURCE_CONTROL_POLICY"
)

// policyTypes: enum PolicyType of the API Reference, November 2026.
var policyTypes = []string{serviceControlPolicy, resourceControlPolicy, "TAG_POLICY", "BACKUP_POLICY",
	"AISERVICES_OPT_OUT_POLICY", "CHATBOT_POLICY", "DECLARATIVE_POLICY_EC2", "SECURITYHUB_POLICY", "INSPECTOR_POLICY",
	"UPGRADE_ROLLOUT_POLICY", "BEDROCK_POLICY", "S3_POLICY", "NETWORK_SECURITY_DIRECTOR_POLICY", "GUARDDUTY_POLICY"}

// policyQuota holds the quotas of one policy type: characters of a document, policies
// attached to one target, policies of an organization.
type policyQuota struct{ characters, attached, policies int }

// policyQuotas: AWS Organizations User Guide, "Quotas and service limits", November 2026.
var policyQuotas = map[string]policyQuota{
	serviceControlPolicy:        {10240, 10, 10000},
	resourceControlPolicy:       {5120, 5, 2000},
	"CHATBOT_POLICY":            {10000, 5, 1000},
	"AISERVICES_OPT_OUT_POLICY": {2500, 5, 1000},
}

func quotaOf(policyType string) policyQuota {
	if quota, ok := policyQuotas[policyType]; ok {
		return quota
	}
	return policyQuota{10000, 10, 1000}
}

type policy struct {
	id, name, description, content, policyType string
	awsManaged                                 bool
}

// fullAccess holds the AWS managed policies that AWS attaches everywhere when the type is enabled.
var fullAccess = map[string]*policy{
	serviceControlPolicy: {id: "p-FullAWSAccess", name: "FullAWSAccess", policyType: serviceControlPolicy, awsManaged: true,
		description: "Allows access to every operation",
		content:     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`},
	resourceControlPolicy: {id: "p-RCPFullAWSAccess", name: "RCPFullAWSAccess", policyType: resourceControlPolicy, awsManaged: true,
		description: "Allows access to every resource",
		content:     `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`},
}

func (st *state) addManagedPolicies() {
	for _, p := range fullAccess {
		st.policies[p.id] = p
	}
}

func (st *state) attachFullAccess(policyType, target string) {
	if p := fullAccess[policyType]; p != nil && !slices.Contains(st.attachments[target], p.id) {
		st.attachments[target] = append(st.attachments[target], p.id)
	}
}

func policyOperations() map[string]operation {
	return map[string]operation{
		"organizations:CreatePolicy":          {true, false, (*Server).createPolicy},
		"organizations:UpdatePolicy":          {true, false, (*Server).updatePolicy},
		"organizations:DeletePolicy":          {true, false, (*Server).deletePolicy},
		"organizations:DescribePolicy":        {false, false, (*Server).describePolicy},
		"organizations:ListPolicies":          {false, false, (*Server).listPolicies},
		"organizations:ListPoliciesForTarget": {false, false, (*Server).listPoliciesForTarget},
		"organizations:ListTargetsForPolicy":  {false, false, (*Server).listTargets},
		"organizations:AttachPolicy":          {true, false, (*Server).attachPolicy},
		"organizations:DetachPolicy":          {true, false, (*Server).detachPolicy},
	}
}

func (s *Server) policySummary(p *policy) output {
	owner := ManagementAccountID
	if p.awsManaged {
		owner = "aws"
	}
	return output{"Id": p.id, "Name": p.name, "Description": p.description, "Type": p.policyType, "AwsManaged": p.awsManaged,
		"Arn": fmt.Sprintf("arn:aws:organizations::%s:policy/%s/%s/%s", owner, organizationID, strings.ToLower(p.policyType), p.id)}
}

func (s *Server) policyOutput(p *policy) output {
	return output{"Policy": output{"PolicySummary": s.policySummary(p), "Content": p.content}}
}

func (s *Server) checkContent(policyType, content string) *apiError {
	if !json.Valid([]byte(content)) {
		return fail("MalformedPolicyDocumentException", "the content is not JSON")
	}
	if limit := quotaOf(policyType).characters; utf8.RuneCountInString(content) > limit {
		return constraint("POLICY_CONTENT_LIMIT_EXCEEDED", "the content has more than %d characters", limit)
	}
	return nil
}

func (s *Server) createPolicy(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	policyType := in.str("Type")
	if s.state.organization.featureSet != "ALL" {
		return nil, fail("PolicyTypeNotAvailableForOrganizationException", "policies need all features")
	}
	if !slices.Contains(policyTypes, policyType) {
		return nil, invalid("INVALID_ENUM_POLICY_TYPE", "unknown policy type %q", policyType)
	}
	if err := s.checkContent(policyType, in.str("Content")); err != nil {
		return nil, err
	}
	count := 0
	for _, p := range s.state.policies {
		if p.policyType != policyType {
			continue
		}
		count++
		if p.name == in.str("Name") {
			return nil, fail("DuplicatePolicyException", "a policy with the name %q exists", p.name)
		}
	}
	if count >= quotaOf(policyType).policies {
		return nil, constraint("POLICY_NUMBER_LIMIT_EXCEEDED", "too many policies of the type %s", policyType)
	}
	s.serial++
	p := &policy{id: fmt.Sprintf("p-%08d", s.serial), name: in.str("Name"), description: in.str("Description"),
		content: in.str("Content"), policyType: policyType}
	s.state.policies[p.id] = p
	if tags := tagsOf(in); len(tags) > 0 {
		s.state.tags[p.id] = tags
	}
	return s.policyOutput(p), nil
}

func (s *Server) policy(in input) (*policy, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	p := s.state.policies[in.str("PolicyId")]
	if p == nil {
		return nil, fail("PolicyNotFoundException", "no policy %q", in.str("PolicyId"))
	}
	return p, nil
}

func (s *Server) updatePolicy(_ string, in input) (output, *apiError) {
	p, err := s.policy(in)
	if err != nil {
		return nil, err
	}
	if p.awsManaged {
		return nil, invalid("IMMUTABLE_POLICY", "an AWS managed policy cannot be changed")
	}
	if _, ok := in["Content"]; ok {
		if err := s.checkContent(p.policyType, in.str("Content")); err != nil {
			return nil, err
		}
		p.content = in.str("Content")
	}
	if _, ok := in["Name"]; ok {
		for _, other := range s.state.policies {
			if other != p && other.policyType == p.policyType && other.name == in.str("Name") {
				return nil, fail("DuplicatePolicyException", "a policy with this name exists")
			}
		}
		p.name = in.str("Name")
	}
	if _, ok := in["Description"]; ok {
		p.description = in.str("Description")
	}
	return s.policyOutput(p), nil
}

func (s *Server) deletePolicy(_ string, in input) (output, *apiError) {
	p, err := s.policy(in)
	if err != nil {
		return nil, err
	}
	if p.awsManaged {
		return nil, invalid("IMMUTABLE_POLICY", "an AWS managed policy cannot be deleted")
	}
	for _, attached := range s.state.attachments {
		if slices.Contains(attached, p.id) {
			return nil, fail("PolicyInUseException", "the policy is attached")
		}
	}
	delete(s.state.policies, p.id)
	return nil, nil
}

func (s *Server) describePolicy(_ string, in input) (output, *apiError) {
	p, err := s.policy(in)
	if err != nil {
		return nil, err
	}
	return s.policyOutput(p), nil
}

func (s *Server) listPolicies(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	list := []output{}
	for _, id := range slices.Sorted(maps.Keys(s.state.policies)) {
		if p := s.state.policies[id]; p.policyType == in.str("Filter") {
			list = append(list, s.policySummary(p))
		}
	}
	return s.page(in, "Policies", list)
}

func (s *Server) listPoliciesForTarget(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	if !s.state.exists(in.str("TargetId")) {
		return nil, fail("TargetNotFoundException", "no target %q", in.str("TargetId"))
	}
	list := []output{}
	for _, id := range s.state.attachments[in.str("TargetId")] {
		if p := s.state.policies[id]; p.policyType == in.str("Filter") {
			list = append(list, s.policySummary(p))
		}
	}
	return s.page(in, "Policies", list)
}

func (s *Server) listTargets(_ string, in input) (output, *apiError) {
	p, err := s.policy(in)
	if err != nil {
		return nil, err
	}
	list := []output{}
	for target, attached := range s.state.attachments {
		if !slices.Contains(attached, p.id) {
			continue
		}
		out := output{"TargetId": target, "Type": "ORGANIZATIONAL_UNIT"}
		switch {
		case target == rootID:
			out["Type"], out["Name"], out["Arn"] = "ROOT", "Root", s.arn("root", rootID)
		case s.state.accounts[target] != nil:
			out["Type"], out["Name"], out["Arn"] = "ACCOUNT", s.state.accounts[target].name, s.arn("account", target)
		default:
			out["Name"], out["Arn"] = s.state.units[target].name, s.arn("ou", target)
		}
		list = append(list, out)
	}
	slices.SortFunc(list, func(a, b output) int { return cmp.Compare(a["TargetId"].(string), b["TargetId"].(string)) })
	return s.page(in, "Targets", list)
}

func (s *Server) attached(target, policyType string) int {
	count := 0
	for _, id := range s.state.attachments[target] {
		if s.state.policies[id].policyType == policyType {
			count++
		}
	}
	return count
}

func (s *Server) attachPolicy(_ string, in input) (output, *apiError) {
	p, err := s.policy(in)
	if err != nil {
		return nil, err
	}
	target := in.str("TargetId")
	if !s.state.exists(target) {
		return nil, fail("TargetNotFoundException", "no target %q", target)
	}
	ready, enabled := s.state.organization.policyTypes[p.policyType]
	if !enabled || s.now.Before(ready) {
		return nil, fail("PolicyTypeNotEnabledException", "%s is not enabled", p.policyType)
	}
	if slices.Contains(s.state.attachments[target], p.id) {
		return nil, fail("DuplicatePolicyAttachmentException", "the policy is already attached")
	}
	if s.attached(target, p.policyType) >= quotaOf(p.policyType).attached {
		return nil, constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "too many policies are attached to %s", target)
	}
	s.state.attachments[target] = append(s.state.attachments[target], p.id)
	return nil, nil
}

func (s *Server) detachPolicy(_ string, in input) (output, *apiError) {
	p, err := s.policy(in)
	if err != nil {
		return nil, err
	}
	target := in.str("TargetId")
	if !s.state.exists(target) {
		return nil, fail("TargetNotFoundException", "no target %q", target)
	}
	if !slices.Contains(s.state.attachments[target], p.id) {
		return nil, fail("PolicyNotAttachedException", "the policy is not attached")
	}
	// The last SCP of a target cannot be detached, and RCPFullAWSAccess never (User Guide, "Attaching and detaching policies").
	if p.policyType == serviceControlPolicy && s.attached(target, p.policyType) == 1 || p == fullAccess[resourceControlPolicy] {
		return nil, constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "the last policy cannot be detached")
	}
	s.state.attachments[target] = slices.DeleteFunc(s.state.attachments[target], func(id string) bool { return id == p.id })
	return nil, nil
}
