// How are the values of a session written into columns? Decoders give nothing for bytes that the
// encoder did not write. A change of format raises kSchemaVersion (store/schema.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/app.h"
#include "model/debt.h"
#include "model/filter.h"
#include "model/resource.h"

namespace rm {

std::string EncodeBatch(const Registration& batch);
// Appends to `registered`; false leaves it in an unspecified state.
bool DecodeBatch(std::string_view bytes, Registration& registered);

// Equal bytes: the same target.
std::string EncodeTarget(const Filter& filter);
std::optional<Filter> DecodeTarget(std::string_view bytes);

std::string EncodeApps(const std::vector<App>& apps);
std::optional<std::vector<App>> DecodeApps(std::string_view bytes);

// What is owed: unit, process, app_name. The rest of a debt has columns of its own.
std::string EncodeOwed(const Debt& debt);
std::optional<Debt> DecodeOwed(std::string_view bytes);

}  // namespace rm
