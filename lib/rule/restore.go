package rule

import (
	"fmt"
	"slices"
	"time"

	"auto-consul/lib/registry"
)

// maxRestores is how often a node tries to restore one snapshot (R55). What keeps it from
// that, a full disk or too little memory, is seldom gone by itself.
const maxRestores = 3

// FailedRestore is what a data directory remembers of a snapshot that this node could not
// restore (R55).
type FailedRestore struct {
	Snapshot string `json:"snapshot"` // its key
	Tries    int    `json:"tries"`    // counted before each, so that one which ends the process counts, too
	// Damaged reports that it is not what was once written: to try again is of no use.
	Damaged bool   `json:"damaged,omitempty"`
	Why     string `json:"why,omitempty"` // in words
}

// GivenUp reports whether the node does not try again.
func (f FailedRestore) GivenUp() bool { return f.Damaged || f.Tries >= maxRestores }

// failed returns what this node remembers of a snapshot; the zero value if it has not
// tried to restore it.
func (s Self) failed(snapshot string) FailedRestore {
	i := slices.IndexFunc(s.FailedRestores, func(f FailedRestore) bool { return f.Snapshot == snapshot })
	if i < 0 {
		return FailedRestore{}
	}
	return s.FailedRestores[i]
}

// restoreBirth decides for the node that may bootstrap, where the birth restores a
// snapshot (R55). ok is false where it is to do so as the record says.
func (in Input) restoreBirth() (action Action, ok bool) {
	rec := in.Seen.Record
	if rec.State != Bootstrapping || rec.Bootstrap.Incarnation != in.Self.Incarnation {
		return Action{}, false
	}
	snapshot, action, ok := in.snapshotOfBirth()
	if !ok || snapshot == rec.Restore {
		return action, !ok
	}
	// Its agent has not started in this birth, so nobody has data of it.
	next := rec.next(in.New.Write)
	*next.SlotOf(in.Self.Incarnation) = in.newSlot()
	next.Restore, next.Bootstrap = snapshot, in.bootstrapHere(rec.Bootstrap.Term+1)
	return Action{Swap: &next, Why: whyOther(rec.Restore, snapshot)}, true
}

// whyOther says why a birth restores another snapshot than it was to, or none.
func whyOther(named, snapshot string) string {
	if snapshot == "" {
		return named + " cannot be restored, nor can an older snapshot: the cluster begins empty"
	}
	return named + " cannot be restored: the snapshot before it is"
}

// snapshotOfBirth returns which snapshot the birth that is under way restores if this node
// bootstraps; empty for none. That is the one that the record names, unless it is gone, or
// this node has given it up and may go on without it. Where ok is false, the action is
// what to do first.
func (in Input) snapshotOfBirth() (snapshot string, action Action, ok bool) {
	named := in.Seen.Record.Restore
	failed := in.Self.failed(named)
	if named == "" || failed.Tries == 0 {
		return named, Action{}, true
	}
	older, action, ok := in.snapshotsUpTo(named)
	if !ok {
		return "", action, false
	}
	return in.choose(older, "cluster "+in.Seen.Record.ClusterID)
}

// snapshotOfLost returns which snapshot a new cluster restores in place of a lost one;
// empty for none. Where ok is false, the action is what to do first.
func (in Input) snapshotOfLost() (snapshot string, action Action, ok bool) {
	if in.Policy.Lost == LostBootstrap {
		return "", Action{}, true
	}
	list, action, ok := in.snapshotsOfLost()
	if !ok {
		return "", action, false
	}
	if in.Policy.Lost == LostRestore || in.healsItself() {
		return in.choose(list, in.lostName())
	}
	restore := ""
	if len(list) > 0 {
		restore = fmt.Sprintf("this restores its snapshot of %s: %s; ", inWords(list[0]), in.Policy.Restore)
	}
	return "", Action{Wait: fmt.Sprintf("for the servers of %s to come back; if they never will, %sthis starts an empty one in its place: %s", in.lostName(), restore, in.Policy.StartOver)}, false
}

// replacesLost reports whether the registry shows no server of an established cluster, and
// the operator has typed at this node that another is to be started then. A setting says so
// to blank nodes only: clients that are up before their servers, after a power failure, say,
// must not give their data up (R22).
func (in Input) replacesLost() bool {
	if !in.Policy.LostTyped || in.Seen.Record.State != Established || in.Seen.RecordOnly || len(in.heldByOthers()) > 0 {
		return false
	}
	return in.Policy.Lost == LostBootstrap || in.Policy.Lost == LostRestore
}

