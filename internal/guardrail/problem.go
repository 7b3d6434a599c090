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
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Path != "" {
		return fmt.Sprintf("%s: %s: %s", place, strings.TrimPrefix(p.Path, "$."), p.Message)
	}
	return fmt.Sprintf("%s: %s", place, p.Message)
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
