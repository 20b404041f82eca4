/*
 * A file system over a folder, some of whose files fail as those of a failing disk do.
 *
 *     failing-disk FOLDER CONTROL MOUNTPOINT -f
 *
 * CONTROL is a file with lines `OPERATION ERRNO PART`: an OPERATION (`read`, `write`, `sync`) on a file whose path has PART in it, or
 * whose inode is PART, `#` before it, fails with the number ERRNO. It is read at each operation.
 */
#define FUSE_USE_VERSION 31
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char *folder;
static const char *control;

static char *at(const char *path, char *into) {
  snprintf(into, 4096, "%s%s", folder, path);
  return into;
}
#define AT(path) at(path, (char[4096]){0})
#define DONE(call) ((call) == -1 ? -errno : 0)

static int failure(const char *operation, const char *path, int opened) {
  FILE *file = fopen(control, "r");
  struct stat status = {0};
  char kind[16], part[256], inode[32];
  int number, found = 0;
  if (file == NULL) return 0;
  fstat(opened, &status);
  snprintf(inode, sizeof inode, "#%lu", (unsigned long)status.st_ino);
  while (fscanf(file, "%15s %d %255s", kind, &number, part) == 3)
    if (strcmp(kind, operation) == 0 && (strcmp(part, inode) == 0 || strstr(path, part) != NULL)) found = -number;
  fclose(file);
  return found;
}

static void *start(struct fuse_conn_info *connection, struct fuse_config *config) {
  (void)connection;
  config->use_ino = 1;
  config->entry_timeout = config->attr_timeout = config->negative_timeout = 0;
  return NULL;
}
static int get_attributes(const char *path, struct stat *into, struct fuse_file_info *file) {
  return DONE(file != NULL ? fstat(file->fh, into) : lstat(AT(path), into));
}
static int list(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset, struct fuse_file_info *file,
                enum fuse_readdir_flags flags) {
  (void)offset, (void)file, (void)flags;
  DIR *open = opendir(AT(path));
  if (open == NULL) return -errno;
  for (struct dirent *entry = readdir(open); entry != NULL; entry = readdir(open)) {
    struct stat status = {.st_ino = entry->d_ino, .st_mode = entry->d_type << 12};
    if (fill(buffer, entry->d_name, &status, 0, 0) != 0) break;
  }
  closedir(open);
  return 0;
}
static int make_folder(const char *path, mode_t mode) { return DONE(mkdir(AT(path), mode)); }
static int remove_folder(const char *path) { return DONE(rmdir(AT(path))); }
static int remove_file(const char *path) { return DONE(unlink(AT(path))); }
static int move(const char *from, const char *to, unsigned int flags) {
  return DONE(renameat2(AT_FDCWD, AT(from), AT_FDCWD, AT(to), flags));
}
static int make_link(const char *from, const char *to) { return DONE(link(AT(from), AT(to))); }
static int make_symlink(const char *to, const char *path) { return DONE(symlink(to, AT(path))); }
static int read_symlink(const char *path, char *into, size_t size) {
  ssize_t length = readlink(AT(path), into, size - 1);
  if (length == -1) return -errno;
  into[length] = '\0';
  return 0;
}
static int change_mode(const char *path, mode_t mode, struct fuse_file_info *file) {
  return DONE(file != NULL ? fchmod(file->fh, mode) : chmod(AT(path), mode));
}
static int change_owner(const char *path, uid_t user, gid_t group, struct fuse_file_info *file) {
  (void)file;
  return DONE(lchown(AT(path), user, group));
}
static int change_size(const char *path, off_t size, struct fuse_file_info *file) {
  return DONE(file != NULL ? ftruncate(file->fh, size) : truncate(AT(path), size));
}
static int change_times(const char *path, const struct timespec times[2], struct fuse_file_info *file) {
  (void)file;
  return DONE(utimensat(AT_FDCWD, AT(path), times, AT_SYMLINK_NOFOLLOW));
}
static int open_file(const char *path, struct fuse_file_info *file) {
  int opened = open(AT(path), file->flags & ~(O_DIRECT | O_APPEND));
  if (opened == -1) return -errno;
  file->fh = opened;
  return 0;
}
static int create_file(const char *path, mode_t mode, struct fuse_file_info *file) {
  int opened = open(AT(path), file->flags & ~(O_DIRECT | O_APPEND), mode);
  if (opened == -1) return -errno;
  file->fh = opened;
  return 0;
}
static int read_file(const char *path, char *into, size_t size, off_t offset, struct fuse_file_info *file) {
  int failed = failure("read", path, file->fh);
  ssize_t length = failed != 0 ? failed : pread(file->fh, into, size, offset);
  return length == -1 && failed == 0 ? -errno : length;
}
static int write_file(const char *path, const char *from, size_t size, off_t offset, struct fuse_file_info *file) {
  int failed = failure("write", path, file->fh);
  ssize_t length = failed != 0 ? failed : pwrite(file->fh, from, size, offset);
  return length == -1 && failed == 0 ? -errno : length;
}
static int sync_file(const char *path, int data_only, struct fuse_file_info *file) {
  int failed = failure("sync", path, file->fh);
  return failed != 0 ? failed : DONE(data_only ? fdatasync(file->fh) : fsync(file->fh));
}
static int close_file(const char *path, struct fuse_file_info *file) {
  (void)path;
  return DONE(close(file->fh));
}
static int tell_space(const char *path, struct statvfs *into) { return DONE(statvfs(AT(path), into)); }
static int allocate(const char *path, int mode, off_t offset, off_t length, struct fuse_file_info *file) {
  int failed = failure("write", path, file->fh);
  return failed != 0 ? failed : DONE(fallocate(file->fh, mode, offset, length));
}

static const struct fuse_operations operations = {
    .init = start,           .getattr = get_attributes, .readdir = list,          .mkdir = make_folder,
    .rmdir = remove_folder,  .unlink = remove_file,     .rename = move,           .link = make_link,
    .symlink = make_symlink, .readlink = read_symlink,  .chmod = change_mode,     .chown = change_owner,
    .truncate = change_size, .utimens = change_times,   .open = open_file,        .create = create_file,
    .read = read_file,       .write = write_file,       .fsync = sync_file,       .release = close_file,
    .statfs = tell_space,    .fallocate = allocate,
};

int main(int count, char **arguments) {
  if (count < 4) return 2;
  folder = arguments[1];
  control = arguments[2];
  arguments[2] = arguments[0];
  umask(0);
  return fuse_main(count - 2, arguments + 2, &operations, NULL);
}
