package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"auto-consul/lib/cli"
	"auto-consul/lib/consul"
	"auto-consul/lib/datadir"
	"auto-consul/lib/registry"
	"auto-consul/lib/wire"
)

// runCheck prints what was checked, if an agent could be started here. Its error has
// the exit code that the start would have.
func (p *program) runCheck(ctx context.Context, s cli.Streams) error {
	path, err := consul.Find(p.consul)
	if err != nil {
		return err
	}
	release, err := consul.Release(ctx, path)
	if err != nil {
		return err
	}
	if err := consul.CheckRelease(release); err != nil {
		return err
	}
	mode := registry.Client
	if p.mode == string(registry.Server) {
		mode = registry.Server
	}
	if err := p.checkDirs(mode); err != nil {
		return err
	}
	l := consul.Launch{Bind: p.bind(), ConfigDir: p.configDir, Extra: p.extra}
	files, err := consul.ReadConfig(l.ConfigPaths())
	if err == nil {
		err = consul.CheckFiles(files)
	}
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

// checkDirs returns an error if the data directory, or Consul's own folder in it,
// cannot be written. It makes the first where that is missing, but not the second: a
// node that has become nothing yet has none.
func (p *program) checkDirs(mode registry.Mode) error {
	if err := datadir.CheckWritable(p.dir); err != nil {
		return err
	}
	folder := datadir.Dir(p.dir).Consul(mode)
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return datadir.CheckWritable(folder)
}
