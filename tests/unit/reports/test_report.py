"""The report page: self-contained, escaped, complete, repeatable; and its figures."""

import base64
import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from discover.core.errors import ArtifactError
from discover.core.home import Home
from discover.core.window_set import WindowSet
from discover.reports import ReportInputs, write_report
from discover.reports import rooms_figure as rooms_module
from discover.reports.recognition_figures import shown_row
from discover.reports.search_figures import _visits, draw_search
from discover.reports.style import draw
from discover.reports.tables import mapping_tables, recognition_tables
from discover.reports.training_figures import _panels, draw_training_curves, training_series
from discover.retrieval import Hit

FIGURES = {
    "window_statistics", "training_curves", "scores_free_running", "confusion_free_running",
    "activities_free_running", "label_precision", "search_1", "search_2",
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, inputs: ReportInputs) -> Path:
    return write_report(tmp_path_factory.mktemp("report"), inputs)


class Balanced(HTMLParser):
    """Fails where a tag is closed that is not the innermost open one."""

    VOID = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_other_file(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    parser = Balanced()
    parser.feed(page)
    assert parser.open == []
    sources = re.findall(r"""(?:src|href)="([^"]*)\"""", page)
    assert sources
    assert all(s.startswith(("data:image/svg+xml;base64,", "#")) for s in sources)
    assert "<script" not in page
    assert "url(" not in page
    for target in re.findall(r'href="#([^"]*)"', page):
        assert f'id="{target}"' in page


def test_every_section_and_number_is_there(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    for title in ("Settings: what was done", "Data health", "Windows", "Training",
                  "Recognition, free-running windows", "Retrieval", "Answered questions"):  # fmt: skip
        assert f"<h2>{title}</h2>" in page
    assert "4,500" in page
    assert "0.800<small>0.750 – 0.850</small>" in page
    assert "<strong>0.820</strong>" in page
    assert "<strong>0.910</strong>" not in page, "bold is for the best row without labels"
    assert "split.seed" in page
    assert "1.7 min" in page
    assert "No window passed the filters." in page
    assert "0.520" in page


def test_text_is_escaped(written: Path) -> None:
    page = written.read_text(encoding="utf-8")
    assert "somebody &lt;b&gt;showers&lt;/b&gt;" in page
    assert "<b>showers" not in page
    assert "<title>Small &lt;home&gt; &amp; friends</title>" in page


def test_figures_are_also_png_and_svg_files(written: Path) -> None:
    files = sorted((written.parent / "figures").iterdir())
    for ending, begin in ((".png", b"\x89PNG"), (".svg", b"<?xml")):
        paths = {p.stem: p for p in files if p.suffix == ending}
        assert set(paths) == FIGURES
        for path in paths.values():
            assert path.read_bytes().startswith(begin)
            assert path.stat().st_size > 5_000
    assert written.read_text(encoding="utf-8").count("data:image/svg+xml;base64,") == len(FIGURES)


def test_same_inputs_same_bytes(written: Path, inputs: ReportInputs, tmp_path: Path) -> None:
    again = write_report(tmp_path, inputs)
    assert again.read_bytes() == written.read_bytes()
    for path in (tmp_path / "figures").iterdir():
        assert path.read_bytes() == (written.parent / "figures" / path.name).read_bytes()


def test_empty_parts_leave_out_their_sections(tmp_path: Path) -> None:
    page = write_report(tmp_path, ReportInputs("Nothing yet", Home(name="h"))).read_text(encoding="utf-8")
    assert "<h2>" not in page
    assert not (tmp_path / "figures").exists()


def test_a_skipped_evaluation_says_why(tmp_path: Path, recognition: dict[str, Any]) -> None:
    skipped = {**recognition, "rows": [], "skipped": "no test window has an activity"}
    inputs = ReportInputs(
        "t", Home(name="h"), recognition=(skipped,), retrieval={"skipped": "there is no test window"}
    )
    page = write_report(tmp_path, inputs).read_text(encoding="utf-8")
    assert "Not scored: no test window has an activity." in page
    assert "Not scored: there is no test window." in page


@pytest.mark.usefixtures("blank")
def test_an_unwritable_folder_is_an_error_in_words(tmp_path: Path, inputs: ReportInputs) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ArtifactError, match="Cannot write"):
        write_report(blocked, dataclasses.replace(inputs, searches=(), window_set=None))


def test_homes_without_a_plan_get_strips(window_set: WindowSet, hits: list[Hit]) -> None:
    sensors = tuple(s.model_copy(update={"x": None, "y": None}) for s in window_set.home.sensors)
    home = window_set.home.model_copy(update={"sensors": sensors, "floor_plan": None})
    drawing = draw_search("q", hits[:2], WindowSet.of(home, window_set.events, window_set.windows), "s")
    assert drawing is not None
    assert draw_search("q", [], window_set, "s") is None


def test_visits_are_numbered_in_order(hits: list[Hit]) -> None:
    rooms = {"a1": "a", "a2": "a", "b1": "b"}
    empty = dataclasses.replace(hits[0], rooms=())
    assert _visits(empty, ["a1", "a2", "b1", "a1"], rooms) == {"a": [1, 3], "b": [2]}
    assert _visits(empty, ["a1", "a2"], rooms) == {"a": []}


@pytest.mark.parametrize("y", [0.5, 50.0, 97.0])
def test_room_names_do_not_cover_each_other(window_set: WindowSet, y: float) -> None:
    # All rooms at nearly one place is the worst case, in the middle and at the edges of the plan.
    sensors = tuple(
        s.model_copy(update={"x": 50 + i * 0.1, "y": y + i * 0.1})
        for i, s in enumerate(window_set.home.sensors)
    )
    home = window_set.home.model_copy(update={"sensors": sensors})
    boxes: list[Any] = []

    def paint(figure: Figure) -> None:
        axes = figure.subplots()
        assert home.floor_plan is not None
        rooms_module.paint_rooms(axes, home, home.floor_plan, {"kitchen": [1, 2], "hall": []}, 72 * 4.5)
        figure.canvas.draw()
        boxes.extend(text.get_window_extent() for text in axes.texts)

    draw("n", "a", (5, 5), paint)
    assert len(boxes) == 5
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_training_series_take_any_numbers() -> None:
    rows = [
        {"step": 1, "split": "train", "loss": 2.0, "note": "x", "ok": True},
        {"step": 2, "split": "train", "loss": 1.0, "val": {"recall@5": 0.5, "recall@10": 0.7}},
        {"epoch": 3, "loss": 9.0},
        {"step": 2, "split": "val", "val_recall_at_10": 0.4, "val_loss": None},
    ]
    series = training_series(rows)
    assert series.pop("val/recall_at_10") == ([2.0], [0.4])
    assert series["train/loss"] == ([1.0, 2.0], [2.0, 1.0])
    assert set(series) == {"train/loss", "train/val/recall@5", "train/val/recall@10"}
    assert list(_panels(series)["Retrieval"]) == ["train/val/recall@5", "train/val/recall@10"]
    assert draw_training_curves([]) is None


def test_the_confusion_shown_is_fixed_beforehand(recognition: dict[str, Any]) -> None:
    row = shown_row(recognition["rows"])
    assert row is not None
    assert (row["method"], row["smoothed"]) == ("aligned_zero_shot", False)
    supervised = [r for r in recognition["rows"] if r["uses_labels"]]
    assert shown_row(supervised)["method"] == "bag_logistic"  # type: ignore[index]
    assert shown_row([]) is None


def test_tables_of_plain_data() -> None:
    tables = mapping_tables(
        {"lines": 12345, "share": 0.123456, "empty": [], "hash": "f" * 64, "flag": True,
         "when": "2021-03-01 07:00:00.123456",
         "per_split": {"train": {"n": 1, "inner": {"m": 5}, "bars": [0] * 13}, "test": {"n": 2, "inner": {}}},
         "list": [{"a": 1}, {"b": "x"}] * 30,
         "inner": {"x": {"y": 1}, "z": 2}},
        "Top",
    )  # fmt: skip
    by_title = {t.title: t for t in tables}
    assert [c.text for row in by_title["Top"].rows for c in row] == [
        "lines", "12,345", "share", "0.1235", "empty", "–", "hash", "f" * 16 + "…", "flag", "yes",
        "when", "2021-03-01 07:00:00",
    ]  # fmt: skip
    assert [[c.text for c in row] for row in by_title["per split"].rows] == [["n", "1", "2"]]
    assert by_title["per split"].header == ("", "train", "test")
    assert [t.title for t in tables if t.title.startswith("per split")] == ["per split", "per split · inner"]
    assert [c.text for c in by_title["per split · inner"].rows[0]] == ["m", "5", "–"]
    assert len(by_title["list"].rows) == 40
    assert by_title["list"].note.startswith("20 more")
    assert [t.title for t in tables].count("inner") == 1


def test_recognition_tables_have_both_pools(recognition: dict[str, Any]) -> None:
    recognition["rows"][1]["annotated"]["calibration_error"] = 0.1234
    main, second = recognition_tables(recognition)
    assert main.title.startswith("Annotated windows only (main), per window (n = 40)")
    assert second.title.endswith("(n = 55)")
    assert [len(r) for r in main.rows] == [1, 6, 6, 1, 6, 6, 6]
    assert main.header[-1] == "calibration error"
    assert [row[-1].text for row in main.rows if len(row) > 1] == ["–", "0.123", "–", "–", "–"]


def test_figures_embed_what_the_png_shows() -> None:
    drawing = draw("n", "alt", (2, 1), lambda figure: figure.subplots().plot(np.arange(3)) and None)
    assert base64.b64decode(drawing.data_uri.split(",")[1]) == drawing.svg
    assert b"<svg" in drawing.svg
    assert int.from_bytes(drawing.png[16:20], "big") == 300
