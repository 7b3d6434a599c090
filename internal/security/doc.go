// Package security sets up security services for a whole organization, run from the audit
// account: who administers a service, in which Regions, what it does for all accounts. It
// knows the services' own ways of delegation with their asynchronous effects and ambiguous
// refusals, and nothing about CloudFormation events. Of AWS Organizations it reads the
// list of accounts only.
//
// Trusted access and the generic delegated administrators belong to package organization
// and come before. The client has the credentials of the management account; in the audit
// account it assumes a role, once for each step.
//
// Every Ensure function makes one reconcile step, as those of package organization do: it
// reads, compares, writes and reads again what it wrote. It first reads in all Regions who
// administers the service; when that is another account anywhere, nothing is changed
// anywhere. Then it sets up the home Region alone, and the others several at a time. It
// adopts what exists, adds to it, and disables nothing: a Region that is no longer named,
// a plan that is no longer wished, and a deleted resource stay as they are.
package security
