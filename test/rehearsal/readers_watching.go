//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queueURL asks the service for the URL of a queue.
func (l *live) queueURL(ctx context.Context, accountID, region, name string) (string, error) {
	key := accountID + " " + region + " " + name
	if url := l.queues[key]; url != "" {
		return url, nil
	}
	config, err := l.config(ctx, accountID, region)
	if err != nil {
		return "", err
	}
	out, err := sqs.NewFromConfig(config).GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return "", err
	}
	l.queues[key] = aws.ToString(out.QueueUrl)
	return l.queues[key], nil
}

// queue reads the attributes of a queue.
func (r *reading) queue(ctx context.Context, url string) (map[string]string, error) {
	out, err := sqs.NewFromConfig(r.at).GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

func readQueue(ctx context.Context, r *reading) error {
	queueURL, err := r.live.queueURL(ctx, r.account, r.region, r.text("QueueName"))
	if err != nil {
		return err
	}
	attributes, err := r.queue(ctx, queueURL)
	if err != nil {
		return err
	}
	for _, name := range []string{"MessageRetentionPeriod", "KmsMasterKeyId", "VisibilityTimeout"} {
		if want := r.p[name]; want != nil {
			r.equal(name, want, attributes[name])
		}
	}
	return nil
}

func readQueuePolicy(ctx context.Context, r *reading) error {
	for _, url := range asStrings(r.p["Queues"]) {
		attributes, err := r.queue(ctx, url)
		if err != nil {
			return err
		}
		r.document("the policy of "+url, r.p["PolicyDocument"], attributes["Policy"])
	}
	return nil
}

func readLogResourcePolicy(ctx context.Context, r *reading) error {
	out, err := cloudwatchlogs.NewFromConfig(r.at).DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{})
	if err != nil {
		return err
	}
	for _, policy := range out.ResourcePolicies {
		if aws.ToString(policy.PolicyName) == r.text("PolicyName") {
			r.document("the policy", r.p["PolicyDocument"], aws.ToString(policy.PolicyDocument))
			return nil
		}
	}
	return fmt.Errorf("no resource policy is called %s", r.text("PolicyName"))
}

func readMetricFilter(ctx context.Context, r *reading) error {
	pages := cloudwatchlogs.NewDescribeMetricFiltersPaginator(cloudwatchlogs.NewFromConfig(r.at),
		&cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: aws.String(r.text("LogGroupName"))})
	wanted, _ := r.p["MetricTransformations"].([]any)[0].(map[string]any)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, filter := range page.MetricFilters {
			if name := r.text("FilterName"); name != "" && aws.ToString(filter.FilterName) != name ||
				aws.ToString(filter.MetricTransformations[0].MetricName) != wanted["MetricName"] {
				continue
			}
			r.equal("the pattern", r.p["FilterPattern"], aws.ToString(filter.FilterPattern))
			r.equal("the namespace", wanted["MetricNamespace"], aws.ToString(filter.MetricTransformations[0].MetricNamespace))
			return nil
		}
	}
	return fmt.Errorf("no metric filter counts into %v", wanted["MetricName"])
}

// readAlarm asks in the AWS Query protocol: the SDK's client speaks Smithy RPC v2 CBOR only, which moto answers with 404.
func readAlarm(ctx context.Context, r *reading) error {
	form := url.Values{"Action": {"DescribeAlarms"}, "Version": {"2010-08-01"}, "AlarmNames.member.1": {r.text("AlarmName")}}
	answer, err := r.query(ctx, "monitoring", form)
	if err != nil {
		return err
	}
	var out struct {
		Alarms []struct {
			AlarmName, AlarmDescription, ComparisonOperator, MetricName, Namespace, Statistic, TreatMissingData string
			Threshold                                                                                           float64
			Period, EvaluationPeriods                                                                           int
			AlarmActions, OKActions                                                                             struct {
				Member []string `xml:"member"`
			}
			Dimensions struct {
				Member []struct{ Name, Value string } `xml:"member"`
			}
		} `xml:"DescribeAlarmsResult>MetricAlarms>member"`
	}
	if err := xml.Unmarshal(answer, &out); err != nil {
		return err
	}
	if len(out.Alarms) != 1 {
		return fmt.Errorf("%d alarms are called %s", len(out.Alarms), r.text("AlarmName"))
	}
	a := out.Alarms[0]
	got := map[string]any{
		"AlarmName": a.AlarmName, "AlarmDescription": a.AlarmDescription, "AlarmActions": a.AlarmActions.Member, "OKActions": a.OKActions.Member,
		"ComparisonOperator": a.ComparisonOperator, "MetricName": a.MetricName, "Namespace": a.Namespace, "Dimensions": a.Dimensions.Member,
		"Statistic": a.Statistic, "Threshold": a.Threshold, "Period": a.Period, "EvaluationPeriods": a.EvaluationPeriods, "TreatMissingData": a.TreatMissingData,
	}
	for _, name := range slices.Sorted(maps.Keys(r.p)) {
		if value, compared := got[name]; compared {
			r.equal(name, r.p[name], value)
		}
	}
	return nil
}

