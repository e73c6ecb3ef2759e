/* Preloaded into a process, keeps beside a folder what a disk would hold of it after a power loss.
 *
 * Of a file that is its content as of its last fsync or fdatasync; of the folder, the names as of its own last
 * fsync. Nothing else is durable: POSIX promises no more. What was written and not synced is still there for
 * the processes that run on, and is dropped by whoever plays the power loss (see disk.py).
 *
 * POWERLOSS_FOLDER   the folder that is watched (not what is below its folders); without it nothing happens
 * POWERLOSS_SHADOW   where the copies go: `names` with "inode name" in each line, and a file for each inode,
 *                    by number; on the same file system
 * POWERLOSS_AT       die instead of the so many-th sync, counted from 1
 *
 * A deleted or replaced file is kept under another name in the shadow, so that no later file gets its inode
 * number and its name can come back.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int passed;

static void fail(const char *what)
{
    perror(what);
    _exit(99);
}

static int watched(int fd, char *path)
{
    const char *folder = getenv("POWERLOSS_FOLDER");
    char link[64];
    if (!folder)
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0)
        return 0;
    path[length] = 0;
    size_t wanted = strlen(folder);
    return !strncmp(path, folder, wanted) && (!path[wanted] || (path[wanted] == '/' && !strchr(path + wanted + 1, '/')));
}

static void place(char *target, const char *name)
{
    snprintf(target, PATH_MAX, "%s/%s", getenv("POWERLOSS_SHADOW"), name);
}

static void settle(FILE *copy, const char *from, const char *name)
{
    char to[PATH_MAX];
    place(to, name);
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    if (fclose(copy) || real(from, to))
        fail("powerloss: the shadow cannot be written");
}

static void keep_names(const char *folder)
{
    char from[PATH_MAX];
    place(from, "names.new");
    FILE *copy = fopen(from, "w");
    DIR *open = opendir(folder);
    if (!copy || !open)
        fail("powerloss: names");
    for (struct dirent *entry; (entry = readdir(open));)
        if (entry->d_type == DT_REG)
            fprintf(copy, "%llu %s\n", (unsigned long long)entry->d_ino, entry->d_name);
    closedir(open);
    settle(copy, from, "names");
}

static void keep_content(const char *path, const struct stat *about)
{
    char from[PATH_MAX], name[32], block[65536];
    place(from, "content.new");
    FILE *copy = fopen(from, "w"), *file = fopen(path, "r");
    if (!copy || !file)
        fail("powerloss: content");
    for (size_t got; (got = fread(block, 1, sizeof block, file));)
        if (fwrite(block, 1, got, copy) != got)
            fail("powerloss: content");
    fclose(file);
    snprintf(name, sizeof name, "%llu", (unsigned long long)about->st_ino);
    settle(copy, from, name);
}

static int sync_of(int fd, const char *name)
{
    char path[PATH_MAX];
    struct stat about;
    int (*real)(int) = dlsym(RTLD_NEXT, name);
    if (!watched(fd, path))
        return real(fd);
    const char *at = getenv("POWERLOSS_AT");
    if (at && ++passed == atoi(at))
        kill(getpid(), SIGKILL);
    int result = real(fd);
    if (result || fstat(fd, &about))
        return result;
    if (S_ISDIR(about.st_mode))
        keep_names(path);
    else
        keep_content(path, &about);
    return result;
}

int fsync(int fd)
{
    return sync_of(fd, "fsync");
}

int fdatasync(int fd)
{
    return sync_of(fd, "fdatasync");
}

static void keep_file(const char *path)
{
    const char *folder = getenv("POWERLOSS_FOLDER");
    struct stat about;
    if (folder && !strncmp(path, folder, strlen(folder)) && !stat(path, &about) && S_ISREG(about.st_mode)) {
        char name[32], kept[PATH_MAX];
        snprintf(name, sizeof name, "deleted-%llu", (unsigned long long)about.st_ino);
        place(kept, name);
        if (access(kept, F_OK) && link(path, kept))
            fail("powerloss: a deleted file cannot be kept");
    }
}

int unlink(const char *path)
{
    int (*real)(const char *) = dlsym(RTLD_NEXT, "unlink");
    keep_file(path);
    return real(path);
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    keep_file(to);
    return real(from, to);
}
