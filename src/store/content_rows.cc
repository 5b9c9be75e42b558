#include "store/content_rows.h"

#include "base/win32_codes.h"
#include "store/codec.h"
#include "store/row_sum.h"

namespace rm {
namespace {

int64_t Row(SessionId session) { return static_cast<int64_t>(session); }

int64_t SumOf(SessionId session, const Debt& debt) {
  return RowSum({Row(session), static_cast<int64_t>(debt.state)},
                {debt.relaunch_unit, debt.spec_file, debt.stopped_run});
}

tl::unexpected<Error> Damaged(Connection& connection, const SessionRecord& record,
                              const char* what) {
  return Fail(kWriteFault, "{} is damaged: the {} of session {} cannot be read. End that session.",
              connection.path(), what, record.name);
}

}  // namespace

void AddBatch(Connection& connection, SessionId session, std::string_view encoded) {
  Query(connection, "INSERT INTO registration(session, batch) VALUES(?, ?)")
      .Number(Row(session))
      .Bytes(encoded)
      .Run();
}

void PutFilter(Connection& connection, SessionId session, const Filter& filter) {
  DeleteFilter(connection, session, filter);
  const std::string target = EncodeTarget(filter);
  Query(connection, "INSERT INTO filter(session, target, action, sum) VALUES(?, ?, ?, ?)")
      .Number(Row(session))
      .Bytes(target)
      .Number(static_cast<int64_t>(filter.action))
      .Number(RowSum({Row(session), static_cast<int64_t>(filter.action)}))
      .Run();
}

bool DeleteFilter(Connection& connection, SessionId session, const Filter& filter) {
  std::vector<int64_t> same;
  {
    Query row(connection, "SELECT id, target FROM filter WHERE session = ?");
    for (row.Number(Row(session)); row.Next();)
      if (const auto known = DecodeTarget(row.BytesAt(1)); known && SameTarget(*known, filter))
        same.push_back(row.NumberAt(0));
  }
  for (const int64_t id : same)
    Query(connection, "DELETE FROM filter WHERE id = ?").Number(id).Run();
  return !same.empty();
}

void PutSeen(Connection& connection, SessionId session, const std::vector<App>& seen) {
  const std::string apps = EncodeApps(seen);
  Query(connection, "REPLACE INTO seen(session, apps) VALUES(?, ?)")
      .Number(Row(session))
      .Bytes(apps)
      .Run();
}

uint64_t AddDebt(Connection& connection, SessionId session, const Debt& debt) {
  const std::string owed = EncodeOwed(debt);
  Query row(connection,
            "INSERT INTO debt(session, state, relaunch_unit, spec_file, stopped_run, owed, sum) "
            "VALUES(?, ?, ?, ?, ?, ?, ?) RETURNING id");
  row.Number(Row(session))
      .Number(static_cast<int64_t>(debt.state))
      .Bytes(debt.relaunch_unit)
      .Bytes(debt.spec_file)
      .Bytes(debt.stopped_run)
      .Bytes(owed)
      .Number(SumOf(session, debt))
      .Next();
  const auto id = static_cast<uint64_t>(row.NumberAt(0));
  row.Run();
  return id;
}

int DeleteDebts(Connection& connection, SessionId session) {
  const bool owes =
      Query(connection, "SELECT 1 FROM debt WHERE session = ?").Number(Row(session)).Next();
  if (!owes) return 0;
  connection.Execute("PRAGMA secure_delete=ON");
  Query(connection, "DELETE FROM debt WHERE session = ?").Number(Row(session)).Run();
  const int deleted = connection.Changed();
  connection.Execute("PRAGMA secure_delete=OFF");
  return deleted;
}

bool UpdateDebt(Connection& connection, SessionId session, const Debt& debt) {
  Query(connection,
        "UPDATE debt SET state = ?, relaunch_unit = ?, spec_file = ?, stopped_run = ?, sum = ? "
        "WHERE session = ? AND id = ?")
      .Number(static_cast<int64_t>(debt.state))
      .Bytes(debt.relaunch_unit)
      .Bytes(debt.spec_file)
      .Bytes(debt.stopped_run)
      .Number(SumOf(session, debt))
      .Number(Row(session))
      .Number(static_cast<int64_t>(debt.id))
      .Run();
  return connection.Changed() != 0;
}

Result<std::vector<Debt>> ReadDebts(Connection& connection, const SessionRecord& record) {
  std::vector<Debt> debts;
  Query debt(connection,
             "SELECT id, state, relaunch_unit, spec_file, stopped_run, owed, sum FROM debt "
             "WHERE session = ? ORDER BY id");
  for (debt.Number(Row(record.id)); debt.Next();) {
    std::optional<Debt> decoded = DecodeOwed(debt.BytesAt(5));
    if (!decoded) return Damaged(connection, record, "debts");
    decoded->id = static_cast<uint64_t>(debt.NumberAt(0));
    decoded->state = static_cast<DebtState>(debt.NumberAt(1));
    decoded->relaunch_unit = debt.BytesAt(2);
    decoded->spec_file = debt.BytesAt(3);
    decoded->stopped_run = debt.BytesAt(4);
    RequireSum(debt.NumberAt(6), SumOf(record.id, *decoded));
    debts.push_back(std::move(*decoded));
  }
  return debts;
}

Result<SessionState> ReadState(Connection& connection, SessionRecord record) {
  SessionState state;
  const int64_t session = Row(record.id);
  Query batch(connection, "SELECT batch FROM registration WHERE session = ? ORDER BY id");
  for (batch.Number(session); batch.Next();)
    if (!DecodeBatch(batch.BytesAt(0), state.registered))
      return Damaged(connection, record, "registered resources");

  Query filter(connection, "SELECT target, action, sum FROM filter WHERE session = ? ORDER BY id");
  for (filter.Number(session); filter.Next();) {
    std::optional<Filter> decoded = DecodeTarget(filter.BytesAt(0));
    if (!decoded) return Damaged(connection, record, "filters");
    decoded->action = static_cast<FilterAction>(filter.NumberAt(1));
    RequireSum(filter.NumberAt(2), RowSum({session, filter.NumberAt(1)}));
    state.filters.push_back(std::move(*decoded));
  }

  Query seen(connection, "SELECT apps FROM seen WHERE session = ?");
  if (seen.Number(session).Next()) {
    std::optional<std::vector<App>> decoded = DecodeApps(seen.BytesAt(0));
    if (!decoded) return Damaged(connection, record, "affected apps");
    state.seen = std::move(*decoded);
  }

  auto debts = ReadDebts(connection, record);
  if (!debts) return Pass(std::move(debts));
  state.debts = std::move(*debts);
  state.record = std::move(record);
  return state;
}

}  // namespace rm
