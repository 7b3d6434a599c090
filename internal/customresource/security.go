package customresource

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/landfall-aws/landfall/internal/organization"
	"github.com/landfall-aws/landfall/internal/resourcetype"
	"github.com/landfall-aws/landfall/internal/security"
)

func securityKinds() map[string]kind {
	return map[string]kind{
		resourcetype.GuardDuty:      readGuardDuty,
		resourcetype.SecurityHub:    readSecurityHub,
		resourcetype.AccessAnalyzer: readAccessAnalyzer,
		resourcetype.RootAccess:     readRootAccess,
		resourcetype.Inspector:      readInspector,
		resourcetype.Macie:          readMacie,
		resourcetype.Detective:      readDetective,
	}
}

// readZone reads the properties that all services in Regions have.
func readZone(r *reader) security.Zone {
	return security.Zone{AuditAccountID: r.required("AuditAccountId"), RoleName: r.required("RoleName"),
		HomeRegion: r.required("HomeRegion"), Regions: r.requiredList("Regions")}
}

// serviceResource is a service of which a zone has one.
func serviceResource(id string, ensure func(ctx context.Context, client *security.Client) error) resource {
	return resource{id: id, step: func(ctx context.Context, _ *organization.Client, op operation) (map[string]string, error) {
		return nil, ensure(ctx, op.security)
	}}
}

// oneOf reads a property with a closed set of values.
func (r *reader) oneOf(name string, values ...string) string {
	value := r.required(name)
	if value != "" && !slices.Contains(values, value) {
		r.problem("%s must be one of %s, but is %q", name, strings.Join(values, ", "), value)
	}
	return value
}

// stringMap reads a property that is a map of strings.
func (r *reader) stringMap(name string) map[string]string {
	value, present := r.properties[name]
	if !present || value == nil {
		return nil
	}
	entries, ok := value.(map[string]any)
	if !ok {
		r.problem("%s must be a map of strings, but is %v", name, value)
		return nil
	}
	values := make(map[string]string, len(entries))
	for key, value := range entries {
		values[key] = fmt.Sprint(value)
	}
	return values
}

func readGuardDuty(r *reader) resource {
	wanted := security.GuardDuty{Zone: readZone(r), Features: r.stringMap("Features"),
		PublishingFrequency:  r.oneOf("PublishingFrequency", "FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"),
		DestinationBucketARN: r.optional("DestinationBucketArn"), DestinationKeyARN: r.optional("DestinationKeyArn")}
	known := security.GuardDutyFeatures()
	for name, value := range wanted.Features {
		if !slices.Contains(known, name) {
			r.problem("Features.%s is unknown; GuardDuty has %s", name, strings.Join(known, ", "))
		}
		if value != "ALL" && value != "NONE" {
			r.problem("Features.%s must be ALL or NONE, but is %q", name, value)
		}
	}
	if (wanted.DestinationBucketARN == "") != (wanted.DestinationKeyARN == "") {
		r.problem("DestinationBucketArn and DestinationKeyArn must be given together")
	}
	return serviceResource("guardduty", func(ctx context.Context, client *security.Client) error {
		return client.EnsureGuardDuty(ctx, wanted)
	})
}

func readSecurityHub(r *reader) resource {
	wanted := security.SecurityHub{Zone: readZone(r), RootID: r.required("RootId"), PolicyName: r.required("PolicyName"),
		Standards: r.list("Standards"), DisabledControls: r.list("DisabledControls"), Parameters: security.ControlParameters{}}
	for control, text := range r.stringMap("CustomParameters") {
		parameters, err := security.ParseParameters(text)
		if err != nil {
			r.problem("CustomParameters.%s: %v", control, err)
		}
		wanted.Parameters[control] = parameters
	}
	return serviceResource("securityhub", func(ctx context.Context, client *security.Client) error {
		return client.EnsureSecurityHub(ctx, wanted)
	})
}

func readAccessAnalyzer(r *reader) resource {
	wanted := security.AccessAnalyzer{Zone: readZone(r), NamePrefix: cmp.Or(r.optional("NamePrefix"), "landfall"),
		UnusedAccess: r.oneOf("UnusedAccess", "true", "false") == "true"}
	if wanted.UnusedAccess {
		days, err := strconv.Atoi(r.required("UnusedAccessDays"))
		if err != nil || days < 1 || days > 365 {
			r.problem("UnusedAccessDays must be a number from 1 to 365, but is %q", r.optional("UnusedAccessDays"))
		}
		wanted.UnusedAccessDays = days
	}
	return serviceResource("access-analyzer", func(ctx context.Context, client *security.Client) error {
		return client.EnsureAccessAnalyzer(ctx, wanted)
	})
}

func readInspector(r *reader) resource {
	wanted := security.Inspector{Zone: readZone(r), Types: r.requiredList("Types")}
	known := security.InspectorTypes()
	for _, name := range wanted.Types {
		if !slices.Contains(known, name) {
			r.problem("Types must hold only %s, but holds %q", strings.Join(known, ", "), name)
		}
	}
	if slices.Contains(wanted.Types, "lambdaCode") && !slices.Contains(wanted.Types, "lambda") {
		r.problem("Types must hold lambda when it holds lambdaCode")
	}
	return serviceResource("inspector", func(ctx context.Context, client *security.Client) error {
		return client.EnsureInspector(ctx, wanted)
	})
}

func readMacie(r *reader) resource {
	zone := readZone(r)
	return serviceResource("macie", func(ctx context.Context, client *security.Client) error {
		return client.EnsureMacie(ctx, security.Macie{Zone: zone})
	})
}

func readDetective(r *reader) resource {
	zone := readZone(r)
	return serviceResource("detective", func(ctx context.Context, client *security.Client) error {
		return client.EnsureDetective(ctx, security.Detective{Zone: zone})
	})
}

func readRootAccess(*reader) resource {
	return serviceResource("root-access", func(ctx context.Context, client *security.Client) error {
		return client.EnsureRootAccess(ctx)
	})
}
