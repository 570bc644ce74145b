package standin

import (
	"context"
	"crypto/subtle"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// joinPath is the stand-in's own protocol: not k3s's, which other programs than k3s do not speak.
const joinPath = "/v1-k3s-standin/"

// nodeRequest is what an agent sends: who it is, and the public keys it wants certificates for.
type nodeRequest struct {
	Name, IP, Password     string
	Client, Serving, Proxy string // PEM public keys
}

// nodeReply is what it gets.
type nodeReply struct {
	ClientCA, Client, Serving, Proxy      string // PEM certificates
	Domain, ClusterCIDR, ServiceCIDR, DNS string
}

// joinServer answers k3s's /cacerts and /ping and the stand-in's own joins; all else is the API's.
type joinServer struct {
	p    paths
	next http.Handler
}

func joinHandler(p paths) *joinServer { return &joinServer{p: p} }

func (j *joinServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/cacerts" && r.Method == http.MethodGet:
		text, err := os.ReadFile(j.p.tls("server-ca.crt"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write(text)
	case r.URL.Path == "/ping" && r.Method == http.MethodGet:
		_, _ = io.WriteString(w, "pong")
	case strings.HasPrefix(r.URL.Path, joinPath) && r.Method == http.MethodPost:
		j.join(w, r)
	default:
		j.next.ServeHTTP(w, r)
	}
}

func (j *joinServer) join(w http.ResponseWriter, r *http.Request) {
	what := strings.TrimPrefix(r.URL.Path, joinPath)
	file := "agent-token"
	if what == "server" {
		file = "token" // an agent's token does not open the CAs
	}
	_, password, _ := r.BasicAuth()
	if !j.knows(password, file) && !j.knows(password, "token") {
		http.Error(w, "not authorized: the token is not this server's", http.StatusUnauthorized)
		return
	}
	var reply any
	var err error
	switch what {
	case "agent":
		asked := nodeRequest{}
		if err = json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&asked); err == nil {
			reply, err = j.admit(r.Context(), asked)
		}
	case "server":
		reply, err = j.share(r)
	default:
		http.NotFound(w, r)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply)
}

func (j *joinServer) knows(password, file string) bool {
	text, err := os.ReadFile(j.p.server(file))
	if err != nil {
		return false
	}
	t, err := parseToken(string(text))
	return err == nil && password != "" && subtle.ConstantTimeCompare([]byte(t.password), []byte(password)) == 1
}

func (j *joinServer) admit(ctx context.Context, asked nodeRequest) (*nodeReply, error) {
	if asked.Name == "" || net.ParseIP(asked.IP) == nil {
		return nil, fmt.Errorf("a node needs a name and an address")
	}
	if err := j.nodePassword(ctx, asked); err != nil {
		return nil, err
	}
	cas, err := j.p.authorities()
	if err != nil {
		return nil, err
	}
	reply := &nodeReply{}
	if err := j.clusterOf(reply); err != nil {
		return nil, err
	}
	reply.ClientCA = string(cas.client.pem)
	for _, one := range []struct {
		public string
		out    *string
		leaf   leaf
	}{
		{asked.Client, &reply.Client, leaf{ca: cas.client, cn: "system:node:" + asked.Name, orgs: []string{"system:nodes"}}},
		{asked.Serving, &reply.Serving, leaf{ca: cas.server, cn: asked.Name, names: []string{asked.Name, asked.IP, "127.0.0.1"}}},
		{asked.Proxy, &reply.Proxy, leaf{ca: cas.client, cn: "system:kube-proxy"}},
	} {
		block, _ := pem.Decode([]byte(one.public))
		if block == nil {
			return nil, fmt.Errorf("a public key is missing")
		}
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		raw, err := one.leaf.ca.sign(public, one.leaf)
		if err != nil {
			return nil, err
		}
		*one.out = string(pemOf("CERTIFICATE", raw))
	}
	return reply, nil
}

// clusterOf reads what a node must know from where the server wrote it at its start.
func (j *joinServer) clusterOf(reply *nodeReply) error {
	text, err := os.ReadFile(j.p.server("cred", "cluster.json"))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, reply)
}

func writeCluster(p paths, n node) error {
	text, err := json.Marshal(nodeReply{Domain: n.domain, ClusterCIDR: n.clusterCIDR, ServiceCIDR: n.serviceCIDR, DNS: n.dns})
	if err != nil {
		return err
	}
	return writeFile(p.server("cred", "cluster.json"), text, 0o600)
}

// nodePassword is k3s's rule: a node's name belongs to the host that joined with it first, until the Node is deleted.
func (j *joinServer) nodePassword(ctx context.Context, asked nodeRequest) error {
	client, err := clientOf(j.p.server("cred", "admin.kubeconfig"))
	if err != nil {
		return err
	}
	secrets, name := client.CoreV1().Secrets("kube-system"), asked.Name+".node-password.k3s"
	hash := hashOf([]byte(asked.Password))
	old, err := secrets.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = secrets.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name}, StringData: map[string]string{"hash": hash}}, metav1.CreateOptions{})
		return err
	}
	if err != nil || string(old.Data["hash"]) == hash {
		return err
	}
	if _, err := client.CoreV1().Nodes().Get(ctx, asked.Name, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		return fmt.Errorf("Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag")
	}
	old.Data = map[string][]byte{"hash": []byte(hash)}
	_, err = secrets.Update(ctx, old, metav1.UpdateOptions{})
	return err
}

// share gives another server the CAs and where etcd is.
func (j *joinServer) share(r *http.Request) (map[string]string, error) {
	if _, err := os.Stat(j.p.server("db", "etcd")); err != nil {
		return nil, fmt.Errorf("this server was not started with cluster-init: no server can join it")
	}
	files := map[string]string{}
	for _, name := range shared {
		if text, err := os.ReadFile(filepath.Join(j.p.server(), name)); err == nil {
			files[name] = string(text)
		}
	}
	address, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	host, _, err := net.SplitHostPort(address.String())
	files["etcd-endpoint"] = "https://" + net.JoinHostPort(host, "2379")
	return files, err
}

// askServer posts to a server, after checking its CA against the token, until it answers or ten minutes are over: a
// node may be started before its server, as with k3s.
func askServer(ctx context.Context, s *Settings, p paths, what string, body any, reply any) error {
	t, err := parseToken(s.get("token", ""))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	last := ""
	for {
		final, err := askOnce(ctx, s.get("server", ""), t, p, joinPath+what, body, reply)
		if err == nil || final {
			return err
		}
		if err.Error() != last {
			last = err.Error()
			logf("waiting for %s: %v", s.get("server", ""), err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(2 * time.Second):
		}
	}
}
