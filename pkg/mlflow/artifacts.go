package mlflow

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// proxied is the scheme of artifact URIs that the server itself keeps.
const proxied = "mlflow-artifacts:"

const artifactsPath = "/api/2.0/mlflow-artifacts/artifacts"

// artifactPath returns the path at the server's proxy for a file below an artifact URI.
func artifactPath(uri, name string) (string, error) {
	rest, ok := strings.CutPrefix(uri, proxied)
	if !ok {
		return "", &Error{Op: "artifacts", Kind: KindConfig,
			Message: fmt.Sprintf("artifacts lie at %.80q, not behind the server", uri),
			Remedy: "run the server with --serve-artifacts and --artifacts-destination; for an " +
				"experiment made before, name another with --mlflow-experiment"}
	}
	if strings.HasPrefix(rest, "//") { // mlflow-artifacts://host/path
		_, rest, _ = strings.Cut(rest[2:], "/")
	}
	whole := path.Join("/", rest, name)
	// The server decodes a path twice, so a name with a percent sign would become another one.
	if name != "" && (name == "." || path.Clean(name) != name || path.IsAbs(name) ||
		strings.HasPrefix(name, "..") || strings.Contains(name, "%")) {
		return "", &Error{Op: "artifacts", Kind: KindRefused,
			Message: fmt.Sprintf("%.80q names no file of an artifact", name)}
	}
	return whole, nil
}

// Upload writes a file below an artifact URI of a run or logged model. It overwrites a file of that
// name.
func (c *Client) Upload(ctx context.Context, uri, name string, data []byte) error {
	where, err := artifactPath(uri, name)
	if err != nil {
		return err
	}
	if data == nil {
		data = []byte{}
	}
	_, err = c.do(ctx, call{method: http.MethodPut, path: artifactsPath + where, body: data,
		isFile: true, limit: maxAnswer}, anything)
	return err
}

// Download reads a file below an artifact URI, at most limit bytes.
func (c *Client) Download(ctx context.Context, uri, name string, limit int64) ([]byte, error) {
	where, err := artifactPath(uri, name)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, call{method: http.MethodGet, path: artifactsPath + where, isFile: true,
		limit: limit}, anything)
}

func anything([]byte) error { return nil }

// File is an entry of a list of artifacts.
type File struct {
	Path  string `json:"path"` // below the folder that was listed
	IsDir bool   `json:"is_dir"`
	Size  int64  `json:"file_size"` // bytes; 0 when the server does not say
}

// ListArtifacts lists the folder dir below an artifact URI; "" means the URI itself.
func (c *Client) ListArtifacts(ctx context.Context, uri, dir string) ([]File, error) {
	where, err := artifactPath(uri, dir)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Files []File `json:"files"`
	}
	err = c.get(ctx, artifactsPath, url.Values{"path": {strings.TrimPrefix(where, "/")}}, &answer)
	return answer.Files, err
}
