/* What a power cut leaves, under the SQLite that ships: preloaded, it keeps a durable twin of every file in one folder.
 *
 * Killing a process leaves the page cache alive, so a write that was never synced survives. Here a file reaches its twin
 * only when it is synced: after the real fsync or fdatasync, its content is copied over the twin, in place, and the twin
 * is cut to its length last, so that a death in the middle leaves old or new bytes and loses nothing that was synced
 * before. Removing and renaming take the twin along. The test kills the process and goes on from the twins.
 *
 * POWERLOSS_FROM  the folder that is watched        POWERLOSS_TO  the folder of the twins
 * POWERLOSS_COUNT a file of two 64-bit numbers: syncs of write-ahead logs, and of everything else
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t copying = PTHREAD_MUTEX_INITIALIZER;

/* The twin's path of a path in the watched folder; 0 if it lies elsewhere. */
static int twin_of(const char *path, char *twin) {
    const char *from = getenv("POWERLOSS_FROM"), *to = getenv("POWERLOSS_TO");
    if (!from || !to) return 0;
    size_t length = strlen(from);
    if (strncmp(path, from, length) != 0 || path[length] != '/') return 0;
    return snprintf(twin, PATH_MAX, "%s%s", to, path + length) < PATH_MAX;
}

static void count(const char *path) {
    static uint64_t *counts;
    const char *name = getenv("POWERLOSS_COUNT");
    if (!name) return;
    if (!counts) {
        int fd = open(name, O_RDWR);
        if (fd < 0) return;
        void *mapped = mmap(NULL, 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        close(fd);
        if (mapped == MAP_FAILED) return;
        counts = mapped;
    }
    size_t length = strlen(path);
    __atomic_add_fetch(&counts[length > 4 && strcmp(path + length - 4, "-wal") == 0 ? 0 : 1], 1, __ATOMIC_SEQ_CST);
}

static void keep(int fd) {
    char link[64], path[PATH_MAX], twin[PATH_MAX];
    static char buffer[1 << 16];
    struct stat found;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0 || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode)) return;
    path[length] = 0;
    if (!twin_of(path, twin)) return;
    pthread_mutex_lock(&copying);
    int in = open(path, O_RDONLY), out = open(twin, O_WRONLY | O_CREAT, 0600);
    if (in >= 0 && out >= 0) {
        off_t at = 0;
        ssize_t got;
        while ((got = pread(in, buffer, sizeof buffer, at)) > 0 && pwrite(out, buffer, got, at) == got) at += got;
        if (got == 0 && ftruncate(out, at) == 0) count(path);
    }
    if (in >= 0) close(in);
    if (out >= 0) close(out);
    pthread_mutex_unlock(&copying);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(fd);
    if (result == 0) keep(fd);
    return result;
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(fd);
    if (result == 0) keep(fd);
    return result;
}

int unlink(const char *path) {
    static int (*real)(const char *);
    char twin[PATH_MAX];
    if (!real) real = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
    int result = real(path);
    if (result == 0 && twin_of(path, twin)) real(twin);
    return result;
}

int rename(const char *old, const char *new) {
    static int (*real)(const char *, const char *);
    char twin_old[PATH_MAX], twin_new[PATH_MAX];
    if (!real) real = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    int result = real(old, new);
    if (result == 0 && twin_of(old, twin_old) && twin_of(new, twin_new)) real(twin_old, twin_new);
    return result;
}
