package fakeaws

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// operations are the calls served, by "service:Operation".
func operations() map[string]operation {
	all := map[string]operation{
		"organizations:CreateOrganization":                  {true, true, (*Server).createOrganization},
		"organizations:DescribeOrganization":                {false, true, (*Server).describeOrganization},
		"organizations:ListRoots":                           {false, false, (*Server).listRoots},
		"organizations:EnablePolicyType":                    {true, false, (*Server).enablePolicyType},
		"organizations:DisablePolicyType":                   {true, false, (*Server).disablePolicyType},
		"organizations:ListOrganizationalUnitsForParent":    {false, false, (*Server).listUnits},
		"organizations:CreateOrganizationalUnit":            {true, false, (*Server).createUnit},
		"organizations:UpdateOrganizationalUnit":            {true, false, (*Server).updateUnit},
		"organizations:DeleteOrganizationalUnit":            {true, false, (*Server).deleteUnit},
		"organizations:DescribeOrganizationalUnit":          {false, false, (*Server).describeUnit},
		"organizations:ListAccounts":                        {false, false, (*Server).listAccounts},
		"organizations:ListAccountsForParent":               {false, false, (*Server).listAccountsForParent},
		"organizations:DescribeAccount":                     {false, false, (*Server).describeAccount},
		"organizations:CreateAccount":                       {true, false, (*Server).createAccount},
		"organizations:DescribeCreateAccountStatus":         {false, false, (*Server).describeCreation},
		"organizations:ListCreateAccountStatus":             {false, false, (*Server).listCreations},
		"organizations:ListParents":                         {false, false, (*Server).listParents},
		"organizations:MoveAccount":                         {true, false, (*Server).moveAccount},
		"organizations:CloseAccount":                        {true, false, (*Server).closeAccount},
		"organizations:ListTagsForResource":                 {false, false, (*Server).listTags},
		"organizations:TagResource":                         {true, false, (*Server).tag},
		"organizations:UntagResource":                       {true, false, (*Server).untag},
		"organizations:ListAWSServiceAccessForOrganization": {false, false, (*Server).listServices},
		"organizations:EnableAWSServiceAccess":              {true, false, (*Server).enableService},
		"organizations:DisableAWSServiceAccess":             {true, false, (*Server).disableService},
		"organizations:ListDelegatedAdministrators":         {false, false, (*Server).listDelegated},
		"organizations:ListDelegatedServicesForAccount":     {false, false, (*Server).listDelegatedServices},
		"organizations:RegisterDelegatedAdministrator":      {true, false, (*Server).registerDelegated},
		"organizations:DeregisterDelegatedAdministrator":    {true, false, (*Server).deregisterDelegated},
	}
	maps.Copy(all, policyOperations())
	maps.Copy(all, otherOperations())
	maps.Copy(all, trailOperations())
	maps.Copy(all, contactOperations())
	maps.Copy(all, identityOperations())
	maps.Copy(all, securityOperations())
	return all
}

