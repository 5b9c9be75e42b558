; An installer as others make them: it asks Restart Manager to close who uses its files and to start
; them again. installer_test.c runs it.
[Setup]
AppName=Restartable
AppVersion=1
DefaultDirName=C:\inno
OutputDir=.
OutputBaseFilename=setup
CloseApplications=yes
RestartApplications=yes
CloseApplicationsFilter=*.exe,*.dat
PrivilegesRequired=lowest
DisableDirPage=yes
Uninstallable=no
Compression=none

[Files]
Source: "app.exe"; DestDir: "{app}"; Flags: ignoreversion
Source: "data.dat"; DestDir: "{app}"; Flags: ignoreversion
