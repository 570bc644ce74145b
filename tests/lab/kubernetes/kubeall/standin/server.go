package standin

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// runServer is the story of `k3s server`: certificates, etcd, API server, controllers, then the node.
func runServer(s *Settings) error {
	begin := time.Now()
	ctx, stop := signals()
	defer stop()
	p := pathsOf(s)
	n, err := nodeOf(s)
	if err != nil {
		return err
	}
	if s.on("cluster-reset") {
		return resetCluster(s, p, n)
	}
	if err := os.MkdirAll(p.server("db"), 0o700); err != nil {
		return err
	}
	var cluster *member
	if s.get("server", "") != "" {
		if cluster, err = joinAsServer(ctx, s, p, n); err != nil {
			return err
		}
	}
	cas, err := p.authorities()
	if err != nil {
		return err
	}
	if _, err := p.settleToken(s, cas.server.pem); err != nil {
		return err
	}
	for _, l := range p.serverLeaves(cas, s, n) {
		if err := l.ensure(); err != nil {
			return err
		}
	}
	if err := ensureEncryption(s, p); err != nil {
		return err
	}
	if err := writeCluster(p, n); err != nil {
		return err
	}
	f := newFamily(p.data)
	defer f.end()
	if err := startEtcd(ctx, f, s, p, n, cluster); err != nil {
		return err
	}
	if err := startControlPlane(ctx, f, s, p, n); err != nil {
		return err
	}
	logf("control plane ready after %.1f s", time.Since(begin).Seconds())
	if err := startServerNode(ctx, f, s, p, n, cas); err != nil {
		return err
	}
	go volumes(ctx, s, p, n)
	notify("READY=1")
	logf("k3s is up and running (stand-in; %.1f s)", time.Since(begin).Seconds())
	return f.wait(ctx)
}

func startControlPlane(ctx context.Context, f *family, s *Settings, p paths, n node) error {
	local := "https://127.0.0.1:" + strconv.Itoa(n.port)
	for file, cert := range map[string]string{"cred/admin.kubeconfig": "client-admin", "cred/controller.kubeconfig": "client-controller",
		"cred/scheduler.kubeconfig": "client-scheduler", "cred/supervisor.kubeconfig": "client-supervisor"} {
		if err := writeKubeconfig(p.server(file), local, p.tls("server-ca"), p.tls(cert), 0o600); err != nil {
			return err
		}
	}
	if err := f.component("kube-apiserver", apiserverArgs(s, p, n)); err != nil {
		return err
	}
	client, err := httpsClient(p.tls("server-ca"), p.tls("client-admin"))
	if err != nil {
		return err
	}
	if err := f.until(ctx, "kube-apiserver", 3*time.Minute, func(ctx context.Context) error {
		return get(ctx, client, local+"/readyz")
	}); err != nil {
		return err
	}
	if err := writeAdmin(s, p, local); err != nil {
		return err
	}
	if err := f.component("kube-controller-manager", controllerArgs(s, p, n)); err != nil {
		return err
	}
	return f.component("kube-scheduler", schedulerArgs(s, p))
}

// writeAdmin writes the administrator's kubeconfig: 0600 unless the settings say otherwise.
func writeAdmin(s *Settings, p paths, local string) error {
	mode, err := strconv.ParseUint(s.get("write-kubeconfig-mode", "600"), 8, 32)
	if err != nil {
		return fmt.Errorf("write-kubeconfig-mode: %w", err)
	}
	path := s.get("write-kubeconfig", "/etc/rancher/k3s/k3s.yaml")
	return writeKubeconfig(path, local, p.tls("server-ca"), p.tls("client-admin"), os.FileMode(mode))
}

func httpsClient(ca, cert string) (*http.Client, error) {
	text, err := os.ReadFile(ca + ".crt")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	config := &tls.Config{RootCAs: pool}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert+".crt", cert+".key")
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}, Timeout: 30 * time.Second}, nil
}

func get(ctx context.Context, client *http.Client, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	reply, err := client.Do(request)
	if err != nil {
		return err
	}
	defer reply.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(reply.Body, 4096))
	if reply.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", url, reply.Status, text)
	}
	return nil
}
