package apply

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// applyStep applies objects side by side, one request each, and makes the
// namespaces that turn out to be missing.
func (m Member) applyStep(ctx context.Context, objects []Wanted) []Result {
	results := m.applyAll(ctx, objects)
	again := m.makeNamespaces(ctx, results)
	retried := make([]Wanted, len(again))
	for i, at := range again {
		retried[i] = objects[at]
	}
	for i, result := range m.applyAll(ctx, retried) {
		results[again[i]] = result
	}
	return results
}

// makeNamespaces makes the namespaces for want of which applies failed, and
// returns which results those are. They are never deleted: others may have
// moved in.
func (m Member) makeNamespaces(ctx context.Context, results []Result) []int {
	made := map[string]error{}
	var again []int
	for i := range results {
		if !namespaceMissing(results[i].Err) {
			continue
		}
		name := results[i].Namespace
		if _, tried := made[name]; !tried {
			made[name] = m.makeNamespace(ctx, name)
		}
		if made[name] != nil {
			results[i].Err = made[name]
			continue
		}
		if m.DryRun { // there is no namespace now to try it in
			results[i].Action, results[i].Err = Created, nil
			continue
		}
		again = append(again, i)
	}
	return again
}

func (m Member) makeNamespace(ctx context.Context, name string) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]string{"name": name},
	})
	if err != nil {
		return err
	}
	err = m.write(ctx, m.Client.Post()).AbsPath("api", "v1", "namespaces").Body(body).Do(ctx).Error()
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make namespace %q: %w", name, err)
	}
	return nil
}
