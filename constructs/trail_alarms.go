package constructs

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/zone"
)

// NewTrailAlarms adds metric filters on the trail's log group with their alarms. An alarm's change of state is an
// event, which travels the path of all alerts: the alarm's name carries the tier by which the alerts trail-alarm-page
// and trail-alarm-notify know it.
func NewTrailAlarms(scope constructs.Construct, id string, z *zone.Zone, group awslogs.LogGroup, filters []alert.MetricFilter) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	namespace, groupName := z.Prefix+"/trail", group.LogGroupName()
	for _, f := range filters {
		if f.Tier == alert.Off {
			continue
		}
		awslogs.NewCfnMetricFilter(this, jsii.String("Filter-"+f.ID), &awslogs.CfnMetricFilterProps{
			FilterName:    jsii.String(z.Resource(f.ID)),
			LogGroupName:  groupName,
			FilterPattern: jsii.String(f.Pattern),
			MetricTransformations: []any{&awslogs.CfnMetricFilter_MetricTransformationProperty{
				MetricNamespace: jsii.String(namespace),
				MetricName:      jsii.String(f.ID),
				MetricValue:     jsii.String("1"),
			}},
		})
		awscloudwatch.NewCfnAlarm(this, jsii.String("Alarm-"+f.ID), &awscloudwatch.CfnAlarmProps{
			AlarmName: jsii.String(z.Resource("trail", string(f.Tier), f.ID)),
			AlarmDescription: jsii.String(f.Title + ": " + strconv.Itoa(f.Threshold) + " or more within " +
				strconv.Itoa(f.PeriodSeconds/60) + " minutes. " + f.Why),
			Namespace:          jsii.String(namespace),
			MetricName:         jsii.String(f.ID),
			Statistic:          jsii.String("Sum"),
			Period:             jsii.Number(f.PeriodSeconds),
			EvaluationPeriods:  jsii.Number(1),
			Threshold:          jsii.Number(f.Threshold),
			ComparisonOperator: jsii.String("GreaterThanOrEqualToThreshold"),
			TreatMissingData:   jsii.String("notBreaching"),
		})
	}
}
