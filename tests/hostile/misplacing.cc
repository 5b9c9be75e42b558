#include "hostile/misplacing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace rm::test {
namespace fs = std::filesystem;

namespace {

std::string Content(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

bool Misplacing::Put(const std::string& kind, const fs::path& at) {
  std::error_code ignored;
  fs::remove(victim());
  if (fs::is_regular_file(at))
    fs::copy_file(at, victim());
  else
    std::ofstream(victim()) << "precious";
  chmod(victim().c_str(), 0600);
  precious_ = Content(victim());
  fs::remove_all(at);
  if (kind == "link") fs::create_symlink(victim(), at);
  if (kind == "dangling link") fs::create_symlink(nothing(), at);
  if (kind == "link to itself") fs::create_symlink(at, at);
  if (kind == "directory") fs::create_directory(at, ignored);
  if (kind == "hard link") fs::create_hard_link(victim(), at);
  if (kind == "FIFO") return mkfifo(at.c_str(), 0600) == 0;
  if (kind == "socket") return mknod(at.c_str(), S_IFSOCK | 0600, 0) == 0;
  if (kind == "device") return mknod(at.c_str(), S_IFCHR | 0600, makedev(1, 7)) == 0;  // full
  if (kind == "foreign file") {
    fs::copy_file(victim(), at);
    return chown(at.c_str(), 65534, 65534) == 0;
  }
  if (kind == "open file") {
    fs::copy_file(victim(), at);
    return chmod(at.c_str(), 0666) == 0;
  }
  return true;
}

std::string Misplacing::Harm() const {
  std::string harm;
  if (Content(victim()) != precious_) harm += "it was written to; ";
  if (fs::exists(nothing())) harm += "what it leads to was made; ";
  return harm;
}

}  // namespace rm::test
