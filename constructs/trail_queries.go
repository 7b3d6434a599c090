package constructs

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsathena"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsglue"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/internal/zone"
)

// TrailQueriesProps describes the table over the organization trail.
type TrailQueriesProps struct {
	Zone           *zone.Zone
	TrailBucket    *string
	OrganizationID *string
}

// NewTrailQueries adds, in the audit account, an Athena table over the organization trail and saved queries. The
// table finds its partitions by itself: account, Region and day are part of the objects' names (CloudTrail user
// guide, "Querying AWS CloudTrail logs": partition projection). A query must name the account, which bounds what it reads.
func NewTrailQueries(scope constructs.Construct, id string, p *TrailQueriesProps) {
	this := constructs.NewConstruct(scope, jsii.String(id))
	z := p.Zone
	database, table := z.Prefix, "trail"
	results := awss3.NewBucket(this, jsii.String("Results"), &awss3.BucketProps{
		BucketName:        jsii.String(z.Resource("query-results", *awscdk.Aws_ACCOUNT_ID(), z.HomeRegion)),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		EnforceSSL:        jsii.Bool(true),
		RemovalPolicy:     retained(),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id: jsii.String("expire"), Expiration: awscdk.Duration_Days(jsii.Number(30)),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(7)),
		}},
	})
	group := awsathena.NewCfnWorkGroup(this, jsii.String("WorkGroup"), &awsathena.CfnWorkGroupProps{
		Name:        jsii.String(z.Resource("audit")),
		Description: jsii.String("Queries over the organization trail"),
		WorkGroupConfiguration: &awsathena.CfnWorkGroup_WorkGroupConfigurationProperty{
			EnforceWorkGroupConfiguration: true,
			// A query that forgets its day stops here.
			BytesScannedCutoffPerQuery: jsii.Number(queryLimitBytes),
			ResultConfiguration: &awsathena.CfnWorkGroup_ResultConfigurationProperty{
				OutputLocation:          awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String("s3://"), results.BucketName(), jsii.String("/")}),
				EncryptionConfiguration: &awsathena.CfnWorkGroup_EncryptionConfigurationProperty{EncryptionOption: jsii.String("SSE_S3")},
			},
		},
	})
	db := awsglue.NewCfnDatabase(this, jsii.String("Database"), &awsglue.CfnDatabaseProps{
		CatalogId:     awscdk.Aws_ACCOUNT_ID(),
		DatabaseInput: &awsglue.CfnDatabase_DatabaseInputProperty{Name: jsii.String(database), Description: jsii.String("Logs of the landing zone")},
	})
	location := awscdk.Fn_Join(jsii.String(""), &[]*string{jsii.String("s3://"), p.TrailBucket, jsii.String("/AWSLogs/"), p.OrganizationID, jsii.String("/")})
	awsglue.NewCfnTable(this, jsii.String("Table"), &awsglue.CfnTableProps{
		CatalogId:    awscdk.Aws_ACCOUNT_ID(),
		DatabaseName: db.Ref(),
		TableInput: &awsglue.CfnTable_TableInputProperty{
			Name:          jsii.String(table),
			Description:   jsii.String("Every event of the organization trail"),
			TableType:     jsii.String("EXTERNAL_TABLE"),
			PartitionKeys: columns("account string", "region string", "day string"),
			Parameters: map[string]any{
				"classification":               "cloudtrail",
				"projection.enabled":           "true",
				"projection.account.type":      "injected",
				"projection.region.type":       "injected",
				"projection.day.type":          "date",
				"projection.day.format":        "yyyy/MM/dd",
				"projection.day.range":         "2020/01/01,NOW",
				"projection.day.interval":      "1",
				"projection.day.interval.unit": "DAYS",
				"storage.location.template":    awscdk.Fn_Join(jsii.String(""), &[]*string{location, jsii.String("${account}/CloudTrail/${region}/${day}")}),
			},
			StorageDescriptor: &awsglue.CfnTable_StorageDescriptorProperty{
				Location:     location,
				InputFormat:  jsii.String("com.amazon.emr.cloudtrail.CloudTrailInputFormat"),
				OutputFormat: jsii.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
				SerdeInfo:    &awsglue.CfnTable_SerdeInfoProperty{SerializationLibrary: jsii.String("org.apache.hive.hcatalog.data.JsonSerDe")},
				Columns: columns(
					"eventversion string", "useridentity struct<"+strings.Join([]string{
						"type:string", "principalid:string", "arn:string", "accountid:string", "invokedby:string", "accesskeyid:string", "username:string",
						"sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>>",
					}, ",")+">",
					"eventtime string", "eventsource string", "eventname string", "awsregion string", "sourceipaddress string", "useragent string",
					"errorcode string", "errormessage string", "requestparameters string", "responseelements string", "additionaleventdata string",
					"requestid string", "eventid string", "readonly string", "resources array<struct<arn:string,accountid:string,type:string>>",
					"eventtype string", "recipientaccountid string", "sharedeventid string", "vpcendpointid string", "eventcategory string",
				),
			},
		},
	})
	for _, q := range trailQueries() {
		query := awsathena.NewCfnNamedQuery(this, jsii.String("Query-"+q.id), &awsathena.CfnNamedQueryProps{
			Name:        jsii.String(z.Resource(q.id)),
			Description: jsii.String(q.title),
			Database:    jsii.String(database),
			WorkGroup:   group.Name(),
			QueryString: jsii.String(q.text + "\nAND account = 'ACCOUNT_ID' AND region = 'us-east-1' AND day BETWEEN '2026/01/01' AND '2026/01/02'\n" + q.end),
		})
		query.AddResourceDependency(group, nil)
		query.AddResourceDependency(db, nil)
	}
}

