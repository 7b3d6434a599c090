package fakeaws

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"unicode/utf8"
)

// contactsPrincipal needs trusted access before members can be named.
const contactsPrincipal = "account.amazonaws.com"

var contactRoutes = []route{
	{"POST", "/getAlternateContact", "GetAlternateContact"},
	{"POST", "/putAlternateContact", "PutAlternateContact"},
}

func contactOperations() map[string]operation {
	return map[string]operation{
		"account:GetAlternateContact": {false, true, (*Server).getAlternateContact},
		"account:PutAlternateContact": {true, true, (*Server).putAlternateContact},
	}
}

// contactMembers are the members of a contact with what they take (Account Management API
// Reference, PutAlternateContact).
var contactMembers = []struct {
	name   string
	length int
	shape  *regexp.Regexp
}{
	{"Name", 64, nil},
	{"Title", 50, nil},
	{"EmailAddress", 254, regexp.MustCompile(`^\s*[\w+=.#|!&-]+@[\w.-]+\.\w+\s*$`)},
	{"PhoneNumber", 25, regexp.MustCompile(`^[\s0-9()+-]+$`)},
}

// contactAccount is the account that a request concerns. The management account must not name
// itself, and names members only with trusted access (API Reference, parameter AccountId).
func (s *Server) contactAccount(caller string, in input) (string, *apiError) {
	id := in.str("AccountId")
	if !slices.Contains([]string{"SECURITY", "OPERATIONS", "BILLING"}, in.str("AlternateContactType")) {
		return "", fail("ValidationException", "no contact of the type %q", in.str("AlternateContactType"))
	}
	if id == "" {
		return caller, nil
	}
	if caller != ManagementAccountID || id == ManagementAccountID || s.state.accounts[id] == nil || !s.effective(contactsPrincipal) {
		return "", &apiError{code: "AccessDeniedException", message: "not authorized to access the contacts of account " + id, status: http.StatusForbidden}
	}
	return id, nil
}

func (s *Server) getAlternateContact(caller string, in input) (output, *apiError) {
	id, err := s.contactAccount(caller, in)
	if err != nil {
		return nil, err
	}
	found := s.view("contact|"+id+"|"+in.str("AlternateContactType"), true)
	if len(found) == 0 {
		return nil, &apiError{code: "ResourceNotFoundException", message: "No contact of the type found.", status: http.StatusNotFound}
	}
	return output{"AlternateContact": found[0]}, nil
}

func (s *Server) putAlternateContact(caller string, in input) (output, *apiError) {
	id, err := s.contactAccount(caller, in)
	if err != nil {
		return nil, err
	}
	contact := output{"AlternateContactType": in.str("AlternateContactType")}
	for _, member := range contactMembers {
		value := in.str(member.name)
		if n := utf8.RuneCountInString(value); n == 0 || n > member.length || member.shape != nil && !member.shape.MatchString(value) {
			return nil, fail("ValidationException", "%s does not take %q", member.name, value)
		}
		contact[member.name] = value
	}
	if contactType := in.str("AlternateContactType"); !maps.Equal(contact, s.state.contacts[id][contactType]) {
		s.touch("contact|" + id + "|" + contactType)
		s.state.setContact(id, contactType, contact)
	}
	return nil, nil
}

func (st *state) setContact(id, contactType string, contact output) {
	if st.contacts[id] == nil {
		st.contacts[id] = map[string]output{}
	}
	st.contacts[id][contactType] = contact
}
