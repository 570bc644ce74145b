// netdelay TAP_A TAP_B RTT_MS: a user-space delay line between two taps that it makes in its own network
// namespace; every frame is held RTT/2 ms each way. For kernels without sch_netem.
// cc -O2 -o netdelay netdelay.c; needs root. Frames above 16384 in flight each way are dropped.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 16384, MAXF = 2048 };
struct frame { unsigned long long due; int len; unsigned char b[MAXF]; };
struct line { struct frame *q; unsigned head, tail; int from, to; unsigned long long dropped; };

static unsigned long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static int tap(const char *name) {
  int f = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq r;
  memset(&r, 0, sizeof r);
  r.ifr_flags = IFF_TAP | IFF_NO_PI;
  strncpy(r.ifr_name, name, IFNAMSIZ - 1);
  if (f < 0 || ioctl(f, TUNSETIFF, &r)) { perror("tun"); exit(1); }
  return f;
}
int main(int c, char **v) {
  if (c != 4) { fprintf(stderr, "usage: netdelay TAP_A TAP_B RTT_MS\n"); return 2; }
  prctl(PR_SET_TIMERSLACK, 1);
  unsigned long long half = (unsigned long long)(atof(v[3]) * 1e6 / 2);
  int a = tap(v[1]), b = tap(v[2]);
  struct line l[2] = {{calloc(SLOTS, sizeof(struct frame)), 0, 0, a, b, 0},
                      {calloc(SLOTS, sizeof(struct frame)), 0, 0, b, a, 0}};
  for (;;) {
    unsigned long long t = now(), next = ~0ull;
    for (int i = 0; i < 2; i++) {
      struct line *x = &l[i];
      while (x->head != x->tail && x->q[x->head % SLOTS].due <= t) {
        struct frame *f = &x->q[x->head % SLOTS];
        if (write(x->to, f->b, f->len) < 0) x->dropped++;
        x->head++;
      }
      if (x->head != x->tail && x->q[x->head % SLOTS].due < next) next = x->q[x->head % SLOTS].due;
    }
    struct pollfd p[2] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    struct timespec w, *pw = NULL;
    if (next != ~0ull) {
      t = now();
      unsigned long long d = next > t ? next - t : 0;
      w.tv_sec = d / 1000000000ull;
      w.tv_nsec = d % 1000000000ull;
      pw = &w;
    }
    if (ppoll(p, 2, pw, NULL) < 0) continue;
    for (int i = 0; i < 2; i++) {
      struct line *x = &l[i];
      if (!(p[i].revents & POLLIN)) continue;
      for (int k = 0; k < 64 && x->tail - x->head < SLOTS; k++) {
        struct frame *f = &x->q[x->tail % SLOTS];
        int n = read(x->from, f->b, MAXF);
        if (n <= 0) break;
        f->len = n;
        f->due = now() + half;
        x->tail++;
      }
    }
  }
}
