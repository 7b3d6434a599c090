package config

import "strings"

// Region is one commercial Region of AWS (partition aws).
type Region struct {
	Code string
	Name string
	// OptIn says that new accounts do not have the Region before somebody enables it.
	OptIn bool
}

// RegionsAsOf is the date of the table that KnownRegions returns.
const RegionsAsOf = "2026-11-23"

// KnownRegions are the commercial Regions, sorted by code. Codes and names: the partition table of
// aws-sdk-go-v2 v1.48.0. Opt-in: every Region that opened after 2019-03-20 (AWS Account Management
// reference guide, "Enable or disable AWS Regions in your account"), except ap-northeast-3, which is
// enabled by default since it became a full Region.
func KnownRegions() []Region {
	return []Region{
		{"af-south-1", "Africa (Cape Town)", true},
		{"ap-east-1", "Asia Pacific (Hong Kong)", true},
		{"ap-east-2", "Asia Pacific (Taipei)", true},
		{"ap-northeast-1", "Asia Pacific (Tokyo)", false},
		{"ap-northeast-2", "Asia Pacific (Seoul)", false},
		{"ap-northeast-3", "Asia Pacific (Osaka)", false},
		{"ap-south-1", "Asia Pacific (Mumbai)", false},
		{"ap-south-2", "Asia Pacific (Hyderabad)", true},
		{"ap-southeast-1", "Asia Pacific (Singapore)", false},
		{"ap-southeast-2", "Asia Pacific (Sydney)", false},
		{"ap-southeast-3", "Asia Pacific (Jakarta)", true},
		{"ap-southeast-4", "Asia Pacific (Melbourne)", true},
		{"ap-southeast-5", "Asia Pacific (Malaysia)", true},
		{"ap-southeast-6", "Asia Pacific (New Zealand)", true},
		{"ap-southeast-7", "Asia Pacific (Thailand)", true},
		{"ca-central-1", "Canada (Central)", false},
		{"ca-west-1", "Canada West (Calgary)", true},
		{"eu-central-1", "Europe (Frankfurt)", false},
		{"eu-central-2", "Europe (Zurich)", true},
		{"eu-north-1", "Europe (Stockholm)", false},
		{"eu-south-1", "Europe (Milan)", true},
		{"eu-south-2", "Europe (Spain)", true},
		{"eu-west-1", "Europe (Ireland)", false},
		{"eu-west-2", "Europe (London)", false},
		{"eu-west-3", "Europe (Paris)", false},
		{"il-central-1", "Israel (Tel Aviv)", true},
		{"me-central-1", "Middle East (UAE)", true},
		{"me-south-1", "Middle East (Bahrain)", true},
		{"me-west-1", "Middle East (Saudi Arabia)", true},
		{"mx-central-1", "Mexico (Central)", true},
		{"sa-east-1", "South America (Sao Paulo)", false},
		{"sa-west-1", "South America (Chile)", true},
		{"us-east-1", "US East (N. Virginia)", false},
		{"us-east-2", "US East (Ohio)", false},
		{"us-west-1", "US West (N. California)", false},
		{"us-west-2", "US West (Oregon)", false},
	}
}

func regionCodes(keep func(Region) bool) []string {
	var codes []string
	for _, r := range KnownRegions() {
		if keep(r) {
			codes = append(codes, r.Code)
		}
	}
	return codes
}

func allRegions() []string     { return regionCodes(func(Region) bool { return true }) }
func defaultRegions() []string { return regionCodes(func(r Region) bool { return !r.OptIn }) }

// regionAdvice guesses what somebody meant by a word that is no commercial Region, or returns "".
func regionAdvice(word string) string {
	switch {
	case strings.HasPrefix(word, "us-gov-"):
		return "AWS GovCloud is another partition, which Landfall does not support"
	case strings.HasPrefix(word, "cn-"):
		return "the China Regions are another partition, which Landfall does not support"
	case strings.HasPrefix(word, "us-iso"), strings.HasPrefix(word, "eusc-"), strings.HasPrefix(word, "eu-iso"):
		return "this Region is in another partition, which Landfall does not support"
	}
	return ""
}

// zoneRegion returns the Region of an Availability Zone's name such as eu-west-1a, or "".
func zoneRegion(word string) string {
	if n := len(word) - 1; n > 0 && word[n] >= 'a' && word[n] <= 'z' {
		for _, r := range KnownRegions() {
			if r.Code == word[:n] {
				return r.Code
			}
		}
	}
	return ""
}
