package consul

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"
)

// serverPorts are the ports that a server listens at and a client does not, by their
// name in a configuration file, with Consul's defaults.
var serverPorts = []struct {
	name, flag string
	number     int
}{
	{"server", "server-port", 8300},
	{"serf_wan", "serf-wan-port", 8302},
}

// CheckPorts returns an error if a port that only a server listens at is taken. An
// agent that is about to end has until patience is over.
func CheckPorts(ctx context.Context, l Launch, files []File, patience time.Duration) error {
	for begin := time.Now(); ; {
		err := l.tryPorts(ctx, files)
		if err == nil || time.Since(begin) >= patience {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (l Launch) tryPorts(ctx context.Context, files []File) error {
	for _, port := range serverPorts {
		number := l.port(port.name, port.flag, port.number, files)
		if number < 0 {
			continue // it is switched off
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(l.Bind, strconv.Itoa(number)))
		if err != nil {
			return fmt.Errorf("a server could not listen at its port %s: %w", port.name, err)
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	return nil
}

// port returns the number of a port as the arguments, or else the files, say it.
func (l Launch) port(name, flag string, number int, files []File) int {
	for _, f := range files {
		settings, err := decode(f)
		if err != nil {
			continue // Consul will refuse the file in its own words
		}
		for _, ports := range blocks(settings, "ports") {
			for _, v := range values(ports, name) {
				if n, err := strconv.Atoi(fmt.Sprint(v)); err == nil {
					number = n
				}
			}
		}
	}
	for i, arg := range l.Extra {
		given, value, hasValue := flagName(arg)
		if given != flag {
			continue
		}
		if !hasValue && i+1 < len(l.Extra) {
			value = l.Extra[i+1]
		}
		if n, err := strconv.Atoi(value); err == nil {
			number = n
		}
	}
	return number
}

// certificateKeys are the settings that name certificates and keys.
var certificateKeys = []string{"ca_file", "ca_path", "cert_file", "key_file"}

// CheckCertificates returns an error if the configuration names a certificate or a key
// that cannot be read.
func CheckCertificates(files []File) error {
	var bad []error
	for _, f := range files {
		settings, err := decode(f)
		if err != nil {
			continue // Consul will refuse the file in its own words
		}
		places := []map[string]any{settings}
		for _, tls := range blocks(settings, "tls") {
			for _, part := range []string{"defaults", "internal_rpc", "https", "grpc"} {
				places = append(places, blocks(tls, part)...)
			}
		}
		for _, place := range places {
			bad = append(bad, readable(f, place))
		}
	}
	return errors.Join(bad...)
}

func readable(f File, settings map[string]any) error {
	for _, key := range certificateKeys {
		for _, v := range values(settings, key) {
			path, ok := v.(string)
			if !ok || path == "" {
				continue
			}
			file, err := os.Open(path)
			if err != nil {
				return fmt.Errorf("%s says %s: %w", f.Name, key, err)
			}
			_ = file.Close() // it was read only
		}
	}
	return nil
}

// blocks returns the blocks of a name, in either of the forms that the decoders give
// them.
func blocks(settings map[string]any, name string) []map[string]any {
	var out []map[string]any
	switch v := settings[name].(type) {
	case map[string]any:
		out = append(out, v)
	case []map[string]any:
		out = append(out, v...)
	case []any:
		for _, one := range v {
			if block, ok := one.(map[string]any); ok {
				out = append(out, block)
			}
		}
	}
	return out
}
