/*
 * A disk that can lose power and run full, for real processes (LD_PRELOAD).
 *
 * Files below POWERCUT_DIR are watched. What fsync/fdatasync has been called on is copied to the
 * same name below POWERCUT_SHADOW: that is what a disk without power would still hold. After a kill
 * the test puts the shadow back in place. With POWERCUT_IGNORE_SYNC=1 nothing is copied after the
 * file POWERCUT_ARMED exists: a disk that lies about fsync. While the file POWERCUT_FULL exists,
 * writes that would grow a watched file fail with ENOSPC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static const char *setting(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

/* The part of a watched path below POWERCUT_DIR, or NULL. */
static const char *below(const char *path) {
  const char *dir = setting("POWERCUT_DIR");
  if (dir == NULL) return NULL;
  size_t length = strlen(dir);
  if (strncmp(path, dir, length) != 0 || path[length] != '/') return NULL;
  return path + length + 1;
}

static int path_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return -1;
  path[length] = '\0';
  return 0;
}

static void shadow_path(const char *name, char *path) {
  const char *shadow = setting("POWERCUT_SHADOW");
  snprintf(path, PATH_MAX, "%s/", shadow);
  char *tail = path + strlen(path);
  for (; *name != '\0' && tail < path + PATH_MAX - 1; name++, tail++) *tail = *name == '/' ? '%' : *name;
  *tail = '\0';
}

static int is_lying(void) {
  const char *armed = setting("POWERCUT_ARMED");
  return setting("POWERCUT_IGNORE_SYNC") != NULL && armed != NULL && access(armed, F_OK) == 0;
}

static void keep(int fd) {
  char path[PATH_MAX], target[PATH_MAX], part[PATH_MAX + 16], block[65536];
  struct stat found;
  if (setting("POWERCUT_SHADOW") == NULL || is_lying()) return;
  if (path_of(fd, path) != 0 || below(path) == NULL) return;
  if (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return;
  shadow_path(below(path), target);
  snprintf(part, sizeof part, "%s.%d.part", target, (int)gettid());
  int from = open(path, O_RDONLY | O_CLOEXEC);
  int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ssize_t (*real_write)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  ssize_t got;
  while (from >= 0 && to >= 0 && (got = read(from, block, sizeof block)) > 0) {
    if (real_write(to, block, (size_t)got) != got) break;
  }
  if (from >= 0) close(from);
  if (to >= 0) close(to);
  int (*real_rename)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  real_rename(part, target);
}

/* 1 when the write would grow a watched file while the disk is full. */
static int is_full_for(int fd, off_t end) {
  const char *full = setting("POWERCUT_FULL");
  char path[PATH_MAX];
  struct stat found;
  if (full == NULL || access(full, F_OK) != 0) return 0;
  if (path_of(fd, path) != 0 || below(path) == NULL) return 0;
  return fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && end > found.st_size;
}

int fsync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fsync");
  int result = real(fd);
  if (result == 0) keep(fd);
  return result;
}

int fdatasync(int fd) {
  int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
  int result = real(fd);
  if (result == 0) keep(fd);
  return result;
}

int unlink(const char *path) {
  int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
  int result = real(path);
  if (result == 0 && below(path) != NULL && setting("POWERCUT_SHADOW") != NULL && !is_lying()) {
    char target[PATH_MAX];
    shadow_path(below(path), target);
    real(target);
  }
  return result;
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
  int result = real(from, to);
  if (result == 0 && below(from) != NULL && below(to) != NULL && setting("POWERCUT_SHADOW") != NULL && !is_lying()) {
    char shadow_from[PATH_MAX], shadow_to[PATH_MAX];
    shadow_path(below(from), shadow_from);
    shadow_path(below(to), shadow_to);
    real(shadow_from, shadow_to);
  }
  return result;
}

ssize_t write(int fd, const void *data, size_t size) {
  ssize_t (*real)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
  if (setting("POWERCUT_FULL") != NULL) {
    off_t at = lseek(fd, 0, SEEK_CUR);
    if (at >= 0 && is_full_for(fd, at + (off_t)size)) { errno = ENOSPC; return -1; }
  }
  return real(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
  ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, "pwrite64");
  if (is_full_for(fd, at + (off_t)size)) { errno = ENOSPC; return -1; }
  return real(fd, data, size, at);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
  return pwrite64(fd, data, size, at);
}
