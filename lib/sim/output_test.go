package sim

import "auto-consul/lib/wire"

// Print takes a document, which the store has shown already.
func (l life) Print(document any) error {
	if beat, ok := document.(wire.Beat); ok && beat.Role == wire.Agent {
		l.n.w.do(func() {
			if l.n.crowded {
				l.n.w.count("heartbeats of clients of a sample")
			}
		})
	}
	return nil
}

// Notef goes into the trace, but for errors: of several requests that fail at once any
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

// Warnf goes there, too.
func (l life) Warnf(format string, args ...any) { l.Notef("warns: "+format, args...) }
