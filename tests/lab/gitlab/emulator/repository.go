package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Repositories are real ones, changed by the real git of the package, in GitLab's hashed layout.

func repository(c *Config, project int64) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(project)))
	name := hex.EncodeToString(sum[:])
	return filepath.Join(c.Repositories, "@hashed", name[:2], name[2:4], name+".git")
}

// gitCommand is the package's git; nothing of the host's configuration counts.
func gitCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(gitRoot+"/usr/bin/git", args...)
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + data, "LANG=C.UTF-8", "GIT_EXEC_PATH=" + gitRoot + "/usr/lib/git-core",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_COUNT=3", "GIT_CONFIG_KEY_0=core.hooksPath", "GIT_CONFIG_VALUE_0=" + hooksDir,
		"GIT_CONFIG_KEY_1=safe.directory", "GIT_CONFIG_VALUE_1=*",
		"GIT_CONFIG_KEY_2=http.receivepack", "GIT_CONFIG_VALUE_2=true", "GIT_TEMPLATE_DIR="}
	return cmd
}

func inRepository(c *Config, p *Project, input []byte, args ...string) ([]byte, error) {
	return inRepositoryWith(c, p, input, nil, args...)
}

func inRepositoryWith(c *Config, p *Project, input []byte, environment []string, args ...string) ([]byte, error) {
	cmd := gitCommand(args...)
	cmd.Dir = repository(c, p.ID)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = append(cmd.Env, environment...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("git %s: %s", args[0], strings.TrimSpace(said.String()))
	}
	return out, nil
}

func makeRepository(c *Config, p *Project, branch string) error {
	dir := repository(c, p.ID)
	if err := os.MkdirAll(filepath.Dir(dir), 0o2770); err != nil {
		return err
	}
	if out, err := gitCommand("init", "--quiet", "--bare", "--initial-branch", branch, dir).CombinedOutput(); err != nil {
		return fmt.Errorf("git init: %s", out)
	}
	return nil
}

func revision(c *Config, p *Project, name string) (string, error) {
	out, err := inRepository(c, p, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	return strings.TrimSpace(string(out)), err
}

type fileEdit struct {
	path    string
	content []byte
	gone    bool
}

type edit struct {
	branch, message string
	files           []fileEdit
}

// commit makes a commit of the caller's on a branch.
func (c *call) commit(p *Project, e *edit) error {
	index := filepath.Join(repository(c.c, p.ID), "lab-index")
	defer os.Remove(index)
	environment := []string{"GIT_INDEX_FILE=" + index}
	for _, role := range []string{"AUTHOR", "COMMITTER"} {
		environment = append(environment, "GIT_"+role+"_NAME="+c.who.Name, "GIT_"+role+"_EMAIL="+c.who.Email)
	}
	before, err := revision(c.c, p, "refs/heads/"+e.branch)
	with := func(input []byte, args ...string) (string, error) {
		out, err := inRepositoryWith(c.c, p, input, environment, args...)
		return strings.TrimSpace(string(out)), err
	}
	parent := []string{}
	if err == nil {
		if _, err := with(nil, "read-tree", before); err != nil {
			return err
		}
		parent = []string{"-p", before}
	}
	for _, f := range e.files {
		if f.gone {
			if _, err := with(nil, "update-index", "--force-remove", "--", f.path); err != nil {
				return err
			}
			continue
		}
		blob, err := with(f.content, "hash-object", "-w", "--stdin")
		if err != nil {
			return err
		}
		if _, err := with(nil, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+f.path); err != nil {
			return message(400, err.Error())
		}
	}
	tree, err := with(nil, "write-tree")
	if err != nil {
		return err
	}
	made, err := with([]byte(e.message), append([]string{"commit-tree", tree}, parent...)...)
	if err != nil {
		return err
	}
	_, err = with(nil, "update-ref", "refs/heads/"+e.branch, made)
	return err
}
