// How does a C++20 program use the Restart Manager? Sessions that clean up after themselves, UTF-8,
// results instead of codes, one callable for what happens, std::stop_token to cancel.
//
//   auto session = restartmanager::Session::Start();
//   if (!session) return Report(session.error());
//   if (auto done = session->Register({.files = {"/usr/lib/libfoo.so.1"}}); !done) ...
//   if (auto done = session->Shutdown(0, observer, token); !done) ...
//   ReplaceTheFiles();  // from here on, the destructor brings back what was stopped
//   if (auto done = session->Restart(observer); !done) ...
//
// Header only; link with librstrtmgr. Every function blocks until it is done. A failure is an Error
// with a code of restartmanager.h and a sentence for people; which codes, and what each function
// promises, is said there and in restartmanagerx.h. File names are bytes.
#ifndef RESTARTMANAGER_HPP
#define RESTARTMANAGER_HPP

#if __cplusplus < 202002L
#error "restartmanager.hpp needs C++20: -std=c++20"
#endif

#include <restartmanager.h>
#include <restartmanagerx.h>

#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace restartmanager {

struct Error {
  DWORD code = 0;    // ERROR_..., never ERROR_SUCCESS
  std::string text;  // what happened, to what, what to do
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return content_.index() == 0; }
  // Only when there is a value.
  T& operator*() { return std::get<0>(content_); }
  const T& operator*() const { return std::get<0>(content_); }
  T* operator->() { return &std::get<0>(content_); }
  const T* operator->() const { return &std::get<0>(content_); }
  // Only when there is none.
  const Error& error() const { return std::get<1>(content_); }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  explicit operator bool() const { return !error_; }
  const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

// --- values ------------------------------------------------------------------------------------

using ProcessId = RM_UNIQUE_PROCESS;

inline bool SameProcess(const ProcessId& a, const ProcessId& b) {
  return a.dwProcessId == b.dwProcessId &&
         a.ProcessStartTime.dwLowDateTime == b.ProcessStartTime.dwLowDateTime &&
         a.ProcessStartTime.dwHighDateTime == b.ProcessStartTime.dwHighDateTime;
}

struct Resources {
  std::vector<std::string> files = {};  // absolute paths
  std::vector<ProcessId> processes = {};
  std::vector<std::string> services = {};  // "nginx", "nginx.service", "user:1000/NAME"
};

struct Skipped {
  std::string path;
  std::string why;
};

// What was below a directory when it was registered.
struct Tree {
  unsigned files = 0;
  unsigned directories = 0;
  std::vector<Skipped> skipped;  // directories that could not be looked into
};

struct Executable {
  std::string path;
};
struct Service {
  std::string name;
};
using FilterTarget = std::variant<Executable, ProcessId, Service>;

struct Filter {
  FilterTarget target;
  RM_FILTER_ACTION action = RmNoShutdown;
};

struct Event {
  RMX_EVENT_KIND kind = RmxEventHold;
  unsigned percent = 0;
  DWORD pid = 0;  // main process, 0 if none
  std::string name;
  std::string unit;
  std::string text;  // why, for people; "" if there is nothing to say
};

// Called in the thread that called Shutdown, Restart, Recover or GiveUp. May request a stop and
// call no other function of the session. What it throws cancels the operation and reaches its
// caller.
using Observer = std::function<void(const Event&)>;

struct Holding {
  ProcessId process{};
  RMX_HOLD_KIND kind = RmxHoldDescriptor;
  int descriptor = -1;
  bool previous_content = false;
  std::string path;
};

// One process that holds one file in one way.
struct Holder {
  Holding holding;
  std::string registered;  // of a file below a registered tree, the tree's path
  std::string name;        // of the process
  std::string executable;
  std::string unit;  // "" if none
};

struct HolderList {
  std::vector<Holder> holders;    // by process
  std::vector<DWORD> unreadable;  // pids that could not be looked at; 0: all that /proc hides
};

