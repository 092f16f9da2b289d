// Command loadtide is Loadtide's one binary, a subcommand per role.
//
// Start with main.go, the table of commands; each command has a small file that
// reads its flags, builds what it needs, runs it and passes signals on. `up`
// wires every role in one process with an embedded server. What a role does
// lives in its own package under services.
package main
