#include "xvfb/xvfb.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "base/clock.h"

namespace rm::testing {
namespace {

constexpr std::chrono::seconds kLimit{60};
constexpr int kHeld = 9;

[[noreturn]] void Throw(const std::string& what) {
  throw std::runtime_error(what + ": " + strerror(errno));
}

// As Xau writes it: numbers of two bytes, big end first; texts behind their length.
std::string AuthorityEntry(const std::string& cookie) {
  std::string entry("\xff\xff", 2);  // FamilyWild: any address
  for (const std::string& text :
       {std::string(), std::string(), std::string("MIT-MAGIC-COOKIE-1"), cookie}) {
    entry += static_cast<char>(text.size() >> 8);
    entry += static_cast<char>(text.size());
    entry += text;
  }
  return entry;
}

// In the child: never returns.
[[noreturn]] void Run(const std::vector<std::string>& command,
                      const std::vector<std::string>& environment) {
  std::vector<char*> arguments, variables;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  for (const std::string& word : environment) variables.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  variables.push_back(nullptr);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  execvpe(arguments[0], arguments.data(), variables.data());
  _exit(127);
}

std::string Describe(const std::vector<TopLevel>& windows) {
  std::string text;
  for (const TopLevel& window : windows)
    text += "\n" + std::to_string(window.pid) + (window.shown ? " shown \"" : " hidden \"") +
            window.title + '"';
  return text;
}

}  // namespace

Program::~Program() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

int Program::Wait() {
  int status = 0;
  if (waitpid(std::exchange(pid_, 0), &status, 0) < 0) Throw("waitpid");
  return status;
}

Xvfb::Xvfb() {
  std::string pattern = (std::filesystem::temp_directory_path() / "rm-xvfb-XXXXXX").string();
  if (!mkdtemp(pattern.data())) Throw(pattern);
  directory_ = pattern;
  chmod(directory_.c_str(), 0711);
  cookie_.resize(16);
  if (getrandom(cookie_.data(), cookie_.size(), 0) != 16) Throw("getrandom");
  authority_ = WriteAuthority("authority", geteuid(), true);

  int ends[2];
  if (pipe(ends) != 0) Throw("pipe");
  const pid_t child = fork();
  if (child == 0) {
    close(ends[0]);
    const int null = open("/dev/null", O_RDWR);
    for (int fd : {0, 1, 2}) dup2(null, fd);
    Run({"Xvfb", "-displayfd", std::to_string(ends[1]), "-auth", authority_, "-nolisten", "tcp",
         "-noreset", "-screen", "0", "800x600x24"},
        {"PATH=/usr/bin:/bin"});
  }
  server_ = Program(child);
  close(ends[1]);
  std::string number;
  char digit;
  while (read(ends[0], &digit, 1) == 1 && digit != '\n') number += digit;
  close(ends[0]);
  if (number.empty()) throw std::runtime_error("Xvfb does not start");
  name_ = ":" + number;
  auto display = Connect();
  if (!display) throw std::runtime_error(display.error().message);
  display_ = std::make_unique<Display>(std::move(*display));
  display_->WatchAll();
}

Xvfb::~Xvfb() {
  display_.reset();
  if (server_.pid() != 0) {
    kill(server_.pid(), SIGCONT);
    kill(server_.pid(), SIGTERM);  // it removes its lock and its socket
    server_.Wait();
  }
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

std::string Xvfb::Missing(const std::vector<std::string>& programs) {
  for (const std::string& program : programs)
    if (!std::filesystem::exists("/usr/bin/" + program)) return program;
  return "";
}

std::string Xvfb::WriteAuthority(const std::string& name, uid_t owner, bool good) const {
  const std::string path = directory_ + "/" + name;
  std::ofstream(path) << AuthorityEntry(good ? cookie_ : std::string(16, 'x'));
  if (chmod(path.c_str(), 0600) != 0 || chown(path.c_str(), owner, static_cast<gid_t>(-1)) != 0)
    Throw(path);
  return path;
}

std::string Xvfb::AuthorityOf(uid_t user, bool good) {
  return WriteAuthority("authority-" + std::to_string(user) + (good ? "" : "-wrong"), user, good);
}

Program Xvfb::Start(const std::vector<std::string>& command, const Way& way) const {
  const std::vector<std::string> environment = {
      "PATH=/usr/bin:/bin:/usr/sbin",
      "LANG=C.UTF-8",
      "HOME=" + directory_,
      "DISPLAY=" + name_,
      "XAUTHORITY=" + (way.authority.empty() ? authority_ : way.authority),
      "NO_AT_BRIDGE=1",
      "GSETTINGS_BACKEND=memory",
      "DBUS_SESSION_BUS_ADDRESS=disabled:"};
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) Throw("pipe2");
  const pid_t child = fork();
  if (child != 0) {
    close(ends[1]);
    char none;
    (void)!read(ends[0], &none, 1);  // until it is executed, and has its own name
    close(ends[0]);
    return Program(child);
  }
  const int in = open("/dev/null", O_RDWR);
  const int out = way.log.empty() ? in : open(way.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  const int held = way.holds.empty() ? -1 : open(way.holds.c_str(), O_RDONLY);
  if (held >= 0) dup2(held, kHeld);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  setsid();
  if (chdir("/") != 0) _exit(126);
  if (way.user != geteuid() && geteuid() == 0 &&
      (setgroups(0, nullptr) != 0 || setresgid(way.user, way.user, way.user) != 0 ||
       setresuid(way.user, way.user, way.user) != 0))
    _exit(126);
  Run(command, environment);
}

Program Xvfb::StartWindowManager() const {
  const std::string ready = directory_ + "/managed";
  if (mkfifo(ready.c_str(), 0600) != 0) Throw(ready);
  // It runs this as soon as it manages the display.
  Program manager = Start({"openbox", "--sm-disable", "--startup", "/usr/bin/tee " + ready});
  const int reading = open(ready.c_str(), O_RDONLY);
  if (reading < 0) Throw(ready);
  close(reading);
  return manager;
}

void Xvfb::Await(const std::function<bool(const std::vector<TopLevel>&)>& wanted) {
  const TimePoint deadline = Clock::now() + kLimit;
  while (true) {
    auto windows = display_->TopLevels();
    if (!windows) throw std::runtime_error(windows.error().message);
    if (wanted(*windows)) return;
    bool fresh = false;
    for (const TopLevel& window : *windows) {
      if (!watched_.insert(window.window).second) continue;
      display_->Watch(window.window);
      fresh = true;
    }
    if (fresh) continue;
    auto happened = display_->Dispatch();
    if (!happened) throw std::runtime_error(happened.error().message);
    if (*happened) continue;
    const auto left = std::chrono::ceil<Milliseconds>(deadline - Clock::now()).count();
    pollfd event{display_->fd(), POLLIN, 0};
    if (left <= 0 || poll(&event, 1, static_cast<int>(left)) == 0)
      throw std::runtime_error("the windows are not as they should be:" + Describe(*windows));
  }
}

uint32_t Xvfb::AwaitWindow(pid_t pid, const std::string& title) {
  uint32_t found = 0;
  Await([&](const std::vector<TopLevel>& windows) {
    for (const TopLevel& window : windows)
      if (window.pid == pid && window.shown && window.takes_close &&
          window.title.find(title) != std::string::npos)
        found = window.window;
    return found != 0;
  });
  return found;
}

void Xvfb::Signal(int signal) const { kill(server_.pid(), signal); }

void Xvfb::Type(const std::vector<std::string>& words) const {
  std::vector<std::string> command{"xdotool"};
  command.insert(command.end(), words.begin(), words.end());
  if (Start(command).Wait() != 0) throw std::runtime_error("xdotool failed");
}

Result<Display> Xvfb::Connect() const {
  setenv("XAUTHORITY", authority_.c_str(), 1);
  return Display::Connect(name_);
}

}  // namespace rm::testing
