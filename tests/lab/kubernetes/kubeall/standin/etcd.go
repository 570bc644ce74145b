package standin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// member is this server's place in an etcd that others began.
type member struct{ initial string } // name=peer-URL,…: etcd's own form

// etcdDir is where the data lies. k3s keeps SQLite in server/db unless it is clustered; the stand-in keeps etcd's
// files there, under another name, so that what needs embedded etcd (snapshots, joining servers) fails here too.
func etcdDir(s *Settings, p paths) string {
	if clustered(s, p) {
		return p.server("db", "etcd")
	}
	return p.server("db", "standin-single")
}

func clustered(s *Settings, p paths) bool {
	if s.on("cluster-init") || (s.Role == "server" && s.get("server", "") != "") {
		return true
	}
	_, err := os.Stat(p.server("db", "etcd"))
	return err == nil
}

// memberName is random after the host's name, as in k3s, so that a host may join again after it was wiped.
func memberName(p paths, n node) (string, error) {
	path := p.server("db", "member-name")
	if text, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	name := n.name + "-" + randomHex(4)
	return name, writeFile(path, []byte(name), 0o600)
}

func startEtcd(ctx context.Context, f *family, s *Settings, p paths, n node, joined *member) error {
	dir := etcdDir(s, p)
	if single := p.server("db", "standin-single"); clustered(s, p) && single != dir {
		if err := os.Rename(single, dir); err == nil {
			logf("cluster-init: the data moved to %s", dir)
		}
	}
	name, err := memberName(p, n)
	if err != nil {
		return err
	}
	peer := "https://" + n.ip + ":2380"
	a := arguments{
		"name": name, "data-dir": dir, "log-level": "warn", "listen-metrics-urls": "http://127.0.0.1:2381",
		"listen-client-urls": "https://127.0.0.1:2379", "advertise-client-urls": "https://" + n.ip + ":2379",
		"listen-peer-urls": "https://127.0.0.1:2380", "initial-advertise-peer-urls": peer, "initial-cluster": name + "=" + peer,
		"client-cert-auth": "true", "trusted-ca-file": p.tls("etcd/ca.crt"), "cert-file": p.tls("etcd/server-client.crt"), "key-file": p.tls("etcd/server-client.key"),
		"peer-client-cert-auth": "true", "peer-trusted-ca-file": p.tls("etcd/ca.crt"), "peer-cert-file": p.tls("etcd/peer-server-client.crt"), "peer-key-file": p.tls("etcd/peer-server-client.key"),
	}
	if clustered(s, p) {
		a["listen-client-urls"] += ",https://" + n.ip + ":2379"
		a["listen-peer-urls"] += ",https://" + n.ip + ":2380"
	}
	if joined != nil {
		a["initial-cluster"], a["initial-cluster-state"] = joined.initial, "existing"
	}
	if err := f.component("etcd", a.with(s.list("etcd-arg"))); err != nil {
		return err
	}
	return f.until(ctx, "etcd", 2*time.Minute, func(ctx context.Context) error {
		client, err := etcdClient(p, "https://127.0.0.1:2379")
		if err != nil {
			return err
		}
		defer client.Close()
		_, err = client.Get(ctx, "health") // a linearizable read: there is a leader
		return err
	})
}

func etcdClient(p paths, endpoints ...string) (*clientv3.Client, error) {
	config, err := etcdTLS(p)
	if err != nil {
		return nil, err
	}
	return clientv3.New(clientv3.Config{Endpoints: endpoints, DialTimeout: 5 * time.Second, TLS: config, Logger: zap.NewNop()})
}

func etcdTLS(p paths) (*tls.Config, error) {
	ca, err := os.ReadFile(p.tls("etcd/ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	pair, err := tls.LoadX509KeyPair(p.tls("etcd/client.crt"), p.tls("etcd/client.key"))
	if err != nil {
		return nil, err
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}, nil
}

// joinAsServer takes the CAs from a running server and adds this host to its etcd. On a host that joined before there
// is nothing to do.
func joinAsServer(ctx context.Context, s *Settings, p paths, n node) (*member, error) {
	if _, err := os.Stat(filepath.Join(p.server("db", "etcd"), "member")); err == nil {
		return nil, nil
	}
	files := map[string]string{}
	if err := askServer(ctx, s, p, "server", nil, &files); err != nil {
		return nil, err
	}
	for _, name := range shared {
		if text, ok := files[name]; ok {
			if err := writeFile(p.server(name), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
	}
	cas, err := p.authorities()
	if err != nil {
		return nil, err
	}
	if err := (leaf{path: p.tls("etcd/client"), ca: cas.etcd, cn: "etcd-client"}).ensure(); err != nil {
		return nil, err
	}
	return addMember(ctx, p, n, files["etcd-endpoint"])
}

func addMember(ctx context.Context, p paths, n node, endpoint string) (*member, error) {
	client, err := etcdClient(p, endpoint)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	name, err := memberName(p, n)
	if err != nil {
		return nil, err
	}
	peer := "https://" + n.ip + ":2380"
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		reply, err := client.MemberAdd(ctx, []string{peer})
		if err == nil {
			var all []string
			for _, one := range reply.Members {
				label := one.Name
				if one.ID == reply.Member.ID {
					label = name
				}
				all = append(all, label+"="+one.PeerURLs[0])
			}
			return &member{strings.Join(all, ",")}, nil
		}
		if strings.Contains(err.Error(), "Peer URLs already exists") {
			return rejoin(ctx, client, name, peer)
		}
		logf("etcd: this host is not added yet: %v", err)
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(2 * time.Second):
		}
	}
}

// rejoin: the address is a member already. One that never started (a join cut in the middle) is taken up; one that
// did belongs to a host that was wiped, and k3s refuses it too until it is removed.
func rejoin(ctx context.Context, client *clientv3.Client, name, peer string) (*member, error) {
	reply, err := client.MemberList(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, one := range reply.Members {
		label := one.Name
		if one.PeerURLs[0] == peer {
			if label != "" && label != name {
				return nil, fmt.Errorf("etcd cluster join failed: duplicate node name found, please use a unique name for this node (%s is a member as %s: remove the node first)", peer, label)
			}
			label = name
		}
		all = append(all, label+"="+one.PeerURLs[0])
	}
	return &member{strings.Join(all, ",")}, nil
}
