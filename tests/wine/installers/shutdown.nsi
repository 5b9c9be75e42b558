; An installer that stops who uses C:\nsis\data.dat without asking for a list first, replaces the
; file and starts them again. Its exit status is the sum of what went wrong. installer_test.c runs it.
Unicode true
OutFile shutdown.exe
RequestExecutionLevel user
SilentInstall silent
Name "Shutdown by file"

Section
  StrCpy $9 0
  System::Call 'rstrtmgr::RmStartSession(*i .r0, i 0, w .r1) i .r2'
  IntOp $9 $9 + $2
  System::Call '*(w "C:\nsis\data.dat") p .r3'
  System::Call 'rstrtmgr::RmRegisterResources(i r0, i 1, p r3, i 0, p 0, i 0, p 0) i .r2'
  IntOp $9 $9 + $2
  System::Call 'rstrtmgr::RmShutdown(i r0, i 0, p 0) i .r2'
  IntOp $9 $9 + $2
  ClearErrors
  SetOutPath C:\nsis
  FileOpen $4 C:\nsis\data.dat w
  IfErrors 0 +2
  IntOp $9 $9 + 10000
  FileWrite $4 "new"
  FileClose $4
  System::Call 'rstrtmgr::RmRestart(i r0, i 0, p 0) i .r2'
  IntOp $9 $9 + $2
  System::Call 'rstrtmgr::RmEndSession(i r0) i .r2'
  IntOp $9 $9 + $2
  System::Free $3
  SetErrorLevel $9
SectionEnd
