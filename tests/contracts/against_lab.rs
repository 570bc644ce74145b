//! Every behaviour against real hosts, over SSH.
