package constructs

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// IdentityCenter is the organization's instance of IAM Identity Center, which exists before.
type IdentityCenter struct {
	awscdk.CustomResource
}

// NewIdentityCenter looks up the instance in the Region of the stack.
func NewIdentityCenter(scope constructs.Construct, id string, handler Handler) IdentityCenter {
	return IdentityCenter{newCustomResource(scope, id, handler, resourcetype.IdentityCenter, map[string]any{"ConfigKey": "identityCenter.enabled"})}
}

// InstanceARN is the ARN, as in arn:aws:sso:::instance/ssoins-0123456789abcdef.
func (i IdentityCenter) InstanceARN() *string { return i.GetAttString(jsii.String("InstanceArn")) }

// IdentityStoreID is the id of the directory, as in d-0123456789.
func (i IdentityCenter) IdentityStoreID() *string {
	return i.GetAttString(jsii.String("IdentityStoreId"))
}

// identityGroup are the properties of a group's look-up.
func identityGroup(identityStoreID any, source string, g config.IdentityGroup) map[string]any {
	properties := map[string]any{
		"ConfigKey":       "identityCenter.groups[" + g.Name + "]",
		"IdentityStoreId": identityStoreID,
		"DisplayName":     g.Name,
		"Source":          source,
	}
	if g.Description != "" {
		properties["Description"] = g.Description
	}
	return properties
}

// NewIdentityGroup finds a group by its name, or creates it in the directory, and returns its id. A group outlives its
// line in the file, and every stack that needs its id looks it up: AWS::IdentityStore::Group could not adopt one, and
// would delete people's memberships with it.
func NewIdentityGroup(scope constructs.Construct, id string, handler Handler, identityStoreID *string, source string, g config.IdentityGroup) *string {
	return newCustomResource(scope, id, handler, resourcetype.IdentityGroup, identityGroup(identityStoreID, source, g)).GetAttString(jsii.String("GroupId"))
}

// NewPermissionSet adds a permission set and returns its ARN. It is deleted with its line in the file: it holds nothing,
// and grants nothing without assignments.
func NewPermissionSet(scope constructs.Construct, id string, instanceARN *string, s identity.PermissionSet) *string {
	properties := map[string]any{
		"InstanceArn":     instanceARN,
		"Name":            s.Name,
		"SessionDuration": fmt.Sprintf("PT%dH", s.SessionHours),
	}
	if s.Description != "" {
		properties["Description"] = s.Description
	}
	if len(s.ManagedPolicies) > 0 {
		var arns []any
		for _, name := range s.ManagedPolicies {
			arns = append(arns, awsManagedPolicy(name))
		}
		properties["ManagedPolicies"] = arns
	}
	if s.InlinePolicy != "" {
		var document any
		if err := json.Unmarshal([]byte(s.InlinePolicy), &document); err != nil {
			panic(fmt.Errorf("the inline policy of the permission set %s is no JSON: %w", s.Name, err))
		}
		properties["InlinePolicy"] = document
	}
	return attribute(newResource(scope, id, "AWS::SSO::PermissionSet", properties), "PermissionSetArn")
}

// Assignments are grants of one stack with what they refer to.
type Assignments struct {
	Handler Handler
	// InstanceARN and IdentityStoreID are those of the instance; SetARNs has the permission sets by name.
	InstanceARN, IdentityStoreID *string
	SetARNs                      map[string]*string
	// GroupIDs has the groups that the stack knows, by name; further Groups are looked up in the directory of the source.
	GroupIDs map[string]*string
	Groups   []config.IdentityGroup
	Source   string
	// LogArchiveID and AuditID are the ids of these accounts of the zone; other accounts are looked up by their address.
	LogArchiveID, AuditID *string
	Zone                  *zone.Zone
	Grants                []identity.Grant
}

// NewAssignments adds an AWS::SSO::Assignment for each grant. Deleting one takes the access away, as an edit of the file
// means it. They come in lanes, one after another in each, because IAM Identity Center takes few at the same time. There
// can be thousands, so they are composed as plain data, which the CDK reads at once.
func NewAssignments(scope constructs.Construct, id string, a Assignments) {
	c := &assignments{Assignments: a, template: template.New(""), values: map[string]any{}, parameters: map[string]string{},
		groups: map[string]any{}, accounts: map[string]any{}}
	for _, g := range a.Groups {
		c.groups[g.Name] = c.lookup("Group", identity.ID(g.Name), resourcetype.IdentityGroup, identityGroup(c.value("IdentityStoreId", a.IdentityStoreID), a.Source, g)).Attribute("GroupId")
	}
	var lanes [identity.Lanes]*template.Resource
	for _, g := range a.Grants {
		r := c.template.Scope().In("Assignment").Add(g.ID(), "AWS::SSO::Assignment", map[string]any{
			"InstanceArn":      c.value("InstanceArn", a.InstanceARN),
			"PermissionSetArn": c.value("PermissionSet/"+g.PermissionSet, a.SetARNs[g.PermissionSet]),
			"PrincipalType":    "GROUP",
			"PrincipalId":      c.group(g.Group),
			"TargetType":       "AWS_ACCOUNT",
			"TargetId":         c.account(g),
		})
		if before := lanes[g.Lane()]; before != nil {
			r.DependsOn(before)
		}
		lanes[g.Lane()] = r
	}
	include(scope, id, c.template, c.values)
}

// assignments composes a template.
type assignments struct {
	Assignments
	template *template.Template
	// values are those of the template's parameters, parameters their names by what they stand for.
	values     map[string]any
	parameters map[string]string
	// groups and accounts are the ids of what was looked up, by name and key.
	groups, accounts map[string]any
}

// value refers to a value of the CDK, through a parameter.
func (c *assignments) value(what string, value *string) any {
	name, known := c.parameters[what]
	if !known {
		name = fmt.Sprintf("Value%d", len(c.parameters))
		c.parameters[what], c.values[name] = name, value
		return c.template.Parameter(name, what)
	}
	return template.Ref(name)
}

// lookup adds a custom resource of the handler, as newCustomResource does.
func (c *assignments) lookup(kind, id, resourceType string, properties map[string]any) *template.Resource {
	properties["ServiceToken"] = c.value("ServiceToken", jsii.String(c.Handler.serviceToken))
	if c.Handler.verify != "" {
		properties["Verify"] = c.Handler.verify
	}
	return c.template.Scope().In(kind).Add(id, resourceType, properties).RetainAlways()
}

func (c *assignments) group(name string) any {
	if id := c.groups[name]; id != nil {
		return id
	}
	return c.value("Group/"+name, c.GroupIDs[name])
}

func (c *assignments) account(g identity.Grant) any {
	switch key := g.Account.Key; {
	case g.Management():
		return template.AccountID()
	case key == c.Zone.LogArchive.Key:
		return c.value("LogArchiveId", c.LogArchiveID)
	case key == c.Zone.Audit.Key:
		return c.value("AuditId", c.AuditID)
	case c.accounts[key] == nil:
		c.accounts[key] = c.lookup("AccountTarget", identity.ID(g.Account.Name), resourcetype.PolicyTarget, accountTarget(g.Account)).Attribute("Id")
	}
	return c.accounts[g.Account.Key]
}
