//go:build !race

package sim

// defaultSeeds is how many seeds a test run has that was not asked for more.
const defaultSeeds = 150
