package stacks

import (
	"fmt"
	"time"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/identity"
	"github.com/landfall-aws/landfall/internal/member"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Props is what the stacks of a zone are made of.
type Props struct {
	Zone *zone.Zone
	// Guardrails are the packed organization policies.
	Guardrails []guardrail.Policy
	// Alerts are the alerts with their routing.
	Alerts []alert.Routed
	// MetricFilters are the filters on the trail's log group.
	MetricFilters []alert.MetricFilter
	// Members are the templates that StackSets carry into accounts, by name.
	Members map[string]*template.Template
	// Handler is the source of the custom-resource function.
	Handler constructs.HandlerSource
	// Context is the CDK context, with the feature flags, that the app was made with.
	Context map[string]any
}

// NewProps applies the catalogue, and the guardrails beside the zone's file, to a zone.
func NewProps(z *zone.Zone, zoneFile string, handler constructs.HandlerSource, context map[string]any) (*Props, error) {
	guardrails, err := guardrail.Open(controls.Guardrails(), zoneFile, z)
	if err != nil {
		return nil, fmt.Errorf("loading the guardrails: %w", err)
	}
	policies, err := guardrail.Plan(z, guardrails)
	if err != nil {
		return nil, fmt.Errorf("packing the guardrails: %w", err)
	}
	alerts, err := alert.Load(controls.Alerts())
	if err != nil {
		return nil, fmt.Errorf("loading the alerts: %w", err)
	}
	if problems := alert.Check(z, alerts, time.Now()); len(problems) > 0 {
		return nil, config.Locate(zoneFile, problems)
	}
	if problems := identity.Check(z); len(problems) > 0 {
		return nil, config.Locate(zoneFile, problems)
	}
	metricFilters, err := alert.MetricFilters(controls.MetricFilters())
	if err != nil {
		return nil, fmt.Errorf("loading the metric filters: %w", err)
	}
	routed := alert.For(z, alerts)
	forwards, err := alert.Forwards(z, routed)
	if err != nil {
		return nil, fmt.Errorf("routing the alerts: %w", err)
	}
	rules, err := detective.Load(controls.Detective())
	if err != nil {
		return nil, err
	}
	return &Props{
		Zone: z, Guardrails: policies, Alerts: routed, MetricFilters: metricFilters, Handler: handler, Context: context,
		Members: map[string]*template.Template{
			logArchiveTemplate:         member.LogArchive(z),
			auditTemplate:              member.Audit(z, routed),
			baselineGlobalTemplate:     member.BaselineGlobal(z),
			baselineRegionalTemplate:   member.BaselineRegional(z, forwards, rules),
			managementRegionalTemplate: member.ManagementRegional(z, forwards, rules),
		},
	}, nil
}
