package registry_test

import (
	"testing"

	"auto-consul/lib/registry"
)

// An expired heartbeat tells when a silent node has beaten last, as long as it is there.
func TestNewest(t *testing.T) {
	t.Parallel()
	s := registry.Snapshot{
		Live: map[registry.Role][]registry.Member{registry.Servers: {{Node: "a", Heartbeat: ago(5)}, {Node: "b", Heartbeat: ago(3)}}},
		Expired: []string{
			beat(registry.Agents, 130, "c"),
			beat(registry.Servers, 900, "c"), beat(registry.Servers, 400, "a"), beat(registry.Servers, 300, "c"), beat(registry.Servers, 200, "c-c"),
		},
	}
	for node, want := range map[string]int{"a": 5, "b": 3, "c": 300, "c-c": 200} {
		if got, ok := s.Newest(registry.Servers, node); !ok || !got.Equal(ago(want)) {
			t.Errorf("%s: got %v, %t, want %v", node, got, ok, ago(want))
		}
	}
	if got, ok := s.Newest(registry.Agents, "c"); !ok || !got.Equal(ago(130)) {
		t.Errorf("as a client: got %v, %t, want %v", got, ok, ago(130))
	}
	if got, ok := s.Newest(registry.Agents, "a"); ok {
		t.Errorf("got %v, want none", got)
	}
}
