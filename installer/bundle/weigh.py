"""What each part of a frozen folder weighs, heaviest first.

python installer/bundle/weigh.py DIST/glmgui
"""

import sys
from collections import Counter
from pathlib import Path


def main(folder: Path) -> None:
    """Print the parts above 2 MB and the sum of the rest."""
    inside = folder / "_internal"
    sizes: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            place = path.relative_to(inside).parts if path.is_relative_to(inside) else (path.name,)
            sizes[place[0]] += path.stat().st_size
    rest = sum(size for size in sizes.values() if size < 2e6)
    for name, size in sizes.most_common():
        if size >= 2e6:
            print(f"{size / 1e6:8.1f} MB  {name}")
    print(f"{rest / 1e6:8.1f} MB  {sum(size < 2e6 for size in sizes.values())} smaller parts")
    print(f"{sum(sizes.values()) / 1e6:8.1f} MB  together")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
