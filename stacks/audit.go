package stacks

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
)

// The audit account's template in the home Region, and the one in every other alert Region.
const (
	auditHomeTemplate    = "audit-home"
	auditRegionsTemplate = "audit-regions"
)

// newAuditStack deploys the alert buses and topics into the audit account.
func newAuditStack(app awscdk.App, p *Props, organization *organizationStack, templates map[string]constructs.MemberTemplate) awscdk.Stack {
	z := p.Zone
	stack := newStack(app, p, "Audit", "audit", "alert buses and topics of the audit account")
	parameters := map[string]*string{
		"OrganizationId":      organization.organizationID,
		"ManagementAccountId": awscdk.Aws_ACCOUNT_ID(),
		"LogArchiveAccountId": organization.logArchiveID,
	}
	for _, name := range alert.AccountNames(p.Alerts) {
		parameters[accountParameter(name)] = newPolicyTargets(stack, z, organization).id(guardrail.Target{Account: name})
	}
	home := constructs.NewStackSet(stack, "Home", &constructs.StackSetProps{
		Name:        z.Resource("audit-home"),
		Description: "Alert bus, alert rules and topics of the home Region",
		Template:    templates[auditHomeTemplate],
		Parameters:  parameters,
		Target:      constructs.OneMember(organization.securityOUID, organization.auditID),
		Regions:     []string{z.HomeRegion},
		Zone:        z,
	})
	others := slices.DeleteFunc(slices.Clone(z.AlertRegions), func(r string) bool { return r == z.HomeRegion })
	if len(others) > 0 {
		regions := constructs.NewStackSet(stack, "Regions", &constructs.StackSetProps{
			Name:        z.Resource("audit-regions"),
			Description: "Alert buses that forward to the home Region",
			Template:    templates[auditRegionsTemplate],
			Parameters:  map[string]*string{"OrganizationId": organization.organizationID},
			Target:      constructs.OneMember(organization.securityOUID, organization.auditID),
			Regions:     others,
			Zone:        z,
		})
		// The role and the bus that these forward with and to.
		regions.AddResourceDependency(home, nil)
	}
	return stack
}

// addAuditTemplates adds the templates of the audit account.
func addAuditTemplates(members *constructs.MemberApp, p *Props) {
	z := p.Zone
	home := members.NewStack(auditHomeTemplate, "Landing zone "+z.Name+": alerts in the home Region")
	organizationID := parameter(home, "OrganizationId", "The organization, whose accounts may send events")
	bus := constructs.NewAlertBus(home, "Bus", z, organizationID)
	management := parameter(home, "ManagementAccountId", "The management account, in which some alerts listen")
	logArchive := parameter(home, "LogArchiveAccountId", "The log-archive account, in which some alerts listen")
	named := map[string]*string{}
	for _, name := range alert.AccountNames(p.Alerts) {
		named[name] = parameter(home, accountParameter(name), "The account "+name+", which suppressions name")
	}
	constructs.NewAlertDelivery(home, "Delivery", z, bus, p.Alerts, func(accounts alert.Accounts) string {
		switch accounts {
		case alert.ManagementAccount:
			return *management
		case alert.LogArchiveAccount:
			return *logArchive
		}
		return *home.Account()
	}, func(name string) string { return *named[name] })
	constructs.NewAlertRelayRole(home, "RelayRole", z)
	if z.Trail.Queries {
		constructs.NewTrailQueries(home, "Queries", &constructs.TrailQueriesProps{
			Zone: z, TrailBucket: ptr(trailBucketName(z, *logArchive)), OrganizationID: organizationID,
		})
	}
	constructs.NewSecurityAdministration(home, "SecurityAdministration", z, management)
	if z.Services.Config.Enabled {
		constructs.NewConfigAggregator(home, "Config", z)
	}

	regions := members.NewStack(auditRegionsTemplate, "Landing zone "+z.Name+": alerts in the other Regions")
	regionBus := constructs.NewAlertBus(regions, "Bus", z, parameter(regions, "OrganizationId", "The organization, whose accounts may send events"))
	constructs.NewAlertRelay(regions, "Relay", z, regionBus)
}

// accountParameter names the parameter with the id of an account.
func accountParameter(name string) string {
	return fmt.Sprintf("Account%x", sha256.Sum256([]byte(name)))[:20]
}
