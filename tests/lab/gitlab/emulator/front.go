package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// front is the part of nginx: TLS with the certificate that gitlab.rb names, and puma behind it. It takes
// another certificate on SIGHUP.
func front([]string) error {
	c, err := loadConfig()
	if err != nil {
		return err
	}
	var pair atomic.Pointer[tls.Certificate]
	load := func() error {
		found, err := tls.LoadX509KeyPair(c.Certificate, c.Key)
		if err == nil {
			pair.Store(&found)
		}
		return err
	}
	if err := load(); err != nil {
		return fmt.Errorf("nginx: [emerg] cannot load certificate %q: %v", c.Certificate, err)
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	go func() {
		for range again {
			if err := load(); err != nil {
				fmt.Fprintln(os.Stderr, "nginx: [emerg]", err)
			}
		}
	}()
	if c.RedirectHTTP {
		go redirect(c)
	}
	server := &http.Server{
		Addr:              fmt.Sprintf(":%d", c.Port),
		Handler:           behind(c),
		ReadHeaderTimeout: 60 * time.Second,
		ErrorLog:          log.New(os.Stderr, "", log.LstdFlags),
		TLSConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				return pair.Load(), nil
			},
		},
	}
	return server.ListenAndServeTLS("", "")
}

func redirect(c *Config) {
	server := &http.Server{Addr: ":80", ReadHeaderTimeout: 60 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(header, headerSays)
		http.Redirect(w, r, c.URL+r.URL.RequestURI(), http.StatusMovedPermanently)
	})}
	fmt.Fprintln(os.Stderr, "nginx:", server.ListenAndServe())
}

func behind(c *Config) http.Handler {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "puma"})
	proxy.FlushInterval = -1
	proxy.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", pumaSocket)
	}}
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) {
		w.Header().Set(header, headerSays)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, "<html><title>GitLab is not responding (502)</title><h1>502</h1>Whoops, GitLab is taking too much time to respond.</html>\n")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		r.Header.Set("X-Lab-Client", r.RemoteAddr)
		r.Header.Set("X-Forwarded-Proto", "https")
		// As GitLab does: what asks by another name gets answers about the configured one.
		if strings.HasPrefix(r.URL.Path, "/-/") {
			r.Header.Set("X-Lab-Host", host)
		}
		proxy.ServeHTTP(w, r)
	})
}
