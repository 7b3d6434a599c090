package config

import (
	"maps"
	"slices"
	"strings"
)

// OUPaths returns the paths of the default OUs, the given ones and all their parents, sorted, so that
// parents come before children.
func OUPaths(extra []string) []string {
	paths := map[string]bool{}
	for _, p := range append(DefaultOUs(), extra...) {
		for p != "" {
			paths[p] = true
			p = p[:max(strings.LastIndex(p, "/"), 0)]
		}
	}
	return slices.Sorted(maps.Keys(paths))
}
