package sim

import (
	"regexp"

	"auto-consul/lib/wire"
)

// Print takes a document. The judge has seen at the store already what it says.
func (l life) Print(document any) error {
	if beat, ok := document.(wire.Beat); ok && beat.Role == wire.Agent {
		l.n.w.do(func() {
			if l.n.sampled {
				l.n.w.count("heartbeats of clients of a sample")
			}
		})
	}
	return nil
}

// Notef writes into the trace, but for errors: of several requests that fail at once any
// may be named.
func (l life) Notef(format string, args ...any) {
	for i := range args {
		switch arg := args[i].(type) {
		case error:
			args[i] = "an error"
		case string:
			args[i] = l.n.w.timeless(arg)
		}
	}
	l.n.w.do(func() { l.n.w.note(l.n.name+" "+format, args...) })
}

// What a sentence may quote: the error of one of several requests, and what the store's
// clock has put into keys and times.
var (
	ofRequest = regexp.MustCompile(`(get|list|put|swap|delete) s3://[^)]*`)
	keyOfTime = regexp.MustCompile(`(servers|agents)/[0-9]{14}-[A-Za-z0-9._-]*[A-Za-z0-9_]|snapshots/\S+\.snap`)
	ofDay     = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}T`)
)

// forTrace returns a sentence as the trace has it: the same whichever request failed first,
// and whatever the store's clock says.
func (w *world) forTrace(text string) string {
	text = keyOfTime.ReplaceAllStringFunc(ofRequest.ReplaceAllString(text, "an error"), w.timeless)
	return ofDay.ReplaceAllString(text, "a day at ")
}

// Warnf writes into the trace, too.
func (l life) Warnf(format string, args ...any) { l.Notef("warns: "+format, args...) }
