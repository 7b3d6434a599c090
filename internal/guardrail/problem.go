package guardrail

import (
	"fmt"
	"strings"
)

// Problem is one mistake in a guardrail's file.
type Problem struct {
	// File is the path of the file, relative to the loaded file system.
	File string
	// Line counts from 1; 0 when the mistake belongs to the file as a whole.
	Line int
	// Path is the YAML path, as in $.statements[0].Action.
	Path string
	// Message says what is wrong, and what is allowed.
	Message string
}

func (p Problem) String() string {
	var parts []string
	switch {
	case p.Line > 0:
		parts = append(parts, fmt.Sprintf("%s:%d", p.File, p.Line))
	case p.File != "":
		parts = append(parts, p.File)
	}
	if p.Path != "" {
		parts = append(parts, strings.TrimPrefix(p.Path, "$."))
	}
	return strings.Join(append(parts, p.Message), ": ")
}

// Problems are all mistakes that were found, in the order of file and line.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].String()
	}
	return strings.Join(lines, "\n")
}
