// Package stacks composes the zone's CloudFormation stacks, one file each. It holds no policy text
// beyond what one stack's own resources need.
package stacks

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	gocdk "github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/constructs"
)

// Add adds every stack of the zone to an app, in the order in which they deploy.
func Add(app awscdk.App, p *Props) error {
	templates, err := memberTemplates(app, p)
	if err != nil {
		return fmt.Errorf("composing the member templates: %w", err)
	}
	organization := newOrganizationStack(app, p)
	accounts := newAccountStacks(app, p, organization)
	logArchive := newLogArchiveStack(app, p, organization, templates)
	trail := newTrailStack(app, p, organization)
	trail.AddStackDependency(logArchive, nil)
	audit := newAuditStack(app, p, organization, templates)
	for _, before := range accounts {
		// Suppressions name accounts, which must exist.
		audit.AddStackDependency(before, nil)
	}
	security := newSecurityStack(app, p, organization)
	security.AddStackDependency(audit, nil)
	security.AddStackDependency(logArchive, nil)
	baseline := newBaselineStack(app, p, organization, templates)
	for _, before := range []awscdk.Stack{trail, security} {
		baseline.AddStackDependency(before, nil)
	}
	guardrails := newGuardrailsStack(app, p, organization)
	// A guardrail that came before the baseline could stop it.
	guardrails.AddStackDependency(baseline, nil)
	for _, identity := range newIdentityStacks(app, p, organization) {
		// Accounts are long there by then, and people enter them under guardrails.
		identity.AddStackDependency(guardrails, nil)
	}
	return nil
}

// newStack adds a stack of the management account in the home Region. Its name carries the zone's prefix.
func newStack(app awscdk.App, p *Props, id, name, description string) awscdk.Stack {
	tags := map[string]*string{}
	for key, value := range p.Zone.ResourceTags() {
		tags[key] = jsii.String(value)
	}
	return awscdk.NewStack(app, jsii.String(id), &awscdk.StackProps{
		StackName:             jsii.String(p.Zone.Resource(name)),
		Description:           jsii.String("Landing zone " + p.Zone.Name + ": " + description),
		Env:                   &awscdk.Environment{Region: jsii.String(p.Zone.HomeRegion)},
		TerminationProtection: jsii.Bool(true),
		Tags:                  &tags,
		AnalyticsReporting:    jsii.Bool(false),
	})
}

// memberTemplates writes the templates that StackSets carry into a folder of the app's output.
func memberTemplates(app awscdk.App, p *Props) (map[string]constructs.MemberTemplate, error) {
	dir := filepath.Join(*app.Outdir(), "member-templates")
	written := map[string]constructs.MemberTemplate{}
	for name, t := range p.Members {
		var err error
		if written[name], err = constructs.WriteMemberTemplate(dir, name, t); err != nil {
			return nil, err
		}
	}
	// The variable is the CDK's own, which switches the validator of stacks off.
	if os.Getenv("CDK_VALIDATION") == "false" {
		return written, nil
	}
	return written, constructs.ValidateMemberTemplates(written, maps.Clone(p.Context))
}

// group is a scope for things that are named in the user's file. Below it, logical ids carry a hash of the whole
// name, so that names which differ in punctuation only stay apart.
func group(stack awscdk.Stack, kind string) gocdk.Construct {
	return gocdk.NewConstruct(stack, jsii.String(kind))
}

// keepNotEmpty adds to a stack that has no resource one that does nothing, since CloudFormation refuses
// a template without resources.
func keepNotEmpty(stack awscdk.Stack) {
	if len(*stack.Node().Children()) == 0 {
		awscdk.NewCfnWaitConditionHandle(stack, jsii.String("Empty"), nil)
	}
}
