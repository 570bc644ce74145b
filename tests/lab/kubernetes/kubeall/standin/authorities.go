package standin

import (
	"os"
	"path/filepath"
)

// authorities are the CAs of a cluster: every server of it has the same.
type authorities struct{ server, client, front, etcd *authority }

// shared are the files that make two servers one cluster, below server/.
var shared = []string{"tls/server-ca.crt", "tls/server-ca.key", "tls/client-ca.crt", "tls/client-ca.key",
	"tls/request-header-ca.crt", "tls/request-header-ca.key", "tls/etcd/ca.crt", "tls/etcd/ca.key",
	"tls/service.key", "tls/service.pub", "cred/encryption-config.json"}

func (p paths) authorities() (*authorities, error) {
	all := &authorities{}
	for _, one := range []struct {
		slot *(*authority)
		file string
		name string
	}{{&all.server, "server-ca", "k3s-server-ca"}, {&all.client, "client-ca", "k3s-client-ca"},
		{&all.front, "request-header-ca", "k3s-request-header-ca"}, {&all.etcd, "etcd/ca", "etcd-ca"}} {
		made, err := loadAuthority(p.tls(one.file), one.name)
		if err != nil {
			return nil, err
		}
		*one.slot = made
	}
	return all, ensureAccountKey(p.tls("service"))
}

// serverLeaves are the control plane's own certificates, under k3s's file names.
func (p paths) serverLeaves(cas *authorities, s *Settings, n node) []leaf {
	local := []string{"127.0.0.1", "localhost", "::1", n.name, n.ip}
	names := append([]string{"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc." + n.domain, nth(n.serviceCIDR, 1)}, local...)
	for _, san := range append(s.list("tls-san"), s.list("advertise-address")...) {
		names = append(names, splitCommas(san)...)
	}
	masters := []string{"system:masters"}
	c := func(file, cn string, orgs ...string) leaf {
		return leaf{path: p.tls(file), ca: cas.client, cn: cn, orgs: orgs}
	}
	return []leaf{
		{path: p.tls("serving-kube-apiserver"), ca: cas.server, cn: "kube-apiserver", names: names},
		c("client-admin", "system:admin", masters...),
		c("client-supervisor", "system:k3s-supervisor", masters...),
		c("client-kube-apiserver", "system:apiserver", masters...),
		c("client-controller", "system:kube-controller-manager"),
		c("client-scheduler", "system:kube-scheduler"),
		{path: p.tls("client-auth-proxy"), ca: cas.front, cn: "system:auth-proxy"},
		{path: p.tls("etcd/server-client"), ca: cas.etcd, cn: "etcd-server", names: local},
		{path: p.tls("etcd/peer-server-client"), ca: cas.etcd, cn: "etcd-peer", names: local},
		{path: p.tls("etcd/client"), ca: cas.etcd, cn: "etcd-client"},
	}
}

// rotate takes the leaf certificates away; the next start makes new ones from the same CAs.
func rotate() error {
	s, err := ReadSettings("server", nil)
	if err != nil {
		return err
	}
	p := pathsOf(s)
	found, _ := filepath.Glob(p.tls("*.crt"))
	more, _ := filepath.Glob(p.tls("etcd/*.crt"))
	nodes, _ := filepath.Glob(p.agent("*.crt"))
	keep := map[string]bool{}
	for _, file := range shared {
		keep[p.server(file)] = true
	}
	keep[p.agent("server-ca.crt")], keep[p.agent("client-ca.crt")] = true, true
	for _, file := range append(append(found, more...), nodes...) {
		if keep[file] {
			continue
		}
		if err := os.Remove(file); err != nil {
			return err
		}
		logf("removed %s", file)
	}
	logf("restart the k3s unit to get new certificates")
	return nil
}
