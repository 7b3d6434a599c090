package guardrail_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/guardrail"
	"github.com/landfall-aws/landfall/internal/policy"
	"github.com/landfall-aws/landfall/internal/zone"
)

const zoneText = `zone: example
regions: {home: us-east-1, governed: [us-east-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts:
  - {name: orders-prod, ou: Workloads/Prod}
`

const ownGuardrail = `id: no-notebooks
title: No notebooks
intent: Notebooks hold copies of data that nobody knows of.
level: recommended
type: SERVICE_CONTROL_POLICY
applies:
  - ou: Workloads/Prod
exempt: [data-platform]
statements:
  - Sid: Notebooks
    Effect: Deny
    Action: sagemaker:CreateNotebookInstance
    Resource: "*"
cost: No notebooks in production.
instead: Use the data platform.
proof:
  denies:
    - name: somebody makes a notebook
      action: sagemaker:CreateNotebookInstance
  allows:
    - name: somebody stops a notebook
      action: sagemaker:StopNotebookInstance
`

const ownExemptions = `data-platform:
  title: The data platform
  why: It makes notebooks for others.
  principals:
    - arn:*:iam::*:role/data-platform
`

// open writes the files beside a zone's file and opens the zone.
func open(t *testing.T, zoneFile string, files map[string]string) (*zone.Zone, *guardrail.Catalogue, string, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "landing-zone.yaml")
	require.NoError(t, os.WriteFile(file, []byte(zoneFile), 0o600))
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	c, problems := config.Load(file)
	require.Empty(t, problems)
	z := zone.Resolve(c)
	catalogue, err := guardrail.Open(controls.Guardrails(), file, z)
	return z, catalogue, dir, err
}

func FuzzLoadGuardrail(f *testing.F) {
	f.Add([]byte(ownGuardrail))
	f.Add([]byte("id: [\n"))
	f.Add([]byte("statements:\n  - Condition: {Null: {a: [b, null]}}\nproof: {denies: [{}], allows: [{action: [1, true]}]}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := guardrail.LoadWithProofs(fstest.MapFS{"guardrails/no-notebooks.yaml": {Data: data}, "exemptions.yaml": {Data: []byte(ownExemptions)}})
		if err != nil {
			var problems guardrail.Problems
			require.ErrorAs(t, err, &problems)
			return
		}
		c.Lint()
		if _, err := guardrail.Plan(exampleZone(), c); err != nil {
			return
		}
		for i := range c.Guardrails {
			_, _ = c.Prove(&c.Guardrails[i], guardrail.ExampleValues())
		}
	})
}

