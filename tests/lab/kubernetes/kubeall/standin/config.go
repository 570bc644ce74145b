package standin

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"sigs.k8s.io/yaml"
)

// A key of k3s's config.yaml (and flag of its command line) that the stand-in knows.
type key struct {
	list    bool   // may be given many times
	boolean bool   // a flag without a value is true
	note    string // not acted upon: what the log says when it is set
}

// keys says what the stand-in takes. What is not here is an error that names it: a setting that silently did nothing
// would make a test pass for the wrong reason.
var keys = map[string]key{
	"advertise-address": {}, "agent-token": {}, "bind-address": {}, "cluster-cidr": {}, "cluster-dns": {},
	"cluster-domain": {}, "cluster-init": {boolean: true}, "cluster-reset": {boolean: true},
	"cluster-reset-restore-path": {}, "data-dir": {}, "https-listen-port": {}, "node-ip": {}, "node-name": {},
	"secrets-encryption": {boolean: true}, "server": {}, "service-cidr": {}, "service-node-port-range": {},
	"tls-san": {list: true}, "token": {}, "token-file": {}, "write-kubeconfig": {}, "write-kubeconfig-mode": {},
	"write-kubeconfig-group": {}, "pause-image": {}, "resolv-conf": {}, "private-registry": {},
	"node-label": {list: true}, "node-taint": {list: true}, "disable": {list: true},
	"disable-agent": {boolean: true}, "etcd-arg": {list: true}, "kube-apiserver-arg": {list: true},
	"kube-controller-manager-arg": {list: true}, "kube-scheduler-arg": {list: true}, "kubelet-arg": {list: true},
	"kube-proxy-arg": {list: true}, "disable-kube-proxy": {boolean: true}, "etcd-snapshot-dir": {},
	"flannel-backend":                   {note: "pods are routed host to host whatever it says, except none"},
	"disable-network-policy":            {boolean: true, note: "there is no network policy controller to leave out"},
	"disable-helm-controller":           {boolean: true, note: "there is no helm controller to leave out"},
	"disable-cloud-controller":          {boolean: true, note: "there is no cloud controller to leave out"},
	"etcd-snapshot-schedule-cron":       {note: "no snapshot is taken by the clock, only by `k3s etcd-snapshot save`"},
	"etcd-snapshot-retention":           {note: "no snapshot is taken by the clock"},
	"etcd-disable-snapshots":            {boolean: true, note: "no snapshot is taken by the clock anyway"},
	"etcd-expose-metrics":               {boolean: true, note: "etcd's metrics stay on 127.0.0.1"},
	"egress-selector-mode":              {note: "the API server reaches kubelets directly"},
	"embedded-registry":                 {boolean: true, note: "there is no embedded registry"},
	"disable-default-registry-endpoint": {boolean: true, note: "containerd 1.6 asks the registry itself last"},
	"selinux":                           {boolean: true, note: "no SELinux here"},
	"protect-kernel-defaults":           {boolean: true, note: "kernel settings are not checked"},
	"snapshotter":                       {note: "overlayfs always"},
	"debug":                             {boolean: true, note: "logs are as they are"},
}

// Settings are k3s's settings from the command line, the environment and config.yaml, in this order of strength.
type Settings struct {
	Role   string // server or agent
	values map[string][]string
}

func (s *Settings) list(name string) []string { return s.values[name] }

func (s *Settings) get(name, fallback string) string {
	if v := s.values[name]; len(v) > 0 && v[len(v)-1] != "" {
		return v[len(v)-1]
	}
	return fallback
}

func (s *Settings) on(name string) bool { return s.get(name, "false") == "true" }

