package guardrail

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// settings are the values that declarative policies can set, by path below the content's root; nil takes any text.
// Source: Organizations user guide, "Declarative policy syntax and examples" and "Amazon S3 policy syntax", November 2026.
var settings = map[string]map[string][]string{
	TypeEC2: {
		"ec2_attributes.exception_message":                                                 nil,
		"ec2_attributes.serial_console_access.status":                                      {"enabled", "disabled"},
		"ec2_attributes.image_block_public_access.state":                                   {"unblocked", "block_new_sharing"},
		"ec2_attributes.snapshot_block_public_access.state":                                {"unblocked", "block_new_sharing", "block_all_sharing"},
		"ec2_attributes.vpc_block_public_access.internet_gateway_block.mode":               {"off", "block_ingress", "block_bidirectional"},
		"ec2_attributes.vpc_block_public_access.internet_gateway_block.exclusions_allowed": {"enabled", "disabled"},
		"ec2_attributes.instance_metadata_defaults.http_tokens":                            {"no_preference", "required", "optional"},
		"ec2_attributes.instance_metadata_defaults.http_tokens_enforced":                   {"no_preference", "enabled", "disabled"},
		"ec2_attributes.instance_metadata_defaults.http_put_response_hop_limit":            hopLimits(),
		"ec2_attributes.instance_metadata_defaults.http_endpoint":                          {"no_preference", "enabled", "disabled"},
		"ec2_attributes.instance_metadata_defaults.instance_metadata_tags":                 {"no_preference", "enabled", "disabled"},
		"ec2_attributes.allowed_images_settings.state":                                     {"enabled", "disabled", "audit_mode"},
		"ec2_attributes.allowed_images_settings.image_criteria":                            nil,
	},
	TypeS3: {"s3_attributes.public_access_block_configuration": {"all", "none"}},
}

// hopLimits are -1 (no preference) and 1 to 64.
func hopLimits() []string {
	out := []string{"-1"}
	for n := 1; n <= 64; n++ {
		out = append(out, strconv.Itoa(n))
	}
	return out
}

// checkSettings reports settings that the policy type does not have, and values that a setting does not take.
func checkSettings(policyType string, content map[string]any, report func(path, message string)) {
	known, ok := settings[policyType]
	if !ok {
		return
	}
	walkSettings(known, content, "", report)
}

func walkSettings(known map[string][]string, content map[string]any, at string, report func(path, message string)) {
	for _, key := range slices.Sorted(maps.Keys(content)) {
		if strings.HasPrefix(key, "@@") {
			continue
		}
		path := strings.TrimPrefix(at+"."+key, ".")
		allowed, isSetting := known[path]
		inner, isMap := content[key].(map[string]any)
		switch {
		case !isMap:
			report(path, "must be a mapping with an inheritance operator such as \"@@assign\" in it")
		case isSetting && allowed == nil:
		case isSetting:
			value, ok := inner["@@assign"]
			if !ok {
				report(path, "must have \"@@assign\"")
			} else if text, isText := value.(string); !isText || !slices.Contains(allowed, text) {
				report(path, fmt.Sprintf("got %v; allowed are %s, as text", value, summary(allowed)))
			}
		case slices.ContainsFunc(slices.Collect(maps.Keys(known)), func(k string) bool { return strings.HasPrefix(k, path+".") }):
			walkSettings(known, inner, path, report)
		default:
			report(path, "is no setting of this policy type; it has "+strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
}

func summary(allowed []string) string {
	if len(allowed) > 10 {
		return fmt.Sprintf("%s, and %s to %s", allowed[0], allowed[1], allowed[len(allowed)-1])
	}
	return strings.Join(allowed, ", ")
}
