/*
 * A wire between two interfaces that can be bad. Every frame that comes in at one goes out at the
 * other, unless it is lost; later, if it is delayed. Kernels without sch_netem can be tested with it.
 *
 *   wire IFACE IFACE
 *   wire plain IFACE      only makes its frames whole and summed, as both far ends must be
 *
 * Lines on standard input change it, each answered with a line of the frames seen and lost so far:
 *   loss PERCENT      of the frames, at random, each way
 *   delay MS          one way; order is kept
 *   mtu BYTES         longer packets vanish, and nobody is told (0: no limit)
 *   cut 0|1           nothing passes, and nobody is told
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX 65600
#define WAITING_MAX 20000
#define ETHER_HEADER 14

struct frame {
  int64_t due_us;
  int to;
  int length;
  unsigned char *bytes;
  struct frame *next;
};

static struct frame *first, *last;
static long waiting, seen, lost;
static int loss_percent, delay_ms, mtu, is_cut;

static int64_t now_us(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void die(const char *what) {
  fprintf(stderr, "wire: %s: %s\n", what, strerror(errno));
  exit(1);
}

/* Segments as they would lie on a cable: nothing is put together or summed by hardware. */
static void plain(const char *name) {
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) die("socket");
  const uint32_t off[] = {ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
  for (size_t at = 0; at < sizeof off / sizeof *off; at++) {
    struct ethtool_value value = {.cmd = off[at], .data = 0};
    struct ifreq request = {0};
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_data = (void *)&value;
    ioctl(fd, SIOCETHTOOL, &request);
  }
  close(fd);
}

static int open_end(const char *name) {
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  if (fd < 0) die("socket");
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)if_nametoindex(name)};
  if (address.sll_ifindex == 0) die(name);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0) die("bind");
  int big = 8 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
  plain(name);
  return fd;
}

static void take(int from, int to) {
  static unsigned char bytes[FRAME_MAX];
  struct sockaddr_ll address;
  for (;;) {
    socklen_t size = sizeof address;
    ssize_t length = recvfrom(from, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&address, &size);
    if (length <= 0) return;
    /* Our own frames are shown to us, too. */
    if (address.sll_pkttype == PACKET_OUTGOING) continue;
    seen++;
    int is_long = mtu > 0 && length - ETHER_HEADER > mtu;
    if (is_cut || is_long || random() % 100 < loss_percent || waiting >= WAITING_MAX) {
      lost++;
      continue;
    }
    struct frame *frame = malloc(sizeof *frame);
    unsigned char *copy = malloc((size_t)length);
    if (frame == NULL || copy == NULL) die("malloc");
    memcpy(copy, bytes, (size_t)length);
    *frame = (struct frame){now_us() + (int64_t)delay_ms * 1000, to, (int)length, copy, NULL};
    if (last != NULL && frame->due_us < last->due_us) frame->due_us = last->due_us;
    if (last == NULL) first = frame;
    else last->next = frame;
    last = frame;
    waiting++;
  }
}

static void give(void) {
  for (int64_t now = now_us(); first != NULL && first->due_us <= now;) {
    struct frame *frame = first;
    first = frame->next;
    if (first == NULL) last = NULL;
    waiting--;
    if (is_cut || send(frame->to, frame->bytes, (size_t)frame->length, MSG_DONTWAIT) < 0) lost++;
    free(frame->bytes);
    free(frame);
  }
}

static void obey(void) {
  char line[128], word[16];
  int value;
  if (fgets(line, sizeof line, stdin) == NULL) exit(0);
  if (sscanf(line, "%15s %d", word, &value) != 2) die("a line that is none");
  if (strcmp(word, "loss") == 0) loss_percent = value;
  else if (strcmp(word, "delay") == 0) delay_ms = value;
  else if (strcmp(word, "mtu") == 0) mtu = value;
  else if (strcmp(word, "cut") == 0) is_cut = value;
  printf("%ld %ld\n", seen, lost);
  fflush(stdout);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "wire IFACE IFACE\n");
    return 2;
  }
  if (strcmp(arguments[1], "plain") == 0) {
    plain(arguments[2]);
    return 0;
  }
  srandom(1);
  int ends[2] = {open_end(arguments[1]), open_end(arguments[2])};
  /* A line at a time: what is read ahead would not be seen by poll. */
  setvbuf(stdin, NULL, _IONBF, 0);
  for (;;) {
    struct pollfd polled[3] = {
        {.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    int64_t wait_us = first == NULL ? 1000000 : first->due_us - now_us();
    poll(polled, 3, wait_us <= 0 ? 0 : (int)(wait_us / 1000) + 1);
    if (polled[0].revents & POLLIN) take(ends[0], ends[1]);
    if (polled[1].revents & POLLIN) take(ends[1], ends[0]);
    if (polled[2].revents & (POLLIN | POLLHUP)) obey();
    give();
  }
}