struct App {
  ProcessId main{};
  RM_APP_TYPE type = RmUnknownApp;
  ULONG status = 0;                             // RM_APP_STATUS bits
  DWORD login_session = RM_INVALID_TS_SESSION;  // of logind
  bool restartable = false;                     // bRestartable
  bool listed = false;                          // counted by RmGetList
  std::string name;
  std::string unit;  // "" for a plain process
  std::string executable;
  RMX_COME_BACK come_back = RmxComeBackNot;
  DWORD reboot_reasons = 0;  // RM_REBOOT_REASON bits
  std::string why_not_stoppable;
  std::string why_not_back;
  std::vector<ProcessId> processes;
  std::vector<Holding> holdings;
  std::vector<std::string> goes_along;
  std::string why_type;                     // for people
  std::string how_stopped;                  // for people
  std::vector<std::string> cannot_restore;  // what a new process in its place would lack
  RMX_OUTCOME outcome = RmxOutcomeNone;
};

struct AppList {
  std::vector<App> apps;  // in the order of stopping
  DWORD reboot_reasons = 0;
  std::vector<DWORD> unreadable;  // pids that could not be looked at; 0: all that /proc hides
  std::vector<DWORD> unanswered;  // those that the kernel did not tell all of in time
  std::vector<DWORD> in_flight;   // have not received descriptors that were sent to them
  std::vector<std::string> unreachable;  // registered files whose file system does not answer
};

struct StaleFile {
  ProcessId process{};
  RMX_FRESHNESS freshness = RmxUnknown;
  RMX_MAPPED_KIND kind = RmxMappedLibrary;
  std::string path;    // the name it was loaded by, where known
  std::string mapped;  // what the kernel calls it now
  std::string why;
  std::string mapped_build_id;  // "" none, or unknown
  std::string named_build_id;
};

struct StaleApp {
  App app;  // without holdings
  RMX_CURE cure = RmxCureNone;
  std::string how;  // a command, or a reason
  std::vector<StaleFile> files;
};

struct UnreadableProcess {
  DWORD pid = 0;
  std::string name;  // "" if not even that may be read
};

struct StaleList {
  std::vector<StaleApp> apps;  // in the order of stopping
  unsigned processes = 0;      // looked at
  unsigned stale = 0;          // files in processes, listed or not
  unsigned refreshed = 0;
  unsigned transient = 0;
  unsigned unknown = 0;
  std::vector<UnreadableProcess> unreadable;
};

struct Step {
  unsigned wave = 0;  // steps of one wave are done at the same time
  std::string act;    // "stop", "skip"
  std::string name;
  std::string unit;
  DWORD pid = 0;
  std::string how;
};

struct Plan {
  std::vector<Step> steps;
  DWORD refusal = 0;  // what Shutdown would fail with, without doing anything, or 0
  std::string why_refused;
  std::vector<std::string> held;
};

struct Unit {
  std::string name;
  std::string description;
  std::string load_state;  // "loaded", "not-found", "masked", "no-systemd"
  std::string active_state;
  DWORD main_pid = 0;
};

struct SessionInfo {
  std::string name;
  ProcessId owner{};
  bool owner_alive = false;
  FILETIME started{};
  unsigned files = 0;
  unsigned processes = 0;
  unsigned services = 0;
  std::vector<std::string> owed;
  std::vector<DWORD> owed_pids;  // the pid that a program had; 0 for a unit
};

// --- how it is done ----------------------------------------------------------------------------

