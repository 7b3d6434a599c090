package member

import (
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// addAlertBus adds the audit account's bus; every account of the organization may send to it.
func addAlertBus(s template.Scope, z *zone.Zone, organizationID any) *template.Resource {
	bus := s.Add("Resource", "AWS::Events::EventBus", map[string]any{
		"Name":        z.AlertBusName(),
		"Description": "Receives the events of every account that may become alerts",
	})
	const sid = "OrganizationSends"
	s.Add(sid, "AWS::Events::EventBusPolicy", map[string]any{
		"EventBusName": bus.Ref(),
		"StatementId":  sid,
		"Statement": template.Statement{
			Sid:       sid,
			Principal: template.Anyone(),
			Actions:   []string{"events:PutEvents"},
			Resources: []any{bus.ARN()},
			Condition: equals(map[string]any{"aws:PrincipalOrgID": organizationID}),
		},
	})
	return bus
}
