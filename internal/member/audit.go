package member

import (
	"crypto/sha256"
	"fmt"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// Audit is the template of the audit account, in the home Region. Its parameters are OrganizationId,
// ManagementAccountId, LogArchiveAccountId and, for each account that a suppression names, AccountParameter.
func Audit(z *zone.Zone, alerts []alert.Routed) *template.Template {
	t := newTemplate(z, "the audit account")
	organizationID := t.Parameter("OrganizationId", "The organization, whose accounts may send events")
	management := t.Parameter("ManagementAccountId", "The management account, in which some alerts listen")
	logArchive := t.Parameter("LogArchiveAccountId", "The log-archive account, in which some alerts listen")
	for _, name := range alert.AccountNames(alerts) {
		t.Parameter(AccountParameter(name), "The account "+name+", which suppressions name")
	}
	bus := addAlertBus(t.Scope().In("Bus"), z, organizationID)
	addAlertDelivery(t.Scope().In("Delivery"), z, bus, alerts, management)
	if z.Trail.Queries {
		addTrailQueries(t.Scope().In("Queries"), z, organizationID, logArchive)
	}
	addSecurityAdministration(t.Scope().In("SecurityAdministration"), z, management)
	if z.Services.Config.Enabled {
		addConfigAggregator(t.Scope().In("Config"), z)
	}
	return t
}

// AccountParameter names the parameter of the audit account's template that holds the id of an account.
func AccountParameter(name string) string {
	return fmt.Sprintf("Account%x", sha256.Sum256([]byte(name)))[:20]
}
