/* A program with one window that is not closed as most are:  odd-window bare|deaf|lingers|refuses
 *
 * bare: takes no WM_DELETE_WINDOW. deaf: does nothing when it is asked. lingers: hides its window
 * then, and goes on living. refuses: does so, when it
 * is asked before its window is. */
#include <restartapp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xcb/xcb.h>

static xcb_atom_t Atom(xcb_connection_t *xcb, const char *name) {
  xcb_intern_atom_reply_t *reply =
      xcb_intern_atom_reply(xcb, xcb_intern_atom(xcb, 0, (uint16_t)strlen(name), name), NULL);
  const xcb_atom_t atom = reply ? reply->atom : XCB_NONE;
  free(reply);
  return atom;
}

static BOOL Refuse(RMX_CLOSE_REQUEST *request, PVOID context) {
  (void)context;
  strcpy(request->szReason, "not now");
  return request->dwRequest != RMX_CLOSE_QUERY;
}

int main(int argc, char **argv) {
  const char *manner = argc == 2 ? argv[1] : "";
  xcb_connection_t *xcb = xcb_connect(NULL, NULL);
  if (xcb_connection_has_error(xcb)) return 1;
  if (strcmp(manner, "refuses") == 0 && RmxRegisterCloseHandler(Refuse, NULL, 0) != S_OK) return 2;
  const xcb_screen_t *screen = xcb_setup_roots_iterator(xcb_get_setup(xcb)).data;
  const xcb_window_t window = xcb_generate_id(xcb);
  xcb_create_window(xcb, XCB_COPY_FROM_PARENT, window, screen->root, 0, 0, 100, 100, 0,
                    XCB_WINDOW_CLASS_INPUT_OUTPUT, screen->root_visual, 0, NULL);
  xcb_change_property(xcb, XCB_PROP_MODE_REPLACE, window, XCB_ATOM_WM_CLASS, XCB_ATOM_STRING, 8, 8,
                      "odd\0Odd");
  xcb_change_property(xcb, XCB_PROP_MODE_REPLACE, window, XCB_ATOM_WM_NAME, XCB_ATOM_STRING, 8,
                      (uint32_t)strlen(manner), manner);
  const xcb_atom_t deletion = Atom(xcb, "WM_DELETE_WINDOW");
  if (strcmp(manner, "bare") != 0)
    xcb_change_property(xcb, XCB_PROP_MODE_REPLACE, window, Atom(xcb, "WM_PROTOCOLS"),
                        XCB_ATOM_ATOM, 32, 1, &deletion);
  xcb_map_window(xcb, window);
  xcb_flush(xcb);
  for (xcb_generic_event_t *event; (event = xcb_wait_for_event(xcb)); free(event)) {
    if ((event->response_type & 0x7f) != XCB_CLIENT_MESSAGE) continue;
    if (strcmp(manner, "lingers") == 0) xcb_unmap_window(xcb, window);
    xcb_flush(xcb);
  }
  return 0;
}
