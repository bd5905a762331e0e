package content

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"path/filepath"
	"time"
)

// Listen opens address for HTTP, and refuses one that is not on loopback: what
// is served asks for no credentials.
func Listen(address string) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %q, give it as 127.0.0.1:PORT: %w", address, err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("refusing to listen on %q, which is not on loopback: give it as 127.0.0.1:PORT", address)
	}
	return net.ListenTCP("tcp", tcp)
}

// Handler serves the Git repository, the chart repository and the registry, all
// of them read-only, and /healthz. What git says on its standard error goes to log.
func (c *Content) Handler(log io.Writer) http.Handler {
	backend := &cgi.Handler{
		Path:   c.git.path,
		Args:   []string{"http-backend"},
		Root:   "/",
		Dir:    c.reposDir,
		Env:    append([]string{"GIT_PROJECT_ROOT=" + c.reposDir, "GIT_HTTP_EXPORT_ALL=1"}, c.git.env...),
		Stderr: log,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", c.health)
	mux.Handle("GET "+ChartsPath+"/", http.StripPrefix(ChartsPath, http.FileServer(http.Dir(c.chartsDir))))
	mux.Handle("GET "+RegistryPath+"/", c.registry)
	// git http-backend takes a repository's name with and without ".git".
	mux.Handle(RepositoryPath+"/", backend)
	mux.Handle(RepositoryPath+".git/", backend)
	return mux
}

// health answers 200 while both repositories lie where they were built.
func (c *Content) health(w http.ResponseWriter, _ *http.Request) {
	for _, file := range []string{
		filepath.Join(c.chartsDir, "index.yaml"),
		filepath.Join(c.reposDir, filepath.FromSlash(RepositoryPath)+".git", "refs", "heads", Branch),
	} {
		if _, err := os.Stat(file); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

// Serve answers requests on listener until ctx ends, and then gives the ones
// under way five seconds. It returns nil when ctx ended it.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}
