package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"syscall"
	"testing"
	"time"
)

// A server's certificate has expired when a client asks it something.
func TestOutageCertificate(t *testing.T) {
	t.Parallel()
	s := newDirectory(t)
	server, client := newMachine(t, "server1", s), newMachine(t, "client1", s)
	authority := newAuthority(t)
	authority.outfit(server, time.Now().Add(-time.Hour))
	authority.outfit(client, time.Now().Add(time.Hour))
	server.start(server.outageArgs()...)
	server.awaitLeader()
	p := client.start(client.outageArgs()...)
	wantOutage(t, "A certificate has expired", func() string { return p.out.String() })

	// What the page says that one types.
	authority.outfit(server, time.Now().Add(time.Hour))
	for _, pid := range server.pids("consul") {
		if err := syscall.Kill(pid, syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the catalog", func() error {
		var nodes []struct{ Node string }
		return client.get("/v1/catalog/nodes", &nodes)
	})
}

// authority signs the certificates of a cluster.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	a := authority{t: t}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	return a
}

// outfit gives a machine a certificate that is good until a time, and the configuration.
func (a authority) outfit(m *machine, until time.Time) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "server.dc1.consul"}, DNSNames: []string{"server.dc1.consul"},
		NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	own, err := x509.CreateCertificate(rand.Reader, cert, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	root, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, &a.key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	m.write("tls/ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})))
	m.write("tls/cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own})))
	m.write("tls/key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})))
	m.write("consul.d/tls.hcl", "tls {\n  internal_rpc {\n    verify_outgoing = true\n    ca_file = \""+m.path("tls/ca.pem")+
		"\"\n    cert_file = \""+m.path("tls/cert.pem")+"\"\n    key_file = \""+m.path("tls/key.pem")+"\"\n  }\n}\n")
}
