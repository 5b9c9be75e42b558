// What does the file system itself call this object? By that, files of overlays and of their layers
// are told to be the same.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/resource.h"

namespace rm {

enum class AtLink { kFollow, kStop };

// 0 or an errno. `name` is a magic link (fd/3, exe) that is followed, or "" for the descriptor
// itself; or, with kStop, what in the directory has that name. Asks no server. An object of an
// overlay has the handle of the lower file, also after it was copied up; of the upper file if there
// is no lower one (Linux 6.6; before, an overlay's objects have none).
int ReadHandle(int directory, const char* name, ObjectHandle& handle,
               AtLink at_link = AtLink::kFollow);

// The lower file that an upper file was copied up from, as the overlay has noted it there. None: it
// was not, or the caller may not know. Without an id: it was, but an overlay of a user namespace
// may not note of what.
std::optional<ObjectHandle> ReadOrigin(int object);

// Whether an overlay has copied up its attributes and not its content.
bool HasAttributesOnly(int object);

// Whether an entry of the directory may have been copied up: the overlay notes that too. One
// question for all that are in it.
bool MayHaveOrigins(int directory);

// Whether two of the handles are one object seen through an overlay. Two objects that were both
// reached directly are told apart by dev and ino, not here.
bool IsSameBelow(const ObjectHandle& found, const std::vector<ObjectHandle>& handles);

// What may be an inode number in it: where in a handle it stands is the file system's business.
std::vector<uint64_t> NumbersIn(const ObjectHandle& handle);

// What an overlay says of the object of the layer.
struct LayerHandle {
  ObjectHandle handle;
  std::string uuid;  // of the layer's file system, 16 bytes; "": not told

  friend bool operator==(const LayerHandle&, const LayerHandle&) = default;
};

// Of fb of an overlay's handle, fs/overlayfs/overlayfs.h; none: it is none.
std::optional<LayerHandle> ParseOverlayHandle(std::string_view bytes);
// Of an object on an overlay: the same handle as ReadHandle's. That of the root of all is of the
// upper folder, or of the topmost lower one if there is none. None: no handle, or no overlay's.
std::optional<LayerHandle> ReadLayerHandle(int object);

}  // namespace rm
