#include "store/boot_debts.h"

#include <charconv>
#include <optional>

#include "base/checksum.h"
#include "base/win32_codes.h"

namespace rm {
namespace {

constexpr std::string_view kFirstLine = "restart-manager owed 2";
constexpr std::string_view kLastWord = "end ";
constexpr size_t kLastLine = kLastWord.size() + 16 + 1;  // bytes

// Behind all other lines: a changed letter may name another unit.
std::string LastLine(std::string_view before) {
  return fmt::format("{}{:016x}\n", kLastWord, Checksum(before));
}

// A word of a line: what is no visible ASCII is written as \ooo, as /proc/PID/maps does.
std::string Escaped(std::string_view bytes) {
  std::string word;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > ' ' && byte < 0x7f && c != '\\')
      word += c;
    else
      word += fmt::format("\\{:03o}", byte);
  }
  return word;
}

// None: Escaped would not have written it so.
std::optional<std::string> Unescaped(std::string_view word) {
  const std::string_view written = word;
  std::string bytes;
  while (!word.empty()) {
    if (word.front() != '\\') {
      bytes += word.front();
      word.remove_prefix(1);
      continue;
    }
    unsigned byte = 0;
    if (word.size() < 4) return std::nullopt;
    const auto [end, trouble] = std::from_chars(word.data() + 1, word.data() + 4, byte, 8);
    if (trouble != std::errc() || end != word.data() + 4 || byte > 0xff) return std::nullopt;
    bytes += static_cast<char>(byte);
    word.remove_prefix(4);
  }
  if (Escaped(bytes) != written) return std::nullopt;
  return bytes;
}

template <class Number>
bool ReadNumber(std::string_view text, Number& number) {
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
  return trouble == std::errc() && end == text.data() + text.size();
}

// Takes what stands before the next `mark`; all that is left when there is none.
std::string_view Take(std::string_view& rest, char mark) {
  const size_t end = rest.find(mark);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

bool ReadProgram(std::string_view rest, BootProgram& program) {
  if (!ReadNumber(Take(rest, ' '), program.user)) return false;
  const auto name = Unescaped(Take(rest, ' '));
  const auto executable = Unescaped(rest);
  if (!name || !executable) return false;
  program.name = *name;
  program.executable = *executable;
  return true;
}

// One line between the first and the last.
bool ReadLine(std::string_view line, BootDebts& debts) {
  const std::string_view kind = Take(line, ' ');
  if (kind == "boot") {
    debts.boot_id = line;
    return !line.empty() && Escaped(line) == line;
  }
  if (kind == "started") return ReadNumber(line, debts.started_us);
  if (kind == "unit") {
    auto unit = ParseUnitRef(std::string(line));
    // Only as ToString writes it: nothing is completed or guessed here.
    if (!unit || ToString(*unit) != line) return false;
    debts.units.push_back(std::move(*unit));
    return true;
  }
  return kind == "program" && ReadProgram(line, debts.programs.emplace_back());
}

}  // namespace

BootDebts OwedToTheNextBoot(const std::vector<Debt>& debts) {
  BootDebts owed;
  for (const Debt& debt : debts) {
    if (!IsOwed(debt)) continue;
    if (debt.unit)
      owed.units.push_back(*debt.unit);
    else if (debt.process)
      owed.programs.push_back({debt.process->uids[0], debt.app_name, debt.process->executable});
  }
  return owed;
}

std::string Serialize(const BootDebts& debts) {
  std::string text =
      fmt::format("{}\nboot {}\nstarted {}\n", kFirstLine, debts.boot_id, debts.started_us);
  for (const UnitRef& unit : debts.units) text += fmt::format("unit {}\n", ToString(unit));
  for (const BootProgram& program : debts.programs) {
    const std::string line = fmt::format("program {} {} {}\n", program.user, Escaped(program.name),
                                         Escaped(program.executable));
    // Nobody starts it: it is left out before the units can no longer be read.
    if (text.size() + line.size() + kLastLine < kMaxBootDebts) text += line;
  }
  return text + LastLine(text);
}

Result<BootDebts> ParseBootDebts(std::string_view text) {
  BootDebts debts;
  size_t number = 1;
  const std::string_view whole = text;
  if (text.size() > kMaxBootDebts) return Fail(kWriteFault, "it is too large");
  if (!text.ends_with('\n')) return Fail(kWriteFault, "its end is missing");
  if (Take(text, '\n') != kFirstLine)
    return Fail(kWriteFault, "it does not begin with \"{}\"", kFirstLine);
  while (!text.empty()) {
    const std::string_view line = Take(text, '\n');
    ++number;
    if (text.empty() && line.starts_with(kLastWord) && !debts.boot_id.empty()) {
      if (whole.ends_with(LastLine(whole.substr(0, whole.size() - line.size() - 1)))) return debts;
      return Fail(kWriteFault, "it was changed after it was written");
    }
    if (!ReadLine(line, debts)) return Fail(kWriteFault, "its line {} is damaged", number);
  }
  return Fail(kWriteFault, "its end is missing");
}

std::vector<Debt> DebtsOf(const BootDebts& debts) {
  std::vector<Debt> owed;
  for (const UnitRef& unit : debts.units) {
    Debt debt;
    debt.unit = unit;
    debt.app_name = unit.name;
    owed.push_back(std::move(debt));
  }
  for (const BootProgram& program : debts.programs) {
    Debt debt;
    debt.process.emplace();
    debt.process->uids.fill(program.user);
    debt.process->executable = program.executable;
    debt.app_name = program.name;
    owed.push_back(std::move(debt));
  }
  return owed;
}

}  // namespace rm
