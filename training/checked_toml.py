"""Tables that are checked once when they are read: settings, gates."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from model.errors import InvalidFile

Table = TypeVar("Table", bound=BaseModel)


def read_checked(form: type[Table], file: Path | None, packaged: str) -> Table:
    """Read a TOML file of a form; without one, the packaged file of that name.

    Raises InvalidFile, naming the entry and what it must be.
    """
    name = str(file or packaged)
    try:
        text = file.read_text("utf-8") if file else (files("training") / packaged).read_text("utf-8")
        return form.model_validate(tomllib.loads(text))
    except OSError:
        raise InvalidFile(name, "file", "cannot be read") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidFile(name, "syntax", str(error)) from None
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidFile(name, ".".join(map(str, first["loc"])), first["msg"]) from None