// healsItself reports whether nobody need say what is to become of a lost cluster: there
// is one server, and the policy is that of the default (R20).
func (in Input) healsItself() bool { return in.Policy.Lost == LostAuto && in.desired() == 1 }

// choose returns the first of some snapshots, the newest first, that is to be restored in
// place of a cluster; empty for none. One that this node has given up is passed over only
// if it is damaged and nobody need be asked.
func (in Input) choose(list []registry.ConsulSnapshot, cluster string) (snapshot string, action Action, ok bool) {
	empty := in.healsItself() || in.Policy.Lost == LostBootstrap
	for i, s := range list {
		switch failed := in.Self.failed(s.Key()); {
		case !failed.GivenUp():
			return s.Key(), Action{}, true
		case in.Policy.Lost == LostBootstrap:
			return "", Action{}, true
		case !failed.Damaged || !empty:
			return "", in.waitForOperator(failed, list[i+1:]), false
		}
	}
	if empty {
		return "", Action{}, true
	}
	return "", Action{Wait: fmt.Sprintf("for a snapshot of %s, of which there is none; this starts an empty one in its place: %s", cluster, in.Policy.StartOver)}, false
}

// waitForOperator waits where a snapshot cannot be restored and the operator must say what
// is to be done.
func (in Input) waitForOperator(failed FailedRestore, older []registry.ConsulSnapshot) Action {
	wait := fmt.Sprintf("for the operator: %s cannot be restored: %s", failed.Snapshot, failed.Why)
	if !failed.Damaged {
		wait += fmt.Sprintf("; once that is mended, this has it tried again: %s", in.Policy.Retry)
	}
	then := "it is not restored, and -lost-cluster bootstrap starts an empty cluster"
	if len(older) > 0 {
		then = fmt.Sprintf("the one before it is restored, %s of %s", older[0].Key(), inWords(older[0]))
	}
	return Action{Wait: fmt.Sprintf("%s; when it is removed, %s: %s%s", wait, then, in.Policy.Remove, failed.Snapshot)}
}

// snapshotsOfLost returns the snapshots of a lost cluster, the newest first. Where it was
// restored itself, what it was restored from and what is older comes last. Where ok is
// false, the action lists them.
func (in Input) snapshotsOfLost() (list []registry.ConsulSnapshot, action Action, ok bool) {
	cluster, named := in.Self.Membership.ClusterID, in.Self.Membership.Restore
	if rec := in.Seen.Record; rec != nil {
		cluster, named = rec.ClusterID, rec.Restore
	}
	if registry.CheckClusterID(cluster) == nil {
		own, listed := in.Snapshots[cluster]
		if !listed {
			return nil, Action{ListSnapshots: cluster}, false
		}
		list = slices.Clone(own)
		slices.Reverse(list)
	}
	older, action, ok := in.snapshotsUpTo(named)
	return append(list, older...), action, ok
}

// snapshotsUpTo returns a snapshot, if it is there, and those of the same cluster before
// it, the newest first. Where ok is false, the action lists them.
func (in Input) snapshotsUpTo(key string) (list []registry.ConsulSnapshot, action Action, ok bool) {
	named, err := registry.ParseSnapshotKey(key)
	if err != nil {
		return nil, Action{}, true
	}
	all, listed := in.Snapshots[named.ClusterID]
	if !listed {
		return nil, Action{ListSnapshots: named.ClusterID}, false
	}
	for _, s := range slices.Backward(all) {
		if s.Key() <= key {
			list = append(list, s)
		}
	}
	return list, Action{}, true
}

// inWords returns when a snapshot was taken and how large it is.
func inWords(s registry.ConsulSnapshot) string {
	return fmt.Sprintf("%s, %s", s.Time.UTC().Format(time.RFC3339), size(s.Size))
}

// size returns a number of bytes in words.
func size(bytes int64) string {
	for unit, name := range map[int64]string{1 << 30: "GiB", 1 << 20: "MiB"} {
		if bytes >= unit && bytes < unit<<10 {
			return fmt.Sprintf("%.1f %s", float64(bytes)/float64(unit), name)
		}
	}
	return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
}
