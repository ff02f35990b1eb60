"""Command-line options made from settings models: one flag per field, so that a setting is defined once.

A command names its models with `with_models`; each becomes one parameter of its function, which receives a
mapping of what was given (nothing else, so that defaults of a run or a YAML stay). The models are imported
only when the command itself is asked for: `discover --help` imports none.
"""

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

import typer
from typer.core import TyperGroup

if typing.TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

__all__ = [
    "CommandGroup",
    "FieldOption",
    "ModelOptions",
    "Settings",
    "full_command",
    "options_of",
    "with_models",
]

Command = Callable[..., None]

Settings = dict[str, Any]
"""Type of a command's parameter that a model fills: what was given, by field; a block inside is a mapping."""


@dataclass(frozen=True)
class ModelOptions:
    """How one model becomes options.

    Attributes:
        model: The settings.
        panel: Heading of its options in the help; a block inside it gets its own.
        skip: Fields that are no options, as dotted names, because the command decides them itself.
        also: Field -> further flags, such as "-k".
    """

    model: "type[BaseModel]"
    panel: str | None = None
    skip: tuple[str, ...] = ()
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class FieldOption:
    """One field as an option: dotted path, all flags, type and placeholder of its value, help."""

    path: str
    flags: tuple[str, ...]
    type: Any
    repeated: bool
    metavar: str | None
    help: str
    panel: str | None
    as_yaml: bool


def with_models(models: Callable[[], Mapping[str, ModelOptions]]) -> Callable[[Command], Command]:
    """Give a command the options of some models.

    Args:
        models: Parameter of the command's function, of type `Settings` -> the model that fills it.
            Called late.
    """

    def decorate(command: Command) -> Command:
        command.__dict__["models"] = models
        signature = inspect.signature(command)
        own = [p for p in signature.parameters.values() if p.annotation != Settings]
        # Until the models are read, typer sees the command without them.
        command.__signature__ = signature.replace(parameters=own)  # type: ignore[attr-defined]
        return command

    return decorate


class CommandGroup(TyperGroup):
    """Commands whose model options are made when the command is asked for."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command with all of its options."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, None if command is None else full_command(command), rest


def full_command(command: Any) -> Any:
    """A command as the shell sees it: with the options of its models."""
    models = getattr(command.callback, "models", None)
    if models is None:
        return command
    app = typer.Typer(
        add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip
    app.command(command.name)(_expanded(command.callback.__wrapped__, models()))
    return typer.main.get_command(app)


def options_of(options: ModelOptions) -> Iterator[FieldOption]:
    """Every field of a model and of the models inside it, as options."""
    yield from _walk(options, options.model, "", options.panel)


def _walk(
    options: ModelOptions, model: "type[BaseModel]", prefix: str, panel: str | None
) -> Iterator[FieldOption]:
    for name, info in model.model_fields.items():
        path = f"{prefix}{name}"
        if path in options.skip:
            continue
        block = _model_in(info.annotation)
        if block is not None:
            yield from _walk(options, block, f"{path}.", f"Settings below {path}")
        else:
            yield _option(path, info, options.also.get(path, ()), panel)


def _option(path: str, info: "FieldInfo", also: tuple[str, ...], panel: str | None) -> FieldOption:
    kind, repeated, as_yaml = _shell_type(info)
    metavar = None
    if repeated and get_origin(kind) is Literal:
        # Typer takes no lists of choices; the model refuses any other word.
        metavar, kind = f"[{'|'.join(map(str, get_args(kind)))}]", str
    parents, _, leaf = path.replace("_", "-").rpartition(".")
    main = f"{parents}." if parents else ""
    # One value per flag: --room kitchen --room hall fill `rooms`.
    main += leaf.removesuffix("s") if repeated and not leaf.endswith("-s") else leaf
    names = [f"--{main}"] + [flag for flag in also if flag != f"--{main}"]
    if kind is bool:
        names[0] += f"/--no-{main}"
    text = " ".join((info.description or "").split())
    if repeated:
        text += " Repeatable."
    default = "" if info.is_required() else _default_words(info.get_default(call_default_factory=True))
    text += f" Default: {default}." if default else ""
    value: Any = list[kind] if repeated else kind  # type: ignore[valid-type]
    return FieldOption(path, tuple(names), value, repeated, metavar, text, panel, as_yaml)


def _shell_type(info: "FieldInfo") -> tuple[Any, bool, bool]:
    """Type of one value on the command line, whether it may be repeated, and whether it is read as YAML.

    What has a form of its own (a time, a range of hours, a pair) is text: the model reads it.
    """
    annotation = _without_none(info.annotation)
    own_reading = any(hasattr(part, "func") for part in info.metadata)
    repeated = get_origin(annotation) is tuple and get_args(annotation)[1:] == (...,)
    one = _without_none(get_args(annotation)[0]) if repeated else annotation
    if get_origin(one) is Annotated:
        one = get_args(one)[0]
    if own_reading:
        return str, repeated, False
    if one in (bool, int, float, str, Path) or get_origin(one) is Literal:
        return one, repeated, False
    plain = isinstance(one, type) and _model_in(one) is None
    return str, repeated, not plain


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (typing.Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return parts[0] if len(parts) == 1 else annotation
    return annotation


def _model_in(annotation: Any) -> "type[BaseModel] | None":
    from pydantic import BaseModel

    annotation = _without_none(annotation)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _default_words(value: Any) -> str:
    """A default as it is typed; nothing where there is none."""
    if value is None or value == "" or value == ():
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _expanded(command: Command, models: Mapping[str, ModelOptions]) -> Command:
    """The command's function with a parameter per field in place of one per model."""
    fields = {
        f"{parameter}__{option.path.replace('.', '__')}": (parameter, option)
        for parameter, options in models.items()
        for option in options_of(options)
    }
    added = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                option.type | None,
                typer.Option(
                    *option.flags,
                    help=option.help,
                    metavar=option.metavar,
                    show_default=False,
                    rich_help_panel=option.panel,
                ),
            ],
        )
        for name, (_, option) in fields.items()
    ]

    @functools.wraps(command)
    def run(**given: Any) -> None:
        said: dict[str, dict[str, Any]] = {parameter: {} for parameter in models}
        for name, (parameter, option) in fields.items():
            value = given.pop(name)
            if value is not None and value != []:
                _put(said[parameter], option, value)
        command(**given, **said)

    own = inspect.signature(command).parameters.values()
    run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in (*own, *added)}
    return run


def _put(settings: dict[str, Any], option: FieldOption, value: Any) -> None:
    """Set a dotted field in nested settings."""
    if option.as_yaml:
        from discover.core.reading import parse_yaml

        texts = value if isinstance(value, list) else [value]
        read = [parse_yaml(text, f"{option.flags[0]} {text}: the value") for text in texts]
        value = read if isinstance(value, list) else read[0]
    *parents, leaf = option.path.split(".")
    for parent in parents:
        settings = settings.setdefault(parent, {})
    settings[leaf] = value
