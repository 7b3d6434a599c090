package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Rule says which values one key takes. For a list of words it speaks of each item, for a mapping of
// each value. What concerns several keys at once is checked elsewhere in this package.
type Rule struct {
	// Required keys have no default and must be present.
	Required bool
	// Words are the only ones allowed.
	Words []string
	// Numbers are the only ones allowed.
	Numbers []int
	// Min and Max bound a number; they hold when Max is not 0.
	Min, Max int
	// Pattern is a regular expression for the whole word, in the syntax that Go and JSON Schema share.
	Pattern string
	// Shape says in words what Pattern asks for.
	Shape string
	// MinLength and MaxLength bound a word, in characters; MaxLength 0 sets no bound.
	MinLength, MaxLength int
	// MinItems and MaxItems bound a list or mapping; MaxItems 0 sets no bound.
	MinItems, MaxItems int
	// Unique lists have no item twice.
	Unique bool
	// KeyPattern and KeyShape are Pattern and Shape for the keys of a mapping.
	KeyPattern, KeyShape string
	// Example is a value that is right, as YAML.
	Example string

	// explain finds what is wrong with a word and says it better than Pattern and Words can.
	explain func(word string) (p Problem, wrong bool)
}

// Patterns of words. An e-mail address must satisfy CreateAccount (Organizations API reference, parameter Email).
const (
	zonePattern   = `^[a-z][a-z0-9-]{0,31}$`
	prefixPattern = `^[a-z][a-z0-9]{1,15}$`
	idPattern     = `^[0-9]{12}$`
	namePattern   = `^[!-~]([ -~]*[!-~])?$`
	emailLocal    = `[!#$*+/=?^_\x60~A-Za-z0-9-][!#$*+./=?^_\x60~A-Za-z0-9-]*`
	domainLabel   = `[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?`
	emailDomain   = domainLabel + `(\.` + domainLabel + `)+`
	emailPattern  = `^` + emailLocal + `@` + emailDomain + `$`
	emailTemplate = `^(` + emailLocal + `)?\{account\}[!#$*+./=?^_\x60~A-Za-z0-9-]*@` + emailDomain + `$`
	ouPattern     = `^[!-.0-~]([ -.0-~]*[!-.0-~])?(/[!-.0-~]([ -.0-~]*[!-.0-~])?){0,4}$`
	uuidPattern   = `^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`
	alertPattern  = `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`
	// A link in a mail that input transformers compose, so no quotes, backslashes and angle brackets.
	runbooksPattern = `^https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?/([A-Za-z0-9._~%@+/-]*/)?$`
	// A contact's address and number must satisfy PutAlternateContact (Account Management API reference).
	contactEmailPattern  = `^[A-Za-z0-9_+=.#|!&-]+@(` + domainLabel + `\.)+[A-Za-z0-9]+$`
	contactWordPattern   = `^[^\p{Z}\p{C}]([^\p{C}]*[^\p{Z}\p{C}])?$`
	phonePattern         = `^[+(]*[0-9]([ 0-9()+-]*[0-9)])?$`
	groupPattern         = `^[\p{L}\p{M}\p{S}\p{N}\p{P}]([\p{L}\p{M}\p{S}\p{N}\p{P} ]*[\p{L}\p{M}\p{S}\p{N}\p{P}])?$`
	permissionSetPattern = `^[A-Za-z0-9_+=,.@-]+$`
	tagWordPattern       = `^[\p{L}\p{Z}\p{N}_.:/=+@-]*$`
)

// Shapes that several rules share.
const (
	nameShape          = "printable ASCII characters without spaces at the ends"
	contactEmailShape  = "one @, before it letters, digits and . _ + = # | ! & -, and after it a domain that ends in letters or digits"
	contactExample     = `{name: Security Team, title: On-call engineer, email: security@example.com, phone: "+49 30 1234567"}`
	emailShape         = "one @, a local part in ASCII without spaces, quotes and ( ) < > [ ] { } : ; , \\ | % & that does not start with a dot, and a domain with a dot"
	idShape            = "12 digits in quotes"
	runbooksShape      = "an address that begins with https:// and ends with /, of letters, digits and . _ ~ % @ + - /"
	tagShape           = "letters, digits, spaces and _ . : / = + - @"
	contactShape       = "text without control characters and without spaces at the ends"
	phoneShape         = "digits, spaces and ( ) + -, as in \"+49 30 1234567\""
	uuidShape          = "a UUID, as in 01234567-89ab-cdef-0123-456789abcdef"
	groupShape         = "letters, digits, signs and spaces, without spaces at the ends"
	permissionSetShape = "letters, digits and _ + = , . @ -"
	alertShape         = "lower-case words joined by hyphens"
	ouShape            = "OU names joined by /, at most 5 levels, without a / at the ends and without spaces at the ends of names"
)

