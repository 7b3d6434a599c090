// Package states runs the definition of a state machine as AWS Step Functions does, as far as the zone's state machines
// need it: tasks, choices and ends, with JSONata, variables, retries and catches (Amazon States Language;
// Step Functions developer guide, state-task, state-choice, concepts-error-handling and transforming-data).
// What it does not know is an error, never ignored.
package states

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/blues/jsonata-go"
)

// Names of errors that Step Functions itself raises.
const (
	All                  = "States.ALL"
	TaskFailed           = "States.TaskFailed"
	Timeout              = "States.Timeout"
	QueryEvaluationError = "States.QueryEvaluationError"
	Runtime              = "States.Runtime"
)

// Error is a failure with the name by which retries and catches know it.
type Error struct{ Name, Cause string }

func (e *Error) Error() string { return e.Name + ": " + e.Cause }

// Call does what a task asks for; resource is the task's ARN. An error that is no *Error is a TaskFailed.
type Call func(resource string, arguments map[string]any) (any, error)

// Machine is a state machine.
type Machine struct {
	StartAt string
	States  map[string]State
}

type definition struct {
	Comment        string
	QueryLanguage  string
	StartAt        string
	TimeoutSeconds int
	States         map[string]State
}

// State is one state.
type State struct {
	Type           string
	Resource       string
	Arguments      map[string]any
	TimeoutSeconds int
	Assign         map[string]any
	Retry          []Retry
	Catch          []Catch
	Choices        []Choice
	Default        string
	Next           string
	End            bool
}

// Retry says how often a task is tried again.
type Retry struct {
	ErrorEquals                                   []string
	IntervalSeconds, MaxAttempts, MaxDelaySeconds int
	BackoffRate                                   float64
	JitterStrategy                                string
}

// Catch says where a task that failed goes on.
type Catch struct {
	ErrorEquals []string
	Assign      map[string]any
	Next        string
}

// Choice says where to go on when the condition is true.
type Choice struct {
	Condition string
	Next      string
}

// Parse reads a definition and checks what CreateStateMachine checks: that each state exists, is reached, is of a known
// type and goes on or ends, and that each expression can be read.
func Parse(text []byte) (*Machine, error) {
	var d definition
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil {
		return nil, fmt.Errorf("reading the definition of the state machine: %w", err)
	}
	if d.QueryLanguage != "JSONata" {
		return nil, fmt.Errorf("the query language is %q, and only JSONata is known", d.QueryLanguage)
	}
	m := &Machine{d.StartAt, d.States}
	return m, m.check()
}

func (m *Machine) check() error {
	reached := map[string]bool{m.StartAt: true}
	var problems []error
	for name, s := range m.States {
		var goesTo []string
		for _, c := range s.Choices {
			goesTo = append(goesTo, c.Next)
			problems = append(problems, readable(name, c.Condition))
		}
		for _, c := range s.Catch {
			goesTo = append(goesTo, c.Next)
			problems = append(problems, readable(name, c.Assign))
		}
		problems = append(problems, readable(name, s.Arguments), readable(name, s.Assign))
		switch s.Type {
		case "Task":
			if (s.Next == "") != s.End {
				problems = append(problems, fmt.Errorf("state %s must have either Next or End", name))
			}
			if !s.End {
				goesTo = append(goesTo, s.Next)
			}
		case "Choice":
			goesTo = append(goesTo, s.Default)
		case "Succeed":
		default:
			problems = append(problems, fmt.Errorf("state %s is of type %q, which no test knows", name, s.Type))
		}
		for _, next := range goesTo {
			reached[next] = true
			if _, is := m.States[next]; !is {
				problems = append(problems, fmt.Errorf("state %s goes on to %q, which does not exist", name, next))
			}
		}
	}
	for name := range m.States {
		if !reached[name] {
			problems = append(problems, fmt.Errorf("no state goes on to %s", name))
		}
	}
	if _, is := m.States[m.StartAt]; !is {
		problems = append(problems, fmt.Errorf("it starts at %q, which does not exist", m.StartAt))
	}
	return errors.Join(problems...)
}

