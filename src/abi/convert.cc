#include "abi/convert.h"

#include <algorithm>

#include "base/text.h"
#include "base/win32_codes.h"

namespace rm {

Result<std::string> ToUtf8(LPCWSTR text, const char* what) {
  if (!text) return Fail(kBadArguments, "{} is NULL", what);
  auto bytes = Utf16ToUtf8(std::u16string_view(text));
  if (!bytes) return Fail(kBadArguments, "{} is no valid UTF-16 text", what);
  return std::move(*bytes);
}

void CopyText(const std::string& utf8, WCHAR* out, size_t capacity) {
  std::u16string text = Utf8ToUtf16(utf8);
  if (text.size() >= capacity) {
    text.resize(capacity - 1);
    if (text.back() >= 0xD800 && text.back() <= 0xDBFF) text.pop_back();
  }
  std::copy(text.begin(), text.end(), out);
  out[text.size()] = 0;
}

RM_PROCESS_INFO ToInfo(const App& app, int64_t boot_us) {
  RM_PROCESS_INFO info{};
  info.Process = ToUnique(app.main, boot_us);
  CopyText(app.name, info.strAppName, CCH_RM_MAX_APP_NAME + 1);
  if (app.is_service()) {
    const std::string& unit = app.unit->name;
    CopyText(unit.substr(0, unit.size() - std::string_view(".service").size()),
             info.strServiceShortName, CCH_RM_MAX_SVC_NAME + 1);
  }
  info.ApplicationType = static_cast<RM_APP_TYPE>(app.type);
  info.AppStatus = app.status;
  info.TSSessionId = app.login_session;
  info.bRestartable = app.come_back != ComeBack::kNot;
  return info;
}

}  // namespace rm
