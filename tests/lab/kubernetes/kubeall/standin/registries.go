package standin

import (
	"fmt"
	"os"
	"sort"
	"strings"

	"sigs.k8s.io/yaml"
)

// registriesFile is k3s's registries.yaml, as far as Debian's containerd 1.6 can follow it.
type registriesFile struct {
	Mirrors map[string]struct {
		Endpoint []string          `json:"endpoint"`
		Rewrite  map[string]string `json:"rewrite"`
	} `json:"mirrors"`
	Configs map[string]struct {
		Auth *struct {
			Username string `json:"username"`
			Password string `json:"password"`
		} `json:"auth"`
		TLS *struct {
			CA       string `json:"ca_file"`
			Cert     string `json:"cert_file"`
			Key      string `json:"key_file"`
			Insecure bool   `json:"insecure_skip_verify"`
		} `json:"tls"`
	} `json:"configs"`
}

// registryConfig turns registries.yaml into the registry part of containerd's config.toml.
func registryConfig(s *Settings, _ paths) (string, error) {
	path := s.get("private-registry", "/etc/rancher/k3s/registries.yaml")
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var file registriesFile
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	const section = `  [plugins."io.containerd.grpc.v1.cri".registry`
	var lines []string
	for _, host := range sortedKeys(file.Mirrors) {
		mirror := file.Mirrors[host]
		if len(mirror.Rewrite) > 0 {
			return "", fmt.Errorf("%s: mirrors.%s.rewrite: only k3s's own containerd can do that, not the stand-in's", path, host)
		}
		var quoted []string
		for _, endpoint := range mirror.Endpoint {
			quoted = append(quoted, fmt.Sprintf("%q", endpoint))
		}
		lines = append(lines, fmt.Sprintf("%s.mirrors.%q]\n    endpoint = [%s]", section, host, strings.Join(quoted, ", ")))
	}
	for _, host := range sortedKeys(file.Configs) {
		config := file.Configs[host]
		if a := config.Auth; a != nil {
			lines = append(lines, fmt.Sprintf("%s.configs.%q.auth]\n    username = %q\n    password = %q", section, host, a.Username, a.Password))
		}
		if t := config.TLS; t != nil {
			lines = append(lines, fmt.Sprintf("%s.configs.%q.tls]\n    ca_file = %q\n    cert_file = %q\n    key_file = %q\n    insecure_skip_verify = %t",
				section, host, t.CA, t.Cert, t.Key, t.Insecure))
		}
	}
	return strings.Join(lines, "\n") + "\n", nil
}

func sortedKeys[T any](m map[string]T) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	sort.Strings(all)
	return all
}
