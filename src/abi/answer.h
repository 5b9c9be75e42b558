// Who owns the strings and arrays inside a structure that an Rmx function returns? The structure
// itself: RmxFree ends all of it at once.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace rm {

class AnswerBase {
 public:
  virtual ~AnswerBase() = default;
};

// `Top` is what the caller gets to see.
template <class Top>
class OwnedAnswer final : public AnswerBase {
  static_assert(std::is_trivially_destructible_v<Top>);

 public:
  Top& top() { return top_; }

  const char* Keep(std::string text) { return strings_.emplace_back(std::move(text)).c_str(); }

  // Null for an empty list.
  template <class Element>
  const Element* Keep(std::vector<Element> list) {
    if (list.empty()) return nullptr;
    auto kept = std::make_shared<std::vector<Element>>(std::move(list));
    lists_.push_back(kept);
    return kept->data();
  }

 private:
  Top top_{};
  std::deque<std::string> strings_;
  std::vector<std::shared_ptr<void>> lists_;
};

// Hands the answer over to the caller of the C function, until FreeAnswer.
void Publish(const void* top, std::unique_ptr<AnswerBase> answer);

template <class Top>
Top* Release(std::unique_ptr<OwnedAnswer<Top>> answer) {
  Top* top = &answer->top();
  Publish(top, std::move(answer));
  return top;
}

// Null, and what nobody published, are ignored.
void FreeAnswer(const void* top);

}  // namespace rm
