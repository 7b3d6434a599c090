// Package fakeaws is an HTTP server that behaves as AWS Organizations, and as the few
// calls of Account Management, CloudFormation, CloudTrail, KMS, IAM and STS that belong to it, and as the security services, the parts of IAM Identity Center that belong to groups,
// that one account runs for an organization, for tests that run the real SDK. It keeps state: what one call writes, the next one reads, late if so configured.
//
// It models what makes organizations hard to automate: asynchronous account creation
// and policy types, finalization of a new organization, e-mail uniqueness, quotas,
// request rates, eventual consistency, pages that are empty, and lost answers. The
// documentation of each behaviour is the AWS Organizations API Reference page of the
// operation, unless a comment names another source.
//
// Signatures are not checked. The access key chooses the account that acts: keys that
// AssumeRole issued act in the account of the role, all others in the management account.
package fakeaws
