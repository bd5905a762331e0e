package cmd

import (
	"context"
	"errors"
	"fmt"

	appsv1alpha1 "github.com/kurator-dev/kubectl-fleetapp/pkg/apis/apps/v1alpha1"
	"github.com/kurator-dev/kubectl-fleetapp/pkg/manifest"
)

// manifests reads the applications of files, each with its namespace.
func (f *Factory) manifests(ctx context.Context, from *filenames) ([]manifest.Manifest, error) {
	manifests, err := read(ctx, func() ([]manifest.Manifest, error) { return from.read(f.In) })
	errs := []error{err} // the others are checked all the same
	namespace, explicit, err := f.Namespace()
	if err != nil {
		return nil, err
	}
	seen := map[string]manifest.Manifest{}
	for _, m := range manifests {
		switch {
		case m.Namespace == "":
			m.Namespace = namespace
		case explicit && m.Namespace != namespace:
			errs = append(errs, fmt.Errorf("%s: its namespace %q is not the one of -n, %q", m.Where(), m.Namespace, namespace))
		}
		key := m.Namespace + "/" + m.Name
		if first, twice := seen[key]; twice {
			errs = append(errs, fmt.Errorf("%s: application %s is in %s too", m.Where(), key, first.Where()))
		}
		seen[key] = m
	}
	return manifests, errors.Join(errs...)
}

// named are applications that are known by their names alone, in the namespace
// of the flags.
func (f *Factory) named(names []string) ([]manifest.Manifest, error) {
	namespace, _, err := f.Namespace()
	if err != nil {
		return nil, err
	}
	var (
		all  []manifest.Manifest
		errs []error
	)
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		errs = append(errs, validApplication(namespace, name))
		app := &appsv1alpha1.Application{}
		app.Namespace, app.Name = namespace, name
		all = append(all, manifest.Manifest{Application: app, File: fmt.Sprintf("application %s/%s on the host", namespace, name)})
	}
	return all, errors.Join(errs...)
}

// read lets an interrupt end the reading of manifests: a terminal or a pipe may
// never say more, and a read of them cannot be called off.
func read(ctx context.Context, manifests func() ([]manifest.Manifest, error)) ([]manifest.Manifest, error) {
	type result struct {
		manifests []manifest.Manifest
		err       error
	}
	done := make(chan result, 1)
	go func() {
		manifests, err := manifests()
		done <- result{manifests, err}
	}()
	select {
	case r := <-done:
		return r.manifests, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// applications are what names or files stand for; those of files are checked, as
// far as that needs no cluster.
func (f *Factory) applications(ctx context.Context, names []string, files *filenames, check func(manifest.Manifest) error) ([]manifest.Manifest, error) {
	if len(names) > 0 {
		return f.named(names)
	}
	manifests, err := f.manifests(ctx, files)
	errs := []error{err}
	for _, m := range manifests {
		errs = append(errs, m.At(check(m)))
	}
	return manifests, errors.Join(errs...)
}
