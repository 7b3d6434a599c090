// Command landfall-app is the CDK app: it turns config/landing-zone.yaml into CloudFormation stacks.
package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/landfall-aws/landfall/config"
	"github.com/landfall-aws/landfall/constructs"
	"github.com/landfall-aws/landfall/internal/zone"
	"github.com/landfall-aws/landfall/stacks"
)

//go:embed cdk.json
var cdkJSON []byte

func main() {
	defer jsii.Close()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		jsii.Close()
		os.Exit(1)
	}
}

// run synthesizes the zone of the file that LANDFALL_CONFIG names, config/landing-zone.yaml by default.
func run() error {
	file := os.Getenv("LANDFALL_CONFIG")
	if file == "" {
		file = "config/landing-zone.yaml"
	}
	c, problems := config.Load(file)
	if len(problems) > 0 {
		return problems
	}
	handler, err := constructs.FindHandler(".")
	if err != nil {
		return err
	}
	var settings struct{ Context map[string]any }
	if err := json.Unmarshal(cdkJSON, &settings); err != nil {
		return fmt.Errorf("reading cdk.json: %w", err)
	}
	outdir := os.Getenv("CDK_OUTDIR")
	if outdir == "" {
		outdir = "cdk.out"
	}
	// The catalogue is applied while the CDK's process starts.
	props := async(func() (*stacks.Props, error) {
		return stacks.NewProps(zone.Resolve(c), file, handler, settings.Context)
	})
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:             jsii.String(outdir),
		Context:            &settings.Context,
		AnalyticsReporting: jsii.Bool(false),
		TreeMetadata:       jsii.Bool(false),
	})
	p, err := props()
	if err != nil {
		return err
	}
	if err := stacks.Add(app, p); err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

// async calls a function in the background, and returns one that waits for its result.
func async[T any](f func() (T, error)) func() (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := f()
		done <- result{value, err}
	}()
	return func() (T, error) {
		r := <-done
		return r.value, r.err
	}
}
