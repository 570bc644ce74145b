package standin

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"

	"crypto/rand"
)

// arguments are a component's flags; a user's flag of the same name takes the place of ours, as in k3s.
type arguments map[string]string

func (a arguments) with(user []string) []string {
	var lines []string
	var extra []string
	for _, text := range user {
		name, value, given := strings.Cut(strings.TrimLeft(text, "-"), "=")
		if !given {
			value = "true"
		}
		if _, ours := a[name]; ours {
			a[name] = value
		} else {
			extra = append(extra, "--"+name+"="+value) // several of one name: all are passed on
		}
	}
	for name, value := range a {
		lines = append(lines, "--"+name+"="+value)
	}
	sort.Strings(lines)
	return append(lines, extra...)
}

func apiserverArgs(s *Settings, p paths, n node) []string {
	issuer := "https://kubernetes.default.svc." + n.domain
	a := arguments{
		"etcd-servers": "https://127.0.0.1:2379", "etcd-cafile": p.tls("etcd/ca.crt"), "etcd-certfile": p.tls("etcd/client.crt"), "etcd-keyfile": p.tls("etcd/client.key"),
		"bind-address": s.get("bind-address", "0.0.0.0"), "advertise-address": s.get("advertise-address", n.ip), "secure-port": strconv.Itoa(n.port),
		"tls-cert-file": p.tls("serving-kube-apiserver.crt"), "tls-private-key-file": p.tls("serving-kube-apiserver.key"),
		"client-ca-file": p.tls("client-ca.crt"), "anonymous-auth": "false", "allow-privileged": "true",
		"kubelet-certificate-authority": p.tls("server-ca.crt"), "kubelet-client-certificate": p.tls("client-kube-apiserver.crt"), "kubelet-client-key": p.tls("client-kube-apiserver.key"),
		"kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
		"requestheader-client-ca-file":    p.tls("request-header-ca.crt"), "requestheader-allowed-names": "system:auth-proxy",
		"requestheader-username-headers": "X-Remote-User", "requestheader-group-headers": "X-Remote-Group", "requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"proxy-client-cert-file": p.tls("client-auth-proxy.crt"), "proxy-client-key-file": p.tls("client-auth-proxy.key"), "enable-aggregator-routing": "true",
		"service-account-issuer": issuer, "api-audiences": issuer + ",k3s", "service-account-key-file": p.tls("service.pub"), "service-account-signing-key-file": p.tls("service.key"),
		"authorization-mode": "Node,RBAC", "enable-admission-plugins": "NodeRestriction", "enable-bootstrap-token-auth": "true",
		"service-cluster-ip-range": n.serviceCIDR, "service-node-port-range": s.get("service-node-port-range", "30000-32767"), "profiling": "false",
	}
	if _, err := os.Stat(p.server("cred", "encryption-config.json")); err == nil {
		a["encryption-provider-config"] = p.server("cred", "encryption-config.json")
	}
	return a.with(s.list("kube-apiserver-arg"))
}

func controllerArgs(s *Settings, p paths, n node) []string {
	config := p.server("cred", "controller.kubeconfig")
	return arguments{
		"kubeconfig": config, "authentication-kubeconfig": config, "authorization-kubeconfig": config, "bind-address": "127.0.0.1",
		"use-service-account-credentials": "true", "root-ca-file": p.tls("server-ca.crt"), "service-account-private-key-file": p.tls("service.key"),
		"cluster-signing-cert-file": p.tls("client-ca.crt"), "cluster-signing-key-file": p.tls("client-ca.key"), "controllers": "*,tokencleaner",
		"allocate-node-cidrs": "true", "cluster-cidr": n.clusterCIDR, "service-cluster-ip-range": n.serviceCIDR, "profiling": "false",
		"leader-elect": strconv.FormatBool(clustered(s, p)),
	}.with(s.list("kube-controller-manager-arg"))
}

func schedulerArgs(s *Settings, p paths) []string {
	config := p.server("cred", "scheduler.kubeconfig")
	return arguments{
		"kubeconfig": config, "authentication-kubeconfig": config, "authorization-kubeconfig": config, "bind-address": "127.0.0.1",
		"profiling": "false", "leader-elect": strconv.FormatBool(clustered(s, p)),
	}.with(s.list("kube-scheduler-arg"))
}

// writeKubeconfig writes a kubeconfig with everything inside; ca and cert are paths without ending.
func writeKubeconfig(path, server, ca, cert string, mode os.FileMode) error {
	data := map[string]string{}
	for name, file := range map[string]string{"ca": ca + ".crt", "cert": cert + ".crt", "key": cert + ".key"} {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		data[name] = base64.StdEncoding.EncodeToString(text)
	}
	text := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, data["ca"], server, data["cert"], data["key"])
	return writeFile(path, []byte(text), mode)
}

// ensureEncryption writes the key for Secrets at rest where the settings ask for it; it is never taken away again.
func ensureEncryption(s *Settings, p paths) error {
	path := p.server("cred", "encryption-config.json")
	if _, err := os.Stat(path); err == nil || !s.on("secrets-encryption") {
		return nil
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	type object = map[string]any
	text, err := json.Marshal(object{"kind": "EncryptionConfiguration", "apiVersion": "apiserver.config.k8s.io/v1",
		"resources": []object{{"resources": []string{"secrets"}, "providers": []object{
			{"aescbc": object{"keys": []object{{"name": "aescbckey", "secret": base64.StdEncoding.EncodeToString(key)}}}},
			{"identity": object{}}}}}})
	if err != nil {
		return err
	}
	return writeFile(path, text, 0o600)
}
