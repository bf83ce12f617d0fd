/*
ac-heartbeat asks the local Consul agent whether it runs, and as what, and writes
this node's heartbeat to the registry.

# Usage

	ac-heartbeat -r URL [-n NODE] [-a ADDRESS] [-e 120] [-t 60] [-d DIR]
	             [-sample N] [-eligible] [-grace T] [-zone Z] [-snapshots 1h]
	ac-heartbeat -r URL -t 60 [FLAGS] -- command [argument…]
	ac-heartbeat -r URL -until joined|leader|voter [-wait 5m]
	ac-heartbeat -r URL -leave [-force]
	ac-heartbeat -r URL -dry-run
	ac-heartbeat -version

# Input

The local agent is asked through its HTTP API, with Consul's own environment:
CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN, CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_SSL,
CONSUL_CACERT and the rest. Where ACLs are on, the token needs agent:read, and
more where that is said below. Node name and address are the agent's own unless
they are given. AWS settings come from the SDK's own chain.

The data directory says to which cluster a server belongs, and the cluster
record is read before each beat. When Consul has a leader for the first time,
the first server to see that marks the cluster as established in the record;
until then servers beat under agents/ only. If the record has vanished, a server
writes it back, with the desired number of servers that its data directory keeps.
If the record names another cluster, or a later birth of this one, the server
does not beat and ends with 76.

# Output

One JSON document for each beat says what was written. Without -ticks the
program beats once. With -ticks it beats at once, or as soon as the agent runs,
and then once every tick, up to a tenth of a tick early, until TERM or INT. In
this loop an agent that is not running is no error. If the store fails, standard
error says so and the next tick tries again. A server whose beats have failed
for a whole expiry tries every two seconds, because another cluster may have
been started in its place meanwhile. The loop removes its own heartbeats once
they have expired.

With -sample N only about N clients have a live heartbeat at a time, however many
clients there are. In the loop a client then leaves beats out at random; how often
depends on the number of clients that its agent knows. For a beat that is left out
nothing is printed, and the store is sent nothing but the removal of the client's
own expired heartbeats. A client beats at every tick if there are N clients or
fewer, if its agent knows no server, until it has read the cluster record, and if
a server's slot there has its name or its address. Servers beat at every tick. A
single beat, -until and -dry-run are not sampled, because they do not know how often
they are asked for.

With -eligible the node may change its role by itself. A client asks its agent
every five seconds how many servers live. If there have been too few for the
expiry and -grace, the registry shows a place that is vacant too, and a server
could be started here, the client claims the place in the cluster record and the
loop ends with 75. With -zone it leaves the place to clients of other zones for a
quarter of -grace longer if its own zone has a server, and for half of it if it has
more. A server writes its -zone into its place. Whatever started it must decide
again then, as auto-consul run and the units do: the node goes on as a server. A
server that holds no place where all are taken gives up its vote, ends its agent,
puts its raft data aside and ends with 75, to go on as a client. It does so only
if enough voters stay alive without it. One that has taken a place and does not
come to vote does the same. Nothing changes on a node whose mode the operator has
set. Node id, services, checks and sessions of the agent stay. Where ACLs are on,
a client needs node:read for that, and a server node:read and agent:write. A
server without operator:read, operator:write, or service:write for the service
consul, or whose agent ac-exec did not start, leaves the cluster instead, and sessions
of its agent end. If something else is missing, standard error says what, once,
and the node stays what it is.

With -snapshots INTERVAL the loop of the raft leader keeps snapshots of Consul's
state in the registry, below snapshots/ and the cluster's id, so far apart. Each is
taken from the leader, never a stale one, written through a file of the data
directory that has no name, read back and compared. Then older ones of the same
cluster are removed, but for the newest, those of the last day, one of each day of
the last week and one of each week of the last month. A state that has not changed
is not written again. Standard error says what was written. If something fails,
it says what, and the next tick tries again; after further failures the pause
doubles, up to the interval. The beats go on meanwhile. A snapshot holds all
secrets of Consul in clear, the ACL tokens for example, so only servers should be
able to read them. Where ACLs are on, the token needs acl:write for that. The work
for one snapshot is bounded by an hour or the interval, whichever is longer, and
not by -timeout. A snapshot has 5 GiB at most. A single beat keeps none.

If the agent stays alone, which is a server without a leader or a client that
knows no server, the loop joins it to up to five members that the registry lists
now. It does so again and again, after pauses that grow from five seconds to the
tick. Where ACLs are on, the token needs agent:write for that. Standard error says
whom the agent has joined, and when it has found a server or a leader.

With a command after -- the program beats beside that command, as timeout runs a
command. It needs -ticks. The command gets this program's standard input and
output, and the beats print nothing there. It runs in a session of its own. INT,
TERM, HUP and QUIT are passed on to it, once for each that arrives. The program
ends when the command ends. If a beat ends with 76, the command gets TERM. If it
ends with 75, the command's process group is killed, because a Consul client that
gets TERM leaves its cluster, and its sessions would be destroyed. Either is the
exit code then. The beats run in a process of their own, which is started again
if it crashes, so that a crash never ends the command. If the command ends with 0
by itself, a beat that is under way has -timeout to finish. When this program
ends, even by KILL, the command's process group gets TERM.

With -until the program beats once, as soon as the agent has joined others, knows
a leader, or votes. For a client voter means the same as leader. If that has not
happened when -wait is over, the exit code is 75 and the error says what was
missing. Where ACLs are on, the token needs operator:read to ask for voters; one
that the agent does not know yet, as after a start, is waited for like the rest.

With -leave the agent leaves its cluster and ends. Then the program removes the
node's heartbeats and gives a server's slot back, so that another node can
replace it at once, and prints what it has removed. A server does not leave if
the others would have no quorum without it, if there is no leader, or if the node
holds a slot that is not this data directory's; while another server steps down it
does not, either, and the exit code is 75. With -force it leaves all the same. If
the agent is not running, -node says whose heartbeats and slot to remove. An agent
that hangs counts as running; end it first.

With -dry-run the program prints the beat that it would write, and writes
nothing.

With -again, which auto-consul uses, the command is started again if the beats end
with 75, or if the command itself does. AUTO_CONSUL_AGAIN=1 in its environment tells
it so. Without -ticks nothing beats beside it then.

# Exit codes

With a command, the command's own, or 128+n if signal n ended it. Otherwise:

	0    done; the answer is on standard output
	1    failure that fits no other line
	2    misuse: bad flag, bad environment, malformed or empty standard input
	69   the registry cannot be reached or answers with errors
	75   undecided, or the ground of the decision is gone: decide again
	76   fenced: this node's data belongs to another generation or cluster
	77   the registry denies access
	126  command found but not executable
	127  command not found
	255  the agent is not running, so nothing was written (or does not answer)

# Examples

	ac-heartbeat -r s3://my-bucket/consul
	ac-heartbeat -r s3://my-bucket/consul -t 60 -d /var/lib/consul
	ac-heartbeat -r s3://my-bucket/consul -t 60 -d /var/lib/consul -snapshots 1h
	ac-heartbeat -r s3://my-bucket/consul -until voter -wait 10m
	ac-members -limit 10 s3://my-bucket/consul | ac-decide -a 10.0.0.1 |
	        ac-heartbeat -r s3://my-bucket/consul -t 60 -- ac-exec
	ac-heartbeat -r s3://my-bucket/consul -d /var/lib/consul -leave
*/
package main
