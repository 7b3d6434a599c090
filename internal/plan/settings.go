package plan

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// regions compares the governed and retired Regions.
func (c *comparison) regions() {
	a, b := c.before, c.after
	for _, r := range minus(b.GovernedRegions, a.GovernedRegions) {
		change := Change{Kind: Create, What: "regions.governed[" + r + "]", After: r, Costs: true, Touches: c.regionLabels(),
			Consequence: "every account receives the baseline there, workloads may use the Region, and its running cost comes per account"}
		if slices.Contains(a.AlertRegions, r) {
			change.Consequence = "the Region was watched for alerts already; now workloads may use it, and AWS Config, if it is on, records there at a cost per account"
		}
		if slices.ContainsFunc(config.KnownRegions(), func(known config.Region) bool { return known.Code == r && known.OptIn }) {
			change.Instead = "this is an opt-in Region: enable it in every account first, the management account included, or the deployment fails there"
		}
		c.add(change)
	}
	for _, r := range minus(a.GovernedRegions, b.GovernedRegions) {
		c.leaving(r)
	}
	for _, r := range minus(b.RetiredRegions, a.RetiredRegions) {
		if !slices.Contains(a.GovernedRegions, r) {
			c.add(Change{Kind: Update, What: "regions.retired[" + r + "]", After: r, Touches: []string{editGuard},
				Consequence: "nothing happens: the Region was not governed"})
		}
	}
	for _, r := range minus(a.RetiredRegions, b.RetiredRegions) {
		if !slices.Contains(b.GovernedRegions, r) {
			c.add(Change{Kind: Update, What: "regions.retired[" + r + "]", Before: r, Touches: []string{editGuard},
				Consequence: "nothing happens, if the deployment that retired the Region has ended; otherwise it stops"})
		}
	}
}

// leaving explains a Region that is governed no longer.
func (c *comparison) leaving(r string) {
	b := c.after
	change := Change{Kind: Remove, What: "regions.governed[" + r + "]", Before: r, Touches: c.regionLabels()}
	switch {
	case r == b.HomeRegion:
		// A valid file governs its home Region.
		return
	case slices.Contains(b.AlertRegions, r):
		change.Consequence = "workloads can no longer use the Region, and AWS Config no longer records there; alerts still listen there, because AWS records events of global services or sign-ins in it whatever Regions are governed"
	case slices.Contains(b.RetiredRegions, r):
		change.Consequence = "the baseline is deleted there in every account: workloads can no longer use the Region, and neither alerts nor AWS Config watch what is left in it; the organization trail still records it, and what was recorded stays"
		change.Instead = "empty the Region first: afterwards only the exempt roles of the guardrails can act in it"
	default:
		change.Kind, change.Verdict = Refuse, Refused
		change.Consequence = "the edit guard stops the deployment before anything is changed: the baseline and the alerts of the Region would be deleted by a line that is merely missing"
		change.Instead = fmt.Sprintf("put it back, or say that it is meant: list %s under regions.retired", r)
	}
	c.add(change)
}

// regionLabels are what follows the list of Regions.
func (c *comparison) regionLabels() []string {
	out := []string{editGuard}
	for _, z := range []*Zone{c.before, c.after} {
		for _, s := range z.stackSets() {
			if s.name != logArchive && s.name != baselineGlobal && s.name != managementGlobal {
				out = append(out, stackSetLabel(z, s.name))
			}
		}
	}
	for _, s := range services {
		out = append(out, serviceLabel(s.key))
	}
	return out
}

// serviceLabel names the resource of a detection service that a key below services belongs to.
func serviceLabel(key string) string {
	name, _, _ := strings.Cut(key, ".")
	return "services." + name
}

