package main

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// defaultSettings are those of a new instance that clients of ours or python-gitlab look at; GitLab has hundreds.
func defaultSettings() map[string]any {
	return map[string]any{"id": 1, "signup_enabled": true, "password_authentication_enabled_for_web": true, "password_authentication_enabled_for_git": true,
		"allow_local_requests_from_web_hooks_and_services": false, "allow_local_requests_from_hooks_and_services": false,
		"allow_local_requests_from_system_hooks": true, "require_admin_approval_after_user_signup": true, "default_branch_name": nil,
		"default_branch_protection": 2, "default_project_visibility": "private", "default_group_visibility": "private",
		"default_projects_limit": 100000, "gravatar_enabled": true, "home_page_url": nil, "after_sign_up_text": "", "max_attachment_size": 100,
		"session_expire_delay": 10080, "can_create_group": true, "auto_devops_enabled": true, "version_check_enabled": true,
		"usage_ping_enabled": true, "enabled_git_access_protocol": nil, "outbound_local_requests_whitelist": []any{},
		"dns_rebinding_protection_enabled": true, "max_personal_access_token_lifetime": nil, "shared_runners_enabled": true}
}

func (s *server) instance() {
	s.api("GET /version", person, func(c *call) (int, any, error) {
		_, name := installed()
		return 200, map[string]any{"version": name, "revision": "lab"}, nil
	})
	s.api("GET /metadata", person, func(c *call) (int, any, error) {
		_, name := installed()
		return 200, map[string]any{"version": name, "revision": "lab", "enterprise": false, "kas": map[string]any{"enabled": false, "version": nil, "externalUrl": nil}}, nil
	})
	s.api("GET /application/settings", administrator, func(c *call) (int, any, error) { return 200, c.st.Settings, nil })
	s.api("PUT /application/settings", administrator, func(c *call) (int, any, error) {
		names := []string{}
		for name := range c.st.Settings {
			if c.has(name) && name != "id" {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			return 0, nil, &refusal{400, map[string]any{"error": "at least one parameter must be provided"}}
		}
		c.keepFields(names, c.st.Settings)
		return 200, c.st.Settings, nil
	})
	s.api("GET /applications", administrator, func(c *call) (int, any, error) {
		return page(c, c.st.Apps, func(a *App) any { return showApp(a, c.v) })
	})
	s.api("POST /applications", administrator, createApp)
	s.api("DELETE /applications/{application}", administrator, func(c *call) (int, any, error) {
		a, err := c.appAt()
		if err != nil {
			return 0, nil, err
		}
		c.st.Apps, c.st.dirty = without(c.st.Apps, func(x *App) bool { return x == a }), true
		c.st.Tokens = without(c.st.Tokens, func(t *Token) bool { return t.App == a.ID })
		return 204, nil, nil
	})
	s.api("POST /applications/{application}/renew-secret", administrator, func(c *call) (int, any, error) {
		if !c.v.least(16, 11) {
			return 0, nil, &refusal{404, map[string]any{"error": "404 Not Found"}}
		}
		a, err := c.appAt()
		if err != nil {
			return 0, nil, err
		}
		value := "gloas-" + secret(32)
		a.Digest, c.st.dirty = digest(value), true
		shown := showApp(a, c.v)
		shown["secret"] = value
		return 201, shown, nil
	})
}

func (c *call) appAt() (*App, error) {
	id, _ := strconv.ParseInt(c.r.PathValue("application"), 10, 64)
	if i := slices.IndexFunc(c.st.Apps, func(a *App) bool { return a.ID == id }); i >= 0 {
		return c.st.Apps[i], nil
	}
	return nil, message(404, "404 Not found")
}

func showApp(a *App, v version) map[string]any {
	shown := map[string]any{"id": a.ID, "application_id": a.UID, "application_name": a.Name, "callback_url": a.Redirect, "confidential": a.Confidential}
	if v.least(18, 0) {
		shown["scopes"] = a.Scopes
	}
	return shown
}

var appScopes = strings.Fields("api read_api read_user create_runner read_repository write_repository sudo admin_mode openid profile email")

func createApp(c *call) (int, any, error) {
	var lack []string
	for _, name := range []string{"name", "redirect_uri", "scopes"} {
		if c.text(name) == "" {
			lack = append(lack, name)
		}
	}
	if len(lack) > 0 {
		return 0, nil, lacks(lack...)
	}
	wrong := map[string]any{}
	for _, address := range strings.Fields(c.text("redirect_uri")) {
		if at, err := url.Parse(address); err != nil || at.Scheme == "" || at.Fragment != "" {
			wrong["redirect_uri"] = []string{"must be an absolute URI."}
		}
	}
	scopes := strings.Fields(c.text("scopes"))
	for _, scope := range scopes {
		if !contains(appScopes, scope) {
			wrong["scopes"] = []string{"doesn't match configured on the server."}
		}
	}
	if len(wrong) > 0 {
		return 0, nil, message(400, wrong)
	}
	value := "gloas-" + secret(32)
	a := &App{ID: c.st.next("application"), UID: secret(32), Digest: digest(value), Name: c.text("name"), Redirect: c.text("redirect_uri"),
		Scopes: scopes, Confidential: !c.has("confidential") || c.flag("confidential")}
	c.st.Apps = append(c.st.Apps, a)
	shown := showApp(a, c.v)
	shown["secret"] = value
	return 201, shown, nil
}
