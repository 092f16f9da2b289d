// Package flagtest gives tests the configuration that a command has when no flag is given. The tags
// of a configuration are the only place of its defaults; the commands parse them, and so does this
// package.
//
// Start with Defaults. Only tests may import the package.
package flagtest
