//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/detective"
	"github.com/aws/aws-sdk-go-v2/service/inspector2"
	"github.com/aws/aws-sdk-go-v2/service/macie2"
)

// turnServicesOn turns on the detection services that are off in the default file, and asks each as the audit account
// whether it covers accounts that come later, in every governed Region.
func turnServicesOn(ctx context.Context, r *rehearsal) error {
	mark := len(r.zone.front.fake.writes())
	calls, err := r.edit(ctx, "services", func(c map[string]any) error {
		services, _ := c["services"].(map[string]any)
		if services == nil {
			services = map[string]any{}
		}
		for _, name := range []string{"inspector", "macie", "detective"} {
			services[name] = map[string]any{"enabled": true}
		}
		c["services"] = services
		return nil
	})
	if err != nil {
		return err
	}
	if err := expect(calls, "EnableAWSServiceAccess", "EnableAWSServiceAccess", "EnableAWSServiceAccess"); err != nil {
		return err
	}
	if len(r.zone.front.fake.writes()) == mark {
		return errors.New("the deploy that turns services on wrote to none of them")
	}
	organization, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	audit, err := organization.account("aws+audit@example.com")
	if err != nil {
		return err
	}
	for _, region := range r.configuration["regions"].(map[string]any)["governed"].([]any) {
		config, err := r.live.config(ctx, audit.ID, region.(string))
		if err != nil {
			return err
		}
		if err := everyServiceCoversNewAccounts(ctx, config); err != nil {
			return fmt.Errorf("in %s: %w", region, err)
		}
	}
	return nil
}

// everyServiceCoversNewAccounts asks the optional services of a Region, as their administrator.
func everyServiceCoversNewAccounts(ctx context.Context, config aws.Config) error {
	scans, err := inspector2.NewFromConfig(config).DescribeOrganizationConfiguration(ctx, &inspector2.DescribeOrganizationConfigurationInput{})
	if err != nil {
		return fmt.Errorf("asking Inspector: %w", err)
	}
	if on := scans.AutoEnable; on == nil || !aws.ToBool(on.Ec2) || !aws.ToBool(on.Ecr) || !aws.ToBool(on.Lambda) {
		return fmt.Errorf("new accounts are not scanned by Inspector for EC2, ECR and Lambda: %+v", on)
	}
	data, err := macie2.NewFromConfig(config).DescribeOrganizationConfiguration(ctx, &macie2.DescribeOrganizationConfigurationInput{})
	if err != nil {
		return fmt.Errorf("asking Macie: %w", err)
	}
	if !aws.ToBool(data.AutoEnable) {
		return errors.New("new accounts do not get Macie")
	}
	client := detective.NewFromConfig(config)
	graphs, err := client.ListGraphs(ctx, &detective.ListGraphsInput{})
	if err != nil {
		return fmt.Errorf("asking Detective for its graphs: %w", err)
	}
	if len(graphs.GraphList) != 1 {
		return fmt.Errorf("there are %d behavior graphs of Detective, but must be one", len(graphs.GraphList))
	}
	graph, err := client.DescribeOrganizationConfiguration(ctx, &detective.DescribeOrganizationConfigurationInput{GraphArn: graphs.GraphList[0].Arn})
	if err != nil {
		return fmt.Errorf("asking Detective: %w", err)
	}
	if !graph.AutoEnable {
		return errors.New("new accounts do not get Detective")
	}
	return nil
}
