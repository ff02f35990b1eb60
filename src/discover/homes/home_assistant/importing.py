"""Home Assistant's states become an imported home, and what is new is added to one.

In: a recorder's database, a history export or a server. Out: the folder that `discover homes import` makes,
with entities.yaml (how each entity is read) and source.json (how far) in it. All is read before anything is
written; a writer that is killed leaves the events it found, and the next `sync` reads again what is missing.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from discover.core.artifacts import folder_lock, read_json, write_text
from discover.core.errors import ArtifactError, ConfigError, DataError
from discover.core.event_files import EVENTS_FILE, EventMonths
from discover.core.home import Home, Sensor
from discover.core.progress import SILENT, Progress
from discover.core.reading import taken_apart
from discover.core.tables import ANNOTATIONS, empty_table
from discover.core.window_set import read_home, write_home, write_table
from discover.homes._zones import checked_zone
from discover.homes.home_assistant.account import account_of
from discover.homes.home_assistant.databases import plain_url
from discover.homes.home_assistant.entities import EntityRule, guess_rule
from discover.homes.home_assistant.entity_file import read_entity_file, rules_text
from discover.homes.home_assistant.months import MonthSorter
from discover.homes.home_assistant.notes import NOTE_FILE, SourceNote
from discover.homes.home_assistant.pseudonyms import Pseudonyms
from discover.homes.home_assistant.reading import AUTOMATIC, Counts, StateReader
from discover.homes.home_assistant.recorder import Recorder
from discover.homes.home_assistant.registry_files import Registry, find_storage, read_registry
from discover.homes.home_assistant.server import HistoryServer
from discover.homes.home_assistant.sources import opened_source, source_kind
from discover.homes.home_assistant.states import Mark, StateSource
from discover.homes.registry import unknown_home
from discover.homes.report import ImportReport, write_account

__all__ = ["HomeAssistantImport", "ImportOptions", "import_home_assistant", "sync_home"]


@dataclass(frozen=True)
class ImportOptions:
    """How to import.

    Attributes:
        config: Home Assistant's configuration folder; None: the database's own, if it is one.
        entities: A corrected file of entities.
        time_zone: IANA zone of the home; None: that of the configuration.
        pseudonyms: Ids and names of entities are replaced; rooms with names of their own as well.
        name: Of the home; None: that of the folder.
    """

    config: Path | None = None
    entities: Path | None = None
    time_zone: str | None = None
    pseudonyms: bool = False
    name: str | None = None


@dataclass(frozen=True)
class HomeAssistantImport:
    """What an import did.

    Attributes:
        folder: The home.
        rules: How each entity is read.
        rows: Rows of each entity in the source.
        entities: The file of entities.
        report: The account of all imports so far.
        new_rows, new_events: What this one added.
        notes: What the user should know of the source.
    """

    folder: Path
    rules: Sequence[EntityRule]
    rows: Mapping[str, int]
    entities: Path
    report: ImportReport
    new_rows: int
    new_events: int
    notes: Sequence[str]


def import_home_assistant(
    where: str, folder: Path, options: ImportOptions | None = None, *, progress: Progress = SILENT
) -> HomeAssistantImport:
    """Import a source of states into a new folder.

    Args:
        where: home-assistant_v2.db, a history CSV, a database URL, or the address of a server (http).
        folder: Where the home is put.
        options: How.
        progress: Where the work reports.

    Raises:
        DataError: The source cannot be read, or no event is in it.
        ArtifactError: A home is in the folder already.
        ConfigError: No time zone is known, or an option cannot be.
    """
    options = options or ImportOptions()
    if (folder / NOTE_FILE).exists() or (folder / EVENTS_FILE).exists():
        raise ArtifactError(
            f"{folder} holds an imported home already. Add what is new with `discover sync {folder}`, or "
            "name another folder with --output."
        )
    home = unknown_home(options.name or _plain_name(folder))
    kind = source_kind(where)
    place = plain_url(where) if "://" in where else str(Path(where).resolve())
    storage = find_storage(options.config, Path(where) if kind == "recorder" and "://" not in where else None)
    registry = read_registry(storage)
    zone = (
        options.time_zone
        or registry.time_zone
        or (HistoryServer(where).time_zone if kind == "server" else "")
    )
    if not zone:
        raise ConfigError(
            f"{place} holds times in UTC, and the time zone of the home is not known. Give --time-zone, "
            "such as Europe/Berlin, --config with Home Assistant's configuration folder, or a home YAML "
            "with time_zone."
        )
    known: dict[str, object] = {"time_zone": checked_zone(zone).key}
    if registry.place is not None and not options.pseudonyms:
        known |= {"latitude": registry.place[0], "longitude": registry.place[1]}
    home = home.model_copy(update=known)
    note = SourceNote(
        kind=kind,
        where=place,
        time_zone=zone,
        config=str(storage.resolve()) if storage is not None else "",
        pseudonyms=options.pseudonyms,
    )
    given = read_entity_file(options.entities) if options.entities is not None else {}
    return _added(folder, home, note, where, registry, given, progress)


def sync_home(folder: Path, where: str | None = None, *, progress: Progress = SILENT) -> HomeAssistantImport:
    """Add what is new in a home's source. What the source no longer has stays in the home.

    Args:
        folder: A home that `import_home_assistant` made.
        where: Another place of the source; None: as it was.
        progress: Where the work reports.

    Raises:
        ArtifactError: The folder is no such home, or it is damaged.
        DataError: The source cannot be read.
        ConfigError: The source is an address, and `where` does not name it.
    """
    note = SourceNote.read(folder)
    if where is None and "://" in note.where:
        raise ConfigError(
            f"{folder} comes from {note.where}, and a file cannot ask for the network. Name the address "
            f"yourself: `discover sync {folder} --from {note.where}`."
        )
    if where is not None:
        kind = source_kind(where)
        place = plain_url(where) if "://" in where else str(Path(where).resolve())
        note = note.model_copy(
            update={"where": place, "kind": kind, **({} if kind == note.kind else {"row": 0})}
        )
    home = read_home(folder / "home.yaml")
    registry = read_registry(Path(note.config) if note.config and Path(note.config).is_dir() else None)
    listed = note.entities_file(folder)
    given = read_entity_file(listed) if listed.is_file() else {}
    return _added(folder, home, note, where or note.where, registry, given, progress)


def _added(
    folder: Path,
    home: Home,
    note: SourceNote,
    where: str,
    registry: Registry,
    given: Mapping[str, EntityRule],
    progress: Progress,
) -> HomeAssistantImport:
    """Read what is new, then write it."""
    with opened_source(note.kind, where) as source, MonthSorter(checked_zone(note.time_zone)) as sorter:
        entities = source.entities
        rules = {e.id: given.get(e.id) or guess_rule(e, registry.entities.get(e.id)) for e in entities}
        if given and not note.row and not given.keys() & rules.keys():
            raise ConfigError(
                f"The file of entities lists none of {note.where} (it lists {min(given)}, the source "
                f"has {min(rules, default='none')}). Give the file of this home."
            )
        pseudonyms = Pseudonyms.of(note.key_file(folder))
        ids = _sensor_ids(note, source, pseudonyms)
        reader = StateReader([rules[e.id] for e in entities], ids, texts=not note.pseudonyms)
        newest = _read(source, reader, sorter, note.mark, progress)
        if not note.row and not sorter.months():
            raise DataError(_nothing_found(note, reader.counts))
        read = note.model_copy(
            update={
                "row": newest.row,
                "time": newest.time,
                "names": {
                    **note.names,
                    **{e.key: i for e, i in zip(entities, ids, strict=True) if e.key != e.id},
                },
                "totals": note.totals.plus(reader.counts),
            }
        )
        with folder_lock(folder):
            pseudonyms.write()
            found = sorter.sensors()
            listed = {i: rules[e.id] for e, i in zip(entities, ids, strict=True)}
            home = _completed(home, listed, {reader.sensor_ids[k] for k in found}, pseudonyms)
            listing = _write_rules(folder, note, {**given, **rules}, given)
            # The home first: a sensor without events harms nothing, an event without its sensor does.
            write_home(folder / "home.yaml", home)
            if not (folder / NOTE_FILE).is_file():
                note.write(folder)
            notes = list(source.notes)
            if note.row and isinstance(source, Recorder) and not reader.counts.rows:
                report, new_events = _read_account(folder), 0
            else:
                months, new_events = _write_events(folder, home, sorter, reader)
                refused = _refused(folder, reader.counts)
                report = account_of(months, read, home.name, refused, notes)
                write_account(folder, report, refused)
                # The mark comes last: what was not finished is read again.
                read.write(folder)
    rows: dict[str, int] = {}
    for e in entities:
        rows[e.id] = rows.get(e.id, 0) + e.rows
    return HomeAssistantImport(
        folder, list(rules.values()), rows, listing, report, reader.counts.rows, new_events, notes
    )


def _read(
    source: StateSource, reader: StateReader, sorter: MonthSorter, after: Mark, progress: Progress
) -> Mark:
    """Pass all rows on; return the new mark."""
    newest = after
    total = sum(e.rows for e in source.entities)
    progress.start("reading states", None if after.row else total)
    for rows in source.rows(after):
        sorter.add(reader.events(rows))
        row, last, latest = rows.select(
            pl.col("row").max(), pl.col("time").last(), pl.col("time").max().alias("latest")
        ).row(0)
        # The time of a recorder's last row tells whether the database is still the same one.
        time = last if isinstance(source, Recorder) else max(latest or 0, newest.time)
        newest = Mark(int(row), int(time or newest.time))
        progress.advance(len(rows))
    progress.finish()
    return newest


def _sensor_ids(note: SourceNote, source: StateSource, pseudonyms: Pseudonyms) -> list[str]:
    """Sensor of each entity. An entity that the user renamed stays the sensor it was."""
    ids: list[str] = []
    used: dict[str, str] = {}
    for entity in source.entities:
        name = pseudonyms.sensor(entity.id)
        known = note.names.get(entity.key)
        if known not in (None, name) and source.same_entity(entity.key, note.mark):
            name = str(known)
        # Two entities of one id are one sensor, unless an old name was given to another thing.
        if used.setdefault(name, entity.id) != entity.id:
            name = f"{name}#{entity.key}"
        ids.append(name)
    return ids


def _completed(home: Home, listed: Mapping[str, EntityRule], seen: set[str], pseudonyms: Pseudonyms) -> Home:
    """The home with a sensor for everything that has an event; places as the rules say them today."""
    sensors: dict[str, Sensor] = {s.id: s for s in home.sensors}
    for name, rule in listed.items():
        sensor = pseudonyms.plain(rule.sensor(name))
        automatic = sensor.model_copy(update={"id": name + AUTOMATIC, "is_activity": False})
        for one in (sensor, automatic):
            if one.id in sensors or one.id in seen:
                old = sensors.get(one.id, one)
                sensors[one.id] = one.model_copy(update={"x": old.x, "y": old.y})
    return home.model_copy(update={"sensors": tuple(sensors.values())})


def _write_rules(
    folder: Path, note: SourceNote, rules: Mapping[str, EntityRule], given: Mapping[str, EntityRule]
) -> Path:
    """The file of entities; one that lists all of them is left as its owner wrote it."""
    path = note.entities_file(folder)
    if not path.is_file() or rules.keys() != given.keys():
        write_text(path, rules_text(rules.values()))
    return path


def _write_events(
    folder: Path, home: Home, sorter: MonthSorter, reader: StateReader
) -> tuple[EventMonths, int]:
    """Write the events; return them, and how many there are more than before."""
    there = (folder / EVENTS_FILE).is_file()
    known = EventMonths.of(folder) if there else EventMonths(folder, {"sensor": [], "state": []}, {})
    before = sum(int(str(m["rows"])) for m in known.months.values())
    states = list(known.orders["state"])
    orders = {"sensor": [s.id for s in home.sensors], "state": states}

    def noted() -> Iterator[tuple[str, pl.DataFrame]]:
        for month, table in sorter.merged(known, reader.sensor_ids, reader.pressed()):
            states.extend(s for s in table["state"].unique(maintain_order=True) if s not in states)
            yield month, table

    if not (folder / "annotations.parquet").is_file():
        write_table(folder / "annotations.parquet", empty_table(ANNOTATIONS), ANNOTATIONS)
    written = known.replace(noted(), orders)
    return written, sum(int(str(m["rows"])) for m in written.months.values()) - before


def _refused(folder: Path, counts: Counts) -> pl.DataFrame:
    """Refused rows of this import below those of earlier ones."""
    schema = {"line": pl.UInt32, "reason": pl.String, "text": pl.String}
    path = folder / "rejected_lines.tsv"
    parts = [pl.DataFrame(counts.refused, schema=schema, orient="row")]
    if path.is_file():
        parts.insert(0, pl.read_csv(path, separator="\t", quote_char=None, schema=schema))
    # A sync that was not finished is made again, and refuses the same rows.
    return pl.concat(parts).unique(maintain_order=True)


def _read_account(folder: Path) -> ImportReport:
    path = folder / "import.json"
    with taken_apart(path):
        return ImportReport.model_validate(read_json(path))


def _nothing_found(note: SourceNote, counts: Counts) -> str:
    skipped = (
        ", ".join(f"{n:,} rows: {why}" for why, n in counts.skipped.most_common(3)) or "none was skipped"
    )
    return (
        f"{note.where} holds no event that can be used ({counts.rows:,} rows; {skipped}). Give another "
        "source, or a file of entities (--entities) that reads more."
    )


def _plain_name(folder: Path) -> str:
    plain = re.sub(r"[^a-z0-9_.\-]+", "_", folder.resolve().name.lower()).strip("_.-")
    return plain or "home"
