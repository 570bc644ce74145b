// Command standin is the one program in the lab's stand-in images. It takes the place of images that cannot be had
// without a network: it answers health checks and webhooks, and does nothing of what the real program does. Every
// answer says so (header X-Lab-Stand-In).
//
//	pause [-v]                holds a pod's namespaces (the name it is called by)
//	standin write PATH TEXT   for tests of volumes; `standin read PATH` too
//	standin [ANYTHING]        serves the ports of LAB_HTTP, LAB_HTTPS and LAB_TCP (comma lists; LAB_HTTP=8080 by default)
//
// Called by a name of LAB_EXIT (comma list of paths or base names) it ends at once with 0: init containers, exec probes;
// called as `cp` so, it copies itself to where the last argument says.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	name := filepath.Base(os.Args[0])
	switch {
	case name == "pause":
		pause(os.Args[1:])
	case name == "cp" && len(os.Args) > 2 && os.Getenv("LAB_EXIT") != "":
		end(copied(os.Args[len(os.Args)-1]))
	case slices.ContainsFunc(list("LAB_EXIT"), func(e string) bool { return filepath.Base(e) == name }):
	case len(os.Args) == 4 && os.Args[1] == "write":
		end(os.WriteFile(os.Args[2], []byte(os.Args[3]), 0o644))
	case len(os.Args) == 3 && os.Args[1] == "read":
		text, err := os.ReadFile(os.Args[2])
		fmt.Print(string(text))
		end(err)
	default:
		end(serve(name))
	}
}

// copied: an init container that copies a program for another container gives it this one.
func copied(to string) error {
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return err
	}
	return os.WriteFile(to, program, 0o755)
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "lab stand-in:", err)
		os.Exit(1)
	}
}

// pause reaps what is left to it and ends on a signal. `-v` must print and end: kubeadm upgrade runs it as a Job.
func pause(args []string) {
	if len(args) > 0 && args[0] == "-v" {
		fmt.Println("pause of the lab")
		return
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for s := range signals {
		if s != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}

func list(variable string) []string {
	var all []string
	for _, part := range strings.Split(os.Getenv(variable), ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

func serve(name string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	plain, secure, raw := list("LAB_HTTP"), list("LAB_HTTPS"), list("LAB_TCP")
	if len(plain)+len(secure)+len(raw) == 0 {
		plain = []string{"8080"}
	}
	fmt.Printf("lab stand-in in the place of %s %s: http %v https %v tcp %v\n", name, os.Args[1:], plain, secure, raw)
	failed := make(chan error, 1)
	report := func(err error) {
		select {
		case failed <- err:
		default:
		}
	}
	for _, port := range plain {
		server := &http.Server{Addr: ":" + port, Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 10 * time.Second}
		go func() { report(server.ListenAndServe()) }()
	}
	for _, port := range secure {
		server := &http.Server{Addr: ":" + port, Handler: http.HandlerFunc(answer), ReadHeaderTimeout: 10 * time.Second, TLSConfig: certificates()}
		go func() { report(server.ListenAndServeTLS("", "")) }()
	}
	for _, port := range raw {
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			return err
		}
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					report(err)
					return
				}
				conn.Close()
			}
		}()
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}
