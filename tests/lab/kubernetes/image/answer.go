package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// answer says yes: 200 to any request, allowed to an AdmissionReview, the wanted version to a ConversionReview.
func answer(w http.ResponseWriter, r *http.Request) {
	host, _ := os.Hostname()
	w.Header().Set("X-Lab-Stand-In", host)
	if r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if reply := review(body); reply != nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(reply)
			return
		}
	}
	_, _ = io.WriteString(w, "lab stand-in "+host+"\n")
}

type object = map[string]any

// review answers the two kinds of webhook requests; nil: it is none.
func review(body []byte) []byte {
	var asked struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Request    struct {
			UID               string   `json:"uid"`
			DesiredAPIVersion string   `json:"desiredAPIVersion"`
			Objects           []object `json:"objects"`
		} `json:"request"`
	}
	if json.Unmarshal(body, &asked) != nil {
		return nil
	}
	var response object
	switch asked.Kind {
	case "AdmissionReview":
		response = object{"uid": asked.Request.UID, "allowed": true}
	case "ConversionReview":
		for _, o := range asked.Request.Objects {
			o["apiVersion"] = asked.Request.DesiredAPIVersion
		}
		response = object{"uid": asked.Request.UID, "convertedObjects": asked.Request.Objects, "result": object{"status": "Success"}}
	default:
		return nil
	}
	reply, _ := json.Marshal(object{"apiVersion": asked.APIVersion, "kind": asked.Kind, "response": response})
	return reply
}

// issued makes a certificate for whatever name a client asks for, by the CA in LAB_CA (PEM, certificate and key, in
// base64); nil without one. An API server asks webhooks for SERVICE.NAMESPACE.svc.
func issued() func(name string) (*tls.Certificate, error) {
	text, err := base64.StdEncoding.DecodeString(os.Getenv("LAB_CA"))
	if err != nil || len(text) == 0 {
		return nil
	}
	ca, err := tls.X509KeyPair(text, text)
	if err != nil {
		return nil
	}
	parent, err := x509.ParseCertificate(ca.Certificate[0])
	if err != nil {
		return nil
	}
	var lock sync.Mutex
	known := map[string]*tls.Certificate{}
	return func(name string) (*tls.Certificate, error) {
		lock.Lock()
		defer lock.Unlock()
		if known[name] != nil {
			return known[name], nil
		}
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		t := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{name},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
		raw, err := x509.CreateCertificate(rand.Reader, t, parent, key.Public(), ca.PrivateKey)
		if err != nil {
			return nil, err
		}
		known[name] = &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
		return known[name], nil
	}
}

// certificates takes tls.crt and tls.key from LAB_TLS_DIR, else from where controllers mount them, at each handshake
// (they may come or change later); where there are none, one that LAB_CA issues, else a self-signed pair of its own.
func certificates() *tls.Config {
	own, byCA := selfSigned(), issued()
	places := append(list("LAB_TLS_DIR"), "/tmp/k8s-webhook-server/serving-certs", "/etc/webhook/certs", "/etc/tls")
	return &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		for _, dir := range places {
			if pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")); err == nil {
				return &pair, nil
			}
		}
		if byCA != nil && hello.ServerName != "" {
			return byCA(hello.ServerName)
		}
		return own()
	}}
}

func selfSigned() func() (*tls.Certificate, error) {
	var made *tls.Certificate
	var failed error
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err == nil {
		t := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{"localhost"},
			NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
		var raw []byte
		if raw, err = x509.CreateCertificate(rand.Reader, t, t, key.Public(), key); err == nil {
			made = &tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
		}
	}
	failed = err
	return func() (*tls.Certificate, error) { return made, failed }
}
