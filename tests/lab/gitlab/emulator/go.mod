module lab.test/gitlab-emulator

go 1.26
