package security

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/landfall-aws/landfall/internal/organization"
)

type (
	// Pending says that the same step must be made again; see [organization.Pending].
	Pending = organization.Pending
	// Failure is an outcome that waiting does not change; see [organization.Failure].
	Failure = organization.Failure
)

const (
	// settleGrace is how long after the start of an operation a service may still answer as
	// if trusted access, a delegation or a service-linked role did not exist. The home Region
	// is done before the others begin, so it covers two such waits.
	settleGrace = 20 * time.Minute
	// permissionGrace covers a role that a StackSet made moments ago ("Troubleshoot IAM:
	// changes that I make are not always immediately visible", IAM User Guide).
	permissionGrace = 10 * time.Minute
	// repairGrace is how long a failed verification or association is started again.
	repairGrace = 10 * time.Minute
)

// code is the error code of an API answer, "" for other errors.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// message is the text of an API answer, "" for other errors.
func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return ""
}

// transientCodes are error codes after which the same request can succeed (API References
// of the services here and "Common errors").
var transientCodes = map[string]bool{
	"TooManyRequestsException":        true,
	"ConcurrentModificationException": true,
	"ServiceException":                true,
	"ServiceFailure":                  true,
	"ServiceFailureException":         true,
	"InternalException":               true,
	"InternalServerException":         true,
	"InternalServerErrorException":    true,
	"InternalFailure":                 true,
	"InternalError":                   true,
	"LimitExceededException":          true, // Security Hub answers it for request rates
	"Throttling":                      true,
	"ThrottlingException":             true,
	"RequestLimitExceeded":            true,
	"ServiceUnavailable":              true,
	"RequestTimeout":                  true,
	"RequestTimeoutException":         true,
	"RequestExpired":                  true,
}

// deniedCodes are the refusals for want of a permission.
var deniedCodes = map[string]bool{"AccessDenied": true, "AccessDeniedException": true, "UnauthorizedOperation": true}

// transient tells whether a request can succeed when it is made again. It is also true for
// failures that leave open whether the request had an effect.
func transient(err error) bool {
	if transientCodes[code(err)] || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	var response *awshttp.ResponseError
	if errors.As(err, &response) && response.HTTPStatusCode() >= http.StatusInternalServerError {
		return true
	}
	var network net.Error
	var connection interface{ ConnectionError() bool }
	return errors.As(err, &network) || errors.As(err, &connection)
}

// outcome turns what a step ended with into nil, a *Pending or a *Failure. What names the
// step as a clause without a subject ("setting up GuardDuty in eu-central-1").
func outcome(err error, what string) error {
	var pending *Pending
	var failure *Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &failure) && !errors.As(err, &pending):
		return failure
	case errors.As(err, &pending):
		return pending
	case deniedCodes[code(err)]:
		return &Pending{Reason: what + " was refused", Grace: permissionGrace, Cause: err, Otherwise: &Failure{
			What:  "AWS refused " + what,
			Why:   "the role of the handler, or its role in the audit account, lacks a permission, or a service control policy denies it",
			Do:    "Look at the answer for the missing permission, deploy the current version of both roles, and run the same command again",
			Cause: err,
		}}
	case transient(err):
		return &Pending{Reason: what + " met a passing failure", Cause: err}
	}
	return &Failure{What: what + " failed", Cause: err}
}

// settling is the outcome of an answer that AWS gives while an earlier change has not
// reached it, and also when something is really missing: it is waited for, and after
// settleGrace it is a failure.
func settling(what, missing, do string, err error) *Pending {
	return &Pending{Reason: what + " is not possible yet", Grace: settleGrace, Cause: err,
		Otherwise: &Failure{What: what + " failed", Why: missing, Do: do, Cause: err}}
}

// regionOutcome is what a step in one Region ended with.
type regionOutcome struct {
	region string
	err    error
}

// combine makes one outcome of several: a failure before what is pending, and the pending
// with the shortest grace for all of them.
func combine(outcomes []regionOutcome) error {
	var failed, waiting []regionOutcome
	for _, o := range outcomes {
		var pending *Pending
		switch {
		case o.err == nil:
		case errors.As(o.err, &pending):
			waiting = append(waiting, o)
		default:
			failed = append(failed, o)
		}
	}
	switch {
	case len(failed) > 0:
		var failure *Failure
		if !errors.As(failed[0].err, &failure) {
			return failed[0].err
		}
		return among(failure, failed)
	case len(waiting) > 0:
		return all(waiting)
	}
	return nil
}

// among adds to a failure in one Region where else something failed.
func among(failure *Failure, failed []regionOutcome) *Failure {
	if len(failed) == 1 {
		return failure
	}
	more := *failure
	more.Why = strings.TrimSuffix(more.Why, ".")
	if more.Why != "" {
		more.Why += "; "
	}
	more.Why += "it also failed in " + strings.Join(regionsOf(failed[1:]), ", ")
	return &more
}

func all(waiting []regionOutcome) *Pending {
	var first *Pending
	for _, o := range waiting {
		var pending *Pending
		errors.As(o.err, &pending)
		if first == nil || pending.Otherwise != nil && (first.Otherwise == nil || pending.Grace < first.Grace) {
			first = pending
		}
	}
	if len(waiting) == 1 {
		return first
	}
	whole := *first
	whole.Reason = fmt.Sprintf("%s (%d Regions wait: %s)", first.Reason, len(waiting), strings.Join(regionsOf(waiting), ", "))
	return &whole
}

func regionsOf(outcomes []regionOutcome) []string {
	regions := make([]string, len(outcomes))
	for i, o := range outcomes {
		regions[i] = o.region
	}
	slices.Sort(regions)
	return regions
}
