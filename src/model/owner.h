// To which unit does a process belong?
#pragma once

#include <cstdint>

#include "model/resource.h"

namespace rm {

enum class OwnerKind {
  kService,       // *.service
  kAppScope,      // app-*.scope: one application of a desktop session
  kContainer,     // docker-, libpod-, crio-, ... scope, or anything in machine.slice
  kLoginSession,  // session-N.scope: shells and what they started
  kOther,         // any other scope
};

struct Owner {
  UnitRef unit;
  OwnerKind kind = OwnerKind::kOther;
  uint32_t login_session = UINT32_MAX;  // kLoginSession: logind's number, if it is one

  // All its processes leave, and come back, together. The others are places, not programs.
  bool is_one_app() const {
    return kind == OwnerKind::kService || kind == OwnerKind::kAppScope ||
           kind == OwnerKind::kContainer;
  }
};

}  // namespace rm
