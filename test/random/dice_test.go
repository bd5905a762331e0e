package random

import (
	"time"
)

// dice throw the same for the same words, whoever comes first: so a seed
// replays.
type dice struct{ seed uint64 }

// throw is a number that is as good as random.
func (d dice) throw(words ...string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	sum := offset ^ d.seed*0x9E3779B97F4A7C15
	for _, word := range words {
		for i := range len(word) {
			sum = (sum ^ uint64(word[i])) * prime
		}
		sum = (sum ^ 0xFF) * prime
	}
	sum ^= sum >> 33
	sum *= 0xFF51AFD7ED558CCD
	sum ^= sum >> 33
	return sum
}

// below is one of so many numbers, from 0 on.
func (d dice) below(count int, words ...string) int { return int(d.throw(words...) % uint64(count)) }

// oneIn is true once in so many throws.
func (d dice) oneIn(count int, words ...string) bool { return d.below(count, words...) == 0 }

// upTo is a time, to the nanosecond: no two are the same.
func (d dice) upTo(longest time.Duration, words ...string) time.Duration {
	return time.Duration(d.throw(words...)%uint64(longest)) + 1
}