namespace detail {

struct Free {
  void operator()(void* p) const { RmxFree(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

inline Error LastError(DWORD code) { return {code, RmxGetErrorText()}; }
inline Result<void> Check(DWORD code) {
  if (code != ERROR_SUCCESS) return LastError(code);
  return {};
}

inline std::string Text(const char* text) { return text ? text : ""; }
inline std::vector<std::string> Texts(const char* const* texts, UINT count) {
  return {texts, texts + count};
}
inline std::vector<const char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  return pointers;
}

// The n-th element of an array whose elements may be longer than this header knows.
template <class T>
const T& Element(const T* first, uint32_t distance, UINT n) {
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(first) + size_t{distance} * n);
}

inline std::optional<char32_t> DecodeUtf8(std::string_view text, size_t& length) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    length = 1;
    return lead;
  }
  length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return std::nullopt;
  char32_t point = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    point = point << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  if (overlong || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return std::nullopt;
  return point;
}

// A byte that is not UTF-8 becomes U+DC80..U+DCFF, as restartmanager.h says.
inline std::u16string ToUtf16(std::string_view text) {
  std::u16string wide;
  while (!text.empty()) {
    size_t length = 1;
    const std::optional<char32_t> point = DecodeUtf8(text, length);
    if (!point) {
      length = 1;
      wide += static_cast<char16_t>(0xDC00 + static_cast<unsigned char>(text[0]));
    } else if (*point < 0x10000) {
      wide += static_cast<char16_t>(*point);
    } else {
      wide += static_cast<char16_t>(0xD7C0 + (*point >> 10));
      wide += static_cast<char16_t>(0xDC00 + (*point & 0x3FF));
    }
    text.remove_prefix(length);
  }
  return wide;
}

inline std::string ToUtf8(std::u16string_view wide) {
  std::string text;
  for (size_t i = 0; i < wide.size(); ++i) {
    char32_t point = wide[i];
    if (point >= 0xD800 && point < 0xDC00 && i + 1 < wide.size()) {
      point = 0x10000 + ((point - 0xD800) << 10) + (wide[++i] - 0xDC00);
    }
    if (point < 0x80) {
      text += static_cast<char>(point);
    } else if (point >= 0xDC80 && point <= 0xDCFF) {
      text += static_cast<char>(point - 0xDC00);
    } else {
      if (point < 0x800) {
        text += static_cast<char>(0xC0 | point >> 6);
      } else {
        if (point < 0x10000) {
          text += static_cast<char>(0xE0 | point >> 12);
        } else {
          text += static_cast<char>(0xF0 | point >> 18);
          text += static_cast<char>(0x80 | (point >> 12 & 0x3F));
        }
        text += static_cast<char>(0x80 | (point >> 6 & 0x3F));
      }
      text += static_cast<char>(0x80 | (point & 0x3F));
    }
  }
  return text;
}

// The arguments with which RmAddFilter and RmRemoveFilter name a target.
struct WideTarget {
  explicit WideTarget(const FilterTarget& target) {
    if (const auto* executable = std::get_if<Executable>(&target)) path = ToUtf16(executable->path);
    if (const auto* id = std::get_if<ProcessId>(&target)) process = *id;
    if (const auto* unit = std::get_if<Service>(&target)) service = ToUtf16(unit->name);
  }
  const WCHAR* Path() const { return path ? path->c_str() : nullptr; }
  RM_UNIQUE_PROCESS* Process() { return process ? &*process : nullptr; }
  const WCHAR* ServiceName() const { return service ? service->c_str() : nullptr; }

  std::optional<std::u16string> path;
  std::optional<RM_UNIQUE_PROCESS> process;
  std::optional<std::u16string> service;
};

// One Shutdown or Restart while it runs. The status callback has no context argument, but it runs
// in the calling thread.
class Watch {
 public:
  // `handle`: none when there is nothing to cancel.
  Watch(std::optional<DWORD> handle, const Observer& observer, const std::stop_token& cancel)
      : handle_(handle), observer_(observer), cancel_(cancel), previous_(current_) {
    current_ = this;
  }
  ~Watch() { current_ = previous_; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // A stop that was requested before the operation began is not lost: the first progress report
  // passes it on.
  static void OnProgress(UINT) {
    if (current_ && current_->cancel_.stop_requested()) current_->Cancel();
  }

  static void OnEvent(const RMX_EVENT* event, void* watch) {
    static_cast<Watch*>(watch)->Tell(*event);
  }

  void Rethrow() {
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  }

 private:
  void Tell(const RMX_EVENT& event) noexcept {
    if (!observer_ || thrown_) return;
    try {
      observer_({event.Kind, event.nPercentComplete, event.dwProcessId, Text(event.szName),
                 Text(event.szUnit), Text(event.szText)});
    } catch (...) {
      thrown_ = std::current_exception();
      Cancel();
    }
  }

  void Cancel() {
    if (handle_) RmCancelCurrentTask(*handle_);
  }

  inline static thread_local Watch* current_ = nullptr;
  std::optional<DWORD> handle_;
  const Observer& observer_;
  const std::stop_token& cancel_;
  Watch* previous_;
  std::exception_ptr thrown_;
};

inline App ToApp(const RMX_APP& from) {
  App app;
  app.main = from.Info.Process;
  app.type = from.Info.ApplicationType;
  app.status = from.Info.AppStatus;
  app.login_session = from.Info.TSSessionId;
  app.restartable = from.Info.bRestartable != 0;
  app.listed = from.bListed != 0;
  app.name = Text(from.szName);
  app.unit = Text(from.szUnit);
  app.executable = Text(from.szExecutable);
  app.come_back = from.ComeBack;
  app.outcome = from.Outcome;
  app.reboot_reasons = from.dwRebootReasons;
  app.why_not_stoppable = Text(from.szWhyNotStoppable);
  app.why_not_back = Text(from.szWhyNotBack);
  app.processes.assign(from.rgProcesses, from.rgProcesses + from.nProcesses);
  for (UINT i = 0; i < from.nHoldings; ++i) {
    const RMX_HOLDING& holding = from.rgHoldings[i];
    app.holdings.push_back({holding.Process, holding.Kind, holding.nDescriptor,
                            holding.bPreviousContent != 0, Text(holding.szPath)});
  }
  app.goes_along = Texts(from.rgGoesAlong, from.nGoesAlong);
  app.why_type = Text(from.szWhyType);
  app.how_stopped = Text(from.szHowStopped);
  app.cannot_restore = Texts(from.rgCannotRestore, from.nCannotRestore);
  return app;
}

}  // namespace detail

// --- the session ---------------------------------------------------------------------------------

// Movable; one thread at a time, except Cancel.
//
// The destructor of a session that was started here brings back what Shutdown stopped, unless
// Restart did, and ends the session; what cannot be brought back stays owed (RmxRecover). A session
// that was opened or joined by its key goes on.
class Session {
 public:
  // `owner`: the process that the session lasts as long as; none: this one.
  static Result<Session> Start(std::optional<ProcessId> owner = std::nullopt) {
    Session session(Role::kStarted);
    char key[CCH_RM_SESSION_KEY + 1] = {};
    const DWORD code = RmxStartSession(&session.handle_, owner ? &*owner : nullptr, key);
    if (code != ERROR_SUCCESS) return session.Unopened(code);
    session.key_ = key;
    return session;
  }

