package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

func newSigningKey() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil
	}
	text, _ := x509.MarshalPKCS8PrivateKey(key)
	return text
}

func (st *State) signing() (*rsa.PrivateKey, string, error) {
	key, err := x509.ParsePKCS8PrivateKey(st.Signing)
	if err != nil {
		return nil, "", err
	}
	pair, is := key.(*rsa.PrivateKey)
	if !is {
		return nil, "", fmt.Errorf("the key of ID tokens is no RSA key")
	}
	return pair, digest(pair.N.String())[:43], nil
}

// page is a route beside the API.
func (s *server) page(route string, do func(*call)) {
	s.mux.HandleFunc(route, func(w http.ResponseWriter, r *http.Request) {
		err := locked(func(st *State) error {
			v, _ := installed()
			c := &call{w: w, r: r, st: st, c: s.c, v: v}
			if err := c.read(); err != nil {
				return err
			}
			do(c)
			return nil
		})
		if err != nil {
			http.Error(w, "500", 500)
		}
	})
}

func (s *server) oauth() {
	s.page("GET /.well-known/openid-configuration", func(c *call) {
		u := c.c.URL
		write(c.w, 200, map[string]any{"issuer": u, "authorization_endpoint": u + "/oauth/authorize", "token_endpoint": u + "/oauth/token",
			"revocation_endpoint": u + "/oauth/revoke", "introspection_endpoint": u + "/oauth/introspect", "userinfo_endpoint": u + "/oauth/userinfo",
			"jwks_uri": u + "/oauth/discovery/keys", "scopes_supported": appScopes, "response_types_supported": []string{"code"},
			"response_modes_supported": []string{"query"}, "grant_types_supported": []string{"authorization_code", "refresh_token"},
			"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"}, "subject_types_supported": []string{"public"},
			"id_token_signing_alg_values_supported": []string{"RS256"}, "claim_types_supported": []string{"normal"},
			"claims_supported":                 strings.Fields("iss sub aud exp iat sub_legacy auth_time name nickname preferred_username email email_verified website profile picture groups groups_direct"),
			"code_challenge_methods_supported": []string{"plain", "S256"}})
	})
	s.page("GET /oauth/discovery/keys", func(c *call) {
		pair, id, err := c.st.signing()
		if err != nil {
			write(c.w, 500, nil)
			return
		}
		text := base64.RawURLEncoding.EncodeToString
		write(c.w, 200, map[string]any{"keys": []any{map[string]any{"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256",
			"n": text(pair.N.Bytes()), "e": text(big.NewInt(int64(pair.E)).Bytes())}}})
	})
	s.page("POST /oauth/token", func(c *call) {
		code, body := c.exchange()
		c.w.Header().Set("Cache-Control", "no-store")
		write(c.w, code, body)
	})
	for _, verb := range []string{"GET", "POST"} {
		s.page(verb+" /oauth/userinfo", func(c *call) {
			if err := c.bearer(); err != nil {
				c.w.Header().Set("WWW-Authenticate", `Bearer realm="Doorkeeper", error="invalid_token"`)
				write(c.w, 401, map[string]any{"error": "invalid_token", "error_description": err.Error()})
				return
			}
			write(c.w, 200, c.claims(c.who, c.with.Scopes))
		})
	}
	s.page("POST /oauth/revoke", func(c *call) {
		if a := c.client(); a != nil {
			for _, t := range c.st.Tokens {
				if t.App == a.ID && (t.Digest == digest(c.text("token")) || t.Refresh == digest(c.text("token"))) {
					t.Revoked, c.st.dirty = true, true
				}
			}
			write(c.w, 200, map[string]any{})
			return
		}
		write(c.w, 403, map[string]any{"error": "unauthorized_client", "error_description": "You are not authorized to revoke this token"})
	})
	s.page("POST /oauth/introspect", func(c *call) {
		t := c.st.tokenOf(c.text("token"))
		a := c.client()
		if a == nil {
			write(c.w, 401, map[string]any{"error": "invalid_client"})
		} else if t == nil || t.App != a.ID || t.Revoked || t.over() {
			write(c.w, 200, map[string]any{"active": false})
		} else {
			write(c.w, 200, map[string]any{"active": true, "scope": strings.Join(t.Scopes, " "), "client_id": a.UID, "token_type": "Bearer", "exp": t.Expires.Unix()})
		}
	})
	s.page("GET /oauth/token/info", func(c *call) {
		if err := c.bearer(); err != nil {
			write(c.w, 401, map[string]any{"error": "invalid_token", "error_description": err.Error()})
			return
		}
		write(c.w, 200, map[string]any{"resource_owner_id": c.who.ID, "scope": c.with.Scopes, "expires_in": int(time.Until(c.with.Expires).Seconds())})
	})
}

func (c *call) bearer() error {
	value, _ := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if value == "" {
		value = c.text("access_token")
	}
	t := c.st.tokenOf(value)
	if t == nil || t.Revoked || t.over() {
		return fmt.Errorf("The access token is invalid")
	}
	c.who, c.with = c.st.user(t.User), t
	if c.who == nil || c.who.Blocked != "" {
		return fmt.Errorf("The access token is invalid")
	}
	return nil
}

