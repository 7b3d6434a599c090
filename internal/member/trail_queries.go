package member

import (
	"strings"

	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// addTrailQueries adds, in the audit account, an Athena table over the organization trail and saved queries. The
// table finds its partitions by itself: account, Region and day are part of the objects' names (CloudTrail user
// guide, "Querying AWS CloudTrail logs": partition projection). A query must name the account, which bounds what it reads.
func addTrailQueries(s template.Scope, z *zone.Zone, organizationID, logArchiveAccountID any) {
	database, table := z.Prefix, "trail"
	results := newBucket(s, "Results", template.Text(z.Resource("query-results", "%s", z.HomeRegion), template.AccountID()), nil, map[string]any{
		"LifecycleConfiguration": lifecycleRule("expire", map[string]any{"ExpirationInDays": queryResultDays}),
	})
	group := s.Add("WorkGroup", "AWS::Athena::WorkGroup", map[string]any{
		"Name":        z.Resource("audit"),
		"Description": "Queries over the organization trail",
		"WorkGroupConfiguration": map[string]any{
			"EnforceWorkGroupConfiguration": true,
			// A query that forgets its day stops here.
			"BytesScannedCutoffPerQuery": queryLimitBytes,
			"ResultConfiguration": map[string]any{
				"OutputLocation":          template.Text("s3://%s/", results.Ref()),
				"EncryptionConfiguration": map[string]any{"EncryptionOption": "SSE_S3"},
			},
		},
	})
	db := s.Add("Database", "AWS::Glue::Database", map[string]any{
		"CatalogId":     template.AccountID(),
		"DatabaseInput": map[string]any{"Name": database, "Description": "Logs of the landing zone"},
	})
	location := template.Text("s3://%s/AWSLogs/%s/", template.Text(z.TrailBucketName("%s"), logArchiveAccountID), organizationID)
	s.Add("Table", "AWS::Glue::Table", map[string]any{
		"CatalogId":    template.AccountID(),
		"DatabaseName": db.Ref(),
		"TableInput": map[string]any{
			"Name":          table,
			"Description":   "Every event of the organization trail",
			"TableType":     "EXTERNAL_TABLE",
			"PartitionKeys": columns("account string", "region string", "day string"),
			"Parameters": map[string]any{
				"classification":               "cloudtrail",
				"projection.enabled":           "true",
				"projection.account.type":      "injected",
				"projection.region.type":       "injected",
				"projection.day.type":          "date",
				"projection.day.format":        "yyyy/MM/dd",
				"projection.day.range":         "2020/01/01,NOW",
				"projection.day.interval":      "1",
				"projection.day.interval.unit": "DAYS",
				"storage.location.template":    template.Text("%s${account}/CloudTrail/${region}/${day}", location),
			},
			"StorageDescriptor": map[string]any{
				"Location":     location,
				"InputFormat":  "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
				"OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
				"SerdeInfo":    map[string]any{"SerializationLibrary": "org.apache.hive.hcatalog.data.JsonSerDe"},
				"Columns": columns(
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
		s.Add("Query-"+q.id, "AWS::Athena::NamedQuery", map[string]any{
			"Name":        z.Resource(q.id),
			"Description": q.title,
			"Database":    database,
			"WorkGroup":   z.Resource("audit"),
			"QueryString": q.text + "\nAND account = 'ACCOUNT_ID' AND region = 'us-east-1' AND day BETWEEN '2026/01/01' AND '2026/01/02'\n" + q.end,
		}).DependsOn(db, group)
	}
}

// queryResultDays is how long results of queries are kept, in days.
const queryResultDays = 30

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
		out = append(out, map[string]any{"Name": name, "Type": kind})
	}
	return out
}
