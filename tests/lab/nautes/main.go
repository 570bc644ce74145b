// Command standin is the one program in the lab's image of Nautes, which cannot be had without a network. It is told by
// the name that it is called by (bin/api-server, bin/webhook, bin/argo-operator, …) and behaves like Nautes where an
// installer sees it, and nowhere else: what its pod must mount is looked at and a missing or torn piece ends it, as the
// real programs end; the probes of the operators answer; the webhook answers reviews under the certificate that is mounted;
// the api-server lists no clusters to whoever GitLab knows by its token. Every answer says what it is (X-Lab-Stand-In).
package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	home    = "/opt/nautes"
	serving = "/tmp/k8s-webhook-server/serving-certs"
)

func main() {
	name := filepath.Base(os.Args[0])
	log.SetFlags(0)
	log.Printf("lab stand-in in the place of Nautes' %s; it is not Nautes", name)
	if err := mounted(name); err != nil {
		log.Fatalf("lab stand-in: %v", err)
	}
	ends := make(chan error, 3)
	serve := func(address string, handler http.Handler, secure bool) {
		server := &http.Server{Addr: address, Handler: labelled(name, handler), ReadHeaderTimeout: 10 * time.Second}
		if secure {
			ends <- server.ListenAndServeTLS(serving+"/tls.crt", serving+"/tls.key")
		} else {
			ends <- server.ListenAndServe()
		}
	}
	switch name {
	case "api-server":
		api, err := newAPI()
		if err != nil {
			log.Fatalf("lab stand-in: %v", err)
		}
		go serve(":8000", api, false)
	case "webhook":
		go serve(":9443", http.HandlerFunc(review), true)
		fallthrough
	default:
		go serve(":8081", http.HandlerFunc(probe), false)
	}
	log.Fatal(<-ends)
}

func labelled(name string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Lab-Stand-In", "nautes "+name)
		handler.ServeHTTP(w, r)
	})
}

// probe answers where controllers are asked whether they are well; nothing else is there.
func probe(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/healthz" && r.URL.Path != "/readyz" {
		http.NotFound(w, r)
	}
}

// mounted is what each of the six programs reads at its start or at its first work: the settings, the certificates of the
// servers that it asks, its own certificate for the proxy before Vault.
func mounted(name string) error {
	if _, err := os.ReadFile(home + "/config/config"); err != nil {
		return err
	}
	certs, _ := filepath.Glob(home + "/cert/*.crt")
	if len(certs) == 0 && name != "webhook" {
		return errors.New("no certificate of a server in " + home + "/cert")
	}
	for _, file := range certs {
		if text, err := os.ReadFile(file); err != nil || !x509.NewCertPool().AppendCertsFromPEM(text) {
			return fmt.Errorf("%s is no certificate: %v", file, err)
		}
	}
	switch name {
	case "api-server", "cluster-operator", "runtime-operator":
		pair, err := tls.LoadX509KeyPair(home+"/keypair/client.crt", home+"/keypair/client.key")
		if err != nil {
			return err
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			return err
		}
		if want := strings.ToUpper(strings.Split(name, "-")[0]); leaf.Subject.CommonName != want {
			return fmt.Errorf("the certificate for the proxy is of %s, not of %s", leaf.Subject.CommonName, want)
		}
	}
	if name == "api-server" {
		_, err := os.Stat(os.Getenv("RESOURCES_LAYOUT"))
		return err
	}
	return nil
}

// api is as much of the api-server as says that it answers: the list of clusters, for whom GitLab knows.
type api struct {
	gitlab string
	client *http.Client
}

func newAPI() (*api, error) {
	config, err := os.ReadFile(home + "/config/config")
	if err != nil {
		return nil, err
	}
	found := regexp.MustCompile(`(?m)^git:\n(?:  .*\n)*?  addr: "?([^"\n]+)"?$`).FindSubmatch(config)
	if found == nil {
		return nil, errors.New("the settings do not say where GitLab is (git.addr)")
	}
	host := regexp.MustCompile(`^https://([^/]+)`).FindStringSubmatch(string(found[1]))
	if host == nil {
		return nil, fmt.Errorf("git.addr is %s", found[1])
	}
	text, err := os.ReadFile(home + "/cert/" + strings.ReplaceAll(host[1], ":", "_") + ".crt")
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
	return &api{gitlab: strings.TrimRight(string(found[1]), "/"), client: client}, nil
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet || r.URL.Path != "/api/v1/clusters" {
		http.NotFound(w, r)
		return
	}
	token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	err := errors.New("token is not found")
	if is && token != "" {
		err = a.known(r, token)
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil { // nearly every refusal of the real one is a 500
		w.WriteHeader(http.StatusInternalServerError)
		_ = json.NewEncoder(w).Encode(map[string]any{"code": 500, "reason": "", "message": err.Error(), "metadata": map[string]any{}})
		return
	}
	_, _ = io.WriteString(w, `{"items":[]}`)
}

// known asks GitLab whose token that is, with the CA that is mounted for it.
func (a *api) known(r *http.Request, token string) error {
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, a.gitlab+"/api/v4/user", nil)
	if err != nil {
		return err
	}
	ask.Header.Set("Authorization", "Bearer "+token)
	answer, err := a.client.Do(ask)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s/api/v4/user: %s", a.gitlab, answer.Status)
	}
	return nil
}

// review lets every object pass.
func review(w http.ResponseWriter, r *http.Request) {
	var asked struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Request    struct {
			UID string `json:"uid"`
		} `json:"request"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 16<<20)).Decode(&asked); err != nil || asked.Kind != "AdmissionReview" {
		http.Error(w, "no AdmissionReview", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"apiVersion": asked.APIVersion, "kind": asked.Kind,
		"response": map[string]any{"uid": asked.Request.UID, "allowed": true}})
}
