package service

// LogFlags configure the log of a process.
type LogFlags struct {
	Format string `name:"log-format" env:"LOADTIDE_LOG_FORMAT" enum:"auto,console,json" default:"auto" help:"Form of the log: console, json, or auto (console on a terminal, else json)."`
	Level  string `name:"log-level" env:"LOADTIDE_LOG_LEVEL" enum:"debug,info,warn,error" default:"info" help:"Least level that is logged: debug, info, warn, error."`
}

// NATSFlags say where the NATS server is, for every role but up, which brings its own.
type NATSFlags struct {
	URL string `name:"nats-url" env:"LOADTIDE_NATS_URL" default:"nats://127.0.0.1:4222" help:"NATS server, or several separated by commas."`
}

// DataFlags say where a role keeps its data.
type DataFlags struct {
	Dir string `name:"data-dir" env:"LOADTIDE_DATA_DIR" default:"./loadtide-data" help:"Folder of checkpoints, models and, with up, the streams."`
}

// AdminFlags say where the admin listener of a role listens. The default address of a role is in a
// tag of its command:
//
//	Admin service.AdminFlags `embed:"" set:"admin_listen=127.0.0.1:9466"`
type AdminFlags struct {
	Listen string `name:"admin-listen" env:"LOADTIDE_ADMIN_LISTEN" default:"${admin_listen}" help:"Address of /metrics, /healthz, /readyz and /debug/pprof."`
}