func (s *Server) inUse() *apiError {
	if s.state.organization == nil {
		return fail("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
	}
	return nil
}

func (s *Server) createOrganization(_ string, in input) (output, *apiError) {
	if s.state.organization != nil {
		return nil, fail("AlreadyInOrganizationException", "The AWS account is already a member of an organization.")
	}
	featureSet := in.str("FeatureSet")
	if featureSet == "" {
		featureSet = "ALL"
	}
	s.touch("accounts", "accounts-of|"+rootID)
	s.state.createOrganization(featureSet, s.now)
	return output{"Organization": s.organizationOutput()}, nil
}

func (s *Server) organizationOutput() output {
	management := s.state.accounts[ManagementAccountID]
	return output{"Id": organizationID, "Arn": s.arn("organization", ""), "FeatureSet": s.state.organization.featureSet,
		"MasterAccountId": management.id, "MasterAccountArn": s.arn("account", management.id), "MasterAccountEmail": management.email}
}

func (s *Server) arn(kind, id string) string {
	arn := "arn:aws:organizations::" + ManagementAccountID + ":" + kind + "/" + organizationID
	if id != "" {
		arn += "/" + id
	}
	return arn
}

func (s *Server) describeOrganization(string, input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	return output{"Organization": s.organizationOutput()}, nil
}

func (s *Server) listRoots(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	return s.page(in, "Roots", s.view("roots", firstPage(in)))
}

func (s *Server) enablePolicyType(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	policyType := in.str("PolicyType")
	if in.str("RootId") != rootID {
		return nil, fail("RootNotFoundException", "no root %q", in.str("RootId"))
	}
	if s.state.organization.featureSet != "ALL" {
		return nil, fail("PolicyTypeNotAvailableForOrganizationException", "policy types need all features")
	}
	if !slices.Contains(policyTypes, policyType) {
		return nil, invalid("INVALID_ENUM_POLICY_TYPE", "unknown policy type %q", policyType)
	}
	types := s.state.organization.policyTypes
	if ready, ok := types[policyType]; ok {
		if s.now.Before(ready) {
			return nil, fail("PolicyChangesInProgressException", "changes to policies are in progress")
		}
		return nil, fail("PolicyTypeAlreadyEnabledException", "%s is already enabled", policyType)
	}
	for other, ready := range types {
		if s.now.Before(ready) {
			return nil, fail("PolicyChangesInProgressException", "%s is still being enabled", other)
		}
	}
	s.touch("roots")
	types[policyType] = s.now.Add(s.options.PolicyTypeChange)
	s.state.attachFullAccess(policyType, rootID)
	for id := range s.state.units {
		s.state.attachFullAccess(policyType, id)
	}
	for id := range s.state.accounts {
		s.state.attachFullAccess(policyType, id)
	}
	status := "ENABLED"
	if s.options.PolicyTypeChange > 0 {
		status = "PENDING_ENABLE"
	}
	return output{"Root": output{"Id": rootID, "Arn": s.arn("root", rootID), "Name": "Root",
		"PolicyTypes": []output{{"Type": policyType, "Status": status}}}}, nil
}

func (s *Server) disablePolicyType(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	if _, ok := s.state.organization.policyTypes[in.str("PolicyType")]; !ok {
		return nil, fail("PolicyTypeNotEnabledException", "%s is not enabled", in.str("PolicyType"))
	}
	s.touch("roots")
	delete(s.state.organization.policyTypes, in.str("PolicyType"))
	return output{"Root": output{"Id": rootID}}, nil
}

func unitOutput(u *unit) output {
	return output{"Id": u.id, "Name": u.name,
		"Arn": "arn:aws:organizations::" + ManagementAccountID + ":ou/" + organizationID + "/" + u.id}
}

func (s *Server) listUnits(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	parent := in.str("ParentId")
	if parent != rootID && s.state.units[parent] == nil {
		return nil, fail("ParentNotFoundException", "no parent %q", parent)
	}
	return s.page(in, "OrganizationalUnits", s.view("units|"+parent, firstPage(in)))
}

func (s *Server) createUnit(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	parent, name := in.str("ParentId"), in.str("Name")
	if parent != rootID && s.state.units[parent] == nil {
		return nil, fail("ParentNotFoundException", "no parent %q", parent)
	}
	// The API Reference of CreateOrganizationalUnit bounds a name to 1 to 128 characters.
	if len(name) == 0 || len(name) > 128 {
		return nil, invalid("MAX_LENGTH_EXCEEDED", "a name has 1 to 128 characters")
	}
	if s.state.depth(parent) >= depthQuota {
		return nil, constraint("OU_DEPTH_LIMIT_EXCEEDED", "an OU can be at most %d levels below the root", depthQuota)
	}
	if len(s.state.units) >= unitQuota {
		return nil, constraint("OU_NUMBER_LIMIT_EXCEEDED", "an organization has at most %d OUs", unitQuota)
	}
	for _, sibling := range s.state.unitsBelow(parent) {
		if strings.EqualFold(sibling.name, name) {
			return nil, fail("DuplicateOrganizationalUnitException", "an OU with the name %q exists below %s", name, parent)
		}
	}
	u := s.addUnit(parent, name)
	return output{"OrganizationalUnit": unitOutput(u)}, nil
}

func (s *Server) addUnit(parent, name string) *unit {
	s.touch("units|" + parent)
	s.serial++
	u := &unit{id: fmt.Sprintf("ou-ex01-%08d", s.serial), name: name}
	s.state.units[u.id] = u
	s.state.parents[u.id] = parent
	for policyType := range s.state.organization.policyTypes {
		s.state.attachFullAccess(policyType, u.id)
	}
	return u
}

func (s *Server) unit(in input) (*unit, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	u := s.state.units[in.str("OrganizationalUnitId")]
	if u == nil {
		return nil, fail("OrganizationalUnitNotFoundException", "no OU %q", in.str("OrganizationalUnitId"))
	}
	return u, nil
}

func (s *Server) updateUnit(_ string, in input) (output, *apiError) {
	u, err := s.unit(in)
	if err != nil {
		return nil, err
	}
	for _, sibling := range s.state.unitsBelow(s.state.parents[u.id]) {
		if sibling != u && strings.EqualFold(sibling.name, in.str("Name")) {
			return nil, fail("DuplicateOrganizationalUnitException", "an OU with this name exists")
		}
	}
	s.touch("units|" + s.state.parents[u.id])
	u.name = in.str("Name")
	return output{"OrganizationalUnit": unitOutput(u)}, nil
}

func (s *Server) deleteUnit(_ string, in input) (output, *apiError) {
	u, err := s.unit(in)
	if err != nil {
		return nil, err
	}
	for _, parent := range s.state.parents {
		if parent == u.id {
			return nil, fail("OrganizationalUnitNotEmptyException", "the OU is not empty")
		}
	}
	s.touch("units|" + s.state.parents[u.id])
	delete(s.state.units, u.id)
	delete(s.state.parents, u.id)
	delete(s.state.attachments, u.id)
	return nil, nil
}

func (s *Server) describeUnit(_ string, in input) (output, *apiError) {
	u, err := s.unit(in)
	if err != nil {
		return nil, err
	}
	return output{"OrganizationalUnit": unitOutput(u)}, nil
}

func (s *Server) accountOutput(a *account) output {
	out := output{"Id": a.id, "Arn": s.arn("account", a.id), "Name": a.name, "Email": a.email, "State": a.state,
		"JoinedMethod": a.joined, "JoinedTimestamp": epoch(a.since)}
	// Status is retired but still answered where it can express the state.
	switch a.state {
	case "ACTIVE", "PENDING_CLOSURE", "SUSPENDED":
		out["Status"] = a.state
	case "CLOSED":
		out["Status"] = "SUSPENDED"
	}
	return out
}

func (s *Server) listAccounts(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	return s.page(in, "Accounts", s.view("accounts", firstPage(in)))
}

func (s *Server) listAccountsForParent(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	if parent := in.str("ParentId"); parent != rootID && s.state.units[parent] == nil {
		return nil, fail("ParentNotFoundException", "no parent %q", parent)
	}
	return s.page(in, "Accounts", s.view("accounts-of|"+in.str("ParentId"), firstPage(in)))
}

func (s *Server) describeAccount(_ string, in input) (output, *apiError) {
	a, err := s.account(in.str("AccountId"))
	if err != nil {
		return nil, err
	}
	return output{"Account": s.accountOutput(a)}, nil
}

func (s *Server) account(id string) (*account, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	a := s.state.accounts[id]
	if a == nil {
		return nil, fail("AccountNotFoundException", "You specified an account that doesn't exist: %q", id)
	}
	return a, nil
}

var emailPattern = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)

