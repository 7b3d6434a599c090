package security

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// SecurityHub is the wished state of Security Hub CSPM in a zone, in central configuration.
type SecurityHub struct {
	Zone
	// RootID is the root of the organization, which the policy is associated with.
	RootID string
	// PolicyName names the configuration policy, by which it is found again.
	PolicyName string
	// Standards are ARNs, or what follows "standards/" in one, such as
	// "aws-foundational-security-best-practices/v/1.0.0".
	Standards []string
	// DisabledControls are control ids such as "IAM.6". All others, future ones too, are on.
	DisabledControls []string
	// Parameters by control id and parameter name.
	Parameters ControlParameters
}

// ControlParameters are custom parameters of controls, by control id and parameter name.
type ControlParameters map[string]map[string]types.ParameterConfiguration

// SecurityHub answers these codes while a delegation or a configuration has not taken
// effect, and also when something is wrong (API Reference, errors of its operations).
func hubRefused(err error) bool {
	switch code(err) {
	case "InvalidInputException", "InvalidAccessException", "ResourceConflictException":
		return true
	}
	return false
}

// hubDisabled: the account has not enabled Security Hub in the Region.
func hubDisabled(err error) bool {
	return code(err) == "InvalidAccessException" || code(err) == "ResourceNotFoundException"
}

// ParseParameters reads the custom parameters of one control in the form of the API:
// {"name": {"ValueType": "CUSTOM", "Value": {"Integer": 90}}}.
func ParseParameters(text string) (map[string]types.ParameterConfiguration, error) {
	var raw map[string]struct {
		ValueType types.ParameterValueType
		Value     map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("reading parameters: %w", err)
	}
	parameters := make(map[string]types.ParameterConfiguration, len(raw))
	for name, parameter := range raw {
		configuration := types.ParameterConfiguration{ValueType: parameter.ValueType}
		switch {
		case parameter.ValueType == types.ParameterValueTypeDefault && len(parameter.Value) == 0:
		case parameter.ValueType == types.ParameterValueTypeCustom && len(parameter.Value) == 1:
			for kind, value := range parameter.Value {
				parsed, err := parameterValue(kind, value)
				if err != nil {
					return nil, fmt.Errorf("reading the value of %s: %w", name, err)
				}
				configuration.Value = parsed
			}
		default:
			return nil, fmt.Errorf("%s must have ValueType CUSTOM with one Value, or ValueType DEFAULT", name)
		}
		parameters[name] = configuration
	}
	return parameters, nil
}

func parameterValue(kind string, raw json.RawMessage) (types.ParameterValue, error) {
	read := func(target any) error { return json.Unmarshal(raw, target) }
	switch kind {
	case "Boolean":
		v := &types.ParameterValueMemberBoolean{}
		return v, read(&v.Value)
	case "Double":
		v := &types.ParameterValueMemberDouble{}
		return v, read(&v.Value)
	case "Enum":
		v := &types.ParameterValueMemberEnum{}
		return v, read(&v.Value)
	case "EnumList":
		v := &types.ParameterValueMemberEnumList{}
		return v, read(&v.Value)
	case "Integer":
		v := &types.ParameterValueMemberInteger{}
		return v, read(&v.Value)
	case "IntegerList":
		v := &types.ParameterValueMemberIntegerList{}
		return v, read(&v.Value)
	case "String":
		v := &types.ParameterValueMemberString{}
		return v, read(&v.Value)
	case "StringList":
		v := &types.ParameterValueMemberStringList{}
		return v, read(&v.Value)
	}
	return nil, fmt.Errorf("a value has no type %q", kind)
}