  // As a secondary installer, which may register.
  static Result<Session> Join(const std::string& key) {
    Session session(Role::kJoined);
    const DWORD code = RmJoinSession(&session.handle_, detail::ToUtf16(key).c_str());
    if (code != ERROR_SUCCESS) return session.Unopened(code);
    session.key_ = key;
    return session;
  }

  // As the primary installer, from another process than the one that started it.
  static Result<Session> Open(const std::string& key) {
    Session session(Role::kOpened);
    const DWORD code = RmxOpenSession(&session.handle_, key.c_str());
    if (code != ERROR_SUCCESS) return session.Unopened(code);
    session.key_ = key;
    return session;
  }

  Session(Session&& other) noexcept { *this = std::move(other); }
  Session& operator=(Session&& other) noexcept {
    if (this == &other) return *this;
    Leave();
    handle_ = other.handle_;
    role_ = std::exchange(other.role_, Role::kNone);
    owes_ = std::exchange(other.owes_, false);
    key_ = std::move(other.key_);
    return *this;
  }
  ~Session() { Leave(); }

  const std::string& key() const { return key_; }
  DWORD handle() const { return handle_; }

  Result<void> Register(const Resources& what) {
    const auto files = detail::Pointers(what.files);
    const auto services = detail::Pointers(what.services);
    return detail::Check(
        RmxRegisterResources(handle_, static_cast<UINT>(files.size()), files.data(),
                             static_cast<UINT>(what.processes.size()), what.processes.data(),
                             static_cast<UINT>(services.size()), services.data()));
  }

  // Everything below a directory, also what comes later. `flags`: RMX_TREE_FLAGS bits.
  Result<Tree> RegisterTree(const std::string& path, DWORD flags = 0,
                            const std::stop_token& cancel = {}) {
    RMX_TREE* raw = nullptr;
    const auto done =
        Cancellable(cancel, [&] { return RmxRegisterTree(handle_, path.c_str(), flags, &raw); });
    const detail::Owned<RMX_TREE> from(raw);
    if (!done) return done.error();
    Tree tree{from->nFiles, from->nDirectories, {}};
    for (UINT i = 0; i < from->nSkipped; ++i) {
      const RMX_SKIPPED& skipped = detail::Element(from->rgSkipped, from->cbSkipped, i);
      tree.skipped.push_back({detail::Text(skipped.szPath), detail::Text(skipped.szWhy)});
    }
    return tree;
  }

