// Package survey reads an organization of AWS as it is, with requests that
// change nothing: its OUs, accounts, tags, policy types, trusted access and
// delegated administrators. It knows the AWS Organizations API and how to say
// what a caller lacks to read it.
package survey
