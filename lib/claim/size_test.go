//go:build !race

package claim_test

// crowd is how many nodes start at one moment.
const crowd = 1000
