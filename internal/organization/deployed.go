package organization

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cloudformationtypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cloudtrailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

const (
	// zoneName follows the prefix, and a hyphen, in the name of a zone's first stack and of
	// its trail.
	zoneName = "organization"
	// zoneTag follows the prefix, and a colon, in the key of the tag of a zone's resources.
	zoneTag = "zone"
)

// emptyStack lists the states of a stack that holds nothing: one that only has a change
// set, one whose creation was rolled back, and one that is deleted.
var emptyStack = []cloudformationtypes.StackStatus{cloudformationtypes.StackStatusReviewInProgress,
	cloudformationtypes.StackStatusRollbackComplete, cloudformationtypes.StackStatusDeleteComplete}

// NewZone is a zone whose first stack is being created.
type NewZone struct {
	Prefix     string // "landfall"
	HomeRegion string // "eu-central-1"
}

// CheckNewZone refuses a zone beside another one of the same account: one with another
// prefix, or one with another home Region. Both are what a careless edit of a deployed zone
// looks like, because its stacks then have other names or another place. A zone with the
// same prefix and home Region passes: it is adopted after its first stack was deleted.
//
// It looks for stacks in the Region of the client and for trails of all Regions: an
// organization trail is seen in each of them (CloudTrail API Reference, DescribeTrails,
// member includeShadowTrails).
func (c *Client) CheckNewZone(ctx context.Context, zone NewZone) error {
	err := c.checkStacks(ctx, zone)
	if err == nil {
		err = c.checkTrails(ctx, zone)
	}
	return outcome(err, "looking for a zone that this account holds already")
}

func (c *Client) checkStacks(ctx context.Context, zone NewZone) error {
	// DescribeStacks without a name would read the outputs and parameters of all stacks.
	pages := cloudformation.NewListStacksPaginator(c.cloudformation, &cloudformation.ListStacksInput{
		StackStatusFilter: slices.DeleteFunc(cloudformationtypes.StackStatus("").Values(),
			func(status cloudformationtypes.StackStatus) bool { return slices.Contains(emptyStack, status) })})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, summary := range page.StackSummaries {
			prefix, named := strings.CutSuffix(aws.ToString(summary.StackName), "-"+zoneName)
			// A stack of the zone's own prefix is the one that is being created: names are unique in a Region.
			if !named || prefix == zone.Prefix {
				continue
			}
			described, err := c.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: summary.StackId})
			if err != nil {
				return err
			}
			for _, stack := range described.Stacks {
				if slices.ContainsFunc(stack.Tags, func(tag cloudformationtypes.Tag) bool { return aws.ToString(tag.Key) == prefix+":"+zoneTag }) {
					return anotherPrefix(zone, prefix, fmt.Sprintf("stack %s, %s", aws.ToString(stack.StackName), stack.StackStatus))
				}
			}
		}
	}
	return nil
}

func (c *Client) checkTrails(ctx context.Context, zone NewZone) error {
	// With names, only trails of this Region would be answered.
	described, err := c.cloudtrail.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return err
	}
	for _, trail := range described.TrailList {
		prefix, named := strings.CutSuffix(aws.ToString(trail.Name), "-"+zoneName)
		home := aws.ToString(trail.HomeRegion)
		switch {
		case !named || !aws.ToBool(trail.IsOrganizationTrail):
		case prefix == zone.Prefix && home != zone.HomeRegion:
			return &Failure{
				Key:  "regions.home",
				What: fmt.Sprintf("this account holds the zone %q already, with %s as its home Region, not %s (trail %s)", prefix, home, zone.HomeRegion, aws.ToString(trail.Name)),
				Why:  "the home Region never changes: stacks, trail, logs and StackSets live there and do not move, so that a second zone would be made beside the first, which nobody would govern any longer",
				Do: fmt.Sprintf("Set regions.home back to %s; govern %s by listing it under regions.governed. What this deployment made in %s is rolled back",
					home, zone.HomeRegion, zone.HomeRegion),
			}
		case prefix != zone.Prefix:
			tagged, err := c.hasZoneTag(ctx, trail, prefix)
			if err != nil {
				return err
			}
			if tagged {
				return anotherPrefix(zone, prefix, fmt.Sprintf("trail %s in %s", aws.ToString(trail.Name), home))
			}
		}
	}
	return nil
}

// hasZoneTag tells a zone's trail from any other of a similar name. Tags are read in the
// Region of the trail (CloudTrail API Reference, ListTags).
func (c *Client) hasZoneTag(ctx context.Context, trail cloudtrailtypes.Trail, prefix string) (bool, error) {
	pages := cloudtrail.NewListTagsPaginator(c.cloudtrail, &cloudtrail.ListTagsInput{ResourceIdList: []string{aws.ToString(trail.TrailARN)}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, func(o *cloudtrail.Options) { o.Region = aws.ToString(trail.HomeRegion) })
		if err != nil {
			return false, err
		}
		for _, resource := range page.ResourceTagList {
			if slices.ContainsFunc(resource.TagsList, func(tag cloudtrailtypes.Tag) bool { return aws.ToString(tag.Key) == prefix+":"+zoneTag }) {
				return true, nil
			}
		}
	}
	return false, nil
}

func anotherPrefix(zone NewZone, prefix, evidence string) *Failure {
	return &Failure{
		Key:  "prefix",
		What: fmt.Sprintf("this account holds a zone with the prefix %q already, not %q (%s)", prefix, zone.Prefix, evidence),
		Why:  "the prefix never changes: every stack, log, key and policy would be made a second time beside the first, which nobody would govern any longer",
		Do: fmt.Sprintf("Put \"prefix: %s\" back. What this deployment made is rolled back; delete the empty stack %s-%s",
			prefix, zone.Prefix, zoneName),
	}
}
