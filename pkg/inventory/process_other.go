//go:build !linux && !darwin

package inventory

// Elsewhere a run is known to be dead by its not renewing alone.

func machine() string { return "" }

func exists(int) bool { return true }

func born(int) string { return "" }
