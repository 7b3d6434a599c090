// Command reference writes what is generated from the configuration's types:
// config/landing-zone.schema.json and docs/configuration.md. Both come from
// the comments in types.go, config.Rules and config.Default, so that the
// editor, the documentation and the checks cannot disagree.
//
// It runs in the directory config, by `go generate`.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// Paths of the generated files, from the directory config.
const (
	schemaFile    = "landing-zone.schema.json"
	referenceFile = "../docs/configuration.md"
)

func main() {
	if err := generate("."); err != nil {
		fmt.Fprintln(os.Stderr, "reference:", err)
		os.Exit(1)
	}
}

// generate writes both files; dir is the directory config.
func generate(dir string) error {
	files, err := render(dir)
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			return fmt.Errorf("write the generated file: %w", err)
		}
	}
	return nil
}

// render returns the generated files by their paths from dir, the directory config.
func render(dir string) (map[string][]byte, error) {
	root, err := keys(filepath.Join(dir, "types.go"))
	if err != nil {
		return nil, err
	}
	schema, err := schemaOf(root)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{schemaFile: schema, referenceFile: markdown(root)}, nil
}
