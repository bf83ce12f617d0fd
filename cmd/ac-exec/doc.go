/*
ac-exec becomes the Consul agent that a decision asks for.

# Usage

	ac-exec [-d DIR] [-c DIR] [-b IP] [-a IP] [-advertise IP] [-consul PATH]
	        [-timeout 30s] [-dry-run] [-- further Consul arguments]
	ac-exec -check [-mode auto|kept|server|agent] [-d DIR] [-c DIR] [-b IP]
	        [-consul PATH] [-- further Consul arguments]
	ac-exec -version

# Input

One ac-decide document on standard input. Everything in it that reaches Consul
is checked again.

The agent binds to -bind, or else to -address, or else to 0.0.0.0. It announces
-advertise, or else -address, or else the address that the decision was made
with, which must then be an IP address.

Further arguments are given to Consul last. Arguments that would change the role
or the data, override others or end healthy agents are refused, such as -server,
-bootstrap, -dev, -hcl and -retry-max.

# Output

The program prints nothing itself. It makes sure that the data directory can be
written and that no other agent runs on it. If the decision rests on a claim, it
reads the cluster record once more, for -timeout at most; if another node may
bootstrap now, it ends with 75. Then it executes "consul agent" in its own place:
the process id stays the same, signals reach Consul, the exit code is Consul's,
the environment is handed on, and standard input is /dev/null.

If the decision names a snapshot, it is restored first: before any other node can
find the agent, and so before a client can write what the snapshot would undo. It
is fetched from the registry into the data directory, compared with its own
checksums, and loaded by a Consul that runs alone on loopback, without the
-config-dir. Standard error says so. All of it is put in place in one step at
the end, after the record was read once more. A restore that fails ends with 75,
and so does the third: ac-decide counts them. It may take disk space of three
times the snapshot's size.

Consul's own data lie in the folder server or agent of the data directory. A node
that changes its mode goes on in the folder that it ran in, which is renamed, so
that it keeps Consul's node id and what is registered through its agent. This is
done last, and not if the folder server holds raft data. A folder that is in the
way gets the ending .before.

The zone of a decision is given to Consul as node metadata, with the key
auto-consul-zone.

Consul is told its role explicitly, so that no file in the -config-dir can
change it. If a setting in a file contradicts an argument, standard error names
it first; the argument wins. The setting retry_max alone cannot be overridden.

With -dry-run the program prints the argument list as one JSON document and
starts nothing.

With -check it reads no decision and starts nothing. It checks whether an agent
could be started here, so that a node does not claim a place that it cannot
take: Consul must be there, executable and new enough, the data directory
writable and the configuration readable. With -mode server the ports that only
a server listens at must be free as well, and the certificates that the
configuration names must be there. One JSON document says what was checked. If
something is wrong, the exit code is the one that the start would have.

# Exit codes

Consul's own once it runs. Before that:

	0    done; the answer is on standard output (-dry-run, -check)
	1    failure that fits no other line
	2    misuse: bad flag, bad environment, malformed or empty standard input
	69   the registry cannot be reached or answers with errors
	75   undecided, or the ground of the decision is gone: decide again
	77   the registry denies access
	126  command found but not executable (Consul)
	127  command not found (Consul)

# Examples

	ac-members -limit 10 s3://my-bucket/consul | ac-decide -n a -a 10.0.0.1 | ac-exec
	ac-exec -d /var/lib/consul -c /etc/consul.d -- -client 0.0.0.0 <decision.json
	ac-exec -dry-run <decision.json
	ac-exec -check -mode server -d /var/lib/consul -c /etc/consul.d
*/
package main
