// Package lines is the file to which harnesses and benchmarks, in processes of their
// own, add what they did or measured: a line of JSON for each.
package lines

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// Append adds a value to a file, which it makes if need be.
func Append(path string, value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "%s\n", line)
	return errors.Join(err, file.Close())
}

// Read reads all that was added to a file; nothing where there is none.
func Read[T any](path string) ([]T, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []T
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		var one T
		if err := json.Unmarshal(scanner.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, one)
	}
	return all, scanner.Err()
}
