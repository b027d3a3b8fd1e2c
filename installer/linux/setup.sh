#!/bin/sh
# Puts the program into a user's own folders, or, run as root, where every user finds it; an older version there is replaced.
#
#     ./setup.sh [--prefix DIR]        DIR is ~/.local, or /usr/local for root, where it is not given
set -eu
here=$(cd "$(dirname "$0")" && pwd)
prefix=$HOME/.local
[ "$(id -u)" = 0 ] && prefix=/usr/local
case ${1:-} in
--prefix) prefix=${2:?--prefix needs a folder} ;;
"") ;;
*)
    echo "usage: setup.sh [--prefix DIR]" >&2
    exit 2
    ;;
esac
mkdir -p "$prefix" 2>/dev/null || { echo "glmgui: $prefix cannot be made; give another folder with --prefix" >&2; exit 1; }
prefix=$(cd "$prefix" && pwd)
[ -w "$prefix" ] || { echo "glmgui: $prefix is not writable; give another folder with --prefix" >&2; exit 1; }
needed=$(($(du -sk "$here/program" | cut -f1) + 1024))
free=$(df -Pk "$prefix" | awk 'NR == 2 { print $4 }')
[ "$free" -gt "$needed" ] || { echo "glmgui: $((needed / 1024)) MB are needed in $prefix and $((free / 1024)) MB are free; make room" >&2; exit 1; }

home=$prefix/lib/glmgui
mkdir -p "$prefix/lib" "$prefix/bin"
rm -rf "$home.new"
trap 'rm -rf "$home.new"' EXIT
trap 'exit 130' INT TERM
mkdir "$home.new"
cp -R "$here/program" "$home.new/program"
cp "$here/uninstall.sh" "$home.new/uninstall.sh"
(cd "$here/share" && find . -type f) | while IFS= read -r file; do
    mkdir -p "$prefix/share/$(dirname "$file")"
    cp "$here/share/$file" "$prefix/share/$file"
    printf '%s\n' "share/${file#./}"
done >"$home.new/files"
# the present version goes only when the new one is whole
if [ -e "$home" ]; then
    mv "$home" "$home.old"
fi
mv "$home.new" "$home"
rm -rf "$home.old"
for name in glmgui glmengine; do
    ln -sf "$home/program/$name" "$prefix/bin/$name"
    printf '%s\n' "bin/$name" >>"$home/files"
done
escaped=$(printf '%s' "$prefix/bin" | sed 's/[&|\\]/\\&/g')
sed "s|@BIN@|$escaped|" "$here/share/applications/glmgui.desktop" >"$prefix/share/applications/glmgui.desktop"
"$home/program/glmgui" --version >/dev/null || { echo "glmgui: the program does not start; its own words stand above" >&2; exit 1; }
for refresh in "update-desktop-database -q $prefix/share/applications" "update-mime-database $prefix/share/mime" \
    "gtk-update-icon-cache -q -t -f $prefix/share/icons/hicolor"; do
    command -v "${refresh%% *}" >/dev/null && { $refresh >/dev/null 2>&1 || true; } # the menu finds it at the next login, else
done
echo "glmgui is in $home; start it from the menu, or with $prefix/bin/glmgui"
case ":$PATH:" in
*":$prefix/bin:"*) ;;
*) echo "$prefix/bin is not on the PATH of this terminal: add it to use the commands by name" ;;
esac
echo "to remove it: $home/uninstall.sh"
