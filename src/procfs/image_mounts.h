// Which files are mounted without a device? Some file systems take an image as it is (erofs, Linux
// 6.12).
#pragma once

#include "procfs/mount_spaces.h"
#include "procfs/use_list.h"

namespace rm {

// The kernel shows the name by which an image was mounted, and nothing of the object. What has the
// name now is it if it has the same UUID and number of files, as far as these are told; else any of
// the files is it that has them.
void AddImageMounts(MountSpaces& spaces, UseList& uses);

}  // namespace rm
