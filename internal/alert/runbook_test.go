package alert_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
)

var update = flag.Bool("update", false, "write docs/runbooks anew")

const runbookFolder = "../../docs/runbooks"

func runbooks(t testing.TB) []alert.Runbook {
	t.Helper()
	r, err := alert.LoadRunbooks(controls.Runbooks())
	require.NoError(t, err)
	return r
}

// documents are the files of docs/runbooks, as they should be.
func documents(t testing.TB) map[string]string {
	t.Helper()
	c, filters, all := catalogue(t), metricFilters(t), runbooks(t)
	out := map[string]string{"README.md": string(alert.RunbookIndex(all, c, filters))}
	for _, r := range all {
		out[r.ID+".md"] = string(r.Document(c, filters))
	}
	return out
}

func TestTheRunbooksAreUpToDate(t *testing.T) {
	want := documents(t)
	if *update {
		old, err := filepath.Glob(filepath.Join(runbookFolder, "*.md"))
		require.NoError(t, err)
		for _, file := range old {
			require.NoError(t, os.Remove(file))
		}
		require.NoError(t, os.MkdirAll(runbookFolder, 0o755))
		for name, text := range want {
			require.NoError(t, os.WriteFile(filepath.Join(runbookFolder, name), []byte(text), 0o644))
		}
	}
	files, err := filepath.Glob(filepath.Join(runbookFolder, "*.md"))
	require.NoError(t, err)
	assert.Len(t, files, len(want), "files in docs/runbooks; run `go test ./internal/alert -run Runbooks -update`")
	for name, text := range want {
		got, err := os.ReadFile(filepath.Join(runbookFolder, name))
		require.NoError(t, err)
		assert.Equal(t, text, string(got), "%s is old; run `go test ./internal/alert -run Runbooks -update`", name)
	}
}

func TestNoAlertLacksARunbook(t *testing.T) {
	docs := documents(t)
	for _, a := range catalogue(t).Alerts {
		assert.Contains(t, docs, a.Runbook+".md", "%s", a.File)
		assert.Contains(t, docs[a.Runbook+".md"], "`"+a.ID+"`")
		assert.Contains(t, a.InputTemplate, config.DefaultRunbooks+a.Runbook+".md")
	}
	for _, f := range metricFilters(t) {
		assert.Contains(t, docs, f.Runbook+".md", "%s", f.File)
	}
}

func TestNoRunbookIsOrphaned(t *testing.T) {
	used := map[string]bool{}
	for _, a := range catalogue(t).Alerts {
		used[a.Runbook] = true
	}
	for _, f := range metricFilters(t) {
		used[f.Runbook] = true
	}
	for _, r := range runbooks(t) {
		assert.True(t, used[r.ID] || len(r.Findings) > 0, "%s has neither an alert nor a finding type", r.File)
	}
}

func TestNoLinkOfARunbookIsDead(t *testing.T) {
	docs := documents(t)
	link := regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	for name, text := range docs {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "://") {
				assert.Contains(t, docs, m[1], "%s links to %s", name, m[1])
			}
		}
	}
}

// The finding types are from the GuardDuty user guide, guardduty_finding-types-active.
func TestEveryFindingTypeHasARunbook(t *testing.T) {
	all := runbooks(t)
	for finding, want := range map[string]string{
		"AttackSequence:IAM/CompromisedCredentials":                            "attack-sequence",
		"AttackSequence:EKS/CompromisedCluster":                                "attack-sequence",
		"AttackSequence:S3/CompromisedData":                                    "attack-sequence",
		"Backdoor:EC2/C&CActivity.B!DNS":                                       "ec2-compromise",
		"CryptoCurrency:EC2/BitcoinTool.B!DNS":                                 "ec2-compromise",
		"Trojan:EC2/DNSDataExfiltration":                                       "ec2-compromise",
		"UnauthorizedAccess:EC2/TorClient":                                     "ec2-compromise",
		"UnauthorizedAccess:EC2/SSHBruteForce":                                 "exposed-service",
		"Recon:EC2/PortProbeUnprotectedPort":                                   "exposed-service",
		"DefenseEvasion:EC2/UnusualDNSResolver":                                "ec2-compromise",
		"CryptoCurrency:Runtime/BitcoinTool.B":                                 "ec2-compromise",
		"CredentialAccess:IAMUser/AnomalousBehavior":                           "credential-compromise",
		"UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS": "credential-compromise",
		"Impact:IAMUser/CostHarvesting":                                        "credential-compromise",
		"Persistence:IAMUser/AnomalousBehavior":                                "iam-change",
		"DefenseEvasion:IAMUser/BedrockLoggingDisabled":                        "trail-tampering",
		"Policy:IAMUser/RootCredentialUsage":                                   "root-or-policy-weakened",
		"Stealth:IAMUser/CloudTrailLoggingDisabled":                            "trail-tampering",
		"Stealth:IAMUser/PasswordPolicyChange":                                 "root-or-policy-weakened",
		"Policy:S3/BucketPublicAccessGranted":                                  "s3-exposure",
		"Exfiltration:S3/AnomalousBehavior":                                    "s3-exposure",
		"Object:S3/MaliciousFile":                                              "malware-found",
		"Execution:S3/MaliciousFile!RecoveryPoint":                             "malware-found",
		"Execution:EC2/MaliciousFile!Snapshot":                                 "malware-found",
		"Execution:ECS/SuspiciousFile":                                         "malware-found",
		"Execution:Kubernetes/MaliciousFile":                                   "malware-found",
		"Execution:Kubernetes/ExecInKubeSystemPod":                             "container-compromise",
		"PrivilegeEscalation:Kubernetes/PrivilegedContainer":                   "container-compromise",
		"CredentialAccess:RDS/AnomalousBehavior.SuccessfulBruteForce":          "database-access",
		"Discovery:RDS/TorIPCaller":                                            "database-access",
		"Backdoor:Lambda/C&CActivity.B":                                        "function-compromise",
		"Impact:Quantum/SomethingNew":                                          alert.GenericRunbook,
		"":                                                                     alert.GenericRunbook,
	} {
		assert.Equal(t, want, alert.RunbookForFinding(all, finding), finding)
	}
}

func TestARunbookSaysEverythingThatPeopleNeed(t *testing.T) {
	for _, r := range runbooks(t) {
		doc := string(r.Document(catalogue(t), metricFilters(t)))
		sections := []string{"## Triage", "## Contain", "## Eradicate", "## Recover", "## Escalate", "## Practise"}
		for i, s := range sections {
			assert.Contains(t, doc, "\n"+s+"\n", r.ID)
			if i > 0 {
				assert.Less(t, strings.Index(doc, sections[i-1]), strings.Index(doc, s), r.ID)
			}
		}
		assert.True(t, slices.ContainsFunc([]string{"```sh", "```text", "```sql"}, func(f string) bool { return strings.Contains(doc, f) }), "%s has no query", r.ID)
		assert.NotContains(t, doc, "{{")
	}
}