func TestAResourceControlPolicySparesASetOfPartners(t *testing.T) {
	const partners = `partner:
  title: Our auditor
  why: Reads evidence from its own account.
  principals:
    - arn:aws:iam::999999999999:role/evidence-reader
`
	z, c, _, err := open(t, zoneText+"guardrails:\n  changes:\n    - id: trust-own-organization\n      exempt: [partner]\n", map[string]string{"guardrails/exemptions.yaml": partners})
	require.NoError(t, err)
	d, err := guardrail.NewDecider(z, c)
	require.NoError(t, err)
	path, err := d.Account("orders-prod")
	require.NoError(t, err)
	for principal, denied := range map[string]bool{
		"arn:aws:iam::999999999999:role/evidence-reader": false,
		"arn:aws:iam::999999999999:role/another":         true,
		"arn:aws:iam::888888888888:role/evidence-reader": true,
	} {
		context := guardrail.BaseContext(principal, "arn:aws:s3:::evidence/x")
		context["aws:PrincipalOrgID"] = policy.Values{"o-anotherorgid"}
		decision, err := path.Decide(policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::evidence/x", Principal: principal, Context: context})
		require.NoError(t, err)
		assert.Equal(t, denied, decision.Denied(), principal)
	}
}

func TestGuardrailsOfTheOwnerJoinTheCatalogue(t *testing.T) {
	z, c, _, err := open(t, zoneText, map[string]string{"guardrails/no-notebooks.yaml": ownGuardrail, "guardrails/exemptions.yaml": ownExemptions})
	require.NoError(t, err)
	policies, err := guardrail.Plan(z, c)
	require.NoError(t, err)
	assert.Equal(t, []string{"OU Workloads/Prod"}, targetsOf(policies, "no-notebooks"))
	for _, p := range policies {
		if p.ID == "ou-Workloads.Prod-101" {
			assert.Contains(t, string(p.Content), `"ArnNotLike":{"aws:PrincipalArn":"arn:*:iam::*:role/data-platform"}`)
		}
		if p.ID == "root-1" {
			assert.Contains(t, string(p.Content), `"arn:*:iam::*:role/data-platform"`, "nobody can make the exempt role")
		}
	}
}

func TestMistakesInDeclarativePoliciesAreFound(t *testing.T) {
	const head = `id: no-notebooks
title: Defaults
intent: Defaults matter.
level: recommended
type: DECLARATIVE_POLICY_EC2
applies:
  - root: true
content:
`
	const tail = `
cost: None.
instead: Nothing.
proof:
  sets:
    ec2_attributes.serial_console_access.status: disabled
`
	for name, test := range map[string]struct{ content, want string }{
		"a value that the setting does not take": {"  ec2_attributes:\n    serial_console_access:\n      status:\n        \"@@assign\": false",
			`guardrails/no-notebooks.yaml:12: content.ec2_attributes.serial_console_access.status: got false; allowed are enabled, disabled, as text`},
		"a number where AWS wants text": {"  ec2_attributes:\n    instance_metadata_defaults:\n      http_put_response_hop_limit:\n        \"@@assign\": 2",
			`content.ec2_attributes.instance_metadata_defaults.http_put_response_hop_limit: got 2; allowed are -1, and 1 to 64, as text`},
		"a setting that does not exist": {"  ec2_attributes:\n    serial_console:\n      status:\n        \"@@assign\": disabled",
			`content.ec2_attributes.serial_console: is no setting of this policy type; it has ec2_attributes.allowed_images_settings`},
		"a value without operator": {"  ec2_attributes:\n    serial_console_access:\n      status: disabled",
			`content.ec2_attributes.serial_console_access.status: must be a mapping with an inheritance operator such as "@@assign" in it`},
		"a proof of another value": {"  ec2_attributes:\n    serial_console_access:\n      status:\n        \"@@assign\": enabled",
			`ec2_attributes.serial_console_access.status is [enabled], must be [disabled]`},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, dir, err := open(t, zoneText, map[string]string{"guardrails/no-notebooks.yaml": head + test.content + tail})
			var problems guardrail.Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, strings.ReplaceAll(problems.Error(), dir+"/", ""), test.want)
		})
	}
}

