package security

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
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
	// parallelRegions is in how many Regions a step is made at the same time.
	parallelRegions = 6
	// sessionName is the name of the sessions in the audit account, as CloudTrail shows it.
	sessionName = "landfall-organization-handler"
)

// Client sets up security services with the credentials of the management account.
type Client struct {
	config   aws.Config
	log      *slog.Logger
	parallel int
}

// Option changes how a client works.
type Option func(*settings)

type settings struct {
	backoff  func(attempt int) time.Duration
	parallel int
}

// WithBackoff sets how long to wait before attempt 1, 2, … of a repeated request.
func WithBackoff(backoff func(attempt int) time.Duration) Option {
	return func(s *settings) { s.backoff = backoff }
}

// WithParallelRegions sets in how many Regions a step is made at the same time; with 1
// everything happens in the order of the Regions.
func WithParallelRegions(n int) Option { return func(s *settings) { s.parallel = n } }

// New makes a client. The log gets what is worth knowing although it is no error: adopted
// settings that differ, and features that a Region does not have.
func New(config aws.Config, log *slog.Logger, options ...Option) *Client {
	s := settings{backoff: fullJitter, parallel: parallelRegions}
	for _, option := range options {
		option(&s)
	}
	config = config.Copy()
	config.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.MaxAttempts = attempts
			o.RateLimiter = ratelimit.None
			o.Backoff = retry.BackoffDelayerFunc(func(attempt int, _ error) (time.Duration, error) { return s.backoff(attempt), nil })
		})
	}
	return &Client{config: config, log: log, parallel: max(1, s.parallel)}
}

func fullJitter(attempt int) time.Duration {
	limit := backoffCap
	if attempt < 10 {
		limit = min(backoffCap, backoffBase<<attempt)
	}
	return rand.N(limit)
}

// Zone says which account runs a service, and in which Regions.
type Zone struct {
	AuditAccountID string
	// RoleName names the role of the audit account that the handler assumes.
	RoleName string
	// HomeRegion is set up alone before all others.
	HomeRegion string
	// Regions may hold the home Region.
	Regions []string
}

// others returns the Regions without the home Region, each once, in the given order.
func (z Zone) others() []string {
	var regions []string
	for _, region := range z.Regions {
		if region != z.HomeRegion && !slices.Contains(regions, region) {
			regions = append(regions, region)
		}
	}
	return regions
}

func (z Zone) all() []string { return append([]string{z.HomeRegion}, z.others()...) }

// partition of the home Region (AWS General Reference, "Partitions").
func (z Zone) partition() string {
	switch {
	case strings.HasPrefix(z.HomeRegion, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(z.HomeRegion, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// session is one step in a zone. It keeps the credentials of the audit account for as long
// as the step takes.
type session struct {
	client *Client
	zone   Zone

	mu      sync.Mutex
	audit   *aws.Config
	members []account
}

func (c *Client) session(zone Zone) *session { return &session{client: c, zone: zone} }

// management returns the configuration of the management account in a Region.
func (s *session) management(region string) aws.Config {
	config := s.client.config.Copy()
	config.Region = region
	return config
}

// auditIn returns the configuration of the audit account in a Region.
func (s *session) auditIn(ctx context.Context, region string) (aws.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.audit == nil {
		config, err := s.assume(ctx)
		if err != nil {
			return aws.Config{}, err
		}
		s.audit = &config
	}
	config := s.audit.Copy()
	config.Region = region
	return config, nil
}

func (s *session) assume(ctx context.Context) (aws.Config, error) {
	role := fmt.Sprintf("arn:%s:iam::%s:role/%s", s.zone.partition(), s.zone.AuditAccountID, s.zone.RoleName)
	assumed, err := sts.NewFromConfig(s.management(s.zone.HomeRegion)).AssumeRole(ctx,
		&sts.AssumeRoleInput{RoleArn: aws.String(role), RoleSessionName: aws.String(sessionName)})
	if deniedCodes[code(err)] {
		return aws.Config{}, &Pending{Reason: "the role " + role + " cannot be assumed yet", Grace: permissionGrace, Cause: err, Otherwise: &Failure{
			What: "the handler cannot assume the role " + role,
			Why:  "the role does not exist, or does not trust the handler's role",
			Do:   "Look whether the stack instance that creates the role in the audit account has succeeded, then run the same command again", Cause: err}}
	}
	if err != nil {
		return aws.Config{}, outcome(err, "assuming the role "+role)
	}
	config := s.client.config.Copy()
	config.Credentials = credentials.NewStaticCredentialsProvider(aws.ToString(assumed.Credentials.AccessKeyId),
		aws.ToString(assumed.Credentials.SecretAccessKey), aws.ToString(assumed.Credentials.SessionToken))
	return config, nil
}

// parallelInRegions makes a step in the given Regions, several at the same time, and waits
// for all of them.
func (s *session) parallelInRegions(regions []string, step func(region string) error) []regionOutcome {
	outcomes := make([]regionOutcome, len(regions))
	run := func(i int) { outcomes[i] = regionOutcome{regions[i], step(regions[i])} }
	if s.client.parallel == 1 {
		for i := range regions {
			run(i)
		}
		return outcomes
	}
	var running sync.WaitGroup
	panics := make(chan any, len(regions))
	slots := make(chan struct{}, s.client.parallel)
	for i := range regions {
		slots <- struct{}{}
		running.Go(func() {
			defer func() {
				if panicked := recover(); panicked != nil {
					panics <- panicked
				}
				<-slots
			}()
			run(i)
		})
	}
	running.Wait()
	select {
	case panicked := <-panics:
		// The caller turns a panic into an error; here it would end the process.
		panic(panicked)
	default:
	}
	return outcomes
}

// everywhere makes a step in the home Region and, when that is done, in the others. Services
// register the delegated administrator of the organization with the first Region, and many
// first Regions at the same time refuse each other.
func (s *session) everywhere(step func(region string) error) error {
	if err := step(s.zone.HomeRegion); err != nil {
		return err
	}
	return combine(s.parallelInRegions(s.zone.others(), step))
}
