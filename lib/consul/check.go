package consul

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serverPorts are the ports that a server listens at and a client does not, by their
// names in a configuration file and among the arguments, with Consul's defaults. The
// setting bind, where there is one, moves the port to another address.
var serverPorts = []struct {
	name, flag     string
	number         int
	bind, bindFlag string
}{
	{"server", "server-port", 8300, "", ""},
	{"serf_wan", "serf-wan-port", 8302, "serf_wan", "serf-wan-bind"},
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

// ServerPort returns the port at which the servers of a cluster talk to each other, as the
// arguments or else the files say.
func ServerPort(l Launch, files []File) uint16 {
	number, err := strconv.ParseUint(l.setting(files, "ports", serverPorts[0].name, serverPorts[0].flag), 10, 16)
	if err != nil || number == 0 {
		return uint16(serverPorts[0].number)
	}
	return uint16(number)
}

func (l Launch) tryPorts(ctx context.Context, files []File) error {
	for _, port := range serverPorts {
		number, err := strconv.Atoi(l.setting(files, "ports", port.name, port.flag))
		switch {
		case err != nil:
			number = port.number
		case number < 0:
			continue // it is switched off
		}
		if port.bind != "" && l.setting(files, "", port.bind, port.bindFlag) != "" {
			continue // wherever that is
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(l.Bind, strconv.Itoa(number)))
		if err != nil {
			return fmt.Errorf("a Consul server could not listen at its port %d (%s): %w", number, port.name, err)
		}
		if err := listener.Close(); err != nil {
			return err
		}
	}
	return nil
}

// setting returns what the arguments, or else the files, say of a setting; empty if
// they say nothing. In a file it stands in the block, or on top where that is empty.
// The last of several values counts, as it does for Consul.
func (l Launch) setting(files []File, block, name, flag string) string {
	value := ""
	for _, f := range files {
		settings, err := decode(f)
		if err != nil {
			continue // CheckFiles finds it
		}
		places := []map[string]any{settings}
		if block != "" {
			places = blocks(settings, block)
		}
		for _, place := range places {
			for _, v := range values(place, name) {
				value = fmt.Sprint(v)
			}
		}
	}
	for i, arg := range l.Extra {
		given, said, hasValue := flagName(arg)
		switch {
		case given != flag:
		case hasValue:
			value = said
		case i+1 < len(l.Extra):
			value = l.Extra[i+1]
		}
	}
	return value
}

// CheckFiles returns an error if Consul could not read a configuration file.
func CheckFiles(files []File) error {
	var bad []error
	for _, f := range files {
		if _, err := decode(f); err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", f.Name, err))
		}
	}
	return errors.Join(bad...)
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
			continue // CheckFiles finds it
		}
		places := []map[string]any{settings}
		for _, tls := range blocks(settings, "tls") {
			for _, part := range []string{"defaults", "internal_rpc", "https", "grpc"} {
				places = append(places, blocks(tls, part)...)
			}
		}
		for _, place := range places {
			bad = append(bad, checkNamed(f, place))
		}
	}
	return errors.Join(bad...)
}

// checkNamed returns an error if settings of a file name a certificate or a key that
// cannot be read.
func checkNamed(f File, settings map[string]any) error {
	for _, key := range certificateKeys {
		for _, v := range values(settings, key) {
			path, ok := v.(string)
			if !ok || path == "" {
				continue
			}
			file, err := os.Open(path)
			if err != nil {
				return fmt.Errorf("%s says %s = %s: %w", f.Name, key, show(v), err)
			}
			_ = file.Close() // it was read only
		}
	}
	return nil
}

// blocks returns the blocks of a name, in any of the forms that the decoders give
// them. Consul takes names in any case.
func blocks(settings map[string]any, name string) []map[string]any {
	var out []map[string]any
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if !strings.EqualFold(key, name) {
			continue
		}
		switch v := settings[key].(type) {
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
	}
	return out
}
