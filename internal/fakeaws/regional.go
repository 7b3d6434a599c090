package fakeaws

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// regionMember is the member of an input that holds the Region of the request. No API has
// a member of this name.
const regionMember = "\x00region"

// SecurityOptions configure the services that are run from one member account. The zero
// value is a set of services in which everything takes effect at once.
type SecurityOptions struct {
	// Delay is how long an asynchronous change takes: trusted access to become effective, a
	// delegation to enable the service in the administrator's account, a verification, an
	// association.
	Delay time.Duration
	// RejectedFeatures lists, by Region, the GuardDuty features that it does not have.
	RejectedFeatures map[string][]string
	// HideService makes a delegated administrator's account not have the service enabled by
	// the delegation, as if someone had disabled it there since.
	HideService bool
	// ManagementFirst makes the management account unable to read or choose the administrators
	// of Security Hub and Macie before it has enabled the service itself.
	ManagementFirst bool
	// FailCentral and FailAssociation, when set, are why Security Hub cannot switch to central
	// configuration, and not associate a configuration policy.
	FailCentral, FailAssociation string
	// Unprocessed lists accounts that Detective does not add.
	Unprocessed []string
}

// place is one account in one Region.
type place struct{ account, region string }

// securityState is the state of all services here.
type securityState struct {
	administrators map[string]delegations      // by signing name of the service
	guardDuty      map[string]*guardDutyRegion // by Region
	unwritable     map[string]bool             // bucket ARN
	hub            securityHubState
	inspector      inspectorState
	macie          macieState
	detective      detectiveState
	analyzers      map[place][]*analyzer
	roles          map[string]bool // service-linked roles of the management account
	rootFeatures   map[string]bool // of central root access
}

func newSecurityState() securityState {
	return securityState{administrators: map[string]delegations{}, guardDuty: map[string]*guardDutyRegion{},
		unwritable: map[string]bool{}, hub: newSecurityHubState(), inspector: newInspectorState(), macie: newMacieState(), detective: newDetectiveState(),
		analyzers: map[place][]*analyzer{}, roles: map[string]bool{}, rootFeatures: map[string]bool{}}
}

func securityOperations() map[string]operation {
	all := map[string]operation{}
	for _, operations := range []map[string]regional{guardDutyOperations(), securityHubOperations(), accessAnalyzerOperations(),
		inspectorOperations(), macieOperations(), detectiveOperations()} {
		for name, op := range operations {
			all[name] = operation{mutating: op.mutating, anyMember: true, run: func(s *Server, caller string, in input) (output, *apiError) {
				return op.run(s, place{account: caller, region: in.str(regionMember)}, in)
			}}
		}
	}
	return all
}

// securityLines describes the state of all services for a snapshot.
func (s *Server) securityLines() []string {
	var lines []string
	for service, d := range s.state.security.administrators {
		lines = append(lines, d.lines(service)...)
	}
	return slices.Concat(lines, s.guardDutyLines(), s.securityHubLines(), s.accessAnalyzerLines(), s.inspectorLines(), s.macieLines(), s.detectiveLines())
}

// regional is an API call of a service with an endpoint in each Region.
type regional struct {
	mutating bool
	run      func(s *Server, at place, in input) (output, *apiError)
}

// route is the HTTP binding of an operation (REST JSON protocol): a method, and a path in
// which {name} is one segment and {name+} the rest.
type route struct{ method, path, operation string }

// restServices maps the signing name to the routes of a service.
func restServices() map[string][]route {
	return map[string][]route{"guardduty": guardDutyRoutes, "securityhub": securityHubRoutes, "access-analyzer": accessAnalyzerRoutes,
		"inspector2": inspectorRoutes, "macie2": macieRoutes, "detective": detectiveRoutes,
		"account": contactRoutes}
}

// decodeREST reads a request of a service with the REST JSON protocol. The service is empty
// when the request is for another one.
func decodeREST(r *http.Request, body []byte) (service, name string, in input, err error) {
	signed := credentialKey.FindStringSubmatch(r.Header.Get("Authorization"))
	if signed == nil {
		return "", "", nil, nil
	}
	service = signed[3]
	routes, ok := restServices()[service]
	if !ok {
		return "", "", nil, nil
	}
	for _, candidate := range routes {
		if candidate.method != r.Method {
			continue
		}
		parameters, ok := matchPath(candidate.path, r.URL.EscapedPath())
		if !ok {
			continue
		}
		in = input{}
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return "", "", nil, fmt.Errorf("reading the body of %s:%s: %w", service, candidate.operation, err)
			}
		}
		for key := range r.URL.Query() {
			in[key] = r.URL.Query().Get(key)
		}
		maps.Copy(in, parameters)
		return service, candidate.operation, in, nil
	}
	return "", "", nil, fmt.Errorf("%s does not serve %s %s here", service, r.Method, r.URL.Path)
}

