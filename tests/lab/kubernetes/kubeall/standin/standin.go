// Package standin is the lab's stand-in for the k3s program. It is not k3s and holds none of its code: it takes the
// settings, files and names that k3s documents and starts the real Kubernetes components of this binary accordingly.
// What it does not do (Traefik, ServiceLB, metrics-server, helm controller, SQLite, …) is told by `k3s --help`.
package standin

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"

	"k8s.io/component-base/version"
)

const help = `k3s: THE LAB'S STAND-IN FOR K3S, NOT K3S.
It starts real Kubernetes components (kube-apiserver, controller-manager, scheduler, kubelet, kube-proxy, etcd)
with k3s's file locations, unit, settings and join tokens, so that an installer can be tested without a download.
Not here: Traefik, ServiceLB, metrics-server, the helm controller, network policies, SQLite (data is etcd's always),
flannel (pods are routed host to host), a containerd of its own (the host's is started with its own socket).

  k3s server [SETTINGS]     control plane and node      k3s agent [SETTINGS]   node only
  k3s kubectl ARGS          real kubectl                k3s ctr ARGS           the host's ctr on k3s's socket
  k3s token generate        a new token                 k3s etcd-snapshot save|ls|delete
  k3s certificate rotate    new certificates at the next start
  k3s --version

Settings: /etc/rancher/k3s/config.yaml, config.yaml.d/*.yaml, K3S_TOKEN, K3S_URL, or --name value. A setting that the
stand-in does not know is an error.
`

// Main is the k3s program. Exit codes: 0 done, 1 failed, 2 wrong use.
func Main(args []string, kubectl func()) int {
	verb := ""
	if len(args) > 1 {
		verb = args[1]
	}
	if base := filepath.Base(args[0]); base == "ctr" || base == "crictl" { // links, as k3s's own install makes them
		verb, args = base, append([]string{"k3s"}, args...)
	}
	switch verb {
	case "", "help", "-h", "--help":
		fmt.Print(help)
		return 0
	case "-v", "--version":
		fmt.Printf("k3s version %s (lab-stand-in)\ngo version %s\n", version.Get().GitVersion, runtime.Version())
		return 0
	case "kubectl":
		os.Args = append([]string{"kubectl"}, args[2:]...)
		if os.Getenv("KUBECONFIG") == "" {
			os.Setenv("KUBECONFIG", "/etc/rancher/k3s/k3s.yaml")
		}
		kubectl()
		return 0
	case "server", "agent":
		for _, a := range args[2:] {
			if a == "--help" || a == "-h" {
				fmt.Print(help)
				return 0
			}
		}
		return report(serve(verb, args[2:]))
	case "ctr":
		return report(ctr(args[2:]))
	case "token":
		if len(args) == 3 && args[2] == "generate" {
			fmt.Println(randomHex(16))
			return 0
		}
	case "etcd-snapshot":
		return report(snapshot(args[2:]))
	case "certificate":
		if len(args) == 3 && args[2] == "rotate" {
			return report(rotate())
		}
	}
	fmt.Fprintf(os.Stderr, "k3s (the lab's stand-in): %q is not here\n\n%s", args[1:], help)
	return 2
}

func serve(role string, args []string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("must be run as root")
	}
	s, err := ReadSettings(role, args)
	if err != nil {
		return err
	}
	logf("%s %s, the lab's stand-in for k3s", role, version.Get().GitVersion)
	if role == "server" {
		return runServer(s)
	}
	return runAgent(s)
}

func report(err error) int {
	if err != nil {
		fmt.Fprintf(os.Stderr, "level=fatal msg=%q\n", err.Error())
		return 1
	}
	return 0
}

func logf(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "level=info msg=%q\n", fmt.Sprintf(format, values...))
}

// ctr becomes the host's ctr, on the stand-in's containerd.
func ctr(args []string) error {
	cmd := exec.Command("ctr", append([]string{"-a", containerdSocket, "-n", "k8s.io"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

// paths are the places below k3s's data directory.
type paths struct{ data string }

func pathsOf(s *Settings) paths { return paths{s.get("data-dir", "/var/lib/rancher/k3s")} }

func (p paths) server(parts ...string) string {
	return filepath.Join(append([]string{p.data, "server"}, parts...)...)
}
func (p paths) tls(name string) string { return p.server("tls", name) }
func (p paths) agent(parts ...string) string {
	return filepath.Join(append([]string{p.data, "agent"}, parts...)...)
}
