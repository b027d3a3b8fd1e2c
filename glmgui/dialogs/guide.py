"""The user guide, read offline, with links, search and contents."""

from __future__ import annotations

import re
from pathlib import Path

from qtpy.QtCore import QEvent, Qt, QUrl
from qtpy.QtGui import QDesktopServices, QKeySequence, QPixmap, QShortcut, QTextCursor, QTextDocument
from qtpy.QtWidgets import QLineEdit, QListView, QListWidget, QListWidgetItem, QSplitter, QTextBrowser, QVBoxLayout, QWidget

from glmengine.analysis.templates import COURSE_PAGE
from glmengine.resources import resource
from glmgui import theme
from glmgui.screen_room import resize_on_screen
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import row
from glmgui.widgets.pictures import course_picture
from glmgui.widgets.tables import fit_rows

_LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+\.md)\)")
FIRST_PAGE = "index.md"
_LARGEST_SHARE = 0.4  # of the window, for the list of pages


class _Page(QTextBrowser):
    """Opens links between pages itself and those to the web in the browser; styles what Markdown gives."""

    def __init__(self, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSearchPaths([str(folder), *(str(page.parent) for page in sorted(folder.parent.glob("analyses/*/page.md")))])
        self.setOpenLinks(False)
        self.anchorClicked.connect(self._follow)

    def show_page(self, name: str) -> None:
        self.setSource(QUrl(name), QTextDocument.ResourceType.MarkdownResource)

    def loadResource(self, kind: int, name: QUrl) -> object:
        """Pictures by their file name alone: Qt joins the page's folder to it twice, where the page lies in another than the first."""
        if kind == QTextDocument.ResourceType.ImageResource.value:
            places = (Path(folder) / name.fileName() for folder in self.searchPaths())
            found = next((path for path in places if path.is_file()), None)
            if found is not None:
                return course_picture(found, self.devicePixelRatioF())
        return super().loadResource(kind, name)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if (
            event.type() == QEvent.Type.PaletteChange and not self.source().isEmpty()
        ):  # links keep the colour that they were read with
            place = self.verticalScrollBar().value()
            self.reload()
            self.verticalScrollBar().setValue(place)

    def _follow(self, url: QUrl) -> None:
        if url.scheme() in ("http", "https", "mailto"):
            QDesktopServices.openUrl(url)
        else:
            self.setSource(url)


class GuideWindow(QWidget):
    """A window of its own, so that it can be read beside the program."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("guide_window")
        self.setWindowTitle("User guide")
        self.setWindowIcon(theme.icon("help"))
        resize_on_screen(self, 1120, 760)
        folder = resource("guide")
        self.page = _Page(folder, self)
        self.page.setObjectName("guide_page")
        self.page.setAccessibleName("Page of the guide")
        self.page.document().setDocumentMargin(18)
        self.contents = QListWidget(self)
        self.contents.setObjectName("guide_contents")
        self.contents.setAccessibleName("Contents of the guide")
        self.contents.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.contents.setWordWrap(True)
        self.contents.setResizeMode(QListView.ResizeMode.Adjust)  # lines are broken anew at another width
        fit_rows(self.contents)
        indent = QPixmap(self.fontMetrics().horizontalAdvance("m"), 1)  # of each line of a title, not of its first alone
        indent.fill(Qt.GlobalColor.transparent)
        for title, name in pages_of_guide():
            item = QListWidgetItem(title.strip(), self.contents)
            item.setData(Qt.ItemDataRole.UserRole, name)
            if title.startswith(" "):
                item.setData(Qt.ItemDataRole.DecorationRole, indent)
        self.search = QLineEdit(self)
        self.search.setObjectName("guide_search")
        self.search.setAccessibleName("Search in the guide")
        self.search.setPlaceholderText("Search all pages (Enter for the next place)")
        self.search.setClearButtonEnabled(True)
        back = small_button("\u2190 back", "guide_back", "Back to the page before", self)
        forward = small_button("forward \u2192", "guide_forward", "To the page that you came from", self)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self.contents)
        split.addWidget(self.page)
        widest = self.contents.sizeHintForColumn(0) + self.contents.verticalScrollBar().sizeHint().width() + 8
        listed = min(widest, round(_LARGEST_SHARE * self.width()))
        split.setSizes([listed, self.width() - listed])
        split.setStretchFactor(1, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 8, 8, 8)
        box.addLayout(row(back, forward, self.search, spacing=6))
        box.itemAt(0).layout().setStretch(2, 1)
        box.addWidget(split, 1)
        back.clicked.connect(self.page.backward)
        forward.clicked.connect(self.page.forward)
        self.page.backwardAvailable.connect(back.setEnabled)
        self.page.forwardAvailable.connect(forward.setEnabled)
        back.setEnabled(False)
        forward.setEnabled(False)
        self.contents.itemClicked.connect(lambda item: self.show_page(item.data(Qt.ItemDataRole.UserRole)))
        self.contents.itemActivated.connect(lambda item: self.show_page(item.data(Qt.ItemDataRole.UserRole)))
        self.page.sourceChanged.connect(self._page_changed)
        self.search.returnPressed.connect(self.find_next)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        self.show_page(FIRST_PAGE)

    def show_page(self, name: str, word: str = "") -> None:
        """Show one page; the first where there is none of that name. A word that is written so there is marked."""
        self.page.show_page(name if (resource("guide") / name).is_file() else FIRST_PAGE)
        if word:
            self.page.moveCursor(QTextCursor.MoveOperation.Start)
            self.page.find(word, QTextDocument.FindFlag.FindCaseSensitively | QTextDocument.FindFlag.FindWholeWords)

    def find_next(self) -> bool:
        """Go to the next place of the searched words, on this page or a later one, around; False if there is none."""
        wanted = self.search.text().strip()
        if not wanted or self.page.find(wanted):
            return bool(wanted)
        names = [self.contents.item(at).data(Qt.ItemDataRole.UserRole) for at in range(self.contents.count())]
        here = names.index(self._name) if self._name in names else 0
        for name in [*names[here + 1 :], *names[: here + 1]]:
            if wanted.lower() in (resource("guide") / name).read_text(encoding="utf-8").lower():
                self.show_page(name)
                if self.page.find(wanted):
                    return True
        return False

    @property
    def _name(self) -> str:
        return _page_of(self.page.source())

    def _page_changed(self, url: QUrl) -> None:
        # the page's own `source` still names the one before
        for at in range(self.contents.count()):
            if self.contents.item(at).data(Qt.ItemDataRole.UserRole) == _page_of(url):
                self.contents.setCurrentRow(at)


def pages_of_guide() -> list[tuple[str, str]]:
    """Titles and pages: those that the first page lists, and below the course its own pages."""
    folder = resource("guide")
    found = [("Contents", FIRST_PAGE)]
    for title, name in _LINK.findall((folder / FIRST_PAGE).read_text(encoding="utf-8")):
        found.append((title, name))
        if name == COURSE_PAGE:
            pages = _LINK.findall((folder / COURSE_PAGE).read_text(encoding="utf-8"))
            found += [(f"    {title}", page) for title, page in pages if page.startswith("..")]
    return found


def _page_of(url: QUrl) -> str:
    """The page as the contents name it, by whichever way a link led to it."""
    parts = url.path().split("/")
    return f"../analyses/{parts[-2]}/{parts[-1]}" if parts[-1] == "page.md" else parts[-1]
