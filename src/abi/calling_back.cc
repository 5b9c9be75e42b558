#include "abi/calling_back.h"

#include <utility>

namespace rm {
namespace {

thread_local const Session* calling_back = nullptr;

}  // namespace

CallingBack::CallingBack(const Session* session) : before_(std::exchange(calling_back, session)) {}

CallingBack::~CallingBack() { calling_back = before_; }

const Session* CalledBackBy() { return calling_back; }

}  // namespace rm
