package stacks

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/landfall-aws/landfall/constructs"
)

// newAccountStacks adds the workload accounts, spread over as many stacks as their number needs.
func newAccountStacks(app awscdk.App, p *Props, organization *organizationStack) []awscdk.Stack {
	var out []awscdk.Stack
	for _, shard := range p.Zone.Shards {
		id, name := "Accounts", "accounts"
		if shard.Name != "" {
			id, name = id+"-"+shard.Name, name+"-"+shard.Name
		}
		stack := newStack(app, p, id, name, "workload accounts")
		stack.AddStackDependency(organization.Stack, nil)
		if len(shard.Accounts) == 0 {
			keepNotEmpty(stack)
		}
		accounts := group(stack, "Account")
		for _, a := range shard.Accounts {
			constructs.NewAccount(accounts, a.Name, organization.handler, a, p.Zone.Contacts)
		}
		out = append(out, stack)
	}
	return out
}
