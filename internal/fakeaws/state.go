package fakeaws

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	organizationID = "o-exampleorgid"
	rootID         = "r-ex01"
	// depthQuota and unitQuota: AWS Organizations User Guide, "Quotas and service limits".
	depthQuota = 5
	unitQuota  = 2000
	// tagQuota is the number of tags of one resource (User Guide, "Tagging resources").
	tagQuota = 50
)

type state struct {
	organization *organization
	accounts     map[string]*account
	units        map[string]*unit
	parents      map[string]string // child id -> parent id
	tags         map[string]map[string]string
	creations    []*creation
	services     map[string]time.Time            // service principal -> enabled at
	delegated    map[string]map[string]time.Time // service principal -> account id -> since
	policies     map[string]*policy
	attachments  map[string][]string // target id -> policy ids
	stackSets    bool                // trusted access of StackSets as CloudFormation sees it

	emailsElsewhere  map[string]bool
	creationFailures map[string][]string // e-mail -> failure reasons still to be answered
	aliases          map[string]*alias
	closedAccounts   int
	stacks           map[string]*stack // by stack id
	trails           []*trail
	contacts         map[string]map[string]output // account id -> type -> alternate contact

	instances []Instance                   // of IAM Identity Center
	groups    map[string]map[string]string // identity store id -> display name -> group id

	security securityState
}

type organization struct {
	featureSet  string
	created     time.Time
	policyTypes map[string]time.Time // type -> when it becomes ENABLED
}

type account struct {
	id, name, email, state, joined string
	since                          time.Time
}

type unit struct{ id, name string }

type creation struct {
	id, name, email, state, reason, accountID string
	requested, completes                      time.Time
	tags                                      map[string]string
}

type stack struct {
	status string
	tags   map[string]string
}

type alias struct {
	keyARN string
	hidden int
}

func newState() state {
	return state{accounts: map[string]*account{}, units: map[string]*unit{}, parents: map[string]string{},
		tags: map[string]map[string]string{}, services: map[string]time.Time{},
		delegated: map[string]map[string]time.Time{}, policies: map[string]*policy{}, attachments: map[string][]string{},
		emailsElsewhere: map[string]bool{}, creationFailures: map[string][]string{}, aliases: map[string]*alias{}, stacks: map[string]*stack{},
		contacts: map[string]map[string]output{}, groups: map[string]map[string]string{}, security: newSecurityState()}
}

func (st *state) createOrganization(featureSet string, now time.Time) {
	st.organization = &organization{featureSet: featureSet, created: now, policyTypes: map[string]time.Time{}}
	st.addAccount(&account{id: ManagementAccountID, name: "management", email: "management@example.com",
		state: "ACTIVE", joined: "INVITED", since: now})
	st.addManagedPolicies()
	if featureSet == "ALL" {
		// A new organization with all features has SCPs enabled (User Guide, "Creating an organization").
		st.organization.policyTypes[serviceControlPolicy] = now
		st.attachFullAccess(serviceControlPolicy, rootID)
		st.attachFullAccess(serviceControlPolicy, ManagementAccountID)
	}
}

func (st *state) addAccount(a *account) {
	st.accounts[a.id] = a
	st.parents[a.id] = rootID
	for policyType := range st.organization.policyTypes {
		st.attachFullAccess(policyType, a.id)
	}
}

// settle lets time pass: creations whose time has come complete.
func (s *Server) settle() {
	for _, c := range s.state.creations {
		if c.state != "IN_PROGRESS" || s.now.Before(c.completes) {
			continue
		}
		s.touch("accounts", "statuses")
		if reasons := s.state.creationFailures[strings.ToLower(c.email)]; len(reasons) > 0 {
			c.state, c.reason = "FAILED", reasons[0]
			s.state.creationFailures[strings.ToLower(c.email)] = reasons[1:]
			continue
		}
		if s.state.emailsElsewhere[strings.ToLower(c.email)] || s.state.byEmail(c.email) != nil {
			c.state, c.reason = "FAILED", "EMAIL_ALREADY_EXISTS"
			continue
		}
		s.serial++
		c.state, c.accountID = "SUCCEEDED", fmt.Sprint(444455556665+s.serial)
		s.state.addAccount(&account{id: c.accountID, name: c.name, email: c.email, state: "ACTIVE", joined: "CREATED", since: s.now})
		if len(c.tags) > 0 {
			s.state.tags[c.accountID] = c.tags
		}
	}
}

func (st *state) byEmail(email string) *account {
	for _, a := range st.accounts {
		if strings.EqualFold(a.email, email) {
			return a
		}
	}
	return nil
}

func (st *state) unitsBelow(parent string) []*unit {
	var units []*unit
	for id, u := range st.units {
		if st.parents[id] == parent {
			units = append(units, u)
		}
	}
	slices.SortFunc(units, func(a, b *unit) int { return cmp.Compare(a.id, b.id) })
	return units
}