// Rules are the rules of every key, by Go type and field, as in "Account.Email".
func Rules() map[string]Rule {
	email := Rule{MinLength: MinEmailLength, MaxLength: MaxEmailLength, Pattern: emailPattern, Shape: emailShape, explain: explainEmail, Example: "orders@example.com"}
	id := Rule{Pattern: idPattern, Shape: idShape, Example: `"111122223333"`}
	tags := Rule{MaxItems: MaxTags, MaxLength: MaxTagValueLength, Pattern: tagWordPattern, Shape: tagShape, KeyPattern: tagWordPattern, KeyShape: tagShape, Example: "{team: orders}"}
	return map[string]Rule{
		"LandingZone.Zone":                {Required: true, MinLength: 1, MaxLength: 32, Pattern: zonePattern, Shape: "lower-case letters, digits and hyphens, starting with a letter", Example: "my-zone"},
		"LandingZone.Prefix":              {MinLength: 2, MaxLength: 16, Pattern: prefixPattern, Shape: "lower-case letters and digits, starting with a letter", explain: explainPrefix, Example: "landfall"},
		"LandingZone.Regions":             {Required: true, Example: "{home: us-east-1, governed: [us-east-1]}"},
		"LandingZone.Email":               {Required: true, Pattern: emailTemplate, Shape: "an e-mail address with {account} before the @", explain: explainTemplate, Example: "aws+{account}@example.com"},
		"LandingZone.Alerts":              {Required: true, Example: "{recipients: [security@example.com]}"},
		"LandingZone.Contacts":            {},
		"LandingZone.Security":            {},
		"LandingZone.OrganizationalUnits": {MaxItems: MaxOUs, Pattern: ouPattern, Shape: ouShape, explain: explainOU, Unique: true, Example: "[Workloads/Staging]"},
		"LandingZone.Accounts":            {Required: true, MaxItems: MaxAccounts, Example: "[]"},
		"LandingZone.Trail":               {},
		"LandingZone.Logs":                {},
		"LandingZone.Tags":                tags,
		"Regions.Home":                    {Required: true, Words: defaultRegions(), explain: explainHome, Example: "us-east-1"},
		"Regions.Governed":                {Required: true, Words: allRegions(), explain: explainRegion, MinItems: 1, Unique: true, Example: "[us-east-1]"},
		"Regions.Retired":                 {Words: allRegions(), explain: explainRegion, Unique: true, Example: "[eu-west-3]"},
		"Alerts.Recipients":               {Required: true, MinItems: 1, MinLength: MinEmailLength, MaxLength: MaxAlertEmailLength, Pattern: emailPattern, Shape: emailShape, explain: explainEmail, Unique: true, Example: "[security@example.com]"},
		"Alerts.PageRecipients":           {MinLength: MinEmailLength, MaxLength: MaxAlertEmailLength, Pattern: emailPattern, Shape: emailShape, explain: explainEmail, Unique: true, Example: "[on-call@example.com]"},
		"Alerts.NotifyRecipients":         {MinLength: MinEmailLength, MaxLength: MaxAlertEmailLength, Pattern: emailPattern, Shape: emailShape, explain: explainEmail, Unique: true, Example: "[platform@example.com]"},
		"Alerts.Changes":                  {Example: "[{id: iam-policy-changed, tier: notify}]"},
		"Alerts.Suppressions":             {Example: "[{alert: bucket-access-changed, accounts: [orders-dev], reason: load tests change policies, expires: \"2027-01-31\"}]"},
		"AlertChange.ID":                  {Required: true, Pattern: alertPattern, Shape: alertShape, Example: "iam-policy-changed"},
		"AlertChange.Tier":                {Required: true, Words: []string{TierPage, TierNotify, TierDigest, TierOff}, Example: TierNotify},
		"AlertChange.Reason":              {MinLength: 10, MaxLength: 200, Example: "another tool tells the same people"},
		"AlertSuppression.Alert":          {Required: true, Pattern: alertPattern, Shape: alertShape, Example: "bucket-access-changed"},
		"AlertSuppression.Accounts":       {MinLength: 1, MaxLength: MaxAccountNameLength, Pattern: namePattern, Shape: nameShape, Unique: true, Example: "[orders-dev]"},
		"AlertSuppression.Principals":     {Pattern: `^(role|user)/[A-Za-z0-9+=,.@_*-]+$`, Shape: "role/NAME or user/NAME, without a path", Unique: true, Example: "[role/deploy-*]"},
		"AlertSuppression.Reason":         {Required: true, MinLength: 10, MaxLength: 200, Example: "load tests change policies"},
		"AlertSuppression.Expires":        {Required: true, Pattern: `^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`, Shape: "a day as in \"2027-01-31\", in quotes", Example: `"2027-01-31"`},
		"Contacts.Security":               {Example: contactExample},
		"Contacts.Operations":             {Example: contactExample},
		"Contacts.Billing":                {Example: contactExample},
		"Contact.Name":                    {Required: true, MinLength: 1, MaxLength: MaxContactNameLength, Pattern: contactWordPattern, Shape: contactShape, Example: "Security Team"},
		"Contact.Title":                   {Required: true, MinLength: 1, MaxLength: MaxContactTitleLength, Pattern: contactWordPattern, Shape: contactShape, Example: "On-call engineer"},
		"Contact.Email":                   {Required: true, MinLength: MinEmailLength, MaxLength: MaxContactEmailLength, Pattern: contactEmailPattern, Shape: contactEmailShape, explain: explainContactEmail, Example: "security@example.com"},
		"Contact.Phone":                   {Required: true, MinLength: 1, MaxLength: MaxContactPhoneLength, Pattern: phonePattern, Shape: phoneShape, explain: explainPhone, Example: `"+49 30 1234567"`},
		"Security.LogArchive":             {},
		"Security.Audit":                  {},
		"SecurityAccount.Name":            {MinLength: 1, MaxLength: MaxAccountNameLength, Pattern: namePattern, Shape: nameShape, Example: "audit"},
		"SecurityAccount.Email":           email,
		"SecurityAccount.ID":              id,
		"Account.Name":                    {Required: true, MinLength: 1, MaxLength: MaxAccountNameLength, Pattern: namePattern, Shape: nameShape, Example: "orders-prod"},
		"Account.OU":                      {Required: true, Pattern: ouPattern, Shape: ouShape, explain: explainOU, Example: "Workloads/Prod"},
		"Account.Email":                   email,
		"Account.ID":                      id,
		"Account.State":                   {Words: []string{StateActive, StateSuspended}, Example: StateSuspended},
		"Account.Tags":                    tags,
		"Trail.CloudWatchLogs":            {},
		"Trail.DataEvents":                {},
		"Trail.Queries":                   {Example: "true"},
		"Alerts.HTTPSEndpoints":           {Pattern: `^https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[!-~]*)?$`, Shape: "an address that begins with https://", MaxLength: 1024, Unique: true, Example: "[https://incidents.example.com/aws]"},
		"Alerts.AccountNames":             {Example: "true"},
		"Alerts.Chat":                     {MaxItems: MaxChatChannels, Example: "[{slack: {workspace: T0123ABCDEF, channel: C0123ABCDEF}, tiers: [page]}]"},
		"ChatChannel.Slack":               {Example: "{workspace: T0123ABCDEF, channel: C0123ABCDEF}"},
		"ChatChannel.Teams":               {Example: "{team: 01234567-89ab-cdef-0123-456789abcdef, tenant: 76543210-ba98-fedc-3210-ba9876543210, channel: 19%3Aabc123%40thread.tacv2}"},
		"ChatChannel.Tiers":               {Words: []string{TierPage, TierNotify}, MinItems: 1, Unique: true, Example: "[page]"},
		"SlackChannel.Workspace":          {Required: true, Pattern: `^T[A-Z0-9]{8,20}$`, Shape: "the letter T and capital letters and digits", explain: explainWorkspace, Example: "T0123ABCDEF"},
		"SlackChannel.Channel":            {Required: true, Pattern: `^[CG][A-Z0-9]{8,20}$`, Shape: "the letter C or G and capital letters and digits", explain: explainSlackChannel, Example: "C0123ABCDEF"},
		"TeamsChannel.Team":               {Required: true, Pattern: uuidPattern, Shape: uuidShape, Example: "01234567-89ab-cdef-0123-456789abcdef"},
		"TeamsChannel.Tenant":             {Required: true, Pattern: uuidPattern, Shape: uuidShape, Example: "76543210-ba98-fedc-3210-ba9876543210"},
		"TeamsChannel.Channel":            {Required: true, MaxLength: 200, Pattern: `^[A-Za-z0-9_=+/.,-]*%3[aA][A-Za-z0-9_=+/.,-]*%40[A-Za-z0-9_=+/.,-]*$`, Shape: "an id with %3A and %40, as in 19%3Aabc123%40thread.tacv2", explain: explainTeamsChannel, Example: "19%3Aabc123%40thread.tacv2"},
		"Alerts.Runbooks":                 {Pattern: runbooksPattern, Shape: runbooksShape, explain: explainRunbooks, MaxLength: MaxRunbooksLength, Example: "https://github.com/example/landing-zone/blob/main/docs/runbooks/"},
		"CloudWatchLogs.Enabled":          {Example: "true"},
		"CloudWatchLogs.RetentionDays":    {Numbers: retentionDays(), Example: "365"},
		"DataEvents.S3":                   {Words: []string{DataEventsNone, DataEventsWrite, DataEventsAll}, Example: DataEventsWrite},
		"DataEvents.Lambda":               {Words: []string{DataEventsNone, DataEventsAll}, Example: DataEventsAll},
		"DataEvents.DynamoDB":             {Words: []string{DataEventsNone, DataEventsWrite, DataEventsAll}, Example: DataEventsWrite},
		"Logs.ObjectLock":                 {},
		"Logs.ArchiveAfterDays":           {Min: 0, Max: MaxLifecycleDays, Example: "90"},
		"Logs.ExpireAfterDays":            {Min: 0, Max: MaxLifecycleDays, Example: "2557"},
		"LandingZone.Services":            {},
		"LandingZone.Guardrails":          {},
		"LandingZone.IdentityCenter":      {},
		"IdentityCenter.Enabled":          {Example: "true"},
		"IdentityCenter.Source":           {Words: []string{SourceDirectory, SourceExternal}, Example: SourceExternal},
		"IdentityCenter.Groups":           {MaxItems: MaxIdentityGroups, Example: "[{name: platform}]"},
		"IdentityCenter.PermissionSets":   {MaxItems: MaxPermissionSets, Example: "[{name: Deployer, managedPolicies: [AWSCodePipeline_FullAccess]}]"},
		"IdentityCenter.Assignments":      {MaxItems: MaxAssignments, Example: "[{group: platform, permissionSet: ViewOnly, ous: [Workloads]}]"},
		"IdentityCenter.ProductionOUs":    {Pattern: ouPattern, Shape: ouShape, explain: explainOU, Unique: true, Example: "[Workloads/Prod]"},
		"IdentityCenter.Stacks":           {Numbers: []int{1, 2, 4, 8, 16, 32, 64, 128, MaxIdentityStacks}, Example: "4"},
		"IdentityGroup.Name":              {Required: true, MinLength: 1, MaxLength: MaxGroupNameLength, Pattern: groupPattern, Shape: groupShape, explain: explainGroup, Example: "platform"},
		"IdentityGroup.Description":       {MinLength: 1, MaxLength: MaxGroupNameLength, Pattern: groupPattern, Shape: groupShape, Example: "runs the landing zone"},
		"PermissionSet.Name":              {Required: true, MinLength: 1, MaxLength: MaxPermissionSetNameLength, Pattern: permissionSetPattern, Shape: permissionSetShape, Example: "Deployer"},
		"PermissionSet.Description":       {MinLength: 1, MaxLength: MaxPermissionSetDescriptionLength, Pattern: `^[\x20-\x7E\xA1-\xFF]+$`, Shape: "letters, digits and signs of Western European languages in one line", Example: "starts pipelines"},
		"PermissionSet.ManagedPolicies":   {MaxItems: MaxManagedPolicies, MaxLength: 256, Pattern: `^[A-Za-z0-9+=,.@_-]+(/[A-Za-z0-9+=,.@_-]+)*$`, Shape: "names of policies that AWS manages, with the path where they have one", explain: explainManagedPolicy, Unique: true, Example: "[job-function/ViewOnlyAccess]"},
		"PermissionSet.InlinePolicy":      {MinLength: 2, MaxLength: MaxInlinePolicyBytes, Pattern: `^\s*\{[^\x00]*\}\s*$`, Shape: "a policy as JSON text, in quotes or behind a |", Example: "'{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"codepipeline:StartPipelineExecution\", \"Resource\": \"*\"}]}'"},
		"PermissionSet.SessionHours":      {Min: 1, Max: MaxSessionHours, Example: "4"},
		"PermissionSet.Reason":            {MinLength: 10, MaxLength: 200, Example: "restores of large databases take longer than an hour"},
		"Assignment.Group":                {Required: true, MinLength: 1, MaxLength: MaxGroupNameLength, Pattern: groupPattern, Shape: groupShape, Example: "platform"},
		"Assignment.PermissionSet":        {Required: true, MinLength: 1, MaxLength: MaxPermissionSetNameLength, Pattern: permissionSetPattern, Shape: permissionSetShape, Example: "ViewOnly"},
		"Assignment.Accounts":             {MinLength: 1, MaxLength: MaxAccountNameLength, Pattern: namePattern, Shape: nameShape, Unique: true, Example: "[orders-dev]"},
		"Assignment.OUs":                  {Pattern: ouPattern, Shape: ouShape, explain: explainOU, Unique: true, Example: "[Workloads/NonProd]"},
		"Assignment.Management":           {Example: "true"},
		"Assignment.BreakGlass":           {Example: "true"},
		"Assignment.Reason":               {MinLength: 10, MaxLength: 200, Example: "used when pipelines fail; each use is reviewed"},
		"Guardrails.Levels":               {Words: []string{LevelMandatory, LevelRecommended, LevelElective}, Unique: true, Example: "[mandatory, recommended]"},
		"Guardrails.Quotas":               {Words: []string{QuotasCurrent, QuotasCompatible, QuotasControlTower}, Example: QuotasCompatible},
		"Guardrails.Changes":              {Example: "[{id: deny-iam-users, exempt: [mail-user-maker]}]"},
		"GuardrailChange.ID":              {Required: true, Pattern: `^[a-z][a-z0-9]*(-[a-z0-9]+)*$`, Shape: "lower-case words joined by hyphens", Example: "deny-iam-users"},
		"GuardrailChange.State":           {Words: []string{StateOn, StateOff}, Example: `"off"`},
		"GuardrailChange.OUs":             {Pattern: ouPattern, Shape: ouShape, explain: explainOU, Unique: true, Example: "[Sandbox]"},
		"GuardrailChange.Accounts":        {MinLength: 1, MaxLength: MaxAccountNameLength, Pattern: namePattern, Shape: nameShape, Unique: true, Example: "[orders-dev]"},
		"GuardrailChange.Level":           {Words: []string{LevelMandatory, LevelRecommended, LevelElective}, Example: LevelElective},
		"GuardrailChange.Exempt":          {Pattern: `^[A-Za-z0-9+=,.@_-][A-Za-z0-9+=,.@_/*-]*$`, Shape: "names of roles, not starting with *", Unique: true, Example: "[mail-user-maker]"},
		"GuardrailChange.Reason":          {MinLength: 10, MaxLength: 200, Example: "the mail service has no other way"},
		"Services.GuardDuty":              {},
		"Services.SecurityHub":            {},
		"Services.AccessAnalyzer":         {},
		"Services.Config":                 {},
		"Services.Inspector":              {},
		"Services.Macie":                  {},
		"Services.Detective":              {},
		"Services.RootAccess":             {},
		"GuardDuty.Enabled":               {Example: "false"},
		"GuardDuty.Plans":                 {},
		"GuardDutyPlans.S3":               {Example: "true"},
		"GuardDutyPlans.EKS":              {Example: "true"},
		"GuardDutyPlans.Malware":          {Example: "true"},
		"GuardDutyPlans.RDS":              {Example: "true"},
		"GuardDutyPlans.Lambda":           {Example: "true"},
		"GuardDutyPlans.Runtime":          {Example: "true"},
		"SecurityHub.Enabled":             {Example: "false"},
		"SecurityHub.CIS":                 {Example: "true"},
		"SecurityHub.DisabledControls":    {Example: "[{id: EC2.10, reason: no VPC needs the endpoint}]"},
		"DisabledControl.ID":              {Required: true, Pattern: `^[A-Za-z0-9]+\.[0-9]+$`, Shape: "a service, a dot and a number", Example: "EC2.10"},
		"DisabledControl.Reason":          {Required: true, MinLength: 10, MaxLength: 200, Example: "no VPC needs the endpoint"},
		"AccessAnalyzer.Enabled":          {Example: "false"},
		"AccessAnalyzer.UnusedAccess":     {Example: "true"},
		"AccessAnalyzer.UnusedAccessDays": {Min: 1, Max: 365, Example: "90"},
		"ConfigRecorder.Enabled":          {Example: "false"},
		"ConfigRecorder.Recording":        {Words: []string{RecordContinuous, RecordDaily}, Example: RecordDaily},
		"Inspector.Enabled":               {Example: "true"},
		"Inspector.Scan":                  {Words: []string{"ec2", "ecr", "lambda", "lambdaCode"}, MinItems: 1, Unique: true, Example: "[ec2, ecr]"},
		"OptionalService.Enabled":         {Example: "true"},
		"RootAccess.Central":              {Example: "false"},
		"ObjectLock.Mode":                 {Words: []string{LockGovernance, LockCompliance}, Example: LockGovernance},
		"ObjectLock.Days":                 {Min: 1, Max: MaxLockDays, Example: "365"},
	}
}

