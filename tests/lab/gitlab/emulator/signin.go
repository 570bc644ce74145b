package main

import (
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const cookie = "_gitlab_session"

var forms = template.Must(template.New("").Parse(`{{define "head"}}<!DOCTYPE html><html><head><meta charset="utf-8"><title>{{.Title}} · GitLab (stand-in of the lab)</title>
<meta name="csrf-token" content="{{.Form}}"></head><body><h1>{{.Title}}</h1>{{with .Said}}<p class="flash-alert">{{.}}</p>{{end}}{{end}}
{{define "signin"}}{{template "head" .}}<form class="new_user" id="new_user" action="/users/sign_in" method="post">
<input type="hidden" name="authenticity_token" value="{{.Form}}">
<label>Username or primary email <input name="user[login]" autocomplete="username"></label>
<label>Password <input type="password" name="user[password]" autocomplete="current-password"></label>
<button type="submit">Sign in</button></form></body></html>
{{end}}{{define "consent"}}{{template "head" .}}<p>{{.App}} is requesting access to your account, {{.User}}: {{.Scopes}}</p>
<form action="/oauth/authorize" method="post"><input type="hidden" name="authenticity_token" value="{{.Form}}">
{{range $name, $value := .Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<button type="submit">Authorize</button></form></body></html>
{{end}}{{define "plain"}}{{template "head" .}}</body></html>
{{end}}`))

type view struct {
	Title, Form, Said, App, User, Scopes string
	Fields                               map[string]string
}

func (c *call) render(code int, name string, v view) {
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	c.w.WriteHeader(code)
	_ = forms.ExecuteTemplate(c.w, name, v)
}

// session is the caller's; a browser that has none gets one.
func (c *call) session() *Session {
	if kept, err := c.r.Cookie(cookie); err == nil {
		for _, s := range c.st.Sessions {
			if s.Digest == digest(kept.Value) && time.Now().Before(s.Until) {
				return s
			}
		}
	}
	return c.newSession(0)
}

func (c *call) newSession(user int64) *Session {
	value := secret(16)
	s := &Session{Digest: digest(value), Form: secret(16), User: user, Until: time.Now().Add(24 * time.Hour)}
	c.st.Sessions = append(without(c.st.Sessions, func(s *Session) bool { return time.Now().After(s.Until) }), s)
	c.st.dirty = true
	http.SetCookie(c.w, &http.Cookie{Name: cookie, Value: value, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	return s
}

// fromForm refuses what another site's page sent.
func (c *call) fromForm(s *Session) bool {
	if c.text("authenticity_token") == s.Form {
		return true
	}
	c.render(422, "plain", view{Title: "The change you requested was rejected (422)"})
	return false
}

func (s *server) signIn() {
	s.page("GET /{$}", func(c *call) {
		s := c.session()
		if u := c.st.user(s.User); u != nil {
			c.render(200, "plain", view{Title: "Projects of @" + u.Username, Form: s.Form})
			return
		}
		http.Redirect(c.w, c.r, c.c.URL+"/users/sign_in", http.StatusFound)
	})
	s.page("GET /users/sign_in", func(c *call) {
		c.render(200, "signin", view{Title: "Sign in", Form: c.session().Form})
	})
	s.page("POST /users/sign_in", func(c *call) {
		before := c.session()
		if !c.fromForm(before) {
			return
		}
		login, u := c.text("user[login]"), (*User)(nil)
		for _, one := range c.st.Users {
			if strings.EqualFold(one.Username, login) || strings.EqualFold(one.Email, login) {
				u = one
			}
		}
		if u == nil || u.Blocked != "" || !passwordFits(u.Password, c.text("user[password]")) {
			c.render(422, "signin", view{Title: "Sign in", Form: before.Form, Said: "Invalid login or password."})
			return
		}
		c.newSession(u.ID) // another one: who knew the old one's value learns nothing
		to := c.c.URL + "/"
		if kept, err := c.r.Cookie("lab_return_to"); err == nil {
			if path, err := url.QueryUnescape(kept.Value); err == nil && strings.HasPrefix(path, "/oauth/authorize?") {
				to = c.c.URL + path
			}
		}
		http.SetCookie(c.w, &http.Cookie{Name: "lab_return_to", Path: "/", MaxAge: -1, Secure: true, HttpOnly: true})
		http.Redirect(c.w, c.r, to, http.StatusFound)
	})
	for _, verb := range []string{"GET", "POST"} {
		s.page(verb+" /users/sign_out", func(c *call) {
			mine := c.session()
			c.st.Sessions, c.st.dirty = without(c.st.Sessions, func(s *Session) bool { return s == mine }), true
			http.Redirect(c.w, c.r, c.c.URL+"/users/sign_in", http.StatusFound)
		})
	}
	s.page("GET /oauth/authorize", func(c *call) { c.authorize(false) })
	s.page("POST /oauth/authorize", func(c *call) { c.authorize(true) })
}

// authorize asks the person who is signed in and sends them back with a code.
func (c *call) authorize(agreed bool) {
	s := c.session()
	i := slices.IndexFunc(c.st.Apps, func(a *App) bool { return a.UID == c.text("client_id") })
	if i < 0 {
		c.render(401, "plain", view{Title: "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method."})
		return
	}
	a, to := c.st.Apps[i], c.text("redirect_uri")
	if !slices.Contains(strings.Fields(a.Redirect), to) {
		c.render(422, "plain", view{Title: "The redirect URI included is not valid."})
		return
	}
	back := func(values map[string]string) {
		at, _ := url.Parse(to)
		query := at.Query()
		for key, value := range values {
			query.Set(key, value)
		}
		if state := c.text("state"); state != "" {
			query.Set("state", state)
		}
		at.RawQuery = query.Encode()
		http.Redirect(c.w, c.r, at.String(), http.StatusFound)
	}
	scopes := strings.Fields(c.text("scope"))
	for _, scope := range scopes {
		if !contains(a.Scopes, scope) {
			back(map[string]string{"error": "invalid_scope", "error_description": "The requested scope is invalid, unknown, or malformed."})
			return
		}
	}
	if c.text("response_type") != "code" {
		back(map[string]string{"error": "unsupported_response_type", "error_description": "The authorization server does not support this response type."})
		return
	}
	u := c.st.user(s.User)
	if u == nil || u.Blocked != "" {
		http.SetCookie(c.w, &http.Cookie{Name: "lab_return_to", Value: url.QueryEscape(c.r.URL.RequestURI()), Path: "/", Secure: true, HttpOnly: true})
		http.Redirect(c.w, c.r, c.c.URL+"/users/sign_in", http.StatusFound)
		return
	}
	known := a.Trusted || slices.ContainsFunc(c.st.Tokens, func(t *Token) bool {
		return t.App == a.ID && t.User == u.ID && !t.Revoked && len(without(scopes, func(x string) bool { return contains(t.Scopes, x) })) == 0
	})
	if !agreed && !known {
		c.ask(s, a, u)
		return
	}
	if agreed && !c.fromForm(s) {
		return
	}
	value := secret(32)
	c.st.Grants = append(c.st.Grants, &Grant{Digest: digest(value), Redirect: to, Nonce: c.text("nonce"), Challenge: c.text("code_challenge"),
		Method: c.text("code_challenge_method"), App: a.ID, User: u.ID, Scopes: scopes, Expires: time.Now().Add(10 * time.Minute)})
	c.st.dirty = true
	back(map[string]string{"code": value})
}

func (c *call) ask(s *Session, a *App, u *User) {
	fields := map[string]string{}
	for _, name := range []string{"client_id", "redirect_uri", "state", "response_type", "scope", "nonce", "code_challenge", "code_challenge_method"} {
		fields[name] = c.text(name)
	}
	c.render(200, "consent", view{Title: "Authorize " + a.Name, Form: s.Form, App: a.Name, User: "@" + u.Username, Scopes: c.text("scope"), Fields: fields})
}