// depth counts the levels below the root: an OU directly below it has depth 1.
func (st *state) depth(id string) int {
	depth := 0
	for ; id != rootID && id != ""; id = st.parents[id] {
		depth++
	}
	return depth
}

func (st *state) exists(id string) bool {
	return st.organization != nil && (id == rootID || st.accounts[id] != nil || st.units[id] != nil)
}

// staleView is a list as it was before the last write.
type staleView struct {
	value []output
	reads int
}

// touch is called before a write to the named views, so that stale reads can answer what
// was there before.
func (s *Server) touch(views ...string) {
	if s.options.StaleReads == 0 {
		return
	}
	for _, view := range views {
		if frozen := s.stale[view]; frozen != nil && frozen.reads > 0 {
			frozen.reads = s.options.StaleReads
			continue
		}
		s.stale[view] = &staleView{value: s.compute(view), reads: s.options.StaleReads}
	}
}

// view reads a list, stale while writes to it are recent.
func (s *Server) view(name string, firstPage bool) []output {
	frozen := s.stale[name]
	if frozen == nil || frozen.reads <= 0 {
		return s.compute(name)
	}
	if firstPage {
		frozen.reads--
	}
	return frozen.value
}

// compute makes the current content of a view.
func (s *Server) compute(name string) []output {
	st := &s.state
	kind, argument, _ := strings.Cut(name, "|")
	list := []output{}
	switch kind {
	case "roots":
		types := []output{}
		for _, policyType := range slices.Sorted(maps.Keys(st.organization.policyTypes)) {
			status := "ENABLED"
			if s.now.Before(st.organization.policyTypes[policyType]) {
				status = "PENDING_ENABLE"
			}
			types = append(types, output{"Type": policyType, "Status": status})
		}
		list = append(list, output{"Id": rootID, "Arn": s.arn("root", rootID), "Name": "Root", "PolicyTypes": types})
	case "accounts":
		for _, id := range slices.Sorted(maps.Keys(st.accounts)) {
			list = append(list, s.accountOutput(st.accounts[id]))
		}
	case "accounts-of":
		for _, id := range slices.Sorted(maps.Keys(st.accounts)) {
			if st.parents[id] == argument {
				list = append(list, s.accountOutput(st.accounts[id]))
			}
		}
	case "statuses":
		for _, c := range slices.Backward(st.creations) {
			list = append(list, creationOutput(c))
		}
	case "units":
		for _, u := range st.unitsBelow(argument) {
			list = append(list, unitOutput(u))
		}
	case "parent":
		if parent := st.parents[argument]; parent != "" {
			kind := "ORGANIZATIONAL_UNIT"
			if parent == rootID {
				kind = "ROOT"
			}
			list = append(list, output{"Id": parent, "Type": kind})
		}
	case "contact":
		id, contactType, _ := strings.Cut(argument, "|")
		if found := st.contacts[id][contactType]; found != nil {
			list = append(list, found)
		}
	case "group":
		store, name, _ := strings.Cut(argument, "|")
		if id := st.groups[store][name]; id != "" {
			list = append(list, output{"GroupId": id})
		}
	case "tags":
		for _, key := range slices.Sorted(maps.Keys(st.tags[argument])) {
			list = append(list, output{"Key": key, "Value": st.tags[argument][key]})
		}
	case "services":
		for _, principal := range slices.Sorted(maps.Keys(st.services)) {
			list = append(list, output{"ServicePrincipal": principal, "DateEnabled": epoch(st.services[principal])})
		}
	case "delegated":
		list = s.delegatedOutput(argument)
	case "delegated-services":
		for _, principal := range slices.Sorted(maps.Keys(st.delegated)) {
			if since, ok := st.delegated[principal][argument]; ok {
				list = append(list, output{"ServicePrincipal": principal, "DelegationEnabledDate": epoch(since)})
			}
		}
	}
	return list
}

// page answers one page of a list under the given member name.
func (s *Server) page(in input, member string, list []output) (output, *apiError) {
	start, size := 0, s.options.PageSize
	if requested, ok := in["MaxResults"].(float64); ok && int(requested) < size {
		size = int(requested)
	}
	if token := in.str("NextToken"); token != "" {
		if _, err := fmt.Sscanf(token, "page-%d", &start); err != nil || start > len(list) && start != 0 {
			return nil, invalid("INVALID_NEXT_TOKEN", "the token %q is not valid", token)
		}
	} else if s.options.EmptyFirstPage {
		return output{member: []output{}, "NextToken": "page-0"}, nil
	}
	end := min(start+size, len(list))
	out := output{member: list[start:end]}
	if end < len(list) {
		out["NextToken"] = fmt.Sprintf("page-%d", end)
	}
	return out, nil
}

func firstPage(in input) bool { return in.str("NextToken") == "" }

func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
