package standin

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// runAgent is the story of `k3s agent`: trust the server, get certificates, be a node.
func runAgent(s *Settings) error {
	begin := time.Now()
	ctx, stop := signals()
	defer stop()
	p := pathsOf(s)
	n, err := nodeOf(s)
	if err != nil {
		return err
	}
	if missing := missingRuntime(); missing != "" {
		return fmt.Errorf("an agent is nothing but a node, and this host lacks %s (real k3s brings its own)", missing)
	}
	if err := joinAsAgent(ctx, s, p, &n); err != nil {
		return err
	}
	n.server = strings.TrimSuffix(s.get("server", ""), "/")
	f := newFamily(p.data)
	defer f.end()
	if err := startNode(ctx, f, s, p, n); err != nil {
		return err
	}
	notify("READY=1")
	logf("k3s agent is up and running (stand-in; %.1f s)", time.Since(begin).Seconds())
	return f.wait(ctx)
}

func joinAsAgent(ctx context.Context, s *Settings, p paths, n *node) error {
	password, err := ownPassword()
	if err != nil {
		return err
	}
	asked := nodeRequest{Name: n.name, IP: n.ip, Password: password}
	keys := map[string]*ecdsa.PrivateKey{}
	for name, out := range map[string]*string{"client-kubelet": &asked.Client, "serving-kubelet": &asked.Serving, "client-kube-proxy": &asked.Proxy} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		public, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return err
		}
		keys[name], *out = key, string(pemOf("PUBLIC KEY", public))
	}
	reply := nodeReply{}
	if err := askServer(ctx, s, p, "agent", asked, &reply); err != nil {
		return err
	}
	n.domain, n.clusterCIDR, n.serviceCIDR, n.dns = reply.Domain, reply.ClusterCIDR, reply.ServiceCIDR, reply.DNS
	for name, cert := range map[string]string{"client-kubelet": reply.Client, "serving-kubelet": reply.Serving, "client-kube-proxy": reply.Proxy} {
		raw, err := x509.MarshalPKCS8PrivateKey(keys[name])
		if err != nil {
			return err
		}
		if err := writeFile(p.agent(name+".key"), pemOf("PRIVATE KEY", raw), 0o600); err != nil {
			return err
		}
		if err := writeFile(p.agent(name+".crt"), []byte(cert), 0o644); err != nil {
			return err
		}
	}
	return writeFile(p.agent("client-ca.crt"), []byte(reply.ClientCA), 0o644)
}

// ownPassword is the host's claim on its node name.
func ownPassword() (string, error) {
	const path = "/etc/rancher/node/password"
	if text, err := os.ReadFile(path); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	password := randomHex(16)
	return password, writeFile(path, []byte(password+"\n"), 0o600)
}

// askOnce fetches the server's CA, checks it against the token, and posts with that CA as the only trust. final: no
// later try can help.
func askOnce(ctx context.Context, server string, t token, p paths, path string, body, reply any) (final bool, err error) {
	server = strings.TrimSuffix(server, "/")
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	// Not verified, since the answer is checked by the token's hash: that is what the hash is for.
	blind := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer blind.CloseIdleConnections()
	ca, _, err := send(ctx, blind, http.MethodGet, server+"/cacerts", "", nil)
	if err != nil {
		return false, err
	}
	if !t.trusts(ca) {
		return true, fmt.Errorf("token CA hash does not match the Cluster CA certificate hash: %s != %s", t.hash, hashOf(ca))
	}
	if t.hash == "" {
		logf("the token has no CA hash: the server's certificate is trusted as it is")
	}
	if err := writeFile(p.agent("server-ca.crt"), ca, 0o644); err != nil {
		return true, err
	}
	client, err := httpsClient(p.agent("server-ca"), "")
	if err != nil {
		return true, err
	}
	defer client.CloseIdleConnections()
	text, err := json.Marshal(body)
	if err != nil {
		return true, err
	}
	answer, status, err := send(ctx, client, http.MethodPost, server+path, t.password, text)
	if err != nil {
		return status == http.StatusUnauthorized, err
	}
	return true, json.Unmarshal(answer, reply)
}

func send(ctx context.Context, client *http.Client, method, url, password string, body []byte) ([]byte, int, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, 0, err
	}
	if password != "" {
		request.SetBasicAuth("node", password)
	}
	reply, err := client.Do(request)
	if err != nil {
		return nil, 0, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	if err == nil && reply.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, reply.Status, strings.TrimSpace(string(text)))
	}
	return text, reply.StatusCode, err
}
