// Replaces a file while programs use it, in ten lines of C++:  replace NEW FILE
//
//   c++ -std=c++20 replace.cc -lrstrtmgr
#include <cstdio>
#include <filesystem>
#include <restartmanager.hpp>

int main(int argc, char* argv[]) {
  if (argc != 3) return 2;
  const auto failed = [](const restartmanager::Error& error) {
    return std::fprintf(stderr, "%s\n", error.text.c_str()), 1;
  };
  auto session = restartmanager::Session::Start();
  if (!session) return failed(session.error());
  if (auto done = session->Register({.files = {argv[2]}}); !done) return failed(done.error());
  // Whatever happens from here on, the end of the session brings back what was stopped.
  if (auto done = session->Shutdown(0); !done) return failed(done.error());
  std::filesystem::rename(argv[1], argv[2]);
  if (auto done = session->Restart(); !done) return failed(done.error());
}