  Result<void> SetOption(RMX_OPTION option, uint64_t value) {
    return detail::Check(RmxSetOption(handle_, option, value));
  }

  Result<void> AddFilter(const Filter& filter) {
    detail::WideTarget target(filter.target);
    return detail::Check(
        RmAddFilter(handle_, target.Path(), target.Process(), target.ServiceName(), filter.action));
  }
  Result<void> RemoveFilter(const FilterTarget& of) {
    detail::WideTarget target(of);
    return detail::Check(
        RmRemoveFilter(handle_, target.Path(), target.Process(), target.ServiceName()));
  }

  Result<std::vector<Filter>> Filters() {
    std::vector<unsigned char> buffer;
    DWORD needed = 0;
    DWORD code = ERROR_MORE_DATA;
    while (code == ERROR_MORE_DATA) {
      buffer.resize(needed);
      code = RmGetFilterList(handle_, buffer.empty() ? nullptr : buffer.data(),
                             static_cast<DWORD>(buffer.size()), &needed);
    }
    if (code != ERROR_SUCCESS) return detail::LastError(code);
    std::vector<Filter> filters;
    DWORD next = 0;
    for (size_t at = 0; at + sizeof(RM_FILTER_INFO) <= buffer.size(); at += next) {
      RM_FILTER_INFO info;
      std::memcpy(&info, buffer.data() + at, sizeof info);
      FilterTarget target = info.Process;
      if (info.FilterTrigger == RmFilterTriggerFile) {
        target = Executable{detail::ToUtf8(info.strFilename)};
      } else if (info.FilterTrigger == RmFilterTriggerService) {
        target = Service{detail::ToUtf8(info.strServiceShortName)};
      }
      filters.push_back({target, info.FilterAction});
      next = info.cbNextOffset;
      if (next == 0) break;
    }
    return filters;
  }

  // Who uses what was registered, and how.
  Result<AppList> Apps(const std::stop_token& cancel = {}) {
    RMX_APP_LIST* raw = nullptr;
    const auto done = Cancellable(cancel, [&] { return RmxGetApps(handle_, &raw); });
    const detail::Owned<RMX_APP_LIST> from(raw);
    if (!done) return done.error();
    AppList list;
    for (UINT i = 0; i < from->nApps; ++i) {
      list.apps.push_back(detail::ToApp(detail::Element(from->rgApps, from->cbApp, i)));
    }
    list.reboot_reasons = from->dwRebootReasons;
    list.unreadable.assign(from->rgUnreadable, from->rgUnreadable + from->nUnreadable);
    if (from->cbSize >= sizeof(RMX_APP_LIST)) {
      list.unanswered.assign(from->rgUnanswered, from->rgUnanswered + from->nUnanswered);
      list.in_flight.assign(from->rgInFlight, from->rgInFlight + from->nInFlight);
      list.unreachable.assign(from->rgUnreachable, from->rgUnreachable + from->nUnreachable);
    }
    return list;
  }

  // Which process holds which file, and how; the caller and its directories, too.
  Result<HolderList> Holders(const std::stop_token& cancel = {}) {
    RMX_HOLDER_LIST* raw = nullptr;
    const auto done = Cancellable(cancel, [&] { return RmxGetHolders(handle_, &raw); });
    const detail::Owned<RMX_HOLDER_LIST> from(raw);
    if (!done) return done.error();
    HolderList list;
    for (UINT i = 0; i < from->nHolders; ++i) {
      const RMX_HOLDER& one = detail::Element(from->rgHolders, from->cbHolder, i);
      list.holders.push_back({{one.Process, one.Kind, one.nDescriptor, one.bPreviousContent != 0,
                               detail::Text(one.szPath)},
                              detail::Text(one.szRegistered),
                              detail::Text(one.szName),
                              detail::Text(one.szExecutable),
                              detail::Text(one.szUnit)});
    }
    list.unreadable.assign(from->rgUnreadable, from->rgUnreadable + from->nUnreadable);
    return list;
  }