func (s *Server) createAccount(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	name, email := in.str("AccountName"), in.str("Email")
	// Lengths: API Reference of CreateAccount.
	if len(name) == 0 || len(name) > 50 || len(email) < 6 || len(email) > 64 || !emailPattern.MatchString(email) {
		return nil, invalid("INVALID_EMAIL_ADDRESS_TARGET", "the name or the e-mail address is not valid")
	}
	if s.now.Before(s.state.organization.created.Add(s.options.Finalizing)) {
		return nil, fail("FinalizingOrganizationException", "AWS Organizations is still initializing the organization")
	}
	inProgress := 0
	for _, c := range s.state.creations {
		if c.state == "IN_PROGRESS" {
			inProgress++
		}
	}
	if inProgress > 0 && !s.options.AllowOverlappingCreations {
		return nil, fail("ConcurrentModificationException", "another account creation is in progress")
	}
	if inProgress >= 5 {
		return nil, constraint("ACCOUNT_CREATION_RATE_LIMIT_EXCEEDED", "too many accounts are being created")
	}
	if len(s.state.accounts)+inProgress >= s.options.AccountQuota {
		return nil, constraint("ACCOUNT_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of AWS accounts.")
	}
	s.touch("statuses")
	s.serial++
	c := &creation{id: fmt.Sprintf("car-%032d", s.serial), name: name, email: email, state: "IN_PROGRESS",
		requested: s.now, completes: s.now.Add(s.options.AccountCreation), tags: tagsOf(in)}
	s.state.creations = append(s.state.creations, c)
	return output{"CreateAccountStatus": creationOutput(c)}, nil
}

func creationOutput(c *creation) output {
	out := output{"Id": c.id, "AccountName": c.name, "State": c.state, "RequestedTimestamp": epoch(c.requested)}
	if c.state != "IN_PROGRESS" {
		out["CompletedTimestamp"] = epoch(c.completes)
	}
	if c.accountID != "" {
		out["AccountId"] = c.accountID
	}
	if c.reason != "" {
		out["FailureReason"] = c.reason
	}
	return out
}

