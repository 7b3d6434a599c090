package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// identityZone gives people access through IAM Identity Center.
const identityZone = `
zone: people
regions: {home: eu-west-1, governed: [eu-west-1]}
email: aws+{account}@example.com
alerts: {recipients: [security@example.com]}
accounts:
  - {name: orders-prod, ou: Workloads/Prod}
  - {name: orders-dev, ou: Workloads/NonProd}
  - {name: old-shop, ou: Workloads/NonProd, state: suspended}
  - {name: network, ou: Infrastructure}
identityCenter:
  enabled: true
  groups:
    - {name: platform, description: runs the landing zone}
    - {name: developers}
    - {name: "security / on-call"}
  permissionSets:
    - name: Deployer
      description: starts pipelines, in emergencies without review
      inlinePolicy: |
        {
          "Version": "2012-10-17",
          "Statement": [
            {"Effect": "Allow", "Action": ["codepipeline:StartPipelineExecution", "codepipeline:Get*"], "Resource": "*"}
          ]
        }
      sessionHours: 2
    - {name: Developer, sessionHours: 8}
  assignments:
    - {group: developers, permissionSet: Developer, ous: [Workloads/NonProd, Sandbox]}
    - {group: developers, permissionSet: ViewOnly, ous: [Workloads]}
    - {group: developers, permissionSet: Deployer, accounts: [orders-prod]}
    - {group: platform, permissionSet: Administrator, ous: [Infrastructure, Workloads], management: true, breakGlass: true, reason: used when pipelines fail; each use is reviewed}
    - {group: "security / on-call", permissionSet: IncidentResponder, ous: [Workloads, Infrastructure, Security], management: true}
    - {group: "security / on-call", permissionSet: SecurityAudit, accounts: [audit, old-shop]}
`

func TestAZoneWithIdentityCenterIsAsItsSnapshot(t *testing.T) {
	a := assemblyOf(t, identityZone)
	data := a.stacks["Identity"]
	require.NotNil(t, data)
	compareSnapshot(t, "identity", &assembly{stacks: map[string]template{"Identity": data}})
}

var _ = fmt.Sprint
var _ = maps.Keys[map[string]int]
var _ = slices.Sorted[string]
var _ = strings.Join
