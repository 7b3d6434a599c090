package security

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/guardduty/types"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// guardDutyRefusal is the one code of GuardDuty for everything that it does not accept.
const guardDutyRefusal = "BadRequestException"

// GuardDuty is the wished state of GuardDuty in a zone.
type GuardDuty struct {
	Zone
	// Features maps each protection plan to "ALL" or "NONE": whether all accounts get it.
	// NONE does not take a plan away from an account that has it.
	Features map[string]string
	// PublishingFrequency of updated findings: "FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS".
	PublishingFrequency string
	// DestinationBucketARN and DestinationKeyARN say where findings are exported to. Nothing
	// is exported, and an existing export not touched, when both are empty.
	DestinationBucketARN, DestinationKeyARN string
}

// GuardDutyFeatures lists the names of the protection plans that the API knows, sorted.
// EKS_RUNTIME_MONITORING is left out: it excludes its successor RUNTIME_MONITORING.
func GuardDutyFeatures() []string {
	var names []string
	for _, name := range types.OrgFeature("").Values() {
		if name != types.OrgFeatureEksRuntimeMonitoring {
			names = append(names, string(name))
		}
	}
	slices.Sort(names)
	return names
}

// runtimeAgents are the settings of Runtime Monitoring, which follow it: without an agent
// it watches nothing (GuardDuty User Guide, "Runtime Monitoring").
var runtimeAgents = []string{"EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"}

// EnsureGuardDuty makes the audit account the administrator of GuardDuty in each Region and
// has it enable GuardDuty for all accounts of the organization. Existing accounts follow
// within 24 hours (API Reference, UpdateOrganizationConfiguration).
func (c *Client) EnsureGuardDuty(ctx context.Context, wanted GuardDuty) error {
	s := c.session(wanted.Zone)
	service := service{name: "GuardDuty", command: "guardduty disable-organization-admin-account", list: func(ctx context.Context, region string) ([]administrator, error) {
		return guardDutyAdministrators(ctx, s.guardDuty(region), region)
	}, flag: "--admin-account-id"}
	ours, err := s.claimed(ctx, service)
	if err != nil {
		return err
	}
	return s.everywhere(func(region string) error {
		return outcome(s.ensureGuardDuty(ctx, service, wanted, region, ours[region]), "setting up GuardDuty in "+region)
	})
}

func (s *session) guardDuty(region string) *guardduty.Client {
	return guardduty.NewFromConfig(s.management(region))
}

func guardDutyAdministrators(ctx context.Context, client *guardduty.Client, region string) ([]administrator, error) {
	var list []administrator
	pages := guardduty.NewListOrganizationAdminAccountsPaginator(client, &guardduty.ListOrganizationAdminAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if code(err) == guardDutyRefusal {
			return nil, settling("reading who administers GuardDuty in "+region, "trusted access of the service is not enabled",
				"Enable trusted access of "+resourcetype.GuardDutyPrincipal+" first, then run the same command again", err)
		}
		if err != nil {
			return nil, err
		}
		for _, a := range page.AdminAccounts {
			list = append(list, administrator{accountID: aws.ToString(a.AdminAccountId), leaving: a.AdminStatus == types.AdminStatusDisableInProgress})
		}
	}
	return list, nil
}

func (s *session) ensureGuardDuty(ctx context.Context, service service, wanted GuardDuty, region string, ours bool) error {
	management := s.guardDuty(region)
	// The administrator cannot add the management account as a member before it has a
	// detector ("your organization master must first enable GuardDuty to be added as a member").
	if _, err := s.ensureDetector(ctx, management, wanted, "the management account", region); err != nil {
		return err
	}
	if !ours {
		err := s.delegate(ctx, service, region, func() error {
			_, err := management.EnableOrganizationAdminAccount(ctx,
				&guardduty.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(wanted.AuditAccountID)})
			return err
		})
		if err != nil {
			return err
		}
	}
	config, err := s.auditIn(ctx, region)
	if err != nil {
		return err
	}
	d := guardDutyDetector{session: s, client: guardduty.NewFromConfig(config), wanted: wanted, region: region}
	if !ours {
		// The delegation creates the detector. One that someone deleted later is created here.
		if d.id, err = findDetector(ctx, d.client); err == nil && d.id == "" {
			return &Pending{Reason: "GuardDuty is being enabled in the audit account in " + region}
		}
	} else {
		d.id, err = s.ensureDetector(ctx, d.client, wanted, "the audit account", region)
	}
	if err != nil {
		return err
	}
	if err := d.ensureSettings(ctx); err != nil {
		return err
	}
	if err := d.ensureOrganization(ctx); err != nil {
		return err
	}
	return d.ensureDestination(ctx)
}

