package rule_test

import (
	"fmt"

	"auto-consul/lib/rule"
)

// restoreSizes returns the explorations of restores.
func restoreSizes(size string) []explorer {
	const first, second = 1 << 1, 1 << 2
	both := explorer{snapshots: first | second, lost: rule.LostRestore}
	with := func(nodes, desired, faults int8, change func(*explorer)) explorer {
		x := both
		x.nodes, x.desired, x.faults = nodes, desired, faults
		if change != nil {
			change(&x)
		}
		return x
	}
	out := []explorer{
		with(2, 1, 1, nil),
		with(3, 2, 0, nil),
		with(2, 1, 0, func(x *explorer) { x.damaged, x.removes = second, true }),
		with(2, 1, 0, func(x *explorer) { x.damaged, x.lost = second, rule.LostAuto }),
		with(2, 1, 0, func(x *explorer) { x.damaged, x.lost = first|second, rule.LostAuto }),
	}
	if size != "" {
		out = append(out,
			with(3, 2, 0, func(x *explorer) { x.liveClient = true }),
			with(3, 1, 0, func(x *explorer) { x.damaged, x.removes = second, true }),
			with(2, 1, 2, nil),
			with(3, 2, 1, func(x *explorer) { x.only = "dies" }),
		)
	}
	if size == "full" {
		for _, kind := range []string{"crashes", "is paused", "loses its disk", "is delayed", "store"} {
			out = append(out, with(3, 2, 1, func(x *explorer) { x.only = kind }))
		}
		out = append(out,
			with(4, 2, 0, nil),
			with(3, 1, 1, func(x *explorer) { x.damaged, x.removes = second, true }),
			with(3, 1, 1, func(x *explorer) { x.lost = rule.LostAuto }),
		)
	}
	return out
}

// restoreName returns what an exploration of restores is, in words.
func (x *explorer) restoreName() string {
	if x.snapshots == 0 {
		return ""
	}
	name := ", restores"
	if x.damaged != 0 {
		name += fmt.Sprintf(", damaged %b", x.damaged>>1)
	}
	if x.removes {
		name += ", removed"
	}
	if x.liveClient {
		name += ", a client lives on"
	}
	return name
}
