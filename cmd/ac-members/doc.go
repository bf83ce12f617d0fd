/*
ac-members lists the live members of a registry and purges the expired
heartbeats that it comes across.

# Usage

	ac-members -r URL [-e 120] [-role all|servers|agents|none] [-purge=false]
	           [-limit N] [-sample N] [-snapshots 1h]
	           [-format json|tsv|table|prometheus] [-watch 10s] [-timeout 30s]
	ac-members URL
	ac-members -version

# Input

It reads the registry and nothing else. AWS settings come from the SDK's own
chain: environment, shared files, container and instance roles. The variable
AWS_ENDPOINT_URL_S3 names another store than Amazon's.

# Output

One JSON document. It lists each live node once in each of its roles, by its
newest heartbeat, sorted by heartbeat and then by node. It also lists the keys
that were purged, and the keys that were ignored with the reason for each. The
age of a heartbeat is judged by the store's clock, never by this machine's.

The cluster record is in the document where there is one, with the places that
are vacant: the node of such a place has no live heartbeat as a server, and its
time to start is over. Its last heartbeat is given as long as it is in the
registry. The answer that purges it is the last to have it. A place that a
running client has claimed has the time of that, as "promoted", until the server
votes, and "leaving" names a server that steps down, and since when. A place has the
zone of its node, where the node was told one.

Where the store's clock was ahead and was set back, heartbeats and times of the
cluster record lie in the future. The document lists them, as "future". A member
that has no other heartbeat is marked so; it counts as live here until its time
has come, with -watch for an expiry. Nodes count what lies in the future for an
expiry from when they have first seen it, and write the record anew.

With -limit N the program reads the addresses of N members of each role, which
it chooses at random; servers_total and agents_total count all of them. With
-format tsv it prints one member a line: role, node, address and heartbeat,
with tabs between them. With -role none it prints the cluster record alone.

With -format table it prints text for people. It lists the places of servers in
the order of their claims, each held or silent, with the last heartbeat of its
server. Live servers that have no place follow, and up to 20 clients. It says in
words what is missing, which nodes change their role, how far the recovery of a lost
quorum has come, and what happens next. The registry does not know how long nodes wait
for that: each was told its -grace.

With -format prometheus it prints metrics for the textfile collector of
Prometheus' node exporter: auto_consul_record, auto_consul_record_established,
auto_consul_servers_desired, auto_consul_changes_under_way,
auto_consul_servers_held, auto_consul_zone_servers_held by zone,
auto_consul_servers_live, auto_consul_clients_live, auto_consul_clients_sample,
auto_consul_keys_ignored, auto_consul_times_in_future,
auto_consul_server_heartbeat_age_seconds by node, and of the newest snapshot
auto_consul_snapshot_age_seconds and auto_consul_snapshot_size_bytes. Changes
under way are clients that have claimed a place and do not vote yet, and servers
that step down. Held are the servers that are live or still have time to start.
What is not known has no line. Members whose addresses a limit leaves out are
counted all the same; -limit 1 costs the fewest requests.

Both formats need -role all. Metrics cannot be used with -watch.

Where ac-heartbeat runs with -sample N, the list of agents shows about N of the
clients and all servers. Given the same -sample, this program says so in its
document: "sampled":N. The other formats but tsv say so, too.

The cluster's newest snapshot is in the table and among the metrics where there is
one. If it cannot be listed, standard error says so, and the rest stands. A
document has it with -snapshots, whatever the interval, as "snapshot". That costs
one request, and then a list that fails is an error like any other. A cluster
whose state does not change writes no further snapshot, so its newest grows old.

With -watch it prints a document at once, and then another whenever the
membership, the record or the vacant places have changed, until TERM or INT. If
the registry cannot be read meanwhile, standard error says so and the next tick
tries again.

To purge means to remove heartbeats that are older than -expiry, so give all
programs of a registry the same -expiry. If some cannot be removed, standard
error says so, and the answer stands.

# Exit codes

	0   done; the answer is on standard output
	1   failure that fits no other line
	2   misuse: bad flag, bad environment, malformed or empty standard input
	69  the registry cannot be reached or answers with errors
	77  the registry denies access

# Examples

	ac-members -r s3://my-bucket/consul/test-cluster
	ac-members -r s3://my-bucket/consul -format table
	ac-members -r s3://my-bucket/consul -role servers -format tsv | cut -f3
	ac-members -r s3://my-bucket/consul -format prometheus >consul.prom.new &&
	        mv consul.prom.new consul.prom
	ac-members -limit 10 s3://my-bucket/consul | ac-decide -n a -a 10.0.0.1 | ac-exec
*/
package main