// findDetector returns the id of the detector of an account, "" without one. An account has
// at most one in a Region (API Reference, CreateDetector).
func findDetector(ctx context.Context, client *guardduty.Client) (string, error) {
	pages := guardduty.NewListDetectorsPaginator(client, &guardduty.ListDetectorsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", err
		}
		if len(page.DetectorIds) > 0 {
			return page.DetectorIds[0], nil
		}
	}
	return "", nil
}

// ensureDetector returns the detector of an account. A new one gets exactly the wished
// plans as far as the Region has them; an existing one is left as it is.
func (s *session) ensureDetector(ctx context.Context, client *guardduty.Client, wanted GuardDuty, where, region string) (string, error) {
	id, err := findDetector(ctx, client)
	if err != nil || id != "" {
		return id, err
	}
	features := detectorFeatures(wanted.Features)
	for {
		_, err = client.CreateDetector(ctx, &guardduty.CreateDetectorInput{Enable: aws.Bool(true), Features: features,
			FindingPublishingFrequency: types.FindingPublishingFrequency(wanted.PublishingFrequency)})
		if code(err) != guardDutyRefusal {
			break
		}
		// Either somebody was faster, or the Region does not have all plans.
		if id, readErr := findDetector(ctx, client); readErr != nil || id != "" {
			return id, readErr
		}
		// The text only saves requests: without it they end in the wait below.
		if strings.Contains(message(err), "already exists") {
			return "", &Pending{Reason: "GuardDuty is being enabled in " + where + " in " + region, Cause: err}
		}
		if len(features) == 0 {
			return "", settling("enabling GuardDuty in "+where+" in "+region, "GuardDuty does not accept it",
				"Look at the answer of AWS", err)
		}
		s.client.log.Warn("GuardDuty does not create a detector with this plan; it is left at the default of the Region",
			"region", region, "feature", string(features[len(features)-1].Name), "error", message(err))
		features = features[:len(features)-1]
	}
	if err != nil {
		return "", err
	}
	if id, err = findDetector(ctx, client); err != nil || id != "" {
		return id, err
	}
	return "", &Pending{Reason: "the new GuardDuty detector of " + where + " in " + region + " is not visible yet"}
}

// featureNames lists the wished plans, the oldest first, so that what a Region most likely
// lacks comes last.
func featureNames(features map[string]string) []string {
	var known []string
	for _, name := range types.OrgFeature("").Values() {
		known = append(known, string(name))
	}
	return slices.SortedFunc(maps.Keys(features), func(a, b string) int {
		return slices.Index(known, a) - slices.Index(known, b)
	})
}

func detectorFeatures(features map[string]string) []types.DetectorFeatureConfiguration {
	var list []types.DetectorFeatureConfiguration
	for _, name := range featureNames(features) {
		status := types.FeatureStatusDisabled
		if features[name] == "ALL" {
			status = types.FeatureStatusEnabled
		}
		feature := types.DetectorFeatureConfiguration{Name: types.DetectorFeature(name), Status: status}
		if feature.Name == types.DetectorFeatureRuntimeMonitoring {
			for _, agent := range runtimeAgents {
				feature.AdditionalConfiguration = append(feature.AdditionalConfiguration,
					types.DetectorAdditionalConfiguration{Name: types.FeatureAdditionalConfiguration(agent), Status: status})
			}
		}
		list = append(list, feature)
	}
	return list
}

