package node

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"auto-consul/lib/registry"
	"auto-consul/lib/rule"
	"auto-consul/lib/wire"
)

// What is confirmed before the agent starts is what was decided, after the decision's way
// through a pipe.
func TestClaimOfDocument(t *testing.T) {
	t.Parallel()
	self := rule.Self{Node: "s1", Address: "192.0.2.1", Incarnation: "i1"}
	born := rule.Membership{ClusterID: "c1", Term: 3}
	for name, d := range map[string]rule.Decision{
		"bootstraps":       {Mode: registry.Server, Bootstrap: true, HasSlot: true, Membership: born},
		"with others":      {Mode: registry.Server, Expect: 3, HasSlot: true, Membership: born},
		"joins":            {Mode: registry.Server, HasSlot: true, Join: []string{"192.0.2.2"}, Membership: born},
		"holds no slot":    {Mode: registry.Server, Membership: born},
		"goes ahead":       {Mode: registry.Server, HasSlot: true, Recover: true, Membership: born},
		"without a store":  {Mode: registry.Server, HasSlot: true, Offline: true, Membership: born},
		"a client":         {Mode: registry.Client, Membership: born},
		"without a record": {Mode: registry.Server, Bootstrap: true},
	} {
		if d.Join == nil {
			d.Join = []string{}
		}
		text, err := json.Marshal(Prepared{Decision: d, Self: self}.Document("s3://b/p", 2*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		read, err := wire.ReadDecision(bytes.NewReader(text))
		if err != nil {
			t.Errorf("%s: %v: %s", name, err, text)
			continue
		}
		if got, want := ClaimOf(read), d.Claim(self, 2*time.Minute); got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}
