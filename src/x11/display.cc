#include "x11/display.h"

#include <xcb/res.h>
#include <xcb/xcb.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string_view>

#include "base/win32_codes.h"
#include "x11/window_tree.h"

namespace rm {

struct Display::Connection {
  xcb_connection_t* xcb = nullptr;
  Atoms atoms;
};

void Display::Deleter::operator()(Connection* connection) const {
  xcb_disconnect(connection->xcb);
  delete connection;
}

namespace {

tl::unexpected<Error> ServerGone() {
  return Fail(kAccessDenied, "the X server does not answer any more");
}

// Connections by the identifiers that their windows have in common.
Result<std::map<uint32_t, pid_t>> ReadClients(xcb_connection_t* xcb) {
  const xcb_res_client_id_spec_t everybody{XCB_NONE, XCB_RES_CLIENT_ID_MASK_LOCAL_CLIENT_PID};
  const Reply<xcb_res_query_client_ids_reply_t> reply(
      xcb_res_query_client_ids_reply(xcb, xcb_res_query_client_ids(xcb, 1, &everybody), nullptr));
  if (!reply) return ServerGone();
  std::map<uint32_t, pid_t> clients;
  for (auto at = xcb_res_query_client_ids_ids_iterator(reply.get()); at.rem > 0;
       xcb_res_client_id_value_next(&at))
    if (xcb_res_client_id_value_value_length(at.data) == 1)
      clients[at.data->spec.client] = static_cast<pid_t>(*xcb_res_client_id_value_value(at.data));
  return clients;
}

}  // namespace

Result<Display> Display::Connect(const std::string& name) {
  ConnectionPointer made(new Connection{xcb_connect(name.c_str(), nullptr), {}});
  xcb_connection_t* xcb = made->xcb;
  if (xcb_connection_has_error(xcb))
    return Fail(kAccessDenied, "the X server of display {} does not let this user in, or is gone",
                name);
  const auto* resource = xcb_get_extension_data(xcb, &xcb_res_id);
  if (!resource || !resource->present)
    return Fail(kAccessDenied, "the X server of display {} has no X-Resource extension", name);
  const Reply<xcb_res_query_version_reply_t> version(
      xcb_res_query_version_reply(xcb, xcb_res_query_version(xcb, 1, 2), nullptr));
  if (!version ||
      std::pair(version->server_major, version->server_minor) < std::pair<uint16_t, uint16_t>(1, 2))
    return Fail(kAccessDenied, "the X server of display {} does not tell whose its windows are",
                name);
  if (!made->atoms.Read(xcb)) return ServerGone();
  return Display(std::move(made));
}

int Display::fd() const { return xcb_get_file_descriptor(connection_->xcb); }

Result<bool> Display::Dispatch() {
  bool happened = false;
  while (const Reply<xcb_generic_event_t> event{xcb_poll_for_event(connection_->xcb)})
    happened = happened || event->response_type != 0;  // 0: an error, of a window that is gone
  if (xcb_connection_has_error(connection_->xcb)) return ServerGone();
  return happened;
}

Result<std::vector<TopLevel>> Display::TopLevels() {
  auto clients = ReadClients(connection_->xcb);
  if (!clients) return Pass(std::move(clients));
  std::vector<TopLevel> found = ReadTopLevels(connection_->xcb, connection_->atoms, *clients);
  if (xcb_connection_has_error(connection_->xcb)) return ServerGone();
  return found;
}

void Display::WatchAll() {
  for (auto at = xcb_setup_roots_iterator(xcb_get_setup(connection_->xcb)); at.rem > 0;
       xcb_screen_next(&at)) {
    const uint32_t mask = XCB_EVENT_MASK_SUBSTRUCTURE_NOTIFY;
    xcb_change_window_attributes(connection_->xcb, at.data->root, XCB_CW_EVENT_MASK, &mask);
  }
  xcb_flush(connection_->xcb);
}

void Display::Watch(uint32_t window) {
  const uint32_t mask = XCB_EVENT_MASK_STRUCTURE_NOTIFY | XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_change_window_attributes(connection_->xcb, window, XCB_CW_EVENT_MASK, &mask);
  xcb_flush(connection_->xcb);
}

void Display::AskToClose(uint32_t window) {
  xcb_client_message_event_t message{};
  message.response_type = XCB_CLIENT_MESSAGE;
  message.format = 32;
  message.window = window;
  message.type = connection_->atoms.protocols;
  message.data.data32[0] = connection_->atoms.delete_window;
  message.data.data32[1] = XCB_CURRENT_TIME;
  static_assert(sizeof message == 32);  // what xcb_send_event reads
  xcb_send_event(connection_->xcb, 0, window, XCB_EVENT_MASK_NO_EVENT,
                 reinterpret_cast<const char*>(&message));
  xcb_flush(connection_->xcb);
}

}  // namespace rm
