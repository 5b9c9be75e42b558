// Which windows below the roots of a display are top-levels of a program?
#pragma once

#include <xcb/xcb.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <vector>

#include "x11/top_level.h"

namespace rm {

struct FreeReply {
  void operator()(void* reply) const { std::free(reply); }
};
template <class T>
using Reply = std::unique_ptr<T, FreeReply>;

struct Atoms {
  xcb_atom_t protocols = 0;      // WM_PROTOCOLS
  xcb_atom_t delete_window = 0;  // WM_DELETE_WINDOW
  xcb_atom_t state = 0;          // WM_STATE
  xcb_atom_t net_state = 0;      // _NET_WM_STATE
  xcb_atom_t modal = 0;          // _NET_WM_STATE_MODAL
  xcb_atom_t net_name = 0;       // _NET_WM_NAME

  bool Read(xcb_connection_t* xcb);
};

// `clients`: pids, by the identifier that all windows of a connection begin with. A top-level has
// WM_CLASS (ICCCM 4.1.2.5 asks for it) and is a child of a root, or of the frame that a window
// manager made for it.
std::vector<TopLevel> ReadTopLevels(xcb_connection_t* xcb, const Atoms& atoms,
                                    const std::map<uint32_t, pid_t>& clients);

}  // namespace rm
