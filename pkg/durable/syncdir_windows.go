package durable

// SyncDir does nothing. Windows cannot sync a folder; its file systems keep a journal of names.
func SyncDir(string) error { return nil }
