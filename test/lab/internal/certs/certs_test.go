package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"testing"

	"k8s.io/client-go/tools/clientcmd"
)

func newAuthority(t *testing.T, name string) *Authority {
	t.Helper()
	authority, err := NewAuthority(name)
	if err != nil {
		t.Fatal(err)
	}
	return authority
}

func leaf(t *testing.T, pair Pair) *x509.Certificate {
	t.Helper()
	loaded, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatalf("certificate and key do not belong together: %v", err)
	}
	return loaded.Leaf
}

func verify(authority *Authority, cert *x509.Certificate, usage x509.ExtKeyUsage) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.CertPEM)
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{usage}})
	return err
}

func TestServerIsValidOnLoopback(t *testing.T) {
	authority := newAuthority(t, "host")
	pair, err := authority.Server(net.IPv4(10, 96, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	cert := leaf(t, pair)
	if err := verify(authority, cert, x509.ExtKeyUsageServerAuth); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"127.0.0.1", "10.96.0.1", "localhost", "kubernetes.default.svc"} {
		if err := cert.VerifyHostname(name); err != nil {
			t.Errorf("not valid for %s: %v", name, err)
		}
	}
}

func TestClientIsItsUserInItsClusterOnly(t *testing.T) {
	host, member := newAuthority(t, "host"), newAuthority(t, "member")
	pair, err := host.Client("admin", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	cert := leaf(t, pair)
	if cert.Subject.CommonName != "admin" || len(cert.Subject.Organization) != 1 ||
		cert.Subject.Organization[0] != "system:masters" {
		t.Errorf("the subject is %v, want user admin of group system:masters", cert.Subject)
	}
	if err := verify(host, cert, x509.ExtKeyUsageClientAuth); err != nil {
		t.Error(err)
	}
	if err := verify(member, cert, x509.ExtKeyUsageClientAuth); err == nil {
		t.Error("another cluster trusts the certificate")
	}
	if err := verify(host, cert, x509.ExtKeyUsageServerAuth); err == nil {
		t.Error("a client's certificate passes for a server's")
	}
}

func TestSigningKeyIsOnePair(t *testing.T) {
	private, public, err := SigningKey()
	if err != nil {
		t.Fatal(err)
	}
	privateBlock, _ := pem.Decode(private)
	publicBlock, _ := pem.Decode(public)
	if privateBlock == nil || publicBlock == nil {
		t.Fatal("the keys are not PEM")
	}
	key, err := x509.ParseECPrivateKey(privateBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParsePKIXPublicKey(publicBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(parsed) {
		t.Error("the public key is not the private key's")
	}
}

func TestKubeconfigHasEverythingInline(t *testing.T) {
	authority := newAuthority(t, "kurator-member1")
	client, err := authority.Client("admin", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	data, err := Kubeconfig("kurator-member1", "https://127.0.0.1:21000", authority.CertPEM, client)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := clientcmd.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	if raw.CurrentContext != "kurator-member1" {
		t.Errorf("the context is %q, want the cluster's name", raw.CurrentContext)
	}
	config, err := clientcmd.RESTConfigFromKubeConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	if config.Host != "https://127.0.0.1:21000" || config.CAFile != "" || config.CertFile != "" || config.KeyFile != "" {
		t.Errorf("host %q, or a file is named: %+v", config.Host, config.TLSClientConfig)
	}
	if string(config.CAData) != string(authority.CertPEM) || string(config.CertData) != string(client.Cert) ||
		string(config.KeyData) != string(client.Key) {
		t.Error("the certificates are not the ones that were given")
	}
}
