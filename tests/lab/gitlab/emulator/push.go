package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

var (
	gitWeb   = regexp.MustCompile(`^/(.+?)\.git/(info/refs|git-upload-pack|git-receive-pack)$`)
	shellAsk = regexp.MustCompile(`^git[ -](upload-pack|receive-pack|upload-archive) '?/?([^']+?)(?:\.git)?/?'?$`)
)

var (
	errHidden   = errors.New("The project you were looking for could not be found or you don't have permission to view it.")
	errNoWrite  = errors.New("This deploy key does not have write access to this project.")
	errNoPush   = errors.New("You are not allowed to push code to this project.")
	errGuarded  = errors.New("You are not allowed to push code to protected branches on this project.")
	errForced   = errors.New("You are not allowed to force push code to a protected branch on this project.")
	errNoDelete = errors.New("You can only delete protected branches using the web interface.")
)

func gitPath(path string) (project, service string, found bool) {
	parts := gitWeb.FindStringSubmatch(path)
	if parts == nil {
		return "", "", false
	}
	return parts[1], parts[2], true
}

// mayPush says whether a person, or a deploy key in its owner's name, may push to a branch. GitLab asks for a key
// that it may write, and of a protected branch that the key's owner could push to it.
func (st *State) mayPush(u *User, k *Key, p *Project, branch string) error {
	if k != nil {
		if !k.Projects[p.ID] {
			return errNoWrite
		}
		u = st.user(k.Owner)
	} else if st.projectLevel(u, p) < developer {
		return errNoPush
	}
	for _, g := range p.Protected {
		if g.Name != branch {
			continue
		}
		for _, key := range g.Keys {
			if k != nil && key == k.ID {
				return nil
			}
		}
		if u == nil || u.Blocked != "" || g.Push == 0 || !u.Admin && st.projectLevel(u, p) < g.Push {
			return errGuarded
		}
	}
	return nil
}

// git answers git over HTTPS.
func (s *server) git(w http.ResponseWriter, r *http.Request, path, service string) {
	writes := service == "git-receive-pack" || r.URL.Query().Get("service") == "git-receive-pack"
	var p *Project
	who, code, said := (*User)(nil), 0, ""
	err := locked(func(st *State) error {
		p = st.projectNamed(path)
		name, password, given := r.BasicAuth()
		if given {
			if who = st.gitUser(name, password, writes); who == nil {
				code, said = 401, "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was incorrect or you're required to use a token instead of a password."
				return nil
			}
		}
		switch {
		case who == nil && (p == nil || p.Visibility != "public" || writes):
			code, said = 401, "HTTP Basic: Access denied."
		case p == nil || !seen(who, p.Visibility, st.projectLevel(who, p)):
			code, said = 404, errHidden.Error()
		case writes && st.projectLevel(who, p) < developer:
			code, said = 403, errNoPush.Error()
		}
		return nil
	})
	if err != nil {
		code, said = 500, "500"
	}
	if code != 0 {
		if code == 401 {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitLab"`)
		}
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		fmt.Fprintln(w, said)
		return
	}
	backend := gitCommand("http-backend")
	id := ""
	if who != nil {
		id = fmt.Sprintf("user-%d", who.ID)
	}
	dir := repository(s.c, p.ID)
	r.URL.Path = "/" + service
	if r.ContentLength < 0 { // a large push comes in chunks, which CGI does not have
		text, err := io.ReadAll(io.LimitReader(r.Body, 1<<30))
		if err != nil {
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(text)), int64(len(text)), nil
	}
	(&cgi.Handler{Path: gitRoot + "/usr/lib/git-core/git-http-backend", Root: "/", Dir: dir,
		Env: append(backend.Env, "GIT_PROJECT_ROOT="+dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER="+id, "GL_ID="+id, fmt.Sprintf("GL_PROJECT=%d", p.ID),
			"GIT_PROTOCOL="+r.Header.Get("Git-Protocol"))}).ServeHTTP(w, r)
}

// gitUser is whose password or token it is: an application's token, one of the person's own, or their password.
func (st *State) gitUser(name, password string, writes bool) *User {
	if t := st.tokenOf(password); t != nil {
		need := "read_repository"
		if writes {
			need = "write_repository"
		}
		fits := contains(t.Scopes, "api") || contains(t.Scopes, need) || !writes && contains(t.Scopes, "write_repository")
		u := st.user(t.User)
		if t.Revoked || t.over() || !fits || u == nil || u.Blocked != "" || t.App != 0 && name != "oauth2" {
			return nil
		}
		return u
	}
	if u := st.userNamed(name); u != nil && u.Blocked == "" && passwordFits(u.Password, password) {
		return u
	}
	return nil
}

// shell is what a key of sshd's runs: one of git's programs on a repository that the key is for.
func shell(args []string) error {
	if len(args) != 1 {
		return exit(1)
	}
	refuse := func(err error) error {
		fmt.Fprintf(os.Stderr, "remote: \nremote: ========================================================================\nremote: \nremote: ERROR: %s\nremote: \nremote: ========================================================================\nremote: \n", err)
		return exit(1)
	}
	id, _ := strconv.ParseInt(strings.TrimPrefix(args[0], "key-"), 10, 64)
	asked := os.Getenv("SSH_ORIGINAL_COMMAND")
	words := shellAsk.FindStringSubmatch(asked)
	c, err := loadConfig()
	if err != nil {
		return err
	}
	var p *Project
	err = locked(func(st *State) error {
		k := st.key(id)
		if k == nil {
			return errHidden
		}
		if words == nil {
			name := "Anonymous"
			if u := st.user(k.Owner); k.Person && u != nil {
				name = "@" + u.Username
			}
			if asked == "" {
				fmt.Printf("Welcome to GitLab, %s!\n", name)
				return exit(0)
			}
			return fmt.Errorf("Disallowed command")
		}
		p = st.projectNamed(words[2])
		return st.mayShell(k, p, words[1] == "receive-pack")
	})
	if code, is := err.(exit); is {
		return code
	}
	if err != nil {
		return refuse(err)
	}
	cmd := gitCommand(words[1], repository(c, p.ID))
	cmd.Env = append(cmd.Env, fmt.Sprintf("GL_ID=key-%d", id), fmt.Sprintf("GL_PROJECT=%d", p.ID), "GIT_PROTOCOL="+os.Getenv("GIT_PROTOCOL"))
	return syscall.Exec(cmd.Path, cmd.Args, cmd.Env)
}

func (st *State) mayShell(k *Key, p *Project, writes bool) error {
	if p == nil {
		return errHidden
	}
	if k.Person {
		u := st.user(k.Owner)
		if !seen(u, p.Visibility, st.projectLevel(u, p)) {
			return errHidden
		}
		if writes && st.projectLevel(u, p) < developer {
			return errNoPush
		}
		return nil
	}
	push, has := k.Projects[p.ID]
	if !has && p.Visibility != "public" {
		return errHidden
	}
	if writes && !push {
		return errNoWrite
	}
	return nil
}