// logs compares how the log archive keeps what it has.
func (c *comparison) logs() {
	a, b := c.before.Logs, c.after.Logs
	touches := []string{stackSetLabel(c.after, logArchive)}
	add := func(change Change) {
		change.What = "logs." + change.What
		change.Touches = touches
		c.add(change)
	}
	days := func(n int) string { return fmt.Sprintf("%d days", n) }
	if a.ObjectLock.Mode != b.ObjectLock.Mode {
		change := Change{Kind: Update, What: "objectLock.mode", Before: a.ObjectLock.Mode, After: b.ObjectLock.Mode,
			Consequence: "new files can be unlocked by whoever has s3:BypassGovernanceRetention; files that were stored in compliance mode stay locked until their time is over"}
		if b.ObjectLock.Mode == config.LockCompliance {
			change.Verdict = Irreversible
			change.Consequence = fmt.Sprintf("each file that is stored from now on is locked for %d days, and nobody can delete it or shorten its lock, not even AWS; it is paid for until then", b.ObjectLock.Days)
			change.Instead = "governance mode holds against everybody whom guardrails bind, and can be lifted"
		}
		add(change)
	}
	if a.ObjectLock.Days != b.ObjectLock.Days {
		change := Change{Kind: Update, What: "objectLock.days", Before: days(a.ObjectLock.Days), After: days(b.ObjectLock.Days),
			Consequence: "files that are stored from now on are locked for the new time; files that are there keep theirs"}
		if b.ObjectLock.Mode == config.LockCompliance && b.ObjectLock.Days > a.ObjectLock.Days {
			change.Verdict = Irreversible
			change.Consequence = "files that are stored from now on are locked for the longer time, and nobody can shorten it; files that are there keep theirs"
		}
		add(change)
	}
	if a.ArchiveAfterDays != b.ArchiveAfterDays {
		change := Change{Kind: Update, What: "archiveAfterDays", Before: days(a.ArchiveAfterDays), After: days(b.ArchiveAfterDays),
			Consequence: "files move to S3 Glacier Instant Retrieval at the new age; files that moved already do not move back, and each is charged for at least 90 days"}
		if b.ArchiveAfterDays == 0 {
			change.After, change.Costs = "never", true
			change.Consequence = "no file moves to S3 Glacier Instant Retrieval any longer, which costs more to keep; files that moved already stay there"
		}
		if a.ArchiveAfterDays == 0 {
			change.Before = "never"
		}
		add(change)
	}
	if a.ExpireAfterDays != b.ExpireAfterDays {
		change := Change{Kind: Update, What: "expireAfterDays", Before: days(a.ExpireAfterDays), After: days(b.ExpireAfterDays),
			Consequence: "log files are kept longer; those that were deleted do not come back"}
		if a.ExpireAfterDays == 0 {
			change.Before = "never"
		}
		switch {
		case b.ExpireAfterDays == 0:
			change.After = "never"
		case a.ExpireAfterDays == 0 || b.ExpireAfterDays < a.ExpireAfterDays:
			change.Verdict = Irreversible
			change.Consequence = fmt.Sprintf("log files older than %d days are deleted, those that are there today within days after the deployment, and cannot be restored; locked files go when their lock ends", b.ExpireAfterDays)
			change.Instead = "archiveAfterDays makes old files cheap without deleting them"
		}
		add(change)
	}
}

// trail compares the settings of the organization trail.
func (c *comparison) trail() {
	a, b := c.before.Trail, c.after.Trail
	touches := []string{"trail"}
	group := c.after.Resource("trail")
	if x, y := a.CloudWatchLogs.Enabled, b.CloudWatchLogs.Enabled; x != y {
		change := Change{Kind: Create, What: "trail.cloudWatchLogs.enabled", Before: fmt.Sprint(x), After: fmt.Sprint(y), Costs: true, Touches: touches,
			Consequence: fmt.Sprintf("the trail writes to the log group %s too, and CloudWatch Logs charges for every GB", group),
			Instead:     "when the log group is left from an earlier time, deploy with --import-existing-resources, because CloudFormation creates no second one of the name"}
		if !y {
			change.Kind, change.Costs = Forget, false
			change.Consequence = fmt.Sprintf("the trail no longer writes to the log group %s, which stays with what it holds until its retention ends; what reads it falls silent, and the log archive still receives everything", group)
			change.Instead = ""
		}
		c.add(change)
	}
	if x, y := a.CloudWatchLogs.RetentionDays, b.CloudWatchLogs.RetentionDays; x != y {
		change := Change{Kind: Update, What: "trail.cloudWatchLogs.retentionDays", Before: fmt.Sprint(x), After: fmt.Sprint(y), Touches: touches,
			Consequence: "the log group keeps events longer; those that were deleted do not come back"}
		switch {
		case !a.CloudWatchLogs.Enabled || !b.CloudWatchLogs.Enabled:
			change.Consequence = "the number holds while the log group is on"
			if b.CloudWatchLogs.Enabled {
				change.Consequence = "the log group keeps events for the new time"
			}
		case y < x:
			change.Verdict = Irreversible
			change.Consequence = fmt.Sprintf("events older than %d days are deleted from the log group; the log archive keeps its copy", y)
		}
		c.add(change)
	}
	if x, y := a.Queries, b.Queries; x != y {
		change := Change{Kind: Create, What: "trail.queries", Before: fmt.Sprint(x), After: fmt.Sprint(y), Touches: []string{stackSetLabel(c.after, audit)},
			Consequence: "the audit account receives an Athena table over the trail with saved queries; it costs only what each query reads",
			Instead:     "when the bucket of the results is left from an earlier time, delete it in the audit account first, because CloudFormation creates no second one of the name"}
		if !y {
			change.Kind, change.Instead = Remove, ""
			change.Consequence = "the Athena table and the saved queries are removed from the audit account; the trail's files and the bucket of the results stay"
		}
		c.add(change)
	}
	events := []string{config.DataEventsNone, config.DataEventsWrite, config.DataEventsAll}
	for _, s := range []struct{ key, name, a, b string }{
		{"s3", "S3", a.DataEvents.S3, b.DataEvents.S3},
		{"lambda", "Lambda", a.DataEvents.Lambda, b.DataEvents.Lambda},
		{"dynamodb", "DynamoDB", a.DataEvents.DynamoDB, b.DataEvents.DynamoDB},
	} {
		if s.a == s.b {
			continue
		}
		change := Change{Kind: Update, What: "trail.dataEvents." + s.key, Before: s.a, After: s.b, Touches: touches,
			Consequence: fmt.Sprintf("fewer data events of %s are recorded from now on; what was recorded stays", s.name)}
		if slices.Index(events, s.b) > slices.Index(events, s.a) {
			change.Costs = true
			change.Consequence = fmt.Sprintf("the trail records data events of %s in every account and Region, and CloudTrail charges for each", s.name)
		}
		c.add(change)
	}
}

