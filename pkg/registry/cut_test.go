package registry_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// cutAfter returns the address of a proxy of a server. The nth request reaches the server; then the
// proxy calls end, and the answer of the server is lost.
func cutAfter(t *testing.T, address string, n int, end func()) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	through := httputil.NewSingleHostReverseProxy(u)
	var count atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if int(count.Add(1)) == n {
			through.ServeHTTP(httptest.NewRecorder(), r)
			end()
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}
