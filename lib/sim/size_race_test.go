//go:build race

package sim

// defaultSeeds is how many seeds a test run has: few, as the race detector makes each
// many times slower. The controls do without it.
const defaultSeeds = 10
