package fanout

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// told is what may be said of a panic: where it arose, and of its value no more than
// Go itself says. One that somebody made may hold what must not be told.
func told(thrown any) string {
	what := fmt.Sprintf("a %T", thrown)
	if known, ok := thrown.(runtime.Error); ok {
		what = known.Error()
	}
	var callers [32]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers[:])])
	panicked := false
	for {
		frame, more := frames.Next()
		switch isGo := strings.HasPrefix(frame.Function, "runtime."); {
		case frame.Function == "runtime.gopanic":
			panicked = true
		case panicked && !isGo:
			return fmt.Sprintf("%s, at %s:%d", what, path.Base(frame.File), frame.Line)
		}
		if !more {
			return what
		}
	}
}
