package survey

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/aws/smithy-go"
)

// Error says why an organization could not be read.
type Error struct {
	What string // what happened
	Why  string // the reason
	Do   string // what to do about it
	// Action is the IAM action that the caller lacks, "" for other errors.
	Action string
	// Cause is the answer of AWS behind it, if there was one.
	Cause error
}

func (e *Error) Error() string {
	text := e.What
	if e.Why != "" {
		text += ": " + e.Why
	}
	if e.Do != "" {
		text += "; " + e.Do
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// denied are the codes with which AWS refuses a caller who lacks a permission (API reference of AWS Organizations, "Common errors").
var denied = map[string]bool{"AccessDenied": true, "AccessDeniedException": true, "UnauthorizedOperation": true}

// expired are the codes of credentials that are no longer, or not yet, taken (AWS General Reference, "Common errors").
var expired = map[string]bool{"ExpiredToken": true, "ExpiredTokenException": true, "InvalidClientTokenId": true, "UnrecognizedClientException": true,
	"SignatureDoesNotMatch": true, "InvalidSignatureException": true, "RequestExpired": true}

// explain says what an answer means for the caller, whose ARN is who if it is known.
func (r *reader) explain(err error, who string) error {
	if e, is := errors.AsType[*Error](err); is {
		return e
	}
	action, code, message := "", "", err.Error()
	if o, is := errors.AsType[*smithy.OperationError](err); is {
		action = strings.ToLower(o.Service()) + ":" + o.Operation()
	}
	if a, is := errors.AsType[smithy.APIError](err); is {
		code, message = a.ErrorCode(), a.ErrorMessage()
	}
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, context.Canceled):
		return &Error{What: "the reading was interrupted", Cause: err}
	case denied[code]:
		return &Error{
			What:   "AWS refused " + action + strings.TrimSuffix(" to "+who, " to "),
			Why:    strings.TrimSuffix(message, "."),
			Do:     "give this identity the permission; reading the organization needs " + strings.Join(Actions(r.options), ", ") + ", and changes nothing",
			Action: action,
			Cause:  err,
		}
	case code == "AWSOrganizationsNotInUseException":
		return &Error{What: "the account of these credentials belongs to no organization", Why: strings.TrimSuffix(message, "."),
			Do: "use credentials of the management account; for a new organization leave out --from-organization: the first deploy creates it", Cause: err}
	case expired[code]:
		return &Error{What: "AWS does not accept the credentials", Why: fmt.Sprintf("%s: %s", code, strings.TrimSuffix(message, ".")),
			Do: "sign in again, for example with aws sso login, and run the same command", Cause: err}
	case code == "ParentNotFoundException" || code == "TargetNotFoundException":
		return &Error{What: "the organization changed while it was read", Why: strings.TrimSuffix(message, "."), Do: "run the same command again", Cause: err}
	case code != "":
		return &Error{What: fmt.Sprintf("AWS answered %s with %s", action, code), Why: strings.TrimSuffix(message, "."),
			Do: "run the same command again; it changes nothing", Cause: err}
	case strings.Contains(message, "get credentials") || strings.Contains(message, "failed to refresh cached credentials"):
		return &Error{What: "there are no credentials", Why: last(err),
			Do: "set AWS_PROFILE, or sign in to the management account in another way that the AWS CLI understands", Cause: err}
	case isNetwork:
		return &Error{What: "AWS cannot be reached for " + action, Why: network.Error(), Do: "look at the network, the proxy and AWS_ENDPOINT_URL, and run the same command again", Cause: err}
	}
	return &Error{What: "reading the organization failed", Why: message, Cause: err}
}

// last is the innermost error's text.
func last(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
