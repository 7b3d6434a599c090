package customresource_test

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/authdata"
	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

const (
	instanceARN = "arn:aws:sso:::instance/ssoins-0123456789abcdef"
	storeID     = "d-0123456789"
)

// anInstance is an instance of IAM Identity Center in the Region of the handler.
func anInstance(changes ...func(*fakeaws.Instance)) fakeaws.Instance {
	i := fakeaws.Instance{ARN: instanceARN, IdentityStoreID: storeID, Owner: fakeaws.ManagementAccountID, Region: "eu-central-1"}
	for _, change := range changes {
		change(&i)
	}
	return i
}

// enabled makes the organization instance exist.
func enabled(s *fakeaws.Server) {
	s.AddTrustedAccess(resourcetype.IdentityCenterPrincipal)
	s.AddInstance(anInstance())
}

// group are the properties of a group.
func group(changes properties) properties {
	p := properties{"ConfigKey": "identityCenter.groups[platform]", "IdentityStoreId": storeID, "DisplayName": "platform", "Source": "directory"}
	maps.Copy(p, changes)
	return p
}

func identityCases() []operationCase {
	slow := fakeaws.Options{FeatureSet: "ALL", StaleReads: 2, PageSize: 1, EmptyFirstPage: true}
	existing := func(s *fakeaws.Server) {
		enabled(s)
		s.AddGroup(storeID, "platform")
	}
	return []operationCase{
		{name: "the instance among others", options: slow, still: true, prepare: func(s *fakeaws.Server) {
			s.AddInstance(anInstance(func(i *fakeaws.Instance) { i.ARN, i.Owner = instanceARN+"1", "444455556666" }))
			enabled(s)
		}, event: create(resourcetype.IdentityCenter, properties{})},
		{name: "a new group", options: slow, prepare: enabled, event: create(resourcetype.IdentityGroup, group(properties{"Description": "runs the zone"}))},
		{name: "a group to adopt", options: slow, still: true, prepare: existing, event: create(resourcetype.IdentityGroup, group(nil))},
		{name: "a group that was provisioned", options: slow, still: true, prepare: existing, event: create(resourcetype.IdentityGroup, group(properties{"Source": "external"}))},
		{name: "a group under another name", options: slow, prepare: existing,
			event: update("identity-group/platform", resourcetype.IdentityGroup, group(properties{"DisplayName": "operators"}), group(nil))},
	}
}

func TestEveryRequestToIdentityCenterSurvivesEveryFault(t *testing.T) {
	cases := identityCases()
	report := injectFaults(t, cases)
	for resourceType, calls := range resourcetype.IdentityRequests() {
		assert.ElementsMatch(t, calls, report.names(resourceType), "requests of %s", resourceType)
	}
	report.assertComplete(t, len(cases))
	assert.Equal(t, slices.Sorted(slices.Values(resourcetype.IdentityTypes())), slices.Sorted(maps.Keys(resourcetype.IdentityRequests())))
}

func TestEveryRequestToIdentityCenterThatAWSDeniesIsNamedAsTheCause(t *testing.T) {
	refuseEach(t, identityCases(), fakeaws.Denied, "AccessDeniedException", func(fakeaws.Call) bool { return true })
}

// The handler may look for an instance and make a group. It may give nobody access, and change no group that exists.
func TestThePermissionsInIdentityCenterGiveNobodyAccess(t *testing.T) {
	permissions := resourcetype.IdentityPermissions()
	assert.True(t, slices.IsSorted(permissions))
	for _, name := range permissions {
		action, exists := authdata.Find(name)
		require.True(t, exists, name)
		if name != "identitystore:CreateGroup" {
			assert.Contains(t, []string{"List", "Read"}, action.Level, name)
		}
	}
}

func TestTheInstanceOfTheOrganizationIsFound(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
	enabled(p.server)
	r := p.ok(create(resourcetype.IdentityCenter, properties{}))
	assert.Equal(t, "identity-center", r.id)
	assert.Equal(t, instanceARN, r.attributes["InstanceArn"])
	assert.Equal(t, storeID, r.attributes["IdentityStoreId"])
}

