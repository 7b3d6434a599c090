// Package policy is the AWS policy language: documents as data, and an evaluator
// for service control policies (SCPs), resource control policies (RCPs) and
// resource-based policies.
//
// [Parse] reads a document strictly, [Document.JSON] writes it in its smallest
// deterministic form, [Compile] prepares it for matching, [Evaluate] decides a
// request against the SCPs and RCPs of an account, [EvaluateResourcePolicy]
// against one resource-based policy, and [EvaluateLines] does so for a stream
// of JSON Lines.
//
// The semantics are those of the IAM User Guide (JSON policy element reference,
// "Condition operators", "Variables and tags", "Resource", "Single-valued vs.
// multivalued context keys") and of the Organizations User Guide
// (orgs_manage_policies_scps, orgs_manage_policies_rcps), read in November 2026.
// Where these pages leave room, this package decides as follows:
//
//   - A negated operator is the exact complement of its positive form for one
//     request value. A policy value that cannot be parsed, or whose variable has
//     no value, matches nothing: the positive operator fails, the negated one
//     holds.
//   - A context key with an empty list counts as absent. A key with one value is
//     single-valued, whether written as a string or as a list. A plain operator
//     (without ForAllValues or ForAnyValue) on a key with several values never
//     holds, negated or not, and such a key has no value as a variable.
//   - IfExists decides before the set operator: an absent key holds, also under
//     ForAnyValue.
//   - Four digits are a year, any other run of digits is epoch seconds.
//   - BinaryEquals compares decoded base64 on both sides.
//   - Substituted variables are literal text: a star in a tag value is no
//     wildcard.
//   - RCPs only deny. Allow statements in an RCP, RCPFullAWSAccess among them,
//     change nothing.
//
// The evaluator answers for any document that has one clear meaning.
// [Validate] says what Organizations would refuse to store.
package policy
