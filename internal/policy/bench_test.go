package policy_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/landfall-aws/landfall/internal/policy"
)

// guardrails returns the levels of an account three OUs deep with 60 statements
// of the usual kinds, each with its exemption.
func guardrails() [][]string {
	const exempt = `"ArnNotLike":{"aws:PrincipalArn":["arn:aws:iam::*:role/landfall-*","arn:aws:iam::*:role/OrganizationAccountAccessRole","arn:aws:iam::*:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Break_*"]}`
	var list []string
	deny := func(members, conditions string) {
		if conditions != "" {
			conditions = "," + conditions
		}
		list = append(list, `{"Effect":"Deny",`+members+`,"Condition":{`+exempt+conditions+`}}`)
	}
	deny(`"NotAction":["iam:*","sts:*","organizations:*","route53:*","cloudfront:*","support:*","budgets:*","ce:*","health:*","waf:*","globalaccelerator:*","s3:GetAccountPublic*","s3:ListAllMyBuckets"],"Resource":"*"`,
		`"StringNotEquals":{"aws:RequestedRegion":["eu-west-1","eu-central-1","us-east-1"]}`)
	deny(`"Action":"*","Resource":"*"`, `"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"},"Null":{"aws:AssumedRoot":"true"}`)
	deny(`"Action":"ec2:RunInstances","Resource":"arn:aws:ec2:*:*:instance/*"`, `"StringNotEquals":{"ec2:MetadataHttpTokens":"required"}`)
	deny(`"Action":"s3:*","Resource":"*"`, `"BoolIfExists":{"aws:SecureTransport":"false"}`)
	deny(`"Action":["s3:PutObject","s3:PutBucket*"],"Resource":"*"`, `"NumericLessThan":{"s3:TlsVersion":"1.2"}`)
	services := []string{"cloudtrail", "config", "guardduty", "securityhub", "access-analyzer", "macie2", "events", "sns", "lambda", "logs", "kms"}
	for i := 0; len(list) < 60; i++ {
		service := services[i%len(services)]
		deny(fmt.Sprintf(`"Action":["%[1]s:Delete*","%[1]s:Update*","%[1]s:Disable%[2]d*","%[1]s:PutThing%[2]d","%[1]s:StopThing%[2]d"],"Resource":["arn:aws:%[1]s:*:*:landfall-%[2]d*","arn:aws:%[1]s:*:*:*/landfall-%[2]d*"]`, service, i), "")
	}
	document := func(from, to int) string { return statements(strings.Join(list[from:to], ",")) }
	return [][]string{{fullAccess, document(0, 15), document(15, 25)}, {fullAccess, document(25, 40)}, {fullAccess, document(40, 50)}, {fullAccess}, {fullAccess, document(50, 60)}}
}

var everyday = policy.Request{
	Action: "s3:PutObject", Resource: "arn:aws:s3:::team-data/2026/11/report.csv",
	Principal: "arn:aws:sts::111122223333:assumed-role/Developer/ana",
	Context: map[string]policy.Values{
		"aws:RequestedRegion": {"eu-west-1"}, "aws:SecureTransport": {"true"}, "aws:SourceIp": {"203.0.113.9"}, "s3:TlsVersion": {"1.3"},
		"aws:PrincipalOrgID": {"o-example"}, "aws:PrincipalTag/Team": {"blue"}, "aws:ViaAWSService": {"false"}, "aws:ResourceAccount": {"111122223333"},
	},
}

func BenchmarkEvaluate(b *testing.B) {
	scps := levels(b, policy.SCP, guardrails()...)
	denied := everyday
	denied.Action, denied.Resource = "cloudtrail:DeleteTrail", "arn:aws:cloudtrail:eu-west-1:111122223333:trail/landfall-11"
	for name, request := range map[string]policy.Request{"allowed": everyday, "denied": denied} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				got, err := policy.Evaluate(scps, nil, request)
				if err != nil || (got.Decision == policy.Allowed) != (name == "allowed") {
					b.Fatal(got, err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "evals/s")
		})
	}
}

func BenchmarkEvaluateLines(b *testing.B) {
	var scps []string
	for _, level := range guardrails() {
		scps = append(scps, "["+strings.Join(level, ",")+"]")
	}
	text := `{"id":"1","scps":[` + strings.Join(scps, ",") + `],"request":{"action":"s3:PutObject","resource":"arn:aws:s3:::team-data/2026/11/report.csv","principal":"arn:aws:sts::111122223333:assumed-role/Developer/ana",` +
		`"context":{"aws:RequestedRegion":"eu-west-1","aws:SecureTransport":"true","aws:SourceIp":"203.0.113.9","s3:TlsVersion":"1.3","aws:TagKeys":["a","b"]}}}` + "\n"
	b.SetBytes(int64(len(text)))
	in := &repeat{line: []byte(text), left: b.N}
	b.ResetTimer()
	sum, err := policy.EvaluateLines(context.Background(), in, io.Discard)
	if err != nil || sum.Failed > 0 || sum.Lines != b.N {
		b.Fatal(sum, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}

// repeat is a reader of the same line again and again.
type repeat struct {
	line []byte
	rest bytes.Reader
	left int
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.rest.Len() == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest.Reset(r.line)
	}
	return r.rest.Read(p)
}

func BenchmarkCompile(b *testing.B) {
	d, err := policy.Parse([]byte(guardrails()[0][1]))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := policy.Compile(policy.SCP, d); err != nil {
			b.Fatal(err)
		}
	}
}
