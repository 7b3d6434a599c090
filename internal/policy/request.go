package policy

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Request is one authorization request.
type Request struct {
	// Action is one action, "service:Name", without wildcards.
	Action string
	// Resource is the ARN of the resource, or "*" for an action that is
	// authorized on no resource type.
	Resource string
	// Principal is who calls: the ARN of a user, role, role session, federated
	// user or account root, the ARN of an identity provider, the name of a service
	// principal such as "cloudtrail.amazonaws.com", or Anonymous.
	Principal string
	// ResourceAccount is the account id that owns the resource, 12 digits. Empty
	// means the account in the resource's ARN, if it has one.
	ResourceAccount string
	// Context holds the condition keys, in any letter case, and their values.
	// Prepare adds the keys that follow from the fields above.
	Context map[string]Values
	// ManagementAccount is the account id of the organization's management
	// account. SCPs do not bind its principals, RCPs do not protect its resources.
	// Empty when the caller does not know or care.
	ManagementAccount string
}

// Anonymous is the principal of a request that carries no signature.
const Anonymous = "anonymous"

// Values are the values of one context key. In JSON and YAML a single value may
// be written without a list.
type Values []string

// UnmarshalJSON reads a string or a list of strings.
func (v *Values) UnmarshalJSON(text []byte) error {
	c, err := checked(text)
	if err != nil {
		return err
	}
	*v, err = parseContextValues(c)
	return err
}

// UnmarshalYAML reads a string or a list of strings.
func (v *Values) UnmarshalYAML(unmarshal func(any) error) error {
	var list []string
	if err := unmarshal(&list); err == nil {
		*v = list
		return nil
	}
	var one string
	if err := unmarshal(&one); err != nil {
		return err
	}
	*v = Values{one}
	return nil
}

// RequestError is a request that cannot be evaluated.
type RequestError struct {
	Field  string
	Reason string
}

func (e *RequestError) Error() string { return "request." + e.Field + ": " + e.Reason }

// UnmarshalJSON reads {"action", "resource", "principal", "resourceAccount"?,
// "context"?}; an optional field may be null. Unknown and repeated fields and
// wrong types are errors, so that a misspelled field cannot change the answer.
func (r *Request) UnmarshalJSON(text []byte) error {
	c, err := checked(text)
	if err != nil {
		return err
	}
	*r, err = parseRequest(c)
	return err
}

var requestFields = []string{"action", "resource", "principal", "resourceAccount", "context"}

func parseRequest(c *cursor) (Request, error) {
	var r Request
	err := c.object(func(key string) (err error) {
		switch key {
		case "action":
			r.Action, err = c.str()
		case "resource":
			r.Resource, err = c.str()
		case "principal":
			r.Principal, err = c.str()
		case "resourceAccount":
			if !c.null() {
				r.ResourceAccount, err = c.str()
			}
		case "context":
			if c.null() {
				break
			}
			r.Context = make(map[string]Values)
			err = c.object(func(name string) error {
				values, err := parseContextValues(c)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				r.Context[name] = values
				return nil
			})
		default:
			return &RequestError{key, "unknown field; allowed are " + strings.Join(requestFields, ", ")}
		}
		if err != nil {
			return &RequestError{key, err.Error()}
		}
		return nil
	})
	if err != nil {
		var known *RequestError
		if !errors.As(err, &known) {
			err = fmt.Errorf("request: %w", err)
		}
		return Request{}, err
	}
	return r, nil
}

func parseContextValues(c *cursor) (Values, error) {
	switch c.peek() {
	case '"':
		s, err := c.str()
		if err != nil {
			return nil, err
		}
		return Values{s}, nil
	case '[':
		values := Values{}
		err := c.array(func(int) error {
			s, err := c.str()
			values = append(values, s)
			return err
		})
		return values, err
	}
	err := c.unexpected("a string or a list of strings")
	if b := c.peek(); b == 't' || b == 'f' || b == '-' || b >= '0' && b <= '9' {
		err = fmt.Errorf("%w; put it in quotes", err)
	}
	return nil, err
}

