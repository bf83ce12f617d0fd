// Package sim has no code but a test: thousands of seeded random runs, of up to tens
// of nodes over virtual hours each, against the in-process S3 server. What runs is
// package node itself, as the programs run it: it prepares, confirms, beats, joins
// again and leaves, through the real store client, decider and rules. Only what
// package node declares as its ports is modelled: the agent and the network around it,
// which are quicker than the real ones and have no defences, the data directory, and
// the output. Nodes crash (with their disks or without), are paused for longer than a
// claim may be silent, also in the middle of a request for the record, are cut off
// from each other or from the store, leave or die for good and hand their addresses
// on; the store is away, refuses writes, loses requests and answers, is slow, carries
// a write out when nobody waits for it any more; somebody deletes the record, resizes,
// purges; the store's clock is ahead for a while and is set back.
//
// These must never be, at any moment:
//
//   - advertised: two clusters shown to the world. What shows a cluster is a
//     server's heartbeat from a node with raft data. Its writer has read the
//     record just before, so data of another cluster_id or term than the record
//     named then must not be shown; and among the heartbeats that rest on one
//     reading of the record, those that have not expired show one lineage. What
//     was under way when the record changed is not held against its writer: no
//     rule can call a request back, its stamp expires, and readers of the record
//     know better.
//     Nodes of the Ruby gem know of no records: once somebody has ordered another
//     cluster in place of theirs, nothing is held against them.
//   - born twice: two lineages of raft data founded under one cluster_id and term.
//   - unconfirmed: data founded under a claim that was overtaken before its
//     founder's start, unless the founder was paused between the question and the
//     start. No rule can shut that gap; the first reading of the record ends such a
//     server before it has shown itself.
//   - unfenced: a server that goes on with overtaken data for more than a beat and
//     three time-outs although the store answers it.
//   - met: servers with the data of two lineages that find each other while
//     neither is overtaken. Overtaken ones may meet their successors until they
//     read the record; that is counted.
//   - slots: more of them than desired, except after a shrink.
//   - promoted: a client that took a place while another's change was under way.
//   - alive: a server replaced, other than by a resize, that had answered at its
//     address all the time since its replacer last listed heartbeats, or whose
//     heartbeat was in that list. A node that gave its slot up and runs as a client
//     is no server (R51).
//   - established: a cluster that had a leader born again.
//   - lost: another cluster_id in place of one, where more than one server was
//     desired and nobody has ordered it.
//   - gone: a record that somebody deleted and that no living server wrote back.
//   - away: a cluster that works, whose nodes are restarted one by one while the store is
//     away, and that has no leader, or a client without a server, before it is back.
//   - stuck: faults are over, there are nodes enough, and yet there is no
//     established cluster with a leader, the desired servers and nobody with other
//     data; unless it is documented to wait: its data or its quorum is lost for
//     good.
//
// The store's clock is decades away from that of the nodes, and shifting it by
// years changes nothing in any run. A seed makes a run and its story: all that
// happens has a moment of its own, to the nanosecond, and is drawn from the seed.
// Controls take safeguards away, one at a time, and must be condemned.
//
// PROVE=full runs ten thousand seeds, PROVE=n the first n, PROVE_SEED=n one of them
// with its story.
package sim
