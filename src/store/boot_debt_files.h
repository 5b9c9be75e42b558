// Where is it kept what sessions owe, so that the next boot finds it? One small file per session,
// on disk when the call returns.
//
// A file per session and not one for all: nobody waits for another session's disk, and what is
// damaged is one session's. Each is replaced as a whole, so that it is the old one or the new one
// whenever the power fails.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "store/boot_debts.h"

namespace rm {

inline constexpr char kBootDebtDirectory[] = "/var/lib/restart-manager";

class BootDebtFiles {
 public:
  // `directory`: made when it is needed, 0700. It has to be the caller's alone, as the store's.
  // `boot_id`: of now.
  BootDebtFiles(std::string directory, std::string boot_id);

  const std::string& boot_id() const { return boot_id_; }

  // Writes down what the session (SessionRecord::name) owes in place of what stood there; nothing:
  // removes it. 29.
  Result<void> Keep(const std::string& session, const BootDebts& debts) const;

  // Is there anything of an earlier boot? Damage counts. Never fails: who cannot look sees nothing.
  bool HasEarlier() const;

  struct Earlier {
    std::string session;
    BootDebts debts;
  };
  struct Found {
    std::vector<Earlier> sessions;
    std::optional<Error> trouble;  // what could not be read, and where it is kept now
  };
  // What sessions of earlier boots owe. Damaged files are set aside, once.
  Found TakeStock() const;

 private:
  Result<BootDebts> Read(int directory, const std::string& name) const;
  Result<void> Write(int directory, const std::string& name, const std::string& text) const;
  std::string SetAside(int directory, const std::string& name) const;
  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }

  const std::string directory_;
  const std::string boot_id_;
};

}  // namespace rm
