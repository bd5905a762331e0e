package view

import (
	"encoding/json"
	"errors"
	"io"

	"github.com/kurator-dev/kubectl-fleetapp/pkg/reason"
)

// maxPiece bounds one row or object of an answer, in bytes: no API server accepts
// as much.
const maxPiece = 4 << 20

// errShape says that an answer is not what was asked for.
var errShape = errors.New("not the answer to what was asked")

// answer decodes a member's answer in JSON piece by piece, while it comes.
// Where it is not of the shape that is asked of it, the error is errShape.
type answer struct {
	from    io.Reader
	decoder *json.Decoder
	left    int   // of what may come before the piece has to end
	failed  error // why it could not be read to its end
}

func newAnswer(from io.Reader) *answer {
	a := &answer{from: from, left: maxPiece}
	a.decoder = json.NewDecoder(source{a})
	return a
}

// source is where the decoder reads.
type source struct{ *answer }

func (s source) Read(p []byte) (int, error) {
	if s.left == 0 {
		s.failed = reason.Errorf(reason.Failed, "its answer has an object larger than %d MiB", maxPiece>>20)
		return 0, s.failed
	}
	n, err := s.from.Read(p[:min(len(p), s.left)])
	s.left -= n
	if err != nil && !errors.Is(err, io.EOF) {
		s.failed = err
	}
	return n, err
}

// wrong is the error for what the decoder says.
func (a *answer) wrong(err error) error {
	switch {
	case err == nil:
		return nil
	case a.failed != nil:
		return a.failed
	}
	return errShape
}

// token is the next token: nil for null.
func (a *answer) token() (json.Token, error) {
	a.left = maxPiece
	token, err := a.decoder.Token()
	return token, a.wrong(err)
}

// more tells whether the array or object has another element.
func (a *answer) more() bool {
	a.left = maxPiece
	return a.decoder.More()
}

// value decodes the next value as a whole.
func (a *answer) value(into any) error {
	a.left = maxPiece
	return a.wrong(a.decoder.Decode(into))
}

// object goes through an object: field must take the value of each key.
func (a *answer) object(field func(key string) error) error {
	if token, err := a.token(); err != nil || token != json.Delim('{') {
		return a.or(err)
	}
	for a.more() {
		token, err := a.token()
		key, ok := token.(string)
		if err != nil || !ok {
			return a.or(err)
		}
		if err := field(key); err != nil {
			return err
		}
	}
	_, err := a.token()
	return err
}

// array goes through an array: element must take each of its values. Null is
// an empty one, as Go encodes it.
func (a *answer) array(element func() error) error {
	token, err := a.token()
	if err == nil && token == nil {
		return nil
	}
	if err != nil || token != json.Delim('[') {
		return a.or(err)
	}
	for a.more() {
		if err := element(); err != nil {
			return err
		}
	}
	_, err = a.token()
	return err
}

// skip passes the next value by, however large it is.
func (a *answer) skip() error {
	for depth := 0; ; {
		token, err := a.token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// end makes sure that nothing follows.
func (a *answer) end() error {
	a.left = maxPiece
	_, err := a.decoder.Token()
	if errors.Is(err, io.EOF) && a.failed == nil {
		return nil
	}
	return a.or(a.failed)
}

// or is the error, or else errShape.
func (a *answer) or(err error) error {
	if err != nil {
		return err
	}
	return errShape
}
