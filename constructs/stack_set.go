package constructs

import (
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3assets"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// maxTemplateBody is the largest template that a StackSet takes inline, in bytes
// (CloudFormation CreateStackSet, TemplateBody; 2026-11-23).
const maxTemplateBody = 51200

// StackSetProps describes a StackSet.
type StackSetProps struct {
	// Name is the StackSet's name. It must never change: another name deletes every instance.
	Name        string
	Description string
	// Template is the template that each account and Region receives.
	Template MemberTemplate
	// Parameters are the values of the template's parameters, the same for every instance, because
	// accounts that join later receive no overrides.
	Parameters map[string]*string
	// Target says which accounts receive the template.
	Target StackSetTarget
	// Regions receive the template in each account.
	Regions []string
	// FailureTolerancePercentage is how many accounts per Region may fail before the operation stops.
	FailureTolerancePercentage float64
	// AutoDeployAfter lists ARNs of StackSets whose automatic deployments must come first.
	AutoDeployAfter []*string
	Zone            *zone.Zone
}

// StackSetTarget says which accounts a StackSet deploys to.
type StackSetTarget struct {
	targets awscdk.CfnStackSet_DeploymentTargetsProperty
	// managed is true where AWS Organizations manages permissions.
	managed bool
	// autoDeploy is true where accounts that join later are deployed to as well.
	autoDeploy bool
	roles      *StackSetRoles
}

// WholeOrganization targets every member account, today's and tomorrow's. AWS never deploys a
// service-managed StackSet to the management account.
func WholeOrganization(rootID *string) StackSetTarget {
	return StackSetTarget{managed: true, autoDeploy: true, targets: awscdk.CfnStackSet_DeploymentTargetsProperty{
		OrganizationalUnitIds: &[]*string{rootID},
	}}
}

// OneMember targets a single member account of an OU.
func OneMember(ouID, accountID *string) StackSetTarget {
	return StackSetTarget{managed: true, targets: awscdk.CfnStackSet_DeploymentTargetsProperty{
		OrganizationalUnitIds: &[]*string{ouID},
		AccountFilterType:     jsii.String("INTERSECTION"),
		Accounts:              &[]*string{accountID},
	}}
}

// ManagementAccount targets the account that deploys, through roles of its own.
func ManagementAccount(roles *StackSetRoles) StackSetTarget {
	return StackSetTarget{roles: roles, targets: awscdk.CfnStackSet_DeploymentTargetsProperty{
		Accounts: &[]*string{awscdk.Aws_ACCOUNT_ID()},
	}}
}

// NewStackSet adds a StackSet with its instances. CloudFormation waits for the instances, so that a
// dependency on the StackSet is a dependency on what it created. The StackSet is retained: neither an
// edit nor the deletion of the stack removes what it deployed.
func NewStackSet(scope constructs.Construct, id string, props *StackSetProps) awscdk.CfnStackSet {
	parameters := []any{}
	for _, key := range slices.Sorted(maps.Keys(props.Parameters)) {
		parameters = append(parameters, &awscdk.CfnStackSet_ParameterProperty{
			ParameterKey: jsii.String(key), ParameterValue: props.Parameters[key],
		})
	}
	p := &awscdk.CfnStackSetProps{
		StackSetName: jsii.String(props.Name),
		Description:  jsii.String(props.Description),
		Parameters:   parameters,
		Capabilities: jsii.Strings("CAPABILITY_NAMED_IAM"),
		// The service queues operations instead of refusing those that meet an automatic deployment.
		// A map, because the CDK writes the key of its own type in lower case, which CloudFormation refuses.
		ManagedExecution: map[string]any{"Active": true},
		OperationPreferences: &awscdk.CfnStackSet_OperationPreferencesProperty{
			RegionConcurrencyType:      jsii.String("PARALLEL"),
			MaxConcurrentPercentage:    jsii.Number(100),
			FailureTolerancePercentage: jsii.Number(props.FailureTolerancePercentage),
			// The strict mode would deploy to one account at a time.
			ConcurrencyMode: jsii.String("SOFT_FAILURE_TOLERANCE"),
		},
		StackInstancesGroup: []any{&awscdk.CfnStackSet_StackInstancesProperty{
			DeploymentTargets: &props.Target.targets,
			Regions:           jsii.Strings(props.Regions...),
		}},
		Tags: cfnTags(props.Zone.ResourceTags()),
	}
	if props.Target.managed {
		p.PermissionModel = jsii.String("SERVICE_MANAGED")
		auto := &awscdk.CfnStackSet_AutoDeploymentProperty{Enabled: props.Target.autoDeploy}
		if props.Target.autoDeploy {
			auto.RetainStacksOnAccountRemoval = false
			if len(props.AutoDeployAfter) > 0 {
				auto.DependsOn = &props.AutoDeployAfter
			}
		}
		p.AutoDeployment = auto
	} else {
		p.PermissionModel = jsii.String("SELF_MANAGED")
		p.AdministrationRoleArn = props.Target.roles.AdministrationRoleARN
		p.ExecutionRoleName = props.Target.roles.ExecutionRoleName
	}
	if len(props.Template.Body) <= maxTemplateBody {
		p.TemplateBody = jsii.String(props.Template.Body)
	} else {
		asset := awss3assets.NewAsset(scope, jsii.String(id+"Template"), &awss3assets.AssetProps{Path: jsii.String(props.Template.Path)})
		p.TemplateUrl = asset.HttpUrl()
	}
	set := awscdk.NewCfnStackSet(scope, jsii.String(id), p)
	Retained(set)
	return set
}

func cfnTags(tags map[string]string) *[]*awscdk.CfnTag {
	var out []*awscdk.CfnTag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, &awscdk.CfnTag{Key: jsii.String(key), Value: jsii.String(tags[key])})
	}
	return &out
}
