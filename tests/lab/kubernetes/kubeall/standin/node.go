package standin

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

// node is what this host is in the cluster.
type node struct {
	name, ip, domain, clusterCIDR, serviceCIDR, dns string
	port                                            int    // of the API
	server                                          string // where the API is reached
}

func nodeOf(s *Settings) (node, error) {
	n := node{name: s.get("node-name", ""), ip: s.get("node-ip", ""), domain: s.get("cluster-domain", "cluster.local"),
		clusterCIDR: s.get("cluster-cidr", "10.42.0.0/16"), serviceCIDR: s.get("service-cidr", "10.43.0.0/16")}
	n.dns = s.get("cluster-dns", nth(n.serviceCIDR, 10))
	if n.name == "" {
		host, err := os.Hostname()
		if err != nil {
			return n, err
		}
		n.name = strings.ToLower(host)
	}
	if n.ip == "" {
		// Sends nothing: asks the kernel which address the default route would use.
		probe, err := net.Dial("udp", "192.0.2.1:9")
		if err != nil {
			return n, fmt.Errorf("node-ip is not set and there is no default route: %w", err)
		}
		n.ip = probe.LocalAddr().(*net.UDPAddr).IP.String()
		probe.Close()
	}
	port, err := strconv.Atoi(s.get("https-listen-port", "6443"))
	if err != nil {
		return n, fmt.Errorf("https-listen-port: %w", err)
	}
	n.port = port
	n.server = "https://127.0.0.1:" + strconv.Itoa(port)
	return n, nil
}

// nth gives the n-th address of a network.
func nth(cidr string, count byte) string {
	_, network, err := net.ParseCIDR(cidr)
	if err != nil {
		return ""
	}
	ip := append(net.IP{}, network.IP...)
	ip[len(ip)-1] += count
	return ip.String()
}

