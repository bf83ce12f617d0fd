/*
ac-decide decides whether this node is a Consul server that bootstraps a
cluster, a server that joins the others, or an agent: a Consul client.

# Usage

	ac-decide [-r URL] [-n NODE] [-a ADDRESS] [-s 1] [-e 120] [-d DIR] [-c DIR]
	          [-mode auto|kept|server|agent] [-birth auto|first|quorum] [-birth-wait T]
	          [-lost-cluster auto|wait|bootstrap|restore] [-wait 5m] [-timeout 30s]
	          [-zone Z] [-claims on|off] [-resize] [-dry-run]
	ac-decide -r URL [-n NODE] [-a ADDRESS] [-d DIR] -recover [-gone NAME]... [-dry-run]
	ac-decide [-d DIR] -mode server|agent -set
	ac-decide [-d DIR] -offline -set
	ac-decide -version

# Input

With -registry the program reads the registry. Without it, it reads an
ac-members document on standard input and takes the registry, the expiry and
the members from there. If the decision needs a claim, the record is then
swapped only if it still is exactly the one that the document shows.

Where there is no cluster record, expired heartbeats are the only trace of a
cluster that may come back. Those that the document lists as purged count. A
script that decides again and again should therefore call ac-members with
-purge=false, or give -registry to this program. A document of ac-members -limit
decides all the same, as long as all live servers are in it: without -limit it costs
a request for each client that lives.

The node's address is -advertise, or else -address, or else -bind. Without any
of them it is the address of the interface that the default route leads
through. If several addresses could be meant, the error lists them, nothing is
decided, and -address chooses one.

The data directory keeps the mode of an earlier start, which then decides. The
flags -mode server and -mode agent override it; -mode kept ends with 2 where
none is kept.

A new cluster of several servers waits for them (-birth auto, the default): as soon
as all desired servers have come they bootstrap together, and all of them vote from
the first second. If they have not come within -birth-wait, one of them bootstraps
alone, and until the others have come and may vote, nothing survives the loss of
that machine. The wait is a quarter of the expiry if it is not given, and half of it
at most; 0 is -birth first. With -birth first one server bootstraps at once and the
others join it; with -birth quorum all bootstrap together, however long that takes.
Kind and wait are those of the node that creates the record. One desired server
waits for nobody.

With -zone the node says what it fails together with, such as an availability zone.
Its place in the cluster record names the zone, and so does the agent, in its node
metadata under the key auto-consul-zone. While a new cluster waits for its servers,
a node whose zone has a place already leaves the others to nodes of other zones, for
a quarter of -birth-wait, or for half of it where its zone has more than one. Then it
takes one itself. A node without a zone waits for nobody. Where all nodes are in one
zone, -zone only makes the birth slower.

While the store is away, a node that was decided before can be decided without it.
The data directory keeps the addresses of the cluster's servers. A client tries the
store for -timeout, and then joins those; where none are kept it ends with 69. A
server tries for -wait, and ends with 69. With -offline -set its next decision, only
that one, may do without the store, also one that waits already: it starts with its
raft data and never bootstraps. Should somebody have given its cluster up, it may
meet the new one's servers until the store is back; then its first beat ends it.

# Output

One JSON document: the decision, its reason in words, and, where a server is
replaced, the evidence that it is dead. The decision is also kept in the data
directory, so that the node is the same after a restart. While the program
waits for other nodes, standard error says what it waits for, and for how long
at most; -wait bounds that.

A server that was off for longer than Consul's server_rejoin_age_max, which is a
week unless a file in the -config-dir says otherwise, would be refused by
Consul. It ends with 1 before it claims anything. An agent is not asked.

If all servers of a cluster are silent for a whole expiry and nobody answers at
their addresses, the cluster is lost. With -lost-cluster wait the program waits
for them all the same, and says what to type; with bootstrap it starts an empty
cluster; with restore one from the newest of the snapshots that ac-heartbeat
-snapshots keeps. With auto it waits if more than one server is desired; else it
restores or, if there is no snapshot, bootstraps. A node that was decided to be a
client obeys bootstrap and restore on the command line only, not as a setting. A
decision to restore names the snapshot; ac-exec restores it. One that cannot be
restored is given up after three tries, or at once if it is damaged; standard
error then says how to have it tried again, and how to have the one before it
restored.

With -dry-run nothing is claimed or kept: the document shows the decision that
would be made. With -set the program only keeps the -mode that is given, for the
next start, or -offline. It reads no registry, and the document says what is kept.

With -resize the cluster is to have as many servers as -servers says from now
on. Without it the number in the cluster record counts. Where that is less, servers
that are silent lose their places first, then those of the zone that has most, then
the newest.

With -recover the program decides nothing. It brings a cluster back that has lost its
quorum: type it on every server that survived, while the node's agent runs without a
leader under auto-consul run or its units, which stop the agent and start it again. Each
server that is off for good is named by -gone, by its node name or, where nobody knows
that, its address. Gone means powered off: one that runs on unseen, and comes back, spoils
the data. When nobody has joined in for an expiry, the server with the newest log goes
ahead, and the others join it anew. The document says who that is:
{"version":1,"winner":"n3","cluster_id":"...","generation":2}. It ends with 0 whoever
goes ahead, with 75 after -wait, and with 1, and the reason, where it is refused: there is
a leader, a server that takes no part lives or was not named, or the data is another
cluster's. What only the lost servers had is lost; with -dry-run standard error says how
much is known, and nothing is written or stopped.

INT and TERM end the program with 130 and 143, and the end of everybody who could
read its output, where that is a pipe, with 141.

# Exit codes

	0   done; the answer is on standard output
	1   failure that fits no other line
	2   misuse: bad flag, bad environment, malformed or empty standard input
	69  the registry cannot be reached or answers with errors
	75  undecided, or the ground of the decision is gone: decide again
	76  fenced: this node's data belongs to another generation or cluster
	77  the registry denies access

# Examples

	ac-decide -r s3://my-bucket/consul -a 10.0.0.1 -s 3
	ac-members -limit 10 s3://my-bucket/consul | ac-decide -n a -a 10.0.0.1 -s 3 | ac-exec
	ac-decide -r s3://my-bucket/consul -a 10.0.0.9 -s 5 -resize -dry-run
	ac-decide -r s3://my-bucket/consul -d /var/lib/consul -recover -gone n1 -gone n2 -dry-run
	ac-decide -d /var/lib/consul -mode server -set
*/
package main