// ReadSettings reads `k3s server|agent ARGS`, K3S_* variables, config.yaml and config.yaml.d/*.yaml.
func ReadSettings(role string, args []string) (*Settings, error) {
	flags, file, err := parseFlags(args)
	if err != nil {
		return nil, err
	}
	merged, err := readFiles(file)
	if err != nil {
		return nil, err
	}
	for variable, name := range map[string]string{"K3S_TOKEN": "token", "K3S_TOKEN_FILE": "token-file", "K3S_URL": "server",
		"K3S_KUBECONFIG_MODE": "write-kubeconfig-mode", "K3S_KUBECONFIG_OUTPUT": "write-kubeconfig",
		"K3S_NODE_NAME": "node-name", "K3S_DATA_DIR": "data-dir", "K3S_AGENT_TOKEN": "agent-token"} {
		if v := os.Getenv(variable); v != "" {
			merged[name] = []string{v}
		}
	}
	for name, v := range flags {
		merged[name] = v
	}
	s := &Settings{Role: role, values: merged}
	if path := s.get("token-file", ""); path != "" && s.get("token", "") == "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("token-file: %w", err)
		}
		s.values["token"] = []string{strings.TrimSpace(string(text))}
	}
	return s, s.check()
}

func (s *Settings) check() error {
	var unknown []string
	for name := range s.values {
		k, ok := keys[name]
		if !ok {
			unknown = append(unknown, name)
		} else if k.note != "" {
			logf("%s is set: %s", name, k.note)
		}
	}
	if len(unknown) > 0 {
		sort.Strings(unknown)
		return fmt.Errorf("unknown to the lab's stand-in for k3s: %s (a key that k3s knows must be added to the stand-in's config.go)",
			strings.Join(unknown, ", "))
	}
	if s.Role == "agent" && (s.get("server", "") == "" || s.get("token", "") == "") {
		return errors.New("an agent needs server and token")
	}
	if s.get("server", "") != "" && s.get("token", "") == "" {
		return errors.New("server is set, so token is needed")
	}
	for _, name := range []string{"cluster-cidr", "service-cidr"} {
		if v := s.get(name, ""); v != "" {
			if _, _, err := net.ParseCIDR(v); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// parseFlags takes --name value, --name=value and --flag, and gives back the path of the config file.
func parseFlags(args []string) (map[string][]string, string, error) {
	found := map[string][]string{}
	file := os.Getenv("K3S_CONFIG_FILE")
	if file == "" {
		file = "/etc/rancher/k3s/config.yaml"
	}
	short := map[string]string{"-t": "--token", "-s": "--server", "-d": "--data-dir", "-o": "--write-kubeconfig", "-c": "--config"}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if long, ok := short[arg]; ok {
			arg = long
		}
		if !strings.HasPrefix(arg, "--") {
			return nil, "", fmt.Errorf("unexpected argument: %s", arg)
		}
		name, value, given := strings.Cut(arg[2:], "=")
		_, known := keys[name]
		switch {
		case !known && name != "config":
			return nil, "", fmt.Errorf("flag provided but not defined: -%s (unknown to the lab's stand-in for k3s)", name)
		case given:
		case keys[name].boolean:
			value = "true"
		case i+1 < len(args):
			i++
			value = args[i]
		default:
			return nil, "", fmt.Errorf("--%s wants a value", name)
		}
		if name == "config" {
			file = value
			continue
		}
		found[name] = append(found[name], value)
	}
	return found, file, nil
}

// readFiles merges config.yaml and config.yaml.d/*.yaml: the last file wins, `key+` appends.
func readFiles(file string) (map[string][]string, error) {
	merged := map[string][]string{}
	files, _ := filepath.Glob(file + ".d/*.y*ml")
	sort.Strings(files)
	for _, path := range append([]string{file}, files...) {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var doc map[string]any
		if err := yaml.UnmarshalStrict(text, &doc); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for name, v := range doc {
			values, err := scalars(v)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", path, name, err)
			}
			if plain, ok := strings.CutSuffix(name, "+"); ok {
				merged[plain] = append(merged[plain], values...)
				continue
			}
			if k, known := keys[name]; known && len(values) > 1 && !k.list {
				return nil, fmt.Errorf("%s: %s takes one value", path, name)
			}
			merged[name] = values
		}
	}
	return merged, nil
}

func scalars(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case []any:
		var all []string
		for _, one := range v {
			s, err := scalars(one)
			if err != nil {
				return nil, err
			}
			all = append(all, s...)
		}
		return all, nil
	case map[string]any:
		return nil, errors.New("a mapping where a value or a list is wanted")
	default:
		return []string{fmt.Sprint(v)}, nil
	}
}
