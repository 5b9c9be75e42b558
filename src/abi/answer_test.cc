#include "abi/answer.h"

#include <gtest/gtest.h>

#include <cstring>

namespace rm {
namespace {

struct Top {
  const char* text;
  const int* numbers;
};

TEST(AnswerTest, WhatIsKeptStaysUntilTheWholeIsFreed) {
  auto answer = std::make_unique<OwnedAnswer<Top>>();
  answer->top().text = answer->Keep(std::string(100, 'x'));
  for (int i = 0; i < 1000; ++i) (void)answer->Keep(std::to_string(i));
  answer->top().numbers = answer->Keep(std::vector<int>{1, 2, 3});
  EXPECT_EQ(answer->Keep(std::vector<int>{}), nullptr);
  Top* top = Release(std::move(answer));
  EXPECT_EQ(std::strlen(top->text), 100u);
  EXPECT_EQ(top->numbers[2], 3);
  FreeAnswer(top);
}

TEST(AnswerTest, NullAndWhatIsNoAnswerAreIgnored) {
  int none = 0;
  FreeAnswer(nullptr);
  FreeAnswer(&none);
  auto answer = std::make_unique<OwnedAnswer<Top>>();
  Top* top = Release(std::move(answer));
  FreeAnswer(top);
  FreeAnswer(top);
}

}  // namespace
}  // namespace rm
