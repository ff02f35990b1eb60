"""The only readers of YAML, JSON and NPZ files: plain data within limits, and one sentence where it is not.

A file may come from a stranger. So nothing in it is executed, its size, depth and number of values are
bounded before they cost memory, and what a parser would silently guess (a key given twice, a key `on` that
becomes true) is refused.
"""

import contextlib
import json
from collections.abc import Callable, Hashable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from discover.core.errors import ArtifactError, ConfigError, DiscoverError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "MAX_DEPTH",
    "MAX_JSON_BYTES",
    "MAX_VALUES",
    "MAX_YAML_BYTES",
    "mapping_of",
    "parse_json",
    "parse_yaml",
    "read_npz",
    "read_text",
    "taken_apart",
    "yaml_with",
]

MAX_YAML_BYTES = 32 * 2**20
MAX_JSON_BYTES = 64 * 2**20
MAX_NPZ_BYTES = 16 * 2**30
MAX_VALUES = 1_000_000
"""Values in one YAML file; those that an alias repeats count every time."""
MAX_DEPTH = 40
"""Blocks within blocks."""

_MAX_INTEGER = 2**63
_TAGS = {f"tag:yaml.org,2002:{t}" for t in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")}
_KEY_TAGS = {"bool": "true or false", "null": "nothing", "timestamp": "a date", "float": "a number"}
_DAMAGE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError)
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_text(path: Path, *, limit: int = MAX_YAML_BYTES, error: type[DiscoverError] = ArtifactError) -> str:
    """The text of a UTF-8 file; a byte order mark is left out.

    Raises:
        DiscoverError: Of the class `error`: the file cannot be read, is larger than `limit` bytes, is not
            UTF-8, or holds NUL bytes.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except OSError as problem:
        raise error(f"Cannot read {path} ({problem.strerror or problem}). Correct the path.") from problem
    if len(content) > limit:
        raise error(f"{path} is larger than {limit // 2**20} MiB, so it is no file of this kind.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise error(f"{path} is not UTF-8 text but UTF-16. Save it as UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise error(
            f"{path} is not UTF-8 text (line {line}, byte {content[problem.start]:#04x}). Save it as UTF-8."
        ) from problem
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise error(f"{path} holds NUL bytes (the first in line {line}), so it is damaged or no text file.")
    return text


def parse_yaml(text: str, source: str) -> Any:
    """Plain data of one YAML document.

    Args:
        text: The document.
        source: What the errors call it.

    Raises:
        ConfigError: Not YAML, a key given twice or that YAML reads as something else than text or an integer,
            a tag, a date that does not exist, a number beyond 64 bits, or more than the limits of this
            module allow.
    """
    try:
        _scan(text)
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as problem:
        mark = problem.problem_mark or problem.context_mark
        where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}: "
        said = problem.problem or problem.context or "it cannot be parsed"
        raise ConfigError(f"{source} is not readable YAML: {where}{said}. Correct it.") from problem
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        said = " ".join(str(problem).split())[:200]
        raise ConfigError(f"{source} is not readable YAML: {said}. Correct it.") from problem


def yaml_with(text: str, source: str, entry: tuple[str, str, str], values: Mapping[str, Any]) -> str:
    """The text of a YAML document with other values in one mapping of a list; all else stays, comments too.

    Args:
        text: The document, whose top level is a mapping.
        source: What the errors call it.
        entry: Key of the list, and a key with the value that only the wanted mapping has.
        values: What that mapping holds from now on, beside what it held.

    Raises:
        ConfigError: It cannot be read, or the mapping is not found or not written plainly.
    """
    name, key, value = entry
    before, root = parse_yaml(text, source), yaml.compose(text, Loader=_Base)
    before, nodes = (before, root.value) if isinstance(before, dict) and root else ({}, [])
    listed: Any = next((node.value for k, node in nodes if k.value == name), [])
    mappings = [node for node in listed if isinstance(node, yaml.MappingNode)]
    found = [m for m in mappings if (key, value) in ((k.value, v.value) for k, v in m.value)]
    edits = []
    for field, new in values.items() if len(found) == 1 else ():
        written = yaml.safe_dump({field: new}, default_flow_style=True, allow_unicode=True, width=10_000)
        pairs = [(k, v) for k, v in found[0].value if k.value == field]
        begin = end = found[0].value[-1][1].end_mark.index
        lead = ", " if found[0].flow_style else "\n" + " " * found[0].start_mark.column
        if pairs:
            begin, end, lead = pairs[0][0].start_mark.index, pairs[0][1].end_mark.index, ""
        edits.append((begin, end, lead + written.strip()[1:-1]))
    for begin, end, new in sorted(edits, reverse=True):
        text = text[:begin] + new + text[end:]
    wanted = [{**m, **values} if m.get(key) == value else m for m in before[name]] if edits else None
    if wanted is None or parse_yaml(text, source) != {**before, name: wanted}:
        raise ConfigError(
            f"{source} has no entry with {key}: {value} below {name} that can be changed safely. Write it by "
            f"hand: {', '.join(f'{k}: {v}' for k, v in ((key, value), *values.items()))}."
        )
    return text


def parse_json(
    text: str | bytes,
    source: str,
    *,
    hint: str = "Delete it and run its stage again.",
    error: type[DiscoverError] = ArtifactError,
) -> Any:
    """Plain data of one JSON document.

    Raises:
        DiscoverError: Of the class `error`: not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        said = "blocks within blocks without end" if isinstance(problem, RecursionError) else problem
        raise error(f"{source} is damaged ({said}). {hint}") from problem


