/*
ac-decide decides whether this node is a Consul server that bootstraps, a server
that joins the others, or an agent.

# Usage

	ac-decide [-r URL] [-n NODE] [-a ADDRESS] [-s 1] [-e 120] [-d DIR]
	          [-mode auto|kept|server|agent] [-birth first|quorum]
	          [-lost-cluster auto|wait|bootstrap] [-wait 5m] [-claims on|off]
	          [-resize] [-dry-run]
	ac-decide [-d DIR] -mode server|agent -set

# Input

With -r it reads the registry. Without, it reads an ac-members document on
standard input and takes registry, expiry and members from there; a claim is
then a compare-and-swap against exactly the record that the document shows.

Where there is no record, expired heartbeats are the only trace of a cluster that
may come back. What the document shows as purged counts; whoever decides again and
again gives ac-members -purge=false, or this program -r.

Without -address, -advertise and -bind the node's address is that of the default
route's interface. Where several addresses may be meant, they are listed and
nothing is decided: -address decides.

The data directory's file mode decides if it is there; -mode server and
-mode agent set it, -mode kept asks for it to be there.

# Output

One JSON document: the decision, in words too, and what proved that a server
which is replaced is dead. It is kept in the data directory, so that the node is
the same after a restart. While it waits for other nodes it says on standard
error what for, and how long at most. With -dry-run nothing is claimed and
nothing kept: the decision is the one that would be made.
With -set the mode given with -mode is kept for the next start and nothing else
is done: no registry is read, and the document says what is kept.

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
	ac-members -r s3://my-bucket/consul | ac-decide -n a -a 10.0.0.1 -s 3 | ac-exec
	ac-decide -r s3://my-bucket/consul -a 10.0.0.9 -s 5 -resize -dry-run
	ac-decide -d /var/lib/consul -mode server -set
*/
package main
