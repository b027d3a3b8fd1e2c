#!/usr/bin/env bash
# The program for Linux as a .deb, a self-extracting .run (for one user, without root) and a .tar.gz, from this checkout.
#
#     installer/linux/build.sh [DIR]        writes them into DIR (dist/ where it is not given)
#
# Needed: Python 3.11 to 3.13 with venv, a network for the packages (or PIP_INDEX_URL), and of Debian: binutils, dpkg, makeself.
# PYTHON names another Python. The bundle runs on systems whose C library is at least as new as the one that it was built on
# asks for (it is printed, and stands in the .deb's dependencies), so build on the oldest system that is to run it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/installer
target=$(mkdir -p "${1:-$root/dist}" && cd "${1:-$root/dist}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root"

say() { printf '== %s\n' "$*"; }

for tool in objdump dpkg-deb makeself; do
    command -v "$tool" >/dev/null || { echo "missing: $tool; get it with: sudo apt-get install -y binutils dpkg makeself"; exit 1; }
done

say "One folder with both commands"
"${PYTHON:-python3}" "$here/bundle/freeze.py" "$work"
build=$work/venv/bin/python
folder=$work/dist/glmgui
version=$(cat "$work/version")
architecture=$(dpkg --print-architecture)
name=glmgui-$version-linux-$(uname -m)
"$build" "$here/linux/needed.py" "$folder" >"$work/needed"
libc=$(sed -n 's/^glibc //p' "$work/needed")
say "It asks for glibc $libc"

# what a desktop shows: menu entry, file type, icons, manual pages; the same for all three
share=$work/share
mkdir -p "$share/applications" "$share/mime/packages" "$share/man/man1" "$share/icons/hicolor/scalable/apps"
cp "$here/linux/glmgui.desktop" "$share/applications/glmgui.desktop"
cp "$here/linux/glmgui.xml" "$share/mime/packages/glmgui.xml"
cp "$root/resources/icons/app.svg" "$share/icons/hicolor/scalable/apps/glmgui.svg"
for size in 16 22 24 32 48 64 128 256 512; do
    mkdir -p "$share/icons/hicolor/${size}x$size/apps"
    cp "$work/icons/glmgui-$size.png" "$share/icons/hicolor/${size}x$size/apps/glmgui.png"
done
QT_QPA_PLATFORM=offscreen "$build" "$here/linux/manual.py" "$folder/glmgui" "$folder/glmengine" "$share/man/man1"

say "$name.deb"
deb=$work/deb
mkdir -p "$deb/DEBIAN" "$deb/opt" "$deb/usr/bin" "$deb/usr/share/doc/glmgui"
cp -a "$folder" "$deb/opt/glmgui"
cp -a "$share/." "$deb/usr/share/"
gzip -9n "$deb/usr/share/man/man1/"*.1
sed -i 's|@BIN@|/usr/bin|' "$deb/usr/share/applications/glmgui.desktop"
ln -s /opt/glmgui/glmgui /opt/glmgui/glmengine "$deb/usr/bin/"
ln -s /opt/glmgui/LICENCES.txt "$deb/usr/share/doc/glmgui/copyright"
depends=$("$build" "$here/linux/packages.py" "$work/needed")
cat >"$deb/DEBIAN/control" <<CONTROL
Package: glmgui
Version: $version
Architecture: $architecture
Maintainer: The glmgui developers <glmgui@localhost>
Installed-Size: $(du -sk "$deb" | cut -f1)
Depends: $depends
Section: science
Priority: optional
Description: find out what drives a neuron
 Generalized linear models of neural activity by point and click: load a
 recording, say what each neuron may depend on, fit it in the background, see
 on held-out time whether it is true, and take figures and numbers into a
 paper. The command glmengine does the same without a window.
CONTROL
chmod -R u=rwX,go=rX "$deb"
dpkg-deb --root-owner-group -Zxz -z6 --build "$deb" "$target/$name.deb" >/dev/null

say "$name.tar.gz and $name.run"
tree=$work/$name
mkdir -p "$tree"
mv "$deb/opt/glmgui" "$tree/program"
cp -a "$share" "$tree/share"
install -m 755 "$here/linux/setup.sh" "$tree/setup.sh"
install -m 755 "$here/linux/uninstall.sh" "$tree/uninstall.sh"
tar -C "$work" --owner=0 --group=0 -I 'gzip -6' -cf "$target/$name.tar.gz" "$name"
# gzip, since the smallest systems have no xz
makeself --quiet --nox11 --gzip --complevel 6 "$tree" "$target/$name.run" "glmgui $version" ./setup.sh >/dev/null

ls -l "$target/$name".*