def mapping_of(value: Any, source: object, *keys: str) -> dict[str, Any]:
    """`value`, which must be a mapping with some keys.

    Raises:
        ArtifactError: It is something else, or a key is missing.
    """
    if not isinstance(value, dict):
        raise ArtifactError(
            f"{source} holds {type(value).__name__}, not an object of named values. Make it again."
        )
    missing = [key for key in keys if key not in value]
    if missing:
        raise ArtifactError(f"{source} lacks {', '.join(missing)}. It is damaged; make it again.")
    return value


def read_npz(
    path: Path, hint: str = "Delete it and run its stage again."
) -> "dict[str, NDArray[np.generic]]":
    """All arrays of an NPZ file by name; nothing pickled is read.

    Raises:
        ArtifactError: Missing, damaged, or arrays that are larger than the file can hold.
    """
    import numpy as np

    try:
        # Opened here, because numpy leaves its own handle open when the archive is damaged.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise ValueError("it holds one array without a name")
            listed: Any = archive.zip
            unpacked = sum(entry.file_size for entry in listed.infolist())
            if unpacked > 100 * max(path.stat().st_size, 2**20) or unpacked > MAX_NPZ_BYTES:
                raise ValueError(f"it would unpack to {unpacked:,} bytes")
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError as problem:
        raise ArtifactError(f"No file at {path}. Run the stage that makes it first.") from problem
    except Exception as problem:
        said = " ".join(str(problem).split())[:200]
        raise ArtifactError(
            f"{path} is not a readable NPZ file ({type(problem).__name__}: {said}). {hint}"
        ) from problem


@contextlib.contextmanager
def taken_apart(
    source: object,
    hint: str = "It is damaged or of another version; make it again.",
    *,
    error: type[DiscoverError] = ArtifactError,
) -> Iterator[None]:
    """Turn what fails while plain data of a file is taken apart into one sentence that names the file.

    Only for blocks that read values and check them: there a missing key or a value of another type is the
    file's fault.

    Raises:
        DiscoverError: Of the class `error`.
    """
    try:
        yield
    except DiscoverError as problem:
        said = str(problem)
        if isinstance(problem, error) and str(source) in said:
            raise
        raise error(said if str(source) in said else f"{source}: {said}") from problem
    except _DAMAGE as problem:
        said = _said(problem)
        text = f"{source} does not hold what it should ({type(problem).__name__}: {said}). {hint}"
        raise error(text) from problem


