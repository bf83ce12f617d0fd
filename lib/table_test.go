// Package lib holds what is checked across all packages: here, the table of what may
// not be imported or used where. What it is checked with stands in examine_test.go.
package lib

// bans is the import table: what may not be imported where. Test files are
// bound only by bans that say so.
var bans = []ban{
	{
		in: everywhere, tests: true, of: below(module + "/cmd"),
		why: "a program is composed of packages, not of programs",
	},
	{
		in: under("lib/rule/"), of: not(either(computing, project("registry"))),
		why: "the rules compute from what they are given: no I/O, no waiting, no other package than that of the heartbeats",
	},
	{
		in: under("lib/claim/"), of: outside("registry", "rule"),
		why: "the loop around the rules knows neither the store that it works on nor the program that it works for",
	},
	{
		in: under("lib/claim/", "lib/registry/"), of: not(either(standard, below(module, "golang.org/x/sync/errgroup"))),
		why: "the loop and the registry need nothing but the standard library and parallel reads",
	},
	{
		in: under("lib/registry/", "lib/claim/", "lib/node/"), of: input,
		why: "they reach the world through interfaces, so that tests and the simulation can be the world",
	},
	{
		in: under("lib/registry/"), of: below(module),
		why: "heartbeats are there without rules, records and documents",
	},
	{
		in: under("lib/node/"), of: outside("registry", "rule", "claim", "wire"),
		why: "a node's life runs on ports that it declares: the simulation must run the same code without Consul, disks and flags",
	},
	{
		in: under("lib/node/"), of: not(either(standard, below(module))),
		why: "a node's life needs nothing that the simulation would have to model",
	},
	{
		in: under("lib/status/"), of: either(outside("registry", "rule"), input),
		why: "what is shown is computed from what was seen: it judges by the rules, and knows neither documents nor stores",
	},
	{
		in: under("lib/members/"), of: either(outside("registry", "rule", "claim", "wire"), input),
		why: "a reading and its document: it judges by the rules, and knows neither flags nor stores",
	},
	{
		in: under("lib/start/"), of: outside("registry", "rule", "claim", "node", "consul", "datadir"),
		why: "what comes before an agent reads no flags and no documents, and opens no store",
	},
	{
		in: under("lib/exit/"), of: either(outside("registry", "rule", "claim", "node"), input),
		why: "exit codes are about errors: it knows the packages that declare them, and does nothing",
	},
	{
		in: under("lib/cli/"), of: outside("exit", "wire"),
		why: "flags and streams serve any program: they know no members, no S3, no Consul",
	},
	{
		in: under("lib/wire/"), of: not(standard),
		why: "the documents are a specification that anyone can read without the rest",
	},
	{
		in: under("lib/supervise/"), of: either(below(module), below("net")),
		why: "whoever keeps processes together must go on when the network does not, whatever the processes do",
	},
	{
		in: not(under("lib/s3store/")), of: below("github.com/aws"),
		why: "one place knows the SDK: a store is chosen by its URL alone",
	},
	{
		in: under("lib/s3store/", "lib/dirstore/"), of: outside("registry"),
		why: "a store holds no rules: it knows what a store is, and nothing else",
	},
	{
		in: under("lib/store/"), of: outside("registry", "s3store", "dirstore", "exit"),
		why: "it chooses a store by its URL, and nothing else",
	},
	{
		in: under("lib/consul/"), of: outside("registry", "node", "exit"),
		why: "Consul's side of a node's life knows no store, no rules and no other side of it",
	},
	{
		in: not(under("lib/consul/")), of: below("github.com/hashicorp"),
		why: "one place knows Consul's client",
	},
	{
		in: under("lib/datadir/"), of: outside("registry", "rule", "node"),
		why: "the data directory keeps what it is given: it knows neither Consul's API nor a store",
	},
	{
		in: under("lib/route/"), of: below(module),
		why: "a machine's addresses have nothing to do with the rest",
	},
	{
		in: under("lib/route/route.go", "lib/route/table.go"), of: input,
		why: "which address is chosen can be tested on any machine: only local.go looks at one",
	},
	{
		in: not(testRoom),
		of: either(
			project("ruletest", "consultest", "storetest", "scripttest", "sim"),
			below("github.com/rclone", "github.com/rogpeppe", "net/http/httptest", "testing"),
		),
		why: "what a test needs has no place in a program",
	},
	{
		in: not(under("scripts/figures/")), tests: true, of: below("gonum.org"),
		why: "pictures are drawn in scripts/figures, for the documentation",
	},
	{
		in: everywhere, of: oneOf("log", "io/ioutil", "math/rand"),
		why: "no global logger; the others have successors",
	},
}

// calls is the table of what may not be used where, beside imports.
var calls = []use{
	{
		in: not(programMain), names: []string{"os.Exit", "os.Args", "log.Fatal", "log.Fatalf", "log.Fatalln"},
		why: "the exit code and the arguments are main's: all else returns an error",
	},
	{
		in: not(either(under("lib/cli/cli.go"), toolMain)), names: []string{"os.Stdin", "os.Stdout", "os.Stderr"},
		why: "the streams are given, so that a test can give others",
	},
	{
		in: everywhere, names: []string{"fmt.Print", "fmt.Printf", "fmt.Println"},
		why: "they write to the process's own standard output",
	},
	{
		in: under("lib/registry/", "lib/rule/", "lib/status/"),
		names: []string{
			"time.Now", "time.Since", "time.Until",
			"time.After", "time.AfterFunc", "time.NewTicker", "time.NewTimer", "time.Sleep", "time.Tick",
		},
		why: "rules judge by store time alone, and wait for nothing",
	},
	{
		in: everywhere, names: []string{"flag.Parse", "flag.CommandLine", "http.DefaultClient", "http.DefaultServeMux"},
		why: "global state",
	},
}
