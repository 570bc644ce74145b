package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// ctl is `gitlab-ctl`.
func ctl(args []string) error {
	if len(args) == 0 {
		fmt.Println("gitlab-ctl of the lab's stand-in for GitLab: reconfigure, status, start, stop, restart, hup, show-config, remove-accounts")
		return exit(1)
	}
	switch args[0] {
	case "reconfigure":
		return reconfigure()
	case "upgrade":
		if err := reconfigure(); err != nil {
			return err
		}
		return ask("restart", nil)
	case "status", "start", "stop", "restart", "hup", "kill":
		return ask(args[0], args[1:])
	case "show-config":
		text, err := os.ReadFile(configFile)
		fmt.Println(string(text))
		return err
	case "remove-accounts":
		if _, err := user.Lookup("git"); err != nil {
			return nil
		}
		if out, err := exec.Command("userdel", "git").CombinedOutput(); err != nil {
			return fmt.Errorf("%s", out)
		}
		return nil
	}
	return fmt.Errorf("I don't know that command: %s (the lab's stand-in for GitLab)", args[0])
}

// ask hands a command to the supervisor and says what it answers: the last line is the exit code.
func ask(verb string, names []string) error {
	at, err := net.DialTimeout("unix", control, 5*time.Second)
	if err != nil {
		fmt.Fprintln(os.Stderr, "fail: runsvdir is not running: unable to open supervise/ok")
		return exit(3)
	}
	defer at.Close()
	_ = at.SetDeadline(time.Now().Add(60 * time.Second))
	fmt.Fprintln(at, verb, strings.Join(names, " "))
	last := ""
	for lines := bufio.NewScanner(at); lines.Scan(); {
		if last != "" {
			fmt.Println(last)
		}
		last = lines.Text()
	}
	code := 1
	_, _ = fmt.Sscanf(last, "code %d", &code)
	if code != 0 {
		return exit(code)
	}
	return nil
}

// chef writes the log of a reconfigure in the form of GitLab's own.
type chef struct{ to *os.File }

func (c chef) line(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	fmt.Println(text)
	fmt.Fprintf(c.to, "[%s] INFO: %s\n", time.Now().UTC().Format(time.RFC3339), text)
}

type stage struct {
	what string
	do   func() error
}

func reconfigure() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("gitlab-ctl reconfigure must be run as root")
	}
	dir := logs + "/reconfigure"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	to, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.log", time.Now().Unix())))
	if err != nil {
		return err
	}
	defer to.Close()
	log := chef{to}
	v, name := installed()
	log.line("The lab's stand-in for GitLab %s: this is not Cinc Client", name)
	config := &Config{}
	for _, s := range stages(config, v) {
		log.line("Processing %s", s.what)
		if err := s.do(); err != nil {
			fmt.Fprintf(to, "[%s] FATAL: %s\n", time.Now().UTC().Format(time.RFC3339), err)
			fmt.Fprintf(os.Stderr, "There was an error running gitlab-ctl reconfigure:\n\n%s\n", err)
			return exit(1)
		}
	}
	log.line("gitlab Reconfigured!")
	return nil
}

func stages(config *Config, v version) []stage {
	return []stage{
		{"ruby_block[read /etc/gitlab/gitlab.rb] action run (gitlab::config line 1)", func() error {
			text, err := os.ReadFile(rubyFile)
			if err != nil {
				return err
			}
			read, err := readRuby(string(text), v)
			if err == nil {
				*config = *read
			}
			return err
		}},
		{"account[GitLab user and group] action create (gitlab::users line 30)", account},
		{"directory[/var/opt/gitlab/git-data] action create (gitaly::git_data_dirs line 22)", func() error { return folders(config) }},
		{"ruby_block[database] action run (gitlab::database_migrations line 54)", func() error { return firstState(config) }},
		{"template[gitlab-shell] action create (gitlab::gitlab-shell line 40)", func() error { return locked((*State).writeKeys) }},
		{"template[/var/opt/gitlab/nginx/conf/gitlab-http.conf] action create (nginx::enable line 60)", func() error { return keepConfig(config) }},
		{"systemd_unit[gitlab-runsvdir.service] action create (package::runit_systemd line 15)", startUnit},
		{"runit_service[nginx] action enable (nginx::enable line 90)", func() error { return ask("refresh", nil) }},
	}
}
