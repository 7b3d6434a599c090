package conformance_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/landfall-aws/landfall/test/rehearsal/conformance"
)

// output joins lines of test2json.
func output(lines ...string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

const (
	passed  = `{"Action":"pass","Test":"TestConformance/an_OU_is_listed"}`
	skipped = `{"Action":"output","Test":"TestConformance/an_OU_name_exists_once","Output":"=== RUN   TestConformance/an_OU_name_exists_once\n"}
{"Action":"output","Test":"TestConformance/an_OU_name_exists_once","Output":"    conformance_test.go:85: not on moto: creates a second OU: twice\n"}
{"Action":"output","Test":"TestConformance/an_OU_name_exists_once","Output":"    --- SKIP: TestConformance/an_OU_name_exists_once (0.00s)\n"}
{"Action":"skip","Test":"TestConformance/an_OU_name_exists_once"}`
	failed = `{"Action":"output","Test":"TestConformance/an_account_moves","Output":"    conformance_test.go:1: one\n"}
{"Action":"output","Test":"TestConformance/an_account_moves","Output":"    conformance_test.go:2: two\n"}
{"Action":"fail","Test":"TestConformance/an_account_moves"}
{"Action":"fail","Test":"TestConformance"}
{"Action":"fail"}`
)

func TestCasesAreCountedAndSkippedOnesSayWhy(t *testing.T) {
	results, err := conformance.Read(output("not of test2json", passed, skipped, `{"Action":"pass","Test":"TestConformance"}`))
	require.NoError(t, err)
	require.NoError(t, results.Err())
	assert.Equal(t, "2 cases: 1 passed, 1 skipped, 0 failed", results.String())
	assert.Equal(t, conformance.Case{Name: "an OU name exists once", Outcome: "skip", Note: "not on moto: creates a second OU: twice"}, results[1])
}

func TestAFailedCaseIsAnErrorWithWhatItPrinted(t *testing.T) {
	results, err := conformance.Read(output(passed, failed))
	require.NoError(t, err)
	require.ErrorContains(t, results.Err(), "an account moves")
	assert.ErrorContains(t, results.Err(), "conformance_test.go:2: two")
}

func TestASuiteInWhichNothingRanOrPassedIsNoSuccess(t *testing.T) {
	_, err := conformance.Read(output(`{"Action":"build-output","Output":"undefined: x\n"}`, `{"Action":"fail"}`))
	require.ErrorContains(t, err, "undefined: x")

	_, err = conformance.Read(output(passed, `{"Action":"output","Test":"TestConformance","Output":"panic: y\n"}`, `{"Action":"fail"}`))
	require.ErrorContains(t, err, "panic: y")

	results, err := conformance.Read(output(skipped))
	require.NoError(t, err)
	assert.Error(t, results.Err())
}
