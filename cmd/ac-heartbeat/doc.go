/*
ac-heartbeat asks the local Consul agent whether it runs, and as what, and writes
this node's heartbeat to the registry.

# Usage

	ac-heartbeat -r URL [-n NODE] [-a ADDRESS] [-e 120] [-t 60] [-d DIR] [-- command …]
	ac-heartbeat -r URL -wait joined|leader|voter [-timeout 5m]
	ac-heartbeat -r URL -leave [-force]

# Input

The local agent's HTTP API, with Consul's own environment: CONSUL_HTTP_ADDR,
CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_SSL, CONSUL_CACERT and the
rest. With ACLs the token needs agent:read. Node and address are the agent's own
unless they are given. AWS settings come from the SDK's own chain.

A server's data directory says which cluster it belongs to. The cluster record is
read before each beat: once Consul has a leader, the first server to see it marks
the cluster as established, and until then servers beat under agents/ only; a
record that vanished is written back, with the number of servers that it named
last, which the data directory keeps; a server of another cluster, or of a birth
that another one has overtaken, does not beat.

# Output

One JSON document a beat: what was written, where. Without -t one beat is made.
With -t the first is made at once, or as soon as the agent runs, and then one
every tick, a tenth early at most, until TERM or INT. In the loop an agent that
is not running is no error, and a store that fails is reported on standard error
and tried again at the next tick. A server that could not beat for a whole expiry
looks every two seconds whether the store is back, for another cluster may have been
started in its place. The loop removes its own expired heartbeats.

The loop also joins an agent that stays alone, or a server without a leader, to
the members of now, up to five, again and again with pauses that grow from five
seconds to the tick; with ACLs that needs agent:write. Standard error says whom it
has joined, and when it has found a server or a leader.

With -wait one beat is made as soon as the agent has joined others, knows of a
leader, or votes (for an agent the same as leader); if that does not come within
the timeout the exit code is 75 and the error says what was missing.

With -leave the agent leaves its cluster gracefully and ends; then its heartbeats
are removed and a server's slot is given back, so that a replacement is taken at
once. The document says what was removed. Without -force a server does not leave
that would take the quorum with it, has no leader, or holds a slot that the data
directory does not say is its own. With -node the registry is put in order also
when the agent is not running. One that hangs is.

With -t and a command, beats are made beside it, in a process of their own, which is
started again if it dies. The command is started in a session of its own, has this
program's standard streams, and gets INT, TERM, HUP and QUIT once each; the beats
print nothing. Where they find that this node must decide again, or is fenced, the
command is stopped with TERM. Whatever ends this program, KILL included, what is left
in the command's process group gets TERM; what has left the group is not held.

With -again, which auto-consul uses, the command is started again where the beats end
with 75, or where the program does that the command has become by exec. It is told so
by the variable AUTO_CONSUL_AGAIN=1. Without -t nothing beats then.

# Exit codes

With a command that command's own, 128+n if signal n ended it, 126 or 127 if it could
not be started, and 75 or 76 if the beats have stopped it. Otherwise:

	0    done; the answer is on standard output
	1    failure that fits no other line
	2    misuse: bad flag, bad environment, malformed or empty standard input
	69   the registry cannot be reached or answers with errors
	75   undecided, or the ground of the decision is gone: decide again
	76   fenced: this node's data belongs to another generation or cluster
	77   the registry denies access
	255  the agent is not running, so nothing was written (or does not answer)

# Examples

	ac-heartbeat -r s3://my-bucket/consul
	ac-heartbeat -r s3://my-bucket/consul -t 60 -d /var/lib/consul
	ac-members s3://my-bucket/consul | ac-decide | ac-heartbeat -r s3://my-bucket/consul -t 60 -- ac-exec
	ac-heartbeat -r s3://my-bucket/consul -wait voter -timeout 5m
*/
package main
