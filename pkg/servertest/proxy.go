package servertest

import (
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// Proxy is Toxiproxy between a client and a server.
type Proxy struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
	wall  net.Listener // what stands in its place after Refuse
}

// NewProxy starts a proxy before the server at address, as in http://127.0.0.1:5000.
func NewProxy(t testing.TB, address string) *Proxy {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	for try := 1; ; try++ {
		own, err := FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		p := toxiproxy.NewProxy(server, "server", own, u.Host)
		err = p.Start()
		if err == nil {
			t.Cleanup(p.Stop)
			return &Proxy{t: t, proxy: p}
		}
		if try == mostProxies { // a program that is no test may take an address first
			t.Fatal(err)
		}
	}
}

// mostProxies is how many addresses NewProxy tries.
const mostProxies = 5

// URL is the address of the proxy; it stays when the proxy is off.
func (p *Proxy) URL() string { return "http://" + p.proxy.Listen }

// Off refuses connections and cuts those that are open.
func (p *Proxy) Off() { p.proxy.Stop() }

// Refuse cuts the connections that are open, and from then on closes each new one at once. It
// returns how many connections were closed so far.
func (p *Proxy) Refuse() (refused func() int) {
	p.t.Helper()
	p.Off()
	wall, err := net.Listen("tcp", p.proxy.Listen) //nolint:noctx // it waits for nobody
	if err != nil {
		p.t.Fatal(err)
	}
	p.wall = wall
	p.t.Cleanup(func() { _ = wall.Close() }) // it may be closed already
	var count atomic.Int64
	go func() {
		for {
			conn, err := wall.Accept()
			if err != nil {
				return // it was closed
			}
			_ = conn.Close() // that is all it is for
			count.Add(1)
		}
	}()
	return func() int { return int(count.Load()) }
}

// On lets connections through again.
func (p *Proxy) On() {
	p.t.Helper()
	if p.wall != nil {
		_ = p.wall.Close() // the port must be free
		p.wall = nil
	}
	if err := p.proxy.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// Add puts one of Toxiproxy's faults, in its JSON form, on what the server answers, and returns
// what takes it away.
func (p *Proxy) Add(json string) (remove func()) {
	p.t.Helper()
	wrapper, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(json))
	if err != nil {
		p.t.Fatal(err)
	}
	return func() { p.remove(wrapper) }
}

func (p *Proxy) remove(w *toxics.ToxicWrapper) {
	p.t.Helper()
	if err := p.proxy.Toxics.RemoveToxic(p.t.Context(), w.Name); err != nil {
		p.t.Fatal(err)
	}
}