// readable says whether the expressions in a value can be compiled.
func readable(state string, value any) error {
	switch v := value.(type) {
	case string:
		if text, is := expression(v); is {
			if _, err := jsonata.Compile(text); err != nil {
				return fmt.Errorf("state %s: %w in %s", state, err, text)
			}
		}
	case map[string]any:
		for _, item := range v {
			if err := readable(state, item); err != nil {
				return err
			}
		}
	case []any:
		for _, item := range v {
			if err := readable(state, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// expression is the JSONata of a string, if it is one.
func expression(s string) (string, bool) {
	rest, opens := strings.CutPrefix(s, "{%")
	text, closes := strings.CutSuffix(rest, "%}")
	return strings.TrimSpace(text), opens && closes
}

// maxSteps bounds an execution, which has no loop.
const maxSteps = 100

// Run executes the machine with an input, without waiting between retries. The error is that of the execution.
func (m *Machine) Run(input []byte, call Call) error {
	var in any
	if err := json.Unmarshal(input, &in); err != nil {
		return &Error{Runtime, "the input is no JSON: " + err.Error()}
	}
	e := &execution{call: call, input: in, variables: map[string]any{}}
	at := m.StartAt
	for range maxSteps {
		next, err := e.enter(m.States[at])
		if err != nil {
			return fmt.Errorf("state %s: %w", at, err)
		}
		if next == "" {
			return nil
		}
		at = next
	}
	return &Error{Runtime, "the execution does not end"}
}

// execution is one run.
type execution struct {
	call      Call
	input     any
	variables map[string]any
}

// enter runs a state and returns the next one, "" at the end.
func (e *execution) enter(s State) (string, error) {
	switch s.Type {
	case "Choice":
		for _, c := range s.Choices {
			chosen, err := e.value(c.Condition, nil)
			if err != nil {
				return "", err
			}
			if yes, is := chosen.(bool); !is {
				return "", &Error{QueryEvaluationError, fmt.Sprintf("the condition is %v, not true or false", chosen)}
			} else if yes {
				return c.Next, nil
			}
		}
		return s.Default, nil
	case "Task":
		return e.task(s)
	}
	return "", nil
}

func (e *execution) task(s State) (string, error) {
	tries := map[int]int{}
	for {
		failure := e.try(s)
		if failure == nil {
			return s.Next, nil
		}
		if i := slices.IndexFunc(s.Retry, func(r Retry) bool { return matches(r.ErrorEquals, failure.Name) }); i >= 0 && tries[i] < s.Retry[i].MaxAttempts {
			tries[i]++
			continue
		}
		i := slices.IndexFunc(s.Catch, func(c Catch) bool { return matches(c.ErrorEquals, failure.Name) })
		if i < 0 {
			return "", failure
		}
		assigned, err := e.value(s.Catch[i].Assign, map[string]any{"errorOutput": map[string]any{"Error": failure.Name, "Cause": failure.Cause}})
		if err != nil {
			return "", err
		}
		e.assign(assigned)
		return s.Catch[i].Next, nil
	}
}

// matches says whether a retry or catch is about an error. No name but its own matches a Runtime error, and
// TaskFailed matches all that fails in the task but a Timeout.
func matches(names []string, name string) bool {
	switch {
	case slices.Contains(names, name):
		return true
	case name == Runtime:
		return false
	case slices.Contains(names, All):
		return true
	}
	return slices.Contains(names, TaskFailed) && name != Timeout && name != QueryEvaluationError
}

func (e *execution) try(s State) *Error {
	arguments, err := e.value(s.Arguments, nil)
	if err != nil {
		return named(err)
	}
	with, _ := arguments.(map[string]any)
	result, err := e.call(s.Resource, with)
	if err != nil {
		return named(err)
	}
	assigned, err := e.value(s.Assign, map[string]any{"result": result})
	if err != nil {
		return named(err)
	}
	e.assign(assigned)
	return nil
}

func named(err error) *Error {
	if e, is := errors.AsType[*Error](err); is {
		return e
	}
	return &Error{TaskFailed, err.Error()}
}

func (e *execution) assign(values any) {
	m, _ := values.(map[string]any)
	for name, value := range m {
		e.variables[name] = value
	}
}

// value evaluates what is an expression in a value; more are members of $states beyond its context.
func (e *execution) value(v any, more map[string]any) (any, error) {
	switch v := v.(type) {
	case string:
		text, is := expression(v)
		if !is {
			return v, nil
		}
		return e.evaluate(text, more)
	case map[string]any:
		out := map[string]any{}
		for key, item := range v {
			value, err := e.value(item, more)
			if err != nil {
				return nil, err
			}
			out[key] = value
		}
		return out, nil
	}
	return v, nil
}

func (e *execution) evaluate(text string, more map[string]any) (result any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &Error{QueryEvaluationError, fmt.Sprint(r)}
		}
	}()
	compiled, err := jsonata.Compile(text)
	if err != nil {
		return nil, &Error{QueryEvaluationError, err.Error()}
	}
	all := map[string]any{"context": map[string]any{"Execution": map[string]any{"Input": e.input}}, "input": e.input}
	for key, value := range more {
		all[key] = value
	}
	variables := map[string]any{"states": all}
	for name, value := range e.variables {
		variables[name] = value
	}
	if err := compiled.RegisterVars(variables); err != nil {
		return nil, &Error{QueryEvaluationError, err.Error()}
	}
	result, err = compiled.Eval(nil)
	if err != nil {
		return nil, &Error{QueryEvaluationError, err.Error()}
	}
	return result, nil
}
