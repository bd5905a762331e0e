package status

import "strings"

const (
	// minHash is how long a commit's hash is at least, in hexadecimal digits;
	// shortHash is how much of it git shows.
	minHash   = 40
	shortHash = 7
)

// Short is a revision as a user reads it: master@9a853af for
// master@sha1:9a853af1e3… and for master/9a853af1e3…, as Flux wrote it once.
// What holds no hash stays as it is.
func Short(revision string) string {
	at := strings.LastIndexAny(revision, "@/")
	hash := revision[at+1:]
	if _, after, named := strings.Cut(hash, ":"); named {
		hash = after
	}
	if len(hash) < minHash || strings.Trim(hash, "0123456789abcdef") != "" {
		return revision
	}
	if at <= 0 {
		return hash[:shortHash]
	}
	return revision[:at] + "@" + hash[:shortHash]
}
