package stacks

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsorganizations"
	gocdk "github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/zone"
)

// newGuardrailsStack attaches the organization policies.
func newGuardrailsStack(app awscdk.App, p *Props, organization *organizationStack) awscdk.Stack {
	stack := newStack(app, p, "Guardrails", "guardrails", "organization policies")
	if len(p.Guardrails) == 0 {
		keepNotEmpty(stack)
	}
	policies := group(stack, "Policy")
	targets := newPolicyTargets(stack, p.Zone, organization)
	var previous awsorganizations.CfnPolicy
	for _, policy := range p.Guardrails {
		var ids []*string
		for _, target := range policy.Targets {
			ids = append(ids, targets.id(target))
		}
		var content any
		if err := json.Unmarshal(policy.Content, &content); err != nil {
			panic(fmt.Errorf("guardrail policy %s: its content is no JSON: %w", policy.ID, err))
		}
		resource := awsorganizations.NewCfnPolicy(policies, jsii.String(policy.ID), &awsorganizations.CfnPolicyProps{
			Name:        jsii.String(policy.Name),
			Description: jsii.String(policy.Description),
			Type:        jsii.String(policy.Type),
			// As an object it is stored without whitespace, which counts against the quota.
			Content:   content,
			TargetIds: &ids,
		})
		constructs.Retained(resource)
		if previous != nil {
			// AWS Organizations takes two policy changes a second and CloudFormation does not retry a creation.
			resource.AddResourceDependency(previous, nil)
		}
		previous = resource
	}
	return stack
}

// policyTargets finds the ids of what policies are attached to, once each.
type policyTargets struct {
	ous          gocdk.Construct
	accounts     gocdk.Construct
	zone         *zone.Zone
	organization *organizationStack
	ids          map[guardrail.Target]*string
}

func newPolicyTargets(stack awscdk.Stack, z *zone.Zone, organization *organizationStack) *policyTargets {
	return &policyTargets{group(stack, "OrganizationalUnitTarget"), group(stack, "AccountTarget"), z, organization, map[guardrail.Target]*string{}}
}

func (t *policyTargets) id(target guardrail.Target) *string {
	if t.ids[target] == nil {
		t.ids[target] = t.find(target)
	}
	return t.ids[target]
}

func (t *policyTargets) find(target guardrail.Target) *string {
	switch {
	case target.Root:
		return t.organization.rootID
	case target.OU != "":
		return constructs.NewPolicyTarget(t.ous, strings.ReplaceAll(target.OU, "/", "|"), t.organization.handler, target.OU)
	case target.Account == t.zone.LogArchive.Name:
		return t.organization.logArchiveID
	case target.Account == t.zone.Audit.Name:
		return t.organization.auditID
	}
	for _, a := range t.zone.Accounts {
		if a.Name == target.Account {
			return constructs.NewAccountPolicyTarget(t.accounts, a.Name, t.organization.handler, a)
		}
	}
	panic(fmt.Sprintf("no account of the zone is named %q", target.Account))
}
