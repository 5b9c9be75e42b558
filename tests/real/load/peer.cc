// Another installer: peer join KEY FILE | peer abandon FILE. The latter stops who uses the file,
// says so by a line, and waits to be killed.
#include <stdio.h>
#include <unistd.h>

#include <filesystem>
#include <restartmanager.hpp>
#include <string>
#include <utility>

namespace api = restartmanager;

namespace {

int Failed(const api::Error& error) {
  fprintf(stderr, "peer: %s\n", error.text.c_str());
  return 1;
}

int Join(const std::string& key, const std::string& file) {
  auto session = api::Session::Join(key);
  if (!session) return Failed(session.error());
  if (auto done = session->Register({.files = {file}}); !done) return Failed(done.error());
  return 0;
}

int Update(const std::string& file, const std::string& with) {
  auto session = api::Session::Start();
  if (!session) return Failed(session.error());
  for (const auto& [option, value] : {std::pair{RmxOptionRelaunch, 1},
                                      {RmxOptionAppTimeout, 300'000},
                                      {RmxOptionServiceTimeout, 300'000},
                                      {RmxOptionRestartTimeout, 300'000},
                                      {RmxOptionLockTimeout, 300'000}})
    if (auto done = session->SetOption(option, value); !done) return Failed(done.error());
  if (auto done = session->Register({.files = {file}}); !done) return Failed(done.error());
  if (auto done = session->Shutdown(0); !done) return Failed(done.error());
  std::filesystem::copy_file(with, file + ".new");
  std::filesystem::rename(file + ".new", file);
  if (auto done = session->Restart(); !done) return Failed(done.error());
  if (auto done = session->End(); !done) return Failed(done.error());
  return 0;
}

int Abandon(const std::string& file) {
  auto session = api::Session::Start();
  if (!session) return Failed(session.error());
  if (auto done = session->SetOption(RmxOptionRelaunch, 1); !done) return Failed(done.error());
  if (auto done = session->Register({.files = {file}}); !done) return Failed(done.error());
  if (auto done = session->Shutdown(0); !done) return Failed(done.error());
  puts("down");
  fflush(stdout);
  while (true) pause();
}

}  // namespace

int main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "join" && argc == 4) return Join(argv[2], argv[3]);
  if (verb == "abandon" && argc == 3) return Abandon(argv[2]);
  if (verb == "update" && argc == 4) return Update(argv[2], argv[3]);
  return 2;
}
