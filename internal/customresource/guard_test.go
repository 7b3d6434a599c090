package customresource_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// stackOf is the id of the first stack of the zone with a prefix.
func stackOf(prefix, region string) string {
	return "arn:aws:cloudformation:" + region + ":111122223333:stack/" + prefix + "-organization/7"
}

// addZone deploys the first stack of a zone and its trail.
func addZone(s *fakeaws.Server, prefix, region string) {
	s.SetStackStatus(stackOf(prefix, region), "UPDATE_COMPLETE")
	s.SetStackTags(stackOf(prefix, region), map[string]string{prefix + ":zone": "example", "owner": "platform"})
	addZoneTrail(s, prefix, region)
}

func addZoneTrail(s *fakeaws.Server, prefix, region string) {
	s.AddTrail("arn:aws:cloudtrail:"+region+":111122223333:trail/"+prefix+"-organization", true, map[string]string{prefix + ":zone": "example"})
}

// othersStacksAndTrails are what an account can have that looks like a zone and is none.
func othersStacksAndTrails(s *fakeaws.Server) {
	s.SetStackStatus(stackOf("shop", "eu-central-1"), "CREATE_COMPLETE")
	s.SetStackTags(stackOf("shop", "eu-central-1"), map[string]string{"owner": "shop", "dns:zone": "example.com"})
	s.SetStackStatus("arn:aws:cloudformation:eu-central-1:111122223333:stack/acme-trail/7", "CREATE_COMPLETE")
	s.SetStackTags("arn:aws:cloudformation:eu-central-1:111122223333:stack/acme-trail/7", map[string]string{"acme:zone": "example"})
	for _, empty := range []string{"ROLLBACK_COMPLETE", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS"} {
		id := fmt.Sprintf("arn:aws:cloudformation:eu-central-1:111122223333:stack/acme-organization/%s", empty)
		s.SetStackStatus(id, empty)
		s.SetStackTags(id, map[string]string{"acme:zone": "example"})
	}
	s.AddTrail("arn:aws:cloudtrail:us-east-1:111122223333:trail/corp-organization", true, map[string]string{"owner": "corp"})
	s.AddTrail("arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events", false, nil)
}

// createStack begins the creation of a zone's first stack.
func createStack(s *fakeaws.Server, prefix string) {
	s.SetStackStatus(stackOf(prefix, "eu-central-1"), "CREATE_IN_PROGRESS")
	s.SetStackTags(stackOf(prefix, "eu-central-1"), map[string]string{prefix + ":zone": "example"})
}

func newZone(prefix, homeRegion string) map[string]any {
	return create(resourcetype.EditGuard, properties{"ConfigKey": "regions", "HomeRegion": homeRegion, "Prefix": prefix,
		"AlertRegions": []any{homeRegion}})
}

// secondZones are edits of the prefix "landfall" or the home Region eu-central-1, which
// CloudFormation takes for a new zone. The client works in eu-central-1 throughout, so a
// zone whose home Region is elsewhere stands for a changed one.
func secondZones() map[string]struct {
	prepare func(s *fakeaws.Server)
	event   map[string]any
	message []string
} {
	type zoneCase = struct {
		prepare func(s *fakeaws.Server)
		event   map[string]any
		message []string
	}
	return map[string]zoneCase{
		"another prefix": {func(s *fakeaws.Server) { addZone(s, "landfall", "eu-central-1") }, newZone("acme", "eu-central-1"),
			[]string{"prefix: ", `prefix "landfall" already, not "acme"`, "stack landfall-organization, UPDATE_COMPLETE", "never changes",
				`Put "prefix: landfall" back`, "delete the empty stack acme-organization"}},
		"another prefix while an update failed": {func(s *fakeaws.Server) {
			addZone(s, "landfall", "eu-central-1")
			s.SetStackStatus(stackOf("landfall", "eu-central-1"), "UPDATE_ROLLBACK_FAILED")
		}, newZone("acme", "eu-central-1"), []string{"prefix: ", "stack landfall-organization, UPDATE_ROLLBACK_FAILED"}},
		"another prefix after the first stack was deleted": {func(s *fakeaws.Server) { addZoneTrail(s, "landfall", "eu-central-1") },
			newZone("acme", "eu-central-1"), []string{"prefix: ", `prefix "landfall" already, not "acme"`, "trail landfall-organization in eu-central-1"}},
		"another home Region": {func(s *fakeaws.Server) { addZone(s, "landfall", "eu-west-1") }, newZone("landfall", "eu-central-1"),
			[]string{"regions.home: ", "eu-west-1 as its home Region, not eu-central-1", "never changes", "Set regions.home back to eu-west-1", "regions.governed"}},
		"another prefix and another home Region": {func(s *fakeaws.Server) { addZone(s, "landfall", "eu-west-1") },
			newZone("acme", "eu-central-1"), []string{"prefix: ", `prefix "landfall" already, not "acme"`, "trail landfall-organization in eu-west-1"}},
	}
}

func TestASecondZoneBesideTheFirstIsRefused(t *testing.T) {
	for name, c := range secondZones() {
		t.Run(name, func(t *testing.T) {
			// The zone is on the last page.
			p := newProvider(t, fakeaws.Options{PageSize: 1, EmptyFirstPage: true})
			othersStacksAndTrails(p.server)
			c.prepare(p.server)
			createStack(p.server, c.event["ResourceProperties"].(properties)["Prefix"].(string))
			p.refused(c.event, c.message...)
			assert.Empty(t, p.server.Mutations())
		})
	}
}

// No passing failure makes the guard let a second zone through.
func TestASecondZoneIsRefusedWhateverFaultIsMet(t *testing.T) {
	for name, c := range secondZones() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := operationCase{event: c.event, prepare: func(s *fakeaws.Server) {
				othersStacksAndTrails(s)
				c.prepare(s)
				createStack(s, c.event["ResourceProperties"].(properties)["Prefix"].(string))
			}}
			clean := runCase(t, refused, 0, fakeaws.NoFault, false)
			require.ErrorContains(t, clean.err, c.message[0])
			for at := 1; at <= clean.requests; at++ {
				for _, fault := range []fakeaws.Fault{fakeaws.Throttle, fakeaws.InternalError, fakeaws.LostResponse, fakeaws.Timeout} {
					o := runCase(t, refused, at, fault, false)
					assert.Equal(t, fault, o.calls[at-1].Fault)
					assert.ErrorContains(t, o.err, c.message[0], "%s at request %d (%s)", fault, at, clean.calls[at-1].Name())
				}
			}
		})
	}
}

func TestAZoneThatIsNewOrAdoptedPassesTheGuard(t *testing.T) {
	for name, prepare := range map[string]func(s *fakeaws.Server){
		"an empty account":             func(*fakeaws.Server) {},
		"others' stacks and trails":    othersStacksAndTrails,
		"a zone in place":              func(s *fakeaws.Server) { addZone(s, "landfall", "eu-central-1") },
		"a zone without its own stack": func(s *fakeaws.Server) { addZoneTrail(s, "landfall", "eu-central-1") },
		"a deleted stack of the same name": func(s *fakeaws.Server) {
			addZoneTrail(s, "landfall", "eu-central-1")
			s.SetStackStatus("arn:aws:cloudformation:eu-central-1:111122223333:stack/landfall-organization/6", "DELETE_COMPLETE")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, fakeaws.Options{PageSize: 1})
			prepare(p.server)
			createStack(p.server, "landfall")
			p.ok(newZone("landfall", "eu-central-1"))
			assert.Empty(t, p.server.Mutations())
		})
	}
}