// service says what turning a detection service on or off means.
type service struct {
	key, name string
	// costs says that the service is billed by AWS.
	costs bool
	// off says what happens when it is turned off.
	off string
}

const staysOn = "it stays on in AWS, and is paid for, in every account; the zone only no longer governs it"

// services in the order of the file.
var services = []service{
	{"guardDuty.enabled", "GuardDuty", true, staysOn},
	{"securityHub.enabled", "Security Hub", true, staysOn},
	{"accessAnalyzer.enabled", "IAM Access Analyzer", false, "the analyzers stay as they are; the zone only no longer governs them"},
	{"accessAnalyzer.unusedAccess", "IAM Access Analyzer for unused access", true, "the analyzers stay as they are; the zone only no longer governs them"},
	{"config.enabled", "AWS Config", true, "the zone's recorders, rules and aggregator are removed in every account and Region; what they recorded stays in the log archive"},
	{"inspector.enabled", "Inspector", true, staysOn},
	{"macie.enabled", "Macie", true, staysOn},
	{"detective.enabled", "Detective", true, staysOn},
	{"rootAccess.central", "central root access", false, "it stays on in AWS; the zone only no longer governs it"},
}

// services compares every key of the detection services, known by name or not.
func (c *comparison) services() {
	before, after := leaves(reflect.ValueOf(c.before.Services), ""), leaves(reflect.ValueOf(c.after.Services), "")
	for i, b := range after {
		a := before[i]
		if a.value == b.value {
			continue
		}
		change := Change{Kind: Update, What: "services." + b.path, Before: a.value, After: b.value, Touches: c.serviceLabels(b.path),
			Consequence: "the service is configured anew in every account and governed Region; what it found stays"}
		at := slices.IndexFunc(services, func(s service) bool { return s.key == b.path })
		switch {
		case at >= 0 && b.value == "true":
			s := services[at]
			change.Kind, change.Costs = Create, s.costs
			change.Consequence = s.name + " is turned on for every account, today's and tomorrow's, in every governed Region"
			if s.costs {
				change.Consequence += ", and AWS charges for it"
			}
		case at >= 0:
			change.Kind, change.Consequence = Forget, services[at].name+": "+services[at].off
			if b.path == "config.enabled" {
				change.Kind = Remove
			}
		case strings.HasPrefix(b.path, "guardDuty.plans."):
			change.Kind, change.Costs = Create, b.value == "true"
			change.Consequence = "the protection plan is turned on for every account and billed on its own"
			if !change.Costs {
				change.Kind, change.Consequence = Forget, "the protection plan stays on in AWS and is paid for; the zone only no longer governs it"
			}
		}
		c.add(change)
	}
}

// serviceLabels are what follows a key of the services.
func (c *comparison) serviceLabels(path string) []string {
	out := []string{serviceLabel(path)}
	if strings.HasPrefix(path, "config.") {
		// Security Hub has a check of the recorder that depends on whose it is.
		out = append(out, serviceLabel("securityHub"))
		for _, z := range []*Zone{c.before, c.after} {
			for _, s := range z.stackSets() {
				if s.name != logArchive {
					out = append(out, stackSetLabel(z, s.name))
				}
			}
		}
	}
	return out
}

// leaf is one value of the file.
type leaf struct{ path, value string }

// leaves are the values below a struct of the file, in the order of its fields.
func leaves(v reflect.Value, path string) []leaf {
	if v.Kind() != reflect.Struct {
		return []leaf{{path, valueText(v)}}
	}
	var out []leaf
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		out = append(out, leaves(v.Field(i), strings.TrimPrefix(path+"."+name, "."))...)
	}
	return out
}

// valueText is a value as the file would have it in one line.
func valueText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Slice:
		var items []string
		for i := range v.Len() {
			items = append(items, valueText(v.Index(i)))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Struct:
		var items []string
		for _, l := range leaves(v, "") {
			items = append(items, l.path+": "+l.value)
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	return fmt.Sprint(v.Interface())
}
