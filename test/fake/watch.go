package fake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/watch"
)

// watch tells what changes from a state on, until the time that was asked for
// is over.
func (c *Cluster) watch(w http.ResponseWriter, r call) {
	query := r.URL.Query()
	from, _ := strconv.ParseInt(query.Get("resourceVersion"), 10, 64)
	seconds, _ := strconv.Atoi(query.Get("timeoutSeconds"))
	over := make(<-chan time.Time)
	if seconds > 0 {
		timer := time.NewTimer(time.Duration(seconds) * time.Second)
		defer timer.Stop()
		over = timer.C
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	flush(w)
	for out := json.NewEncoder(w); ; {
		events, news := c.since(from)
		for _, event := range events {
			from = event.number
			if event.at.GroupResource != r.at.GroupResource || r.at.Namespace != "" && event.at.Namespace != r.at.Namespace || !r.selects(event.Object) {
				continue
			}
			if err := out.Encode(struct {
				Type   watch.EventType `json:"type"`
				Object map[string]any  `json:"object"`
			}{event.Type, r.shown(event.Object)}); err != nil {
				return
			}
			flush(w)
		}
		select {
		case <-news:
		case <-over:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// since are the events after one, and what is closed when there are more.
func (c *Cluster) since(number int64) ([]Event, <-chan struct{}) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var later []Event
	for _, event := range c.history {
		if event.number > number {
			later = append(later, event)
		}
	}
	return later, c.news
}

func flush(w http.ResponseWriter) {
	if flusher, ok := w.(http.Flusher); ok {
		flusher.Flush()
	}
}
