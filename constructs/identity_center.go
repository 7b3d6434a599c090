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

// NewIdentityGroup finds a group by its name, or creates it in the directory, and returns its id. A group outlives its
// line in the file, and every stack that needs its id looks it up: AWS::IdentityStore::Group could not adopt one, and
// would delete people's memberships with it.
func NewIdentityGroup(scope constructs.Construct, id string, handler Handler, identityStoreID *string, source string, g config.IdentityGroup) *string {
	properties := map[string]any{
		"ConfigKey":       "identityCenter.groups[" + g.Name + "]",
		"IdentityStoreId": identityStoreID,
		"DisplayName":     g.Name,
		"Source":          source,
	}
	if g.Description != "" {
		properties["Description"] = g.Description
	}
	return newCustomResource(scope, id, handler, resourcetype.IdentityGroup, properties).GetAttString(jsii.String("GroupId"))
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

// Assignment gives a group a permission set in an account.
type Assignment struct {
	InstanceARN, PermissionSetARN, GroupID, AccountID *string
}

// NewAssignment adds an assignment. Deleting it takes the access away, as an edit of the file means it.
func NewAssignment(scope constructs.Construct, id string, a Assignment) awscdk.CfnResource {
	return awscdk.NewCfnResource(scope, jsii.String(id), &awscdk.CfnResourceProps{Type: jsii.String("AWS::SSO::Assignment"), Properties: &map[string]any{
		"InstanceArn":      a.InstanceARN,
		"PermissionSetArn": a.PermissionSetARN,
		"PrincipalType":    "GROUP",
		"PrincipalId":      a.GroupID,
		"TargetType":       "AWS_ACCOUNT",
		"TargetId":         a.AccountID,
	}})
}
