#!/bin/sh
# Takes the program away again, and nothing else: recordings, projects and settings stay.
set -eu
home=$(cd "$(dirname "$0")" && pwd)
prefix=$(cd "$home/../.." && pwd)
[ -f "$home/files" ] || { echo "glmgui: $home holds no installation" >&2; exit 1; }
while IFS= read -r file; do
    rm -f "$prefix/$file"
done <"$home/files"
# folders that only the program had
sed 's|/[^/]*$||' "$home/files" | sort -ru | while IFS= read -r folder; do
    while [ "$folder" != . ] && [ -n "$folder" ]; do
        rmdir "$prefix/$folder" 2>/dev/null || break
        case $folder in */*) folder=${folder%/*} ;; *) break ;; esac
    done
done
for refresh in "update-desktop-database -q $prefix/share/applications" "update-mime-database $prefix/share/mime"; do
    [ -d "${refresh##* }" ] && command -v "${refresh%% *}" >/dev/null && { $refresh >/dev/null 2>&1 || true; }
done
rm -rf "$home"
rmdir "$prefix/lib" 2>/dev/null || true
echo "glmgui is gone from $prefix; settings, where there are any, stay in ~/.config/glmgui and ~/.local/state"