// matchPath matches an escaped path with the path of a route and returns its parameters.
func matchPath(pattern, escaped string) (input, bool) {
	wanted := strings.Split(strings.Trim(pattern, "/"), "/")
	given := strings.Split(strings.Trim(escaped, "/"), "/")
	parameters := input{}
	for i, segment := range wanted {
		if i >= len(given) {
			return nil, false
		}
		name, variable := strings.CutPrefix(segment, "{")
		name = strings.TrimSuffix(name, "}")
		value := given[i]
		if rest, greedy := strings.CutSuffix(name, "+"); greedy && variable {
			name, value, given = rest, strings.Join(given[i:], "/"), given[:i+1]
		}
		text, err := url.PathUnescape(value)
		if err != nil || !variable && text != segment {
			return nil, false
		}
		if variable {
			parameters[name] = text
		}
	}
	return parameters, len(given) == len(wanted)
}

// identifier makes an id that depends on what it names only, so that states that were
// reached in different ways can be compared.
func identifier(parts ...string) string {
	h := fnv.New128a()
	_, _ = h.Write([]byte(strings.Join(parts, "|")))
	return fmt.Sprintf("%x", h.Sum(nil))
}

// object reads a member that is a structure.
func (in input) object(name string) input {
	value, _ := in[name].(map[string]any)
	return value
}

// objects reads a member that is a list of structures.
func (in input) objects(name string) []input {
	var items []input
	for _, item := range in.list(name) {
		if value, ok := item.(map[string]any); ok {
			items = append(items, value)
		}
	}
	return items
}

// effective tells whether trusted access of a service has taken effect.
func (s *Server) effective(principal string) bool {
	since, ok := s.state.services[principal]
	return ok && !s.now.Before(since.Add(s.options.Security.Delay))
}

// delegation is the administrator of a service in one Region.
type delegation struct {
	account string
	since   time.Time
	// gone, when set, is when an account that is being removed will have lost the role.
	gone time.Time
}

// delegations of one service by Region.
type delegations map[string]*delegation

// administratorsOf returns the administrators of a service, by Region.
func (s *Server) administratorsOf(service string) delegations {
	if s.state.security.administrators[service] == nil {
		s.state.security.administrators[service] = delegations{}
	}
	for region, d := range s.state.security.administrators[service] {
		if !d.gone.IsZero() && !s.now.Before(d.gone) {
			delete(s.state.security.administrators[service], region)
		}
	}
	return s.state.security.administrators[service]
}

// delegate makes an account the administrator of a service in a Region, or says why not:
// "" is success. While the very first delegation of a service takes effect, other Regions
// refuse theirs: all of them register the same delegated administrator of the organization
// (observed for GuardDuty and Macie: aws-secure-environment-accelerator, issue 778).
func (s *Server) delegate(d delegations, principal string, at place, account string) (refusal string) {
	switch current := d[at.region]; {
	case at.account != ManagementAccountID:
		return "not-management"
	case !s.effective(principal):
		return "not-ready"
	case s.state.accounts[account] == nil || account == ManagementAccountID:
		return "no-member"
	case current != nil && current.account == account:
		return "already"
	case current != nil:
		return "another"
	}
	for _, other := range d {
		if s.now.Before(other.since.Add(s.options.Security.Delay)) && len(d) == 1 {
			return "not-ready"
		}
	}
	d[at.region] = &delegation{account: account, since: s.now}
	if s.state.delegated[principal] == nil {
		s.state.delegated[principal] = map[string]time.Time{}
	}
	s.state.delegated[principal][account] = s.now
	return ""
}

// administers tells whether an account has become the administrator of a Region.
func (s *Server) administers(d delegations, at place) bool {
	current := d[at.region]
	return current != nil && current.account == at.account && current.gone.IsZero() && !s.now.Before(current.since.Add(s.options.Security.Delay))
}

// output lists the administrator of a Region with the members' names of an API.
func (d delegations) output(region, account, status string) []output {
	current := d[region]
	if current == nil {
		return []output{}
	}
	value := "ENABLED"
	if !current.gone.IsZero() {
		value = "DISABLE_IN_PROGRESS"
	}
	return []output{{account: current.account, status: value}}
}

func (d delegations) lines(service string) []string {
	var lines []string
	for region, current := range d {
		lines = append(lines, fmt.Sprintf("administrator of %s in %s is %s", service, region, current.account))
	}
	return lines
}