def _said(problem: Exception) -> str:
    """What an error says, in a few words; pydantic lists several."""
    listed = getattr(problem, "errors", None)
    if callable(listed):
        first = [f"{'.'.join(str(p) for p in e['loc'])}: {e['msg']}" for e in listed()[:2]]
        return "; ".join(" ".join(text.split())[:120] for text in first)
    return " ".join(str(problem).split())[:200]


class _Loader(_Base):  # type: ignore[misc]
    """YAML's safe loader with keys and numbers that mean one thing only."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        _refuse_keys(node)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


def _refuse_keys(node: Any) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
            continue
        read = _KEY_TAGS.get(key.tag.rpartition(":")[2])
        if read is not None:
            raise _refusal(key, f"YAML reads the key '{key.value}' as {read}; put it in quotes")
        if key.value in seen:
            raise _refusal(key, f"the key '{key.value}' is given twice; keep one of them")
        seen.add(key.value)


def _refusal(node: Any, said: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=said, problem_mark=node.start_mark)


def _checked(read: Callable[[Any, Any], Any], what: str) -> Callable[[Any, Any], Any]:
    """A constructor of numbers or dates whose failures name the line, and whose numbers fit 64 bits."""

    def construct(loader: Any, node: Any) -> Any:
        value = None
        # The bound on the length comes first: very long numbers take time to read.
        if len(str(node.value)) <= 64:
            with contextlib.suppress(ValueError, OverflowError, KeyError, AttributeError):
                value = read(loader, node)
        outside = isinstance(value, int | float) and not -_MAX_INTEGER <= value < _MAX_INTEGER
        if value is None or outside or value != value:
            raise _refusal(node, f"'{str(node.value)[:40]}' is not {what}; put text in quotes")
        return value

    return construct


for _tag, _read, _what in (
    ("int", yaml.constructor.SafeConstructor.construct_yaml_int, "an integer of 64 bits"),
    ("float", yaml.constructor.SafeConstructor.construct_yaml_float, "a finite number of usual size"),
    ("timestamp", yaml.constructor.SafeConstructor.construct_yaml_timestamp, "a date that exists"),
):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _checked(_read, _what))


def _scan(text: str) -> None:
    """Go through the parser's events and stop where depth, values or tags pass what is allowed.

    Building the data would follow aliases and nesting. Reading the events alone costs no depth and no memory.
    """
    sizes: dict[str, tuple[int, int]] = {}
    """Anchor -> (values below it, their depth)."""
    open_blocks: list[tuple[str | None, int, int]] = []
    """Of each block that is open: its anchor, the values before it, the deepest alias inside."""
    count = 0
    event: Any
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, before, below = open_blocks.pop()
            if anchor is not None:
                sizes[anchor] = (count - before, below + 1)
            if open_blocks:
                outer = open_blocks[-1]
                open_blocks[-1] = (outer[0], outer[1], max(outer[2], below + 1))
            continue
        if isinstance(event, yaml.AliasEvent):
            if any(event.anchor == anchor for anchor, _, _ in open_blocks):
                raise _at(event, f"the block '&{event.anchor}' contains itself")
            values, deep = sizes.get(str(event.anchor), (1, 0))
            count += values
        elif isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            if event.tag not in (None, "!", *_TAGS):
                raise _at(event, f"the tag '{event.tag}' is not read; write plain values")
            count, deep = count + 1, 0
            if isinstance(event, yaml.CollectionStartEvent):
                open_blocks.append((event.anchor, count, 0))
            elif event.anchor is not None:
                sizes[event.anchor] = (1, 0)
        else:
            continue
        if open_blocks and deep:
            outer = open_blocks[-1]
            open_blocks[-1] = (outer[0], outer[1], max(outer[2], deep))
        if count > MAX_VALUES:
            raise _at(event, f"it holds more than {MAX_VALUES:,} values, those that aliases repeat included")
        if len(open_blocks) + deep > MAX_DEPTH:
            raise _at(event, f"it holds blocks within blocks, more than {MAX_DEPTH} deep")


def _at(event: Any, said: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=said, problem_mark=event.start_mark)
