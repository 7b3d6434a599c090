package security

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/landfall-aws/landfall/internal/resourcetype"
)

// accessAnalyzerRole is the service-linked role of IAM Access Analyzer (IAM User Guide, "Using service-linked
// roles for AWS IAM Access Analyzer").
const accessAnalyzerRole = "AWSServiceRoleForAccessAnalyzer"

// AccessAnalyzer is the wished state of IAM Access Analyzer in a zone.
type AccessAnalyzer struct {
	Zone
	// NamePrefix begins the names of new analyzers.
	NamePrefix string
	// UnusedAccess adds an analyzer of unused roles, users and permissions in the home
	// Region; IAM is global, so one is enough.
	UnusedAccess bool
	// UnusedAccessDays after which access counts as unused, 1 to 365 (API Reference,
	// UnusedAccessConfiguration).
	UnusedAccessDays int
}

// EnsureAccessAnalyzer makes the audit account analyze in each Region which resources of the
// organization others can reach. An analyzer of the same type is adopted whatever its name.
func (c *Client) EnsureAccessAnalyzer(ctx context.Context, wanted AccessAnalyzer) error {
	s := c.session(wanted.Zone)
	// An organization's analyzer needs the role in the management account.
	if err := outcome(s.ensureAnalyzerRole(ctx), "making the service-linked role of IAM Access Analyzer"); err != nil {
		return err
	}
	return s.everywhere(func(region string) error {
		what := "setting up IAM Access Analyzer in " + region
		config, err := s.auditIn(ctx, region)
		if err != nil {
			return err
		}
		a := analyzers{session: s, client: accessanalyzer.NewFromConfig(config), wanted: wanted, region: region}
		if err := outcome(a.ensure(ctx, types.TypeOrganization, wanted.NamePrefix+"-external-access", nil), what); err != nil {
			return err
		}
		if !wanted.UnusedAccess || region != wanted.HomeRegion {
			return nil
		}
		return outcome(a.ensure(ctx, types.TypeOrganizationUnusedAccess, wanted.NamePrefix+"-unused-access",
			&types.AnalyzerConfigurationMemberUnusedAccess{Value: types.UnusedAccessConfiguration{UnusedAccessAge: aws.Int32(int32(wanted.UnusedAccessDays))}}), what) //nolint:gosec // 1 to 365
	})
}

// ensureAnalyzerRole makes the service-linked role in the management account.
func (s *session) ensureAnalyzerRole(ctx context.Context) error {
	client := iam.NewFromConfig(s.management(s.zone.HomeRegion))
	exists := func() (bool, error) {
		_, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: aws.String(accessAnalyzerRole)})
		if code(err) == "NoSuchEntity" {
			return false, nil
		}
		return err == nil, err
	}
	found, err := exists()
	if err != nil || found {
		return err
	}
	_, err = client.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String(resourcetype.AccessAnalyzerPrincipal)})
	// InvalidInput says that the name is taken: an earlier request made the role.
	if err != nil && code(err) != "InvalidInput" {
		return err
	}
	refused := err
	if found, err = exists(); err != nil || found {
		return err
	}
	if refused != nil {
		return &Failure{What: "the service-linked role of IAM Access Analyzer cannot be made", Do: "Look at the answer of AWS", Cause: refused}
	}
	return &Pending{Reason: "the service-linked role of IAM Access Analyzer is not visible yet"}
}

type analyzers struct {
	session *session
	client  *accessanalyzer.Client
	wanted  AccessAnalyzer
	region  string
}

// ensure finds or makes an analyzer of a type and looks at its status.
func (a analyzers) ensure(ctx context.Context, kind types.Type, name string, configuration types.AnalyzerConfiguration) error {
	found, err := a.find(ctx, kind)
	if err != nil {
		return err
	}
	if found == nil {
		_, err := a.client.CreateAnalyzer(ctx, &accessanalyzer.CreateAnalyzerInput{AnalyzerName: aws.String(name), Type: kind, Configuration: configuration})
		switch code(err) {
		case "ValidationException", "AccessDeniedException":
			// Both are the answers before the account is the delegated administrator.
			return settling(fmt.Sprintf("making the analyzer %s in %s", name, a.region),
				"the audit account is not the delegated administrator of IAM Access Analyzer",
				"Register it for "+resourcetype.AccessAnalyzerPrincipal+" first, then run the same command again", err)
		case "ConflictException":
			// An earlier request made it, or an analyzer of another type has the name.
		case "ServiceQuotaExceededException":
			return &Failure{What: fmt.Sprintf("the analyzer %s cannot be made in %s", name, a.region),
				Why: "the audit account has as many analyzers as its quota allows",
				Do:  "Delete an analyzer that is not needed, or ask for a higher quota, then run the same command again", Cause: err}
		default:
			if err != nil {
				return err
			}
		}
		refused := err
		if found, err = a.find(ctx, kind); err != nil {
			return err
		}
		if found == nil && refused != nil {
			return settling(fmt.Sprintf("making the analyzer %s in %s", name, a.region), "an analyzer of another type has this name",
				"Delete that analyzer, then run the same command again", refused)
		}
	}
	if found == nil {
		return &Pending{Reason: "the analyzer " + name + " in " + a.region + " is not visible yet"}
	}
	a.compare(found)
	return a.judge(found)
}

// compare logs an adopted analyzer that counts other days: they cannot be changed (API
// Reference, UpdateAnalyzer).
func (a analyzers) compare(found *types.AnalyzerSummary) {
	if unused, ok := found.Configuration.(*types.AnalyzerConfigurationMemberUnusedAccess); ok {
		if days := int(aws.ToInt32(unused.Value.UnusedAccessAge)); days != a.wanted.UnusedAccessDays {
			a.session.client.log.Warn("the adopted analyzer keeps its tracking period; delete it to have it made anew",
				"region", a.region, "analyzer", aws.ToString(found.Name), "days", days, "wished", a.wanted.UnusedAccessDays)
		}
	}
}

func (a analyzers) judge(found *types.AnalyzerSummary) error {
	name := aws.ToString(found.Name)
	switch found.Status {
	case types.AnalyzerStatusActive:
		return nil
	case types.AnalyzerStatusCreating:
		return &Pending{Reason: fmt.Sprintf("the analyzer %s in %s is being made", name, a.region)}
	}
	reason := ""
	if found.StatusReason != nil {
		reason = string(found.StatusReason.Code)
	}
	return settling(fmt.Sprintf("analyzing access in %s", a.region),
		fmt.Sprintf("the analyzer %s is %s (%s)", name, found.Status, reason),
		"Resolve the reason; when the analyzer stays as it is, delete it. Then run the same command again", nil)
}

// find returns an analyzer of the type, an active one before others, nil without one.
func (a analyzers) find(ctx context.Context, kind types.Type) (*types.AnalyzerSummary, error) {
	var found *types.AnalyzerSummary
	pages := accessanalyzer.NewListAnalyzersPaginator(a.client, &accessanalyzer.ListAnalyzersInput{Type: kind})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, summary := range page.Analyzers {
			if found == nil || summary.Status == types.AnalyzerStatusActive && found.Status != types.AnalyzerStatusActive {
				found = &summary
			}
		}
	}
	return found, nil
}
