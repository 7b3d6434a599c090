package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/landfall-aws/landfall/stacks"
)

// mendByVerifying moves an account by hand. A plain deployment does not see that; one that verifies moves it back and
// writes nothing else, and the next one without writes nothing either.
func mendByVerifying(ctx context.Context, r *rehearsal) error {
	before, err := r.live.organization(ctx)
	if err != nil {
		return err
	}
	moved, err := before.account("aws+orders-prod@example.com")
	if err != nil {
		return err
	}
	api := organizations.NewFromConfig(r.live.management())
	parents, err := api.ListParents(ctx, &organizations.ListParentsInput{ChildId: aws.String(moved.ID)})
	if err != nil {
		return err
	}
	if _, err := api.MoveAccount(ctx, &organizations.MoveAccountInput{
		AccountId: aws.String(moved.ID), SourceParentId: parents.Parents[0].Id, DestinationParentId: aws.String(before.OUs["Sandbox"]),
	}); err != nil {
		return fmt.Errorf("moving an account by hand: %w", err)
	}

	mark := r.zone.front.mark()
	if err := r.report.step("  cdk deploy, which does not see it", func() error {
		_, err := r.zone.deploy(ctx, r.assembly)
		return err
	}); err != nil {
		return err
	}
	if err := expect(r.zone.front.since(mark)); err != nil {
		return err
	}

	// The CDK CLI hands the context of its command line to the app in this variable.
	values, err := json.Marshal(map[string]string{stacks.VerifyContext: "rehearsed"})
	if err != nil {
		return err
	}
	r.context = string(values)
	calls, err := r.edit(ctx, "verify", func(map[string]any) error { return nil })
	if err != nil {
		return err
	}
	if err := expect(calls, "MoveAccount"); err != nil {
		return err
	}
	r.context = ""
	if calls, err = r.edit(ctx, "verified", func(map[string]any) error { return nil }); err != nil {
		return err
	}
	if err := expect(calls); err != nil {
		return err
	}
	return r.sameAccounts(ctx, before)
}