func organizationFeatures(features map[string]string) []types.OrganizationFeatureConfiguration {
	var list []types.OrganizationFeatureConfiguration
	for _, name := range featureNames(features) {
		value := types.OrgFeatureStatus(features[name])
		feature := types.OrganizationFeatureConfiguration{Name: types.OrgFeature(name), AutoEnable: value}
		if feature.Name == types.OrgFeatureRuntimeMonitoring {
			for _, agent := range runtimeAgents {
				feature.AdditionalConfiguration = append(feature.AdditionalConfiguration,
					types.OrganizationAdditionalConfiguration{Name: types.OrgFeatureAdditionalConfiguration(agent), AutoEnable: value})
			}
		}
		list = append(list, feature)
	}
	return list
}

// guardDutyDetector is the detector of the audit account in one Region.
type guardDutyDetector struct {
	session *session
	client  *guardduty.Client
	wanted  GuardDuty
	region  string
	id      string
}

// write sends a change with features. When GuardDuty refuses it, what goes without features
// is sent alone and then each feature alone; those that are refused then do not exist in
// the Region. It returns their names.
func write[F any](d *guardDutyDetector, what string, features []F, name func(F) string, send func([]F) error) (map[string]bool, error) {
	err := send(features)
	if err == nil || code(err) != guardDutyRefusal {
		return nil, err
	}
	notReady := func(err error) error {
		return settling(what+" in "+d.region, "GuardDuty does not accept it", "Look at the answer of AWS", err)
	}
	if len(features) == 0 {
		return nil, notReady(err)
	}
	if err := send(nil); err != nil {
		if code(err) == guardDutyRefusal {
			return nil, notReady(err)
		}
		return nil, err
	}
	rejected := map[string]bool{}
	for _, feature := range features {
		switch err := send([]F{feature}); {
		case code(err) == guardDutyRefusal:
			rejected[name(feature)] = true
			d.session.client.log.Warn("GuardDuty does not offer this protection plan here; it is left out",
				"region", d.region, "feature", name(feature), "error", message(err))
		case err != nil:
			return nil, err
		}
	}
	return rejected, nil
}

// ensureSettings makes the audit account's own detector publish as often as wished and have
// the plans that all accounts get. It takes no plan away.
func (d *guardDutyDetector) ensureSettings(ctx context.Context) error {
	missing, frequency, err := d.readSettings(ctx)
	if err != nil || len(missing) == 0 && !frequency {
		return err
	}
	rejected, err := write(d, "changing the detector of the audit account", missing,
		func(f types.DetectorFeatureConfiguration) string { return string(f.Name) },
		func(features []types.DetectorFeatureConfiguration) error {
			_, err := d.client.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: aws.String(d.id), Enable: aws.Bool(true),
				Features: features, FindingPublishingFrequency: types.FindingPublishingFrequency(d.wanted.PublishingFrequency)})
			return err
		})
	if err != nil {
		return err
	}
	missing, frequency, err = d.readSettings(ctx)
	if err != nil {
		return err
	}
	missing = slices.DeleteFunc(missing, func(f types.DetectorFeatureConfiguration) bool { return rejected[string(f.Name)] })
	if len(missing) > 0 || frequency {
		return &Pending{Reason: "the changed settings of the detector in " + d.region + " are not visible yet"}
	}
	return nil
}

