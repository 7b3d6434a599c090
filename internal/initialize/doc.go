// Package initialize writes a zone's first file: from a few answers, or from a
// description of an organization that exists. It knows what the file can
// express, and says of everything else why it is left out. It reads and writes
// nothing itself.
package initialize
