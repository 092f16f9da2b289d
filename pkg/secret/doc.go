// Package secret holds text that nobody may read in a log, a message or a file: tokens, passwords.
//
// Start with Text. The configurations of clients use it. The package never shows a secret; only
// Text.Reveal returns it, for the one call that sends it to its server.
package secret