func splitCommas(text string) []string {
	var all []string
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// missingRuntime says what this host lacks for running pods; empty when it can.
func missingRuntime() string {
	var missing []string
	for _, program := range []string{"containerd", "runc", "ctr", "iptables"} {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	// A lab host that was not made for Kubernetes: no kernel log, control groups read-only.
	if !exists("/dev/kmsg") {
		missing = append(missing, "/dev/kmsg")
	}
	probe := "/sys/fs/cgroup/cpu/k3s-probe"
	if !exists("/sys/fs/cgroup/cpu") {
		probe = "/sys/fs/cgroup/k3s-probe"
	}
	if err := os.Mkdir(probe, 0o755); err != nil && !os.IsExist(err) {
		missing = append(missing, "writable control groups")
	}
	_ = os.Remove(probe)
	return strings.Join(missing, ", ")
}

// startServerNode makes the server a node of its own cluster, where the host can run containers.
func startServerNode(ctx context.Context, f *family, s *Settings, p paths, n node, cas *authorities) error {
	if s.on("disable-agent") {
		logf("disable-agent: control plane only")
		return nil
	}
	if missing := missingRuntime(); missing != "" {
		logf("no node on this host: it lacks %s (real k3s brings its own); control plane only", missing)
		return nil
	}
	for _, l := range []leaf{
		{path: p.agent("client-kubelet"), ca: cas.client, cn: "system:node:" + n.name, orgs: []string{"system:nodes"}},
		{path: p.agent("serving-kubelet"), ca: cas.server, cn: n.name, names: []string{n.name, n.ip, "127.0.0.1"}},
		{path: p.agent("client-kube-proxy"), ca: cas.client, cn: "system:kube-proxy"},
	} {
		if err := l.ensure(); err != nil {
			return err
		}
	}
	for file, ca := range map[string]*authority{"server-ca.crt": cas.server, "client-ca.crt": cas.client} {
		if err := writeFile(p.agent(file), ca.pem, 0o644); err != nil {
			return err
		}
	}
	password, err := ownPassword()
	if err != nil {
		return err
	}
	// kube-system may come a moment after the API is ready.
	if err := f.until(ctx, "node password", time.Minute, func(ctx context.Context) error {
		return joinHandler(p).nodePassword(ctx, nodeRequest{Name: n.name, IP: n.ip, Password: password})
	}); err != nil {
		return err
	}
	if err := startNode(ctx, f, s, p, n); err != nil {
		return err
	}
	go labelServer(ctx, s, p, n)
	return nil
}

// startNode starts containerd, imports images, starts kubelet and kube-proxy, and looks after the pod network. The
// certificates are in place.
func startNode(ctx context.Context, f *family, s *Settings, p paths, n node) error {
	for file, cert := range map[string]string{"kubelet.kubeconfig": "client-kubelet", "kubeproxy.kubeconfig": "client-kube-proxy"} {
		if err := writeKubeconfig(p.agent(file), n.server, p.agent("server-ca"), p.agent(cert), 0o600); err != nil {
			return err
		}
	}
	if err := startContainerd(ctx, f, s, p); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		logf("net.ipv4.ip_forward: %v", err)
	}
	raiseWatches()
	config, err := kubeletConfig(s, p, n)
	if err != nil {
		return err
	}
	if err := f.component("kubelet", config); err != nil {
		return err
	}
	if !s.on("disable-kube-proxy") {
		if err := f.component("kube-proxy", arguments{
			"kubeconfig": p.agent("kubeproxy.kubeconfig"), "hostname-override": n.name, "cluster-cidr": n.clusterCIDR, "proxy-mode": "iptables",
			"healthz-bind-address":   "127.0.0.1", // these two conntrack settings are the machine's own on a lab host
			"conntrack-max-per-core": "0", "conntrack-tcp-timeout-established": "0s", "conntrack-tcp-timeout-close-wait": "0s",
		}.with(s.list("kube-proxy-arg"))); err != nil {
			return err
		}
	}
	go network(ctx, s, p, n)
	go openFolders(ctx, p)
	// Ready for systemd means that the node works, not that its programs were started.
	plain := &http.Client{Timeout: 5 * time.Second}
	return f.until(ctx, "kubelet", 2*time.Minute, func(ctx context.Context) error {
		return get(ctx, plain, "http://127.0.0.1:10248/healthz")
	})
}

// raiseWatches: kubelet ends at once where no inotify instance is left, and all lab hosts share the machine's limit,
// whose default of 128 a dozen hosts use up.
func raiseWatches() {
	const path, wanted = "/proc/sys/fs/inotify/max_user_instances", 8192
	text, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if now, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && now < wanted {
		if err := os.WriteFile(path, []byte(strconv.Itoa(wanted)), 0o644); err != nil {
			logf("fs.inotify.max_user_instances stays %d: %v", now, err)
		}
	}
}

func kubeletConfig(s *Settings, p paths, n node) ([]string, error) {
	type object = map[string]any
	config := object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"authentication":           object{"anonymous": object{"enabled": false}, "webhook": object{"enabled": true}, "x509": object{"clientCAFile": p.agent("client-ca.crt")}},
		"authorization":            object{"mode": "Webhook"},
		"containerRuntimeEndpoint": "unix://" + containerdSocket,
		"tlsCertFile":              p.agent("serving-kubelet.crt"), "tlsPrivateKeyFile": p.agent("serving-kubelet.key"),
		"clusterDomain": n.domain, "clusterDNS": []string{n.dns}, "failSwapOn": false, "staticPodPath": p.agent("pod-manifests"),
		// What a lab host needs (facts: cgroup v1 that systemd does not own, no CAP_SYS_RESOURCE, the machine's disk):
		"cgroupDriver": "cgroupfs", "failCgroupV1": false, "oomScoreAdj": 0, "imageGCHighThresholdPercent": 100,
		"evictionHard": object{"imagefs.available": "1%", "nodefs.available": "1%"}, "nodeStatusUpdateFrequency": "4s",
	}
	if path := s.get("resolv-conf", ""); path != "" {
		config["resolvConf"] = path
	} else if _, err := os.Stat("/etc/resolv.conf"); err != nil {
		config["resolvConf"] = ""
	}
	text, err := yaml.Marshal(config)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.agent("pod-manifests"), 0o700); err != nil {
		return nil, err
	}
	file := p.agent("etc", "kubelet.yaml")
	if err := writeFile(file, text, 0o600); err != nil {
		return nil, err
	}
	flags := arguments{"config": file, "kubeconfig": p.agent("kubelet.kubeconfig"), "hostname-override": n.name, "node-ip": n.ip, "cert-dir": p.agent("pki")}
	if labels := s.list("node-label"); len(labels) > 0 {
		flags["node-labels"] = strings.Join(labels, ",")
	}
	if taints := s.list("node-taint"); len(taints) > 0 {
		flags["register-with-taints"] = strings.Join(taints, ",")
	}
	return flags.with(s.list("kubelet-arg")), nil
}

const (
	containerdState  = "/run/k3s/containerd"
	containerdSocket = containerdState + "/containerd.sock"
	sandboxImage     = "rancher/mirrored-pause:3.6"
)

func startContainerd(ctx context.Context, f *family, s *Settings, p paths) error {
	plugins := "/usr/lib/cni"
	if _, err := os.Stat(filepath.Join(plugins, "bridge")); err != nil {
		plugins = "/opt/cni/bin"
	}
	registries, err := registryConfig(s, p)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`# written by the lab's stand-in for k3s at every start
version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/rancher/k3s/agent/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true # a lab host has no CAP_SYS_RESOURCE: a score below 0 cannot be set
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
%s`, p.agent("containerd"), containerdState, containerdSocket, s.get("pause-image", sandboxImage), plugins, p.agent("etc", "cni", "net.d"), registries)
	config := p.agent("etc", "containerd", "config.toml")
	if err := writeFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.MkdirAll(p.agent("containerd"), 0o700); err != nil {
		return err
	}
	if err := f.program("containerd", "containerd", []string{"--config", config}, p.agent("containerd", "containerd.log")); err != nil {
		return err
	}
	if err := f.until(ctx, "containerd", time.Minute, func(ctx context.Context) error {
		return run(ctx, nil, "ctr", "-a", containerdSocket, "version")
	}); err != nil {
		return err
	}
	return importImages(ctx, f, p)
}
