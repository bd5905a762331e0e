package fault

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
)

// Record is an inventory, read by none of the plugin's own code.
type Record struct {
	Epoch       int64
	Run         *json.RawMessage
	Application *json.RawMessage
	Members     []struct {
		Name, UID string
		Objects   []struct{ Kind, Namespace, Name, UID string }
	}
}

// ReadRecord reads one as it is in its Secret, in base64.
func ReadRecord(text string) (*Record, error) {
	plain, err := UnpackRecord(text)
	if err != nil {
		return nil, err
	}
	is := &Record{}
	return is, json.Unmarshal(plain, is)
}

// UnpackRecord is all that a record holds, as JSON.
func UnpackRecord(text string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	plain, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(plain)
}

// Listed is what it lists, "member Kind/name" to the UID; nothing, of none.
func (r *Record) Listed() map[string]string {
	all := map[string]string{}
	if r != nil {
		for _, member := range r.Members {
			for _, entry := range member.Objects {
				all[fmt.Sprintf("%s %s/%s", member.Name, entry.Kind, entry.Name)] = entry.UID
			}
		}
	}
	return all
}