// readSettings returns the plans that the detector still needs, and whether it is disabled
// or publishes at another frequency.
func (d *guardDutyDetector) readSettings(ctx context.Context) (missing []types.DetectorFeatureConfiguration, differs bool, err error) {
	got, err := d.client.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: aws.String(d.id)})
	if code(err) == guardDutyRefusal {
		return nil, false, &Pending{Reason: "the detector of the audit account in " + d.region + " is not readable yet", Cause: err}
	}
	if err != nil {
		return nil, false, err
	}
	has := map[string]bool{}
	for _, feature := range got.Features {
		has[string(feature.Name)] = feature.Status == types.FeatureStatusEnabled
		for _, agent := range feature.AdditionalConfiguration {
			has[string(feature.Name)+"/"+string(agent.Name)] = agent.Status == types.FeatureStatusEnabled
		}
	}
	for _, feature := range detectorFeatures(d.wanted.Features) {
		complete := has[string(feature.Name)]
		for _, agent := range feature.AdditionalConfiguration {
			complete = complete && has[string(feature.Name)+"/"+string(agent.Name)]
		}
		if feature.Status == types.FeatureStatusEnabled && !complete {
			missing = append(missing, feature)
		}
	}
	return missing, got.Status != types.DetectorStatusEnabled || string(got.FindingPublishingFrequency) != d.wanted.PublishingFrequency, nil
}

// ensureOrganization makes all accounts, today's and tomorrow's, members with the wished plans.
func (d *guardDutyDetector) ensureOrganization(ctx context.Context) error {
	wanted := organizationFeatures(d.wanted.Features)
	different, err := d.readOrganization(ctx, wanted)
	if err != nil || len(different) == 0 {
		return err
	}
	changes := slices.DeleteFunc(slices.Clone(wanted), func(f types.OrganizationFeatureConfiguration) bool {
		return !slices.Contains(different, string(f.Name))
	})
	rejected, err := write(d, "changing the organization's configuration of GuardDuty", changes,
		func(f types.OrganizationFeatureConfiguration) string { return string(f.Name) },
		func(features []types.OrganizationFeatureConfiguration) error {
			_, err := d.client.UpdateOrganizationConfiguration(ctx, &guardduty.UpdateOrganizationConfigurationInput{
				DetectorId: aws.String(d.id), AutoEnableOrganizationMembers: types.AutoEnableMembersAll, Features: features})
			return err
		})
	if err != nil {
		return err
	}
	different, err = d.readOrganization(ctx, wanted)
	different = slices.DeleteFunc(different, func(name string) bool { return rejected[name] })
	if err != nil || len(different) == 0 {
		return err
	}
	return &Pending{Reason: fmt.Sprintf("the organization's configuration of GuardDuty in %s is not visible yet (%s)", d.region, strings.Join(different, ", "))}
}

// readOrganization lists what differs in the organization's configuration: "members", and
// the names of features.
func (d *guardDutyDetector) readOrganization(ctx context.Context, wanted []types.OrganizationFeatureConfiguration) ([]string, error) {
	has := map[string]types.OrgFeatureStatus{}
	var different []string
	pages := guardduty.NewDescribeOrganizationConfigurationPaginator(d.client,
		&guardduty.DescribeOrganizationConfigurationInput{DetectorId: aws.String(d.id)})
	for first := true; pages.HasMorePages(); first = false {
		page, err := pages.NextPage(ctx)
		if code(err) == guardDutyRefusal {
			return nil, settling("reading the organization's configuration of GuardDuty in "+d.region,
				"the audit account is not its administrator", "Look at the answer of AWS", err)
		}
		if err != nil {
			return nil, err
		}
		if first && page.AutoEnableOrganizationMembers != types.AutoEnableMembersAll {
			different = append(different, "members")
		}
		for _, feature := range page.Features {
			has[string(feature.Name)] = feature.AutoEnable
			for _, agent := range feature.AdditionalConfiguration {
				has[string(feature.Name)+"/"+string(agent.Name)] = agent.AutoEnable
			}
		}
	}
	// What is not listed is not enabled.
	same := func(name string, value types.OrgFeatureStatus) bool {
		return has[name] == value || has[name] == "" && value == types.OrgFeatureStatusNone
	}
	for _, feature := range wanted {
		equal := same(string(feature.Name), feature.AutoEnable)
		for _, agent := range feature.AdditionalConfiguration {
			equal = equal && same(string(feature.Name)+"/"+string(agent.Name), agent.AutoEnable)
		}
		if !equal {
			different = append(different, string(feature.Name))
		}
	}
	return different, nil
}

