package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

// regions17 are the Regions that are enabled in every new account.
var regions17 = strings.Fields(`us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-central-1 eu-north-1 eu-west-1
	eu-west-2 eu-west-3 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2`)

// largeZone is a zone of many accounts and Regions.
func largeZone(tb testing.TB, accounts, regions int) *zone.Zone {
	var b strings.Builder
	fmt.Fprintf(&b, "zone: large\nregions: {home: us-east-1, governed: [%s]}\n", strings.Join(regions17[:regions], ", "))
	b.WriteString("email: aws+{account}@example.com\nalerts: {recipients: [security@example.com]}\naccounts:\n")
	ous := []string{"Workloads/Prod", "Workloads/NonProd", "Sandbox", "Infrastructure"}
	for i := range accounts {
		fmt.Fprintf(&b, "  - {name: team-%04d, ou: %s, tags: {team: t%d}}\n", i, ous[i%len(ous)], i%40)
	}
	return zoneOf(tb, b.String())
}

// longContacts are contacts as long as AWS takes them.
func longContacts() config.Contacts {
	c := config.Contact{Name: strings.Repeat("名", config.MaxContactNameLength), Title: strings.Repeat("職", config.MaxContactTitleLength),
		Email: strings.Repeat("e", config.MaxContactEmailLength-len("@example.com")) + "@example.com", Phone: strings.Repeat("1", config.MaxContactPhoneLength)}
	return config.Contacts{Security: c, Operations: c, Billing: c}
}

func TestNoStackOfALargeZoneComesNearTheLimitOfResources(t *testing.T) {
	// CloudFormation allows 500 resources in a stack and templates of 1 MB (CloudFormation quotas, 2026-11-23).
	const most, size = 500, 1_000_000
	z := largeZone(t, zone.MaxAccounts, 2)
	z.Contacts = longContacts()
	a := synthesize(t, z)
	total := 0
	for id, template := range a.stacks {
		n := len(template.resources(""))
		require.LessOrEqual(t, n, most, id)
		total += len(template.resources("Custom::LandfallAccount"))
	}
	require.Equal(t, zone.MaxAccounts+2, total, "every account is in a stack")
	for name, content := range bytesByFile(t, a.dir) {
		if strings.HasSuffix(name, ".template.json") {
			require.LessOrEqual(t, len(content), size, name)
		}
	}
}

// sortedKeys are the keys of a map in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
