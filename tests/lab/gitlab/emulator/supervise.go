package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// service is one process that runsvdir keeps running.
type service struct {
	name   string
	asGit  bool
	mutex  sync.Mutex
	want   bool
	since  time.Time
	config [32]byte
	proc   *os.Process
}

var services = []*service{{name: "puma", asGit: true}, {name: "nginx"}}

// supervise is runsvdir: it starts the services again when they end, and obeys gitlab-ctl.
func supervise([]string) error {
	_ = os.Remove(control)
	if err := os.MkdirAll(ownDir, 0o700); err != nil {
		return err
	}
	at, err := net.Listen("unix", control)
	if err != nil {
		return err
	}
	if err := os.Chmod(control, 0o600); err != nil {
		return err
	}
	for _, s := range services {
		go s.keep()
		s.set(true)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT)
	go func() {
		<-end
		for _, s := range services {
			s.set(false)
		}
		_ = os.Remove(control)
		os.Exit(0)
	}()
	for {
		conn, err := at.Accept()
		if err != nil {
			return err
		}
		go obey(conn)
	}
}

func (s *service) keep() {
	for {
		s.mutex.Lock()
		want := s.want
		s.mutex.Unlock()
		if !want {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		if err := s.once(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", s.name, err)
		}
		time.Sleep(200 * time.Millisecond) // runit waits a second
	}
}

func (s *service) once() error {
	cmd := exec.Command(embedded+"/bin/gitlab-emulator", s.name)
	to, err := os.OpenFile(logs+"/"+s.name+"/"+map[string]string{"puma": "puma_stderr.log", "nginx": "error.log"}[s.name],
		os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer to.Close()
	cmd.Stdout, cmd.Stderr = to, to
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + data, "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if s.asGit {
		uid, gid, err := gitIDs()
		if err != nil {
			return err
		}
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	s.mutex.Lock()
	if !s.want {
		s.mutex.Unlock()
		return nil
	}
	err = cmd.Start()
	s.proc, s.since, s.config = cmd.Process, time.Now(), configSum()
	s.mutex.Unlock()
	if err != nil {
		return err
	}
	err = cmd.Wait()
	s.mutex.Lock()
	s.proc, s.since = nil, time.Now()
	s.mutex.Unlock()
	return err
}

func configSum() [32]byte {
	text, _ := os.ReadFile(configFile)
	return sha256.Sum256(text)
}

// set wants the service up or down and waits until it is so, ten seconds at most.
func (s *service) set(up bool) bool {
	s.mutex.Lock()
	s.want = up
	proc := s.proc
	s.mutex.Unlock()
	if !up && proc != nil {
		_ = proc.Signal(syscall.SIGTERM)
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		s.mutex.Lock()
		runs := s.proc != nil
		s.mutex.Unlock()
		if runs == up {
			return true
		}
	}
	return false
}

// says is a line of `gitlab-ctl status`.
func (s *service) says() (string, bool) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	seconds := int(time.Since(s.since).Seconds())
	if s.proc != nil && time.Since(s.since) > 50*time.Millisecond {
		return fmt.Sprintf("run: %s: (pid %d) %ds", s.name, s.proc.Pid, seconds), true
	}
	return fmt.Sprintf("down: %s: %ds, normally up", s.name, seconds), false
}

func obey(conn net.Conn) {
	defer conn.Close()
	line, err := bufio.NewReader(conn).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) == 0 {
		return
	}
	code, found := 0, false
	for _, s := range services {
		if len(words) > 1 && !contains(words[1:], s.name) {
			continue
		}
		found = true
		if !s.obey(words[0], conn) {
			code = 6
		}
	}
	if !found {
		fmt.Fprintf(conn, "fail: %s: unable to change to service directory: file does not exist\n", words[1])
		code = 1
	}
	fmt.Fprintf(conn, "code %d\n", code)
}

func (s *service) obey(verb string, to net.Conn) bool {
	switch verb {
	case "hup":
		s.mutex.Lock()
		if s.proc != nil {
			_ = s.proc.Signal(syscall.SIGHUP)
		}
		s.mutex.Unlock()
		return true
	case "start":
		s.set(true)
		time.Sleep(60 * time.Millisecond) // so that it can be seen whether it stays
	case "refresh": // at the end of a reconfigure: started, and anew where its configuration is another
		s.mutex.Lock()
		same := s.proc != nil && s.config == configSum()
		s.mutex.Unlock()
		if !same {
			s.set(false)
			s.set(true)
		}
		return true
	case "stop", "kill":
		s.set(false)
		fmt.Fprintf(to, "ok: down: %s: 0s, normally up\n", s.name)
		return true
	case "restart":
		s.set(false)
		s.set(true)
		time.Sleep(60 * time.Millisecond)
	}
	text, up := s.says()
	if verb != "status" {
		text = strings.Replace(text, "run:", "ok: run:", 1)
	}
	fmt.Fprintln(to, text)
	return up
}