// rule is a Rule with its patterns compiled.
type rule struct {
	Rule
	pattern, keyPattern *regexp.Regexp
}

func compile(rules map[string]Rule) map[string]rule {
	seen := map[string]*regexp.Regexp{}
	pattern := func(p string) *regexp.Regexp {
		if p == "" {
			return nil
		}
		if seen[p] == nil {
			seen[p] = regexp.MustCompile(p)
		}
		return seen[p]
	}
	out := map[string]rule{}
	for key, r := range rules {
		out[key] = rule{Rule: r, pattern: pattern(r.Pattern), keyPattern: pattern(r.KeyPattern)}
	}
	return out
}

// word checks one word of the file against the rule. ok is false when p says what is wrong.
func (r rule) word(s string) (p Problem, ok bool) {
	if r.explain != nil {
		if p, wrong := r.explain(s); wrong {
			return p, false
		}
	}
	switch n := utf8.RuneCountInString(s); {
	case len(r.Words) > 0:
		if slices.Contains(r.Words, s) {
			return Problem{}, true
		}
		p = Problem{Message: "not one of the words that this key takes", Allowed: r.Words, Nearest: Nearest(s, r.Words)}
	case r.MaxLength > 0 && n > r.MaxLength:
		p = Problem{Message: fmt.Sprintf("has %d characters, and at most %d are allowed", n, r.MaxLength)}
	case r.pattern != nil && !r.pattern.MatchString(s):
		p = Problem{Message: "must be " + r.Shape, Fix: r.example()}
		if bad, is := oddCharacter(s); is {
			p.Message += "; " + bad
		}
	case n < r.MinLength:
		p = Problem{Message: fmt.Sprintf("has %d characters, and at least %d are needed", n, r.MinLength)}
	default:
		return Problem{}, true
	}
	return p, false
}