// query sends a request in the AWS Query protocol.
func (r *reading) query(ctx context.Context, service string, form url.Values) ([]byte, error) {
	credentials, err := r.at.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	body := form.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.live.endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	hash := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(hash[:]), service, r.region, time.Now()); err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: HTTP %d: %s", service, form.Get("Action"), response.StatusCode, answer)
	}
	return answer, err
}

func readRecorder(ctx context.Context, r *reading) error {
	api := configservice.NewFromConfig(r.at)
	out, err := api.DescribeConfigurationRecorders(ctx, &configservice.DescribeConfigurationRecordersInput{})
	if err != nil {
		return err
	}
	if len(out.ConfigurationRecorders) != 1 {
		return fmt.Errorf("%d configuration recorders", len(out.ConfigurationRecorders))
	}
	recorder := out.ConfigurationRecorders[0]
	r.equal("the name", r.p["Name"], aws.ToString(recorder.Name))
	r.equal("the role", r.p["RoleARN"], aws.ToString(recorder.RoleARN))
	if group, ok := r.p["RecordingGroup"].(map[string]any); ok && recorder.RecordingGroup != nil {
		r.equal("all types", group["AllSupported"], recorder.RecordingGroup.AllSupported)
		r.equal("global types", group["IncludeGlobalResourceTypes"], recorder.RecordingGroup.IncludeGlobalResourceTypes)
	}
	status, err := api.DescribeConfigurationRecorderStatus(ctx, &configservice.DescribeConfigurationRecorderStatusInput{})
	if err != nil {
		return err
	}
	if len(status.ConfigurationRecordersStatus) != 1 || !status.ConfigurationRecordersStatus[0].Recording {
		r.differ("it does not record")
	}
	return nil
}

func readDeliveryChannel(ctx context.Context, r *reading) error {
	out, err := configservice.NewFromConfig(r.at).DescribeDeliveryChannels(ctx, &configservice.DescribeDeliveryChannelsInput{})
	if err != nil {
		return err
	}
	if len(out.DeliveryChannels) != 1 {
		return fmt.Errorf("%d delivery channels", len(out.DeliveryChannels))
	}
	channel := out.DeliveryChannels[0]
	r.equal("the name", r.p["Name"], aws.ToString(channel.Name))
	r.equal("the bucket", r.p["S3BucketName"], aws.ToString(channel.S3BucketName))
	return nil
}

func readConfigRule(ctx context.Context, r *reading) error {
	out, err := configservice.NewFromConfig(r.at).DescribeConfigRules(ctx, &configservice.DescribeConfigRulesInput{ConfigRuleNames: []string{r.text("ConfigRuleName")}})
	if err != nil {
		return err
	}
	if len(out.ConfigRules) != 1 {
		return fmt.Errorf("%d rules are called %s", len(out.ConfigRules), r.text("ConfigRuleName"))
	}
	rule := out.ConfigRules[0]
	source, _ := r.p["Source"].(map[string]any)
	r.equal("the owner", source["Owner"], string(rule.Source.Owner))
	r.equal("the source", source["SourceIdentifier"], aws.ToString(rule.Source.SourceIdentifier))
	if parameters := r.p["InputParameters"]; parameters != nil {
		r.document("the parameters", parameters, aws.ToString(rule.InputParameters))
	}
	return nil
}

func readAggregator(ctx context.Context, r *reading) error {
	name := r.text("ConfigurationAggregatorName")
	out, err := configservice.NewFromConfig(r.at).DescribeConfigurationAggregators(ctx,
		&configservice.DescribeConfigurationAggregatorsInput{ConfigurationAggregatorNames: []string{name}})
	if err != nil {
		return err
	}
	if len(out.ConfigurationAggregators) != 1 {
		return fmt.Errorf("%d aggregators are called %s", len(out.ConfigurationAggregators), name)
	}
	source := out.ConfigurationAggregators[0].OrganizationAggregationSource
	want, _ := r.p["OrganizationAggregationSource"].(map[string]any)
	if source == nil {
		return fmt.Errorf("it does not aggregate the organization")
	}
	r.equal("all Regions", want["AllAwsRegions"], source.AllAwsRegions)
	r.equal("the role", strings.TrimSpace(fmt.Sprint(want["RoleArn"])), aws.ToString(source.RoleArn))
	return nil
}
