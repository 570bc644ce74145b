package standin

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func clientOf(kubeconfig string) (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.Timeout = 30 * time.Second
	return kubernetes.NewForConfig(config)
}

// every calls again and again until the context ends; an error is logged when it is another than the last one.
func every(ctx context.Context, pause time.Duration, what string, do func(context.Context) error) {
	last := ""
	for {
		one, cancel := context.WithTimeout(ctx, 20*time.Second)
		err := do(one)
		cancel()
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			last = ""
		} else if err.Error() != last {
			last = err.Error()
			logf("%s: %v", what, err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// network keeps the CNI configuration and the routes to the other nodes' pods as the API has them. networkd takes
// foreign routes away when it reconfigures a link: hence a loop, not a one-time setting.
func network(ctx context.Context, s *Settings, p paths, n node) {
	if s.get("flannel-backend", "") == "none" {
		logf("flannel-backend none: no CNI configuration, no routes")
		return
	}
	client, err := clientOf(p.agent("kubeproxy.kubeconfig")) // may list nodes
	if err != nil {
		logf("network: %v", err)
		return
	}
	every(ctx, 2*time.Second, "network", func(ctx context.Context) error {
		nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			return err
		}
		wanted := map[string]bool{}
		for _, other := range nodes.Items {
			if other.Spec.PodCIDR == "" {
				continue
			}
			if other.Name == n.name {
				err = writeCNI(p, other.Spec.PodCIDR)
			} else {
				wanted[other.Spec.PodCIDR] = true
				err = route(other.Spec.PodCIDR, internalIP(&other))
			}
			if err != nil {
				return fmt.Errorf("%s: %w", other.Name, err)
			}
		}
		return dropStale(n.clusterCIDR, wanted)
	})
}

// dropStale takes away routes to pods of other nodes that no node has any more: those of an earlier cluster on these
// hosts would hide this host's own pods.
func dropStale(cluster string, wanted map[string]bool) error {
	_, pods, err := net.ParseCIDR(cluster)
	if err != nil {
		return err
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return err
	}
	for _, old := range routes {
		if old.Gw == nil || old.Dst == nil || !pods.Contains(old.Dst.IP) || wanted[old.Dst.String()] {
			continue
		}
		if err := netlink.RouteDel(&old); err != nil {
			return fmt.Errorf("%s: %w", old.Dst, err)
		}
	}
	return nil
}

func internalIP(n *corev1.Node) string {
	for _, address := range n.Status.Addresses {
		if address.Type == corev1.NodeInternalIP {
			return address.Address
		}
	}
	return ""
}

func writeCNI(p paths, cidr string) error {
	path := p.agent("etc", "cni", "net.d", "10-lab.conflist")
	text := fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "cbr0", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true, "ipam": {"type": "host-local",
   "ranges": [[{"subnet": %q}]], "routes": [{"dst": "0.0.0.0/0"}], "dataDir": "/run/k3s/ipam"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`, cidr)
	if old, err := os.ReadFile(path); err == nil && string(old) == text {
		return nil
	}
	return writeFile(path, []byte(text), 0o644)
}

func route(cidr, gateway string) error {
	via := net.ParseIP(gateway)
	if via == nil {
		return nil // not known yet
	}
	_, pods, err := net.ParseCIDR(cidr)
	if err != nil {
		return err
	}
	return netlink.RouteReplace(&netlink.Route{Dst: pods, Gw: via})
}

// labelServer gives the node the roles that k3s gives a server; kubelets may not do that themselves.
func labelServer(ctx context.Context, s *Settings, p paths, n node) {
	client, err := clientOf(p.server("cred", "admin.kubeconfig"))
	if err != nil {
		logf("labels: %v", err)
		return
	}
	labels := `"node-role.kubernetes.io/control-plane":"true"`
	if clustered(s, p) {
		labels += `,"node-role.kubernetes.io/etcd":"true"`
	}
	patch := fmt.Sprintf(`{"metadata":{"labels":{%s}}}`, labels)
	ctx, stop := context.WithTimeout(ctx, 5*time.Minute)
	defer stop()
	for ctx.Err() == nil {
		_, err := client.CoreV1().Nodes().Patch(ctx, n.name, types.StrategicMergePatchType, []byte(patch), metav1.PatchOptions{})
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
	logf("labels: not set within 5 minutes")
}
