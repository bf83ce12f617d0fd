package e2e

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
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
			var hit []string
			f.pids, hit = n.processes(f.target)
			if f.pause == 0 {
				f.signal(syscall.SIGKILL)
				b.note("%s: %v killed", n.node, hit)
			} else {
				f.signal(syscall.SIGSTOP)
				b.note("%s: %v paused for %v", n.node, hit, f.pause.Round(time.Millisecond))
			}
		case !f.over && age >= f.at+f.pause:
			f.over = true
			f.signal(syscall.SIGCONT)
			b.note("%s goes on", n.node)
		}
	}
}

// signal reaches whoever is still there.
func (f *fault) signal(sig syscall.Signal) {
	for _, pid := range f.pids {
		_ = syscall.Kill(pid, sig)
	}
}

// processes are those of a program, or of the nearest one that runs: a node
// that has decided has no decider any more.
func (n *newborn) processes(target string) (pids []int, names []string) {
	found := map[string]int{}
	for pid, argv := range running(n.t, n.id()) {
		words := strings.Fields(argv + " ?")
		name := filepath.Base(words[0])
		if pid == n.runner.cmd.Process.Pid {
			name = "auto-consul"
		}
		found[name] = pid
		if target == "all" {
			pids, names = append(pids, pid), append(names, name)
		}
	}
	for _, name := range []string{target, "ac-decide", "consul", "auto-consul"} {
		if pid, ok := found[name]; ok && target != "all" {
			return []int{pid}, []string{name}
		}
	}
	return pids, names
}
