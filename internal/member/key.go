package member

import (
	"github.com/landfall-aws/landfall/internal/template"
	"github.com/landfall-aws/landfall/internal/zone"
)

// key is a customer key with its policy, which can still grow.
type key struct {
	*template.Resource
	policy *template.Policy
}

// pendingDays is how long a key that somebody schedules for deletion can be saved, in days.
const pendingDays = 30

// newKey adds a customer key that rotates every year and that the account administers, with its alias; both are retained.
func newKey(s template.Scope, id, alias, description string) key {
	policy := template.NewPolicy(template.Statement{
		Principal: template.Account(template.AccountID()), Actions: []string{"kms:*"}, Resources: []any{"*"},
	})
	k := key{s.In(id).Add("Resource", "AWS::KMS::Key", map[string]any{
		"Description": description, "EnableKeyRotation": true, "PendingWindowInDays": pendingDays, "KeyPolicy": policy,
	}).Retain(), policy}
	s.In(id+"Alias").Add("Resource", "AWS::KMS::Alias", map[string]any{"AliasName": alias, "TargetKeyId": k.ARN()}).Retain()
	return k
}

// grant adds a statement to the key's policy.
func (k key) grant(sid string, principal template.Principal, condition map[string]any, actions ...string) {
	k.policy.Add(template.Statement{Sid: sid, Principal: principal, Actions: actions, Resources: []any{"*"}, Condition: condition})
}

// letHandlerFind lets the management account's handler look the key up by its alias.
func (k key) letHandlerFind(z *zone.Zone, managementAccountID any) {
	k.grant("HandlerFindsKey", template.Account(managementAccountID), map[string]any{"ArnEquals": map[string]any{
		"aws:PrincipalArn": template.Text("arn:%s:iam::%s:role/%s", template.Partition(), managementAccountID, z.HandlerRoleName()),
	}}, "kms:DescribeKey")
}

// letAuditRead lets the audit account decrypt what S3 hands to it.
func (k key) letAuditRead(z *zone.Zone, auditAccountID any) {
	k.grant("AuditReads", template.Account(auditAccountID),
		equals(map[string]any{"kms:ViaService": "s3." + z.HomeRegion + ".amazonaws.com"}), "kms:Decrypt")
}
