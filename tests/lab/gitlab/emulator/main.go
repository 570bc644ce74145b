// The lab's stand-in for GitLab, as one program under the names that GitLab's package has: it behaves like GitLab
// where an installer, git, Dex or a client of the REST API touches it, and nowhere else. Every answer over HTTP
// carries the header X-Lab-Emulator, and `gitlab-ctl` says it in its first line.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	args := os.Args[1:]
	name := filepath.Base(os.Args[0])
	if name == "gitlab-emulator" && len(args) > 0 {
		name, args = args[0], args[1:]
	}
	commands := map[string]func([]string) error{
		"gitlab-ctl": ctl, "gitlab-rails": rails, "runsvdir-start": supervise, "nginx": front, "puma": puma,
		"gitlab-shell": shell, "pre-receive": preReceive, "post-receive": postReceive, "lab-expire": labExpire,
	}
	run, known := commands[name]
	if !known {
		fmt.Fprintf(os.Stderr, "gitlab-emulator: it is not called %s (a part of GitLab that the lab has not)\n", name)
		os.Exit(2)
	}
	if err := run(args); err != nil {
		if code, plain := err.(exit); plain {
			os.Exit(int(code))
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// exit ends the program with a code when everything has been said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }
