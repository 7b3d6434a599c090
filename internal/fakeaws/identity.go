package fakeaws

import (
	"maps"
	"slices"
)

// Instance is an instance of IAM Identity Center.
type Instance struct {
	ARN, IdentityStoreID string
	// Owner is an account id.
	Owner string
	// Region is the primary Region.
	Region string
	// Status is ACTIVE when empty.
	Status string
}

// AddInstance makes an instance exist. An organization instance has trusted access of sso.amazonaws.com too; see
// AddTrustedAccess.
func (s *Server) AddInstance(i Instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.instances = append(s.state.instances, i)
}

// SetInstanceStatus changes the status of all instances.
func (s *Server) SetInstanceStatus(status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.state.instances {
		s.state.instances[i].Status = status
	}
}

// AddGroup puts a group into an identity store and returns its id.
func (s *Server) AddGroup(identityStoreID, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.addGroup(identityStoreID, name)
}

func (st *state) addGroup(store, name string) string {
	if st.groups[store] == nil {
		st.groups[store] = map[string]string{}
	}
	h := identifier(store, name)
	id := "9067000000-" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
	st.groups[store][name] = id
	return id
}

func identityOperations() map[string]operation {
	return map[string]operation{
		"sso:ListInstances":         {false, true, (*Server).listInstances},
		"identitystore:GetGroupId":  {false, true, (*Server).getGroupID},
		"identitystore:CreateGroup": {true, true, (*Server).createGroup},
	}
}

// listInstances answers the instances of the Region of the request, or of all Regions, that the caller owns or that the
// organization shares with it (IAM Identity Center API Reference, ListInstances).
func (s *Server) listInstances(caller string, in input) (output, *apiError) {
	list := []output{}
	for _, i := range s.state.instances {
		if i.Owner != caller && caller != ManagementAccountID || in.str("RegionScope") != "ALL_REGIONS" && i.Region != in.str(regionMember) {
			continue
		}
		status := i.Status
		if status == "" {
			status = "ACTIVE"
		}
		list = append(list, output{"InstanceArn": i.ARN, "IdentityStoreId": i.IdentityStoreID, "OwnerAccountId": i.Owner, "PrimaryRegion": i.Region, "Status": status})
	}
	return s.page(in, "Instances", list)
}

// store is the identity store that a request names; it is in the primary Region of its instance.
func (s *Server) store(in input) (string, *apiError) {
	id := in.str("IdentityStoreId")
	if !slices.ContainsFunc(s.state.instances, func(i Instance) bool { return i.IdentityStoreID == id && i.Region == in.str(regionMember) }) {
		return "", fail("ResourceNotFoundException", "IDENTITYSTORE not found.")
	}
	return id, nil
}

func (s *Server) getGroupID(_ string, in input) (output, *apiError) {
	store, err := s.store(in)
	if err != nil {
		return nil, err
	}
	by := in.object("AlternateIdentifier").object("UniqueAttribute")
	if by.str("AttributePath") != "displayName" {
		return nil, fail("ValidationException", "the only attribute path is displayName")
	}
	found := s.view("group|"+store+"|"+by.str("AttributeValue"), true)
	if len(found) == 0 {
		return nil, fail("ResourceNotFoundException", "GROUP not found.")
	}
	return output{"GroupId": found[0]["GroupId"], "IdentityStoreId": store}, nil
}

func (s *Server) createGroup(_ string, in input) (output, *apiError) {
	store, err := s.store(in)
	if err != nil {
		return nil, err
	}
	name := in.str("DisplayName")
	switch {
	case name == "" || slices.Contains([]string{"Administrator", "AWSAdministrators"}, name):
		return nil, fail("ValidationException", "the name %q is not allowed", name)
	case slices.Contains(slices.Collect(maps.Keys(s.state.groups[store])), name):
		return nil, fail("ConflictException", "Duplicate GroupDisplayName")
	}
	s.touch("group|" + store + "|" + name)
	return output{"GroupId": s.state.addGroup(store, name), "IdentityStoreId": store}, nil
}
