# The program for Windows as an installer, from this checkout. Not tried by its authors, who have no Windows at hand; the public
# workflow .github/workflows/installers.yml runs it.
#
#     powershell -File installer\windows\build.ps1 [DIR]      writes glmgui-VERSION-windows-x86_64.exe into DIR (dist)
#
# Needed: Python 3.11 to 3.13 and Inno Setup 6 (winget install JRSoftware.InnoSetup).
param([string]$Target = "dist")
$ErrorActionPreference = "Stop"
$PSNativeCommandUseErrorActionPreference = $true
$root = (Resolve-Path "$PSScriptRoot\..\..").Path
$here = "$root\installer"
$work = Join-Path ([IO.Path]::GetTempPath()) ("glmgui-" + [guid]::NewGuid())
New-Item -ItemType Directory -Force $Target, $work | Out-Null
$Target = (Resolve-Path $Target).Path
try {
    python "$here\bundle\freeze.py" "$work"
    $version = (Get-Content "$work\version").Trim()
    $compiler = @("$env:LOCALAPPDATA\Programs\Inno Setup 6\ISCC.exe", "${env:ProgramFiles(x86)}\Inno Setup 6\ISCC.exe") |
        Where-Object { Test-Path $_ } | Select-Object -First 1
    if (-not $compiler) { throw "Inno Setup 6 is missing; get it with: winget install JRSoftware.InnoSetup" }
    & $compiler /Q "/DVersion=$version" "/DSource=$work\dist\glmgui" "/DIcon=$work\icons\glmgui.ico" "/DLicence=$root\LICENSE" `
        "/O$Target" "$here\windows\glmgui.iss"
}
finally {
    Remove-Item -Recurse -Force $work
}
Get-ChildItem "$Target\glmgui-*-windows-*.exe"
