package e2e

import "testing"

// A server steps down and goes on as a client, without having left. The other client must
// not count it as a server any more: it takes the place of the next server that dies.
func TestServerDiesAfterAStepDown(t *testing.T) {
	t.Parallel()
	c := newCluster(t, newDirectory(t), "quorum")
	c.env = []string{"AC_GRACE=1"}
	c.addServers()
	c.quickVotes("n1")
	c.add("a1")
	c.await(3, 4)
	c.kill("n3")
	c.awaitVoters("n1", "n2", "a1")
	c.awaitOldRecord()
	c.add("a2")
	c.await(3, 4)
	c.nodes["a2"].awaitLeader()

	c.restart("n3", c.nodes["n3"])
	c.awaitSaid("this server has stepped down", "n3")
	c.awaitListed("a1 n1 n2", "a1 a2 n1 n2 n3")
	c.kill("n3", "a1") // of the clients that know it as a server, one is left
	c.awaitVoters("n1", "n2", "a2")
	c.awaitOldRecord()
}
