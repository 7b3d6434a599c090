package organization

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/account"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

const (
	// attempts bounds how often the SDK sends one request that may be repeated. A step that
	// still fails is made again later, so this stays small.
	attempts = 4
	// backoffBase and backoffCap bound the wait between attempts: a random time up to
	// backoffBase doubled with each attempt (full jitter).
	backoffBase = 500 * time.Millisecond
	backoffCap  = 5 * time.Second
)

// Client reads and changes the organization of the account whose credentials it has.
type Client struct {
	account        *account.Client
	organizations  *organizations.Client
	cloudformation *cloudformation.Client
	cloudtrail     *cloudtrail.Client
	kms            *kms.Client
	sts            *sts.Client
	sso            *ssoadmin.Client
	identitystore  *identitystore.Client
	region         string
	now            func() time.Time
}

// Option changes how a client waits.
type Option func(*settings)

type settings struct {
	now     func() time.Time
	backoff func(attempt int) time.Duration
}

// WithClock sets the clock; time.Now by default.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithBackoff sets how long to wait before attempt 1, 2, … of a repeated request.
func WithBackoff(backoff func(attempt int) time.Duration) Option {
	return func(s *settings) { s.backoff = backoff }
}

// New makes a client. The Region of the configuration is where trusted access of StackSets
// is switched and where stacks are; AWS Organizations and
// Account Management have one endpoint per partition.
func New(config aws.Config, options ...Option) *Client {
	s := settings{now: time.Now, backoff: fullJitter}
	for _, option := range options {
		option(&s)
	}
	config = config.Copy()
	config.Retryer = func() aws.Retryer { return repeating(s.backoff) }
	return &Client{
		account:        account.NewFromConfig(config),
		organizations:  organizations.NewFromConfig(config),
		cloudformation: cloudformation.NewFromConfig(config),
		cloudtrail:     cloudtrail.NewFromConfig(config),
		kms:            kms.NewFromConfig(config),
		sts:            sts.NewFromConfig(config),
		sso:            ssoadmin.NewFromConfig(config),
		identitystore:  identitystore.NewFromConfig(config),
		region:         config.Region,
		now:            s.now,
	}
}

func fullJitter(attempt int) time.Duration {
	limit := backoffCap
	if attempt < 10 {
		limit = min(backoffCap, backoffBase<<attempt)
	}
	return rand.N(limit)
}

// repeating retries reads and writes that can be repeated without harm.
func repeating(backoff func(int) time.Duration) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = attempts
		o.RateLimiter = ratelimit.None
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return backoff(attempt), nil })
		o.Retryables = append([]retry.IsErrorRetryable{retry.RetryableErrorCode{Codes: map[string]struct{}{
			"ConcurrentModificationException":  {},
			"ServiceException":                 {},
			"PolicyChangesInProgressException": {},
		}}}, o.Retryables...)
	})
}

// once sends a request a single time. Creations use it: after an answer that leaves open
// whether something was created, the next step reads what exists before it creates again.
func once(o *organizations.Options) { o.Retryer = aws.NopRetryer{} }

// constraintReason is the Reason member of a ConstraintViolationException, "" for other errors.
func constraintReason(err error) string {
	var constraint *types.ConstraintViolationException
	if errors.As(err, &constraint) {
		return string(constraint.Reason)
	}
	return ""
}
