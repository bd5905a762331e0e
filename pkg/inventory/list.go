package inventory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// pageSize is how many records are asked for at a time: one may take a
// megabyte.
const pageSize = 100

// List reads the records of all applications of a namespace, or of all
// namespaces where it is empty. They are to be looked at: whoever wants to write
// one reads it for itself. One that cannot be read does not keep the others from
// being returned; the error says which and why.
func List(ctx context.Context, host rest.Interface, namespace string, now func() time.Time) ([]*Inventory, error) {
	path := []string{"api", "v1", "secrets"}
	if namespace != "" {
		path = []string{"api", "v1", "namespaces", namespace, "secrets"}
	}
	var (
		all  []*Inventory
		errs []error
	)
	for next := ""; ; {
		var page struct {
			Metadata struct {
				Continue string `json:"continue"`
			} `json:"metadata"`
			Items []secret `json:"items"`
		}
		request := host.Get().AbsPath(path...).Param("fieldSelector", "type="+secretType).Param("limit", strconv.Itoa(pageSize))
		if next != "" {
			request.Param("continue", next)
		}
		if err := decodePage(request.Do(ctx), &page); err != nil {
			return all, errors.Join(append(errs, fmt.Errorf("list the inventories (Secrets of type %s on the host): %w", secretType, err))...)
		}
		for i := range page.Items {
			meta := page.Items[i].Metadata
			read := newInventory(host, meta.Namespace, strings.TrimPrefix(meta.Name, secretPrefix), now)
			if err := read.take(&page.Items[i]); err != nil {
				errs = append(errs, err)
				continue
			}
			all = append(all, read)
		}
		if next = page.Metadata.Continue; next == "" {
			return all, errors.Join(errs...)
		}
	}
}

// decodePage reads an answer. Its error is asked for first: what Raw returns does
// not say what the API server said.
func decodePage(answer rest.Result, into any) error {
	if err := answer.Error(); err != nil {
		return err
	}
	body, err := answer.Raw()
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// Of names the application whose record it is.
func (i *Inventory) Of() (namespace, application string) { return i.namespace, i.application }

// Asked is the manifest as last asked for, as JSON; nil where the application
// was asked to be nowhere, or was never deployed.
func (i *Inventory) Asked() json.RawMessage { return i.record.Application }

// Created is when the record was first written, by the host's clock.
func (i *Inventory) Created() time.Time { return i.created }

// Held is the run that held the record as it was read, living or dead; nil if
// none did.
func (i *Inventory) Held() *Run { return i.record.Run }
