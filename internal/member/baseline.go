package member

import (
	"slices"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/detective"
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// baselineIDs are the parameters of every baseline template.
type baselineIDs struct{ audit, logArchive any }

func baselineParameters(t *template.Template) baselineIDs {
	return baselineIDs{
		audit:      t.Parameter("AuditAccountId", "The audit account, which receives alert events"),
		logArchive: t.Parameter("LogArchiveAccountId", "The log-archive account, which receives what AWS Config records"),
	}
}

// BaselineGlobal is the template of what every account has once, in the home Region.
// The parameters of this and of the other baseline templates are AuditAccountId and LogArchiveAccountId.
func BaselineGlobal(z *zone.Zone) *template.Template {
	t := newTemplate(z, "what an account has once")
	ids := baselineParameters(t)
	addEventForwarder(t.Scope().In("EventForwarder"), z, ids.audit)
	addAuditReadRole(t.Scope().In("AuditReadRole"), z, ids.audit)
	if z.Services.Config.Enabled {
		addConfigRecorderRole(t.Scope().In("ConfigRecorderRole"), z, ids.logArchive)
	}
	return t
}

// BaselineRegional is the template of what every member account has in each Region.
func BaselineRegional(z *zone.Zone, forwards []alert.Forward, rules []detective.Rule) *template.Template {
	t := newTemplate(z, "what an account has in each Region")
	ids := baselineParameters(t)
	where := where{t, z}
	addForwardingRules(t.Scope(), z, where, ids.audit, forwards, map[alert.Accounts]any{
		alert.AllAccounts:       nil,
		alert.AuditAccount:      ids.audit,
		alert.LogArchiveAccount: ids.logArchive,
	})
	addRecorder(t.Scope(), z, where, ids.logArchive, rules)
	return t
}

// ManagementRegional is the template of what the management account has in each Region.
func ManagementRegional(z *zone.Zone, forwards []alert.Forward, rules []detective.Rule) *template.Template {
	t := newTemplate(z, "what the management account has in each Region")
	ids := baselineParameters(t)
	where := where{t, z}
	forwarder := addForwardingRules(t.Scope(), z, where, ids.audit, forwards, map[alert.Accounts]any{
		alert.AllAccounts:       nil,
		alert.ManagementAccount: nil,
	})
	forwarder.addHeartbeat(t.Scope(), "Heartbeat")
	addRecorder(t.Scope(), z, where, ids.logArchive, rules)
	return t
}

// addRecorder adds the recorder of AWS Config in governed Regions.
func addRecorder(s template.Scope, z *zone.Zone, where where, logArchiveID any, rules []detective.Rule) {
	if z.Services.Config.Enabled {
		addConfigRecorder(s.In("Config"), z, logArchiveID, rules, where.only(z.GovernedRegions, nil, ""), where.home())
	}
}

// addForwardingRules adds the rules that listen in the given kinds of accounts; a kind with an account
// id is limited to that account. It returns what they send with.
func addForwardingRules(s template.Scope, z *zone.Zone, where where, auditAccountID any, forwards []alert.Forward, kinds map[alert.Accounts]any) forwarder {
	// In Regions where users only sign in, an alarm per account would cost more than the heartbeat, which watches them too.
	watched := slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(z.GovernedRegions), zone.GlobalRegion))))
	f := newForwarder(s.In("Undelivered"), z, auditAccountID, where.only(watched, nil, ""))
	for _, forward := range forwards {
		if accountID, listens := kinds[forward.Accounts]; listens {
			f.addRule(s, forward, where.only(forward.Regions, accountID, string(forward.Accounts)))
		}
	}
	return f
}