  // What Shutdown(flags) would do now.
  Result<Plan> GetPlan(ULONG flags, const std::stop_token& cancel = {}) {
    RMX_PLAN* raw = nullptr;
    const auto done = Cancellable(cancel, [&] { return RmxGetPlan(handle_, flags, &raw); });
    const detail::Owned<RMX_PLAN> from(raw);
    if (!done) return done.error();
    Plan plan;
    for (UINT i = 0; i < from->nSteps; ++i) {
      const RMX_STEP& step = detail::Element(from->rgSteps, from->cbStep, i);
      plan.steps.push_back({step.nWave, detail::Text(step.szAct), detail::Text(step.szName),
                            detail::Text(step.szUnit), step.dwProcessId, detail::Text(step.szHow)});
    }
    plan.refusal = from->dwRefusal;
    plan.why_refused = detail::Text(from->szWhyRefused);
    plan.held = detail::Texts(from->rgHeld, from->nHeld);
    return plan;
  }

  // `flags`: RM_SHUTDOWN_TYPE bits. Whatever it returns, something may have been stopped.
  Result<void> Shutdown(ULONG flags, const Observer& observer = {},
                        const std::stop_token& cancel = {}) {
    owes_ = true;
    return Run(observer, cancel,
               [&] { return RmShutdown(handle_, flags, &detail::Watch::OnProgress); });
  }

  Result<void> Restart(const Observer& observer = {}, const std::stop_token& cancel = {}) {
    auto done =
        Run(observer, cancel, [&] { return RmRestart(handle_, 0, &detail::Watch::OnProgress); });
    if (done) owes_ = false;
    return done;
  }

  // From another thread, or from an observer.
  Result<void> Cancel() { return detail::Check(RmCancelCurrentTask(handle_)); }

  // Ends the session (joined: leaves it). What is still stopped stays stopped.
  Result<void> End() {
    if (role_ == Role::kNone) return {};
    role_ = Role::kNone;
    return detail::Check(RmEndSession(handle_));
  }

  // Forgets the handle; the session goes on as long as its owner.
  Result<void> Close() {
    if (role_ == Role::kNone) return {};
    role_ = Role::kNone;
    return detail::Check(RmxCloseSession(handle_));
  }

 private:
  enum class Role { kNone, kStarted, kOpened, kJoined };

  explicit Session(Role role) : role_(role) {}

  Error Unopened(DWORD code) {
    role_ = Role::kNone;
    return detail::LastError(code);
  }

  // For what only looks: a stop that comes just before the library begins is too early for it, and
  // the answer comes nevertheless.
  template <class Act>
  Result<void> Cancellable(const std::stop_token& cancel, Act act) {
    if (cancel.stop_requested()) return Error{ERROR_CANCELLED, "cancelled before it began"};
    const std::stop_callback on_stop(cancel, [this] { RmCancelCurrentTask(handle_); });
    return detail::Check(act());
  }

  template <class Act>
  Result<void> Run(const Observer& observer, const std::stop_token& cancel, Act act) {
    if (cancel.stop_requested()) return Error{ERROR_CANCELLED, "cancelled before it began"};
    detail::Watch watch(handle_, observer, cancel);
    RmxSetObserver(handle_, &detail::Watch::OnEvent, &watch);
    DWORD code = ERROR_SUCCESS;
    {
      std::stop_callback on_stop(cancel, [this] { RmCancelCurrentTask(handle_); });
      code = act();
    }
    auto done = detail::Check(code);
    RmxSetObserver(handle_, nullptr, nullptr);
    watch.Rethrow();
    return done;
  }

  void Leave() noexcept {
    if (role_ == Role::kNone) return;
    if (role_ == Role::kJoined) {
      RmEndSession(handle_);
    } else if (role_ == Role::kOpened || (owes_ && !IsPaid(RmRestart(handle_, 0, nullptr)))) {
      RmxCloseSession(handle_);
    } else {
      RmEndSession(handle_);
    }
    role_ = Role::kNone;
  }

  // Where Shutdown was over before it began there is nothing to restart.
  static bool IsPaid(DWORD code) {
    return code == ERROR_SUCCESS || code == ERROR_REQUEST_OUT_OF_SEQUENCE;
  }

