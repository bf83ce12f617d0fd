package consul

import (
	"slices"
	"strings"
	"testing"
)

// launch is one that nothing is wrong with.
func launch(change func(*Launch)) Launch {
	l := Launch{
		Node: "server1", Server: true, Bind: "0.0.0.0", Advertise: "10.0.0.1",
		Address: "10.0.0.1", Join: []string{}, DataDir: "/data/server",
	}
	if change != nil {
		change(&l)
	}
	return l
}

// argumentsTest is a change to the plain launch and its argument list.
type argumentsTest struct {
	name   string
	change func(*Launch)
	want   string
}

func (a argumentsTest) run(t *testing.T) {
	t.Parallel()
	argv, err := Arguments(launch(a.change))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(argv, " "); got != a.want {
		t.Errorf("got  %s\nwant %s", got, a.want)
	}
}

const start = "consul agent -node=server1 -bind=0.0.0.0 -advertise=10.0.0.1 -data-dir=/data/server "

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, test := range []argumentsTest{
		{
			"server with nobody to join is given itself, to be ready", nil,
			start + "-server=true -bootstrap=false -bootstrap-expect=0 -retry-join=10.0.0.1 -retry-interval=2s",
		},
		{
			"bootstrap alone joins itself", func(l *Launch) { l.Bootstrap = true },
			start + "-server=true -bootstrap=true -bootstrap-expect=0 -retry-join=10.0.0.1 -retry-interval=2s",
		},
		{
			"bootstrap with others joins them alone", func(l *Launch) { l.Bootstrap, l.Join = true, []string{"10.0.0.2", "10.0.0.1"} },
			start + "-server=true -bootstrap=true -bootstrap-expect=0 -retry-join=10.0.0.2 -retry-interval=2s",
		},
		{
			"bootstrap that is told of itself only", func(l *Launch) { l.Bootstrap, l.Join = true, []string{"10.0.0.1"} },
			start + "-server=true -bootstrap=true -bootstrap-expect=0 -retry-join=10.0.0.1 -retry-interval=2s",
		},
		{
			"quorum", func(l *Launch) { l.BootstrapExpect, l.Join = 3, []string{"10.0.0.2", "10.0.0.3"} },
			start + "-server=true -bootstrap=false -bootstrap-expect=3 -retry-join=10.0.0.2 -retry-join=10.0.0.3 -retry-interval=2s",
		},
		{
			"the first of a quorum too", func(l *Launch) { l.BootstrapExpect, l.Join = 3, []string{"10.0.0.1"} },
			start + "-server=true -bootstrap=false -bootstrap-expect=3 -retry-join=10.0.0.1 -retry-interval=2s",
		},
		{
			"agent", func(l *Launch) { l.Server, l.Join = false, []string{"host.example", "10.0.0.2"} },
			start + "-server=false -bootstrap=false -bootstrap-expect=0 -retry-join=host.example -retry-join=10.0.0.2 -retry-interval=2s",
		},
		{
			"configuration and further arguments", func(l *Launch) {
				l.ConfigDir, l.Extra = "/etc/consul.d", []string{"-client", "127.0.0.1"}
			},
			start + "-config-dir=/etc/consul.d -server=true -bootstrap=false -bootstrap-expect=0 -retry-join=10.0.0.1 -retry-interval=2s -client 127.0.0.1",
		},
	} {
		t.Run(test.name, test.run)
	}
}

func TestArgumentsAddresses(t *testing.T) {
	t.Parallel()
	for _, test := range []argumentsTest{
		{
			"own addresses and repetitions in any spelling", func(l *Launch) {
				l.Advertise, l.Address = "2001:db8::1", "10.0.0.9"
				l.Join = []string{"2001:DB8:0::1", "10.0.0.9", "::ffff:10.0.0.9", "2001:db8::2", "2001:db8:0::2", "10.0.0.3", "10.0.0.3"}
			},
			"consul agent -node=server1 -bind=0.0.0.0 -advertise=2001:db8::1 -data-dir=/data/server " +
				"-server=true -bootstrap=false -bootstrap-expect=0 -retry-join=[2001:db8::2] -retry-join=10.0.0.3 -retry-interval=2s",
		},
		{
			"IPv6 bootstrap", func(l *Launch) { l.Bind, l.Advertise, l.Bootstrap = "::", "2001:db8::1", true },
			"consul agent -node=server1 -bind=:: -advertise=2001:db8::1 -data-dir=/data/server " +
				"-server=true -bootstrap=true -bootstrap-expect=0 -retry-join=[2001:db8::1] -retry-interval=2s",
		},
	} {
		t.Run(test.name, test.run)
	}
}

func TestArgumentsRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Launch)
		want   string
	}{
		{"no node", func(l *Launch) { l.Node = "" }, "bad node name"},
		{"node with a quote", func(l *Launch) { l.Node = `a"b` }, "bad node name"},
		{"node like a flag", func(l *Launch) { l.Node = "-dev" }, "bad node name"},
		{"agent that bootstraps", func(l *Launch) { l.Server, l.Bootstrap = false, true }, "a client cannot bootstrap"},
		{"agent that expects", func(l *Launch) { l.Server, l.BootstrapExpect = false, 3 }, "a client cannot bootstrap"},
		{"both births", func(l *Launch) { l.Bootstrap, l.BootstrapExpect = true, 3 }, "exclude each other"},
		{"negative birth", func(l *Launch) { l.BootstrapExpect = -1 }, "bad bootstrap_expect -1"},
		{"bind to a name", func(l *Launch) { l.Bind = "localhost" }, "bad bind address"},
		{"bind to a template", func(l *Launch) { l.Bind = "{{ GetPrivateIP }}" }, "bad bind address"},
		{"bind to nothing", func(l *Launch) { l.Bind = "" }, "bad bind address"},
		{"bind to a group", func(l *Launch) { l.Bind = "224.0.0.1" }, "bad bind address"},
		{"advertise a name", func(l *Launch) { l.Advertise = "localhost" }, "bad advertise address"},
		{"advertise nothing", func(l *Launch) { l.Advertise = "" }, "bad advertise address"},
		{"advertise everywhere", func(l *Launch) { l.Advertise = "0.0.0.0" }, "nobody can be reached"},
		{"advertise everywhere, IPv6", func(l *Launch) { l.Advertise = "::" }, "nobody can be reached"},
		{"address of no shape", func(l *Launch) { l.Address = "-dev" }, "bad address"},
		{"join a cloud", func(l *Launch) { l.Join = []string{"provider=aws"} }, `cannot join: bad address "provider=aws"`},
		{"join a template", func(l *Launch) { l.Join = []string{"{{ env }}"} }, "cannot join"},
		{"join a flag", func(l *Launch) { l.Join = []string{"10.0.0.2", "-dev"} }, `cannot join: bad address "-dev"`},
		{"join two at once", func(l *Launch) { l.Join = []string{"10.0.0.2 10.0.0.3"} }, "cannot join"},
		{"join nothing", func(l *Launch) { l.Join = []string{""} }, "cannot join"},
		{"join with a line end", func(l *Launch) { l.Join = []string{"10.0.0.2\n"} }, "cannot join"},
		{"no data directory", func(l *Launch) { l.DataDir = "" }, "no data directory"},
		{"role in further arguments", func(l *Launch) { l.Extra = []string{"-server"} }, "-server cannot be given"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			argv, err := Arguments(launch(test.change))
			if err == nil {
				t.Fatalf("got %q, want an error", argv)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %q, want %q in it", err, test.want)
			}
		})
	}
}

func TestCheckExtra(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"server", "bootstrap", "bootstrap-expect", "read-replica", "non-voting-server", "dev", "data-dir",
		"node", "bind", "advertise", "retry-max", "retry-max-wan", "hcl",
	} {
		for _, args := range [][]string{
			{"-" + name},
			{"--" + name},
			{"-" + name + "=x"},
			{"--" + name + "=x=y"},
			{"-client", "127.0.0.1", "-" + name, "x"},
			{"-ui", "--", "-" + name},
		} {
			if err := CheckExtra(args); err == nil || !strings.Contains(err.Error(), "-"+name+" ") {
				t.Errorf("%q: got %v, want an error that names -%s", args, err, name)
			}
		}
	}
	for _, args := range [][]string{
		nil,
		{"-client", "127.0.0.1"},
		{"-ui=true", "--log-level=debug", "-node-meta", "server:yes"},
		{"-server-port=8300", "-retry-join=10.0.0.9", "-node-id=x"},
		{"-log-file", "server", "-config-file", "bootstrap.hcl"},
	} {
		if err := CheckExtra(args); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
	if err := CheckExtra([]string{"server"}); err == nil {
		t.Error(`"server": got no error, want one: Consul reads no flag after it`)
	}
}

func TestConfigPaths(t *testing.T) {
	t.Parallel()
	l := launch(func(l *Launch) {
		l.ConfigDir = "/etc/consul.d"
		l.Extra = []string{"-config-file", "a.hcl", "-ui", "--config-dir=b", "-config-file=c.json", "-config-format=hcl", "-config-dir"}
	})
	want := []string{"/etc/consul.d", "a.hcl", "b", "c.json"}
	if got := l.ConfigPaths(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := launch(nil).ConfigPaths(); got != nil {
		t.Errorf("without configuration: got %q, want none", got)
	}
}
