package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// call is one request, with the state that it may change.
type call struct {
	w    http.ResponseWriter
	r    *http.Request
	st   *State
	c    *Config
	v    version
	in   map[string]any // parameters of query and body
	who  *User
	with *Token // what they showed; nil for a session
}

// refusal ends a call with an answer.
type refusal struct {
	code int
	body any
}

func (r *refusal) Error() string { return fmt.Sprint(r.code, r.body) }

func message(code int, text any) error { return &refusal{code, map[string]any{"message": text}} }

func missing(what string) error { return message(404, "404 "+what+" Not Found") }

func lacks(names ...string) error {
	for i, name := range names {
		names[i] = name + " is missing"
	}
	return &refusal{400, map[string]any{"error": strings.Join(names, ", ")}}
}

type answer func(*call) (int, any, error)

// rights say who may call.
type rights int

const (
	anybody rights = iota
	person
	administrator
)

type server struct {
	c   *Config
	mux *http.ServeMux
}

// puma serves GitLab itself on the socket that nginx knows.
func puma([]string) error {
	c, err := loadConfig()
	if err != nil {
		return err
	}
	_ = os.Remove(pumaSocket)
	at, err := net.Listen("unix", pumaSocket)
	if err != nil {
		return err
	}
	s := &server{c, http.NewServeMux()}
	s.routes()
	web := &http.Server{ReadHeaderTimeout: 60 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(header, headerSays)
		w.Header().Set("X-Request-Id", secret(8))
		s.serve(w, r)
	})}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		soon, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_ = web.Shutdown(soon)
	}()
	if err := web.Serve(at); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func (s *server) routes() {
	s.mux.HandleFunc("/-/{check}", s.health)
	s.users()
	s.tokens()
	s.groups()
	s.projects()
	s.members()
	s.keys()
	s.contents()
	s.instance()
	s.oauth()
	s.signIn()
	s.mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		write(w, 404, map[string]any{"error": "404 Not Found"})
	})
}

// serve sends git's requests to git: their paths begin with a project's.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	if path, service, found := gitPath(r.URL.Path); found {
		s.git(w, r, path, service)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// health answers to the host itself only, as GitLab does by default.
func (s *server) health(w http.ResponseWriter, r *http.Request) {
	client, _, _ := net.SplitHostPort(r.Header.Get("X-Lab-Client"))
	if ip := net.ParseIP(client); ip == nil || !ip.IsLoopback() {
		http.Error(w, "404", 404)
		return
	}
	switch r.PathValue("check") {
	case "health":
		_, _ = io.WriteString(w, "GitLab OK")
	case "liveness":
		write(w, 200, map[string]any{"status": "ok"})
	case "readiness":
		body := map[string]any{"status": "ok", "master_check": []any{map[string]any{"status": "ok"}}}
		if r.URL.Query().Get("all") != "" {
			body["db_check"] = body["master_check"]
		}
		write(w, 200, body)
	default:
		http.Error(w, "404", 404)
	}
}

// api makes a route below /api/v4: METHOD /path.
func (s *server) api(route string, need rights, do answer) {
	verb, path, _ := strings.Cut(route, " ")
	s.mux.HandleFunc(verb+" /api/v4"+path, func(w http.ResponseWriter, r *http.Request) {
		err := locked(func(st *State) error {
			v, _ := installed()
			c := &call{w: w, r: r, st: st, c: s.c, v: v}
			code, body, err := c.run(need, do)
			if refused, is := err.(*refusal); is {
				write(w, refused.code, refused.body)
				return nil
			}
			if err == nil {
				if err = c.keep(); err == nil {
					write(w, code, body)
				}
			}
			return err
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			write(w, 500, map[string]any{"message": "500 Internal Server Error"})
		}
	})
}

// keep writes before the answer goes out: what was told is there after a power cut.
func (c *call) keep() error {
	if !c.st.dirty {
		return nil
	}
	c.st.dirty = false
	return c.st.save()
}

func (c *call) run(need rights, do answer) (int, any, error) {
	if err := c.read(); err != nil {
		return 0, nil, err
	}
	if err := c.authenticate(need); err != nil {
		return 0, nil, err
	}
	return do(c)
}

// read takes the parameters, whichever way they come.
func (c *call) read() error {
	c.in = map[string]any{}
	for key, values := range c.r.URL.Query() {
		c.form(key, values)
	}
	kind := c.r.Header.Get("Content-Type")
	if strings.HasPrefix(kind, "application/json") {
		text, err := io.ReadAll(io.LimitReader(c.r.Body, 32<<20))
		if err != nil {
			return err
		}
		if len(strings.TrimSpace(string(text))) > 0 {
			var body map[string]any
			if json.Unmarshal(text, &body) != nil {
				return &refusal{400, map[string]any{"error": "message body does not match declared format"}}
			}
			for key, value := range body {
				c.in[key] = value
			}
		}
		return nil
	}
	if strings.HasPrefix(kind, "multipart/") {
		_ = c.r.ParseMultipartForm(32 << 20)
	} else {
		_ = c.r.ParseForm()
	}
	for key, values := range c.r.PostForm {
		c.form(key, values)
	}
	return nil
}

func (c *call) form(key string, values []string) {
	if name, list := strings.CutSuffix(key, "[]"); list {
		all := []any{}
		for _, value := range values {
			all = append(all, value)
		}
		c.in[name] = all
		return
	}
	c.in[key] = values[len(values)-1]
}

// text gives a parameter as text; numbers too.
func (c *call) text(key string) string {
	switch value := c.in[key].(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	}
	return ""
}

func (c *call) has(key string) bool { _, has := c.in[key]; return has }

func (c *call) flag(key string) bool {
	return contains([]string{"1", "true", "t", "on", "yes", "y"}, strings.ToLower(c.text(key)))
}

func (c *call) number(key string) int64 {
	number, _ := strconv.ParseInt(c.text(key), 10, 64)
	return number
}

// list gives a parameter as a list: an array, or text with commas or spaces.
func (c *call) list(key string) []string {
	var all []string
	switch value := c.in[key].(type) {
	case []any:
		for _, one := range value {
			all = append(all, fmt.Sprint(one))
		}
	case string:
		all = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
	}
	return all
}

// plain is an answer that is no JSON.
type plain []byte

func write(w http.ResponseWriter, code int, body any) {
	if text, is := body.(plain); is {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(code)
		_, _ = w.Write(text)
		return
	}
	if code == http.StatusNoContent || body == nil {
		w.WriteHeader(code)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(body)
}
