// Windows' declarations in C#: who locks this file, and replace it.
//
//   installer.exe NEW FILE      (while process $APPLICATION_PID, and nobody else, has FILE open)
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;

// As they are copied from page to page: the key is a string of the automatic character set, which is
// of 8 bits on Linux, and holds a GUID with dashes.
static class LockFinder {
  [StructLayout(LayoutKind.Sequential)]
  public struct RM_UNIQUE_PROCESS {
    public int dwProcessId;
    public System.Runtime.InteropServices.ComTypes.FILETIME ProcessStartTime;
  }

  [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
  public struct RM_PROCESS_INFO {
    public RM_UNIQUE_PROCESS Process;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 256)]
    public string strAppName;
    [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 64)]
    public string strServiceShortName;
    public int ApplicationType;
    public uint AppStatus;
    public uint TSSessionId;
    [MarshalAs(UnmanagedType.Bool)]
    public bool bRestartable;
  }

  [DllImport("rstrtmgr.dll", CharSet = CharSet.Auto)]
  static extern int RmStartSession(out uint handle, int flags, string key);

  [DllImport("rstrtmgr.dll", CharSet = CharSet.Auto)]
  static extern int RmJoinSession(out uint handle, string key);

  [DllImport("rstrtmgr.dll")]
  public static extern int RmEndSession(uint handle);

  [DllImport("rstrtmgr.dll", CharSet = CharSet.Unicode)]
  public static extern int RmRegisterResources(uint handle, uint nFiles, string[] files,
                                               uint nApplications,
                                               [In] RM_UNIQUE_PROCESS[] applications,
                                               uint nServices, string[] services);

  [DllImport("rstrtmgr.dll")]
  static extern int RmGetList(uint handle, out uint needed, ref uint count,
                              [In, Out] RM_PROCESS_INFO[] apps, ref uint reasons);

  public static void Must(int code) {
    if (code != 0) throw new Exception("Restart Manager error " + code);
  }

  public static List<RM_PROCESS_INFO> Who(uint handle) {
    uint needed, count = 0, reasons = 0;
    RM_PROCESS_INFO[] apps = null;
    int code;
    while ((code = RmGetList(handle, out needed, ref count, apps, ref reasons)) == 234) {
      apps = new RM_PROCESS_INFO[needed];
      count = needed;
    }
    Must(code);
    return apps == null ? new List<RM_PROCESS_INFO>() : apps.Take((int)count).ToList();
  }

  public static List<RM_PROCESS_INFO> WhoIsLocking(string file) {
    uint handle, joined;
    string key = Guid.NewGuid().ToString();
    Must(RmStartSession(out handle, 0, key));
    try {
      Must(RmJoinSession(out joined, key));
      Must(RmRegisterResources(joined, 1, new[] {file}, 0, null, 0, null));
      Must(RmEndSession(joined));
      return Who(handle);
    } finally {
      Must(RmEndSession(handle));
    }
  }
}

// As they are meant: everything of 16 bits.
static class Installer {
  [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
  delegate void StatusCallback(uint percent);

  [DllImport("rstrtmgr.dll", CharSet = CharSet.Unicode)]
  static extern int RmStartSession(out uint handle, int flags, StringBuilder key);

  [DllImport("rstrtmgr.dll", CharSet = CharSet.Unicode)]
  static extern int RmJoinSession(out uint handle, string key);

  [DllImport("rstrtmgr.dll")]
  static extern int RmShutdown(uint handle, uint flags, StatusCallback status);

  [DllImport("rstrtmgr.dll")]
  static extern int RmRestart(uint handle, uint flags, StatusCallback status);

  static void Check(bool holds, string what) {
    if (!holds) throw new Exception("not so: " + what);
  }

  static void CheckUsers(List<LockFinder.RM_PROCESS_INFO> users, int pid) {
    foreach (var user in users)
      Console.WriteLine(user.Process.dwProcessId + " " + user.strAppName + " " + user.bRestartable);
    Check(users.Count == 1 && users[0].Process.dwProcessId == pid, "used by " + pid + " alone");
    Check(users[0].bRestartable && users[0].strAppName == "restartable_app", "it can come back");
  }

  static void Main(string[] args) {
    int pid = int.Parse(Environment.GetEnvironmentVariable("APPLICATION_PID"));
    string fresh = args[0], file = args[1];
    Check(Marshal.SizeOf(typeof(LockFinder.RM_PROCESS_INFO)) == 668, "an entry has 668 bytes");
    CheckUsers(LockFinder.WhoIsLocking(file), pid);

    uint handle, joined;
    var key = new StringBuilder(33);
    LockFinder.Must(RmStartSession(out handle, 0, key));
    Check(key.Length == 32, "the key has 32 digits");
    LockFinder.Must(RmJoinSession(out joined, key.ToString()));
    LockFinder.Must(LockFinder.RmEndSession(joined));
    LockFinder.Must(LockFinder.RmRegisterResources(handle, 1, new[] {file}, 0, null, 0, null));
    CheckUsers(LockFinder.Who(handle), pid);

    var seen = new List<uint>();
    StatusCallback status = seen.Add;
    LockFinder.Must(RmShutdown(handle, 0, status));
    File.Delete(file);
    File.Move(fresh, file);
    LockFinder.Must(RmRestart(handle, 0, status));
    GC.KeepAlive(status);
    Check(seen.Count(percent => percent == 100) == 2, "each ended at 100 percent");
    LockFinder.Must(LockFinder.RmEndSession(handle));
  }
}
