// What is left of some hundred random sessions? Not a descriptor, thread, process, row or byte.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <random>
#include <restartmanager.hpp>
#include <string>
#include <vector>

#include "crash/population.h"
#include "real/load/usage.h"

namespace rm::test {
namespace {

namespace api = restartmanager;
namespace fs = std::filesystem;

constexpr int kUsers = 4;
constexpr unsigned kSeed = 1;

int SessionCount() {
  const char* wanted = getenv("RM_SOAK_SESSIONS");
  return wanted ? atoi(wanted) : 100;
}

class Soak : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fs::exists("/run/systemd/system")) GTEST_SKIP() << "needs a machine without systemd";
    setenv("RESTART_MANAGER_DIR", population_.store().c_str(), 1);
  }

  // Everybody runs before it, and if what was stopped is to come back, after it too.
  void OneSession() {
    population_.Complete();
    const bool all_come_back = OneOf(10) ? Abandoned() : Attended();
    const std::string trouble = all_come_back ? population_.AwaitEveryoneOnce() : "";
    EXPECT_EQ(trouble, "");
    population_.Complete();
  }

  // After a session that is always the same, so that the same things are kept for the next one.
  // rm-relaunch waits up to a minute for who was asked and stayed (a cancelled stop), and the
  // threads that have searched end by themselves.
  std::map<std::string, int64_t> Use() {
    auto session = api::Session::Start();
    if (Must(session, "start") && Must(session->Register({.files = {"/not/there"}}), "register") &&
        Must(session->Apps(), "apps"))
      Must(session->End(), "end");
    auto use = Usage(population_.store(), population_.program());
    for (int i = 0; i < 700 && (use["processes"] != 0 || use["threads"] != 1); ++i) {
      poll(nullptr, 0, 100);
      use = Usage(population_.store(), population_.program());
    }
    return use;
  }

  std::map<std::string, int> done_;

 private:
  bool OneOf(int n) { return std::uniform_int_distribution(1, n)(random_) == 1; }

  template <class T>
  bool Must(const api::Result<T>& result, const char* what) {
    ++done_[what];
    EXPECT_TRUE(result) << what << ": " << (result ? "" : result.error().text);
    return static_cast<bool>(result);
  }

  pid_t Peer(std::vector<std::string> words, int output = 1) {
    words.insert(words.begin(), PEER);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const pid_t child = fork();
    if (child != 0) return child;
    dup2(output, 1);
    execv(PEER, arguments.data());
    _exit(127);
  }

  // Killed while its users are down; the guard and we bring them back, whoever comes first.
  bool Abandoned() {
    int said[2];
    EXPECT_EQ(pipe2(said, O_CLOEXEC), 0);
    const pid_t peer = Peer({"abandon", population_.program()}, said[1]);
    close(said[1]);
    char line[5];
    EXPECT_EQ(read(said[0], line, sizeof line), 5) << "it could not stop them";
    close(said[0]);
    kill(peer, SIGKILL);
    waitpid(peer, nullptr, 0);
    return Must(api::Recover(), "recover");
  }

  // True: whoever was stopped was brought back.
  bool Attended() {
    auto session = api::Session::Start();
    if (!Must(session, "start") || !Must(session->SetOption(RmxOptionRelaunch, 1), "option"))
      return false;
    RegisterSome(*session);
    FilterSome(*session);
    LookAround(*session);
    if (!OneOf(4)) {
      StopThem(*session);
      if (OneOf(2)) Replace();
      // At its end a session leaves down whom it was not told to restart.
      if (OneOf(6)) return Must(session->End(), "end") && false;
      Must(session->Restart(), "restart");
    }
    return End(*session) && !filtered_;
  }

  void RegisterSome(api::Session& session) {
    api::Resources some = {.files = {population_.program(), "/not/there"}};
    if (OneOf(3)) some.files.push_back("/usr/lib/os-release");
    if (OneOf(3)) some.services.push_back("no-such.service");
    if (OneOf(3))
      if (const auto self = api::DescribeProcess(1); self) some.processes.push_back(*self);
    const bool tree = OneOf(6);  // in which we have the database open
    refuses_ = tree || !some.processes.empty();
    Must(session.Register(some), "register");
    if (tree) Must(session.RegisterTree(population_.store()), "tree");
    if (!OneOf(3)) return;
    ++done_["join"];
    int status = 0;
    waitpid(Peer({"join", session.key(), population_.program()}), &status, 0);
    EXPECT_EQ(status, 0);
  }

  void FilterSome(api::Session& session) {
    filtered_ = OneOf(6);
    const api::Executable program{population_.program()};
    const api::Service service{"no-such.service"};
    if (filtered_) Must(session.AddFilter({program, RmNoRestart}), "filter");
    if (!OneOf(3)) return;
    Must(session.AddFilter({service, RmNoShutdown}), "filter");
    Must(session.Filters(), "filters");
    if (OneOf(2)) Must(session.RemoveFilter(service), "unfilter");
  }

  void LookAround(api::Session& session) {
    if (OneOf(2)) Must(session.Apps(), "apps");
    if (OneOf(3)) Must(session.Holders(), "holders");
    if (OneOf(3)) Must(session.GetPlan(0), "plan");
    if (OneOf(6)) Must(api::Sessions(), "sessions");
  }

  // Some are refused, and some are cancelled at one of the first events.
  void StopThem(api::Session& session) {
    std::stop_source stop;
    int left = OneOf(4) ? std::uniform_int_distribution(1, 2 * kUsers)(random_) : -1;
    const auto stopped = session.Shutdown(
        OneOf(3) ? RmForceShutdown : 0,
        [&](const api::Event&) {
          if (--left == 0) stop.request_stop();
        },
        stop.get_token());
    const DWORD code = stopped ? DWORD{ERROR_SUCCESS} : stopped.error().code;
    ++done_[stopped ? "stop" : code == ERROR_CANCELLED ? "cancel" : "refusal"];
    const bool may = stopped || (code == ERROR_CANCELLED && stop.stop_requested()) ||
                     (code == ERROR_FAIL_NOACTION_REBOOT && refuses_);
    EXPECT_TRUE(may) << stopped.error().text;
  }

  void Replace() {
    const std::string fresh = population_.program() + ".new";
    fs::copy_file(GUEST, fresh);
    fs::rename(fresh, population_.program());
  }

  bool End(api::Session& session) {
    if (OneOf(3)) return true;  // its destructor does
    if (OneOf(2)) return Must(session.End(), "end");
    // Another one, as from another process, ends it.
    const std::string key = session.key();
    Must(session.Close(), "close");
    auto again = api::Session::Open(key);
    return Must(again, "open") && Must(again->End(), "end");
  }

  Population population_{kUsers, GUEST};
  std::mt19937 random_{kSeed};
  bool filtered_ = false;  // nobody comes back
  bool refuses_ = false;   // somebody is registered who cannot be stopped
};

TEST_F(Soak, NothingIsLeftOfManySessions) {
  const int count = SessionCount();
  const int warm = std::min(count / 3, 100);
  std::map<std::string, int64_t> before;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < count && !HasFailure(); ++i) {
    if (i == warm) before = Use();
    OneSession();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  printf("%d sessions in %.0f s:", count, took.count());
  for (const auto& [what, times] : done_) printf(" %s %d,", what.c_str(), times);
  printf("\n%-24s %12s %12s\n", "", ("after " + std::to_string(warm)).c_str(), "at the end");
  for (const auto& [what, now] : Use()) {
    printf("%-24s %12ld %12ld\n", what.c_str(), static_cast<long>(before[what]),
           static_cast<long>(now));
    // Not everything was in use at that moment that may be at some time.
    // SQLite keeps pages of the database, too.
    int64_t slack = what.starts_with("bytes") ? 512 * 1024 : 0;
    // SQLite keeps that of a second connection for the next one: to close it ends all locks.
    if (what == "descriptors") slack = 1;
    EXPECT_LE(now, before[what] + slack) << what;
  }
}

}  // namespace
}  // namespace rm::test
