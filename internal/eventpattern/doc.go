// Package eventpattern parses event patterns of Amazon EventBridge and decides whether an event matches one.
//
// It knows the whole pattern language of event bus rules: values, "prefix", "suffix", "equals-ignore-case", "wildcard",
// "anything-but", "numeric", "cidr", "exists" and "$or" (EventBridge User Guide, "Comparison operators for use in event
// patterns"). The meaning is that of Event Ruler (https://github.com/aws/event-ruler), the library that AWS published
// as the matcher of EventBridge; test/eventruler compares this package with Event Ruler 2.1.0.
//
// # How a pattern matches
//
// Every field that a pattern names must match, and a field matches when any of its listed values does. Fields are known
// by their path: the keys from the root joined by dots, so {"a":{"b":…}} and {"a.b":…} name the same field. Keys and
// values are case-sensitive. Arrays of the event are transparent: a field inside an object inside an array is found
// under the path without the array, and an array of scalars gives its field several values.
//
// Array consistency: all matched fields must be reachable together. No two of them may lie in different elements of the
// same array, so {"a":{"b":[1],"c":[2]}} does not match {"a":[{"b":1},{"c":2}]}. Fields are tried in the order of their
// paths, which shows with {"exists": false}: a field counts as absent when no value of it is consistent with the array
// elements that the fields before it chose.
//
// "exists" looks at leaves only: objects, empty objects and empty arrays do not make a field exist, null does.
// Everything else needs a value too: {"anything-but": …} does not match a missing field.
//
// Numbers are compared by value when a double holds exactly their shortest decimal form (1, 1.0 and 1e0 are one value)
// and otherwise as they are written, which is why long unquoted identifiers still match themselves. Strings never equal
// numbers. Numeric ranges match numbers only. {"anything-but": 5} matches every present value that is not 5, of any
// type.
//
// Case is ignored letter by letter, by the upper and the lower case of each letter of the pattern, without locale.
//
// A string in a list that is an IP address matches each spelling of that address. IPv4 and IPv6 addresses are compared
// with each other by their first 4 bytes, a peculiarity of Event Ruler that is kept: {"cidr": "0.0.0.0/0"} matches every
// IPv6 address. IPv6 addresses that map IPv4 ones are taken as IPv4.
//
// # Where this package is stricter
//
// A pattern is refused here, although Event Ruler takes it, when it reads one way and works another:
//   - the same path given twice: Event Ruler refuses it or keeps the last one, as configured, and the User Guide is
//     silent; a key given twice in one object, since the JSON types of CloudFormation keep only one of them;
//   - an empty key, which Event Ruler never matches below the top level;
//   - "$or" that is not a list of two or more objects, which Event Ruler takes as a field of that name;
//   - operands of "numeric" and numbers of "anything-but" beyond ±5e9 or with more than six decimals, the limits that
//     the User Guide gives;
//   - text after the closing brace, and text that is not UTF-8.
//
// EventBridge also refuses patterns whose wildcards it finds too complex (User Guide, "Wildcard matching complexity").
// AWS does not publish the measure, so this package does not check it.
//
// # Where Event Ruler differs
//
// Event Ruler 2.1.0 judges the values of one list together, by the bytes of their texts. These defects of that are not
// followed here:
//   - a list with a "wildcard", excluded or not, and an operator that ignores case or a suffix beyond ASCII can match what
//     it should not and miss what it should match;
//   - an unquoted number in the event can match an IP address or block as if its digits were hexadecimal, and a number
//     too long for a double, listed before an address, can be missed;
//   - a list of a plain string, a numeric comparison and further operators can match its own string by chance only, from
//     one build of the same pattern to the next;
//   - on Java 17 some numbers of 17 digits or beyond 1e21 are taken as text, because that Java does not print them
//     shortest.
package eventpattern