func (s *Server) describeCreation(_ string, in input) (output, *apiError) {
	for _, c := range s.state.creations {
		if c.id == in.str("CreateAccountRequestId") {
			return output{"CreateAccountStatus": creationOutput(c)}, nil
		}
	}
	return nil, fail("CreateAccountStatusNotFoundException", "no such request")
}

func (s *Server) listCreations(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	states := in.strings("States")
	list := []output{}
	for _, status := range s.view("statuses", firstPage(in)) {
		if len(states) == 0 || slices.Contains(states, status["State"].(string)) {
			list = append(list, status)
		}
	}
	return s.page(in, "CreateAccountStatuses", list)
}

func (s *Server) listParents(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	child := in.str("ChildId")
	if s.state.parents[child] == "" {
		return nil, fail("ChildNotFoundException", "no child %q", child)
	}
	return s.page(in, "Parents", s.view("parent|"+child, firstPage(in)))
}

func (s *Server) moveAccount(_ string, in input) (output, *apiError) {
	a, err := s.account(in.str("AccountId"))
	if err != nil {
		return nil, err
	}
	source, destination := in.str("SourceParentId"), in.str("DestinationParentId")
	if destination != rootID && s.state.units[destination] == nil {
		return nil, fail("DestinationParentNotFoundException", "no destination %q", destination)
	}
	if s.state.parents[a.id] == destination {
		return nil, fail("DuplicateAccountException", "the account is already below %s", destination)
	}
	if s.state.parents[a.id] != source {
		return nil, fail("SourceParentNotFoundException", "the account is not below %s", source)
	}
	s.touch("parent|"+a.id, "accounts-of|"+source, "accounts-of|"+destination)
	s.state.parents[a.id] = destination
	return nil, nil
}

func (s *Server) closeAccount(_ string, in input) (output, *apiError) {
	a, err := s.account(in.str("AccountId"))
	if err != nil {
		return nil, err
	}
	if a.id == ManagementAccountID {
		return nil, constraint("CANNOT_CLOSE_MANAGEMENT_ACCOUNT", "the management account cannot be closed")
	}
	if a.state != "ACTIVE" {
		return nil, fail("AccountAlreadyClosedException", "the account is %s", a.state)
	}
	// The quota of 30 days is the higher of 250 and 20 % of the members, at most 1,000 (API Reference of CloseAccount).
	if s.state.closedAccounts >= min(1000, max(250, len(s.state.accounts)/5)) {
		return nil, constraint("CLOSE_ACCOUNT_QUOTA_EXCEEDED", "too many accounts were closed in 30 days")
	}
	s.touch("accounts")
	s.state.closedAccounts++
	a.state = "CLOSED"
	return nil, nil
}

func tagsOf(in input) map[string]string {
	tags := map[string]string{}
	for _, item := range in.list("Tags") {
		if tag, ok := item.(map[string]any); ok {
			tags[input(tag).str("Key")] = input(tag).str("Value")
		}
	}
	return tags
}

func (s *Server) taggable(id string) *apiError {
	if err := s.inUse(); err != nil {
		return err
	}
	if !s.state.exists(id) && s.state.policies[id] == nil {
		return fail("TargetNotFoundException", "no resource %q", id)
	}
	return nil
}

func (s *Server) listTags(_ string, in input) (output, *apiError) {
	if err := s.taggable(in.str("ResourceId")); err != nil {
		return nil, err
	}
	return s.page(in, "Tags", s.view("tags|"+in.str("ResourceId"), firstPage(in)))
}

func (s *Server) tag(_ string, in input) (output, *apiError) {
	id := in.str("ResourceId")
	if err := s.taggable(id); err != nil {
		return nil, err
	}
	tags := maps.Clone(s.state.tags[id])
	if tags == nil {
		tags = map[string]string{}
	}
	for key, value := range tagsOf(in) {
		if strings.HasPrefix(strings.ToLower(key), "aws:") {
			return nil, invalid("INVALID_SYSTEM_TAGS_PARAMETER", "the prefix aws: is reserved")
		}
		tags[key] = value
	}
	if len(tags) > tagQuota {
		return nil, constraint("MAX_TAG_LIMIT_EXCEEDED", "a resource has at most %d tags", tagQuota)
	}
	if !maps.Equal(tags, s.state.tags[id]) {
		s.touch("tags|" + id)
		s.state.tags[id] = tags
	}
	return nil, nil
}

