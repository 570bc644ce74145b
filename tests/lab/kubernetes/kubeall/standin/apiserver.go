package standin

import (
	"fmt"
	"net/http"
	"os"

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/compatibility"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// APIServer is the real kube-apiserver with one addition: k3s serves the joining of nodes on the same port, so a few
// paths are answered before the API's own handlers (which stay as they are, authentication included).
func APIServer(args []string) int {
	if err := apiserver(args); err != nil {
		fmt.Fprintf(os.Stderr, "kube-apiserver: %v\n", err)
		return 1
	}
	return 0
}

func apiserver(args []string) error {
	ctx := genericapiserver.SetupSignalContext()
	s := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	sets := s.Flags()
	for _, set := range sets.FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if err := s.GenericServerRunOptions.ComponentGlobalsRegistry.Set(); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	gates := s.GenericServerRunOptions.ComponentGlobalsRegistry.FeatureGateFor(compatibility.DefaultKubeComponent)
	if err := logsapi.ValidateAndApply(s.Logs, gates); err != nil {
		return err
	}
	complete, err := s.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := complete.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	config, err := app.NewConfig(complete)
	if err != nil {
		return err
	}
	join := joinHandler(paths{os.Getenv(childMark)})
	build := config.Aggregator.GenericConfig.BuildHandlerChainFunc
	config.Aggregator.GenericConfig.BuildHandlerChainFunc = func(api http.Handler, c *genericapiserver.Config) http.Handler {
		join.next = build(api, c)
		return join
	}
	ready, err := config.Complete()
	if err != nil {
		return err
	}
	chain, err := app.CreateServerChain(ready)
	if err != nil {
		return err
	}
	prepared, err := chain.PrepareRun()
	if err != nil {
		return err
	}
	return prepared.Run(ctx)
}
