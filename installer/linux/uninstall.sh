#!/bin/sh
# Takes the program away again, and nothing else: recordings, projects and settings stay.
set -eu
home=$(cd "$(dirname "$0")" && pwd)
prefix=$(cd "$home/../.." && pwd)
[ -f "$home/files" ] || { echo "glmgui: $home holds no installation" >&2; exit 1; }
while IFS= read -r file; do
    rm -f "$prefix/$file"
done <"$home/files"
# what the desktop's tools make of such files: anew while their folders are there, and gone where nothing else is in these
applications=$prefix/share/applications mime=$prefix/share/mime icons=$prefix/share/icons/hicolor
for refresh in "update-desktop-database -q" "update-mime-database" "gtk-update-icon-cache -q -t -f"; do
    case $refresh in *desktop*) place=$applications ;; *mime*) place=$mime ;; *) place=$icons ;; esac
    [ -d "$place" ] && command -v "${refresh%% *}" >/dev/null && { $refresh "$place" >/dev/null 2>&1 || true; }
done
only() { # only FOLDER FILE: nothing but this file is in the folder
    [ -d "$1" ] && [ "$(find "$1" -type f)" = "$1/$2" ]
}
only "$applications" mimeinfo.cache && rm -f "$applications/mimeinfo.cache"
only "$icons" icon-theme.cache && rm -f "$icons/icon-theme.cache"
if [ -d "$mime/packages" ] && [ -z "$(find "$mime/packages" -type f)" ]; then
    for name in XMLnamespaces aliases generic-icons globs globs2 icons magic mime.cache subclasses treemagic types version; do
        rm -f "$mime/$name"
    done
    rmdir "$mime/application" 2>/dev/null || true
fi
# folders that only the program had
sed 's|/[^/]*$||' "$home/files" | sort -ru | while IFS= read -r folder; do
    while [ "$folder" != . ] && [ -n "$folder" ]; do
        rmdir "$prefix/$folder" 2>/dev/null || break
        case $folder in */*) folder=${folder%/*} ;; *) break ;; esac
    done
done
rm -rf "$home"
rmdir "$prefix/lib" 2>/dev/null || true
echo "glmgui is gone from $prefix; settings and what was compiled, where there are any, stay in ~/.config/glmgui, ~/.local/state and ~/.cache/glmengine"
