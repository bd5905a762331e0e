package strict

import (
	"fmt"
	"strings"
)

// maxName bounds, in bytes, the names that are compared and shown: a field's
// name is never longer, and a manifest may hold anything.
const maxName = 64

// Nearest is the name that was most likely meant, the first of equals; empty
// where none is near. In other letter case it is always near.
func Nearest(name string, among []string) string {
	if len(name) > maxName {
		return ""
	}
	// One slip in two or three letters, two in five: more is another word.
	nearest, least := "", (len(name)+1)/3
	for _, candidate := range among {
		if d := Distance(name, candidate); d < least || d == least && nearest == "" {
			nearest, least = candidate, d
		}
	}
	return nearest
}

// DidYouMean is the end of an error about a name that is not known; empty
// where none is near.
func DidYouMean(name string, among []string) string {
	if nearest := Nearest(name, among); nearest != "" {
		return fmt.Sprintf(" (did you mean %q?)", nearest)
	}
	return ""
}

// Distance counts the letters to insert, delete, replace or swap with the next
// to make one name of the other, whatever their case: the optimal string
// alignment distance.
func Distance(a, b string) int {
	from, to := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	var before []int
	last := make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := range from {
		row := make([]int, len(to)+1)
		row[0] = i + 1
		for j := range to {
			replaced := last[j]
			if from[i] != to[j] {
				replaced++
			}
			row[j+1] = min(replaced, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(to)]
}
