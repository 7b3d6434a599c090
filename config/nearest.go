package config

import "strings"

// Nearest returns the word that a person most likely meant: the same word in other case, else the one
// that takes the fewest edits, when these are at most a third of its length. "" when none is near.
func Nearest(word string, words []string) string {
	for _, w := range words {
		if strings.EqualFold(w, word) {
			return w
		}
	}
	best, bestDistance := "", 0
	lower := []rune(strings.ToLower(word))
	for _, w := range words {
		target := []rune(strings.ToLower(w))
		limit := max(1, len(target)/3)
		if best != "" {
			limit = min(limit, bestDistance-1)
		}
		if len(lower)-len(target) > limit || len(target)-len(lower) > limit {
			continue
		}
		if d := distance(lower, target, limit); d <= limit {
			best, bestDistance = w, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, replacements and swaps of neighbours that turn a
// into b (optimal string alignment). It gives up, with limit+1, once the number must exceed limit.
func distance(a, b []rune, limit int) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
			least = min(least, current[j])
		}
		// A swap can still reach back one row, hence the margin of one.
		if least > limit+1 {
			return limit + 1
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
