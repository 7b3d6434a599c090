package zone_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/internal/zone"
)

const file = `
zone: example
prefix: acme
regions:
  home: eu-west-1
  governed: [eu-west-1, us-west-2, ap-south-1]
  retired: [eu-west-2, sa-east-1]
email: aws+{account}@example.com
alerts:
  recipients: [b@example.com, a@example.com]
  chat:
    - {slack: {workspace: T0123ABCDEF, channel: C0123ABCDEF}}
    - {teams: {team: 01234567-89ab-cdef-0123-456789abcdef, tenant: 76543210-ba98-fedc-3210-ba9876543210, channel: 19%3Aabc123%40thread.tacv2}, tiers: [page, notify]}
security:
  audit: {name: audit-2, id: "111122223333"}
organizationalUnits: [Workloads/Staging, Teams/B, Teams/A]
accounts:
  - {name: orders-prod, ou: Workloads/Prod, tags: {team: orders, stage: prod}}
  - {name: orders-dev, ou: Workloads/NonProd}
  - {name: archive, ou: Teams/A, state: suspended}
  - {name: network, ou: Infrastructure, email: network@example.com}
logs: {expireAfterDays: 730}
trail: {dataEvents: {s3: write}, cloudWatchLogs: {enabled: false}}
tags: {owner: platform, team: all}
identityCenter:
  enabled: true
  productionOUs: [Workloads/Prod, Infrastructure]
  groups: [{name: b}, {name: a}]
  permissionSets:
    - {name: Own, managedPolicies: [SecurityAudit, ReadOnlyAccess]}
    - {name: Another, managedPolicies: [ReadOnlyAccess]}
  assignments:
    - {group: b, permissionSet: Own, ous: [Workloads/Prod, Teams/B], accounts: [orders-prod, network]}
    - {group: a, permissionSet: Own, ous: [Workloads]}
    - {group: a, permissionSet: Another, accounts: [orders-dev, audit-2], management: true}
`

func resolve(t require.TestingT, content string) *zone.Zone {
	c, problems := config.Parse("zone.yaml", []byte(content))
	require.NoError(t, problems.Err())
	return zone.Resolve(c)
}

// shuffled writes a YAML value again with its keys and list items in another order.
func shuffled(t require.TestingT, content string, rng *rand.Rand) string {
	var value yaml.MapSlice
	require.NoError(t, yaml.UnmarshalWithOptions([]byte(content), &value, yaml.UseOrderedMap()))
	var shuffle func(any)
	shuffle = func(v any) {
		switch v := v.(type) {
		case yaml.MapSlice:
			rng.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
			for _, item := range v {
				shuffle(item.Value)
			}
		case []any:
			rng.Shuffle(len(v), func(i, j int) { v[i], v[j] = v[j], v[i] })
			for _, item := range v {
				shuffle(item)
			}
		}
	}
	shuffle(value)
	out, err := yaml.Marshal(value)
	require.NoError(t, err)
	return string(out)
}