func TestAnInstanceThatIsBeingCreatedIsWaitedFor(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
	enabled(p.server)
	p.server.SetInstanceStatus("CREATE_IN_PROGRESS")
	calls := 0
	p.server.Fault(func(fakeaws.Call) fakeaws.Fault {
		if calls++; calls == 10 {
			p.server.SetInstanceStatus("ACTIVE")
		}
		return fakeaws.NoFault
	})
	started := p.server.Now()
	p.ok(create(resourcetype.IdentityCenter, properties{}))
	assert.Greater(t, p.server.Now().Sub(started), 30*time.Second)
}

func TestWithoutAnInstanceThatStacksCanManageTheMessageSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(s *fakeaws.Server)
		parts   []string
	}{
		"no instance": {func(*fakeaws.Server) {}, []string{
			"identityCenter.enabled: the organization has no instance of IAM Identity Center",
			"choose the Region eu-central-1, open IAM Identity Center and enable it with AWS Organizations", "docs/identity.md"}},
		"an instance of a member account": {func(s *fakeaws.Server) {
			s.AddInstance(anInstance(func(i *fakeaws.Instance) { i.Owner = "444455556666" }))
		}, []string{"has no instance"}},
		"an instance in another Region": {func(s *fakeaws.Server) {
			s.AddTrustedAccess(resourcetype.IdentityCenterPrincipal)
			s.AddInstance(anInstance(func(i *fakeaws.Instance) { i.Region = "us-east-1" }))
		}, []string{"is in us-east-1, and the zone's home Region is eu-central-1", "Leave identityCenter off"}},
		"an account instance": {func(s *fakeaws.Server) { s.AddInstance(anInstance()) },
			[]string{"has an account instance of IAM Identity Center only", "an account instance has no permission sets"}},
		"an instance that could not be created": {func(s *fakeaws.Server) {
			enabled(s)
			s.SetInstanceStatus("CREATE_FAILED")
		}, []string{"not active but CREATE_FAILED"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
			c.prepare(p.server)
			p.refused(create(resourcetype.IdentityCenter, properties{"ConfigKey": "identityCenter.enabled"}), c.parts...)
			assert.Empty(t, p.server.Mutations())
		})
	}
}

func TestAGroupIsFoundByItsNameOrCreatedAndNeverChanged(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL", StaleReads: 2})
	enabled(p.server)
	first := p.ok(create(resourcetype.IdentityGroup, group(properties{"Description": "runs the zone"})))
	assert.Equal(t, "identity-group/platform", first.id)
	again := p.ok(create(resourcetype.IdentityGroup, group(nil)))
	assert.Equal(t, first.attributes["GroupId"], again.attributes["GroupId"])
	require.Equal(t, map[string]int{"identitystore:CreateGroup": 1}, effective(p.server.Calls()))

	// Removing the line leaves the group with its members.
	p.ok(event("Delete", resourcetype.IdentityGroup, group(nil), nil))
	// A new name in the file is another group; the resource stays the same, so CloudFormation deletes nothing.
	renamed := p.ok(update("identity-group/platform", resourcetype.IdentityGroup, group(properties{"DisplayName": "operators"}), group(nil)))
	assert.Equal(t, "identity-group/platform", renamed.id)
	assert.NotEqual(t, first.attributes["GroupId"], renamed.attributes["GroupId"])
	assert.Equal(t, map[string]int{"identitystore:CreateGroup": 2}, effective(p.server.Calls()))
	assert.Contains(t, p.server.Snapshot(), `group d-0123456789 "platform" `+first.attributes["GroupId"].(string))
}

func TestAGroupThatAnIdentityProviderShouldHaveProvisionedIsNotCreated(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
	enabled(p.server)
	p.refused(create(resourcetype.IdentityGroup, group(properties{"Source": "external"})),
		`identityCenter.groups[platform]: IAM Identity Center has no group with the name "platform"`, "Provision the group")
	assert.Empty(t, p.server.Mutations())
}

func TestPropertiesOfAGroupAreChecked(t *testing.T) {
	p := newProvider(t, fakeaws.Options{FeatureSet: "ALL"})
	p.refused(create(resourcetype.IdentityGroup, properties{"Source": "ldap"}), "IdentityStoreId is missing", "DisplayName is missing", "Source must be one of directory, external")
	assert.Empty(t, p.server.Calls())
}