func TestMistakesOfTheOwnerNameFileAndLine(t *testing.T) {
	replace := func(old, new string) string {
		out := strings.Replace(ownGuardrail, old, new, 1)
		require.NotEqual(t, ownGuardrail, out)
		return out
	}
	for name, test := range map[string]struct {
		guardrail, exemptions, zone string
		want                        string
	}{
		"an action that does not exist": {guardrail: replace("Action: sagemaker:CreateNotebookInstance", "Action: sagemaker:CreateNotebook"),
			want: `guardrails/no-notebooks.yaml:12: statements[0].Action: there is no action "sagemaker:CreateNotebook"; did you mean sagemaker:`},
		"a resource that the action does not have": {guardrail: replace(`Resource: "*"`, "Resource: arn:*:sagemaker:*:*:model/x"),
			want: `guardrails/no-notebooks.yaml:13: statements[0].Resource: "arn:*:sagemaker:*:*:model/x" matches no resource of any of the statement's actions`},
		"a resource that is no ARN": {guardrail: replace(`Resource: "*"`, "Resource: notebook/*"),
			want: `guardrails/no-notebooks.yaml:13: statements[0].Resource: "notebook/*" is neither * nor an ARN of six parts`},
		"a placeholder that does not exist": {guardrail: replace(`Resource: "*"`, "Resource: arn:*:sagemaker:*:*:notebook-instance/{{ prefx }}-*"),
			want: `guardrails/no-notebooks.yaml:10: statements: statement Notebooks: unknown placeholder {{ prefx }}`},
		"a condition operator that does not exist": {guardrail: replace(`    Resource: "*"`, "    Resource: \"*\"\n    Condition:\n      StringEqual:\n        aws:PrincipalTag/team: x"),
			want: `guardrails/no-notebooks.yaml:10: statements: statement 0 (Sid "Notebooks"): Condition.StringEqual: `},
		"a condition key of another action": {guardrail: replace(`    Resource: "*"`, "    Resource: \"*\"\n    Condition:\n      StringEquals:\n        sagemaker:FileSystemId: x"),
			want: `guardrails/no-notebooks.yaml:16: statements[0].Condition.StringEquals: none of the statement's actions knows the condition key sagemaker:FileSystemId`},
		"a condition key with several values": {guardrail: replace(`    Resource: "*"`, "    Resource: \"*\"\n    Condition:\n      StringEquals:\n        aws:TagKeys: x"),
			want: `guardrails/no-notebooks.yaml:16: statements[0].Condition.StringEquals: aws:TagKeys has several values; use ForAnyValue or ForAllValues`},
		"a bare Null": {guardrail: replace(`    Resource: "*"`, "    Resource: \"*\"\n    Condition:\n      Null:\n        aws:TagKeys: true"),
			want: `has an operator without a name; YAML reads a bare Null as nothing, so write "Null" in quotes`},
		"a key that does not exist": {guardrail: replace("cost:", "costs:"),
			want: `guardrails/no-notebooks.yaml:14: unknown field "costs"`},
		"an id that is not the file's name": {guardrail: replace("id: no-notebooks", "id: notebooks"),
			want: `guardrails/no-notebooks.yaml:1: id: got "notebooks"; it must be the file's name without .yaml, lower-case words joined by hyphens`},
		"a level that does not exist": {guardrail: replace("level: recommended", "level: strict"),
			want: `guardrails/no-notebooks.yaml:4: level: got "strict"; allowed are mandatory, recommended and elective`},
		"an effect that would lock everybody out": {guardrail: replace("Effect: Deny", "Effect: Allow"),
			want: `guardrails/no-notebooks.yaml:11: statements[0].Effect: got "Allow"; a guardrail only denies.`},
		"a proof that does not hold": {guardrail: replace("action: sagemaker:StopNotebookInstance", "action: sagemaker:CreateNotebookInstance"),
			want: `guardrails/no-notebooks.yaml:17: proof: no-notebooks: must let through, but denies: somebody stops a notebook`},
		"no proof": {guardrail: ownGuardrail[:strings.Index(ownGuardrail, "proof:")],
			want: `guardrails/no-notebooks.yaml:1: proof: needs requests under both denies and allows`},
		"an exemption set that does not exist": {guardrail: replace("[data-platform]", "[data]"),
			want: `guardrails/no-notebooks.yaml:8: exempt[0]: there is no exemption set "data" in exemptions.yaml`},
		"an exemption that anybody can claim": {exemptions: strings.Replace(ownExemptions, "role/data-platform", "role/*data-platform", 1),
			want: `guardrails/exemptions.yaml:5: data-platform.principals[0]: "arn:*:iam::*:role/*data-platform" could be anybody`},
		"a file that is no YAML": {guardrail: "id: [", want: `guardrails/no-notebooks.yaml:1: `},
		"a mandatory guardrail that is off without a reason": {zone: zoneText + "guardrails:\n  changes:\n    - id: protect-config\n      state: off\n",
			want: `landing-zone.yaml:9: guardrails.changes[0].reason: protect-config is mandatory`},
		"a guardrail that does not exist": {zone: zoneText + "guardrails:\n  changes:\n    - id: deny-regions\n      state: off\n",
			want: `landing-zone.yaml:9: guardrails.changes[0].id: there is no guardrail "deny-regions"`},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"guardrails/no-notebooks.yaml": ownGuardrail, "guardrails/exemptions.yaml": ownExemptions}
			if test.guardrail != "" {
				files["guardrails/no-notebooks.yaml"] = test.guardrail
			}
			if test.exemptions != "" {
				files["guardrails/exemptions.yaml"] = test.exemptions
			}
			if test.zone == "" {
				test.zone = zoneText
			}
			_, _, dir, err := open(t, test.zone, files)
			var problems guardrail.Problems
			require.ErrorAs(t, err, &problems)
			assert.Contains(t, strings.ReplaceAll(problems.Error(), dir+"/", ""), test.want)
		})
	}
	t.Run("an id of the catalogue", func(t *testing.T) {
		text := strings.Replace(ownGuardrail, "id: no-notebooks", "id: require-tls", 1)
		_, _, _, err := open(t, zoneText, map[string]string{"guardrails/require-tls.yaml": text, "guardrails/exemptions.yaml": ownExemptions})
		require.ErrorContains(t, err, `"require-tls" is the id of guardrails/require-tls.yaml already; choose another`)
	})
}
