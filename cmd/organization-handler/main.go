// The organization-handler command is the Lambda function behind the custom resources of
// the organization stack. Its runtime is provided.al2023; the handler name of the function
// chooses between the two entry points of the CDK provider framework, "on-event" and
// "is-complete".
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/landfall-aws/landfall/internal/customresource"
	"github.com/landfall-aws/landfall/internal/organization"
	"github.com/landfall-aws/landfall/internal/security"
)

// requestTimeout bounds one attempt of one API request, far above what AWS needs and far
// below the time limit of the function.
const requestTimeout = 20 * time.Second

func main() {
	if err := run(context.Background(), os.Getenv("_HANDLER")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, name string) error {
	aws, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(requestTimeout)))
	if err != nil {
		return fmt.Errorf("loading the AWS configuration: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	handler := customresource.New(organization.New(aws), security.New(aws, log), time.Now, log)
	switch name {
	case "on-event":
		lambda.StartWithOptions(handler.OnEvent, lambda.WithContext(ctx))
	case "is-complete":
		lambda.StartWithOptions(handler.IsComplete, lambda.WithContext(ctx))
	default:
		return fmt.Errorf("the handler name (_HANDLER) is %q, but must be on-event or is-complete", name)
	}
	return nil
}
