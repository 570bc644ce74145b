#!/bin/sh
cat <<EOF
{"web": {"hosts": ["w2", "w1"], "vars": {"v": "{{ x }}", "n": 1}, "children": ["sub"]},
 "sub": {"hosts": ["s1"]},
 "bare": ["b1", "w1"],
 "only": {"foo": "bar"},
 "_meta": {"hostvars": {"w1": {"a": [1, {"b": null}], "f": 1.5}, "nobody": {"x": 1},
   "s1": {"u": {"__ansible_unsafe": "{{ y }}"}}}}}
EOF
