package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The one kind of script that is understood: an administrator's token, statement by statement. Ruby is not here,
// and a script with any other statement is refused as a whole.
var statements = []struct {
	name    string
	pattern *regexp.Regexp
}{
	{"user", regexp.MustCompile(`^user = User\.find_by_username\('([^']+)'\) or abort\('([^']*)'\)$`)},
	{"name", regexp.MustCompile(`^name = '([^']+)'$`)},
	{"scopes", regexp.MustCompile(`^scopes = %w\[([a-z_ ]+)\] & Gitlab::Auth\.all_available_scopes\.map\(&:to_s\)$`)},
	{"revoke", regexp.MustCompile(`^user\.personal_access_tokens\.active\.where\(name: name\)\.each\(&:revoke!\)$`)},
	{"make", regexp.MustCompile(`^token = user\.personal_access_tokens\.create!\(name: name, scopes: scopes, expires_at: ([0-9]+)\.days?\.from_now\)$`)},
	{"say", regexp.MustCompile(`^puts token\.token$`)},
}

// rails is `gitlab-rails`: `runner -` reads a script from its input.
func rails(args []string) error {
	if len(args) != 2 || args[0] != "runner" || args[1] != "-" {
		return fmt.Errorf("gitlab-rails of the lab's stand-in for GitLab knows `runner -` and nothing else")
	}
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if _, err := loadConfig(); err != nil {
		return err
	}
	v, _ := installed()
	return locked(func(st *State) error { return st.script(string(text), v) })
}

func (st *State) script(text string, v version) error {
	var u *User
	name, value, scopes := "", "", []string{}
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		kind, words := statement(line)
		if kind == "" || kind != "user" && u == nil || kind == "make" && (name == "" || len(scopes) == 0) || kind == "say" && value == "" {
			return fmt.Errorf("gitlab-rails runner of the lab's stand-in for GitLab does not understand: %s", line)
		}
		switch kind {
		case "user":
			if u = st.userNamed(words[1]); u == nil {
				fmt.Fprintln(os.Stderr, words[2])
				return exit(1)
			}
		case "name":
			name = words[1]
		case "scopes":
			for _, scope := range strings.Fields(words[1]) {
				if contains(scopesOf(v, true), scope) {
					scopes = append(scopes, scope)
				}
			}
		case "revoke":
			for _, t := range st.Tokens {
				if t.User == u.ID && t.Name == name && !t.over() {
					t.Revoked, st.dirty = true, true
				}
			}
		case "make":
			days, _ := strconv.Atoi(words[1])
			ends := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days)
			value = st.makeToken(&Token{User: u.ID, Name: name, Scopes: scopes, Expires: ends})
		case "say":
			fmt.Println(value)
		}
	}
	return nil
}

func statement(line string) (string, []string) {
	for _, s := range statements {
		if words := s.pattern.FindStringSubmatch(line); words != nil {
			return s.name, words
		}
	}
	return "", nil
}
