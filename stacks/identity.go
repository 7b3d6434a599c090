package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/identity"
)

// newIdentityStacks gives groups of people access to accounts through IAM Identity Center: a stack with the groups and
// the permission sets, and as many further ones for assignments as the file asks for.
func newIdentityStacks(app awscdk.App, p *Props, organization *organizationStack) []awscdk.Stack {
	if !p.Zone.IdentityCenter.Enabled {
		return nil
	}
	access := identity.Resolve(p.Zone)
	var center *identityCenter
	var out []awscdk.Stack
	for _, part := range access.Stacks(p.Zone) {
		id, name, description := "Identity", "identity", "groups, permission sets and assignments"
		if part.Name != "" {
			id, name, description = id+"-"+part.Name, name+"-"+part.Name, "assignments"
		}
		stack := newStack(app, p, id, name, description)
		if center == nil {
			center = newIdentityCenter(stack, p, organization, access)
		} else {
			// One stack at a time: an assignment that moves must be gone before it is made again, and IAM Identity Center
			// takes few at once.
			stack.AddStackDependency(out[len(out)-1], nil)
		}
		if len(part.Grants) > 0 {
			center.assign(stack, part)
		}
		keepNotEmpty(stack)
		out = append(out, stack)
	}
	return out
}

// identityCenter is what the first stack holds, and what assignments of all stacks refer to.
type identityCenter struct {
	props        *Props
	organization *organizationStack
	constructs.IdentityCenter
	// sets are the ARNs of the permission sets, groups the ids of the groups of the first stack, by name.
	sets, groups map[string]*string
}

func newIdentityCenter(stack awscdk.Stack, p *Props, organization *organizationStack, access identity.Access) *identityCenter {
	c := &identityCenter{props: p, organization: organization, sets: map[string]*string{}, groups: map[string]*string{},
		IdentityCenter: constructs.NewIdentityCenter(stack, "Instance", organization.handler)}
	groups := group(stack, "Group")
	for _, g := range access.Groups {
		c.groups[g.Name] = constructs.NewIdentityGroup(groups, identity.ID(g.Name), organization.handler, c.IdentityStoreID(), p.Zone.IdentityCenter.Source, g)
	}
	sets := group(stack, "PermissionSet")
	for _, s := range access.PermissionSets {
		c.sets[s.Name] = constructs.NewPermissionSet(sets, identity.ID(s.Name), c.InstanceARN(), s)
	}
	if p.Zone.IdentityCenter.Stacks > 1 {
		// Exported whether an assignment refers to it or not: CloudFormation refuses to remove an export in the same
		// deployment in which the stacks that import it stop doing so.
		stack.ExportValue(c.InstanceARN(), nil)
		stack.ExportValue(c.IdentityStoreID(), nil)
		for _, s := range access.PermissionSets {
			stack.ExportValue(c.sets[s.Name], nil)
		}
	}
	return c
}

// assign adds the assignments of one stack. Further stacks look up the groups that they need.
func (c *identityCenter) assign(stack awscdk.Stack, part identity.Stack) {
	a := constructs.Assignments{
		Handler: c.organization.handler, InstanceARN: c.InstanceARN(), IdentityStoreID: c.IdentityStoreID(), SetARNs: c.sets,
		Source: c.props.Zone.IdentityCenter.Source, LogArchiveID: c.organization.logArchiveID, AuditID: c.organization.auditID,
		Zone: c.props.Zone, Grants: part.Grants,
	}
	if part.Name == "" {
		a.GroupIDs = c.groups
	} else {
		a.Groups = part.Groups(c.props.Zone.IdentityCenter.Groups)
	}
	constructs.NewAssignments(stack, "Assignments", a)
}