// client is the application that asks for a token, if its secret is right.
func (c *call) client() *App {
	id, password, basic := c.r.BasicAuth()
	if basic {
		id, _ = url.QueryUnescape(id)
		password, _ = url.QueryUnescape(password)
	} else {
		id, password = c.text("client_id"), c.text("client_secret")
	}
	for _, a := range c.st.Apps {
		if a.UID == id && (!a.Confidential && password == "" || subtle.ConstantTimeCompare([]byte(a.Digest), []byte(digest(password))) == 1) {
			return a
		}
	}
	return nil
}

func refused(code int, what, said string) (int, any) {
	return code, map[string]any{"error": what, "error_description": said}
}

const wrongGrant = "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI used in the authorization request, or was issued to another client."

// exchange gives an access token for a code or for a refresh token.
func (c *call) exchange() (int, any) {
	a := c.client()
	if a == nil {
		return refused(401, "invalid_client", "Client authentication failed due to unknown client, no client authentication included, or unsupported authentication method.")
	}
	t := &Token{App: a.ID, Name: a.Name}
	nonce := ""
	switch c.text("grant_type") {
	case "authorization_code":
		i := slices.IndexFunc(c.st.Grants, func(g *Grant) bool { return g.Digest == digest(c.text("code")) })
		if i < 0 {
			return refused(400, "invalid_grant", wrongGrant)
		}
		g := c.st.Grants[i]
		c.st.Grants, c.st.dirty = slices.Delete(c.st.Grants, i, i+1), true // good once
		if g.App != a.ID || g.Redirect != c.text("redirect_uri") || time.Now().After(g.Expires) || !g.verified(c.text("code_verifier")) {
			return refused(400, "invalid_grant", wrongGrant)
		}
		t.User, t.Scopes, nonce = g.User, g.Scopes, g.Nonce
	case "refresh_token":
		i := slices.IndexFunc(c.st.Tokens, func(t *Token) bool {
			return t.App == a.ID && t.Refresh != "" && t.Refresh == digest(c.text("refresh_token"))
		})
		if i < 0 || c.st.Tokens[i].Revoked {
			return refused(400, "invalid_grant", wrongGrant)
		}
		c.st.Tokens[i].Revoked = true
		t.User, t.Scopes = c.st.Tokens[i].User, c.st.Tokens[i].Scopes
	default:
		return refused(400, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
	}
	again := secret(32)
	t.Refresh, t.Expires = digest(again), time.Now().UTC().Add(2*time.Hour)
	t.ID, t.Created = c.st.next("token"), time.Now().UTC()
	value := secret(32)
	t.Digest = digest(value)
	c.st.Tokens = append(c.st.Tokens, t)
	body := map[string]any{"access_token": value, "token_type": "Bearer", "expires_in": 7200, "refresh_token": again,
		"scope": strings.Join(t.Scopes, " "), "created_at": t.Created.Unix()}
	if contains(t.Scopes, "openid") {
		id, err := c.idToken(a, t, nonce)
		if err != nil {
			return 500, nil
		}
		body["id_token"] = id
	}
	return 200, body
}

func (g *Grant) verified(verifier string) bool {
	switch g.Method {
	case "S256":
		sum := sha256.Sum256([]byte(verifier))
		return base64.RawURLEncoding.EncodeToString(sum[:]) == g.Challenge
	case "plain":
		return verifier == g.Challenge
	}
	return true
}

// claims are what an application may know of a person. Groups are told by their whole paths.
func (c *call) claims(u *User, scopes []string) map[string]any {
	groups, direct := []string{}, []string{}
	for _, g := range c.st.Groups {
		own := c.st.memberLevel("group", g.ID, u.ID) > 0
		member := own
		for above := c.st.group(g.Parent); above != nil; above = c.st.group(above.Parent) {
			member = member || c.st.memberLevel("group", above.ID, u.ID) > 0
		}
		if member {
			groups = append(groups, c.st.groupPath(g))
		}
		if own {
			direct = append(direct, c.st.groupPath(g))
		}
	}
	claims := map[string]any{"sub": fmt.Sprint(u.ID), "name": u.Name, "nickname": u.Username, "preferred_username": u.Username,
		"groups": groups, "groups_direct": direct, "profile": c.c.URL + "/" + u.Username}
	if contains(scopes, "email") || contains(scopes, "read_user") || contains(scopes, "api") {
		claims["email"], claims["email_verified"] = u.Email, true
	}
	return claims
}

func (c *call) idToken(a *App, t *Token, nonce string) (string, error) {
	pair, id, err := c.st.signing()
	if err != nil {
		return "", err
	}
	claims := c.claims(c.st.user(t.User), t.Scopes)
	delete(claims, "groups") // only the direct ones are in the token itself
	now := time.Now().Unix()
	for key, value := range map[string]any{"iss": c.c.URL, "aud": a.UID, "iat": now, "auth_time": now, "exp": now + 120} {
		claims[key] = value
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	part := func(of any) string {
		text, _ := json.Marshal(of)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(map[string]any{"typ": "JWT", "alg": "RS256", "kid": id}) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	signed, err := rsa.SignPKCS1v15(rand.Reader, pair, crypto.SHA256, sum[:])
	return text + "." + base64.RawURLEncoding.EncodeToString(signed), err
}
