package strict

import "regexp"

// WithoutRegex takes the examples and the regular expression out of what
// apimachinery says about a value: the sentence before them says it all.
func WithoutRegex(text string) string {
	return regexp.MustCompile(` \(e\.g\. [^()]*regex used for validation is '[^']*'\)`).ReplaceAllString(text, "")
}