func TestTheOrderOfKeysAndListItemsDoesNotMatter(t *testing.T) {
	want := resolve(t, file)
	require.Len(t, want.Accounts, 4)
	rapid.Check(t, func(t *rapid.T) {
		other := shuffled(t, file, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		assert.Equal(t, want, resolve(t, other), other)
	})
}

func TestASuspendedAccountIsInTheOUSuspended(t *testing.T) {
	z := resolve(t, file)
	i := slices.IndexFunc(z.Accounts, func(a zone.Account) bool { return a.Name == "archive" })
	assert.Equal(t, config.OUSuspended, z.Accounts[i].OU)
	assert.True(t, z.Accounts[i].Suspended)
}

func TestAnAccountsTagWinsOverTheZones(t *testing.T) {
	z := resolve(t, file)
	i := slices.IndexFunc(z.Accounts, func(a zone.Account) bool { return a.Name == "orders-prod" })
	assert.Equal(t, map[string]string{"owner": "platform", "team": "orders", "stage": "prod"}, z.Accounts[i].Tags)
	assert.Equal(t, map[string]string{"owner": "platform", "team": "all"}, z.Tags)
}

func TestParentOUsComeBeforeTheirChildren(t *testing.T) {
	seen := map[string]bool{"": true}
	for _, ou := range resolve(t, file).OUs {
		assert.True(t, seen[ou.Parent()], ou.Path)
		assert.True(t, strings.HasSuffix(ou.Path, ou.Name()))
		seen[ou.Path] = true
	}
	assert.True(t, seen["Teams"])
}

// withAccounts is a zone with accounts of these names.
func withAccounts(names []string) *zone.Zone {
	c := config.Default()
	c.Email = "aws+{account}@example.com"
	for _, n := range names {
		c.Accounts = append(c.Accounts, config.Account{Name: n, OU: "Sandbox"})
	}
	return zone.Resolve(c)
}

// content lists the account names of each shard.
func content(z *zone.Zone) map[string]string {
	out := map[string]string{}
	for _, s := range z.Shards {
		var names []string
		for _, a := range s.Accounts {
			names = append(names, a.Name)
		}
		out[s.Name] = strings.Join(names, "\n")
	}
	return out
}

// families are ways in which teams number or word their accounts.
func families(n int) map[string][]string {
	out := map[string][]string{}
	for i := range n {
		out["numbers"] = append(out["numbers"], fmt.Sprint(i))
		out["a common start"] = append(out["a common start"], fmt.Sprintf("team-%04d", i))
		out["a common end"] = append(out["a common end"], fmt.Sprintf("%04d-workload-production", i))
		out["stages"] = append(out["stages"], fmt.Sprintf("team-%d-%s", i/4, []string{"dev", "test", "stage", "prod"}[i%4]))
	}
	return out
}

func TestNoShardHoldsMoreThanOneStackCan(t *testing.T) {
	for name, names := range families(config.MaxAccounts) {
		t.Run(name, func(t *testing.T) {
			z := withAccounts(names)
			total, shardNames := 0, map[string]bool{}
			for _, s := range z.Shards {
				assert.LessOrEqual(t, len(s.Accounts), zone.ShardCapacity)
				assert.False(t, shardNames[s.Name], "two shards are called %q", s.Name)
				shardNames[s.Name] = true
				total += len(s.Accounts)
			}
			assert.Equal(t, config.MaxAccounts, total)
			assert.LessOrEqual(t, len(z.Shards), 32, "the hash spreads the names")
			assert.True(t, shardNames[""])
		})
	}
}

func TestASmallZoneHasOneShard(t *testing.T) {
	for _, n := range []int{0, 1, zone.ShardCapacity} {
		z := withAccounts(families(n)["a common start"])
		require.Len(t, z.Shards, 1)
		assert.Empty(t, z.Shards[0].Name)
		assert.Len(t, z.Shards[0].Accounts, n)
	}
}

func TestAddingAnAccountTouchesOneShardOrSplitsOne(t *testing.T) {
	names := families(1500)["stages"]
	before := content(withAccounts(names[:zone.ShardCapacity-2]))
	splits := 0
	for n := zone.ShardCapacity - 1; n <= len(names); n++ {
		after := content(withAccounts(names[:n]))
		var changed []string
		for _, shard := range slices.Sorted(maps.Keys(after)) {
			if before[shard] != after[shard] {
				changed = append(changed, shard)
			}
		}
		for shard := range before {
			assert.Contains(t, after, shard, "a stack keeps its name when account %d comes", n)
		}
		if grown := len(after) - len(before); grown > 0 {
			splits++
			assert.Len(t, changed, grown+1, "a split changes the shard that overflowed and the new ones")
		} else {
			assert.Len(t, changed, 1)
		}
		before = after
	}
	assert.Positive(t, splits)
}

func TestShardsDoNotDependOnTheOrderOfAccounts(t *testing.T) {
	names := families(1000)["numbers"]
	want := content(withAccounts(names))
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	assert.Equal(t, want, content(withAccounts(names)))
}