// prepared is a checked request with everything that matching needs.
type prepared struct {
	action, service, name string // lower case
	resource              string
	resourceAccount       string
	principal             caller
	context               map[string][]string // by lower-case key

	// The last ARN that split took apart: most conditions ask for the same one.
	arn         string
	arnSegments [arnSegments]string
	isARN       bool
}

// split returns the segments of an ARN, nil for other text. They are valid until
// the next call.
func (p *prepared) split(arn string) *[arnSegments]string {
	if p.arn != arn {
		p.arn = arn
		p.arnSegments, p.isARN = splitARN(arn)
	}
	if !p.isARN {
		return nil
	}
	return &p.arnSegments
}

// callerType is what kind of principal calls.
type callerType uint8

const (
	accountRoot callerType = iota
	user
	role
	session
	federatedUser
	provider // identity provider, of a call that AWS authorizes before there is a session
	service
	anonymous
)

// caller is the principal of a request taken apart.
type caller struct {
	kind    callerType
	text    string // as given
	account string // empty for services and anonymous callers
	// arn is what aws:PrincipalArn says: for a session the ARN of its role,
	// without the role's path, which the session's ARN does not tell.
	arn string
}

// parseCaller reads Request.Principal.
func parseCaller(text string) (caller, error) {
	c := caller{text: text}
	switch {
	case text == Anonymous:
		c.kind = anonymous
		return c, nil
	case isServicePrincipal(text):
		c.kind = service
		return c, nil
	}
	segments, ok := splitARN(text)
	name := segments[5]
	if !ok || segments[1] == "" || segments[2] != "iam" && segments[2] != "sts" || segments[3] != "" || !isAccountID(segments[4]) || name == "" {
		return c, fmt.Errorf("%s is neither the ARN of an IAM or STS principal, nor a service principal such as \"cloudtrail.amazonaws.com\", nor %q", quoted(text), Anonymous)
	}
	if strings.ContainsAny(name, "*?") {
		return c, fmt.Errorf("%s has a wildcard; a request has one principal", quoted(text))
	}
	c.account, c.arn = segments[4], text
	prefix, rest, _ := strings.Cut(name, "/")
	switch {
	case segments[2] == "iam" && name == "root":
		c.kind = accountRoot
	case rest == "":
		return c, fmt.Errorf("%s names no principal after %s", quoted(text), quoted(name))
	case segments[2] == "iam" && prefix == "user":
		c.kind = user
	case segments[2] == "iam" && prefix == "role":
		c.kind = role
	case segments[2] == "iam" && (prefix == "oidc-provider" || prefix == "saml-provider"):
		c.kind, c.arn = provider, ""
	case segments[2] == "sts" && prefix == "federated-user":
		c.kind = federatedUser
	case segments[2] == "sts" && prefix == "assumed-role":
		roleName, sessionName, _ := strings.Cut(rest, "/")
		if roleName == "" || sessionName == "" {
			return c, fmt.Errorf("%s needs a role name and a session name: assumed-role/ROLE/SESSION", quoted(text))
		}
		c.kind = session
		c.arn = "arn:" + segments[1] + ":iam::" + segments[4] + ":role/" + roleName
	default:
		return c, fmt.Errorf("%s is no principal that can call; use the ARN of a user, role, assumed-role session, federated user, identity provider or account root", quoted(text))
	}
	return c, nil
}

// isServicePrincipal reports whether text is a name such as s3.amazonaws.com.
func isServicePrincipal(text string) bool {
	name, ok := strings.CutSuffix(text, ".amazonaws.com")
	if !ok {
		name, ok = strings.CutSuffix(text, ".amazonaws.com.cn")
	}
	if !ok || name == "" {
		return false
	}
	for _, b := range []byte(name) {
		if b != '.' && b != '-' && (b < '0' || b > '9') && (b < 'a' || b > 'z') {
			return false
		}
	}
	return true
}

