#include <exception>
#include <string>
#include <variant>
#include <vector>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/exit_codes.h"
#include "cli/output.h"
#include "cli/streams.h"

namespace rm::cli {
namespace {

int Do(const Saying& saying) {
  Answer(saying.text);
  return 0;
}
int Do(const Mistake& mistake) {
  Complain("{}", mistake.text);
  return mistake.exit_code;
}
int Do(const WhoOptions& options) { return Who(options); }
int Do(const StaleOptions& options) { return Stale(options); }
int Do(const RunOptions& options) { return Run(options); }
int Do(const SessionStartOptions& options) { return StartSession(options); }
int Do(const SessionOptions& options) { return UseSession(options); }
int Do(const SessionShowOptions& options) { return ShowSessions(options); }
int Do(const ExplainOptions& options) { return Explain(options); }
int Do(const RecoverOptions& options) { return Recover(options); }
int Do(const DemoOptions& options) { return Demo(options); }
int Do(const HolderOptions& options) { return HoldForDemo(options); }

int Main(std::vector<std::string> arguments) {
  const Options options = ParseArguments(std::move(arguments));
  const bool asks =
      std::holds_alternative<WhoOptions>(options) || std::holds_alternative<StaleOptions>(options);
  const int failed = asks ? kExitWhoFailed : kExitBroken;
  try {
    const int code = std::visit([](const auto& asked) { return Do(asked); }, options);
    if (FlushAnswers()) return code;
    Complain("the answer could not be written to standard output");
  } catch (const std::exception& error) {
    Complain("{}", error.what());
  }
  return failed;
}

}  // namespace
}  // namespace rm::cli

int main(int argc, char** argv) {
  rm::cli::ReserveStandardStreams();
  return rm::cli::Main(std::vector<std::string>(argv + 1, argv + argc));
}
