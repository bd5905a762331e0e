package plan

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/fleet"
)

// redacted stands for a value of a Secret where people see it.
const redacted = "<redacted>"

// Refs are what the members but the host refer to and do not get by this plan,
// each once: the host has what it has.
func (p *Plan) Refs() []Ref {
	var all []Ref
	for _, member := range p.Members {
		if member.Member.Kind != fleet.KindHost {
			all = addRefs(all, member.Refs)
		}
	}
	return all
}

// Copy makes what there is a content for part of the plan, on each member but
// the host that refers to it. What there is none for is not referred to any
// more.
func (p *Plan) Copy(contents map[Identity]*fleet.Content) error {
	copies := map[Identity]*Object{}
	for id, content := range contents {
		object, err := newCopy(p.Owner, id, content)
		if err != nil {
			return err
		}
		copies[id] = object
	}
	for i := range p.Members {
		member := &p.Members[i]
		if member.Member.Kind == fleet.KindHost {
			continue
		}
		var objects []*Object
		for _, ref := range member.Refs {
			if object := copies[ref.Identity]; object != nil {
				objects = append(objects, object)
			}
		}
		member.Objects, member.Refs = append(objects, member.Objects...), nil
	}
	return nil
}

// newCopy is an object of ours that holds what the host's holds.
func newCopy(owner Owner, id Identity, content *fleet.Content) (*Object, error) {
	metadata, err := metadataOf(owner, id)
	if err != nil {
		return nil, err
	}
	shown := *content
	if id.Kind == KindSecret {
		shown.Data = maps.Clone(content.Data)
		for key := range shown.Data {
			shown.Data[key] = redacted
		}
	}
	object := &Object{Identity: id, metadata: metadata}
	if object.content, err = json.Marshal(content); err == nil {
		object.shown, err = json.Marshal(shown)
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", id, err)
	}
	return object, nil
}
