package fakeaws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// AddOrganizationalUnit creates the OUs of a path below the root that do not exist yet and
// returns the id of the last. It makes no entry in the request log.
func (s *Server) AddOrganizationalUnit(path string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	parent := rootID
	for name := range strings.SplitSeq(path, "/") {
		next := ""
		for _, u := range s.state.unitsBelow(parent) {
			if u.name == name {
				next = u.id
			}
		}
		if next == "" {
			next = s.addUnit(parent, name).id
		}
		parent = next
	}
	return parent
}

// AddAccount puts an account into the root of the organization and returns its id.
func (s *Server) AddAccount(name, email string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	id := fmt.Sprint(444455556665 + s.serial)
	s.state.addAccount(&account{id: id, name: name, email: email, state: "ACTIVE", joined: "INVITED", since: s.now})
	return id
}

// SetAccountState changes the state of an account, for example to "CLOSED".
func (s *Server) SetAccountState(id, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.accounts[id].state = state
}

// SetAccountEmail changes the root e-mail of an account, as its owner can.
func (s *Server) SetAccountEmail(id, email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.accounts[id].email = email
}

// SetTag sets a tag of a resource of the organization.
func (s *Server) SetTag(id, key, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.tags[id] == nil {
		s.state.tags[id] = map[string]string{}
	}
	s.state.tags[id][key] = value
}

// SetContact sets an alternate contact of an account, as its owner can.
func (s *Server) SetContact(accountID, contactType, name, title, email, phone string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.setContact(accountID, contactType, output{"AlternateContactType": contactType, "Name": name, "Title": title,
		"EmailAddress": email, "PhoneNumber": phone})
}

// AddTrustedAccess enables trusted access of a service.
func (s *Server) AddTrustedAccess(servicePrincipal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.services[servicePrincipal] = s.now
}

// UseEmailElsewhere makes an e-mail address belong to an account outside the organization.
func (s *Server) UseEmailElsewhere(email string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.emailsElsewhere[strings.ToLower(email)] = true
}

// FailCreation lets the next creations with this e-mail address end with the given
// failure reasons, one each.
func (s *Server) FailCreation(email string, reasons ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(email)
	s.state.creationFailures[key] = append(s.state.creationFailures[key], reasons...)
}

// AddKeyAlias makes an alias ARN resolve to a key ARN, after hidden denied reads.
func (s *Server) AddKeyAlias(aliasARN, keyARN string, hidden int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.aliases[aliasARN] = &alias{keyARN: keyARN, hidden: hidden}
}

// SetStackStatus makes a CloudFormation stack exist with a status, or changes its status.
func (s *Server) SetStackStatus(stackID, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.stacks[stackID] == nil {
		s.state.stacks[stackID] = &stack{}
	}
	s.state.stacks[stackID].status = status
}

// SetStackTags sets the tags of a CloudFormation stack that exists.
func (s *Server) SetStackTags(stackID string, tags map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.stacks[stackID].tags = tags
}

// Snapshot describes the whole state as sorted lines, so that tests can compare what was
// there before with what is there after.
func (s *Server) Snapshot() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := &s.state
	if st.organization == nil {
		return nil
	}
	lines := []string{fmt.Sprintf("organization %s %s", organizationID, st.organization.featureSet)}
	for policyType := range st.organization.policyTypes {
		lines = append(lines, "policy type "+policyType)
	}
	for id, a := range st.accounts {
		lines = append(lines, fmt.Sprintf("account %s %q %s %s below %s", id, a.name, a.email, a.state, st.path(st.parents[id])))
	}
	for id := range st.units {
		lines = append(lines, fmt.Sprintf("ou %s %s", id, st.path(id)))
	}
	for id, tags := range st.tags {
		for key, value := range tags {
			lines = append(lines, fmt.Sprintf("tag %s %s=%s", id, key, value))
		}
	}
	for id, contacts := range st.contacts {
		for contactType, c := range contacts {
			lines = append(lines, fmt.Sprintf("contact %s %s %q %q %s %q", id, contactType, c["Name"], c["Title"], c["EmailAddress"], c["PhoneNumber"]))
		}
	}
	for store, groups := range st.groups {
		for name, id := range groups {
			lines = append(lines, fmt.Sprintf("group %s %q %s", store, name, id))
		}
	}
	for principal := range st.services {
		lines = append(lines, "trusted access "+principal)
	}
	for principal, administrators := range st.delegated {
		for id := range administrators {
			lines = append(lines, fmt.Sprintf("delegated administrator %s of %s", id, principal))
		}
	}
	for id, p := range st.policies {
		lines = append(lines, fmt.Sprintf("policy %s %s %q %s", id, p.policyType, p.name, p.content))
	}
	for target, attached := range st.attachments {
		for _, id := range attached {
			lines = append(lines, fmt.Sprintf("attachment %s %s", target, id))
		}
	}
	lines = append(lines, s.securityLines()...)
	slices.Sort(lines)
	return lines
}

func (st *state) path(id string) string {
	if id == rootID || id == "" {
		return "/"
	}
	return strings.TrimSuffix(st.path(st.parents[id]), "/") + "/" + st.units[id].name
}

// AccountIDs returns the ids of the accounts with this e-mail address, sorted.
func (s *Server) AccountIDs(email string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(s.state.accounts)) {
		if strings.EqualFold(s.state.accounts[id].email, email) {
			ids = append(ids, id)
		}
	}
	return ids
}
