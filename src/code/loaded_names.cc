#include "code/loaded_names.h"

#include <elf.h>
#include <linux/limits.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <span>

#include "procfs/process_dir.h"
#include "procfs/read.h"

namespace rm {
namespace {

constexpr size_t kMostLibraries = 4096;
constexpr size_t kMostNamespaces = 16;  // of dlmopen(3)
constexpr size_t kMostSegments = 64;
constexpr size_t kMostDynamic = 128;
constexpr size_t kUsualName = 256;
constexpr size_t kMostStack = 128 << 10;  // bytes of pointers to arguments and variables

// The layouts of both word sizes, <elf.h> and <link.h>; ours is the byte order.
struct Bits64 {
  using Word = uint64_t;
  using Phdr = Elf64_Phdr;
  using Dynamic = Elf64_Dyn;
};
struct Bits32 {
  using Word = uint32_t;
  using Phdr = Elf32_Phdr;
  using Dynamic = Elf32_Dyn;
};

// As text, what is behind the arguments and the environment on the stack that the process began
// with. "" where they are not as execve(2) has put them.
template <class Bits>
std::string ReadAuxvOnStack(const ProcessMemory& memory, uint64_t at) {
  using Word = typename Bits::Word;
  std::vector<Word> words(kMostStack / sizeof(Word));
  words.resize(memory.ReadSome(at, words.data(), kMostStack) / sizeof(Word));
  if (words.empty()) return "";
  auto end = words.begin() + 1;  // argc
  for (int list = 0; list < 2; ++list) {
    end = std::find(end, words.end(), Word{0});
    if (end == words.end()) return "";
    ++end;
  }
  return {reinterpret_cast<const char*>(&*words.begin()) + (end - words.begin()) * sizeof(Word),
          reinterpret_cast<const char*>(words.data() + words.size())};
}

// struct r_debug and struct link_map, as far as they are needed.
template <class Bits>
struct Debug {
  int32_t version;
  typename Bits::Word map;
  typename Bits::Word brk, state, loader;
  typename Bits::Word next;  // from version 2 on
};
template <class Bits>
struct LinkMap {
  typename Bits::Word base, name, dynamic, next;
};

struct StartVector {
  uint64_t headers = 0;
  uint64_t header_count = 0;
  uint64_t file_name = 0;
};

template <class Bits>
bool ParseAuxv(const std::string& text, StartVector& start) {
  using Word = typename Bits::Word;
  for (size_t at = 0; at + 2 * sizeof(Word) <= text.size(); at += 2 * sizeof(Word)) {
    std::array<Word, 2> entry;
    std::memcpy(entry.data(), text.data() + at, sizeof entry);
    if (entry[0] == AT_NULL) break;
    if (entry[0] == AT_PHDR) start.headers = entry[1];
    if (entry[0] == AT_PHNUM) start.header_count = entry[1];
    if (entry[0] == AT_EXECFN) start.file_name = entry[1];
    // The size of a program header tells the size of a word.
    if (entry[0] == AT_PHENT && entry[1] != sizeof(typename Bits::Phdr)) return false;
  }
  return start.headers != 0;
}

std::string ReadText(const ProcessMemory& memory, uint64_t address) {
  for (const size_t size : {kUsualName, size_t{PATH_MAX}}) {
    std::string text(size, '\0');
    text.resize(memory.ReadSome(address, text.data(), size));
    if (const size_t end = text.find('\0'); end != text.npos) return text.substr(0, end);
  }
  return "";
}

template <class Bits>
class Loader {
 public:
  Loader(const ProcessMemory& memory, LoadedNames& names) : memory_(memory), names_(names) {}

  // Whether there are headers of a program that needs a loader.
  bool Read(const StartVector& start) {
    names_.program_headers = start.headers;
    if (start.file_name) names_.program = ReadText(memory_, start.file_name);
    uint64_t dynamic = 0;
    bool based = false;
    std::array<typename Bits::Phdr, kMostSegments> headers;
    const size_t count = std::min<uint64_t>(start.header_count, kMostSegments);
    if (!memory_.Read(start.headers, headers.data(), count * sizeof headers[0])) return false;
    for (const auto& header : std::span(headers).first(count)) {
      if (header.p_type == PT_PHDR) {
        names_.base = start.headers - header.p_vaddr;
        based = true;
      }
      if (header.p_type == PT_DYNAMIC) dynamic = header.p_vaddr;
    }
    if (!dynamic || !based) return false;
    uint64_t debug = FindDebug(names_.base + dynamic);
    for (size_t i = 0; debug && i < kMostNamespaces; ++i) debug = ReadNamespace(debug);
    return true;
  }

 private:
  uint64_t FindDebug(uint64_t at) {
    std::array<typename Bits::Dynamic, kMostDynamic> entries;
    const size_t got = memory_.ReadSome(at, entries.data(), sizeof entries) / sizeof entries[0];
    for (const auto& entry : std::span(entries).first(got)) {
      if (entry.d_tag == DT_NULL) return 0;
      if (entry.d_tag == DT_DEBUG) return entry.d_un.d_ptr;
    }
    return 0;
  }

  // The next namespace, or 0.
  uint64_t ReadNamespace(uint64_t address) {
    Debug<Bits> debug{};
    constexpr size_t kFirstVersion = offsetof(Debug<Bits>, next);
    if (!memory_.Read(address, &debug, kFirstVersion)) return 0;
    uint64_t at = debug.map;
    while (at && names_.libraries.size() < kMostLibraries && seen_.insert(at).second) {
      LinkMap<Bits> map{};
      if (!memory_.Read(at, &map, sizeof map)) break;
      std::string name = ReadText(memory_, map.name);
      if (!name.empty()) {
        names_.libraries.push_back({std::move(name), map.base, map.dynamic});
      }
      at = map.next;
    }
    if (debug.version < 2 || !memory_.Read(address, &debug, sizeof debug)) return 0;
    return debug.next;
  }

  const ProcessMemory& memory_;
  LoadedNames& names_;
  std::set<uint64_t> seen_;
};

// A loader that was executed with a program as its argument puts the program's vector in place of
// its own, but not where the kernel shows it.
template <class Bits>
LoadedNames ReadNamesOf(int process_directory, const StartVector& start,
                        const ProcessMemory& memory) {
  LoadedNames names;
  ProcessStat stat;
  StartVector own;
  if (Loader<Bits>(memory, names).Read(start) || ReadStat(process_directory, stat) ||
      !ParseAuxv<Bits>(ReadAuxvOnStack<Bits>(memory, stat.start_stack), own) ||
      own.headers == start.headers) {
    return names;
  }
  names = {};
  Loader<Bits>(memory, names).Read(own);
  return names;
}

}  // namespace

std::string ReadAuxv(int process_directory) {
  std::string text;
  if (ReadFileAt(process_directory, "auxv", kSmallFile, text)) text.clear();
  return text;
}

LoadedNames ReadLoadedNames(int process_directory, const ProcessMemory& memory) {
  const std::string auxv = ReadAuxv(process_directory);
  StartVector start64, start32;
  if (ParseAuxv<Bits64>(auxv, start64))
    return ReadNamesOf<Bits64>(process_directory, start64, memory);
  if (ParseAuxv<Bits32>(auxv, start32))
    return ReadNamesOf<Bits32>(process_directory, start32, memory);
  return {};
}

}  // namespace rm