// queryLimitBytes is how much one query may read, in bytes: half a US dollar's worth at $5 a terabyte.
const queryLimitBytes = 100 << 30

// trailQuery is a saved query; its text ends inside the WHERE clause.
type trailQuery struct{ id, title, text, end string }

func trailQueries() []trailQuery {
	const from = "FROM trail\nWHERE "
	return []trailQuery{
		{"who-did-what", "Everything that one principal did", "SELECT eventtime, eventsource, eventname, errorcode, sourceipaddress, requestparameters\n" +
			from + "useridentity.arn = 'PRINCIPAL_ARN'", "ORDER BY eventtime"},
		{"one-access-key", "Everything that one access key did", "SELECT eventtime, eventsource, eventname, errorcode, sourceipaddress, useragent\n" +
			from + "useridentity.accesskeyid = 'ACCESS_KEY_ID'", "ORDER BY eventtime"},
		{"root-use", "What the root user did", "SELECT eventtime, eventsource, eventname, errorcode, sourceipaddress, useragent\n" +
			from + "useridentity.type = 'Root' AND useridentity.invokedby IS NULL", "ORDER BY eventtime"},
		{"denied-calls", "Who was denied what, and how often", "SELECT useridentity.arn, eventsource, eventname, errorcode, count(*) AS calls, min(eventtime) AS first, max(eventtime) AS last\n" +
			from + "(errorcode LIKE '%UnauthorizedOperation' OR errorcode LIKE 'AccessDenied%')", "GROUP BY 1, 2, 3, 4\nORDER BY calls DESC"},
		{"new-addresses", "From where each principal called", "SELECT useridentity.arn, sourceipaddress, count(*) AS calls, min(eventtime) AS first\n" +
			from + "useridentity.invokedby IS NULL", "GROUP BY 1, 2\nORDER BY first DESC"},
	}
}

// columns are table columns, each given as its name and type.
func columns(columns ...string) []any {
	var out []any
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		out = append(out, &awsglue.CfnTable_ColumnProperty{Name: jsii.String(name), Type: jsii.String(kind)})
	}
	return out
}
