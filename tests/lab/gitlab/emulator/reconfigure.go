package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// account makes the user that git over SSH signs in as.
func account() error {
	if _, err := user.Lookup("git"); err == nil {
		return nil
	}
	// A password that nobody has, not a locked account: sshd refuses those.
	out, err := exec.Command("useradd", "--system", "--user-group", "--shell", "/bin/sh", "--home-dir", data,
		"--password", "*", "--comment", "GitLab", "git").CombinedOutput()
	if err != nil {
		return fmt.Errorf("useradd git: %s", out)
	}
	return nil
}

func gitIDs() (uint32, uint32, error) {
	found, err := user.Lookup("git")
	if err != nil {
		return 0, 0, err
	}
	uid, _ := strconv.ParseUint(found.Uid, 10, 32)
	gid, _ := strconv.ParseUint(found.Gid, 10, 32)
	return uint32(uid), uint32(gid), nil
}

func folders(c *Config) error {
	uid, gid, err := gitIDs()
	if err != nil {
		return err
	}
	own := func(path string, mode os.FileMode) error {
		if err := os.MkdirAll(path, mode); err != nil {
			return err
		}
		if err := os.Chmod(path, mode); err != nil {
			return err
		}
		return os.Chown(path, int(uid), int(gid))
	}
	for _, path := range []string{data + "/gitlab-rails", logs} { // others than `git` go through them
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	for path, mode := range map[string]os.FileMode{
		ownDir: 0o700, filepath.Dir(keysFile): 0o700, filepath.Dir(pumaSocket): 0o750,
		filepath.Dir(c.Repositories): 0o700, c.Repositories: 0o2770, logs + "/puma": 0o700, logs + "/nginx": 0o755,
	} {
		if err := own(path, mode); err != nil {
			return err
		}
	}
	return nil
}

// firstState makes the instance with its administrator, once; the password is where GitLab leaves it.
func firstState(c *Config) error {
	if _, err := os.Stat(stateFile); err == nil {
		return nil
	}
	secret := make([]byte, 24)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	password := base64.RawURLEncoding.EncodeToString(secret)
	st := newState()
	st.addUser(&User{Username: "root", Name: "Administrator", Email: "admin@example.com", Admin: true, Password: hashPassword(password)})
	if err := st.save(); err != nil {
		return err
	}
	uid, gid, err := gitIDs()
	if err != nil {
		return err
	}
	if err := os.Chown(stateFile, int(uid), int(gid)); err != nil {
		return err
	}
	text := "# Made by the first reconfigure; it works until the password is changed.\n\nPassword: " + password + "\n"
	return os.WriteFile(etc+"/initial_root_password", []byte(text), 0o600)
}

func keepConfig(c *Config) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(configFile+".new", text, 0o644); err != nil {
		return err
	}
	uid, gid, err := gitIDs()
	if err != nil {
		return err
	}
	if err := os.Chown(configFile+".new", int(uid), int(gid)); err != nil {
		return err
	}
	return os.Rename(configFile+".new", configFile)
}

const unitText = `[Unit]
Description=GitLab Runit supervision process (the lab's stand-in)
After=multi-user.target

[Service]
ExecStart=/opt/gitlab/embedded/bin/runsvdir-start
Restart=always
TasksMax=4915

[Install]
WantedBy=multi-user.target
`

func startUnit() error {
	before, _ := os.ReadFile(unitFile)
	if string(before) != unitText {
		if err := os.MkdirAll(filepath.Dir(unitFile), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(unitFile, []byte(unitText), 0o644); err != nil {
			return err
		}
	}
	for _, args := range [][]string{{"daemon-reload"}, {"-q", "enable", "gitlab-runsvdir"}, {"start", "gitlab-runsvdir"}} {
		if out, err := exec.Command("systemctl", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("systemctl %v: %s", args, out)
		}
	}
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(control); err == nil {
			return nil
		}
	}
	return fmt.Errorf("ruby_block[wait for runit] had an error: runsvdir does not run")
}
