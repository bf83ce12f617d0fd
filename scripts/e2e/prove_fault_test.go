package e2e

import (
	"math/rand/v2"
	"slices"
	"syscall"
	"time"
)

// fault is what happens to one process of one node.
type fault struct {
	at     time.Duration // since the start
	node   int
	target string        // a program, or all for a power cut
	pause  time.Duration // 0: it is killed

	struck, over bool
	pids         []int
}

// drawFaults favours the first moments, when all is decided. Some pauses are
// longer than the expiry.
func drawFaults(r *rand.Rand, nodes int) []*fault {
	var out []*fault
	for range 1 + r.IntN(4) {
		u := r.Float64()
		f := &fault{
			at: time.Duration(u * u * u * float64(8*time.Second)), node: r.IntN(nodes),
			target: []string{"auto-consul", "ac-decide", "consul", "all"}[r.IntN(4)],
		}
		if r.IntN(2) == 0 {
			f.pause = time.Duration((0.2 + r.Float64()) * float64(13*time.Second))
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *fault) int { return int(a.at - b.at) })
	return out
}

// strike lets all faults that are due happen, and ends the pauses that are over.
func (b *birth) strike() {
	for _, f := range b.faults {
		n, age := b.nodes[f.node], time.Since(b.begin)
		switch {
		case !f.struck && age >= f.at:
			f.struck, f.over = true, f.pause == 0
			pids, hit := n.processes(f.target)
			f.pids = pids
			if f.pause == 0 {
				signalAny(syscall.SIGKILL, f.pids)
				b.note("%s: %s killed", n.node, hit)
			} else {
				signalAny(syscall.SIGSTOP, f.pids)
				b.note("%s: %s paused for %v", n.node, hit, f.pause.Round(time.Millisecond))
			}
		case !f.over && age >= f.at+f.pause:
			f.over = true
			signalAny(syscall.SIGCONT, f.pids)
			b.note("%s goes on", n.node)
		}
	}
}

// processes are those of a program, or of the nearest one that runs: a node
// that has decided has no decider any more.
func (n *supervisedNode) processes(target string) (pids []int, program string) {
	for _, program := range []string{target, "ac-decide", "consul", "auto-consul"} {
		if pids := n.pids(program); len(pids) > 0 {
			return pids, program
		}
	}
	return nil, "nothing"
}