  DWORD handle_ = 0;
  Role role_ = Role::kNone;
  bool owes_ = false;
  std::string key_;
};

// --- without a session
// -----------------------------------------------------------------------------

inline Result<ProcessId> DescribeProcess(DWORD pid) {
  ProcessId process{};
  const DWORD code = RmxDescribeProcess(pid, &process);
  if (code != ERROR_SUCCESS) return detail::LastError(code);
  return process;
}

inline Result<Unit> DescribeUnit(const std::string& name) {
  RMX_UNIT* raw = nullptr;
  const DWORD code = RmxDescribeUnit(name.c_str(), &raw);
  const detail::Owned<RMX_UNIT> from(raw);
  if (code != ERROR_SUCCESS) return detail::LastError(code);
  return Unit{detail::Text(from->szUnit), detail::Text(from->szDescription),
              detail::Text(from->szLoadState), detail::Text(from->szActiveState),
              from->dwMainProcessId};
}

// Which processes run outdated code. `all`: also what is refreshed, transient or unknown.
inline Result<StaleList> Stale(bool all = false) {
  RMX_STALE_LIST* raw = nullptr;
  const DWORD code = RmxGetStale(all ? RMX_STALE_ALL : 0, &raw);
  const detail::Owned<RMX_STALE_LIST> from(raw);
  if (code != ERROR_SUCCESS) return detail::LastError(code);
  StaleList list;
  for (UINT i = 0; i < from->nApps; ++i) {
    const RMX_STALE_APP& app = detail::Element(from->rgApps, from->cbApp, i);
    StaleApp stale{detail::ToApp(*app.pApp), app.Cure, detail::Text(app.szCure), {}};
    for (UINT j = 0; j < app.nFiles; ++j) {
      const RMX_STALE_FILE& file = detail::Element(app.rgFiles, from->cbFile, j);
      stale.files.push_back({file.Process, file.Freshness, file.Kind, detail::Text(file.szPath),
                             detail::Text(file.szMapped), detail::Text(file.szWhy),
                             detail::Text(file.szMappedBuildId),
                             detail::Text(file.szNamedBuildId)});
    }
    list.apps.push_back(std::move(stale));
  }
  list.processes = from->nProcesses;
  list.stale = from->nStale;
  list.refreshed = from->nRefreshed;
  list.transient = from->nTransient;
  list.unknown = from->nUnknown;
  for (UINT i = 0; i < from->nUnreadable; ++i) {
    const RMX_UNREADABLE& process = detail::Element(from->rgUnreadable, from->cbUnreadable, i);
    list.unreadable.push_back({process.dwProcessId, detail::Text(process.szName)});
  }
  return list;
}

// Every session of this user.
inline Result<std::vector<SessionInfo>> Sessions() {
  RMX_SESSION_LIST* raw = nullptr;
  const DWORD code = RmxGetSessions(&raw);
  const detail::Owned<RMX_SESSION_LIST> from(raw);
  if (code != ERROR_SUCCESS) return detail::LastError(code);
  std::vector<SessionInfo> sessions;
  for (UINT i = 0; i < from->nSessions; ++i) {
    const RMX_SESSION& session = detail::Element(from->rgSessions, from->cbSession, i);
    sessions.push_back({detail::Text(session.szName), session.Owner, session.bOwnerAlive != 0,
                        session.Started, session.nFiles, session.nProcesses, session.nServices,
                        detail::Texts(session.rgOwed, session.nOwed),
                        std::vector<DWORD>(session.nOwed)});
    if (from->cbSession >= sizeof session && session.nOwed != 0)
      sessions.back().owed_pids.assign(session.rgOwedProcessIds,
                                       session.rgOwedProcessIds + session.nOwed);
  }
  return sessions;
}

// Starts what sessions owe whose owner is dead.
inline Result<void> Recover(const Observer& observer = {}) {
  const std::stop_token never;
  detail::Watch watch(std::nullopt, observer, never);
  auto done = detail::Check(RmxRecover(&detail::Watch::OnEvent, &watch));
  watch.Rethrow();
  return done;
}

// Gives up what sessions owe whose owner is dead: sessions, units, pids, names of programs.
// `flags`: RmxGiveUpDryRun.
inline Result<void> GiveUp(const std::vector<std::string>& names, DWORD flags = 0,
                           const Observer& observer = {}) {
  const std::stop_token never;
  detail::Watch watch(std::nullopt, observer, never);
  const auto pointers = detail::Pointers(names);
  auto done = detail::Check(RmxGiveUp(static_cast<UINT>(pointers.size()), pointers.data(), flags,
                                      &detail::Watch::OnEvent, &watch));
  watch.Rethrow();
  return done;
}

}  // namespace restartmanager

#endif