// number checks one number of the file against the rule.
func (r rule) number(n int64) (p Problem, ok bool) {
	switch {
	case len(r.Numbers) > 0 && !slices.Contains(r.Numbers, int(n)):
		allowed := make([]string, len(r.Numbers))
		closest := r.Numbers[0]
		for i, a := range r.Numbers {
			allowed[i] = fmt.Sprint(a)
			if abs(int64(a)-n) < abs(int64(closest)-n) {
				closest = a
			}
		}
		return Problem{Message: "not one of the numbers that this key takes", Allowed: allowed, Nearest: fmt.Sprint(closest)}, false
	case r.Max != 0 && (n < int64(r.Min) || n > int64(r.Max)):
		return Problem{Message: fmt.Sprintf("must be a number from %d to %d", r.Min, r.Max)}, false
	}
	return Problem{}, true
}

func (r rule) example() string {
	if r.Example == "" {
		return ""
	}
	return "for example " + r.Example
}

func abs(n int64) int64 { return max(n, -n) }

// oddCharacter names a character that is easily overlooked and rarely meant.
func oddCharacter(s string) (string, bool) {
	for _, c := range s {
		switch {
		case c == '\u00A0' || c == '\u200B' || c == '\uFEFF' || c == '\u00AD' || c < ' ' || c == 0x7F:
			return fmt.Sprintf("it holds the invisible character U+%04X", c), true
		case c > 0x7E:
			return fmt.Sprintf("%q (U+%04X) is outside of ASCII", string(c), c), true
		}
	}
	if s != strings.TrimSpace(s) {
		return "it has a space at an end", true
	}
	return "", false
}

// yamlName is the key of a struct field in the file, or "" when the file does not have it.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" {
		return ""
	}
	return name
}