func (s *Server) untag(_ string, in input) (output, *apiError) {
	id := in.str("ResourceId")
	if err := s.taggable(id); err != nil {
		return nil, err
	}
	for _, key := range in.strings("TagKeys") {
		if _, ok := s.state.tags[id][key]; ok {
			s.touch("tags|" + id)
			delete(s.state.tags[id], key)
		}
	}
	return nil, nil
}

func (s *Server) listServices(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	return s.page(in, "EnabledServicePrincipals", s.view("services", firstPage(in)))
}

var principalPattern = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com$`)

func (s *Server) enableService(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	principal := in.str("ServicePrincipal")
	if !principalPattern.MatchString(principal) {
		return nil, invalid("UNRECOGNIZED_SERVICE_PRINCIPAL", "%q is no service principal", principal)
	}
	if s.state.organization.featureSet != "ALL" {
		return nil, constraint("ORGANIZATION_NOT_IN_ALL_FEATURES_MODE", "trusted access needs all features")
	}
	if _, ok := s.state.services[principal]; !ok {
		s.touch("services")
		s.state.services[principal] = s.now
	}
	return nil, nil
}

func (s *Server) disableService(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	s.touch("services")
	delete(s.state.services, in.str("ServicePrincipal"))
	return nil, nil
}

// administratorQuota is the number of delegated administrators of services that allow
// more than one; every other service allows one.
var administratorQuota = map[string]int{
	// CloudFormation User Guide, "Register a delegated administrator".
	stackSetsPrincipal: 5,
}

func (s *Server) delegatedOutput(principal string) []output {
	list := []output{}
	for _, id := range slices.Sorted(maps.Keys(s.state.accounts)) {
		for _, service := range slices.Sorted(maps.Keys(s.state.delegated)) {
			since, ok := s.state.delegated[service][id]
			if !ok || principal != "" && principal != service {
				continue
			}
			out := s.accountOutput(s.state.accounts[id])
			out["DelegationEnabledDate"] = epoch(since)
			list = append(list, out)
			break
		}
	}
	return list
}

func (s *Server) listDelegated(_ string, in input) (output, *apiError) {
	if err := s.inUse(); err != nil {
		return nil, err
	}
	return s.page(in, "DelegatedAdministrators", s.view("delegated|"+in.str("ServicePrincipal"), firstPage(in)))
}

func (s *Server) listDelegatedServices(_ string, in input) (output, *apiError) {
	if _, err := s.account(in.str("AccountId")); err != nil {
		return nil, err
	}
	list := s.view("delegated-services|"+in.str("AccountId"), firstPage(in))
	if len(list) == 0 {
		return nil, fail("AccountNotRegisteredException", "the account is not a delegated administrator")
	}
	return s.page(in, "DelegatedServices", list)
}

func (s *Server) registerDelegated(_ string, in input) (output, *apiError) {
	a, err := s.account(in.str("AccountId"))
	if err != nil {
		return nil, err
	}
	principal := in.str("ServicePrincipal")
	switch {
	case a.id == ManagementAccountID:
		return nil, constraint("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR", "the management account cannot be registered")
	case a.state != "ACTIVE":
		return nil, constraint("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR", "the account is %s", a.state)
	}
	if _, ok := s.state.services[principal]; !ok && !(principal == stackSetsPrincipal && s.state.stackSets) {
		return nil, constraint("SERVICE_ACCESS_NOT_ENABLED", "trusted access of %s is not enabled", principal)
	}
	administrators := s.state.delegated[principal]
	if _, ok := administrators[a.id]; ok {
		return nil, fail("AccountAlreadyRegisteredException", "the account is already a delegated administrator of %s", principal)
	}
	if len(administrators) >= max(1, administratorQuota[principal]) {
		return nil, constraint("MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED", "%s has its delegated administrator", principal)
	}
	s.touch("delegated|"+principal, "delegated|", "delegated-services|"+a.id)
	if administrators == nil {
		s.state.delegated[principal] = map[string]time.Time{}
	}
	s.state.delegated[principal][a.id] = s.now
	return nil, nil
}

func (s *Server) deregisterDelegated(_ string, in input) (output, *apiError) {
	a, err := s.account(in.str("AccountId"))
	if err != nil {
		return nil, err
	}
	principal := in.str("ServicePrincipal")
	if _, ok := s.state.delegated[principal][a.id]; !ok {
		return nil, fail("AccountNotRegisteredException", "the account is not a delegated administrator of %s", principal)
	}
	s.touch("delegated|"+principal, "delegated|", "delegated-services|"+a.id)
	delete(s.state.delegated[principal], a.id)
	return nil, nil
}
