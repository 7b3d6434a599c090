package zone

import (
	"hash/fnv"
	"slices"
	"strings"

	"github.com/landfall-aws/landfall/config"
)

// ShardCapacity is how many accounts one stack may hold. A CloudFormation stack holds at most 500
// resources (CloudFormation quotas, 2026-11-23); the margin is for what later versions add per stack.
const ShardCapacity = 400

// MaxAccounts is the largest number of workload accounts that a zone can hold.
const MaxAccounts = config.MaxAccounts

// Shard is the part of the accounts that one stack holds.
type Shard struct {
	// Name is "" for the first shard; others are strings of 0 and 1 that end in 1.
	Name     string
	Accounts []Account
}

// shards splits accounts by the leading bits of a hash of their names, as deep as the capacity asks
// for. Adding an account therefore touches its own shard only, until a shard overflows; then about
// half of that shard's accounts move to a new stack, where they are adopted by e-mail.
//
// A shard's name drops the trailing zeros of its bits, so that the shard that is split keeps its stack.
func shards(accounts []Account) []Shard {
	var out []Shard
	var split func(bits string, accounts []Account)
	split = func(bits string, accounts []Account) {
		if len(accounts) <= ShardCapacity || len(bits) == 32 {
			if len(accounts) > 0 || bits == "" {
				out = append(out, Shard{Name: strings.TrimRight(bits, "0"), Accounts: accounts})
			}
			return
		}
		var halves [2][]Account
		for _, a := range accounts {
			b := bit(a.Name, len(bits))
			halves[b] = append(halves[b], a)
		}
		split(bits+"0", halves[0])
		split(bits+"1", halves[1])
	}
	split("", accounts)
	slices.SortFunc(out, func(a, b Shard) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// bit is the n-th leading bit of the hash of an account name.
func bit(name string, n int) int {
	h := fnv.New64a()
	h.Write([]byte(name))
	// FNV's high bits hardly change between short names; the multiplication spreads them.
	return int(h.Sum64() * 0x9e3779b97f4a7c15 >> (63 - n) & 1)
}
