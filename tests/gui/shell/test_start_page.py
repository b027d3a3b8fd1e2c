"""The start page: recent files without waiting for a disk, questions and samples that open, files opened together."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QCoreApplication, Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QAbstractItemView, QPushButton

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.templates import course
from glmengine.cli.main import main
from glmengine.simulation.catalogue import SAMPLES
from glmgui import slow_disks
from glmgui.dialogs.questions import FoldersDialog
from glmgui.notices import notices
from glmgui.panels.start.cards import PICTURE
from glmgui.panels.start.page import when_said
from glmgui.settings import Settings
from glmgui.work.recent import about
from tests.clock import PATIENCE_S


def test_it_stands_in_the_place_of_the_steps_until_something_is_open(window, small_recording):
    assert window.start_is_shown
    assert window.start.isVisible()
    assert [name for name in ("data", "features") if not window.docks[name].isHidden()] == []
    window.document.open(small_recording, Analysis())
    assert not window.start_is_shown
    assert not window.docks["data"].isHidden()
    window.action("start").trigger()
    assert window.start_is_shown
    window.rail.buttons["model"].click()
    assert not window.start_is_shown
    assert not window.docks["model"].isHidden()


def test_a_panel_is_made_when_its_step_is_first_shown(window, qtbot):
    assert window.docks["results"].findChild(type(window.start), "results_panel") is None
    assert not window.docks["results"].is_made
    window.show_step("results")
    assert window.docks["results"].isVisible()
    assert not window.docks["results"].is_made, "the page is shown before what is on it is made"
    qtbot.waitUntil(lambda: window.docks["results"].is_made)
    assert window.docks["results"].widget().widget() is window.panels["results"]


def test_a_panel_that_is_asked_for_is_made_at_once_and_once(window, qtbot):
    window.show_step("results")
    panel = window.panels["results"]
    assert window.docks["results"].is_made
    qtbot.wait(20)
    assert window.panels["results"] is panel


def test_every_question_and_sample_is_a_card_with_a_picture(window):
    questions, samples = window.start.questions.cards, window.start.samples.cards
    assert [card.text() for card in questions] == [lesson.question for lesson in course()]
    assert len(samples) == len(SAMPLES)
    for lesson in course():
        assert lesson.picture is not None, lesson.name
        assert lesson.picture.is_file(), lesson.name
        assert lesson.card is not None, lesson.name
    assert all(card.said for card in (*questions, *samples))


def test_pictures_of_cards_are_seen_whole_and_sharp(window):
    """Of figures that are wider than a card the first part was shown, with half a title."""
    for card in (*window.start.questions.cards, *window.start.samples.cards):
        picture = QPixmap(str(card.picture))
        room = PICTURE.width() / PICTURE.height()
        assert picture.width() / picture.height() == pytest.approx(room, rel=0.02), card.text()
        assert picture.width() >= 2 * PICTURE.width(), card.text()


def test_cards_are_as_high_as_their_words_at_once_in_a_window_that_grows(window):
    """Laid out for the rows of the width before, they were stretched to three times their height until the next round of events."""
    for width in (700, 2400, 1024, 2400):
        window.resize(width, 740)
        for cards in (window.start.questions, window.start.samples):
            assert cards.cards
            for card in cards.cards:
                row = [one for one in cards.cards if one.y() == card.y()]
                assert card.height() == max(one.heightForWidth(one.width()) for one in row)
                assert 0 <= card.x() <= cards.width() - card.width()
            assert cards.height() == max(card.geometry().bottom() for card in cards.cards) + 1


def test_pictures_of_cards_are_larger_where_all_are_seen_at_once(window):
    heights = {}
    for width, height in ((2560, 1440), (1366, 768), (2560, 1440)):
        window.resize(width, height)
        QCoreApplication.processEvents()
        card = window.start.questions.cards[0]
        heights[width] = card.height()
        assert card.width() > 2 * card._size.width()
        assert width != 2560 or not window.start.verticalScrollBar().maximum()
    assert heights[2560] > 1.2 * heights[1366]


def card_of(cards, text):
    return next(card for card in cards.cards if card.text() == text)


def test_a_question_is_filled_in_with_the_names_of_the_recording_and_fitted_and_its_page_is_at_hand(
    window, small_recording, qtbot
):
    window.document.open(small_recording, Analysis())
    window.show_start()
    card_of(window.start.questions, "What is a generalized linear model?").click()
    qtbot.waitUntil(lambda: bool(window.document.analysis.terms))
    assert window.step == "results"
    assert not window.start_is_shown
    assert window.document.recording is small_recording
    qtbot.waitUntil(window.notice_bar.isVisible)
    window.notice_bar.findChild(object, "notice_read").click()
    assert not window.notice_bar.isVisible(), "it was followed"
    assert window.guide.isVisible()
    assert window.guide.page.source().path().endswith("analyses/vocabulary/page.md")
    qtbot.waitUntil(lambda: window.document.result is not None, timeout=60_000)
    assert window.document.result.terms[0].factors[0].variable == "head_direction"
    window.document.undo()
    assert window.document.analysis == Analysis()


def test_the_course_is_read_from_the_start_page(window):
    window.start.findChild(object, "start_course").click()
    assert window.guide.page.source().path().endswith("analyses.md")


def test_what_a_recording_lacks_is_said_and_the_sample_offered(window, small_recording, questions, qtbot):
    asked = []
    questions.ready_analysis = lambda lesson, recording, lacking, changes: asked.append((lesson.sample, recording, lacking))
    window.document.open(small_recording, Analysis())
    window.show_start()
    card_of(window.start.questions, "What does the cell do around stimulus, choice and reward?").click()
    qtbot.waitUntil(lambda: bool(asked))
    ((sample, recording, lacking),) = asked
    assert (sample, recording) == ("decision-task", "small")
    assert any("stimulus" in line for line in lacking)
    assert window.document.analysis == Analysis()


def test_with_nothing_open_a_question_goes_on_with_its_sample(window, small_recording, qtbot, monkeypatch):
    opened = []

    def open_sample(name, then):
        opened.append(name)
        window.document.open(small_recording, Analysis())
        then()

    monkeypatch.setattr(window.work.opening, "open_sample", open_sample)
    card_of(window.start.questions, "What is a generalized linear model?").click()
    qtbot.waitUntil(lambda: bool(window.document.analysis.terms))
    assert opened == ["head-direction-place"]


def test_the_dialog_of_a_question_tells_what_it_is_and_what_is_lacking(qtbot):
    from glmgui.dialogs.ready_analysis import ReadyAnalysisDialog

    lesson = next(one for one in course() if one.name == "decision-task")
    dialog = ReadyAnalysisDialog(lesson, "mine", ("It needs an event; the recording has none.",))
    qtbot.addWidget(dialog)
    dialog.show()
    assert "It needs an event" in dialog.message.text
    shown = [name for name in ("sample", "open", "take") if dialog.findChild(object, f"ready_{name}").isVisible()]
    assert shown == ["sample", "take"]
    dialog.findChild(object, "ready_take").click()
    assert dialog.chosen == "take"


@pytest.mark.parametrize(("changes", "likeliest"), [("It has bins of 100 ms in place of 20 ms.", "take"), ("", "sample")])
def test_enter_presses_the_likeliest_answer_to_a_question(qtbot, changes, likeliest):
    from glmgui.dialogs.ready_analysis import ReadyAnalysisDialog

    lesson = next(one for one in course() if one.name == "decision-task")
    dialog = ReadyAnalysisDialog(lesson, "mine" if changes else "", (), changes)
    qtbot.addWidget(dialog)
    dialog.show()
    assert changes in dialog.message.text
    assert dialog.focusWidget() is dialog.findChild(object, f"ready_{likeliest}"), "else that of the first button that was made"
    qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Return)
    assert dialog.chosen == likeliest


def test_the_page_is_read_before_a_question_is_asked(window, questions, qtbot):
    questions.ready_analysis = lambda *_: "read"
    card_of(window.start.questions, "What is this cell tuned to?").click()
    assert window.guide.page.source().path().endswith("analyses/what-tuned/page.md")
    assert window.start_is_shown


def test_what_lacks_something_is_taken_nevertheless_and_not_fitted(window, small_recording, questions, qtbot):
    questions.ready_analysis = lambda *_: "take"
    window.document.open(small_recording, Analysis())
    window.show_start()
    card_of(window.start.questions, "What does the cell do around stimulus, choice and reward?").click()
    qtbot.waitUntil(lambda: window.step == "features")
    assert window.work.fitting.runs.running is None


@pytest.mark.parametrize("answer", ["take", None])
def test_a_model_that_is_open_is_replaced_only_after_it_was_asked(
    window, small_recording, small_analysis, questions, qtbot, answer
):
    asked = []

    def ready_analysis(lesson, recording, lacking, changes):
        asked.append((recording, lacking, changes))
        return answer

    questions.ready_analysis = ready_analysis
    own = small_analysis.with_(time=small_analysis.time.with_(bin_size=0.01))
    window.document.open(small_recording, own)
    window.show_start()
    card_of(window.start.questions, "What is a generalized linear model?").click()
    qtbot.waitUntil(lambda: bool(asked))
    ((recording, lacking, changes),) = asked
    assert (recording, lacking) == ("small", ())
    assert "takes the place of the model that is open (" in changes
    assert "in place of 10 ms" in changes
    if answer is None:
        assert window.document.analysis == own
    else:
        qtbot.waitUntil(lambda: window.document.analysis != own)
        assert any(changes in notice.said for notice in notices().all)


# Recent files


def test_recent_files_say_what_they_are(window, small_recording, small_analysis, tmp_path, qtbot):
    path = tmp_path / "a.glm"
    path.write_text("x")
    window.document.open(small_recording, small_analysis)
    window.work.recent.add(path, window.document)
    window.show_start()
    qtbot.waitUntil(lambda: len(window.start.recent.cards) == 1)
    card = window.start.recent.cards[0]
    assert card.text() == "a.glm"
    for part in ("project", "3\u00a0units", "2\u00a0min", "1\u00a0term", "today\u00a0"):  # no line ends within one
        assert part in card.said


def test_a_disk_that_does_not_answer_holds_nothing_up(settings, questions, tmp_path, monkeypatch, qapp, qtbot):
    """Stands for a network share that is gone: whoever asks for a path on it waits for ever."""
    from glmgui.shell.window import MainWindow

    dead, released, asked_by = tmp_path / "dead", threading.Event(), set()
    true_exists, true_is_dir = Path.exists, Path.is_dir

    def hanging(answer):
        def ask(path, *arguments, **options):
            if str(path).startswith(str(dead)):
                asked_by.add(threading.current_thread())
                released.wait(PATIENCE_S)
                return False
            return answer(path, *arguments, **options)

        return ask

    monkeypatch.setattr(Path, "exists", hanging(true_exists))
    monkeypatch.setattr(Path, "is_dir", hanging(true_is_dir))
    for number in range(3):
        settings.add_recent(dead / f"{number}.nwb", "25 units, 33 min")
    settings.folder = dead
    there = tmp_path / "there.nwb"
    there.write_text("x")
    settings.add_recent(there)
    window = MainWindow(settings, questions)
    try:
        window.show()
        qtbot.waitUntil(lambda: window.work.recent.is_reached(there))
        assert [card.text() for card in window.start.recent.cards] == ["there.nwb", "2.nwb", "1.nwb", "0.nwb"]
        qtbot.waitUntil(lambda: any("does not answer" in card.said for card in window.start.recent.cards))
        assert "does not answer" not in window.start.recent.cards[0].said
        window.start.recent.cards[1].click()
        assert "cannot be reached" in window.notice_bar.notice.text
        assert window.jobs.idle
        assert settings.folder == str(Path.home())
        assert asked_by
        assert threading.main_thread() not in asked_by
    finally:
        released.set()
        window.close()


def test_a_question_to_a_disk_gives_up_soon():
    never = threading.Event()
    assert slow_disks._soon(never.wait) is False  # and does not hang
    never.set()
    assert slow_disks.is_there_soon(Path.cwd())
    assert not slow_disks.is_there_soon(Path.cwd() / "no such file")


def test_settings_that_cannot_be_written_are_only_not_remembered(tmp_path, questions, qapp):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    from glmgui.shell.window import MainWindow

    settings = Settings(in_the_way / "settings.ini")
    window = MainWindow(settings, questions)
    window.show()
    window.settings.add_recent(tmp_path / "a.nwb")
    window.zoom(1)
    window.zoom(0)
    assert window.close()


def test_moments_are_said_as_people_say_them():
    now = time.mktime((2026, 3, 10, 15, 0, 0, 0, 0, -1))
    assert when_said(0.0, now) == ""
    assert when_said(now - 3600, now) == "today 14:00"
    assert when_said(time.mktime((2026, 3, 9, 23, 59, 0, 0, 0, -1)), now) == "yesterday 23:59"
    assert when_said(time.mktime((2026, 1, 2, 9, 0, 0, 0, 0, -1)), now).startswith("2 ")
    assert when_said(time.mktime((2025, 1, 2, 9, 0, 0, 0, 0, -1)), now).endswith("2025")


def test_damaged_notes_on_recent_files_are_left_out(tmp_path):
    settings = Settings(tmp_path / "settings.ini")
    settings.add_recent(tmp_path / "a.nwb", "2 units")
    settings._set({"recent_told": '{"%s": [1], "b": 3' % (tmp_path / "a.nwb")})
    assert [(one.path.name, one.about, one.when) for one in settings.recent] == [("a.nwb", "", 0.0)]


def test_what_is_open_is_said_in_a_few_words(document, small_recording, small_analysis):
    assert about(document) == ""
    document.open(small_recording, small_analysis)
    assert about(document) == "3 units, 2 min, 1 term"


def test_a_fitted_sample_is_shown_by_one_press(window, monkeypatch, small_recording, small_analysis, small_result, qtbot):
    from glmgui.notices import notices

    monkeypatch.setattr("glmgui.samples.fitted", lambda context: (small_recording, small_analysis, small_result))
    told = len(notices().all)
    window.start.findChild(QPushButton, "start_demo").click()
    qtbot.waitUntil(lambda: window.document.result is small_result and window.jobs.idle)
    assert not [notice.said for notice in notices().all[told:] if notice.level == "error"]


# Several files


@pytest.fixture
def two_parts(tmp_path):
    """Spikes in one file and tracking in another, both without a standard."""
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 60, 400))
    with open(tmp_path / "rat1_spikes.csv", "w", encoding="utf-8") as stream:
        stream.write("spike_times,unit\n")
        stream.writelines(f"{time:.4f},{number}\n" for time, number in zip(times, rng.integers(1, 4, 400), strict=True))
    frames = np.arange(0, 60, 0.02)
    with open(tmp_path / "rat1_tracking.csv", "w", encoding="utf-8") as stream:
        stream.write("t,x,y\n")
        stream.writelines(f"{t:.3f},{50 + 40 * np.sin(t / 5):.3f},{50 + 40 * np.cos(t / 7):.3f}\n" for t in frames)
    return [tmp_path / "rat1_tracking.csv", tmp_path / "rat1_spikes.csv"]


@pytest.mark.parametrize("chosen", ["both", "the spikes"])
def test_spikes_and_tracking_are_one_recording_without_a_question(window, questions, two_parts, chosen, qtbot):
    """Also where only the spikes are opened, and the tracking lies beside them."""
    seen = []
    questions.several = None
    plain = questions.recipe
    questions.recipe = lambda assistance, text, fault: (
        seen.append((assistance.path.name, text, fault)) or plain(assistance, text, fault)
    )
    window.work.opening.open_several(two_parts if chosen == "both" else two_parts[1:])
    qtbot.waitUntil(lambda: window.document.recording is not None)
    ((name, text, fault),) = seen
    assert name == "rat1_spikes.csv"
    assert fault == ""
    assert "rat1_tracking.csv:x" in text
    assert len(window.document.recording.unit_names) == 3
    assert window.document.recording.covariates


def test_tracking_opened_together_with_nwb_is_its_covariates(window, questions, two_parts, tmp_path, qtbot):
    recipe, session = tmp_path / "recipe.toml", tmp_path / "session.nwb"
    assert main(["recipe", str(two_parts[1]), "--out", str(recipe)]) == 0
    assert main(["convert", str(two_parts[1]), str(session), "--recipe", str(recipe)]) == 0
    questions.several = None
    window.work.opening.open_several([two_parts[0], session])
    qtbot.waitUntil(lambda: window.document.recording is not None)
    assert len(window.document.recording.unit_names) == 3
    assert [name for name in window.document.recording.covariates if name in ("x", "y", "position")]
    assert not window.document.recording.sessions


def test_several_recordings_become_sessions(window, questions, two_parts, tmp_path, qtbot):
    other = tmp_path / "rat2_spikes.csv"
    lines = two_parts[1].read_text(encoding="utf-8").splitlines()
    other.write_text("\n".join(lines[:300]), encoding="utf-8")
    questions.several = lambda paths, likelier: likelier
    window.work.opening.open_several([two_parts[1], other])
    qtbot.waitUntil(lambda: window.document.recording is not None)
    assert len(window.document.recording.sessions) == 2
    assert len(window.document.analysis.sources) == 2


def test_a_project_is_opened_alone(window, tmp_path):
    window.work.opening.open_several([tmp_path / "a.glm", tmp_path / "b.nwb"])
    assert "opened alone" in window.notice_bar.notice.text
    assert window.jobs.idle


def test_a_second_window_on_a_project_is_warned(window, settings, questions, small_recording, small_analysis, tmp_path, qtbot):
    from glmgui.notices import notices
    from glmgui.shell.window import MainWindow

    questions.next_path = tmp_path / "shared.glm"
    window.document.open(small_recording, small_analysis)
    window.work.saving.save()
    qtbot.waitUntil(lambda: window.document.project_path is not None and window.jobs.idle)
    told = []
    notices().noticed.connect(lambda notice: told.append(notice.text))
    second = MainWindow(settings, questions)
    try:
        second.document.mark_saved(tmp_path / "shared.glm", small_analysis, None)
        qtbot.waitUntil(lambda: any("open in another window" in text for text in told))
        window.work.claim.release()
        told.clear()
        second.document.mark_saved(tmp_path / "other.glm", small_analysis, None)
        second.document.mark_saved(tmp_path / "shared.glm", small_analysis, None)
        qtbot.waitUntil(lambda: second.jobs.idle)
        assert not told
    finally:
        second.close()
    assert sorted(path.name for path in tmp_path.glob("*.lock")) == []


def test_the_answers_of_a_recording_are_two_clicks_and_a_file_away(window, small_recording, monkeypatch, qtbot):
    asked = []
    monkeypatch.setattr(window.work.answers, "find_at_once", lambda: asked.append(window.step))

    def open_several(paths, then):
        window.document.open(small_recording, Analysis())
        then()

    monkeypatch.setattr(window.work.opening, "open_several", open_several)
    window.work.questions.next_path = Path("recording")
    window.start.answers.click()
    assert asked == ["answers"]
    window.show_start()
    assert "of small" in window.start._answers_said.text()
    assert not window.start.answers_folder.isVisible()
    window.start.answers.click()  # of the one that is open: nothing is opened
    assert asked == ["answers"] * 2
    window.action("open_folder_for_answers").trigger()
    assert asked == ["answers"] * 3


def test_several_folders_are_chosen_at_once(qtbot, tmp_path):
    for name in ("day1", "day2"):
        (tmp_path / name).mkdir()
    dialog = FoldersDialog(str(tmp_path))
    qtbot.addWidget(dialog)
    dialog.show()
    view = dialog.findChild(QAbstractItemView, "treeView")
    qtbot.waitUntil(lambda: view.model().rowCount(view.rootIndex()) == 2)
    view.selectAll()
    assert {path.name for path in dialog.chosen} == {"day1", "day2"}


def test_what_leads_to_the_page_of_a_question_goes_when_the_question_is_another(window, small_recording, qtbot):
    window.document.open(small_recording, Analysis())
    window.show_start()
    card_of(window.start.questions, "What is a generalized linear model?").click()
    qtbot.waitUntil(lambda: window.notice_bar.isVisible() and bool(window.notice_bar.notice.page))
    qtbot.waitUntil(lambda: not window.document.busy, timeout=60_000)
    assert window.notice_bar.isVisible()
    analysis = window.document.analysis
    window.document.edit(analysis.with_(seed=analysis.seed + 1), "Change seed")
    assert not window.notice_bar.isVisible()
