package fakeaws

import (
	"maps"
	"slices"
	"strings"
)

// trail is a multi-Region trail of the management account.
type trail struct {
	arn, name, homeRegion string
	organization          bool
	tags                  map[string]string
}

func trailOperations() map[string]operation {
	return map[string]operation{
		"cloudtrail:DescribeTrails": {false, true, (*Server).describeTrails},
		"cloudtrail:ListTags":       {false, true, (*Server).listTrailTags},
	}
}

// describeTrails follows the CloudTrail API Reference, DescribeTrails: without names, the
// answer has the trails of all Regions unless shadow trails are left out; a name finds a
// trail of the current Region only, an ARN one of any Region.
func (s *Server) describeTrails(_ string, in input) (output, *apiError) {
	shadows, set := in["includeShadowTrails"].(bool)
	names := in.strings("trailNameList")
	found := []output{}
	for _, t := range s.state.trails {
		here := t.homeRegion == in.str(regionMember)
		switch {
		case len(names) > 0 && !slices.Contains(names, t.arn) && !(here && slices.Contains(names, t.name)):
			continue
		case len(names) == 0 && !here && set && !shadows:
			continue
		}
		found = append(found, output{"Name": t.name, "TrailARN": t.arn, "HomeRegion": t.homeRegion,
			"IsMultiRegionTrail": true, "IsOrganizationTrail": t.organization})
	}
	return output{"trailList": found}, nil
}

// listTrailTags answers for trails of the current Region only (CloudTrail API Reference, ListTags).
func (s *Server) listTrailTags(_ string, in input) (output, *apiError) {
	resources := []output{}
	for _, arn := range in.strings("ResourceIdList") {
		i := slices.IndexFunc(s.state.trails, func(t *trail) bool { return t.arn == arn && t.homeRegion == in.str(regionMember) })
		if i < 0 {
			return nil, fail("ResourceNotFoundException", "%s is not found", arn)
		}
		resources = append(resources, output{"ResourceId": arn, "TagsList": tagList(s.state.trails[i].tags)})
	}
	return s.page(in, "ResourceTagList", resources)
}

func tagList(tags map[string]string) []output {
	list := []output{}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, output{"Key": key, "Value": tags[key]})
	}
	return list
}

// AddTrail puts a multi-Region trail with this ARN into the management account.
func (s *Server) AddTrail(arn string, organization bool, tags map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := strings.Split(arn, ":")
	s.state.trails = append(s.state.trails, &trail{arn: arn, name: strings.TrimPrefix(parts[5], "trail/"), homeRegion: parts[3],
		organization: organization, tags: tags})
}
