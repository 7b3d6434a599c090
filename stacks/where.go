package stacks

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// where adds to a member template the conditions that limit resources to some Regions and accounts, once each.
type where struct {
	stack      awscdk.Stack
	zone       *zone.Zone
	conditions map[string]awscdk.CfnCondition
}

func newWhere(stack awscdk.Stack, z *zone.Zone) *where {
	return &where{stack: stack, zone: z, conditions: map[string]awscdk.CfnCondition{}}
}

// only is the condition that the Region is one of the given and the account, unless nil, is the given one,
// which name names. It is nil when it holds wherever the template goes.
func (w *where) only(regions []string, accountID *string, name string) awscdk.CfnCondition {
	var id string
	var all []awscdk.ICfnConditionExpression
	if !slices.Equal(regions, w.zone.AlertRegions) {
		id = regionsID(regions)
		all = append(all, inRegions(regions))
	}
	if accountID != nil {
		id += "Of" + strings.ReplaceAll(name, "-", "")
		all = append(all, awscdk.Fn_ConditionEquals(awscdk.Aws_ACCOUNT_ID(), accountID))
	}
	if len(all) == 0 {
		return nil
	}
	return w.condition(id, combine(awscdk.Fn_ConditionAnd, all))
}

// home is the condition that the Region is the home Region.
func (w *where) home() awscdk.CfnCondition {
	home := []string{w.zone.HomeRegion}
	return w.condition(regionsID(home), inRegions(home))
}

// regionsID names a condition on Regions; many Regions are hashed, since a logical id has 255 characters at most.
func regionsID(regions []string) string {
	joined := strings.ReplaceAll(strings.Join(regions, ""), "-", "")
	if len(regions) > 4 {
		joined = fmt.Sprintf("%x", sha256.Sum256([]byte(joined)))[:12]
	}
	return "In" + joined
}

func (w *where) condition(id string, expression awscdk.ICfnConditionExpression) awscdk.CfnCondition {
	if w.conditions[id] == nil {
		w.conditions[id] = awscdk.NewCfnCondition(w.stack, jsii.String(id), &awscdk.CfnConditionProps{Expression: expression})
	}
	return w.conditions[id]
}

// inRegions holds in any of the Regions, in groups of ten, which is as many as Fn::Or takes.
func inRegions(regions []string) awscdk.ICfnConditionExpression {
	var tens []awscdk.ICfnConditionExpression
	for ten := range slices.Chunk(regions, 10) {
		var any []awscdk.ICfnConditionExpression
		for _, region := range ten {
			any = append(any, awscdk.Fn_ConditionEquals(awscdk.Aws_REGION(), region))
		}
		tens = append(tens, combine(awscdk.Fn_ConditionOr, any))
	}
	return combine(awscdk.Fn_ConditionOr, tens)
}

// combine joins conditions with Fn::And or Fn::Or, which need two at least.
func combine(with func(...awscdk.ICfnConditionExpression) awscdk.ICfnRuleConditionExpression, of []awscdk.ICfnConditionExpression) awscdk.ICfnConditionExpression {
	if len(of) == 1 {
		return of[0]
	}
	return with(of...)
}