// EnsureSecurityHub makes the audit account the administrator of Security Hub CSPM in each
// Region, collects the findings in the home Region, and configures all accounts by one
// policy (Security Hub User Guide, "Central configuration"). The home Region cannot be an
// opt-in Region.
func (c *Client) EnsureSecurityHub(ctx context.Context, wanted SecurityHub) error {
	s := c.session(wanted.Zone)
	closed := func(err error) bool { return code(err) == "InvalidAccessException" }
	service := service{name: "Security Hub", closed: closed, command: "securityhub disable-organization-admin-account", flag: "--admin-account-id",
		list: func(ctx context.Context, region string) ([]administrator, error) {
			return hubAdministrators(ctx, securityhub.NewFromConfig(s.management(region)))
		}}
	ours, err := s.claimed(ctx, service)
	if err != nil {
		return err
	}
	err = s.everywhere(func(region string) error {
		return outcome(s.ensureHub(ctx, service, wanted, region, ours[region]), "setting up Security Hub in "+region)
	})
	if err != nil {
		return err
	}
	config, err := s.auditIn(ctx, wanted.HomeRegion)
	if err != nil {
		return err
	}
	central := centralHub{session: s, client: securityhub.NewFromConfig(config), wanted: wanted}
	for _, step := range []struct {
		what string
		run  func(context.Context) error
	}{
		{"collecting the findings of Security Hub in " + wanted.HomeRegion, central.ensureAggregator},
		{"switching Security Hub to central configuration", central.ensureCentral},
		{"setting up the configuration policy of Security Hub", central.ensurePolicy},
	} {
		if err := outcome(step.run(ctx), step.what); err != nil {
			return err
		}
	}
	return nil
}

func hubAdministrators(ctx context.Context, client *securityhub.Client) ([]administrator, error) {
	var list []administrator
	pages := securityhub.NewListOrganizationAdminAccountsPaginator(client, &securityhub.ListOrganizationAdminAccountsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hubRefused(err) {
			return nil, settling("reading who administers Security Hub", "trusted access of the service is not enabled",
				"Enable trusted access of "+resourcetype.SecurityHubPrincipal+" first, then run the same command again", err)
		}
		if err != nil {
			return nil, err
		}
		for _, a := range page.AdminAccounts {
			list = append(list, administrator{accountID: aws.ToString(a.AccountId), leaving: a.Status == types.AdminStatusDisableInProgress})
		}
	}
	return list, nil
}

