package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const stackSetsPrincipal = "member.org.stacksets.cloudformation.amazonaws.com"

func otherOperations() map[string]operation {
	return map[string]operation{
		"cloudformation:DescribeOrganizationsAccess": {false, true, (*Server).describeOrganizationsAccess},
		"cloudformation:ActivateOrganizationsAccess": {true, true, (*Server).activateOrganizationsAccess},
		"cloudformation:DescribeStacks":              {false, true, (*Server).describeStacks},
		"cloudformation:ListStacks":                  {false, true, (*Server).listStacks},
		"kms:DescribeKey":                            {false, true, (*Server).describeKey},
		"sts:GetCallerIdentity":                      {false, true, (*Server).getCallerIdentity},
		"sts:AssumeRole":                             {false, true, (*Server).assumeRole},
	}
}

func (s *Server) describeOrganizationsAccess(string, input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, fail("InvalidOperationException", "the account is not in an organization")
	}
	status := "DISABLED"
	if s.state.stackSets {
		status = "ENABLED"
	}
	return output{"Status": status}, nil
}

func (s *Server) activateOrganizationsAccess(caller string, _ input) (output, *apiError) {
	if err := s.inUse(); err != nil || caller != ManagementAccountID {
		return nil, fail("InvalidOperationException", "only the management account of an organization can do this")
	}
	if !s.state.stackSets {
		s.touch("services")
		s.state.stackSets = true
		s.state.services[stackSetsPrincipal] = s.now
	}
	return nil, nil
}

func (s *Server) describeStacks(_ string, in input) (output, *apiError) {
	id := in.str("StackName")
	found := s.state.stacks[id]
	if found == nil {
		return nil, fail("ValidationError", "Stack with id %s does not exist", id)
	}
	described := s.stackSummary(id)
	described["Tags"] = tagList(found.tags)
	return output{"Stacks": []output{described}}, nil
}

// listStacks answers the stacks of the Region of the request, deleted ones too unless
// StackStatusFilter leaves them out (CloudFormation API Reference, ListStacks).
func (s *Server) listStacks(_ string, in input) (output, *apiError) {
	var statuses []string
	for i := 1; in.str(fmt.Sprintf("StackStatusFilter.member.%d", i)) != ""; i++ {
		statuses = append(statuses, in.str(fmt.Sprintf("StackStatusFilter.member.%d", i)))
	}
	summaries := []output{}
	for _, id := range slices.Sorted(maps.Keys(s.state.stacks)) {
		if strings.Split(id, ":")[3] == in.str(regionMember) && (len(statuses) == 0 || slices.Contains(statuses, s.state.stacks[id].status)) {
			summaries = append(summaries, s.stackSummary(id))
		}
	}
	return s.page(in, "StackSummaries", summaries)
}

// stackSummary describes a stack, whose id is arn:PARTITION:cloudformation:REGION:ACCOUNT:stack/NAME/UUID.
func (s *Server) stackSummary(id string) output {
	return output{"StackId": id, "StackName": strings.Split(id, "/")[1], "StackStatus": s.state.stacks[id].status,
		"CreationTime": s.options.Start.Format(time.RFC3339)}
}

func (s *Server) describeKey(_ string, in input) (output, *apiError) {
	id := in.str("KeyId")
	found := s.state.aliases[id]
	if found == nil {
		return nil, fail("NotFoundException", "Alias %s is not found.", id)
	}
	if found.hidden > 0 {
		found.hidden--
		return nil, fail("AccessDeniedException", "no resource-based policy allows kms:DescribeKey on %s", id)
	}
	return output{"KeyMetadata": output{"Arn": found.keyARN, "KeyId": found.keyARN[strings.LastIndex(found.keyARN, "/")+1:],
		"AWSAccountId": strings.Split(found.keyARN, ":")[4], "Enabled": true, "KeyState": "Enabled"}}, nil
}

func (s *Server) getCallerIdentity(caller string, _ input) (output, *apiError) {
	return output{"Account": caller, "Arn": "arn:aws:iam::" + caller + ":root", "UserId": caller}, nil
}

func (s *Server) assumeRole(_ string, in input) (output, *apiError) {
	parts := strings.Split(in.str("RoleArn"), ":")
	if len(parts) != 6 || s.state.accounts[parts[4]] == nil {
		return nil, fail("AccessDenied", "not authorized to assume %q", in.str("RoleArn"))
	}
	s.serial++
	key := fmt.Sprintf("ASIA%016d", s.serial)
	s.keys[key] = parts[4]
	return output{
		"Credentials": output{"AccessKeyId": key, "SecretAccessKey": "secret", "SessionToken": "token",
			"Expiration": s.now.Add(time.Hour).Format(time.RFC3339)},
		"AssumedRoleUser": output{"Arn": strings.Replace(in.str("RoleArn"), ":role/", ":assumed-role/", 1) + "/" + in.str("RoleSessionName"),
			"AssumedRoleId": key},
	}, nil
}
