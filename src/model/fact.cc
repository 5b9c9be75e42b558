#include "model/fact.h"

namespace rm {

std::string HeldPath(const Holding& holding, const std::vector<std::string>& files) {
  if (holding.file >= files.size()) return "";
  std::string path = files[holding.file];
  if (holding.below.empty()) return path;
  if (!path.ends_with('/')) path += '/';
  return path + holding.below;
}

}  // namespace rm
