// Command kubeall is a multi-call binary of the real components of one Kubernetes release: kube-apiserver,
// kube-controller-manager, kube-scheduler, kube-proxy, kubelet, kubectl and the real etcd (etcdmain, with all of
// etcd's own flags). The name it is called by picks the component. Called by any other name, `k3s` above all, it is
// the lab's stand-in for k3s, which starts those components the way k3s lays them out (package standin).
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	_ "time/tzdata"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"

	"kubelab/standin"
)

func main() {
	name := filepath.Base(os.Args[0])
	if name == "kubeall" && len(os.Args) > 1 { // kubeall NAME ARGS...: without links
		os.Args = os.Args[1:]
		name = filepath.Base(os.Args[0])
	}
	if standin.IsChild() { // started by way of /proc/self/exe: without this `top` would say "exe"
		_ = os.WriteFile("/proc/self/comm", []byte(name), 0o644)
	}
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		if standin.IsChild() {
			os.Exit(standin.APIServer(os.Args[1:]))
		}
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(kcm.NewControllerManagerCommand()))
	case "kube-scheduler":
		os.Exit(cli.Run(scheduler.NewSchedulerCommand()))
	case "kubelet":
		os.Exit(cli.Run(command(kubelet.NewKubeletCommand)))
	case "kube-proxy":
		os.Exit(cli.Run(command(proxy.NewProxyCommand)))
	case "kubectl":
		runKubectl()
	case "kubeall":
		fmt.Fprintln(os.Stderr, "call it as etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy, kubectl or k3s")
		os.Exit(2)
	default:
		os.Exit(standin.Main(os.Args, runKubectl))
	}
}

func runKubectl() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}

// command takes a constructor with a context (v1.34 and later) or without.
func command(f any) *cobra.Command {
	if f, ok := f.(func() *cobra.Command); ok {
		return f()
	}
	return f.(func(context.Context) *cobra.Command)(context.Background())
}
