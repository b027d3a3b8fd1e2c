; Inno Setup's recipe: for one user by default, without an administrator; for all users where one is asked for in the dialog.
; Not tried by its authors. build.ps1 gives Version, Source (the frozen folder), Icon and Licence.
[Setup]
AppId={{6E0D3F0B-6C0B-4C53-9F6B-5C8C3C7F1F7E}
AppName=glmgui
AppVersion={#Version}
AppVerName=glmgui {#Version}
AppPublisher=The glmgui developers
DefaultDirName={autopf}\glmgui
DefaultGroupName=glmgui
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile={#Licence}
SetupIconFile={#Icon}
UninstallDisplayIcon={app}\glmgui.exe
OutputBaseFilename=glmgui-{#Version}-windows-x86_64
Compression=lzma2/normal
SolidCompression=yes
ChangesAssociations=yes
ChangesEnvironment=yes
CloseApplications=yes
WizardStyle=modern

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "path"; Description: "Add the command glmengine to the PATH"; Flags: unchecked

[InstallDelete]
; parts of an older version that this one does not have
Type: filesandordirs; Name: "{app}\_internal"

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: recursesubdirs ignoreversion

[Icons]
Name: "{group}\glmgui"; Filename: "{app}\glmgui.exe"
Name: "{autodesktop}\glmgui"; Filename: "{app}\glmgui.exe"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\.glm\OpenWithProgids"; ValueType: string; ValueName: "glmgui.project"; Flags: uninsdeletevalue
Root: HKA; Subkey: "Software\Classes\glmgui.project"; ValueType: string; ValueData: "glmgui project"; Flags: uninsdeletekey
Root: HKA; Subkey: "Software\Classes\glmgui.project\DefaultIcon"; ValueType: string; ValueData: "{app}\glmgui.exe,0"
Root: HKA; Subkey: "Software\Classes\glmgui.project\shell\open\command"; ValueType: string; ValueData: """{app}\glmgui.exe"" ""%1"""
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: NotOnPath

[Run]
Filename: "{app}\glmgui.exe"; Description: "{cm:LaunchProgram,glmgui}"; Flags: nowait postinstall skipifsilent

[Code]
function NotOnPath(): Boolean;
var
  Present: String;
begin
  if not RegQueryStringValue(HKCU, 'Environment', 'Path', Present) then
    Present := '';
  Result := Pos(';' + Lowercase(ExpandConstant('{app}')) + ';', ';' + Lowercase(Present) + ';') = 0;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Present, Own: String;
begin
  if (Step = usUninstall) and RegQueryStringValue(HKCU, 'Environment', 'Path', Present) then
  begin
    Own := ';' + ExpandConstant('{app}');
    if StringChangeEx(Present, Own, '', True) > 0 then
      RegWriteExpandStringValue(HKCU, 'Environment', 'Path', Present);
  end;
end;
