#!/usr/bin/env bash
# The program for macOS (Apple silicon) as a disk image, from this checkout. Not tried by its authors, who have no Mac at hand;
# the public workflow .github/workflows/installers.yml runs it.
#
#     installer/macos/build.sh [DIR]       writes glmgui-VERSION-macos-arm64.dmg into DIR (dist)
#
# Signed where CODESIGN_IDENTITY names a certificate of the keychain, and notarised where NOTARY_PROFILE names credentials stored by
# `xcrun notarytool store-credentials`; else the first start needs a right click and Open. JAX has no wheels for Intel Macs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/installer
target=$(mkdir -p "${1:-$root/dist}" && cd "${1:-$root/dist}" && pwd)
[ "$(uname -m)" = arm64 ] || { echo "this is an Intel Mac, for which JAX has no wheels; use Apple silicon"; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" "$here/bundle/freeze.py" "$work"
version=$(cat "$work/version")
app=$work/dist/glmgui.app
if [ -n "${CODESIGN_IDENTITY:-}" ]; then
    codesign --force --deep --timestamp --options runtime --entitlements "$here/macos/entitlements.plist" --sign "$CODESIGN_IDENTITY" "$app"
else
    codesign --force --deep --sign - "$app" # Apple silicon starts nothing that has no signature at all
fi
mkdir "$work/image"
mv "$app" "$work/image/"
ln -s /Applications "$work/image/Applications"
image=$target/glmgui-$version-macos-arm64.dmg
hdiutil create -quiet -ov -fs HFS+ -format UDZO -volname "glmgui $version" -srcfolder "$work/image" "$image"
if [ -n "${CODESIGN_IDENTITY:-}" ] && [ -n "${NOTARY_PROFILE:-}" ]; then
    codesign --timestamp --sign "$CODESIGN_IDENTITY" "$image"
    xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
    xcrun stapler staple "$image"
fi
ls -l "$image"
