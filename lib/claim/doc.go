// Package claim is the loop around the rules of package rule: it observes the registry,
// asks the rules, writes what they want by compare-and-swap, and observes again. It
// acts on nothing but what an observation has shown, never on the answer to a write
// (R2).
//
// [Decider] is the loop of a node that starts, [Observer.Serve] that of a node that
// runs.
package claim
