#!/bin/sh
if [ "$1" = --list ]; then cat <<E
{"_meta":{"hostvars":{"h1":{"a":1,"b":null,"c":"{{ x }}"},"stray":{"q":1}}},"g":{"hosts":["h1","h2"],"vars":{"v":true},"children":["k"]},"k":["h3"],"e":[],"all":{"vars":{"av":"x"}},"u":{"children":["nope"]}}
E
else echo "should not be called" >&2; exit 1; fi
