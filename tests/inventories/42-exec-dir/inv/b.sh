#!/bin/sh
echo '{"_meta":{"hostvars":{"h1":{"v":"dyn"}}},"g":{"hosts":["h1"],"vars":{"x":"dyn"}}}'
