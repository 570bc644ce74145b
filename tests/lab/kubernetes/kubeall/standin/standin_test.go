package standin

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func settings(t *testing.T, role string, files map[string]string, args ...string) (*Settings, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ReadSettings(role, append([]string{"--config", filepath.Join(dir, "config.yaml")}, args...))
}

func TestSettingsMerge(t *testing.T) {
	s, err := settings(t, "server", map[string]string{
		"config.yaml":             "tls-san: [a, b]\nnode-name: one\ncluster-init: true\nwrite-kubeconfig-mode: \"0600\"\n",
		"config.yaml.d/10.yaml":   "node-name: two\ntls-san+: [c]\n",
		"config.yaml.d/ignore.md": "no: yes: no",
	}, "--node-name=three", "--kube-apiserver-arg", "v=4", "--kube-apiserver-arg=audit-log-maxage=3", "--secrets-encryption")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.list("tls-san"); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Error(got)
	}
	if s.get("node-name", "") != "three" || !s.on("cluster-init") || !s.on("secrets-encryption") || s.on("disable-agent") {
		t.Errorf("%+v", s.values)
	}
	if got := s.list("kube-apiserver-arg"); !slices.Equal(got, []string{"v=4", "audit-log-maxage=3"}) {
		t.Error(got)
	}
	if s.get("write-kubeconfig-mode", "") != "0600" {
		t.Error("a quoted mode keeps its zero")
	}
}

func TestSettingsRefused(t *testing.T) {
	for text, wanted := range map[string]string{
		"flanel-backend: none\nzzz: 1\n": "flanel-backend, zzz",
		"node-name: [a, b]\n":            "takes one value",
		"service-cidr: 10.43.0.0\n":      "service-cidr",
		"node-name: {a: b}\n":            "mapping",
		"server: https://h:6443\n":       "token",
		"a: 1\na: 2\n":                   "a",
	} {
		if _, err := settings(t, "server", map[string]string{"config.yaml": text}); err == nil || !strings.Contains(err.Error(), wanted) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := settings(t, "server", nil, "--bogus"); err == nil || !strings.Contains(err.Error(), "-bogus") {
		t.Error(err)
	}
	if _, err := settings(t, "agent", nil); err == nil {
		t.Error("an agent without server and token")
	}
}

func TestTokens(t *testing.T) {
	hash := strings.Repeat("ab", 32)
	full, err := parseToken("K10" + hash + "::server:secret\n")
	if err != nil || full.password != "secret" || full.String() != "K10"+hash+"::server:secret" {
		t.Fatal(full, err)
	}
	ca := []byte("a CA")
	if full.trusts(ca) || !(token{hash: hashOf(ca)}).trusts(ca) || !(token{}).trusts(ca) {
		t.Error("a token trusts the CA it was made for; a short one any")
	}
	for _, bad := range []string{"K10abc::server:x", "K10" + hash + ":server:x", "K10" + hash + "::server:", "a::b"} {
		if _, err := parseToken(bad); err == nil {
			t.Error(bad)
		}
	}
}

func TestTokenStaysAndAnotherIsRefused(t *testing.T) {
	p := paths{t.TempDir()}
	set := func(text string) *Settings {
		return &Settings{Role: "server", values: map[string][]string{"token": {text}}}
	}
	first, err := p.settleToken(set(""), []byte("ca"))
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range []string{"", first.password, first.String()} {
		if again, err := p.settleToken(set(same), []byte("ca")); err != nil || again != first {
			t.Errorf("%q: %v %v", same, again, err)
		}
	}
	if _, err := p.settleToken(set("another"), []byte("ca")); err == nil {
		t.Error("another token was taken")
	}
	link, err := os.ReadFile(p.server("node-token"))
	if err != nil || strings.TrimSpace(string(link)) != first.String() {
		t.Error(string(link), err)
	}
}

func TestArguments(t *testing.T) {
	got := arguments{"anonymous-auth": "false", "z": "1"}.with([]string{"anonymous-auth=true", "--v=4", "feature", "h=1", "h=2"})
	if want := []string{"--anonymous-auth=true", "--z=1", "--v=4", "--feature=true", "--h=1", "--h=2"}; !slices.Equal(got, want) {
		t.Error(got)
	}
}

func TestCertificatesAreRenewedWhenTheyNoLongerFit(t *testing.T) {
	dir := t.TempDir()
	ca, err := loadAuthority(filepath.Join(dir, "ca"), "ca")
	if err != nil {
		t.Fatal(err)
	}
	l := leaf{path: filepath.Join(dir, "leaf"), ca: ca, cn: "x", names: []string{"a.example", "10.0.0.1"}}
	serial := func() string {
		if err := l.ensure(); err != nil {
			t.Fatal(err)
		}
		cert, _, err := readPair(l.path)
		if err != nil || !l.fits(cert) || time.Until(cert.NotAfter) < 364*day {
			t.Fatal(err)
		}
		return cert.SerialNumber.String()
	}
	first := serial()
	if serial() != first {
		t.Error("a good certificate was made anew")
	}
	l.names = append(l.names, "b.example")
	if serial() == first {
		t.Error("a new name needs a new certificate")
	}
	same, err := loadAuthority(filepath.Join(dir, "ca"), "ca")
	if err != nil || !same.cert.Equal(ca.cert) {
		t.Error("the CA changed", err)
	}
}

func TestAddresses(t *testing.T) {
	if nth("10.43.0.0/16", 10) != "10.43.0.10" || nth("10.96.0.0/12", 1) != "10.96.0.1" {
		t.Error("n-th address")
	}
}
