#include "systemd/cgroup.h"

#include <gtest/gtest.h>

namespace rm {
namespace {

struct Case {
  const char* path;
  const char* unit;  // as ToString prints it; "" for none
  OwnerKind kind = OwnerKind::kOther;
  uint32_t login_session = UINT32_MAX;
};

class OwnerOf : public testing::TestWithParam<Case> {};

TEST_P(OwnerOf, CgroupPath) {
  const Case& c = GetParam();
  const std::optional<Owner> owner = OwnerFromCgroup(c.path);
  ASSERT_EQ(owner.has_value(), *c.unit != '\0') << c.path;
  if (!owner) return;
  EXPECT_EQ(ToString(owner->unit), c.unit);
  EXPECT_EQ(owner->kind, c.kind);
  EXPECT_EQ(owner->login_session, c.login_session);
}

constexpr const char* kUser = "/user.slice/user-1000.slice/user@1000.service";

INSTANTIATE_TEST_SUITE_P(
    Services, OwnerOf,
    testing::Values(
        Case{"/system.slice/nginx.service", "nginx.service", OwnerKind::kService},
        Case{"/system.slice/system-foo.slice/foo@bar.service", "foo@bar.service",
             OwnerKind::kService},
        Case{"/system.slice/a\\x2db.service", "a\\x2db.service", OwnerKind::kService},
        Case{"/system.slice/foo.service/sub", "foo.service", OwnerKind::kService},
        Case{"/system.slice/foo.service/bar.service", "foo.service", OwnerKind::kService},
        Case{"/system.slice/_tasks.service", "tasks.service", OwnerKind::kService},
        Case{"/system.slice/user@x.service/bar.service", "user@x.service", OwnerKind::kService},
        Case{"/foo.service", "foo.service", OwnerKind::kService}));

INSTANTIATE_TEST_SUITE_P(
    Users, OwnerOf,
    testing::Values(
        Case{"/user.slice/user-1000.slice/user@1000.service/app.slice/a.service",
             "user:1000/a.service", OwnerKind::kService},
        Case{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-x-12.scope",
             "user:1000/app-gnome-x-12.scope", OwnerKind::kAppScope},
        Case{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-9f.scope/container",
             "user:1000/libpod-9f.scope", OwnerKind::kContainer},
        Case{"/user.slice/user-1000.slice/user@1000.service/app.slice/user@0.service",
             "user:1000/user@0.service", OwnerKind::kService},
        Case{"/user.slice/user-1000.slice/user@1000.service/app.slice/session-3.scope",
             "user:1000/session-3.scope", OwnerKind::kOther},
        Case{"/user.slice/user-1000.slice/user@1000.service/init.scope", ""}, Case{kUser, ""}));

INSTANTIATE_TEST_SUITE_P(
    Scopes, OwnerOf,
    testing::Values(Case{"/user.slice/user-1000.slice/session-4.scope", "session-4.scope",
                         OwnerKind::kLoginSession, 4},
                    Case{"/user.slice/user-1000.slice/session-c2.scope", "session-c2.scope",
                         OwnerKind::kLoginSession},
                    Case{"/system.slice/docker-abc.scope/system.slice/nginx.service",
                         "docker-abc.scope", OwnerKind::kContainer},
                    Case{"/machine.slice/libpod-1.scope/container", "libpod-1.scope",
                         OwnerKind::kContainer},
                    Case{"/machine.slice/anything.scope", "anything.scope", OwnerKind::kContainer},
                    Case{"/machine.slice/systemd-nspawn@web.service/payload",
                         "systemd-nspawn@web.service", OwnerKind::kContainer},
                    Case{"/system.slice/run-u12.scope", "run-u12.scope", OwnerKind::kOther}));

INSTANTIATE_TEST_SUITE_P(Nobody, OwnerOf,
                         testing::Values(Case{"", ""}, Case{"/", ""}, Case{"/init.scope", ""},
                                         Case{"/system.slice", ""}, Case{"/../x", ""},
                                         Case{"/../system.slice/nginx.service", ""},
                                         Case{"nginx.service", ""}, Case{"/docker/abc", ""},
                                         Case{"//nginx.service", ""}, Case{"/.service", ""},
                                         Case{"/@.service", ""}, Case{"/.scope", ""},
                                         Case{"/system.slice/nginx.service ", ""},
                                         Case{"/system.slice/ nginx.service", ""},
                                         Case{"/system.slice/\xff.service", ""}));

TEST(Slice, IsThatOfTheManagerThatStartsIt) {
  const std::string session = "/user.slice/user-1000.slice/session-4.scope";
  const std::string app = "/user.slice/user-1000.slice/user@1000.service/app.slice/app-a.scope";
  EXPECT_EQ(SliceFromCgroup(session, std::nullopt), "user-1000.slice");
  EXPECT_EQ(SliceFromCgroup(app, std::nullopt), "user-1000.slice");
  EXPECT_EQ(SliceFromCgroup(app, 1000), "app.slice");
  EXPECT_EQ(SliceFromCgroup("/batch.slice/batch-low.slice/run-u1.scope", std::nullopt),
            "batch-low.slice");
}

TEST(Slice, IsNoneOutsideOfThatManager) {
  EXPECT_EQ(SliceFromCgroup("/user.slice/user-1000.slice/session-4.scope", 1000), "");
  EXPECT_EQ(SliceFromCgroup("/user.slice/user-7.slice/user@7.service/app.slice/a.scope", 1000), "");
  EXPECT_EQ(SliceFromCgroup("/x/user@1000.service/app.slice/a.scope", 1000), "");
  EXPECT_EQ(SliceFromCgroup("/init.scope", std::nullopt), "");
  EXPECT_EQ(SliceFromCgroup("", std::nullopt), "");
}

// A unit may have made folders of any name below itself.
TEST(Slice, IsNotWhatSomebodyMadeByHand) {
  EXPECT_EQ(SliceFromCgroup("/system.slice/a.service/b.slice/c.scope", std::nullopt),
            "system.slice");
  EXPECT_EQ(SliceFromCgroup("/system.slice/other.slice/c.scope", std::nullopt), "system.slice");
}

}  // namespace
}  // namespace rm
