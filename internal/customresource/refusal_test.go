package customresource_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/landfall-aws/landfall/internal/fakeaws"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// runRefused runs a case in which every call with a name gets the same fault, and returns
// how long it took on the virtual clock and how it ended.
func runRefused(t *testing.T, c operationCase, name string, fault fakeaws.Fault) (time.Duration, error) {
	t.Helper()
	p := newProvider(t, c.options)
	defer p.close()
	if c.prepare != nil {
		c.prepare(p.server)
	}
	p.server.Fault(func(call fakeaws.Call) fakeaws.Fault {
		if call.Name() == name {
			return fault
		}
		return fakeaws.NoFault
	})
	started := p.server.Now()
	err := p.handle(c.event).err
	return p.server.Now().Sub(started), err
}

// refuseEach refuses, one at a time, the calls that the cases make and that wanted chooses.
// Each must end its operation with the code of the refusal, long before CloudFormation gives up.
func refuseEach(t *testing.T, cases []operationCase, fault fakeaws.Fault, code string, wanted func(fakeaws.Call) bool) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			clean := runCase(t, c, 0, fakeaws.NoFault, false)
			require.NoError(t, clean.err)
			seen := map[string]bool{}
			var running errgroup.Group
			running.SetLimit(4)
			for _, call := range clean.calls {
				if seen[call.Name()] || call.Error != "" || !wanted(call) {
					continue
				}
				seen[call.Name()] = true
				running.Go(func() error {
					took, err := runRefused(t, c, call.Name(), fault)
					assert.ErrorContains(t, err, code, call.Name())
					assert.Less(t, took, 30*time.Minute, call.Name())
					return nil
				})
			}
			require.NoError(t, running.Wait())
		})
	}
}

// A refusal that nothing changes must neither count as success nor hide in a time-out.
func TestEveryRequestThatAWSDeniesIsNamedAsTheCause(t *testing.T) {
	var cases []operationCase
	for _, c := range operationCases() {
		// A roll-back that cannot be told from an edit ends with the refusal of the edit.
		if c.name != "an edit in a roll-back" {
			cases = append(cases, c)
		}
	}
	refuseEach(t, cases, fakeaws.Denied, "AccessDeniedException", func(fakeaws.Call) bool { return true })
}

func TestEveryChangeThatGuardDutyRejectsIsNamedAsTheCause(t *testing.T) {
	var cases []operationCase
	for _, c := range securityCases() {
		if c.event["ResourceType"] == resourcetype.GuardDuty {
			cases = append(cases, c)
		}
	}
	refuseEach(t, cases, fakeaws.Rejected, "BadRequestException", func(call fakeaws.Call) bool {
		return call.Mutating && strings.HasPrefix(call.Name(), "guardduty:")
	})
}