// ensureDestination exports findings to the bucket. A detector has one export to S3.
func (d *guardDutyDetector) ensureDestination(ctx context.Context) error {
	if d.wanted.DestinationBucketARN == "" {
		return nil
	}
	wanted := &types.DestinationProperties{DestinationArn: aws.String(d.wanted.DestinationBucketARN), KmsKeyArn: aws.String(d.wanted.DestinationKeyARN)}
	what := fmt.Sprintf("exporting the findings of GuardDuty in %s to %s", d.region, d.wanted.DestinationBucketARN)
	unable := func(err error) error {
		return &Pending{Reason: what + " is not possible yet", Grace: repairGrace, Cause: err, Otherwise: &Failure{
			What: what + " is not possible",
			Why:  "GuardDuty cannot write to the bucket or use the key " + d.wanted.DestinationKeyARN,
			Do: "Look whether the bucket and the key exist and whether their policies let " + resourcetype.GuardDutyPrincipal +
				" use them for account " + d.wanted.AuditAccountID + ", then run the same command again",
			Cause: err}}
	}
	found, err := d.findDestination(ctx)
	if err != nil {
		return err
	}
	failed := found != nil && (found.Status == types.PublishingStatusUnableToPublishFixDestinationProperty || found.Status == types.PublishingStatusStopped)
	switch {
	case found == nil:
		_, err = d.client.CreatePublishingDestination(ctx, &guardduty.CreatePublishingDestinationInput{
			DetectorId: aws.String(d.id), DestinationType: types.DestinationTypeS3, DestinationProperties: wanted})
	case aws.ToString(found.DestinationProperties.DestinationArn) != d.wanted.DestinationBucketARN ||
		aws.ToString(found.DestinationProperties.KmsKeyArn) != d.wanted.DestinationKeyARN:
		d.session.client.log.Warn("the export of GuardDuty findings is moved", "region", d.region,
			"from", aws.ToString(found.DestinationProperties.DestinationArn), "to", d.wanted.DestinationBucketARN)
		fallthrough
	case failed:
		// The same properties again start another verification.
		_, err = d.client.UpdatePublishingDestination(ctx, &guardduty.UpdatePublishingDestinationInput{
			DetectorId: aws.String(d.id), DestinationId: found.DestinationId, DestinationProperties: wanted})
	}
	if code(err) == guardDutyRefusal {
		return unable(err)
	}
	if err != nil {
		return err
	}
	if found, err = d.findDestination(ctx); err != nil {
		return err
	}
	switch {
	case found == nil:
		return &Pending{Reason: "the export of GuardDuty findings in " + d.region + " is not visible yet"}
	case found.Status == types.PublishingStatusPublishing && aws.ToString(found.DestinationProperties.DestinationArn) == d.wanted.DestinationBucketARN &&
		aws.ToString(found.DestinationProperties.KmsKeyArn) == d.wanted.DestinationKeyARN:
		return nil
	case failed, found.Status == types.PublishingStatusUnableToPublishFixDestinationProperty, found.Status == types.PublishingStatusStopped:
		return unable(fmt.Errorf("the publishing destination is %s", found.Status))
	}
	return &Pending{Reason: fmt.Sprintf("the export of GuardDuty findings in %s is %s", d.region, found.Status)}
}

// findDestination returns the export to S3, nil without one.
func (d *guardDutyDetector) findDestination(ctx context.Context) (*guardduty.DescribePublishingDestinationOutput, error) {
	pages := guardduty.NewListPublishingDestinationsPaginator(d.client, &guardduty.ListPublishingDestinationsInput{DetectorId: aws.String(d.id)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, destination := range page.Destinations {
			if destination.DestinationType != types.DestinationTypeS3 {
				continue
			}
			found, err := d.client.DescribePublishingDestination(ctx, &guardduty.DescribePublishingDestinationInput{
				DetectorId: aws.String(d.id), DestinationId: destination.DestinationId})
			if err != nil {
				return nil, err
			}
			if found.DestinationProperties == nil {
				found.DestinationProperties = &types.DestinationProperties{}
			}
			return found, nil
		}
	}
	return nil, nil
}
