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
	"github.com/landfall-aws/landfall/controls"
	"github.com/landfall-aws/landfall/internal/alert"
	"github.com/landfall-aws/landfall/internal/guardrail"
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
	z := zone.Resolve(c)
	guardrails, err := plannedGuardrails(z)
	if err != nil {
		return err
	}
	catalogue, err := alert.Load(controls.Alerts())
	if err != nil {
		return fmt.Errorf("loading the alerts: %w", err)
	}
	alerts := alert.For(z, catalogue)
	forwards, err := alert.Forwards(z, alerts)
	if err != nil {
		return fmt.Errorf("routing the alerts: %w", err)
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
	app := awscdk.NewApp(&awscdk.AppProps{
		Outdir:             jsii.String(outdir),
		Context:            &settings.Context,
		AnalyticsReporting: jsii.Bool(false),
	})
	err = stacks.Add(app, &stacks.Props{
		Zone:       z,
		Guardrails: guardrails,
		Alerts:     alerts,
		Forwards:   forwards,
		Handler:    handler,
		Context:    settings.Context,
	})
	if err != nil {
		return err
	}
	app.Synth(nil)
	return nil
}

func plannedGuardrails(z *zone.Zone) ([]guardrail.Policy, error) {
	catalogue, err := guardrail.Load(controls.Guardrails())
	if err != nil {
		return nil, fmt.Errorf("loading the guardrails: %w", err)
	}
	policies, err := guardrail.Plan(z, catalogue)
	if err != nil {
		return nil, fmt.Errorf("packing the guardrails: %w", err)
	}
	return policies, nil
}
