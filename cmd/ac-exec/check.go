package main

import (
	"context"
	"fmt"

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// runCheck says whether an agent could be started here. It ends with the code that
// the start would end with.
func (p *program) runCheck(ctx context.Context, s cli.Streams) error {
	path, err := consul.Find(p.consul)
	if err != nil {
		return err
	}
	release := consul.Release(ctx, path)
	if err := consul.CheckRelease(release); err != nil {
		return err
	}
	mode := registry.Client
	if p.mode == string(registry.Server) {
		mode = registry.Server
	}
	l := consul.Launch{Bind: p.bind(), DataDir: datadir.Dir(p.dir).Consul(mode), ConfigDir: p.configDir, Extra: p.extra}
	if err := datadir.CheckWritable(p.dir); err != nil {
		return err
	}
	files, err := consul.ReadConfig(l.ConfigPaths())
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if mode == registry.Server {
		if err := consul.CheckCertificates(files); err != nil {
			return fmt.Errorf("configuration: %w", err)
		}
		if err := consul.CheckPorts(ctx, l, files, p.patience); err != nil {
			return err
		}
	}
	return s.Print(wire.Check{Version: wire.Version, Mode: string(mode), Consul: path, Release: release, DataDir: p.dir})
}
