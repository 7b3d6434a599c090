package member

import (
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// logArchiveIDs are the parameters of the log archive's template.
type logArchiveIDs struct{ organization, audit, management any }

// LogArchive is the template of the log-archive account, in the home Region.
// Its parameters are OrganizationId, AuditAccountId and ManagementAccountId.
func LogArchive(z *zone.Zone) *template.Template {
	t := newTemplate(z, "the log archive")
	ids := logArchiveIDs{
		organization: t.Parameter("OrganizationId", "The organization, whose accounts write"),
		audit:        t.Parameter("AuditAccountId", "The audit account, which may read the logs"),
		management:   t.Parameter("ManagementAccountId", "The management account, which owns the trail"),
	}
	accessLogs := addTrailArchive(t.Scope().In("Trail"), z, ids)
	addServicesArchive(t.Scope().In("Services"), z, ids, accessLogs)
	return t
}
