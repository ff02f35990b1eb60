"""What stands after the state on a line: begin/end markers, a bare label, a device type.

Works on distinct texts, so nothing here is per line. Spellings read:
`Sleep begin`, `R1 sleep end`, `Sleep="begin"`, `3-begin`, `3-end 4-begin`, `Sleep`, `Control4-Motion Sleep`.
"""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["LineLabel", "Marker", "label_key", "read_tail", "split_resident"]

_MARKER = re.compile(
    r'\s*"?(?P<label>[^"=]+?)"?\s*(?:[\s=:,;.\-]\s*)"?(?P<kind>begin|start|end|stop)"?(?=[\s,;]|$)[\s,;]*',
    re.IGNORECASE,
)
_MARKER_FIRST = re.compile(r"(?P<kind>begin|end)[ :=]+(?P<label>[^\"=,;]+)", re.IGNORECASE)
_DEVICE_TYPE = re.compile(r"(?:Control4|Zigbee|ZWave|Insteon|X10|Smartthings)-\w+", re.IGNORECASE)
_RESIDENT = re.compile(r"[Rr](?:esident)?[ _-]?(\d{1,2})[ _.\-]+(?=\S)")
_NO_LABEL = frozenset({"", "none", "null", "nan", "na", "-", "no_activity", "unlabeled", "unlabelled", "0"})


@dataclass(frozen=True)
class Marker:
    """One end of an annotated interval."""

    label: str
    kind: Literal["begin", "end"]


@dataclass(frozen=True)
class LineLabel:
    """Everything a line says about activities.

    Attributes:
        markers: In the order written.
        bare: A label without begin or end, "" if none.
    """

    markers: tuple[Marker, ...] = ()
    bare: str = ""


def read_tail(text: str) -> LineLabel:
    """Read the text after a line's state.

    In a table of several columns the label is the last one, unless that one only says begin or end.
    """
    text = _DEVICE_TYPE.split(text)[-1].strip().strip(",").strip()
    cells = [cell.strip() for cell in text.split("\t") if cell.strip()]
    if len(cells) > 1:
        read = [read_tail(cell) for cell in cells]
        if all(cell.markers for cell in read):
            return LineLabel(tuple(marker for cell in read for marker in cell.markers))
        ends_apart = cells[-1].strip('"').lower() in ("begin", "end", "start", "stop")
        return read_tail(" ".join(cells[-2:]) if ends_apart else cells[-1])
    markers: list[Marker] = []
    at = 0
    while at < len(text):
        found = _MARKER.match(text, at)
        if found is None:
            break
        kind: Literal["begin", "end"] = "begin" if found["kind"].lower() in ("begin", "start") else "end"
        markers.append(Marker(found["label"].strip(), kind))
        at = found.end()
    if markers and at == len(text):
        return LineLabel(tuple(markers))
    first = _MARKER_FIRST.fullmatch(text.strip('"'))
    if first:
        return LineLabel((Marker(first["label"].strip(), "begin" if first["kind"][0] in "bB" else "end"),))
    bare = text.strip('"').strip()
    return LineLabel() if label_key(bare) in _NO_LABEL else LineLabel(bare=bare)


def split_resident(label: str) -> tuple[str | None, str]:
    """`R1_Sleep` -> ("R1", "Sleep"); a label without a resident -> (None, label)."""
    found = _RESIDENT.match(label)
    return (f"R{int(found[1])}", label[found.end() :]) if found else (None, label)


def label_key(label: str) -> str:
    """What makes two labels the same: case, spaces, hyphens and underscores do not count."""
    return re.sub(r"[\s_\-]+", "_", label.strip().lower()).strip("_")
