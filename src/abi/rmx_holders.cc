// RmxRegisterTree, RmxGetHolders.
#include <restartmanager.h>
#include <restartmanagerx.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "abi/answer.h"
#include "abi/app_answer.h"
#include "abi/call.h"
#include "abi/convert.h"
#include "abi/handles.h"

namespace rm {
namespace {

RMX_TREE* ToTree(const TreeFound& found) {
  auto answer = std::make_unique<OwnedAnswer<RMX_TREE>>();
  RMX_TREE& top = answer->top();
  top.cbSize = sizeof top;
  top.cbSkipped = sizeof(RMX_SKIPPED);
  for (const TreeEntry& entry : found.file.tree->at_registration)
    ++(S_ISDIR(entry.identity.mode) ? top.nDirectories : top.nFiles);
  std::vector<RMX_SKIPPED> skipped;
  for (const Skipped& one : found.skipped)
    skipped.push_back({answer->Keep(one.path), answer->Keep(one.why)});
  top.nSkipped = static_cast<UINT>(skipped.size());
  top.rgSkipped = answer->Keep(std::move(skipped));
  return Release(std::move(answer));
}

RMX_HOLDER_LIST* ToHolders(const HolderList& list, int64_t boot_us) {
  auto answer = std::make_unique<OwnedAnswer<RMX_HOLDER_LIST>>();
  RMX_HOLDER_LIST& top = answer->top();
  top.cbSize = sizeof top;
  top.cbHolder = sizeof(RMX_HOLDER);
  std::vector<RMX_HOLDER> holders;
  for (const HolderList::Holder& one : list.holders) {
    RMX_HOLDER holder{};
    holder.Process = ToUnique(one.holding.process, boot_us);
    holder.Kind = static_cast<RMX_HOLD_KIND>(one.holding.kind);
    holder.nDescriptor = one.holding.fd;
    holder.bPreviousContent = one.holding.previous_content;
    holder.szPath = answer->Keep(HeldPath(one.holding, list.files));
    holder.szRegistered = answer->Keep(list.files[one.holding.file]);
    holder.szName = answer->Keep(one.name);
    holder.szExecutable = answer->Keep(one.executable);
    holder.szUnit = answer->Keep(one.unit ? ToString(*one.unit) : "");
    holders.push_back(holder);
  }
  top.nHolders = static_cast<UINT>(holders.size());
  top.rgHolders = answer->Keep(std::move(holders));
  auto unreadable = ToPids(list.unreadable);
  top.nUnreadable = static_cast<UINT>(unreadable.size());
  top.rgUnreadable = answer->Keep(std::move(unreadable));
  return Release(std::move(answer));
}

}  // namespace
}  // namespace rm

using namespace rm;

DWORD WINAPI RmxRegisterTree(DWORD dwSessionHandle, const char* szPath, DWORD dwFlags,
                             RMX_TREE** ppTree) {
  return Call([&]() -> Result<void> {
    if (!szPath) return Fail(kBadArguments, "the directory is NULL");
    if (dwFlags & ~DWORD{RmxTreeOtherFileSystems})
      return Fail(kBadArguments, "0x{:x} is no RMX_TREE_FLAGS", dwFlags);
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    auto found = open->session->RegisterTree(szPath, dwFlags & RmxTreeOtherFileSystems);
    if (!found) return Pass(std::move(found));
    if (ppTree) *ppTree = ToTree(*found);
    return {};
  });
}

DWORD WINAPI RmxGetHolders(DWORD dwSessionHandle, RMX_HOLDER_LIST** ppList) {
  return Call([&]() -> Result<void> {
    if (!ppList) return Fail(kBadArguments, "RmxGetHolders needs a place for the list");
    auto open = Handles().Get(dwSessionHandle);
    if (!open) return Pass(std::move(open));
    auto list = open->session->Holders();
    if (!list) return Pass(std::move(list));
    *ppList = ToHolders(*list, open->boot_us);
    return {};
  });
}
