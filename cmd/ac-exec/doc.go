/*
ac-exec becomes the Consul agent that a decision asks for.

# Usage

	ac-exec [-d DIR] [-c DIR] [-b IP] [-a IP] [-advertise IP] [-consul PATH]
	        [-dry-run] [-- further Consul arguments]

# Input

One ac-decide document on standard input. Everything in it that reaches Consul is
checked again.

The agent binds to -bind, or else -address, or else 0.0.0.0. It announces
-advertise, or else -address, or else the address that the decision was made
with, which must be an IP address then.

Further arguments come last. Those that decide the role or the data, override
the others or end healthy agents are refused: -server, -bootstrap, -dev, -hcl,
-retry-max and their like.

# Output

None of its own: it checks that the data directory can be written, that no other
agent runs on it and that Consul would still take it (a server that was off for
longer than server_rejoin_age_max is refused), and executes "consul agent" in its
place. The process id stays the same, signals reach Consul,
the exit code is Consul's, the environment is handed on, and standard input is
/dev/null.

Roles are said explicitly, so that a file in the -config-dir cannot turn one
around; every setting in a file that contradicts the arguments is named on
standard error first. retry_max alone is not overridden.

With -dry-run one JSON document holds the argument list, and nothing is started.

# Exit codes

Consul's own once it runs; before that:

	0    done; the answer is on standard output (-dry-run)
	1    failure that fits no other line
	2    misuse: bad flag, bad environment, malformed or empty standard input
	69   the registry cannot be reached or answers with errors
	75   undecided, or the ground of the decision is gone: decide again
	77   the registry denies access
	126  Consul found but not executable
	127  Consul not found

# Examples

	ac-members -r s3://my-bucket/consul | ac-decide -n a -a 10.0.0.1 | ac-exec
	ac-exec -d /var/lib/consul -c /etc/consul.d -- -client 0.0.0.0 <decision.json
	ac-exec -dry-run <decision.json
*/
package main
