package s3store

import (
	"context"
	"net/http/httptrace"
	"sync"
	"time"
)

// stopwatch measures how long the store takes to answer a request that was sent: the
// last one, where the SDK has tried again.
type stopwatch struct {
	mu             sync.Mutex // the transport calls from goroutines of its own
	begun          time.Time
	sent, answered time.Time // zero where the transport does not tell
}

// started returns a context in which the next request is measured.
func (w *stopwatch) started(ctx context.Context) context.Context {
	w.begun = time.Now()
	note := func(at *time.Time) {
		w.mu.Lock()
		defer w.mu.Unlock()
		*at = time.Now()
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { note(&w.sent) },
		GotFirstResponseByte: func() { note(&w.answered) },
	})
}

// took returns how long the store took, or the whole call where the transport has not
// told more.
func (w *stopwatch) took() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if took := w.answered.Sub(w.sent); !w.sent.IsZero() && took > 0 {
		return took
	}
	return time.Since(w.begun)
}
