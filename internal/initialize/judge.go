package initialize

import (
	"fmt"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// delegatedService is a service that the audit account administers for the organization.
type delegatedService struct {
	name, principal, key string
	// on says whether the file turns the service on.
	on func(config.Services) bool
	// hub services are administered by one account, where security people work.
	hub bool
	// most is how many administrators the service takes.
	most int
	// free is the command that removes an administrator; %s is its id.
	free string
}

// viaOrganizations removes an administrator by AWS Organizations.
const viaOrganizations = "aws organizations deregister-delegated-administrator --account-id %s --service-principal "

// delegatedServices are the services that a zone delegates to the audit account. One administrator is the rule of each
// (their user guides, "delegated administrator"); AWS Config takes three (AWS Config API reference,
// PutOrganizationConfigRule).
func delegatedServices() []delegatedService {
	return []delegatedService{
		{"GuardDuty", resourcetype.GuardDutyPrincipal, "services.guardDuty.enabled", func(s config.Services) bool { return s.GuardDuty.Enabled }, true, 1,
			"aws guardduty disable-organization-admin-account --admin-account-id %s --region REGION, in each Region"},
		{"Security Hub", resourcetype.SecurityHubPrincipal, "services.securityHub.enabled", func(s config.Services) bool { return s.SecurityHub.Enabled }, true, 1,
			"aws securityhub disable-organization-admin-account --admin-account-id %s --region REGION, in each Region"},
		{"IAM Access Analyzer", resourcetype.AccessAnalyzerPrincipal, "services.accessAnalyzer.enabled", func(s config.Services) bool { return s.AccessAnalyzer.Enabled }, false, 1,
			viaOrganizations + resourcetype.AccessAnalyzerPrincipal},
		{"AWS Config", configPrincipal, "services.config.enabled", func(s config.Services) bool { return s.Config.Enabled }, false, 3,
			viaOrganizations + configPrincipal},
		{"Inspector", resourcetype.InspectorPrincipal, "services.inspector.enabled", func(s config.Services) bool { return s.Inspector.Enabled }, true, 1,
			"aws inspector2 disable-delegated-admin-account --delegated-admin-account-id %s --region REGION, in each Region"},
		{"Macie", resourcetype.MaciePrincipal, "services.macie.enabled", func(s config.Services) bool { return s.Macie.Enabled }, true, 1,
			"aws macie2 disable-organization-admin-account --admin-account-id %s --region REGION, in each Region"},
		{"Detective", resourcetype.DetectivePrincipal, "services.detective.enabled", func(s config.Services) bool { return s.Detective.Enabled }, true, 1,
			"aws detective disable-organization-admin-account --region REGION, in each Region"},
	}
}

// judgeOrganization says what the organization itself means for a deploy.
func (b *adopter) judgeOrganization() {
	if !b.org.AllFeatures {
		b.find(Blocker, "organization", "it has consolidated billing only, and policies, trusted access and delegated administrators need all features", "enable all features in the AWS Organizations console or with aws organizations enable-all-features, which cannot be undone and which invited accounts must approve")
	}
	types := slices.Clone(b.org.PolicyTypes)
	slices.Sort(types)
	if len(types) > 0 {
		b.find(Note, "policy types", fmt.Sprintf("%s %s enabled already; policies of yours stay attached and bind beside the zone's", strings.Join(types, ", "), verb(len(types))), "")
	}
	b.judgeRegions()
	b.judgePartners()
	// A root with few slots left is the likeliest place for a deploy to fail.
	if own := b.org.RootPolicies - 1; own > 0 {
		b.find(Note, "root", fmt.Sprintf("%s of yours %s attached to it, beside FullAWSAccess; AWS allows %d on one target, the zone's included", count(own, "service control policy"), verb(own), guardrail.SCPSlots),
			"when a deploy finds no slot left, detach what the zone's guardrails make superfluous")
	}
	towers := b.org.trusts(controlTowerPrincipal)
	switch {
	case towers:
		b.draft.besideControlTower = true
		b.find(Warning, "AWS Control Tower", "it governs this organization too. The file leaves its policies room (guardrails.quotas: controlTower) and turns AWS Config and Security Hub off, because accounts that Control Tower enrolled have a recorder of AWS Config already. What the zone does to OUs and accounts counts as drift there, and its trail is a second, paid copy beside Control Tower's",
			"register OUs that the zone creates, and enroll accounts, in Control Tower if it shall govern them; read docs/init.md")
	case b.looksLikeControlTower():
		b.find(Note, "AWS Control Tower", "accounts and OUs are named as Control Tower names them, but it has no trusted access any more, so the file does not reckon with it", "if it still governs the organization, add guardrails: {quotas: controlTower}")
	}
	if b.org.trusts(cloudTrailPrincipal) && !towers {
		b.find(Note, "CloudTrail", "it has trusted access, so there may be an organization trail; the zone's own is then a second copy of management events, which AWS charges for", "look with aws cloudtrail describe-trails, and decide whether the old one is still needed after the first deploy")
	}
	if b.org.trusts(configPrincipal) && !towers {
		b.find(Note, "AWS Config", "it has trusted access, so accounts may have a recorder of their own; AWS allows one in a Region, and the zone's baseline fails where there is another", "look in the accounts with aws configservice describe-configuration-recorders and delete them, or set services.config.enabled and services.securityHub.enabled to false")
	}
	if len(b.result.LeftOut) > 0 && b.choices.DefaultOU == "" {
		n := 0
		for _, o := range b.result.LeftOut {
			if o.line != nil {
				n++
			}
		}
		if n > 0 {
			b.find(Warning, "root", fmt.Sprintf("%s directly below it, and %s left out, because a line would move %s: guardrails of the root bind %s all the same, those of OUs do not", lies(n), isAre(n), them(n), them(n)),
				"move them to an OU, or write the file again with --default-ou PATH, which lists each move")
		}
	}
	if n := len(b.draft.accounts); n > config.MaxAccounts {
		b.find(Blocker, "accounts", fmt.Sprintf("the file would have %d, and a zone has at most %d", n, config.MaxAccounts), "")
	}
}

// judgeRegions warns of Regions that are in use and not governed, which the organization does not tell.
func (b *adopter) judgeRegions() {
	b.find(Warning, "Regions", fmt.Sprintf("an organization does not tell where its accounts work. The file governs %s, and the guardrail deny-other-regions denies work in every other Region to accounts that exist",
		strings.Join(b.draft.answers.Governed, ", ")), "look in Cost Explorer, grouped by Region, and govern each Region that is in use (regions.governed, or --regions), or switch that guardrail off in guardrails.changes first")
}

// judgePartners warns of what comes from accounts outside the organization, which the organization does not tell.
func (b *adopter) judgePartners() {
	b.find(Warning, "partners", "an organization does not tell who works in its accounts from outside. The guardrails trust-own-organization-roles and trust-own-organization deny "+
		"accounts of others, such as those of a monitoring, backup or cost service, to assume roles and to use buckets, keys, queues and secrets of accounts that exist",
		"list them with IAM Access Analyzer (findings of external access), give them OIDC or exempt them, or switch these guardrails off in guardrails.changes first, with a reason")
}

func verb(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func isAre(n int) string {
	if n == 1 {
		return "it is"
	}
	return "they are"
}

func them(n int) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

func lies(n int) string {
	if n == 1 {
		return "1 account lies"
	}
	return fmt.Sprintf("%d accounts lie", n)
}

// looksLikeControlTower recognizes the OU and accounts that Control Tower makes (AWS Control Tower user guide, "About AWS
// accounts in AWS Control Tower": Log Archive and Audit in the OU Security).
func (b *adopter) looksLikeControlTower() bool {
	found := map[string]bool{}
	for _, a := range b.org.Accounts {
		if b.where(a) == "Security" || b.where(a) == "Core" {
			found[a.Name] = true
		}
	}
	return found["Log Archive"] && found["Audit"]
}

// judgeServices says which services another account administers.
func (b *adopter) judgeServices() {
	services := config.Default().Services
	if b.draft.besideControlTower {
		services.Config.Enabled, services.SecurityHub.Enabled = false, false
	}
	names := map[string]string{}
	for _, a := range b.org.Accounts {
		names[a.ID] = Spoken(a.Name)
	}
	for _, s := range delegatedServices() {
		var others, who []string
		for _, id := range b.org.Delegated[s.principal] {
			if b.audit.account != nil && b.audit.account.ID == id {
				continue
			}
			others = append(others, id)
		}
		slices.Sort(others)
		for _, id := range others {
			if name := names[id]; name != "" {
				who = append(who, name+" ("+id+")")
			} else {
				who = append(who, id)
			}
		}
		switch {
		case len(others) == 0:
		case !s.on(services):
			b.find(Note, s.name, fmt.Sprintf("%s administers it for the organization, and goes on to, because the file leaves the service off", strings.Join(who, ", ")), "")
		case len(others) >= s.most && len(others) == len(b.org.Delegated[s.principal]):
			b.find(Blocker, s.name, fmt.Sprintf("%s administers it for the organization, and a deploy refuses to take that role away", strings.Join(who, ", ")),
				fmt.Sprintf("either choose that account with --audit %s; or read what the service deletes when its administrator goes, and remove it: %s; or leave the service as it is: %s: false", others[0], fill(s.free, others[0]), s.key))
		default:
			b.find(Note, s.name, fmt.Sprintf("%s administers it too, which the service allows", strings.Join(who, ", ")), "")
		}
	}
}

func fill(command, id string) string { return strings.ReplaceAll(command, "%s", id) }
