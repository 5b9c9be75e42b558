#include "x11/window_tree.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>

namespace rm {
namespace {

constexpr size_t kMostWindows = 4096;  // of one level; the rest is not looked at
constexpr int kFrameDepth = 3;         // how far below its frame a window manager puts a window
constexpr uint32_t kTitleWords = 64;   // of 4 bytes
constexpr uint32_t kIconic = 3;        // ICCCM 4.1.3.1

struct Child {
  xcb_window_t window;
  xcb_window_t frame;  // the window below a root that it is in; 0: it is one itself
};

std::vector<uint32_t> Numbers(const xcb_get_property_reply_t* reply) {
  if (!reply || reply->format != 32) return {};
  const auto* values = static_cast<const uint32_t*>(xcb_get_property_value(reply));
  return {values, values + xcb_get_property_value_length(reply) / sizeof *values};
}

std::string Text(const xcb_get_property_reply_t* reply) {
  if (!reply || reply->format != 8) return "";
  return {static_cast<const char*>(xcb_get_property_value(reply)),
          static_cast<size_t>(xcb_get_property_value_length(reply))};
}

bool Contains(const std::vector<uint32_t>& list, uint32_t value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

class Walk {
 public:
  Walk(xcb_connection_t* xcb, const Atoms& atoms, const std::map<uint32_t, pid_t>& clients)
      : xcb_(xcb),
        atoms_(atoms),
        clients_(clients),
        client_bits_(~xcb_get_setup(xcb)->resource_id_mask) {}

  std::vector<TopLevel> Run() {
    std::vector<Child> level;
    for (auto at = xcb_setup_roots_iterator(xcb_get_setup(xcb_)); at.rem > 0; xcb_screen_next(&at))
      AddChildren({at.data->root}, XCB_NONE, level);
    for (int depth = 0; depth <= kFrameDepth && !level.empty(); ++depth) level = Look(level);
    Describe();
    return std::move(found_);
  }

 private:
  uint32_t ClientOf(xcb_window_t window) const { return window & client_bits_; }

  xcb_get_property_cookie_t Ask(xcb_window_t window, xcb_atom_t property, uint32_t words) const {
    return xcb_get_property(xcb_, 0, window, property, XCB_ATOM_ANY, 0, words);
  }
  Reply<xcb_get_property_reply_t> Take(xcb_get_property_cookie_t cookie) const {
    return Reply<xcb_get_property_reply_t>(xcb_get_property_reply(xcb_, cookie, nullptr));
  }

  // `frame` 0: they are frames themselves.
  void AddChildren(const std::vector<xcb_window_t>& parents, xcb_window_t frame,
                   std::vector<Child>& children) const {
    std::vector<xcb_query_tree_cookie_t> asked;
    for (const xcb_window_t parent : parents) asked.push_back(xcb_query_tree(xcb_, parent));
    for (const auto& cookie : asked) {
      const Reply<xcb_query_tree_reply_t> tree(xcb_query_tree_reply(xcb_, cookie, nullptr));
      if (!tree) continue;
      const xcb_window_t* windows = xcb_query_tree_children(tree.get());
      for (int i = 0; i < xcb_query_tree_children_length(tree.get()); ++i)
        if (children.size() < kMostWindows) children.push_back({windows[i], frame});
    }
  }

  // Takes the top-levels out of one level and returns what is to be looked at on the next.
  std::vector<Child> Look(const std::vector<Child>& level) {
    struct Asked {
      xcb_get_window_attributes_cookie_t attributes;
      xcb_get_property_cookie_t class_hint;
    };
    std::vector<Asked> asked;
    for (const Child& child : level)
      asked.push_back(
          {xcb_get_window_attributes(xcb_, child.window), Ask(child.window, XCB_ATOM_WM_CLASS, 1)});
    std::vector<Child> next;
    for (size_t i = 0; i < level.size(); ++i) {
      const Child& child = level[i];
      const Reply<xcb_get_window_attributes_reply_t> attributes(
          xcb_get_window_attributes_reply(xcb_, asked[i].attributes, nullptr));
      const auto class_hint = Take(asked[i].class_hint);
      if (!attributes || attributes->_class != XCB_WINDOW_CLASS_INPUT_OUTPUT) continue;
      const bool framed = child.frame != XCB_NONE;
      if (framed && ClientOf(child.window) == ClientOf(child.frame)) {
        AddChildren({child.window}, child.frame, next);
      } else if (class_hint && class_hint->type != XCB_ATOM_NONE) {
        if (!attributes->override_redirect) Found(child.window, attributes->map_state);
      } else if (!framed) {
        AddChildren({child.window}, child.window, next);
      }
    }
    return next;
  }

  void Found(xcb_window_t window, uint8_t map_state) {
    const auto owner = clients_.find(ClientOf(window));
    if (owner == clients_.end()) return;
    TopLevel top;
    top.pid = owner->second;
    top.window = window;
    top.shown = map_state != XCB_MAP_STATE_UNMAPPED;
    found_.push_back(std::move(top));
  }

  void Describe() {
    struct Asked {
      xcb_get_property_cookie_t protocols, state, net_state, transient, net_name, name;
    };
    std::vector<Asked> asked;
    for (const TopLevel& top : found_)
      asked.push_back({Ask(top.window, atoms_.protocols, 32), Ask(top.window, atoms_.state, 1),
                       Ask(top.window, atoms_.net_state, 32),
                       Ask(top.window, XCB_ATOM_WM_TRANSIENT_FOR, 1),
                       Ask(top.window, atoms_.net_name, kTitleWords),
                       Ask(top.window, XCB_ATOM_WM_NAME, kTitleWords)});
    for (size_t i = 0; i < found_.size(); ++i) {
      TopLevel& top = found_[i];
      top.takes_close = Contains(Numbers(Take(asked[i].protocols).get()), atoms_.delete_window);
      const auto state = Numbers(Take(asked[i].state).get());
      top.shown = top.shown || (!state.empty() && state.front() == kIconic);
      top.modal = Contains(Numbers(Take(asked[i].net_state).get()), atoms_.modal);
      top.transient = !Numbers(Take(asked[i].transient).get()).empty();
      const std::string plain_name = Text(Take(asked[i].name).get());
      top.title = Text(Take(asked[i].net_name).get());
      if (top.title.empty()) top.title = plain_name;
    }
  }

  xcb_connection_t* const xcb_;
  const Atoms& atoms_;
  const std::map<uint32_t, pid_t>& clients_;
  const uint32_t client_bits_;
  std::vector<TopLevel> found_;
};

}  // namespace

bool Atoms::Read(xcb_connection_t* xcb) {
  struct Name {
    std::string_view name;
    xcb_atom_t Atoms::*atom;
  };
  constexpr std::array<Name, 6> kNames = {{{"WM_PROTOCOLS", &Atoms::protocols},
                                           {"WM_DELETE_WINDOW", &Atoms::delete_window},
                                           {"WM_STATE", &Atoms::state},
                                           {"_NET_WM_STATE", &Atoms::net_state},
                                           {"_NET_WM_STATE_MODAL", &Atoms::modal},
                                           {"_NET_WM_NAME", &Atoms::net_name}}};
  std::vector<xcb_intern_atom_cookie_t> asked;
  for (const Name& name : kNames)
    asked.push_back(xcb_intern_atom(xcb, 0, name.name.size(), name.name.data()));
  for (size_t i = 0; i < kNames.size(); ++i) {
    const Reply<xcb_intern_atom_reply_t> reply(xcb_intern_atom_reply(xcb, asked[i], nullptr));
    if (!reply) return false;
    this->*kNames[i].atom = reply->atom;
  }
  return true;
}

std::vector<TopLevel> ReadTopLevels(xcb_connection_t* xcb, const Atoms& atoms,
                                    const std::map<uint32_t, pid_t>& clients) {
  return Walk(xcb, atoms, clients).Run();
}

}  // namespace rm
