package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"auto-consul/lib/scripttest"
)

const recipes = root + "/docs/man/auto-consul.recipes.7"

func recipe(t *testing.T, name string) string {
	t.Helper()
	script, err := scripttest.Recipe(recipes, name)
	if err != nil {
		t.Fatal(err)
	}
	return script
}

// TestRecipes looks for all recipes: those that need a cluster are run in scripts/e2e, the
// others below. The page shows each as the tests run it.
func TestRecipes(t *testing.T) {
	t.Parallel()
	need(t, "mandoc")
	need(t, "shellcheck")
	shown := output(t, root, "mandoc", "-T", "ascii", "docs/man/auto-consul.recipes.7")
	shown = regexp.MustCompile(`.\x08`).ReplaceAllString(shown, "")
	shown = strings.ReplaceAll(shown, "\n     ", "\n") // as indented by mandoc
	names := regexp.MustCompile(`(?m)^\.\\" run: (\w+)$`).FindAllStringSubmatch(made["man/man7/auto-consul.recipes.7"], -1)
	if got := fmt.Sprint(names); strings.Count(got, "run: ") != 5 || strings.Count(made["man/man7/auto-consul.recipes.7"], "\n#!/bin/sh\n") != 5 {
		t.Errorf("got %s, want a name before each of five scripts", got)
	}
	for _, m := range names {
		script := recipe(t, m[1])
		if !strings.Contains(shown, script) {
			t.Errorf("the page does not show\n%s\nbut\n%s", script, shown)
		}
		path := filepath.Join(t.TempDir(), m[1])
		if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		if said := output(t, root, "sh", "-c", "shellcheck "+path+" && echo well"); said != "well\n" {
			t.Errorf("%s", said)
		}
	}
}

// TestRecipeInUserData finds the recipe for auto scaling groups in the user-data, where a
// service runs it.
func TestRecipeInUserData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	output(t, root, "sh", "-c", "scripts/cloud-init/files scripts/cloud-init/user-data "+dir+"; echo")
	got, err := os.ReadFile(filepath.Join(dir, "usr/local/sbin/auto-consul-drain"))
	if want := recipe(t, "drain"); err != nil || string(got) != want {
		t.Errorf("got %v, %s\nwant %s", err, got, want)
	}
}

// cook runs a recipe on a registry in a folder, in a folder of its own.
func cook(t *testing.T, name, registry string) (stdout, stderr, dir string, err error) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command("sh", "-c", recipe(t, name), "recipe", dir)
	cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "AC_REGISTRY=file://" + registry}
	var fails strings.Builder
	cmd.Stderr = &fails
	out, err := cmd.Output()
	return string(out), fails.String(), dir, err
}

// registry is a folder with a record and with heartbeats, by their ages and nodes.
func registry(t *testing.T, record string, beats map[string]time.Duration) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "registry")
	err := os.MkdirAll(filepath.Join(dir, "servers"), 0o755)
	if record != "" {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "cluster.json"), []byte(record), 0o644))
	}
	for node, age := range beats {
		stamp := time.Now().UTC().Add(-age).Format("20060102150405")
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, "servers", stamp+"-"+node), []byte("192.0.2.1"), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// record is an established cluster of three servers, with the slots of some nodes.
func record(nodes ...string) string {
	var slots []string
	for _, node := range nodes {
		slots = append(slots, fmt.Sprintf(`{"incarnation":"i%s","node":%q,"address":"192.0.2.1","since":"2026-01-01T00:00:00Z"}`, node, node))
	}
	return fmt.Sprintf(`{"version":1,"seq":3,"write":"w","cluster_id":"c","state":"established","birth":"quorum","desired":3,`+
		`"bootstrap":{"incarnation":"ia","node":"a","address":"192.0.2.1","term":1,"since":"2026-01-01T00:00:00Z"},"servers":[%s]}`,
		strings.Join(slots, ","))
}

var vacancies = []struct {
	name, record string
	beats        map[string]time.Duration
	want         string // a regular expression of all that the recipe prints
	held         int    // servers by the metrics
}{
	{"no cluster", "", nil, `there is no cluster record\n`, 0},
	{"all are there", record("a", "b", "c"), map[string]time.Duration{"a": 0, "b": time.Minute, "c": 0}, ``, 3},
	{
		"one is silent", record("a", "b", "c"),
		map[string]time.Duration{"a": 0, "b": time.Hour, "c": 0},
		`the place of b is vacant, last heartbeat: \d{4}-\S+Z\n`, 2,
	},
	{
		"one is silent, one has left", record("a", "b"),
		map[string]time.Duration{"a": 0},
		`the place of b is vacant, last heartbeat: not known\nplace 3 of 3 is free\n`, 1,
	},
}

func TestRecipeVacancy(t *testing.T) {
	t.Parallel()
	need(t, "jq")
	for _, tt := range vacancies {
		got, fails, _, err := cook(t, "vacancy", registry(t, tt.record, tt.beats))
		if err != nil || fails != "" || !regexp.MustCompile(`^`+tt.want+`$`).MatchString(got) {
			t.Errorf("%s: got %q, %v, %s, want %q", tt.name, got, err, fails, tt.want)
		}
	}
	if got, fails, _, err := cook(t, "vacancy", "/proc/none"); err == nil || got != "" || !strings.Contains(fails, "ac-members: error: ") {
		t.Errorf("without a registry: got %q, %v, %q, want a failure", got, err, fails)
	}
}

// TestRecipeMetrics compares what the page alerts on with what is written.
func TestRecipeMetrics(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(made["man/man7/auto-consul.recipes.7"], "\n.\\\" alert: vacancy\n.Bd -literal\n")
	alert, _, _ := strings.Cut(rest, "\n")
	names := strings.Split(alert, " < ")
	if len(names) != 2 {
		t.Fatalf("got the alert %q, want that one metric is less than another", alert)
	}
	for _, tt := range vacancies[1:] {
		_, fails, dir, err := cook(t, "metrics", registry(t, tt.record, tt.beats))
		text, rerr := os.ReadFile(filepath.Join(dir, "auto_consul.prom"))
		if err = errors.Join(err, rerr); err != nil {
			t.Fatalf("%s: %v: %s", tt.name, err, fails)
		}
		if got := value(t, string(text), names[0]); got != tt.held || value(t, string(text), names[1]) != 3 {
			t.Errorf("%s: got %d held, want %d of 3, in\n%s", tt.name, got, tt.held, text)
		}
	}
	if _, fails, dir, err := cook(t, "metrics", "/proc/none"); err == nil || fails == "" {
		t.Error("no failure without a registry")
	} else if _, err := os.Stat(filepath.Join(dir, "auto_consul.prom")); err == nil {
		t.Error("a file was written without a registry")
	}
}

func value(t *testing.T, metrics, name string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + ` (\d+)$`).FindStringSubmatch(metrics)
	if m == nil {
		t.Fatalf("no %s in\n%s", name, metrics)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