// ensureHub delegates Security Hub in one Region and enables it where that does not happen
// by itself.
func (s *session) ensureHub(ctx context.Context, service service, wanted SecurityHub, region string, ours bool) error {
	management := securityhub.NewFromConfig(s.management(region))
	// The management account is the only one that is not enabled by the administrator
	// (Security Hub User Guide, "Setting up Security Hub").
	if err := s.enableHub(ctx, management, "the management account", region); err != nil {
		return err
	}
	if !ours {
		err := s.delegate(ctx, service, region, func() error {
			_, err := management.EnableOrganizationAdminAccount(ctx,
				&securityhub.EnableOrganizationAdminAccountInput{AdminAccountId: aws.String(wanted.AuditAccountID)})
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
	audit := securityhub.NewFromConfig(config)
	if ours {
		return s.enableHub(ctx, audit, "the audit account", region)
	}
	// The delegation enables it.
	enabled, err := hubEnabled(ctx, audit)
	if err == nil && !enabled {
		return &Pending{Reason: "Security Hub is being enabled in the audit account in " + region}
	}
	return err
}

func hubEnabled(ctx context.Context, client *securityhub.Client) (bool, error) {
	_, err := client.DescribeHub(ctx, &securityhub.DescribeHubInput{})
	if hubDisabled(err) {
		return false, nil
	}
	return err == nil, err
}

// enableHub enables Security Hub in an account, without standards: the policy brings them.
func (s *session) enableHub(ctx context.Context, client *securityhub.Client, where, region string) error {
	enabled, err := hubEnabled(ctx, client)
	if err != nil || enabled {
		return err
	}
	_, refused := client.EnableSecurityHub(ctx, &securityhub.EnableSecurityHubInput{EnableDefaultStandards: aws.Bool(false)})
	if refused != nil && !hubRefused(refused) && !deniedCodes[code(refused)] {
		return refused
	}
	// A refusal can mean that it was enabled meanwhile, by central configuration for example.
	if enabled, err = hubEnabled(ctx, client); err != nil || enabled {
		return err
	}
	if refused != nil {
		return settling("enabling Security Hub in "+where+" in "+region, "Security Hub does not accept it", "Look at the answer of AWS", refused)
	}
	return &Pending{Reason: "Security Hub is being enabled in " + where + " in " + region}
}

// centralHub is Security Hub in the audit account in the home Region.
type centralHub struct {
	session *session
	client  *securityhub.Client
	wanted  SecurityHub
}

// Linking modes of a finding aggregator (API Reference, CreateFindingAggregator).
const (
	allRegions       = "ALL_REGIONS"
	allRegionsExcept = "ALL_REGIONS_EXCEPT_SPECIFIED"
	specifiedRegions = "SPECIFIED_REGIONS"
	noRegions        = "NO_REGIONS"
)

// linking is which Regions an aggregator collects from.
type linking struct {
	mode    string
	regions []string // sorted
}

// including adds Regions to a linking and takes none away.
func (l linking) including(regions []string) linking {
	switch l.mode {
	case allRegions:
		return l
	case allRegionsExcept:
		rest := slices.DeleteFunc(slices.Clone(l.regions), func(region string) bool { return slices.Contains(regions, region) })
		if len(rest) == 0 {
			return linking{mode: allRegions}
		}
		return linking{allRegionsExcept, rest}
	}
	merged := slices.Concat(l.regions, regions)
	slices.Sort(merged)
	if merged = slices.Compact(merged); len(merged) == 0 {
		return linking{mode: noRegions}
	}
	return linking{specifiedRegions, merged}
}

func (l linking) equal(other linking) bool {
	return l.mode == other.mode && slices.Equal(l.regions, other.regions)
}

// ensureAggregator makes the home Region collect the findings of all others. An account has
// one aggregator, so one in another Region cannot be adopted.
func (h centralHub) ensureAggregator(ctx context.Context) error {
	arn, found, err := h.findAggregator(ctx)
	if err != nil {
		return err
	}
	wanted := found.including(h.wanted.others())
	if arn != "" && found.equal(wanted) {
		return nil
	}
	if arn == "" {
		_, err = h.client.CreateFindingAggregator(ctx, &securityhub.CreateFindingAggregatorInput{
			RegionLinkingMode: aws.String(wanted.mode), Regions: wanted.regions})
	} else {
		_, err = h.client.UpdateFindingAggregator(ctx, &securityhub.UpdateFindingAggregatorInput{FindingAggregatorArn: aws.String(arn),
			RegionLinkingMode: aws.String(wanted.mode), Regions: wanted.regions})
	}
	switch {
	case code(err) == "LimitExceededException":
		return settling("collecting the findings in "+h.wanted.HomeRegion, "the audit account has a finding aggregator already, perhaps in another Region",
			"Look in the other Regions of the audit account, delete the aggregator there, and run the same command again", err)
	case hubRefused(err):
		return settling("collecting the findings in "+h.wanted.HomeRegion, "Security Hub does not accept it; an opt-in Region cannot be the home Region",
			"Look at the answer of AWS", err)
	case err != nil:
		return err
	}
	if _, found, err = h.findAggregator(ctx); err != nil || found.equal(wanted) {
		return err
	}
	return &Pending{Reason: "the finding aggregator of Security Hub is not visible yet"}
}

func (h centralHub) findAggregator(ctx context.Context) (arn string, found linking, err error) {
	pages := securityhub.NewListFindingAggregatorsPaginator(h.client, &securityhub.ListFindingAggregatorsInput{})
	for pages.HasMorePages() && arn == "" {
		page, err := pages.NextPage(ctx)
		if hubRefused(err) {
			return "", linking{}, settling("reading the finding aggregator", "Security Hub does not accept it", "Look at the answer of AWS", err)
		}
		if err != nil {
			return "", linking{}, err
		}
		if len(page.FindingAggregators) > 0 {
			arn = aws.ToString(page.FindingAggregators[0].FindingAggregatorArn)
		}
	}
	if arn == "" {
		return "", linking{}, nil
	}
	if parts := strings.Split(arn, ":"); len(parts) > 3 && parts[3] != h.wanted.HomeRegion {
		return "", linking{}, &Failure{
			What: fmt.Sprintf("Security Hub collects its findings in %s, not in the home Region %s", parts[3], h.wanted.HomeRegion),
			Why:  "an earlier set-up made the aggregator " + arn + ", and an account has one only",
			Do: fmt.Sprintf("Either make %s the home Region, or delete it with \"aws securityhub delete-finding-aggregator --finding-aggregator-arn %s --region %s\" in the audit account, and run the same command again",
				parts[3], arn, parts[3]),
		}
	}
	got, err := h.client.GetFindingAggregator(ctx, &securityhub.GetFindingAggregatorInput{FindingAggregatorArn: aws.String(arn)})
	if code(err) == "ResourceNotFoundException" {
		return "", linking{}, &Pending{Reason: "the finding aggregator is not readable yet", Cause: err}
	}
	if err != nil {
		return "", linking{}, err
	}
	regions := slices.Clone(got.Regions)
	slices.Sort(regions)
	return arn, linking{aws.ToString(got.RegionLinkingMode), regions}, nil
}

// ensureCentral switches the organization to central configuration.
func (h centralHub) ensureCentral(ctx context.Context) error {
	done, failed, err := h.readCentral(ctx)
	if err != nil || done {
		return err
	}
	_, err = h.client.UpdateOrganizationConfiguration(ctx, &securityhub.UpdateOrganizationConfigurationInput{
		AutoEnable: aws.Bool(false), AutoEnableStandards: types.AutoEnableStandardsNone,
		OrganizationConfiguration: &types.OrganizationConfiguration{ConfigurationType: types.OrganizationConfigurationConfigurationTypeCentral}})
	if hubRefused(err) {
		return settling("switching Security Hub to central configuration", "Security Hub does not accept it", "Look at the answer of AWS", err)
	}
	if err != nil {
		return err
	}
	if failed != nil {
		// It was started again; the next step sees what became of it.
		return failed
	}
	if done, failed, err = h.readCentral(ctx); err != nil || done {
		return err
	}
	if failed != nil {
		return failed
	}
	return &Pending{Reason: "the central configuration of Security Hub is not visible yet"}
}

// readCentral tells whether central configuration is in effect, and how it failed. While it
// is being enabled, the error is a *Pending.
func (h centralHub) readCentral(ctx context.Context) (done bool, failed *Pending, err error) {
	got, err := h.client.DescribeOrganizationConfiguration(ctx, &securityhub.DescribeOrganizationConfigurationInput{})
	if hubRefused(err) {
		return false, nil, settling("reading the organization's configuration of Security Hub",
			"the audit account is not its administrator", "Look at the answer of AWS", err)
	}
	if err != nil {
		return false, nil, err
	}
	current := got.OrganizationConfiguration
	if current == nil || current.ConfigurationType != types.OrganizationConfigurationConfigurationTypeCentral {
		return false, nil, nil
	}
	switch current.Status {
	case types.OrganizationConfigurationStatusPending:
		return false, nil, &Pending{Reason: "the central configuration of Security Hub is being enabled"}
	case types.OrganizationConfigurationStatusFailed:
		return false, &Pending{Reason: "the central configuration of Security Hub failed and is started again", Grace: repairGrace, Otherwise: &Failure{
			What: "Security Hub cannot be switched to central configuration", Why: aws.ToString(current.StatusMessage),
			Do: "Resolve what Security Hub says, then run the same command again"}}, nil
	}
	return true, nil, nil
}

// content is what a configuration policy says, in a form that can be compared.
type content struct {
	Enabled    bool
	Standards  []string
	Disabled   []string
	Selected   []string // controls that alone are enabled
	Parameters map[string]map[string]any
}

func contentOf(policy types.Policy) string {
	member, ok := policy.(*types.PolicyMemberSecurityHub)
	if !ok {
		return ""
	}
	c := content{Enabled: aws.ToBool(member.Value.ServiceEnabled), Standards: slices.Clone(member.Value.EnabledStandardIdentifiers),
		Parameters: map[string]map[string]any{}}
	if controls := member.Value.SecurityControlsConfiguration; controls != nil {
		c.Disabled = slices.Clone(controls.DisabledSecurityControlIdentifiers)
		c.Selected = slices.Clone(controls.EnabledSecurityControlIdentifiers)
		for _, custom := range controls.SecurityControlCustomParameters {
			values := map[string]any{}
			for name, parameter := range custom.Parameters {
				values[name] = []any{parameter.ValueType, fmt.Sprintf("%T", parameter.Value), parameter.Value}
			}
			c.Parameters[aws.ToString(custom.SecurityControlId)] = values
		}
	}
	for _, list := range []*[]string{&c.Standards, &c.Disabled, &c.Selected} {
		slices.Sort(*list)
		*list = append([]string{}, slices.Compact(*list)...)
	}
	text, err := json.Marshal(c)
	if err != nil {
		// Values of the API are plain data, so this cannot happen; an empty text differs from all.
		return ""
	}
	return string(text)
}

// standardARN completes the identifier of a standard (Security Hub User Guide, "Standards
// reference": all standards are regional but CIS 1.2.0, which is a rule set).
func (w SecurityHub) standardARN(id string) string {
	switch {
	case strings.HasPrefix(id, "arn:"):
		return id
	case strings.HasPrefix(id, "ruleset/"):
		return fmt.Sprintf("arn:%s:securityhub:::%s", w.partition(), id)
	}
	return fmt.Sprintf("arn:%s:securityhub:%s::standards/%s", w.partition(), w.HomeRegion, strings.TrimPrefix(id, "standards/"))
}

// policy is the wished configuration policy.
func (w SecurityHub) policy() types.Policy {
	controls := &types.SecurityControlsConfiguration{DisabledSecurityControlIdentifiers: append([]string{}, w.DisabledControls...)}
	for _, id := range slices.Sorted(maps.Keys(w.Parameters)) {
		controls.SecurityControlCustomParameters = append(controls.SecurityControlCustomParameters,
			types.SecurityControlCustomParameter{SecurityControlId: aws.String(id), Parameters: w.Parameters[id]})
	}
	standards := make([]string, len(w.Standards))
	for i, id := range w.Standards {
		standards[i] = w.standardARN(id)
	}
	return &types.PolicyMemberSecurityHub{Value: types.SecurityHubPolicy{ServiceEnabled: aws.Bool(true),
		EnabledStandardIdentifiers: standards, SecurityControlsConfiguration: controls}}
}

// ensurePolicy finds or makes the policy by its name, and associates it with the root.
func (h centralHub) ensurePolicy(ctx context.Context) error {
	wanted := h.wanted.policy()
	id, err := h.findPolicy(ctx)
	if err != nil {
		return err
	}
	if id == "" {
		created, err := h.client.CreateConfigurationPolicy(ctx, &securityhub.CreateConfigurationPolicyInput{
			Name: aws.String(h.wanted.PolicyName), ConfigurationPolicy: wanted,
			Description: aws.String("Standards and controls of all accounts")})
		if err != nil {
			return h.policyRefused(err)
		}
		id = aws.ToString(created.Id)
	}
	got, err := h.readPolicy(ctx, id)
	if err != nil {
		return err
	}
	if got != contentOf(wanted) {
		_, err := h.client.UpdateConfigurationPolicy(ctx, &securityhub.UpdateConfigurationPolicyInput{Identifier: aws.String(id),
			ConfigurationPolicy: wanted})
		if err != nil {
			return h.policyRefused(err)
		}
		if got, err = h.readPolicy(ctx, id); err != nil {
			return err
		}
		if got != contentOf(wanted) {
			return &Pending{Reason: "the changed configuration policy of Security Hub is not visible yet"}
		}
	}
	return h.ensureAssociation(ctx, id)
}

// policyRefused explains why a policy is not accepted. The service is in effect when a
// policy is written, so what it calls invalid is invalid.
func (h centralHub) policyRefused(err error) error {
	switch code(err) {
	case "InvalidInputException":
		return &Failure{What: fmt.Sprintf("Security Hub does not accept the configuration policy %q", h.wanted.PolicyName),
			Why: "a standard, a control or a parameter is unknown",
			Do:  "Correct the standards, disabled controls and parameters in the configuration", Cause: err}
	case "ResourceConflictException":
		return &Pending{Reason: "the configuration policy of Security Hub is being changed", Cause: err}
	case "InvalidAccessException":
		return settling("writing the configuration policy of Security Hub", "central configuration is not in effect", "Look at the answer of AWS", err)
	}
	return err
}

func (h centralHub) findPolicy(ctx context.Context) (string, error) {
	pages := securityhub.NewListConfigurationPoliciesPaginator(h.client, &securityhub.ListConfigurationPoliciesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if hubRefused(err) {
			return "", settling("reading the configuration policies of Security Hub", "central configuration is not in effect", "Look at the answer of AWS", err)
		}
		if err != nil {
			return "", err
		}
		for _, summary := range page.ConfigurationPolicySummaries {
			if aws.ToString(summary.Name) == h.wanted.PolicyName {
				return aws.ToString(summary.Id), nil
			}
		}
	}
	return "", nil
}

func (h centralHub) readPolicy(ctx context.Context, id string) (string, error) {
	got, err := h.client.GetConfigurationPolicy(ctx, &securityhub.GetConfigurationPolicyInput{Identifier: aws.String(id)})
	if code(err) == "ResourceNotFoundException" {
		return "", &Pending{Reason: "the configuration policy of Security Hub is not visible yet", Cause: err}
	}
	if err != nil {
		return "", err
	}
	return contentOf(got.ConfigurationPolicy), nil
}

// ensureAssociation puts the policy on the root of the organization, in place of another one.
func (h centralHub) ensureAssociation(ctx context.Context, policyID string) error {
	current, failed, err := h.readAssociation(ctx)
	if err != nil || current == policyID && failed == nil {
		return err
	}
	if current != "" && current != policyID {
		h.session.client.log.Warn("the configuration policy of the root is replaced", "root", h.wanted.RootID, "former", current, "policy", policyID)
	}
	_, err = h.client.StartConfigurationPolicyAssociation(ctx, &securityhub.StartConfigurationPolicyAssociationInput{
		ConfigurationPolicyIdentifier: aws.String(policyID), Target: &types.TargetMemberRootId{Value: h.wanted.RootID}})
	if hubRefused(err) || code(err) == "ResourceNotFoundException" {
		return settling("associating the configuration policy of Security Hub with the root", "Security Hub does not accept it", "Look at the answer of AWS", err)
	}
	if err != nil {
		return err
	}
	if current == policyID {
		return failed
	}
	if current, failed, err = h.readAssociation(ctx); err != nil || current == policyID && failed == nil {
		return err
	}
	if current == policyID {
		return failed
	}
	return &Pending{Reason: "the association of the configuration policy with the root is not visible yet"}
}

// readAssociation returns the policy of the root, "" without one, and how its association
// failed. While it is being made, the error is a *Pending.
func (h centralHub) readAssociation(ctx context.Context) (policyID string, failed *Pending, err error) {
	got, err := h.client.GetConfigurationPolicyAssociation(ctx, &securityhub.GetConfigurationPolicyAssociationInput{
		Target: &types.TargetMemberRootId{Value: h.wanted.RootID}})
	if code(err) == "ResourceNotFoundException" {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	policyID = aws.ToString(got.ConfigurationPolicyId)
	switch got.AssociationStatus {
	case types.ConfigurationPolicyAssociationStatusPending:
		return "", nil, &Pending{Reason: "the configuration policy of Security Hub is being associated with the root"}
	case types.ConfigurationPolicyAssociationStatusFailed:
		return policyID, &Pending{Reason: "the association of the configuration policy with the root failed and is started again",
			Grace: repairGrace, Otherwise: &Failure{
				What: "the configuration policy of Security Hub cannot be associated with the root", Why: aws.ToString(got.AssociationStatusMessage),
				Do: "Resolve what Security Hub says, then run the same command again"}}, nil
	}
	return policyID, nil, nil
}
