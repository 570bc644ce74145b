package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// The hooks that git runs when somebody pushes.

// pusher is who pushes, told by the environment that git hands to its hooks.
func (st *State) pusher() (*User, *Key, *Project) {
	project, _ := strconv.ParseInt(os.Getenv("GL_PROJECT"), 10, 64)
	kind, number, _ := strings.Cut(os.Getenv("GL_ID"), "-")
	id, _ := strconv.ParseInt(number, 10, 64)
	p := st.project(project)
	if kind == "key" {
		k := st.key(id)
		if k != nil && k.Person {
			return st.user(k.Owner), nil, p
		}
		return nil, k, p
	}
	return st.user(id), nil, p
}

type refUpdate struct{ before, after, branch string }

func updates() []refUpdate {
	var all []refUpdate
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) == 3 {
			all = append(all, refUpdate{f[0], f[1], strings.TrimPrefix(f[2], "refs/heads/")})
		}
	}
	return all
}

// preReceive is git's hook before anything of a push is taken.
func preReceive([]string) error {
	pushed := updates()
	err := locked(func(st *State) error {
		u, k, p := st.pusher()
		if p == nil {
			return errHidden
		}
		for _, one := range pushed {
			if err := st.mayPush(u, k, p, one.branch); err != nil {
				return err
			}
			if err := guarded(p, one); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "GitLab:", err)
		return exit(1)
	}
	return nil
}

func guarded(p *Project, one refUpdate) error {
	for _, g := range p.Protected {
		switch {
		case g.Name != one.branch || g.Force || strings.Trim(one.before, "0") == "":
		case strings.Trim(one.after, "0") == "":
			return errNoDelete
		default:
			// In the hook's own environment: what is pushed is in quarantine.
			ask := exec.Command(gitRoot+"/usr/bin/git", "merge-base", "--is-ancestor", one.before, one.after)
			if ask.Run() != nil {
				return errForced
			}
		}
	}
	return nil
}

// postReceive makes the first branch of a project its default.
func postReceive([]string) error {
	pushed := updates()
	return locked(func(st *State) error {
		_, _, p := st.pusher()
		if p == nil || p.Branch != "" {
			return nil
		}
		for _, one := range pushed {
			if strings.Trim(one.after, "0") != "" && !strings.HasPrefix(one.branch, "refs/") {
				st.firstBranch(p, one.branch)
				c, err := loadConfig()
				if err != nil {
					return err
				}
				_, err = inRepository(c, p, nil, "symbolic-ref", "HEAD", "refs/heads/"+one.branch)
				return err
			}
		}
		return nil
	})
}
