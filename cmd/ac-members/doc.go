/*
ac-members lists the live members of a registry and purges the expired
heartbeats it comes across.

# Usage

	ac-members -r URL [-e 120] [-role all|servers|agents|none] [-purge=false]
	           [-limit N] [-format json|tsv] [-watch 10s]

The URL may also stand alone: ac-members s3://bucket/prefix

# Input

None but the registry. AWS settings come from the SDK's own chain: environment,
shared files, container and instance roles; AWS_ENDPOINT_URL_S3 names another
store.

# Output

One JSON document: one member per node and role, by its newest heartbeat, sorted
by heartbeat, then node; the keys that were purged; the keys that were ignored,
each with the reason. Ages are judged by the store's clock.

With -limit N the addresses of N members per role are read, chosen at random;
servers_total and agents_total count all. With -format tsv: role, node, address,
heartbeat, one member a line, tabs between. With -watch a document is printed at
once and then whenever the membership has changed; a look that fails is reported
on standard error and repeated at the next tick.

Purging removes what is older than -expiry, so all programs of one registry
should be given the same. Heartbeats that cannot be removed are reported on
standard error; the answer stands.

# Exit codes

	0   done; the answer is on standard output
	1   failure that fits no other line
	2   misuse: bad flag, bad environment, malformed or empty standard input
	69  the registry cannot be reached or answers with errors
	77  the registry denies access

# Examples

	ac-members -r s3://my-bucket/consul/test-cluster
	ac-members -r s3://my-bucket/consul -role servers -format tsv | cut -f3
	ac-members s3://my-bucket/consul | ac-decide -n a -a 10.0.0.1 | ac-exec
*/
package main
