package organization

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// Pending says that the wished state is not reached yet and that the same step must be
// made again, after some seconds.
type Pending struct {
	// Reason says what is waited for, as a clause ("the account is being created").
	Reason string
	// Grace, when not zero, bounds the wait: once the operation is older, Otherwise is the outcome.
	Grace     time.Duration
	Otherwise *Failure
	// Cause is the answer of AWS that made the step wait, if one did.
	Cause error
}

func (p *Pending) Error() string {
	if p.Cause != nil {
		return fmt.Sprintf("pending: %s: %v", p.Reason, p.Cause)
	}
	return "pending: " + p.Reason
}

// Unwrap returns the cause.
func (p *Pending) Unwrap() error { return p.Cause }

// Failure is an outcome that waiting does not change.
type Failure struct {
	What string // what happened
	Why  string // the reason
	Do   string // what the user can do about it
	// Key is the key of the user's file that is to blame, where it is another than the resource's own.
	Key string
	// Cause is the answer of AWS behind it, if there was one.
	Cause error
}

func (f *Failure) Error() string {
	text := sentence("", f.What) + sentence(" Why: ", f.Why) + sentence(" What to do: ", f.Do)
	if f.Cause != nil {
		text += sentence(" AWS: ", brief(f.Cause))
	}
	return text
}

func sentence(label, text string) string {
	if text == "" {
		return ""
	}
	return label + strings.TrimSuffix(text, ".") + "."
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Cause }

// brief is an error of AWS without request ids and protocol words.
func brief(err error) string {
	var operation *smithy.OperationError
	var api smithy.APIError
	name := ""
	if errors.As(err, &operation) {
		name = operation.Operation() + " answered "
	}
	if errors.As(err, &api) {
		return fmt.Sprintf("%s%s: %s", name, api.ErrorCode(), api.ErrorMessage())
	}
	return err.Error()
}

// Time that AWS gets to make a change visible before a missing thing counts as an error.
const (
	// permissionGrace covers the propagation of a changed IAM role ("Troubleshoot IAM:
	// changes that I make are not always immediately visible", IAM User Guide).
	permissionGrace = time.Minute
	// visibilityGrace covers the eventual consistency of Organizations ("AWS Organizations
	// uses an eventually consistent model", API Reference).
	visibilityGrace = 3 * time.Minute
	// keyGrace covers an alias and a key policy made moments ago in another account (KMS
	// Developer Guide, "Eventual consistency").
	keyGrace = 10 * time.Minute
)

// code is the error code of an API answer, "" for other errors.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// transientCodes are error codes after which the same request can succeed (API Reference
// of AWS Organizations, KMS, CloudFormation and "Common errors").
var transientCodes = map[string]bool{
	"TooManyRequestsException":         true,
	"ConcurrentModificationException":  true,
	"ServiceException":                 true,
	"PolicyChangesInProgressException": true,
	"FinalizingOrganizationException":  true,
	"Throttling":                       true,
	"ThrottlingException":              true,
	"RequestLimitExceeded":             true,
	"InternalFailure":                  true,
	"InternalError":                    true,
	"ServiceUnavailable":               true,
	"KMSInternalException":             true,
	"DependencyTimeoutException":       true,
	"RequestTimeout":                   true,
	"RequestTimeoutException":          true,
	"RequestExpired":                   true,
	"ExpiredToken":                     true,
	"ExpiredTokenException":            true,
}

var deniedCodes = map[string]bool{"AccessDenied": true, "AccessDeniedException": true,
	"AccessDeniedForDependencyException": true, "UnauthorizedOperation": true}

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
	// An answer that is cut off cannot be read.
	var unreadable *smithy.DeserializationError
	if errors.As(err, &unreadable) {
		return true
	}
	var connection interface{ ConnectionError() bool }
	return errors.As(err, &network) || errors.As(err, &connection)
}

// outcome turns what a step ended with into nil, a *Pending or a *Failure. What names the
// step as a clause without a subject ("creating the OU Workloads").
func outcome(err error, what string) error {
	var pending *Pending
	var failure *Failure
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pending):
		return pending
	case errors.As(err, &failure):
		return failure
	case deniedCodes[code(err)]:
		denied := &Failure{
			What:  "AWS refused " + what,
			Why:   "the handler's role lacks a permission, or a service control policy denies it, or this is not the management account",
			Do:    "Deploy with credentials of the management account and look at the answer for the missing permission",
			Cause: err,
		}
		return &Pending{Reason: what + " was refused", Grace: permissionGrace, Otherwise: denied, Cause: err}
	case code(err) == "AWSOrganizationsNotInUseException":
		return &Pending{Reason: "the organization is not visible yet", Grace: visibilityGrace, Cause: err, Otherwise: &Failure{
			What:  what + " is not possible",
			Why:   "this account has no organization",
			Do:    "Deploy the organization first, with credentials of the management account",
			Cause: err,
		}}
	case code(err) == "FinalizingOrganizationException":
		return &Pending{Reason: "AWS is still initializing the organization, which can take up to an hour", Cause: err}
	case transient(err):
		return &Pending{Reason: what + " met a passing failure", Cause: err}
	}
	why, do := explainConstraint(constraintReason(err))
	if do == "" {
		do = "Correct what the answer of AWS names, then run the same command again"
	}
	return &Failure{What: what + " failed", Why: why, Do: do, Cause: err}
}

// explainConstraint turns the Reason of a ConstraintViolationException into a reason and a
// remedy for the user; both are empty for reasons that speak for themselves (API Reference,
// type ConstraintViolationException, November 2026).
func explainConstraint(reason string) (why, do string) {
	switch reason {
	case "ACCOUNT_NUMBER_LIMIT_EXCEEDED":
		return "the organization has as many accounts as its quota allows (10 by default, less for some new ones, counting the management account and closed accounts for 90 days)",
			"Ask for a higher \"Default maximum number of accounts\" in the Service Quotas console of the management account in us-east-1, then run the same command again"
	case "OU_DEPTH_LIMIT_EXCEEDED":
		return "OUs can be at most 5 levels below the root", "Use a shorter OU path"
	case "OU_NUMBER_LIMIT_EXCEEDED":
		return "an organization can have at most 2,000 OUs", "Use fewer OUs"
	case "MAX_TAG_LIMIT_EXCEEDED":
		return "a resource can have at most 50 tags", "Remove tags"
	case "TAG_POLICY_VIOLATION":
		return "a tag policy of the organization does not allow the tags", "Change the tags or the tag policy"
	case "ACCOUNT_CREATION_NOT_COMPLETE", "MASTER_ACCOUNT_MISSING_CONTACT_INFO", "MASTER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED",
		"INVALID_PAYMENT_INSTRUMENT":
		return "the management account itself is not completely set up (contact information, payment method, phone verification)",
			"Complete it in the Billing and Account consoles as root user, then run the same command again"
	case "ORGANIZATION_NOT_IN_ALL_FEATURES_MODE":
		return "the organization has consolidated billing only", "Enable all features in the AWS Organizations console first"
	}
	return "", ""
}
