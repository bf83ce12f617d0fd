//go:build race

package claim_test

// crowd is how many nodes start at one moment: fewer, as the race detector makes
// each many times slower.
const crowd = 250
