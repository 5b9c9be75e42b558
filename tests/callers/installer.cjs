// Windows' declarations in Node, by the FFI koffi: who locks this file, and replace it.
//
//   node installer.cjs NEW FILE      (while process $APPLICATION_PID, and nobody else, has FILE open)
'use strict';
const assert = require('node:assert');
const fs = require('node:fs');
const koffi = require('koffi');

const MORE_DATA = 234;

koffi.struct('FILETIME', {low: 'uint32', high: 'uint32'});
koffi.struct('RM_UNIQUE_PROCESS', {dwProcessId: 'uint32', ProcessStartTime: 'FILETIME'});
const ProcessInfo = koffi.struct('RM_PROCESS_INFO', {
  Process: 'RM_UNIQUE_PROCESS',
  strAppName: koffi.array('char16', 256, 'String'),
  strServiceShortName: koffi.array('char16', 64, 'String'),
  ApplicationType: 'int32',
  AppStatus: 'uint32',
  TSSessionId: 'uint32',
  bRestartable: 'int32',
});
assert.strictEqual(koffi.sizeof(ProcessInfo), 668);
koffi.proto('void RM_WRITE_STATUS_CALLBACK(uint32 percent)');

const library = koffi.load('librstrtmgr.so.1');
const RmStartSession = library.func(
    'uint32 RmStartSession(_Out_ uint32 *handle, uint32 flags, _Out_ uint16 *key)');
const RmJoinSession = library.func('uint32 RmJoinSession(_Out_ uint32 *handle, const char16_t *key)');
const RmEndSession = library.func('uint32 RmEndSession(uint32 handle)');
const RmRegisterResources = library.func(
    'uint32 RmRegisterResources(uint32 handle, uint32 files, const char16_t **names,' +
    ' uint32 processes, void *which, uint32 services, const char16_t **units)');
const RmGetList = library.func(
    'uint32 RmGetList(uint32 handle, _Out_ uint32 *needed, _Inout_ uint32 *count, void *apps,' +
    ' _Out_ uint32 *reasons)');
const RmShutdown = library.func(
    'uint32 RmShutdown(uint32 handle, uint32 flags, RM_WRITE_STATUS_CALLBACK *status)');
const RmRestart = library.func(
    'uint32 RmRestart(uint32 handle, uint32 flags, RM_WRITE_STATUS_CALLBACK *status)');

function must(code) {
  if (code !== 0) throw new Error(`Restart Manager error ${code}`);
}

function who(session) {
  const needed = [0], count = [0], reasons = [0];
  let apps = null;
  let code;
  while ((code = RmGetList(session, needed, count, apps, reasons)) === MORE_DATA) {
    apps = Buffer.alloc(needed[0] * koffi.sizeof(ProcessInfo));
    count[0] = needed[0];
  }
  must(code);
  return apps ? koffi.decode(apps, koffi.array(ProcessInfo, count[0])) : [];
}

const pid = process.env.APPLICATION_PID;
const [fresh, file] = process.argv.slice(2);
const session = [7], joined = [0], units = new Uint16Array(33);
must(RmStartSession(session, 0, units));
const key = String.fromCharCode(...units.subarray(0, 32));
assert.match(key, /^[0-9a-f]{32}$/);
must(RmJoinSession(joined, key));
must(RmRegisterResources(joined[0], 1, [file], 0, null, 0, null));
must(RmEndSession(joined[0]));

const apps = who(session[0]);
console.log(apps.map((app) => [app.Process.dwProcessId, app.strAppName, app.bRestartable]));
assert.deepStrictEqual(apps.map((app) => app.Process.dwProcessId), [Number(pid)]);
assert.strictEqual(apps[0].strAppName, 'restartable_app');
assert.strictEqual(apps[0].bRestartable, 1);

const seen = [];
const status = (percent) => { seen.push(percent); };
must(RmShutdown(session[0], 0, status));
fs.renameSync(fresh, file);
must(RmRestart(session[0], 0, status));
assert.strictEqual(seen.filter((percent) => percent === 100).length, 2);
must(RmEndSession(session[0]));
