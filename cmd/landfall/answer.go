package main

import (
	"encoding/json"
	"io"

	"github.com/landfall-aws/landfall/config"
)

// writeJSON prints an answer as people and programs read it.
func writeJSON(w io.Writer, answer any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(answer)
}

// badInput ends a command with what is wrong with its input, in the form of `landfall check`. Where JSON was asked for
// and the error consists of problems, answer gives what is printed with them.
func badInput(w io.Writer, err error, asJSON bool, answer func(config.Problems) any) error {
	problems, are := config.AsProblems(err)
	if asJSON && are {
		if err := writeJSON(w, answer(problems)); err != nil {
			return err
		}
		return exit{code: exitInput}
	}
	text := "landfall: " + err.Error()
	if are {
		text = problems.Error()
		if !problems.Unreadable() {
			text += "\n" + count(len(problems), "problem")
		}
	}
	return exit{code: exitInput, text: text}
}
