// Package state keeps the record of one lab, lab.json: what it consists of and
// which processes it has started. The record is written before and after each
// start, so that whatever happens to the writer, what runs can be found.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/kurator-dev/kubectl-fleetapp/test/lab/internal/process"
)

// fileName is the record's name in the lab's folder.
const fileName = "lab.json"

// Phase is how far a lab has come.
type Phase string

// The phases of a lab. One that was left in Starting or Stopping is
// half-started: only ending it makes sense.
const (
	Starting Phase = "starting"
	Up       Phase = "up"
	Stopping Phase = "stopping"
)

// ErrNone says that a folder holds no lab.
var ErrNone = errors.New("no lab here")

// Shape is what was asked for; a running lab is only taken for the one that
// is wanted if the shapes are equal.
type Shape struct {
	Members        []string `json:"members"`
	Flux           bool     `json:"flux"`
	BasePort       int      `json:"basePort,omitempty"`
	HostCRDs       string   `json:"hostCRDs"`
	HelmController string   `json:"helmController,omitempty"`
	Bin            string   `json:"bin"`
}

// Equal compares everything but the base port where the other did not ask for
// one: a lab that chose its own ports is as good.
func (s Shape) Equal(asked Shape) bool {
	return slices.Equal(s.Members, asked.Members) && s.Flux == asked.Flux &&
		(asked.BasePort == 0 || s.BasePort == asked.BasePort) &&
		s.HostCRDs == asked.HostCRDs && s.HelmController == asked.HelmController && s.Bin == asked.Bin
}

// Port is a port on 127.0.0.1 and what it is for.
type Port struct {
	Use  string `json:"use"`
	Port int    `json:"port"`
}

// Process is one program of the lab: all it takes to start it again, and
// which process it is now.
type Process struct {
	// Cluster is the cluster it belongs to; what serves all is of "lab".
	Cluster string   `json:"cluster"`
	Program string   `json:"program"`
	Path    string   `json:"path"`
	Args    []string `json:"args"`
	Env     []string `json:"env,omitempty"`
	Log     string   `json:"log"`
	Ports   []Port   `json:"ports,omitempty"`
	// Health is a URL that answers 200 when the program is ready.
	Health string `json:"health,omitempty"`
	// CA is the file with the authority of an https Health.
	CA string `json:"ca,omitempty"`

	// PID is 0 before it was started.
	PID int `json:"pid"`
	// StartTime is in clock ticks since boot.
	StartTime uint64 `json:"startTime"`
	// Stopped says that it was ended on request.
	Stopped bool `json:"stopped,omitempty"`
}

// Name is how the process is named in messages and arguments.
func (p Process) Name() string { return p.Cluster + "/" + p.Program }

// ID is the identity of the running process.
func (p Process) ID() process.ID { return process.ID{PID: p.PID, Start: p.StartTime} }

// Lab is the whole record.
type Lab struct {
	Phase     Phase     `json:"phase"`
	Shape     Shape     `json:"shape"`
	Processes []Process `json:"processes"`
}

// Store is a lab's record in memory and on disk; it is safe for concurrent use.
type Store struct {
	path string
	// mu guards lab and the file.
	mu  sync.Mutex
	lab Lab
}

// Create writes the record of a new lab.
func Create(dir string, lab Lab) (*Store, error) {
	store := &Store{path: filepath.Join(dir, fileName), lab: lab}
	return store, store.save()
}

// Open reads a lab's record; the error is ErrNone where there is none.
func Open(dir string) (*Store, error) {
	path := filepath.Join(dir, fileName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNone
	}
	if err != nil {
		return nil, fmt.Errorf("read the lab's record: %w", err)
	}
	store := &Store{path: path}
	if err := json.Unmarshal(data, &store.lab); err != nil {
		return nil, fmt.Errorf("%s is not a lab's record (end its processes with fleetlab down): %w", path, err)
	}
	return store, nil
}

// Lab returns a copy of the record.
func (s *Store) Lab() Lab {
	s.mu.Lock()
	defer s.mu.Unlock()
	lab := s.lab
	lab.Processes = slices.Clone(s.lab.Processes)
	return lab
}

// SetPhase records how far the lab has come.
func (s *Store) SetPhase(phase Phase) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lab.Phase = phase
	return s.save()
}

// Started records the process that a program now is.
func (s *Store) Started(name string, id process.ID) error {
	return s.change(name, func(p *Process) { p.PID, p.StartTime, p.Stopped = id.PID, id.Start, false })
}

// Stopped records that a program was ended on request.
func (s *Store) Stopped(name string) error {
	return s.change(name, func(p *Process) { p.PID, p.StartTime, p.Stopped = 0, 0, true })
}

// Remove deletes the record; there is no lab any more.
func (s *Store) Remove() error { return Remove(filepath.Dir(s.path)) }

// Remove deletes a lab's record, readable or not.
func Remove(dir string) error {
	if err := os.Remove(filepath.Join(dir, fileName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the lab's record: %w", err)
	}
	return nil
}

func (s *Store) change(name string, set func(*Process)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.lab.Processes, func(p Process) bool { return p.Name() == name })
	if i < 0 {
		return fmt.Errorf("record %q: the lab has no such program", name)
	}
	set(&s.lab.Processes[i])
	return s.save()
}

// save replaces the file as a whole, so that a reader never sees half of it.
func (s *Store) save() error {
	data, err := json.MarshalIndent(s.lab, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the lab's record: %w", err)
	}
	temporary := s.path + ".new"
	if err := os.WriteFile(temporary, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the lab's record: %w", err)
	}
	if err := os.Rename(temporary, s.path); err != nil {
		return fmt.Errorf("write the lab's record: %w", err)
	}
	return nil
}
