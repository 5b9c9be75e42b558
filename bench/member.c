// One process of bench/population.h: member FILE... -- LIBRARY...
//
// Opens the files, maps the libraries, writes a byte to stdout and leaves it; ends when stdin does.
// Linked statically, so that it has nothing else mapped.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 4096ul

static int fail(const char *what) {
  perror(what);
  return 1;
}

// As the loader does it: pieces of different protection, so that they stay apart. 0: it is mapped.
static int map_in_pieces(const char *path) {
  const int file = open(path, O_RDONLY);
  struct stat found;
  if (file < 0 || fstat(file, &found)) return -1;
  char *at = mmap(NULL, (size_t)found.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (at == MAP_FAILED) return -1;
  return mprotect(at + PAGE, PAGE, PROT_READ | PROT_EXEC) ||
         mprotect(at + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

int main(int argc, char **argv) {
  int i = 1;
  for (; i < argc && strcmp(argv[i], "--"); ++i)
    if (open(argv[i], O_RDONLY) < 0) return fail(argv[i]);
  for (++i; i < argc; ++i)
    if (map_in_pieces(argv[i])) return fail(argv[i]);
  if (write(1, "r", 1) != 1) return fail("ready");
  dup2(2, 1);  // whoever waits for it sees its end
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  return 0;
}
