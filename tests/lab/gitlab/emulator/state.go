package main

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// State is the whole instance; of tokens and secrets it has digests only, as GitLab.
type State struct {
	Last     map[string]int64
	Users    []*User
	Tokens   []*Token
	Apps     []*App
	Grants   []*Grant
	Groups   []*Group
	Projects []*Project
	Keys     []*Key
	Members  []*Member
	Hooks    []*Hook
	Sessions []*Session
	Settings map[string]any
	Signing  []byte // PKCS 8 of the key of ID tokens
	dirty    bool
}

type User struct {
	ID, Namespace                            int64
	Username, Name, Email, Password, Blocked string
	Admin, External, Bot                     bool
	Created                                  time.Time
}

// Token is a personal access token, or one that an application got for a person (App is set).
type Token struct {
	ID, User, App int64
	Name, Digest  string
	Refresh       string
	Scopes        []string
	Expires       time.Time // zero: never
	Revoked       bool
	Created       time.Time
	Used          *time.Time
}

type App struct {
	ID                          int64
	UID, Digest, Name, Redirect string
	Scopes                      []string
	Confidential, Trusted       bool
}

// Grant is the code of a sign-in, good once.
type Grant struct {
	Digest, Redirect, Nonce, Challenge, Method string
	App, User                                  int64
	Scopes                                     []string
	Expires                                    time.Time
}

type Group struct {
	ID, Parent             int64
	Name, Path, Visibility string
	Rest                   map[string]any
	Created                time.Time
}

type Project struct {
	ID, Namespace, Creator int64
	Name, Path, Visibility string
	Branch                 string // the default one; empty while there is no commit
	Protected              []Protection
	Rest                   map[string]any
	Created                time.Time
}

type Protection struct {
	ID          int64
	Name        string
	Push, Merge int
	Keys        []int64
	Force       bool
}

// Key is a public key for git over SSH: of a person (Person), or a deploy key of projects.
type Key struct {
	ID, Owner int64
	Person    bool
	Title     string
	Key       string
	Projects  map[int64]bool // whether it may push
	Created   time.Time
}

type Member struct {
	Source   string // group or project
	ID, User int64
	Level    int
	Created  time.Time
	Expires  string
}

type Hook struct {
	ID, Project int64
	Rest        map[string]any
	Created     time.Time
}

type Session struct {
	Digest, Form string
	User         int64
	Until        time.Time
}

func newState() *State {
	return &State{Last: map[string]int64{}, Settings: defaultSettings(), Signing: newSigningKey()}
}

func (st *State) next(kind string) int64 {
	st.Last[kind]++
	st.dirty = true
	return st.Last[kind]
}

// save writes the state in one step, as the user that GitLab runs as.
func (st *State) save() error {
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	return writeAsGit(stateFile, text)
}

func writeAsGit(path string, text []byte) error {
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	if os.Geteuid() == 0 {
		uid, gid, err := gitIDs()
		if err != nil {
			return err
		}
		if err := os.Chown(path+".new", int(uid), int(gid)); err != nil {
			return err
		}
	}
	return os.Rename(path+".new", path)
}

// locked reads the state, does something with it while nobody else does, and keeps what it changed.
func locked(do func(*State) error) error {
	lock, err := os.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close()
	if os.Geteuid() == 0 {
		if uid, gid, err := gitIDs(); err == nil {
			_ = lock.Chown(int(uid), int(gid))
		}
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	text, err := os.ReadFile(stateFile)
	if err != nil {
		return fmt.Errorf("the database is not there: %w", err)
	}
	st := &State{}
	if err := json.Unmarshal(text, st); err != nil {
		return err
	}
	if err := do(st); err != nil {
		return err
	}
	if !st.dirty {
		return nil
	}
	return st.save()
}

func secret(bytes int) string {
	text := make([]byte, bytes)
	_, _ = rand.Read(text)
	return hex.EncodeToString(text)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func hashPassword(password string) string {
	salt := secret(8)
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), 20000, 32)
	if err != nil {
		return "!"
	}
	return salt + "$" + base64.StdEncoding.EncodeToString(key)
}

func passwordFits(hash, password string) bool {
	salt, want, found := strings.Cut(hash, "$")
	if !found {
		return false
	}
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), 20000, 32)
	return err == nil && subtle.ConstantTimeCompare([]byte(base64.StdEncoding.EncodeToString(key)), []byte(want)) == 1
}