// isName reports whether text is printable ASCII without spaces.
func isName(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// quoted quotes text for a message and cuts what is long: lines may be megabytes.
func quoted(text string) string {
	const most = 200
	if len(text) <= most {
		return strconv.Quote(text)
	}
	return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
}

// isAccountID reports whether text has the 12 digits of an AWS account id.
func isAccountID(text string) bool { return len(text) == 12 && digits(text) }

// prepare checks the request and derives the condition keys that AWS always
// sets and that the request determines, unless the context has them:
//
//	aws:PrincipalArn           of users, roles, federated users and roots; a role
//	                           session gives the role's ARN without its path
//	aws:PrincipalAccount       the same, and "anonymous"
//	aws:PrincipalType          Account, User, AssumedRole, FederatedUser, Anonymous
//	aws:PrincipalIsAWSService  of every signed call
//	aws:PrincipalServiceName   of service principals
//	aws:ResourceAccount        from ResourceAccount, else from the resource's ARN
//
// Source: IAM User Guide, reference_policies_condition-keys.
func (r Request) prepare() (*prepared, error) {
	p := &prepared{action: strings.ToLower(r.Action), resource: r.Resource, resourceAccount: r.ResourceAccount}
	var found bool
	p.service, p.name, found = strings.Cut(p.action, ":")
	if !found || p.service == "" || p.name == "" || strings.Contains(p.name, ":") || !isName(r.Action) || strings.ContainsAny(p.action, "*?") {
		return nil, &RequestError{"action", fmt.Sprintf("%s is not one action; write \"service:Name\" without wildcards", quoted(r.Action))}
	}
	if r.Resource != "*" {
		segments, ok := splitARN(r.Resource)
		if !ok {
			return nil, &RequestError{"resource", fmt.Sprintf("%s is neither \"*\" nor an ARN with six colon-separated parts", quoted(r.Resource))}
		}
		if p.resourceAccount == "" && isAccountID(segments[4]) {
			p.resourceAccount = segments[4]
		}
	}
	if r.ResourceAccount != "" && !isAccountID(r.ResourceAccount) {
		return nil, &RequestError{"resourceAccount", fmt.Sprintf("%s is no account id; it has 12 digits", quoted(r.ResourceAccount))}
	}
	var err error
	if p.principal, err = parseCaller(r.Principal); err != nil {
		return nil, &RequestError{"principal", err.Error()}
	}
	p.context = make(map[string][]string, len(r.Context)+6)
	for key, values := range r.Context {
		lower := strings.ToLower(key)
		if _, twice := p.context[lower]; twice {
			return nil, &RequestError{"context", fmt.Sprintf("%s is there twice; condition keys are case-insensitive", quoted(key))}
		}
		p.context[lower] = values
	}
	p.derive()
	return p, nil
}

func (p *prepared) derive() {
	set := func(key, value string) {
		if _, given := p.context[key]; !given && value != "" {
			p.context[key] = []string{value}
		}
	}
	types := [...]string{
		accountRoot: "Account", user: "User", role: "AssumedRole", session: "AssumedRole",
		federatedUser: "FederatedUser", anonymous: "Anonymous",
	}
	switch c := p.principal; c.kind {
	case service:
		set("aws:principalisawsservice", "true")
		set("aws:principalservicename", c.text)
	case anonymous:
		set("aws:principalaccount", "anonymous")
		set("aws:principaltype", types[c.kind])
	case provider:
	default:
		set("aws:principalisawsservice", "false")
		set("aws:principalarn", c.arn)
		set("aws:principalaccount", c.account)
		set("aws:principaltype", types[c.kind])
	}
	set("aws:resourceaccount", p.resourceAccount)
}

// principalARN is the effective aws:PrincipalArn.
func (p *prepared) principalARN() string {
	if values := p.context["aws:principalarn"]; len(values) == 1 {
		return values[0]
	}
	return p.principal.arn
}

// isServiceLinkedRole reports whether the caller is a service-linked role. The
// role's path tells; the ARN of a session lacks it, so that for a session the
// context's aws:PrincipalArn is needed.
func (p *prepared) isServiceLinkedRole() bool {
	arn := p.principal.arn
	if p.principal.kind == session {
		arn = p.principalARN()
	}
	segments, ok := splitARN(arn)
	return ok && segments[2] == "iam" && strings.HasPrefix(segments[5], "role/aws-service-role/")
}
