//go:build !race

package sim

// usual is how many seeds a test run has that was not asked for more.
const usual = 150
