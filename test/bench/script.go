package bench

// Script is what a client is to ask, for the programs that do it in their own way
// beside the plugin. It is passed as JSON.
type Script struct {
	Host Server `json:"host"`
	// Before are the requests to the host that a run begins with, and After is the
	// one that it ends with.
	Before []Request `json:"before"`
	// Intent is written beside the reading of the members' Secrets, and before
	// anything is sent to a member.
	Intent Request `json:"intent"`
	After  Request `json:"after"`
	// Members are asked so many at once, each for all of Requests side by side.
	Members  []Server  `json:"members"`
	Requests []Request `json:"requests"`
	Parallel int       `json:"parallel"`
}

// Server is one API server.
type Server struct {
	URL string `json:"url"`
	// CA, Certificate and Key are in PEM.
	CA          []byte `json:"ca"`
	Certificate []byte `json:"certificate,omitempty"`
	Key         []byte `json:"key,omitempty"`
	// Secret is the path on the host of the Secret with its kubeconfig.
	Secret string `json:"secret,omitempty"`
}

// Request is one.
type Request struct {
	Method      string `json:"method"`
	Path        string `json:"path"`
	ContentType string `json:"contentType,omitempty"`
	Body        []byte `json:"body,omitempty"`
	// MayLack is set where what it asks for need not be there.
	MayLack bool `json:"mayLack,omitempty"`
}
