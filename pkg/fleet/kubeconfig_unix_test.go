//go:build unix

package fleet

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Opening a named pipe that nobody writes to blocks forever.
func TestPathsAreNeverOpened(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for field, config := range map[string]kubeconfig{
		"certificate-authority": {cluster: "certificate-authority: " + pipe},
		"client-certificate":    {user: "client-certificate: " + pipe},
		"client-key":            {user: "client-key: " + pipe},
		"tokenFile":             {token: "none", user: "tokenFile: " + pipe},
	} {
		t.Run(field, func(t *testing.T) {
			done := make(chan error, 1)
			go func() {
				_, err := parseKubeconfig([]byte(config.String()))
				done <- err
			}()
			select {
			case err := <-done:
				if err == nil {
					t.Error("it was accepted")
				}
			case <-time.After(5 * time.Second):
				t.Error("it was opened")
			}
		})
	}
}
